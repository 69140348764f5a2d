"""Shapes from the model frame to the surveyed system and to degrees, all at once."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from bim.footprint import Floats
from bim.results import Georeference

LONLAT = 4490
# An edge of 500 m between two degrees of a projected line leaves the surveyed one by less than a centimetre.
EDGE_M = 500.0
# Policy: these datums are one for our purposes; between them nothing is shifted.
_SAME_DATUM = ("China Geodetic Coordinate System 2000", "World Geodetic System 1984", "China 2000")

Shapes = NDArray[np.object_]


@dataclass(frozen=True)
class Placed:
    """Shapes of one model on the map, in the order given; None stays None."""

    survey: Shapes
    lonlat: Shapes
    centroids: Floats


def place_shapes(shapes: Shapes, georeference: Georeference) -> Placed:
    """Place shapes of the model frame.

    Parameters
    ----------
    shapes : ndarray of geometry
        Metres in the model frame; None is kept.
    georeference : Georeference
        A placed one.

    Returns
    -------
    Placed
        In metres of ``georeference.crs``, in degrees, and centroids in degrees (NaN for None).
    """
    matrix = np.asarray(georeference.matrix).reshape(4, 4)
    turn, shift = matrix[:2, :2], matrix[:2, 3]
    survey = np.asarray(shapely.transform(shapes, lambda plan: plan @ turn.T + shift), dtype=object)
    crs = georeference.crs or ""
    dense = shapely.segmentize(survey, EDGE_M)
    lonlat = np.asarray(shapely.transform(dense, lambda plan: to_lonlat(plan, crs)), dtype=object)
    middles = shapely.centroid(survey)
    plan = np.column_stack([shapely.get_x(middles), shapely.get_y(middles)])
    return Placed(survey, lonlat, to_lonlat(plan, crs))


def to_lonlat(plan: Floats, crs: str) -> Floats:
    """Transform projected metres (east, north) to degrees (longitude, latitude).

    >>> [round(float(v), 6) for v in to_lonlat(np.array([[39371200.0, 3671300.0]]), "EPSG:4527")[0]]
    [115.619333, 33.159622]
    """
    unit = axis_unit_m(crs)
    lon, lat = transformer(crs).transform(plan[:, 0] / unit, plan[:, 1] / unit)
    return np.column_stack([lon, lat])


def to_projected(lon: float, lat: float, crs: str) -> tuple[float, float]:
    """Transform one point in degrees to projected metres (east, north); infinite where it has no image."""
    east, north = transformer(crs).transform(lon, lat, direction="INVERSE")
    unit = axis_unit_m(crs)
    return float(east) * unit, float(north) * unit


@lru_cache(maxsize=64)
def axis_unit_m(crs: str) -> float:
    """Metres per unit of a system's axes; here all coordinates are metres, some systems count in feet.

    >>> axis_unit_m("EPSG:4527"), round(axis_unit_m("EPSG:2263"), 7)
    (1.0, 0.3048006)
    """
    return float(projected_crs(crs).axis_info[0].unit_conversion_factor)


@lru_cache(maxsize=64)
def transformer(crs: str) -> Transformer:
    """Get the transformer from a projected system to degrees, longitude first.

    CGCS2000 and WGS 84 are one: nothing is shifted between them, as PROJ's only operation there is a ballpark.
    """
    projected = projected_crs(crs)
    geodetic: Any = projected.geodetic_crs
    same = geodetic is not None and geodetic.datum is not None and geodetic.datum.name in _SAME_DATUM
    return Transformer.from_crs(projected, geodetic if same else CRS.from_epsg(4326), always_xy=True)


@lru_cache(maxsize=64)
def projected_crs(crs: str) -> CRS:
    """Get a system by its name; pyproj's error passes through."""
    return CRS.from_user_input(crs)


def epsg_of(crs: str | None) -> int | None:
    """Get the number of ``EPSG:4527``; None for one described by text, or whose axes are not in metres as ours are.

    >>> epsg_of("EPSG:4527"), epsg_of("EPSG:2263"), epsg_of(None)
    (4527, None, None)
    """
    if crs is None or not crs.upper().startswith("EPSG:") or not crs[5:].isdigit():
        return None
    return int(crs[5:]) if axis_unit_m(crs) == 1.0 else None
