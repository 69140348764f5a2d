"""A model's file with our results in it: written by a job, read again by our own ingest."""

import asyncio
from datetime import date
from decimal import Decimal
from pathlib import Path

import ifcopenshell
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from bim.schedules.plan import ElementMatch, PlannedTask, WorkPlan
from tests.bim.schedules.scheduled_model import Wall, write_scheduled_model
from tests.rows import add_project
from twin.alerts.presets import add_shipped_presets
from twin.db import open_session
from twin.editing.schedule import ScheduleOrder, take_schedule
from twin.elements.models import ModelExport
from twin.elements.progress_rows import check_rows
from twin.elements.proposals import list_proposals
from twin.elements.queries import get_model
from twin.elements.record import record_element_progress
from twin.elements.revisions import NewModel, record_object
from twin.identity.agency import assign_setting
from twin.identity.caller import SYSTEM
from twin.jobs.execute import run_job
from twin.jobs.kinds import KINDS
from twin.jobs.queue import status
from twin.jobs.submit_export import Asked, submit_export
from twin.jobs.submit_model import submit_model
from twin.jobs.workroom import Workroom
from twin.progress.export import plan_export
from twin.progress.schedule_import import SourceFile
from twin.projects.models import Project

DAY = date(2025, 10, 31)


@pytest.fixture
def project_id(room: Workroom) -> int:
    with open_session(room.engine) as session:
        assign_setting(session, "reporting_date", DAY.isoformat())
        add_shipped_presets(session)
        return int(add_project(session).id)


def take_in(room: Workroom, project_id: int, path: Path, name: str) -> tuple[int, int]:
    """Ingest a file; return its model and revision."""
    stored = room.store.add_file(path)
    with open_session(room.engine) as session:
        submitted = submit_model(
            session, SYSTEM, session.get_one(Project, project_id), NewModel(name, path.name), stored
        )
    asyncio.run(run_job(room, KINDS, submitted.job_id or ""))
    with open_session(room.engine) as session:
        ended = status(session, submitted.job_id or "")
        assert ended.state == "succeeded", ended.verdict
        seen = get_model(session, SYSTEM, submitted.model_id)
        return submitted.model_id, int(seen.row["current_revision_id"])


def report(session: Session, revision_id: int, walls: list[Wall]) -> None:
    rows, refused = check_rows(
        [
            {
                "global_id": walls[0].global_id,
                "percent": 100,
                "actual_start": "2025-09-01",
                "actual_finish": "2025-09-20",
            },
            {"global_id": walls[1].global_id, "percent": "33.333333", "actual_start": "2025-10-01"},
            {"global_id": walls[2].global_id, "step": "built"},
        ],
        DAY,
    )
    assert refused == []
    assert record_element_progress(session, revision_id, rows, DAY, "甲", "table").updated == 3


def ask(room: Workroom, revision_id: int, project_id: int) -> Asked:
    with open_session(room.engine) as session:
        plan = plan_export(session, revision_id, project_id, georeference=False)
        return submit_export(session, room.store, SYSTEM, plan)


def export(room: Workroom, revision_id: int, project_id: int) -> Asked:
    asked = ask(room, revision_id, project_id)
    asyncio.run(run_job(room, KINDS, asked.job_id or ""))
    with open_session(room.engine) as session:
        ended = status(session, asked.job_id or "")
        assert ended.state == "succeeded", ended.verdict
    return ask(room, revision_id, project_id)


