"""Write down what a project had reached as of a day; never over an older row."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy.orm import Session

from twin.identity.agency import get_reporting_date
from twin.progress.freeze import freeze_quantities
from twin.progress.models import ProjectState
from twin.progress.packages import UnitSum
from twin.progress.queries import Facts, find_state, get_facts, list_leaves, list_packages
from twin.progress.rollup import Part, roll_up

_MICRO = Decimal("0.000001")


def as_decimal(value: Fraction | None) -> Decimal | None:
    """Round an exact fraction to the six decimals that are stored.

    Examples
    --------
    >>> as_decimal(Fraction(100, 3))
    Decimal('33.333333')
    """
    if value is None:
        return None
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(_MICRO, ROUND_HALF_EVEN)


def record_project_state(
    session: Session,
    project_id: int,
    as_of: date | None = None,
    facts: Facts | None = None,
    recorded_at: datetime | None = None,
) -> ProjectState:
    """Roll a project up and add the result, unless the newest row of that day already says the same.

    Before the present is rolled up, the quantities of revisions that are new are frozen (`freeze_quantities`).

    Parameters
    ----------
    as_of : date, optional
        The reporting date 统计基准日 by default.
    facts : Facts, optional
        Read before, when many days are recorded at once.
    recorded_at : datetime, optional
        When it became known; now by default.
    """
    day = as_of or get_reporting_date(session)
    if as_of is None:
        freeze_quantities(session, project_id, day)
    known = facts or get_facts(session, project_id)
    plan = known.plan_at(day)
    packages = list_packages(session, project_id, day, plan.baseline_id if plan else None)
    state = make_state(known, packages, day, recorded_at)
    newest = find_state(session, project_id, day)
    if newest is not None and newest.as_of == day and _same(newest, state):
        return newest
    session.add(state)
    session.flush()
    return state


def make_state(
    facts: Facts, packages: Mapping[int, list[UnitSum]], day: date, recorded_at: datetime | None = None
) -> ProjectState:
    """Return the row that says what a project had reached as of a day; nothing is written."""
    leaves, baseline_id = list_leaves(facts, packages, day)
    result = roll_up(leaves, day)
    state = ProjectState(
        project_id=facts.project_id,
        as_of=day,
        progress=as_decimal(result.progress),
        planned_progress=as_decimal(result.planned) if baseline_id else None,
        deviation=as_decimal(result.deviation) if baseline_id else None,
        weight_basis=result.basis,
        coverage=as_decimal(result.coverage),
        baseline_id=baseline_id,
        parts=[_part(part) for part in result.parts],
    )
    if recorded_at is not None:
        state.recorded_at = recorded_at
    return state


def _same(one: ProjectState, other: ProjectState) -> bool:
    fields = ("progress", "planned_progress", "coverage", "baseline_id", "weight_basis", "parts")
    return all(getattr(one, name) == getattr(other, name) for name in fields)


def _part(part: Part) -> dict[str, Any]:
    return {
        "code": part.code,
        "name": part.name,
        "share": float(as_decimal(part.share) or 0),
        "percent": float(as_decimal(part.percent) or 0),
        "planned": None if part.planned is None else float(as_decimal(part.planned) or 0),
        "evidence": part.evidence,
        "critical": part.critical,
        "finish": part.finish.isoformat() if part.finish else None,
        "coverage": float(as_decimal(part.coverage) or 0),
    }
