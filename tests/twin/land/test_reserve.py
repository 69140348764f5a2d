"""States one after the other with who, when and why; parcels held for projects and for one project alone."""

from datetime import date
from itertools import pairwise

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from tests.rows import add_project, square_wkt
from tests.twin.land.pool import AUDITOR, DAY, OTHER, PLANNER, E, N, add_parcel, pin_day, states
from tests.twin.land.test_compliance import add_area
from twin.editing import Feature, delete_feature, update_feature
from twin.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    MoveRefusedError,
    NotFoundError,
    UnauthenticatedError,
)
from twin.identity import ANONYMOUS
from twin.identity.audit import list_events
from twin.land.reserve import Move, move_parcel
from twin.land.reserve_history import get_history
from twin.land.reserve_holds import TakenError, cancel_reservation, reserve_parcel

CODE = "341299-2025-03-0128-4"
SECOND = "341299-2025-03-0129-2"
CHAIN = ["proposed", "stored", "preparing", "ready", "held", "supplied", "started", "completed"]


@pytest.fixture(autouse=True)
def _pinned(session: Session) -> None:
    pin_day(session)


def far_project(session: Session, code: str = CODE) -> None:
    add_project(session, code, box=(E + 50_000, N, E + 50_100, N + 100))


def test_a_parcel_goes_from_proposal_to_completion_and_every_step_says_who_when_and_why(
    session: Session,
) -> None:
    add_parcel(session, state="proposed")
    far_project(session)
    for to in ("stored", "preparing", "ready"):
        move_parcel(session, PLANNER, "CB-1", Move(to, f"办理 {to}", date(2025, 3, 1)))
    reserve_parcel(session, PLANNER, "CB-1", CODE, "招商落地")
    supply = Move("supplied", "挂牌成交", date(2025, 6, 1), agreed_start=date(2025, 12, 1))
    move_parcel(session, PLANNER, "CB-1", supply)
    move_parcel(session, PLANNER, "CB-1", Move("started", "开工报告", date(2025, 8, 1)))
    move_parcel(session, PLANNER, "CB-1", Move("completed", "竣工验收", date(2025, 10, 1)))
    entries = get_history(session, PLANNER, "CB-1").entries
    moves = [entry for entry in entries if entry.kind == "state"]
    assert [(entry.detail["before"], entry.detail["after"]) for entry in moves] == list(pairwise(CHAIN))
    assert [entry.reason for entry in moves] == [
        "办理 stored", "办理 preparing", "办理 ready", "招商落地", "挂牌成交", "开工报告", "竣工验收",
    ]  # fmt: skip
    assert [entry.effective_on for entry in moves[4:]] == [
        date(2025, 6, 1),
        date(2025, 8, 1),
        date(2025, 10, 1),
    ]
    assert {entry.by for entry in moves} == {"test"}
    assert all(entry.at is not None for entry in moves)
    row = session.execute(text("SELECT * FROM land_parcel")).one()
    assert (row.kind, row.supply_date, row.agreed_start, row.started_on) == (
        "supplied", date(2025, 6, 1), date(2025, 12, 1), date(2025, 8, 1),
    )  # fmt: skip


@pytest.mark.parametrize("before", CHAIN)
@pytest.mark.parametrize("after", CHAIN)
def test_every_move_that_is_not_listed_is_refused_with_what_may_follow(
    session: Session, before: str, after: str
) -> None:
    listed = {("proposed", "stored"), ("stored", "preparing"), ("preparing", "ready"), ("held", "supplied")}
    listed |= {("supplied", "started"), ("started", "completed")}
    add_parcel(session, state=before)
    if (before, after) in listed:
        assert move_parcel(session, PLANNER, "CB-1", Move(after, "变更")).state == after
        return
    with pytest.raises(MoveRefusedError) as caught:
        move_parcel(session, PLANNER, "CB-1", Move(after, "变更"))
    assert ("may follow" in caught.value.en) or ("reservation" in caught.value.en)
    assert ("后续" in caught.value.zh) or ("预留" in caught.value.zh)
    assert states(session, "CB-1") == (before, "none")


