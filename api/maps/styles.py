"""Styles: every format made from the one colouring rule of a theme (OGC API Styles, 20-009)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from gis.style import (
    StyleRule,
    drawing_info,
    legend,
    maplibre_plain_style,
    maplibre_style,
    qml_document,
    simplestyle_document,
    sld_document,
)
from gis.style.rule import Language
from twin.alerts.palette import get_theme, list_themes
from twin.db import open_session
from twin.errors import NotFoundError
from twin.layers import select_rows
from twin.layers.themes import themes_of

MAPBOX: Final = "application/vnd.mapbox.style+json"
SLD10: Final = "application/vnd.ogc.sld+xml;version=1.0"
SLD11: Final = "application/vnd.ogc.sld+xml;version=1.1"
QML: Final = "application/vnd.qgis.qml+xml"


@dataclass(frozen=True)
class Encoding:
    """One format that every style is offered in."""

    media_type: str
    title: str
    specification: str
    version: str
    render: Callable[[StyleRule, str, Language], bytes]


def _json(document: dict[str, Any]) -> bytes:
    # Numbers of the Esri form are a hair below the next band: the shortest text that reads back equal.
    return orjson.dumps(document)


ENCODINGS: Final = {
    "mapbox": Encoding(
        MAPBOX, "MapLibre", "https://maplibre.org/maplibre-style-spec/", "8",
        lambda rule, tiles, lang: _json(maplibre_style(rule, tiles, lang)),
    ),
    "mapbox-plain": Encoding(
        MAPBOX, "MapLibre, one layer per class (QGIS)", "https://maplibre.org/maplibre-style-spec/", "8",
        lambda rule, tiles, _: _json(maplibre_plain_style(rule, tiles)),
    ),
    "sld10": Encoding(
        SLD10, "SLD 1.0", "https://www.ogc.org/standard/sld/", "1.0.0", lambda rule, *_: sld_document(rule)
    ),
    "sld11": Encoding(
        SLD11, "SLD 1.1, Symbology Encoding", "https://www.ogc.org/standard/se/", "1.1.0",
        lambda rule, *_: sld_document(rule, "1.1.0"),
    ),
    "qml": Encoding(QML, "QGIS", "https://docs.qgis.org/", "3.22", lambda rule, *_: qml_document(rule)),
    "esri": Encoding(
        JSON, "Esri drawingInfo", "https://developers.arcgis.com/rest/services-reference/", "11",
        lambda rule, _, lang: _json(drawing_info(rule, lang)),
    ),
    "simplestyle": Encoding(
        JSON, "simplestyle", "https://github.com/mapbox/simplestyle-spec", "1.1.0",
        lambda rule, *_: _json(simplestyle_document(rule)),
    ),
}  # fmt: skip
OFFERED: Final = {
    **{key: item.media_type for key, item in ENCODINGS.items()},
    "sld": SLD10,
    "legend": JSON,
}


async def load_themes(state: AppState) -> dict[str, StyleRule]:
    """Return every colouring rule by style id; those of the lights follow the preset in force."""
    return await anyio.to_thread.run_sync(_load_themes, state)


def _load_themes(state: AppState) -> dict[str, StyleRule]:
    with open_session(state.engine) as session:
        return list_themes(session)


async def load_theme(request: Request) -> StyleRule:
    """Return the colouring rule that the address names.

    Raises
    ------
    NotFoundError
        There is no such style.
    """
    return await anyio.to_thread.run_sync(_load_theme, state_of(request), request.path_params["style"])


def _load_theme(state: AppState, style_id: str) -> StyleRule:
    with open_session(state.engine) as session:
        return get_theme(session, style_id)


async def answer_styles(request: Request) -> Response:
    """Answer the list of styles."""
    caller = await identify(request)
    read_parameters(request, ())
    rules = list((await load_themes(state_of(request))).values())
    styles = [style_entry(request, rule, ogc(request, f"/styles/{rule.id}")) for rule in rules]
    return answer_linked(request, caller, "样式 Styles", {"styles": styles, "default": rules[0].id})


async def answer_collection_styles(request: Request) -> Response:
    """Answer the styles of a collection, and which is its default."""
    caller = await identify(request)
    read_parameters(request, ())
    layer = select_rows(caller, request.path_params["collection"]).selection.layer
    rules = themes_of(layer, (await load_themes(state_of(request))).values())
    entries = [
        style_entry(request, rule, collection(request, layer.id, f"/styles/{rule.id}")) for rule in rules
    ]
    document: dict[str, Any] = {"styles": entries}
    if rules:
        document["default"] = rules[0].id
    return answer_linked(request, caller, f"{layer.title_zh} · 样式 Styles", document)


def style_entry(request: Request, rule: StyleRule, address: str) -> dict[str, Any]:
    """Return what a list says of one style; `address` is where its formats lie."""
    return {
        "id": rule.id,
        "title": f"{rule.title_zh} {rule.title_en}",
        "links": [
            *stylesheet_links(address),
            link("describedby", ogc(request, f"/styles/{rule.id}/metadata"), JSON, "元数据 Metadata"),
            *legend_links(request, rule),
            link("describes", collection(request, rule.layer), JSON),
        ],
    }


def stylesheet_links(address: str) -> list[Link]:
    """Return one link per format."""
    return [
        link("stylesheet", f"{address}?f={key}", item.media_type, item.title)
        for key, item in ENCODINGS.items()
    ]


def style_links(request: Request, rules: Sequence[StyleRule]) -> list[dict[str, str]]:
    """Return the styles of a layer as its TileJSON names them, the default first."""
    return [
        {
            "id": rule.id,
            "name": f"{rule.title_zh} {rule.title_en}",
            "url": collection(request, rule.layer, f"/styles/{rule.id}?f=mapbox"),
        }
        for rule in rules
    ]


def legend_links(request: Request, rule: StyleRule) -> list[Link]:
    """Return the links to the legend, as data and as a picture."""
    address = ogc(request, f"/styles/{rule.id}/legend")
    return [
        link(f"{REL}legend", f"{address}?f=json", JSON, "图例 Legend"),
        link(f"{REL}legend", f"{address}?f=png", "image/png", "图例 Legend"),
        link("preview", f"{address}?f=png", "image/png", "图例 Legend"),
    ]


async def answer_style(request: Request) -> Response:
    """Answer one style in the format asked for; its own description is at `/metadata`."""
    caller = await identify(request)
    read_parameters(request, ())
    chosen = _choose(request)
    rule = await load_theme(request)
    links = [*stylesheet_links(ogc(request, f"/styles/{rule.id}"))]
    headers = {"Link": ", ".join(_link_header(item) for item in links)}
    return answer_bytes(request, caller, _render(request, rule, chosen), OFFERED[chosen], headers=headers)


async def answer_collection_style(request: Request) -> Response:
    """Answer a style for the geometry of one collection: points take the colours of their polygons."""
    caller = await identify(request)
    read_parameters(request, ())
    chosen = _choose(request)
    layer = select_rows(caller, request.path_params["collection"]).selection.layer
    rules = {rule.id: rule for rule in themes_of(layer, (await load_themes(state_of(request))).values())}
    rule = get_style(rules, layer.id, request.path_params["style"])
    return answer_bytes(request, caller, _render(request, rule, chosen), OFFERED[chosen])


def get_style(rules: dict[str, StyleRule], layer_id: str, style_id: str) -> StyleRule:
    """Return the rule of a collection by its id.

    Raises
    ------
    NotFoundError
        The collection has no such style.
    """
    if style_id in rules:
        return rules[style_id]
    raise NotFoundError(
        f"Collection {layer_id} has no style {style_id[:40]}; it has {', '.join(rules) or 'none'}.",
        f"集合 {layer_id} 没有样式 {style_id[:40]}；可用：{'、'.join(rules) or '无'}。",
    )


def _choose(request: Request) -> str:
    chosen = choose_format(request, OFFERED)
    if "f" in request.query_params:
        return chosen
    if OFFERED[chosen] == JSON:  # who asks for JSON and no more means the style
        return "mapbox"
    return "sld11" if chosen == "sld10" and "version=1.1" in request.headers.get("Accept", "") else chosen


def _link_header(item: Link) -> str:
    return f'<{item["href"]}>; rel="{item["rel"]}"; type="{item["type"]}"'


def _render(request: Request, rule: StyleRule, chosen: str) -> bytes:
    if chosen == "legend":
        return orjson.dumps(legend(rule))
    encoding = ENCODINGS["sld10" if chosen == "sld" else chosen]
    return encoding.render(rule, f"{root(request)}/tiles/{{layer}}.json", lang_of(request))


async def answer_metadata(request: Request) -> Response:
    """Answer what a style is: its formats, the layer and the properties it reads (20-009, 7.5)."""
    caller = await identify(request)
    read_parameters(request, ())
    rule = await load_theme(request)
    address = ogc(request, f"/styles/{rule.id}")
    document = {
        "id": rule.id,
        "title": f"{rule.title_zh} {rule.title_en}",
        "description": f"由一条着色规则生成，按属性 {rule.field} 分级。 Made from one rule, by property {rule.field}.",
        "keywords": [rule.layer, rule.field],
        "scope": "style",
        "version": "1.0.0",
        "stylesheets": [_stylesheet(address, key, item) for key, item in ENCODINGS.items()],
        "layers": [_metadata_layer(request, rule)],
        "links": [*legend_links(request, rule)],
    }
    return answer_linked(request, caller, str(document["title"]), document)


def _stylesheet(address: str, key: str, item: Encoding) -> dict[str, Any]:
    return {
        "title": item.title,
        "version": item.version,
        "specification": item.specification,
        "native": False,
        "link": link("stylesheet", f"{address}?f={key}", item.media_type),
    }


def _metadata_layer(request: Request, rule: StyleRule) -> dict[str, Any]:
    schema = {"type": "number" if rule.graded else _type_of(rule)}
    names = {rule.field: schema} | ({rule.label_field: {"type": "string"}} if rule.label_field else {})
    return {
        "id": rule.layer,
        "type": rule.geometry,
        "sampleData": link("items", collection(request, rule.layer, "/items"), "application/geo+json"),
        "propertiesSchema": {"type": "object", "properties": names},
    }


def _type_of(rule: StyleRule) -> str:
    return "string" if isinstance(rule.classes[0].value, str) else "integer"
