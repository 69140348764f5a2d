"""Parcels and control areas as they were: what is kept of each change, and what a time is answered with.

Each change is a transaction of its own: what a row was within one is nobody's past.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row, tuple_row
from pyproj import Geod
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.layer import Selection
from gis.questions import Source, change_count_statement, change_statement
from gis.statement import EVERYTHING
from tests.rows import square_wkt
from twin.land.models import ControlArea, LandParcel
from twin.land.version_models import CONTROL_AREA_VERSION, LAND_PARCEL_VERSION
from twin.layers import LAYERS
from twin.samples.files import SampleFolder
from twin.samples.load import FOLDER
from twin.samples.load_land import add_polygons

E, N = 39371200.0, 3671300.0  # the test vector of the domain reference: EPSG:4527, about 115.62°E 33.16°N
WIDE = (E + 120, N - 30, E + 320, N + 100)
# What a project of 200 m × 150 m there has in common with the wide box: 8,000 m² on the plane, 7,996.74 on the ellipsoid.
PART = (E + 120, N, E + 200, N + 100)
PART_M2 = 7_996.74
SQUARE = "ST_GeomFromText(%s, 4527)"
KEPT = ("parcel_no", "name", "kind", "planned_use", "state", "area_m2", "public_visible", "geom")


@dataclass
class Land:
    """A database of the test's own; every statement is a transaction, and each tells the time after it."""

    connection: psycopg.Connection[dict[str, Any]]
    known: dict[str, int] = field(default_factory=dict)

    def run(self, sql: str, *values: object) -> datetime:
        self.connection.execute(sql.encode(), values)
        return self.now()

    def now(self) -> datetime:
        return self.one("SELECT clock_timestamp() AS at")["at"]

    def one(self, sql: str, *values: object) -> dict[str, Any]:
        row = self.connection.execute(sql.encode(), values).fetchone()
        assert row is not None
        return row

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return self.connection.execute(sql.encode(), values).fetchall()

    def add(
        self, number: str, box: tuple[float, float, float, float] = WIDE, *, public: bool = False
    ) -> datetime:
        row = self.one(
            f"""INSERT INTO land_parcel (parcel_no, name, kind, state, public_visible, source_crs, geom_survey, geom)
            SELECT %s, '城北地块', '储备', 'ready', %s, 'EPSG:4527', g, ST_Transform(g, 4490) FROM (SELECT {SQUARE} AS g) q
            RETURNING id""", number, public, square_wkt(*box))  # fmt: skip
        self.known[number] = row["id"]
        return self.now()

    def reshape(self, number: str, box: tuple[float, float, float, float]) -> datetime:
        return self.run(
            f"""UPDATE land_parcel SET geom_survey = g, geom = ST_Transform(g, 4490) FROM (SELECT {SQUARE} AS g) q
            WHERE parcel_no = %s""", square_wkt(*box), number)  # fmt: skip

    def area(self, code: str, valid_from: str | None, layer: str = "farmland") -> datetime:
        return self.run(
            f"""INSERT INTO control_area (layer, code, name, class_code, source_crs, valid_from, geom_survey, geom)
            SELECT %s, %s, '基本农田', '0101', 'EPSG:4527', %s::date, g, ST_Transform(g, 4490)
            FROM (SELECT {SQUARE} AS g) q""", layer, code, valid_from, square_wkt(*WIDE))  # fmt: skip

    def past(self, at: datetime, layer: str = "land_parcels") -> list[dict[str, Any]]:
        return self.rows(f"SELECT * FROM past_{layer}(%s) ORDER BY id", at)

    def versions(self, number: str) -> list[dict[str, Any]]:
        sql = "SELECT * FROM land_parcel_version WHERE id = %s ORDER BY held_to"
        return self.rows(sql, self.known[number])

    def change(
        self, before: datetime, after: datetime, layer: str = "land_parcels"
    ) -> dict[int, dict[str, Any]]:
        found = change_statement(source(layer), before, after, 1_000, form="json")
        rows = self.connection.execute(
            f"SELECT x[1]::int8 AS id, x[2]::json AS told FROM (SELECT ARRAY[_id::text, t] AS x FROM ({found.sql}) q(_id, t)) y".encode(),
            found.params,
        )
        return {row["id"]: row["told"] for row in rows.fetchall()}


