"""What a publication writes, and what it leaves alone."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bim.results import ELEMENTS_FILE
from tests.rows import add_plan, add_project
from tests.twin.elements.rows import element, model_result, pending_revision, publish, task, write_elements
from twin.elements.models import BimModel
from twin.elements.publish import Published, publish_revision, stage_elements

BOW_TIE = shapely.to_wkb(
    shapely.Polygon([(115.61, 33.15), (115.62, 33.16), (115.62, 33.15), (115.61, 33.16)]), hex=True
)


def _row(session: Session, columns: str, number: int) -> Any:
    statement = f"SELECT {columns} FROM bim_element WHERE step_id = :n ORDER BY revision_id DESC LIMIT 1"
    return session.execute(text(statement), {"n": number}).one()


def test_hostile_text_arrives_as_it_was(session: Session, tmp_path: Path) -> None:
    revision = pending_revision(session)
    publish(session, revision, model_result(), write_elements(tmp_path, [element(1)]))
    row = _row(session, "name, storey, psets, materials", 1)
    assert (row.name, row.storey, row.materials) == ("墙 1", "一层", ["C30 混凝土"])
    assert row.psets == {"Pset_WallCommon": {"备注": 'a "quoted" \\ back\nslash, <b>与</b>\t制表'}}


def test_elements_are_linked_to_the_first_milestone_their_tasks_name(
    session: Session, tmp_path: Path
) -> None:
    project = add_project(session)
    milestones = add_plan(session, project)
    tasks = [
        task("M02", "2025-10-01T08:00:00", "2025-11-30"),
        task("X9", "2025-03-01", "2025-12-24"),
        task("M01", None, "sometime"),
    ]
    rows = [
        element(1, task_codes=["X9", "M02"]),
        element(2, task_codes=["M01"]),
        element(3, task_codes=["none"]),
        element(4),
    ]
    done = publish(
        session, pending_revision(session, project), model_result(tasks), write_elements(tmp_path, rows)
    )
    assert done == Published(elements=4, on_map=4, linked=2)
    linked = [tuple(_row(session, "milestone_id, plan_start, plan_finish", n)) for n in (1, 2, 3, 4)]
    assert linked == [
        (milestones["M02"].id, date(2025, 3, 1), date(2025, 12, 24)),
        (milestones["M01"].id, None, None),
        (None, None, None),
        (None, None, None),
    ]


def test_a_crossed_footprint_is_made_valid_and_stays_an_area(session: Session, tmp_path: Path) -> None:
    rows = [
        element(1, footprint_lonlat_wkb=BOW_TIE),
        element(2, footprint_lonlat_wkb=None),
        element(3, footprint_lonlat_wkb=shapely.to_wkb(shapely.LineString([(115, 33), (116, 34)]), hex=True)),
    ]
    publish(session, pending_revision(session), model_result(), write_elements(tmp_path, rows))
    shape = "ST_IsValid(geom), ST_Dimension(geom), ST_SRID(geom)"
    assert tuple(_row(session, shape, 1)) == (True, 2, 4490)
    assert _row(session, "geom", 2)[0] is None
    assert tuple(_row(session, shape, 3)) == (True, 1, 4490)
    # by hand: two triangles of half a square of 0.01° make half of it
    assert _row(session, "ST_Area(geom)", 1)[0] == pytest.approx(0.5 * 0.01 * 0.01, rel=1e-9)


def test_surveyed_and_local_shapes_keep_their_own_zone(session: Session, tmp_path: Path) -> None:
    survey = shapely.to_wkb(shapely.box(39371200, 3671300, 39371210, 3671320), hex=True)
    local = shapely.to_wkb(shapely.box(0, 0, 10, 20), hex=True)
    rows = [element(1, footprint_survey_wkb=survey, survey_epsg=4527, footprint_local_wkb=local)]
    publish(session, pending_revision(session), model_result(), write_elements(tmp_path, rows))
    columns = "ST_SRID(geom_survey), ST_Area(geom_survey), ST_SRID(geom_local), ST_Area(geom_local)"
    assert tuple(_row(session, columns, 1)) == (4527, 200.0, 0, 200.0)


def test_the_revision_carries_what_the_model_says(session: Session, tmp_path: Path) -> None:
    revision = pending_revision(session)
    publish(session, revision, model_result(), write_elements(tmp_path, [element(1), element(2)]))
    session.refresh(revision)
    assert (revision.state, revision.schema_name, revision.counts_by_class) == (
        "published",
        "IFC4",
        {"IfcWall": 2},
    )
    assert revision.bbox == [115.61, 33.15, 0.0, 115.62, 33.16, 3.0]
    assert revision.georeference is not None
    assert (revision.georeference["crs"], revision.georeference["placed"]) == ("EPSG:4527", True)
    assert revision.published_at is not None
    assert [node["global_id"] for node in revision.tree or []] == ["0project", "0storey"]


def test_the_next_revision_keeps_identities_and_progress_and_the_old_rows(
    session: Session, tmp_path: Path
) -> None:
    project = add_project(session)
    first = pending_revision(session, project)
    publish(session, first, model_result(), write_elements(tmp_path, [element(1), element(2)]))
    session.execute(text("UPDATE element_identity SET progress = 40, status = 'in_progress'"))
    before = dict(session.execute(text("SELECT global_id, id FROM element_identity")).all())
    second = pending_revision(session, project, "cd" * 32)
    assert second.number == 2
    publish(session, second, model_result(), write_elements(tmp_path, [element(2), element(3)]))
    after = dict(session.execute(text("SELECT global_id, id FROM element_identity")).all())
    assert before.items() <= after.items()
    assert len(after) == 3
    rows = session.execute(text("SELECT revision_id, count(*) FROM bim_element GROUP BY 1 ORDER BY 1")).all()
    assert [tuple(row) for row in rows] == [(first.id, 2), (second.id, 2)]
    assert session.get_one(BimModel, first.model_id).current_revision_id == second.id
    kept = text("SELECT progress FROM element_identity WHERE global_id = '0element00000000000002'")
    assert session.scalar(kept) == 40


def test_a_revision_of_which_too_much_failed_waits_for_a_word(session: Session, tmp_path: Path) -> None:
    """Of four elements that should be drawn one failed: 25 %. A storey is not drawn and does not count."""
    project = add_project(session)
    first = pending_revision(session, project)
    publish(session, first, model_result(), write_elements(tmp_path / "1", [element(1)]))
    fault = {"kind": "crashed", "signal": 11, "seconds": 1.0, "reason": "x"}
    rows = [
        *(element(n) for n in (1, 2, 3)),
        element(4, fid=None, footprint_lonlat_wkb=None, geometry_error=fault),
        element(5, fid=None, footprint_lonlat_wkb=None, ifc_class="IfcBuildingStorey"),
    ]
    second = pending_revision(session, project, "cd" * 32)
    stage_elements(session, write_elements(tmp_path / "2", rows) / ELEMENTS_FILE)
    done = publish_revision(session, second, model_result(), hold_percent=24.9)
    session.refresh(second)
    assert (done.failed_percent, done.held) == (25.0, True)
    assert (second.state, second.published_at) == ("held", None)
    assert session.get_one(BimModel, first.model_id).current_revision_id == first.id
    decided = session.execute(text("SELECT action, reason FROM bim_revision_decision")).one()
    assert tuple(decided) == ("hold", "25.0 % > 24.9 %")
    third = pending_revision(session, project, "ef" * 32)
    stage_elements(session, write_elements(tmp_path / "3", rows) / ELEMENTS_FILE)
    assert publish_revision(session, third, model_result(), hold_percent=25.0).held is False
    assert session.get_one(BimModel, first.model_id).current_revision_id == third.id


def test_an_older_revision_that_comes_late_does_not_become_current(session: Session, tmp_path: Path) -> None:
    project = add_project(session)
    first, second = pending_revision(session, project), pending_revision(session, project, "cd" * 32)
    publish(session, second, model_result(), write_elements(tmp_path, [element(1)]))
    publish(session, first, model_result(), write_elements(tmp_path, [element(1)]))
    assert session.get_one(BimModel, first.model_id).current_revision_id == second.id


def test_a_broken_row_leaves_nothing(session: Session, tmp_path: Path) -> None:
    revision = pending_revision(session)
    session.commit()
    rows = [element(1), element(2, footprint_lonlat_wkb="0103")]
    with pytest.raises(DBAPIError):
        publish(session, revision, model_result(), write_elements(tmp_path, rows))
    session.rollback()
    assert session.scalar(text("SELECT count(*) FROM element_identity")) == 0
    assert session.scalar(text("SELECT to_regclass('pg_temp.element_staging')")) is None
