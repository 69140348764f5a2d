"""Days that do not count towards idle land 期限中止: recorded, ended, never removed."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from twin.errors import ConflictError, InvalidInputError, NotFoundError
from twin.identity.audit import record_audit
from twin.identity.caller import Caller
from twin.land.models import LandParcel
from twin.land.reserve_models import LandSuspension
from twin.land.reserve_rows import audit_name, lock_parcel


def list_suspensions(session: Session, parcel_ids: Sequence[int]) -> list[LandSuspension]:
    """List the spans that do not count of some parcels, in the order they were entered."""
    statement = select(LandSuspension).where(LandSuspension.parcel_id.in_(parcel_ids))
    return list(session.scalars(statement.order_by(LandSuspension.parcel_id, LandSuspension.number)))


def add_suspension(
    session: Session,
    caller: Caller,
    parcel_no: str,
    starts_on: date,
    ends_on: date | None,
    cause: str,
    reason: str,
) -> LandSuspension:
    """Record days that do not count, such as a delay by the government; without an end the clock stands.

    Raises
    ------
    UnauthenticatedError, ForbiddenError, NotFoundError
        See `lock_parcel`.
    InvalidInputError
        The end does not lie after the beginning.
    """
    parcel = lock_parcel(session, caller, parcel_no)
    row = add_span(session, parcel, starts_on, ends_on, cause, reason)
    record_audit(session, caller, "land.suspend", audit_name(parcel), after=_span(row))
    return row


def add_span(
    session: Session, parcel: LandParcel, starts_on: date, ends_on: date | None, cause: str, reason: str
) -> LandSuspension:
    """Add a span to a parcel that is locked.

    Raises
    ------
    InvalidInputError
        The end does not lie after the beginning.
    """
    _check_span(starts_on, ends_on)
    last = session.scalar(
        select(func.max(LandSuspension.number)).where(LandSuspension.parcel_id == parcel.id)
    )
    row = LandSuspension(
        parcel_id=parcel.id,
        parcel_no=parcel.parcel_no,
        number=(last or 0) + 1,
        starts_on=starts_on,
        ends_on=ends_on,
        cause=cause,
        reason=reason,
    )
    session.add(row)
    session.flush()
    return row


def end_suspension(
    session: Session, caller: Caller, parcel_no: str, number: int, ends_on: date
) -> LandSuspension:
    """Let the clock go on: from a day on time counts again.

    Raises
    ------
    UnauthenticatedError, ForbiddenError, NotFoundError
        See `lock_parcel`; also where the parcel has no such span.
    ConflictError
        The span has an end already; record another one.
    InvalidInputError
        The end does not lie after the beginning.
    """
    parcel = lock_parcel(session, caller, parcel_no)
    row = session.scalar(
        select(LandSuspension).where(LandSuspension.parcel_id == parcel.id, LandSuspension.number == number)
    )
    if row is None:
        raise NotFoundError(
            f"Parcel {parcel_no} has no suspension {number}.",
            f"地块 {parcel_no} 没有第 {number} 条中止记录。",
        )
    if row.ends_on is not None:
        raise ConflictError(
            f"Suspension {number} ended on {row.ends_on}; record another one.",
            f"第 {number} 条中止记录已于 {row.ends_on} 结束；请另行登记。",
        )
    _check_span(row.starts_on, ends_on)
    before = _span(row)
    row.ends_on = ends_on
    session.flush()
    record_audit(session, caller, "land.suspend", audit_name(parcel), before, _span(row))
    return row


def _check_span(starts_on: date, ends_on: date | None) -> None:
    if ends_on is not None and ends_on <= starts_on:
        raise InvalidInputError(
            f"The clock cannot go on on {ends_on}, it stands from {starts_on} on.",
            f"中止自 {starts_on} 起，恢复日期 {ends_on} 应晚于该日。",
            where="ends_on",
        )


def _span(row: LandSuspension) -> dict[str, Any]:
    ends = row.ends_on.isoformat() if row.ends_on else None
    return {
        "number": row.number,
        "starts_on": row.starts_on.isoformat(),
        "ends_on": ends,
        "cause": row.cause,
        "reason": row.reason,
    }
