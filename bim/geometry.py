"""Shapes from the geometry kernel, one after the other, and what is kept of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ifcopenshell.geom
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from bim.footprint import Floats, Footprint, Ints, compute_footprint
from bim.mesh import compute_geometry_hash, compute_volume_m3
from bim.model import File, Instance

# 2.7-5.4 times faster than the default kernel with the same shapes (measured); the second one is the fallback.
HYBRID = "hybrid-cgal-simple-opencascade"
FALLBACK = "opencascade"

_LINE_CLASSES = ("IfcAlignment", "IfcAlignmentSegment", "IfcAlignmentHorizontal")


@dataclass(frozen=True)
class Shape:
    """One drawn element: vertices in its own frame (metres), placement (4 x 4, row-major), triangles, edges."""

    step_id: int
    ifc_class: str
    key: str
    matrix: Floats
    points: Floats
    faces: Ints
    edges: Ints


@dataclass(frozen=True)
class ShapeRecord:
    """What is kept of a shape, small enough for a pipe; metres in the model frame.

    Attributes
    ----------
    footprint : bytes or None
        WKB of polygons, or of lines for alignments.
    box : tuple of float
        x, y, z minimum, then maximum.
    """

    step_id: int
    footprint: bytes | None
    capped: bool
    area_m2: float | None
    volume_m3: float | None
    box: tuple[float, float, float, float, float, float]
    placement: tuple[float, float, float]
    geometry_hash: str
    kernel: str


class NothingDrawnError(Exception):
    """The kernel refused a list of elements as a whole: one bad placement is enough for that."""


def iter_shapes(file: File, elements: list[Instance], kernel: str) -> Iterator[Shape]:
    """Iterate over the shapes of elements with one kernel in one thread.

    Raises
    ------
    NothingDrawnError
        Not one element could be drawn.

    Notes
    -----
    The mesh comes in metres whatever the project unit; the context's WorldCoordinateSystem is not applied.
    Two threads make this version slower; parts of the list go to several processes instead.
    """
    iterator = ifcopenshell.geom.iterator(
        ifcopenshell.geom.settings(), file, 1, include=elements, geometry_library=kernel
    )
    if not iterator.initialize():
        raise NothingDrawnError
    while True:
        yield _shape_of(iterator.get())
        if not iterator.next():
            return


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
        self._meshes: dict[str, tuple[str, float | None]] = {}

    def measure(self, shape: Shape, kernel: str) -> ShapeRecord:
        """Measure one shape."""
        world = shape.points @ shape.matrix[:3, :3].T + shape.matrix[:3, 3]
        low, high = world.min(axis=0), world.max(axis=0)
        try:
            footprint = self._footprint(shape, world)
        except (shapely.errors.ShapelyError, ValueError):
            # A shape without a footprint still has its box, its volume and its place in the tree.
            footprint = Footprint(None)
        digest, volume = self._mesh(shape)
        outline = footprint.shape
        return ShapeRecord(
            step_id=shape.step_id,
            footprint=shapely.to_wkb(outline) if outline is not None else None,
            capped=footprint.capped,
            area_m2=float(outline.area) if outline is not None else None,
            volume_m3=volume,
            box=(*low.tolist(), *high.tolist()),
            placement=tuple(shape.matrix[:3, 3].tolist()),
            geometry_hash=digest,
            kernel=kernel,
        )

    def _footprint(self, shape: Shape, world: Floats) -> Footprint:
        if shape.ifc_class in _LINE_CLASSES:
            return Footprint(_lines(world[:, :2], shape.edges))
        if not _turns_about_z(shape.matrix):
            return compute_footprint(world[:, :2], shape.faces, self._cap)
        if shape.key not in self._plans:
            self._plans[shape.key] = compute_footprint(shape.points[:, :2], shape.faces, self._cap)
        own = self._plans[shape.key]
        if own.shape is None:
            return own
        turn, shift = shape.matrix[:2, :2], shape.matrix[:2, 3]
        return Footprint(shapely.transform(own.shape, lambda plan: plan @ turn.T + shift), own.capped)

    def _mesh(self, shape: Shape) -> tuple[str, float | None]:
        if shape.key not in self._meshes:
            volume = compute_volume_m3(shape.points, shape.faces)
            self._meshes[shape.key] = (compute_geometry_hash(shape.points), volume)
        return self._meshes[shape.key]


def _shape_of(drawn: Any) -> Shape:
    geometry = drawn.geometry
    return Shape(
        step_id=drawn.id,
        ifc_class=drawn.type,
        key=geometry.id,
        matrix=np.frombuffer(drawn.transformation_buffer, np.float64).reshape(4, 4).T,
        points=np.frombuffer(geometry.verts_buffer, np.float64).reshape(-1, 3),
        faces=np.frombuffer(geometry.faces_buffer, np.int32).reshape(-1, 3),
        edges=np.frombuffer(geometry.edges_buffer, np.int32).reshape(-1, 2),
    )


def _turns_about_z(matrix: Floats) -> bool:
    tilt = np.abs([matrix[2, 0], matrix[2, 1], matrix[0, 2], matrix[1, 2], matrix[2, 2] - 1.0])
    return bool(tilt.max() < 1e-9)


def _lines(plan: Floats, edges: Ints) -> BaseGeometry | None:
    parts = plan[edges]
    parts = parts[np.abs(parts[:, 0] - parts[:, 1]).max(axis=1) > 1e-9] if len(parts) else parts
    if len(parts) == 0:
        return None
    lines = np.asarray(shapely.linestrings(parts), dtype=object)
    return shapely.line_merge(shapely.union_all(lines))
