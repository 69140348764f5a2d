"""Coordinates counted in steps of a grid, each as its distance to the last one; every part begins absolute.

Both the binary form and the `transform` of quantised JSON are made of it.
Source: Esri REST API, "Query", `quantizationParameters`; Esri, `FeatureCollection.proto`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import Crs
from gis.errors import InvalidParameterError
from gis.esri.reference import parse_reference
from gis.layer import GeometryType

_FINEST_DEGREES: Final = 1e-9
_FINEST_METRES: Final = 1e-4

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Grid:
    """A grid of whole numbers over a coordinate system.

    Parameters
    ----------
    step : float
        Width of a cell, in units of the coordinate system.
    x, y : float
        Where the numbers begin.
    origin : {"upperLeft", "lowerLeft"}
        Whether y is counted downwards or upwards.
    """

    step: float
    x: float = 0.0
    y: float = 0.0
    origin: Literal["upperLeft", "lowerLeft"] = "upperLeft"

    def counted(self, coordinates: Array) -> Array:
        """Return coordinates in steps of the grid."""
        down = -1.0 if self.origin == "upperLeft" else 1.0
        steps = (coordinates - (self.x, self.y)) / (self.step, down * self.step)
        return np.rint(steps).astype(np.int64)

    def document(self) -> dict[str, Any]:
        """Return the `transform` of a JSON answer."""
        return {
            "originPosition": self.origin,
            "scale": [self.step, self.step, 0, 0],
            "translate": [self.x, self.y, 0, 0],
        }


def finest_grid(crs: Crs) -> Grid:
    """Return the grid that loses nothing a survey could see: a ten-thousandth of a millimetre of arc, 0.1 mm."""
    return Grid(_FINEST_DEGREES if crs.degrees else _FINEST_METRES)


def parse_grid(text: str, crs: Crs) -> Grid | None:
    """Read `quantizationParameters`; None where none are given.

    A grid of another coordinate system than the answer's is left aside, as one without a tolerance is.

    Raises
    ------
    InvalidParameterError
        No JSON object, or numbers that are no extent and tolerance.
    """
    if not text.strip():
        return None
    try:
        given = orjson.loads(text)
        extent, step = given["extent"], float(given.get("tolerance") or 0)
        corner = float(extent["xmin"]), float(extent["ymax"]), float(extent["ymin"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _bad_grid(text) from error
    if (
        extent.get("spatialReference")
        and parse_reference(extent["spatialReference"], "quantizationParameters").srid != crs.srid
    ):
        return None
    if not all(abs(number) < 1e10 for number in corner) or not step >= 0 or step > 1e7:
        raise _bad_grid(text)
    if step < (_FINEST_DEGREES if crs.degrees else _FINEST_METRES):
        return None
    if given.get("originPosition") == "lowerLeft":
        return Grid(step, corner[0], corner[2], "lowerLeft")
    return Grid(step, corner[0], corner[1])


def _bad_grid(text: str) -> InvalidParameterError:
    return InvalidParameterError(
        f"quantizationParameters={text[:60]!r} needs extent (xmin … ymax) and tolerance.",
        f"quantizationParameters={text[:60]!r} 需要 extent（xmin … ymax）和 tolerance。",
        where="quantizationParameters",
    )


@dataclass(frozen=True)
class Counted:
    """One shape on a grid: the number of points of each part, and all coordinates one behind the other."""

    lengths: list[int]
    numbers: list[int]


def count_shapes(
    shapes: Sequence[BaseGeometry | None], kind: GeometryType, grid: Grid
) -> list[Counted | None]:
    """Return shapes on a grid, all in one go; None where there is nothing to draw.

    Parts that shrink to less than a line or an area are left out, but never all of a shape: its longest stays.

    Examples
    --------
    >>> count_shapes([shapely.Point(3, 4), None], "point", Grid(1.0, 0, 10))
    [Counted(lengths=[], numbers=[3, 6]), None]
    """
    parts, owners = _parts(np.array(shapes, dtype=object))
    coordinates, of = shapely.get_coordinates(parts, return_index=True)
    numbers = grid.counted(coordinates)
    kept = _worth_keeping(numbers, of, owners, {"point": 1, "line": 2, "polygon": 4}[kind])
    numbers, of = numbers[kept], of[kept]
    begins = np.ones(len(of), dtype=bool)
    begins[1:] = of[1:] != of[:-1]
    distances = numbers.copy()
    distances[1:] -= numbers[:-1]
    distances[begins] = numbers[begins]
    return _by_shape(len(shapes), distances, owners[of], begins, kind)


def _parts(shapes: Array) -> tuple[Array, Array]:
    """Return all rings, lines or points, and the number of the shape that each belongs to."""
    single, owners = shapely.get_parts(shapes, return_index=True)
    if not (shapely.get_dimensions(single) == 2).any():
        return single, owners
    rings, of = shapely.get_rings(single, return_index=True)
    return rings, owners[of]


def _worth_keeping(numbers: Array, of: Array, owners: Array, least: int) -> Array:
    """Return which points stay: none that falls on the one before, none of a part that has become too short."""
    moved: Array = np.ones(len(of), dtype=bool)
    moved[1:] = (of[1:] != of[:-1]) | (numbers[1:] != numbers[:-1]).any(axis=1)
    full = np.bincount(of[moved], minlength=len(owners)) >= least
    lengths = np.bincount(of, minlength=len(owners))
    for shape in np.setdiff1d(owners, owners[full]):
        mine = np.flatnonzero(owners == shape)
        longest = mine[np.argmax(lengths[mine])]
        full[longest] = True
        moved[of == longest] = True
    kept: Array = moved & full[of]
    return kept


def _by_shape(
    count: int, distances: Array, owners: Array, begins: Array, kind: GeometryType
) -> list[Counted | None]:
    """Cut the points of all shapes into those of each."""
    numbers: list[int] = distances.ravel().tolist()
    starts = np.flatnonzero(begins)
    lengths = np.diff(np.append(starts, len(owners)))
    ends = np.searchsorted(owners, np.arange(count), side="right")
    part_ends = np.searchsorted(owners[starts], np.arange(count), side="right")
    found: list[Counted | None] = []
    at = part = 0
    for end, part_end in zip(ends.tolist(), part_ends.tolist(), strict=True):
        own = [] if kind == "point" else lengths[part:part_end].tolist()
        found.append(Counted(own, numbers[2 * at : 2 * end]) if end > at else None)
        at, part = end, part_end
    return found
