"""Spatial questions over HTTP: what is answered, who sees what, and what is refused."""

import json
from typing import Any

import pytest

from tests.api.conftest import Doors
from tests.api.seeding import MARKS, PRIVATE_CODE, PUBLIC_CODE

BOX = [[115.60, 33.14], [115.63, 33.14], [115.63, 33.17], [115.60, 33.17], [115.60, 33.14]]
FIELD: dict[str, Any] = {"geometry": {"type": "Polygon", "coordinates": [BOX]}}
WORLD: dict[str, Any] = {
    "geometry": {"type": "Polygon", "coordinates": [[[114, 32], [118, 32], [118, 35], [114, 35], [114, 32]]]}
}
SECRET: dict[str, Any] = {"geometry": {"type": "Point", "coordinates": [116.7, 33.7]}}
ROAD: dict[str, Any] = {"geometry": {"type": "LineString", "coordinates": [[115.6, 33.155], [116.9, 33.9]]}}
EVERY = [
    "projects",
    "project_points",
    "bim_models",
    "bim_elements",
    "land_parcels",
    "control_areas",
    "farmland",
]
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("within", {"subject": WORLD, "count": True}),
    ("intersects", {"subject": WORLD, "count": True, "f": "json"}),
    ("nearest", {"subject": SECRET, "k": 100}),
    ("buffer", {"subject": SECRET, "distance_m": 100_000}),
    ("corridor", {"subject": ROAD, "half_width_m": 50_000}),
]
WHOLE = [
    "view?bbox=114,32,118,35&limit=1000&layers=" + ",".join(EVERY),
    *(f"duplicates?layer={layer}&share_percent=1&same=-" for layer in EVERY),
    *(f"change?layer={layer}&from=2020-01-01&to=2100-01-01" for layer in EVERY),
    *(f"summary?areas=urban_boundary&of={layer}&f=geojson" for layer in EVERY),
    *(
        f"summary?areas={areas}&of=projects&measure=area"
        for areas in ("farmland", "projects", "land_parcels")
    ),
]


