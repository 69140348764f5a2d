"""Idle land in the ledger: what the tests say of stored parcels, what persons decide, what follows."""

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.conftest import SampleSite
from tests.twin.land.pool import AUDITOR, PLANNER, add_parcel, pin_day, states
from twin.db import make_engine, open_session
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
from twin.identity.caller import SYSTEM
from twin.land.reserve_clocks import add_suspension, end_suspension
from twin.land.reserve_facts import edit_facts
from twin.land.reserve_figures import list_released
from twin.land.reserve_history import get_history
from twin.land.reserve_idle import IdleMove, assess_parcel, get_rule, list_idle, move_idle
from twin.samples.load import FOLDER


@pytest.fixture(autouse=True)
def _pinned(session: Session) -> None:
    pin_day(session)


def waiting(session: Session, number: str = "CB-1", **given: Any) -> None:
    facts = {"state": "supplied", "kind": "supplied", "agreed_start": date(2024, 10, 31), **given}
    add_parcel(session, number, **facts)


def decide(session: Session, to: str, **given: Any) -> Any:
    return move_idle(session, PLANNER, "CB-1", IdleMove(to, f"依据 {to}", **given))


def test_the_planted_cases_are_judged_as_the_samples_say(samples: SampleSite) -> None:
    expected = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))["land"]
    engine = make_engine(samples.url, pool_size=1)
    with open_session(engine) as session:
        found = {each.parcel_no: each.assessment for each in list_idle(session, SYSTEM)}
        released = list_released(session, SYSTEM)
    engine.dispose()
    assert len(expected["idle"]) == 12
    for case in expected["idle"]:
        said = found[case["parcel_no"]]
        assert (said.idle, said.consequence) == (case["idle"], case["consequence"]), case
    assert released.count == 20
    assert released.area.area_mu == pytest.approx(1200.00, abs=0.005)
    assert [each.year for each in released.years] == [2025]


def test_a_person_suspects_identifies_and_disposes_and_the_figures_are_kept(session: Session) -> None:
    waiting(session)
    decide(session, "suspected")
    decide(session, "identified", day=date(2025, 10, 31))
    decide(session, "disposed", disposal="fee")
    assert states(session, "CB-1") == ("supplied", "disposed")
    entries = get_history(session, AUDITOR, "CB-1").entries
    assert [entry.detail["after"] for entry in entries] == ["suspected", "identified", "disposed"]
    kept = entries[1].detail["assessment"]
    assert (kept["idle"], kept["consequence"], kept["as_of"]) == (True, "fee", "2025-10-31")
    assert kept["facts"]["agreed_start"] == "2024-10-31"
    assert kept["rule"]["built_share_least"] == pytest.approx(1 / 3, abs=1e-6)
    assert entries[2].detail["disposal"] == "fee"
    assert list_events(session)[0].after["reason"] == "依据 disposed"


def test_what_neither_test_meets_is_not_identified(session: Session) -> None:
    waiting(session, agreed_start=date(2024, 11, 1))
    decide(session, "suspected")
    with pytest.raises(ConflictError, match="Neither test of idle land is met on 2025-10-31") as caught:
        decide(session, "identified")
    assert "2025-11-01" in caught.value.zh
    decide(session, "none")
    assert states(session, "CB-1") == ("supplied", "none")


@pytest.mark.parametrize("before", ["none", "suspected", "identified", "disposed"])
@pytest.mark.parametrize("after", ["none", "suspected", "identified", "disposed"])
def test_moves_of_the_idle_axis_that_are_not_listed_are_refused(
    session: Session, before: str, after: str
) -> None:
    listed = {
        ("none", "suspected"),
        ("suspected", "identified"),
        ("suspected", "none"),
        ("identified", "disposed"),
    }
    waiting(session, idle_state=before)
    disposal = "fee" if after == "disposed" else None
    if (before, after) in listed:
        assert decide(session, after, disposal=disposal).idle_state == after
    elif (before, after) == ("disposed", "suspected"):  # only where a fee or an extension was the last word
        with pytest.raises(ConflictError, match="for good"):
            decide(session, after)
    else:
        with pytest.raises(MoveRefusedError, match="may follow"):
            decide(session, after, disposal=disposal)


def test_a_fee_does_not_end_the_matter(session: Session) -> None:
    waiting(session, idle_state="identified")
    decide(session, "disposed", disposal="fee")
    assert decide(session, "suspected").idle_state == "suspected"


def test_land_that_was_not_supplied_is_not_suspected(session: Session) -> None:
    add_parcel(session, state="stored")
    with pytest.raises(ConflictError, match="only land that was supplied"):
        decide(session, "suspected")


def test_an_extension_sets_the_clock_of_land_not_started_anew(session: Session) -> None:
    waiting(session, idle_state="identified")
    with pytest.raises(InvalidInputError, match="agreed_start"):
        decide(session, "disposed", disposal="extended")
    with pytest.raises(InvalidInputError, match="does not lie after 2024-10-31"):
        decide(session, "disposed", disposal="extended", agreed_start=date(2024, 10, 31))
    session.execute(text("UPDATE land_parcel SET idle_state = 'identified'"))
    session.expire_all()
    decide(session, "disposed", disposal="extended", agreed_start=date(2026, 3, 1))
    clock = assess_parcel(session, PLANNER, "CB-1").assessment.tests[0].clock
    assert clock is not None
    assert (clock.since, clock.fee_on) == (date(2026, 3, 1), date(2027, 3, 1))


