"""Counts and totals of the tables, counted again from the files."""

import csv
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import pytest

Rows = Callable[[str], list[dict[str, Any]]]


def test_sixty_projects_are_split_45_30_25_by_purpose(rows: Rows) -> None:
    purposes = Counter(p["purpose"] for p in rows("projects"))
    assert purposes == {"infrastructure": 27, "livelihood": 18, "industry": 15}


def test_stages_and_classes_are_as_specified(rows: Rows) -> None:
    projects = rows("projects")
    assert Counter(p["stage_name"] for p in projects) == {
        "立项": 1, "设计": 1, "招标": 1, "施工": 48, "验收": 8, "运营": 1,
    }  # fmt: skip
    assert Counter(p["category_name"] for p in projects) == {
        "交通路网": 15, "产业园区": 11, "市政设施": 12, "公共服务": 11, "水利生态": 7, "能源与数字基础": 4,
    }  # fmt: skip


def test_56_projects_under_construction_sum_to_8036_million(rows: Rows) -> None:
    active = [p for p in rows("projects") if p["stage"] in ("construction", "acceptance")]
    amounts = [p["investment_total_yuan"] for p in active]
    assert (len(amounts), sum(amounts)) == (56, 8_036_000_000)
    assert min(amounts) >= 15_000_000
    assert max(amounts) == 1_200_000_000


def test_flagship_has_three_blocks_that_sum_to_it(rows: Rows) -> None:
    (flagship,) = [p for p in rows("projects") if p["blocks"]]
    assert [b["name"] for b in flagship["blocks"]] == ["基础设施", "产业", "公共服务"]
    assert (
        sum(b["investment_yuan"] for b in flagship["blocks"])
        == flagship["investment_total_yuan"]
        == 1_200_000_000
    )


def test_some_projects_are_hidden_from_the_public(rows: Rows) -> None:
    assert Counter(p["public_visible"] for p in rows("projects")) == {True: 52, False: 8}


def test_current_stage_is_the_earliest_neither_done_nor_waived(rows: Rows) -> None:
    current: dict[str, str] = {}
    for stage in rows("stages"):
        if stage["state"] not in ("done", "waived"):
            current.setdefault(stage["project"], stage["stage"])
    assert current == {p["code"]: p["stage"] for p in rows("projects")}


def test_leaf_weights_sum_to_one_in_every_project(rows: Rows) -> None:
    sums: Counter[str] = Counter()
    for milestone in rows("milestones"):
        sums[milestone["project"]] += milestone["weight"] or 0
    assert set(sums.values()) == {Decimal(1)}
    assert len(sums) == 60


def test_parking_project_has_thirty_subtasks_with_monthly_targets(rows: Rows) -> None:
    plans = [m for b in rows("baselines") for m in b["milestones"] if m["monthly_targets"]]
    subtasks = [m for m in rows("milestones") if m["parent"]]
    assert len(plans) == len(subtasks) == 30
    assert len({m["project"] for m in subtasks}) == 1


def test_every_project_has_8_to_14_milestones_besides_subtasks(rows: Rows) -> None:
    counts = Counter(m["project"] for m in rows("milestones") if not m["parent"])
    assert all(8 <= n <= 14 for n in counts.values())
    assert 640 <= len(rows("milestones")) <= 670


def test_24_monthly_reports_per_active_project_but_two_missing_and_one_corrected(rows: Rows) -> None:
    reports = rows("progress_reports")
    latest = {(r["project"], r["period"]) for r in reports}
    assert len(latest) == 56 * 24 - 2
    assert [(r["period"], r["version"]) for r in reports if r["version"] > 1] == [("2025-10", 2)]


def test_percents_never_fall_from_one_month_to_the_next(rows: Rows) -> None:
    last: dict[tuple[str, str], Decimal] = {}
    # The highest version of a month counts; the wrong first one of the corrected report is meant to fall.
    newest = {
        (r["project"], r["period"]): r for r in sorted(rows("progress_reports"), key=lambda r: r["version"])
    }
    for _, report in sorted(newest.items()):
        for code, percent in report["percents"].items():
            assert percent >= last.get((report["project"], code), 0)
            last[report["project"], code] = percent


