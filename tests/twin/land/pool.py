"""Parcels and callers of the ledger's tests; EPSG:4527, metres."""

from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.rows import square_wkt
from twin.identity import Caller
from twin.identity.agency import REPORTING_DATE, assign_setting

E, N = 39371200.0, 3671300.0
PLANNER = Caller(user_id=1, login="planner", display_name="规划科 李", roles=frozenset({"planner"}))
OTHER = Caller(user_id=2, login="planner2", display_name="规划科 王", roles=frozenset({"planner"}))
AUDITOR = Caller(user_id=3, login="auditor", roles=frozenset({"auditor"}))
DAY = date(2025, 10, 31)

_INSERT = text("""INSERT INTO land_parcel (parcel_no, name, kind, planned_use, land_class, state, idle_state,
    supply_date, agreed_start, started_on, stopped_on, built_share, invested_share, released_on, stated_area_m2,
    public_visible, source, source_crs, geom_survey, geom)
  SELECT :parcel_no, :name, :kind, :planned_use, :land_class, :state, :idle_state, :supply_date, :agreed_start,
    :started_on, :stopped_on, :built_share, :invested_share, :released_on, :stated_area_m2, :public_visible,
    'test', 'EPSG:4527', g, ST_Transform(ST_Segmentize(g, 500), 4490)
  FROM (SELECT ST_GeomFromText(:wkt, 4527) AS g) q RETURNING id""")
_NOTHING = dict.fromkeys(
    (
        "supply_date",
        "agreed_start",
        "started_on",
        "stopped_on",
        "built_share",
        "invested_share",
        "released_on",
    )
)


def add_parcel(session: Session, number: str = "CB-1", wkt: str | None = None, **given: Any) -> int:
    """Add a parcel, a square of 200 m unless an outline is given; return its id."""
    facts = {
        "name": "城北地块",
        "kind": "reserve",
        "planned_use": "工业用地",
        "land_class": "0601",
        "state": "ready",
        "idle_state": "none",
        "stated_area_m2": None,
        "public_visible": False,
        **_NOTHING,
        **given,
    }
    shape = wkt or square_wkt(E, N, E + 200, N + 200)
    return int(session.execute(_INSERT, {**facts, "parcel_no": number, "wkt": shape}).scalar_one())


def pin_day(session: Session, day: date = DAY) -> None:
    """Pin the reporting date."""
    assign_setting(session, REPORTING_DATE, day.isoformat())


def states(session: Session, number: str) -> tuple[str, str]:
    """Return a parcel's state and idle state as stored."""
    sql = text("SELECT state, idle_state FROM land_parcel WHERE parcel_no = :no")
    row = session.execute(sql, {"no": number}).one()
    return row.state, row.idle_state
