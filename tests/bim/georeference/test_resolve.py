"""Positions against numbers worked out by hand from the formula, and degrees by another tool (PROJ's cs2cs)."""

import math
from dataclasses import replace

import numpy as np
import pytest

from bim.georeference.facts import CrsText, GeoFacts, MapConversion, RigidOperation, SitePoint
from bim.georeference.gcj02 import to_gcj02
from bim.georeference.resolve import resolve
from bim.georeference.transforms import helmert_matrix, locate, map_point
from bim.job import Correction, ProjectPlace
from bim.results import Georeference

NOWHERE = ProjectPlace()
DISTRICT = ProjectPlace("EPSG:4527", (115.6, 33.1, 115.65, 33.2))
CM_0 = 0.01
HALF_CM_DEG = 5e-8

# E 39371200, N 3671300, turned by 30 degrees, in zone 39.
E39, N33 = 39_371_200.0, 3_671_300.0
COS30, SIN30 = math.cos(math.radians(30)), math.sin(math.radians(30))
ZONE_39 = MapConversion("#1", CrsText("EPSG:4527"), E39, N33, 0.0, COS30, SIN30, map_unit_m=1.0)


def _at(found: Georeference, point: tuple[float, float, float]) -> tuple[float, float, float]:
    return map_point(np.array(found.matrix).reshape(4, 4), point)


def _degrees(found: Georeference, point: tuple[float, float, float]) -> tuple[float, float]:
    place = locate(np.array(found.matrix).reshape(4, 4), point, found.crs or "")
    assert place is not None
    return place


def _facts(*conversions: MapConversion, **others: object) -> GeoFacts:
    return GeoFacts(unit_m=0.001, conversions=conversions, **others)  # type: ignore[arg-type]


def _check_zone_39(found: Georeference) -> None:
    assert found.crs == "EPSG:4527"
    for point, east, north, lon, lat in (
        ((0.0, 0.0, 0.0), 39371200.0, 3671300.0, 115.619332779, 33.159622123),
        ((10.0, 0.0, 0.0), 39371208.6603, 3671305.0, 115.619424882, 33.159668222),
        ((0.0, 10.0, 0.0), 39371195.0, 3671308.6603, 115.619277971, 33.159699592),
    ):
        assert _at(found, point)[:2] == pytest.approx((east, north), abs=CM_0)
        assert _degrees(found, point) == pytest.approx((lon, lat), abs=HALF_CM_DEG)


def test_zone_39_conversion_turned_by_thirty_degrees() -> None:
    found = resolve(_facts(ZONE_39), DISTRICT)
    _check_zone_39(found)
    assert (found.level, found.confidence) == (50, "high")
    assert found.rotation_deg == pytest.approx(30.0)


@pytest.mark.parametrize("scale", [None, 0.001, 1.0, 1000.0])
def test_every_way_to_write_the_unit_bridge_gives_the_same_place(scale: float | None) -> None:
    _check_zone_39(resolve(_facts(replace(ZONE_39, scale=scale)), DISTRICT))


def test_grid_factor_stretches_ten_metres_by_its_share() -> None:
    found = resolve(_facts(replace(ZONE_39, scale=1.000155)), DISTRICT)
    assert found.scale_factor == pytest.approx(1.000155)
    assert _at(found, (10_000.0, 0.0, 0.0))[0] == pytest.approx(E39 + 10_001.55 * COS30, abs=CM_0)


def test_scale_that_means_nothing_lowers_the_confidence() -> None:
    found = resolve(_facts(replace(ZONE_39, scale=2.5)), DISTRICT)
    assert found.confidence == "low"
    assert any("2.5" in text for text in found.warnings)


def test_missing_map_unit_with_scale_a_thousandth_means_metres() -> None:
    _check_zone_39(resolve(_facts(replace(ZONE_39, scale=0.001, map_unit_m=None)), DISTRICT))


def test_eastings_in_millimetres_are_found_by_the_area_of_use() -> None:
    millimetres = replace(ZONE_39, eastings=E39 * 1000, northings=N33 * 1000)
    found = resolve(_facts(millimetres), DISTRICT)
    _check_zone_39(found)
    assert found.confidence == "medium"


def test_unit_called_metre_but_defined_as_a_foot_is_read_as_metre() -> None:
    _check_zone_39(resolve(_facts(replace(ZONE_39, map_unit_m=0.3048, map_unit_doubtful=True)), DISTRICT))


def test_map_unit_of_a_foot_is_followed() -> None:
    feet = replace(ZONE_39, eastings=E39 / 0.3048, northings=N33 / 0.3048, map_unit_m=0.3048)
    _check_zone_39(resolve(_facts(feet), DISTRICT))


