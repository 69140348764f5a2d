"""From the bytes of an upload to features that its owner can look at: read, kept, and read again with other choices."""

import asyncio
import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

import psycopg2.extensions
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from gis.exchange import LEDGER_KINDS, ExchangeError
from twin.db import open_session
from twin.errors import ConflictError, InvalidInputError
from twin.identity.caller import Caller
from twin.objects import ObjectStore
from twin.settings import HomeSettings, ReadSettings
from twin.uploads.answers import first_choices, merge_choices
from twin.uploads.lines import COLUMNS
from twin.uploads.models import Reading, UploadedFeature
from twin.uploads.orders import FEATURES, MARKED, Order
from twin.uploads.reader import Tell, run_reader
from twin.uploads.readings import find_reading, get_reading
from twin.uploads.settle import settle_upload
from twin.uploads.uploads import get_upload, require_complete

_COPY: Final = f"COPY upload_feature (reading_id, {', '.join(COLUMNS)}) FROM STDIN"


class UnreadableFileError(InvalidInputError):
    """A file from outside cannot be used; `faults` holds every place, in both languages."""

    def __init__(self, error: ExchangeError) -> None:
        super().__init__(error.en, error.zh, error.where)
        self.faults = [(each.where or "file", each.en, each.zh) for each in error.errors]


@dataclass(frozen=True)
class ReadingRoom:
    """What a reading works with; `turns` lets so many readers run at once, `tell` hears how far one is, 0–100."""

    engine: Engine
    store: ObjectStore
    home: HomeSettings
    settings: ReadSettings
    turns: asyncio.Semaphore
    tell: Tell | None = None


async def read_upload(
    room: ReadingRoom, caller: Caller, token: str, choices: Mapping[str, Any] | None = None
) -> int:
    """Read an upload of the caller and keep its features; return the number of the reading.

    Parameters
    ----------
    choices : mapping, optional
        What its owner decides now, by the names of `gis.exchange.ReadChoices`, over what was decided before; an empty
        text takes an earlier decision back. A file that was read with the same ones is not read again.

    Raises
    ------
    NotFoundError
        The caller has no such upload.
    ConflictError
        Bytes of it are missing.
    UnreadableFileError
        Nothing in it can be used, or not with these choices; what was read before stays.
    """
    found = await asyncio.to_thread(_prepare, room, caller, token, choices)
    if found.reading_id is not None:
        return found.reading_id
    async with room.turns:
        with tempfile.TemporaryDirectory(dir=_folder(room.home), prefix="read-") as folder:
            spool = Path(folder)
            order = _order(room.settings, spool, found)
            await asyncio.to_thread(room.store.fetch, found.sha256, Path(order.source))
            try:
                summary = await run_reader(spool, order, room.settings.wall_s, room.tell)
            except ExchangeError as error:
                raise UnreadableFileError(error) from error
            return await asyncio.to_thread(_keep, room, caller, token, found.choices, summary, spool)


async def mark_upload(room: ReadingRoom, caller: Caller, token: str) -> bytes:
    """Return a ledger of the caller with its faults marked cell by cell, as a workbook.

    Raises
    ------
    NotFoundError
        The caller has no such upload.
    ConflictError
        It was not read yet, or is no ledger.
    UnreadableFileError
        It can no longer be read.
    """
    found = await asyncio.to_thread(_ledger, room, caller, token)
    async with room.turns:
        with tempfile.TemporaryDirectory(dir=_folder(room.home), prefix="mark-") as folder:
            spool = Path(folder)
            order = replace(_order(room.settings, spool, found), marked=True)
            await asyncio.to_thread(room.store.fetch, found.sha256, Path(order.source))
            try:
                await run_reader(spool, order, room.settings.wall_s)
            except ExchangeError as error:
                raise UnreadableFileError(error) from error
            return await asyncio.to_thread((spool / MARKED).read_bytes)


def _ledger(room: ReadingRoom, caller: Caller, token: str) -> "_Found":
    with open_session(room.engine) as session:
        upload, reading = get_upload(session, caller, token), get_reading(session, caller, token)
        if reading.kind not in LEDGER_KINDS:
            raise ConflictError(
                f"{upload.file_name} is no ledger; cells are marked in Excel and CSV tables alone.",
                f"{upload.file_name} 不是台账；仅 Excel 与 CSV 表格可标注单元格。",
            )
        return _Found(require_complete(upload).sha256, upload.file_name, reading.choices, reading.id)


@dataclass(frozen=True)
class _Found:
    sha256: str
    name: str
    choices: dict[str, Any]
    reading_id: int | None


def _prepare(room: ReadingRoom, caller: Caller, token: str, choices: Mapping[str, Any] | None) -> _Found:
    settle_upload(room.engine, room.store, caller, token)
    with open_session(room.engine) as session:
        upload = get_upload(session, caller, token)
        stored = require_complete(upload)
        reading = find_reading(session, upload)
        before = first_choices(upload) if reading is None else reading.choices
        wanted = merge_choices(before, choices or {})
        same = reading is not None and before == wanted
        return _Found(stored.sha256, upload.file_name, wanted, reading.id if reading and same else None)


def _folder(home: HomeSettings) -> Path:
    folder = home.home / "spool"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _order(settings: ReadSettings, spool: Path, found: _Found) -> Order:
    return Order(
        source=str(spool / "source.bin"),
        name=found.name,
        choices=found.choices,
        memory_mb=settings.memory_mb,
        cpu_s=settings.cpu_s,
        output_mb=settings.file_mb,
    )


def _keep(
    room: ReadingRoom,
    caller: Caller,
    token: str,
    choices: dict[str, Any],
    summary: dict[str, Any],
    spool: Path,
) -> int:
    """Keep a reading in the place of the one before; answers that are no matter of reading stay."""
    with open_session(room.engine, actor=caller.login) as session:
        upload = get_upload(session, caller, token, lock=True)
        reading = find_reading(session, upload)
        if reading is None:
            reading = Reading(upload_id=upload.id, fixed={})
            session.add(reading)
        else:
            session.execute(delete(UploadedFeature).where(UploadedFeature.reading_id == reading.id))
        told = {name: value for name, value in summary.items() if name not in ("kind", "encoding", "crs")}
        reading.kind, reading.encoding, reading.crs = summary["kind"], summary["encoding"], summary["crs"]
        reading.choices, reading.summary = choices, told
        reading.feature_count = summary["feature_count"]
        session.flush()
        _copy(session, reading.id, spool / FEATURES)
        return reading.id


def _copy(session: Session, reading_id: int, rows: Path) -> None:
    driver = cast("psycopg2.extensions.connection", session.connection().connection.driver_connection)
    with driver.cursor() as cursor, rows.open("rb") as stream:
        cursor.copy_expert(_COPY, _Prefixed(stream, f"{reading_id}\t".encode()))


class _Prefixed:
    """The lines of a file, each behind the number of the reading that it belongs to, whoever wrote them."""

    def __init__(self, lines: io.BufferedReader, prefix: bytes) -> None:
        self._lines, self._prefix = lines, prefix

    def readline(self, _size: int = -1) -> bytes:
        line = self._lines.readline()
        return self._prefix + line if line else b""

    def read(self, size: int = -1) -> bytes:
        block, length = [], 0
        while size < 0 or length < size:
            line = self.readline()
            if not line:
                break
            block.append(line)
            length += len(line)
        return b"".join(block)