def test_what_is_exported_is_proposed_again_as_it_was(
    room: Workroom, project_id: int, tmp_path: Path
) -> None:
    source = tmp_path / "楼.ifc"
    walls = write_scheduled_model(source, "IFC4", storeys=2, walls=4)
    model_id, revision_id = take_in(room, project_id, source, "楼")
    plan = WorkPlan(
        "table",
        "总包计划",
        (
            PlannedTask("row 2", "A", "A", "主体", summary=True),
            PlannedTask(
                "row 3", "A1", "A1", "一层", "A", start=date(2025, 9, 1), finish=date(2025, 11, 30),
                matches=(ElementMatch(storey="1层", ifc_class="IfcWall*"),),
            ),
        ),
    )  # fmt: skip
    with open_session(room.engine) as session:
        record_object(session, room.store.add_file(source))
        seen = get_model(session, SYSTEM, model_id)
        order = ScheduleOrder(apply=True, link_model=seen)
        sha = room.store.add_file(source).sha256
        told = take_schedule(
            session, SYSTEM, session.get_one(Project, project_id), plan, SourceFile("计划.csv", sha), order
        )
        assert told.links is not None
        assert told.links["matched"][0]["linked"] == 4
        report(session, revision_id, walls)
    asked = export(room, revision_id, project_id)
    target = tmp_path / "again.ifc"
    room.store.fetch(asked.sha256 or "", target)
    tasks = {task.Identification: task for task in ifcopenshell.open(str(target)).by_type("IfcTask")}
    assert {"A", "A1", "S1.1"} <= set(tasks)
    assert tasks["A1"].TaskTime.ScheduleStart[:10] == "2025-09-01"
    _, other = take_in(room, project_id, target, "回读")
    with open_session(room.engine) as session:
        stated = {
            each.global_id: each for each in list_proposals(session, other) if each.source.startswith("WT_")
        }
        said = {
            key: (each.status, each.percent, each.actual_start, each.actual_finish)
            for key, each in stated.items()
        }
        linked = session.execute(
            text(
                """SELECT e.global_id FROM bim_element e JOIN milestone m ON m.id = e.milestone_id
                WHERE e.revision_id = :id AND m.code = 'A1'"""
            ),
            {"id": other},
        ).scalars()
        # The exported tasks link the elements of the other model to the same milestone.
        assert set(linked) == {wall.global_id for wall in walls[:4]}
    assert said == {
        walls[0].global_id: ("done", Decimal(100), date(2025, 9, 1), date(2025, 9, 20)),
        walls[1].global_id: ("in_progress", Decimal("33.333333"), date(2025, 10, 1), None),
        walls[2].global_id: ("in_progress", Decimal(70), None, None),
    }


def test_one_state_is_exported_once_and_a_new_state_anew(
    room: Workroom, project_id: int, tmp_path: Path
) -> None:
    source = tmp_path / "楼.ifc"
    walls = write_scheduled_model(source, "IFC2X3", storeys=1, walls=3)
    _, revision_id = take_in(room, project_id, source, "楼")
    with open_session(room.engine) as session:
        report(session, revision_id, walls)
    first = export(room, revision_id, project_id)
    again = ask(room, revision_id, project_id)
    assert (again.export_id, again.sha256) == (first.export_id, first.sha256)
    with open_session(room.engine) as session:
        rows, _ = check_rows([{"global_id": walls[1].global_id, "percent": 60}], DAY)
        record_element_progress(session, revision_id, rows, DAY, "甲", "table")
    second = export(room, revision_id, project_id)
    assert second.sha256 != first.sha256
    with open_session(room.engine) as session:
        kept = session.query(ModelExport).all()
        assert [each.id for each in kept] == [second.export_id]  # the one before is given up
    assert room.store.has(first.sha256 or "")  # what becomes of its bytes is the collector's to say


def test_an_export_whose_object_is_gone_is_made_again(
    room: Workroom, project_id: int, tmp_path: Path
) -> None:
    source = tmp_path / "楼.ifc"
    walls = write_scheduled_model(source, "IFC4", storeys=1, walls=3)
    _, revision_id = take_in(room, project_id, source, "楼")
    with open_session(room.engine) as session:
        report(session, revision_id, walls)
    asked = export(room, revision_id, project_id)
    name = asked.sha256 or ""
    (room.home.home / "objects" / name[:2] / name).unlink()
    anew = export(room, revision_id, project_id)
    assert (anew.export_id, anew.sha256) == (asked.export_id, asked.sha256)