def test_utm_32_conversion_of_the_standards_example() -> None:
    """Hand formula; the library's helper places the second point 1,000 m away."""
    conversion = MapConversion(
        "#2",
        CrsText("EPSG:25832"),
        458657.30,
        5438232.25,
        113.7,
        0.270600445976,
        0.962691746426,
        map_unit_m=1.0,
    )
    found = resolve(_facts(conversion), NOWHERE)
    for point, expected in (
        ((0.0, 0.0, 0.0), (458657.300, 5438232.250, 113.700)),
        ((1.0, 0.0, 0.0), (458657.5706, 5438233.2127, 113.7)),
        ((0.0, 1.0, 0.0), (458656.3373, 5438232.5206, 113.7)),
        ((100.0, 50.0, 3.0), (458636.2255, 5438342.0492, 116.7)),
    ):
        assert _at(found, point) == pytest.approx(expected, abs=CM_0)
    assert (found.origin.lon, found.origin.lat) == pytest.approx((8.433679798, 49.095551021), abs=HALF_CM_DEG)


@pytest.mark.parametrize("swapped", [False, True])
def test_rigid_operation_in_degrees_is_read_in_either_order(swapped: bool) -> None:
    first, second = (46.3623297, 14.0902217) if swapped else (14.0902217, 46.3623297)
    rigid = RigidOperation("#302", CrsText("EPSG:4258", geographic=True), first, second, 475.0, angles=True)
    found = resolve(GeoFacts(unit_m=1.0, rigid=(rigid,), true_north=(0.0, 1.0)), NOWHERE)
    assert _degrees(found, (100.0, 0.0, 0.0)) == pytest.approx((14.091521045, 46.362329693), abs=HALF_CM_DEG)
    assert _degrees(found, (0.0, 100.0, 0.0)) == pytest.approx((14.090221700, 46.363229250), abs=HALF_CM_DEG)


def test_site_point_is_turned_by_true_north() -> None:
    site = SitePoint("#389", 49.100435, 8.436539, 4, 110.0, (0.0, 0.0, 0.0))
    found = resolve(GeoFacts(unit_m=1.0, sites=(site,), true_north=(0.766044, 0.642788)), NOWHERE)
    assert _degrees(found, (10.0, 0.0, 0.0)) == pytest.approx((8.436627022, 49.100503880), abs=HALF_CM_DEG)
    assert _degrees(found, (0.0, 10.0, 0.0)) == pytest.approx((8.436434099, 49.100492798), abs=HALF_CM_DEG)
    assert found.level == 40


def test_site_point_belongs_to_the_sites_own_zero() -> None:
    here = SitePoint("#1", 33.15, 115.62, 4, 0.0, (500.0, 200.0, 0.0))
    found = resolve(GeoFacts(unit_m=1.0, sites=(here,)), DISTRICT)
    assert _degrees(found, (500.0, 200.0, 0.0)) == pytest.approx((115.62, 33.15), abs=1e-9)


def test_grid_north_turns_to_true_north_by_the_convergence() -> None:
    """At 115.8 E, 33.0 N grid (0, 100) is east -1.1406, north 99.9780: so east 0, north 100 is grid about +1.14."""
    site = SitePoint("#1", 33.0, 115.8, 4, 0.0, (0.0, 0.0, 0.0))
    found = resolve(GeoFacts(unit_m=1.0, sites=(site,)), ProjectPlace("EPSG:4527"))
    east, north, _ = _at(found, (-1.1406, 99.9780, 0.0))
    assert (east, north) == pytest.approx((39387852.7805, 3653387.7256 + 100.0), abs=CM_0)


def test_conversion_without_a_system_asks_but_keeps_its_numbers() -> None:
    """Millimetres, no map unit, turned by -30 degrees: the numbers of the conversion are millimetres too."""
    conversion = MapConversion("#293", CrsText(""), 15000.0, 0.0, 0.0, 0.866025403784439, -0.5)
    found = resolve(_facts(conversion), DISTRICT)
    assert (found.crs, found.confidence, found.level) == (None, "none", 50)
    assert _at(found, (10.0, 0.0, 0.0))[:2] == pytest.approx((23.6603, -5.0), abs=1e-4)


def test_unnamed_system_is_told_by_the_digits() -> None:
    found = resolve(_facts(replace(ZONE_39, crs=CrsText(None))), DISTRICT)
    _check_zone_39(found)
    assert found.confidence == "medium"


