"""Collections and what they say of their properties (Features Part 1, 7.13–7.14; Part 3; Part 5)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.deps import identify, open_connection
from api.maps.addresses import REL, Link, collection, link, ogc, root
from api.maps.asked import HTML, JSON, SCHEMA_JSON, read_parameters
from api.maps.documents import answer_linked, answer_plain
from api.maps.items import offered
from gis.describe import collection_document, queryables_document, schema_document
from gis.features import find_extent
from gis.layer import Layer
from gis.statement import Connection
from twin.editing import Abilities, abilities
from twin.editing.rules import EDITABLE
from twin.identity import Caller
from twin.layers import LAYERS, select_rows


async def answer_collections(request: Request) -> Response:
    """Answer the list of collections."""
    caller = await identify(request)
    read_parameters(request, ())
    async with open_connection(request) as connection:
        entries = [await _entry(request, connection, caller, layer_id) for layer_id in LAYERS]
    return answer_linked(request, caller, "集合 Collections", {"collections": entries})


async def answer_collection(request: Request) -> Response:
    """Answer one collection, the same as its entry in the list."""
    caller = await identify(request)
    read_parameters(request, ())
    async with open_connection(request) as connection:
        document = await _entry(request, connection, caller, request.path_params["collection"])
    return answer_plain(request, caller, str(document["title"]), document)


async def _entry(request: Request, connection: Connection, caller: Caller, layer_id: str) -> dict[str, Any]:
    seen = select_rows(caller, layer_id)
    extent = await find_extent(connection, seen.selection)
    return collection_document(seen.selection.layer, _links(request, caller, seen.selection.layer), extent)


def _links(request: Request, caller: Caller, layer: Layer) -> list[Link]:
    schema = collection(request, layer.id, "/schema")
    return [
        link("self", collection(request, layer.id), JSON, layer.title_zh),
        link("alternate", collection(request, layer.id, "?f=html"), HTML, layer.title_zh),
        *_items_links(request, caller, layer),
        link(
            f"{REL}queryables",
            collection(request, layer.id, "/queryables"),
            SCHEMA_JSON,
            "可查询属性 Queryables",
        ),
        link(f"{REL}schema", schema, SCHEMA_JSON, "属性结构 Schema"),
        link("describedby", schema, SCHEMA_JSON, "属性结构 Schema"),
        link("describedBy", schema, SCHEMA_JSON, "属性结构 Schema"),  # GDAL before 3.9 compares the capital B
        link(f"{REL}tilesets-vector", collection(request, layer.id, "/tiles"), JSON, "矢量瓦片 Vector tiles"),
        link("tilejson", f"{root(request)}/tiles/{layer.id}.json", JSON, "TileJSON"),
        link(f"{REL}styles", collection(request, layer.id, "/styles"), JSON, "样式 Styles"),
        link("enclosure", ogc(request, f"/qgis/{layer.id}.qlr"), "application/xml", "QGIS 图层 QGIS layer"),
    ]


def _items_links(request: Request, caller: Caller, layer: Layer) -> list[Link]:
    """Return one link per format; the default one without `f`, as older clients take the first and add to it."""
    title = f"{layer.title_zh} {layer.title_en}"
    formats = offered(caller, layer.id)
    addresses = {key: collection(request, layer.id, f"/items?f={key}") for key in formats}
    addresses[next(iter(formats))] = collection(request, layer.id, "/items")
    return [link("items", addresses[key], media_type, title) for key, media_type in formats.items()]


async def answer_schema(request: Request) -> Response:
    """Answer the schema of a collection's features."""
    return await _answer_described(request, "schema")


async def answer_queryables(request: Request) -> Response:
    """Answer which properties a filter may name."""
    return await _answer_described(request, "queryables")


async def _answer_described(request: Request, what: str) -> Response:
    caller = await identify(request)
    read_parameters(request, ())
    layer = select_rows(caller, request.path_params["collection"]).selection.layer
    uri = collection(request, layer.id, f"/{what}")
    if what == "queryables":
        document = queryables_document(layer, uri)
    else:
        document = schema_document(layer, uri, _receivable(caller, layer))
    return answer_plain(request, caller, f"{layer.title_zh} · {what}", document, SCHEMA_JSON)


def _receivable(caller: Caller, layer: Layer) -> frozenset[str]:
    """Return the properties this caller may write; the rest is read only (Part 5, returnables and receivables)."""
    if abilities(caller, layer.id) == Abilities():
        return frozenset()
    rule = EDITABLE[layer.id]
    geometry = set() if rule.geometry == "fixed" else {"geometry"}
    return frozenset({*geometry, *(field.name for field in rule.fields)})
