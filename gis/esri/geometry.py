"""Esri geometry JSON into shapes: points, multipoints, paths, rings, envelopes.

Rings of Esri carry no nesting: a clockwise ring is an outer one, the others are holes of the smallest outer ring
around them. A ring that runs the wrong way and lies in no other counts as an outer one.
Source: Esri REST API, "Geometry objects".
"""

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.errors import InvalidGeometryError, TooComplexError

MOST_VERTICES: Final = 100_000


def parse_shape(value: object) -> BaseGeometry:
    """Read one geometry object; heights and measures are dropped.

    Returns
    -------
    BaseGeometry
        In the geometry's own coordinates, x east. Empty where Esri writes an empty one. Not checked for
        validity: who stores it does that.

    Raises
    ------
    InvalidGeometryError
        No geometry object, curves, coordinates that are no finite numbers, rings of fewer than 3 points.
    TooComplexError
        More than 100,000 vertices.

    Examples
    --------
    >>> parse_shape({"x": 115.8, "y": 33.0}).wkt
    'POINT (115.8 33)'
    >>> parse_shape({"rings": [[[0, 0], [0, 2], [2, 2], [2, 0], [0, 0]]]}).geom_type
    'Polygon'
    """
    if not isinstance(value, dict):
        raise _bad("it is no JSON object", "不是 JSON 对象")
    for name, read in _READERS.items():
        if name in value:
            return read(value)
    raise _bad(
        "it has neither x/y, points, paths, rings nor xmin…ymax; curves are not read",
        "缺少 x/y、points、paths、rings 或 xmin…ymax；不支持曲线",
    )


def _bad(en: str, zh: str) -> InvalidGeometryError:
    return InvalidGeometryError(
        f"The geometry cannot be read: {en}.", f"几何无法读取：{zh}。", where="geometry"
    )


def _point(value: dict[str, Any]) -> BaseGeometry:
    x, y = value.get("x"), value.get("y")
    if x is None or x == "NaN":
        return shapely.Point()
    return shapely.Point(_coordinates([[x, y]])[0])


def _multipoint(value: dict[str, Any]) -> BaseGeometry:
    return shapely.MultiPoint(_coordinates(value["points"]))


def _paths(value: dict[str, Any]) -> BaseGeometry:
    paths = _parts(value["paths"], 2)
    return shapely.LineString(paths[0]) if len(paths) == 1 else shapely.MultiLineString(paths)


def _rings(value: dict[str, Any]) -> BaseGeometry:
    return assemble_rings(_parts(value["rings"], 3))


def _envelope(value: dict[str, Any]) -> BaseGeometry:
    corners = _coordinates([[value.get("xmin"), value.get("ymin")], [value.get("xmax"), value.get("ymax")]])
    box: BaseGeometry = shapely.box(*corners[0], *corners[1])
    return box


_READERS: Final[dict[str, Callable[[dict[str, Any]], BaseGeometry]]] = {
    "rings": _rings,
    "paths": _paths,
    "points": _multipoint,
    "xmin": _envelope,
    "x": _point,
}


def _parts(value: object, least: int) -> list[np.ndarray[Any, Any]]:
    if not isinstance(value, list):
        raise _bad("its parts are no list", "各部分不是数组")
    parts = [_coordinates(part) for part in value]
    if any(len(part) < least for part in parts):
        raise _bad(f"a part has fewer than {least} points", f"某部分少于 {least} 个点")
    if sum(len(part) for part in parts) > MOST_VERTICES:
        raise _too_complex()
    return parts


def _too_complex() -> TooComplexError:
    return TooComplexError(
        f"The geometry has more than {MOST_VERTICES} vertices; simplify it.",
        f"几何超过 {MOST_VERTICES} 个顶点；请先简化。",
        where="geometry",
    )


def _coordinates(value: object) -> np.ndarray[Any, Any]:
    if not isinstance(value, list) or len(value) > MOST_VERTICES:
        raise _too_complex() if isinstance(value, list) else _bad("points are no list", "坐标不是数组")
    return np.array([_pair(item) for item in value], dtype=float).reshape(-1, 2)


def _pair(item: object) -> tuple[float, float]:
    if isinstance(item, list) and len(item) >= 2:
        x, y = item[0], item[1]
        if _is_number(x) and _is_number(y) and isfinite(x) and isfinite(y):
            return float(x), float(y)
    raise _bad(f"{str(item)[:60]} is no pair of finite numbers", f"{str(item)[:60]} 不是一对有限数值")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def assemble_rings(rings: Sequence[np.ndarray[Any, Any]]) -> BaseGeometry:
    """Return the polygon or multipolygon that a list of Esri rings means.

    Examples
    --------
    >>> outer = np.array([[0, 0], [0, 9], [9, 9], [9, 0], [0, 0]], dtype=float)
    >>> hole = np.array([[1, 1], [2, 1], [2, 2], [1, 2], [1, 1]], dtype=float)
    >>> assemble_rings([outer, hole]).area
    80.0
    """
    closed = [ring if (ring[0] == ring[-1]).all() else np.vstack([ring, ring[:1]]) for ring in rings]
    closed = [ring for ring in closed if len(ring) >= 4]
    if not closed:
        return shapely.Polygon()
    faces = [shapely.Polygon(ring) for ring in closed]
    outer, holes = _split(closed, faces)
    assigned: dict[int, list[np.ndarray[Any, Any]]] = {number: [] for number in outer}
    for number in holes:
        around = [other for other in outer if faces[other].covers(shapely.Point(closed[number][0]))]
        if around:
            assigned[min(around, key=lambda other: faces[other].area)].append(closed[number])
        else:
            assigned[number] = []
    polygons = [shapely.Polygon(closed[number], inner) for number, inner in assigned.items()]
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _split(
    rings: Sequence[np.ndarray[Any, Any]], faces: Sequence[BaseGeometry]
) -> tuple[list[int], list[int]]:
    """Return the numbers of the outer rings and of the holes; a lone ring is outer, however it runs."""
    if len(rings) == 1:
        return [0], []
    clockwise = [not shapely.is_ccw(shapely.LinearRing(ring)) for ring in rings]
    outer = [number for number, runs in enumerate(clockwise) if runs]
    if not outer:  # everything the wrong way round: the largest stands for the rest
        outer = [max(range(len(faces)), key=lambda number: faces[number].area)]
    return outer, [number for number in range(len(rings)) if number not in set(outer)]
