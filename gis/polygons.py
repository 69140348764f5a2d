"""Polygons that come in from outside: read in the sender's axis order, checked, never repaired in silence.

Messages name places in the coordinates the sender wrote, so that they can be found again in the sender's program.
Sources: RFC 7946, 3.1; OGC API Features Part 2, 18-058r1 (axis order); Simple Features, 06-103r4 (validity).
"""

import re
from collections.abc import Sequence
from math import isfinite
from typing import Any, Final

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from gis.area import geodesic_area_m2
from gis.crs import STORED_SRID, Crs, transformer, zone_easting_range, zone_for_longitude
from gis.errors import InvalidGeometryError, TooComplexError

MAX_VERTICES: Final = 200_000
LEAST_AREA_M2: Final = 0.01
MOST_AREA_M2: Final = 1e10
"""10,000 km²: more than any district; an area above it is a mistake of coordinates."""

NORTH_LIMIT_DEG: Final = 60.0
_ZONE_OVERLAP_DEG: Final = 3.0
_PLACE = re.compile(r"(.*)\[(\S+) (\S+)\]")
_REASONS_ZH: Final = {
    "Self-intersection": "自相交",
    "Ring Self-intersection": "环自相交",
    "Hole lies outside shell": "内环位于外环之外",
    "Holes are nested": "内环互相嵌套",
    "Nested shells": "多个面互相重叠",
    "Interior is disconnected": "内部不连通",
    "Duplicate Rings": "环重复",
    "Too few points in geometry component": "环的点数不足",
}


def polygon_from_geojson(geometry: object, crs: Crs) -> MultiPolygon:
    """Read a GeoJSON Polygon or MultiPolygon; x is east or longitude in what comes back.

    Heights and measures are dropped, an open ring is closed, a single polygon becomes a multipolygon.

    Parameters
    ----------
    geometry : object
        A parsed JSON value.
    crs : Crs
        Of the coordinates; where it is `swapped` they stand north or latitude first.

    Raises
    ------
    InvalidGeometryError
        No such geometry; the message says at which coordinate.

    Examples
    --------
    >>> from gis.crs import CRS84
    >>> polygon_from_geojson({"type": "Polygon", "coordinates": [[[0, 0, 9], [1, 0, 9], [1, 1, 9]]]}, CRS84).wkt
    'MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))'
    """
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if not isinstance(geometry, dict) or kind not in ("Polygon", "MultiPolygon"):
        raise _refused(
            f"The geometry is {_called(kind)}; a Polygon or MultiPolygon is needed.",
            f"几何类型为 {_called(kind)}；应为 Polygon 或 MultiPolygon。",
        )
    members = geometry.get("coordinates")
    parts = [members] if kind == "Polygon" else _list(members, "coordinates")
    place = "coordinates" if kind == "Polygon" else "coordinates[{}]"
    polygons = [_polygon(part, place.format(number), crs.swapped) for number, part in enumerate(parts)]
    return MultiPolygon([polygon for polygon in polygons if not polygon.is_empty])


def _called(kind: object) -> str:
    return repr(kind)[:40] if kind is not None else "null"


def _list(value: object, place: str) -> list[Any]:
    if isinstance(value, list):
        return value
    raise _refused(f"{place} is no array.", f"{place} 不是数组。", place)


def _polygon(rings: object, place: str, swapped: bool) -> Polygon:
    read = [_ring(ring, f"{place}[{n}]", swapped) for n, ring in enumerate(_list(rings, place))]
    if not read:
        return Polygon()
    try:
        return Polygon(read[0], read[1:])
    except (ValueError, ShapelyError) as error:
        raise _refused(
            f"{place} is no polygon ({error}).", f"{place} 不是有效的面（{error}）。", place
        ) from error


def _ring(positions: object, place: str, swapped: bool) -> list[tuple[float, float]]:
    ring = [_position(each, f"{place}[{n}]", swapped) for n, each in enumerate(_list(positions, place))]
    if len(set(ring)) >= 3:
        return ring
    raise _refused(f"{place} has fewer than three different points.", f"{place} 不足三个不同的点。", place)


