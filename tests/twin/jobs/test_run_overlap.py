"""Overlap runs: many subjects by a job that may be killed, cancelled and run again, and shows its answers whole."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

import twin.jobs.run_overlap as job
from gis.overlap import OverlapOptions
from tests.rows import add_project, square_wkt
from tests.twin.land.test_compliance import add_area, add_parcel
from twin.db import open_session
from twin.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, UnauthenticatedError
from twin.identity.caller import ANONYMOUS, SYSTEM, Caller
from twin.jobs.execute import run_job
from twin.jobs.kinds import KINDS
from twin.jobs.queue import cancel, status
from twin.jobs.submit_overlap import submit_overlap
from twin.jobs.workroom import Workroom
from twin.land import runs
from twin.land.compliance import Subject, compute_overlap
from twin.land.run_models import OverlapRun, OverlapRunAnswer
from twin.land.run_order import order_layer, order_projects
from twin.land.runs import begin_run, get_run, list_answers, list_runs, remove_run

E, N = 39371200.0, 3671300.0
LAYERS = ["land_parcels", "farmland", "projects"]
COUNT = 7


def code(number: int) -> str:
    return f"341299-2025-03-{number:04d}-4"


@pytest.fixture
def town(room: Workroom) -> Workroom:
    """Seven projects of 100 m × 100 m, 90 m apart, so that each overlaps the next by a tenth; parcels and farmland."""
    with open_session(room.engine) as session:
        for n in range(COUNT):
            add_project(session, code(n), f"项目{n}", box=(E + 90 * n, N, E + 90 * n + 100, N + 100))
        add_parcel(session, "CB-001", square_wkt(E + 50, N + 50, E + 250, N + 250))
        add_parcel(session, "CB-002", square_wkt(E + 5_000, N, E + 5_100, N + 100))
        add_area(session, "farmland", "F-1", square_wkt(E + 400, N - 20, E + 500, N + 20))
        # A strip of 0.002 m × 100 m in the first project: kept on farmland, and critical.
        add_area(session, "farmland", "F-2", square_wkt(E, N, E + 0.002, N + 100))
    return room


def ask(room: Workroom, layer: str = "projects", layers: list[str] = LAYERS, **options: Any) -> str:
    with open_session(room.engine) as session:
        return submit_overlap(session, SYSTEM, order_layer(SYSTEM, layer, layers, OverlapOptions(**options)))


def work(room: Workroom, job_id: str) -> str:
    asyncio.run(run_job(room, KINDS, job_id))
    with open_session(room.engine) as session:
        return status(session, job_id).state


def answers(room: Workroom, job_id: str) -> list[dict[str, Any]]:
    with open_session(room.engine) as session:
        return list_answers(session, get_run(session, SYSTEM, job_id), 0, 500)


def comparable(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in answer.items()
        if name not in ("computed_at", "data_versions", "id", "code", "name")
    }


def test_a_whole_layer_is_answered_subject_by_subject_as_one_overlap_answers_it(town: Workroom) -> None:
    job_id = ask(town)
    assert work(town, job_id) == "succeeded"
    found = answers(town, job_id)

    assert [answer["code"] for answer in found] == [code(n) for n in range(COUNT)]
    with open_session(town.engine) as session:
        for answer in found:
            alone = compute_overlap(session, SYSTEM, Subject(project=answer["code"]), LAYERS)
            assert comparable(answer) == comparable(alone)
        totals = get_run(session, SYSTEM, job_id).totals or {}
    rows = {row["layer"]: row for row in totals["layers"]}
    assert (totals["subjects"], totals["without_area"]) == (COUNT, 0)
    # Every project overlaps its neighbours: 2 at the ends, 10 between.
    assert (rows["projects"]["subjects"], rows["projects"]["items"]) == (7, 12)
    assert rows["projects"]["area_m2"] == pytest.approx(12 * 10 * 100, rel=1e-3)
    assert rows["farmland"]["critical"] == 1
    assert rows["land_parcels"]["subjects"] == 3


def test_parcels_and_control_areas_are_subjects_too(town: Workroom) -> None:
    parcels, farmland = (
        ask(town, "land_parcels", ["farmland", "projects"]),
        ask(town, "farmland", ["projects"]),
    )
    assert work(town, parcels) == work(town, farmland) == "succeeded"

    assert [answer["code"] for answer in answers(town, parcels)] == ["CB-001", "CB-002"]
    hit = [{item["code"] for item in answer["layers"][0]["items"]} for answer in answers(town, farmland)]
    # 400–500 m east: 40 m of the fifth project (360–460), 50 m of the sixth (450–550).
    assert hit == [{code(4), code(5)}, set()]  # the strip is a sliver of a project


def test_some_projects_alone_are_answered(town: Workroom) -> None:
    with open_session(town.engine) as session:
        order = order_projects(session, SYSTEM, [code(4), code(1), code(4)], ["projects"], OverlapOptions())
        job_id = submit_overlap(session, SYSTEM, order)
    assert work(town, job_id) == "succeeded"

    found = answers(town, job_id)
    assert [answer["code"] for answer in found] == [code(1), code(4)]
    assert [item["code"] for item in found[0]["layers"][0]["items"]] in (
        [code(0), code(2)],
        [code(2), code(0)],
    )


def test_nothing_is_shown_before_everything_is_there(town: Workroom) -> None:
    job_id = ask(town)

    with pytest.raises(ConflictError, match="not finished"):
        answers(town, job_id)


def test_a_killed_run_goes_on_behind_what_was_answered(
    town: Workroom, monkeypatch: pytest.MonkeyPatch, set_run: Callable[..., None]
) -> None:
    job_id = ask(town)
    portions: list[int] = []

    def count(session: Session, run: str, order: Any, keys: Any) -> None:
        portions.append(len(keys))
        if len(portions) == 3:
            raise RuntimeError("killed")
        real(session, run, order, keys)

    real = runs.answer_subjects
    monkeypatch.setattr(job, "FIRST_PORTION", 2)
    monkeypatch.setattr(job, "next_size", lambda size, took: size)
    monkeypatch.setattr(job, "answer_subjects", count)
    assert work(town, job_id) == "queued"  # a crash, and another attempt is due
    with open_session(town.engine) as session:
        assert session.scalar(select(func.count()).select_from(OverlapRunAnswer)) == 4
    assert work(town, job_id) == "succeeded"

    assert portions == [2, 2, 2, 2, 1]  # four answers were kept, three came new
    assert len(answers(town, job_id)) == COUNT


def test_a_killed_run_starts_again_when_the_data_has_changed(
    town: Workroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = ask(town)
    with open_session(town.engine) as session:
        todo = begin_run(session, job_id)
        runs.answer_subjects(session, job_id, todo.order, todo.keys[:4])
    with open_session(town.engine) as session:
        session.execute(text("UPDATE land_parcel SET updated_at = now() + interval '1 second'"))
    with open_session(town.engine) as session:
        assert len(begin_run(session, job_id).keys) == COUNT
    assert work(town, job_id) == "succeeded"


def test_data_that_changes_under_a_run_is_told(town: Workroom, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = ask(town)

    def change(session: Session, run: str, order: Any, keys: Any) -> None:
        real(session, run, order, keys)
        session.execute(text("UPDATE land_parcel SET updated_at = now() + interval '1 second'"))

    real = runs.answer_subjects
    monkeypatch.setattr(job, "answer_subjects", change)
    assert work(town, job_id) == "succeeded"

    with open_session(town.engine) as session:
        assert get_run(session, SYSTEM, job_id).data_changed is True


def test_a_cancelled_run_publishes_nothing_and_leaves_no_answers(
    town: Workroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = ask(town)

    def cancel_first(session: Session, run: str, order: Any, keys: Any) -> None:
        real(session, run, order, keys)
        with open_session(town.engine) as other:
            cancel(other, job_id)

    real = runs.answer_subjects
    monkeypatch.setattr(job, "answer_subjects", cancel_first)
    monkeypatch.setattr(job, "FIRST_PORTION", 2)
    assert work(town, job_id) == "cancelled"
    with pytest.raises(ConflictError):
        answers(town, job_id)
    monkeypatch.undo()
    ask(town)  # the next one clears away what nobody will see

    with open_session(town.engine) as session:
        assert session.scalar(select(func.count()).select_from(OverlapRunAnswer)) == 0


def test_a_subject_without_area_is_told_among_the_others(town: Workroom) -> None:
    with open_session(town.engine) as session:
        session.execute(
            text(
                """UPDATE land_parcel SET geom_survey = g, geom = ST_Transform(g, 4490) FROM (SELECT ST_GeomFromText(
                'MULTIPOLYGON(((39371200 3671300, 39371300 3671300, 39371250 3671300, 39371200 3671300)))', 4527) AS g) q
                WHERE parcel_no = 'CB-002'"""
            )
        )
    job_id = ask(town, "land_parcels", ["farmland"])
    assert work(town, job_id) == "succeeded"

    whole, flat = answers(town, job_id)
    assert "error" not in whole
    assert flat["error"]["zh"] == "分析对象没有面积。"


def test_registered_areas_and_buffers_hold_in_runs(town: Workroom) -> None:
    job_id = ask(town, layers=["farmland"], buffer_m=10.0, adjust="registered")
    assert work(town, job_id) == "succeeded"

    first = answers(town, job_id)[0]
    assert first["subject"]["buffer_m"] == 10
    assert first["rules"]["adjust"] == "registered"


def test_who_may_ask_and_who_may_see(town: Workroom) -> None:
    contractor = Caller(user_id=2, login="contractor", own_roles=frozenset({"contractor"}))
    with open_session(town.engine) as session:
        project_id = session.scalar(text("SELECT id FROM project WHERE code = :code"), {"code": code(0)})
    team = Caller(
        user_id=3, login="team", own_roles=frozenset({"task_force"}), own_projects=(project_id or 0,)
    )
    with pytest.raises(UnauthenticatedError):
        order_layer(ANONYMOUS, "projects", LAYERS, OverlapOptions())
    with pytest.raises(ForbiddenError):
        order_layer(team, "projects", LAYERS, OverlapOptions())
    with pytest.raises(InvalidInputError, match="parks"):
        order_layer(SYSTEM, "parks", LAYERS, OverlapOptions())
    with open_session(town.engine) as session:
        own = order_projects(session, team, [code(0)], LAYERS, OverlapOptions())
        with pytest.raises((ForbiddenError, NotFoundError)):
            order_projects(session, team, [code(0), code(1)], LAYERS, OverlapOptions())
        with pytest.raises(NotFoundError):
            order_projects(session, SYSTEM, ["no-such"], LAYERS, OverlapOptions())
        job_id = submit_overlap(session, team, own)
    assert work(town, job_id) == "succeeded"
    with open_session(town.engine) as session:
        assert list_answers(session, get_run(session, team, job_id), 0, 10)[0]["code"] == code(0)
        assert [run.job_id for run in list_runs(session, team, 10)] == [job_id]
        assert list_runs(session, contractor, 10) == []
        with pytest.raises(NotFoundError):
            get_run(session, contractor, job_id)
        remove_run(session, get_run(session, SYSTEM, job_id))
    with open_session(town.engine) as session:
        assert session.scalar(select(func.count()).select_from(OverlapRun)) == 0


def test_a_page_goes_on_behind_the_one_before_and_one_subject_is_found(town: Workroom) -> None:
    job_id = ask(town)
    assert work(town, job_id) == "succeeded"
    with open_session(town.engine) as session:
        run = get_run(session, SYSTEM, job_id)
        first = list_answers(session, run, 0, 3)
        rest = list_answers(session, run, first[-1]["id"], 100)
        one = list_answers(session, run, 0, 100, code(5))

    assert [answer["code"] for answer in (*first, *rest)] == [code(n) for n in range(COUNT)]
    assert [answer["code"] for answer in one] == [code(5)]
