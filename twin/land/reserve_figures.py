"""Figures of the reserve pool: land released by year, land available by use and size."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from gis.crs import MU_PER_M2
from twin.identity.agency import get_reporting_date
from twin.identity.caller import Caller
from twin.identity.visibility import bound, sight

BANDS_MU = (0, 20, 60, 150, 300)
"""Lower bounds of the size bands, 亩; the last is open."""


@dataclass(frozen=True)
class Area:
    """An area in the units of the field."""

    area_m2: float
    area_mu: float
    area_ha: float


@dataclass(frozen=True)
class ReleasedYear:
    """Idle land released in a year, with the parcels it consists of."""

    year: int
    count: int
    area: Area
    parcels: list[str]


@dataclass(frozen=True)
class Released:
    """Idle land released, by year, up to the reporting date."""

    as_of: date
    years: list[ReleasedYear]
    count: int
    area: Area


@dataclass(frozen=True)
class AvailableCell:
    """Parcels of one use and size; `from_mu` belongs to the band, `to_mu` does not and is None for the last."""

    planned_use: str | None
    land_class: str | None
    from_mu: float
    to_mu: float | None
    ready: int
    ready_area: Area
    coming: int
    coming_area: Area
    held: int
    held_area: Area


@dataclass(frozen=True)
class Availability:
    """What the pool has: ready now, coming (proposed, in the pool, being prepared), held for a project."""

    as_of: date
    cells: list[AvailableCell]
    ready: int
    ready_area: Area
    coming: int
    coming_area: Area
    held: int
    held_area: Area


def area_of(area_m2: float) -> Area:
    """Return an area in the units of the field.

    Examples
    --------
    >>> area_of(800_000.0)
    Area(area_m2=800000.0, area_mu=1200.0, area_ha=80.0)
    """
    return Area(round(area_m2, 2), round(area_m2 * MU_PER_M2, 4), round(area_m2 / 10_000, 4))


def list_released(session: Session, caller: Caller, year: int | None = None) -> Released:
    """Return the idle land released by year, of what the caller sees; a day after the reporting date does not count."""
    seen = sight(caller, "land:read")
    as_of = get_reporting_date(session)
    params = {**seen.condition.params, "as_of": as_of, "year": year or 0}
    sql = f"""SELECT extract(year FROM f.released_on)::int AS year, count(*) AS n, sum(f.area_m2) AS area_m2,
        array_agg(f.parcel_no ORDER BY f.parcel_no) AS parcels
      FROM layer_land_parcels(NULL) f
      WHERE ({seen.condition.sql}) AND f.released_on <= %(as_of)s::date
        AND (%(year)s = 0 OR extract(year FROM f.released_on) = %(year)s)
      GROUP BY 1 ORDER BY 1"""  # noqa: S608  our own text; every value is bound
    rows = session.execute(bound(sql, params), params).all()
    years = [ReleasedYear(row.year, row.n, area_of(row.area_m2), row.parcels) for row in rows]
    return Released(as_of, years, sum(row.n for row in rows), area_of(sum(row.area_m2 for row in rows)))


def list_availability(session: Session, caller: Caller, use: str = "") -> Availability:
    """Return the parcels of the pool by use and size, of what the caller sees.

    Parameters
    ----------
    use : str
        Narrows to a planned use that holds this text, or a land class that begins with it.
    """
    seen = sight(caller, "land:read")
    params = {**seen.condition.params, "use": use, "bands": [bound_mu / MU_PER_M2 for bound_mu in BANDS_MU]}
    sql = f"""SELECT f.planned_use, f.land_class, width_bucket(f.area_m2, %(bands)s::float8[]) AS band,
        {_counted("ready", "= 'ready'")}, {_counted("coming", "IN ('proposed', 'stored', 'preparing')")},
        {_counted("held", "= 'held'")}
      FROM layer_land_parcels(NULL) f
      WHERE ({seen.condition.sql}) AND f.state IN ('proposed', 'stored', 'preparing', 'ready', 'held')
        AND (%(use)s = '' OR strpos(coalesce(f.planned_use, ''), %(use)s) > 0 OR starts_with(f.land_class, %(use)s))
      GROUP BY 1, 2, 3 ORDER BY 2, 1, 3"""  # noqa: S608  our own text; every value is bound
    rows = session.execute(bound(sql, params), params).all()
    cells = [
        AvailableCell(
            row.planned_use,
            row.land_class,
            BANDS_MU[row.band - 1],
            BANDS_MU[row.band] if row.band < len(BANDS_MU) else None,
            row.ready,
            area_of(row.ready_m2),
            row.coming,
            area_of(row.coming_m2),
            row.held,
            area_of(row.held_m2),
        )
        for row in rows
    ]
    return Availability(
        get_reporting_date(session),
        cells,
        *_total(rows, "ready"),
        *_total(rows, "coming"),
        *_total(rows, "held"),
    )


def _total(rows: Sequence[Row[Any]], name: str) -> tuple[int, Area]:
    return sum(getattr(row, name) for row in rows), area_of(sum(getattr(row, f"{name}_m2") for row in rows))


def _counted(name: str, condition: str) -> str:
    kept = f"FILTER (WHERE f.state {condition})"
    return f"count(*) {kept} AS {name}, coalesce(sum(f.area_m2) {kept}, 0) AS {name}_m2"
