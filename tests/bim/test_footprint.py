"""Footprints against areas worked out by hand, volumes and hashes."""

import numpy as np
import pytest
import shapely
from shapely.geometry import Point, Polygon

from bim.footprint import Mesh, compute_footprint, compute_footprints
from bim.mesh import compute_geometry_hashes, compute_volumes_m3

CAP = 40_000
BOX_FACES = np.array(
    [
        [0, 2, 1], [0, 3, 2], [4, 5, 6], [4, 6, 7], [0, 1, 5], [0, 5, 4],
        [1, 2, 6], [1, 6, 5], [2, 3, 7], [2, 7, 6], [3, 0, 4], [3, 4, 7],
    ],
    dtype=np.int32,
)  # fmt: skip


def _box(x: float, y: float, z: float, dx: float, dy: float, dz: float) -> np.ndarray:
    low = [[x, y, z], [x + dx, y, z], [x + dx, y + dy, z], [x, y + dy, z]]
    return np.array(low + [[a, b, c + dz] for a, b, c in low], dtype=np.float64)


def _solid(points: np.ndarray) -> np.ndarray:
    """Points with a height, zero where none is given."""
    return points if points.shape[1] == 3 else np.column_stack([points, np.zeros(len(points))])


def _volume(points: np.ndarray, faces: np.ndarray) -> float | None:
    return compute_volumes_m3([Mesh(points, faces)])[0]


def _hash(points: np.ndarray) -> str:
    return compute_geometry_hashes([Mesh(points, BOX_FACES)])[0]


def _area(points: np.ndarray, faces: np.ndarray, cap: int = CAP) -> float:
    shape = compute_footprint(Mesh(_solid(points), faces), cap).shape
    return 0.0 if shape is None else float(shape.area)


def test_box_covers_its_base() -> None:
    assert _area(_box(0, 0, 0, 3.0, 0.2, 2.8), BOX_FACES) == pytest.approx(0.6, abs=1e-9)


def test_far_coordinates_lose_nothing() -> None:
    points = _box(39_371_200.0, 3_671_300.0, 0, 3.0, 0.2, 2.8)
    assert _area(points, BOX_FACES) == pytest.approx(0.6, abs=1e-6)


def test_open_mesh_keeps_its_whole_area() -> None:
    """A box without lid: only down-facing and upright triangles are left."""
    assert _area(_box(0, 0, 0, 2, 2, 1), np.delete(BOX_FACES, [2, 3], axis=0)) == pytest.approx(4.0)


def test_turned_faces_keep_the_whole_area() -> None:
    """Half of the lid is turned over, so up-facing triangles alone would give 2 of 4 square metres."""
    faces = BOX_FACES.copy()
    faces[2] = faces[2][::-1]
    assert _area(_box(0, 0, 0, 2, 2, 1), faces) == pytest.approx(4.0)


def test_two_boxes_that_overlap_count_once() -> None:
    """3 x 1 and 1 x 3 in a cross: 3 + 3 - 1."""
    points = np.vstack([_box(0, 1, 0, 3, 1, 1), _box(1, 0, 5, 1, 3, 1)])
    faces = np.vstack([BOX_FACES, BOX_FACES + 8])
    assert _area(points, faces) == pytest.approx(5.0)


def test_upright_sheet_has_no_footprint() -> None:
    sheet = np.array([[0, 0, 0], [3, 0, 0], [3, 0, 2], [0, 0, 2]], dtype=np.float64)
    assert compute_footprint(Mesh(sheet, np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32)), CAP).shape is None


def test_ring_keeps_its_hole() -> None:
    """A square of 4 m with a hole of 2 m, made of four slabs: 16 - 4."""
    parts = [(0, 0, 4, 1), (0, 3, 4, 1), (0, 1, 1, 2), (3, 1, 1, 2)]
    points = np.vstack([_box(x, y, 0, dx, dy, 1) for x, y, dx, dy in parts])
    faces = np.vstack([BOX_FACES + 8 * index for index in range(4)])
    shape = compute_footprint(Mesh(_solid(points), faces), CAP).shape
    assert shape is not None
    assert shape.area == pytest.approx(12.0)
    assert len(shape.interiors) == 1


