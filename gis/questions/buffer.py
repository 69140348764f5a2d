"""A buffer in true metres: every corner of its outline lies at the asked distance on the ellipsoid.

A plane buffer is made in the zone of the shape, where a metre is up to 0.5 ‰ off; each corner is then moved along
the geodesic from the shape's nearest point until it lies at the distance asked for.
"""

from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.area import CGCS2000
from gis.crs import STORED_SRID, Transformation, transformer
from gis.errors import InvalidParameterError
from gis.questions.shape import STEP_M, AskedShape

QUADRANT_SEGMENTS: Final = 64
"""Round corners: between two corners the outline lies at most 0.008 % of the distance inside of the circle."""

MAX_DISTANCE_M: Final = 100_000.0
_LEAST_DISTANCE_M: Final = 0.01
_DEGREES_LIKE_M: Final = 111_000.0

Coordinates = NDArray[np.float64]


def check_distance(name: str, distance_m: float) -> float:
    """Return the distance if it is one that is taken: 0.01 m to 100 km.

    Raises
    ------
    InvalidParameterError
        It is not.
    """
    if _LEAST_DISTANCE_M <= distance_m <= MAX_DISTANCE_M:
        return float(distance_m)
    raise InvalidParameterError(
        f"{name}={distance_m:g} is outside of {_LEAST_DISTANCE_M:g} to {MAX_DISTANCE_M:g} metres.",
        f"{name}={distance_m:g} 不在 {_LEAST_DISTANCE_M:g} 至 {MAX_DISTANCE_M:g} 米之间。",
        where=name,
    )


def buffer_shape(asked: AskedShape, distance_m: float) -> BaseGeometry:
    """Return the area within a distance of a shape, longitude and latitude in EPSG:4490.

    Ends and corners are round. Of an area the inside belongs to the buffer.

    Parameters
    ----------
    distance_m : float
        Metres on the CGCS2000 ellipsoid, 0.01 to 100,000.

    Raises
    ------
    InvalidParameterError
        The distance is not taken.

    Examples
    --------
    >>> from shapely.geometry import Point
    >>> from gis.questions.shape import shape_from
    >>> circle = buffer_shape(shape_from(Point(115.8, 33.0), 4490), 1000.0)
    >>> lon, lat = circle.exterior.coords[10][:2]
    >>> round(CGCS2000.inv(115.8, 33.0, lon, lat)[2], 6)
    1000.0
    """
    return _drawn(asked, check_distance("distance_m", distance_m))


def wide_buffer(asked: AskedShape, distance_m: float) -> BaseGeometry:
    """Return an area that surely holds everything within a distance, and little else: to choose candidates."""
    return _drawn(asked, check_distance("distance_m", distance_m) * 1.0002 + 0.01)


def _drawn(asked: AskedShape, distance_m: float) -> BaseGeometry:
    to_plane, to_degrees = (
        transformer(STORED_SRID, asked.zone_srid),
        transformer(asked.zone_srid, STORED_SRID),
    )
    plane = to_plane.geometry(asked.stored)
    scale = _scale(asked, to_plane)
    drawn = shapely.buffer(plane, distance_m * scale, quad_segs=QUADRANT_SEGMENTS)
    drawn = shapely.segmentize(drawn, STEP_M)
    found = shapely.transform(drawn, lambda corners: _moved(corners, plane, to_degrees, distance_m))
    return found if found.is_valid else shapely.make_valid(found)


def _scale(asked: AskedShape, to_plane: Transformation) -> float:
    """Return plane metres per metre on the ground in the middle of the shape."""
    west, south, east, north = asked.stored.bounds
    lon, lat = (west + east) / 2, (south + north) / 2
    x, y = to_plane.transform(np.array([lon, lon]), np.array([lat, lat + 1 / _DEGREES_LIKE_M]))
    ground = CGCS2000.inv(lon, lat, lon, lat + 1 / _DEGREES_LIKE_M)[2]
    return float(np.hypot(x[1] - x[0], y[1] - y[0]) / ground)


def _moved(
    corners: Coordinates, plane: BaseGeometry, to_degrees: Transformation, distance_m: float
) -> Coordinates:
    shapely.prepare(plane)
    lines = shapely.get_coordinates(shapely.shortest_line(plane, shapely.points(corners)))
    near_lon, near_lat = to_degrees.transform(lines[::2, 0], lines[::2, 1])
    lon, lat = to_degrees.transform(corners[:, 0], corners[:, 1])
    azimuth = CGCS2000.inv(near_lon, near_lat, lon, lat)[0]
    reach = np.full(len(corners), distance_m)
    moved_lon, moved_lat, _ = CGCS2000.fwd(near_lon, near_lat, azimuth, reach)
    return np.column_stack([moved_lon, moved_lat])
