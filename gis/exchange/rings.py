"""Rings as surveyors write them, put together to polygons: what lies inside is a hole, whatever its number says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon

MOST_RINGS: Final = 3_000
"""Rings that one parcel may have; who lies in whom is asked for every pair."""


@dataclass
class Ring:
    """A ring under way: its points without the closing one, the names of all, whether the first point returned."""

    line: int
    number: int | None
    points: list[tuple[float, float]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    closed: bool = False


def assemble(rings: Sequence[Sequence[tuple[float, float]]]) -> Polygon | MultiPolygon:
    """Return the polygon that rings make: each ring inside an odd number of others is a hole.

    Parameters
    ----------
    rings : sequence of rings
        Each of at least three points, open or closed, in any order and direction.

    Returns
    -------
    Polygon or MultiPolygon
        Shells anticlockwise, holes clockwise; it may be invalid where rings cross.

    Examples
    --------
    >>> square, hole = [(0, 0), (9, 0), (9, 9), (0, 9)], [(1, 1), (2, 1), (2, 2), (1, 2)]
    >>> assemble([hole, square]).area, assemble([square, [(20, 0), (21, 0), (21, 1)]]).area
    (80.0, 81.5)
    """
    discs = sorted((Polygon(ring) for ring in rings), key=lambda disc: -disc.area)
    inside: list[list[int]] = [
        [outer for outer in range(number) if _lies_in(disc, discs[outer])]
        for number, disc in enumerate(discs)
    ]
    shells = [number for number, outers in enumerate(inside) if len(outers) % 2 == 0]
    holes: dict[int, list[Polygon]] = {number: [] for number in shells}
    for number, outers in enumerate(inside):
        if len(outers) % 2:
            holes[outers[-1] if outers[-1] in holes else shells[0]].append(discs[number])
    made = [
        Polygon(discs[number].exterior.coords, [hole.exterior.coords for hole in holes[number]])
        for number in sorted(shells)
    ]
    return _oriented(made[0] if len(made) == 1 else MultiPolygon(made))


def _oriented(polygon: Polygon | MultiPolygon) -> Polygon | MultiPolygon:
    return shapely.orient_polygons(polygon)


def _lies_in(disc: Polygon, outer: Polygon) -> bool:
    west, south, east, north = disc.bounds
    box = outer.bounds
    if west < box[0] or south < box[1] or east > box[2] or north > box[3]:
        return False
    points = np.asarray(disc.exterior.coords)[:, :2]
    if not shapely.intersects_xy(outer, points[:, 0], points[:, 1]).all():
        return False
    # All corners may lie on the outline of a ring that bends away from this one.
    try:
        middle = disc.representative_point()
    except ShapelyError:
        return True
    return bool(shapely.intersects_xy(outer, middle.x, middle.y))
