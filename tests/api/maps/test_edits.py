"""Creating, replacing, updating and deleting features as clients do (OGC API Features Part 4)."""

import math
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import mapbox_vector_tile
import pytest
from pyproj import Transformer

from tests.api.conftest import ALLOWED_ORIGIN, Doors
from tests.api.seeding import PRIVATE_CODE, PUBLIC_CODE, as_owner

ITEMS = "/ogc/collections/{}/items"
PARCELS, AREAS = ITEMS.format("land_parcels"), ITEMS.format("control_areas")
PROJECTS, ELEMENTS = ITEMS.format("projects"), ITEMS.format("bim_elements")
ZONE_39 = "http://www.opengis.net/def/crs/EPSG/0/4527"
READ = "GET, HEAD, OPTIONS"


def square(west: float = 115.641, south: float = 33.141, side: float = 0.001) -> dict[str, Any]:
    east, north = round(west + side, 9), round(south + side, 9)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def parcel(number: str = "CB-2026-001", **given: Any) -> dict[str, Any]:
    geometry = given.pop("geometry", square())
    properties = {"parcel_no": number, "name": "城北一号", "state": "stored", **given}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def path_of(answer: httpx.Response) -> str:
    return urlsplit(answer.headers["Location"]).path


def created(doors: Doors, body: dict[str, Any] | None = None, path: str = PARCELS, **headers: str) -> str:
    answer = doors.request(
        "POST",
        path,
        "planner",
        json=body or parcel(),
        headers={"Content-Type": "application/geo+json", **headers},
    )
    assert answer.status_code == 201, answer.text
    return path_of(answer)


def tile_of(lon: float, lat: float, zoom: int = 15) -> str:
    n = 2**zoom
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n
    return f"{zoom}/{int((lon + 180) / 360 * n)}/{int(y)}"


def send(
    doors: Doors, method: str, path: str, body: Any, login: str = "planner", **headers: str
) -> httpx.Response:
    kind = "application/merge-patch+json" if method == "PATCH" else "application/geo+json"
    return doors.request(method, path, login, json=body, headers={"Content-Type": kind, **headers})


def test_a_new_feature_is_seen_through_every_door(own_doors: Doors) -> None:
    answer = send(own_doors, "POST", PARCELS, parcel())
    assert (answer.status_code, answer.content) == (201, b"")
    path = path_of(answer)
    assert path.startswith(f"{PARCELS}/")
    feature_id = int(path.rpartition("/")[2])
    assert own_doors.get(path, "planner").json()["properties"]["name"] == "城北一号"
    listed = own_doors.get(f"{PARCELS}?bbox=115.6412,33.1412,115.6415,33.1415", "planner").json()
    assert [feature["id"] for feature in listed["features"]] == [feature_id]
    tile = own_doors.get(f"/tiles/land_parcels/{tile_of(115.6415, 33.1415)}.mvt", "planner").content
    assert feature_id in [each["id"] for each in mapbox_vector_tile.decode(tile)["land_parcels"]["features"]]
    feed = own_doors.get(
        "/embed/land_parcels.geojson?bbox=115.6412,33.1412,115.6415,33.1415", "planner"
    ).json()
    assert [feature["id"] for feature in feed["features"]] == [feature_id]
    assert own_doors.get(path).status_code == 404  # a new parcel is internal


@pytest.mark.parametrize("name", [f"<{ZONE_39}>", ZONE_39])
def test_coordinates_in_a_zone_stand_north_before_east_and_land_within_a_millimetre(
    own_doors: Doors, name: str
) -> None:
    corners = [(3671300.0, 39371200.0), (3671300.0, 39371400.0), (3671450.0, 39371400.0)]  # north, east
    body = parcel(geometry={"type": "Polygon", "coordinates": [[*corners, corners[0]]]})
    path = created(own_doors, body, **{"Content-Crs": name})
    to_degrees = Transformer.from_crs(4527, 4490, always_xy=True)
    rings = own_doors.get(path, "planner").json()["geometry"]["coordinates"][0]
    for north, east in corners:
        lon, lat = to_degrees.transform(east, north)
        distance_m = min(math.hypot((x - lon) * 93_300, (y - lat) * 110_900) for x, y in rings[0])
        assert distance_m < 0.001
    back = own_doors.get(f"{path}?crs={ZONE_39}", "planner").json()["geometry"]["coordinates"][0][0]
    for got, wanted in zip(sorted(back[1:]), sorted(corners), strict=True):
        assert got == pytest.approx(wanted, abs=0.001)


