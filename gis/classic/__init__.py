"""WMS, WFS and WMTS for older clients: what MapServer is told, and what of a request reaches it."""

from gis.classic.coordinates import with_long_names
from gis.classic.errors import ServiceError, exception_report
from gis.classic.kvp import Offer, Query, read_body, read_wfs, read_wms
from gis.classic.mapfile import ClassicLayer, render_mapfile
from gis.classic.wmts import RasterTile, read_wmts, wmts_capabilities

__all__ = [
    "ClassicLayer",
    "Offer",
    "Query",
    "RasterTile",
    "ServiceError",
    "exception_report",
    "read_body",
    "read_wfs",
    "read_wms",
    "read_wmts",
    "render_mapfile",
    "with_long_names",
    "wmts_capabilities",
]
