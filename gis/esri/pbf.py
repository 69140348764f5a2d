"""Features on a grid: Esri's binary feature collection, and Esri JSON with a `transform`.

Source: Esri, `FeatureCollection.proto`.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import orjson

from gis.esri.fields import OBJECT_ID, TYPES, outer_name
from gis.esri.grid import Counted, Grid, count_shapes
from gis.esri.messages import FeatureCollection
from gis.esri.page import Drawn, Page
from gis.esri.reference import reference_document
from gis.layer import Field, GeometryType, Layer

VERSION: Final = "1.0"
GEOMETRY_TYPES: Final[dict[GeometryType, str]] = {
    "point": "esriGeometryPoint",
    "line": "esriGeometryPolyline",
    "polygon": "esriGeometryPolygon",
}
_NUMBERS: Final[dict[GeometryType, int]] = {"point": 0, "line": 2, "polygon": 3}
_FIELD_NUMBERS: Final = {
    "esriFieldTypeInteger": 1,
    "esriFieldTypeDouble": 3,
    "esriFieldTypeString": 4,
    "esriFieldTypeDate": 5,
}
_OID_NUMBER: Final = 6
_NO_GEOMETRY: Final = 127


def encode_features(layer: Layer, page: Page, drawn: Drawn, grid: Grid) -> bytes:
    """Return the features as a binary feature collection.

    A value that is NULL is a value without content; dates are milliseconds since 1970.
    """
    collection = FeatureCollection(version=VERSION)
    result = collection.queryResult.featureResult
    result.objectIdFieldName = OBJECT_ID
    result.uniqueIdField.name = OBJECT_ID
    result.uniqueIdField.isSystemMaintained = True
    result.geometryType = _NUMBERS[layer.geometry_type] if page.shapes else _NO_GEOMETRY
    reference = reference_document(page.crs)
    result.spatialReference.wkid = reference["wkid"]
    result.spatialReference.lastestWkid = reference["latestWkid"]
    result.exceededTransferLimit = drawn.exceeded
    _add_transform(result.transform, grid)
    for item in page.fields:
        _add_field(result, layer, item)
    counted = count_shapes(drawn.shapes, layer.geometry_type, grid)
    for values, shape in zip(drawn.values, counted, strict=True):
        _add_feature(result.features.add(), page.fields, values, shape)
    encoded: bytes = collection.SerializeToString()
    return encoded


def _add_transform(transform: Any, grid: Grid) -> None:
    transform.quantizeOriginPostion = 0 if grid.origin == "upperLeft" else 1
    transform.scale.xScale = transform.scale.yScale = grid.step
    transform.translate.xTranslate, transform.translate.yTranslate = grid.x, grid.y


def _add_field(result: Any, layer: Layer, item: Field) -> None:
    is_id = item.name == layer.id_column
    result.fields.add(
        name=outer_name(layer, item),
        fieldType=_OID_NUMBER if is_id else _FIELD_NUMBERS[TYPES[item.type]],
        alias=item.title_zh,
    )


def _add_feature(
    feature: Any, fields: Sequence[Field], values: Sequence[object], shape: Counted | None
) -> None:
    for item, value in zip(fields, values, strict=True):
        added = feature.attributes.add()
        if value is not None:
            _set_value(added, item, value)
    if shape is not None:
        feature.geometry.lengths.extend(shape.lengths)
        feature.geometry.coords.extend(shape.numbers)


def _set_value(added: Any, item: Field, value: Any) -> None:
    match item.type:
        case "string":
            added.string_value = value
        case "number":
            added.double_value = float(value)
        case "integer" | "boolean":
            added.sint64_value = int(value)
        case _:
            added.sint64_value = value


def encode_count(count: int) -> bytes:
    """Return a count in the same coding."""
    collection = FeatureCollection(version=VERSION)
    collection.queryResult.countResult.count = count
    encoded: bytes = collection.SerializeToString()
    return encoded


def encode_ids(ids: Sequence[int]) -> bytes:
    """Return object ids in the same coding."""
    collection = FeatureCollection(version=VERSION)
    collection.queryResult.idsResult.objectIdFieldName = OBJECT_ID
    collection.queryResult.idsResult.objectIds.extend(ids)
    encoded: bytes = collection.SerializeToString()
    return encoded


def quantised_features(layer: Layer, page: Page, drawn: Drawn, grid: Grid) -> bytes:
    """Return the features as Esri JSON on a grid, with commas between: parts begin with an absolute position."""
    names = [outer_name(layer, item) for item in page.fields]
    features = []
    counted = count_shapes(drawn.shapes, layer.geometry_type, grid)
    for values, shape in zip(drawn.values, counted, strict=True):
        attributes = dict(zip(names, (_plain(value) for value in values), strict=True))
        features.append({"attributes": attributes, "geometry": _grid_shape(shape, layer.geometry_type)})
    return b",".join(orjson.dumps(feature) for feature in features)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float) else float(value)


def _grid_shape(counted: Counted | None, kind: GeometryType) -> dict[str, Any] | None:
    if counted is None:
        return None
    if kind == "point":
        return {"x": counted.numbers[0], "y": counted.numbers[1]}
    pairs = [list(pair) for pair in zip(counted.numbers[::2], counted.numbers[1::2], strict=True)]
    ends = np.cumsum(counted.lengths).tolist()
    starts = [0, *ends[:-1]]
    parts = [pairs[start:end] for start, end in zip(starts, ends, strict=True)]
    return {"rings" if kind == "polygon" else "paths": parts}
