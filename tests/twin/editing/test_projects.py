"""Projects: created with a right number, drawn in versions, moved stage by stage, kept with what hangs on them."""

from datetime import date
from typing import Any

import pytest
import shapely
from shapely.geometry import box
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.errors import FeatureNotFoundError, InvalidGeometryError
from tests.rows import add_category, add_plan, add_project, add_report
from tests.twin.editing.people import AUDITOR, DIVISION, PLANNER, ZONE_39, field, task_force
from twin.alerts.presets import add_shipped_presets
from twin.editing import (
    Feature,
    abilities,
    create_feature,
    delete_feature,
    feature_abilities,
    replace_feature,
    update_feature,
)
from twin.editing.feature import Abilities
from twin.errors import ConflictError, ForbiddenError, InvalidInputError, MoveRefusedError
from twin.identity import ANONYMOUS
from twin.identity.agency import REPORTING_DATE, assign_setting
from twin.identity.audit import list_events

CODE = "341299-2025-03-0128-4"
OTHER = "341299-2023-01-0001-1"


@pytest.fixture(autouse=True)
def category(session: Session) -> None:
    add_category(session)
    assign_setting(session, REPORTING_DATE, "2025-10-31")


def draft(**given: Any) -> Feature:
    geometry = given.pop("geometry", field())
    properties = {
        "code": CODE,
        "name": "示范区滨河路停车场工程",
        "category": "03",
        "purpose": "livelihood",
        **given,
    }
    return Feature(properties, geometry, ZONE_39)


def shown(session: Session, feature_id: int, at: str | None = None) -> Any:
    sql = "SELECT *, ST_AsBinary(geom) AS shape FROM layer_projects(CAST(:at AS timestamptz)) WHERE id = :id"
    return session.execute(text(sql), {"id": feature_id, "at": at}).mappings().one()


def versions(session: Session, project_id: int) -> list[Any]:
    sql = """SELECT version, valid_from, valid_to, source_crs, ST_AsBinary(geom) AS shape
      FROM project_footprint WHERE project_id = :id ORDER BY version"""
    return list(session.execute(text(sql), {"id": project_id}))


def test_a_project_is_created_with_its_red_line_stage_and_light(session: Session) -> None:
    add_shipped_presets(session)
    money = {"investment_total_yuan": 123456789.01, "plan_start": "2025-12-01"}
    row = shown(session, create_feature(session, DIVISION, "projects", draft(**money)))
    assert (row["code"], row["purpose"], row["stage"], row["light"]) == (
        CODE,
        "livelihood",
        "initiation",
        "green",
    )
    assert (row["investment_total_yuan"], row["plan_start"], row["row_public"]) == (
        123456789.01,
        date(2025, 12, 1),
        False,
    )
    assert row["area_m2"] == pytest.approx(10_000, rel=1e-3)
    stages = session.execute(text("SELECT stage, state, started_on FROM project_stage")).all()
    assert [tuple(each) for each in stages] == [("initiation", "in_progress", date(2025, 10, 31))]


