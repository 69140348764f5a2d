"""Elements of a model edited on the map: what is reported moves the project and its light."""

from datetime import date
from typing import Any

import pytest
import shapely
from shapely.geometry import box
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.errors import InvalidGeometryError
from tests.rows import add_plan, add_project
from tests.twin.editing.people import AUDITOR, DIVISION, task_force
from twin.alerts.presets import add_shipped_presets
from twin.editing import Feature, create_feature, delete_feature, replace_feature, update_feature
from twin.errors import ConflictError, ForbiddenError, InvalidInputError, NotOfferedError
from twin.identity.agency import REPORTING_DATE, assign_setting
from twin.identity.audit import list_events

LAYER = "bim_elements"
PLACE = box(115.800, 33.000, 115.801, 33.001)


@pytest.fixture
def ids(session: Session) -> tuple[int, int, int]:
    """A project whose second milestone (70 %) is one model of two walls; wall W2 was there before."""
    assign_setting(session, REPORTING_DATE, "2025-10-31")
    add_shipped_presets(session)
    project = add_project(session)
    milestones = add_plan(session, project)
    row = session.execute(
        text(
            """WITH o AS (INSERT INTO stored_object (sha256, size_bytes) VALUES ('a', 1)),
            m AS (INSERT INTO bim_model (project_id, name) VALUES (:project, '主楼') RETURNING id),
            r AS (INSERT INTO bim_revision (model_id, number, state, sha256, file_name, published_at)
                  SELECT id, 1, 'published', 'a', '主楼.ifc', now() FROM m RETURNING id, model_id),
            i AS (INSERT INTO element_identity (model_id, global_id)
                  SELECT model_id, unnest(ARRAY['W1', 'W2']) FROM r RETURNING id, global_id),
            e AS (INSERT INTO bim_element (revision_id, identity_id, project_id, step_id, global_id, ifc_class,
                    milestone_id, planning_status, geom)
                  SELECT r.id, i.id, :project, 1, i.global_id, 'IfcWall', :milestone,
                    CASE WHEN i.global_id = 'W2' THEN 'EXISTING' END,
                    ST_Multi(ST_SetSRID(ST_GeomFromText(:place), 4490)) FROM r, i)
            SELECT r.id AS revision, (SELECT id FROM i WHERE global_id = 'W1') AS wall,
              (SELECT id FROM i WHERE global_id = 'W2') AS existing FROM r"""
        ),
        {"project": project.id, "milestone": milestones["M02"].id, "place": PLACE.wkt},
    ).one()
    session.execute(text("UPDATE bim_model SET current_revision_id = :id"), {"id": row.revision})
    return project.id, row.wall, row.existing


def wall(session: Session, feature_id: int) -> tuple[str, float, date | None, date | None]:
    sql = """SELECT status, progress::float8, actual_start, actual_finish FROM layer_bim_elements(NULL)
      WHERE id = :id"""
    return tuple(session.execute(text(sql), {"id": feature_id}).one())


def progress(session: Session, project_id: int) -> float:
    sql = text("SELECT progress::float8 FROM layer_projects(NULL) WHERE id = :id")
    return float(session.execute(sql, {"id": project_id}).scalar_one())


def test_a_hundred_percent_makes_an_element_done_and_moves_project_and_light(
    session: Session, ids: tuple[int, int, int]
) -> None:
    project, element, _ = ids
    update_feature(session, DIVISION, LAYER, element, Feature({"progress": 40}))
    assert wall(session, element)[:2] == ("in_progress", 40)
    assert progress(session, project) == pytest.approx(0.7 * 40)
    update_feature(
        session, DIVISION, LAYER, element, Feature({"progress": 100, "actual_finish": "2025-10-20"})
    )
    assert wall(session, element) == ("done", 100, None, date(2025, 10, 20))
    assert progress(session, project) == pytest.approx(70)
    lights = session.execute(text("SELECT count(*) FROM light_evaluation WHERE preset = 'composite'"))
    assert lights.scalar_one() == 2
    history = session.execute(text("SELECT percent::float8, source FROM element_progress ORDER BY id")).all()
    assert [tuple(row) for row in history] == [(40, "map"), (100, "map")]


def test_the_trail_names_the_element_and_what_was_before(session: Session, ids: tuple[int, int, int]) -> None:
    update_feature(session, DIVISION, LAYER, ids[1], Feature({"status": "in_progress", "progress": 30}))
    event = list_events(session)[0]
    assert event.thing.endswith(" W1")
    assert (event.before, event.after) == (
        {"status": "not_started", "progress": 0.0},
        {"status": "in_progress", "progress": 30.0},
    )


