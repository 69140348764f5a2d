"""A shape that lies in two 3-degree zones, measured in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import STORED_SRID, central_meridian, numbered_zone_srid, transformer, zone_for_longitude
from gis.overlap.ellipsoid import ellipsoidal_areas_m2

STEP_M: Final = 500.0
"""Longest edge before any change of the coordinate system; longer ones would bend by millimetres."""

STEP_DEGREES: Final = 0.0045
"""The same along a meridian, for geometry that comes in degrees."""


@dataclass(frozen=True)
class ZonePart:
    """The part of a shape in one zone, its plane area measured in that zone."""

    crs: str
    area_m2: float
    area_plane_m2: float


def to_degrees(shape: BaseGeometry, srid: int) -> BaseGeometry:
    """Return a shape in EPSG:4490, its long edges densified before.

    Examples
    --------
    >>> to_degrees(shapely.Point(39500000, 0), 4527).wkt
    'POINT (117 0)'
    """
    step = STEP_DEGREES if transformer(srid, STORED_SRID).steps == () else STEP_M
    return transformer(srid, STORED_SRID).geometry(shapely.segmentize(shape, step))


def zone_parts(shape: BaseGeometry, srid: int, step: float) -> tuple[ZonePart, ...]:
    """Return the parts of a polygon by zone, west to east; an invalid one is repaired.

    Parameters
    ----------
    step : float
        Longest edge, in units of `srid`, before it is turned into degrees.
    """
    degrees = transformer(srid, STORED_SRID).geometry(shapely.segmentize(shape, step))
    sound = degrees if degrees.is_valid else shapely.make_valid(degrees)
    west, south, east, north = sound.bounds
    zones = range(zone_for_longitude(west), zone_for_longitude(east) + 1)
    cuts = [(zone, sound.intersection(_strip(zone, south, north))) for zone in zones]
    return tuple(_part(zone, list(shapely.get_parts(cut))) for zone, cut in cuts if cut.area > 0)


def _strip(zone: int, south: float, north: float) -> BaseGeometry:
    meridian = central_meridian(zone)
    strip: BaseGeometry = shapely.box(meridian - 1.5, south - 1, meridian + 1.5, north + 1)
    return strip


def _part(zone: int, cut: Sequence[BaseGeometry]) -> ZonePart:
    zone_srid = numbered_zone_srid(zone)
    into = transformer(STORED_SRID, zone_srid)
    # The edge between the zones is a meridian, straight in degrees: densified so that it stays one.
    plane = [into.geometry(shapely.segmentize(part, STEP_DEGREES)) for part in cut if part.area > 0]
    return ZonePart(
        f"EPSG:{zone_srid}",
        float(ellipsoidal_areas_m2(plane, zone_srid).sum()),
        sum(part.area for part in plane),
    )
