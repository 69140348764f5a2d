"""Take over a progress table of a model, whichever way it comes: rows, roll-up, light and trail in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from twin.alerts.evaluate import evaluate_project
from twin.alerts.queries import find_active_rule_set
from twin.elements.progress_rows import ProgressRow, Refused, check_rows
from twin.elements.progress_table import Table, address_rows
from twin.elements.queries import SeenModel
from twin.elements.record import Recorded, record_element_progress
from twin.errors import ConflictError, InvalidInputError
from twin.identity import Caller
from twin.identity.agency import AGENCY_ZONE, get_reporting_date
from twin.identity.audit import record_audit
from twin.identity.rights import require
from twin.progress.models import ProjectState
from twin.progress.record import record_project_state


@dataclass(frozen=True)
class Standing:
    """Where a project stands after the rows."""

    state: ProjectState
    light: str | None


@dataclass(frozen=True)
class Outcome:
    """What became of a table.

    Attributes
    ----------
    received : int
        Rows of the table.
    addressed : int
        Elements they address; a rule addresses several.
    """

    received: int
    addressed: int
    updated: int
    unchanged: int
    unmatched: list[tuple[str, str]]
    refused: list[Refused]
    standing: Standing


def report_table(session: Session, caller: Caller, seen: SeenModel, table: Table, source: str) -> Outcome:
    """Record a progress table of a model's current revision; project and light follow.

    Raises
    ------
    ForbiddenError, UnauthenticatedError
        The caller does not report progress of this project.
    ConflictError
        The model has no published revision.
    InvalidInputError
        The table has no rows, or too many.
    """
    require(caller, "progress:write", seen.row["project_id"])
    revision_id = seen.row["current_revision_id"]
    if revision_id is None:
        raise ConflictError(
            f"Model {seen.row['id']} has no published revision yet; ask its job.",
            f"模型 {seen.row['id']} 尚无已发布的版本；请查看其任务。",
        )
    if not table.rows:
        raise InvalidInputError("The table has no rows.", "表格没有数据行。")
    addressed = address_rows(session, revision_id, table)
    as_of = get_reporting_date(session)
    rows, refused = _checked(addressed.rows, addressed.places, as_of)
    done = record_element_progress(session, revision_id, rows, as_of, caller.login, source)
    outcome = Outcome(
        received=len(table.rows),
        addressed=len(addressed.rows),
        updated=done.updated,
        unchanged=done.unchanged,
        unmatched=[*addressed.unmatched, *done.unmatched],
        refused=[*addressed.refused, *refused, *done.refused],
        standing=stand(session, seen.row["project_id"]),
    )
    _audit(session, caller, seen.row["id"], outcome)
    return outcome


def report_rows(
    session: Session, caller: Caller, seen: SeenModel, rows: Sequence[ProgressRow], source: str
) -> Recorded:
    """Record rows that were checked before; project and light follow."""
    as_of = get_reporting_date(session)
    done = record_element_progress(
        session, seen.row["current_revision_id"], rows, as_of, caller.login, source
    )
    stand(session, seen.row["project_id"])
    return done


def stand(session: Session, project_id: int) -> Standing:
    """Roll a project up and judge it."""
    state = record_project_state(session, project_id)
    active = find_active_rule_set(session)
    lights = {each.preset: each.light for each in evaluate_project(session, project_id, state)}
    return Standing(state, lights.get(active.preset) if active else None)


def _checked(
    raw: Sequence[Any], places: Sequence[str], as_of: date
) -> tuple[list[ProgressRow], list[Refused]]:
    if not raw:
        return [], []
    return check_rows(raw, max(as_of, datetime.now(AGENCY_ZONE).date()), places)


def _audit(session: Session, caller: Caller, model_id: int, outcome: Outcome) -> None:
    counts = {
        "received": outcome.received,
        "updated": outcome.updated,
        "unchanged": outcome.unchanged,
        "unmatched": len(outcome.unmatched),
        "refused": len(outcome.refused),
    }
    record_audit(session, caller, "progress.record", f"model {model_id}", after=counts)
