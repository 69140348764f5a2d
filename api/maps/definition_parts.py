"""The shared parts of the API definition: parameters, schemas, answers to errors (OpenAPI 3.0.3)."""

from typing import Any, Final, get_args

from api.maps.selecting import RESULT_TYPES
from gis.cql2 import CQL_LANGUAGES
from gis.crs import ZONES
from gis.exchange.txt_write import Encoding
from gis.filters import DEFAULT_LIMIT, MAX_LIMIT
from gis.layer import Field

Json = dict[str, Any]

_SCHEMA_TYPES: Final[dict[str, Json]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "date-time": {"type": "string", "format": "date-time"},
}


def query(name: str, description: str, schema: Json) -> Json:
    """Return a query parameter."""
    return {
        "name": name,
        "in": "query",
        "description": description,
        "required": False,
        "schema": schema,
        "style": "form",
        "explode": False,
    }


def _path(name: str, schema: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": schema}


_TEXT: Final[Json] = {"type": "string"}
_NATURAL: Final[Json] = {"type": "integer", "minimum": 0}
_BBOX: Final[Json] = {
    "type": "array",
    "minItems": 4,
    "maxItems": 6,
    "items": {"type": "number"},
}
_NAMES: Final[Json] = {"type": "array", "items": {"type": "string"}}
PARAMETERS: Final[Json] = {
    "f": query("f", "Format 格式", {"type": "string"}),
    "lang": query("lang", "Language of messages 语言", {"type": "string", "enum": ["zh", "en"]}),
    "limit": query(
        "limit",
        f"Features per page, at most {MAX_LIMIT} 每页要素数",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    ),
    "bbox": query("bbox", "Only features that meet this box 范围", _BBOX),
    "bbox-crs": query("bbox-crs", "CRS of bbox, in its own axis order", {"type": "string", "format": "uri"}),
    "crs": query("crs", "CRS of the answer", {"type": "string", "format": "uri"}),
    "datetime": query("datetime", "State as it was known then 按该时刻的已知状态", _TEXT),
    "properties": query("properties", "Only these properties 仅返回这些属性", _NAMES),
    "sortby": query("sortby", "Properties to sort by, each with + or - 排序", _NAMES),
    "filter": query("filter", "CQL2 filter 筛选条件", _TEXT),
    "filter-lang": query(
        "filter-lang",
        "Language of filter 筛选语言",
        {"type": "string", "enum": list(CQL_LANGUAGES), "default": "cql2-text"},
    ),
    "filter-crs": query("filter-crs", "CRS of the geometries in filter", {"type": "string", "format": "uri"}),
    "resultType": query(
        "resultType",
        "Features, or only how many there are 返回要素或仅返回数量",
        {"type": "string", "enum": list(RESULT_TYPES), "default": "results"},
    ),
    "zone": query(
        "zone",
        "Of outlines surveyed in several zones, those of this one (f=txt) 带号",
        {"type": "integer", "minimum": ZONES[0], "maximum": ZONES[-1]},
    ),
    "encoding": query(
        "encoding",
        "Of a boundary-point TXT (f=txt) 编码",
        {"type": "string", "enum": list(get_args(Encoding)), "default": "GB18030"},
    ),
    "next": query("next", "Place in the list, from a link of the page before 翻页标记", _TEXT),
    "if-match": {
        "name": "If-Match",
        "in": "header",
        "description": "Entity tag of the state that is to be changed 修改前的实体标签",
        "required": False,
        "schema": _TEXT,
    },
    "content-crs": {
        "name": "Content-Crs",
        "in": "header",
        "description": "CRS of the coordinates sent 所发坐标的坐标系",
        "required": False,
        "schema": _TEXT,
    },
    "featureId": _path("featureId", {"type": "integer", "minimum": 0}),
    "collections": query("collections", "Layers of the tile, all without it 瓦片中的图层", _NAMES),
    "tileMatrix": _path("tileMatrix", _NATURAL),
    "tileRow": _path("tileRow", _NATURAL),
    "tileCol": _path("tileCol", _NATURAL),
    "styleId": _path("styleId", _TEXT),
    "style": query("style", "Name of a style 样式", _TEXT),
    "kind": query("kind", "Features or tiles 要素或瓦片", {"type": "string", "enum": ["oapif", "tiles"]}),
    "scale": query("scale", "Of a picture 图片倍率", {"type": "number", "minimum": 0.5, "maximum": 4}),
}
FEATURE: Final[Json] = {
    "type": "object",
    "required": ["type", "properties"],
    "properties": {
        "type": {"type": "string", "enum": ["Feature"]},
        "id": {"type": "integer"},
        "geometry": {"type": "object", "nullable": True},
        "properties": {"type": "object", "nullable": True},
    },
}
PROBLEM: Final[Json] = {
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


def components() -> Json:
    """Return what the paths refer to."""
    return {
        "parameters": PARAMETERS,
        "schemas": {"problem": PROBLEM, "feature": FEATURE},
        "responses": {"problem": _problem_response()},
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
    }


def _problem_response() -> Json:
    schema = {"$ref": "#/components/schemas/problem"}
    return {
        "description": "What went wrong 错误",
        "content": {"application/problem+json": {"schema": schema}},
    }


def equality(item: Field) -> Json:
    """Return the parameter that filters by a property's value."""
    schema = dict(_SCHEMA_TYPES[item.type])
    if item.choices:
        schema["enum"] = [choice.value for choice in item.choices]
    return query(item.name, f"{item.title_zh} {item.title_en}", schema)