def ask(doors: Doors, question: str, login: str | None = None, **body: Any) -> Any:
    answer = doors.request("POST", f"/api/v1/spatial/{question}", login, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(answer: dict[str, Any], field: str) -> list[str]:
    return [feature["properties"][field] for feature in answer["features"]]


@pytest.mark.parametrize(("question", "body"), ASKED, ids=[question for question, _ in ASKED])
def test_nobody_learns_of_a_hidden_row_or_field_by_asking(
    doors: Doors, question: str, body: dict[str, Any]
) -> None:
    for layer in EVERY:
        answer = doors.request(
            "POST", f"/api/v1/spatial/{question}", json={**body, "layers": [layer], "limit": 1_000}
        )
        assert answer.status_code == 200, answer.text
        document = answer.json()
        document.pop("area", None)  # the asked shape widened, which happens to pass by
        text = json.dumps(document, ensure_ascii=False)
        assert not [mark for mark in MARKS if mark in text], (layer, text[:2_000])
    seen = doors.request(
        "POST", f"/api/v1/spatial/{question}", "admin", json={**body, "layers": ["projects"], "limit": 1_000}
    )
    assert "PRIVATE" in seen.text


@pytest.mark.parametrize("path", WHOLE)
def test_nobody_learns_of_a_hidden_row_or_field_of_a_whole_layer(doors: Doors, path: str) -> None:
    answer = doors.get(f"/api/v1/spatial/{path}")
    assert answer.status_code == 200, answer.text
    assert not [mark for mark in MARKS if mark in answer.text], answer.text[:2_000]


def test_counts_hold_only_what_the_caller_may_see(doors: Doors) -> None:
    body: dict[str, Any] = {"subject": WORLD, "layers": ["farmland", "projects"], "count": True}
    counted = {
        login: ask(doors, "within", login, **body)["counts"] for login in (None, "contractor", "admin")
    }
    assert {login: [each["count"] for each in counts] for login, counts in counted.items()} == {
        None: [0, 1],
        "contractor": [0, 1],
        "admin": [2, 2],
    }


def test_a_hidden_field_can_neither_be_filtered_by_nor_summed_nor_grouped_by(doors: Doors) -> None:
    refused = [
        "summary?areas=urban_boundary&of=projects&measure=sum&field=approved_estimate_yuan",
        "summary?areas=urban_boundary&of=projects&group=lead_person",
        "duplicates?layer=projects&same=lead_person",
        "view?bbox=115,33,116,34&layers=projects&filter=lead_person='x'",
        "summary?areas=projects&of=projects&areas_filter=lead_person='x'",
    ]
    for path in refused:
        assert doors.get(f"/api/v1/spatial/{path}").status_code == 400, path
        assert doors.get(f"/api/v1/spatial/{path}", "planner").status_code == 200, path


def test_a_hidden_project_or_feature_is_no_subject(doors: Doors) -> None:
    for subject in (
        {"project": PRIVATE_CODE},
        {"layer": "land_parcels", "id": 2},
        {"layer": "projects", "id": 99},
    ):
        body = {"subject": subject, "layers": ["projects"], "k": 1}
        assert doors.request("POST", "/api/v1/spatial/nearest", json=body).status_code == 404
    assert ask(doors, "nearest", "admin", subject={"project": PRIVATE_CODE}, k=1)["numberReturned"] == 1


def test_a_project_asks_for_what_is_near_and_is_not_its_own_neighbour(doors: Doors) -> None:
    own = ask(
        doors, "nearest", "admin", subject={"project": PUBLIC_CODE}, layers=["projects", "land_parcels"], k=1
    )
    assert names(own, "collection") == ["land_parcels", "projects"]
    assert own["features"][0]["properties"]["distance_m"] == 0  # the parcel on the very same ground
    assert own["features"][1]["properties"]["code"] == PRIVATE_CODE


def test_a_parcel_asks_for_what_surrounds_it(doors: Doors) -> None:
    near = ask(
        doors,
        "buffer",
        subject={"layer": "land_parcels", "id": 1},
        layers=["land_parcels", "projects"],
        distance_m=10,
    )
    assert names(near, "collection") == ["projects"]
    assert near["area"]["type"] == "Polygon"


def test_filters_pages_and_forms(doors: Doors) -> None:
    body: dict[str, Any] = {
        "subject": WORLD,
        "layers": ["land_parcels"],
        "filter": "state = 'stored'",
        "limit": 1_000,
    }
    codes: list[str] = []
    token = None
    for _ in range(4):
        page = ask(doors, "within", **body, **({"next": token} if token else {}))
        codes += names(page, "parcel_no")
        token = page["next"]
        if token is None:
            break
    assert len(codes) == len(set(codes)) == 2_499
    rows = ask(doors, "within", **{**body, "limit": 1, "f": "json"})
    assert rows["items"][0]["parcel_no"] == "DK-100000"
    assert "geometry" not in rows["items"][0]
    wrong = doors.request(
        "POST", "/api/v1/spatial/within", json={**body, "layers": ["projects"], "next": rows["next"]}
    )
    assert wrong.status_code == 400


def test_the_answer_is_of_the_asked_time(doors: Doors) -> None:
    asked: dict[str, Any] = {"subject": WORLD, "layers": ["projects"]}
    assert ask(doors, "within", **asked, datetime="2020-01-01")["numberReturned"] == 0
    assert ask(doors, "within", **asked)["numberReturned"] == 1
    changed = doors.get("/api/v1/spatial/change?layer=projects&from=2020-01-01&to=2030-01-01&f=json").json()
    assert changed["counts"] == {
        "added": 0,
        "removed": 0,
        "changed": 1,
    }  # without a red line before it had one
    assert changed["items"][0]["moved"] is True


def test_a_summary_by_area_counts_and_covers(doors: Doors) -> None:
    path = "/api/v1/spatial/summary?areas=urban_boundary&of=land_parcels&measure=area&group=state"
    found = doors.get(path).json()["items"]
    assert [(item["count"], round(item["share_percent"], 6)) for item in found] == [(1, 100.0)]
    assert found[0]["groups"][0]["value"] == "ready"


WRONG: list[tuple[str, dict[str, Any], int]] = [
    ("within", {"subject": {}}, 422),
    ("within", {"subject": {**FIELD, "project": PUBLIC_CODE}}, 422),
    ("within", {"subject": {"layer": "projects"}}, 422),
    ("within", {"subject": FIELD, "layers": ["agency_setting"]}, 422),
    ("within", {"subject": FIELD, "layers": []}, 422),
    ("within", {"subject": FIELD, "filter": "pg_sleep(9) = 1"}, 400),
    ("within", {"subject": FIELD, "filter": "nothing = 1"}, 400),
    ("within", {"subject": FIELD, "limit": 1_001}, 422),
    ("within", {"subject": FIELD, "next": "x"}, 400),
    ("within", {"subject": FIELD, "datetime": "yesterday"}, 400),
    ("within", {"subject": {**FIELD, "crs": "EPSG:4610"}}, 400),
    ("within", {"subject": {"geometry": {"type": "Point", "coordinates": [33, 115]}}}, 422),
    ("within", {"subject": {"geometry": {"type": "Point"}}}, 422),
    ("nearest", {"subject": FIELD, "k": 0}, 422),
    ("nearest", {"subject": FIELD, "within_m": -1}, 422),
    ("buffer", {"subject": FIELD, "distance_m": 1e9}, 422),
    ("buffer", {"subject": FIELD}, 422),
    ("corridor", {"subject": FIELD, "half_width_m": 10}, 422),
]


@pytest.mark.parametrize(("question", "body", "status"), WRONG)
def test_a_wrong_question_is_refused_with_its_fault(
    doors: Doors, question: str, body: dict[str, Any], status: int
) -> None:
    answer = doors.request("POST", f"/api/v1/spatial/{question}", json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("view", 422),
        ("view?bbox=1,2,3", 400),
        ("duplicates?layer=nothing", 422),
        ("duplicates?layer=projects&same=progress", 422),
        ("change?from=2025-01-01&to=2024-01-01", 422),
        ("change?from=../2025-01-01&to=..", 400),
        ("change?to=2024-01-01", 422),
        ("summary?of=projects&areas=project_points", 422),
        ("summary?of=projects&measure=sum", 400),
        ("summary?of=projects&measure=sum&field=name", 400),
        ("summary?of=projects&limit=501", 422),
    ],
)
def test_a_wrong_question_to_a_layer_is_refused(doors: Doors, path: str, status: int) -> None:
    answer = doors.get(f"/api/v1/spatial/{path}")
    assert answer.status_code == status, answer.text


