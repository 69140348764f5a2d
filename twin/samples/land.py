"""The 80 parcels of the reserve pool 储备地块: planted ones, released ones, idle-land edge cases."""

import math
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

from twin.samples.cases import planted_cases
from twin.samples.draw import between, choose, stream
from twin.samples.footprints import cells_used
from twin.samples.layout import Cell, centre, free_cells
from twin.samples.plane import MultiPolygon, Point, ellipsoidal_area_m2, plane_area_m2
from twin.samples.shapes import box, l_shape, scaled, settled
from twin.samples.write import polygon_feature

PARCELS = 80
PER_CELL = 4
RELEASED = 20
RELEASED_TOTAL_M2 = 800_000.0  # 1200亩
QUARTERS = ((-380.0, -420.0), (380.0, -420.0), (-380.0, 420.0), (380.0, 420.0))


@dataclass(frozen=True)
class Parcel:
    """One parcel: its outline in EPSG:4527 and the facts that are not drawn."""

    number: int
    polygons: MultiPolygon
    part: str  # planted | released | idle | pool

    @property
    def parcel_no(self) -> str:
        """The number by which people know it."""
        return f"CB-2025-{self.number:03d}"


@cache
def sample_parcels() -> tuple[Parcel, ...]:
    """Return the parcels in number order."""
    planted = [shape for case in planted_cases() for shape in case.parcels]
    places = iter(_places())
    parcels = [Parcel(n, shape, "planted") for n, shape in enumerate(planted, start=1)]
    while len(parcels) < PARCELS:
        number = len(parcels) + 1
        part = _part(number - len(planted))
        parcels.append(Parcel(number, _outline(number, next(places), part), part))
    return tuple(_with_exact_release(parcels))


def _part(ordinal: int) -> str:
    if ordinal <= RELEASED:
        return "released"
    return "idle" if ordinal <= RELEASED + len(IDLE_CASES) else "pool"


def _places() -> list[Point]:
    return [(x + dx, y + dy) for x, y in (centre(cell) for cell in parcel_cells()) for dx, dy in QUARTERS]