def test_capped_footprint_is_flagged_and_stays_within_half_a_percent() -> None:
    """A disc of 10 m radius in 2 x 6,000 triangles with a cap of 1,000."""
    angles = np.linspace(0, 2 * np.pi, 6001)[:-1]
    rim = np.column_stack([10 * np.cos(angles), 10 * np.sin(angles)])
    points = np.vstack([[[0.0, 0.0]], rim])
    faces = np.array([[0, 1 + i, 1 + (i + 1) % 6000] for i in range(6000)], dtype=np.int32)
    found = compute_footprint(Mesh(_solid(points), faces), 1000)
    assert found.capped
    assert found.shape is not None
    assert found.shape.area == pytest.approx(np.pi * 100, rel=0.005)
    assert not compute_footprint(Mesh(_solid(points), faces), CAP).capped


@pytest.mark.parametrize("seed", range(5))
def test_random_soup_equals_the_exact_union(seed: int) -> None:
    random = np.random.default_rng(seed)
    points = random.uniform(0, 10, (90, 2))
    faces = random.permutation(90).reshape(30, 3).astype(np.int32)
    exact = shapely.union_all([Polygon(points[face]) for face in faces])
    assert _area(points, faces) == pytest.approx(exact.area, rel=1e-5)


def test_result_is_valid_after_rounding_noise() -> None:
    """Triangles of a fan whose corners differ in the last digits leave needle holes."""
    random = np.random.default_rng(3)
    circle = Point(0, 0).buffer(5, 64).exterior.coords[:-1]
    corners = np.array([[(0.0, 0.0), circle[i], circle[(i + 1) % len(circle)]] for i in range(len(circle))])
    noisy = corners + random.normal(0, 1e-9, corners.shape)
    faces = np.arange(len(noisy) * 3, dtype=np.int32).reshape(-1, 3)
    shape = compute_footprint(Mesh(_solid(noisy.reshape(-1, 2)), faces), CAP).shape
    assert shape is not None
    assert shape.is_valid
    assert shape.geom_type == "Polygon"
    assert len(shape.interiors) == 0


def test_closed_box_has_its_volume_anywhere() -> None:
    assert _volume(_box(4.5e5, 4.5e6, 0, 3, 0.2, 2.8), BOX_FACES) == pytest.approx(1.68, rel=1e-6)


def test_open_or_turned_box_has_no_volume() -> None:
    points = _box(0, 0, 0, 1, 1, 1)
    assert _volume(points, BOX_FACES[:-1]) is None
    turned = BOX_FACES.copy()
    turned[0] = turned[0][::-1]
    assert _volume(points, turned) is None


def test_hash_ignores_order_and_a_tenth_of_a_millimetre_but_not_a_centimetre() -> None:
    points = _box(0, 0, 0, 1, 1, 1)
    assert _hash(points) == _hash(points[::-1] + 0.0001)
    assert _hash(points) != _hash(_box(0, 0, 0, 1.01, 1, 1))
    assert _hash(points) == _hash(points * -1 + 1)


def test_a_lot_gives_the_same_as_one_by_one() -> None:
    random = np.random.default_rng(11)
    meshes = [
        Mesh(_box(*random.uniform(-50, 50, 3), *random.uniform(0.1, 4, 3)), BOX_FACES) for _ in range(20)
    ]
    meshes.insert(3, Mesh(meshes[0].points, BOX_FACES[:-1]))
    meshes.insert(7, Mesh(meshes[0].points, np.zeros((0, 3), dtype=np.int32)))
    together = compute_footprints(meshes, CAP)
    alone = [compute_footprint(mesh, CAP) for mesh in meshes]
    assert [each.shape and each.shape.normalize() for each in together] == [
        each.shape and each.shape.normalize() for each in alone
    ]
    assert together[7].shape is None
    volumes = compute_volumes_m3(meshes)
    assert volumes == [_volume(mesh.points, mesh.faces) for mesh in meshes]
    assert [index for index, volume in enumerate(volumes) if volume is None] == [3, 7]


def test_flat_roof_with_unmatched_edges_is_still_united() -> None:
    """The lid of a closed box is split in three on one side of an edge and in two on the other."""
    points = np.array(
        [[0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0], [0, 0, 1], [2, 0, 1], [2, 2, 1], [0, 2, 1], [1, 1, 1]],
        dtype=float,
    )
    lid = [[4, 5, 8], [5, 6, 8], [4, 6, 7]]
    rest = [list(face) for face in BOX_FACES if not set(face) <= {4, 5, 6, 7}]
    assert _area(points, np.array([*rest, *lid], dtype=np.int32)) == pytest.approx(4.0)