def source(layer: str) -> Source:
    return Source(
        layer,
        Selection(LAYERS[layer], EVERYTHING),
        ("state",) if layer == "land_parcels" else ("class_code",),
    )


@pytest.fixture
def land(clone_url: str) -> Iterator[Land]:
    with psycopg.connect(clone_url, autocommit=True, row_factory=dict_row) as connection:
        yield Land(connection)


def test_every_change_leaves_the_former_row_with_the_time_it_held(land: Land) -> None:
    made = land.add("储-1")
    land.run("UPDATE land_parcel SET state = 'held', updated_by = '规划科 李' WHERE parcel_no = '储-1'")
    held = land.one("SELECT held_to FROM land_parcel_version")["held_to"]
    between = land.now()
    smaller = land.reshape("储-1", PART)
    first, second = land.versions("储-1")
    assert [first["state"], second["state"]] == ["ready", "held"]
    assert (
        first["held_from"]
        < made
        < first["held_to"]
        == held
        == second["held_from"]
        < between
        < second["held_to"]
        < smaller
    )
    assert first["name"] == "城北地块"
    told = [
        (row["state"], round(row["area_m2"], 2)) for at in (made, between, smaller) for row in land.past(at)
    ]
    # 200 m × 130 m; the part has its figure from the domain reference.
    wide_m2 = round(geodesic_m2(land, first), 2)
    assert told == [("ready", wide_m2), ("held", wide_m2), ("held", PART_M2)]


def geodesic_m2(land: Land, row: dict[str, Any]) -> float:
    """Return the area of a version by GeographicLib, not by PostGIS."""
    ring = land.one("SELECT ST_AsText(ST_ExteriorRing(ST_GeometryN(%s::geometry, 1))) AS ring", row["geom"])[
        "ring"
    ]
    points = [tuple(map(float, pair.split())) for pair in ring[len("LINESTRING(") : -1].split(",")]
    area, _ = Geod(a=6378137, rf=298.257222101).polygon_area_perimeter(*zip(*points, strict=True))
    return abs(area)


def test_a_period_is_closed_where_it_begins_and_open_where_it_ends(land: Land) -> None:
    land.add("储-1")
    land.run("UPDATE land_parcel SET state = 'held'")
    [version] = land.versions("储-1")
    step = timedelta(microseconds=1)
    begun, ended = version["held_from"], version["held_to"]
    seen = {at: [row["state"] for row in land.past(at)] for at in (begun - step, begun, ended - step, ended)}
    assert list(seen.values()) == [[], ["ready"], ["ready"], ["held"]]


def test_what_is_deleted_stays_for_its_time_and_numbers_given_again_are_new_rows(land: Land) -> None:
    made = land.add("储-1")
    gone = land.run("DELETE FROM land_parcel")
    land.add("储-1", PART)
    again = land.now()
    assert [[row["parcel_no"] for row in land.past(at)] for at in (made, gone, again)] == [
        ["储-1"],
        [],
        ["储-1"],
    ]
    changed = land.change(made, again)
    assert sorted(told["change"] for told in changed.values()) == ["added", "removed"]


def test_a_transaction_is_one_moment(land: Land) -> None:
    made = land.add("储-1")
    with land.connection.transaction():
        land.run("UPDATE land_parcel SET state = 'held'")
        land.run("UPDATE land_parcel SET name = '改名'")
        land.add("储-2")
        land.run("UPDATE land_parcel SET name = '新' WHERE parcel_no = '储-2'")
        land.add("储-3")
        land.run("DELETE FROM land_parcel WHERE parcel_no = '储-3'")
    after = land.now()
    assert [(row["parcel_no"], row["state"]) for row in land.rows("SELECT * FROM land_parcel_version")] == [
        ("储-1", "ready")
    ]
    assert [row["name"] for row in land.past(made)] == ["城北地块"]
    assert [(row["parcel_no"], row["state"], row["name"]) for row in land.past(after)] == [
        ("储-1", "held", "改名"), ("储-2", "ready", "新")]  # fmt: skip


def test_who_wrote_a_row_again_as_it_was_leaves_no_version(land: Land) -> None:
    land.add("储-1")
    land.run(
        "UPDATE land_parcel SET state = state, updated_at = now(), updated_by = '王', row_version = row_version + 1"
    )
    assert land.versions("储-1") == []


