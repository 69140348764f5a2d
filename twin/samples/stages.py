"""The six stages of every project, with their owners and time limits."""

from datetime import date, timedelta
from typing import Any

from twin.samples import cast
from twin.samples.district import STAGES, STAGES_ZH
from twin.samples.draw import stream, whole
from twin.samples.names import person
from twin.samples.projects import Project, sample_projects

WAIVED = 59  # a charging network on public car parks needs no design of its own
# Days before the planned start of works at which the early stages begin and end.
EARLY = {"initiation": (240, 151), "design": (150, 61), "tender": (60, 1)}


def stage_rows() -> list[dict[str, Any]]:
    """Return the rows of `stages.json`: six per project, in order."""
    return [_row(p, stage) for p in sample_projects() for stage in STAGES]


def _row(p: Project, stage: str) -> dict[str, Any]:
    begin, end = _planned(p, stage)
    state = _state(p, stage)
    started, finished = _actual(p, stage, state)
    rng = stream(f"stage:{p.index}:{stage}")
    return {
        "project": p.code,
        "stage": stage,
        "stage_name": STAGES_ZH[stage],
        "state": state,
        "responsible": person(whole(rng, 4, 27)),
        "plan_from": begin.isoformat(),
        "plan_to": end.isoformat(),
        "due_on": end.isoformat(),
        "started_on": started and started.isoformat(),
        "finished_on": finished and finished.isoformat(),
        "reason": "沿用既有公共停车场，不另行设计" if state == "waived" else None,
    }


def _planned(p: Project, stage: str) -> tuple[date, date]:
    if stage in EARLY:
        first, last = EARLY[stage]
        return p.plan_start - timedelta(days=first), p.plan_start - timedelta(days=last)
    if stage == "construction":
        return p.plan_start, p.plan_finish
    if stage == "acceptance":
        return p.plan_finish + timedelta(days=1), p.plan_finish + timedelta(days=60)
    return p.plan_finish + timedelta(days=61), p.plan_finish + timedelta(days=425)


def _state(p: Project, stage: str) -> str:
    if p.index == WAIVED and stage == "design":
        return "waived"
    here, current = STAGES.index(stage), STAGES.index(p.stage)
    if here < current:
        return "done"
    return "in_progress" if here == current else "not_started"


def _actual(p: Project, stage: str, state: str) -> tuple[date | None, date | None]:
    if state in ("not_started", "waived"):
        return None, None
    begin, end = _planned(p, stage)
    if stage == "construction":
        return p.actual_start, p.actual_finish
    if stage == "acceptance":
        handed = (p.actual_finish or end) + timedelta(days=5)
        return handed, handed + timedelta(days=50) if state == "done" else None
    if stage == "operation":
        return (p.actual_finish or begin) + timedelta(days=60), None
    late = timedelta(days=4 if p.index in cast.YELLOW else 0)
    return begin + late, end + late if state == "done" else None
