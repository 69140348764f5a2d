"""Coordinate systems: the one place that names the stored CRS and decides what may be transformed."""

from typing import Final

from gis.crs.names import (
    CRS84,
    CRS84_URI,
    STORED_SRID,
    WEB_MERCATOR_SRID,
    WGS84_SRID,
    Crs,
    check_datum,
    epsg_uri,
    parse_crs,
    served_crs_uris,
    served_srids,
)
from gis.crs.transform import Transformation, transformer
from gis.crs.zones import (
    ZONES,
    central_meridian,
    check_eastings,
    meridian_zone_srid,
    native_zone_srid,
    numbered_zone_srid,
    zone_easting_range,
    zone_for_longitude,
    zone_of_srid,
)

MU_PER_M2: Final = 3 / 2000
"""亩 per m²: 1 亩 = 2000/3 m²."""

__all__ = [
    "CRS84",
    "CRS84_URI",
    "MU_PER_M2",
    "STORED_SRID",
    "WEB_MERCATOR_SRID",
    "WGS84_SRID",
    "ZONES",
    "Crs",
    "Transformation",
    "central_meridian",
    "check_datum",
    "check_eastings",
    "epsg_uri",
    "meridian_zone_srid",
    "native_zone_srid",
    "numbered_zone_srid",
    "parse_crs",
    "served_crs_uris",
    "served_srids",
    "transformer",
    "zone_easting_range",
    "zone_for_longitude",
    "zone_of_srid",
]
