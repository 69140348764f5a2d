"""Matrices from the model to the map, and distances on the ellipsoid."""

import math
from functools import lru_cache
from typing import Any

import numpy as np
from pyproj import Geod, Proj
from shapely.geometry import Point as ShapelyPoint
from shapely.geometry import shape
from shapely.ops import nearest_points

from bim.georeference.facts import GeoFacts, Matrix, Point
from bim.job import ProjectPlace
from bim.placing import to_lonlat, to_projected
from bim.results import Origin

_EARTH_RADIUS_M = 6_371_000.0
_GEOD = Geod(ellps="GRS80")


def helmert_matrix(
    eastings: float,
    northings: float,
    height: float,
    angle_rad: float,
    factor: float,
    factors: Point = (1.0, 1.0, 1.0),
) -> Matrix:
    """Matrix of a map conversion on local metres: scale, factors, turn anti-clockwise, shift.

    Source: IFC 4.3.2, IfcMapConversion and IfcMapConversionScaled.
    """
    cos, sin = math.cos(angle_rad), math.sin(angle_rad)
    fx, fy, fz = factors
    return np.array(
        [
            [factor * fx * cos, -factor * fy * sin, 0.0, eastings],
            [factor * fx * sin, factor * fy * cos, 0.0, northings],
            [0.0, 0.0, factor * fz, height],
            [0.0, 0.0, 0.0, 1.0],
        ]
    )


def shift_matrix(x: float, y: float, z: float) -> Matrix:
    """Matrix of a plain shift."""
    return helmert_matrix(x, y, z, 0.0, 1.0)


def swap_matrix() -> Matrix:
    """Matrix that exchanges x and y, for coordinates written north first."""
    return np.array([[0.0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])


def tangent_matrix(
    lon: float, lat: float, height: float, north: tuple[float, float], origin: Point, crs: str
) -> Matrix:
    """Matrix from local metres in the tangent plane at a point in degrees to a projected system.

    Parameters
    ----------
    lon, lat, height : float
        Where ``origin`` lies.
    north : tuple of float
        True north in the model's x and y, a unit vector.
    origin : Point
        Local point, metres.
    crs : str
        Projected system.

    Notes
    -----
    True north is turned to grid north by the meridian convergence; lengths are brought down to the ellipsoid by the
    height and stretched by the point scale.
    """
    east_m, north_m = to_projected(lon, lat, crs)
    convergence, grid_scale = grid_factors(lon, lat, crs)
    scale = grid_scale * _EARTH_RADIUS_M / (_EARTH_RADIUS_M + height)
    tx, ty = north
    # east = p·(ty, -tx), north = p·(tx, ty): a turn by the angle of the model's x axis from true east.
    angle = math.atan2(tx, ty) + math.radians(convergence)
    return helmert_matrix(east_m, north_m, height, angle, scale, (1.0, 1.0, 1.0 / scale)) @ shift_matrix(
        -origin[0], -origin[1], -origin[2]
    )


@lru_cache(maxsize=256)
def grid_factors(lon: float, lat: float, crs: str) -> tuple[float, float]:
    """Meridian convergence (degrees) and point scale of a projected system.

    >>> convergence, scale = grid_factors(115.8, 33.0, "EPSG:4527")
    >>> round(convergence, 3), round(scale, 6)
    (-0.654, 1.000155)
    """
    factors = Proj(crs).get_factors(lon, lat)
    return float(factors.meridian_convergence), float(factors.meridional_scale)


def map_point(matrix: Matrix, point: Point) -> tuple[float, float, float]:
    """Apply a matrix to a local point."""
    east, north, height = (matrix @ np.array([*point, 1.0]))[:3].tolist()
    return east, north, height


def locate(matrix: Matrix, point: Point, crs: str) -> tuple[float, float] | None:
    """Longitude and latitude of a local point, None where the system has no image of it."""
    east, north, _ = map_point(matrix, point)
    if not (math.isfinite(east) and math.isfinite(north)):
        return None
    lon, lat = to_lonlat(np.array([[east, north]]), crs)[0].tolist()
    return (lon, lat) if math.isfinite(lon) and math.isfinite(lat) else None


def origin_of(matrix: Matrix, crs: str | None) -> Origin:
    """Where the local zero comes to lie."""
    east, north, height = map_point(matrix, (0.0, 0.0, 0.0))
    place = locate(matrix, (0.0, 0.0, 0.0), crs) if crs else None
    return Origin(east, north, height, place[0] if place else None, place[1] if place else None)


def distance_m(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Distance of two points in degrees on the ellipsoid, metres."""
    return float(_GEOD.inv(*first, *second)[2])


def distance_to_project_m(point: tuple[float, float], project: ProjectPlace) -> float | None:
    """Distance of a point to the project's footprint or box, 0 inside, None where neither is known."""
    area = _project_area(project)
    if area is None or area.is_empty:
        return None
    nearest, _ = nearest_points(area, ShapelyPoint(*point))
    return distance_m((nearest.x, nearest.y), point)


def _project_area(project: ProjectPlace) -> Any:
    if project.footprint is not None:
        return shape(project.footprint)
    if project.bbox is None:
        return None
    west, south, east, north = project.bbox
    return shape(
        {
            "type": "Polygon",
            "coordinates": [[(west, south), (east, south), (east, north), (west, north), (west, south)]],
        }
    )


def representative_point(facts: GeoFacts) -> Point:
    """The local point by which readings are judged: the middle of the elements, else the topmost placement."""
    return facts.middle or facts.offset
