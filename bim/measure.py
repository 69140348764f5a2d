"""What is kept of drawn shapes, measured in lots: footprint, extent, volume, hash."""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from bim.footprint import Floats, Footprint, Ints, Mesh, Shapes, compute_footprint, compute_footprints
from bim.geometry import Box, Shape, ShapeRecord
from bim.mesh import compute_geometry_hashes, compute_volumes_m3

_LINE_CLASSES = ("IfcAlignment", "IfcAlignmentSegment", "IfcAlignmentHorizontal")


class ShapeMeasurer:
    """Measures shapes, once per shared representation where the placement only turns about the vertical.

    Parameters
    ----------
    cap : int
        Triangles above which a footprint is simplified.
    """

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._plans: dict[str, Footprint] = {}
        self._facts: dict[str, tuple[str, float | None]] = {}

    def measure(self, shapes: list[Shape], kernel: str) -> list[ShapeRecord]:
        """Measure a lot of shapes, each with at least one vertex."""
        worlds = [shape.points @ shape.matrix[:3, :3].T + shape.matrix[:3, 3] for shape in shapes]
        self._learn_facts(shapes)
        footprints = self._footprints(shapes, worlds)
        outlines = np.array([each.shape for each in footprints], dtype=object)
        codes, areas, boxes = shapely.to_wkb(outlines), shapely.area(outlines).tolist(), _boxes(worlds)
        records = []
        for index, (shape, footprint) in enumerate(zip(shapes, footprints, strict=True)):
            digest, volume = self._facts[shape.key]
            found = footprint.shape is not None
            records.append(
                ShapeRecord(
                    step_id=shape.step_id,
                    footprint=codes[index] if found else None,
                    capped=footprint.capped,
                    area_m2=areas[index] if found else None,
                    volume_m3=volume,
                    box=boxes[index],
                    placement=tuple(shape.matrix[:3, 3].tolist()),
                    geometry_hash=digest,
                    kernel=kernel,
                )
            )
        return records

    def _learn_facts(self, shapes: list[Shape]) -> None:
        new = {shape.key: shape for shape in shapes if shape.key not in self._facts}
        meshes = [Mesh(shape.points, shape.faces) for shape in new.values()]
        facts = zip(compute_geometry_hashes(meshes), compute_volumes_m3(meshes), strict=True)
        self._facts.update(zip(new, facts, strict=True))

    def _footprints(self, shapes: list[Shape], worlds: list[Floats]) -> list[Footprint]:
        turned = [_turns_about_z(shape.matrix) and shape.ifc_class not in _LINE_CLASSES for shape in shapes]
        new = {
            shape.key: shape
            for shape, plain in zip(shapes, turned, strict=True)
            if plain and shape.key not in self._plans
        }
        tilted = [
            index
            for index, shape in enumerate(shapes)
            if not turned[index] and shape.ifc_class not in _LINE_CLASSES
        ]
        meshes = [Mesh(shape.points, shape.faces) for shape in new.values()]
        meshes += [Mesh(worlds[index], shapes[index].faces) for index in tilted]
        drawn = self._robust(meshes)
        self._plans.update(zip(new, drawn, strict=False))
        found: dict[int, Footprint] = dict(zip(tilted, drawn[len(new) :], strict=True))
        found |= self._turned_plans({index: shape for index, shape in enumerate(shapes) if turned[index]})
        for index, shape in enumerate(shapes):
            if shape.ifc_class in _LINE_CLASSES:
                found[index] = Footprint(_lines(worlds[index][:, :2], shape.edges))
        return [found[index] for index in range(len(shapes))]

    def _turned_plans(self, shapes: dict[int, Shape]) -> dict[int, Footprint]:
        """Turn and shift the plans of shared representations, all coordinates at once."""
        plans = {index: self._plans[shape.key] for index, shape in shapes.items()}
        filled = [index for index, plan in plans.items() if plan.shape is not None]
        outlines = np.array([plans[index].shape for index in filled], dtype=object)
        placed = _turned(outlines, np.array([shapes[index].matrix for index in filled]).reshape(-1, 4, 4))
        shown = dict(zip(filled, placed, strict=True))
        return {index: Footprint(shown.get(index), plan.capped) for index, plan in plans.items()}

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
