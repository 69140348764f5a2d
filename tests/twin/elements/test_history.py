"""Element states of the past: what `datetime=` answers with."""

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.rows import add_project
from twin.elements.progress_rows import check_rows
from twin.elements.record import record_element_progress

OCTOBER = date(2025, 10, 31)


@pytest.fixture
def revision(session: Session) -> int:
    project = add_project(session)
    return session.execute(
        text(
            """WITH o AS (INSERT INTO stored_object (sha256, size_bytes) VALUES ('a', 1)),
            m AS (INSERT INTO bim_model (project_id, name) VALUES (:project, '主楼') RETURNING id),
            r AS (INSERT INTO bim_revision (model_id, number, state, sha256, file_name, published_at)
                  SELECT id, 1, 'published', 'a', '主楼.ifc', now() FROM m RETURNING id, model_id),
            i AS (INSERT INTO element_identity (model_id, global_id) SELECT model_id, 'W1' FROM r RETURNING id),
            e AS (INSERT INTO bim_element (revision_id, identity_id, project_id, step_id, global_id, ifc_class)
                  SELECT r.id, i.id, :project, 1, 'W1', 'IfcWall' FROM r, i)
            SELECT id FROM r"""
        ),
        {"project": project.id},
    ).scalar_one()


def report(session: Session, revision: int, as_of: date, **fields: str) -> None:
    session.execute(text("UPDATE bim_model SET current_revision_id = :id"), {"id": revision})
    rows, refused = check_rows([{"global_id": "W1", **fields}], as_of)
    assert refused == []
    assert record_element_progress(session, revision, rows, as_of, "甲", "table").updated == 1


def state(session: Session, day: str) -> tuple[str, float, str]:
    row = session.execute(
        text("SELECT status, progress, light FROM layer_bim_elements(CAST(:at AS timestamptz))"),
        {"at": f"{day}T12:00:00+08:00"},
    ).one()
    return row.status, row.progress, row.light


def test_an_element_reported_late_is_known_as_done_from_the_day_it_was_finished(
    session: Session, revision: int
) -> None:
    report(session, revision, OCTOBER, status="done", actual_start="2025-05-01", actual_finish="2025-06-10")
    assert state(session, "2025-04-30") == ("not_started", 0.0, "grey")
    assert state(session, "2025-05-20")[:2] == ("in_progress", 0.0)
    assert state(session, "2025-06-10") == ("done", 100.0, "green")


def test_a_later_correction_is_not_overtaken_by_an_earlier_day(session: Session, revision: int) -> None:
    report(session, revision, OCTOBER, status="in_progress", percent="40", actual_start="2025-09-01")
    report(session, revision, OCTOBER, status="done", actual_finish="2025-10-20")
    assert state(session, "2025-10-25")[0] == "in_progress"
    assert state(session, "2025-10-31")[0] == "done"


def test_work_in_progress_is_known_for_the_day_the_table_speaks_of(session: Session, revision: int) -> None:
    report(session, revision, OCTOBER, status="in_progress", percent="40", actual_start="2025-09-01")
    assert state(session, "2025-10-30")[:2] == ("in_progress", 0.0)
    assert state(session, "2025-10-31")[:2] == ("in_progress", 40.0)
