"""Footprints (投影轮廓): the true union of a mesh's triangles seen from above."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

# Triangles thinner than this, in square metres, are walls seen from above.
_FLAT_M2 = 1e-9
_CRUMB_M2 = 1e-6
_STRAIGHT_M = 1e-4
_CLOSED_SHARE = 1e-6
_GRID_CELLS = 4000


@dataclass(frozen=True)
class Footprint:
    """A footprint in the frame of its vertices; None where nothing is seen from above."""

    shape: BaseGeometry | None
    capped: bool = False


def compute_footprint(plan: Floats, faces: Ints, cap: int) -> Footprint:
    """Compute the union of the triangles of a mesh projected to the ground.

    Parameters
    ----------
    plan : ndarray, shape (n, 2)
        Vertices seen from above, metres.
    faces : ndarray, shape (m, 3)
        Triangles, positions in ``plan``.
    cap : int
        More triangles than this are first snapped to a fine grid, and the footprint is flagged.

    Returns
    -------
    Footprint
        Polygon or MultiPolygon; open, turned and self-crossing meshes included.

    Notes
    -----
    A closed, consistently oriented mesh has signed areas that cancel; then its up-facing triangles are enough.
    The test comes first: taking them from open or turned meshes loses area.

    Examples
    --------
    >>> square = np.array([[0, 0], [2, 0], [2, 1], [0, 1]], dtype=float)
    >>> compute_footprint(square, np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32), 100).shape.area
    2.0
    """
    if len(faces) == 0:
        return Footprint(None)
    offset = plan[faces[0, 0]]
    corners = (plan - offset)[faces]
    chosen = _seen_from_above(corners)
    capped = len(chosen) > cap
    if capped:
        chosen = _snapped(chosen)
    if len(chosen) == 0:
        return Footprint(None)
    union = _union(chosen)
    return Footprint(_moved(union, offset) if union is not None else None, capped)


def _seen_from_above(corners: Floats) -> Floats:
    areas = _signed_areas(corners)
    sizes = np.abs(areas)
    closed = abs(float(areas.sum())) <= _CLOSED_SHARE * float(sizes.sum()) + _FLAT_M2
    wanted = areas > _FLAT_M2 if closed else sizes > _FLAT_M2
    return np.asarray(corners[wanted])


def _signed_areas(corners: Floats) -> Floats:
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.asarray(0.5 * (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]))


def _snapped(corners: Floats) -> Floats:
    """Snap corners to 1/4000 of the extent and drop what collapses or repeats."""
    flat = corners.reshape(-1, 2)
    step = max(float(np.ptp(flat, axis=0).max()) / _GRID_CELLS, 1e-3)
    cells = np.round(corners / step).astype(np.int64)
    order = np.sort(cells[..., 0] * (1 << 32) + cells[..., 1], axis=1)
    _, first = np.unique(order, axis=0, return_index=True)
    kept = cells[first].astype(np.float64) * step
    return np.asarray(kept[np.abs(_signed_areas(kept)) > _FLAT_M2])


def _union(corners: Floats) -> BaseGeometry | None:
    rings = np.concatenate([corners, corners[:, :1]], axis=1)
    triangles = np.asarray(shapely.polygons(rings), dtype=object)
    return _cleaned(_robust_union(triangles)) if len(triangles) > 1 else triangles[0]


def _cleaned(union: BaseGeometry) -> BaseGeometry | None:
    """Drop what rounding leaves between triangles: needle holes, crumbs, points on straight edges."""
    parts = [_without_needles(part) for part in shapely.get_parts(union) if part.area > _CRUMB_M2]
    if not parts:
        return None
    plain: BaseGeometry = shapely.simplify(parts[0] if len(parts) == 1 else MultiPolygon(parts), _STRAIGHT_M)
    if shapely.is_valid(plain):
        return plain
    pieces = [piece for piece in shapely.get_parts(shapely.make_valid(plain)) if piece.area > _CRUMB_M2]
    return shapely.union_all(pieces)


def _without_needles(polygon: BaseGeometry) -> Polygon:
    exterior, *holes = shapely.get_rings(polygon)
    return Polygon(exterior, [hole for hole in holes if Polygon(hole).area > _CRUMB_M2])


def _robust_union(triangles: NDArray[np.object_]) -> BaseGeometry:
    """Unite on full coordinates; a millimetre grid only where the topology fails, as it costs half as much again."""
    try:
        return shapely.union_all(triangles)
    except shapely.errors.GEOSException:
        return shapely.union_all(triangles, grid_size=0.001)


def _moved(shape: BaseGeometry, offset: Floats) -> BaseGeometry:
    return shapely.transform(shape, lambda points: points + offset)
