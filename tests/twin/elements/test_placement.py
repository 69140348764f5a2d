"""Placing by hand: what is moved without a conversion equals what a conversion would have written."""

import math
from pathlib import Path
from typing import Any

import pyproj
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from bim.errors import PlacementError
from bim.georeference.control_points import ControlPoint
from bim.job import ConversionJob, Correction, ProjectPlace
from bim.results import ELEMENTS_FILE, ModelResult, read_model
from bim.runner import run_conversion_blocking
from tests.bim.ifc_text import Sheet, write
from tests.rows import add_project
from tests.twin.elements.rows import pending_revision, publish
from twin.elements.follow import find_correction, find_placement, follow_placement
from twin.elements.models import BimModel, BimRevision
from twin.elements.placement import list_placements, place_model, preview_placement, withdraw_placement
from twin.elements.position import GivenPlace
from twin.elements.revisions import assign_current
from twin.errors import ConflictError, InvalidInputError, NotFoundError, StaleError
from twin.identity.audit import list_events
from twin.identity.caller import SYSTEM
from twin.projects.models import Project

# The project's red line is 200 m x 150 m from here (`tests.rows.SQUARE`).
EAST, NORTH = 39_387_800.0, 3_653_300.0
MIDDLE = GivenPlace("EPSG:4527", "现场复测", EAST + 100, NORTH + 75, 30.0, 30.0)
ZONE_39 = [
    "#90=IFCPROJECTEDCRS('EPSG:4527',$,$,$,$,$,#91);",
    "#91=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);",
    f"#92=IFCMAPCONVERSION(#10,#90,{EAST + 20},{NORTH + 20},20.,1.,0.,$);",
]
COLUMNS = """global_id, ST_AsEWKB(geom) AS geom, ST_AsEWKB(geom_survey) AS survey, round(z_min_m::numeric, 6) AS low,
  round(z_max_m::numeric, 6) AS high, area_m2, ARRAY(SELECT unnest(flags) ORDER BY 1) AS flags"""


def _converted(
    folder: Path, extra: list[str], correction: Correction | None = None, walls: int = 3
) -> tuple[ModelResult, Path]:
    source = write(folder / "a.ifc", Sheet(walls=walls, project_extra=extra).text())
    spool = folder / ("by-hand" if correction else "spool")
    outcome = run_conversion_blocking(
        ConversionJob(source, spool, ProjectPlace("EPSG:4527"), correction=correction)
    )
    assert outcome.verdict.state == "succeeded", outcome.verdict
    return read_model(spool), spool


def _published(
    session: Session, folder: Path, extra: list[str], project: Project | None = None, sha256: str = "ab" * 32
) -> BimRevision:
    folder.mkdir(exist_ok=True)
    model, spool = _converted(folder, extra)
    revision = pending_revision(session, project or add_project(session), sha256)
    publish(session, revision, model, spool)
    session.refresh(revision)
    return revision


def _rows(session: Session, revision_id: int) -> list[dict[str, Any]]:
    found = session.execute(
        text(f"SELECT {COLUMNS} FROM bim_element WHERE revision_id = :id ORDER BY step_id"),
        {"id": revision_id},
    )
    return [dict(row) for row in found.mappings()]


def _wall(session: Session, revision_id: int) -> shapely.Geometry:
    hexed = session.scalar(
        text("SELECT ST_AsBinary(geom) FROM bim_element WHERE revision_id = :id AND name = '墙0'"),
        {"id": revision_id},
    )
    return shapely.from_wkb(bytes(hexed))


def _by_hand(point: tuple[float, float], turn_deg: float = 30.0) -> tuple[float, float]:
    """Longitude and latitude of a local point: the hand formula and PROJ."""
    angle = math.radians(turn_deg)
    east = EAST + 100 + math.cos(angle) * point[0] - math.sin(angle) * point[1]
    north = NORTH + 75 + math.sin(angle) * point[0] + math.cos(angle) * point[1]
    to_degrees = pyproj.Transformer.from_crs("EPSG:4527", "EPSG:4490", always_xy=True)
    lon, lat = to_degrees.transform(east, north)
    return lon, lat


