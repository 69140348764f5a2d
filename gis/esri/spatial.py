"""`geometry`, `geometryType`, `inSR`, `spatialRel`, `distance` of a query into one condition.

The relations are those of the geometry that is asked with: `Contains` finds what lies inside of it, `Within` what
lies around it.
Source: Esri REST API, "Query (Feature Service/Layer)"; ArcGIS SDK, "esriSpatialRelEnum".
"""

from collections.abc import Mapping
from math import cos, isfinite, radians
from typing import Any, Final

import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import STORED_SRID, Crs, transformer
from gis.errors import InvalidGeometryError, InvalidParameterError, TooComplexError
from gis.esri.geometry import parse_shape
from gis.esri.reference import parse_reference
from gis.filters import bbox_condition, parse_bbox
from gis.layer import Layer
from gis.statement import EVERYTHING, NOTHING, Condition

MOST_QUERY_VERTICES: Final = 20_000
FARTHEST_M: Final = 200_000.0
_SHAPE: Final = "ST_GeomFromEWKB(%(esri_shape)s)"
_BOX_EDGE_POINTS: Final = 32
_METRES_PER_DEGREE: Final = 111_000.0
_RELATIONS: Final = {
    "intersects": "ST_Intersects({shape}, {geometry})",
    "contains": "ST_Contains({shape}, {geometry})",
    "within": "ST_Within({shape}, {geometry})",
    "crosses": "ST_Crosses({shape}, {geometry})",
    "touches": "ST_Touches({shape}, {geometry})",
    "overlaps": "ST_Overlaps({shape}, {geometry})",
    "envelopeintersects": "ST_Intersects(ST_Envelope({shape}), ST_Envelope({geometry}))",
    "indexintersects": "TRUE",  # the index compares boxes: `&&` stands beside it already
}
_METRES: Final = {
    "esrisrunit_meter": 1.0,
    "esrisrunit_kilometer": 1000.0,
    "esrisrunit_foot": 0.3048,
    "esrisrunit_statutemile": 1609.344,
    "esrisrunit_nauticalmile": 1852.0,
    "esrisrunit_usnauticalmile": 1852.0,
}


def spatial_condition(layer: Layer, parameters: Mapping[str, str]) -> Condition:
    """Return the rows that stand in the relation asked for; all where no geometry is given.

    Parameters
    ----------
    parameters : mapping of str to str
        By lower-case name: `geometry`, `geometrytype`, `insr`, `spatialrel`, `distance`, `units`.

    Raises
    ------
    InvalidGeometryError, InvalidParameterError, TooComplexError
        The geometry cannot be read or the relation is not known. An invalid polygon is repaired.
    """
    text = parameters.get("geometry", "").strip()
    if not text:
        return EVERYTHING
    relation = _relation(parameters.get("spatialrel", ""))
    document = _document(text, parameters.get("geometrytype", ""))
    crs = parse_reference(parameters.get("insr") or document.get("spatialReference"), "inSR")
    metres = _distance_m(parameters)
    if "xmin" in document and relation == "intersects" and not metres:
        return _box(layer, document, crs)
    shape = _stored(parse_shape(document), crs, boxed="xmin" in document)
    if shape.is_empty:
        return NOTHING
    if metres:
        return _near(layer, shape, metres)
    params = {"esri_shape": shapely.to_wkb(shapely.set_srid(shape, STORED_SRID), include_srid=True)}
    geometry = layer.geometry_sql()
    related = _RELATIONS[relation].format(shape=_SHAPE, geometry=geometry)
    return Condition(f"{geometry} && {_SHAPE} AND {related}", params)


def _relation(text: str) -> str:
    name = text.strip().lower().removeprefix("esrispatialrel") or "intersects"
    if name in _RELATIONS:
        return name
    known = ", ".join(sorted(_RELATIONS))
    raise InvalidParameterError(
        f"spatialRel {text[:60]!r} is not known; there are {known}.",
        f"spatialRel {text[:60]!r} 不支持；可用：{known}。",
        where="spatialRel",
    )


def _document(text: str, kind: str) -> dict[str, Any]:
    if not text.startswith("{"):
        return _from_commas(text, kind)
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _unreadable(text) from error
    return document if isinstance(document, dict) else {}


