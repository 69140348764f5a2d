"""GeoJSON geometries as shapes, whatever the library trips over told in words."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from gis.errors import InvalidGeometryError


def read_geojson_shape(geometry: Mapping[str, Any], where: str = "geometry") -> BaseGeometry:
    """Return the shape of a GeoJSON geometry, its numbers unchecked.

    Parameters
    ----------
    where : str
        The member that the error names.

    Raises
    ------
    InvalidGeometryError
        It is not readable.

    Examples
    --------
    >>> read_geojson_shape({"type": "Point", "coordinates": [115.6, 33.1]}).wkt
    'POINT (115.6 33.1)'
    """
    try:
        with np.errstate(invalid="ignore"):  # NaN is answered by who checks the numbers, with words
            found: BaseGeometry = shape(dict(geometry))
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
        OverflowError,
        ShapelyError,
    ) as error:
        raise InvalidGeometryError(
            f"{where} is no readable GeoJSON geometry (type and coordinates).",
            f"{where} 不是可读的 GeoJSON 几何（缺少 type 或 coordinates）。",
            where=where,
        ) from error
    return found
