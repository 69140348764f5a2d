"""The matching list: conditions on both sides of their limits, what is missing, the score part by part.

Parcels are squares in EPSG:4527 near 115.62°E, where the plane is 4.1e-4 larger than the ellipsoid: 200.05 m × 200.05 m
are 60.005 亩, 190 m × 190 m are 54.128 亩. Distances are held against pyproj's geodesics.
"""

from dataclasses import replace
from typing import Any

import pytest
from pyproj import Geod, Transformer
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.rows import add_project, square_wkt
from tests.twin.land.pool import AUDITOR, PLANNER, E, N, add_parcel, pin_day
from tests.twin.land.test_compliance import add_area
from twin.errors import InvalidInputError, UnauthenticatedError
from twin.identity import ANONYMOUS, Caller
from twin.land.matching import Matches, find_matches
from twin.land.matching_rows import Candidate
from twin.land.matching_score import Demand, Near, judge
from twin.land.reserve_holds import reserve_parcel

WANTED = Demand(60, use="industrial", near=(Near("road", 3_000),), avoid=("farmland",))
SIDE = 200.05


@pytest.fixture(autouse=True)
def _pinned(session: Session) -> None:
    pin_day(session)


def square(east: float = 0.0, north: float = 0.0, side: float = SIDE) -> str:
    return square_wkt(E + east, N + north, E + east + side, N + north + side)


def add_road(session: Session, east: float, code: str = "1003", number: str = "L-1") -> None:
    add_area(session, "dltb", number, square_wkt(E + east, N - 1_000, E + east + 20, N + 1_000))
    session.execute(text("UPDATE control_area SET class_code = :c WHERE code = :n"), {"c": code, "n": number})


def found(session: Session, demand: Demand = WANTED) -> Matches:
    return find_matches(session, PLANNER, demand)


def geodesic_m(east_from: float, east_to: float) -> float:
    """The distance between two places on one northing, on the ellipsoid."""
    to_degrees = Transformer.from_crs(4527, 4490, always_xy=True)
    ends = [to_degrees.transform(E + east, N) for east in (east_from, east_to)]
    return float(Geod(ellps="GRS80").inv(*ends[0], *ends[1])[2])


def codes(notes: Any) -> list[str]:
    return [note.code for note in notes]


def test_sixty_mu_of_industrial_land_within_three_kilometres_of_a_road_and_free_of_farmland(
    session: Session,
) -> None:
    add_parcel(session, "CB-1", square())
    add_parcel(session, "CB-2", square(0, 400), planned_use="商服用地", land_class="0501")
    add_road(session, 1_000)
    answer = found(session)
    assert [match.parcel_no for match in answer.fits] == ["CB-1"]
    match = answer.fits[0]
    assert match.area_mu == pytest.approx(60.005, abs=0.001)
    assert codes(match.met) == ["area_enough", "state", "road_near", "farmland_free"]
    assert (answer.near_fits, answer.considered) == ((), 1)
    assert "距最近道路（图斑L-1） 800 m。" in [note.zh for note in match.met]
    assert "800 m to the nearest road (图斑L-1)." in [note.en for note in match.met]


def test_the_score_is_the_weighted_sum_of_its_parts(session: Session) -> None:
    add_parcel(session, "CB-1", square())
    add_road(session, 1_000)
    match = found(session).fits[0]
    distance = geodesic_m(SIDE, 1_000)
    by_hand = {
        "area": 100 * 40 / 100 * 60 / 60.005,
        "near": 100 * 30 / 100 * (1 - distance / 3_000),
        "shape": 100 * 15 / 100,
        "readiness": 100 * 15 / 100,
    }
    assert {part.part: part.points for part in match.parts} == pytest.approx(by_hand, abs=0.01)
    assert match.score == pytest.approx(sum(by_hand.values()), abs=0.06)


def test_weights_are_the_callers_and_a_part_nobody_asked_for_is_left_out(session: Session) -> None:
    add_parcel(session, "CB-1", square(side=250))
    demand = Demand(60, weights={"area": 1, "shape": 3, "readiness": 0})
    match = found(session, demand).fits[0]
    assert [(part.part, part.weight) for part in match.parts] == [("area", 1), ("shape", 3)]
    area_mu = 250 * 250 * 0.99959 * 3 / 2000
    assert match.score == pytest.approx(25 * 60 / area_mu + 75, abs=0.1)


def test_better_parcels_stand_first_and_the_limit_holds(session: Session) -> None:
    add_road(session, 3_000)
    for number, east in (("CB-1", 0), ("CB-2", 1_000), ("CB-3", 2_000)):
        add_parcel(session, number, square(east))
    assert [match.parcel_no for match in found(session).fits] == ["CB-3", "CB-2", "CB-1"]
    assert [match.parcel_no for match in found(session, replace(WANTED, limit=1)).fits] == ["CB-3"]


