"""Scenes and states over HTTP: bytes, tags, places, and who sees what."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyproj import Transformer

import twin.elements.scene
from tests.api.bim.boxes import NAME, seed_boxes
from tests.api.conftest import Doors
from tests.api.seeding import as_owner
from tests.benchmarks.scene_data import EAST_M, NORTH_M, corner_of, global_id
from tests.bim.scene.reading import parse_glb, read_document
from twin.objects import open_store
from twin.settings import HomeSettings

COUNT = 60
DONE, BEGUN = 36, 42  # the first that is begun, the first that is not


@pytest.fixture
def model(own_doors: Doors, tmp_path: Path) -> str:
    """Address of a public model of sixty boxes of the public project."""
    made = seed_boxes(own_doors.seeded.url, tmp_path, COUNT)
    return f"/api/v1/models/{made.model_id}"


def _json(doors: Doors, path: str, login: str | None = None, **given: Any) -> Any:
    answer = doors.get(path, login, **given)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _change(doors: Doors, statement: str) -> None:
    as_owner(doors.seeded.url, statement)


def test_a_scene_names_tiles_that_hold_every_element_once(own_doors: Doors, model: str) -> None:
    scene = _json(own_doors, f"{model}/scene")
    assert (scene["features"], scene["revision"]) == (COUNT, 1)
    fids: list[int] = []
    for tile in scene["tiles"]:
        content = own_doors.get(tile["uri"]).content
        assert len(content) == tile["bytes"]
        names, own = parse_glb(content).table()
        assert names == [global_id(fid) for fid in own]
        assert len(own) == tile["features"]
        fids += own
    assert sorted(fids) == list(range(COUNT))


def test_a_corner_lies_where_the_scene_says(own_doors: Doors, model: str) -> None:
    """PROJ's own topocentric frame at the scene's origin is the judge."""
    scene = _json(own_doors, f"{model}/scene")
    points: list[list[float]] = []
    for tile in scene["tiles"]:
        glb = parse_glb(own_doors.get(tile["uri"]).content)
        points += glb.points[glb.fids == 9].tolist()
    lowest = np.min(points, axis=0)
    assert np.abs(lowest + scene["local_origin"] - corner_of(9)).max() < 1e-3
    matrix = np.array(scene["enu_from_model"]).reshape(4, 4, order="F")
    assert (matrix @ [*lowest, 1.0])[:3] == pytest.approx(
        _topocentric(scene["origin"], corner_of(9)), abs=0.01
    )


def _topocentric(origin: dict[str, float], local: np.ndarray) -> list[float]:
    east, north, height = local + np.array([EAST_M, NORTH_M, 20.0])
    longitude, latitude = Transformer.from_crs(4527, 4490, always_xy=True).transform(east, north)
    frame = Transformer.from_pipeline(
        "+proj=pipeline +step +proj=cart +ellps=GRS80 +step +proj=topocentric +ellps=GRS80"
        f" +lon_0={origin['longitude']:.12f} +lat_0={origin['latitude']:.12f} +h_0={origin['height_m']}"
    )
    return list(frame.transform(np.radians(longitude), np.radians(latitude), height, radians=True))


def test_a_tile_may_be_kept_for_ever_and_goes_packed(own_doors: Doors, model: str) -> None:
    tile = _json(own_doors, f"{model}/scene")["tiles"][0]
    plain = own_doors.get(tile["uri"], headers={"Accept-Encoding": "identity"})
    assert hashlib.sha256(plain.content).hexdigest() in tile["uri"]
    assert plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert plain.headers["Content-Type"] == "model/gltf-binary"
    packed = own_doors.get(tile["uri"], headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["Content-Length"]) < len(plain.content) / 2
    again = own_doors.get(tile["uri"], headers={"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert own_doors.get(tile["uri"], "planner").headers["Cache-Control"].startswith("private,")


def test_a_tile_that_has_been_packed_is_served_in_both_ways(
    own_doors: Doors, model: str, tmp_path: Path
) -> None:
    plain = _json(own_doors, f"{model}/scene")["tiles"][0]
    assert "packed" not in plain
    name = plain["uri"].rsplit("/", 1)[1].removesuffix(".glb")
    content = b"glTF, packed, as far as anybody can tell"
    (tmp_path / "packed").write_bytes(content)
    stored = open_store(HomeSettings(home=tmp_path)).add_file(tmp_path / "packed")
    _change(own_doors, f"INSERT INTO stored_object VALUES ('{stored.sha256}', {len(content)})")
    _change(
        own_doors,
        f"UPDATE bim_scene_tile SET packed_sha256 = '{stored.sha256}', packed_bytes = {len(content)}"
        f" WHERE sha256 = '{name}'",
    )
    tile = _json(own_doors, f"{model}/scene")["tiles"][0]
    assert tile == {**plain, "packed": f"{model}/scene/{stored.sha256}.glb", "packed_bytes": len(content)}
    answer = own_doors.get(tile["packed"])
    assert (answer.content, answer.headers["Content-Type"]) == (content, "model/gltf-binary")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert len(own_doors.get(tile["uri"]).content) == tile["bytes"]
    assert own_doors.get(f"/api/v1/models/1/scene/{stored.sha256}.glb").status_code == 404
    tilesets = [own_doors.get(f"{model}/scene/tileset.json{asked}").text for asked in ("", "?meshopt=true")]
    assert [name in each for each in tilesets] == [True, False]
    assert [stored.sha256 in each for each in tilesets] == [False, True]


def test_an_unknown_tile_is_not_found_and_a_wrong_name_is_refused(own_doors: Doors, model: str) -> None:
    assert own_doors.get(f"{model}/scene/{'0' * 64}.glb").status_code == 404
    assert own_doors.get(f"{model}/scene/..%2f{'0' * 61}.glb").status_code in (404, 422)


def test_a_tile_of_another_model_is_not_found_here(own_doors: Doors, model: str) -> None:
    tile = _json(own_doors, f"{model}/scene")["tiles"][0]
    name = tile["uri"].rsplit("/", 1)[1]
    assert own_doors.get(f"/api/v1/models/1/scene/{name}").status_code == 404


def test_states_tell_status_progress_and_colour_by_fid(own_doors: Doors, model: str) -> None:
    states = _json(own_doors, f"{model}/states?theme=status")
    named = [states["palette"][number] for number in states["colour"]]
    assert [each["key"] for each in named] == states["status"]
    assert states["status"] == ["done"] * DONE + ["in_progress"] * (BEGUN - DONE) + ["not_started"] * (
        COUNT - BEGUN
    )
    assert states["progress"] == [100.0] * DONE + [40.0] * (BEGUN - DONE) + [0.0] * (COUNT - BEGUN)


def test_the_colours_are_those_of_the_map(own_doors: Doors, model: str) -> None:
    style = _json(own_doors, "/ogc/styles/bim-progress/legend?f=json")
    palette = _json(own_doors, f"{model}/states")["palette"]
    assert {each["key"]: each["colour"] for each in palette} == {
        each["key"]: each["colour"] for each in style["entries"]
    }


def test_one_byte_a_feature_says_the_same_as_the_document(own_doors: Doors, model: str) -> None:
    for theme in ("status", "light", "deviation", "plan"):
        for at in ("", "&datetime=2025-06-30"):
            document = _json(own_doors, f"{model}/states?theme={theme}{at}")
            answer = own_doors.get(f"{model}/states?theme={theme}{at}&f=bin")
            assert answer.headers["Content-Type"] == "application/octet-stream"
            assert list(answer.content) == document["colour"]


def test_an_earlier_date_has_its_own_colours_and_the_same_tiles(own_doors: Doors, model: str) -> None:
    """On 2025-06-30 whatever is done or begun by now was begun."""
    states = _json(own_doors, f"{model}/states?datetime=2025-06-30")
    assert states["as_of"] == "2025-06-30"
    assert states["status"] == ["in_progress"] * BEGUN + ["not_started"] * (COUNT - BEGUN)
    assert set(states["progress"][:BEGUN]) == {20.0}


def test_states_are_asked_again_and_sent_only_when_changed(own_doors: Doors, model: str) -> None:
    for path in (f"{model}/states?theme=light&f=bin", f"{model}/states"):
        first = own_doors.get(path)
        assert "no-cache" in first.headers["Cache-Control"]
        same = {"If-None-Match": first.headers["ETag"]}
        assert own_doors.get(path, headers=same).status_code == 304
        _change(
            own_doors,
            "UPDATE element_identity SET status = 'in_progress' WHERE global_id = '0box000000000000000000'",
        )
        changed = own_doors.get(path, headers=same)
        assert changed.status_code == 200
        _change(
            own_doors,
            "UPDATE element_identity SET status = 'done' WHERE global_id = '0box000000000000000000'",
        )
        assert own_doors.get(path).headers["ETag"] == first.headers["ETag"]


def test_a_change_of_progress_changes_no_tile(own_doors: Doors, model: str) -> None:
    before = _json(own_doors, f"{model}/scene")
    _change(own_doors, "UPDATE element_identity SET status = 'done', progress = 100")
    assert _json(own_doors, f"{model}/scene") == before
    assert set(_json(own_doors, f"{model}/states")["status"]) == {"done"}


def test_a_model_moved_keeps_its_tiles_and_has_another_place(own_doors: Doors, model: str) -> None:
    before, tileset = _json(own_doors, f"{model}/scene"), _json(own_doors, f"{model}/scene/tileset.json")
    _change(
        own_doors,
        """UPDATE bim_revision SET georeference = jsonb_set(georeference, '{matrix,3}', '39387952.7805')
           WHERE file_name = 'boxes.ifc'""",
    )
    after, moved = _json(own_doors, f"{model}/scene"), _json(own_doors, f"{model}/scene/tileset.json")
    assert after["tiles"] == before["tiles"]
    assert after["origin"]["longitude"] > before["origin"]["longitude"] + 0.001
    assert tileset["root"].pop("transform") != moved["root"].pop("transform")
    assert moved == tileset


def test_a_model_without_a_place_stands_alone(own_doors: Doors, model: str) -> None:
    _change(
        own_doors,
        "UPDATE bim_revision SET georeference = georeference || '{\"placed\": false, \"crs\": null}' WHERE file_name = 'boxes.ifc'",
    )
    scene = _json(own_doors, f"{model}/scene")
    assert scene["origin"] is None
    assert scene["enu_from_model"] == np.eye(4).ravel().tolist()
    assert "transform" not in _json(own_doors, f"{model}/scene/tileset.json")["root"]


def test_columns_have_a_value_for_every_fid(own_doors: Doors, model: str) -> None:
    columns = _json(own_doors, f"{model}/scene/elements.json")
    assert columns["global_id"] == [global_id(fid) for fid in range(COUNT)]
    lists = [columns[name] for name in ("name", "plan_start", "plan_finish")]
    indices = [columns[name]["index"] for name in ("ifc_class", "storey", "discipline", "milestone")]
    assert {len(each) for each in [*lists, *indices]} == {COUNT}
    assert (columns["plan_start"][0], columns["plan_finish"][0]) == ("2025-01-01", "2025-01-28")


def test_the_tileset_leads_to_its_tiles(own_doors: Doors, model: str) -> None:
    address = _json(own_doors, f"{model}/scene?revision=1")["tileset"]
    assert address == f"{model}/scene/tileset.json?revision=1"
    root = _json(own_doors, address)["root"]
    uris = [leaf["content"]["uri"] for group in root["children"] for leaf in group["children"]]
    assert len(uris) == len(set(uris)) == 4
    for uri in uris:
        assert own_doors.get(f"{model}/scene/{uri}").content[:4] == b"glTF"


def test_a_small_scene_is_one_file_with_a_node_to_every_tile(own_doors: Doors, model: str) -> None:
    answer = own_doors.get(f"{model}/scene.glb")
    assert (
        answer.headers["Content-Disposition"]
        == f'attachment; filename="model-{model.rsplit("/", 1)[1]}-1.glb"'
    )
    size, document = read_document(answer.content)
    assert size == len(answer.content)
    tiles = _json(own_doors, f"{model}/scene")["tiles"]
    names = [f"{tile['storey']} / {tile['discipline']}" for tile in tiles]
    assert [node["name"] for node in document["nodes"]] == names
    tables = document["extensions"]["EXT_structural_metadata"]["propertyTables"]
    assert [table["count"] for table in tables] == [tile["features"] for tile in tiles]
    last = document["meshes"][-1]["primitives"][0]
    counts = [document["accessors"][last["indices"]]["count"], tiles[-1]["triangles"] * 3]
    assert counts[0] == counts[1]
    assert last["extensions"]["EXT_mesh_features"]["featureIds"][1]["propertyTable"] == len(tiles) - 1


def test_a_scene_too_large_for_one_file_is_refused_with_the_way_out(
    own_doors: Doors, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twin.elements.scene, "WHOLE_BYTES", 10_000)
    answer = own_doors.get(f"{model}/scene.glb", headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    assert "tileset.json" in answer.json()["detail"]


def test_nobody_sees_the_scene_of_a_private_model(own_doors: Doors, model: str) -> None:
    tile = _json(own_doors, f"{model}/scene")["tiles"][0]["uri"]
    _change(own_doors, f"UPDATE bim_model SET public_visible = false WHERE name = '{NAME}'")
    paths = [
        f"{model}/{part}"
        for part in ("scene", "scene/tileset.json", "scene/elements.json", "states", "scene.glb")
    ]
    assert {own_doors.get(path).status_code for path in [*paths, tile]} == {404}
    assert {own_doors.get(path, "planner").status_code for path in [*paths, tile]} == {200}


def test_a_model_of_before_scenes_says_so_and_has_states_all_the_same(doors: Doors) -> None:
    answer = doors.get("/api/v1/models/1/scene")
    assert answer.status_code == 404
    assert "没有三维场景" in answer.json()["detail"]
    assert doors.get("/api/v1/models/1/states").status_code == 200


def test_an_unknown_theme_or_time_is_refused(doors: Doors) -> None:
    assert doors.get("/api/v1/models/1/states?theme=rainbow").status_code == 422
    assert doors.get("/api/v1/models/1/states?datetime=yesterday").status_code == 400


def test_colours_of_ten_thousand_elements_fit_twenty_kilobytes_whatever_they_are() -> None:
    """One byte each, so at most 10 kB; gzip adds at most a few bytes to what it cannot pack."""
    noise = np.random.default_rng(7).integers(0, 256, 10_000, dtype=np.uint8).tobytes()
    assert len(gzip.compress(noise)) < 20_000