def _from_commas(text: str, kind: str) -> dict[str, Any]:
    try:
        numbers = [float(part) for part in text.split(",", 4)]
    except ValueError as error:
        raise _unreadable(text) from error
    if len(numbers) == 2 and kind.lower() in ("", "esrigeometrypoint"):
        return {"x": numbers[0], "y": numbers[1]}
    if len(numbers) == 4:
        return dict(zip(("xmin", "ymin", "xmax", "ymax"), numbers, strict=True))
    raise _unreadable(text)


def _unreadable(text: str) -> InvalidGeometryError:
    return InvalidGeometryError(
        f"geometry={text[:60]!r} is neither JSON nor xmin,ymin,xmax,ymax nor x,y.",
        f"geometry={text[:60]!r} 既不是 JSON，也不是 xmin,ymin,xmax,ymax 或 x,y。",
        where="geometry",
    )


def _box(layer: Layer, document: Mapping[str, Any], crs: Crs) -> Condition:
    """Read a box as `bbox` is read at the other doors, so that both find the same rows."""
    corners = [document.get(name) for name in ("xmin", "ymin", "xmax", "ymax")]
    text = ",".join(repr(float(part)) if isinstance(part, int | float) else str(part) for part in corners)
    return bbox_condition(layer, parse_bbox(text, crs))


def _stored(shape: BaseGeometry, crs: Crs, *, boxed: bool) -> BaseGeometry:
    if shapely.get_num_coordinates(shape) > MOST_QUERY_VERTICES:
        raise TooComplexError(
            f"The geometry of a query may have {MOST_QUERY_VERTICES} vertices; simplify it.",
            f"查询几何最多 {MOST_QUERY_VERTICES} 个顶点；请先简化。",
            where="geometry",
        )
    if boxed and not crs.degrees and shape.length > 0:  # a straight edge of a zone is bent in degrees
        west, south, east, north = shape.bounds
        shape = shapely.segmentize(shape, max(east - west, north - south) / _BOX_EDGE_POINTS)
    degrees = transformer(crs.srid, STORED_SRID).geometry(shape)
    if not all(isfinite(bound) for bound in degrees.bounds) and not shape.is_empty:
        raise InvalidGeometryError(
            f"The geometry reaches beyond EPSG:{crs.srid}.",
            f"几何超出 EPSG:{crs.srid} 的范围。",
            where="geometry",
        )
    return degrees if degrees.is_valid else shapely.make_valid(degrees)


def _distance_m(parameters: Mapping[str, str]) -> float:
    text = parameters.get("distance", "").strip()
    if not text:
        return 0.0
    unit = parameters.get("units", "").strip().lower() or "esrisrunit_meter"
    try:
        metres = float(text) * _METRES[unit]
    except (ValueError, KeyError) as error:
        raise _bad_distance(text, unit) from error
    if 0 <= metres <= FARTHEST_M:
        return metres
    raise _bad_distance(text, unit)


def _bad_distance(text: str, unit: str) -> InvalidParameterError:
    return InvalidParameterError(
        f"distance={text[:40]!r} {unit[:40]} is no length from 0 to {FARTHEST_M / 1000:.0f} km.",
        f"distance={text[:40]!r} {unit[:40]} 不是 0 到 {FARTHEST_M / 1000:.0f} 公里的长度。",
        where="distance",
    )


def _near(layer: Layer, shape: BaseGeometry, metres: float) -> Condition:
    """Return the rows within a distance on the ellipsoid; the box around it is what the index answers."""
    _, south, _, north = shape.bounds
    margin = metres / _METRES_PER_DEGREE
    lat_deg = min(89.0, max(abs(south), abs(north)) + margin)
    params = {
        "esri_shape": shapely.to_wkb(shapely.set_srid(shape, STORED_SRID), include_srid=True),
        "esri_metres": metres,
        "esri_dx": margin / cos(radians(lat_deg)),
        "esri_dy": margin,
    }
    geometry = layer.geometry_sql()
    box = f"ST_Expand(ST_Envelope({_SHAPE}), %(esri_dx)s::float8, %(esri_dy)s::float8)"
    near = f"ST_DWithin({geometry}::geography, {_SHAPE}::geography, %(esri_metres)s::float8)"
    return Condition(f"{geometry} && {box} AND {near}", params)
