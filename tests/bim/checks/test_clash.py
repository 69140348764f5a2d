"""Clashes worked out by hand: pipes of radius 0.1 m and a wall whose faces lie at y = ±0.1 m."""

from pathlib import Path

import pytest

from tests.bim.checks.conftest import Check
from tests.bim.checks.parts import WALL, Part, X, pipe, write

THROUGH_ONE, THROUGH_TWO = pipe(1, -2.0, -1.0), pipe(2, 2.0, -1.0)
BESIDE = pipe(3, 0.0, 0.25)  # begins 0.15 m from the wall's face
TOUCHING = pipe(4, 3.0, 0.1)  # begins in the wall's face
IN_BY_20_MM = pipe(5, -4.0, 0.08)
PIPES = [THROUGH_ONE, THROUGH_TWO, BESIDE, TOUCHING, IN_BY_20_MM]


@pytest.fixture
def wall(tmp_path: Path) -> Path:
    return write(tmp_path / "architecture.ifc", [WALL])


@pytest.fixture
def pipes(tmp_path: Path) -> Path:
    return write(tmp_path / "mep.ifc", PIPES)


def test_two_pipes_through_a_wall_are_two_clashes(check: Check, tmp_path: Path, wall: Path) -> None:
    other = write(tmp_path / "two.ifc", [THROUGH_ONE, THROUGH_TWO])
    done = check("clash", wall, other=other)
    assert done.verdict.counts["pairs"] == 2
    assert done.pairs == {(WALL.global_id, THROUGH_ONE.global_id), (WALL.global_id, THROUGH_TWO.global_id)}
    for row in done.rows:
        assert row.detail["type"] == "pierce"
        assert row.detail["distance_m"] == pytest.approx(0.2, abs=1e-6)  # the wall's thickness
        x = -2.0 if row.other_global_id == THROUGH_ONE.global_id else 2.0
        assert row.detail["point"] == pytest.approx([x, 0.0, 1.5], abs=0.15)  # within the pipe


def test_tolerance_decides_which_intersections_count(check: Check, wall: Path, pipes: Path) -> None:
    strict = check("clash", wall, other=pipes, options={"tolerance_m": 0.01})
    shallow = next(row for row in strict.rows if row.other_global_id == IN_BY_20_MM.global_id)
    assert len(strict.rows) == 3
    assert (shallow.detail["type"], shallow.detail["distance_m"]) == (
        "protrusion",
        pytest.approx(0.02, abs=1e-6),
    )
    assert strict.rows[-1] == shallow  # the worst come first
    lenient = check("clash", wall, other=pipes, options={"tolerance_m": 0.05})
    assert {row.other_global_id for row in lenient.rows} == {THROUGH_ONE.global_id, THROUGH_TWO.global_id}


def test_collision_counts_touching_only_when_asked(check: Check, wall: Path, pipes: Path) -> None:
    met = check("clash", wall, other=pipes, options={"mode": "collision"})
    assert TOUCHING.global_id not in {row.other_global_id for row in met.rows}
    touched = check("clash", wall, other=pipes, options={"mode": "collision", "allow_touching": True})
    assert len(met.rows) == 3
    assert len(touched.rows) == 4


def test_clearance_names_what_is_too_near_and_what_intersects(check: Check, wall: Path, pipes: Path) -> None:
    done = check("clash", wall, other=pipes, options={"mode": "clearance", "clearance_m": 0.2})
    near = {row.other_global_id: row.detail for row in done.rows if row.detail["type"] == "clearance"}
    assert near[BESIDE.global_id]["distance_m"] == pytest.approx(0.15, abs=1e-6)
    assert {THROUGH_ONE.global_id, THROUGH_TWO.global_id} <= {row.other_global_id for row in done.rows}
    far = check("clash", wall, other=pipes, options={"mode": "clearance", "clearance_m": 0.14})
    assert BESIDE.global_id not in {row.other_global_id for row in far.rows}


