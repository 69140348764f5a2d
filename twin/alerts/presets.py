"""The rule sets shipped with the product. They become rows; evaluations read the rows, never this file."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from twin.alerts.models import LightRuleSet
from twin.errors import NotFoundError

GREY: dict[str, Any] = {"code": 0, "key": "grey", "zh": "未评", "en": "Not assessed", "colour": "#9aa3ad"}
GREEN_YELLOW_RED = [
    {"code": 1, "key": "green", "zh": "正常", "en": "On track", "colour": "#2e9e5b"},
    {"code": 2, "key": "yellow", "zh": "滞后", "en": "Lagging", "colour": "#e8b021"},
    {"code": 3, "key": "red", "zh": "严重滞后", "en": "Seriously lagging", "colour": "#d23b34"},
]

COMPOSITE: dict[str, Any] = {
    "preset": "composite",
    "title_zh": "综合评分（产品默认）",
    "title_en": "Composite score (product default)",
    "source": "worktwin",
    "levels": [*GREEN_YELLOW_RED, GREY],
    "rule": {
        "kind": "score",
        "needs_baseline": True,
        "weights": {
            "schedule": 40,
            "investment": 20,
            "quality": 10,
            "safety": 10,
            "environment": 10,
            "orders": 10,
        },
        "least": {"green": 85, "yellow": 70},
        # points ahead (+) or behind (−) the plan → score; straight lines between
        "schedule_score": [[-60, 0], [-30, 70], [-10, 85], [0, 100]],
        # percent of the investment that time wants → score
        "investment_score": [[0, 0], [60, 70], [80, 85], [100, 100]],
        "critical_days_red": 30,
        # before construction: whole months past the planned start
        "start_months": {"yellow": 1, "red": 3},
        "improves": {"kind": "held", "evaluations": 3, "hours": 24},
    },
}

YINCHUAN_2025: dict[str, Any] = {
    "preset": "yinchuan-2025",
    "title_zh": "银川亮灯机制（2025）",
    "title_en": "Yinchuan lamp mechanism (2025)",
    "source": "Yinchuan lamp mechanism, March 2025",
    "levels": [*GREEN_YELLOW_RED, GREY],
    "rule": {
        "kind": "thresholds",
        "needs_baseline": True,
        # below plan by 10–30 points, both ends included: yellow; by more than 30: red
        "deviation": {"yellow_from": 10, "red_above": 30},
        # a month past the planned start: yellow; three months: red
        "start_months": {"yellow": 1, "red": 3},
        # statistical entry late by a month: yellow; by two: red
        "report_months": {"yellow": 1, "red": 2},
        "improves": {"kind": "closed_period"},
    },
}

SHIPPED = (COMPOSITE, YINCHUAN_2025)


def add_shipped_presets(session: Session) -> None:
    """Add the shipped rule sets that are not stored yet; the composite one is active on a new database."""
    for preset in SHIPPED:
        stored = session.scalar(select(LightRuleSet).where(LightRuleSet.preset == preset["preset"]).limit(1))
        if stored is None:
            session.add(LightRuleSet(version=1, active=False, **preset))
    session.flush()
    if session.scalar(select(LightRuleSet).where(LightRuleSet.active)) is None:
        activate_preset(session, "composite")


def activate_preset(session: Session, preset: str) -> None:
    """Make a preset the one that maps and lists show.

    Raises
    ------
    NotFoundError
        No rule set of this name is in force.
    """
    chosen = session.scalar(select(LightRuleSet).where(LightRuleSet.preset == preset, LightRuleSet.in_force))
    if chosen is None:
        known = ", ".join(session.scalars(select(LightRuleSet.preset).where(LightRuleSet.in_force)))
        raise NotFoundError(
            f"There is no rule set {preset}; there are {known}.",
            f"没有预警规则 {preset}；可用规则：{known}。",
        )
    session.execute(update(LightRuleSet).where(LightRuleSet.active).values(active=False))
    session.flush()
    chosen.active = True
    session.flush()
