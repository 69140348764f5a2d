"""Which edits raise the version of which cells; what leaves no trace; and that writers never wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.rows import add_footprint, add_plan, add_project, square_wkt
from tests.twin.elements.rows import element, model_result, pending_revision, publish, write_elements
from tests.twin.layers.rows import EAST, HERE, add_parcel, add_parcels, box_wkt
from twin.alerts.models import LightEvaluation, LightRuleSet
from twin.elements.models import BimModel
from twin.identity.agency import assign_setting
from twin.progress.models import ProjectState

Cell = tuple[int, int]
WHOLE: Cell = (-1, -1)
# element(n) lies at 115.61°E + n · 0.001°, 33.15°N: (115.611 + 180) / 360 · 4096 = 3363.4, row 1647.8.
ELEMENT: Cell = (3363, 1647)


def counts(session: Session, layer: str) -> dict[Cell, int]:
    rows = session.execute(
        text("SELECT cell_x, cell_y, sum(n)::int AS n FROM layer_change WHERE layer = :layer GROUP BY 1, 2"),
        {"layer": layer},
    )
    return {(row.cell_x, row.cell_y): row.n for row in rows}


class Raised:
    """What was raised since the last look."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.before: dict[str, dict[Cell, int]] = {}
        for layer in (
            "projects",
            "project_points",
            "land_parcels",
            "control_areas",
            "bim_models",
            "bim_elements",
        ):
            self(layer)

    def __call__(self, layer: str) -> dict[Cell, int]:
        self.session.flush()
        now = counts(self.session, layer)
        before = self.before.get(layer, {})
        self.before[layer] = now
        return {cell: n - before.get(cell, 0) for cell, n in now.items() if n != before.get(cell, 0)}


def test_a_new_parcel_raises_the_cells_under_its_box(session: Session) -> None:
    raised = Raised(session)
    add_parcel(session, "P-1")
    assert raised("land_parcels") == {HERE: 1}
    assert raised("control_areas") == {}


def test_one_statement_is_one_change_of_a_cell_however_many_rows(session: Session) -> None:
    raised = Raised(session)
    add_parcels(session, [(f"P-{n}", box_wkt(115.80 + n * 0.001, 33.0)) for n in range(20)])
    assert raised("land_parcels") == {HERE: 1}


def test_a_moved_parcel_raises_the_cells_it_left_and_those_it_entered(session: Session) -> None:
    number = add_parcel(session, "P-1")
    raised = Raised(session)
    session.execute(
        text("UPDATE land_parcel SET geom = ST_GeomFromText(:wkt, 4490) WHERE id = :id"),
        {"wkt": box_wkt(115.9, 33.0), "id": number},
    )
    assert raised("land_parcels") == {HERE: 1, EAST: 1}


def test_a_removed_parcel_raises_its_cell(session: Session) -> None:
    number = add_parcel(session, "P-1")
    raised = Raised(session)
    session.execute(text("DELETE FROM land_parcel WHERE id = :id"), {"id": number})
    assert raised("land_parcels") == {HERE: 1}


@pytest.mark.parametrize(
    "change", ["name = name", "geom = geom, state = 'stored'", "built_share = 0.5", "row_version = 7"]
)
def test_an_update_that_shows_nothing_new_raises_nothing(session: Session, change: str) -> None:
    add_parcel(session, "P-1")
    raised = Raised(session)
    session.execute(text(f"UPDATE land_parcel SET {change}"))
    assert raised("land_parcels") == {}


@pytest.mark.parametrize("change", ["state = 'held'", "public_visible = false", "idle_state = 'idle'"])
def test_an_update_of_a_shown_column_raises_the_cell(session: Session, change: str) -> None:
    add_parcel(session, "P-1")
    raised = Raised(session)
    session.execute(text(f"UPDATE land_parcel SET {change}"))
    assert raised("land_parcels") == {HERE: 1}


def test_a_change_of_very_many_cells_is_one_of_the_whole_layer(session: Session) -> None:
    raised = Raised(session)
    add_parcel(session, "P-1", 112.0, 30.0, side=8.0)  # 91 columns by 109 rows
    assert raised("land_parcels") == {WHOLE: 1}


def test_truncation_raises_the_whole_layer(session: Session) -> None:
    raised = Raised(session)
    session.execute(text("TRUNCATE land_parcel"))
    assert raised("land_parcels") == {WHOLE: 1}


