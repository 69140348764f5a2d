"""Placing a model by hand over HTTP: who may, what is answered, and that the map follows."""

import math
import threading
import time
from pathlib import Path
from typing import Any

import pyproj
import pytest
import shapely

from tests.api.bim.slab import add_slab
from tests.api.conftest import Doors

# A place inside the public project's red line, which is 115.61..115.62, 33.15..33.16.
EAST, NORTH = 39_370_788.0, 3_670_788.0
BODY = {"crs": "EPSG:4527", "eastings": EAST, "northings": NORTH, "height": 30.0, "rotation_deg": 0.0, "reason": "现场复测"}  # fmt: skip


@pytest.fixture
def site(own_doors: Doors, tmp_path: Path) -> tuple[Doors, int]:
    """The doors, and a model of the public project that has no place."""
    return own_doors, add_slab(own_doors.seeded.url, tmp_path)


def _url(model_id: int, tail: str = "") -> str:
    return f"/api/v1/models/{model_id}/placement{tail}"


def _items(doors: Doors, layer: str) -> dict[Any, Any]:
    found = doors.get(f"/ogc/collections/{layer}/items?f=json&limit=100").json()["features"]
    key = "global_id" if layer == "bim_elements" else "name"
    return {each["properties"][key]: each["geometry"] for each in found}


def test_a_model_without_a_place_is_previewed_placed_and_seen_on_the_map(site: tuple[Doors, int]) -> None:
    doors, model_id = site
    assert doors.get(f"/api/v1/models/{model_id}", "admin").json()["georeference"]["placed"] is False
    assert _items(doors, "bim_elements").get("0element00000000000001") is None
    seen = doors.request("POST", _url(model_id, "/preview"), "contractor", json=BODY)
    assert seen.status_code == 200, seen.text
    shown = seen.json()
    assert (shown["distance_to_footprint_m"], shown["inside_footprint_share"]) == (0.0, 100.0)
    assert shown["georeference"]["method"] == "placed_by_hand"
    assert doors.get(_url(model_id), "admin").json()["in_force"] is None
    put = doors.request("PUT", _url(model_id), "contractor", json=BODY)
    assert put.status_code == 200, put.text
    answer = put.json()
    assert (answer["in_force"]["author"], answer["in_force"]["reason"]) == ("contractor", "现场复测")
    assert answer["method_name"] == {"zh": "人工定位", "en": "placed by hand"}
    assert answer["file"]["placed"] is False
    shape = shapely.geometry.shape(_items(doors, "bim_elements")["0element00000000000001"])
    outline = shapely.geometry.shape(shown["outline"])
    assert shape.symmetric_difference(outline).area < 1e-6 * shape.area
    # 20 m x 10 m of the plane of zone 39; its point scale at 115.615 E is 1.000206 by PROJ's cs2cs.
    assert pyproj.Geod(ellps="GRS80").geometry_area_perimeter(shape)[0] == pytest.approx(
        200.0 / 1.000206**2, abs=0.01
    )
    assert _items(doors, "bim_models")["无坐标模型"] is not None
    model = doors.get(f"/api/v1/models/{model_id}", "admin").json()
    assert model["georeference"]["method_name"]["zh"] == "人工定位"
    assert model["georeference"]["inside_footprint_share"] == 100.0
    assert (model["bbox"][2], model["bbox"][5]) == (30.0, 33.0)


def test_tiles_move_with_the_model_and_go_with_the_withdrawal(site: tuple[Doors, int]) -> None:
    doors, model_id = site
    here, there = _tile_of(EAST, NORTH), _tile_of(EAST + 600.0, NORTH)
    assert not _shows(doors, here, wanted=False)
    empty = doors.get(here).headers.get("ETag")
    doors.request("PUT", _url(model_id), "admin", json=BODY)
    assert _shows(doors, here, wanted=True)
    drawn = doors.get(here).headers["ETag"]
    assert drawn != empty
    doors.request("PUT", _url(model_id), "admin", json={**BODY, "eastings": EAST + 600.0})
    assert _shows(doors, there, wanted=True)
    assert not _shows(doors, here, wanted=False)
    gone = doors.request("DELETE", f"{_url(model_id)}?reason=误操作", "admin")
    assert gone.status_code == 200, gone.text
    assert gone.json()["history"][0]["end_reason"] == "误操作"
    assert not _shows(doors, there, wanted=False)
    assert _items(doors, "bim_elements").get("0element00000000000001") is None


