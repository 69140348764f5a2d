"""A report's geometries as GeoJSON for survey exchange: longitude, latitude, nine decimals, CGCS2000."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import orjson
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from gis.crs import STORED_SRID, transformer
from gis.report.model import OverlapReport
from gis.report.records import list_records
from gis.report.stamp import stamp_of

DECIMALS: Final = 9
_EDGE_M: Final = 500.0


def render_geojson(reports: Sequence[OverlapReport]) -> bytes:
    """Return one FeatureCollection: pieces with the numbers of the maps, remainders, subjects.

    Long edges are densified before they go to degrees, rings run anticlockwise (RFC 7946, 3.1.6). The member
    `worktwin` tells CRS, data versions, area basis, operator and time.
    """
    features: list[dict[str, Any]] = []
    for report in reports:
        for record in list_records([report]):
            geometry = to_degrees(record.geometry, report.srid)
            properties = {"kind": record.role, **record.values}
            features.append({"type": "Feature", "geometry": mapping(geometry), "properties": properties})
    body = {
        "type": "FeatureCollection",
        "name": "overlap",
        "worktwin": stamp_of(reports, STORED_SRID),
        "features": features,
    }
    return orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE)


def to_degrees(geometry: BaseGeometry, srid: int) -> BaseGeometry:
    """Return a geometry of the plane in degrees of CGCS2000 with nine decimals."""
    degrees = transformer(srid, STORED_SRID).geometry(shapely.segmentize(geometry, _EDGE_M))
    return shapely.orient_polygons(shapely.transform(degrees, lambda xy: np.round(xy, DECIMALS)))