def test_who_signed_in_and_asked_is_written_down(own_doors: Doors) -> None:
    ask(own_doors, "within", "planner", subject=FIELD, layers=["farmland"])
    ask(own_doors, "within", subject=FIELD, layers=["farmland"])
    entries = own_doors.get("/api/v1/audit", "auditor").json()
    found = [
        entry
        for entry in entries.get("events", entries.get("entries", []))
        if entry["action"] == "spatial.within"
    ]
    assert len(found) == 1


def test_an_uploaded_file_is_a_subject_for_its_owner_alone(own_doors: Doors) -> None:
    features = [{"type": "Feature", "properties": {"name": "一号"}, "geometry": FIELD["geometry"]}]
    file = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    sent = own_doors.request("POST", "/api/v1/uploads", "planner", files={"file": ("边界.geojson", file)})
    assert sent.status_code == 201, sent.text
    subject = {"upload": sent.json()["upload_id"]}
    found = ask(own_doors, "within", "planner", subject=subject, layers=["projects", "land_parcels"])
    assert names(found, "collection") == ["projects", "land_parcels"]
    for login, status in ((None, 401), ("director", 404)):
        body = {"subject": subject, "layers": ["projects"]}
        answer = own_doors.request("POST", "/api/v1/spatial/within", login, json=body)
        assert answer.status_code in (status, 404), answer.text
