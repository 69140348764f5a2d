"""Expected answers against figures worked out by hand."""

from typing import Any

import pytest


def _case(expected: dict[str, Any], number: int) -> dict[str, Any]:
    overlaps = expected["overlaps"]
    found: dict[str, Any] = overlaps["projects"][overlaps["cases"][str(number)]["project"]]
    return found


def test_vector_of_the_domain_reference(expected: dict[str, Any]) -> None:
    project = _case(expected, 6)
    parcels, farmland = project["layers"]["land_parcels"], project["layers"]["farmland"]
    assert float(project["area_m2"]) == pytest.approx(27988.57, abs=0.005)
    assert float(parcels["area_m2"]) == pytest.approx(7996.74, abs=0.005)
    assert float(parcels["share_of_subject"]) == pytest.approx(28.57, abs=0.005)
    assert float(parcels["area_mu"]) == pytest.approx(11.9951, abs=0.00005)
    assert float(farmland["area_m2"]) == pytest.approx(1799.26, abs=0.005)
    assert (project["area_plane_m2"], parcels["area_plane_m2"], farmland["area_plane_m2"]) == (
        28000,
        8000,
        1800,
    )


@pytest.mark.parametrize("number", [1, 2, 4, 8])
def test_cases_without_a_hit(expected: dict[str, Any], number: int) -> None:
    project = _case(expected, number)
    assert project["layers"] == {}
    assert project["slivers"]["count"] == 0
    assert project["outside_urban_boundary_m2"] == project["area_m2"]


def test_sliver_is_dropped_against_the_pool_and_kept_against_farmland(expected: dict[str, Any]) -> None:
    project = _case(expected, 3)
    assert list(project["layers"]) == ["farmland"]
    assert project["layers"]["farmland"]["items"][0]["critical"] is True
    assert project["slivers"]["count"] == 1
    assert float(project["slivers"]["area_m2"]) == pytest.approx(0.3, abs=0.001)


def test_multipart_overlap_has_two_pieces(expected: dict[str, Any]) -> None:
    parcels = _case(expected, 5)["layers"]["land_parcels"]
    # By hand: 50 × 60 and 60 × 40 m² in the plane; the whole project is 10 000 + 9 600 + 8 100.
    assert parcels["area_plane_m2"] == 5400
    assert parcels["pieces"] == 2
    assert float(parcels["largest_piece_m2"]) == pytest.approx(3000, rel=5e-4)
    assert float(parcels["share_of_subject"]) == pytest.approx(100 * 5400 / 27700, abs=0.001)


def test_full_cover_is_all_of_the_project(expected: dict[str, Any]) -> None:
    project = _case(expected, 7)
    assert project["layers"]["land_parcels"]["area_m2"] == project["area_m2"]
    assert project["layers"]["land_parcels"]["share_of_subject"] == 100


def test_two_parcels_give_two_rows(expected: dict[str, Any]) -> None:
    items = _case(expected, 9)["layers"]["land_parcels"]["items"]
    assert len(items) == 2
    # By hand: 60 × 100 of a 180 × 100 parcel; 40 × 120 of an L of 200 × 150 − 100 × 75.
    assert float(items[0]["share_of_feature"]) == pytest.approx(100 * 6000 / 18000, abs=0.01)
    assert float(items[1]["share_of_feature"]) == pytest.approx(100 * 4800 / 22500, abs=0.01)


def test_heritage_hit_names_the_zone(expected: dict[str, Any]) -> None:
    (item,) = _case(expected, 11)["layers"]["heritage"]["items"]
    assert item["name"] == "听松老街历史文化街区保护范围"


def test_red_lines_of_two_projects_overlap_alike_from_both_sides(expected: dict[str, Any]) -> None:
    overlaps = expected["overlaps"]
    partner = overlaps["projects"][overlaps["cases"]["12"]["partner"]]
    ours = _case(expected, 12)["layers"]["projects"]
    assert ours["area_m2"] == partner["layers"]["projects"]["area_m2"]
    assert ours["items"][0]["code"] == overlaps["cases"]["12"]["partner"]


def test_wall_ends_follow_the_map_conversion(expected: dict[str, Any]) -> None:
    model = expected["models"]["building"]
    east, north, _ = (float(v) for v in model["georeference"]["origin"])
    assert len(model["walls"]) >= 10
    for end in (wall[side] for wall in model["walls"] for side in ("start", "end")):
        x, y = (float(v) / 1000 for v in end["local_mm"])
        assert float(end["east"]) == pytest.approx(east + 0.96 * x - 0.28 * y, abs=1e-4)
        assert float(end["north"]) == pytest.approx(north + 0.28 * x + 0.96 * y, abs=1e-4)


def test_idle_cases_lie_on_both_sides_of_every_threshold(expected: dict[str, Any]) -> None:
    verdicts = [(case["idle"], case["consequence"]) for case in expected["land"]["idle"]]
    assert verdicts == [
        (False, None), (True, "fee"), (True, "fee"), (True, "fee"), (True, "recovery"), (True, "recovery"),
        (True, "fee"), (False, None), (True, "fee"), (False, None), (False, None), (True, "fee"),
    ]  # fmt: skip


def test_published_figures(expected: dict[str, Any]) -> None:
    assert expected["portfolio"]["investment_active_yuan"] == 8_036_000_000
    assert expected["signals"]["mean_h"] == 61.5
    assert float(expected["environment"]["compliance"]["percent"]) == 97.9
    assert [float(v) for v in expected["satisfaction"]["2025"]["wilson_95"]] == [90.81, 94.06]
    assert [float(v) for v in expected["satisfaction"]["2024"]["wilson_95"]] == [84.35, 88.57]
    assert float(expected["duration_shortening"]["mean_percent"]) == pytest.approx(18)
