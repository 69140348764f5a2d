"""Warning signals 预警 of the year and how fast they were answered; risk points and their rectification."""

from datetime import date, datetime, timedelta
from functools import cache
from math import exp
from statistics import NormalDist
from typing import Any

from twin.samples import cast
from twin.samples.district import AS_OF, PLAN_YEAR
from twin.samples.draw import apportion, choose, shuffled, stream, whole
from twin.samples.names import person
from twin.samples.projects import sample_projects

ANSWERED, OPEN = 44, 3
MEAN_MINUTES = 3_690  # 61.5 h
SIGMA = 0.59  # puts the 90th percentile near 110 h
ZONE = "+08:00"
REASONS = ("进度滞后计划", "投资完成率偏低", "安全隐患逾期未整改", "要素保障受阻", "扬尘噪声超标")
RISKS = (
    ("quality", "混凝土外观缺陷"),
    ("safety", "临边防护缺失"),
    ("safety", "脚手架连墙件不足"),
    ("environment", "裸土未覆盖"),
    ("quality", "回填压实度不足"),
    ("safety", "临时用电不规范"),
)
RISK_POINTS = 86


@cache
def signal_rows() -> tuple[dict[str, Any], ...]:
    """Return the rows of `signals.json`, by the time they were raised."""
    minutes: list[int | None] = [*_response_minutes(), *([None] * OPEN)]
    rng = stream("signals")
    raised = sorted(_moment(whole(rng, 0, 285), whole(rng, 480, 1080)) for _ in range(ANSWERED))
    raised += [_moment(300, 560), _moment(301, 615), _moment(302, 900)]
    return tuple(_signal(n, r, m) for n, (r, m) in enumerate(zip(raised, minutes, strict=True), start=1))


def _moment(days: int, minutes: int) -> datetime:
    return datetime(PLAN_YEAR, 1, 1) + timedelta(days=days, minutes=minutes)  # noqa: DTZ001 - local time, zone added in text


def _response_minutes() -> list[int]:
    quantiles = [NormalDist().inv_cdf((n + 0.5) / ANSWERED) for n in range(ANSWERED)]
    weights = [exp(SIGMA * q) for q in quantiles]
    return shuffled(stream("responses"), apportion(ANSWERED * MEAN_MINUTES, weights))


def _signal(n: int, raised: datetime, minutes: int | None) -> dict[str, Any]:
    rng = stream(f"signal:{n}")
    behind = (*cast.YELLOW, *cast.RED, *(k for k in cast.EXACT_DEVIATION if k != 5))
    index = choose(rng, behind)
    colour = "red" if index in (*cast.RED, 56) else "yellow"
    responded = raised + timedelta(minutes=minutes) if minutes is not None else None
    cleared = responded + timedelta(days=20) if responded and n % 3 and responded.month < 10 else None
    return {
        "id": f"S{n:03d}",
        "project": sample_projects()[index].code,
        "rule": "yinchuan-2025",
        "colour": colour,
        "reasons": [choose(rng, REASONS)],
        "raised_at": stamp(raised),
        "acknowledged_at": stamp(raised + timedelta(minutes=min(minutes, 240))) if minutes else None,
        "first_response_at": responded and stamp(responded),
        "cleared_at": cleared and stamp(cleared),
        "state": "raised" if minutes is None else "cleared" if cleared else "responded",
    }


def stamp(moment: datetime) -> str:
    """Return a local moment as RFC 3339 text."""
    return f"{moment.isoformat(timespec='seconds')}{ZONE}"


@cache
def risk_rows() -> tuple[dict[str, Any], ...]:
    """Return the rows of `risk_points.json`: 85 verified and closed, the last one overdue."""
    return tuple(_risk(n) for n in range(1, RISK_POINTS + 1))


def _risk(n: int) -> dict[str, Any]:
    rng = stream(f"risk:{n}")
    kind, title = choose(rng, RISKS)
    active = [p for p in sample_projects() if p.active]
    found = date(PLAN_YEAR, 1, 6) + timedelta(days=whole(rng, 0, 260))
    due = found + timedelta(days=choose(rng, (3, 7, 7, 15)))
    late = 2 if n % 17 == 0 else -1
    overdue = n == RISK_POINTS
    closed = None if overdue else due + timedelta(days=late)
    return {
        "id": f"R{n:03d}",
        "project": choose(rng, active).code,
        "kind": kind,
        "level": choose(rng, ("general", "general", "general", "major")),
        "title": title,
        "found_at": found.isoformat(),
        "due_at": due.isoformat(),
        "submitted_at": closed and (closed - timedelta(days=1)).isoformat(),
        "closed_at": closed and closed.isoformat(),
        "verified_by": None if overdue else person(whole(rng, 16, 19)),
        "state": "rectifying" if overdue else "closed",
        "overdue": overdue,
    }


def expected_signals() -> dict[str, Any]:
    """Return the response figures, in hours, over answered signals; open ones with their age."""
    rows = signal_rows()
    hours = sorted(_hours(r["raised_at"], r["first_response_at"]) for r in rows if r["first_response_at"])
    end = f"{AS_OF.isoformat()}T23:59:59{ZONE}"
    return {
        "signals": len(rows),
        "answered": len(hours),
        "mean_h": round(sum(hours) / len(hours), 6),
        "median_h": round((hours[21] + hours[22]) / 2, 4),
        "p90_nearest_rank_h": round(hours[39], 4),  # ceil(0.9 · 44) = 40th
        "within_72_h": {"numerator": sum(h <= 72 for h in hours), "denominator": len(hours)},
        "open": [
            {"id": r["id"], "age_h": round(_hours(r["raised_at"], end), 2)}
            for r in rows
            if not r["first_response_at"]
        ],
    }


def _hours(begin: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds() / 3600


def expected_risks() -> dict[str, Any]:
    """Return the rectification rates."""
    rows = risk_rows()
    closed = [r for r in rows if r["closed_at"]]
    on_time = [r for r in closed if r["closed_at"] <= r["due_at"]]
    return {
        "rectified": {
            "numerator": len(closed),
            "denominator": len(rows),
            "percent": round(100 * len(closed) / len(rows), 4),
        },
        "on_time": {
            "numerator": len(on_time),
            "denominator": len(rows),
            "percent": round(100 * len(on_time) / len(rows), 4),
        },
        "overdue": [r["id"] for r in rows if r["overdue"]],
    }
