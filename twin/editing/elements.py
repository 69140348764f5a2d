"""Elements of a model: their status and progress, by the same way as a progress table."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin.editing.change import Change
from twin.editing.rows import Row
from twin.editing.together import follow_up
from twin.editing.values import Values
from twin.elements.models import BimModel, ElementIdentity
from twin.elements.progress_rows import Refused, check_rows
from twin.elements.record import record_element_progress
from twin.errors import ConflictError, InvalidInputError
from twin.identity import Caller
from twin.identity.agency import AGENCY_ZONE, get_reporting_date

SOURCE: Final = "map"


def lock_element(session: Session, feature_id: int) -> bool:
    """Lock an element until the transaction ends; say whether it is there."""
    return session.get(ElementIdentity, feature_id, with_for_update=True, populate_existing=True) is not None


def edit_element(session: Session, caller: Caller, row: Row, change: Change) -> None:
    """Record what is reported of an element; the project's progress and light follow in the same transaction.

    Raises
    ------
    ConflictError
        The element was there before the works; nothing is reported of it.
    InvalidInputError
        Status, percent and dates contradict each other or what is known, or a date is to be taken back.
    """
    if row.values["status"] == "existing":
        raise ConflictError(
            f"Element {row.values['global_id']} was there before the works; no progress is reported of it.",
            f"构件 {row.values['global_id']} 为既有构件，不填报进度。",
        )
    identity = session.get_one(ElementIdentity, row.id)
    revision_id = session.scalars(
        select(BimModel.current_revision_id).where(BimModel.id == identity.model_id)
    ).one()
    as_of = get_reporting_date(session)
    latest = max(as_of, datetime.now(AGENCY_ZONE).date())
    rows, refused = check_rows([reported(row.values, change)], latest=latest)
    if rows and revision_id is not None:
        done = record_element_progress(session, revision_id, rows, as_of, caller.login, source=SOURCE)
        refused = [*refused, *done.refused]
    if refused:
        raise _refused(refused[0])
    session.refresh(identity)
    _check_emptied(identity, change.new)
    if row.project_id is not None:
        follow_up(session, row.project_id)


def reported(present: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """Return the row of a progress table that says what has changed, and leaves the rest to follow from it.

    Clients send both status and percent back though only one was edited: the other is left out where it no longer
    agrees, so that 100 % brings `done` with it, and `done` 100 %.

    Examples
    --------
    >>> from datetime import date
    >>> present = {"global_id": "X", "status": "in_progress", "progress": 40.0}
    >>> reported(present, Change({"status": "in_progress", "progress": 100}, {"progress": 100}, None))
    {'global_id': 'X#1', 'percent': 100}
    >>> reported(present, Change({}, {"actual_start": date(2025, 3, 1)}, None))["percent"]
    40.0
    """
    said = {name: change.sent[name] for name in ("status", "progress") if name in change.sent}
    if not said.keys() & change.new.keys():
        said = {"status": present["status"], "progress": present["progress"]}
    elif len(said) == 2 and not _agree(**said):
        said = {name: value for name, value in said.items() if name in change.new}
    # `X#1` is the first element of this GlobalId, whether or not others share it.
    row: dict[str, Any] = {"global_id": f"{present['global_id']}#1"}
    row |= {"percent" if name == "progress" else name: value for name, value in said.items()}
    dates = {name: change.new.get(name) for name in ("actual_start", "actual_finish")}
    return {**row, **{name: value for name, value in dates.items() if value is not None}}


def _agree(status: str, progress: float) -> bool:
    return {"not_started": progress == 0, "done": progress == 100}.get(status, progress < 100)


def element_name(values: Mapping[str, Any]) -> str:
    """Return how the audit trail names an element."""
    return f"bim_element {values['model_id']} {values['global_id']}"


def _refused(fault: Refused) -> InvalidInputError:
    return InvalidInputError(
        f"{fault.global_id.removesuffix('#1')}: {fault.en}",
        f"{fault.global_id.removesuffix('#1')}：{fault.zh}",
        where="properties",
    )


def _check_emptied(identity: ElementIdentity, changes: Values) -> None:
    for name in ("actual_start", "actual_finish"):
        if name in changes and changes[name] is None and getattr(identity, name) is not None:
            raise InvalidInputError(
                f"{name} is known ({getattr(identity, name)}) and cannot be taken back at this status; correct the "
                "date, or set the status back.",
                f"{name} 已填报（{getattr(identity, name)}），当前状态下不能清空；请更正日期，或先调整状态。",
                where=f"properties.{name}",
            )
