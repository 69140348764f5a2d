"""`/api/v1/land`: the reserve pool 土地储备池 — parcels, their states and history, figures of the pool."""

from datetime import date, datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from api.deps import CallerDep, SessionDep, StateDep
from api.land_moves import recorded
from twin.land.parcels import list_parcels
from twin.land.reserve import Move, Moved, move_parcel
from twin.land.reserve_card import ParcelCard, get_card
from twin.land.reserve_figures import Availability, Released, list_availability, list_released
from twin.land.reserve_history import ParcelHistory, get_history

router: Final = APIRouter(prefix="/api/v1/land", tags=["land"])
ParcelNo = Annotated[str, Path(max_length=100, description="地块编号 Parcel number")]


class ParcelAnswer(BaseModel):
    """A parcel; areas on the ellipsoid in m² and 亩."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    parcel_no: str
    name: str | None
    kind: str
    planned_use: str | None
    land_class: str | None
    state: str
    idle_state: str | None
    supply_date: date | None
    agreed_start: date | None
    released_on: date | None
    area_m2: float
    area_mu: float
    stated_area_m2: float | None
    updated_at: datetime


class ParcelsAnswer(BaseModel):
    """A page of parcels by number; `next` is what `after` continues with."""

    parcels: list[ParcelAnswer]
    next: str | None


class MoveBody(BaseModel):
    """A step of the state: to which, why, since when; with `supplied` also when works are to begin."""

    model_config = ConfigDict(extra="forbid")

    to: Literal["stored", "preparing", "ready", "held", "supplied", "started", "completed", "proposed"]
    reason: str = Field(min_length=1, max_length=500)
    day: date | None = None
    agreed_start: date | None = None


@router.get("/parcels", summary="储备地块 Reserve parcels")
def read_parcels(
    caller: CallerDep,
    session: SessionDep,
    state: Annotated[str, Query(max_length=40)] = "",
    kind: Annotated[str, Query(max_length=40)] = "",
    after: Annotated[str, Query(max_length=100)] = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> ParcelsAnswer:
    """List the parcels the caller sees: all with land:read, else the public ones with their public fields."""
    found = list_parcels(session, caller, state=state, kind=kind, after=after, limit=limit + 1)
    parcels = [ParcelAnswer.model_validate(parcel) for parcel in found[:limit]]
    return ParcelsAnswer(parcels=parcels, next=parcels[-1].parcel_no if len(found) > limit else None)


@router.get("/parcels/{parcel_no}", summary="地块 One parcel")
def read_parcel(parcel_no: ParcelNo, caller: CallerDep, session: SessionDep) -> ParcelCard:
    """Tell of one parcel; with land:read also its reservation, idle assessment, what may follow, where it came from."""
    return get_card(session, caller, parcel_no)


@router.get("/parcels/{parcel_no}/history", summary="地块历史 History of a parcel")
def read_history(parcel_no: ParcelNo, caller: CallerDep, session: SessionDep) -> ParcelHistory:
    """Tell what happened to a parcel, oldest first; also of one that was split or merged."""
    return get_history(session, caller, parcel_no)


@router.post("/parcels/{parcel_no}/transitions", status_code=201, summary="状态变更 Next state")
def post_transition(parcel_no: ParcelNo, body: MoveBody, caller: CallerDep, state: StateDep) -> Moved:
    """Move a parcel to its next state; what may not follow is refused with 409 and stands in the audit trail."""
    move = Move(**body.model_dump())
    return recorded(state, caller, parcel_no, lambda session: move_parcel(session, caller, parcel_no, move))


@router.get("/released", summary="盘活面积 Idle land released by year")
def read_released(
    caller: CallerDep, session: SessionDep, year: Annotated[int | None, Query(ge=1990, le=2999)] = None
) -> Released:
    """Sum up the idle land released by year, of what the caller sees."""
    return list_released(session, caller, year)


@router.get("/availability", summary="可供土地 What the pool has, by use and size")
def read_availability(
    caller: CallerDep, session: SessionDep, use: Annotated[str, Query(max_length=40)] = ""
) -> Availability:
    """Count what is ready, coming and held by use and size band, of what the caller sees."""
    return list_availability(session, caller, use)
