"""Callers and shapes of the editing tests."""

from typing import Any

from shapely.geometry import MultiPolygon, Polygon, box

from gis.crs import parse_crs
from twin.editing import Feature
from twin.identity import Caller

PLANNER = Caller(user_id=1, login="planner", roles=frozenset({"planner"}))
DIVISION = Caller(user_id=2, login="division", roles=frozenset({"division"}))
AUDITOR = Caller(user_id=3, login="auditor", roles=frozenset({"auditor"}))
ZONE_39 = parse_crs("EPSG:4527")


def task_force(*projects: int) -> Caller:
    """Return the lead of some projects."""
    return Caller(user_id=4, login="lead", own_roles=frozenset({"task_force"}), own_projects=projects)


def field(east: float = 39371200.0, north: float = 3671300.0, side_m: float = 100.0) -> Polygon:
    """Return a square in EPSG:4527."""
    return box(east, north, east + side_m, north + side_m)


def parcel(number: str = "CB-2026-001", **given: Any) -> Feature:
    """Return a parcel as a planner draws it."""
    geometry: Polygon | MultiPolygon = given.pop("geometry", field())
    properties = {"parcel_no": number, "name": "城北一号", "kind": "reserve", "state": "stored", **given}
    return Feature(properties, geometry, ZONE_39)
