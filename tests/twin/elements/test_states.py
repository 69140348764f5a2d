"""States by feature id and how the rules colour them; every expectation is worked out by hand."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.style import StyleRule
from tests.twin.elements.rows import element, model_result, pending_revision, publish, task, write_elements
from twin.alerts.palette import get_scene_theme
from twin.elements.queries import SeenModel, get_model
from twin.elements.states import compute_classes, list_states
from twin.identity.caller import SYSTEM

# fid: what it is. Tasks: A 2025-01-01 … 2025-04-11 (100 days), B 2025-10-11 … 2025-10-21, C from 2026.
DONE, BEGUN, LATE, VERY_LATE, EXISTING, AHEAD, UNPLANNED, BETWEEN = range(8)
TASKS = [
    task("A", "2025-01-01", "2025-04-11"),
    task("B", "2025-10-11", "2025-10-21"),
    task("C", "2026-01-01", "2026-06-30"),
    task("D", "2025-10-21", "2025-11-10"),
]
CODES = {DONE: "A", BEGUN: "B", LATE: "B", VERY_LATE: "A", EXISTING: "A", AHEAD: "C", BETWEEN: "D"}
REPORTED = {
    DONE: ("done", 100),
    BEGUN: ("in_progress", 85),
    AHEAD: ("in_progress", 15),
    BETWEEN: ("in_progress", 45),
}


@pytest.fixture
def seen(session: Session, tmp_path: Path) -> SeenModel:
    """Eight elements in the order of their fids, told to the database in another order; fid 8 was not drawn."""
    rows = [
        element(
            number,
            fid=number if number < 8 else None,
            task_codes=[CODES[number]] if number in CODES else [],
            planning_status="EXISTING" if number == EXISTING else None,
        )
        for number in (5, 3, 8, 0, 7, 1, 2, 6, 4)
    ]
    revision = pending_revision(session)
    publish(session, revision, model_result(TASKS), write_elements(tmp_path, rows))
    session.execute(text("INSERT INTO agency_setting VALUES ('reporting_date', '\"2025-10-31\"')"))
    for fid, (status, percent) in REPORTED.items():
        session.execute(
            text("""UPDATE element_identity SET status = :status, progress = :percent
              WHERE model_id = :model AND global_id = :id"""),
            {"status": status, "percent": percent, "model": revision.model_id, "id": f"0element{fid:014d}"},
        )
    return get_model(session, SYSTEM, revision.model_id)


def _keys(session: Session, seen: SeenModel, theme: str, at: datetime | None = None) -> list[str]:
    rule = get_scene_theme(theme)
    return _named(rule, compute_classes(list_states(session, seen, at, rule, whole=False), rule).tolist())


def _named(rule: StyleRule, numbers: list[int]) -> list[str]:
    return [rule.all_classes[number].key for number in numbers]


def test_the_status_of_each_element_stands_at_its_fid(session: Session, seen: SeenModel) -> None:
    assert _keys(session, seen, "status") == [
        "done", "in_progress", "not_started", "not_started", "existing", "in_progress", "not_started", "in_progress",
    ]  # fmt: skip


def test_the_light_tells_what_is_late_and_by_how_much(session: Session, seen: SeenModel) -> None:
    """On 2025-10-31 task B is ten days over, task A two hundred; D and C are not due."""
    assert _keys(session, seen, "light") == [
        "green", "yellow", "yellow", "red", "grey", "green", "grey", "green",
    ]  # fmt: skip


def test_the_deviation_is_progress_less_a_plan_linear_between_the_dates(
    session: Session, seen: SeenModel
) -> None:
    """85 of 100; 0 of 100; 15 of 0; 45 of 50, half the twenty days of task D being over."""
    assert _keys(session, seen, "deviation") == [
        "on_plan", "behind_10", "behind_30", "behind_30", "none", "ahead_10", "none", "behind_2",
    ]  # fmt: skip


def test_the_plan_says_what_should_be(session: Session, seen: SeenModel) -> None:
    assert _keys(session, seen, "plan") == [
        "done", "done", "done", "done", "existing", "not_started", "none", "in_progress",
    ]  # fmt: skip


def test_the_plan_of_another_day_follows_the_dates(session: Session, seen: SeenModel) -> None:
    spring = datetime(2025, 2, 1, 4, tzinfo=UTC)
    assert _keys(session, seen, "plan", spring)[:4] == [
        "in_progress",
        "not_started",
        "not_started",
        "in_progress",
    ]


def test_an_earlier_day_shows_what_was_known_for_it(session: Session, seen: SeenModel) -> None:
    session.execute(
        text("""INSERT INTO element_progress (identity_id, as_of, status, percent, source)
          SELECT id, d.as_of, d.status, d.percent, 'test' FROM element_identity
          CROSS JOIN (VALUES (date '2025-03-01', 'in_progress', 30), (date '2025-04-10', 'done', 100))
            AS d(as_of, status, percent)
          WHERE model_id = :model AND global_id = :id"""),
        {"model": seen.row["id"], "id": f"0element{DONE:014d}"},
    )
    rule = get_scene_theme("status")
    seen_at = {
        day: list_states(session, seen, datetime.fromisoformat(f"{day}T12:00:00+08:00"), rule)
        for day in ("2025-02-28", "2025-03-15", "2025-04-10")
    }
    told = [_named(rule, compute_classes(states, rule).tolist())[DONE] for states in seen_at.values()]
    assert told == ["not_started", "in_progress", "done"]
    assert [states.progress[DONE] for states in seen_at.values()] == [0.0, 30.0, 100.0]
    assert [states.as_of.isoformat() for states in seen_at.values()] == list(seen_at)


def test_an_existing_element_stays_existing_at_every_date(session: Session, seen: SeenModel) -> None:
    for theme in ("status", "plan"):
        assert _keys(session, seen, theme, datetime(2024, 1, 1, tzinfo=UTC))[EXISTING] == "existing"


@pytest.mark.parametrize("day", [None, "2025-10-25"])
def test_states_and_map_agree_on_status_progress_and_light(
    session: Session, seen: SeenModel, day: str | None
) -> None:
    states = (
        "element_states_now(:revision)" if day is None else "element_states_at(:revision, CAST(:day AS date))"
    )
    rows = session.execute(
        text(f"""SELECT l.status, l.progress, l.light_code, s.status, s.progress, s.light_code FROM {states} s
          JOIN bim_element e ON e.revision_id = :revision AND e.fid = s.fid
          JOIN layer_bim_elements(CAST(:at AS timestamptz)) l ON l.id = e.identity_id"""),
        {"revision": seen.row["revision_id"], "day": day, "at": day and f"{day}T12:00:00+08:00"},
    ).all()
    assert len(rows) == 8
    assert all(tuple(row[:3]) == tuple(row[3:]) for row in rows)


def test_a_revision_without_geometry_has_no_states(session: Session, tmp_path: Path) -> None:
    revision = pending_revision(session)
    publish(session, revision, model_result(), write_elements(tmp_path, [element(1, fid=None)]))
    rule = get_scene_theme("deviation")
    states = list_states(session, get_model(session, SYSTEM, revision.model_id), None, rule)
    assert compute_classes(states, rule).tobytes() == b""
