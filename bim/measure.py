"""What is kept of drawn shapes, measured in lots: footprint, extent, volume, hash."""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from bim.footprint import Floats, Footprint, Ints, Mesh, Shapes, compute_footprint, compute_footprints
from bim.geometry import Box, Shape, ShapeRecord, compute_content
from bim.mesh import compute_geometry_hashes, compute_volumes_m3
from bim.placements import flat_placement

_LINE_CLASSES = ("IfcAlignment", "IfcAlignmentSegment", "IfcAlignmentHorizontal")


class ShapeMeasurer:
    """Measures shapes, each content once where the placement only turns about the vertical.

    Exporters write the same door again and again without sharing its representation, so the content decides.

    Parameters
    ----------
    cap : int
        Triangles above which a footprint is simplified.
    """

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._contents: dict[str, bytes] = {}
        self._plans: dict[bytes, Footprint] = {}
        self._facts: dict[bytes, tuple[str, float | None]] = {}

    def measure(self, shapes: list[Shape], kernel: str) -> list[ShapeRecord]:
        """Measure a lot of shapes, each with at least one vertex."""
        worlds = [shape.points @ shape.matrix[:3, :3].T + shape.matrix[:3, 3] for shape in shapes]
        self._learn_facts(shapes)
        footprints = self._footprints(shapes, worlds)
        outlines = np.array([each.shape for each in footprints], dtype=object)
        codes, areas, boxes = shapely.to_wkb(outlines), shapely.area(outlines).tolist(), _boxes(worlds)
        records = []
        for index, (shape, footprint) in enumerate(zip(shapes, footprints, strict=True)):
            digest, volume = self._facts[self._content(shape)]
            found = footprint.shape is not None
            records.append(
                ShapeRecord(
                    step_id=shape.step_id,
                    footprint=codes[index] if found else None,
                    capped=footprint.capped,
                    area_m2=areas[index] if found else None,
                    volume_m3=volume,
                    box=boxes[index],
                    placement=flat_placement(shape.matrix),
                    geometry_hash=digest,
                    kernel=kernel,
                )
            )
        return records

    def _content(self, shape: Shape) -> bytes:
        """Digest of a shape in its own frame, to a thousandth of a millimetre."""
        found = self._contents.get(shape.key)
        if found is None:
            found = self._contents[shape.key] = compute_content(shape)
        return found

    def _learn_facts(self, shapes: list[Shape]) -> None:
        new = {self._content(shape): shape for shape in shapes if self._content(shape) not in self._facts}
        meshes = [Mesh(shape.points, shape.faces) for shape in new.values()]
        facts = zip(compute_geometry_hashes(meshes), compute_volumes_m3(meshes), strict=True)
        self._facts.update(zip(new, facts, strict=True))

    def _footprints(self, shapes: list[Shape], worlds: list[Floats]) -> list[Footprint]:
        keys = [self._plan_key(shape) for shape in shapes]
        new: dict[bytes, Mesh] = {}
        for shape, key in zip(shapes, keys, strict=True):
            if key not in self._plans and key not in new:
                new[key] = Mesh(shape.points @ _tilt(shape.matrix).T, shape.faces)
        self._plans.update(zip(new, self._robust(list(new.values())), strict=True))
        placed = self._placed_plans(shapes, keys)
        return [
            Footprint(_lines(world[:, :2], shape.edges)) if shape.ifc_class in _LINE_CLASSES else plan
            for shape, world, plan in zip(shapes, worlds, placed, strict=True)
        ]

    def _plan_key(self, shape: Shape) -> bytes:
        """A footprint depends on the content and on a tilt; turns about the vertical and shifts come after."""
        if _turns_about_z(shape.matrix):
            return self._content(shape)
        return self._content(shape) + np.round(shape.matrix[:3, :3], 9).tobytes()

    def _placed_plans(self, shapes: list[Shape], keys: list[bytes]) -> list[Footprint]:
        """Turn and shift the plans, all coordinates at once."""
        plans = [self._plans[key] for key in keys]
        filled = [index for index, plan in enumerate(plans) if plan.shape is not None]
        outlines = np.array([plans[index].shape for index in filled], dtype=object)
        placed = _turned(outlines, np.array([_flat_part(shapes[index].matrix) for index in filled]))
        shown = dict(zip(filled, placed, strict=True))
        return [Footprint(shown.get(index), plan.capped) for index, plan in enumerate(plans)]

    def _robust(self, meshes: list[Mesh]) -> list[Footprint]:
        """Compute all footprints; if one mesh breaks the lot, one by one with an empty one for the guilty."""
        try:
            return compute_footprints(meshes, self._cap)
        except (shapely.errors.ShapelyError, ValueError):
            return [self._single(mesh) for mesh in meshes]

    def _single(self, mesh: Mesh) -> Footprint:
        try:
            return compute_footprint(mesh, self._cap)
        except (shapely.errors.ShapelyError, ValueError):
            # A shape without a footprint still has its box, its volume and its place in the tree.
            return Footprint(None)


def _boxes(worlds: list[Floats]) -> list[Box]:
    """Lowest and highest x, y, z of each set of points."""
    starts = np.cumsum([0, *(len(world) for world in worlds[:-1])])
    points = np.concatenate(worlds)
    low, high = np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)
    return [tuple(row) for row in np.hstack([low, high]).tolist()]


def _turned(outlines: Shapes, matrices: NDArray[np.float64]) -> Shapes:
    if len(outlines) == 0:
        return outlines
    plan, owners = shapely.get_coordinates(outlines, return_index=True)
    turns, shifts = matrices[owners, :2, :2], matrices[owners, :2, 3]
    moved = np.einsum("nij,nj->ni", turns, plan) + shifts
    return np.asarray(shapely.set_coordinates(outlines.copy(), moved), dtype=object)


def _tilt(matrix: Floats) -> Floats:
    """The part of a placement that changes the footprint's form: none where it only turns about the vertical."""
    return np.eye(3) if _turns_about_z(matrix) else matrix[:3, :3]


def _flat_part(matrix: Floats) -> Floats:
    """The part of a placement that is left to do on the plan."""
    if _turns_about_z(matrix):
        return matrix
    shift = np.eye(4)
    shift[:3, 3] = matrix[:3, 3]
    return shift


def _turns_about_z(matrix: Floats) -> bool:
    return bool(
        abs(matrix[2, 2] - 1.0) < 1e-9
        and abs(matrix[2, 0]) < 1e-9
        and abs(matrix[2, 1]) < 1e-9
        and abs(matrix[0, 2]) < 1e-9
        and abs(matrix[1, 2]) < 1e-9
    )


def _lines(plan: Floats, edges: Ints) -> BaseGeometry | None:
    parts = plan[edges]
    parts = parts[np.abs(parts[:, 0] - parts[:, 1]).max(axis=1) > 1e-9] if len(parts) else parts
    if len(parts) == 0:
        return None
    lines = np.asarray(shapely.linestrings(parts), dtype=object)
    return shapely.line_merge(shapely.union_all(lines))
