"""Normals and shared corners, worked out by hand."""

import numpy as np

from bim.footprint import Mesh
from bim.scene.facets import compute_facets

CORNERS = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=float)
SIDES = np.array(
    [
        [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3], [0, 4, 5], [0, 5, 1],
        [2, 3, 7], [2, 7, 6], [0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5],
    ],
    dtype=np.int32,
)  # fmt: skip
CUBE = Mesh(CORNERS, SIDES)


def _triangles(points: np.ndarray, faces: np.ndarray) -> list[tuple[float, ...]]:
    return [tuple(row) for row in points[faces].reshape(-1, 9).tolist()]


def test_a_cube_has_four_corners_to_each_of_its_six_sides() -> None:
    (found,) = compute_facets([CUBE])
    assert (len(found.points), len(found.faces)) == (24, 12)


def test_each_corner_carries_the_normal_of_its_side() -> None:
    (found,) = compute_facets([CUBE])
    a, b, c = (found.points[found.faces[:, corner]] for corner in range(3))
    sides = np.cross(b - a, c - a)
    for corner in range(3):
        assert (found.normals[found.faces[:, corner]] == sides * 127).all()


def test_the_triangles_stay_where_they_were_and_turn_as_they_did() -> None:
    (found,) = compute_facets([CUBE])
    assert _triangles(found.points, found.faces) == _triangles(CORNERS, SIDES)


def test_meshes_together_give_what_each_gives_alone() -> None:
    wedge = Mesh(CORNERS * [3, 1, 1], SIDES[:7])
    together, alone = compute_facets([CUBE, wedge]), [compute_facets([CUBE])[0], compute_facets([wedge])[0]]
    for one, other in zip(together, alone, strict=True):
        assert _triangles(one.points, one.faces) == _triangles(other.points, other.faces)
        assert len(one.points) == len(other.points)


def test_triangles_without_area_are_left_out_and_an_empty_mesh_stays() -> None:
    line = Mesh(CORNERS, np.array([[0, 0, 1], [0, 1, 1]], dtype=np.int32))
    flat, whole = compute_facets([line, CUBE])
    assert (len(flat.points), len(flat.faces)) == (0, 0)
    assert len(whole.faces) == 12


def test_a_great_mesh_shares_nearly_every_corner_that_can_be_shared() -> None:
    steps = np.arange(200, dtype=float)
    x, y = (part.ravel() for part in np.meshgrid(steps, steps, indexing="ij"))
    points = np.column_stack([x, y, np.where((x + y) % 2 == 0, 0.0, 0.5)])
    low = (np.arange(199)[:, None] * 200 + np.arange(199)).ravel()
    faces = np.concatenate(
        [np.column_stack([low, low + 200, low + 1]), np.column_stack([low + 1, low + 200, low + 201])]
    )
    (found,) = compute_facets([Mesh(points, faces.astype(np.int32))])
    corners = np.round(
        np.column_stack([points[faces.ravel()], np.repeat(_normals(points, faces), 3, axis=0)]), 6
    )
    fewest = len(np.unique(corners, axis=0))
    assert fewest <= len(found.points) < fewest * 1.05


def _normals(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    sides = np.cross(b - a, c - a)
    return np.asarray(sides / np.linalg.norm(sides, axis=1)[:, None])