def test_one_model_is_checked_against_itself_by_selectors(check: Check, tmp_path: Path) -> None:
    source = write(tmp_path / "all.ifc", [WALL, *PIPES])
    sides = {"a": {"classes": ["IfcWall"]}, "b": {"disciplines": ["mep"]}}
    done = check("clash", source, options=sides)
    assert done.verdict.counts["elements_a"] == 1
    assert done.verdict.counts["elements_b"] == 5
    assert len(done.rows) == 3
    whole = check("clash", source)
    # Each pair once, ordered by class; a body does not clash with itself.
    assert whole.pairs == {(two, one) for one, two in done.pairs}


def test_a_named_element_is_all_that_is_looked_at(check: Check, wall: Path, pipes: Path) -> None:
    done = check("clash", wall, other=pipes, options={"b": {"global_ids": [THROUGH_TWO.global_id]}})
    assert [row.other_global_id for row in done.rows] == [THROUGH_TWO.global_id]


def test_models_are_placed_by_their_georeferences(check: Check, tmp_path: Path, wall: Path) -> None:
    # The second model's local zero lies 100 m east and 50 m north of the first's, and its x axis points north:
    # a pipe along its local x from (-51, 102) runs along the first's y from (x, y) = (100 - 102, 50 - 51) = (-2, -1).
    turned = Part(THROUGH_ONE.global_id, "IFCPIPESEGMENT", (0.1,), (-51.0, 102.0, 1.5), X, 2.0)
    other = write(tmp_path / "turned.ifc", [turned])
    here = [1.0, 0, 0, 39_387_800, 0, 1, 0, 3_653_300, 0, 0, 1, 0, 0, 0, 0, 1]
    there = [0.0, -1, 0, 39_387_900, 1, 0, 0, 3_653_350, 0, 0, 1, 0, 0, 0, 0, 1]
    context = {
        "georeference": {"crs": "EPSG:4527", "matrix": here, "confidence": "high"},
        "other_georeference": {"crs": "EPSG:4527", "matrix": there, "confidence": "high"},
    }
    done = check("clash", wall, other=other, context=context)
    assert len(done.rows) == 1
    assert done.rows[0].detail["point"] == pytest.approx([-2.0, 0.0, 1.5], abs=0.15)
    assert done.rows[0].detail["other_point"] == pytest.approx([-50.0, 102.0, 1.5], abs=0.15)
    assert len(check("clash", wall, other=other).rows) == 0  # in local coordinates they are 100 m apart


def test_millimetres_and_equal_global_ids_of_two_models_do_no_harm(
    check: Check, tmp_path: Path, wall: Path
) -> None:
    same_id = Part(WALL.global_id, "IFCPIPESEGMENT", (0.1,), THROUGH_ONE.start, THROUGH_ONE.direction, 2.0)
    other = write(tmp_path / "mm.ifc", [same_id], unit_m=0.001)
    done = check("clash", wall, other=other)
    assert done.pairs == {(WALL.global_id, WALL.global_id)}
    assert done.rows[0].detail["distance_m"] == pytest.approx(0.2, abs=1e-6)


def test_parts_of_a_whole_do_not_clash_unless_asked(check: Check, tmp_path: Path) -> None:
    relation = "#90=IFCRELAGGREGATES('0rel000000000000000001',$,$,$,#110,(#130));"  # the wall and the pipe
    source = write(tmp_path / "whole.ifc", [WALL, THROUGH_ONE], extra=[relation])
    assert check("clash", source).rows == []
    assert len(check("clash", source, options={"related": True}).rows) == 1


def test_the_cap_keeps_the_worst_pairs_and_the_count(check: Check, wall: Path, pipes: Path) -> None:
    done = check("clash", wall, other=pipes, options={"limit": 2})
    assert {row.detail["type"] for row in done.rows} == {"pierce"}
    assert len(done.rows) == 2
    assert done.summary.truncated
    assert done.verdict.counts["pairs"] == 3


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"classes": ["IfcTeapot"]}, "IfcTeapot"),
        ({"classes": ["IfcDoor"]}, "no element"),
        ({"systems": ["消防"]}, "消防"),
    ],
)
def test_a_selector_that_chooses_nothing_is_named(
    check: Check, wall: Path, chosen: dict[str, list[str]], said: str
) -> None:
    verdict = check("clash", wall, options={"a": chosen}).verdict
    assert (verdict.state, verdict.code) == ("failed", "selection_empty")
    assert said in verdict.message_en
