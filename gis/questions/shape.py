"""The shape that a question is asked about: a point, a line or an area in degrees, and the plane to measure in.

The plane is the numbered CGCS2000 3-degree zone of the shape's middle. Its projection is conformal, so that the
nearest point found in it is the nearest point on the ground; lengths are then taken on the ellipsoid.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import (
    STORED_SRID,
    WGS84_SRID,
    check_datum,
    check_eastings,
    native_zone_srid,
    parse_crs,
    transformer,
    zone_for_longitude,
)
from gis.errors import InvalidGeometryError, TooComplexError
from gis.geojson import read_geojson_shape

MAX_VERTICES: Final = 20_000
STEP_M: Final = 100.0
"""Longest edge before a change of the coordinate system, but for very long outlines: it bends by 0.2 mm."""

STEP_DEGREES: Final = 0.0009
_MOST_STEPS: Final = 4_000
_NORTH_LIMIT_DEG: Final = 60.0
_WIDEST_DEG: Final = 6.0
Degrees = tuple[float, float, float, float]


@dataclass(frozen=True)
class AskedShape:
    """A checked shape.

    Parameters
    ----------
    stored : BaseGeometry
        Longitude, latitude in EPSG:4490, no edge longer than some 100 m, valid, two dimensions.
    zone_srid : int
        The plane in which nearest points and stations are found.
    """

    stored: BaseGeometry
    zone_srid: int

    @property
    def ewkb(self) -> bytes:
        """The shape with its SRID, as PostGIS reads it."""
        return shapely.to_wkb(shapely.set_srid(self.stored, STORED_SRID), include_srid=True)

    def plane(self) -> BaseGeometry:
        """Return the shape in metres in its zone."""
        return transformer(STORED_SRID, self.zone_srid).geometry(self.stored)


def shape_from_geojson(geometry: Mapping[str, Any], crs: str = "EPSG:4490") -> AskedShape:
    """Return the shape of a GeoJSON geometry whose coordinates stand east or longitude first.

    Raises
    ------
    InvalidGeometryError
        No readable geometry; see `shape_from`.
    UnknownCrsError, CrsRefusedError
        The coordinate system is not served, or is an old datum.

    Examples
    --------
    >>> shape_from_geojson({"type": "Point", "coordinates": [39371200, 3671300]}, "EPSG:4527").zone_srid
    4527
    """
    return shape_from(read_geojson_shape(geometry), parse_crs(crs).srid)


def shape_from_ewkb(ewkb: bytes) -> AskedShape:
    """Return the shape of a geometry as PostGIS gives it, with its SRID inside."""
    found = shapely.from_wkb(ewkb)
    return shape_from(found, int(shapely.get_srid(found)))


def shape_from(geometry: BaseGeometry, srid: int) -> AskedShape:
    """Check a shape and find its zone.

    Heights are dropped, an invalid area is repaired. Refused are empty shapes, numbers that are not finite, shapes
    wider than two zones, and places outside of the CGCS2000 zones.

    Raises
    ------
    InvalidGeometryError
        As above; the message says which and what to do.
    TooComplexError
        More vertices than one question may have.
    CrsRefusedError
        The code belongs to an old datum.
    """
    check_datum(srid)
    if geometry.is_empty or not np.isfinite(shapely.get_coordinates(geometry)).all():
        raise _refused(
            "The shape is empty or has coordinates that are no finite numbers.",
            "图形为空，或坐标不是有限数值。",
        )
    count = int(shapely.get_num_coordinates(geometry))
    if count > MAX_VERTICES:
        raise TooComplexError(
            f"The shape has {count} vertices; up to {MAX_VERTICES} are taken. Simplify or split it.",
            f"图形有 {count} 个顶点，上限为 {MAX_VERTICES}；请简化或拆分。",
            where="geometry",
        )
    flat = shapely.force_2d(geometry)
    west, _, east, _ = flat.bounds
    check_eastings(west, east, srid)
    step = STEP_DEGREES if srid in (STORED_SRID, WGS84_SRID) else STEP_M
    stored = transformer(srid, STORED_SRID).geometry(_densified(flat, step))
    _check_degrees(stored.bounds)
    if not stored.is_valid:
        stored = shapely.make_valid(stored)
    west, _, east, _ = stored.bounds
    return AskedShape(stored, native_zone_srid((west + east) / 2))


def _densified(geometry: BaseGeometry, step: float) -> BaseGeometry:
    west, south, east, north = geometry.bounds
    if (east - west) + (north - south) > _MOST_STEPS * step:
        return geometry  # wider than is allowed: refused below, not split up first
    return shapely.segmentize(geometry, step)


def _check_degrees(bounds: Degrees) -> None:
    west, south, east, north = bounds
    if not all(isfinite(bound) for bound in bounds) or not 0 <= south <= north <= _NORTH_LIMIT_DEG:
        raise _refused(
            f"The shape lies at {south:.4f}° to {north:.4f}° north: outside of the CGCS2000 zones, "
            "or longitude and latitude are swapped.",
            f"图形位于纬度 {south:.4f}° 至 {north:.4f}°：超出 CGCS2000 分带范围，或经纬度颠倒。",
        )
    zone_for_longitude(west)
    zone_for_longitude(east)
    if east - west > _WIDEST_DEG:
        raise _refused(
            f"The shape is {east - west:.1f}° wide; up to {_WIDEST_DEG:.0f}° are taken. Ask in parts.",
            f"图形东西跨度 {east - west:.1f}°，上限为 {_WIDEST_DEG:.0f}°；请分块提问。",
        )


def _refused(en: str, zh: str) -> InvalidGeometryError:
    return InvalidGeometryError(en, zh, where="geometry")