def test_the_client_gets_the_feature_back_where_it_prefers_so(own_doors: Doors) -> None:
    answer = send(own_doors, "POST", PARCELS, parcel(), Prefer="return=representation")
    assert answer.status_code == 201
    assert answer.json()["properties"]["parcel_no"] == "CB-2026-001"
    assert answer.headers["Preference-Applied"] == "return=representation"
    path, tag = path_of(answer), answer.headers["ETag"]
    answer = send(
        own_doors,
        "PATCH",
        f"{path}?crs={ZONE_39}",
        {"properties": {"name": "改名"}},
        **{"Prefer": 'respond-async, return="representation"', "If-Match": tag},
    )
    assert (answer.status_code, answer.json()["properties"]["name"]) == (200, "改名")
    assert answer.headers["Content-Crs"] == f"<{ZONE_39}>"
    assert answer.json()["geometry"]["coordinates"][0][0][0][0] == pytest.approx(3669240, abs=2000)


def test_a_replacement_empties_what_it_does_not_give_and_a_patch_does_not(own_doors: Doors) -> None:
    path = created(own_doors, parcel(planned_use="工业用地", stated_area_m2=10.5))
    assert send(own_doors, "PATCH", path, {"properties": {"name": None}}).status_code == 204
    properties = own_doors.get(path, "planner").json()["properties"]
    assert (properties["name"], properties["planned_use"]) == (None, "工业用地")
    assert send(own_doors, "PUT", path, parcel()).status_code == 204
    properties = own_doors.get(path, "planner").json()["properties"]
    assert (properties["name"], properties["planned_use"], properties["stated_area_m2"]) == (
        "城北一号",
        None,
        None,
    )


def test_a_feature_read_may_be_sent_back_whole(own_doors: Doors) -> None:
    path = created(own_doors)
    read = own_doors.get(path, "planner")
    body = read.json()
    body["properties"]["name"] = "改名"
    assert send(own_doors, "PUT", path, body, **{"If-Match": read.headers["ETag"]}).status_code == 204
    again = own_doors.get(path, "planner").json()
    assert again["geometry"] == body["geometry"]
    assert {name: value for name, value in again["properties"].items() if name != "updated_at"} == {
        name: value for name, value in body["properties"].items() if name != "updated_at"
    }


def test_a_patch_merges_the_geometry_too(own_doors: Doors) -> None:
    path = created(own_doors)
    moved = square(115.651, 33.151)
    assert send(own_doors, "PATCH", path, {"geometry": moved}).status_code == 204
    coordinates = own_doors.get(path, "planner").json()["geometry"]["coordinates"]
    only = {"geometry": {"coordinates": [square(115.661, 33.161)["coordinates"]]}}
    assert send(own_doors, "PATCH", path, only).status_code == 204
    after = own_doors.get(path, "planner").json()["geometry"]["coordinates"]
    assert (coordinates[0][0][0], after[0][0][0]) == ([115.651, 33.151], [115.661, 33.161])
    assert send(own_doors, "PATCH", path, {"geometry": None}).status_code == 422


def test_the_tag_of_every_representation_may_be_expected(own_doors: Doors) -> None:
    path = created(own_doors)
    for number, (query, accept) in enumerate(
        [
            ("", "gzip"),
            ("", "identity"),
            (f"?crs={ZONE_39}", "gzip"),
            ("?f=html", "gzip"),
            ("?properties=name", ""),
        ]
    ):
        read = own_doors.get(path + query, "planner", headers={"Accept-Encoding": accept})
        tag = read.headers["ETag"]
        assert tag.startswith('"'), "strong"
        body = {"properties": {"name": f"第{number}次"}}
        assert send(own_doors, "PATCH", path, body, **{"If-Match": f'"other", {tag}'}).status_code == 204
        assert send(own_doors, "PATCH", path, body, **{"If-Match": tag}).status_code == 412
        assert own_doors.get(path + query, "planner", headers={"If-None-Match": tag}).status_code == 200


