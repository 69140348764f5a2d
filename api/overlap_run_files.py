"""The answers of an overlap run as files: summary to print, workbook, CSV, GeoPackage, GeoParquet."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Final, Literal, cast

import structlog
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from api.errors import lang_of
from api.maps.downloads import attachment, download_folder
from api.overlap_report import page_policy, render_form_page
from api.rendering import SECURITY_HEADERS
from api.state import state_of
from gis.export import open_room
from gis.filters.time import LOCAL_TIME
from gis.report import Lang
from gis.report.pdf import render_form
from twin.errors import UnavailableError
from twin.identity import Caller
from twin.land.run_files import RunSize, TableKey, make_run_form, write_run
from twin.land.run_models import OverlapRun
from twin.land.runs import finished_at

RunFormat = Literal["html", "pdf", "xlsx", "csv", "gpkg", "parquet"]
LOG: Final = structlog.get_logger(__name__)
AT_ONCE: Final = 2
WAIT_S: Final = 20.0
CHUNK_BYTES: Final = 262_144
_SLOTS: Final = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class RunFile:
    """A kind of file: its media type, and whether its words are in the reader's language."""

    media_type: str
    spoken: bool = False


RUN_FORMATS: Final[dict[RunFormat, RunFile]] = {
    "html": RunFile("text/html; charset=utf-8", spoken=True),
    "pdf": RunFile("application/pdf", spoken=True),
    "xlsx": RunFile("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", spoken=True),
    "csv": RunFile("text/csv; charset=utf-8; header=present"),
    "gpkg": RunFile("application/geopackage+sqlite3"),
    "parquet": RunFile("application/vnd.apache.parquet"),
}
RUN_OFFERED: Final[dict[str, str]] = {
    "json": "application/json",
    **{str(key): kind.media_type.split(";")[0] for key, kind in RUN_FORMATS.items()},
}


def answer_run(
    request: Request, session: Session, caller: Caller, run: OverlapRun, key: RunFormat, *, geometry: bool
) -> Response:
    """Answer a finished run as a file; a few at a time, each in constant memory."""
    lang = lang_of(request) if RUN_FORMATS[key].spoken else "zh"
    with _slot():
        if key in ("html", "pdf"):
            return _printed(session, run, key, lang)
        made, size = _make(request, session, run, cast("TableKey", key), geometry, lang)
    log = LOG.warning if size.secrecy_note else LOG.info
    log(
        "overlap_run_exported",
        login=caller.login,
        format=key,
        pairs=size.pairs,
        note=size.secrecy_note or None,
    )
    headers = _headers(run, key, lang)
    headers["Content-Length"] = str(made.seek(0, 2))
    return StreamingResponse(_sent(made), headers=headers)


@contextmanager
def _slot() -> Iterator[None]:
    if not _SLOTS.acquire(timeout=WAIT_S):
        raise UnavailableError(
            f"{AT_ONCE} files of runs are being made already; try again in a minute.",
            f"已有 {AT_ONCE} 个整层分析文件正在生成；请稍后再试。",
        )
    try:
        yield
    finally:
        _SLOTS.release()


def _printed(session: Session, run: OverlapRun, key: RunFormat, lang: Lang) -> Response:
    form = make_run_form(session, run, lang)
    headers = _headers(run, key, lang)
    if key == "pdf":
        return Response(render_form(form), headers=headers)
    return Response(render_form_page(form), headers={**headers, "Content-Security-Policy": page_policy()})


def _make(
    request: Request, session: Session, run: OverlapRun, key: TableKey, geometry: bool, lang: Lang
) -> tuple[BufferedReader, RunSize]:
    """Write the file and return it open: its folder is gone already, its bytes stay until it is closed."""
    with open_room(download_folder(state_of(request).settings.home.home)) as room:
        path = room / f"overlap_pairs.{key}"
        size = write_run(session, run, key, path, geometry=geometry, lang=lang)
        return path.open("rb"), size


def _sent(file: BufferedReader) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def run_file_name(run: OverlapRun, key: str) -> str:
    """Return the name of a run's file: what, of which layer, which day in China."""
    layer = run.request["subject"]["layer"]
    return f"整层压占_{layer}_{finished_at(run).astimezone(LOCAL_TIME):%Y%m%d}.{key}"


def _headers(run: OverlapRun, key: RunFormat, lang: Lang) -> dict[str, str]:
    kind = RUN_FORMATS[key]
    headers = {**SECURITY_HEADERS, "Cache-Control": "private, no-store", "Content-Type": kind.media_type}
    if kind.spoken:
        headers |= {"Content-Language": lang, "Vary": "Accept, Accept-Language, Cookie"}
    if key != "html":
        headers["Content-Disposition"] = attachment(f"overlap_run.{key}", run_file_name(run, key))
    return headers


def format_of_path(path: Path) -> RunFormat | None:
    """Return the format that a file's name ends with; None for others.

    Examples
    --------
    >>> format_of_path(Path("压占.XLSX")), format_of_path(Path("a.docx"))
    ('xlsx', None)
    """
    key = path.suffix.lower().removeprefix(".")
    return next((each for each in RUN_FORMATS if each == key), None)
