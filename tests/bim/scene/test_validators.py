"""Tiles and tilesets before the tools of others: the Khronos glTF validator, and the reader of loaders.gl."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest

from bim.scene import tiling
from bim.scene.build import build_scene
from bim.scene.frame import compute_frame
from bim.scene.results import Scene, tile_path
from bim.scene.tileset import render_tileset
from tests.bim.scene.made import make_elements

WEB = Path(__file__).parents[3] / "web"
CHECK = WEB / "checks" / "tiles.mjs"
PLAIN = (1, 0, 0, 39_387_852.7805, 0, 1, 0, 3_653_387.7256, 0, 0, 1, 20, 0, 0, 0, 1)


def _judged(folder: Path) -> subprocess.CompletedProcess[str]:
    node = shutil.which("node")
    if node is None or not (WEB / "node_modules" / "gltf-validator").is_dir():
        pytest.skip("the validators are not there: npm ci in web/")
    return subprocess.run([node, str(CHECK), str(folder)], capture_output=True, text=True, check=False)


def _export(spool: Path, scene: Scene) -> Path:
    folder = spool / "out"
    folder.mkdir()
    for tile in scene.tiles:
        shutil.copy(tile_path(spool, tile.sha256), folder)
    frame = compute_frame(PLAIN, "EPSG:4527", scene.local_origin)
    document = render_tileset(scene, frame, lambda tile: f"{tile.sha256}.glb")
    (folder / "tileset.json").write_bytes(orjson.dumps(document))
    return folder


def test_validators_find_no_fault_and_read_ids_as_they_were_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiling, "LEVEL_ELEMENTS", 10)
    corners = [(1.7 * (n % 6), 2.3 * (n // 6), 3.0 * (n % 2)) for n in range(30)]
    classes = ["IfcColumn" if n % 3 else "IfcWall" for n in range(30)]
    elements = make_elements(tmp_path, corners, classes, ["二层" if n % 2 else None for n in range(30)])
    done = _judged(_export(tmp_path, build_scene(tmp_path, elements)))
    assert done.returncode == 0, done.stdout + done.stderr
    read: dict[str, Any] = json.loads(done.stdout)
    assert read["tileset"] == {"type": "TILES3D", "error": pytest.approx(3**0.5), "refine": 1}
    fids: list[int] = []
    for tile in read["tiles"].values():
        assert tile["globalIds"] == [elements[fid].global_id for fid in tile["fids"]]
        assert tile["used"] == tile["fids"]
        assert tile["rows"] == list(range(len(tile["fids"])))
        fids += tile["fids"]
    assert sorted(fids) == list(range(30))


def test_the_validators_see_a_damaged_tile(tmp_path: Path) -> None:
    scene = build_scene(tmp_path, make_elements(tmp_path, [(0, 0, 0)]))
    folder = _export(tmp_path, scene)
    tile = folder / f"{scene.tiles[0].sha256}.glb"
    tile.write_bytes(
        tile.read_bytes().replace(b'"count":24,"type":"VEC3","min"', b'"count":23,"type":"VEC3","min"')
    )
    assert _judged(folder).returncode == 1