def test_a_model_without_a_place_comes_onto_the_map_within_a_centimetre(
    session: Session, tmp_path: Path
) -> None:
    revision = _published(session, tmp_path, [])
    assert (revision.georeference or {})["placed"] is False
    place_model(session, SYSTEM, revision.model_id, MIDDLE)
    session.refresh(revision)
    # The first wall is a box of 3 m x 0.2 m about the local zero.
    corners = {(round(x, 8), round(y, 8)) for x, y in _wall(session, revision.id).exterior.coords}
    expected = {
        tuple(round(value, 8) for value in _by_hand((x, y))) for x in (-1.5, 1.5) for y in (-0.1, 0.1)
    }
    assert corners == expected  # 1e-8 degrees are a millimetre
    low = session.scalar(text("SELECT min(z_min_m) FROM bim_element WHERE name = '墙0'"))
    assert low == pytest.approx(30.0)
    place = revision.georeference or {}
    assert (place["method"], place["placed"], place["confidence"]) == ("placed_by_hand", True, "high")
    assert place["rotation_deg"] == pytest.approx(30.0)
    assert place["file"]["placed"] is False
    assert "现场复测" in place["evidence"][0]
    assert revision.geom is not None
    assert revision.bbox is not None
    assert (revision.bbox[2], revision.bbox[5]) == pytest.approx((30.0, 32.8))


def test_moving_writes_what_a_new_conversion_would_write(session: Session, tmp_path: Path) -> None:
    project = add_project(session)
    moved = _published(session, tmp_path, ZONE_39, project)
    row = place_model(session, SYSTEM, moved.model_id, MIDDLE)
    session.refresh(moved)
    correction = find_correction(session, moved.model_id)
    assert correction is not None
    assert correction.number == row.id
    model, spool = _converted(tmp_path, ZONE_39, correction)
    fresh = pending_revision(session, project, "cd" * 32)
    publish(session, fresh, model, spool)
    session.refresh(fresh)
    assert _rows(session, moved.id) == _rows(session, fresh.id)
    assert moved.bbox == pytest.approx(fresh.bbox)
    for column in ("geom", "geom_survey", "geom_local"):
        same = session.scalar(
            text(
                f"SELECT a.{column} = b.{column} FROM bim_revision a, bim_revision b WHERE a.id = :a AND b.id = :b"
            ),
            {"a": moved.id, "b": fresh.id},
        )
        assert same, column
    one, two = dict(moved.georeference or {}), dict(fresh.georeference or {})
    assert one.keys() == two.keys()
    assert [one[name] for name in ("matrix", "crs", "evidence", "file", "placement")] == [
        two[name] for name in ("matrix", "crs", "evidence", "file", "placement")
    ]


def test_withdrawing_puts_every_row_back_as_the_file_had_it(session: Session, tmp_path: Path) -> None:
    revision = _published(session, tmp_path, ZONE_39)
    before, place, box = _rows(session, revision.id), revision.georeference, revision.bbox
    place_model(session, SYSTEM, revision.model_id, MIDDLE)
    assert _rows(session, revision.id) != before
    withdraw_placement(session, SYSTEM, revision.model_id, "误操作")
    session.refresh(revision)
    assert _rows(session, revision.id) == before
    assert revision.georeference == place
    assert revision.bbox == pytest.approx(box)
    history = list_placements(session, revision.model_id)
    assert [(each.end_kind, each.end_reason) for each in history] == [("withdrawn", "误操作")]
    with pytest.raises(NotFoundError):
        withdraw_placement(session, SYSTEM, revision.model_id, "再次")


