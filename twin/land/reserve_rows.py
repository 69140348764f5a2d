"""Parcels as the ledger reads and locks them, and the grounds that a transition is recorded with."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session, defer

from twin.errors import InvalidInputError, NotFoundError
from twin.identity.agency import AGENCY_ZONE, get_reporting_date
from twin.identity.caller import Caller
from twin.identity.rights import reach, require
from twin.land.models import LandParcel
from twin.land.reserve_models import LandChange, LandChangePart

READ = "land:read"
WRITE = "land:write"
_SET_GROUND = text("SELECT set_config('twin.ground', :ground, true)")


def lock_parcel(session: Session, caller: Caller, parcel_no: str) -> LandParcel:
    """Return a parcel that the caller may change, locked until the transaction ends; its outline is left out.

    Raises
    ------
    UnauthenticatedError, ForbiddenError
        The caller does not hold land:write.
    NotFoundError
        There is no such parcel, or not any more; the message says what became of it.
    """
    return lock_parcels(session, caller, [parcel_no])[0]


def lock_parcels(session: Session, caller: Caller, numbers: Sequence[str]) -> list[LandParcel]:
    """Return several parcels under a lock, in the order asked; locked by id, so that two of us never wait in a ring.

    Raises
    ------
    UnauthenticatedError, ForbiddenError, NotFoundError
        As for `lock_parcel`.
    """
    require(caller, WRITE)
    statement = (
        select(LandParcel)
        .where(LandParcel.parcel_no.in_(numbers))
        .options(defer(LandParcel.geom), defer(LandParcel.geom_survey))
        .order_by(LandParcel.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {parcel.parcel_no: parcel for parcel in session.scalars(statement)}
    for number in numbers:
        if number not in found:
            raise unknown_parcel(session, caller, number)
    return [found[number] for number in numbers]


def get_parcel(session: Session, caller: Caller, parcel_no: str) -> LandParcel:
    """Return a parcel that the caller sees.

    Raises
    ------
    NotFoundError
        There is none, not any more, or the caller may not see it.
    """
    light = [defer(LandParcel.geom), defer(LandParcel.geom_survey)]
    parcel = session.scalar(select(LandParcel).where(LandParcel.parcel_no == parcel_no).options(*light))
    if parcel is None or (reach(caller, READ) != "all" and not parcel.public_visible):
        raise unknown_parcel(session, caller, parcel_no)
    return parcel


def unknown_parcel(session: Session, caller: Caller, parcel_no: str) -> NotFoundError:
    """Return the error for a parcel that is not there; insiders learn what became of one that was."""
    heirs = list_heirs(session, parcel_no) if reach(caller, READ) == "all" else []
    if heirs:
        return NotFoundError(
            f"Parcel {parcel_no} was split or merged; it has become {', '.join(heirs)}.",
            f"地块 {parcel_no} 已分割或合并，现为 {'、'.join(heirs)}。",
        )
    return NotFoundError(
        f"There is no parcel {parcel_no} that you may see.", f"没有编号为 {parcel_no} 的地块，或您无权查看。"
    )


def list_heirs(session: Session, parcel_no: str) -> list[str]:
    """Return the numbers a parcel that was split or merged has become, by its last change."""
    last = (
        select(LandChangePart.change_id)
        .join(LandChange, LandChange.id == LandChangePart.change_id)
        .where(LandChangePart.parcel_no == parcel_no, LandChangePart.role == "before")
        .order_by(LandChange.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    after = select(LandChangePart.parcel_no).where(
        LandChangePart.change_id == last, LandChangePart.role == "after"
    )
    return list(session.scalars(after.order_by(LandChangePart.parcel_no)))


@contextmanager
def grounds(
    session: Session, reason: str | None, effective_on: date, basis: Mapping[str, Any] | None = None
) -> Iterator[None]:
    """Have the transitions written inside recorded with why, since when and on what figures."""
    ground = {"reason": reason, "effective_on": effective_on.isoformat(), "basis": basis}
    session.flush()
    session.execute(_SET_GROUND, {"ground": json.dumps(ground, ensure_ascii=False, default=plain)})
    yield
    session.flush()
    session.execute(_SET_GROUND, {"ground": ""})


def plain(value: Any) -> Any:
    """Return a value as JSON has it, for `json.dumps`."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON value")


def checked_day(session: Session, day: date | None, where: str = "day") -> date:
    """Return the day of a deed: the one given, else the reporting date.

    Raises
    ------
    InvalidInputError
        It lies in the future.
    """
    reporting = get_reporting_date(session)
    latest = max(reporting, datetime.now(AGENCY_ZONE).date())
    if day is not None and day > latest:
        raise InvalidInputError(
            f"{where} {day} lies in the future; the last day that can be recorded is {latest}.",
            f"{where} {day} 晚于今日；可登记的最晚日期为 {latest}。",
            where=where,
        )
    return day or reporting


def audit_name(parcel: LandParcel) -> str:
    """Return how the audit trail names a parcel."""
    return f"land_parcel {parcel.parcel_no}"