def test_year_to_date_investment_is_the_sum_of_the_months(rows: Rows, expected: dict[str, Any]) -> None:
    sums: Counter[tuple[str, str]] = Counter()
    gaps = expected["lights"]["missing_months"]["project"]
    for report in rows("progress_reports"):
        if report["version"] > 1 or report["project"] == gaps:
            continue
        key = (report["project"], report["period"][:4])
        sums[key] += report["investment_month_yuan"]
        started_before = report["period"] < "2024-01"
        assert started_before or report["investment_ytd_yuan"] == sums[key]


def test_cost_deviation_of_the_finished_works_is_two_point_six_percent(rows: Rows) -> None:
    settled = {f["project"]: f["amount_yuan"] for f in rows("funds") if f["kind"] == "settlement"}
    estimates = {p["code"]: p["approved_estimate_yuan"] for p in rows("projects") if p["code"] in settled}
    rates = [Decimal(settled[c] - estimates[c]) / estimates[c] * 100 for c in settled]
    assert sorted(float(r) for r in rates if r) == pytest.approx([-6.0, 2.4, 4.1], abs=1e-9)
    total = sum(abs(settled[c] - estimates[c]) for c in settled)
    assert 100 * total / sum(estimates.values()) == pytest.approx(2.6, abs=1e-6)


def test_money_from_above_and_loans_are_as_specified(rows: Rows) -> None:
    funds = rows("funds")
    above = [f["amount_yuan"] for f in funds
             if f["kind"] == "allotment" and f["source"] in ("central_budget", "special_bond")]  # fmt: skip
    loans = [f["amount_yuan"] for f in funds if f["kind"] == "loan"]
    assert (sum(above), sum(loans)) == (960_000_000, 1_520_000_000)
    assert all(f["amount_yuan"] > 0 for f in funds)
    assert max(f["dated"] for f in funds) <= "2025-10-31"


def test_payments_stay_within_their_contracts(rows: Rows) -> None:
    funds = rows("funds")
    contracts = {f["contract_no"]: f["amount_yuan"] for f in funds if f["kind"] == "contract"}
    paid: Counter[str] = Counter()
    for payment in (f for f in funds if f["kind"] == "payment"):
        paid[payment["contract_no"]] += payment["amount_yuan"]
    assert paid.keys() <= contracts.keys()
    assert all(paid[c] <= contracts[c] for c in paid)


def test_signals_were_answered_after_61_and_a_half_hours_on_average(rows: Rows) -> None:
    signals = rows("signals")
    hours = sorted(
        (
            datetime.fromisoformat(s["first_response_at"]) - datetime.fromisoformat(s["raised_at"])
        ).total_seconds()
        / 3600
        for s in signals
        if s["first_response_at"]
    )
    assert (len(signals), len(hours)) == (47, 44)
    assert sum(hours) / 44 == pytest.approx(61.5, abs=1e-9)
    assert hours[39] == pytest.approx(110, abs=2)  # the 40th of 44 is the 90th percentile
    assert median(hours) < 61.5


def test_85_of_86_risk_points_are_closed(rows: Rows) -> None:
    assert Counter(r["state"] for r in rows("risk_points")) == {"closed": 85, "rectifying": 1}


def test_every_state_and_side_move_of_orders_occurs(rows: Rows) -> None:
    orders = rows("orders")
    assert len(orders) == 60
    assert {o["state"] for o in orders} == {
        "drafted", "issued", "signed", "handling", "replied", "reviewed", "closed", "revoked",
    }  # fmt: skip
    moves = {e["move"] for o in orders for e in o["events"]}
    assert {"returned", "extension_requested", "extension_granted", "extension_refused"} <= moves
    assert all(o["events"] == sorted(o["events"], key=lambda e: e["at"]) for o in orders)


def test_issues_of_36_meetings_have_the_planned_pareto(rows: Rows) -> None:
    assert len(rows("meetings")) == 36
    assert Counter(i["type"] for i in rows("issues")) == {
        "quota": 151, "payment": 126, "eia": 101, "relocation": 76, "other": 50,
    }  # fmt: skip


