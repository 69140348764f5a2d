"""A small spool of boxes with names to tell them by."""

from pathlib import Path

import numpy as np

from bim.geometry import HYBRID, Shape
from bim.measure import ShapeMeasurer
from bim.scene.build import SceneElement
from bim.scene.spool import MeshWriter
from tests.bim.scene.test_facets import CORNERS, SIDES

Place = tuple[float, float, float]


def make_elements(
    spool: Path,
    corners: list[Place],
    classes: list[str] | None = None,
    storeys: list[str | None] | None = None,
    sizes: list[Place] | None = None,
) -> list[SceneElement]:
    """Spool a box at each corner, 1 m wide unless told, and return the elements."""
    spool.mkdir(exist_ok=True)
    kinds = classes or ["IfcColumn"] * len(corners)
    shapes = [
        _shape(number, corner, kinds[number], (sizes or [(1.0, 1.0, 1.0)] * len(corners))[number])
        for number, corner in enumerate(corners)
    ]
    records = ShapeMeasurer(1_000).measure(shapes, HYBRID)
    places = MeshWriter(spool, 0).add(shapes, records)
    names = storeys or ["一层"] * len(corners)
    return [
        SceneElement(fid, f"0示例{fid:018d}", kinds[fid], names[fid], record.box, place)
        for fid, (record, place) in enumerate(zip(records, places, strict=True))
    ]


def _shape(number: int, corner: Place, ifc_class: str, size: Place) -> Shape:
    matrix = np.eye(4)
    matrix[:3, 3] = corner
    return Shape(number, ifc_class, str(size), matrix, CORNERS * size, SIDES, np.zeros((0, 2), np.int32))
