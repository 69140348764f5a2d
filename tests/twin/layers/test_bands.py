"""Bands and counts follow every edit, in its own transaction, and equal what a fresh rebuild makes."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.rows import add_footprint, add_project, square_wkt
from tests.twin.elements.rows import element, model_result, pending_revision, publish, square, write_elements
from tests.twin.layers.rows import add_parcel, add_parcels, box_wkt
from twin.cluster.dump import read_dump, write_dump
from twin.cluster.installation import find_installation
from twin.db import for_sqlalchemy
from twin.elements.models import BimModel
from twin.layers import LAYERS
from twin.layers.upkeep import compact_layers

BANDS = {layer.id: [f"band_{layer.id}_{band.zoom}" for band in layer.bands] for layer in LAYERS.values()}
COUNTED = {"land_parcels": ("land_parcel", "state"), "control_areas": ("control_area", "layer")}


def rows(session: Session, table: str) -> dict[int, Any]:
    found = session.execute(
        text(f"SELECT id, to_jsonb(b) - 'geom' AS carried, ST_AsEWKT(geom) AS geom FROM {table} b")
    )
    return {row.id: tuple(row)[1:] for row in found}


def counts(session: Session) -> dict[tuple[Any, ...], tuple[int, int]]:
    found = session.execute(
        text(
            """SELECT layer, cell_x, cell_y, row_public, class, valid_from, valid_to, sum(n)::int, sum(area_dm2)::bigint
            FROM layer_cell GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(n) <> 0 OR sum(area_dm2) <> 0"""
        )
    )
    return {tuple(row)[:7]: tuple(row)[7:] for row in found}


def assert_as_rebuilt(session: Session) -> None:
    """Compare every band with a fresh rebuild, and the counts with a GROUP BY of the rows."""
    session.flush()
    kept = {table: rows(session, table) for tables in BANDS.values() for table in tables}
    counted = counts(session)
    for layer in BANDS:
        session.execute(text("SELECT rebuild_bands(:layer)"), {"layer": layer})
    for table, expected in kept.items():
        assert expected == rows(session, table), table
    assert {(key[0], key[3], key[4]): value for key, value in sum_up(counted).items()} == by_hand(session)
    for layer in COUNTED:
        session.execute(text(f"SELECT recount_{layer}()"))
    assert counted == counts(session)


def sum_up(counted: dict[tuple[Any, ...], tuple[int, int]]) -> dict[tuple[Any, ...], tuple[int, int]]:
    total: dict[tuple[Any, ...], tuple[int, int]] = {}
    for key, (n, area) in counted.items():
        short = (key[0], None, None, key[3], key[4])
        before = total.get(short, (0, 0))
        total[short] = (before[0] + n, before[1] + area)
    return total


def by_hand(session: Session) -> dict[tuple[Any, ...], tuple[int, int]]:
    expected = {}
    for layer, (table, field) in COUNTED.items():
        found = session.execute(
            text(
                f"SELECT public_visible, {field}, count(*)::int, sum(round(area_m2 * 100)::bigint)::bigint "
                f"FROM {table} GROUP BY 1, 2"
            )
        )
        expected.update({(layer, row[0], row[1]): (row[2], row[3]) for row in found})
    return expected


def ids(session: Session, layer: str) -> set[int]:
    found = {frozenset(rows(session, table)) for table in BANDS[layer]}
    assert len(found) == 1, "every band of a layer holds the same features"
    return set(found.pop())


def test_the_catalogue_and_the_database_name_the_same_bands(session: Session) -> None:
    made = session.execute(text("SELECT layer, zoom, simplify FROM layer_bands()"))
    declared = {(layer.id, band.zoom, band.simplify) for layer in LAYERS.values() for band in layer.bands}
    assert {tuple(row) for row in made} == declared
    assert {
        row[0] for row in session.execute(text("SELECT layer FROM layer_band WHERE recipe IS NOT NULL"))
    } == set(LAYERS)


def test_the_catalogue_and_the_database_count_by_the_same_fields(session: Session) -> None:
    counted = session.execute(text("SELECT layer, class_field FROM counted_layers()"))
    declared = {layer.id: layer.aggregate.field for layer in LAYERS.values() if layer.aggregate}
    assert {row.layer: row.class_field for row in counted} == declared


def test_the_border_at_which_counts_begin_is_that_of_the_catalogue(session: Session) -> None:
    source = session.scalar(text("SELECT prosrc FROM pg_proc WHERE proname = 'decide_aggregation'"))
    above = {layer.aggregate.above for layer in LAYERS.values() if layer.aggregate}
    assert above == {20_000}
    assert "above CONSTANT bigint := 20000" in (source or "")


def test_a_parcel_is_in_its_bands_with_its_insert_and_out_of_them_with_its_removal(session: Session) -> None:
    number = add_parcel(session, "P-1")
    assert ids(session, "land_parcels") == {number}
    # 0.001° of longitude at zoom 15: 4096 · 2^15 / 360 000 = 372.8 units.
    width = session.scalar(text("SELECT ST_XMax(geom) - ST_XMin(geom) FROM band_land_parcels_15"))
    assert width in (372, 373, 374)
    session.execute(text("DELETE FROM land_parcel"))
    assert ids(session, "land_parcels") == set()


def test_an_edit_writes_a_band_only_where_its_outline_or_what_it_carries_changed(session: Session) -> None:
    add_parcel(session, "P-1")
    kept = text("SELECT ctid, state, ST_AsText(geom) AS geom FROM band_land_parcels_15")
    before = session.execute(kept).one()
    session.execute(text("UPDATE land_parcel SET planned_use = '工业', state = state, geom = geom"))
    assert session.execute(kept).one() == before
    session.execute(text("UPDATE land_parcel SET state = 'held'"))
    recoloured = session.execute(kept).one()
    assert (recoloured.state, recoloured.geom) == ("held", before.geom)
    session.execute(text("UPDATE land_parcel SET geom = ST_Translate(geom, 0.01, 0)"))
    assert session.execute(kept).one().geom != before.geom
    assert_as_rebuilt(session)


def test_bands_carry_what_tiles_of_their_layer_ask_and_nothing_else(session: Session) -> None:
    carried: dict[str, set[str]] = {}
    for row in session.execute(text('SELECT layer, "column" AS name FROM band_columns()')):
        carried.setdefault(row.layer, set()).add(row.name)
    declared = {
        layer.id: {item.name for item in layer.fields if item.in_tiles} | {"row_public"}
        for layer in LAYERS.values()
        if all(band.carries_fields for band in layer.bands) and layer.bands
    }
    declared["control_areas"] |= {"valid_from", "valid_to"}
    assert carried == declared


def test_what_is_drawn_out_of_a_band_is_what_the_layer_shows(session: Session) -> None:
    hidden = add_parcels(session, [("P-2", box_wkt(115.81, 33.0))], public_visible=False)
    shown = add_parcels(session, [("P-1", box_wkt(115.8, 33.0))])
    areas = {"farmland": (None, None), "ecology": ("2030-01-01", None), "river": (None, "2001-01-01")}
    for code, (start, end) in areas.items():
        session.execute(
            text(
                """INSERT INTO control_area (layer, code, name, source_crs, geom, geom_survey, valid_from, valid_to)
                SELECT :code, :code, '永久基本农田', 'EPSG:4490', g, g, :start, :end
                FROM ST_GeomFromText(:shape, 4490) AS g"""
            ),
            {"code": code, "start": start, "end": end, "shape": box_wkt(115.8, 33.0)},
        )
    for zoom in (9, 12, 15):
        for layer in ("land_parcels", "control_areas"):
            names = ", ".join(
                ["id", "row_public", *(item.name for item in LAYERS[layer].fields if item.in_tiles)]
            )
            drawn = session.execute(text(f"SELECT {names} FROM drawn_{layer}_{zoom} ORDER BY id")).all()
            assert (
                drawn == session.execute(text(f"SELECT {names} FROM layer_{layer}(NULL) ORDER BY id")).all()
            )
            assert drawn
    assert [*hidden, *shown] == list(
        session.scalars(text("SELECT id FROM drawn_land_parcels_15 ORDER BY id"))
    )
    assert session.scalars(text("SELECT layer FROM drawn_control_areas_15")).all() == ["farmland"]


def test_the_current_red_line_stands_under_the_id_of_its_project(session: Session) -> None:
    project = add_project(session)
    assert ids(session, "projects") == ids(session, "project_points") == {project.id}
    session.execute(text("UPDATE project_footprint SET valid_to = now()"))
    assert ids(session, "projects") == ids(session, "project_points") == set()
    session.execute(text("UPDATE project_footprint SET version = 0"))
    add_footprint(session, project.id, square_wkt(39388800.0, 3653300.0, 39389000.0, 3653450.0))
    assert ids(session, "projects") == {project.id}
    assert_as_rebuilt(session)
    session.execute(text("DELETE FROM project"))
    assert ids(session, "projects") == ids(session, "project_points") == set()


def identities(session: Session) -> dict[str, int]:
    found = session.execute(text("SELECT global_id, id FROM element_identity"))
    return {row.global_id: row.id for row in found}


def test_elements_enter_the_band_when_their_revision_becomes_current(
    session: Session, tmp_path: Path
) -> None:
    first = pending_revision(session)
    lines = [element(1), element(2), element(3, ifc_class="IfcSpace"), element(4, footprint_lonlat_wkb=None)]
    publish(session, first, model_result(), write_elements(tmp_path, lines))
    named = identities(session)
    assert ids(session, "bim_elements") == {named[element(1)["global_id"]], named[element(2)["global_id"]]}
    assert ids(session, "bim_models") == {first.model_id}

    project = session.get_one(BimModel, first.model_id).project_id
    second = pending_revision(session, session.get_one(type(add_project(session, "X-9")), project), "cd" * 32)
    assert ids(session, "bim_elements") == {named[element(1)["global_id"]], named[element(2)["global_id"]]}
    moved = [element(2, footprint_lonlat_wkb=square(115.7, 33.2)), element(5)]
    publish(session, second, model_result(), write_elements(tmp_path / "2", moved))
    named = identities(session)
    assert ids(session, "bim_elements") == {named[element(2)["global_id"]], named[element(5)["global_id"]]}
    assert_as_rebuilt(session)

    session.execute(text("UPDATE bim_model SET current_revision_id = :id"), {"id": first.id})
    assert ids(session, "bim_elements") == {named[element(1)["global_id"]], named[element(2)["global_id"]]}
    assert_as_rebuilt(session)


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE bim_model SET current_revision_id = NULL",
        "DELETE FROM bim_model",
        "DELETE FROM project",
        "DELETE FROM element_identity",
        "DELETE FROM bim_element WHERE step_id = 1",
        "UPDATE bim_element SET geom = ST_Translate(geom, 0.001, 0) WHERE step_id = 1",
        "UPDATE bim_element SET ifc_class = 'IfcSpace' WHERE step_id = 1",
        "UPDATE bim_element SET geom = NULL",
        "UPDATE bim_revision SET geom = ST_Translate(geom, 0.01, 0)",
        "TRUNCATE project CASCADE",
    ],
)
def test_an_edit_of_a_published_model_leaves_the_bands_as_rebuilt(
    session: Session, tmp_path: Path, edit: str
) -> None:
    publish(
        session, pending_revision(session), model_result(), write_elements(tmp_path, [element(1), element(2)])
    )
    session.execute(text(edit))
    assert_as_rebuilt(session)


def test_truncation_empties_bands_and_counts(session: Session) -> None:
    add_parcel(session, "P-1")
    session.execute(text("TRUNCATE land_parcel, control_area"))
    assert ids(session, "land_parcels") == set()
    assert counts(session) == {}


def test_a_geometry_that_cannot_be_gridded_does_not_refuse_the_edit_and_can_be_counted(
    session: Session,
) -> None:
    number = add_parcels(session, [("北", "MULTIPOLYGON(((0 88, 1 88, 1 90.5, 0 90.5, 0 88)))")])[0]
    assert ids(session, "land_parcels") == {number}
    odd = session.scalar(text("SELECT sum(approximate) FROM band_report WHERE layer = 'land_parcels'"))
    assert odd == 3


def test_the_service_role_edits_without_writing_bands_itself(session: Session) -> None:
    session.execute(text("SET LOCAL ROLE twin_app"))
    number = add_parcel(session, "P-1")
    assert ids(session, "land_parcels") == {number}
    assert counts(session)
    for attempt in (
        "DELETE FROM band_land_parcels_15",
        "DELETE FROM layer_cell",
        "UPDATE layer_aggregation SET aggregated = true",
        "SELECT rebuild_bands('land_parcels')",
        "SELECT refresh_bands_land_parcels('{1}')",
        "SELECT recount_land_parcels()",
        "SELECT record_layer_change('{projects}', '{-1}')",
    ):
        with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
            session.execute(text(attempt))


def test_nobody_can_put_a_table_of_theirs_in_the_place_of_a_band(session: Session) -> None:
    session.execute(text("SET LOCAL ROLE twin_app"))
    session.execute(text("CREATE TEMPORARY TABLE band_land_parcels_15 (LIKE public.band_land_parcels_15)"))
    session.execute(text("CREATE TEMPORARY TABLE layer_change (LIKE public.layer_change)"))
    add_parcel(session, "P-1")
    assert session.scalar(text("SELECT count(*) FROM public.band_land_parcels_15")) == 1
    assert session.scalar(text("SELECT count(*) FROM pg_temp.band_land_parcels_15")) == 0
    assert session.scalar(text("SELECT count(*) FROM pg_temp.layer_change")) == 0


class Editor:
    """Edits parcels and areas at random; every second edit is taken back."""

    def __init__(self, session: Session, seed: int) -> None:
        self.session = session
        self.dice = random.Random(seed)
        self.number = 0

    def place(self) -> str:
        x, y = 115.8 + self.dice.random() / 5, 33.0 + self.dice.random() / 5
        return box_wkt(x, y, self.dice.choice([1e-7, 1e-5, 1e-3, 0.05]))

    def insert(self) -> None:
        self.number += self.dice.randint(1, 3)
        many = [(f"{self.number}-{n}", self.place()) for n in range(self.dice.randint(1, 5))]
        add_parcels(
            self.session,
            many,
            state=self.dice.choice(["stored", "ready"]),
            public_visible=self.dice.random() < 0.5,
        )

    def insert_area(self) -> None:
        self.number += 1
        self.session.execute(
            text(
                """INSERT INTO control_area (layer, code, public_visible, valid_from, source_crs, geom, geom_survey)
                SELECT :layer, :code, :public, :since, 'EPSG:4490', g, g FROM ST_GeomFromText(:wkt, 4490) g"""
            ),
            {
                "layer": self.dice.choice(["farmland", "ecology"]),
                "code": f"A-{self.number}",
                "public": self.dice.random() < 0.5,
                "since": self.dice.choice([None, "2024-01-01", "2030-01-01"]),
                "wkt": self.place(),
            },
        )

    def run(self, sql: str) -> None:
        some = " WHERE id % 3 = :some"
        self.session.execute(
            text(sql + some),
            {"some": self.dice.randint(0, 2), **({"wkt": self.place()} if ":wkt" in sql else {})},
        )

    def edit(self, kind: int) -> None:
        choices = [
            self.insert,
            self.insert_area,
            lambda: self.run("UPDATE land_parcel SET geom = ST_GeomFromText(:wkt, 4490)"),
            lambda: self.run("UPDATE land_parcel SET state = 'held'"),
            lambda: self.run("UPDATE land_parcel SET public_visible = NOT public_visible"),
            lambda: self.run("UPDATE control_area SET layer = 'river', valid_to = '2026-01-01'"),
            lambda: self.run("DELETE FROM land_parcel"),
            lambda: self.run("DELETE FROM control_area"),
            lambda: compact_layers(self.session),
        ]
        choices[kind]()


@pytest.fixture(scope="module")
def engine_of(twin_url: str) -> Iterator[Any]:
    engine = create_engine(for_sqlalchemy(twin_url))
    yield engine
    engine.dispose()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000),
    edits=st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=3, max_size=14),
)
def test_after_any_edits_and_rollbacks_bands_and_counts_are_as_rebuilt(
    engine_of: Any, seed: int, edits: list[tuple[int, bool]]
) -> None:
    with engine_of.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            editor = Editor(session, seed)
            for _ in range(3):
                editor.insert()
            for kind, kept in edits:
                step = session.begin_nested()
                editor.edit(kind)
                if kept:
                    step.commit()
                else:
                    step.rollback()
            assert_as_rebuilt(session)
        outer.rollback()


def is_aggregated(session: Session) -> bool:
    return bool(session.scalar(text("SELECT aggregated FROM layer_aggregation WHERE layer = 'land_parcels'")))


MANY = """
INSERT INTO land_parcel (parcel_no, kind, state, public_visible, source_crs, geom, geom_survey)
SELECT 'M-' || n, 'reserve', 'stored', true, 'EPSG:4490', g, g
FROM generate_series(1, :count) n, LATERAL ST_Multi(ST_MakeEnvelope(115.8 + n % 100 * 0.001, 33 + n / 100 * 0.001,
  115.8005 + n % 100 * 0.001, 33.0005 + n / 100 * 0.001, 4490)) g"""


def test_a_layer_is_drawn_from_counts_above_20_000_until_it_falls_below_16_000(session: Session) -> None:
    session.execute(text("ALTER TABLE land_parcel DISABLE TRIGGER regrid_insert"))
    session.execute(text("ALTER TABLE land_parcel DISABLE TRIGGER regrid_delete"))
    session.execute(text(MANY), {"count": 20_000})
    assert not is_aggregated(session)
    add_parcel(session, "P-1")
    compact_layers(session)
    assert is_aggregated(session)
    whole = text("SELECT sum(n) FROM layer_change WHERE layer = 'land_parcels' AND cell_x = -1")
    assert session.scalar(whole) == 1
    session.execute(
        text("DELETE FROM land_parcel WHERE parcel_no IN (SELECT 'M-' || n FROM generate_series(1, 4000) n)")
    )
    assert is_aggregated(session)
    session.execute(text("DELETE FROM land_parcel WHERE parcel_no IN ('M-5000', 'M-5001')"))
    compact_layers(session)
    assert not is_aggregated(session)
    assert session.scalar(whole) == 2


def test_compaction_leaves_one_row_per_count_and_nothing_of_what_is_gone(session: Session) -> None:
    add_parcel(session, "P-1")
    add_parcel(session, "P-2")
    session.execute(text("UPDATE land_parcel SET state = 'held' WHERE parcel_no = 'P-1'"))
    before = counts(session)
    assert compact_layers(session).counts == 2  # stored +1 +1 −1 and held +1: four rows became two
    assert counts(session) == before
    assert session.scalar(text("SELECT count(*) FROM layer_cell")) == 2
    session.execute(text("DELETE FROM land_parcel"))
    compact_layers(session)
    assert session.scalar(text("SELECT count(*) FROM layer_cell")) == 0


def test_two_open_transactions_are_counted_and_neither_waits(clone_url: str) -> None:
    parcel = """INSERT INTO land_parcel (parcel_no, kind, state, source_crs, geom, geom_survey)
      SELECT %s, 'reserve', 'stored', 'EPSG:4490', g, g FROM ST_Multi(ST_MakeEnvelope(115.8, 33, 115.801, 33.001, 4490)) g"""
    with psycopg.connect(clone_url) as one, psycopg.connect(clone_url) as other:
        other.execute("SET lock_timeout = '2s'")
        one.execute(parcel, ("甲",))
        other.execute(parcel, ("乙",))
        other.execute("SELECT compact_layer_cells()")
        other.commit()
        one.commit()
        assert one.execute("SELECT sum(n) FROM layer_cell").fetchone() == (2,)


def test_a_restored_dump_has_its_bands_and_goes_on_keeping_them(
    clone_url: str, server_url: str, tmp_path: Path
) -> None:
    installation = find_installation(tmp_path)
    parcel = """INSERT INTO land_parcel (parcel_no, kind, state, source_crs, geom, geom_survey)
      SELECT %s, 'reserve', 'stored', 'EPSG:4490', g, g FROM ST_Multi(ST_MakeEnvelope(115.8, 33, 115.801, 33.001, 4490)) g"""
    with psycopg.connect(clone_url) as connection:
        connection.execute(parcel, ("甲",))
        connection.commit()
    write_dump(clone_url, tmp_path / "a.dump", installation)
    name = clone_url.rsplit("/", 1)[1].split("?")[0] + "_restored"
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    fresh = clone_url.replace(clone_url.rsplit("/", 1)[1].split("?")[0], name)
    try:
        read_dump(fresh, tmp_path / "a.dump", installation)
        engine = create_engine(for_sqlalchemy(fresh))
        with Session(engine) as session:
            assert session.scalar(text("SELECT count(*) FROM band_land_parcels_15")) == 1
            add_parcel(session, "乙", 115.9)
            assert_as_rebuilt(session)
            assert len(ids(session, "land_parcels")) == 2
        engine.dispose()
    finally:
        with psycopg.connect(server_url, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