def test_swapped_axes_are_turned_back() -> None:
    found = resolve(_facts(replace(ZONE_39, eastings=N33, northings=E39)), DISTRICT)
    _check_zone_39(found)
    assert any("swapped" in text for text in found.warnings)
    assert found.confidence == "medium"


def test_eight_digits_under_the_code_without_zone_switch_to_its_twin() -> None:
    found = resolve(_facts(replace(ZONE_39, crs=CrsText("EPSG:4548"))), DISTRICT)
    _check_zone_39(found)
    assert any("EPSG:4548" in text for text in found.warnings)


def test_six_digits_under_the_code_with_zone_switch_to_its_twin() -> None:
    found = resolve(_facts(replace(ZONE_39, eastings=371_200.0)), DISTRICT)
    assert found.crs == "EPSG:4548"
    assert (found.origin.lon, found.origin.lat) == pytest.approx(
        (115.619332779, 33.159622123), abs=HALF_CM_DEG
    )


def test_zone_39_easting_under_zone_38_is_not_believed() -> None:
    _check_zone_39(resolve(_facts(replace(ZONE_39, crs=CrsText("EPSG:4526"))), DISTRICT))


@pytest.mark.parametrize(("zone", "code"), [(38, 4526), (39, 4527), (40, 4528)])
def test_zones_are_told_by_their_first_two_digits(zone: int, code: int) -> None:
    conversion = replace(ZONE_39, eastings=zone * 1e6 + 500_000.0, crs=CrsText("CGCS2000"))
    found = resolve(_facts(conversion), NOWHERE)
    assert found.crs == f"EPSG:{code}"
    assert found.origin.lon == pytest.approx(zone * 3.0, abs=1e-9)


def test_doubled_georeference_is_taken_once() -> None:
    doubled = _facts(
        replace(ZONE_39, abscissa=1.0, ordinate=0.0),
        offset=(E39, N33, 0.0),
        middle=(E39 + 20.0, N33 + 10.0, 3.0),
    )
    found = resolve(doubled, DISTRICT)
    assert _at(found, (E39 + 20.0, N33 + 10.0, 3.0))[:2] == pytest.approx((E39 + 20.0, N33 + 10.0), abs=CM_0)
    assert any("doubled" in text for text in found.warnings)
    assert found.confidence == "medium"


def test_null_conversion_beside_map_coordinates_is_legal() -> None:
    conversion = MapConversion("#3050", CrsText("EPSG:3065"), 0.0, 0.0, 0.0, 1.0, 0.0, 1.0)
    facts = GeoFacts(unit_m=1.0, conversions=(conversion,), middle=(452_700.0, 4_539_600.0, 0.0))
    found = resolve(facts, NOWHERE)
    assert (found.crs, found.method, found.confidence) == ("EPSG:3065", "map_conversion", "high")


def test_map_coordinates_alone_find_their_zone_but_not_high_confidence() -> None:
    facts = GeoFacts(unit_m=1.0, middle=(E39, N33, 0.0))
    found = resolve(facts, DISTRICT)
    assert (found.level, found.crs, found.confidence) == (30, "EPSG:4527", "medium")
    swapped = resolve(GeoFacts(unit_m=1.0, middle=(N33, E39, 0.0)), DISTRICT)
    assert _degrees(swapped, (N33, E39, 0.0)) == pytest.approx((115.619332779, 33.159622123), abs=HALF_CM_DEG)


def test_coordinates_without_zone_need_the_project() -> None:
    facts = GeoFacts(unit_m=1.0, middle=(371_200.0, N33, 0.0))
    assert resolve(facts, DISTRICT).crs == "EPSG:4548"
    assert resolve(facts, ProjectPlace("EPSG:4527")).crs is None


def test_plan_decoy_is_left_out() -> None:
    decoy = replace(ZONE_39, evidence="#9", eastings=39_400_000.0, on_model=False)
    _check_zone_39(resolve(_facts(decoy, ZONE_39), DISTRICT))


def test_old_datum_is_refused_with_its_name() -> None:
    found = resolve(_facts(replace(ZONE_39, crs=CrsText("EPSG:2363"))), NOWHERE)
    assert any("Xian 1980" in text for candidate in [found] for text in candidate.warnings)


def test_default_city_of_an_exporter_is_no_place() -> None:
    boston = SitePoint("#1", 42.3584, -71.0598, 4, 0.0, (0.0, 0.0, 0.0))
    found = resolve(GeoFacts(unit_m=1.0, sites=(boston,)), NOWHERE)
    assert not found.placed
    assert any("default" in text for text in found.warnings)


