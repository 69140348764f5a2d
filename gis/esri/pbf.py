"""Esri's binary feature collection: coordinates counted in steps of a grid, each as its distance to the last one.

The same counting makes the `transform` of quantised JSON. Rings and paths each begin with an absolute position.
Source: Esri, `FeatureCollection.proto`; Esri REST API, "Query", `quantizationParameters`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import Crs
from gis.errors import InvalidParameterError
from gis.esri.fields import OBJECT_ID, TYPES, outer_name
from gis.esri.messages import FeatureCollection
from gis.esri.page import Drawn, Page
from gis.esri.reference import parse_reference, reference_document
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
_FINEST_DEGREES: Final = 1e-9
_FINEST_METRES: Final = 1e-4

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Grid:
    """A grid of whole numbers over a coordinate system.

    Parameters
    ----------
    step : float
        Width of a cell, in units of the coordinate system.
    x, y : float
        Where the numbers begin.
    origin : {"upperLeft", "lowerLeft"}
        Whether y is counted downwards or upwards.
    """

    step: float
    x: float = 0.0
    y: float = 0.0
    origin: Literal["upperLeft", "lowerLeft"] = "upperLeft"

    def counted(self, coordinates: Array) -> Array:
        """Return coordinates in steps of the grid."""
        down = -1.0 if self.origin == "upperLeft" else 1.0
        steps = (coordinates - (self.x, self.y)) / (self.step, down * self.step)
        return np.rint(steps).astype(np.int64)

    def document(self) -> dict[str, Any]:
        """Return the `transform` of a JSON answer."""
        return {
            "originPosition": self.origin,
            "scale": [self.step, self.step, 0, 0],
            "translate": [self.x, self.y, 0, 0],
        }


def finest_grid(crs: Crs) -> Grid:
    """Return the grid that loses nothing a survey could see: a ten-thousandth of a millimetre of arc, 0.1 mm."""
    return Grid(_FINEST_DEGREES if crs.degrees else _FINEST_METRES)


def parse_grid(text: str, crs: Crs) -> Grid | None:
    """Read `quantizationParameters`; None where none are given.

    A grid of another coordinate system than the answer's is left aside, as one without a tolerance is.

    Raises
    ------
    InvalidParameterError
        No JSON object, or numbers that are no extent and tolerance.
    """
    if not text.strip():
        return None
    try:
        given = orjson.loads(text)
        extent, step = given["extent"], float(given.get("tolerance") or 0)
        corner = float(extent["xmin"]), float(extent["ymax"]), float(extent["ymin"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _bad_grid(text) from error
    if (
        extent.get("spatialReference")
        and parse_reference(extent["spatialReference"], "quantizationParameters").srid != crs.srid
    ):
        return None
    if not all(abs(number) < 1e10 for number in corner) or not step >= 0 or step > 1e7:
        raise _bad_grid(text)
    if step < (_FINEST_DEGREES if crs.degrees else _FINEST_METRES):
        return None
    if given.get("originPosition") == "lowerLeft":
        return Grid(step, corner[0], corner[2], "lowerLeft")
    return Grid(step, corner[0], corner[1])


def _bad_grid(text: str) -> InvalidParameterError:
    return InvalidParameterError(
        f"quantizationParameters={text[:60]!r} needs extent (xmin … ymax) and tolerance.",
        f"quantizationParameters={text[:60]!r} 需要 extent（xmin … ymax）和 tolerance。",
        where="quantizationParameters",
    )


@dataclass(frozen=True)
class Counted:
    """One shape on a grid: the number of points of each part, and all coordinates one behind the other."""

    lengths: list[int]
    numbers: list[int]


def count_shape(shape: BaseGeometry | None, kind: GeometryType, grid: Grid) -> Counted | None:
    """Return a shape on a grid; None where there is nothing to draw.

    Parts that shrink to less than a line or an area are left out, but never all of them: the largest stays.

    Examples
    --------
    >>> count_shape(shapely.Point(3, 4), "point", Grid(1.0, 0, 10))
    Counted(lengths=[], numbers=[3, 6])
    """
    if shape is None or shape.is_empty:
        return None
    if kind == "point":
        return Counted([], grid.counted(shapely.get_coordinates(shape)[:1]).ravel().tolist())
    parts = [grid.counted(part) for part in _parts(shape)]
    thin = [_thinned(part) for part in parts]
    least = 4 if kind == "polygon" else 2
    kept = [part for part in thin if len(part) >= least] or [max(parts, key=len)]
    lengths = [len(part) for part in kept]
    return Counted(lengths, np.concatenate([_distances(part) for part in kept]).ravel().tolist())


def _parts(shape: BaseGeometry) -> list[Array]:
    if shape.geom_type.endswith("Polygon"):
        rings = [ring for face in shapely.get_parts(shape) for ring in (face.exterior, *face.interiors)]
        return [shapely.get_coordinates(ring) for ring in rings]
    return [shapely.get_coordinates(line) for line in shapely.get_parts(shape)]


def _thinned(part: Array) -> Array:
    """Return the points without those that fall on the one before."""
    moved = np.insert((part[1:] != part[:-1]).any(axis=1), 0, values=True)
    thinned: Array = part[moved]
    return thinned


def _distances(part: Array) -> Array:
    return np.vstack([part[:1], np.diff(part, axis=0)])


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
    for values, shape in zip(drawn.values, drawn.shapes, strict=True):
        _add_feature(
            result.features.add(), page.fields, values, count_shape(shape, layer.geometry_type, grid)
        )
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
    for values, shape in zip(drawn.values, drawn.shapes, strict=True):
        counted = count_shape(shape, layer.geometry_type, grid)
        attributes = dict(zip(names, (_plain(value) for value in values), strict=True))
        features.append({"attributes": attributes, "geometry": _grid_shape(counted, layer.geometry_type)})
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
