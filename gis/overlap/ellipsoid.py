# ruff: noqa: S608 (expressions of our own code, no user's text)
"""Areas on the ellipsoid of shapes drawn in a 3-degree zone: the same digits from PostGIS and from numpy.

The projection is conformal, so a square metre of the plane is 1/k² square metres of the ellipsoid, k the scale of
the place. Libraries of geodesics differ from one another by up to 1e-9 of a parcel's area, for they take the small
difference of long strips; here the plane area is multiplied by a factor near one, and two engines that clip alike
agree to the last digits. Edges are straight in the zone, as they were surveyed.

Source: k by footpoint latitude and easting, NOAA Manual NOS NGS 5, §3.1 (transverse Mercator).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from gis.crs.zones import ZONES, numbered_zone_srid

Floats = NDArray[np.float64]

_A: Final = 6378137.0
_FLATTENING: Final = 1 / 298.257222101
_E2: Final = _FLATTENING * (2 - _FLATTENING)
_EP2: Final = _E2 / (1 - _E2)
_N: Final = _FLATTENING / (2 - _FLATTENING)
_RECTIFYING_M: Final = _A / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64)
# sin² of the footpoint latitude as a polynomial in c = cos(2N/R): the series of the latitude, to the third order.
_P2: Final = 3 / 2 * _N - 27 / 32 * _N**3
_PC: Final = 21 / 8 * _N**2 + _P2**2
_SPREAD: Final = 1 / (12 * _A**2)

WIDE_M: Final = 2_000.0
"""Up to this extent the factor of the middle will do (1e-8); beyond it is integrated."""

_ZONE_BASE: Final = numbered_zone_srid(ZONES[0]) - ZONES[0]


def false_easting_m(srid: int) -> float:
    """Return the false easting of a numbered 3-degree zone.

    Examples
    --------
    >>> false_easting_m(4527)
    39500000.0
    """
    return (srid - _ZONE_BASE) * 1e6 + 5e5


_LATITUDE: Final = f"((1 - v.c) / 2 + (1 - v.c * v.c) * ({_P2!r}::float8 + v.c * {_PC!r}::float8))"
_Q_AND_H: Final = (
    f"v.e * v.e * (1 - {_E2!r}::float8 * {_LATITUDE}) / {_A**2!r}::float8 AS q, "
    f"{_EP2!r}::float8 * (1 - {_LATITUDE}) AS h"
)
_FACTOR: Final = (
    "(1 / power(1 + (1 + z.h) * z.q / 2 * (1 + (1 + 5 * z.h) * z.q / 12) + z.q * z.q * z.q / 720, 2))"
)
_INTEGRAL: Final = f"""(SELECT sum(z.weight * {_FACTOR}) FROM (SELECT v.weight, {_Q_AND_H} FROM (
        SELECT (d.ax * d.by - d.bx * d.ay) / 6 AS weight, z.x - z.origin + t.x AS e,
          cos(2 * (z.y + z.north + t.y) / {_RECTIFYING_M!r}::float8) AS c
        FROM (SELECT ST_X(d.geom) - z.x AS ax, ST_Y(d.geom) - z.y AS ay, lead(ST_X(d.geom) - z.x) OVER ring AS bx,
            lead(ST_Y(d.geom) - z.y) OVER ring AS by FROM ST_DumpPoints(ST_ForcePolygonCCW(z.g)) d
          WINDOW ring AS (PARTITION BY d.path[:array_length(d.path, 1) - 1] ORDER BY d.path[array_length(d.path, 1)])) d,
        LATERAL (VALUES (d.ax / 2, d.ay / 2), (d.bx / 2, d.by / 2), ((d.ax + d.bx) / 2, (d.ay + d.by) / 2)) t(x, y)
        WHERE d.bx IS NOT NULL) v) z)"""
"""Triangles from the middle to every edge, each by its edges' midpoints: exact where the factor is a parabola."""