@pytest.mark.parametrize(("side", "missing"), [(200.05, []), (199.9, ["area_short"])])
def test_the_least_area_is_held_on_the_ellipsoid(session: Session, side: float, missing: list[str]) -> None:
    # 200 m × 200 m are 60.00 亩 on the plane and 59.98 on the ellipsoid.
    add_parcel(session, "CB-1", square(side=side))
    add_road(session, 1_000)
    answer = found(session)
    assert codes((answer.fits or answer.near_fits)[0].missing) == missing


def test_what_is_missing_is_told_with_its_figure(session: Session) -> None:
    add_parcel(session, "CB-1", square(side=190), state="preparing")
    add_road(session, 3_500)
    match = found(session, replace(WANTED, most_missing=3)).near_fits[0]
    assert codes(match.missing) == ["area_short", "state", "road_far"]
    short, state, far = match.missing
    area_mu = 190 * 190 * 0.99959 * 3 / 2000
    assert short.zh == f"面积 {area_mu:.2f} 亩，比要求的 60 亩少 {60 - area_mu:.2f} 亩。"
    assert state.zh == "当前为前期开发，要求净地可供。"
    distance = geodesic_m(190, 3_500)
    assert far.en == f"{distance:,.0f} m to the nearest road (图斑L-1), {distance - 3000:,.0f} m too far."
    assert found(session).near_fits == ()  # three conditions missed: not nearly


def test_a_parcel_of_less_than_three_quarters_is_not_nearly_right(session: Session) -> None:
    add_parcel(session, "CB-1", square(side=173.3))  # 45.03 亩 on the plane, 45.01 on the ellipsoid
    add_parcel(session, "CB-2", square(1_000, side=173.2))  # 44.98 and 44.96
    add_road(session, 500)
    assert [match.parcel_no for match in found(session).near_fits] == ["CB-1"]


def test_too_large_a_parcel_could_be_split(session: Session) -> None:
    add_parcel(session, "CB-1", square(side=220))
    add_road(session, 500)
    match = found(session, replace(WANTED, area_most_mu=70)).near_fits[0]
    assert codes(match.missing) == ["area_over"]
    assert "可分割" in match.missing[0].zh


def test_farmland_counts_to_the_last_centimetre_and_other_layers_from_a_square_metre_on(
    session: Session,
) -> None:
    add_parcel(session, "CB-1", square())
    add_road(session, 1_000)
    add_area(session, "farmland", "F-1", square_wkt(E + SIDE - 0.001, N, E + 300, N + 200))  # 0.2 m²
    add_area(session, "heritage", "H-1", square_wkt(E - 100, N, E + 0.001, N + 200))  # 0.2 m²
    demand = replace(WANTED, avoid=("farmland", "heritage"))
    match = found(session, demand).near_fits[0]
    assert codes(match.missing) == ["farmland_hit"]
    assert "0.20 m²" in match.missing[0].zh


def test_a_shared_edge_is_no_overlap(session: Session) -> None:
    add_parcel(session, "CB-1", square())
    add_road(session, 1_000)
    add_area(session, "farmland", "F-1", square_wkt(E + SIDE, N - 50, E + 300, N + 300))
    assert codes(found(session).fits[0].met)[-1] == "farmland_free"


def test_two_patches_over_one_another_count_once(session: Session) -> None:
    add_parcel(session, "CB-1", square())
    add_road(session, 1_000)
    for number, west in (("F-1", 100), ("F-2", 120)):
        add_area(session, "farmland", number, square_wkt(E + west, N, E + SIDE, N + 100))
    note = found(session).near_fits[0].missing[0]
    assert f"{100.05 * 100 * 0.99959:,.2f}"[:5] in note.en  # 10 000.9 m², not 18 003


def test_a_parcel_lies_whole_in_a_layer_or_its_area_outside_is_told(session: Session) -> None:
    add_road(session, 1_000)
    add_parcel(session, "CB-1", square())
    demand = replace(WANTED, inside=("urban_boundary",))
    assert codes(found(session, demand).near_fits[0].missing) == ["urban_boundary_outside"]
    add_area(session, "urban_boundary", "U-1", square_wkt(E - 10, N - 10, E + 150, N + 300))
    half = found(session, demand).near_fits[0].missing[0]
    assert f"{50.05 * SIDE * 0.99959:,.0f}"[:5] in half.en
    add_area(session, "urban_boundary", "U-2", square_wkt(E + 150, N - 10, E + 300, N + 300))
    assert codes(found(session, demand).fits[0].met)[-1] == "urban_boundary_inside"


