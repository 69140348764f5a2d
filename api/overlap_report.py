"""The planner's report of an overlap as a file: page for printing, PDF, workbook, Shapefiles, boundary points, GeoJSON."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import structlog
from fastapi import Response
from markupsafe import Markup

from api.maps.downloads import attachment
from api.rendering import SECURITY_HEADERS, TEMPLATES
from gis.filters.time import LOCAL_TIME
from gis.report import (
    OverlapReport,
    render_geojson,
    render_pdf,
    render_shapefile,
    render_txt,
    render_xlsx,
    secrecy_note,
)
from gis.report.form import Form, form_of
from gis.report.maps import layer_map, overview
from gis.report.picture import Drawing
from gis.report.svg import render_svg
from gis.report.tables import cell_text
from gis.report.words import signatures
from twin.identity import Caller

ReportFormat = Literal["html", "pdf", "xlsx", "shp", "txt", "geojson"]
LOG: Final = structlog.get_logger(__name__)
_PAGE: Final = "overlap_report.html"
_STYLE: Final = "overlap_report.css"
_MAP_MM: Final = (262.0, 150.0)
_NOT_IN_NAMES: Final = re.compile(r'[\\/:*?"<>|\s\x00-\x1f]+')


@dataclass(frozen=True)
class Written:
    """A kind of file: its media type, the end of its name, and who writes it."""

    media_type: str
    ending: str
    render: Callable[[Sequence[OverlapReport]], bytes]


def render_html(reports: Sequence[OverlapReport]) -> bytes:
    """Return the reports as one page that stands alone: style inside, maps as SVG, no script, nothing fetched."""
    return _page([(form_of(report), _maps(report)) for report in reports])


def render_form_page(form: Form) -> bytes:
    """Return a form without maps as such a page."""
    return _page([(form, [])])


def _page(chapters: Sequence[tuple[Form, Sequence[Drawing]]]) -> bytes:
    first = chapters[0][0]
    shown = [{"form": form, "maps": [_figure(each) for each in maps]} for form, maps in chapters]
    return (
        TEMPLATES.get_template(_PAGE)
        .render(
            first=first,
            style=Markup(_style()),  # noqa: S704  our own file
            signatures=signatures(first.lang),
            chapters=shown,
            text=cell_text,
        )
        .encode()
    )


def _figure(drawing: Drawing) -> dict[str, object]:
    return {"title": drawing.title, "svg": Markup(render_svg(drawing))}  # noqa: S704  escaped there


def _maps(report: OverlapReport) -> list[Drawing]:
    drawings = [overview(report, _MAP_MM)] if report.head.outline is not None else []
    if len(report.hits) > 1:  # a single layer is on the overview already
        drawings += [layer_map(report, layer, _MAP_MM) for layer in report.hits]
    return drawings


@cache
def _style() -> str:
    loader = TEMPLATES.loader
    assert loader is not None  # noqa: S101  set where TEMPLATES is made
    return loader.get_source(TEMPLATES, _STYLE)[0].strip()


@cache
def page_policy() -> str:
    """Return the security policy of the page: its own style sheet by its digest, pictures within, nothing else."""
    digest = b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    )


FORMATS: Final[dict[ReportFormat, Written]] = {
    "html": Written("text/html; charset=utf-8", ".html", render_html),
    "pdf": Written("application/pdf", ".pdf", render_pdf),
    "xlsx": Written(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx", render_xlsx
    ),
    "shp": Written("application/zip", ".zip", render_shapefile),
    "txt": Written("text/plain; charset=GB18030", ".txt", render_txt),
    "geojson": Written("application/geo+json", ".geojson", render_geojson),
}
SPOKEN: Final[frozenset[str]] = frozenset({"html", "pdf", "xlsx"})
"""Formats in the reader's language; data files have one shape in every language."""

OFFERED: Final[dict[str, str]] = {
    "json": "application/json",
    **{str(key): kind.media_type.split(";")[0] for key, kind in FORMATS.items()},
}
"""Media type by `f`, the default first: what `Accept` is held against."""


def answer_report(caller: Caller, reports: Sequence[OverlapReport], key: ReportFormat) -> Response:
    """Answer reports as a file; one that spreads over more than 25 km² at full precision is logged as a warning."""
    kind = FORMATS[key]
    body = kind.render(reports)
    _record(caller, reports, key)
    headers = {**SECURITY_HEADERS, "Cache-Control": "private, no-store", "Content-Type": kind.media_type}
    if key in SPOKEN:
        headers |= {"Content-Language": reports[0].head.lang, "Vary": "Accept, Accept-Language, Cookie"}
    if key == "html":
        return Response(body, headers={**headers, "Content-Security-Policy": page_policy()})
    name = attachment(f"overlap{kind.ending}", f"{file_stem(reports)}{kind.ending}")
    return Response(body, headers={**headers, "Content-Disposition": name})


def file_stem(reports: Sequence[OverlapReport]) -> str:
    """Return the name of the file without its end: what, of whom, which day in China."""
    first = reports[0]
    subject = _NOT_IN_NAMES.sub("_", first.head.code or first.head.title).strip("_.") or "subject"
    return f"压占分析_{subject}_{first.computed_at.astimezone(LOCAL_TIME):%Y%m%d}"


def _record(caller: Caller, reports: Sequence[OverlapReport], key: ReportFormat) -> None:
    note = secrecy_note(reports)
    log = LOG.warning if note else LOG.info
    log("overlap_exported", login=caller.login, format=key, subjects=len(reports), note=note or None)