def test_withdrawing_takes_a_model_without_a_place_off_the_map_again(
    session: Session, tmp_path: Path
) -> None:
    revision = _published(session, tmp_path, [])
    before = _rows(session, revision.id)
    place_model(session, SYSTEM, revision.model_id, MIDDLE)
    withdraw_placement(session, SYSTEM, revision.model_id, "撤销")
    session.refresh(revision)
    assert _rows(session, revision.id) == before
    assert (revision.geom, revision.bbox) == (None, None)


def test_the_newest_placement_is_in_force_and_the_older_ones_stay_as_history(
    session: Session, tmp_path: Path
) -> None:
    revision = _published(session, tmp_path, ZONE_39)
    first = place_model(session, SYSTEM, revision.model_id, MIDDLE)
    second = place_model(session, SYSTEM, revision.model_id, GivenPlace(None, "改正", EAST + 50, NORTH + 50))
    found = find_placement(session, revision.model_id)
    assert found is not None
    assert found.id == second.id
    session.refresh(first)
    assert (first.end_kind, first.ended_by, first.end_reason) == ("replaced", "test", "改正")
    assert (second.crs, second.created_by) == ("EPSG:4527", "test")
    events = [(event.action, event.after) for event in list_events(session, limit=2)]
    assert [action for action, _ in events] == ["model.place", "model.place"]
    assert events[0][1] is not None
    assert events[0][1]["eastings"] == EAST + 50


def test_control_points_place_as_the_numbers_do(session: Session, tmp_path: Path) -> None:
    revision = _published(session, tmp_path, [])
    to_map = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4527", always_xy=True)
    pairs = [
        ControlPoint(local, to_map.transform(*_by_hand(local)))
        for local in ((0.0, 0.0), (40.0, 5.0), (9.0, 30.0))
    ]
    row = place_model(
        session, SYSTEM, revision.model_id, GivenPlace(None, "控制点", control_points=pairs, height=30.0)
    )
    assert (row.eastings, row.northings, row.rotation_deg) == pytest.approx(
        (MIDDLE.eastings, MIDDLE.northings, 30.0), abs=1e-5
    )
    assert row.residuals is not None
    assert max(each["distance_m"] for each in row.residuals) < 1e-4
    degrees = [ControlPoint(each.local, _by_hand(each.local)) for each in pairs]
    again = place_model(
        session, SYSTEM, revision.model_id, GivenPlace("EPSG:4490", "经纬度", control_points=degrees)
    )
    assert again.crs == "EPSG:4527"
    assert (again.eastings, again.northings) == pytest.approx((row.eastings, row.northings), abs=1e-3)


def test_a_point_in_degrees_is_turned_from_true_north(session: Session, tmp_path: Path) -> None:
    """Convergence of zone 39 at 115.8 E, 33.0 N is -0.654 degrees; the point lies at E 39387852.7805, N 3653387.7256."""
    revision = _published(session, tmp_path, [])
    row = place_model(session, SYSTEM, revision.model_id, GivenPlace("EPSG:4490", "图上拖动", 115.8, 33.0))
    assert (row.crs, row.eastings, row.northings) == (
        "EPSG:4527",
        pytest.approx(39387852.7805, abs=1e-3),
        pytest.approx(3653387.7256, abs=1e-3),
    )
    assert row.rotation_deg == pytest.approx(-0.654, abs=5e-4)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (GivenPlace("EPSG:4527", " ", EAST, NORTH), InvalidInputError, "reason is empty"),
        (GivenPlace("EPSG:4527", "x", None, NORTH), InvalidInputError, "eastings and northings"),
        (GivenPlace("EPSG:4527", "x", math.nan, NORTH), InvalidInputError, "finite"),
        (GivenPlace("EPSG:4527", "x", EAST, NORTH, scale_factor=1000.0), InvalidInputError, "scale factor near 1"),
        (GivenPlace("某市独立坐标系", "x", EAST, NORTH), InvalidInputError, "local grid"),
        (GivenPlace("EPSG:2363", "x", EAST, NORTH), InvalidInputError, "old datum"),
        (GivenPlace("EPSG:4527", "x", NORTH, EAST), PlacementError, "exchanged"),
        (GivenPlace("EPSG:4527", "x", EAST - 39e6, NORTH), PlacementError, "EPSG:4548"),
        (GivenPlace("EPSG:4526", "x", EAST, NORTH), PlacementError, "EPSG:4527"),
        (GivenPlace("EPSG:4490", "x", 33.0, 115.8), InvalidInputError, "no longitude and latitude"),
        (GivenPlace("EPSG:4527", "x", control_points=[ControlPoint((0, 0), (EAST, NORTH))]), PlacementError, "at least two"),
    ],
)  # fmt: skip
def test_positions_that_cannot_be_are_refused_and_nothing_is_written(
    session: Session, tmp_path: Path, given: GivenPlace, error: type[Exception], words: str
) -> None:
    revision = _plain(session)
    with pytest.raises(error, match=words):
        place_model(session, SYSTEM, revision.model_id, given)
    assert list_placements(session, revision.model_id) == []


