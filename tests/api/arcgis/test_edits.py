"""Edits through the Esri doors: the rules, rights and trail of every other door."""

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import shapely
from pyproj import Geod

from tests.api.arcgis.test_query import SERVICES, ask
from tests.api.conftest import Doors
from tests.api.seeding import as_owner

PARCEL = {
    "parcel_no": "DK-7&7+%41",
    "name": "淮河路“南侧”地块 100%",
    "state": "stored",
    "planned_use": "商业",
}
RINGS = [[[115.65, 33.18], [115.65, 33.19], [115.66, 33.19], [115.66, 33.18], [115.65, 33.18]]]
SHAPE = {"rings": RINGS, "spatialReference": {"wkid": 4490}}


def post(doors: Doors, layer: str, path: str, login: str | None = "planner", **asked: Any) -> httpx.Response:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in asked.items()}
    address = f"{SERVICES}/{layer}/FeatureServer/{path}"
    return doors.request("POST", address, login, data={"f": "json", **texts})


def add(doors: Doors, **attributes: Any) -> int:
    feature = {"attributes": {**PARCEL, **attributes}, "geometry": SHAPE}
    (result,) = post(doors, "land_parcels", "0/addFeatures", features=[feature]).json()["addResults"]
    assert result["success"] is True, result
    return int(result["objectId"])


def parcel(doors: Doors, object_id: int) -> dict[str, Any]:
    page = ask(doors, "land_parcels", "admin", objectIds=str(object_id), outFields="*")
    return dict(page["features"][0]["attributes"])


def test_a_parcel_is_added_changed_and_deleted(own_doors: Doors) -> None:
    number = add(own_doors, supply_date=1761868800000 - 8 * 3600 * 1000)  # midnight in China
    added = parcel(own_doors, number)
    assert {name: added[name] for name in PARCEL} == PARCEL
    assert added["supply_date"] == 1761868800000  # 2025-10-31, midnight UTC
    area, _ = Geod(ellps="GRS80").geometry_area_perimeter(shapely.box(115.65, 33.18, 115.66, 33.19))
    assert added["area_m2"] == pytest.approx(abs(area), rel=1e-6)

    changed = {**added, "name": "改名", "area_m2": 1, "updated_at": 0, "OBJECTID": number}
    (result,) = post(
        own_doors, "land_parcels", "0/updateFeatures", features=[{"attributes": changed}]
    ).json()["updateResults"]
    assert result == {"objectId": number, "globalId": None, "success": True}
    assert parcel(own_doors, number) == {
        **added,
        "name": "改名",
        "updated_at": parcel(own_doors, number)["updated_at"],
    }

    answer = post(own_doors, "land_parcels", "0/deleteFeatures", objectIds=str(number))
    assert (answer.status_code, answer.json()["deleteResults"][0]["success"]) == (200, True)
    assert ask(own_doors, "land_parcels", "admin", objectIds=str(number))["features"] == []


def test_an_edit_stands_in_the_audit_trail_under_its_own_name(own_doors: Doors) -> None:
    add(own_doors)
    events = own_doors.get("/api/v1/audit", "admin").json()
    event = next(event for event in events["events"] if event["action"] == "feature.create")
    assert (event["actor"], event["thing"]) == ("planner", f"land_parcel {PARCEL['parcel_no']}")