def _shows(doors: Doors, tile: str, *, wanted: bool) -> bool:
    """Whether a tile holds the slab; an edit is seen within a second, a loaded machine gets ten."""
    shown = not wanted
    deadline = time.monotonic() + 10.0
    while shown != wanted and time.monotonic() < deadline:
        shown = "墙 1".encode() in doors.get(tile).content
        time.sleep(0.05)
    return shown


def _tile_of(east: float, north: float) -> str:
    """Path of the element tile of zoom 17 around a point, by the formula of the matrix set."""
    lon, lat = pyproj.Transformer.from_crs(4527, 4490, always_xy=True).transform(east + 10, north + 5)
    n = 2**17
    x = int((lon + 180) / 360 * n)
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)
    return f"/tiles/bim_elements/17/{x}/{y}.mvt"


def test_who_may_not_write_is_refused_and_who_may_not_see_is_told_nothing(site: tuple[Doors, int]) -> None:
    doors, model_id = site
    for method, tail in (("PUT", ""), ("POST", "/preview"), ("DELETE", "")):
        given = {} if method == "DELETE" else {"json": BODY}
        assert doors.request(method, _url(model_id, tail), **given).status_code == 401
        assert doors.request(method, _url(model_id, tail), "auditor", **given).status_code == 403
        assert doors.request(method, _url(3, tail), "contractor", **given).status_code == 404
    assert doors.get(_url(model_id)).status_code == 401
    assert doors.get(_url(model_id), "auditor").status_code == 200


def test_two_people_who_looked_at_the_same_state_do_not_overwrite_each_other(site: tuple[Doors, int]) -> None:
    doors, model_id = site
    looked = doors.get(_url(model_id), "admin")
    tag = looked.headers["ETag"]
    codes: list[int] = []

    def place(shift: float) -> None:
        body = {**BODY, "eastings": EAST + shift}
        codes.append(
            doors.request("PUT", _url(model_id), "admin", json=body, headers={"If-Match": tag}).status_code
        )

    people = [threading.Thread(target=place, args=(shift,)) for shift in (1.0, 2.0)]
    for each in people:
        each.start()
    for each in people:
        each.join()
    assert sorted(codes) == [200, 412]
    assert len(doors.get(_url(model_id), "admin").json()["history"]) == 1
    stale = {**BODY, "row_version": looked.json()["row_version"]}
    assert doors.request("PUT", _url(model_id), "admin", json=stale).status_code == 412
    fresh = {**BODY, "row_version": doors.get(_url(model_id), "admin").json()["row_version"]}
    assert doors.request("PUT", _url(model_id), "admin", json=fresh).status_code == 200


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reason": ""}, "理由"),
        ({"crs": "某市独立坐标系"}, "控制点"),
        ({"eastings": NORTH, "northings": EAST}, "写反"),
        ({"control_points": [{"local": [0, 0], "map": [EAST, NORTH]}]}, "二者取一"),
        ({"eastings": None, "northings": None, "control_points": [{"local": [0, 0], "map": [EAST, NORTH]}]}, "至少需要两个"),
        ({"scale_factor": 0.3048}, "尺度"),
        ({"typo": 1}, ""),
    ],
)  # fmt: skip
def test_a_position_that_cannot_be_is_a_problem_with_its_reason(
    site: tuple[Doors, int], change: dict[str, Any], words: str
) -> None:
    doors, model_id = site
    body = {**BODY, **change}
    answer = doors.request("PUT", _url(model_id) + "?lang=zh", "admin", json=body)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert words in answer.text


def test_control_points_are_answered_with_their_residuals(site: tuple[Doors, int]) -> None:
    """10 m in the model, 10.4 m on the map: 0.2 m at either end."""
    doors, model_id = site
    pairs = [
        {"local": [0, 0, 0], "map": [EAST, NORTH, 31.0]},
        {"local": [10, 0, 0], "map": [EAST + 10.4, NORTH, 31.0]},
    ]
    body = {"crs": "EPSG:4527", "control_points": pairs, "reason": "控制点"}
    seen = doors.request("POST", _url(model_id, "/preview"), "admin", json=body).json()
    assert [each["distance_m"] for each in seen["residuals"]] == pytest.approx([0.2, 0.2])
    assert seen["fitted_scale"] == pytest.approx(1.04)
    assert seen["georeference"]["accuracy"] == pytest.approx(0.2)
    kept = doors.request("PUT", _url(model_id), "admin", json=body).json()["in_force"]
    assert (kept["eastings"], kept["height"]) == pytest.approx((EAST + 0.2, 31.0))
    assert kept["control_points"] == pairs