def test_days_that_contradict_what_came_before_are_refused(session: Session) -> None:
    add_parcel(session, state="supplied", supply_date=date(2025, 6, 1))
    with pytest.raises(InvalidInputError, match="lies before supply_date 2025-06-01"):
        move_parcel(session, PLANNER, "CB-1", Move("started", "x", date(2025, 5, 31)))
    with pytest.raises(InvalidInputError, match="future"):
        move_parcel(session, PLANNER, "CB-1", Move("started", "x", date(2999, 1, 1)))
    with pytest.raises(InvalidInputError, match="agreed_start"):
        move_parcel(session, PLANNER, "CB-1", Move("started", "x", agreed_start=date(2026, 1, 1)))
    add_parcel(session, "CB-2", state="held")
    with pytest.raises(InvalidInputError, match="agreed_start 2025-05-01 lies before day"):
        move_parcel(session, PLANNER, "CB-2", Move("supplied", "x", date(2025, 6, 1), date(2025, 5, 1)))


def test_an_edit_on_the_map_leaves_its_trace_and_nobody_rewrites_it(session: Session) -> None:
    feature = add_parcel(session, state="stored")
    update_feature(session, PLANNER, "land_parcels", feature, Feature({"state": "preparing"}))
    session.execute(text("UPDATE land_parcel SET state = 'ready', idle_state = 'suspected'"))
    moves = get_history(session, AUDITOR, "CB-1").entries
    assert [(entry.kind, entry.detail["after"]) for entry in moves] == [
        ("state", "preparing"),
        ("state", "ready"),
        ("idle", "suspected"),
    ]
    for statement in ("UPDATE land_transition SET reason = ''", "DELETE FROM land_transition"):
        session.execute(text("SAVEPOINT before; SET LOCAL ROLE twin_app"))
        with pytest.raises(ProgrammingError, match="permission denied"):
            session.connection().exec_driver_sql(statement)
        session.connection().exec_driver_sql("ROLLBACK TO before")


def test_grounds_of_one_move_do_not_stick_to_the_next(session: Session) -> None:
    add_parcel(session, state="stored")
    move_parcel(session, PLANNER, "CB-1", Move("preparing", "拆迁启动"))
    session.execute(text("UPDATE land_parcel SET state = 'ready'"))
    reasons = [entry.reason for entry in get_history(session, PLANNER, "CB-1").entries]
    assert reasons == ["拆迁启动", None]


def test_a_reserved_parcel_is_held_and_the_second_learns_for_whom_by_whom_and_since_when(
    session: Session,
) -> None:
    add_parcel(session)
    far_project(session)
    add_project(session, SECOND, name="示范区二期", box=(E + 60_000, N, E + 60_100, N + 100))
    done = reserve_parcel(session, PLANNER, "CB-1", CODE, "重点项目")
    assert (done.state, done.reservation.project, done.warnings) == ("held", CODE, ())
    with pytest.raises(TakenError) as caught:
        reserve_parcel(session, OTHER, "CB-1", SECOND)
    held = caught.value.members["reservation"]
    assert (held["project"], held["reserved_by"], held["reserved_by_name"]) == (CODE, "planner", "规划科 李")
    assert held["reserved_at"] == done.reservation.reserved_at.isoformat()  # type: ignore[union-attr]
    assert "规划科 李" in caught.value.zh
    with pytest.raises(TakenError):
        reserve_parcel(session, PLANNER, "CB-1", CODE)
    assert session.scalar(text("SELECT count(*) FROM land_reservation")) == 1


def test_a_cancelled_reservation_frees_the_parcel_and_stands_in_the_history(session: Session) -> None:
    add_parcel(session)
    far_project(session)
    add_project(session, SECOND, name="二期", box=(E + 60_000, N, E + 60_100, N + 100))
    reserve_parcel(session, PLANNER, "CB-1", CODE)
    with pytest.raises(TakenError):
        cancel_reservation(session, OTHER, "CB-1", SECOND)
    done = cancel_reservation(session, OTHER, "CB-1", CODE, "项目终止")
    assert (done.state, done.reservation.end_kind, done.reservation.ended_by) == (
        "ready",
        "cancelled",
        "planner2",
    )
    with pytest.raises(NotFoundError, match="not reserved"):
        cancel_reservation(session, OTHER, "CB-1", CODE)
    assert reserve_parcel(session, OTHER, "CB-1", SECOND).state == "held"
    kinds = [(entry.kind, entry.reason) for entry in get_history(session, PLANNER, "CB-1").entries]
    assert kinds.count(("state", "项目终止")) == 1
    assert kinds.count(("reservation", "项目终止")) == 1
    assert [event.action for event in list_events(session)][:3] == [
        "land.reserve",
        "land.reserve.cancel",
        "land.reserve",
    ]


