"""Layers as files: streamed line by line, or finished in a folder of their own and then sent.

Without `limit` a file holds the whole selection; with `limit` a page, whose successor the `Link` header names.
Whatever can fail fails before the first byte where that is possible; later the connection is cut.
"""

import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

import anyio
import psycopg
from anyio import CancelScope, to_thread
from starlette.requests import Request
from starlette.responses import Response

from api.log import LOG
from api.maps.addresses import collection, with_parameters
from api.maps.answers import answer_stream, common_headers
from api.maps.selecting import Asked
from api.state import AppState, state_of
from gis.crs import epsg_uri
from gis.export import FORMATS, Extract, Format, Written, open_room, write_file
from gis.export.boundary import settled, with_survey_choices, zones_of, zones_statement
from gis.export.extract import Survey, end_of, end_statement, survey_of, survey_statement
from gis.export.stamp import box_km2, secrecy_note
from gis.export.text import STREAMS, async_snapshot
from gis.paging import Position, write_token
from gis.statement import Connection, fetch_rows
from twin.errors import UnavailableError
from twin.identity import Caller
from twin.layers.origin import find_origin

AT_ONCE: Final = 4
WAIT_S: Final = 20.0
FOLDER: Final = "exports"
CHUNK_BYTES: Final = 262_144
LOOK_EVERY_S: Final = 0.5
CLIENT_GONE: Final = 499

T = TypeVar("T")


class _GoneError(Exception):
    """Nobody waits for the file any more."""


@dataclass(frozen=True)
class _Told:
    """What the headers say of a download."""

    found: Survey
    next: Position | None
    srid: int


def download_folder(home: Path) -> Path:
    """Return where files in the making lie below `TWIN_HOME`."""
    return home / FOLDER


async def answer_download(request: Request, caller: Caller, asked: Asked, kind: Format) -> Response:
    """Answer a selection as a file."""
    limit = asked.page.limit if "limit" in asked.parameters else None
    extract = Extract(asked.selection, asked.crs, asked.page.sort, asked.page.after, limit)
    if kind.key == "txt":
        extract = with_survey_choices(extract, asked.parameters.get("zone"), asked.parameters.get("encoding"))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_slot(request))
        if request.method == "HEAD" or kind.text:
            connection = await stack.enter_async_context(_own_connection(state_of(request)))
            return await _answer_text(request, caller, asked, extract, kind, connection, stack)
        return await _answer_file(request, caller, asked, extract, kind)


@asynccontextmanager
async def _slot(request: Request) -> AsyncIterator[None]:
    """Let a few downloads work at once: each holds a connection beside the pool, and some a folder."""
    slots = _slots(request)
    with anyio.move_on_after(WAIT_S) as waiting:
        await slots.acquire()
    if waiting.cancelled_caught:
        raise UnavailableError(
            f"{AT_ONCE} downloads are being made already; try again in a minute.",
            f"已有 {AT_ONCE} 个下载正在生成；请稍后再试。",
        )
    try:
        yield
    finally:
        slots.release()


def _slots(request: Request) -> anyio.Semaphore:
    kept = request.app.state
    if not hasattr(kept, "download_slots"):
        kept.download_slots = anyio.Semaphore(AT_ONCE)
    slots: anyio.Semaphore = kept.download_slots
    return slots


@asynccontextmanager
async def _own_connection(state: AppState) -> AsyncIterator[Connection]:
    """Open a connection beside the pool, in one read-only snapshot: a slow reader must not hold up the map."""
    connection: Connection = await psycopg.AsyncConnection.connect(**_options(state))
    try:
        async with async_snapshot(connection):
            yield connection
    finally:
        with CancelScope(shield=True):
            await connection.close()


def _options(state: AppState) -> dict[str, Any]:
    """Return how the pool connects; its address and options are plain values (`make_pool`)."""
    given = state.pool.kwargs
    return {"conninfo": state.pool.conninfo, **(given if isinstance(given, dict) else {})}


async def _answer_text(
    request: Request,
    caller: Caller,
    asked: Asked,
    extract: Extract,
    kind: Format,
    connection: Connection,
    stack: AsyncExitStack,
) -> Response:
    if kind.key == "txt":
        extract = settled(extract, zones_of(await fetch_rows(connection, zones_statement(extract))))
    found = survey_of(await fetch_rows(connection, survey_statement(extract)))
    end = None if extract.limit is None else end_of(await fetch_rows(connection, end_statement(extract)))
    headers = _headers(request, asked, extract, kind, _Told(found, end, extract.srid))
    content_type = _content_type(kind, extract)
    if request.method == "HEAD":
        return Response(headers={**common_headers(request, caller), **headers, "Content-Type": content_type})
    _record(caller, extract, kind, found)
    chunks = STREAMS[kind.key](connection, extract)
    first = await anext(chunks, b"")
    held = _held(first, chunks, stack.pop_all())
    return answer_stream(request, caller, held, content_type, headers=headers)