def test_point_far_from_the_project_is_no_place() -> None:
    paris = SitePoint("#1", 48.85, 2.35, 3, 0.0, (0.0, 0.0, 0.0))
    assert not resolve(GeoFacts(unit_m=1.0, sites=(paris,)), DISTRICT).placed
    assert resolve(GeoFacts(unit_m=1.0, sites=(paris,)), NOWHERE).placed


def test_phone_map_degrees_are_named_but_not_moved() -> None:
    lon, lat = to_gcj02(115.625, 33.15)
    small = ProjectPlace("EPSG:4527", (115.6249, 33.1499, 115.6251, 33.1501))
    site = SitePoint("#1", lat, lon, 4, 0.0, (0.0, 0.0, 0.0))
    found = resolve(GeoFacts(unit_m=1.0, sites=(site,)), small)
    assert any("GCJ-02" in text and "33.150000, 115.625000" in text for text in found.warnings)
    assert _degrees(found, (0.0, 0.0, 0.0)) == pytest.approx((lon, lat), abs=1e-9)


def test_carriers_that_disagree_are_shown_and_not_averaged() -> None:
    site = SitePoint("#7", 33.10, 115.60, 4, 0.0, (0.0, 0.0, 0.0))
    found = resolve(_facts(ZONE_39, sites=(site,)), ProjectPlace("EPSG:4527"))
    _check_zone_39(found)
    assert found.confidence == "medium"
    assert any("6." in text and "km" in text for text in found.warnings)
    assert {candidate.method for candidate in found.candidates} >= {"map_conversion", "site_lat_lon"}


def test_world_coordinate_system_is_undone_once() -> None:
    world = helmert_matrix(100.0, 50.0, 0.0, 0.0, 1.0)
    found = resolve(_facts(ZONE_39, world=world), DISTRICT)
    assert _at(found, (100.0, 50.0, 0.0))[:2] == pytest.approx((E39, N33), abs=CM_0)


def test_factors_of_a_scaled_conversion_stretch_each_axis() -> None:
    found = resolve(_facts(replace(ZONE_39, abscissa=1.0, ordinate=0.0, factors=(1.5, 2.0, 3.0))), DISTRICT)
    assert _at(found, (10.0, 10.0, 10.0)) == pytest.approx((E39 + 15.0, N33 + 20.0, 30.0), abs=CM_0)


def test_correction_by_a_person_wins() -> None:
    correction = Correction("EPSG:4527", 39_400_000.0, 3_660_000.0, 30.0, 45.0)
    found = resolve(_facts(ZONE_39), NOWHERE, correction)
    assert (found.method, found.confidence, found.rotation_deg) == ("placed_by_hand", "high", 45.0)
    assert _at(found, (10.0, 0.0, 1.0)) == pytest.approx((39_400_007.0711, 3_660_007.0711, 31.0), abs=1e-3)


def test_correction_keeps_what_the_file_says_beside_it() -> None:
    correction = Correction("EPSG:4527", E39 + 5.0, N33, number=7, evidence="planner 2025-10-31: 复测")
    found = resolve(_facts(ZONE_39), DISTRICT, correction)
    assert (found.placement, found.evidence) == (7, ["planner 2025-10-31: 复测"])
    assert found.file is not None
    assert (found.file["method"], found.file["crs"], found.file["placed"]) == (
        "map_conversion",
        "EPSG:4527",
        True,
    )
    assert found.file["origin"]["e"] == pytest.approx(E39)
    assert {each.method for each in found.candidates} == {"map_conversion"}


@pytest.mark.parametrize(("away_m", "confidence"), [(0.0, "high"), (20_000.0, "medium"), (200_000.0, "low")])
def test_correction_far_from_the_project_is_doubted(away_m: float, confidence: str) -> None:
    correction = Correction("EPSG:4527", E39 - away_m, N33)
    found = resolve(GeoFacts(unit_m=1.0), ProjectPlace(None, (115.61, 33.15, 115.63, 33.17)), correction)
    assert found.confidence == confidence
    assert any("km from the project" in text for text in found.warnings) == (away_m > 0)


def test_nothing_in_the_file_asks_for_a_hand() -> None:
    found = resolve(GeoFacts(unit_m=1.0), DISTRICT)
    assert (found.level, found.confidence, found.placed) == (0, "none", False)
    assert resolve(GeoFacts(unit_m=1.0, address="某市某路"), DISTRICT).level == 10


def test_elevation_in_millimetres_is_noticed() -> None:
    site = SitePoint("#1", 33.15, 115.62, 4, 144_000.0, (0.0, 0.0, 0.0))
    found = resolve(GeoFacts(unit_m=1.0, sites=(site,)), DISTRICT)
    assert _at(found, (0.0, 0.0, 0.0))[2] == pytest.approx(144.0)