def test_an_extension_for_works_that_stopped_does_not_count_the_days_until_then(session: Session) -> None:
    add_parcel(
        session, state="started", started_on=date(2023, 7, 1), stopped_on=date(2024, 6, 1), built_share=0.1,
        agreed_start=date(2023, 6, 1), idle_state="identified",
    )  # fmt: skip
    decide(session, "disposed", disposal="extended", agreed_start=date(2025, 12, 1))
    clock = assess_parcel(session, PLANNER, "CB-1").assessment.tests[1].clock
    assert clock is not None
    assert clock.fee_on == date(2026, 12, 1)  # the year begins on the new day
    assert clock.suspended_days == 517  # 1 June 2024 to 31 October 2025: 365 + 152


@pytest.mark.parametrize(
    ("disposal", "state", "kind", "released"),
    [("released", "ready", "idle", date(2025, 10, 15)), ("recovered", "stored", "reserve", None)],
)
def test_release_and_recovery_end_the_supply_and_keep_its_facts_in_the_history(
    session: Session, disposal: str, state: str, kind: str, released: date | None
) -> None:
    waiting(session, idle_state="identified", supply_date=date(2023, 10, 1))
    decide(session, "disposed", disposal=disposal, day=date(2025, 10, 15))
    row = session.execute(text("SELECT * FROM land_parcel")).one()
    assert (row.state, row.idle_state, row.kind, row.released_on) == (state, "disposed", kind, released)
    assert (row.supply_date, row.agreed_start) == (None, None)
    entry = next(e for e in get_history(session, PLANNER, "CB-1").entries if e.kind == "idle")
    assert entry.detail["assessment"]["facts"]["supply_date"] == "2023-10-01"
    assert entry.effective_on == date(2025, 10, 15)
    total = list_released(session, PLANNER)
    assert total.count == (1 if released else 0)


def test_a_suspension_with_its_end_moves_the_day_and_stands_in_the_history(session: Session) -> None:
    waiting(session)
    assert assess_parcel(session, PLANNER, "CB-1").assessment.idle is True
    span = add_suspension(session, PLANNER, "CB-1", date(2025, 1, 1), None, "government", "规划调整")
    assert assess_parcel(session, PLANNER, "CB-1").assessment.idle is False
    end_suspension(session, PLANNER, "CB-1", span.number, date(2025, 1, 31))
    said = assess_parcel(session, PLANNER, "CB-1", date(2025, 11, 30)).assessment
    assert (said.idle, said.tests[0].clock and said.tests[0].clock.fee_on) == (True, date(2025, 11, 30))
    with pytest.raises(ConflictError, match="ended on 2025-01-31"):
        end_suspension(session, PLANNER, "CB-1", span.number, date(2025, 2, 28))
    with pytest.raises(NotFoundError):
        end_suspension(session, PLANNER, "CB-1", 9, date(2025, 2, 28))
    with pytest.raises(InvalidInputError, match="stands from 2025-03-01"):
        add_suspension(session, PLANNER, "CB-1", date(2025, 3, 1), date(2025, 3, 1), "other", "x")
    assert [e.kind for e in get_history(session, PLANNER, "CB-1").entries] == ["suspension"]


def test_facts_of_the_works_are_recorded_and_checked_against_each_other(session: Session) -> None:
    add_parcel(session, state="started", supply_date=date(2023, 6, 1), started_on=date(2023, 7, 1))
    stop = {"stopped_on": date(2024, 9, 30), "built_share": 0.33, "invested_share": 0.3}
    assert edit_facts(session, PLANNER, "CB-1", stop, "现场核查").assessment.consequence == "fee"
    assert edit_facts(session, PLANNER, "CB-1", {"stopped_on": None}, "复工").assessment.idle is False
    event = list_events(session)[0]
    assert (event.action, event.before, event.after) == (
        "land.facts",
        {"stopped_on": "2024-09-30"},
        {"stopped_on": None, "reason": "复工"},
    )
    with pytest.raises(InvalidInputError, match="stopped_on 2023-06-30 lies before started_on 2023-07-01"):
        edit_facts(session, PLANNER, "CB-1", {"stopped_on": date(2023, 6, 30)}, "x")
    with pytest.raises(InvalidInputError, match="future"):
        edit_facts(session, PLANNER, "CB-1", {"stopped_on": date(2999, 1, 1)}, "x")


def test_the_start_of_works_is_a_move_and_not_a_fact_of_supplied_land(session: Session) -> None:
    waiting(session)
    for name in ("started_on", "stopped_on"):
        with pytest.raises(InvalidInputError, match="started"), session.begin_nested():
            edit_facts(session, PLANNER, "CB-1", {name: date(2025, 1, 1)}, "x")


def test_no_rule_was_in_force_before_2012(session: Session) -> None:
    assert get_rule(session, date(2012, 7, 1)).fee_percent == 20
    with pytest.raises(NotFoundError, match="2012-06-30"):
        get_rule(session, date(2012, 6, 30))


def test_idle_land_is_read_and_decided_on_by_those_who_may(session: Session) -> None:
    waiting(session)
    for ask in (lambda who: list_idle(session, who), lambda who: assess_parcel(session, who, "CB-1")):
        with pytest.raises(UnauthenticatedError):
            ask(ANONYMOUS)
        assert ask(AUDITOR)
    with pytest.raises(ForbiddenError):
        move_idle(session, AUDITOR, "CB-1", IdleMove("suspected", "x"))
    with pytest.raises(ForbiddenError):
        edit_facts(session, AUDITOR, "CB-1", {}, "x")
    with pytest.raises(ForbiddenError):
        add_suspension(session, AUDITOR, "CB-1", date(2025, 1, 1), None, "other", "x")
