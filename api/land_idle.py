"""Idle land 闲置土地 over HTTP: what the tests say, what persons decide, the facts and the clocks."""

from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from api.deps import CallerDep, SessionDep, StateDep
from api.land import ParcelNo
from api.land_moves import recorded
from twin.land.reserve import Moved
from twin.land.reserve_clocks import add_suspension, end_suspension
from twin.land.reserve_facts import edit_facts
from twin.land.reserve_idle import IdleMove, ParcelIdle, assess_parcel, list_idle, move_idle

router: Final = APIRouter(prefix="/api/v1/land", tags=["land"])
Reason = Annotated[str, Field(min_length=1, max_length=500)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
AsOf = Annotated[date | None, Query(description="The reporting date without one")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class IdleAnswer(BaseModel):
    """What both tests say of the parcels that are supplied and not complete; `next` is what `after` continues with."""

    parcels: list[ParcelIdle]
    next: str | None


class IdleMoveBody(_Body):
    """A person's decision; `disposal` with disposed, `agreed_start` with extended."""

    to: Literal["none", "suspected", "identified", "disposed"]
    reason: Reason
    day: date | None = None
    disposal: Literal["fee", "extended", "recovered", "released"] | None = None
    agreed_start: date | None = None


class FactsBody(_Body):
    """What changes of the facts; null empties. Shares of 1."""

    reason: Reason
    supply_date: date | None = None
    agreed_start: date | None = None
    started_on: date | None = None
    stopped_on: date | None = None
    built_share: Share | None = None
    invested_share: Share | None = None


class SuspensionBody(_Body):
    """Days that do not count: from `starts_on` to the day before `ends_on`; without an end the clock stands."""

    starts_on: date
    ends_on: date | None = None
    cause: Literal["government", "force_majeure", "court", "other"]
    reason: Reason


class EndBody(_Body):
    """The first day that counts again."""

    ends_on: date


class SuspensionAnswer(BaseModel):
    """A span that does not count."""

    model_config = ConfigDict(from_attributes=True)

    parcel_no: str
    number: int
    starts_on: date
    ends_on: date | None
    cause: str
    reason: str


@router.get("/idle", summary="闲置土地 Idle land")
def read_idle(
    caller: CallerDep,
    session: SessionDep,
    as_of: AsOf = None,
    after: Annotated[str, Query(max_length=100)] = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> IdleAnswer:
    """Run both legal tests over the supplied parcels, by number; the tests say, a person decides."""
    found = list_idle(session, caller, as_of, after=after, limit=limit + 1)
    more = found[limit - 1].parcel_no if len(found) > limit else None
    return IdleAnswer(parcels=found[:limit], next=more)


@router.get("/parcels/{parcel_no}/idle", summary="闲置认定依据 Idle tests of a parcel")
def read_parcel_idle(
    parcel_no: ParcelNo, caller: CallerDep, session: SessionDep, as_of: AsOf = None
) -> ParcelIdle:
    """Run both legal tests of one parcel on a day, with facts, thresholds, clocks and reasons."""
    return assess_parcel(session, caller, parcel_no, as_of)


@router.post("/parcels/{parcel_no}/idle", status_code=201, summary="闲置认定与处置 Decide on idle land")
def post_idle(parcel_no: ParcelNo, body: IdleMoveBody, caller: CallerDep, state: StateDep) -> Moved:
    """Record a decision, with what the tests said on that day; what may not follow is refused with 409."""
    move = IdleMove(**body.model_dump())
    return recorded(state, caller, parcel_no, lambda session: move_idle(session, caller, parcel_no, move))


@router.patch("/parcels/{parcel_no}/facts", summary="开发建设事实 Facts of the works")
def patch_facts(parcel_no: ParcelNo, body: FactsBody, caller: CallerDep, state: StateDep) -> ParcelIdle:
    """Record what the tests ask for; answers with what they now say."""
    changes: dict[str, Any] = body.model_dump(exclude={"reason"}, exclude_unset=True)
    return recorded(
        state, caller, parcel_no, lambda session: edit_facts(session, caller, parcel_no, changes, body.reason)
    )


@router.post("/parcels/{parcel_no}/suspensions", status_code=201, summary="期限中止 Days that do not count")
def post_suspension(
    parcel_no: ParcelNo, body: SuspensionBody, caller: CallerDep, state: StateDep
) -> SuspensionAnswer:
    """Record days that do not count towards idle land."""
    return recorded(
        state,
        caller,
        parcel_no,
        lambda session: SuspensionAnswer.model_validate(
            add_suspension(session, caller, parcel_no, **body.model_dump())
        ),
    )


@router.patch("/parcels/{parcel_no}/suspensions/{number}", summary="恢复计算 Let the clock go on")
def patch_suspension(
    parcel_no: ParcelNo,
    number: Annotated[int, Path(ge=1, le=1_000_000)],
    body: EndBody,
    caller: CallerDep,
    state: StateDep,
) -> SuspensionAnswer:
    """Say from which day on time counts again."""
    return recorded(
        state,
        caller,
        parcel_no,
        lambda session: SuspensionAnswer.model_validate(
            end_suspension(session, caller, parcel_no, number, body.ends_on)
        ),
    )
