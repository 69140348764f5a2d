"""A district of random things in a real PostGIS, and the same things in GeoPandas: two engines, one question."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import geopandas
import psycopg
import pytest
import shapely
from shapely.geometry import Point, Polygon

from gis.layer import Field, Layer, Selection
from gis.questions import AnswerPage, Paging, Source, read_page
from gis.statement import EVERYTHING, Condition, Statement

THINGS = """
CREATE SCHEMA asked;
CREATE TABLE asked.thing (id bigint PRIMARY KEY, code text, kind text, worth double precision, area_m2 double precision,
  hidden boolean, geom geometry(Geometry, 4490));
CREATE INDEX ON asked.thing USING gist (geom);
CREATE TABLE asked.mark (LIKE asked.thing);
CREATE INDEX ON asked.mark USING gist (geom);
CREATE TABLE asked.version (id bigint, code text, kind text, worth double precision, known_at timestamptz,
  gone_at timestamptz, updated_at timestamptz, geom geometry(Geometry, 4490));
CREATE FUNCTION asked.versions(at timestamptz) RETURNS SETOF asked.version LANGUAGE sql STABLE AS
  'SELECT * FROM asked.version WHERE known_at <= at AND (gone_at IS NULL OR gone_at > at)';
"""
FIELDS = (
    Field("code", "string", "编号", "Code"),
    Field("kind", "string", "类型", "Kind"),
    Field("worth", "number", "价值", "Worth"),
)
PLACES = Layer("things", "地物", "Things", "", "asked.thing", "polygon", FIELDS)
MARKS = Layer("marks", "标志", "Marks", "", "asked.mark", "point", FIELDS)
VERSIONS = Layer("versions", "版本", "Versions", "", "asked.versions", "polygon", FIELDS, temporal=True)
VISIBLE = Condition("NOT f.hidden")
MIDDLE = (115.8, 33.0)


def things() -> Source:
    return Source("things", Selection(PLACES, VISIBLE), ("kind",))


def marks() -> Source:
    return Source("marks", Selection(MARKS, VISIBLE))


def versions() -> Source:
    return Source("versions", Selection(VERSIONS, EVERYTHING), ("kind",))


@dataclass(frozen=True)
class District:
    """The things in the database and, without the hidden ones, in GeoPandas (EPSG:4490, by id)."""

    connection: psycopg.Connection
    things: geopandas.GeoDataFrame
    marks: geopandas.GeoDataFrame

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        return list(self.connection.execute(statement.sql, dict(statement.params)).fetchall())

    def page(self, statement: Statement, paging: Paging) -> AnswerPage:
        return read_page(self.rows(statement), paging)

    def features(self, statement: Statement, paging: Paging) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(b"[" + self.page(statement, paging).body + b"]")
        return found


def polygon(chance: random.Random) -> Polygon:
    """Return a small quadrilateral somewhere within some 20 km of the middle."""
    lon, lat = MIDDLE[0] + chance.uniform(-0.2, 0.2), MIDDLE[1] + chance.uniform(-0.2, 0.2)
    width, height = chance.uniform(0.0005, 0.004), chance.uniform(0.0005, 0.004)
    skew = chance.uniform(-0.3, 0.3) * height
    return Polygon([(lon, lat), (lon + width, lat + skew), (lon + width, lat + height), (lon, lat + height)])


@pytest.fixture(scope="module")
def district(postgis_url: str) -> Iterator[District]:
    """Three hundred areas and two hundred points, every tenth hidden; the answer of GeoPandas knows no hidden one."""
    chance = random.Random(20260101)
    shown: dict[str, list[dict[str, Any]]] = {"thing": [], "mark": []}
    with psycopg.connect(postgis_url) as connection:
        connection.execute(THINGS)
        for table, count in (("thing", 300), ("mark", 200)):
            for number in range(1, count + 1):
                shape = polygon(chance)
                geometry = Point(shape.centroid) if table == "mark" else shape
                row = {
                    "id": number,
                    "code": f"{table}-{number}",
                    "kind": chance.choice(("工业", "商业", "居住")),
                    "worth": float(chance.randint(1, 100)),
                }
                hidden = number % 10 == 0
                put(connection, table, row, geometry, hidden=hidden)
                if not hidden:
                    shown[table].append({**row, "geometry": geometry})
        connection.execute("ANALYZE asked.thing; ANALYZE asked.mark")
        frames = {
            name: geopandas.GeoDataFrame(rows, crs="EPSG:4490").set_index("id", drop=False)
            for name, rows in shown.items()
        }
        yield District(connection, frames["thing"], frames["mark"])
        connection.rollback()


def put(
    connection: psycopg.Connection,
    table: str,
    row: dict[str, Any],
    geometry: shapely.Geometry | None,
    *,
    hidden: bool = False,
) -> None:
    wkb = None if geometry is None else shapely.to_wkb(shapely.set_srid(geometry, 4490), include_srid=True)
    connection.execute(
        f"INSERT INTO asked.{table} (id, code, kind, worth, hidden, geom) "
        "VALUES (%s, %s, %s, %s, %s, ST_GeomFromEWKB(%s))",
        (row["id"], row["code"], row["kind"], row["worth"], hidden, wkb),
    )
