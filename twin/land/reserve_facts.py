"""Facts of the works on a parcel, which the tests of idle land ask for."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from sqlalchemy.orm import Session

from twin.errors import InvalidInputError
from twin.identity.audit import record_audit
from twin.identity.caller import Caller
from twin.land.models import LandParcel
from twin.land.reserve_idle import ParcelIdle, assess_all
from twin.land.reserve_rows import audit_name, checked_day, lock_parcel


def edit_facts(
    session: Session, caller: Caller, parcel_no: str, changes: Mapping[str, Any], reason: str
) -> ParcelIdle:
    """Record facts that the tests ask for; what is not named stays, null empties. Returns what the tests now say.

    Parameters
    ----------
    changes : mapping
        Any of `WORK_FACTS`; days, and shares of 1.

    Raises
    ------
    UnauthenticatedError, ForbiddenError, NotFoundError
        See `lock_parcel`.
    InvalidInputError
        The days contradict each other or the state, or lie in the future.
    """
    parcel = lock_parcel(session, caller, parcel_no)
    before = {name: getattr(parcel, name) for name in changes}
    for name in changes.keys() - {"agreed_start"}:
        if isinstance(changes[name], date):
            checked_day(session, changes[name], name)
    for name, value in changes.items():
        setattr(parcel, name, Decimal(str(value)) if isinstance(value, float | int) else value)
    _check_facts(parcel)
    session.flush()
    named = {name: _plain(getattr(parcel, name)) for name in changes}
    was = {name: _plain(value) for name, value in before.items()}
    record_audit(session, caller, "land.facts", audit_name(parcel), was, {**named, "reason": reason})
    return assess_all(session, [parcel], None)[0]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else float(value) if value is not None else None


def _check_facts(parcel: LandParcel) -> None:
    order = ("supply_date", "started_on", "stopped_on")
    known = [(name, getattr(parcel, name)) for name in order if getattr(parcel, name) is not None]
    for (first, early), (second, late) in pairwise(known):
        if late < early:
            raise InvalidInputError(
                f"{second} {late} lies before {first} {early}.",
                f"{second} {late} 早于 {first} {early}。",
                where=second,
            )
    if parcel.started_on is not None and parcel.state not in ("started", "completed"):
        raise InvalidInputError(
            "The start of works is recorded by moving the parcel to started.",
            "动工日期请通过将地块状态变更为“已开工”登记。",
            where="started_on",
        )
    if parcel.stopped_on is not None and parcel.state != "started":
        raise InvalidInputError(
            "Only works that have begun and are not complete can stop; move the parcel to started first.",
            "只有已开工未竣工的地块可登记中止；请先变更为“已开工”。",
            where="stopped_on",
        )
