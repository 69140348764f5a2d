"""Long edges cut as PostGIS cuts them, to the last digit; shapely's own way rounds some points otherwise."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
_POLYGON: Final = 3


def densified(shapes: NDArray[np.object_], step: float) -> NDArray[np.object_]:
    """Return shapes whose edges are no longer than a step, in units of their coordinates, as `ST_Segmentize` does.

    Examples
    --------
    >>> shapely.get_num_coordinates(densified(np.array([shapely.box(0, 0, 1_200, 100)]), 500.0)[0]).item()
    9
    """
    cut = shapely.segmentize(shapes, step)
    found = shapes.copy()
    for place in np.flatnonzero(shapely.get_num_coordinates(cut) != shapely.get_num_coordinates(shapes)):
        points = np.concatenate([_densified_ring(ring, step) for ring in _rings(shapes[place])])
        found[place] = shapely.set_coordinates(cut[place], points)
    return found


def _rings(shape: BaseGeometry) -> Sequence[Floats]:
    """Return the coordinates of every ring or line, in the order in which shapely keeps them."""
    rings = []
    for part in shapely.get_parts(shape):
        lines = shapely.get_rings(part) if shapely.get_type_id(part) == _POLYGON else [part]
        rings += [shapely.get_coordinates(line) for line in lines]
    return rings


def _densified_ring(points: Floats, step: float) -> Floats:
    start, span = points[:-1], np.diff(points, axis=0)
    pieces = np.maximum(np.ceil(np.hypot(span[:, 0], span[:, 1]) / step), 1).astype(np.int64)
    edge = np.repeat(np.arange(len(pieces)), pieces)
    nth = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    between = start[edge] + span[edge] * nth[:, None] / pieces[edge][:, None]
    return np.vstack([between, points[-1:]])
