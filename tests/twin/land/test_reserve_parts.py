"""Splits, merges and partial releases: areas sum up, numbers are derived, nothing is lost but by another change.

A square of 200 m in EPSG:4527 near 115.6°E. Its ellipsoidal area is 39 983.7 m²: the plane is 4.1e-4 too large there.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, box
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.area import survey_area_m2
from gis.crs import parse_crs, transformer
from tests.rows import add_project, square_wkt
from tests.twin.land.pool import AUDITOR, PLANNER, E, N, add_parcel, pin_day
from twin.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from twin.identity.audit import list_events
from twin.land.reserve_clocks import add_suspension
from twin.land.reserve_figures import list_released
from twin.land.reserve_history import get_history
from twin.land.reserve_holds import reserve_parcel
from twin.land.reserve_idle import assess_parcel
from twin.land.reserve_parts import Split, merge_parcels, release_part, split_parcel
from twin.land.reserve_swap import Changed, Part

ZONE = parse_crs("EPSG:4527")
DEGREES = parse_crs("EPSG:4490")


@pytest.fixture(autouse=True)
def _pinned(session: Session) -> None:
    pin_day(session)


def cut(session: Session, number: str, *points: tuple[float, float], **given: Any) -> Changed:
    return split_parcel(session, PLANNER, number, Split("分宗", ZONE, LineString(points), **given))


def parts(session: Session, number: str, *shapes: Any, **given: Any) -> Changed:
    split = Split("分宗", ZONE, parts=[Part(shape, **given) for shape in shapes])
    return split_parcel(session, PLANNER, number, split)


def at_half(session: Session, number: str = "CB-1") -> Changed:
    return cut(session, number, (E + 50, N - 10), (E + 50, N + 210))


def survey(session: Session, number: str) -> Any:
    sql = text("SELECT ST_AsBinary(geom_survey) FROM land_parcel WHERE parcel_no = :no")
    return shapely.from_wkb(bytes(session.execute(sql, {"no": number}).scalar_one()))


def numbers(session: Session) -> list[str]:
    return list(session.scalars(text("SELECT parcel_no FROM land_parcel ORDER BY parcel_no")))


def area_m2(*shapes: Any) -> float:
    """The trapezoid formula of the survey, which is not what the database computes by."""
    return sum(survey_area_m2(transformer(4527, 4490).geometry(shape.segmentize(50))) for shape in shapes)


def test_a_line_splits_a_parcel_and_the_areas_of_the_parts_sum_to_the_whole(session: Session) -> None:
    add_parcel(session, supply_date=None, public_visible=True)
    done = at_half(session)
    assert [part.parcel_no for part in done.after] == ["CB-1-1", "CB-1-2"]
    west, east = box(E, N, E + 50, N + 200), box(E + 50, N, E + 200, N + 200)
    assert done.after[0].area_m2 == pytest.approx(area_m2(west), abs=0.001)
    assert done.after[1].area_m2 == pytest.approx(area_m2(east), abs=0.001)
    assert done.before[0].area_m2 == pytest.approx(area_m2(box(E, N, E + 200, N + 200)), abs=0.001)
    assert abs(done.difference_m2) < 0.001
    assert survey(session, "CB-1-1").equals(west)
    assert survey(session, "CB-1-2").equals(east)
    assert numbers(session) == ["CB-1-1", "CB-1-2"]
    rows = session.execute(text("SELECT * FROM land_parcel ORDER BY parcel_no")).all()
    assert [(row.state, row.planned_use, row.name, row.public_visible) for row in rows] == [
        ("ready", "工业用地", "城北地块-1", True),
        ("ready", "工业用地", "城北地块-2", True),
    ]


def test_parts_stand_from_north_west_to_south_east(session: Session) -> None:
    add_parcel(session)
    line = LineString([(E + 100, N - 1), (E + 100, N + 201)]).union(
        LineString([(E - 1, N + 100), (E + 201, N + 100)])
    )
    done = split_parcel(session, PLANNER, "CB-1", Split("四分", ZONE, line))
    assert [part.parcel_no for part in done.after] == [f"CB-1-{n}" for n in (1, 2, 3, 4)]
    corners = [survey(session, part.parcel_no).bounds[:2] for part in done.after]
    assert corners[0] == (E, N + 100)
    assert corners[3] == (E + 100, N)


def test_a_line_drawn_on_the_map_cuts_where_it_was_drawn(session: Session) -> None:
    add_parcel(session)
    ends = transformer(4527, 4490).geometry(LineString([(E + 50, N - 10), (E + 50, N + 210)]))
    done = split_parcel(session, PLANNER, "CB-1", Split("分宗", DEGREES, ends))
    # A straight line on the map is not quite one in the zone: 220 m bend by less than a millimetre.
    assert done.after[0].area_m2 == pytest.approx(area_m2(box(E, N, E + 50, N + 200)), abs=0.2)
    assert abs(done.difference_m2) < 0.01


def test_a_hole_and_two_pieces_survive_a_split(session: Session) -> None:
    ring = "({0} {1}, {2} {1}, {2} {3}, {0} {3}, {0} {1})"
    shell, hole, island = (
        ring.format(*b)
        for b in ((E, N, E + 200, N + 200), (E + 20, N + 20, E + 80, N + 80), (E + 300, N, E + 350, N + 50))
    )
    add_parcel(session, wkt=f"MULTIPOLYGON(({shell},{hole}),({island}))")
    done = cut(session, "CB-1", (E + 50, N - 10), (E + 50, N + 210))
    assert len(done.after) == 3
    assert sum(part.area_m2 for part in done.after) == pytest.approx(done.before[0].area_m2, abs=0.01)
    west = box(E, N, E + 50, N + 200).difference(box(E + 20, N + 20, E + 80, N + 80))
    assert survey(session, "CB-1-1").equals(west)


@pytest.mark.parametrize(
    "points",
    [[(E - 50, N), (E - 50, N + 200)], [(E + 50, N + 50), (E + 50, N + 250)], [(E, N), (E, N + 200)]],
)
def test_a_line_that_does_not_cut_is_refused(session: Session, points: Sequence[tuple[float, float]]) -> None:
    add_parcel(session)
    with pytest.raises(InvalidInputError, match="does not cut"):
        cut(session, "CB-1", *points)
    assert numbers(session) == ["CB-1"]


def test_given_parts_take_what_is_said_of_them(session: Session) -> None:
    add_parcel(session, built_share=0.4, invested_share=0.3, state="started", started_on=date(2024, 1, 1))
    left = Part(box(E, N, E + 80, N + 200), "东厂区", "仓储用地", 16_000.0, 1.0, 0.9)
    right = Part(box(E + 80, N, E + 200, N + 200))
    split_parcel(session, PLANNER, "CB-1", Split("分割转让", ZONE, parts=[left, right], day=date(2025, 5, 5)))
    rows = session.execute(text("SELECT * FROM land_parcel ORDER BY parcel_no")).all()
    assert (rows[0].name, rows[0].planned_use, rows[0].stated_area_m2) == ("东厂区", "仓储用地", 16_000.0)
    assert (float(rows[0].built_share), float(rows[0].invested_share)) == (1.0, 0.9)
    assert (rows[1].built_share, rows[1].invested_share, rows[1].stated_area_m2) == (None, None, None)
    assert rows[1].started_on == date(2024, 1, 1)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([box(E, N, E + 100, N + 200), box(E + 90, N, E + 200, N + 200)], r"2000\.00 m² of part 2 lie over part 1"),
        ([box(E, N, E + 100, N + 200), box(E + 101, N, E + 200, N + 200)], r"200\.00 m² .* in no part"),
        ([box(E, N, E + 100, N + 200), box(E + 100, N, E + 205, N + 200)], r"1000\.00 m² of part 2 lie outside"),
        ([box(E, N, E + 200, N + 200)], "at least two parts"),
    ],
)  # fmt: skip
def test_parts_that_do_not_make_up_the_parcel_are_refused_with_figure_and_place(
    session: Session, shapes: Sequence[Any], message: str
) -> None:
    add_parcel(session)
    with pytest.raises(InvalidInputError, match=message):
        parts(session, "CB-1", *shapes)
    assert numbers(session) == ["CB-1"]


@pytest.mark.parametrize(("gap_m", "taken"), [(0.0015, True), (0.003, False)])
def test_rounding_along_the_cut_is_within_tolerance_and_more_is_not(
    session: Session, gap_m: float, taken: bool
) -> None:
    # The square's tolerance is 0.40 m² (1e-5 of 40,000): 200 m × 1.5 mm is 0.30 m², 200 m × 3 mm is 0.60 m².
    add_parcel(session)
    shapes = (box(E, N, E + 100, N + 200), box(E + 100 + gap_m, N, E + 200, N + 200))
    if taken:
        done = parts(session, "CB-1", *shapes)
        assert done.difference_m2 == pytest.approx(-0.30, abs=0.01)
        assert done.tolerance_m2 == pytest.approx(0.40, abs=0.001)
    else:
        with pytest.raises(InvalidInputError, match="within tolerance"):
            parts(session, "CB-1", *shapes)


def test_the_history_keeps_the_whole_and_its_parts_with_outline_and_facts(session: Session) -> None:
    add_parcel(session)
    at_half(session)
    past = get_history(session, AUDITOR, "CB-1")
    assert (past.live, past.became, past.made_of) == (False, ["CB-1-1", "CB-1-2"], [])
    entry = past.entries[-1]
    assert (entry.kind, entry.by, entry.reason, entry.effective_on) == (
        "split", "planner", "分宗", date(2025, 10, 31),
    )  # fmt: skip
    assert get_history(session, AUDITOR, "CB-1-2").made_of == ["CB-1"]
    kept = session.execute(
        text(
            "SELECT facts, ST_AsBinary(geom_survey) AS shape, ST_SRID(geom_survey) AS zone FROM land_change_part "
            "WHERE parcel_no = 'CB-1'"
        )
    ).one()
    assert kept.facts["planned_use"] == "工业用地"
    assert kept.zone == 4527
    assert shapely.from_wkb(bytes(kept.shape)).equals(MultiPolygon([box(E, N, E + 200, N + 200)]))
    event = list_events(session)[0]
    assert (event.action, event.thing) == ("land.split", "land_parcel CB-1")
    assert event.after["became"] == ["CB-1-1", "CB-1-2"]
    with pytest.raises(NotFoundError, match="it has become CB-1-1, CB-1-2"):
        at_half(session)


def test_a_split_is_undone_by_merging_its_parts_and_no_number_comes_back(session: Session) -> None:
    add_parcel(session)
    whole = survey(session, "CB-1")
    before = at_half(session).before[0]
    merged = merge_parcels(session, PLANNER, ["CB-1-2", "CB-1-1"], "撤回分割")
    assert [part.parcel_no for part in merged.after] == ["CB-1-M1"]
    assert merged.after[0].area_m2 == pytest.approx(before.area_m2, abs=0.001)
    assert survey(session, "CB-1-M1").symmetric_difference(whole).area < 1e-6
    again = at_half(session, "CB-1-M1")
    assert [part.parcel_no for part in again.after] == ["CB-1-M1-1", "CB-1-M1-2"]
    assert (
        merge_parcels(session, PLANNER, ["CB-1-M1-1", "CB-1-M1-2"], "再合").after[0].parcel_no == "CB-1-M1-M1"
    )
    history = get_history(session, PLANNER, "CB-1-1")
    assert [entry.kind for entry in history.entries] == ["split", "merge"]


def test_neighbours_merge_under_the_lowest_number_with_their_stated_areas_added(session: Session) -> None:
    add_parcel(session, "CB-8", square_wkt(E, N, E + 100, N + 200), stated_area_m2=20_000.0)
    add_parcel(session, "CB-7", square_wkt(E + 100, N, E + 250, N + 200), stated_area_m2=30_000.5)
    done = merge_parcels(session, PLANNER, ["CB-8", "CB-7"], "整体供应")
    assert done.after[0].parcel_no == "CB-7-M1"
    assert done.after[0].area_m2 == pytest.approx(area_m2(box(E, N, E + 250, N + 200)), abs=0.01)
    assert session.scalar(text("SELECT stated_area_m2 FROM land_parcel")) == 50_000.5


def test_parcels_a_few_millimetres_apart_merge_into_one_piece(session: Session) -> None:
    add_parcel(session, "CB-8", square_wkt(E, N, E + 100, N + 200))
    add_parcel(session, "CB-9", square_wkt(E + 100.001, N, E + 250, N + 200))
    done = merge_parcels(session, PLANNER, ["CB-8", "CB-9"], "合并")
    assert len(survey(session, "CB-8-M1").geoms) == 1
    assert abs(done.difference_m2) <= done.tolerance_m2


@pytest.mark.parametrize(
    ("west_m", "south_m", "message"),
    [
        (101, 0, "common edge"),  # a metre apart
        (100, 200, "common edge"),  # a corner alone
        (90, 0, r"2000\.00 m² of parcel 2 lie over"),
    ],
)
def test_parcels_apart_by_corner_or_over_one_another_do_not_merge(
    session: Session, west_m: float, south_m: float, message: str
) -> None:
    add_parcel(session, "CB-8", square_wkt(E, N, E + 100, N + 200))
    add_parcel(session, "CB-9", square_wkt(E + west_m, N + south_m, E + west_m + 100, N + south_m + 200))
    with pytest.raises(InvalidInputError, match=message):
        merge_parcels(session, PLANNER, ["CB-8", "CB-9"], "合并")
    assert numbers(session) == ["CB-8", "CB-9"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"state": "stored"}, "differ in state"),
        ({"planned_use": "商服用地"}, "differ in planned_use"),
        ({"state": "supplied"}, "before they are held or supplied"),
        ({"state": "held"}, "is reserved"),
    ],
)
def test_parcels_that_are_not_alike_do_not_merge(
    session: Session, given: dict[str, Any], message: str
) -> None:
    add_parcel(session, "CB-8", square_wkt(E, N, E + 100, N + 200))
    add_parcel(session, "CB-9", square_wkt(E + 100, N, E + 200, N + 200), **given)
    with pytest.raises(ConflictError, match=message):
        merge_parcels(session, PLANNER, ["CB-8", "CB-9"], "合并")


def test_a_parcel_merges_with_itself_no_more_than_with_one_that_is_not_there(session: Session) -> None:
    add_parcel(session)
    with pytest.raises(InvalidInputError, match="at least two"):
        merge_parcels(session, PLANNER, ["CB-1", "CB-1"], "x")
    with pytest.raises(NotFoundError):
        merge_parcels(session, PLANNER, ["CB-1", "CB-9"], "x")


def test_a_reserved_parcel_is_not_split(session: Session) -> None:
    add_parcel(session)
    add_project(session, "341299-2025-03-0128-4")
    reserve_parcel(session, PLANNER, "CB-1", "341299-2025-03-0128-4")
    with pytest.raises(ConflictError, match="is reserved"):
        at_half(session)


def test_parts_of_idle_land_keep_its_clock_and_the_days_that_do_not_count(session: Session) -> None:
    add_parcel(session, state="supplied", agreed_start=date(2024, 10, 31), idle_state="suspected")
    add_suspension(session, PLANNER, "CB-1", date(2025, 1, 1), date(2025, 1, 31), "government", "规划调整")
    at_half(session)
    for number in ("CB-1-1", "CB-1-2"):
        found = assess_parcel(session, PLANNER, number)
        assert found.idle_state == "suspected"
        assert found.assessment.tests[0].clock is not None
        assert found.assessment.tests[0].clock.fee_on == date(2025, 11, 30)


def test_part_of_an_idle_parcel_is_released_and_the_rest_stays_idle(session: Session) -> None:
    add_parcel(
        session, state="supplied", kind="supplied", agreed_start=date(2023, 1, 1), idle_state="identified"
    )
    drawn = box(E - 30, N - 30, E + 60, N + 230)  # reaches beyond the parcel: only what is inside counts
    done = release_part(session, PLANNER, "CB-1", drawn, ZONE, "部分盘活", date(2025, 9, 1))
    assert [(part.parcel_no, part.state, part.idle_state) for part in done.after] == [
        ("CB-1-1", "ready", "disposed"),
        ("CB-1-2", "supplied", "identified"),
    ]
    released = list_released(session, PLANNER, 2025)
    assert released.area.area_m2 == pytest.approx(area_m2(box(E, N, E + 60, N + 200)), abs=0.01)
    assert released.years[0].parcels == ["CB-1-1"]
    assert list_released(session, PLANNER, 2024).count == 0
    entries = get_history(session, PLANNER, "CB-1-1").entries
    assert {entry.kind for entry in entries} == {"release", "state", "idle"}
    assert all(entry.effective_on == date(2025, 9, 1) for entry in entries)


@pytest.mark.parametrize(
    ("drawn", "message"),
    [
        (box(E + 300, N, E + 400, N + 100), "does not meet"),
        (box(E - 10, N - 10, E + 210, N + 210), "as a whole"),
        (box(E - 10, N - 10, E + 0.01, N + 210), "does not meet"),  # a sliver of one centimetre
    ],
)
def test_a_release_takes_something_and_leaves_something(session: Session, drawn: Any, message: str) -> None:
    add_parcel(session, state="supplied", idle_state="identified")
    with pytest.raises(InvalidInputError, match=message):
        release_part(session, PLANNER, "CB-1", drawn, ZONE, "x", None)


def test_only_identified_land_is_released_and_only_by_those_who_may(session: Session) -> None:
    add_parcel(session, state="supplied", idle_state="suspected")
    with pytest.raises(ConflictError, match="not identified"):
        release_part(session, PLANNER, "CB-1", box(E, N, E + 60, N + 200), ZONE, "x", None)
    with pytest.raises(ForbiddenError):
        split_parcel(
            session, AUDITOR, "CB-1", Split("x", ZONE, LineString([(E + 1, N - 1), (E + 1, N + 201)]))
        )
    with pytest.raises(ForbiddenError):
        merge_parcels(session, AUDITOR, ["CB-1", "CB-2"], "x")


def test_parcels_of_two_zones_do_not_merge(session: Session) -> None:
    add_parcel(session, "CB-8")
    session.execute(
        text(
            """INSERT INTO land_parcel (parcel_no, kind, planned_use, land_class, state, source_crs, geom_survey, geom)
            SELECT 'CB-9', 'reserve', '工业用地', '0601', 'ready', 'EPSG:4526', ST_Transform(geom_survey, 4526), geom
            FROM land_parcel"""
        )
    )
    with pytest.raises(InvalidInputError, match="EPSG:4526, EPSG:4527"):
        merge_parcels(session, PLANNER, ["CB-8", "CB-9"], "x")


def test_a_parcel_surveyed_in_degrees_is_cut_in_its_zone(session: Session) -> None:
    add_parcel(session)
    session.execute(text("UPDATE land_parcel SET geom_survey = geom, source_crs = 'EPSG:4490'"))
    done = at_half(session)
    assert abs(done.difference_m2) < 0.001
    assert session.scalar(text("SELECT DISTINCT ST_SRID(geom_survey) FROM land_parcel")) == 4527
    whole_m2 = done.before[0].area_m2
    assert done.after[0].area_m2 == pytest.approx(whole_m2 / 4, abs=0.5)
