"""Lamps worked out again from the files alone, in exact fractions."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

Rows = Callable[[str], list[dict[str, Any]]]
AS_OF = date(2025, 10, 31)


def _planned(milestone: dict[str, Any], inclusive: int) -> Fraction:
    targets = milestone["monthly_targets"]
    if targets:
        due = [targets[month] for month in sorted(targets) if month <= "2025-10"]
        return Fraction(due[-1]) if due else Fraction(0)
    start, finish = date.fromisoformat(milestone["start"]), date.fromisoformat(milestone["finish"])
    share = Fraction((AS_OF - start).days + inclusive, (finish - start).days + inclusive)
    return 100 * max(Fraction(0), min(Fraction(1), share))


def _deviations(rows: Rows, inclusive: int = 0) -> dict[str, Fraction | None]:
    plans = {b["project"]: [m for m in b["milestones"] if m["weight"] is not None] for b in rows("baselines")}
    latest: dict[str, dict[str, Decimal]] = {}
    for report in sorted(rows("progress_reports"), key=lambda r: (r["period"], r["version"])):
        latest[report["project"]] = report["percents"]
    return {
        project: _deviation(plans.get(project), percents, inclusive) for project, percents in latest.items()
    }


def _deviation(
    plan: list[dict[str, Any]] | None, percents: dict[str, Decimal], inclusive: int
) -> Fraction | None:
    if plan is None:
        return None
    return sum(
        (Fraction(m["weight"]) * (Fraction(percents[m["code"]]) - _planned(m, inclusive)) for m in plan),
        Fraction(0),
    )


def _light(deviation: Fraction | None) -> str:
    if deviation is None:
        return "grey"
    if deviation < -30:
        return "red"
    return "yellow" if deviation <= -10 else "green"


@pytest.mark.parametrize("inclusive", [0, 1])
def test_lamps_are_41_10_4_1_however_days_are_counted(rows: Rows, inclusive: int) -> None:
    lights = Counter(_light(d) for d in _deviations(rows, inclusive).values())
    assert lights == {"green": 41, "yellow": 10, "red": 4, "grey": 1}


@pytest.mark.parametrize("inclusive", [0, 1])
def test_four_deviations_are_exact(rows: Rows, inclusive: int) -> None:
    found = set(_deviations(rows, inclusive).values())
    assert {Fraction(-99, 10), Fraction(-10), Fraction(-30), Fraction(-301, 10)} <= found


def test_no_other_project_stands_near_a_threshold(rows: Rows) -> None:
    exact = {Fraction(-99, 10), Fraction(-10), Fraction(-30), Fraction(-301, 10)}
    others = [d for d in _deviations(rows).values() if d is not None and d not in exact]
    assert min(min(abs(d + 10), abs(d + 30), abs(d)) for d in others) > 1


def test_first_version_of_the_corrected_report_would_have_been_yellow(rows: Rows) -> None:
    (corrected,) = [r["project"] for r in rows("progress_reports") if r["version"] == 2]
    (first,) = [r for r in rows("progress_reports")
                if r["project"] == corrected and r["period"] == "2025-10" and r["version"] == 1]  # fmt: skip
    (plan,) = [b["milestones"] for b in rows("baselines") if b["project"] == corrected]
    assert _light(_deviation(plan, first["percents"], 0)) == "yellow"
    assert _light(_deviations(rows)[corrected]) == "green"


def test_expected_figures_are_those_of_the_files(rows: Rows, expected: dict[str, Any]) -> None:
    stated = expected["lights"]["projects"]
    for project, deviation in _deviations(rows).items():
        assert stated[project]["light"] == _light(deviation)
        if deviation is not None:
            assert float(stated[project]["deviation"]) == pytest.approx(float(deviation), abs=1e-6)
    on_schedule = sum(d >= 0 for d in _deviations(rows).values() if d is not None)
    assert expected["lights"]["on_schedule"]["numerator"] == on_schedule
    assert expected["lights"]["on_schedule"]["denominator"] == 55


def test_element_packages_are_reported_as_their_elements_stand(rows: Rows, expected: dict[str, Any]) -> None:
    last = {r["project"]: r["percents"] for r in rows("progress_reports") if r["period"] == "2025-10"}
    for model in expected["element_packages"].values():
        for code, percent in model["packages"].items():
            assert abs(last[model["project"]][code] - percent) <= Decimal("0.05")