def test_a_project_may_be_known_before_its_red_line(session: Session) -> None:
    feature_id = create_feature(session, DIVISION, "projects", draft(geometry=None))
    assert shown(session, feature_id)["geom"] is None
    replace_feature(session, DIVISION, "projects", feature_id, draft(name="改名", geometry=None))
    update_feature(session, DIVISION, "projects", feature_id, Feature({}, field(), ZONE_39))
    assert shown(session, feature_id)["area_m2"] == pytest.approx(10_000, rel=1e-3)
    with pytest.raises(InvalidGeometryError):
        replace_feature(session, DIVISION, "projects", feature_id, draft(geometry=None))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"code": None}, "code.*is required"),
        ({"code": "341299-2025-03-0128-5"}, "should be 4"),
        ({"code": "2025-1"}, "no archive number"),
        ({"code": OTHER}, "is of class 01, the project of category 03"),
        ({"category": "88", "code": "341299-2025-88-0001-2"}, "no category '88'; there are 03 市政设施"),
        ({"nat_code": "2313-341299-04-01-100015"}, "no national project code"),
        ({"nat_code": "123"}, "no national project code"),
        ({"region_code": "3412"}, "no region code"),
        ({"purpose": "fun"}, "none of infrastructure"),
        ({"annual_plan_yuan": 10.005}, "more than 2 decimals"),
        ({"plan_start": "2025-02-01", "plan_finish": "2025-01-01"}, "lies before"),
    ],
)
def test_what_a_project_cannot_be_is_refused(session: Session, given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        create_feature(session, DIVISION, "projects", draft(**given))


def test_the_archive_number_never_changes_and_is_never_reused(session: Session) -> None:
    feature_id = create_feature(session, DIVISION, "projects", draft())
    with pytest.raises(ConflictError, match="never changes"):
        update_feature(session, DIVISION, "projects", feature_id, Feature({"code": "341299-2024-05-0017-3"}))
    with pytest.raises(ConflictError, match=f"{CODE} is taken by {CODE} 示范区滨河路停车场工程"):
        create_feature(session, DIVISION, "projects", draft())
    delete_feature(session, DIVISION, "projects", feature_id)
    with pytest.raises(ConflictError, match="was issued before"):
        create_feature(session, DIVISION, "projects", draft())


def test_a_new_outline_is_a_new_version_and_the_old_one_still_answers_for_its_time(session: Session) -> None:
    project = add_project(session)
    before = shapely.from_wkb(bytes(versions(session, project.id)[0].shape))
    then = session.scalar(text("SELECT clock_timestamp()"))
    update_feature(session, DIVISION, "projects", project.id, Feature({}, field(), ZONE_39))
    first, second = versions(session, project.id)
    assert (first.version, second.version, second.valid_to) == (1, 2, None)
    assert first.valid_to == second.valid_from > then
    assert shapely.from_wkb(bytes(first.shape)).equals(before)
    assert shapely.from_wkb(bytes(shown(session, project.id, str(then))["shape"])).equals(before)
    assert not shapely.from_wkb(bytes(shown(session, project.id)["shape"])).equals(before)
    event = list_events(session)[0]
    assert event.before is not None
    assert (event.before["geometry"]["version"], event.thing) == (1, f"project {CODE}")
    update_feature(session, DIVISION, "projects", project.id, Feature({}, field(side_m=50), ZONE_39))
    assert [each.version for each in versions(session, project.id)] == [1, 2, 3]


def test_an_outline_that_comes_back_as_it_is_makes_no_version(session: Session) -> None:
    project = add_project(session)
    same = shapely.set_precision(shapely.from_wkb(bytes(versions(session, project.id)[0].shape)), 1e-9)
    update_feature(session, DIVISION, "projects", project.id, Feature({"name": "新名"}, same))
    assert [each.version for each in versions(session, project.id)] == [1]
    assert shown(session, project.id)["name"] == "新名"


def test_a_project_moves_to_the_next_stage_and_not_back(session: Session) -> None:
    feature_id = create_feature(session, DIVISION, "projects", draft(stage="design"))
    with pytest.raises(MoveRefusedError, match="design to construction"):
        update_feature(session, DIVISION, "projects", feature_id, Feature({"stage": "construction"}))
    update_feature(session, DIVISION, "projects", feature_id, Feature({"stage": "tender"}))
    with pytest.raises(MoveRefusedError, match="tender to design"):
        update_feature(session, DIVISION, "projects", feature_id, Feature({"stage": "design"}))
    sql = text("SELECT stage, state, finished_on FROM project_stage ORDER BY id")
    assert [tuple(row) for row in session.execute(sql)] == [
        ("design", "done", date(2025, 10, 31)),
        ("tender", "in_progress", None),
    ]


def test_with_one_contract_for_all_the_tender_comes_before_the_design(session: Session) -> None:
    feature_id = create_feature(session, DIVISION, "projects", draft())
    session.execute(text("UPDATE project SET delivery_mode = 'EPC'"))
    session.expire_all()
    for stage in ("tender", "design", "construction"):
        update_feature(session, DIVISION, "projects", feature_id, Feature({"stage": stage}))
    assert shown(session, feature_id)["stage"] == "construction"


def test_a_project_is_kept_with_what_hangs_on_it(session: Session) -> None:
    project = add_project(session)
    milestones = add_plan(session, project)
    add_report(session, project, "2025-10", date(2025, 10, 31), {milestones["M01"].id: "100"})
    with pytest.raises(ConflictError, match="1 progress reports, 2 milestones, 1 baselines") as caught:
        delete_feature(session, DIVISION, "projects", project.id)
    assert "进度月报 1 项、节点 2 项、基线 1 项" in caught.value.zh
    assert shown(session, project.id)["code"] == CODE


def test_a_project_that_was_warned_about_is_kept(session: Session) -> None:
    add_shipped_presets(session)
    feature_id = create_feature(session, DIVISION, "projects", draft(plan_start="2025-01-01", stage="design"))
    assert shown(session, feature_id)["light"] == "red"  # nine months past its start
    with pytest.raises(ConflictError, match="2 light warnings"):
        delete_feature(session, DIVISION, "projects", feature_id)


def test_a_project_on_which_nothing_hangs_goes_with_its_outlines_and_roles(session: Session) -> None:
    add_shipped_presets(session)
    feature_id = create_feature(session, DIVISION, "projects", draft(plan_start="2025-12-01"))
    update_feature(session, DIVISION, "projects", feature_id, Feature({}, field(side_m=50), ZONE_39))
    session.execute(text("INSERT INTO app_user (login, display_name) VALUES ('lead', '甲')"))
    session.execute(
        text("INSERT INTO role_grant (user_id, role, project_id) SELECT id, 'task_force', :id FROM app_user"),
        {"id": feature_id},
    )
    delete_feature(session, DIVISION, "projects", feature_id)
    for table in ("project", "project_footprint", "project_stage", "role_grant"):
        assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table
    assert (list_events(session)[0].before or {})["code"] == CODE


def test_a_changed_plan_moves_the_light_in_the_same_transaction(session: Session) -> None:
    add_shipped_presets(session)
    project = add_project(session, stage="design")
    add_plan(session, project)
    update_feature(session, DIVISION, "projects", project.id, Feature({"actual_start": None}))
    assert shown(session, project.id)["light"] == "red"  # planned to start on 2024-11-01, eleven months ago
    update_feature(
        session, DIVISION, "projects", project.id, Feature({"plan_start": "2025-10-31", "plan_finish": None})
    )
    row = session.execute(
        text(
            "SELECT outcome FROM light_evaluation WHERE preset = 'composite' ORDER BY as_of DESC, id DESC LIMIT 1"
        )
    ).one()
    assert row.outcome != "red"


def test_a_task_force_edits_its_own_projects_and_no_others(session: Session) -> None:
    own = add_project(session)
    other = add_project(session, OTHER, "别人的项目", public=True, box=(39389000, 3653300, 39389100, 3653400))
    lead = task_force(own.id)
    update_feature(session, lead, "projects", own.id, Feature({"name": "我们的项目"}))
    with pytest.raises(FeatureNotFoundError):
        update_feature(session, lead, "projects", other.id, Feature({"name": "偷改"}))
    with pytest.raises(ForbiddenError):
        create_feature(session, lead, "projects", draft(code="341299-2024-05-0017-3"))
    with pytest.raises(ForbiddenError):
        update_feature(session, AUDITOR, "projects", own.id, Feature({"name": "x"}))
    with pytest.raises(ForbiddenError):
        update_feature(session, PLANNER, "projects", own.id, Feature({"name": "x"}))


def test_abilities_are_those_of_the_matrix(session: Session) -> None:
    own = add_project(session)
    everything = Abilities(create=True, replace=True, update=True, delete=True)
    assert abilities(DIVISION, "projects") == everything
    assert abilities(DIVISION, "land_parcels") == Abilities()
    assert abilities(PLANNER, "control_areas") == everything
    assert abilities(AUDITOR, "projects") == abilities(ANONYMOUS, "projects") == Abilities()
    changes = Abilities(replace=True, update=True)
    assert abilities(DIVISION, "bim_elements") == abilities(task_force(own.id), "bim_elements") == changes
    assert abilities(DIVISION, "bim_models") == abilities(DIVISION, "project_points") == Abilities()
    reader = task_force(own.id + 1)
    both = type(reader)(
        user_id=9, roles=frozenset({"auditor"}), own_roles=reader.own_roles, own_projects=(own.id + 1,)
    )
    assert feature_abilities(session, both, "projects", own.id) == Abilities()
    assert feature_abilities(session, task_force(own.id), "projects", own.id).update
    assert feature_abilities(session, reader, "projects", own.id) == abilities(reader, "projects")


def test_the_box_of_a_project_drawn_in_degrees_is_kept_in_its_zone(session: Session) -> None:
    feature = draft()
    drawn = Feature(feature.properties, box(115.80, 33.00, 115.802, 33.002))
    feature_id = create_feature(session, DIVISION, "projects", drawn)
    sql = text("SELECT ST_SRID(geom_survey), source_crs FROM project_footprint WHERE project_id = :id")
    assert tuple(session.execute(sql, {"id": feature_id}).one()) == (4527, "EPSG:4326")
