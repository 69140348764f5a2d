"""IFC to coloured map, from the door to the tile: the sample school building, and every real file at hand."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.api.conftest import Doors, app_settings, open_doors
from tests.api.seeding import Seeded
from tests.conftest import SHARED_IFC
from tests.databases import new_database
from tests.rows import add_project
from twin.alerts.presets import add_shipped_presets
from twin.db import make_engine, open_session
from twin.identity.tokens import add_token, add_user, assign_role
from twin.jobs.execute import run_job
from twin.jobs.kinds import KINDS
from twin.jobs.workroom import Workroom, open_workroom
from twin.samples.load import FOLDER, load_samples
from twin.settings import JobSettings

EXPECTED: dict[str, Any] = json.loads((FOLDER / "expected.json").read_text(encoding="utf8"))
SCHOOL: dict[str, Any] = EXPECTED["models"]["building"]
CODE = SCHOOL["project"]
REAL = sorted(SHARED_IFC.glob("*.ifc*")) if SHARED_IFC.is_dir() else []
BAD = {"bad-illegal.ifc": "parse_error", "bad-multibyte.ifc": "parse_error"}


def _seeded(url: str, fill: Any) -> Seeded:
    engine = make_engine(url, pool_size=1)
    with open_session(engine, "samples") as session:
        fill(session)
        admin = add_user(session, "admin", "管理员")
        assign_role(session, admin, "admin")
        token = add_token(session, admin, "test")
        name = session.scalar(text("SELECT current_database()"))
        session.execute(text(f'ALTER DATABASE "{name}" SET role TO twin_app'))
    engine.dispose()
    return Seeded(url, {"admin": token})


@pytest.fixture
def school(clone_url: str, tmp_path: Path) -> Iterator[Doors]:
    """The service on the sample district, whose models have not come yet."""
    yield from open_doors(_seeded(clone_url, load_samples), tmp_path)


def _upload(doors: Doors, code: str, path: Path, **fields: str) -> httpx.Response:
    files = {"file": (path.name, path.read_bytes())}
    return doors.request("POST", f"/api/v1/projects/{code}/models", "admin", files=files, data=fields)


def _work(doors: Doors, tmp_path: Path, job_id: str) -> dict[str, Any]:
    """Run the job as a worker would, as the service role, and return what its address tells then."""
    settings = app_settings(doors.seeded.url, tmp_path)
    room: Workroom = open_workroom(doors.seeded.url, settings.home, JobSettings())
    asyncio.run(run_job(room, KINDS, job_id))
    room.engine.dispose()
    told: dict[str, Any] = doors.get(f"/api/v1/jobs/{job_id}", "admin").json()
    return told


def _elements(doors: Doors, model_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = doors.get(f"/api/v1/models/{model_id}/elements?limit=200&after={after}", "admin").json()
        found += page["elements"]
        after = page["next"]
    return found


def test_the_school_from_its_file_to_the_coloured_map(school: Doors, tmp_path: Path) -> None:
    tile = "/tiles/bim_elements/16/53843/26339.mvt"  # holds 115.7690°E 33.2691°N
    empty = school.get(tile)
    accepted = _upload(school, CODE, FOLDER / SCHOOL["file"], name="教学楼", discipline="建筑", public="true")
    assert accepted.status_code == 202, accepted.text
    model_id, job_id = accepted.json()["model_id"], accepted.json()["job_id"]
    job = _work(school, tmp_path, job_id)
    assert (job["state"], job["progress"], job["verdict"]["code"]) == ("succeeded", 100.0, "ok")
    assert job["counts"] == SCHOOL["products_by_class"]

    model = school.get(f"/api/v1/models/{model_id}", "admin").json()
    assert model["georeference"]["crs"] == SCHOOL["georeference"]["crs"]
    assert model["georeference"]["rotation_deg"] == pytest.approx(
        SCHOOL["georeference"]["rotation_deg"], abs=1e-5
    )
    assert [storey["name"] for storey in model["storeys"]] == SCHOOL["storeys"]
    elements = _elements(school, model_id)
    assert Counter(row["ifc_class"] for row in elements) == SCHOOL["products_by_class"]
    assert {row["progress"] for row in elements} == {0.0}

    feature = school.get(f"/ogc/collections/bim_elements/items?model_id={model_id}&limit=1&f=json").json()
    assert feature["features"][0]["properties"]["project_code"] == CODE
    built = school.get(tile)
    assert built.content != empty.content

    table = (FOLDER / "models/building.element_progress.csv").read_bytes()
    told = school.request(
        "PATCH",
        f"/api/v1/models/{model_id}/elements",
        "admin",
        content=table,
        headers={"Content-Type": "text/csv"},
    ).json()
    assert (told["received"], told["unmatched"], told["refused"]) == (
        told["updated"] + told["unchanged"],
        [],
        [],
    )
    expected = EXPECTED["element_packages"]["building"]
    assert told["project"]["progress"] == pytest.approx(expected["project_progress"], abs=1e-6)
    assert told["project"]["light"] == EXPECTED["lights"]["projects"][CODE]["light"]
    milestones = school.get(f"/api/v1/projects/{CODE}/progress", "admin")
    assert milestones.status_code == 200
    deadline = time.monotonic() + 20  # the word of an edit takes some milliseconds, on a busy machine more
    while (coloured := school.get(tile, headers={"If-None-Match": built.headers["ETag"]})).status_code == 304:
        assert time.monotonic() < deadline, "the kept tile was not renewed"
        time.sleep(0.02)
    assert coloured.status_code == 200
    assert coloured.content != built.content
    assert school.get(tile, headers={"If-None-Match": coloured.headers["ETag"]}).status_code == 304

    again = _upload(school, CODE, FOLDER / SCHOOL["file"], name="教学楼")
    assert (again.status_code, again.json()["model_id"], again.json()["revision"]) == (200, model_id, 1)


def test_walls_lie_where_the_map_conversion_puts_them(school: Doors, tmp_path: Path) -> None:
    accepted = _upload(school, CODE, FOLDER / SCHOOL["file"]).json()
    _work(school, tmp_path, accepted["job_id"])
    engine = make_engine(school.seeded.url, pool_size=1)
    statement = text("""SELECT ST_Distance(geom_survey, ST_SetSRID(ST_MakePoint(:east, :north), 4527)),
        z_min_m, z_max_m, ST_SRID(geom_survey) FROM bim_element WHERE global_id = :global_id""")
    with open_session(engine) as session:
        for wall in SCHOOL["walls"]:
            for end in (wall["start"], wall["end"]):
                values = {"east": end["east"], "north": end["north"], "global_id": wall["global_id"]}
                away, low, high, srid = session.execute(statement, values).one()
                assert (away, srid) == (pytest.approx(0.0, abs=0.05), 4527)
                assert (low, high) == pytest.approx((wall["z_min_m"], wall["z_max_m"]), abs=0.005)
    engine.dispose()


@pytest.fixture(scope="module")
def yard(server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """A service with one project, to which all real files are sent."""

    def fill(session: Any) -> None:
        add_shipped_presets(session)
        add_project(session)

    with new_database(server_url, template, template) as url:
        yield from open_doors(_seeded(url, fill), tmp_path_factory.mktemp("yard"))


@pytest.mark.skipif(not REAL, reason="the folder of real IFC files is not beside this checkout")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_every_real_file_ends_in_the_right_verdict_with_the_right_counts(yard: Doors, path: Path) -> None:
    ifcopenshell = pytest.importorskip("ifcopenshell")
    home = yard.app.state.twin.settings.home.home
    accepted = _upload(yard, "341299-2025-03-0128-4", path)
    assert accepted.status_code == 202, accepted.text
    job = _work(yard, home, accepted.json()["job_id"])
    if path.name in BAD:
        assert (job["state"], job["verdict"]["code"]) == ("failed", BAD[path.name])
        assert job["verdict"]["message"]
        assert job["verdict"]["message_zh"]
        return
    assert job["state"] == "succeeded", job["verdict"]
    counted = Counter(row["ifc_class"] for row in _elements(yard, accepted.json()["model_id"]))
    assert counted == job["counts"]
    if path.suffix != ".ifc" or path.name in ("kit-road-4x3rc2.ifc", "terrain-alignment-4x1.ifc"):
        return  # a zip, and schema names that the library refuses unless they are mapped
    truth = ifcopenshell.open(str(path)).by_type("IfcProduct")
    assert counted == Counter(product.is_a() for product in truth)
