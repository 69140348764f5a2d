"""Spatial relations between a layer's geometry and geometries in the filter's coordinate system.

The box operator `&&` stands beside every relation that implies meeting boxes, in plain sight, because the index
answers it also under row-level security. Relations other than S_INTERSECTS and S_DISJOINT are unknown for a row
whose geometry is invalid: GEOS may fail on such.
Source: OGC CQL2, 21-065r2, 8.4; OGC 06-103r4 for the relations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry import GeometryCollection
from shapely.geometry.base import BaseGeometry

from gis.cql2.faults import fault
from gis.cql2.scalars import exactly
from gis.cql2.terms import Scope, wrong_kind
from gis.crs import STORED_SRID, Crs, transformer
from gis.errors import GisError, InvalidGeometryError
from gis.filters import Bbox, Frame, parse_bbox
from gis.geojson import read_geojson_shape

RELATIONS: Final = {
    "s_intersects": "ST_Intersects",
    "s_disjoint": "ST_Intersects",
    "s_within": "ST_Within",
    "s_contains": "ST_Contains",
    "s_touches": "ST_Touches",
    "s_overlaps": "ST_Overlaps",
    "s_crosses": "ST_Crosses",
    "s_equals": "ST_Equals",
}
_EDGE_PARTS: Final = 32
_TYPES: Final = frozenset(
    ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection")
)


@dataclass(frozen=True)
class _Shape:
    """One side of a relation: the layer's geometry, or one of the filter."""

    sql: str
    stored: bool


def related(scope: Scope, op: str, arguments: list[Any]) -> str:
    """Return a spatial relation of two geometries."""
    left, right = (_geometry(scope, op, node) for node in exactly(op, arguments, 2))
    meets = f"({left.sql} && {right.sql} AND ST_Intersects({left.sql}, {right.sql}))"
    if op == "s_intersects":
        return meets
    if op == "s_disjoint":
        return f"(NOT {meets})"
    sound = " AND ".join(f"ST_IsValid({side.sql})" for side in (left, right) if side.stored)
    relation = f"{RELATIONS[op]}({left.sql}, {right.sql})"
    asked = f"CASE WHEN {sound} THEN {relation} END" if sound else relation
    return f"({left.sql} && {right.sql} AND {asked})"


def _geometry(scope: Scope, op: str, node: Any) -> _Shape:
    if isinstance(node, dict) and "property" in node:
        term = scope.property(node["property"])
        if term.kind != "geometry":
            raise wrong_kind(term, "geometry", op)
        return _Shape(term.sql, stored=True)
    found = _literal(scope.crs, node)
    if isinstance(found, GeometryCollection) and op not in ("s_intersects", "s_disjoint"):
        raise fault(
            f"{op} takes no GEOMETRYCOLLECTION; ask with its parts, joined by AND or OR",
            f"{op} 不支持 GEOMETRYCOLLECTION；请拆分后用 AND 或 OR 连接",
        )
    ewkb = shapely.to_wkb(shapely.set_srid(found, STORED_SRID), include_srid=True)
    return _Shape(f"ST_GeomFromEWKB({scope.bind(ewkb, 'bytea')})", stored=False)


def _literal(crs: Crs, node: Any) -> BaseGeometry:
    if isinstance(node, dict) and "bbox" in node:
        return _box(crs, node["bbox"])
    if isinstance(node, dict) and str(node.get("op")).lower() == "envelope":  # its name in drafts of CQL2
        return _box(crs, node.get("args"))
    if isinstance(node, dict) and isinstance(node.get("type"), str) and node["type"] in _TYPES:
        return _stored(crs, _read(node))
    raise fault(
        "a geometry is needed: geom, a geometry in WKT or GeoJSON, or BBOX(…)",
        "此处需要几何：geom、WKT 或 GeoJSON 几何，或 BBOX(…)",
    )


def _box(crs: Crs, numbers: Any) -> BaseGeometry:
    if not isinstance(numbers, list) or not all(_is_number(number) for number in numbers):
        raise fault("BBOX takes 4 or 6 numbers", "BBOX 需要 4 个或 6 个数")
    box = parse_bbox(",".join(map(repr, numbers)), crs)
    if isinstance(box, Frame):
        return shapely.from_wkb(box.ewkb)
    if box.west > box.east:
        return _rectangle(box, box.west, 180.0).union(_rectangle(box, -180.0, box.east))
    return _rectangle(box, box.west, box.east)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _rectangle(box: Bbox, west: float, east: float) -> BaseGeometry:
    if west == east or box.south == box.north:  # no area: a point or a line
        return shapely.MultiPoint([(west, box.south), (east, box.north)]).envelope
    return shapely.box(west, box.south, east, box.north)


def _read(node: Mapping[str, Any]) -> BaseGeometry:
    try:
        given = read_geojson_shape(node)
    except InvalidGeometryError as error:
        raise _bad_geometry("its coordinates cannot be read", "坐标无法读取") from error
    with np.errstate(invalid="ignore"):  # NaN is answered below, with words
        found = shapely.force_2d(given)
    if found.is_empty or not np.isfinite(shapely.get_coordinates(found)).all():
        raise _bad_geometry("it is empty or its numbers are not finite", "为空或数值不是有限数")
    if not found.is_valid:
        reason = shapely.is_valid_reason(found)
        raise _bad_geometry(f"it is not valid ({reason})", f"图形无效（{reason}）")
    return found


def _bad_geometry(en: str, zh: str) -> GisError:
    return fault(f"a geometry is wrong: {en}", f"几何有误：{zh}")


def _stored(crs: Crs, geometry: BaseGeometry) -> BaseGeometry:
    """Return the geometry in the stored CRS; its edges are straight in the CRS it was given in."""
    if crs.swapped:
        geometry = shapely.transform(geometry, lambda xy: xy[:, ::-1])
    if crs.degrees:
        return geometry
    west, south, east, north = geometry.bounds
    edge = max(east - west, north - south) / _EDGE_PARTS
    if edge > 0:
        geometry = shapely.segmentize(geometry, edge)
    found = transformer(crs.srid, STORED_SRID).geometry(geometry)
    if not np.isfinite(shapely.get_coordinates(found)).all():
        raise _bad_geometry(f"it reaches beyond EPSG:{crs.srid}", f"超出 EPSG:{crs.srid} 的范围")
    return found
