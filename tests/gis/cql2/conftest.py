"""Works with Chinese and Latin names, gaps, an invalid outline and one that nobody may see."""

from collections.abc import Callable

import psycopg
import pytest

from gis.cql2 import compile_filter, parse_filter
from gis.cql2.reading import CqlLanguage
from gis.crs import parse_crs
from gis.layer import Field, Layer, Selection
from gis.statement import Condition

WORKS = Layer(
    id="works",
    title_zh="工程",
    title_en="Works",
    description="",
    relation="cql_work",
    geometry_type="polygon",
    fields=(
        Field("name", "string", "名称", "Name"),
        Field("kind", "string", "类别", "Kind"),
        Field("other", "string", "别名", "Other name"),
        Field("progress", "number", "进度", "Progress"),
        Field("planned", "number", "计划", "Planned"),
        Field("level", "integer", "等级", "Level"),
        Field("open", "boolean", "开放", "Open"),
        Field("starts", "date", "开工", "Start"),
        Field("ends", "date", "竣工", "End"),
        Field("seen_at", "date-time", "巡检时间", "Seen at"),
        Field("secret", "string", "内部", "Secret", public=False, queryable=False, sortable=False),
    ),
)

GROUND = """
CREATE TABLE cql_work (
  id bigint PRIMARY KEY, name text, kind text, other text, progress float8, planned numeric, level int, open boolean,
  starts date, ends date, seen_at timestamptz, secret text, row_public boolean NOT NULL DEFAULT true,
  geom geometry(Geometry, 4490));
CREATE INDEX ON cql_work USING gist (geom);
INSERT INTO cql_work VALUES
 (1, '淮河路跨线桥', '交通', 'Huaihe Bridge', 62.5, 70, 1, true, '2025-01-01', '2025-12-31',
  '2025-10-01T02:00:00Z', 's', true, ST_MakeEnvelope(115.80, 33.00, 115.81, 33.01, 4490)),
 (2, '城南污水厂（100%）', '市政', 'Château d''eau', 100, 100, 2, false, '2024-03-01', '2025-03-31',
  '2025-09-30T15:59:59Z', 's', true, ST_MakeEnvelope(115.805, 33.005, 115.815, 33.015, 4490)),
 (3, '河道_整治', '水利', 'CHATEAU', 0, 10, 2, true, '2025-06-01', '2026-06-01',
  '2025-09-30T16:00:00Z', 's', true, ST_GeomFromText('LINESTRING(115.79 33.005, 115.82 33.005)', 4490)),
 (4, '东湖''公园"一期"', '市政', 'Łódź Park', 33.3, 33.3, 3, NULL, '2023-01-01', NULL,
  NULL, 's', true, ST_GeomFromText('POINT(115.85 33.05)', 4490)),
 (5, '保密工程', '交通', 'Secret', 0, 0, 0, true, '2025-01-01', '2025-12-31',
  '2025-10-01T02:00:00Z', 's', false, ST_MakeEnvelope(115.80, 33.00, 115.81, 33.01, 4490)),
 (6, NULL, '产业', NULL, NULL, 50, NULL, false, NULL, NULL, '2026-01-01T00:00:00Z', 's', true, NULL),
 (7, '歪斜地块', '产业', 'C:\\data', -12.5, 5, 4, true, '2025-12-31', '2027-01-01', '1999-12-31T23:59:59Z', 's', true,
  ST_GeomFromText('POLYGON((115.90 33.00, 115.91 33.01, 115.91 33.00, 115.90 33.01, 115.90 33.00))', 4490));
"""


@pytest.fixture(scope="session")
def works(postgis_url: str) -> str:
    """URL of a database with the works in it; nobody writes there afterwards."""
    with psycopg.connect(postgis_url, autocommit=True) as connection:
        connection.execute(GROUND)
    return postgis_url


Filtered = Callable[..., list[int]]


@pytest.fixture
def filtered(works: str) -> Filtered:
    """Run a filter over what everybody may see and return the ids."""

    def run(text: str, lang: CqlLanguage = "cql2-text", crs: str = "CRS84") -> list[int]:
        condition = compile_filter(WORKS, parse_filter(text, lang), parse_crs(crs))
        rows = Selection(WORKS, Condition("f.row_public"), condition).rows()
        with psycopg.connect(works) as connection:
            found = connection.execute(f"SELECT f.id FROM {rows.sql} ORDER BY f.id".encode(), rows.params)
            return [row[0] for row in found]

    return run


@pytest.fixture
def by_hand(works: str) -> Callable[[str], list[int]]:
    """Run a WHERE clause written by hand over the same rows."""

    def run(where: str) -> list[int]:
        sql = f"SELECT id FROM cql_work WHERE row_public AND ({where}) ORDER BY id"
        with psycopg.connect(works) as connection:
            return [row[0] for row in connection.execute(sql.encode())]

    return run