def test_a_red_line_raises_the_cells_of_both_its_layers(session: Session) -> None:
    raised = Raised(session)
    project = add_project(session)
    # The project was inserted first, without a place: the whole layer. Then its red line.
    assert raised("projects") == {WHOLE: 1, HERE: 1}
    assert raised("project_points") == {WHOLE: 1, HERE: 1}
    project.stage = "acceptance"
    assert raised("projects") == {HERE: 1}
    assert raised("project_points") == {HERE: 1}


def test_a_new_version_of_a_red_line_raises_old_and_new_cells(session: Session) -> None:
    project = add_project(session)
    raised = Raised(session)
    session.execute(
        text("UPDATE project_footprint SET valid_to = now() WHERE project_id = :id"), {"id": project.id}
    )
    assert raised("projects") == {HERE: 1}
    east = (39397200.0, 3653300.0, 39397400.0, 3653450.0)  # 9.4 km further east
    session.execute(
        text("UPDATE project_footprint SET version = 0 WHERE project_id = :id"), {"id": project.id}
    )
    add_footprint(session, project.id, square_wkt(*east))
    assert raised("projects") == {EAST: 1}


def test_the_history_of_a_red_line_is_not_on_the_map(session: Session) -> None:
    project = add_project(session)
    session.execute(
        text("UPDATE project_footprint SET valid_to = now() WHERE project_id = :id"), {"id": project.id}
    )
    raised = Raised(session)
    session.execute(text("DELETE FROM project_footprint WHERE project_id = :id"), {"id": project.id})
    assert raised("projects") == {}


def add_state(session: Session, project_id: int, as_of: date, progress: str) -> None:
    state = ProjectState(
        project_id=project_id,
        as_of=as_of,
        progress=Decimal(progress),
        weight_basis="contract",
        coverage=Decimal(1),
        parts=[],
    )
    session.add(state)
    session.flush()


def test_progress_raises_the_cells_of_the_red_line(session: Session) -> None:
    project = add_project(session)
    raised = Raised(session)
    add_state(session, project.id, date(2025, 10, 31), "40")
    assert raised("projects") == {HERE: 1}
    assert raised("project_points") == {HERE: 1}
    add_state(session, project.id, date(2025, 9, 30), "30")  # history that is entered late
    assert raised("projects") == {}


def rule_set(session: Session, preset: str, active: bool) -> LightRuleSet:
    rules = LightRuleSet(
        preset=preset,
        version=1,
        title_zh=preset,
        title_en=preset,
        source="test",
        levels=[],
        rule={},
        active=active,
    )
    session.add(rules)
    session.flush()
    return rules


def add_light(session: Session, project_id: int, rules: LightRuleSet, light: str, as_of: date) -> None:
    evaluation = LightEvaluation(
        project_id=project_id,
        rule_set_id=rules.id,
        preset=rules.preset,
        as_of=as_of,
        outcome=light,
        light=light,
        light_code=3,
        held=0,
        inputs={},
        reasons=[],
    )
    session.add(evaluation)
    session.flush()


def test_a_light_of_the_preset_in_force_raises_the_cells_of_the_red_line(session: Session) -> None:
    project = add_project(session)
    shown, other = rule_set(session, "甲", active=True), rule_set(session, "乙", active=False)
    raised = Raised(session)
    add_light(session, project.id, shown, "red", date(2025, 10, 31))
    assert raised("projects") == {HERE: 1}
    assert raised("project_points") == {HERE: 1}
    add_light(session, project.id, other, "red", date(2025, 10, 31))
    add_light(session, project.id, shown, "yellow", date(2025, 9, 30))
    assert raised("projects") == {}


def test_another_preset_raises_both_project_layers_whole(session: Session) -> None:
    first, second = rule_set(session, "甲", active=True), rule_set(session, "乙", active=False)
    raised = Raised(session)
    first.active = False
    session.flush()
    second.active = True
    assert set(raised("projects")) == {WHOLE}
    assert set(raised("project_points")) == {WHOLE}
    second.levels = [{"code": 1, "key": "green", "colour": "#00aa00"}]  # a palette: the style's matter
    assert raised("projects") == {}


def test_the_reporting_date_raises_what_is_judged_by_it(session: Session) -> None:
    raised = Raised(session)
    assign_setting(session, "reporting_date", "2025-10-31")
    assert raised("bim_elements") == {WHOLE: 1}
    assert raised("control_areas") == {WHOLE: 1}
    assign_setting(session, "reporting_date", "2025-10-31")
    assign_setting(session, "map_title", "一张图")
    assert raised("bim_elements") == {}
    assert raised("land_parcels") == {}