def parcel_cells() -> list[Cell]:
    """Return the cells that hold parcels, four in each."""
    start = cells_used()
    return free_cells()[start : start + PARCELS // PER_CELL]


def _outline(number: int, place: Point, part: str) -> MultiPolygon:
    rng = stream(f"parcel:{number}")
    low, high = (170, 250) if part == "released" else (38, 270)
    width, height = round(between(rng, low, high)), round(between(rng, low, high))
    left, bottom = place[0] - width / 2, place[1] - height / 2
    kind = choose(rng, ("box", "box", "l", "hole"))
    if kind == "l":
        return [settled([l_shape(left, bottom, width, height, round(between(rng, 0.2, 0.5), 2))])]
    hole = (
        [box(left + width * 0.35, bottom + height * 0.4, width * 0.2, height * 0.2)] if kind == "hole" else []
    )
    return [settled([box(left, bottom, width, height), *hole])]


def _with_exact_release(parcels: list[Parcel]) -> list[Parcel]:
    """Scale the last released parcel so that all of them sum to 1200.00亩 on the ellipsoid."""
    released = [p for p in parcels if p.part == "released"]
    last = released[-1]
    others = sum(ellipsoidal_area_m2(p.polygons) for p in released[:-1])
    left, bottom = last.polygons[0][0][0]
    polygons = last.polygons
    for _ in range(4):
        factor = math.sqrt((RELEASED_TOTAL_M2 - others) / ellipsoidal_area_m2(polygons))
        polygons = [settled(p) for p in scaled(polygons, (left, bottom), factor)]
    return [replace(p, polygons=polygons) if p is last else p for p in parcels]


@dataclass(frozen=True)
class IdleCase:
    """Facts of one idle-land case and what the rule says of them at the reporting date."""

    title: str
    agreed_start: date
    started_on: date | None
    stopped_on: date | None
    built_share: float | None
    invested_share: float | None
    idle: bool
    consequence: str | None


def _waiting(title: str, agreed: date, consequence: str | None) -> IdleCase:
    return IdleCase(title, agreed, None, None, None, None, consequence is not None, consequence)


def _stopped(title: str, stopped: date, built: float, invested: float, *, idle: bool) -> IdleCase:
    facts = (date(2023, 6, 1), date(2023, 7, 1), stopped, built, invested)
    return IdleCase(title, *facts, idle, "fee" if idle else None)


LONG_STOPPED = date(2024, 9, 30)
IDLE_CASES: tuple[IdleCase, ...] = (
    _waiting("364 days past the agreed start", date(2024, 11, 1), None),
    _waiting("one year past the agreed start, to the day", date(2024, 10, 31), "fee"),
    _waiting("one year and a day past the agreed start", date(2024, 10, 30), "fee"),
    _waiting("one day short of two years", date(2023, 11, 1), "fee"),
    _waiting("two years past the agreed start, to the day", date(2023, 10, 31), "recovery"),
    _waiting("over two years past the agreed start", date(2023, 5, 1), "recovery"),
    _stopped("built 33 % < 1/3", LONG_STOPPED, 0.33, 0.3, idle=True),
    _stopped("built 34 % > 1/3, invested 30 %", LONG_STOPPED, 0.34, 0.3, idle=False),
    _stopped("invested 24.9 % < 25 %", LONG_STOPPED, 0.4, 0.249, idle=True),
    _stopped("invested 25 % exactly", LONG_STOPPED, 0.4, 0.25, idle=False),
    _stopped("stopped for less than a year", date(2024, 11, 15), 0.1, 0.1, idle=False),
    _stopped("stopped for one year, to the day", date(2024, 10, 31), 0.1, 0.1, idle=True),
)
STATES = ("proposed", "stored", "preparing", "ready", "held", "supplied", "started", "completed")
STATES_ZH = dict(
    zip(STATES, ("拟收储", "入库", "前期开发", "净地可供", "预留", "已供应", "已开工", "已竣工"), strict=True)
)
USES = (("工业用地", "0601"), ("物流仓储用地", "0604"), ("商服用地", "0501"), ("城镇住宅用地", "0701"))


def idle_case_of(parcel: Parcel) -> IdleCase | None:
    """Return the idle case a parcel plays, if any."""
    idle = [p.number for p in sample_parcels() if p.part == "idle"]
    return IDLE_CASES[idle.index(parcel.number)] if parcel.number in idle else None


def parcel_name(parcel: Parcel) -> str:
    """Return the parcel's name."""
    return f"储备地块{parcel.number:03d}号"


def parcel_features() -> list[dict[str, Any]]:
    """Return the features of `land_parcels.geojson`."""
    return [polygon_feature(p.parcel_no, p.polygons, _properties(p)) for p in sample_parcels()]


def _properties(p: Parcel) -> dict[str, Any]:
    rng = stream(f"parcel-facts:{p.number}")
    use, land_class = choose(rng, USES)
    idle_area = ellipsoidal_area_m2(p.polygons)
    return {
        "parcel_no": p.parcel_no,
        "name": parcel_name(p),
        "planned_use": use,
        "land_class": land_class,
        "stated_area_m2": round(idle_area, 2),
        "stated_plane_area_m2": round(plane_area_m2(p.polygons), 2),
        "public_visible": p.part != "planted" and p.number % 5 != 0,
        "sensitivity": "internal",
        "supply_date": None,
        **_idle_facts(p),
        **_state(p, choose(rng, STATES[:5])),
    }


def _idle_facts(p: Parcel) -> dict[str, Any]:
    case = idle_case_of(p)
    if case:
        return {
            "agreed_start": case.agreed_start.isoformat(),
            "started_on": case.started_on and case.started_on.isoformat(),
            "stopped_on": case.stopped_on and case.stopped_on.isoformat(),
            "built_share": case.built_share,
            "invested_share": case.invested_share,
            "supply_date": date(case.agreed_start.year - 1, case.agreed_start.month, 1).isoformat(),
        }
    return dict.fromkeys(("agreed_start", "started_on", "stopped_on", "built_share", "invested_share"))


def _state(p: Parcel, drawn: str) -> dict[str, Any]:
    released = p.part == "released"
    state = {"released": "ready", "idle": "supplied", "planted": "ready"}.get(p.part, drawn)
    if p.part == "idle" and "stopped" in _title(p):
        state = "started"
    return {
        "kind": {"released": "idle", "idle": "supplied"}.get(p.part, "reserve"),
        "state": state,
        "state_name": STATES_ZH[state],
        "idle_state": "disposed" if released else "none",
        "released_on": date(2025, 1 + p.number % 10, 15).isoformat() if released else None,
    }


def _title(p: Parcel) -> str:
    case = idle_case_of(p)
    return case.title if case else ""
