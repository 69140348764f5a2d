"""The export door: 202 while it is made, the file when it is there, clear answers where it cannot be."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import ifcopenshell
import pytest

from tests.api.conftest import Doors
from tests.api.seeding import as_owner
from tests.bim.schedules.scheduled_model import write_scheduled_model
from twin.jobs.execute import run_job
from twin.jobs.kinds import KINDS
from twin.jobs.workroom import Workroom, open_workroom
from twin.settings import HomeSettings, JobSettings

DOOR = "/api/v1/models/1/export.ifc"


@pytest.fixture
def stored(own_doors: Doors, tmp_path: Path) -> Iterator[tuple[Doors, Workroom]]:
    """Model 1 with a real file behind its revision, and one element of it reported."""
    path = tmp_path / "桥.ifc"
    walls = write_scheduled_model(path, "IFC4", storeys=1, walls=2)
    room = open_workroom(own_doors.seeded.url, HomeSettings(home=tmp_path, object_store=None), JobSettings())
    kept = room.store.add_file(path)
    number = next(each.id() for each in ifcopenshell.open(str(path)).by_type("IfcWall"))
    as_owner(
        own_doors.seeded.url,
        f"""INSERT INTO stored_object VALUES ('{kept.sha256}', {kept.size_bytes});
        UPDATE bim_revision SET sha256 = '{kept.sha256}', file_name = '桥.ifc' WHERE id = 1;
        UPDATE bim_element SET step_id = {number}, global_id = '{walls[0].global_id}' WHERE revision_id = 1;
        UPDATE element_identity SET global_id = '{walls[0].global_id}' WHERE id = 11;
        INSERT INTO element_progress (identity_id, as_of, status, percent, source)
          VALUES (11, '2025-10-01', 'done', 100, 'test')""",
    )
    yield own_doors, room
    room.engine.dispose()


def test_the_file_is_made_by_a_job_and_then_answered(stored: tuple[Doors, Workroom], tmp_path: Path) -> None:
    doors, room = stored
    first = doors.get(f"{DOOR}?wait=0", "auditor")
    assert first.status_code == 202, first.text
    job_id = first.json()["job_id"]
    assert first.headers["Location"] == f"/api/v1/jobs/{job_id}"
    assert doors.get(f"{DOOR}?wait=0", "auditor").json()["job_id"] == job_id
    asyncio.run(run_job(room, KINDS, job_id))
    answer = doors.get(DOOR, "auditor")
    assert answer.status_code == 200
    assert "-progress.ifc" in answer.headers["Content-Disposition"]
    path = tmp_path / "export.ifc"
    path.write_bytes(answer.content)
    (made,) = ifcopenshell.open(str(path)).by_type("IfcPropertySet")
    assert made.Name == "WT_ConstructionProgress"
    assert {each.Name: each.NominalValue.wrappedValue for each in made.HasProperties}[
        "PercentComplete"
    ] == 100.0
    again = doors.get(DOOR, "auditor", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_a_file_that_cannot_be_read_ends_in_its_verdict(
    stored: tuple[Doors, Workroom], tmp_path: Path
) -> None:
    doors, room = stored
    broken = tmp_path / "broken.ifc"
    broken.write_text("ISO-10303-21; cut off")
    kept = room.store.add_file(broken)
    as_owner(
        doors.seeded.url,
        f"""INSERT INTO stored_object VALUES ('{kept.sha256}', {kept.size_bytes});
        UPDATE bim_revision SET sha256 = '{kept.sha256}' WHERE id = 1""",
    )
    job_id = doors.get(f"{DOOR}?wait=0", "auditor").json()["job_id"]
    asyncio.run(run_job(room, KINDS, job_id))
    answer = doors.get(DOOR, "auditor")
    assert answer.status_code == 422
    assert answer.json()["type"].startswith("urn:worktwin:problem:")
    assert answer.json()["detail"]


def test_a_schema_read_under_another_name_is_refused_at_the_door(own_doors: Doors) -> None:
    as_owner(own_doors.seeded.url, "UPDATE bim_revision SET schema_name = 'IFC4X3_RC2' WHERE id = 1")
    answer = own_doors.get(DOOR, "auditor", headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:worktwin:problem:schema_unsupported")
    assert "IFC4X3_ADD2" in answer.json()["detail"]


def test_a_georeference_of_a_model_without_place_is_a_conflict(own_doors: Doors) -> None:
    answer = own_doors.get(f"{DOOR}?georeference=true", "auditor")
    assert answer.status_code == 409


@pytest.mark.parametrize(("login", "status"), [(None, 401)])
def test_a_model_file_is_not_for_the_public(doors: Doors, login: str | None, status: int) -> None:
    assert doors.get(DOOR, login).status_code == status