def test_a_renamed_category_raises_the_projects(session: Session) -> None:
    add_project(session)
    raised = Raised(session)
    session.execute(text("UPDATE project_category SET name_zh = '市政'"))
    assert raised("projects") == {WHOLE: 1}
    session.execute(text("UPDATE project_category SET name_zh = '市政'"))
    assert raised("projects") == {}


def published_model(session: Session, folder: Path, count: int = 2) -> BimModel:
    revision = pending_revision(session)
    publish(
        session, revision, model_result(), write_elements(folder, [element(n) for n in range(1, count + 1)])
    )
    return session.get_one(BimModel, revision.model_id)


def test_a_publication_raises_outline_and_elements(session: Session, tmp_path: Path) -> None:
    raised = Raised(session)
    published_model(session, tmp_path)
    assert raised("bim_elements") == {ELEMENT: 1}
    assert raised("bim_models") == {ELEMENT: 1}  # the outline: 115.61–115.62°E, 33.15–33.16°N


def test_elements_of_a_revision_being_written_raise_nothing(session: Session) -> None:
    revision = pending_revision(session)
    raised = Raised(session)
    add_bare_element(session, revision.id)
    assert raised("bim_elements") == {}


def add_bare_element(session: Session, revision_id: int, number: int = 1) -> None:
    session.execute(
        text(
            """WITH identity AS (INSERT INTO element_identity (model_id, global_id)
              SELECT model_id, 'g' || :n FROM bim_revision WHERE id = :revision RETURNING id, model_id)
            INSERT INTO bim_element (revision_id, identity_id, project_id, step_id, global_id, ifc_class, geom)
            SELECT :revision, i.id, m.project_id, :n, 'g' || :n, 'IfcWall',
              ST_MakeEnvelope(115.8, 33.0, 115.801, 33.001, 4490)
            FROM identity i JOIN bim_model m ON m.id = i.model_id"""
        ),
        {"n": number, "revision": revision_id},
    )


def test_an_element_added_to_the_current_revision_raises_its_cell(session: Session, tmp_path: Path) -> None:
    model = published_model(session, tmp_path)
    raised = Raised(session)
    assert model.current_revision_id is not None
    add_bare_element(session, model.current_revision_id, 77)
    assert raised("bim_elements") == {HERE: 1}
    session.execute(text("UPDATE bim_element SET storey = '二层' WHERE step_id = 77"))
    assert raised("bim_elements") == {HERE: 1}
    session.execute(text("UPDATE bim_element SET storey = '二层', signature = 'x' WHERE step_id = 77"))
    assert raised("bim_elements") == {}
    session.execute(text("DELETE FROM bim_element WHERE step_id = 77"))
    assert raised("bim_elements") == {HERE: 1}


def test_progress_of_elements_raises_their_cells(session: Session, tmp_path: Path) -> None:
    published_model(session, tmp_path)
    raised = Raised(session)
    session.execute(text("UPDATE element_identity SET status = 'done', progress = 100"))
    assert raised("bim_elements") == {ELEMENT: 1}
    session.execute(text("UPDATE element_identity SET status = 'done', progress = 100"))
    assert raised("bim_elements") == {}


def test_visibility_of_a_project_raises_its_models_too(session: Session, tmp_path: Path) -> None:
    published_model(session, tmp_path)
    raised = Raised(session)
    session.execute(text("UPDATE project SET public_visible = false"))
    assert raised("projects") == {HERE: 1}
    assert raised("bim_elements") == {ELEMENT: 1}
    assert ELEMENT in raised("bim_models")
    session.execute(text("UPDATE project SET owner_unit = '另一单位'"))
    assert raised("projects") == {HERE: 1}
    assert raised("bim_elements") == {}


def test_visibility_of_a_model_raises_its_elements(session: Session, tmp_path: Path) -> None:
    published_model(session, tmp_path)
    raised = Raised(session)
    session.execute(text("UPDATE bim_model SET public_visible = true"))
    assert raised("bim_elements") == {ELEMENT: 1}
    assert ELEMENT in raised("bim_models")


@pytest.mark.parametrize("what", ["bim_model", "project", "bim_revision", "element_identity"])
def test_what_goes_with_its_owner_raises_its_cells(session: Session, tmp_path: Path, what: str) -> None:
    published_model(session, tmp_path)
    raised = Raised(session)
    if what == "bim_revision":
        session.execute(text("UPDATE bim_model SET current_revision_id = NULL"))
    session.execute(text(f"DELETE FROM {what}"))
    assert raised("bim_elements")[ELEMENT] >= 1