def test_a_transaction_that_waited_for_a_later_one_ends_its_state_after_it(
    land: Land, clone_url: str
) -> None:
    land.add("储-1")
    with psycopg.connect(clone_url) as early:
        early.execute("SELECT now()")  # its time is from here on
        land.run("UPDATE land_parcel SET state = 'held'")
        early.execute("UPDATE land_parcel SET state = 'supplied'")
    first, second = land.versions("储-1")
    assert (first["state"], second["state"]) == ("ready", "held")
    assert first["held_from"] < first["held_to"] == second["held_from"] < second["held_to"] <= land.now()
    assert [row["state"] for row in land.past(first["held_to"])] == ["held"]


def test_truncate_is_a_delete_of_all(land: Land) -> None:
    land.area("F-1", None)
    made = land.add("储-1")
    gone = land.run("TRUNCATE land_parcel, control_area")
    assert [len(land.past(at, layer)) for layer in LAYERS_OF_LAND for at in (made, gone)] == [1, 0, 1, 0]


LAYERS_OF_LAND = ("land_parcels", "control_areas")


def test_every_column_of_a_row_is_kept() -> None:
    for model, table in ((LandParcel, LAND_PARCEL_VERSION), (ControlArea, CONTROL_AREA_VERSION)):
        columns = {column.name for column in table.columns}
        assert columns == {column.name for column in model.__table__.columns} - {"geom_json"} | {
            "held_from",
            "held_to",
        }


def test_the_tables_are_what_the_models_say(land: Land) -> None:
    for table in (LAND_PARCEL_VERSION, CONTROL_AREA_VERSION):
        stored = land.rows(
            "SELECT attname, attnotnull FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            table.name,
        )
        assert {row["attname"]: not row["attnotnull"] for row in stored} == {
            c.name: c.nullable for c in table.columns
        }
        indexes = land.rows("SELECT indexname FROM pg_indexes WHERE tablename = %s", table.name)
        assert {row["indexname"] for row in indexes} == {str(index.name) for index in table.indexes} | {
            f"pk_{table.name}"
        }


@pytest.mark.parametrize(
    "sql",
    ["DELETE FROM {}", "UPDATE {} SET held_to = 'infinity'", "TRUNCATE {}", "INSERT INTO {} DEFAULT VALUES"],
)
@pytest.mark.parametrize("table", ["land_parcel_version", "control_area_version"])
def test_the_service_can_not_rewrite_the_past(land: Land, sql: str, table: str) -> None:
    land.run("SET ROLE twin_app")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        land.run(sql.format(table))
    land.add("储-1")
    land.run("UPDATE land_parcel SET state = 'held'")  # and yet leaves one
    assert len(land.versions("储-1")) == 1


def test_the_public_sees_of_the_past_what_was_public_then_and_is_now(land: Land) -> None:
    for number in ("始终公开", "后来公开", "后来不公开", "已删除"):
        land.add(number, public=number != "后来公开")
    then = land.now()
    land.run("UPDATE land_parcel SET name = '改名'")
    land.run("UPDATE land_parcel SET public_visible = true WHERE parcel_no = '后来公开'")
    land.run("UPDATE land_parcel SET public_visible = false WHERE parcel_no = '后来不公开'")
    land.run("DELETE FROM land_parcel WHERE parcel_no = '已删除'")
    assert {row["parcel_no"]: row["row_public"] for row in land.past(then)} == {
        "始终公开": True, "后来公开": False, "后来不公开": False, "已删除": False}  # fmt: skip


def test_an_area_is_shown_as_recorded_then_and_if_in_force_then(land: Land) -> None:
    recorded = land.area("F-1", "2020-03-01")
    land.area("F-2", None)
    land.run("UPDATE control_area SET class_code = '0103' WHERE code = 'F-1'")
    changed = land.now()
    land.run("UPDATE control_area SET valid_to = '2025-01-01' WHERE code = 'F-1'")
    ended = land.now()
    moments = {
        "before it was in force": datetime(2020, 2, 29, 15, 59, tzinfo=UTC),  # 23:59 in China
        "in force": datetime(2020, 2, 29, 16, 0, tzinfo=UTC),
        "recorded": recorded,
        "changed": changed,
        "ended": ended,
    }
    found = {
        name: [(row["code"], row["class_code"]) for row in land.past(at, "control_areas")]
        for name, at in moments.items()
    }
    assert found == {
        "before it was in force": [],
        "in force": [("F-1", "0101")],
        "recorded": [("F-1", "0101")],
        "changed": [("F-1", "0103"), ("F-2", "0101")],
        "ended": [("F-2", "0101")],
    }
    told = land.change(moments["in force"], changed, "control_areas")
    assert {item["state"]["code"]: (item["change"], item["changed"], item["reclassed"]) for item in told.values()} == {
        "F-1": ("changed", {"class_code": ["0101", "0103"]}, True), "F-2": ("added", None, False)}  # fmt: skip
    assert [item["change"] for item in land.change(changed, ended, "control_areas").values()] == ["removed"]


