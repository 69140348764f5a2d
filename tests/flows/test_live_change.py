"""One element report, seen through every door: progress, light, tiles, feed; what it does not touch answers 304."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.api.conftest import Doors, open_doors
from tests.api.seeding import Seeded
from tests.benchmarks.serving import column_row
from tests.conftest import SampleSite
from tests.databases import name_of, new_database
from twin.db import make_engine, open_session
from twin.identity.tokens import add_token, add_user, assign_role

CODE = "341299-2025-04-0001-2"  # the school, whose packages are driven by its elements
HERE = (115.76898, 33.26912)
ELSEWHERE = (115.7076, 33.0091)
WITHIN_S = 2.0


@pytest.fixture
def school(server_url: str, samples: SampleSite, tmp_path: Path) -> Iterator[Doors]:
    """The service on a copy of the sample district with its models."""
    with new_database(server_url, "live", name_of(samples.url)) as url:
        engine = make_engine(url, pool_size=1)
        with open_session(engine, "test") as session:
            admin = add_user(session, "admin", "管理员")
            assign_role(session, admin, "admin")
            token = add_token(session, admin, "test")
        engine.dispose()
        yield from open_doors(Seeded(url, {"admin": token}), tmp_path)


def tile(layer: str, place: tuple[float, float], z: int) -> str:
    x, y = column_row(*place, z)
    return f"/tiles/{layer}/{z}/{x}/{y}.mvt"


def project(doors: Doors) -> dict[str, Any]:
    found = doors.get(f"/ogc/collections/projects/items?code={CODE}").json()["features"]
    return dict(found[0]["properties"])


def elements(doors: Doors, **wanted: str) -> list[dict[str, Any]]:
    query = "&".join(f"{name}={value}" for name, value in wanted.items())
    page = doors.get(f"/ogc/collections/bim_elements/items?project_code={CODE}&{query}&limit=1000").json()
    return [dict(feature["properties"]) for feature in page["features"]]


def report(doors: Doors, model: int, rows: list[dict[str, Any]]) -> None:
    answer = doors.request("PATCH", f"/api/v1/models/{model}/elements", "admin", json=rows)
    assert answer.status_code == 200, answer.text


def await_change(doors: Doors, tags: dict[str, str]) -> None:
    """Wait, no longer than an edit may take to be seen, until nothing answers as before."""
    end = time.monotonic() + WITHIN_S
    while time.monotonic() < end and any(
        doors.get(path, headers={"If-None-Match": tag}).status_code == 304 for path, tag in tags.items()
    ):
        time.sleep(0.02)


def test_an_element_reported_done_changes_what_shows_it_and_nothing_else(school: Doors) -> None:
    chosen = next(each for each in elements(school, status="not_started", milestone="M05"))
    changing = [
        tile("bim_elements", HERE, 18),
        tile("projects", HERE, 15),
        "/embed/projects.geojson?style=progress",
    ]
    staying = [
        tile("bim_elements", ELSEWHERE, 18),
        tile("projects", ELSEWHERE, 15),
        tile("land_parcels", HERE, 15),
        "/ogc/styles/projects-progress?f=mapbox",
    ]
    tags = {path: school.get(path).headers["ETag"] for path in [*changing, *staying]}
    before = project(school)

    began = time.monotonic()
    report(school, chosen["model_id"], [{"global_id": chosen["global_id"], "status": "done", "percent": 100}])
    after = project(school)
    await_change(school, {path: tags[path] for path in changing})
    answers = {path: school.get(path, headers={"If-None-Match": tag}) for path, tag in tags.items()}
    assert time.monotonic() - began < WITHIN_S

    assert after["progress"] > before["progress"]
    assert after["deviation"] > before["deviation"]
    assert after["updated_at"] > before["updated_at"]
    assert {path: answers[path].status_code for path in changing} == dict.fromkeys(changing, 200)
    assert {path: answers[path].status_code for path in staying} == dict.fromkeys(staying, 304)
    now = next(each for each in elements(school, milestone="M05") if each["global_id"] == chosen["global_id"])
    assert (now["status"], now["progress"], now["light"]) == ("done", 100, "green")


def test_the_light_follows_progress_down_and_up_with_its_reasons(school: Doors) -> None:
    done = elements(school, status="done")
    model = done[0]["model_id"]
    assert project(school)["light"] == "green"
    light_tile = tile("projects", HERE, 15)
    tag = school.get(light_tile).headers["ETag"]

    report(school, model, [{"global_id": each["global_id"], "status": "not_started"} for each in done])
    worse = project(school)
    assert worse["deviation"] < -10
    assert worse["light"] == ("red" if worse["deviation"] < -30 else "yellow")
    await_change(school, {light_tile: tag})
    assert school.get(light_tile, headers={"If-None-Match": tag}).status_code == 200
    evaluations = school.get(f"/api/v1/projects/{CODE}/light", "admin").json()
    assert "deviation" in str(evaluations)
    feed = school.get("/embed/projects.geojson?style=light").json()
    colours = {each["properties"]["code"]: each["properties"]["fill"] for each in feed["features"]}
    legend = school.get("/ogc/styles/projects-light?f=legend").json()
    assert colours[CODE] in str(legend)

    report(school, model, [{"global_id": each["global_id"], "status": "done"} for each in done])
    assert project(school)["light"] == "green"  # the reporting date closes a month


def test_reports_never_overwrite_each_other(school: Doors) -> None:
    chosen = elements(school, status="not_started")[0]
    for percent in (10, 20, 20, 30):
        report(school, chosen["model_id"], [{"global_id": chosen["global_id"], "percent": percent}])
    engine = make_engine(school.seeded.url, pool_size=1)
    with open_session(engine) as session:
        kept = session.scalars(
            text(
                "SELECT p.percent FROM element_progress p JOIN element_identity i ON i.id = p.identity_id"
                " WHERE i.global_id = :id ORDER BY p.id"
            ),
            {"id": chosen["global_id"]},
        ).all()
    engine.dispose()
    assert [int(percent) for percent in kept] == [10, 20, 30]
