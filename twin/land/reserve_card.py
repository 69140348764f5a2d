"""One parcel with all that a caller may know of it."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from gis.crs import MU_PER_M2
from twin.identity.caller import Caller
from twin.identity.rights import may, reach
from twin.land.idle import IdleAssessment
from twin.land.reserve_history import list_origins
from twin.land.reserve_holds import Reservation, find_holder
from twin.land.reserve_idle import assess_parcel
from twin.land.reserve_rows import READ, WRITE, get_parcel
from twin.land.states import Step, called, list_steps


@dataclass(frozen=True)
class Named:
    """A name in both languages."""

    zh: str
    en: str


@dataclass(frozen=True)
class Inside:
    """What only those with land:read learn of a parcel.

    Attributes
    ----------
    steps : list of Step
        What this caller may record next; a ready parcel may also be reserved.
    made_of : list of str
        Numbers of the parcels it was split from or merged of.
    """

    idle_state: str
    idle_state_name: Named
    agreed_start: date | None
    started_on: date | None
    stopped_on: date | None
    built_share: float | None
    invested_share: float | None
    reservation: Reservation | None
    idle: IdleAssessment
    steps: list[Step]
    may_reserve: bool
    made_of: list[str]


@dataclass(frozen=True)
class ParcelCard:
    """A parcel; areas on the ellipsoid. `inside` is None for who does not hold land:read."""

    id: int
    parcel_no: str
    name: str | None
    kind: str
    planned_use: str | None
    land_class: str | None
    state: str
    state_name: Named
    supply_date: date | None
    released_on: date | None
    area_m2: float
    area_mu: float
    stated_area_m2: float | None
    updated_at: datetime
    inside: Inside | None


def get_card(session: Session, caller: Caller, parcel_no: str) -> ParcelCard:
    """Return a parcel as the caller sees it.

    Raises
    ------
    NotFoundError
        There is none, not any more, or the caller may not see it.
    """
    parcel = get_parcel(session, caller, parcel_no)
    return ParcelCard(
        id=parcel.id,
        parcel_no=parcel.parcel_no,
        name=parcel.name,
        kind=parcel.kind,
        planned_use=parcel.planned_use,
        land_class=parcel.land_class,
        state=parcel.state,
        state_name=Named(*called(parcel.state)),
        supply_date=parcel.supply_date,
        released_on=parcel.released_on,
        area_m2=parcel.area_m2,
        area_mu=parcel.area_m2 * MU_PER_M2,
        stated_area_m2=parcel.stated_area_m2,
        updated_at=parcel.updated_at,
        inside=_inside(session, caller, parcel_no) if reach(caller, READ) == "all" else None,
    )


def _inside(session: Session, caller: Caller, parcel_no: str) -> Inside:
    parcel = get_parcel(session, caller, parcel_no)
    writes = may(caller, WRITE)
    return Inside(
        idle_state=parcel.idle_state,
        idle_state_name=Named(*called(parcel.idle_state)),
        agreed_start=parcel.agreed_start,
        started_on=parcel.started_on,
        stopped_on=parcel.stopped_on,
        built_share=None if parcel.built_share is None else float(parcel.built_share),
        invested_share=None if parcel.invested_share is None else float(parcel.invested_share),
        reservation=find_holder(session, parcel),
        idle=assess_parcel(session, caller, parcel_no).assessment,
        steps=list_steps(parcel.state, parcel.idle_state) if writes else [],
        may_reserve=writes and parcel.state == "ready",
        made_of=list_origins(session, parcel.id),
    )