def test_change_tells_what_was_moved_restated_and_by_how_much(land: Land) -> None:
    for number in ("原样", "缩小", "改状态", "删除"):
        land.add(number)
    before = land.now()
    land.reshape("缩小", PART)
    land.run("UPDATE land_parcel SET state = 'held' WHERE parcel_no = '改状态'")
    land.run("DELETE FROM land_parcel WHERE parcel_no = '删除'")
    land.add("新增", PART)
    after = land.now()
    land.run("UPDATE land_parcel SET name = '以后的事'")
    told = {item["state"]["parcel_no"]: item for item in land.change(before, after).values()}
    assert {number: (item["change"], item["moved"], item["reclassed"]) for number, item in told.items()} == {
        "缩小": ("changed", True, False), "改状态": ("changed", False, True),
        "删除": ("removed", False, False), "新增": ("added", False, False)}  # fmt: skip
    assert told["改状态"]["changed"] == {"state": ["ready", "held"]}
    wide_m2 = geodesic_m2(land, land.versions("缩小")[0])
    assert set(told["缩小"]["changed"]) == {"area_m2", "area_mu"}
    assert told["缩小"]["area_before_m2"] == pytest.approx(wide_m2, rel=1e-9)
    assert told["缩小"]["area_after_m2"] == pytest.approx(PART_M2, abs=0.005)
    # An edge of 200 m, straight in degrees, leaves the one of 80 m on it by up to 0.6 mm: less than 0.1 m² in all.
    assert told["缩小"]["gained_area_m2"] == pytest.approx(0, abs=0.1)
    assert told["缩小"]["lost_area_m2"] == pytest.approx(wide_m2 - PART_M2, abs=0.1)
    assert told["新增"]["area_difference_m2"] == pytest.approx(PART_M2, abs=0.005)
    assert told["新增"]["area_difference_mu"] == pytest.approx(11.9951, abs=5e-5)  # 7,996.74 × 3 / 2000
    assert told["删除"]["area_difference_m2"] == pytest.approx(-wide_m2, rel=1e-9)
    counted = change_count_statement(source("land_parcels"), before, after)
    rows = (
        land.connection.cursor(row_factory=tuple_row).execute(counted.sql.encode(), counted.params).fetchall()
    )
    assert {row[0]: row[1:4] for row in rows} == {
        "added": (1, 0, 0), "changed": (2, 1, 1), "removed": (1, 0, 0)}  # fmt: skip


def test_any_past_is_what_was_seen_then_and_any_change_what_differs(land: Land) -> None:
    """Forty random transactions; the present was written down after each, by a plain SELECT of the table."""
    chance = random.Random(20261121)
    seen: list[tuple[datetime, dict[int, tuple[Any, ...]]]] = []
    for number in range(40):
        with land.connection.transaction():
            for _ in range(chance.randint(1, 3)):
                stir(land, chance, f"储-{number}-{chance.random():.6f}")
        rows = land.rows(f"SELECT id, {', '.join(KEPT)} FROM land_parcel")
        seen.append((land.now(), {row["id"]: tuple(row[name] for name in KEPT) for row in rows}))
    names = ", ".join(name if name != "public_visible" else "NULL AS public_visible" for name in KEPT)
    for at, rows_then in seen:
        found = land.rows(f"SELECT id, {names} FROM past_land_parcels(%s)", at)
        assert {
            row["id"]: tuple(row[name] for name in KEPT if name != "public_visible") for row in found
        } == {
            identity: tuple(
                value for name, value in zip(KEPT, values, strict=True) if name != "public_visible"
            )
            for identity, values in rows_then.items()
        }
    for (before, old), (after, new) in zip(seen, [*seen[1:], *seen[7:], seen[-1]], strict=False):
        if before < after:
            assert {
                identity: told["change"] for identity, told in land.change(before, after).items()
            } == differing(old, new)


