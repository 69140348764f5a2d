"""Scenes in the database and the object store."""

import hashlib
from pathlib import Path

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bim.scene.drawn import is_drawn
from tests.benchmarks.scene_data import global_id, write_boxes
from tests.rows import add_project
from tests.twin.elements.rows import element, model_result, pending_revision, publish, task, write_elements
from twin.elements.queries import get_model
from twin.elements.scene import find_scene, get_scene, keep_scene, publish_scene, render_columns
from twin.errors import NotFoundError
from twin.identity.caller import SYSTEM
from twin.objects import ObjectStore, object_name


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(str(tmp_path / "objects"), tmp_path / "incoming")


def test_a_scene_comes_back_as_it_was_published(session: Session, store: ObjectStore, tmp_path: Path) -> None:
    written = write_boxes(tmp_path / "spool", 30)
    revision = pending_revision(session)
    kept = keep_scene(store, tmp_path / "spool")
    publish(session, revision, model_result(), write_elements(tmp_path, [element(1, fid=0)]))
    publish_scene(session, revision.id, kept)
    found = get_scene(session, get_model(session, SYSTEM, revision.model_id))
    assert found == written
    assert len(found.tiles) == 4
    for tile in found.tiles:
        assert hashlib.sha256(b"".join(store.stream(tile.sha256))).hexdigest() == tile.sha256


def test_every_object_of_a_scene_is_known_as_needed(
    session: Session, store: ObjectStore, tmp_path: Path
) -> None:
    write_boxes(tmp_path / "spool", 10)
    revision = pending_revision(session)
    kept = keep_scene(store, tmp_path / "spool")
    publish(session, revision, model_result(), write_elements(tmp_path, [element(1)]))
    publish_scene(session, revision.id, kept)
    with pytest.raises(IntegrityError):
        session.execute(
            text("DELETE FROM stored_object WHERE sha256 = :name"), {"name": kept.scene.tiles[0].sha256}
        )


def test_a_tile_cleared_away_before_its_publication_is_brought_again(
    session: Session, store: ObjectStore, tmp_path: Path
) -> None:
    write_boxes(tmp_path / "spool", 10)
    revision = pending_revision(session)
    kept = keep_scene(store, tmp_path / "spool")
    lost = kept.scene.tiles[0].sha256
    (tmp_path / "objects" / object_name(lost)).unlink()
    publish(session, revision, model_result(), write_elements(tmp_path, [element(1)]))
    publish_scene(session, revision.id, kept)
    assert store.has(lost)


def test_two_revisions_share_the_tiles_that_are_equal(
    session: Session, store: ObjectStore, tmp_path: Path
) -> None:
    project = add_project(session)
    for number, sha256 in enumerate(("ab" * 32, "cd" * 32)):
        spool = tmp_path / str(number)
        write_boxes(spool, 10)
        revision = pending_revision(session, project, sha256, f"楼 {number}")
        publish(session, revision, model_result(), write_elements(spool, [element(1)]))
        publish_scene(session, revision.id, keep_scene(store, spool))
    counts = session.execute(text("SELECT count(*), count(DISTINCT sha256) FROM bim_scene_tile")).one()
    assert counts[0] == 2 * counts[1]


def test_a_revision_of_before_scenes_has_none_and_says_what_to_do(session: Session, tmp_path: Path) -> None:
    revision = pending_revision(session)
    publish(session, revision, model_result(), write_elements(tmp_path, [element(1)]))
    seen = get_model(session, SYSTEM, revision.model_id)
    assert find_scene(session, seen) is None
    with pytest.raises(NotFoundError, match="the next revision uploaded"):
        get_scene(session, seen)


def test_no_two_elements_of_a_revision_have_one_fid(session: Session, tmp_path: Path) -> None:
    revision = pending_revision(session)
    with pytest.raises(IntegrityError, match="uq_bim_element_revision_fid"):
        publish(
            session,
            revision,
            model_result(),
            write_elements(tmp_path, [element(1, fid=0), element(2, fid=0)]),
        )


def test_columns_stand_in_the_order_of_the_fids(session: Session, tmp_path: Path) -> None:
    rows = [
        element(3, fid=2, ifc_class="IfcColumn", storey_name=None, storey=None, name=None),
        element(1, fid=0, task_codes=["W1"]),
        element(9, fid=None, ifc_class="IfcGrid"),
        element(2, fid=1, ifc_class="IfcPipeSegment", storey_name="二层", name='"引号"\\'),
    ]
    revision = pending_revision(session)
    model = model_result([task("W1", "2025-03-01", "2025-04-30")])
    publish(session, revision, model, write_elements(tmp_path, rows))
    columns = orjson.loads(render_columns(session, get_model(session, SYSTEM, revision.model_id)))
    assert columns["global_id"] == [f"0element{number:014d}" for number in (1, 2, 3)]
    assert columns["name"] == ["墙 1", '"引号"\\', None]
    assert _named(columns["ifc_class"]) == ["IfcWall", "IfcPipeSegment", "IfcColumn"]
    assert _named(columns["discipline"]) == ["architecture", "mep", "structure"]
    assert _named(columns["storey"]) == ["一层", "二层", None]
    assert columns["plan_start"] == ["2025-03-01", None, None]
    assert columns["plan_finish"] == ["2025-04-30", None, None]
    assert _named(columns["milestone"]) == [None, None, None]


def _named(column: dict[str, list[int | None]]) -> list[object]:
    return [None if index is None else column["names"][index] for index in column["index"]]


def test_what_the_map_leaves_out_is_no_part_of_a_scene_but_the_ground(session: Session) -> None:
    classes = [
        "IfcOpeningElement", "IfcVoidingFeature", "IfcSpace", "IfcVirtualElement", "IfcAnnotation", "IfcGrid",
        "IfcBuilding", "IfcBuildingStorey", "IfcFacility", "IfcFacilityPart", "IfcBridge", "IfcRoad", "IfcRailway",
        "IfcSpatialZone", "IfcExternalSpatialElement", "IfcReferent", "IfcPort", "IfcDistributionPort", "IfcWall",
        "IfcSlab", "IfcPipeSegment", "IfcBuildingElementProxy", "IfcEarthworksCut",
    ]  # fmt: skip
    rows = session.execute(
        text("SELECT c, element_is_drawn(c) FROM unnest(CAST(:classes AS text[])) c"), {"classes": classes}
    )
    on_map = {row[0]: row[1] for row in rows}
    assert {name: is_drawn(name) for name in classes} == on_map
    assert is_drawn("IfcSite")


def test_the_boxes_of_the_benchmark_carry_their_own_ids() -> None:
    assert len({global_id(fid) for fid in range(1_000)}) == 1_000
    assert len(global_id(99_999)) == 22
