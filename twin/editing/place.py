"""Where a feature lies: the surveyed shape in its own zone, and the map's made of it once."""

from dataclasses import dataclass
from typing import Any, Final

import shapely
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func
from sqlalchemy.sql import ColumnElement

from gis.area import geodesic_area_m2
from gis.crs import STORED_SRID, WGS84_SRID, Crs, native_zone_srid, zone_of_srid
from gis.polygons import check_polygon, in_degrees, is_same_shape

STEP_M: Final = 500
STEP_DEG: Final = 0.0045
"""Longest edge before a change of CRS; longer ones would bend by millimetres."""

SAME_DEG: Final = 1e-8
"""A millimetre: what is lost when coordinates go out with nine decimals of a degree and come back."""


@dataclass(frozen=True)
class Place:
    """A checked polygon, and what is stored of it.

    Attributes
    ----------
    polygon : MultiPolygon
        As sent, flat, x east, in `crs`.
    degrees : MultiPolygon
        Its vertices in longitude, latitude.
    """

    polygon: MultiPolygon
    degrees: MultiPolygon
    crs: Crs

    @property
    def source_crs(self) -> str:
        """Name of the CRS it was sent in."""
        return f"EPSG:{self.crs.srid}"

    @property
    def area_m2(self) -> float:
        """Area on the ellipsoid."""
        return geodesic_area_m2(self.degrees)

    def columns(self) -> dict[str, Any]:
        """Return the values of `geom`, `geom_survey` and the columns that say where they come from."""
        geom, survey = self._shapes()
        return {
            "geom": geom,
            "geom_survey": survey,
            "source_crs": self.source_crs,
            "source_file": None,
            "source_sha256": None,
        }

    def _shapes(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        sent = func.ST_GeomFromEWKB(_ewkb(self.polygon, self.crs.srid))
        if zone_of_srid(self.crs.srid) is not None:
            return func.ST_Transform(func.ST_Segmentize(sent, STEP_M), STORED_SRID), sent
        west, _, east, _ = self.degrees.bounds
        zone = native_zone_srid((west + east) / 2)
        if (
            not self.crs.degrees
        ):  # by way of WGS 84, which counts as the same: PROJ would only guess the shift
            wgs84 = func.ST_Transform(func.ST_Segmentize(sent, STEP_M), WGS84_SRID)
            sent = func.ST_SetSRID(wgs84, STORED_SRID)
        return sent, func.ST_Transform(func.ST_Segmentize(sent, STEP_DEG), zone)


def _ewkb(polygon: BaseGeometry, srid: int) -> bytes:
    code = STORED_SRID if srid == WGS84_SRID else srid
    return bytes(shapely.to_wkb(shapely.set_srid(polygon, code), include_srid=True))


def make_place(geometry: BaseGeometry, crs: Crs) -> Place:
    """Check a polygon and find its place.

    Raises
    ------
    InvalidGeometryError, TooComplexError
        See `gis.polygons.check_polygon`.
    CrsRefusedError
        There is no exact way from this CRS.
    """
    polygon = check_polygon(geometry, crs)
    return Place(polygon, in_degrees(polygon, crs), crs)


def is_unchanged(geometry: BaseGeometry, crs: Crs, stored: BaseGeometry) -> bool:
    """Say whether a geometry is the stored one as it was sent out, so that its survey must not be overwritten."""
    if geometry.is_empty or geometry.geom_type not in ("Polygon", "MultiPolygon"):
        return False
    return is_same_shape(in_degrees(shapely.force_2d(geometry), crs), stored, SAME_DEG)
