"""Meshes written by batch children and read back."""

from pathlib import Path

import numpy as np

from bim.geometry import HYBRID, Shape, ShapeRecord
from bim.measure import ShapeMeasurer
from bim.scene.spool import FOLDER, MeshPlace, MeshWriter, middle_of, open_meshes
from tests.bim.scene.test_facets import CORNERS, SIDES


def _shape(number: int, x: float, key: str = "cube", ifc_class: str = "IfcWall") -> Shape:
    matrix = np.eye(4)
    matrix[:3, :3] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
    matrix[:3, 3] = [x, 2_000_000.0, 5.0]
    return Shape(number, ifc_class, key, matrix, CORNERS, SIDES, np.zeros((0, 2), np.int32))


def _records(shapes: list[Shape]) -> list[ShapeRecord]:
    return ShapeMeasurer(1000).measure(shapes, HYBRID)


def _world(folder: Path, place: MeshPlace | None, record: ShapeRecord) -> np.ndarray:
    """Corners of the triangles in the model frame, z up."""
    assert place is not None
    with open_meshes(folder) as meshes:
        drawn = meshes.read([place])
    x, z, south = drawn.points[drawn.faces.ravel()].astype(float).T
    return np.column_stack([x, -south, z]) + middle_of(record.box)


def test_a_mesh_comes_back_where_the_model_has_it_to_a_tenth_of_a_millimetre(tmp_path: Path) -> None:
    shapes = [_shape(1, 500_000.125)]
    records = _records(shapes)
    (place,) = MeshWriter(tmp_path, 0).add(shapes, records)
    expected = (CORNERS @ shapes[0].matrix[:3, :3].T + shapes[0].matrix[:3, 3])[SIDES.ravel()]
    assert np.abs(_world(tmp_path, place, records[0]) - expected).max() < 1e-4


def test_normals_turn_with_the_element_and_stand_in_the_axes_of_a_renderer(tmp_path: Path) -> None:
    shapes = [_shape(1, 0.0)]
    (place,) = MeshWriter(tmp_path, 0).add(shapes, _records(shapes))
    assert place is not None
    with open_meshes(tmp_path) as meshes:
        drawn = meshes.read([place])
    a, b, c = (drawn.points[drawn.faces[:, corner]] for corner in range(3))
    assert (drawn.normals[drawn.faces[:, 0], :3] == np.rint(np.cross(b - a, c - a) * 127)).all()


def test_a_mirrored_element_is_lit_from_the_side_its_triangles_face(tmp_path: Path) -> None:
    shape = _shape(1, 0.0)
    shape.matrix[:3, :3] = np.diag([-1.0, 1.0, 1.0])
    (place,) = MeshWriter(tmp_path, 0).add([shape], _records([shape]))
    assert place is not None
    with open_meshes(tmp_path) as meshes:
        drawn = meshes.read([place])
    a, b, c = (drawn.points[drawn.faces[:, corner]] for corner in range(3))
    assert (drawn.normals[drawn.faces[:, 0], :3] == np.rint(np.cross(b - a, c - a) * 127)).all()


def test_openings_and_spaces_have_no_mesh(tmp_path: Path) -> None:
    shapes = [
        _shape(1, 0.0, ifc_class="IfcOpeningElement"),
        _shape(2, 0.0),
        _shape(3, 0.0, ifc_class="IfcSpace"),
    ]
    first, second, third = MeshWriter(tmp_path, 0).add(shapes, _records(shapes))
    assert first is None
    assert second is not None
    assert third is None


def test_a_child_begins_behind_what_one_that_was_killed_left_unfinished(tmp_path: Path) -> None:
    first, second = [_shape(1, 0.0)], [_shape(2, 100.0)]
    (kept,) = MeshWriter(tmp_path, 0).add(first, _records(first))
    for kind in ("points", "normals", "faces"):
        with (tmp_path / FOLDER / f"0.{kind}").open("ab") as file:
            file.write(b"torn off in the midd"[: 17 if kind == "points" else 5])
    (added,) = MeshWriter(tmp_path, 0).add(second, _records(second))
    for place, shapes in ((kept, first), (added, second)):
        expected = (CORNERS @ shapes[0].matrix[:3, :3].T + shapes[0].matrix[:3, 3])[SIDES.ravel()]
        assert np.abs(_world(tmp_path, place, _records(shapes)[0]) - expected).max() < 1e-4


def test_files_of_several_children_are_read_together(tmp_path: Path) -> None:
    shapes = [[_shape(1, 0.0)], [_shape(2, 50.0)]]
    places = [MeshWriter(tmp_path, number).add(own, _records(own))[0] for number, own in enumerate(shapes)]
    with open_meshes(tmp_path) as meshes:
        drawn = meshes.read([place for place in places if place is not None])
    assert (len(drawn.points), len(drawn.faces)) == (48, 24)
    assert len(list((tmp_path / FOLDER).iterdir())) == 6
