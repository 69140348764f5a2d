"""The reserve pool 土地储备池 as a caller sees it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from twin.identity.caller import Caller
from twin.identity.visibility import bound, sight


@dataclass(frozen=True)
class Parcel:
    """A parcel of the reserve pool; areas on the ellipsoid, 1 亩 = 2000/3 m²."""

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


_INTERNAL = ("idle_state", "agreed_start")


def list_parcels(
    session: Session,
    caller: Caller,
    *,
    state: str = "",
    kind: str = "",
    after: str = "",
    limit: int = 1_000,
) -> list[Parcel]:
    """List the parcels that the caller sees, by number, behind the one named `after`."""
    seen = sight(caller, "land:read")
    params: dict[str, Any] = {
        **seen.condition.params,
        "state": state,
        "kind": kind,
        "after": after,
        "limit": limit,
    }
    sql = f"""SELECT f.id, f.parcel_no, f.name, f.kind, f.planned_use, f.land_class, f.state, f.idle_state,
        f.supply_date, f.agreed_start, f.released_on, f.area_m2, f.area_mu, f.stated_area_m2, f.updated_at
      FROM layer_land_parcels(NULL) f
      WHERE ({seen.condition.sql}) AND (%(state)s = '' OR f.state = %(state)s)
        AND (%(kind)s = '' OR f.kind = %(kind)s) AND f.parcel_no > %(after)s
      ORDER BY f.parcel_no LIMIT %(limit)s"""  # noqa: S608  our own text; every value is bound
    hidden = {} if seen.internal_fields else dict.fromkeys(_INTERNAL)
    return [Parcel(**{**row._mapping, **hidden}) for row in session.execute(bound(sql, params), params)]
