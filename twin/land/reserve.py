"""The reserve pool as a ledger 储备台账: one state after the other, with the dates that belong to it."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from twin.errors import InvalidInputError
from twin.identity.audit import record_audit
from twin.identity.caller import Caller
from twin.land.models import LandParcel
from twin.land.reserve_holds import end_by_supply
from twin.land.reserve_rows import audit_name, checked_day, grounds, lock_parcel
from twin.land.states import check_state_step


@dataclass(frozen=True)
class Move:
    """A step of a parcel's state.

    Attributes
    ----------
    day : date, optional
        When it took effect: the supply, the start of works, their completion; the reporting date without one.
    agreed_start : date, optional
        With `supplied`: when works are to begin, from where on the idle clock runs.
    """

    to: str
    reason: str
    day: date | None = None
    agreed_start: date | None = None


@dataclass(frozen=True)
class Moved:
    """A parcel's states after a move."""

    parcel_no: str
    state: str
    idle_state: str


def move_parcel(session: Session, caller: Caller, parcel_no: str, move: Move) -> Moved:
    """Move a parcel to its next state, with the reason; the dates that belong to the state follow.

    Raises
    ------
    UnauthenticatedError, ForbiddenError, NotFoundError
        See `lock_parcel`.
    MoveRefusedError
        The state may not follow upon the present one.
    InvalidInputError
        The day lies in the future or before what had to come first.
    """
    parcel = lock_parcel(session, caller, parcel_no)
    check_state_step(parcel.state, move.to)
    day = checked_day(session, move.day)
    before = {"state": parcel.state, "idle_state": parcel.idle_state}
    with grounds(session, move.reason, day):
        _take_state(session, caller, parcel, move, day)
    after = {"state": parcel.state, "idle_state": parcel.idle_state, "day": day.isoformat()}
    record_audit(session, caller, "land.move", audit_name(parcel), before, {**after, "reason": move.reason})
    return Moved(parcel.parcel_no, parcel.state, parcel.idle_state)


def _take_state(session: Session, caller: Caller, parcel: LandParcel, move: Move, day: date) -> None:
    if move.to == "supplied":
        _check_after(day, move.agreed_start, "agreed_start", "day")
        end_by_supply(session, caller.login, parcel)
        parcel.supply_date, parcel.agreed_start, parcel.kind = day, move.agreed_start, "supplied"
        parcel.started_on = parcel.stopped_on = parcel.built_share = parcel.invested_share = None
        parcel.released_on = None
        parcel.idle_state = "none"  # a new supply, a new clock; what was before stands in the history
    elif move.agreed_start is not None:
        raise InvalidInputError(
            "agreed_start is given with the supply; later it is changed among the facts of the parcel.",
            "约定动工日期在供应时填报；此后请在地块事实中修改。",
            where="agreed_start",
        )
    if move.to == "started":
        _check_after(parcel.supply_date, day, "day", "supply_date")
        parcel.started_on = day
    if move.to == "completed":
        _check_after(parcel.started_on, day, "day", "started_on")
        parcel.stopped_on = None
    parcel.state = move.to


def _check_after(first: date | None, second: date | None, name: str, first_name: str) -> None:
    if first is not None and second is not None and second < first:
        raise InvalidInputError(
            f"{name} {second} lies before {first_name} {first}.",
            f"{name} {second} 早于 {first_name} {first}。",
            where=name,
        )