def ellipsoidal_area_sql(plane: str, east: str = "0", north: str = "0") -> str:
    """Return the SQL expression of the area on the CGCS2000 ellipsoid, m².

    Parameters
    ----------
    plane : str
        Expression of polygons in a numbered 3-degree zone; NULL and what is empty give NULL.
    east, north : str
        Expressions of the point of the zone that the coordinates count from.
    """
    return f"""(SELECT CASE WHEN z.width <= {WIDE_M} AND z.height <= {WIDE_M}
      THEN z.area * ({_FACTOR} - z.width * z.width * {_SPREAD!r}::float8) ELSE {_INTEGRAL} END
    FROM (SELECT v.*, {_Q_AND_H} FROM (
      SELECT u.g, u.x, u.y, ST_Area(u.g) AS area, ST_XMax(u.g) - ST_XMin(u.g) AS width, ST_YMax(u.g) - ST_YMin(u.g) AS height,
        u.x - u.origin AS e, cos(2 * (u.y + u.north) / {_RECTIFYING_M!r}::float8) AS c, u.origin, u.north
      FROM (SELECT w.g, ST_X(w.middle) AS x, ST_Y(w.middle) AS y, w.north,
          (ST_SRID(w.g) - {_ZONE_BASE}) * 1e6::float8 + 5e5::float8 - w.east AS origin
        FROM (SELECT p.g, p.east, p.north, ST_Centroid(p.g) AS middle
          FROM (SELECT {plane} AS g, {east} AS east, {north} AS north OFFSET 0) p OFFSET 0) w OFFSET 0) u OFFSET 0) v OFFSET 0) z)"""


def ellipsoidal_areas_m2(
    plane: Sequence[BaseGeometry] | NDArray[np.object_], srid: int, counted_from: Floats | None = None
) -> Floats:
    """Return the areas of polygons drawn in a numbered 3-degree zone, as the SQL expression gives them.

    Parameters
    ----------
    plane : array of Polygon or MultiPolygon
        Metres of `srid`; what is empty has no area.
    counted_from : array of shape (n, 2), optional
        East and north of the point of the zone that each shape's coordinates count from.

    Examples
    --------
    >>> [round(float(area), 4) for area in ellipsoidal_areas_m2([shapely.box(39371200, 3671300, 39371400, 3671450)], 4527)]
    [29987.7553]
    """
    every = np.asarray(plane, dtype=object)
    areas = np.zeros(len(every))
    there = ~shapely.is_empty(every)
    shift = np.zeros((len(every), 2)) if counted_from is None else counted_from
    areas[there] = _areas(every[there], false_easting_m(srid) - shift[there, 0], shift[there, 1])
    return areas


def _areas(shapes: NDArray[np.object_], origin: Floats, north: Floats) -> Floats:
    middle = shapely.centroid(shapes)
    x, y = shapely.get_x(middle), shapely.get_y(middle)
    west, south, east, top = shapely.bounds(shapes).T
    width = east - west
    areas: Floats = shapely.area(shapes) * (_factors(x - origin, y + north) - width * width * _SPREAD)
    for place in np.flatnonzero((width > WIDE_M) | (top - south > WIDE_M)):
        areas[place] = _integral(shapes[place], x[place], y[place], origin[place], north[place])
    return areas


def _factors(x: Floats, y: Floats) -> Floats:
    c = np.cos(2 * y / _RECTIFYING_M)
    s = (1 - c) / 2 + (1 - c * c) * (_P2 + c * _PC)
    q = x * x * (1 - _E2 * s) / _A**2
    h = _EP2 * (1 - s)
    k = 1 + (1 + h) * q / 2 * (1 + (1 + 5 * h) * q / 12) + q * q * q / 720
    factors: Floats = 1 / (k * k)
    return factors


def _integral(shape: BaseGeometry, x: float, y: float, origin: float, north: float) -> float:
    parts = [orient(part) for part in shapely.get_parts(shape) if isinstance(part, Polygon)]
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return sum(
        _ring_integral(shapely.get_coordinates(ring) - (x, y), x - origin, y + north) for ring in rings
    )


def _ring_integral(points: Floats, x: float, y: float) -> float:
    a, b = points[:-1], points[1:]
    cross = a[:, 0] * b[:, 1] - b[:, 0] * a[:, 1]
    middles = (a / 2, b / 2, (a + b) / 2)
    factors = sum(_factors(x + middle[:, 0], y + middle[:, 1]) for middle in middles)
    return float(np.sum(cross / 6 * factors))