def test_a_reserved_parcel_nearly_fits_and_tells_for_whom(session: Session) -> None:
    code = "341299-2025-03-0128-4"
    add_parcel(session, "CB-1", square())
    add_road(session, 1_000)
    add_project(session, code, box=(E + 50_000, N, E + 50_100, N + 100))
    reserve_parcel(session, PLANNER, "CB-1", code)
    match = found(session).near_fits[0]
    assert codes(match.missing) == ["reserved"]
    assert code in match.missing[0].zh


def test_another_projects_red_line_can_be_avoided(session: Session) -> None:
    add_parcel(session, "CB-1", square())
    add_road(session, 1_000)
    add_project(session, box=(E + 100, N, E + 400, N + 100))
    demand = replace(WANTED, avoid=("farmland", "projects"))
    assert codes(found(session, demand).near_fits[0].missing) == ["projects_hit"]


def test_a_field_path_is_a_road_a_patch_of_water_is_none(session: Session) -> None:
    add_parcel(session, "CB-1", square())
    add_road(session, 1_000, "1104")
    assert codes(found(session).near_fits[0].missing) == ["road_far"]
    assert "6,000 m 内没有道路" in found(session).near_fits[0].missing[0].zh
    add_road(session, 2_000, "1006", "L-2")
    assert len(found(session).fits) == 1


@pytest.mark.parametrize("use", ["industrial", "0601", "06", "工业", ""])
def test_a_use_is_named_by_group_by_class_or_by_word(session: Session, use: str) -> None:
    add_parcel(session, "CB-1", square())
    add_road(session, 1_000)
    assert len(found(session, replace(WANTED, use=use)).fits) == 1
    assert found(session, replace(WANTED, use="residential")).considered == 0
    assert found(session, replace(WANTED, use="%")).considered == 0


def test_a_road_that_is_being_built_is_a_road_and_the_nearest_one_is_named(session: Session) -> None:
    add_parcel(session, "CB-1", square())
    add_road(session, 2_000)
    add_project(session, name="揽月路", box=(E + 700, N, E + 720, N + 300))
    assert "图斑L-1" in found(session).fits[0].met[2].zh  # municipal works are no roads
    session.execute(text("UPDATE project_category SET name_zh = '交通路网'"))
    assert found(session).fits[0].met[2].zh == "距最近道路（揽月路） 500 m。"
    session.execute(text("UPDATE project SET stage = 'design'"))
    assert "图斑L-1" in found(session).fits[0].met[2].zh


def test_supplied_land_is_no_candidate(session: Session) -> None:
    for number, state in enumerate(("supplied", "started", "completed")):
        add_parcel(session, f"CB-{number}", square(number * 300), state=state)
    assert found(session).considered == 0


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"near": (Near("sea", 100),)}, "near"),
        ({"avoid": ("nothing",)}, "avoid"),
        ({"inside": ("nothing",)}, "inside"),
        ({"states": ("completed",)}, "states"),
        ({"weights": {"beauty": 1}}, "weights"),
        ({"weights": {"area": -1}}, "weights"),
        ({"weights": {"area": 0, "near": 0, "shape": 0, "readiness": 0}}, "weights"),
        ({"area_most_mu": 50}, "area_most_mu"),
    ],
)
def test_a_demand_that_names_what_there_is_not_is_refused(
    session: Session, given: dict[str, Any], where: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        found(session, replace(WANTED, **given))
    assert caught.value.where == where


def test_only_who_may_read_all_land_asks(session: Session) -> None:
    with pytest.raises(UnauthenticatedError):
        find_matches(session, ANONYMOUS, WANTED)
    assert find_matches(session, AUDITOR, WANTED).considered == 0
    contractor = Caller(user_id=9, own_roles=frozenset({"contractor"}), own_projects=(1,))
    with pytest.raises(Exception, match="land:read"):
        find_matches(session, contractor, WANTED)


def test_a_long_strip_scores_less_for_its_shape() -> None:
    strip = Candidate("CB-1", None, None, None, "ready", 40_000.0, 4 * 3.14159 * 40_000 / 2_040**2, 0, 0)
    parts = {part.part: part for part in judge(strip, Demand(60)).parts}
    # 1 000 m × 40 m: P = 2 080; here 1 020 + 1 020. 0.12079 of a circle, 0.1538 of a square.
    assert parts["shape"].value == pytest.approx(0.1538, abs=0.0001)


def test_the_nearest_is_so_in_metres_and_not_in_degrees(session: Session) -> None:
    # 1 000 m to the east are 0.0107° of longitude, 1 100 m to the north 0.0099° of latitude.
    add_parcel(session, "CB-1", square())
    add_road(session, SIDE + 1_000)
    north = N + SIDE + 1_100
    add_area(session, "dltb", "L-2", square_wkt(E, north, E + SIDE, north + 20))
    session.execute(text("UPDATE control_area SET class_code = '1003'"))
    assert "距最近道路（图斑L-1） 1,000 m。" in [note.zh for note in found(session).fits[0].met]