async def _held(
    first: bytes, chunks: AsyncGenerator[bytes, None], stack: AsyncExitStack
) -> AsyncGenerator[bytes, None]:
    """Send the rest behind the first chunk, and give back connection and slot however it ends."""
    async with stack, aclosing(chunks):
        yield first
        async for chunk in chunks:
            yield chunk


async def _answer_file(
    request: Request, caller: Caller, asked: Asked, extract: Extract, kind: Format
) -> Response:
    made = await _unless_gone(request, lambda stop: _make(state_of(request), caller, extract, kind, stop))
    if made is None:
        return Response(status_code=CLIENT_GONE)
    file, written = made
    _record(caller, extract, kind, written.found)
    headers = _headers(request, asked, extract, kind, _Told(written.found, written.next, written.srid))
    headers["Content-Length"] = str(file.seek(0, 2))
    content_type = _content_type(kind, extract)
    return answer_stream(request, caller, _sent(file), content_type, headers=headers, packed=True)


async def _unless_gone(request: Request, work: Callable[[threading.Event], T]) -> T | None:
    """Work in a thread; None where the client went meanwhile and the work was stopped."""
    stop = threading.Event()
    made: T | None = None
    failed: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_watch, request, stop)
        try:
            made = await to_thread.run_sync(work, stop)
        except _GoneError:
            pass
        except Exception as error:  # noqa: BLE001  a task group would wrap it, and hide its kind from the answer
            failed = error
        tasks.cancel_scope.cancel()
    if failed is not None:
        raise failed
    return made


def _make(
    state: AppState, caller: Caller, extract: Extract, kind: Format, stop: threading.Event
) -> tuple[BufferedReader, Written]:
    """Write the file and return it open: its folder is gone already, its bytes stay until it is closed."""

    def progress(_rows: int) -> None:
        if stop.is_set():
            raise _GoneError

    with (
        open_room(download_folder(state.settings.home.home)) as room,
        psycopg.connect(**_options(state)) as connection,
    ):
        origin = find_origin(connection, caller)
        written = write_file(connection, extract, kind, room, origin, progress)
        return written.path.open("rb"), written


async def _watch(request: Request, stop: threading.Event) -> None:
    """Tell the thread to stop when the client has gone, or the service ends."""
    try:
        while not await request.is_disconnected():
            await anyio.sleep(LOOK_EVERY_S)
    finally:
        stop.set()


async def _sent(file: BufferedReader) -> AsyncGenerator[bytes, None]:
    with file:
        file.seek(0)
        while chunk := await to_thread.run_sync(file.read, CHUNK_BYTES):
            yield chunk


def _content_type(kind: Format, extract: Extract) -> str:
    if kind.key == "txt":
        return f"{kind.media_type}; charset={extract.encoding}"
    return f"{kind.media_type}; charset=utf-8; header=present" if kind.key == "csv" else kind.media_type


def _headers(request: Request, asked: Asked, extract: Extract, kind: Format, told: _Told) -> dict[str, str]:
    """Return what is told beside the bytes; the CRS is the one written: EPSG:4490 where nothing else was asked for."""
    layer = extract.selection.layer
    whole = extract.limit is None and extract.after is None
    headers = {
        "Content-Crs": f"<{extract.crs.uri if kind.text else epsg_uri(told.srid)}>",
        "OGC-NumberReturned": str(told.found.count),
        "Content-Disposition": attachment(f"{layer.id}{kind.ending}", f"{layer.title_zh}{kind.ending}"),
    }
    if whole or (extract.after is None and told.next is None):
        headers["OGC-NumberMatched"] = str(told.found.count)
    if told.next is not None:
        token = write_token(layer, extract.sort, told.next)
        address = with_parameters(
            collection(request, layer.id, "/items"), {**asked.parameters, "f": kind.key, "next": token}
        )
        headers["Link"] = f'<{address}>; rel="next"; type="{kind.media_type}"'
    return headers


def attachment(plain: str, full: str) -> str:
    """Return the `Content-Disposition` of a file with a Chinese name (RFC 6266, RFC 8187).

    Examples
    --------
    >>> attachment("projects.csv", "项目.csv")
    'attachment; filename="projects.csv"; filename*=UTF-8\\'\\'%E9%A1%B9%E7%9B%AE.csv'
    """
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(full, safe='')}"


def _record(caller: Caller, extract: Extract, kind: Format, found: Survey) -> None:
    """Log who took out what; loudly where the area is one that surveying rules look at."""
    log = LOG.warning if secrecy_note(found) else LOG.info
    log(
        "export",
        login=caller.login,
        layer=extract.selection.layer.id,
        format=kind.key,
        features=found.count,
        box_km2=round(box_km2(found.box), 1) if found.box else 0.0,
    )


DOWNLOADS: Final = {key: kind for key, kind in FORMATS.items() if key != "geojson"}