def test_the_bodies_of_one_state_have_tags_of_their_own(own_doors: Doors) -> None:
    path = created(own_doors)
    variants = [("", "identity"), ("", "gzip"), (f"?crs={ZONE_39}", "identity"), ("?f=html", "identity")]
    answers = [
        own_doors.get(path + query, "planner", headers={"Accept-Encoding": accept})
        for query, accept in variants
    ]
    assert len({answer.headers["ETag"] for answer in answers}) == 4
    again = {"If-None-Match": answers[1].headers["ETag"], "Accept-Encoding": "identity"}
    assert own_doors.get(path, "planner", headers=again).status_code == 304


def test_a_stale_tag_leaves_the_row_as_it_is(own_doors: Doors) -> None:
    path = created(own_doors)
    old = own_doors.get(path, "planner").headers["ETag"]
    assert send(own_doors, "PATCH", path, {"properties": {"name": "甲"}}).status_code == 204
    for method in ("PUT", "PATCH", "DELETE"):
        answer = send(own_doors, method, path, parcel(name="乙"), **{"If-Match": old})
        assert answer.status_code == 412, method
        assert answer.json()["errors"][0]["where"] == "If-Match"
    assert own_doors.get(path, "planner").json()["properties"]["name"] == "甲"
    weak = "W/" + own_doors.get(path, "planner").headers["ETag"]
    assert send(own_doors, "DELETE", path, None, **{"If-Match": weak}).status_code == 412
    assert send(own_doors, "DELETE", path, None, **{"If-Match": "*"}).status_code == 204
    assert own_doors.get(path, "planner").status_code == 404


def test_a_taken_number_is_a_conflict(own_doors: Doors) -> None:
    answer = send(own_doors, "POST", f"{PARCELS}?lang=en", parcel("DK-0001"))
    assert answer.status_code == 409
    assert "taken by feature 1 (城东一号)" in answer.text


def test_a_move_that_is_not_listed_is_refused_and_leaves_a_trace(own_doors: Doors) -> None:
    path = created(own_doors)
    answer = send(own_doors, "PATCH", path, {"properties": {"state": "completed"}})
    assert answer.status_code == 409
    event = own_doors.get("/api/v1/audit?limit=1", "admin").json()["events"][0]
    assert (event["action"], event["actor"]) == ("feature.refused", "planner")
    assert "stored to completed" in event["after"]["reason"]


def test_the_trail_has_before_and_after(own_doors: Doors) -> None:
    path = created(own_doors)
    assert send(own_doors, "PATCH", path, {"properties": {"name": "改名"}}).status_code == 204
    events = own_doors.get("/api/v1/audit?thing=land_parcel CB-2026-001", "admin").json()["events"]
    assert [event["action"] for event in events] == ["feature.update", "feature.create"]
    assert (events[0]["before"], events[0]["after"]) == ({"name": "城北一号"}, {"name": "改名"})
    assert own_doors.get("/api/v1/audit/chain", "admin").json()["intact"] is True


def test_progress_of_an_element_moves_its_project(own_doors: Doors) -> None:
    as_owner(own_doors.seeded.url, "UPDATE bim_element SET milestone_id = 2 WHERE identity_id = 11")
    answer = send(own_doors, "PATCH", f"{ELEMENTS}/11", {"properties": {"progress": 50}}, "contractor")
    assert answer.status_code == 204, answer.text
    assert own_doors.get(f"{PROJECTS}/1").json()["properties"]["progress"] == pytest.approx(75)
    answer = send(own_doors, "PATCH", f"{ELEMENTS}/11", {"properties": {"progress": 100}}, "contractor")
    assert own_doors.get(f"{PROJECTS}/1").json()["properties"]["progress"] == pytest.approx(100)
    assert own_doors.get(f"{ELEMENTS}/11").json()["properties"]["status"] == "done"


