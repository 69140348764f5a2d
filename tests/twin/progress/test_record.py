"""From reports in the database to states and lights."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from tests.rows import add_plan, add_project, add_report
from twin.alerts.evaluate import evaluate_project
from twin.alerts.models import LightEvaluation, LightTransition
from twin.alerts.presets import activate_preset, add_shipped_presets
from twin.alerts.queries import find_evaluation
from twin.identity.agency import assign_setting
from twin.progress.models import ProjectState
from twin.progress.record import record_project_state

OCTOBER = date(2025, 10, 31)


@pytest.fixture(autouse=True)
def _october(session: Session) -> None:
    assign_setting(session, "reporting_date", OCTOBER.isoformat())
    add_shipped_presets(session)
    activate_preset(session, "yinchuan-2025")


def test_a_report_becomes_a_state_and_a_light(session: Session) -> None:
    project = add_project(session)
    nodes = add_plan(session, project)
    add_report(session, project, "2025-10", OCTOBER, {nodes["M01"].id: "100", nodes["M02"].id: "20"})
    state = record_project_state(session, project.id)
    # P = 0.3·100 + 0.7·20 = 44; PV = 30 + 0.7·(30 of 60 days) = 65; d = −21
    assert (state.progress, state.planned_progress, state.deviation) == (44, 65, -21)
    evaluate_project(session, project.id, state)
    light = find_evaluation(session, project.id, "yinchuan-2025")
    assert light is not None
    assert light.light == "yellow"
    assert light.reasons[0]["numbers"]["deviation"] == -21.0


def test_a_corrected_report_counts_in_its_newest_version(session: Session) -> None:
    project = add_project(session)
    nodes = add_plan(session, project)
    add_report(session, project, "2025-10", OCTOBER, {nodes["M01"].id: "100", nodes["M02"].id: "20"})
    add_report(session, project, "2025-10", OCTOBER, {nodes["M02"].id: "60"}, version=2)
    assert record_project_state(session, project.id).progress == Decimal(72)


def test_the_past_is_answered_with_what_was_reported_by_then(session: Session) -> None:
    project = add_project(session)
    nodes = add_plan(session, project)
    add_report(session, project, "2025-08", date(2025, 8, 31), {nodes["M01"].id: "50"})
    add_report(session, project, "2025-10", OCTOBER, {nodes["M01"].id: "100", nodes["M02"].id: "20"})
    for day in (date(2025, 8, 31), OCTOBER):
        evaluate_project(session, project.id, record_project_state(session, project.id, day))
    then = session.execute(
        text("SELECT progress, light FROM layer_projects('2025-09-15T00:00:00+08:00')")
    ).one()
    now = session.execute(text("SELECT progress, light FROM layer_projects(NULL)")).one()
    assert tuple(then) == (15.0, "yellow")  # 30 of 100 were planned by August, 15 done
    assert tuple(now) == (44.0, "yellow")


def test_recording_and_evaluating_twice_adds_nothing(session: Session) -> None:
    project = add_project(session)
    nodes = add_plan(session, project)
    add_report(session, project, "2025-10", OCTOBER, {nodes["M01"].id: "100", nodes["M02"].id: "50"})
    for _ in range(2):
        evaluate_project(session, project.id, record_project_state(session, project.id))
    assert session.scalar(select(func.count()).select_from(ProjectState)) == 1
    assert session.scalar(select(func.count()).select_from(LightEvaluation)) == 2  # one per preset
    assert session.scalar(select(func.count()).select_from(LightTransition)) == 2


def test_a_project_without_approved_baseline_has_progress_but_is_not_assessed(session: Session) -> None:
    project = add_project(session)
    nodes = add_plan(session, project, approved_on=date(2025, 12, 1))
    add_report(session, project, "2025-10", OCTOBER, {nodes["M01"].id: "100", nodes["M02"].id: "0"})
    state = record_project_state(session, project.id)
    assert (state.progress, state.planned_progress) == (50, None)  # equal weights: nothing is frozen yet
    evaluate_project(session, project.id, state)
    row = session.execute(text("SELECT light, light_code FROM layer_projects(NULL)")).one()
    assert tuple(row) == ("grey", 0)


def test_a_project_finished_before_reports_were_kept_is_done(session: Session) -> None:
    project = add_project(session, stage="operation")
    add_plan(session, project)
    project.actual_finish = date(2025, 9, 30)
    session.flush()
    assert record_project_state(session, project.id).progress == 100
    assert record_project_state(session, project.id, date(2025, 9, 1)).progress == 0
