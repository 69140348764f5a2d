"""What a layer says about itself: collection entry, schema and queryables as plain values.

Titles are Chinese where a client shows them as aliases; the description carries the English name.
Sources: OGC API Features Part 1, 17-069r4, 7.13; Part 3, 19-079r2 (queryables); Part 5, 23-058r1
(schemas); JSON Schema 2020-12.
"""

from collections.abc import Collection, Sequence
from typing import Final

from gis.crs import CRS84_URI, epsg_uri, served_crs_uris
from gis.layer import Field, Layer

_SCHEMA_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_GEOMETRY_FORMATS: Final = {
    "point": "geometry-point-or-multipoint",
    "line": "geometry-linestring-or-multilinestring",
    "polygon": "geometry-polygon-or-multipolygon",
}
_GEOMETRY_REFS: Final = {"point": "MultiPoint", "line": "MultiLineString", "polygon": "MultiPolygon"}
_JSON_TYPES: Final = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "date-time": {"type": "string", "format": "date-time"},
}

Extent = tuple[float, float, float, float]


def collection_document(
    layer: Layer, links: Sequence[dict[str, str]], extent: Extent | None = None
) -> dict[str, object]:
    """Return the entry of a collection, the same in the list and on its own.

    Parameters
    ----------
    layer : Layer
        As the caller may see it.
    links : sequence of dict
        Finished links: they are the web's part.
    extent : tuple, optional
        West, south, east, north in degrees; left out where nothing has a geometry.
    """
    document: dict[str, object] = {
        "id": layer.id,
        "title": layer.title_zh,
        "description": f"{layer.title_en}. {layer.description}".strip(),
        "itemType": "feature",
        "crs": list(served_crs_uris()),
        "storageCrs": epsg_uri(layer.srid),
        "links": list(links),
    }
    if extent is not None:
        document["extent"] = {"spatial": {"bbox": [list(extent)], "crs": CRS84_URI}}
    return document


def schema_document(layer: Layer, uri: str, writable: Collection[str] = ()) -> dict[str, object]:
    """Return the schema of a feature's properties, with the roles of Part 5.

    Parameters
    ----------
    writable : collection of str
        Properties that the reader may write, `geometry` among them; all others are marked as read only.
    """
    properties: dict[str, object] = {
        "id": {
            "type": "integer",
            "title": "编号",
            "x-ogc-role": "id",
            "x-ogc-propertySeq": 1,
            "readOnly": True,
        },
        "geometry": {
            "title": "几何",
            "format": _GEOMETRY_FORMATS[layer.geometry_type],
            "x-ogc-role": "primary-geometry",
            "x-ogc-propertySeq": 2,
            **_read_only("geometry", writable),
        },
    }
    for number, item in enumerate(layer.fields, start=3):
        role = {"x-ogc-role": "primary-instant"} if item.name == layer.time_field else {}
        locked = _read_only(item.name, writable)
        properties[item.name] = {**_property(item), "x-ogc-propertySeq": number, **role, **locked}
    return _document(layer, uri, properties)


def _read_only(name: str, writable: Collection[str]) -> dict[str, object]:
    return {} if name in writable else {"readOnly": True}


def queryables_document(layer: Layer, uri: str) -> dict[str, object]:
    """Return the properties that filters may name; nothing else is allowed (Part 3, clause 6).

    The geometry is a bare `$ref` without `type`: QGIS knows it by that.
    """
    reference = f"https://geojson.org/schema/{_GEOMETRY_REFS[layer.geometry_type]}.json"
    properties: dict[str, object] = {"geometry": {"$ref": reference}}
    properties |= {item.name: _property(item) for item in layer.fields if item.queryable}
    return _document(layer, uri, properties)


def sortables_document(layer: Layer, uri: str) -> dict[str, object]:
    """Return the properties that `sortby` may name."""
    return _document(layer, uri, {item.name: _property(item) for item in layer.fields if item.sortable})


def _document(layer: Layer, uri: str, properties: dict[str, object]) -> dict[str, object]:
    return {
        "$schema": _SCHEMA_DIALECT,
        "$id": uri,
        "type": "object",
        "title": layer.title_zh,
        "description": f"{layer.title_en}. {layer.description}".strip(),
        "properties": properties,
        "additionalProperties": False,
    }


def _property(item: Field) -> dict[str, object]:
    document: dict[str, object] = {**_JSON_TYPES[item.type], "title": item.title_zh}
    document["description"] = f"{item.title_en}. {item.description}".strip()
    if item.unit:
        document["x-ogc-unit"] = item.unit
    if item.choices:
        document["enum"] = [choice.value for choice in item.choices]
        document["oneOf"] = [{"const": choice.value, "title": choice.title_zh} for choice in item.choices]
    return document