def test_a_new_red_line_leaves_the_old_one_to_its_time(own_doors: Doors) -> None:
    before = own_doors.get(f"{PROJECTS}/1").json()
    then = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    body = {"geometry": square(115.671, 33.171)}
    assert send(own_doors, "PATCH", f"{PROJECTS}/1", body, "task_force").status_code == 204
    after = own_doors.get(f"{PROJECTS}/1").json()
    assert after["geometry"]["coordinates"][0][0][0] == [115.671, 33.171]
    old = own_doors.get(f"{PROJECTS}/1?datetime={then}").json()
    assert old["geometry"] == before["geometry"]
    assert old["properties"]["area_m2"] == before["properties"]["area_m2"] != after["properties"]["area_m2"]


def test_a_self_intersection_is_named_where_the_sender_wrote_it(own_doors: Doors) -> None:
    bow = [
        [3671300, 39371200],
        [3671400, 39371300],
        [3671400, 39371200],
        [3671300, 39371300],
        [3671300, 39371200],
    ]
    body = parcel(geometry={"type": "Polygon", "coordinates": [bow]})
    answer = send(own_doors, "POST", f"{PARCELS}?lang=en", body, **{"Content-Crs": f"<{ZONE_39}>"})
    assert answer.status_code == 422
    assert "Self-intersection at (3671350, 39371250)" in answer.json()["detail"]
    answer = send(own_doors, "POST", f"{PARCELS}?lang=zh", body, **{"Content-Crs": f"<{ZONE_39}>"})
    assert "自相交，位置 (3671350, 39371250)" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"", 400, "line 1 column 1"),
        (b'{"type": "Feature",\n "geometry": ,}', 400, "line 2 column 14"),
        (b"\xff\xfe", 400, "no JSON"),
        (b"[" * 5000, 400, "no JSON"),
        (b"[]", 422, "Feature"),
        (b"{}", 422, "missing"),
        (b'{"type": "FeatureCollection", "features": []}', 422, "one by one"),
        (b'{"type": "Feature", "geometry": null, "properties": {"parcel_no": "A", "state": "stored"}}', 422, "outline"),
        (b'{"type": "Feature", "geometry": null, "properties": 7}', 422, "properties"),
        (b'{"type": "Feature", "geometry": 7, "properties": {}}', 422, "Polygon"),
        (b'{"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}}', 422, "Polygon"),
        (b'{"type": "Feature", "geometry": {"type": "Polygon"}}', 422, "coordinates"),
        (b'{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": []}, "properties": {"parcel_no": "A", "state": "stored"}}', 422, "empty"),
        (b'{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[1, 2], [3, "x"]]]}}', 422, "coordinates[0][1]"),
        (b'{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [1, 2]]]}}', 422, "three different"),
        (b'{"type": "Feature", "crs": {"type": "name", "properties": {"name": "EPSG:4527"}}}', 422, "Content-Crs"),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_answered_with_its_place(
    doors: Doors, body: bytes, status: int, word: str
) -> None:
    headers = {"Content-Type": "application/geo+json"}
    answer = doors.request("POST", f"{PARCELS}?lang=en", "planner", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert word in answer.text


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"price": 7}, "price"),
        ({"state": "sold"}, "state"),
        ({"parcel_no": None}, "parcel_no"),
        ({"supply_date": "soon"}, "supply_date"),
        ({"stated_area_m2": "large"}, "stated_area_m2"),
        ({"geometry": square(10, 10)}, "zone"),
        ({"geometry": square(33.1, 115.6)}, "Content-Crs"),
        ({"geometry": square(115.6, 33.1, 1.9)}, "area"),
        ({"geometry": square(115.6, 33.1, 1e-7)}, "area"),
    ],
)
def test_what_a_feature_cannot_be_is_named(doors: Doors, given: dict[str, Any], word: str) -> None:
    answer = send(doors, "POST", f"{PARCELS}?lang=en", parcel("CB-X", **given))
    assert answer.status_code in (400, 422), answer.text
    assert word in answer.json()["detail"]


