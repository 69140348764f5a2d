"""Where a project stands after its models changed, told with the answer to the change."""

from datetime import date
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from twin.alerts.evaluate import evaluate_project
from twin.alerts.queries import find_active_rule_set
from twin.progress.record import record_project_state


class Standing(BaseModel):
    """Progress and light of a project as of the reporting date; percent."""

    code: str
    as_of: date
    progress: float | None
    planned_progress: float | None
    deviation: float | None
    light: str | None


def follow_up(session: Session, project_id: int, code: str) -> Standing:
    """Roll a project up and judge it, in the transaction of what changed."""
    state = record_project_state(session, project_id)
    active = find_active_rule_set(session)
    lights = {each.preset: each.light for each in evaluate_project(session, project_id, state)}
    return Standing(
        code=code,
        as_of=state.as_of,
        progress=_number(state.progress),
        planned_progress=_number(state.planned_progress),
        deviation=_number(state.deviation),
        light=lights.get(active.preset) if active else None,
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
