"""Tiles of small models, read back by the letter of glTF."""

import hashlib
import itertools
from pathlib import Path

import numpy as np
import pytest

from bim.scene import tiling
from bim.scene.build import build_scene
from bim.scene.results import Scene, read_scene, tile_path
from tests.bim.scene.made import make_elements
from tests.bim.scene.reading import Glb, parse_glb

TO_THE_MILLIMETRE = 1e-3


def _tiles(spool: Path, scene: Scene) -> list[Glb]:
    return [parse_glb(tile_path(spool, tile.sha256).read_bytes()) for tile in scene.tiles]


def test_each_box_stands_in_its_tile_where_the_model_has_it(tmp_path: Path) -> None:
    corners = [(3.25, 7.5, -2.0), (10.0, 0.0, 3.0)]
    (tile,) = _tiles(tmp_path, build_scene(tmp_path, make_elements(tmp_path, corners)))
    for fid, corner in enumerate(corners):
        points = tile.points[tile.fids == fid]
        assert np.abs(points.min(axis=0) - corner).max() < TO_THE_MILLIMETRE
        assert np.abs(points.max(axis=0) - corner - 1.0).max() < TO_THE_MILLIMETRE


def test_coordinates_of_millions_of_metres_keep_their_millimetres(tmp_path: Path) -> None:
    corner = (39_387_852.781, 3_653_387.726, 31.4)
    scene = build_scene(tmp_path, make_elements(tmp_path, [corner]))
    (tile,) = _tiles(tmp_path, scene)
    assert scene.local_origin == (39_387_900.0, 3_653_400.0, 0.0)
    assert np.abs(tile.points.min(axis=0) + scene.local_origin - corner).max() < TO_THE_MILLIMETRE


def test_every_vertex_lies_in_the_box_of_its_tile_and_the_box_is_no_larger(tmp_path: Path) -> None:
    corners = [(float(x) / 7, float(x % 5) / 3, float(x % 3) / 11) for x in range(40)]
    scene = build_scene(tmp_path, make_elements(tmp_path, corners))
    for tile, glb in zip(scene.tiles, _tiles(tmp_path, scene), strict=True):
        points = glb.points + scene.local_origin
        assert points.min(axis=0).tolist() == list(tile.box[:3])
        assert points.max(axis=0).tolist() == list(tile.box[3:])


def test_the_table_tells_the_global_id_of_every_row_and_the_row_its_fid(tmp_path: Path) -> None:
    elements = make_elements(tmp_path, [(0, 0, 0), (5, 0, 0), (9, 0, 0)], ["IfcSpace", "IfcSlab", "IfcSlab"])
    (tile,) = _tiles(tmp_path, build_scene(tmp_path, elements))
    names, fids = tile.table()
    assert (names, fids) == ([elements[1].global_id, elements[2].global_id], [1, 2])
    rows = tile.attribute("_FEATURE_ID_1")[:, 0].astype(int)
    assert [fids[row] for row in rows] == tile.fids.tolist()


def test_fids_count_every_element_with_geometry_also_those_not_drawn(tmp_path: Path) -> None:
    classes = ["IfcOpeningElement", "IfcWall", "IfcSpace"]
    scene = build_scene(tmp_path, make_elements(tmp_path, [(0, 0, 0), (2, 0, 0), (4, 0, 0)], classes))
    assert scene.features == 3
    assert [tile.features for tile in scene.tiles] == [1]


def test_storeys_and_disciplines_have_tiles_of_their_own(tmp_path: Path) -> None:
    classes = ["IfcColumn", "IfcWall", "IfcPipeSegment", "IfcColumn"]
    storeys = ["二层", "一层", "一层", None]
    elements = make_elements(tmp_path, [(x, 0, 0) for x in range(4)], classes, storeys)
    scene = build_scene(tmp_path, elements)
    assert [(tile.storey, tile.discipline) for tile in scene.tiles] == [
        (None, "structure"),
        ("一层", "architecture"),
        ("一层", "mep"),
        ("二层", "structure"),
    ]


def test_a_tile_is_named_by_its_bytes_and_an_equal_model_has_equal_tiles(tmp_path: Path) -> None:
    made = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        scene = build_scene(folder, make_elements(folder, [(1, 2, 3), (4, 5, 6)]))
        for tile in scene.tiles:
            content = tile_path(folder, tile.sha256).read_bytes()
            assert hashlib.sha256(content).hexdigest() == tile.sha256
            assert len(content) == tile.size_bytes
        made.append(scene)
    assert made[0] == made[1] == read_scene(tmp_path / "b")


def test_what_lies_far_off_is_left_out(tmp_path: Path) -> None:
    elements = make_elements(tmp_path, [(0, 0, 0), (2, 0, 0), (9e6, 0, 0)])
    scene = build_scene(tmp_path, elements, left_out={2})
    assert [tile.box[3] for tile in scene.tiles] == [3.0]
    assert scene.features == 3


def test_a_model_without_a_body_has_a_scene_without_tiles(tmp_path: Path) -> None:
    scene = build_scene(tmp_path, make_elements(tmp_path, [(0, 0, 0)], ["IfcSpace"]))
    assert (scene.features, scene.tiles) == (1, [])


def test_groups_larger_than_a_tile_are_split_in_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiling, "TILE_TRIANGLES", 12 * 10)
    corners = [(float(x), 0.0, 0.0) for x in range(0, 80, 2)]
    scene = build_scene(tmp_path, make_elements(tmp_path, corners))
    assert sum(tile.features for tile in scene.tiles) == 40
    assert max(tile.triangles for tile in scene.tiles) <= 120
    spans = sorted((tile.box[0], tile.box[3]) for tile in scene.tiles)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))


def test_an_element_larger_than_a_tile_is_cut_and_loses_no_triangle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiling, "TILE_TRIANGLES", 5)
    scene = build_scene(tmp_path, make_elements(tmp_path, [(0, 0, 0)]))
    tiles = _tiles(tmp_path, scene)
    assert [tile.triangles for tile in scene.tiles] == [4, 4, 4]
    drawn = [tile.points[tile.triangles].reshape(-1, 9) for tile in tiles]
    assert len(np.unique(np.concatenate(drawn), axis=0)) == 12
    assert {fid for tile in tiles for fid in tile.fids.tolist()} == {0}


def test_the_largest_elements_come_first_and_each_level_holds_twice_as_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiling, "LEVEL_ELEMENTS", 2)
    sizes = [(float(size), 1.0, 1.0) for size in (1, 9, 5, 7, 3, 8, 2)]
    elements = make_elements(tmp_path, [(0, 3.0 * y, 0) for y in range(7)], sizes=sizes)
    scene = build_scene(tmp_path, elements)
    tiles = _tiles(tmp_path, scene)
    shown = {tile.level: sorted(set(glb.fids.tolist())) for tile, glb in zip(scene.tiles, tiles, strict=True)}
    assert shown == {0: [1, 5], 1: [2, 3, 4, 6], 2: [0]}