@pytest.mark.parametrize("name", ["EPSG:2380", "EPSG:99999", "nonsense", "urn:ogc:def:crs:EPSG::4610"])
def test_a_crs_that_is_not_served_is_refused_by_the_header_it_stands_in(doors: Doors, name: str) -> None:
    answer = send(doors, "POST", PARCELS, parcel("CB-X"), **{"Content-Crs": name})
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["where"] == "Content-Crs"


def test_heights_are_dropped_and_open_rings_closed(own_doors: Doors) -> None:
    ring = [[*point, 25.5] for point in square()["coordinates"][0][:-1]]
    path = created(own_doors, parcel(geometry={"type": "Polygon", "coordinates": [ring]}))
    geometry = own_doors.get(path, "planner").json()["geometry"]
    assert geometry["type"] == "MultiPolygon"
    assert [len(point) for point in geometry["coordinates"][0][0]] == [2] * 5
    assert geometry["coordinates"][0][0][0] == geometry["coordinates"][0][0][-1]


def test_the_type_of_the_body_must_be_one_that_is_taken(doors: Doors) -> None:
    for method, path, taken in (
        ("POST", PARCELS, "Accept-Post"),
        ("PUT", f"{PARCELS}/1", "Accept-Post"),
        ("PATCH", f"{PARCELS}/1", "Accept-Patch"),
    ):
        for kind in ({"Content-Type": "text/plain"}, {"Content-Type": "application/gml+xml"}, {}):
            answer = doors.request(method, path, "planner", content=b"{}", headers=kind)
            assert answer.status_code == 415, (method, kind)
            assert "application/geo+json" in answer.headers[taken]
    answer = doors.request(
        "PUT",
        f"{PARCELS}/1",
        "planner",
        content=b"{}",
        headers={"Content-Type": "application/merge-patch+json"},
    )
    assert answer.status_code == 415


def test_a_body_larger_than_eight_megabytes_is_refused(doors: Doors) -> None:
    answer = send(doors, "POST", PARCELS, parcel("CB-X", name="长" * 3_000_000))
    assert answer.status_code == 413


def test_the_id_of_the_body_is_that_of_the_address(own_doors: Doors) -> None:
    path = created(own_doors)
    assert send(own_doors, "PUT", path, {**parcel(), "id": 1}).status_code == 422
    assert send(own_doors, "PUT", path, {**parcel(), "id": int(path.rpartition("/")[2])}).status_code == 204
    assert path_of(send(own_doors, "POST", PARCELS, {**parcel("CB-2"), "id": 1})) != f"{PARCELS}/1"


def test_unknown_parameters_of_an_edit_are_refused(doors: Doors) -> None:
    assert send(doors, "POST", f"{PARCELS}?crss=1", parcel("CB-X")).status_code == 400
    assert send(doors, "PATCH", f"{PARCELS}/1?crs=EPSG:1", {}).status_code == 400


def test_what_nobody_may_do_names_what_may_be_done(doors: Doors) -> None:
    for layer, allowed in (
        ("bim_models", READ),
        ("project_points", READ),
        ("bim_elements", READ),
    ):
        answer = send(doors, "POST", ITEMS.format(layer), parcel(), "admin")
        assert (answer.status_code, answer.headers["Allow"]) == (405, allowed), layer
    answer = send(doors, "DELETE", f"{ELEMENTS}/11", None, "admin")
    assert (answer.status_code, answer.headers["Allow"]) == (405, f"{READ}, PUT, PATCH")
    answer = send(doors, "DELETE", PARCELS, None, "admin")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert send(doors, "POST", ITEMS.format("nothing"), parcel(), "admin").status_code == 404


def test_who_does_not_see_a_feature_does_not_learn_of_it(doors: Doors) -> None:
    for method, body in (("PUT", parcel()), ("PATCH", {"properties": {}}), ("DELETE", None)):
        for login in ("contractor", "task_force"):
            assert send(doors, method, f"{PROJECTS}/2", body, login).status_code == 404
            assert send(doors, method, f"{PARCELS}/2", body, login).status_code == 404
            assert send(doors, method, f"{PARCELS}/1", body, login).status_code == 403
        assert send(doors, method, f"{PROJECTS}/2", body, "auditor").status_code == 403
        anonymous = doors.request(method, f"{PARCELS}/1", json=body)
        assert anonymous.status_code == 401
        assert doors.request(method, f"{PARCELS}/999999", json=body).status_code == 401