def _plain(session: Session) -> BimRevision:
    """A published revision without elements."""
    revision = pending_revision(session)
    revision.state = "published"
    session.flush()
    session.execute(
        text("UPDATE bim_model SET current_revision_id = :r WHERE id = :m"),
        {"r": revision.id, "m": revision.model_id},
    )
    session.expire_all()
    return revision


def test_a_model_without_a_revision_cannot_be_placed(session: Session) -> None:
    revision = pending_revision(session)
    with pytest.raises(ConflictError):
        place_model(session, SYSTEM, revision.model_id, MIDDLE)


def test_who_places_after_somebody_else_is_told_to_look_again(session: Session) -> None:
    revision = _plain(session)
    version = session.get_one(BimModel, revision.model_id).row_version
    place_model(session, SYSTEM, revision.model_id, MIDDLE, tag=f'"{version}"')
    with pytest.raises(StaleError):
        place_model(session, SYSTEM, revision.model_id, MIDDLE, tag=f'"{version}"')
    with pytest.raises(StaleError):
        withdraw_placement(session, SYSTEM, revision.model_id, "撤销", tag=f'"{version}"')
    assert len(list_placements(session, revision.model_id)) == 1


def test_a_preview_stores_nothing_and_tells_distance_and_share(session: Session, tmp_path: Path) -> None:
    """Walls of 3 m x 0.2 m at x = 0, 5, 10. Zero on the western edge: 1.5 m of the first of three walls lie outside."""
    revision = _published(session, tmp_path, [])
    at = GivenPlace("EPSG:4527", "试", EAST, NORTH + 75)
    seen = preview_placement(session, revision.model_id, at)
    assert seen.nearness is not None
    assert seen.nearness.distance_m == 0
    assert seen.nearness.inside_share == pytest.approx(100 * (1.5 + 3 + 3) / 9, abs=0.01)
    assert seen.outline is not None
    assert seen.outline["type"] == "MultiPolygon"
    assert len(seen.outline["coordinates"]) == 3
    away = preview_placement(
        session,
        revision.model_id,
        GivenPlace("EPSG:4527", "试", EAST - 101.5, NORTH + 75, rotation_deg=180.0),
    )
    assert away.nearness is not None
    # The nearest end of the first wall lies 100 m west of the line; a plane metre of the zone is .99985 m of ground.
    assert away.nearness.distance_m == pytest.approx(100.0 / 1.000155, abs=0.01)
    assert away.nearness.inside_share == 0
    assert list_placements(session, revision.model_id) == []
    session.refresh(revision)
    assert revision.geom is None


