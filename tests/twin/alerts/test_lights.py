"""Edge cases of `domain.md` §8 and hysteresis, on values."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from twin.alerts.lights import CriticalMilestone, Inputs, Shown, judge, show
from twin.alerts.presets import COMPOSITE, YINCHUAN_2025

NOW = datetime(2025, 10, 31, 8, tzinfo=UTC)
BUILDING = Inputs(
    as_of=date(2025, 10, 31),
    stage="construction",
    has_baseline=True,
    progress=Fraction(50),
    planned=Fraction(50),
    plan_start=date(2024, 1, 1),
    actual_start=date(2024, 1, 1),
    last_report_period="2025-10",
)


def behind(points: str) -> Inputs:
    return replace(BUILDING, progress=50 - Fraction(points))


@pytest.mark.parametrize(
    ("points", "light"),
    [("-5", "green"), ("9.9", "green"), ("10.0", "yellow"), ("30.0", "yellow"), ("30.1", "red")],
)
def test_yinchuan_turns_yellow_at_ten_points_and_red_above_thirty(points: str, light: str) -> None:
    assert judge(YINCHUAN_2025["rule"], behind(points)).light == light


def test_without_baseline_nothing_is_assessed() -> None:
    verdict = judge(YINCHUAN_2025["rule"], replace(BUILDING, has_baseline=False, planned=None))
    assert (verdict.light, verdict.reasons[0].rule) == ("grey", "no_baseline")


@pytest.mark.parametrize(
    ("planned", "light"), [((2025, 11, 1), "green"), ((2025, 9, 30), "yellow"), ((2025, 7, 31), "red")]
)
def test_a_start_that_is_months_late_turns_the_light(planned: tuple[int, int, int], light: str) -> None:
    waiting = replace(BUILDING, stage="tender", plan_start=date(*planned), actual_start=None)
    assert judge(YINCHUAN_2025["rule"], waiting).light == light


@pytest.mark.parametrize(
    ("period", "light"), [("2025-10", "green"), ("2025-09", "yellow"), ("2025-08", "red")]
)
def test_a_late_monthly_report_turns_the_light(period: str, light: str) -> None:
    assert judge(YINCHUAN_2025["rule"], replace(BUILDING, last_report_period=period)).light == light


def test_composite_shares_the_weight_of_dimensions_without_data() -> None:
    # schedule: 5 behind → 92.5 ; investment: 50 % done of 10/12 wanted → 60 % → 70
    inputs = replace(behind("5"), investment_ytd_yuan=Fraction(50), annual_plan_yuan=Fraction(100))
    verdict = judge(COMPOSITE["rule"], inputs)
    assert verdict.score == Fraction("92.5") * Fraction(40, 60) + 70 * Fraction(20, 60)
    assert verdict.light == "green"  # 85 exactly


def test_composite_is_red_whatever_the_score_when_a_critical_node_is_over_thirty_days_late() -> None:
    late = replace(BUILDING, late_critical=(CriticalMilestone("M03", "主体封顶", 31),))
    verdict = judge(COMPOSITE["rule"], late)
    assert verdict.light == "red"
    assert {reason.rule for reason in verdict.reasons} == {"score", "critical_milestone"}
    on_the_edge = replace(BUILDING, late_critical=(CriticalMilestone("M03", "主体封顶", 30),))
    assert judge(COMPOSITE["rule"], on_the_edge).light == "green"


def test_a_light_worsens_at_once() -> None:
    assert show(COMPOSITE["rule"]["improves"], "red", Shown("green"), BUILDING.as_of, NOW) == Shown("red")


def test_composite_improves_at_the_third_better_evaluation_after_a_day() -> None:
    improves = COMPOSITE["rule"]["improves"]
    first = show(improves, "green", Shown("red"), BUILDING.as_of, NOW)
    second = show(improves, "green", first, BUILDING.as_of, NOW + timedelta(hours=12))
    early = show(improves, "green", second, BUILDING.as_of, NOW + timedelta(hours=23))
    third = show(improves, "green", second, BUILDING.as_of, NOW + timedelta(hours=24))
    assert [first.light, second.light, early.light, third.light] == ["red", "red", "red", "green"]


def test_a_relapse_starts_the_count_anew() -> None:
    improves = COMPOSITE["rule"]["improves"]
    once = show(improves, "green", Shown("red"), BUILDING.as_of, NOW)
    assert show(improves, "red", once, BUILDING.as_of, NOW) == Shown("red")


def test_a_monthly_preset_improves_only_for_a_closed_period() -> None:
    improves = YINCHUAN_2025["rule"]["improves"]
    assert show(improves, "green", Shown("yellow"), date(2025, 10, 15), NOW).light == "yellow"
    assert show(improves, "green", Shown("yellow"), date(2025, 10, 31), NOW).light == "green"


def test_composite_judges_a_late_start_by_the_numbers_of_its_rule_row() -> None:
    waiting = replace(BUILDING, stage="tender", plan_start=date(2025, 9, 30), actual_start=None)
    assert judge(COMPOSITE["rule"], waiting).light == "yellow"
    stricter = COMPOSITE["rule"] | {"start_months": {"yellow": 0, "red": 1}}
    assert judge(stricter, waiting).light == "red"
