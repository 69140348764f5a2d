"""The rules that turn facts into a light 红黄绿灯, with reasons. Values in, values out (`domain.md` §8)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from twin.alerts.months import is_closing_day, months_between

BEFORE_CONSTRUCTION = ("initiation", "design", "tender")
UNDER_CONSTRUCTION = ("construction", "acceptance")
SEVERITY = {"grey": 0, "green": 1, "yellow": 2, "red": 3}


@dataclass(frozen=True)
class CriticalMilestone:
    """A critical node that is not finished though its baseline date has passed."""

    code: str
    name: str
    days_late: int


@dataclass(frozen=True)
class Inputs:
    """Everything a rule may look at, as of a day; percents 0–100, money in yuan."""

    as_of: date
    stage: str
    has_baseline: bool
    progress: Fraction | None = None
    planned: Fraction | None = None
    plan_start: date | None = None
    actual_start: date | None = None
    last_report_period: str | None = None
    investment_ytd_yuan: Fraction | None = None
    annual_plan_yuan: Fraction | None = None
    late_critical: tuple[CriticalMilestone, ...] = ()

    @property
    def deviation(self) -> Fraction | None:
        """P − PV in percentage points."""
        if self.progress is None or self.planned is None:
            return None
        return self.progress - self.planned


@dataclass(frozen=True)
class Reason:
    """One finding: the rule, the light it asks for and the numbers behind it."""

    rule: str
    light: str
    zh: str
    en: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What a rule set says of a project now, before hysteresis."""

    light: str
    score: Fraction | None
    reasons: tuple[Reason, ...]


def _worst(reasons: Sequence[Reason]) -> str:
    return max((reason.light for reason in reasons), key=SEVERITY.__getitem__)


def _number(value: Fraction) -> float:
    return round(float(value), 6)


def judge(rule: Mapping[str, Any], inputs: Inputs) -> Verdict:
    """Judge a project by one rule set.

    A project that is operated, or under construction without an approved baseline, is not assessed (grey).
    """
    if inputs.stage in UNDER_CONSTRUCTION and rule["needs_baseline"] and not inputs.has_baseline:
        return _grey("no_baseline", "没有批准的基线，不评定", "No approved baseline: not assessed")
    if inputs.stage not in (*BEFORE_CONSTRUCTION, *UNDER_CONSTRUCTION):
        return _grey("in_operation", "项目已投入运营，不评定", "In operation: not assessed")
    return _KINDS[rule["kind"]](rule, inputs)


def _grey(rule: str, zh: str, en: str) -> Verdict:
    return Verdict("grey", None, (Reason(rule, "grey", zh, en),))


def _by_thresholds(rule: Mapping[str, Any], inputs: Inputs) -> Verdict:
    if inputs.stage in BEFORE_CONSTRUCTION:
        reasons = [_start_reason(rule["start_months"], inputs)]
    else:
        reasons = [
            _deviation_reason(rule["deviation"], inputs),
            _report_reason(rule["report_months"], inputs),
        ]
    found = [reason for reason in reasons if reason is not None]
    if not found:
        return _grey("no_data", "没有可评定的数据", "Nothing to judge by")
    return Verdict(_worst(found), None, tuple(found))


def _deviation_reason(limits: Mapping[str, Any], inputs: Inputs) -> Reason | None:
    deviation = inputs.deviation
    if deviation is None:
        return None
    below = -deviation
    light = "green"
    if below > Fraction(str(limits["red_above"])):
        light = "red"
    elif below >= Fraction(str(limits["yellow_from"])):
        light = "yellow"
    shown = _number(deviation)
    return Reason(
        "deviation",
        light,
        f"进度偏差 {shown:+.2f} 个百分点（实际 {_number(inputs.progress or Fraction(0)):.2f}%）",
        f"Deviation {shown:+.2f} percentage points",
        {"deviation": shown, **limits},
    )


def _start_reason(limits: Mapping[str, Any], inputs: Inputs) -> Reason | None:
    if inputs.plan_start is None:
        return None
    late = 0 if inputs.actual_start else max(0, months_between(inputs.plan_start, inputs.as_of))
    light = "red" if late >= limits["red"] else "yellow" if late >= limits["yellow"] else "green"
    return Reason(
        "start",
        light,
        f"计划开工已过 {late} 个月" if late else "未到或按期开工",
        f"{late} whole months past the planned start" if late else "Start not due or on plan",
        {"months_late": late, **limits},
    )


def _report_reason(limits: Mapping[str, Any], inputs: Inputs) -> Reason | None:
    if inputs.last_report_period is None:
        return None
    wanted = _last_closed_period(inputs.as_of)
    late = max(0, _month_number(wanted) - _month_number(inputs.last_report_period))
    light = "red" if late >= limits["red"] else "yellow" if late >= limits["yellow"] else "green"
    return Reason(
        "report",
        light,
        f"统计入库迟报 {late} 个月" if late else "统计入库及时",
        f"Monthly report {late} months late" if late else "Monthly report in time",
        {"months_late": late, **limits},
    )