@pytest.mark.parametrize(
    ("sent", "becomes"),
    [
        ({"status": "done"}, ("done", 100)),
        ({"status": "done", "progress": 40.0}, ("done", 100)),  # progress comes back as it was
        ({"status": "in_progress", "progress": 100}, ("done", 100)),  # status comes back as it was
        ({"status": "not_started", "progress": 40.0}, ("not_started", 0)),
        ({"status": "in_progress", "progress": 60.5}, ("in_progress", 60.5)),
    ],
)
def test_what_was_not_edited_follows_what_was(
    session: Session, ids: tuple[int, int, int], sent: dict[str, Any], becomes: tuple[str, float]
) -> None:
    update_feature(session, DIVISION, LAYER, ids[1], Feature({"progress": 40}))
    replace_feature(session, DIVISION, LAYER, ids[1], Feature(sent, PLACE))
    assert wall(session, ids[1])[:2] == becomes


def test_the_geometry_may_come_back_and_may_not_change(session: Session, ids: tuple[int, int, int]) -> None:
    sent = {"name": "另一名", "ifc_class": "IfcSlab", "status": "in_progress", "z_max_m": 9}
    replace_feature(session, DIVISION, LAYER, ids[1], Feature(sent, shapely.reverse(PLACE)))
    assert wall(session, ids[1])[0] == "in_progress"
    with pytest.raises(InvalidGeometryError, match="comes from the model"):
        update_feature(session, DIVISION, LAYER, ids[1], Feature({}, box(115.8, 33.0, 115.802, 33.001)))


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"status": "existing"}, "none of not_started"),
        ({"status": None}, "must not be null"),
        ({"progress": 101}, "lies outside"),
        ({"status": "done", "progress": 50}, "does not agree"),
        ({"status": "done", "actual_start": "2025-10-02", "actual_finish": "2025-10-01"}, "before"),
        ({"status": "in_progress", "actual_finish": "2025-10-01"}, "Only an element that is done"),
        ({"status": "done", "actual_finish": "2999-01-01"}, "in the future"),
    ],
)
def test_what_contradicts_itself_is_refused(
    session: Session, ids: tuple[int, int, int], sent: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        update_feature(session, DIVISION, LAYER, ids[1], Feature(sent))


def test_a_known_date_is_corrected_and_not_taken_back(session: Session, ids: tuple[int, int, int]) -> None:
    started = Feature({"progress": 10, "actual_start": "2025-10-01"})
    update_feature(session, DIVISION, LAYER, ids[1], started)
    with pytest.raises(InvalidInputError, match="cannot be taken back"):
        update_feature(session, DIVISION, LAYER, ids[1], Feature({"actual_start": None}))
    session.expire_all()
    update_feature(session, DIVISION, LAYER, ids[1], Feature({"actual_start": "2025-10-03"}))
    assert wall(session, ids[1]) == ("in_progress", 10, date(2025, 10, 3), None)
    update_feature(session, DIVISION, LAYER, ids[1], Feature({"status": "not_started", "actual_start": None}))
    assert wall(session, ids[1]) == ("not_started", 0, None, None)


def test_nothing_is_reported_of_what_was_there_before(session: Session, ids: tuple[int, int, int]) -> None:
    with pytest.raises(ConflictError, match="before the works"):
        update_feature(session, DIVISION, LAYER, ids[2], Feature({"status": "done"}))
    replace_feature(session, DIVISION, LAYER, ids[2], Feature({"status": "existing", "progress": 0}))


def test_one_of_several_elements_with_one_global_id_is_the_one_edited(
    session: Session, ids: tuple[int, int, int]
) -> None:
    session.execute(
        text("UPDATE bim_element SET global_id = 'W1#2', planning_status = NULL WHERE identity_id = :id"),
        {"id": ids[2]},
    )
    update_feature(session, DIVISION, LAYER, ids[1], Feature({"progress": 25}))
    update_feature(session, DIVISION, LAYER, ids[2], Feature({"progress": 75}))
    assert (wall(session, ids[1])[1], wall(session, ids[2])[1]) == (25, 75)


def test_elements_are_reported_by_those_of_the_project_and_neither_made_nor_removed(
    session: Session, ids: tuple[int, int, int]
) -> None:
    update_feature(session, task_force(ids[0]), LAYER, ids[1], Feature({"progress": 5}))
    with pytest.raises(ForbiddenError):
        update_feature(session, AUDITOR, LAYER, ids[1], Feature({"progress": 6}))
    with pytest.raises(NotOfferedError, match="revisions of their model"):
        create_feature(session, DIVISION, LAYER, Feature({}))
    with pytest.raises(NotOfferedError):
        delete_feature(session, DIVISION, LAYER, ids[1])