def test_305_citizen_reports_by_channel_coordinates_and_adoption(rows: Rows) -> None:
    reports = rows("citizen_reports")
    assert Counter(r["channel"] for r in reports) == {"mini_app": 240, "hotline": 45, "open_day": 20}
    assert Counter(r["coord_type"] for r in reports) == {"gcj02": 183, "wgs84": 107, "bd09": 15}
    assert Counter(r["adoption"] for r in reports)["adopted"] == 244
    assert Counter(r["state"] for r in reports)["duplicate"] == 40
    assert sum(r["reopened"] for r in reports) == 6


def test_phones_come_from_the_invalid_range(rows: Rows) -> None:
    phones = [r["contact_phone"] for r in rows("citizen_reports") if r["contact_phone"]]
    phones += [p["phone"] for p in rows("people")]
    assert phones
    assert all(phone.startswith("100-0000-") for phone in phones)


def test_67_of_432_suggestions_are_adopted_with_a_reason(rows: Rows) -> None:
    suggestions = rows("suggestions")
    adopted = [s for s in suggestions if s["decision"] == "adopted"]
    assert (len(adopted), len(suggestions)) == (67, 432)
    assert all(s["reason"] for s in suggestions)
    assert any(s["built_on"] for s in adopted)


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf8", newline="") as stream:
        assert stream.readline().startswith("# synthetic: true")
        return list(csv.DictReader(stream))


def test_926_and_866_of_1000_answers_are_satisfied(folder: Path) -> None:
    answers = _csv(folder / "survey.csv")
    good = Counter(a["year"] for a in answers if a["grade"] in ("very_satisfied", "satisfied"))
    assert good == {"2025": 926, "2024": 866}
    assert Counter(a["year"] for a in answers) == {"2025": 1000, "2024": 1000}


def test_97_point_9_percent_of_valid_device_hours_keep_the_limit(folder: Path) -> None:
    levels: dict[tuple[str, str], list[float]] = {}
    readings = _csv(folder / "readings.csv")
    for r in readings:
        if r["la_flag"] == "N" and r["crc"] == "ok":
            levels.setdefault((r["device"], r["data_time"][:13]), []).append(float(r["la_db"]))
    valid = {key: values for key, values in levels.items() if len(values) >= 3}
    loudest = [max(values) > (55 if not 6 <= int(key[1][11:]) < 22 else 70) for key, values in valid.items()]
    softest = [min(values) > (55 if not 6 <= int(key[1][11:]) < 22 else 70) for key, values in valid.items()]
    assert (len(readings), len(valid), sum(loudest)) == (16_000, 4_000, 84)
    assert loudest == softest  # whatever mean is taken inside the hour, the verdict is the same


def test_every_device_day_has_at_least_18_valid_hours(folder: Path) -> None:
    hours: dict[tuple[str, str], Counter[str]] = {}
    for r in _csv(folder / "readings.csv"):
        if r["la_flag"] == "N" and r["crc"] == "ok":
            hours.setdefault((r["device"], r["data_time"][:10]), Counter())[r["data_time"][11:13]] += 1
    assert len(hours) == 24 * 7
    assert min(sum(n >= 3 for n in day.values()) for day in hours.values()) >= 18


def test_forty_people_hold_every_role_of_the_rights_matrix(rows: Rows) -> None:
    people = rows("people")
    assert len({p["name"] for p in people}) == 40
    assert {p["role"] for p in people} == {
        "director", "division", "planner", "task_force", "contractor", "site_supervisor", "evaluator",
        "department", "auditor",
    }  # fmt: skip


def test_finished_works_took_18_percent_less_time_and_the_industry_case_30(rows: Rows) -> None:
    def months(begin: str, end: str) -> int:
        return 12 * (int(end[:4]) - int(begin[:4])) + int(end[5:7]) - int(begin[5:7]) + 1

    finished = [p for p in rows("projects") if p["actual_finish"]]
    factors = {
        p["code"]: Decimal(months(p["actual_start"], p["actual_finish"]))
        / months(p["plan_start"], p["plan_finish"])
        for p in finished
    }
    assert 100 - 100 * sum(factors.values()) / len(factors) == pytest.approx(18, abs=Decimal("1e-20"))
    parks = [months(p["plan_start"], p["plan_finish"]) for p in rows("projects") if p["category"] == "02"]
    assert median(parks) == 20
    assert min(factors.values()) == Decimal("0.7")