def options(doors: Doors, path: str, login: str | None = None, **headers: str) -> httpx.Response:
    answer = doors.request("OPTIONS", path, login, headers=headers)
    assert answer.status_code == 204, (path, answer.text)
    return answer


def test_options_name_exactly_what_this_caller_may(doors: Doors) -> None:
    every = f"{READ}, PUT, PATCH, DELETE"
    for path, login, allowed in (
        (PARCELS, "planner", f"{READ}, POST"),
        (PARCELS, None, READ),
        (PARCELS, "auditor", READ),
        (f"{PARCELS}/1", "planner", every),
        (f"{PARCELS}/unknown_id", "planner", every),
        (f"{PARCELS}/1", "contractor", READ),
        (PROJECTS, "division", f"{READ}, POST"),
        (PROJECTS, "task_force", READ),
        (f"{PROJECTS}/1", "task_force", every),
        (f"{PROJECTS}/unknown_id", "task_force", every),
        (f"{PROJECTS}/1", "contractor", READ),
        (f"{ELEMENTS}/11", "contractor", f"{READ}, PUT, PATCH"),
        (f"{ELEMENTS}/11", "site_supervisor", READ),
        (ELEMENTS, "admin", READ),
        (ITEMS.format("bim_models"), "admin", READ),
    ):
        assert options(doors, path, login).headers["Allow"] == allowed, (path, login)
    assert "application/geo+json" in options(doors, PARCELS, "planner").headers["Accept-Post"]
    assert "merge-patch" in options(doors, f"{PARCELS}/1", "planner").headers["Accept-Patch"]


def test_another_site_on_the_list_may_edit_with_a_token(own_doors: Doors) -> None:
    asked = {"Origin": ALLOWED_ORIGIN, "Access-Control-Request-Method": "PUT"}
    answer = options(own_doors, f"{PARCELS}/1", None, **asked)
    assert answer.headers["Allow"] == READ
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    for name in ("If-Match", "Content-Crs", "Content-Type", "Authorization"):
        assert name in answer.headers["Access-Control-Allow-Headers"]
    assert (
        "Access-Control-Allow-Methods"
        not in options(own_doors, PARCELS, None, Origin="https://evil.example").headers
    )
    answer = send(own_doors, "POST", PARCELS, parcel(), Origin=ALLOWED_ORIGIN)
    assert answer.headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN
    assert "Location" in answer.headers["Access-Control-Expose-Headers"]


def test_a_cookie_alone_does_not_edit_from_another_site(own_doors: Doors) -> None:
    cookie = {
        "Cookie": "twin_session=x",
        "Origin": "https://evil.example",
        "Content-Type": "application/geo+json",
    }
    assert own_doors.request("POST", PARCELS, json=parcel(), headers=cookie).status_code == 403


def test_a_project_is_created_kept_and_deleted_over_http(own_doors: Doors) -> None:
    properties = {
        "code": "341299-2024-01-0017-9",
        "name": "新建跨河大桥",
        "category": "01",
        "purpose": "infrastructure",
        "progress": None,
    }
    body = {"type": "Feature", "geometry": square(), "properties": properties}
    answer = send(own_doors, "POST", PROJECTS, body, "division")
    assert answer.status_code == 201, answer.text
    assert own_doors.get(path_of(answer), "division").json()["properties"]["stage"] == "initiation"
    assert send(own_doors, "DELETE", path_of(answer), None, "division").status_code == 204
    answer = send(own_doors, "DELETE", f"{PROJECTS}/1?lang=en", None, "division")
    assert answer.status_code == 409
    assert f"Project {PUBLIC_CODE} has 1 progress reports, 2 milestones" in answer.json()["detail"]
    assert own_doors.get(f"{PROJECTS}/2", "division").json()["properties"]["code"] == PRIVATE_CODE