def test_raw_json_behind_features_is_read_as_it_stands(own_doors: Doors) -> None:
    """QGIS writes & + % as they are; other clients code them."""
    for number, coded in enumerate((False, True)):
        feature = {"attributes": {**PARCEL, "parcel_no": f"DK-8{number}&a=b+%41"}, "geometry": SHAPE}
        text = json.dumps([feature], ensure_ascii=False)
        body = f"f=json&features={quote(text) if coded else text}"
        answer = own_doors.request(
            "POST",
            f"{SERVICES}/land_parcels/FeatureServer/0/addFeatures",
            "planner",
            content=body.encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        (result,) = answer.json()["addResults"]
        assert result["success"] is True, answer.text
        assert parcel(own_doors, result["objectId"])["parcel_no"] == f"DK-8{number}&a=b+%41"


def test_a_shape_in_a_zone_and_with_a_hole_is_kept_as_surveyed(own_doors: Doors) -> None:
    outer = [
        [39377000, 3672000],
        [39377000, 3672100],
        [39377200, 3672100],
        [39377200, 3672000],
        [39377000, 3672000],
    ]
    hole = [
        [39377050, 3672020],
        [39377070, 3672020],
        [39377070, 3672040],
        [39377050, 3672040],
        [39377050, 3672020],
    ]
    shape = {"rings": [outer, hole], "spatialReference": {"wkid": 4527, "latestWkid": 4527}}
    feature = {"attributes": PARCEL, "geometry": shape}
    (result,) = post(own_doors, "land_parcels", "0/addFeatures", features=[feature]).json()["addResults"]
    assert result["success"] is True
    page = ask(own_doors, "land_parcels", "admin", objectIds=str(result["objectId"]), outSR="4527")
    rings = page["features"][0]["geometry"]["rings"]
    assert [len(ring) for ring in rings] == [5, 5]
    for ring, sent in zip(rings, (outer, hole), strict=True):
        for point in ring:
            assert min(max(abs(point[0] - x), abs(point[1] - y)) for x, y in sent) < 0.001


def test_one_failure_undoes_all_unless_told_otherwise(own_doors: Doors) -> None:
    before = ask(own_doors, "land_parcels", "admin", returnCountOnly="true")["count"]
    good = {"attributes": {**PARCEL, "parcel_no": "DK-9001"}, "geometry": SHAPE}
    taken = {"attributes": {**PARCEL, "parcel_no": "DK-0001"}, "geometry": SHAPE}
    asked: dict[str, Any] = {
        "adds": [good, taken],
        "updates": [{"attributes": {"OBJECTID": 1, "name": "新名"}}],
        "deletes": "1001",
    }
    answer = post(own_doors, "land_parcels", "0/applyEdits", **asked).json()
    assert [result["success"] for group in answer.values() for result in group] == [False] * 4
    assert [result["error"]["code"] for group in answer.values() for result in group] == [
        1003,
        409,
        1003,
        1003,
    ]
    assert "DK-0001" in answer["addResults"][1]["error"]["description"]
    assert ask(own_doors, "land_parcels", "admin", returnCountOnly="true")["count"] == before
    assert parcel(own_doors, 1)["name"] == "城东一号"

    answer = post(own_doors, "land_parcels", "0/applyEdits", rollbackOnFailure="false", **asked).json()
    assert [result["success"] for group in answer.values() for result in group] == [True, False, True, True]
    assert ask(own_doors, "land_parcels", "admin", returnCountOnly="true")["count"] == before
    assert parcel(own_doors, 1)["name"] == "新名"
    assert ask(own_doors, "land_parcels", "admin", objectIds="1001")["features"] == []


def test_the_service_takes_edits_by_layer(own_doors: Doors) -> None:
    edits = [{"id": 0, "adds": [{"attributes": PARCEL, "geometry": SHAPE}], "deletes": [1002]}]
    (answer,) = post(own_doors, "land_parcels", "applyEdits", edits=edits).json()
    assert answer["id"] == 0
    assert [answer[name][0]["success"] for name in ("addResults", "deleteResults")] == [True, True]
    assert post(own_doors, "land_parcels", "applyEdits", edits=[{"id": 1}]).json()["error"]["code"] == 400


def test_several_are_deleted_by_a_clause(own_doors: Doors) -> None:
    answer = post(
        own_doors, "land_parcels", "0/deleteFeatures", where="parcel_no IN ('DK-100000', 'DK-100001')"
    )
    assert [result["success"] for result in answer.json()["deleteResults"]] == [True, True]
    assert post(own_doors, "land_parcels", "0/deleteFeatures").json()["error"]["code"] == 400


def test_a_refused_move_is_kept_in_the_audit_trail(own_doors: Doors) -> None:
    """A parcel that stands ready cannot go back into the pool."""
    update = {"attributes": {"OBJECTID": 1, "state": "stored"}}
    (result,) = post(own_doors, "land_parcels", "0/updateFeatures", features=[update]).json()["updateResults"]
    assert (result["success"], result["error"]["code"]) == (False, 409)
    events = own_doors.get("/api/v1/audit", "admin").json()["events"]
    assert any((event["action"], event["thing"]) == ("feature.refused", "land_parcels 1") for event in events)


@pytest.mark.parametrize(
    "path", ["0/addFeatures", "0/updateFeatures", "0/deleteFeatures", "0/applyEdits", "applyEdits"]
)
def test_nobody_edits_without_a_token(doors: Doors, path: str) -> None:
    feature = {"attributes": {**PARCEL, "OBJECTID": 1}, "geometry": SHAPE}
    asked = {
        "features": [feature],
        "objectIds": "1",
        "adds": [feature],
        "edits": [{"id": 0, "adds": [feature]}],
    }
    answer = post(doors, "land_parcels", path, None, **asked)
    assert answer.json()["error"]["code"] == 499
    by_get = doors.get(f"{SERVICES}/land_parcels/FeatureServer/{path}", "planner", params={"objectIds": "1"})
    assert by_get.json()["error"]["code"] == 405


@pytest.mark.parametrize("login", ["auditor", "contractor"])
def test_who_may_read_and_not_write_is_refused(doors: Doors, login: str) -> None:
    feature = {"attributes": {**PARCEL, "OBJECTID": 1}, "geometry": SHAPE}
    answer = post(doors, "land_parcels", "0/addFeatures", login, features=[feature]).json()
    assert answer["addResults"][0]["error"]["code"] == 403
    answer = post(doors, "land_parcels", "0/updateFeatures", login, features=[feature]).json()
    assert answer["updateResults"][0]["error"]["code"] == 403
    refused = post(doors, "land_parcels", "0/deleteFeatures", login, objectIds="1")
    assert (refused.status_code, refused.json()["deleteResults"][0]["error"]["code"]) == (403, 403)
    assert ask(doors, "land_parcels", objectIds="1")["features"] != []


def test_a_contractor_cannot_tell_a_hidden_parcel_from_none(doors: Doors) -> None:
    found = [
        post(doors, "land_parcels", "0/deleteFeatures", "contractor", objectIds=number)
        for number in ("2", "999999")
    ]
    assert [answer.status_code for answer in found] == [404, 404]
    assert found[0].text.replace("2", "") == found[1].text.replace("999999", "")


def test_elements_keep_their_shape_and_projects_get_versions(own_doors: Doors) -> None:
    update = {"attributes": {"OBJECTID": 11, "progress": 100.0, "status": "done"}, "geometry": SHAPE}
    (result,) = post(own_doors, "bim_elements", "0/updateFeatures", "admin", features=[update]).json()[
        "updateResults"
    ]
    assert result["success"] is False
    assert post(own_doors, "bim_elements", "0/deleteFeatures", "admin", objectIds="11").status_code == 405
    moved = {"attributes": {"OBJECTID": 1}, "geometry": SHAPE}
    (result,) = post(own_doors, "projects", "0/updateFeatures", "admin", features=[moved]).json()[
        "updateResults"
    ]
    assert result["success"] is True
    page = ask(own_doors, "projects")
    assert sorted(page["features"][0]["geometry"]["rings"][0])[0] == [115.65, 33.18]


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("0/addFeatures", {"features": "[{"}),
    ("0/addFeatures", {"features": "5"}),
    ("0/addFeatures", {"features": [{}] * 1001}),
    ("0/applyEdits", {"adds": "[]", "useGlobalIds": "true"}),
    ("0/applyEdits", {"attachments": '{"adds": [1]}'}),
    ("0/deleteFeatures", {"objectIds": "a"}),
    ("0/deleteFeatures", {"where": "pg_sleep(3) IS NULL"}),
    ("applyEdits", {"edits": "[5]"}),
]