def test_a_parcel_held_before_the_ledger_is_taken_and_can_be_freed(session: Session) -> None:
    add_parcel(session, state="held")
    far_project(session)
    with pytest.raises(TakenError) as caught:
        reserve_parcel(session, PLANNER, "CB-1", CODE)
    assert caught.value.members["reservation"]["reserved_by"] == "test"
    assert caught.value.members["reservation"]["reserved_at"] is not None
    assert cancel_reservation(session, PLANNER, "CB-1", reason="核实未使用").state == "ready"


@pytest.mark.parametrize("state", [each for each in CHAIN if each not in ("ready", "held")])
def test_only_a_ready_parcel_can_be_reserved(session: Session, state: str) -> None:
    add_parcel(session, state=state)
    far_project(session)
    with pytest.raises(ConflictError, match=f"is {state}"):
        reserve_parcel(session, PLANNER, "CB-1", CODE)


def test_a_parcel_under_idle_review_cannot_be_reserved(session: Session) -> None:
    add_parcel(session, idle_state="suspected")
    far_project(session)
    with pytest.raises(ConflictError, match="idle-land review"):
        reserve_parcel(session, PLANNER, "CB-1", CODE)


def test_the_reservation_warns_of_another_red_line_and_of_farmland_with_their_areas(session: Session) -> None:
    # The overlap vector of the domain reference: 7 996.74 m² under a red line, and a sliver of farmland 1 cm wide.
    add_parcel(session, wkt=square_wkt(E + 120, N - 30, E + 320, N + 100))
    add_project(session, SECOND, name="他项目", box=(E, N, E + 200, N + 150))
    far_project(session)
    add_area(session, "farmland", "JBNT-1", square_wkt(E + 319.99, N, E + 400, N + 100))
    add_area(session, "river", "R-1", square_wkt(E + 200, N, E + 250, N + 50))
    warnings = {note.code: note for note in reserve_parcel(session, PLANNER, "CB-1", CODE).warnings}
    assert warnings.keys() == {"other_red_line", "farmland"}
    assert "7,996.74 m² (11.9951 亩)" in warnings["other_red_line"].zh
    assert SECOND in warnings["other_red_line"].en
    assert "1.00 m²" in warnings["farmland"].en
    assert "个案审查" in warnings["farmland"].zh


def test_a_supply_ends_the_reservation_by_whichever_door(session: Session) -> None:
    add_parcel(session)
    feature = add_parcel(session, "CB-2", wkt=square_wkt(E + 500, N, E + 600, N + 100))
    far_project(session)
    for number in ("CB-1", "CB-2"):
        reserve_parcel(session, PLANNER, number, CODE)
    move_parcel(session, PLANNER, "CB-1", Move("supplied", "成交"))
    update_feature(session, PLANNER, "land_parcels", feature, Feature({"state": "supplied"}))
    ends = session.execute(text("SELECT end_kind, ended_by FROM land_reservation ORDER BY parcel_no")).all()
    assert [tuple(row) for row in ends] == [("supplied", "planner"), ("supplied", "planner")]


def test_a_reserved_parcel_is_not_deleted(session: Session) -> None:
    feature = add_parcel(session)
    far_project(session)
    reserve_parcel(session, PLANNER, "CB-1", CODE)
    with pytest.raises(ConflictError, match=CODE):
        delete_feature(session, PLANNER, "land_parcels", feature)
    cancel_reservation(session, PLANNER, "CB-1")
    delete_feature(session, PLANNER, "land_parcels", feature)


def test_who_may_not_write_reserves_and_moves_nothing(session: Session) -> None:
    add_parcel(session)
    far_project(session)
    for caller, error in ((ANONYMOUS, UnauthenticatedError), (AUDITOR, ForbiddenError)):
        with pytest.raises(error):
            reserve_parcel(session, caller, "CB-1", CODE)
        with pytest.raises(error):
            cancel_reservation(session, caller, "CB-1")
        with pytest.raises(error):
            move_parcel(session, caller, "CB-1", Move("stored", "x"))
    with pytest.raises(UnauthenticatedError):
        get_history(session, ANONYMOUS, "CB-1")
    with pytest.raises(NotFoundError):
        reserve_parcel(session, PLANNER, "CB-9", CODE)
    with pytest.raises(NotFoundError):
        reserve_parcel(session, PLANNER, "CB-1", "no such project")
    assert states(session, "CB-1") == ("ready", "none")
    assert date(2025, 10, 31) == DAY