def stir(land: Land, chance: random.Random, number: str) -> None:
    there = [row["id"] for row in land.rows("SELECT id FROM land_parcel ORDER BY id")]
    one = chance.choice(there) if there else 0
    what = chance.choice(("add", "add", "state", "name", "move", "all", "delete"))
    if what == "add" or not there:
        land.add(number, chance.choice((WIDE, PART)), public=chance.random() < 0.5)
    elif what == "state":
        land.run("UPDATE land_parcel SET state = %s WHERE id = %s", chance.choice(("ready", "held")), one)
    elif what == "name":
        land.run("UPDATE land_parcel SET name = %s WHERE id = %s", chance.choice(("甲", "乙", None)), one)
    elif what == "move":
        land.run("UPDATE land_parcel SET geom = ST_Translate(geom, 0.001, 0) WHERE id = %s", one)
    elif what == "all":
        land.run(
            "UPDATE land_parcel SET planned_use = %s WHERE id %% 2 = %s",
            chance.choice(("工业", "商业")),
            one % 2,
        )
    else:
        land.run("DELETE FROM land_parcel WHERE id = %s", one)


def differing(old: dict[int, tuple[Any, ...]], new: dict[int, tuple[Any, ...]]) -> dict[int, str]:
    public = KEPT.index("public_visible")  # who sees a row is not what the row says

    def said(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return values[:public] + values[public + 1 :]

    return {
        **dict.fromkeys(old.keys() - new.keys(), "removed"),
        **dict.fromkeys(new.keys() - old.keys(), "added"),
        **{
            identity: "changed"
            for identity in old.keys() & new.keys()
            if said(old[identity]) != said(new[identity])
        },
    }


@pytest.mark.parametrize("layer", LAYERS_OF_LAND)
@pytest.mark.parametrize("plan", ["force_generic_plan", "force_custom_plan"])
def test_a_question_about_now_never_looks_at_the_past(land: Land, layer: str, plan: str) -> None:
    """A plain scan of one table, also in the plan that serves any value of a prepared statement."""
    land.run(f"SET plan_cache_mode = {plan}")
    land.run(
        f"PREPARE page(timestamptz, int8) AS SELECT id FROM layer_{layer}($1) WHERE row_public AND id > $2 ORDER BY id LIMIT 1000"
    )
    lines = [row["QUERY PLAN"] for row in land.rows("EXPLAIN (COSTS OFF) EXECUTE page(NULL, 0)")]
    plain = "\n".join(lines)
    table = {"land_parcels": "land_parcel", "control_areas": "control_area"}[layer]
    assert f"on {table}" in plain
    odd = [word for word in ("version", "Append", "Function Scan", "One-Time Filter") if word in plain]
    assert not odd, plain


def test_samples_stand_on_every_past_map_of_theirs(session: Session) -> None:
    folder = SampleFolder(FOLDER)
    for table in LAYERS_OF_LAND:
        add_polygons(session, table, folder.features(f"{table}.geojson"), "samples", "0" * 64)
    counted = (
        "SELECT (SELECT count(*) FROM past_land_parcels(:at)), (SELECT count(*) FROM past_control_areas(:at))"
    )
    parcels, areas = (len(folder.features(f"{table}.geojson")) for table in LAYERS_OF_LAND)
    found = [
        tuple(session.execute(text(counted), {"at": day}).one())
        for day in ("2023-10-31", "2023-11-02", "2025-01-02")
    ]
    assert found == [(0, 0), (parcels, 0), (parcels, areas)]  # the areas are in force from 2025-01-01 on


def test_an_edit_of_many_looks_each_up_by_its_key(land: Land) -> None:
    """By the time that versions ended it would walk past all that it is writing: quadratic, and found to be so."""
    for number in range(60):
        land.add(f"储-{number}", PART)
    land.run("VACUUM ANALYZE land_parcel_version")  # known to be empty: any index seems as good
    for state in ("held", "supplied", "started"):
        land.run("UPDATE land_parcel SET state = %s", state)
    land.run("SELECT pg_stat_force_next_flush()")
    scans = land.rows(
        "SELECT indexrelname, idx_scan FROM pg_stat_user_indexes WHERE relname = 'land_parcel_version'"
    )
    used = {row["indexrelname"] for row in scans if row["idx_scan"]}
    assert used == {"pk_land_parcel_version"}
