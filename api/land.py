"""`/api/v1/land`: the reserve pool 土地储备池."""

from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from api.deps import CallerDep, SessionDep
from twin.land.parcels import list_parcels

router: Final = APIRouter(prefix="/api/v1/land", tags=["land"])


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