def test_the_code_of_a_milestone_raises_the_elements_linked_to_it(session: Session, tmp_path: Path) -> None:
    model = published_model(session, tmp_path)
    milestones = add_plan(session, session.get_one(type(add_project(session, "X-2")), model.project_id))
    session.execute(text("UPDATE bim_element SET milestone_id = :id"), {"id": milestones["M01"].id})
    raised = Raised(session)
    session.execute(text("UPDATE milestone SET name = '改名' WHERE code = 'M01'"))
    assert raised("bim_elements") == {}
    session.execute(text("UPDATE milestone SET code = 'M09' WHERE code = 'M01'"))
    assert raised("bim_elements") == {ELEMENT: 1}


def test_the_service_role_raises_versions_and_may_not_write_them(session: Session) -> None:
    raised = Raised(session)
    session.execute(text("SET LOCAL ROLE twin_app"))
    add_parcel(session, "P-1")
    assert raised("land_parcels") == {HERE: 1}
    with pytest.raises(DBAPIError, match="permission denied"):
        session.execute(
            text("INSERT INTO layer_change (layer, cell_x, cell_y, n) VALUES ('projects', 1, 1, 1)")
        )


@contextmanager
def two(url: str) -> Iterator[tuple[psycopg.Connection, psycopg.Connection]]:
    with psycopg.connect(url) as one, psycopg.connect(url) as other:
        for connection in (one, other):
            connection.execute("SET lock_timeout = '2s'")
            connection.commit()
        yield one, other


PARCEL = """INSERT INTO land_parcel (parcel_no, kind, state, source_crs, geom, geom_survey)
SELECT %s, 'reserve', 'stored', 'EPSG:4490', g, g FROM ST_Multi(ST_MakeEnvelope(115.8, 33, 115.801, 33.001, 4490)) g"""
TOTAL = "SELECT coalesce(sum(n), 0)::int FROM layer_change WHERE layer = 'land_parcels' AND (cell_x, cell_y) = (3365, 1649)"


def number(connection: psycopg.Connection, sql: str = TOTAL) -> int:
    row = connection.execute(sql).fetchone()
    connection.commit()
    assert row is not None
    return int(row[0])


def test_two_open_transactions_edit_the_same_cell_and_neither_waits(clone_url: str) -> None:
    with two(clone_url) as (one, other):
        one.execute(PARCEL, ("甲",))
        other.execute(PARCEL, ("乙",))
        other.commit()
        assert number(other) == 1
        one.commit()
        assert number(other) == 2


def test_a_rolled_back_edit_leaves_nothing_and_tells_nobody(clone_url: str) -> None:
    with psycopg.connect(clone_url, autocommit=True) as listener, two(clone_url) as (one, _):
        listener.execute("LISTEN layer_change")
        one.execute(PARCEL, ("甲",))
        one.rollback()
        one.execute(PARCEL, ("乙",))
        one.commit()
        assert number(one) == 1
        told = [note.payload for note in listener.notifies(timeout=20, stop_after=1)]
        assert told == ["land_parcels 3365/1649"]
        assert [note.payload for note in listener.notifies(timeout=0.2)] == []


def test_compaction_keeps_the_sums_and_what_is_not_committed_yet(clone_url: str) -> None:
    with two(clone_url) as (one, other):
        for name in ("甲", "乙", "丙"):
            one.execute(PARCEL, (name,))
        one.commit()
        other.execute(PARCEL, ("丁",))
        one.execute("SET ROLE twin_app")
        assert number(one, "SELECT compact_layer_changes()") == 2
        assert number(one) == 3
        assert number(one, f"SELECT count(*) FROM ({TOTAL.replace('coalesce(sum(n), 0)::int', 'n')}) c") == 1
        other.commit()
        assert number(one) == 4


def test_a_reader_never_sees_a_sum_go_down(clone_url: str) -> None:
    with two(clone_url) as (one, other):
        one.execute(PARCEL, ("甲",))
        one.execute(PARCEL, ("乙",))
        one.commit()
        one.execute("SELECT compact_layer_changes()")
        assert number(other) == 2  # while the compaction is not committed
        assert number(other, "SELECT compact_layer_changes()") == 0  # and a second one does not wait
        one.commit()
        assert number(other) == 2
