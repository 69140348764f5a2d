"""Idle land 闲置土地 in the ledger: what the tests say of parcels, what persons decide, and the clocks that stand."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, defer

from twin.errors import ConflictError, InvalidInputError, NotFoundError
from twin.identity.agency import get_reporting_date
from twin.identity.audit import record_audit
from twin.identity.caller import Caller
from twin.identity.rights import require
from twin.land.idle import (
    SUPPLIED_STATES,
    IdleAssessment,
    IdleFacts,
    IdleRule,
    Suspension,
    assess_idle,
)
from twin.land.models import LandParcel
from twin.land.reserve import Moved
from twin.land.reserve_clocks import add_span, list_suspensions
from twin.land.reserve_models import LandIdleRule, LandTransition
from twin.land.reserve_rows import READ, audit_name, checked_day, get_parcel, grounds, lock_parcel
from twin.land.states import check_idle_step

WORK_FACTS: Final = (
    "supply_date",
    "agreed_start",
    "started_on",
    "stopped_on",
    "built_share",
    "invested_share",
)


@dataclass(frozen=True)
class ParcelIdle:
    """A parcel, its idle state as persons decided it, and what the tests say."""

    parcel_no: str
    name: str | None
    area_m2: float
    state: str
    idle_state: str
    assessment: IdleAssessment


@dataclass(frozen=True)
class IdleMove:
    """A person's decision on idle land.

    Attributes
    ----------
    disposal : str, optional
        With `disposed`: `fee`, `extended`, `recovered` or `released`.
    agreed_start : date, optional
        With `extended`: the new day by which works begin, or go on.
    """

    to: str
    reason: str
    day: date | None = None
    disposal: str | None = None
    agreed_start: date | None = None


def get_rule(session: Session, as_of: date) -> IdleRule:
    """Return the thresholds in force on a day.

    Raises
    ------
    NotFoundError
        No rule was in force then.
    """
    row = session.scalar(
        select(LandIdleRule)
        .where(
            LandIdleRule.valid_from <= as_of,
            or_(LandIdleRule.valid_to.is_(None), LandIdleRule.valid_to > as_of),
        )
        .order_by(LandIdleRule.valid_from.desc())
        .limit(1)
    )
    if row is None:
        raise NotFoundError(
            f"No rule on idle land was in force on {as_of}; ask for a day since 2012-07-01.",
            f"{as_of} 没有生效的闲置土地认定规则；请查询 2012-07-01 以后的日期。",
        )
    return IdleRule(
        row.name,
        row.fee_years,
        row.recovery_years,
        row.built_share_least,
        row.invested_share_least,
        row.fee_percent,
        row.source,
    )


def assess_parcel(session: Session, caller: Caller, parcel_no: str, as_of: date | None = None) -> ParcelIdle:
    """Return what both tests say of a parcel on a day, the reporting date without one.

    Raises
    ------
    UnauthenticatedError, ForbiddenError
        The caller does not hold land:read.
    NotFoundError
        There is no such parcel.
    """
    require(caller, READ)
    return assess_all(session, [get_parcel(session, caller, parcel_no)], as_of)[0]


def list_idle(
    session: Session, caller: Caller, as_of: date | None = None, *, after: str = "", limit: int = 1_000
) -> list[ParcelIdle]:
    """Return what both tests say of parcels that are supplied and not complete, by number, behind the one named `after`.

    Raises
    ------
    UnauthenticatedError, ForbiddenError
        The caller does not hold land:read.
    """
    require(caller, READ)
    statement = (
        select(LandParcel)
        .where(LandParcel.state.in_(SUPPLIED_STATES), LandParcel.parcel_no > after)
        .options(defer(LandParcel.geom), defer(LandParcel.geom_survey))
        .order_by(LandParcel.parcel_no)
        .limit(limit)
    )
    return assess_all(session, list(session.scalars(statement)), as_of)


def assess_all(session: Session, parcels: Sequence[LandParcel], as_of: date | None) -> list[ParcelIdle]:
    """Return what both tests say of some parcels on a day, the reporting date without one."""
    day = as_of or get_reporting_date(session)
    rule = get_rule(session, day)
    clocks: dict[int, list[Suspension]] = {}
    for row in list_suspensions(session, [parcel.id for parcel in parcels]):
        clocks.setdefault(row.parcel_id, []).append(Suspension(row.starts_on, row.ends_on, row.cause))
    return [
        ParcelIdle(
            parcel.parcel_no,
            parcel.name,
            parcel.area_m2,
            parcel.state,
            parcel.idle_state,
            assess_idle(facts_of(parcel), clocks.get(parcel.id, []), rule, day),
        )
        for parcel in parcels
    ]


def facts_of(parcel: LandParcel) -> IdleFacts:
    """Return what the tests ask of a parcel."""
    return IdleFacts(
        parcel.state,
        parcel.supply_date,
        parcel.agreed_start,
        parcel.started_on,
        parcel.stopped_on,
        parcel.built_share,
        parcel.invested_share,
    )


def move_idle(session: Session, caller: Caller, parcel_no: str, move: IdleMove) -> Moved:
    """Record a person's decision on idle land, with what the tests said on that day.

    Disposal by `released` or `recovered` ends the supply: the parcel is ready, or in the pool, again.

    Raises
    ------
    UnauthenticatedError, ForbiddenError, NotFoundError
        See `lock_parcel`.
    MoveRefusedError
        The idle state may not follow upon the present one.
    ConflictError
        The parcel is not supplied, or is to be identified and neither test is met.
    InvalidInputError
        The way of disposal, or the day it asks for, is missing or wrong.
    """
    parcel = lock_parcel(session, caller, parcel_no)
    check_idle_step(parcel.idle_state, move.to)
    day = checked_day(session, move.day)
    found = assess_all(session, [parcel], day)[0].assessment
    _check_decision(session, parcel, move, found)
    before = {"state": parcel.state, "idle_state": parcel.idle_state}
    basis = {"assessment": asdict(found), "disposal": move.disposal}
    with grounds(session, move.reason, day, basis):
        parcel.idle_state = move.to
        if move.to == "disposed":
            dispose(session, parcel, move, day)
    after = {"state": parcel.state, "idle_state": parcel.idle_state, "disposal": move.disposal}
    record_audit(session, caller, "land.idle", audit_name(parcel), before, {**after, "reason": move.reason})
    return Moved(parcel.parcel_no, parcel.state, parcel.idle_state)


def _check_decision(session: Session, parcel: LandParcel, move: IdleMove, found: IdleAssessment) -> None:
    if parcel.state not in SUPPLIED_STATES:
        raise ConflictError(
            f"Parcel {parcel.parcel_no} is {parcel.state}; only land that was supplied can be idle.",
            f"地块 {parcel.parcel_no} 未供应；只有已供应土地适用闲置认定。",
        )
    if move.to == "identified" and found.idle is not True:
        said = [note for test in found.tests for note in test.reasons]
        raise ConflictError(
            f"Neither test of idle land is met on {found.as_of}: {' '.join(note.en for note in said)} "
            "Record the facts first if they are not complete.",
            f"截至 {found.as_of} 两项闲置标准均未满足：{''.join(note.zh for note in said)}如事实不全，请先填报。",
        )
    if parcel.idle_state == "disposed" and _last_disposal(session, parcel.id) not in ("fee", "extended"):
        raise ConflictError(
            f"Parcel {parcel.parcel_no} was disposed of for good; it can be idle again only after another supply.",
            f"地块 {parcel.parcel_no} 已处置完毕；再次供应后方可重新认定。",
        )
    _check_disposal(move)


def _check_disposal(move: IdleMove) -> None:
    if (move.to == "disposed") != (move.disposal is not None):
        raise InvalidInputError(
            "disposal (fee, extended, recovered or released) is given with disposed, and only then.",
            "处置方式（fee、extended、recovered、released）须且仅须在 disposed 时填报。",
            where="disposal",
        )
    if (move.disposal == "extended") != (move.agreed_start is not None):
        raise InvalidInputError(
            "agreed_start, the new day, is given with extended, and only then.",
            "新的动工日期 agreed_start 须且仅须在 extended 时填报。",
            where="agreed_start",
        )


def _last_disposal(session: Session, parcel_id: int) -> str | None:
    basis = session.scalar(
        select(LandTransition.basis)
        .where(
            LandTransition.parcel_id == parcel_id,
            LandTransition.axis == "idle",
            LandTransition.after == "disposed",
        )
        .order_by(LandTransition.id.desc())
        .limit(1)
    )
    found = (basis or {}).get("disposal")
    return str(found) if found else None


def dispose(session: Session, parcel: LandParcel, move: IdleMove, day: date) -> None:
    """Write what follows from a way of disposal."""
    if move.disposal == "extended" and move.agreed_start is not None:
        _extend(session, parcel, move.agreed_start, move.reason)
    elif move.disposal in ("recovered", "released"):
        parcel.state = "ready" if move.disposal == "released" else "stored"
        parcel.kind = "idle" if move.disposal == "released" else "reserve"
        parcel.released_on = day if move.disposal == "released" else None
        for name in WORK_FACTS:  # they belong to the supply that has ended; the transition keeps them
            setattr(parcel, name, None)


def _extend(session: Session, parcel: LandParcel, until: date, reason: str) -> None:
    """Start the clock anew: at the new agreed start, or for works that stopped by not counting the days until then."""
    since = parcel.stopped_on or parcel.agreed_start
    if since is not None and until <= since:
        raise InvalidInputError(
            f"agreed_start {until} does not lie after {since}.",
            f"新的动工日期 {until} 应晚于 {since}。",
            where="agreed_start",
        )
    if parcel.stopped_on is None:
        parcel.agreed_start = until
    else:
        add_span(session, parcel, parcel.stopped_on, until, "other", reason)
