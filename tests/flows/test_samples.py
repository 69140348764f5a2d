"""The sample district against `expected.json`, whose answers were worked out without the product's code."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import shapely
from pyproj import Transformer
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from tests.conftest import SampleSite
from twin.db import for_sqlalchemy
from twin.identity.caller import SYSTEM
from twin.land.compliance import Subject, compute_overlap
from twin.samples.load import FOLDER

EXPECTED: dict[str, Any] = json.loads((FOLDER / "expected.json").read_text(encoding="utf8"))
OVERLAPS: dict[str, Any] = EXPECTED["overlaps"]["projects"]
LAYERS = ("land_parcels", "projects", "control_areas")
AREA_M2 = 0.02  # both sides are rounded to a square centimetre
TO_ZONE = Transformer.from_crs(4490, 4527, always_xy=True)


@pytest.fixture(scope="module")
def reading(samples: SampleSite) -> Iterator[Session]:
    engine = create_engine(for_sqlalchemy(samples.url))
    with Session(engine) as session:
        yield session
    engine.dispose()


def test_projects_in_construction_carry_the_planned_lights(reading: Session) -> None:
    rows = reading.execute(
        text(
            "SELECT light, count(*) AS n FROM layer_projects(NULL) WHERE stage IN ('construction', 'acceptance') GROUP BY 1"
        )
    )
    assert {row.light: row.n for row in rows} == EXPECTED["lights"]["counts"]


def test_the_start_rule_lights_of_projects_not_yet_begun(reading: Session) -> None:
    rows = reading.execute(
        text("SELECT code, light FROM layer_projects(NULL) WHERE stage IN ('initiation', 'design', 'tender')")
    )
    assert {row.code: row.light for row in rows} == EXPECTED["lights"]["start_rule"]


def test_progress_plan_and_deviation_of_every_project(reading: Session) -> None:
    rows = reading.execute(
        text("SELECT code, progress, planned_progress, light FROM layer_projects(NULL)")
    ).all()
    found = {row.code: row for row in rows}
    driven = {each["project"]: each["project_progress"] for each in EXPECTED["element_packages"].values()}
    for code, wanted in EXPECTED["lights"]["projects"].items():
        assert found[code].light == wanted["light"], code
        if wanted["light"] == "grey":
            assert found[code].planned_progress is None
            continue
        progress = driven.get(code, wanted["progress"])
        assert found[code].progress == pytest.approx(progress, abs=1e-5), code
        assert found[code].planned_progress == pytest.approx(wanted["planned_progress"], abs=1e-5), code


def test_packages_driven_by_elements_have_the_expected_percent(reading: Session) -> None:
    for wanted in EXPECTED["element_packages"].values():
        parts = reading.scalar(
            text(
                "SELECT parts FROM project_state s JOIN project p ON p.id = s.project_id WHERE p.code = :code"
                " ORDER BY s.as_of DESC, s.id DESC LIMIT 1"
            ),
            {"code": wanted["project"]},
        )
        found = {part["code"]: part for part in parts}
        for code, percent in wanted["packages"].items():
            assert found[code]["percent"] == pytest.approx(percent, abs=1e-5), (wanted["project"], code)
            assert found[code]["evidence"] == "elements"


@pytest.fixture(scope="module")
def answers(reading: Session) -> dict[str, dict[str, Any]]:
    return {code: compute_overlap(reading, SYSTEM, Subject(project=code), LAYERS) for code in OVERLAPS}


@pytest.mark.parametrize("code", OVERLAPS)
def test_overlap_of_every_project_agrees_with_the_independent_areas(
    answers: dict[str, dict[str, Any]], code: str
) -> None:
    answer, wanted = answers[code], OVERLAPS[code]
    assert answer["subject"]["area_m2"] == pytest.approx(wanted["area_m2"], abs=AREA_M2)
    assert answer["subject"]["area_plane_m2"] == pytest.approx(wanted["area_plane_m2"], abs=AREA_M2)
    found = {layer["layer"]: layer for layer in answer["layers"]}
    assert {name for name, layer in found.items() if layer["hit"]} == set(wanted["layers"])
    for name, expected in wanted["layers"].items():
        assert found[name]["area_m2"] == pytest.approx(expected["area_m2"], abs=AREA_M2), name
        assert found[name]["pieces"] == expected["pieces"], name
        assert found[name]["largest_piece_m2"] == pytest.approx(expected["largest_piece_m2"], abs=AREA_M2), (
            name
        )
        items = {item["code"]: item for item in found[name]["items"]}
        assert set(items) == {item["code"] for item in expected["items"]}, name
        for item in expected["items"]:
            assert items[item["code"]]["area_m2"] == pytest.approx(item["area_m2"], abs=AREA_M2), (name, item)
            assert items[item["code"]]["critical"] == item["critical"], (name, item)
    assert answer["slivers"]["count"] == wanted["slivers"]["count"]
    assert answer["slivers"]["area_m2"] == pytest.approx(wanted["slivers"]["area_m2"], abs=AREA_M2)
    outside = found["urban_boundary"]["outside_area_m2"]
    assert outside == pytest.approx(wanted["outside_urban_boundary_m2"], abs=AREA_M2)


def test_the_model_without_place_is_stored_and_not_on_the_map(reading: Session) -> None:
    row = reading.execute(
        text(
            "SELECT r.geom IS NULL AS unplaced, r.georeference ->> 'level' AS level FROM bim_revision r"
            " WHERE r.file_name = 'bridge.ifc'"
        )
    ).one()
    assert (row.unplaced, row.level) == (True, "0")


def test_swapped_axes_are_put_right_and_said(reading: Session) -> None:
    row = reading.execute(
        text(
            "SELECT georeference ->> 'warnings' AS warnings, ST_X(ST_Centroid(geom)) AS lon FROM bim_revision WHERE file_name = 'gallery.ifc'"
        )
    ).one()
    assert "swapped" in row.warnings
    assert 115.6 < row.lon < 116.0


def test_element_counts_per_class_equal_the_files(reading: Session) -> None:
    for model in EXPECTED["models"].values():
        counts = reading.scalar(
            text("SELECT counts_by_class FROM bim_revision WHERE file_name = :name"),
            {"name": model["file"].removeprefix("models/")},
        )
        assert counts == model["products_by_class"]


@pytest.mark.parametrize("wall", EXPECTED["models"]["building"]["walls"], ids=lambda wall: wall["name"])
def test_walls_lie_where_the_map_conversion_puts_them(reading: Session, wall: dict[str, Any]) -> None:
    row = reading.execute(
        text("SELECT ST_AsBinary(geom) AS geom, z_min_m, z_max_m FROM bim_element WHERE global_id = :id"),
        {"id": wall["global_id"]},
    ).one()
    footprint = shapely.transform(shapely.from_wkb(bytes(row.geom)), lambda xy: _to_zone(xy))
    ends = [(wall[end]["east"], wall[end]["north"]) for end in ("start", "end")]
    expected = shapely.LineString(ends).buffer(wall["thickness_m"] / 2, cap_style="flat")
    assert footprint.hausdorff_distance(expected) < 0.05  # 5 cm
    assert row.z_min_m == pytest.approx(wall["z_min_m"], abs=0.01)
    assert row.z_max_m == pytest.approx(wall["z_max_m"], abs=0.01)


def _to_zone(lonlat: Any) -> Any:
    east, north = TO_ZONE.transform(lonlat[:, 0], lonlat[:, 1])
    return shapely.get_coordinates(shapely.points(east, north))
