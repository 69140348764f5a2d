"""Areas on the ellipsoid, two ways that know nothing of each other or of PostGIS.

The product's areas come from PostGIS. These two are the independent checks: the geodesic polygon
of GeographicLib, and the trapezoid formula of the Chinese land survey.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import cos, radians, sin
from typing import Final

from pyproj import Geod
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.polygon import orient

CGCS2000: Final = Geod(a=6378137.0, rf=298.257222101)

_A, _B, _C, _D, _E = 1.0033640898, 0.00112418938, 1.69945947e-6, 2.717858e-9, 4.3584e-12
_SEMI_MINOR_M: Final = 6378137.0 * (1 - 1 / 298.257222101)

Areal = Polygon | MultiPolygon


def geodesic_area_m2(polygon: Areal) -> float:
    """Return the area on the CGCS2000 ellipsoid between geodesic edges.

    Parameters
    ----------
    polygon : Polygon or MultiPolygon
        Longitude, latitude in degrees (EPSG:4490); rings in any direction, holes are taken off.

    Returns
    -------
    float
        m²; 0 for an empty geometry. An invalid ring gives a number without meaning.

    Examples
    --------
    >>> from gis.crs import transformer
    >>> hectare = Polygon([(39500000, 3650000), (39500100, 3650000), (39500100, 3650100), (39500000, 3650100)])
    >>> round(geodesic_area_m2(transformer(4527, 4490).geometry(hectare)), 2)
    10000.0
    """
    # Geod adds a hole that runs the same way as its shell, so every ring is turned first.
    return sum(abs(float(CGCS2000.geometry_area_perimeter(orient(part))[0])) for part in _parts(polygon))


def survey_area_m2(polygon: Areal, reference_meridian_deg: float = 0.0) -> float:
    """Return the area by the survey's trapezoid formula (椭球面积, edge by edge to a meridian).

    Parameters
    ----------
    polygon : Polygon or MultiPolygon
        Longitude, latitude in degrees (EPSG:4490). Edges longer than some 100 m should be
        densified: the formula takes an edge as straight in longitude over latitude.
    reference_meridian_deg : float
        The meridian the trapezoids reach to; any choice gives the same area, a near one loses
        fewer digits.

    Returns
    -------
    float
        m²; holes are taken off, 0 for an empty geometry.
    """
    return sum(_part_area_m2(part, reference_meridian_deg) for part in _parts(polygon))


def _parts(polygon: Areal) -> list[Polygon]:
    parts = polygon.geoms if isinstance(polygon, MultiPolygon) else (polygon,)
    return [part for part in parts if not part.is_empty]


def _part_area_m2(part: Polygon, meridian_deg: float) -> float:
    shell = abs(_ring_area_m2(list(part.exterior.coords), meridian_deg))
    return shell - sum(abs(_ring_area_m2(list(ring.coords), meridian_deg)) for ring in part.interiors)


def _ring_area_m2(ring: Sequence[tuple[float, ...]], meridian_deg: float) -> float:
    return sum(_trapezoid_m2(a, b, meridian_deg) for a, b in pairwise(ring))


def _trapezoid_m2(start: tuple[float, ...], end: tuple[float, ...], meridian_deg: float) -> float:
    width = radians((start[0] + end[0]) / 2 - meridian_deg)
    height = radians(end[1] - start[1])
    middle = radians((start[1] + end[1]) / 2)
    series = (
        _A * sin(height / 2) * cos(middle)
        - _B * sin(3 * height / 2) * cos(3 * middle)
        + _C * sin(5 * height / 2) * cos(5 * middle)
        - _D * sin(7 * height / 2) * cos(7 * middle)
        + _E * sin(9 * height / 2) * cos(9 * middle)
    )
    return 2 * _SEMI_MINOR_M**2 * width * series