@pytest.mark.parametrize(("path", "asked"), WRONG)
def test_what_is_no_edit_is_refused_as_a_whole(doors: Doors, path: str, asked: dict[str, Any]) -> None:
    answer = post(doors, "land_parcels", path, **asked)
    assert answer.json()["error"]["code"] in (400, 422)


BAD_FEATURES: list[Any] = [
    5, None, {}, {"attributes": 5}, {"attributes": PARCEL}, {"attributes": PARCEL, "geometry": {"rings": []}},
    {"attributes": PARCEL, "geometry": {"x": 1, "y": 2}}, {"attributes": PARCEL, "geometry": {"rings": [[[0, 0], [1, 1], [0, 0]]]}},
    {"attributes": {**PARCEL, "colour": "red"}, "geometry": SHAPE}, {"attributes": {**PARCEL, "state": "verkauft"}, "geometry": SHAPE},
    {"attributes": {**PARCEL, "supply_date": 1e300}, "geometry": SHAPE}, {"attributes": {**PARCEL, "name": "a\0b"}, "geometry": SHAPE},
    {"attributes": {**PARCEL, "name": 7}, "geometry": SHAPE}, {"attributes": {"name": "ohne"}, "geometry": SHAPE},
    {"attributes": PARCEL, "geometry": {**SHAPE, "spatialReference": {"wkid": 4214}}},
    {"attributes": PARCEL, "geometry": {"rings": [[[0, 0], [9, 9], [9, 0], [0, 9], [0, 0]]], "spatialReference": {"wkid": 4490}}},
    {"attributes": {"OBJECTID": 2**40, **PARCEL}, "geometry": SHAPE},
]  # fmt: skip


def test_a_wrong_feature_gets_its_own_verdict_and_nothing_is_written(doors: Doors) -> None:
    before = ask(doors, "land_parcels", "admin", returnCountOnly="true")
    answer = post(doors, "land_parcels", "0/addFeatures", features=BAD_FEATURES, rollbackOnFailure="false")
    assert answer.status_code == 200, answer.text
    results = answer.json()["addResults"]
    assert [result["success"] for result in results] == [False] * len(BAD_FEATURES)
    assert all(result["error"]["description"] for result in results)
    assert ask(doors, "land_parcels", "admin", returnCountOnly="true") == before


def test_an_id_beyond_32_bits_is_not_given_out(own_doors: Doors) -> None:
    as_owner(own_doors.seeded.url, "SELECT setval(pg_get_serial_sequence('land_parcel', 'id'), 2147483647)")
    feature = {"attributes": PARCEL, "geometry": SHAPE}
    (result,) = post(own_doors, "land_parcels", "0/addFeatures", features=[feature]).json()["addResults"]
    assert result["success"] is False
    assert "2147483647" in result["error"]["description"]
