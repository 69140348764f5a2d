"""Footprints (投影轮廓): the true union of a mesh's triangles seen from above, many meshes at a time."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Shapes = NDArray[np.object_]

# Triangles thinner than this, in square metres, are walls seen from above.
_FLAT_M2 = 1e-9
_CRUMB_M2 = 1e-6
_POLYGON = 3
_STRAIGHT_M = 1e-4
_CLOSED_SHARE = 1e-6
_GRID_CELLS = 4000


@dataclass(frozen=True)
class Mesh:
    """Vertices (n x 3, metres) and triangles (m x 3, positions of vertices)."""

    points: Floats
    faces: Ints


@dataclass(frozen=True)
class Footprint:
    """A footprint in the frame of its vertices; None where nothing is seen from above."""

    shape: BaseGeometry | None
    capped: bool = False


@dataclass(frozen=True)
class _Seen:
    """Triangles seen from above (corners, m x 3 x 2), the mesh of each, and the patch each belongs to.

    The triangles of a patch hang together and face the same way, so they hardly ever overlap.
    """

    corners: Floats
    owners: NDArray[np.int64]
    patches: NDArray[np.int64]


def compute_footprint(mesh: Mesh, cap: int) -> Footprint:
    """Compute one footprint; see :func:`compute_footprints`.

    Examples
    --------
    >>> square = np.array([[0, 0, 0], [2, 0, 0], [2, 1, 0], [0, 1, 0]], dtype=float)
    >>> compute_footprint(Mesh(square, np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32)), 100).shape.area
    2.0
    """
    return compute_footprints([mesh], cap)[0]


def compute_footprints(meshes: list[Mesh], cap: int) -> list[Footprint]:
    """Compute the union of the triangles of each mesh projected to the ground.

    Parameters
    ----------
    meshes : list of Mesh
        In metres.
    cap : int
        A mesh with more triangles seen from above than this is first snapped to a fine grid, and flagged.

    Returns
    -------
    list of Footprint
        Polygon or MultiPolygon; open, turned and self-crossing meshes included.

    Notes
    -----
    A closed, consistently oriented mesh has signed areas that cancel; then its up-facing triangles are enough.
    The test comes first: taking them from open or turned meshes loses area.
    """
    if not meshes:
        return []
    offsets = [mesh.points[0, :2] if len(mesh.points) else np.zeros(2) for mesh in meshes]
    seen = _seen_from_above(meshes, offsets)
    counts = np.bincount(seen.owners, minlength=len(meshes))
    capped = counts > cap
    shapes = np.full(len(meshes), None, dtype=object)
    _unite(shapes, seen, (counts > 0) & ~capped)
    for index in np.flatnonzero(capped):
        shapes[index] = _robust_union(_triangles(_snapped(seen.corners[seen.owners == index])))
    cleaned = _moved(_cleaned(shapes), np.asarray(offsets))
    return [Footprint(shape, bool(cut)) for shape, cut in zip(cleaned, capped, strict=True)]


def _seen_from_above(meshes: list[Mesh], offsets: list[Floats]) -> _Seen:
    """Choose the triangles of all meshes that make up their footprints."""
    sizes = np.array([len(mesh.points) for mesh in meshes])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    faces = np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)])
    owners = np.repeat(np.arange(len(meshes)), [len(mesh.faces) for mesh in meshes])
    points = np.concatenate([mesh.points for mesh in meshes])
    plan = points[:, :2] - np.repeat(np.asarray(offsets), sizes, axis=0)
    corners = plan[faces]
    areas = _signed_areas(corners)
    whole = np.bincount(owners, np.abs(areas), len(meshes))
    closed = np.abs(np.bincount(owners, areas, len(meshes))) <= _CLOSED_SHARE * whole + _FLAT_M2
    wanted = np.where(closed[owners], areas, np.abs(areas)) > _FLAT_M2
    return _Seen(corners[wanted], owners[wanted], _patches(faces[wanted], areas[wanted] > 0, len(points)))


def _patches(faces: Ints, upward: NDArray[np.bool_], count: int) -> NDArray[np.int64]:
    """Number the patches of triangles that hang together by edges and face the same way."""
    tail, head = faces.ravel().astype(np.int64), faces[:, [1, 2, 0]].ravel().astype(np.int64)
    edges = np.minimum(tail, head) * count + np.maximum(tail, head)
    order = np.argsort(edges, kind="stable")
    triangles = order // 3
    same = edges[order][1:] == edges[order][:-1]
    one, two = triangles[:-1][same], triangles[1:][same]
    alike = upward[one] == upward[two]
    one, two = one[alike], two[alike]
    labels = np.arange(len(faces))
    while True:
        lowest = np.minimum(labels[one], labels[two])
        spread = labels.copy()
        np.minimum.at(spread, one, lowest)
        np.minimum.at(spread, two, lowest)
        spread = spread[spread]
        if np.array_equal(spread, labels):
            return labels
        labels = spread


def _signed_areas(corners: Floats) -> Floats:
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.asarray(0.5 * (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]))


def _triangles(corners: Floats) -> Shapes:
    rings = np.concatenate([corners, corners[:, :1]], axis=1)
    return np.asarray(shapely.polygons(rings), dtype=object)


def _unite(shapes: Shapes, seen: _Seen, wanted: NDArray[np.bool_]) -> None:
    """Unite the triangles of each wanted mesh in place."""
    mask = wanted[seen.owners]
    if not mask.any():
        return
    joined, owners = _joined_patches(_triangles(seen.corners[mask]), seen.patches[mask], seen.owners[mask])
    used, first, counts = np.unique(owners, return_index=True, return_counts=True)
    single = counts == 1
    shapes[used[single]] = joined[first[single]]
    many = np.isin(owners, used[~single])
    if many.any():
        _, indices = np.unique(owners[many], return_inverse=True)
        shapes[used[~single]] = _unite_heaps(_heaps(joined[many], indices))


def _joined_patches(
    triangles: Shapes, patches: NDArray[np.int64], owners: NDArray[np.int64]
) -> tuple[Shapes, NDArray[np.int64]]:
    """Join the triangles of each patch, which spares the union most of its edges."""
    _, first, indices, counts = np.unique(patches, return_index=True, return_inverse=True, return_counts=True)
    joined = triangles[first]
    many = counts > 1
    if many.any():
        mask = many[indices]
        _, heap = np.unique(indices[mask], return_inverse=True)
        joined[many] = _join_side_by_side(_heaps(triangles[mask], heap))
    return joined, owners[first]


def _heaps(shapes: Shapes, indices: NDArray[np.int64]) -> Shapes:
    """Put polygons into one collection per index; indices run from zero without gaps."""
    order = np.argsort(indices, kind="stable")
    return np.asarray(shapely.geometrycollections(shapes[order], indices=indices[order]), dtype=object)


def _join_side_by_side(heaps: Shapes) -> Shapes:
    """Join triangles that lie side by side; where their edges do not match, unite them as any others."""
    if len(heaps) == 0:
        return heaps
    joined = _each(heaps, shapely.coverage_union_all)
    broken = np.array([shape is None for shape in joined]) | ~shapely.is_valid(joined)
    broken |= np.abs(shapely.area(joined) - shapely.area(heaps)) > _CRUMB_M2
    joined[broken] = _unite_heaps(heaps[broken])
    return joined


def _unite_heaps(heaps: Shapes) -> Shapes:
    """Unite triangles that may overlap: on full coordinates, on a millimetre grid only where topology fails."""
    if len(heaps) == 0:
        return heaps
    united = _each(heaps, shapely.union_all)
    for index in np.flatnonzero([shape is None for shape in united]):
        united[index] = _robust_union(shapely.get_parts(heaps[index]))
    return united


def _each(heaps: Shapes, unite: Any) -> Shapes:
    """Apply a union to each heap at once; if one of them fails, one by one with None for the failed."""
    try:
        return np.asarray(unite(heaps[:, np.newaxis], axis=1), dtype=object).reshape(len(heaps))
    except shapely.errors.GEOSException:
        results = np.full(len(heaps), None, dtype=object)
        for index, heap in enumerate(heaps):
            try:
                results[index] = unite([heap])
            except shapely.errors.GEOSException:
                continue
        return results


def _robust_union(triangles: Shapes) -> BaseGeometry | None:
    """Unite on full coordinates; the grid costs half as much again and loses a millimetre."""
    if len(triangles) == 0:
        return None
    try:
        return shapely.union_all(triangles)
    except shapely.errors.GEOSException:
        return shapely.union_all(triangles, grid_size=0.001)


def _snapped(corners: Floats) -> Floats:
    """Snap corners to 1/4000 of the extent and drop what collapses or repeats."""
    flat = corners.reshape(-1, 2)
    step = max(float(np.ptp(flat, axis=0).max()) / _GRID_CELLS, 1e-3)
    cells = np.round(corners / step).astype(np.int64)
    order = np.sort(cells[..., 0] * (1 << 32) + cells[..., 1], axis=1)
    _, first = np.unique(order, axis=0, return_index=True)
    kept = cells[first].astype(np.float64) * step
    return np.asarray(kept[np.abs(_signed_areas(kept)) > _FLAT_M2])


def _cleaned(unions: Shapes) -> Shapes:
    """Drop what rounding leaves between triangles: needle holes, crumbs, points on straight edges."""
    plain = (shapely.get_type_id(unions) == _POLYGON) & (shapely.get_num_interior_rings(unions) == 0)
    plain &= shapely.area(unions) > _CRUMB_M2
    cleaned = np.full(len(unions), None, dtype=object)
    cleaned[plain] = shapely.simplify(unions[plain], _STRAIGHT_M)
    rest = np.flatnonzero(~plain & ~shapely.is_missing(unions))
    cleaned[rest] = [_without_crumbs(union) for union in unions[rest]]
    for index in np.flatnonzero(~shapely.is_valid(cleaned) & ~shapely.is_missing(cleaned)):
        parts = shapely.get_parts(shapely.make_valid(cleaned[index]))
        cleaned[index] = shapely.union_all(parts[shapely.area(parts) > _CRUMB_M2])
    return cleaned


def _without_crumbs(union: BaseGeometry) -> BaseGeometry | None:
    parts = [_without_needles(part) for part in shapely.get_parts(union) if part.area > _CRUMB_M2]
    if not parts:
        return None
    return shapely.simplify(parts[0] if len(parts) == 1 else MultiPolygon(parts), _STRAIGHT_M)


def _without_needles(polygon: BaseGeometry) -> Polygon:
    exterior, *holes = shapely.get_rings(polygon)
    return Polygon(exterior, [hole for hole in holes if Polygon(hole).area > _CRUMB_M2])


def _moved(shapes: Shapes, offsets: Floats) -> Shapes:
    plan, owners = shapely.get_coordinates(shapes, return_index=True)
    return np.asarray(shapely.set_coordinates(shapes, plan + offsets[owners]), dtype=object)
