"""What may be transformed into what: exact steps only, x east and y north on both sides."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from shapely.geometry.base import BaseGeometry

from gis.crs.names import DEGREES, check_datum
from gis.errors import CrsRefusedError


@dataclass(frozen=True)
class Transformation:
    """A chain of exact steps from one system to another, x east and y north throughout."""

    steps: tuple[Transformer, ...]

    def transform(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Transform one coordinate pair, or two arrays of the same length.

        What lies outside the projection comes back as infinity, as PROJ gives it.
        """
        for step in self.steps:
            x, y = step.transform(x, y)
        return x, y

    def geometry(self, geometry: BaseGeometry) -> BaseGeometry:
        """Transform every vertex of a geometry; densify long edges before, they are not bent.

        An empty geometry comes back empty, a third dimension is dropped.
        """
        return shapely.transform(geometry, lambda xy: np.column_stack(self.transform(xy[:, 0], xy[:, 1])))


@lru_cache(maxsize=256)
def transformer(source_srid: int, target_srid: int) -> Transformation:
    """Return the transformation between two systems, x east, y north on both sides.

    WGS 84 and CGCS2000 count as the same (they agree within centimetres); every other shift
    between datums that PROJ could only guess is refused.

    Raises
    ------
    CrsRefusedError
        An old datum, or no transformation that is better than a ballpark guess.

    Examples
    --------
    >>> x, y = transformer(4326, 4527).transform(117.0, 33.0)
    >>> round(x, 3)
    39500000.0
    >>> transformer(4326, 4490).transform(115.8, 33.0)
    (115.8, 33.0)
    """
    check_datum(source_srid)
    check_datum(target_srid)
    try:
        to_degrees, source_datum = _leg(source_srid, inverse=False)
        from_degrees, target_datum = _leg(target_srid, inverse=True)
        if {source_datum, target_datum} <= set(DEGREES):
            return Transformation((*to_degrees, *from_degrees))
        return Transformation((_exact(source_srid, target_srid),))
    except ProjError as error:
        raise CrsRefusedError(
            f"There is no exact transformation from EPSG:{source_srid} to EPSG:{target_srid}.",
            f"EPSG:{source_srid} 与 EPSG:{target_srid} 之间没有精确的转换。",
        ) from error


def _leg(srid: int, *, inverse: bool) -> tuple[tuple[Transformer, ...], int | None]:
    """Return the steps between a system and the degrees of its own datum, and that datum's code."""
    if srid in DEGREES:
        return (), srid
    geodetic = CRS.from_epsg(srid).geodetic_crs
    datum = geodetic.to_epsg() if geodetic else None
    if datum not in DEGREES:
        return (), datum
    return (_exact(datum, srid) if inverse else _exact(srid, datum),), datum


def _exact(source_srid: int, target_srid: int) -> Transformer:
    return Transformer.from_crs(source_srid, target_srid, always_xy=True, allow_ballpark=False)
