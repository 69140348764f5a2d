"""The OpenAPI 3.0 document of the map doors, made from the layer catalogue.

FastAPI writes OpenAPI 3.1, which class oas30 refuses. Each collection has a path of its own: QGIS takes
queryables only from such, and page sizes from `components.parameters.limit`.
"""

from typing import Any, Final

from api.maps.asked import GEOJSON, HTML, JSON, MVT, OPENAPI_JSON, SCHEMA_JSON
from api.maps.selecting import FILTER_PARAMETERS, PAGE_PARAMETERS, RESULT_TYPES
from gis.cql2 import CQL_LANGUAGES
from gis.filters import DEFAULT_LIMIT, MAX_LIMIT
from gis.layer import Field, Layer
from twin.identity import Caller
from twin.layers import LAYERS, select_rows

_Json = dict[str, Any]

_SCHEMA_TYPES: Final[dict[str, _Json]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "date-time": {"type": "string", "format": "date-time"},
}


def _query(name: str, description: str, schema: _Json) -> _Json:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "required": False,
        "schema": schema,
        "style": "form",
        "explode": False,
    }


def _path(name: str, schema: _Json) -> _Json:
    return {"name": name, "in": "path", "required": True, "schema": schema}


_TEXT: Final[_Json] = {"type": "string"}
_NATURAL: Final[_Json] = {"type": "integer", "minimum": 0}
_BBOX: Final[_Json] = {
    "type": "array",
    "minItems": 4,
    "maxItems": 6,
    "items": {"type": "number"},
}
_NAMES: Final[_Json] = {"type": "array", "items": {"type": "string"}}
_PARAMETERS: Final[_Json] = {
    "f": _query("f", "Format 格式", {"type": "string"}),
    "lang": _query("lang", "Language of messages 语言", {"type": "string", "enum": ["zh", "en"]}),
    "limit": _query(
        "limit",
        f"Features per page, at most {MAX_LIMIT} 每页要素数",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    ),
    "bbox": _query("bbox", "Only features that meet this box 范围", _BBOX),
    "bbox-crs": _query("bbox-crs", "CRS of bbox, in its own axis order", {"type": "string", "format": "uri"}),
    "crs": _query("crs", "CRS of the answer", {"type": "string", "format": "uri"}),
    "datetime": _query("datetime", "State as it was known then 按该时刻的已知状态", _TEXT),
    "properties": _query("properties", "Only these properties 仅返回这些属性", _NAMES),
    "sortby": _query("sortby", "Properties to sort by, each with + or - 排序", _NAMES),
    "filter": _query("filter", "CQL2 filter 筛选条件", _TEXT),
    "filter-lang": _query(
        "filter-lang",
        "Language of filter 筛选语言",
        {"type": "string", "enum": list(CQL_LANGUAGES), "default": "cql2-text"},
    ),
    "filter-crs": _query(
        "filter-crs", "CRS of the geometries in filter", {"type": "string", "format": "uri"}
    ),
    "resultType": _query(
        "resultType",
        "Features, or only how many there are 返回要素或仅返回数量",
        {"type": "string", "enum": list(RESULT_TYPES), "default": "results"},
    ),
    "next": _query("next", "Place in the list, from a link of the page before 翻页标记", _TEXT),
    "featureId": _path("featureId", {"type": "integer", "minimum": 0}),
    "collections": _query("collections", "Layers of the tile, all without it 瓦片中的图层", _NAMES),
    "tileMatrix": _path("tileMatrix", _NATURAL),
    "tileRow": _path("tileRow", _NATURAL),
    "tileCol": _path("tileCol", _NATURAL),
    "styleId": _path("styleId", _TEXT),
    "style": _query("style", "Name of a style 样式", _TEXT),
    "kind": _query("kind", "Features or tiles 要素或瓦片", {"type": "string", "enum": ["oapif", "tiles"]}),
    "scale": _query("scale", "Of a picture 图片倍率", {"type": "number", "minimum": 0.5, "maximum": 4}),
}
_PROBLEM: Final[_Json] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"where": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


def definition_document(caller: Caller, root: str) -> _Json:
    """Return the API definition as this caller may use it.

    Parameters
    ----------
    root : str
        Address of the service; the prefix `/ogc` stands in `servers`, never in a path.
    """
    paths: _Json = {
        "/": _operation("getLandingPage", "Landing page", _json()),
        "/conformance": _operation("getConformance", "Conformance classes", _json()),
        "/api": _operation(
            "getApi", "This document", {OPENAPI_JSON: {"schema": {"type": "object"}}, HTML: _HTML}
        ),
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
        paths |= _collection_paths(select_rows(caller, layer_id).selection.layer)
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
        "components": {
            "parameters": _PARAMETERS,
            "schemas": {"problem": _PROBLEM},
            "responses": {"problem": _problem_response()},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


_HTML: Final[_Json] = {"schema": {"type": "string"}}
_BINARY: Final[_Json] = {"schema": {"type": "string", "format": "binary"}}
_TILE: Final[_Json] = {MVT: _BINARY}
_TILE_PARAMETERS: Final = ["tileMatrix", "tileRow", "tileCol", "datetime", *FILTER_PARAMETERS]
_LEGEND: Final[_Json] = {JSON: {"schema": {"type": "object"}}, "image/png": _BINARY}
_XML: Final[_Json] = {"application/xml": _HTML}


def _json(media_type: str = JSON) -> _Json:
    return {media_type: {"schema": {"type": "object"}}, HTML: _HTML}


def _problem_response() -> _Json:
    schema = {"$ref": "#/components/schemas/problem"}
    return {
        "description": "What went wrong 错误",
        "content": {"application/problem+json": {"schema": schema}},
    }


def _operation(
    name: str, summary: str, content: _Json, shared: list[str] | None = None, own: list[_Json] | None = None
) -> _Json:
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


def _collection_paths(layer: Layer) -> _Json:
    path, title = f"/collections/{layer.id}", f"{layer.title_zh} {layer.title_en}"
    filters = [_equality(item) for item in layer.fields if item.queryable]
    page = [*PAGE_PARAMETERS, *FILTER_PARAMETERS]
    found = {
        path: _operation(f"{layer.id}.get", title, _json()),
        f"{path}/items": _operation(f"{layer.id}.items", title, _json(GEOJSON), page, filters),
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


def _equality(item: Field) -> _Json:
    schema = dict(_SCHEMA_TYPES[item.type])
    if item.choices:
        schema["enum"] = [choice.value for choice in item.choices]
    return _query(item.name, f"{item.title_zh} {item.title_en}", schema)
