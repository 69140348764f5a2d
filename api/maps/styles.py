"""Styles: every format made from the one colouring rule of a theme (OGC API Styles, 20-009)."""

from typing import Any, Final

import anyio.to_thread
import orjson
from starlette.requests import Request
from starlette.responses import Response

from api.deps import identify
from api.errors import lang_of
from api.maps.addresses import REL, Link, collection, link, ogc, root
from api.maps.answers import answer_bytes
from api.maps.asked import JSON, choose_format, read_parameters
from api.maps.documents import answer_linked
from api.state import AppState, state_of
from gis.style import StyleRule, legend, maplibre_plain_style, maplibre_style, qml_document, sld_document
from twin.alerts.palette import get_theme, list_themes
from twin.db import open_session

MAPBOX: Final = "application/vnd.mapbox.style+json"
SLD: Final = "application/vnd.ogc.sld+xml;version=1.0"
QML: Final = "application/vnd.qgis.qml+xml"
OFFERED: Final = {"mapbox": MAPBOX, "mapbox-plain": MAPBOX, "sld": SLD, "qml": QML, "legend": JSON}


async def load_themes(state: AppState) -> dict[str, StyleRule]:
    """Return every colouring rule by style id; those of the lights follow the preset in force."""
    return await anyio.to_thread.run_sync(_load_themes, state)


def _load_themes(state: AppState) -> dict[str, StyleRule]:
    with open_session(state.engine) as session:
        return list_themes(session)


def _load_theme(state: AppState, style_id: str) -> StyleRule:
    with open_session(state.engine) as session:
        return get_theme(session, style_id)


async def answer_styles(request: Request) -> Response:
    """Answer the list of styles."""
    caller = await identify(request)
    read_parameters(request, ())
    rules = await load_themes(state_of(request))
    styles = [_entry(request, rule) for rule in rules.values()]
    return answer_linked(request, caller, "样式 Styles", {"styles": styles})


def _entry(request: Request, rule: StyleRule) -> dict[str, Any]:
    return {"id": rule.id, "title": f"{rule.title_zh} {rule.title_en}", "links": _links(request, rule)}


def _links(request: Request, rule: StyleRule) -> list[Link]:
    address = ogc(request, f"/styles/{rule.id}")
    stylesheets = [
        link("stylesheet", f"{address}?f={key}", media_type)
        for key, media_type in OFFERED.items()
        if key != "legend"
    ]
    legend_link = link(f"{REL}legend", f"{address}?f=legend", JSON, "图例 Legend")
    return [*stylesheets, legend_link, link("describes", collection(request, rule.layer), JSON)]


async def answer_style(request: Request) -> Response:
    """Answer one style as MapLibre JSON (`mapbox-plain` for QGIS), SLD, QML or legend."""
    caller = await identify(request)
    read_parameters(request, ())
    chosen = choose_format(request, OFFERED)
    rule = await anyio.to_thread.run_sync(_load_theme, state_of(request), request.path_params["style"])
    return answer_bytes(request, caller, _render(request, rule, chosen), OFFERED[chosen])


def _render(request: Request, rule: StyleRule, chosen: str) -> bytes:
    template = f"{root(request)}/tiles/{{layer}}.json"
    match chosen:
        case "mapbox-plain":
            return orjson.dumps(maplibre_plain_style(rule, template))
        case "sld":
            return sld_document(rule)
        case "qml":
            return qml_document(rule)
        case "legend":
            return orjson.dumps(legend(rule))
        case _:
            return orjson.dumps(maplibre_style(rule, template, lang_of(request)))
