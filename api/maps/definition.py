"""The OpenAPI 3.0 document of the map doors, made from the layer catalogue.

FastAPI writes OpenAPI 3.1, which class oas30 refuses. Each collection has a path of its own: QGIS takes
queryables only from such, and page sizes from `components.parameters.limit`.
"""

from collections.abc import Mapping
from typing import Final

from api.maps.asked import GEOJSON, HTML, JSON, MVT, OPENAPI_JSON, SCHEMA_JSON
from api.maps.definition_edits import edit_operations
from api.maps.definition_parts import Json, components, equality
from api.maps.items import OFFERED, offered
from api.maps.selecting import FILTER_PARAMETERS, PAGE_PARAMETERS, SURVEY_PARAMETERS
from gis.layer import Layer
from twin.editing import abilities
from twin.identity import Caller
from twin.layers import LAYERS, select_rows


def definition_document(caller: Caller, root: str) -> Json:
    """Return the API definition as this caller may use it.

    Parameters
    ----------
    root : str
        Address of the service; the prefix `/ogc` stands in `servers`, never in a path.
    """
    paths: Json = {
        "/": _operation("getLandingPage", "Landing page", _json()),
        "/conformance": _operation("getConformance", "Conformance classes", _json()),
        "/api": _operation(
            "getApi", "This document", {OPENAPI_JSON: {"schema": {"type": "object"}}, HTML: _HTML}
        ),
        "/functions": _operation("getFunctions", "Functions that filters may call", _json()),
        "/collections": _operation("getCollections", "Collections", _json()),
        "/styles": _operation("getStyles", "Styles", _json()),
        "/styles/{styleId}": _operation("getStyle", "One style", _json(), ["styleId"]),
        "/styles/{styleId}/metadata": _operation("getMetadata", "What a style is", _json(), ["styleId"]),
        "/styles/{styleId}/legend": _operation("getLegend", "Legend", _LEGEND, ["styleId", "scale"]),
        "/qgis/worktwin.qgs": _operation("getProject", "All layers as a QGIS project", _XML),
        "/tiles": _operation("getTilesets", "Tile sets of all layers", _json(), ["collections"]),
        "/tiles/WebMercatorQuad": _operation("getTileset", "One tile set", _json(), ["collections"]),
        "/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}": _operation(
            "getTile", "Tile of several layers", _TILE, [*_TILE_PARAMETERS, "collections"]
        ),
        "/tileMatrixSets": _operation("getMatrixSets", "Tile matrix sets", _json()),
        "/tileMatrixSets/WebMercatorQuad": _operation("getMatrixSet", "WebMercatorQuad", _json()),
    }
    for layer_id in LAYERS:
        found = _collection_paths(caller, select_rows(caller, layer_id).selection.layer)
        for path, operations in edit_operations(layer_id, abilities(caller, layer_id)).items():
            found[path] |= operations
        paths |= found
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "重点工程数字孪生 Key construction works",
            "version": "1.0.0",
            "description": "OGC API Features and Tiles",
            "license": {"name": "Apache-2.0"},
        },
        "servers": [{"url": f"{root}/ogc"}],
        "security": [{}, {"bearer": []}],
        "paths": paths,
        "components": components(),
    }


_HTML: Final[Json] = {"schema": {"type": "string"}}
_BINARY: Final[Json] = {"schema": {"type": "string", "format": "binary"}}
_TILE: Final[Json] = {MVT: _BINARY}
_TILE_PARAMETERS: Final = ["tileMatrix", "tileRow", "tileCol", "datetime", *FILTER_PARAMETERS]
_LEGEND: Final[Json] = {JSON: {"schema": {"type": "object"}}, "image/png": _BINARY}
_XML: Final[Json] = {"application/xml": _HTML}


def _formats(offers: Mapping[str, str]) -> Json:
    """Return the formats of a page of features: GeoJSON as an object, other texts and files as they are."""
    texts = {
        media_type: _HTML if media_type.startswith("text/") else _BINARY for media_type in offers.values()
    }
    return {**texts, GEOJSON: {"schema": {"type": "object"}}}


def _json(media_type: str = JSON) -> Json:
    return {media_type: {"schema": {"type": "object"}}, HTML: _HTML}


def _operation(
    name: str, summary: str, content: Json, shared: list[str] | None = None, own: list[Json] | None = None
) -> Json:
    references = [{"$ref": f"#/components/parameters/{key}"} for key in [*(shared or []), "f", "lang"]]
    failed = {"$ref": "#/components/responses/problem"}
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "parameters": [*references, *(own or [])],
            "responses": {
                "200": {"description": summary, "content": content},
                "400": failed,
                "401": failed,
                "404": failed,
                "500": failed,
            },
        }
    }


def _collection_paths(caller: Caller, layer: Layer) -> Json:
    path, title = f"/collections/{layer.id}", f"{layer.title_zh} {layer.title_en}"
    filters = [equality(item) for item in layer.fields if item.queryable]
    offers = offered(caller, layer.id)
    page = [*PAGE_PARAMETERS, *FILTER_PARAMETERS, *(SURVEY_PARAMETERS if offers != OFFERED else ())]
    found = {
        path: _operation(f"{layer.id}.get", title, _json()),
        f"{path}/items": _operation(f"{layer.id}.items", title, _formats(offers), page, filters),
        f"{path}/items/{{featureId}}": _operation(
            f"{layer.id}.item", title, _json(GEOJSON), ["featureId", "crs", "datetime", "properties"]
        ),
        f"{path}/queryables": _operation(f"{layer.id}.queryables", title, _json(SCHEMA_JSON)),
        f"{path}/schema": _operation(f"{layer.id}.schema", title, _json(SCHEMA_JSON)),
        f"{path}/tiles": _operation(f"{layer.id}.tilesets", title, _json()),
        f"{path}/tiles/WebMercatorQuad": _operation(f"{layer.id}.tileset", title, _json()),
        f"{path}/tiles/WebMercatorQuad/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": _operation(
            f"{layer.id}.tile",
            title,
            _TILE,
            _TILE_PARAMETERS,
            filters,
        ),
    }
    found |= {
        f"{path}/styles": _operation(f"{layer.id}.styles", title, _json()),
        f"{path}/styles/{{styleId}}": _operation(f"{layer.id}.style", title, _json(), ["styleId"]),
        f"/qgis/{layer.id}.qlr": _operation(f"{layer.id}.qlr", title, _XML, ["style", "kind"]),
    }
    for item in found.values():
        item["get"]["tags"] = [layer.id]
    return found