def _last_closed_period(as_of: date) -> str:
    closed = as_of if is_closing_day(as_of) else as_of.replace(day=1) - timedelta(days=1)
    return f"{closed:%Y-%m}"


def _month_number(period: str) -> int:
    year, month = period.split("-")
    return 12 * int(year) + int(month)


def interpolate(points: Sequence[Sequence[float]], x: Fraction) -> Fraction:
    """Return the value at x of straight lines through ascending points; flat beyond both ends.

    Examples
    --------
    >>> interpolate([[-10, 85], [0, 100]], Fraction(-5))
    Fraction(185, 2)
    """
    known = [(Fraction(str(a)), Fraction(str(b))) for a, b in points]
    if x <= known[0][0]:
        return known[0][1]
    for (x0, y0), (x1, y1) in pairwise(known):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return known[-1][1]


def _by_score(rule: Mapping[str, Any], inputs: Inputs) -> Verdict:
    if inputs.stage in BEFORE_CONSTRUCTION:
        reason = _start_reason(rule["start_months"], inputs)
        return (
            Verdict(reason.light, None, (reason,))
            if reason
            else _grey("no_data", "没有计划开工日期", "No planned start")
        )
    dimensions = {
        name: score
        for name, score in (
            ("schedule", _schedule_score(rule, inputs)),
            ("investment", _investment_score(rule, inputs)),
        )
        if score is not None
    }
    if not dimensions:
        return _grey("no_data", "没有可评分的数据", "Nothing to score")
    weights = {name: Fraction(str(rule["weights"][name])) for name in dimensions}
    total = sum(weights.values(), Fraction(0))
    score = sum((weights[name] * value for name, value in dimensions.items()), Fraction(0)) / total
    least = rule["least"]
    light = "green" if score >= least["green"] else "yellow" if score >= least["yellow"] else "red"
    reasons = [_score_reason(light, score, dimensions, weights, total), *_critical_reasons(rule, inputs)]
    return Verdict(_worst(reasons), score, tuple(reasons))


def _score_reason(
    light: str,
    score: Fraction,
    dimensions: Mapping[str, Fraction],
    weights: Mapping[str, Fraction],
    total: Fraction,
) -> Reason:
    parts = {
        name: {"score": _number(value), "weight_percent": _number(100 * weights[name] / total)}
        for name, value in dimensions.items()
    }
    return Reason(
        "score",
        light,
        f"综合得分 {_number(score):.1f}",
        f"Composite score {_number(score):.1f}",
        {"score": _number(score), "dimensions": parts},
    )


def _schedule_score(rule: Mapping[str, Any], inputs: Inputs) -> Fraction | None:
    return None if inputs.deviation is None else interpolate(rule["schedule_score"], inputs.deviation)


def _investment_score(rule: Mapping[str, Any], inputs: Inputs) -> Fraction | None:
    if inputs.investment_ytd_yuan is None or not inputs.annual_plan_yuan:
        return None
    completed = 100 * inputs.investment_ytd_yuan / inputs.annual_plan_yuan
    wanted = Fraction(100 * inputs.as_of.month, 12)
    return interpolate(rule["investment_score"], 100 * completed / wanted)


def _critical_reasons(rule: Mapping[str, Any], inputs: Inputs) -> list[Reason]:
    limit = rule["critical_days_red"]
    return [
        Reason(
            "critical_milestone",
            "red",
            f"关键节点 {late.code} {late.name} 逾期 {late.days_late} 天",
            f"Critical milestone {late.code} is {late.days_late} days late",
            {"code": late.code, "days_late": late.days_late, "limit_days": limit},
        )
        for late in inputs.late_critical
        if late.days_late > limit
    ]


_KINDS: dict[str, Callable[[Mapping[str, Any], Inputs], Verdict]] = {
    "thresholds": _by_thresholds,
    "score": _by_score,
}


@dataclass(frozen=True)
class Shown:
    """The light as shown, and how long a better result has been held back."""

    light: str
    held: int = 0
    held_since: datetime | None = None


def show(
    improves: Mapping[str, Any], outcome: str, before: Shown | None, as_of: date, now: datetime
) -> Shown:
    """Apply hysteresis: a light worsens at once and improves only when the better result has held.

    Parameters
    ----------
    improves : mapping
        ``{"kind": "held", "evaluations": n, "hours": h}`` or ``{"kind": "closed_period"}``: then it improves
        in an evaluation made for the closing day of a period.
    before : Shown or None
        What was shown last; None at the first evaluation.

    Notes
    -----
    Grey is neither better nor worse: a project that becomes assessable is shown as judged.
    """
    if before is None or "grey" in (outcome, before.light) or SEVERITY[outcome] >= SEVERITY[before.light]:
        return Shown(outcome)
    held, since = before.held + 1, before.held_since or now
    if improves["kind"] == "closed_period":
        return Shown(outcome) if is_closing_day(as_of) else Shown(before.light, held, since)
    if held >= improves["evaluations"] and now - since >= timedelta(hours=improves["hours"]):
        return Shown(outcome)
    return Shown(before.light, held, since)
