"""Plots with everything that files get wrong: Chinese text, quotes, formulas, NULL, holes, parts, no geometry."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from gis.export import FORMATS, Extract, Origin, Written, open_room, write_file
from gis.export.text import write_text
from gis.layer import Choice, Field, Layer
from gis.statement import Connection

PLOTS = """
CREATE TABLE plot (
  id bigint PRIMARY KEY, code text, name text, state text, area_m2 double precision, cost_yuan numeric, floors int,
  open boolean, opened date, updated_at timestamptz, secret text, visible boolean NOT NULL DEFAULT true,
  geom geometry(Geometry, 4490));
INSERT INTO plot VALUES
 (1, 'A-1', '一号“地块”, 甲', 'ready', 27988.5719, 80360000000.12, 3, true, '2025-03-01', '2025-10-01T01:02:03.456Z',
  'x', true, ST_GeomFromText('POLYGON((115.80 33.00, 115.81 33.00, 115.81 33.01, 115.80 33.01, 115.80 33.00),
    (115.803 33.003, 115.803 33.006, 115.806 33.006, 115.806 33.003, 115.803 33.003))', 4490)),
 (2, '=1+1', '㙍塬', NULL, NULL, 0.1, NULL, false, NULL, NULL, 'x', true,
  ST_GeomFromText('MULTIPOLYGON(((115.90 33.00, 115.91 33.01, 115.91 33.00, 115.90 33.00)),
    ((115.92 33.00, 115.93 33.00, 115.93 33.01, 115.92 33.00)))', 4490)),
 (3, '-3', E'两行\\n文字', 'held', 1e-7, NULL, -2, NULL, '1999-12-31', '2024-02-29T16:00:00Z', 'x', true, NULL),
 (7000000000, '', '大编号', 'ready', 1, 2, 3, true, '2025-01-01', '2025-01-01T00:00:00Z', 'x', true,
  ST_GeomFromText('POLYGON((116.123456789 33.987654321, 116.2 33.9, 116.2 34, 116.123456789 33.987654321))', 4490)),
 (8, 'X', '看不见', 'held', 1, 1, 1, true, NULL, NULL, 'x', false, ST_GeomFromText('POLYGON((0 0, 1 0, 1 1, 0 0))', 4490));
CREATE TABLE mark AS SELECT 1::bigint AS id, '路'::text AS name,
  ST_GeomFromText('LINESTRING(115.9 33.0, 115.8 33.0)', 4490) AS geom
UNION ALL SELECT 2, '点', ST_GeomFromText('POINT(115.85 33.05)', 4490)
UNION ALL SELECT 3, '面', ST_GeomFromText('POLYGON((115 33, 116 33, 116 34, 115 33))', 4490)
UNION ALL SELECT 4, '空', ST_GeomFromText('POLYGON EMPTY', 4490);
"""

LAYER = Layer(
    id="plots",
    title_zh="测试地块",
    title_en="Plots",
    description="Plots of the tests",
    relation="plot",
    geometry_type="polygon",
    fields=(
        Field("code", "string", "编号", "Code"),
        Field("name", "string", "名称", "Name"),
        Field("state", "string", "状态", "State", choices=(Choice("ready", "净地", "Ready"),)),
        Field("area_m2", "number", "面积", "Area", unit="m²"),
        Field("cost_yuan", "number", "投资", "Cost", unit="元"),
        Field("floors", "integer", "层数", "Floors"),
        Field("open", "boolean", "开放", "Open"),
        Field("opened", "date", "开放日期", "Opened"),
        Field("updated_at", "date-time", "更新时间", "Updated at"),
    ),
)
MARKS = Layer(
    id="marks",
    title_zh="混合",
    title_en="Marks",
    description="",
    relation="mark",
    geometry_type="polygon",
    fields=(Field("name", "string", "名称", "Name"),),
)


@pytest.fixture(scope="session")
def plots(postgis_url: str) -> str:
    """URL of the database with the plots."""
    with psycopg.connect(postgis_url, autocommit=True) as connection:
        connection.execute(PLOTS)
    return postgis_url


Export = Callable[[Extract, str], Written]


@pytest.fixture
def export(plots: str, tmp_path: Path) -> Export:
    """Write an extract in a format and return where it lies."""

    def run(extract: Extract, key: str) -> Written:
        kind = FORMATS[key]  # type: ignore[index]
        kept = tmp_path / f"kept{kind.ending}"
        with open_room(tmp_path / "rooms") as room:
            if kind.text:
                written = asyncio.run(_text(plots, extract, key, room))
            else:
                with psycopg.connect(plots) as connection:
                    written = write_file(connection, extract, kind, room, Origin("甲 (a)", synthetic=True))
            shutil.copy(written.path, kept)
        return Written(kept, written.found, written.returned, written.next)

    return run


async def _text(url: str, extract: Extract, key: str, room: Path) -> Written:
    connection: Connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    async with connection:
        return await write_text(connection, extract, FORMATS[key], room)  # type: ignore[index]
