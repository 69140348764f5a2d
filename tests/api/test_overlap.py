"""Overlap over HTTP. The shapes and figures are the measured test vector of the domain notes (EPSG:4527)."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Doors
from tests.api.seeding import MARKS, PRIVATE_CODE, PUBLIC_CODE, as_owner
from twin.jobs.execute import run_job
from twin.jobs.kinds import KINDS
from twin.jobs.workroom import open_workroom
from twin.settings import HomeSettings, JobSettings

PATH = "/api/v1/overlap"
EAST, NORTH = 39371200, 3671300


def box(west: float, south: float, east: float, north: float) -> list[list[float]]:
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return [[EAST + x, NORTH + y] for x, y in corners]


SUBJECT = {"type": "Polygon", "coordinates": [box(0, 0, 200, 150), box(50, 50, 100, 90)[::-1]]}


def wkt(west: float, south: float, east: float, north: float) -> str:
    return f"ST_Multi(ST_MakeEnvelope({EAST + west}, {NORTH + south}, {EAST + east}, {NORTH + north}, 4527))"


@pytest.fixture
def vector(own_doors: Doors) -> Doors:
    """The reserve parcel and the farmland of the test vector, both internal, and nothing else."""
    parcel, farmland = wkt(120, -30, 320, 100), wkt(-40, 120, 60, 220)
    as_owner(own_doors.seeded.url, "DELETE FROM land_parcel; DELETE FROM control_area;")
    as_owner(
        own_doors.seeded.url,
        f"""INSERT INTO land_parcel (parcel_no, kind, state, geom, geom_survey, source_crs)
          VALUES ('储-1', '储备', 'ready', ST_Transform({parcel}, 4490), {parcel}, 'EPSG\\:4527');
        INSERT INTO control_area (layer, code, class_code, class_name, geom, geom_survey, source_crs)
          VALUES ('farmland', 'F-1', '0103', '旱地', ST_Transform({farmland}, 4490), {farmland}, 'EPSG\\:4527')""",
    )
    return own_doors


def run(doors: Doors, login: str | None, subject: dict[str, Any], **more: Any) -> Any:
    return doors.request("POST", PATH, login, json={"subject": subject, **more})


def test_the_measured_vector_comes_back_within_a_hundredth_of_a_square_metre(vector: Doors) -> None:
    answer = run(
        vector, "planner", {"geometry": SUBJECT, "crs": "EPSG:4527"}, layers=["land_parcels", "farmland"]
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["subject"]["area_m2"] == pytest.approx(27988.57, abs=0.01)
    assert body["subject"]["area_plane_m2"] == pytest.approx(28000, abs=0.01)
    assert body["subject"]["crs_overlay"] == "EPSG:4527"
    reserve, farmland = body["layers"]
    assert reserve["area_m2"] == pytest.approx(7996.74, abs=0.01)
    assert reserve["area_mu"] == pytest.approx(11.9951, abs=0.0001)
    assert reserve["share_of_subject"] == pytest.approx(28.57, abs=0.01)
    assert farmland["area_m2"] == pytest.approx(1799.26, abs=0.01)
    assert farmland["by_class"][0]["class_name"] == "旱地"
    assert reserve["items"][0]["geometry"]["type"] in ("Polygon", "MultiPolygon")


def test_control_areas_stand_for_one_row_per_control_layer(vector: Doors) -> None:
    body = run(vector, "planner", {"geometry": SUBJECT, "crs": "EPSG:4527"}, layers=["control_areas"]).json()
    rows = [row["layer"] for row in body["layers"]]
    assert rows == ["dltb", "farmland", "ecology", "urban_boundary", "heritage", "river"]


def test_the_request_of_a_project_and_its_own_address_answer_the_same(doors: Doors) -> None:
    posted = run(doors, "planner", {"project": PUBLIC_CODE}, layers=["urban_boundary"]).json()
    got = doors.get(f"/api/v1/projects/{PUBLIC_CODE}/overlap?layers=urban_boundary", "planner").json()
    assert posted.pop("computed_at")
    assert got.pop("computed_at")
    assert posted == got
    assert posted["layers"][0]["share_of_subject"] == pytest.approx(100, abs=1e-6)


def test_nobody_learns_of_internal_land_more_than_whether_it_is_hit(doors: Doors) -> None:
    answer = doors.get(f"/api/v1/projects/{PUBLIC_CODE}/overlap?layers=land_parcels,farmland,urban_boundary")
    assert answer.status_code == 200, answer.text
    rows = {row["layer"]: row for row in answer.json()["layers"]}
    assert rows["farmland"]["hit"] is True
    assert rows["farmland"]["area_m2"] == 0
    assert rows["farmland"]["items"] == []
    assert rows["urban_boundary"]["area_m2"] > 0
    assert not [mark for mark in MARKS if mark in answer.text]


@pytest.mark.parametrize("option", ["buffer_m=5", "min_area_m2=100"])
def test_nobody_may_probe_internal_land_with_options(doors: Doors, option: str) -> None:
    assert doors.get(f"/api/v1/projects/{PUBLIC_CODE}/overlap?{option}").status_code == 401


def test_a_drawn_shape_needs_the_right_to_run_overlaps(doors: Doors) -> None:
    drawn = {"geometry": SUBJECT, "crs": "EPSG:4527"}
    assert run(doors, None, drawn).status_code == 401
    assert run(doors, "contractor", drawn).status_code == 403


def test_a_private_project_does_not_exist_for_nobody(doors: Doors) -> None:
    for code in (PRIVATE_CODE, "no-such-project"):
        assert doors.get(f"/api/v1/projects/{code}/overlap").status_code == 404
        assert run(doors, None, {"project": code}).status_code == 404


@pytest.mark.parametrize(
    ("subject", "more", "status", "word"),
    [
        ({"project": PUBLIC_CODE}, {"layers": ["parks"]}, 422, "land_parcels"),
        ({"project": PUBLIC_CODE}, {"layers": []}, 422, "layers"),
        ({"upload": "7"}, {}, 404, "upload"),
        ({"layer": "parks"}, {}, 422, "land_parcels"),
        ({"projects": []}, {}, 422, "projects"),
        ({"projects": [PUBLIC_CODE, "no-such"]}, {}, 404, "no-such"),
        ({"layer": "projects", "project": PUBLIC_CODE}, {}, 422, "subject"),
        ({}, {}, 422, "subject"),
        ({"project": PUBLIC_CODE, "geometry": SUBJECT}, {}, 422, "subject"),
        ({"geometry": SUBJECT, "crs": "EPSG:4527"}, {"buffer_m": -1}, 422, "buffer_m"),
        ({"geometry": SUBJECT, "crs": "EPSG:4527"}, {"colour": "red"}, 422, "colour"),
        ({"geometry": SUBJECT, "crs": "EPSG:2380"}, {}, 400, "datum"),
        ({"geometry": SUBJECT, "crs": "mars"}, {}, 400, "mars"),
        ({"geometry": {"type": "GeometryCollection", "geometries": []}}, {}, 422, "Polygon"),
        ({"geometry": {"type": "FeatureCollection", "features": []}}, {}, 422, "features"),
        ({"geometry": {"type": "FeatureCollection", "features": [7]}}, {}, 422, "GeoJSON"),
        ({"geometry": {"type": "Polygon", "coordinates": []}}, {}, 422, ""),
        ({"geometry": {"type": "Polygon", "coordinates": [[1, 2]]}}, {}, 422, ""),
        ({"geometry": {"type": "Polygon", "coordinates": [[[10**400, 2], [3, 4], [5, 6]]]}}, {}, 422, ""),
        ({"geometry": {"coordinates": SUBJECT["coordinates"]}}, {}, 422, ""),
        ({"geometry": {"type": "Polygon", "coordinates": [["a"]]}}, {}, 422, ""),
    ],
)
def test_a_wrong_request_says_what_is_wrong(
    doors: Doors, subject: dict[str, Any], more: dict[str, Any], status: int, word: str
) -> None:
    answer = run(doors, "planner", subject, **more)
    assert answer.status_code == status, answer.text
    english = doors.request("POST", f"{PATH}?lang=en", "planner", json={"subject": subject, **more})
    assert word in english.text


def test_a_deeply_nested_body_is_refused_and_nothing_breaks(doors: Doors) -> None:
    body = b'{"subject": {"geometry": {"type": "Polygon", "coordinates": ' + b"[" * 200_000
    assert doors.request("POST", PATH, "planner", content=body).status_code in (400, 422)
    closed = body + b"]" * 200_000 + b"}}}"
    headers = {"Content-Type": "application/json"}
    assert doors.request("POST", PATH, "planner", content=closed, headers=headers).status_code in (400, 422)


def test_who_ran_an_overlap_is_on_record(vector: Doors) -> None:
    run(vector, "planner", {"project": PUBLIC_CODE})
    events = vector.get("/api/v1/audit", "auditor").json()["events"]
    assert (events[0]["actor"], events[0]["action"], events[0]["thing"]) == (
        "planner",
        "overlap.run",
        f"project {PUBLIC_CODE}",
    )


def test_a_whole_layer_is_answered_with_a_job_that_its_asker_may_look_at(own_doors: Doors) -> None:
    asked = run(own_doors, "planner", {"layer": "projects"}, layers=["urban_boundary"])
    assert asked.status_code == 202, asked.text
    told = asked.json()
    assert asked.headers["Location"] == told["run"] == f"/api/v1/overlap/runs/{told['job_id']}"

    assert own_doors.get(told["job"], "planner").json()["state"] == "queued"
    kept = own_doors.get(told["run"], "planner").json()
    assert kept["request"]["subject"] == {"layer": "projects", "project_ids": None}
    assert kept["finished_at"] is None
    assert [row["job_id"] for row in own_doors.get("/api/v1/overlap/runs", "planner").json()] == [
        told["job_id"]
    ]
    assert own_doors.get(told["answers"], "planner").status_code == 409
    assert own_doors.request("DELETE", told["run"], "planner").status_code == 409
    assert own_doors.get(told["run"]).status_code == 401
    assert own_doors.get(told["run"], "contractor").status_code == 404
    assert own_doors.request("DELETE", told["job"], "planner").json()["state"] == "cancelled"
    assert own_doors.request("DELETE", told["run"], "planner").status_code == 204
    assert own_doors.get(told["run"], "planner").status_code == 404


def test_a_run_that_ended_gives_its_answers_page_by_page(own_doors: Doors, tmp_path: Path) -> None:
    told = run(own_doors, "planner", {"layer": "projects"}, layers=["projects", "urban_boundary"]).json()
    room = open_workroom(own_doors.seeded.url, HomeSettings(home=tmp_path), JobSettings())
    asyncio.run(run_job(room, KINDS, told["job_id"]))
    room.engine.dispose()
    page = own_doors.get(f"{told['answers']}?limit=1", "planner").json()
    rest = own_doors.get(f"{told['answers']}?after={page['next']}", "planner").json()
    everything = [*page["answers"], *rest["answers"]]

    assert len(page["answers"]) == 1
    assert {PUBLIC_CODE, PRIVATE_CODE} <= {answer["code"] for answer in everything}
    alone = run(
        own_doors, "planner", {"project": PUBLIC_CODE}, layers=["projects", "urban_boundary"], geometry=False
    ).json()
    kept = own_doors.get(f"{told['answers']}?code={PUBLIC_CODE}", "planner").json()["answers"][0]
    assert kept["layers"] == alone["layers"]
    assert own_doors.get(told["run"], "planner").json()["totals"]["subjects"] == len(everything)


def test_a_layer_is_not_run_for_everybody(doors: Doors) -> None:
    assert run(doors, None, {"layer": "projects"}).status_code == 401
    assert run(doors, "contractor", {"layer": "projects"}).status_code == 403
    assert run(doors, "task_force", {"projects": [PUBLIC_CODE, PRIVATE_CODE]}).status_code in (403, 404)


def test_layers_are_laid_under_as_they_were(vector: Doors) -> None:
    """The parcel was cut down and the farmland taken out since; then they were those of the test vector."""
    then = datetime.now(UTC)
    small = wkt(120, 0, 130, 10)
    as_owner(
        vector.seeded.url,
        f"UPDATE land_parcel SET geom_survey = {small}, geom = ST_Transform({small}, 4490); DELETE FROM control_area",
    )
    subject: dict[str, Any] = {"geometry": SUBJECT, "crs": "EPSG:4527"}
    layers = ["land_parcels", "farmland"]
    past = run(vector, "planner", subject, layers=layers, datetime=then.isoformat()).json()
    now = run(vector, "planner", subject, layers=layers).json()
    assert [row["area_m2"] for row in past["layers"]] == pytest.approx([7996.74, 1799.26], abs=0.01)
    assert [row["area_m2"] for row in now["layers"]] == pytest.approx([100 * 7996.74 / 8000, 0], abs=0.001)
    assert (past["rules"]["at"], now["rules"]["at"]) == (then.isoformat(), None)
    assert [note["code"] for note in past["warnings"]] == ["as_known_at"]
    assert all(datetime.fromisoformat(moment) <= then for moment in past["data_versions"].values())
    assert now["warnings"] == []
    page = vector.request(
        "POST",
        PATH + "?f=html",
        "planner",
        json={"subject": subject, "layers": layers, "datetime": then.isoformat()},
    )
    assert "时点的数据" in page.text
    assert "11.995" in page.text  # 亩 of the parcel as it was


def test_the_past_of_layers_is_not_for_the_public_nor_for_runs(vector: Doors) -> None:
    asked = {"layers": ["land_parcels"], "datetime": "2025-10-31"}
    assert run(vector, None, {"project": PUBLIC_CODE}, **asked).status_code == 401
    assert vector.get(f"/api/v1/projects/{PUBLIC_CODE}/overlap?datetime=2025-10-31").status_code == 401
    answer = vector.get(f"/api/v1/projects/{PUBLIC_CODE}/overlap?datetime=2025-10-31", "planner")
    assert [row["hit"] for row in answer.json()["layers"]] == [False] * 7  # nothing was recorded by then
    for subject in ({"layer": "projects"}, {"projects": [PUBLIC_CODE]}):
        refused = run(vector, "planner", subject, **asked)
        assert (refused.status_code, refused.json()["errors"][0]["where"]) == (422, "datetime")
    assert run(vector, "planner", {"project": PUBLIC_CODE}, datetime="gestern").status_code == 400
