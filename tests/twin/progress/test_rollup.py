"""Expected numbers are worked out by hand in each test."""

from datetime import date
from fractions import Fraction

from twin.progress.packages import UnitSum, package_progress
from twin.progress.rollup import Leaf, planned_percent, roll_up

DAY = date(2025, 10, 31)


def leaf(code: str, weight: str | None, percent: int | None, start: date, finish: date) -> Leaf:
    return Leaf(
        code,
        f"节点{code}",
        None if weight is None else Fraction(weight),
        start,
        finish,
        None if percent is None else Fraction(percent),
        "report",
    )


def test_progress_is_weighted_by_contract_value() -> None:
    leaves = [
        leaf("M1", "0.25", 100, date(2025, 1, 1), date(2025, 3, 1)),
        leaf("M2", "0.75", 40, date(2025, 3, 1), date(2025, 12, 1)),
    ]
    result = roll_up(leaves, DAY)
    assert result.basis == "contract_value"
    assert result.progress == 55  # 0.25·100 + 0.75·40
    # M2: 244 of 275 days
    assert result.planned == Fraction(25) + Fraction(75) * Fraction(244, 275)


def test_progress_is_weighted_by_duration_when_one_contract_value_is_missing() -> None:
    leaves = [
        leaf("M1", "0.9", 100, date(2025, 1, 1), date(2025, 1, 11)),
        leaf("M2", None, 0, date(2025, 1, 11), date(2025, 2, 10)),
    ]
    result = roll_up(leaves, DAY)
    assert result.basis == "planned_duration"
    assert result.progress == 25  # 10 of 40 days


def test_a_leaf_without_report_counts_as_nothing_done_and_lowers_the_coverage() -> None:
    leaves = [
        leaf("M1", "0.6", 100, date(2025, 1, 1), date(2025, 2, 1)),
        leaf("M2", "0.4", None, date(2025, 1, 1), date(2025, 2, 1)),
    ]
    result = roll_up(leaves, DAY)
    assert (result.progress, result.coverage) == (60, 60)


def test_ten_points_behind_is_exactly_ten_points() -> None:
    start, finish = date(2025, 10, 1), date(2025, 11, 30)  # 30 of 60 days on 31 October
    leaves = [leaf("M1", "1", 40, start, finish)]
    assert roll_up(leaves, DAY).deviation == -10


def test_without_plan_there_is_no_deviation() -> None:
    result = roll_up([Leaf("M1", "桩基", None, None, None, Fraction(30), "report")], DAY)
    assert (result.progress, result.planned, result.deviation) == (30, None, None)


def test_monthly_targets_replace_the_straight_line() -> None:
    targets = {"2025-08": 20.0, "2025-10": 65.5}
    one = Leaf("M1", "车位", None, date(2025, 1, 1), date(2026, 1, 1), None, monthly_targets=targets)
    assert planned_percent(one, date(2025, 9, 30)) == 20
    assert planned_percent(one, DAY) == Fraction("65.5")
    assert planned_percent(one, date(2025, 7, 31)) == 0


def test_splitting_a_package_into_parts_of_the_same_quantity_leaves_its_percent() -> None:
    whole = package_progress([UnitSum("m³", Fraction(30), Fraction(30 * 60), 1)])
    parts = package_progress([UnitSum("m³", Fraction(30), Fraction(10 * 60 + 20 * 60), 2)])
    assert whole is not None
    assert parts is not None
    assert whole.percent == parts.percent == 60


def test_units_are_never_added_to_each_other() -> None:
    mixed = package_progress(
        [UnitSum("m²", Fraction(1000), Fraction(100_000), 5), UnitSum("m³", Fraction(1), Fraction(0), 1)]
    )
    assert mixed is not None
    assert (mixed.percent, mixed.mixed_units) == (50, True)
