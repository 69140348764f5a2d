"""The two legal tests on both sides of every threshold; days and periods are counted by hand."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from twin.land.idle import (
    IdleAssessment,
    IdleFacts,
    IdleRule,
    Suspension,
    add_years,
    assess_idle,
    merge_suspensions,
)

RULE = IdleRule("idle-land-2012", 1, 2, Decimal("0.333333"), Decimal("0.25"), Decimal(20), "办法")
DAY = date(2025, 10, 31)


def waiting(agreed: date, *suspensions: Suspension, as_of: date = DAY) -> IdleAssessment:
    return assess_idle(IdleFacts("supplied", agreed_start=agreed), suspensions, RULE, as_of)


def stopped(on: date, built: str | None, invested: str | None) -> IdleAssessment:
    facts = IdleFacts(
        "started",
        agreed_start=date(2023, 6, 1),
        started_on=date(2023, 7, 1),
        stopped_on=on,
        built_share=None if built is None else Decimal(built),
        invested_share=None if invested is None else Decimal(invested),
    )
    return assess_idle(facts, (), RULE, DAY)


@pytest.mark.parametrize(
    ("agreed", "idle", "consequence"),
    [
        (date(2024, 11, 1), False, None),  # 364 days
        (date(2024, 10, 31), True, "fee"),  # a year to the day
        (date(2024, 10, 30), True, "fee"),
        (date(2023, 11, 1), True, "fee"),  # a day short of two years
        (date(2023, 10, 31), True, "recovery"),
        (date(2023, 5, 1), True, "recovery"),
        (date(2026, 1, 1), False, None),
    ],
)
def test_land_not_started_is_idle_from_the_day_the_year_is_full(
    agreed: date, idle: bool, consequence: str | None
) -> None:
    found = waiting(agreed)
    assert (found.idle, found.consequence) == (idle, consequence)
    assert found.tests[1].outcome == "not_met"


@pytest.mark.parametrize(
    ("on", "built", "invested", "idle"),
    [
        (date(2024, 9, 30), "0.33", "0.30", True),
        (date(2024, 9, 30), "0.34", "0.30", False),
        (date(2024, 9, 30), "0.333333", "0.30", False),  # exactly a third, as it is stored
        (date(2024, 9, 30), "0.333332", "0.30", True),
        (date(2024, 9, 30), "0.40", "0.249", True),
        (date(2024, 9, 30), "0.40", "0.25", False),
        (date(2024, 9, 30), "0.40", "0.249999", True),
        (date(2024, 11, 1), "0.10", "0.10", False),  # 364 days
        (date(2024, 10, 31), "0.10", "0.10", True),
        (date(2024, 9, 30), "0.10", None, True),  # one of the two is enough
        (date(2024, 9, 30), None, "0.10", True),
        (date(2024, 9, 30), "0.40", None, None),  # the one that decides is missing
        (date(2024, 9, 30), None, None, None),
        (date(2024, 11, 1), None, None, False),  # the year is not full: shares do not matter
    ],
)
def test_works_that_stopped_are_idle_after_a_year_with_too_little_built_or_invested(
    on: date, built: str | None, invested: str | None, idle: bool | None
) -> None:
    found = stopped(on, built, invested)
    assert found.idle is idle
    assert found.consequence == ("fee" if idle else None)
    assert found.tests[0].outcome == "not_met"


def test_works_that_stopped_for_two_years_may_be_recovered() -> None:
    assert stopped(date(2023, 11, 1), "0.1", "0.1").consequence == "fee"
    assert stopped(date(2023, 10, 31), "0.1", "0.1").consequence == "recovery"


def test_suspended_days_push_the_day_back_by_as_many() -> None:
    january = Suspension(date(2025, 1, 1), date(2025, 1, 31), "government")  # 30 days
    clock = waiting(date(2024, 10, 31), january).tests[0].clock
    assert clock is not None
    assert (clock.fee_on, clock.recovery_on) == (date(2025, 11, 30), date(2026, 11, 30))
    assert clock.suspended_days == 30
    assert waiting(date(2024, 10, 31), january).idle is False
    assert waiting(date(2024, 10, 31), january, as_of=date(2025, 11, 29)).idle is False
    assert waiting(date(2024, 10, 31), january, as_of=date(2025, 11, 30)).consequence == "fee"


def test_overlapping_suspensions_count_once_and_those_outside_of_the_period_not_at_all() -> None:
    spans = [
        Suspension(date(2024, 1, 1), date(2024, 6, 1), "other"),  # before the agreed start
        Suspension(date(2025, 1, 1), date(2025, 1, 21), "government"),
        Suspension(date(2025, 1, 11), date(2025, 1, 31), "court"),  # together 30 days
        Suspension(
            date(2026, 3, 1), date(2026, 4, 1), "other"
        ),  # after the year was full: 31 days of the second
    ]
    clock = waiting(date(2024, 10, 31), *spans, as_of=date(2026, 12, 31)).tests[0].clock
    assert clock is not None
    assert clock.fee_on == date(2025, 11, 30)
    assert clock.recovery_on == date(2026, 12, 31)  # 30 November and 31 days
    assert clock.suspended_days == 61


def test_a_suspension_that_begins_before_the_agreed_start_counts_from_it_on() -> None:
    span = Suspension(date(2024, 10, 1), date(2024, 11, 10), "government")  # 10 days of the period
    clock = waiting(date(2024, 10, 31), span).tests[0].clock
    assert clock is not None
    assert (clock.fee_on, clock.suspended_days) == (date(2025, 11, 10), 10)


def test_a_suspension_reached_only_by_the_push_of_another_counts_too() -> None:
    spans = [
        Suspension(date(2025, 10, 1), date(2025, 10, 11), "other"),  # 10 days: 31 October becomes 10 November
        Suspension(date(2025, 11, 5), date(2025, 11, 8), "other"),  # 3 more: 13 November
    ]
    clock = waiting(date(2024, 10, 31), *spans).tests[0].clock
    assert clock is not None
    assert clock.fee_on == date(2025, 11, 13)


def test_an_open_suspension_stops_the_clock_unless_the_period_was_full_before() -> None:
    open_end = Suspension(date(2025, 6, 1), None, "court")
    found = waiting(date(2024, 10, 31), open_end)
    assert found.idle is False
    assert found.tests[0].clock is not None
    assert (found.tests[0].clock.fee_on, found.tests[0].clock.suspended_days) == (
        None,
        152,
    )  # June to October
    assert [note.code for note in found.tests[0].reasons] == ["suspended", "clock_stands"]
    late = waiting(date(2024, 5, 1), open_end)
    assert (late.idle, late.consequence) == (True, "fee")
    assert late.tests[0].clock is not None
    assert late.tests[0].clock.recovery_on is None


def test_land_that_was_not_supplied_or_is_complete_is_not_asked_about() -> None:
    for state in ("ready", "held", "completed"):
        found = assess_idle(IdleFacts(state, agreed_start=date(2020, 1, 1)), (), RULE, DAY)
        assert found.idle is False
        assert {test.outcome for test in found.tests} == {"not_applicable"}


def test_a_missing_agreed_start_is_unknown_and_not_innocent() -> None:
    found = assess_idle(IdleFacts("supplied", supply_date=date(2020, 1, 1)), (), RULE, DAY)
    assert found.idle is None
    assert found.tests[0].reasons[0].code == "agreed_start_unknown"


def test_works_that_begin_after_the_day_in_question_had_not_begun_on_it() -> None:
    facts = IdleFacts("started", agreed_start=date(2024, 1, 1), started_on=date(2025, 6, 1))
    assert assess_idle(facts, (), RULE, date(2025, 5, 31)).idle is True
    assert assess_idle(facts, (), RULE, date(2025, 6, 1)).idle is False


@pytest.mark.parametrize(
    ("day", "years", "due"),
    [
        (date(2024, 2, 29), 1, date(2025, 2, 28)),
        (date(2024, 2, 29), 4, date(2028, 2, 29)),
        (date(2023, 2, 28), 1, date(2024, 2, 28)),
        (date(2024, 12, 31), 2, date(2026, 12, 31)),
    ],
)
def test_a_year_is_full_on_its_corresponding_day(day: date, years: int, due: date) -> None:
    assert add_years(day, years) == due


def test_spans_that_touch_are_one() -> None:
    spans = [
        Suspension(date(2025, 2, 1), date(2025, 3, 1), "a"),
        Suspension(date(2025, 1, 1), date(2025, 2, 1), "b"),
        Suspension(date(2025, 5, 1), None, "c"),
        Suspension(date(2025, 6, 1), date(2025, 7, 1), "d"),
    ]
    assert merge_suspensions(spans) == [
        (date(2025, 1, 1), date(2025, 3, 1)),
        (date(2025, 5, 1), date.max),
    ]


def test_reasons_are_told_in_both_languages_with_their_figures() -> None:
    reasons: list[Any] = list(stopped(date(2024, 9, 30), "0.33", "0.3").tests[1].reasons)
    assert "Built area is 33 % of the total, below 33.3333 %." in [note.en for note in reasons]
    assert "已投资额占比 30 %，不低于 25 %。" in [note.zh for note in reasons]
    assert "自中止日期 2024-09-30 起满 1 年的期限已于 2025-09-30 届满。" in [note.zh for note in reasons]
