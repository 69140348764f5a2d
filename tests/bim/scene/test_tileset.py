"""Tilesets: their structure, and where they stand on the globe."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyproj import Transformer

from bim.scene import tiling
from bim.scene.build import build_scene
from bim.scene.frame import compute_frame
from bim.scene.results import Scene, tile_path
from bim.scene.tileset import render_tileset
from tests.bim.scene.made import make_elements
from tests.bim.scene.reading import box_of, parse_glb

# 30 degrees anti-clockwise, at E 39371200, N 3671300, height 20, in EPSG:4527.
TURNED = (
    0.8660254037844387, -0.5, 0.0, 39_371_200.0, 0.5, 0.8660254037844387, 0.0, 3_671_300.0, 0.0, 0.0, 1.0, 20.0,
    0.0, 0.0, 0.0, 1.0,
)  # fmt: skip
CENTIMETRE = 0.01


def _ecef(easting: float, northing: float, height: float) -> list[float]:
    """Where a point of EPSG:4527 lies from the earth's centre, by pyproj alone."""
    longitude, latitude = Transformer.from_crs(4527, 4490, always_xy=True).transform(easting, northing)
    geocentric = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    return list(geocentric.transform(longitude, latitude, height))


def _tiles(node: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    waiting: list[tuple[dict[str, Any], dict[str, Any] | None]] = [(node, None)]
    while waiting:
        tile, parent = waiting.pop()
        yield tile, parent
        waiting += [(child, tile) for child in tile.get("children", [])]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Forty boxes of two classes on two storeys, in three levels."""
    monkeypatch.setattr(tiling, "LEVEL_ELEMENTS", 8)
    corners = [(1.7 * (n % 8), 2.3 * (n // 8), 3.0 * (n % 2)) for n in range(40)]
    classes = ["IfcColumn" if n % 3 else "IfcWall" for n in range(40)]
    storeys: list[str | None] = ["二层" if n % 2 else "一层" for n in range(40)]
    sizes = [(0.1 + n / 40, 0.2, 2.0) for n in range(40)]
    return build_scene(tmp_path, make_elements(tmp_path, corners, classes, storeys, sizes))


@pytest.mark.parametrize(
    ("local", "grid"),
    [
        # Worked out by hand: E = 39371200 + x cos 30 - y sin 30, N = 3671300 + x sin 30 + y cos 30.
        ((10.0, 0.0, 0.0), (39_371_208.660254, 3_671_305.0, 20.0)),
        ((0.0, 10.0, 3.0), (39_371_195.0, 3_671_308.660254, 23.0)),
        ((100.0, 50.0, 6.0), (39_371_261.602540, 3_671_393.301270, 26.0)),
    ],
)
def test_a_point_of_the_model_comes_to_lie_where_pyproj_has_it(
    local: tuple[float, ...], grid: tuple[float, float, float]
) -> None:
    frame = compute_frame(TURNED, "EPSG:4527", (0.0, 0.0, 0.0))
    found = (frame.ecef_from_model @ [*local, 1.0])[:3]
    assert np.abs(found - _ecef(*grid)).max() < CENTIMETRE


def test_the_local_origin_moves_the_place_of_the_frame_and_nothing_else() -> None:
    near, far = (
        compute_frame(TURNED, "EPSG:4527", origin) for origin in ((0.0, 0.0, 0.0), (100.0, 200.0, 50.0))
    )
    same = (near.ecef_from_model @ [130.0, 190.0, 55.0, 1.0])[:3]
    assert np.abs((far.ecef_from_model @ [30.0, -10.0, 5.0, 1.0])[:3] - same).max() < CENTIMETRE


def test_grid_north_is_turned_by_the_convergence_and_scaled() -> None:
    """Vector of 100 m along grid north at 115.8 E, 33.0 N in zone 39: east -1.1406, north 99.9780."""
    plain = (1, 0, 0, 39_387_852.7805, 0, 1, 0, 3_653_387.7256, 0, 0, 1, 0, 0, 0, 0, 1)
    frame = compute_frame(plain, "EPSG:4527", (0.0, 0.0, 0.0))
    assert (frame.enu_from_model @ [0.0, 100.0, 0.0, 0.0])[:2] == pytest.approx([-1.1406, 99.9780], abs=5e-5)
    assert (frame.longitude, frame.latitude) == pytest.approx((115.8, 33.0), abs=1e-8)


def test_the_root_carries_the_transform_column_by_column(scene: Scene) -> None:
    frame = compute_frame(TURNED, "EPSG:4527", scene.local_origin)
    root = json.loads(json.dumps(render_tileset(scene, frame, lambda tile: "a.glb")))["root"]
    matrix = np.array(root["transform"]).reshape(4, 4, order="F")
    assert np.abs(matrix[:3, 3] - _ecef(39_371_200.0, 3_671_300.0, 20.0)).max() < CENTIMETRE
    assert matrix[3].tolist() == [0, 0, 0, 1]
    up = matrix[:3, 2] / np.linalg.norm(matrix[:3, 3])
    assert np.dot(up * 6.371e6, matrix[:3, 3]) / 6.371e6 > 0.99


def test_a_model_without_a_place_has_no_transform(scene: Scene) -> None:
    assert "transform" not in render_tileset(scene, None, lambda tile: "a.glb")["root"]


def test_every_box_lies_in_that_of_its_parent_and_every_vertex_in_its_box(
    scene: Scene, tmp_path: Path
) -> None:
    tileset = render_tileset(scene, None, lambda tile: f"{tile.sha256}.glb")
    contents = 0
    for tile, parent in _tiles(tileset["root"]):
        low, high = box_of(tile["boundingVolume"]["box"])
        if parent is not None:
            outer_low, outer_high = box_of(parent["boundingVolume"]["box"])
            assert (outer_low <= low).all()
            assert (high <= outer_high).all()
        if "content" in tile:
            points = parse_glb(tile_path(tmp_path, tile["content"]["uri"][:-4]).read_bytes()).points
            assert (low <= points).all()
            assert (points <= high).all()
            contents += 1
    assert contents == len(scene.tiles)


def test_the_error_never_grows_downwards_and_is_what_a_node_still_withholds(scene: Scene) -> None:
    tileset = render_tileset(scene, None, lambda tile: tile.sha256)
    largest = {tile.sha256: tile.largest_m for tile in scene.tiles}
    for tile, parent in _tiles(tileset["root"]):
        assert parent is None or tile["geometricError"] <= parent["geometricError"]
        below = [largest[each["content"]["uri"]] for each, _ in _tiles(tile) if "content" in each]
        assert tile["geometricError"] == (0 if "content" in tile else max(below))


def test_the_document_has_what_3d_tiles_ask_for_and_no_more(scene: Scene) -> None:
    tileset = render_tileset(scene, None, lambda tile: tile.sha256)
    assert set(tileset) == {"asset", "geometricError", "root"}
    assert tileset["asset"]["version"] == "1.1"
    assert tileset["root"]["refine"] == "ADD"
    allowed = {"boundingVolume", "geometricError", "refine", "transform", "content", "children", "extras"}
    for tile, _ in _tiles(tileset["root"]):
        assert {"boundingVolume", "geometricError"} <= set(tile) <= allowed
        assert len(tile["boundingVolume"]["box"]) == 12
        assert ("content" in tile) != ("children" in tile)


def test_an_empty_scene_has_a_tileset_of_one_empty_tile() -> None:
    root = render_tileset(Scene(0, (0.0, 0.0, 0.0), []), None, lambda tile: "")["root"]
    assert root["geometricError"] == 0
    assert "children" not in root