def _position(value: object, place: str, swapped: bool) -> tuple[float, float]:
    if isinstance(value, list) and 2 <= len(value) <= 4 and all(_is_number(each) for each in value):
        first, second = float(value[0]), float(value[1])
        return (second, first) if swapped else (first, second)
    raise _refused(
        f"{place} is no position of two or three finite numbers.",
        f"{place} 不是由两个或三个有限数值组成的坐标。",
        place,
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def check_polygon(geometry: BaseGeometry, crs: Crs) -> MultiPolygon:
    """Check a polygon (x east) and return it flat, as a multipolygon.

    Raises
    ------
    InvalidGeometryError
        Another type, empty, not finite, outside of its coordinate system or of the CGCS2000 zones, wider than a
        zone, crossing itself, or of an area that cannot be meant. Nothing is repaired.
    TooComplexError
        More vertices than one feature may have.
    """
    polygon = _multi(geometry)
    _check_range(polygon, crs)
    _check_valid(polygon, crs)
    area_m2 = geodesic_area_m2(in_degrees(polygon, crs))
    if LEAST_AREA_M2 <= area_m2 <= MOST_AREA_M2:
        return polygon
    raise _refused(
        f"The area would be {area_m2:.6g} m²; {LEAST_AREA_M2} m² to {MOST_AREA_M2 / 1e6:.0f} km² are taken. "
        "Check the coordinates and their CRS.",
        f"面积为 {area_m2:.6g} m²，超出可接受范围（{LEAST_AREA_M2} m² 至 {MOST_AREA_M2 / 1e6:.0f} km²）；请核对坐标及坐标系。",
    )


def in_degrees(polygon: BaseGeometry, crs: Crs) -> Any:
    """Return the polygon in longitude, latitude (EPSG:4490), vertex by vertex."""
    return transformer(crs.srid, STORED_SRID).geometry(polygon)


def is_same_shape(one: BaseGeometry, other: BaseGeometry, tolerance: float) -> bool:
    """Say whether two polygons have the same rings in the same order, vertex by vertex within a tolerance.

    Where a ring begins and which way it runs does not matter. The time grows with the number of vertices.

    Examples
    --------
    >>> a = Polygon([(0, 0), (1, 0), (1, 1)])
    >>> is_same_shape(a, Polygon([(1, 1), (0, 0), (1, 0)]), 1e-9), is_same_shape(a, Polygon([(0, 0), (1, 0), (1, 2)]), 1e-9)
    (True, False)
    """
    rings, others = _rings(one), _rings(other)
    if len(rings) != len(others):
        return False
    return all(_is_same_ring(a, b, tolerance) for a, b in zip(rings, others, strict=True))


def _rings(polygon: BaseGeometry) -> list[np.ndarray]:
    """Return the vertices of every ring, each once."""
    return [shapely.get_coordinates(ring)[:-1] for ring in shapely.get_rings(shapely.get_parts(polygon))]


def _is_same_ring(ring: np.ndarray, other: np.ndarray, tolerance: float) -> bool:
    if len(ring) != len(other):
        return False
    for way in (other, other[::-1]):
        starts = np.flatnonzero(np.abs(way - ring[0]).max(axis=1) <= tolerance)
        if any(np.abs(np.roll(way, -start, axis=0) - ring).max() <= tolerance for start in starts[:4]):
            return True
    return False


def _multi(geometry: BaseGeometry) -> MultiPolygon:
    if not isinstance(geometry, Polygon | MultiPolygon):
        raise _refused(
            f"The geometry is a {geometry.geom_type}; a Polygon or MultiPolygon is needed.",
            f"几何类型为 {geometry.geom_type}；应为 Polygon 或 MultiPolygon。",
        )
    if geometry.is_empty:
        raise _refused("The geometry is empty; draw the outline.", "几何为空；请绘制边界。")
    vertices = int(shapely.get_num_coordinates(geometry))
    if vertices > MAX_VERTICES:
        raise TooComplexError(
            f"The geometry has {vertices} vertices; up to {MAX_VERTICES} are taken. Simplify or split it.",
            f"几何有 {vertices} 个顶点，上限为 {MAX_VERTICES}；请简化或拆分。",
            where="geometry",
        )
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        raise _refused("Some coordinates are no finite numbers.", "存在非有限数值的坐标。")
    flat = shapely.force_2d(geometry)
    return flat if isinstance(flat, MultiPolygon) else MultiPolygon([flat])


def _check_range(polygon: MultiPolygon, crs: Crs) -> None:
    allowed = zone_easting_range(crs.srid)
    west, _, east, _ = polygon.bounds
    if allowed is not None and not (allowed[0] <= west and east <= allowed[1]):
        raise _refused(
            f"Eastings {west:.0f} to {east:.0f} do not belong to EPSG:{crs.srid} ({allowed[0]:.0f} to "
            f"{allowed[1]:.0f}): check the zone number and the axis order ({_order(crs, 'en')}).",
            f"横坐标 {west:.0f} 至 {east:.0f} 不属于 EPSG:{crs.srid}（{allowed[0]:.0f} 至 {allowed[1]:.0f}）："
            f"请核对带号与坐标轴顺序（{_order(crs, 'zh')}）。",
        )
    bounds = in_degrees(polygon, crs).bounds
    if not all(isfinite(bound) for bound in bounds) or not 0 <= bounds[1] <= bounds[3] <= NORTH_LIMIT_DEG:
        raise _refused(
            f"Latitudes {bounds[1]:.4f}° to {bounds[3]:.4f}° lie outside of 0° to {NORTH_LIMIT_DEG:.0f}° north: check "
            f"Content-Crs and its axis order ({_order(crs, 'en')}).",
            f"纬度 {bounds[1]:.4f}° 至 {bounds[3]:.4f}° 超出北纬 0° 至 {NORTH_LIMIT_DEG:.0f}°："
            f"请核对 Content-Crs 及其坐标轴顺序（{_order(crs, 'zh')}）。",
        )
    _check_zones(bounds[0], bounds[2])


def _check_zones(west: float, east: float) -> None:
    first, last = zone_for_longitude(west), zone_for_longitude(east)
    if first == last or east - west <= _ZONE_OVERLAP_DEG:
        return
    raise _refused(
        f"The geometry spans the 3-degree zones {first} to {last}; split it at the zone edge.",
        f"几何跨越 {first} 至 {last} 号三度带；请在分带线处拆分。",
    )


def _order(crs: Crs, lang: str) -> str:
    if lang == "zh":
        return "纬度/北在前" if crs.swapped else "经度/东在前"
    return "latitude or north first" if crs.swapped else "longitude or east first"


def _check_valid(polygon: MultiPolygon, crs: Crs) -> None:
    if polygon.is_valid:
        return
    reason, place = _fault(explain_validity(polygon), crs)
    raise _refused(
        f"The polygon is invalid: {reason}{' at ' + place if place else ''}. Mend the ring there "
        "(QGIS: Processing → Fix geometries) and send it again.",
        f"面无效：{_REASONS_ZH.get(reason, reason)}{'，位置 ' + place if place else ''}。请修正该处边界"
        "（QGIS：处理工具 → 修复几何图形）后重新提交。",
    )


def _fault(explanation: str, crs: Crs) -> tuple[str, str]:
    found = _PLACE.fullmatch(explanation)
    if found is None:
        return explanation, ""
    values: Sequence[str] = [
        f"{float(text):.{crs.decimals}f}".rstrip("0").rstrip(".") for text in found.groups()[1:]
    ]
    return found[1], f"({', '.join(reversed(values) if crs.swapped else values)})"


def _refused(en: str, zh: str, where: str = "") -> InvalidGeometryError:
    return InvalidGeometryError(en, zh, where=f"geometry.{where}" if where else "geometry")