def test_a_later_revision_is_asked_about_again_if_its_own_georeference_moved(
    session: Session, tmp_path: Path
) -> None:
    project = add_project(session)
    first = _published(session, tmp_path / "1", ZONE_39, project)
    place_model(session, SYSTEM, first.model_id, MIDDLE)
    same = _published(session, tmp_path / "2", ZONE_39, project, "cd" * 32)
    assert same.warnings == []
    assert (same.georeference or {})["method"] == "placed_by_hand"
    moved_lines = [*ZONE_39[:2], ZONE_39[2].replace(f"{EAST + 20}", f"{EAST + 90}")]
    moved = _published(session, tmp_path / "3", moved_lines, project, "ef" * 32)
    assert [text for text in moved.warnings or [] if "differs from that of revision 2" in text]
    assert follow_placement(session, moved) == moved.warnings  # once asked is enough
    assert (moved.georeference or {})["origin"]["e"] == pytest.approx(EAST + 100)
    assert _rows(session, moved.id)[-1]["geom"] == _rows(session, same.id)[-1]["geom"]


def test_a_placement_given_while_a_conversion_ran_holds_for_what_it_publishes(
    session: Session, tmp_path: Path
) -> None:
    project = add_project(session)
    first = _published(session, tmp_path, ZONE_39, project)
    model, spool = _converted(tmp_path, ZONE_39)
    place_model(session, SYSTEM, first.model_id, MIDDLE)
    second = pending_revision(session, project, "cd" * 32)
    publish(session, second, model, spool)
    session.refresh(second)
    assert (second.georeference or {})["origin"]["e"] == pytest.approx(EAST + 100)
    assert (spool / ELEMENTS_FILE).exists()


def test_a_revision_converted_under_a_placement_withdrawn_meanwhile_lies_where_its_file_says(
    session: Session, tmp_path: Path
) -> None:
    project = add_project(session)
    first = _published(session, tmp_path, ZONE_39, project)
    before = _rows(session, first.id)
    place_model(session, SYSTEM, first.model_id, MIDDLE)
    model, spool = _converted(tmp_path, ZONE_39, find_correction(session, first.model_id))
    withdraw_placement(session, SYSTEM, first.model_id, "撤销")
    second = pending_revision(session, project, "cd" * 32)
    publish(session, second, model, spool)
    assert _rows(session, second.id) == before


def test_an_outline_that_was_not_kept_is_computed_from_the_elements(session: Session, tmp_path: Path) -> None:
    revision = _published(session, tmp_path, ZONE_39)
    session.execute(text("UPDATE bim_revision SET geom_local = NULL"))
    session.expire_all()
    seen = preview_placement(session, revision.model_id, MIDDLE)
    assert seen.outline is not None
    assert (
        shapely.from_geojson(str(seen.outline).replace("'", '"').replace("(", "[").replace(")", "]")).area > 0
    )
    area = session.scalar(text("SELECT ST_Area(geom_local) FROM bim_revision"))
    assert area == pytest.approx(3 * 3.0 * 0.2, abs=1e-6)


def test_heights_stored_before_boxes_were_go_back_by_the_old_matrix(session: Session, tmp_path: Path) -> None:
    """The file puts zero at 20 m, the placement at 30 m."""
    revision = _published(session, tmp_path, ZONE_39)
    session.execute(text("UPDATE bim_element SET box = NULL"))
    place_model(session, SYSTEM, revision.model_id, MIDDLE)
    heights = text("SELECT z_min_m, z_max_m FROM bim_element WHERE name = '墙0'")
    assert tuple(session.execute(heights).one()) == pytest.approx((30.0, 32.8))


def test_an_older_revision_that_becomes_current_again_follows_the_placement(
    session: Session, tmp_path: Path
) -> None:
    project = add_project(session)
    first = _published(session, tmp_path / "1", ZONE_39, project)
    second = _published(session, tmp_path / "2", ZONE_39, project, "cd" * 32)
    place_model(session, SYSTEM, first.model_id, MIDDLE)
    assert _rows(session, first.id) != _rows(session, second.id)
    second.state = "withdrawn"
    session.flush()
    assign_current(session, first.model_id)
    assert session.get_one(BimModel, first.model_id, populate_existing=True).current_revision_id == first.id
    assert _rows(session, first.id) == _rows(session, second.id)
