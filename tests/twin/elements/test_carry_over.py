"""Progress under renewed GlobalIds: proposed, approved, refused, orphaned; what nobody reported is never made up."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests.bim.revision_pair import RENEWED_MATCHES, stable_id, write_revision
from tests.rows import add_plan, add_project
from tests.twin.elements.rows import model_result, pending_revision, publish, task, write_elements
from tests.twin.elements.test_compare import pair_of, publish_file, publish_rows, solid
from twin.elements.carry_over import Chosen, Decided, count_kept, decide_carry_over, list_proposals
from twin.elements.models import BimRevision
from twin.elements.orphans import list_orphaned_elements, list_orphaned_packages
from twin.elements.progress_rows import ProgressRow
from twin.elements.record import record_element_progress
from twin.identity import Caller
from twin.progress.record import record_project_state
from twin.projects.models import Project

CHIEF = Caller(user_id=1, login="chief", roles=frozenset({"admin"}))
ALL = Chosen(None)
SEPTEMBER, OCTOBER = date(2025, 9, 30), date(2025, 10, 31)


def report(
    session: Session, revision: BimRevision, percents: dict[str, int], as_of: date = SEPTEMBER
) -> None:
    """Report the percent of elements by GlobalId."""
    rows = [
        ProgressRow(
            f"row {n}", global_id, "done" if percent == 100 else "in_progress", Decimal(percent), None, None
        )
        for n, (global_id, percent) in enumerate(percents.items())
    ]
    done = record_element_progress(session, revision.id, rows, as_of, "reporter", "table")
    assert done.updated == len(rows)


def state_of(session: Session, global_id: str) -> tuple[Any, ...]:
    statement = text("SELECT status, progress FROM element_identity WHERE global_id = :id")
    return tuple(session.execute(statement, {"id": global_id}).one())


def history_of(session: Session, global_id: str) -> list[tuple[Any, ...]]:
    rows = session.execute(
        text("""SELECT p.as_of, p.percent, p.source, p.recorded_by FROM element_progress p
          JOIN element_identity i ON i.id = p.identity_id WHERE i.global_id = :id ORDER BY p.as_of, p.id"""),
        {"id": global_id},
    )
    return [tuple(row) for row in rows]


@pytest.fixture
def renewed(session: Session, tmp_path: Path) -> tuple[BimRevision, BimRevision]:
    """Four walls, three of them with progress, and an export in which all GlobalIds are others: 1→11, 2→12, …"""
    project = add_project(session)
    old = publish_rows(
        session, project, tmp_path / "a", [solid(n, 5.0 * n, tag=f"t{n}") for n in (1, 2, 3, 4)]
    )
    report(session, old, {solid(1)["global_id"]: 100, solid(2)["global_id"]: 40, solid(3)["global_id"]: 60})
    rows = [
        solid(11, 5.0, signature="s1", tag="t1"),
        solid(12, 10.0, signature="s2", tag="another"),
        solid(14, 20.0, signature="s4", tag="t4"),
    ]
    return old, publish_rows(session, project, tmp_path / "b", rows)


def wall(number: int) -> str:
    return str(solid(number)["global_id"])


def test_only_what_has_progress_is_proposed_the_surest_first(
    session: Session, renewed: tuple[BimRevision, BimRevision]
) -> None:
    found = list_proposals(session, pair_of(*renewed))
    assert [(each.from_global_id, each.to_global_id, each.progress, each.state) for each in found] == [
        (wall(1), wall(11), 100.0, "proposed"),
        (wall(2), wall(12), 40.0, "proposed"),
    ]
    assert found[0].confidence > found[1].confidence
    assert count_kept(session, pair_of(*renewed)) == 0
    assert state_of(session, wall(11)) == ("not_started", 0)


def test_an_approval_takes_over_the_whole_history(
    session: Session, renewed: tuple[BimRevision, BimRevision]
) -> None:
    pair = pair_of(*renewed)
    assert decide_carry_over(session, CHIEF, pair, ALL, approve=True) == Decided(2, 0, [])
    assert state_of(session, wall(11)) == ("done", 100)
    assert state_of(session, wall(12)) == ("in_progress", 40)
    assert history_of(session, wall(12)) == [(SEPTEMBER, 40, "carry_over", "chief")]
    assert history_of(session, wall(2)) == [(SEPTEMBER, 40, "table", "reporter")]
    events = session.execute(text("SELECT action, after ->> 'elements' FROM audit_event")).all()
    assert [tuple(event) for event in events] == [("progress.carry_over", "2")]


def test_the_same_approval_again_changes_nothing(
    session: Session, renewed: tuple[BimRevision, BimRevision]
) -> None:
    pair = pair_of(*renewed)
    decide_carry_over(session, CHIEF, pair, ALL, approve=True)
    before = session.scalar(text("SELECT count(*) FROM element_progress"))
    assert decide_carry_over(session, CHIEF, pair, ALL, approve=True) == Decided(0, 2, [])
    named = Chosen([(wall(1), wall(11)), (wall(1), wall(11))])
    assert decide_carry_over(session, CHIEF, pair, named, approve=True) == Decided(0, 1, [])
    assert session.scalar(text("SELECT count(*) FROM element_progress")) == before
    assert session.scalar(text("SELECT count(*) FROM audit_event")) == 1


def test_what_was_reported_of_the_new_element_stays_above(
    session: Session, renewed: tuple[BimRevision, BimRevision]
) -> None:
    old, new = renewed
    report(session, old, {wall(2): 50}, OCTOBER)  # on the old one, after it was left
    session.execute(
        text("UPDATE element_identity SET progress = 0, status = 'not_started' WHERE global_id = :g"),
        {"g": wall(12)},
    )
    report(session, new, {wall(12): 10}, date(2025, 10, 15))
    decide_carry_over(session, CHIEF, pair_of(old, new), ALL, approve=True)
    assert history_of(session, wall(12)) == [
        (SEPTEMBER, 40, "carry_over", "chief"),
        (date(2025, 10, 15), 10, "table", "reporter"),
    ]
    assert state_of(session, wall(12)) == ("in_progress", 10)


def test_a_refused_match_stays_in_sight_and_can_be_approved_later(
    session: Session, renewed: tuple[BimRevision, BimRevision]
) -> None:
    pair = pair_of(*renewed)
    one = Chosen([(wall(1), wall(11))])
    assert decide_carry_over(session, CHIEF, pair, one, approve=False) == Decided(1, 0, [])
    assert decide_carry_over(session, CHIEF, pair, one, approve=False) == Decided(0, 1, [])
    found = {each.from_global_id: each for each in list_proposals(session, pair)}
    assert (found[wall(1)].state, found[wall(1)].decided_by) == ("refused", "chief")
    assert found[wall(2)].state == "proposed"
    assert state_of(session, wall(11)) == ("not_started", 0)
    assert decide_carry_over(session, CHIEF, pair, one, approve=True) == Decided(1, 0, [])
    assert state_of(session, wall(11)) == ("done", 100)


def test_an_approval_cannot_be_taken_back(session: Session, renewed: tuple[BimRevision, BimRevision]) -> None:
    pair = pair_of(*renewed)
    one = Chosen([(wall(1), wall(11))])
    decide_carry_over(session, CHIEF, pair, one, approve=True)
    done = decide_carry_over(session, CHIEF, pair, one, approve=False)
    assert (done.decided, done.refused[0][:2]) == (0, (wall(1), wall(11)))
    assert state_of(session, wall(11)) == ("done", 100)


def test_pairs_that_nobody_proposed_are_refused_by_name(
    session: Session, renewed: tuple[BimRevision, BimRevision]
) -> None:
    wrong = Chosen([(wall(1), wall(12)), ("unknown", wall(11)), (wall(4), wall(14))])
    done = decide_carry_over(session, CHIEF, pair_of(*renewed), wrong, approve=True)
    assert done.decided == 0
    assert [each[:2] for each in done.refused] == [
        (wall(1), wall(12)),
        ("unknown", wall(11)),
        (wall(4), wall(14)),
    ]
    assert state_of(session, wall(12)) == ("not_started", 0)


def test_all_means_all_from_a_confidence_on(
    session: Session, renewed: tuple[BimRevision, BimRevision]
) -> None:
    sure = Chosen(None, min_confidence=0.9)
    assert decide_carry_over(session, CHIEF, pair_of(*renewed), sure, approve=True).decided == 1
    assert state_of(session, wall(11)) == ("done", 100)
    assert state_of(session, wall(12)) == ("not_started", 0)


def test_nobody_takes_over_from_two(
    session: Session, renewed: tuple[BimRevision, BimRevision], tmp_path: Path
) -> None:
    old, new = renewed
    decide_carry_over(session, CHIEF, pair_of(old, new), ALL, approve=True)
    project_id = session.scalar(text("SELECT project_id FROM bim_model"))
    third = publish_rows(
        session,
        session.get_one(Project, project_id),
        tmp_path / "c",
        [solid(21, 5.0, signature="s1", tag="t1")],
    )
    decide_carry_over(session, CHIEF, pair_of(new, third), ALL, approve=True)
    assert state_of(session, wall(21)) == ("done", 100)
    again = list_proposals(session, pair_of(old, third))
    assert [(each.from_global_id, each.state) for each in again] == [(wall(1), "taken")]
    named = Chosen([(wall(1), wall(21))])
    assert decide_carry_over(session, CHIEF, pair_of(old, third), named, approve=True).decided == 0
    with pytest.raises(IntegrityError):
        session.execute(
            text("""INSERT INTO element_carry_over (from_identity_id, to_identity_id, from_revision_id,
              to_revision_id, approved, confidence)
              SELECT from_identity_id, (SELECT id FROM element_identity WHERE global_id = :g), from_revision_id,
                to_revision_id, true, 1 FROM element_carry_over LIMIT 1"""),
            {"g": wall(21)},
        )


def test_what_nobody_took_over_is_orphaned_with_its_weight(
    session: Session, renewed: tuple[BimRevision, BimRevision]
) -> None:
    old, new = renewed
    orphans = list_orphaned_elements(session, old.model_id, new.id)
    assert [(each.global_id, each.progress, each.last_revision) for each in orphans] == [
        (wall(1), 100.0, 1),
        (wall(2), 40.0, 1),
        (wall(3), 60.0, 1),
    ]
    # by hand: three walls of 2.5 m³; earned 2.5, 1.0 and 1.5
    (package,) = list_orphaned_packages(session, old.model_id, new.id)
    assert (package.milestone, package.unit, package.quantity, package.earned, package.elements) == (
        None,
        "m3",
        7.5,
        5.0,
        3,
    )
    decide_carry_over(session, CHIEF, pair_of(old, new), ALL, approve=True)
    left = list_orphaned_elements(session, old.model_id, new.id)
    assert [each.global_id for each in left] == [wall(3)]
    # seen from the old revision, as after a withdrawal, the new ones hold nothing but what the old ones have
    assert list_orphaned_elements(session, old.model_id, old.id) == []
    report(session, new, {wall(12): 55}, OCTOBER)
    back = list_orphaned_elements(session, old.model_id, old.id)
    assert [(each.global_id, each.progress) for each in back] == [(wall(12), 55.0)]
    assert [
        each.global_id for each in list_orphaned_elements(session, old.model_id, new.id, after=wall(3))
    ] == []


def test_under_kept_ids_progress_stays_without_anybodys_doing(session: Session, tmp_path: Path) -> None:
    project = add_project(session)
    old = publish_rows(session, project, tmp_path / "a", [solid(1), solid(2, 5.0)])
    report(session, old, {wall(1): 70, wall(2): 20})
    new = publish_rows(session, project, tmp_path / "b", [solid(1, name="改名")])
    assert list_proposals(session, pair_of(old, new)) == []
    assert count_kept(session, pair_of(old, new)) == 1
    assert state_of(session, wall(1)) == ("in_progress", 70)
    assert [each.global_id for each in list_orphaned_elements(session, old.model_id, new.id)] == [wall(2)]


def test_a_package_keeps_its_percent_through_renewed_ids_once_approved(
    session: Session, tmp_path: Path
) -> None:
    """M01 weighs 30 %, M02 70 %. Four equal walls of M01 at 100, 40, 60 and 0 %: half of it is done."""
    project = add_project(session)
    add_plan(session, project)
    codes = {"task_codes": ["M01"]}
    tasks = [task("M01", None, None)]

    def publish_walls(name: str, rows: list[dict[str, Any]]) -> BimRevision:
        revision = pending_revision(session, project, name.ljust(64, "0"))
        publish(session, revision, model_result(tasks), write_elements(tmp_path / name, rows))
        return revision

    old = publish_walls("a", [solid(n, 5.0 * n, **codes) for n in (1, 2, 3, 4)])
    report(session, old, {wall(1): 100, wall(2): 40, wall(3): 60})
    assert record_project_state(session, project.id, OCTOBER).progress == Decimal("15")  # 0.3 · 50 %
    new = publish_walls("b", [solid(n + 10, 5.0 * n, signature=f"s{n}", **codes) for n in (1, 2, 3, 4)])
    decide_carry_over(session, CHIEF, pair_of(old, new), ALL, approve=True)
    assert record_project_state(session, project.id, OCTOBER).progress == Decimal("15")
    assert list_orphaned_packages(session, old.model_id, new.id) == []


def test_every_matched_wall_of_a_real_export_keeps_its_progress(session: Session, tmp_path: Path) -> None:
    project = add_project(session)
    old = publish_file(session, project, write_revision(tmp_path / "a.ifc"), tmp_path / "a")
    report(session, old, {stable_id(f"W{n:02d}"): 5 * n for n in range(1, 21)})
    path = write_revision(tmp_path / "c.ifc", edited=True, renew=True)
    new = publish_file(session, project, path, tmp_path / "c")
    done = decide_carry_over(session, CHIEF, pair_of(old, new), ALL, approve=True)
    assert done == Decided(len(RENEWED_MATCHES), 0, [])
    rows = session.execute(
        text("""SELECT e.name, i.progress FROM bim_element e JOIN element_identity i ON i.id = e.identity_id
          WHERE e.revision_id = :r AND e.ifc_class = 'IfcWall' AND i.progress > 0"""),
        {"r": new.id},
    ).all()
    assert {row.name: row.progress for row in rows} == {key: 5 * int(key[1:]) for key in RENEWED_MATCHES}
    orphans = {each.name for each in list_orphaned_elements(session, old.model_id, new.id)}
    assert orphans == {f"W{n:02d}" for n in range(1, 21)} - set(RENEWED_MATCHES)
