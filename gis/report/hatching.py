"""Second cue beside the colour: lines through a polygon, as the styles of the map have them."""

from typing import Final

import shapely
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

STEP: Final = 1.8
_MOST: Final = 400
_SLOPES: Final[dict[str, tuple[tuple[float, float], ...]]] = {
    "horizontal": ((1, 0),),
    "vertical": ((0, 1),),
    "diagonal": ((1, -1),),
    "back_diagonal": ((1, 1),),
    "cross": ((1, 0), (0, 1)),
    "diagonal_cross": ((1, -1), (1, 1)),
}


def hatch(polygon: Polygon, pattern: str, step: float = STEP) -> list[LineString]:
    """Return the lines of a pattern inside a polygon; none for ``"solid"`` or a pattern unknown here.

    Lines stand on one lattice for all polygons, so that neighbours of one layer are hatched alike.

    Examples
    --------
    >>> [line.length for line in hatch(shapely.box(0, 0.5, 10, 4), "horizontal", 2)]
    [10.0, 10.0]
    """
    lines = [line for slope in _SLOPES.get(pattern, ()) for line in _lattice(polygon.bounds, slope, step)]
    if not lines:
        return []
    cut = shapely.intersection(lines, polygon)
    return [part for each in cut for part in _lines(each)]


def _lines(geometry: BaseGeometry) -> list[LineString]:
    return [part for part in shapely.get_parts(geometry) if isinstance(part, LineString)]


def _lattice(
    bounds: tuple[float, float, float, float], slope: tuple[float, float], step: float
) -> list[LineString]:
    """Return the lines of one direction that meet a box, a whole number of steps apart from the origin's."""
    west, south, east, north = bounds
    run, rise = slope
    length = (run * run + rise * rise) ** 0.5
    # Distance of a point from the line through the origin.
    offsets = [(run * y - rise * x) / length for x in (west, east) for y in (south, north)]
    first, last = int(min(offsets) // step) + 1, int(max(offsets) // step)
    reach = (east - west) + (north - south) + abs(west) + abs(east) + abs(south) + abs(north)
    return [
        LineString(
            [
                (-rise / length * d - run * reach, run / length * d - rise * reach),
                (-rise / length * d + run * reach, run / length * d + rise * reach),
            ]
        )
        for d in (step * number for number in range(first, min(last, first + _MOST) + 1))
    ]
