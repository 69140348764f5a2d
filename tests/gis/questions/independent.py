"""Distances, lengths and areas by pyproj and numpy alone, without PostGIS and without our own planes."""

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from shapely import affinity
from shapely.geometry.base import BaseGeometry

GEOD = Geod(a=6378137.0, rf=298.257222101)
_STEP_DEG = 2e-5  # about 2 m
_NARROWER = np.cos(np.radians(33.0))


def outline(shape: BaseGeometry) -> NDArray[np.float64]:
    """Return the points of a shape, of its edges some two metres apart."""
    return shapely.get_coordinates(shapely.segmentize(shape, _STEP_DEG))


def geodesic_m(one: BaseGeometry, other: BaseGeometry) -> float:
    """Return the least geodesic distance between the sampled outlines; 0 where the shapes meet.

    Where to look is found in flat degrees, within some 300 m of the place; there both outlines are sampled. Sampling
    makes it too long only: points 1 m beside the nearest ones that are s metres apart, by at most 2/s metres.
    """
    if one.intersects(other):
        return 0.0
    a, b = (_near(shape, place) for shape, place in zip((one, other), _places(one, other), strict=True))
    lon_a, lon_b = np.meshgrid(a[:, 0], b[:, 0])
    lat_a, lat_b = np.meshgrid(a[:, 1], b[:, 1])
    return float(GEOD.inv(lon_a.ravel(), lat_a.ravel(), lon_b.ravel(), lat_b.ravel())[2].min())


def flat_m(one: BaseGeometry, other: BaseGeometry) -> float:
    """Return the distance as of a flat earth at 33° north, good to some per cent: to leave out what is far."""
    return float(_flattened(one).distance(_flattened(other)) * 111_000)


def _flattened(shape: BaseGeometry) -> BaseGeometry:
    return affinity.scale(shape, _NARROWER, 1.0, origin=(0, 0))


def _places(one: BaseGeometry, other: BaseGeometry) -> list[shapely.Point]:
    line = shapely.shortest_line(_flattened(one), _flattened(other))
    return [shapely.Point(x / _NARROWER, y) for x, y in line.coords]


def _near(shape: BaseGeometry, place: shapely.Point) -> NDArray[np.float64]:
    if shape.geom_type == "Point":
        return shapely.get_coordinates(shape)
    edges = shape.boundary if shape.geom_type == "Polygon" else shape
    return outline(edges.intersection(place.buffer(0.003)))


def area_m2(shape: BaseGeometry) -> float:
    """Return the geodesic area of polygons, holes taken off."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return sum(abs(GEOD.geometry_area_perimeter(shapely.geometry.polygon.orient(part))[0]) for part in parts)


def length_m(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> float:
    return float(GEOD.line_length(lon, lat))
