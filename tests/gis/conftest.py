"""One small ground in a real PostGIS: places with every kind of geometry, committed once, read by all."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import psycopg
import pytest

from gis.statement import Connection

T = TypeVar("T")

GROUND = """
CREATE TABLE place (
  id bigint PRIMARY KEY, code text, name text, kind text, progress numeric, level int, open boolean,
  opened date, updated_at timestamptz, secret text, visible boolean NOT NULL DEFAULT true,
  geom geometry(Geometry, 4490));
CREATE INDEX ON place USING gist (geom);
INSERT INTO place VALUES
 (1, 'A-1', '一号地块', '工业', 62.5, 1, true, '2025-03-01', '2025-10-01T00:00:00Z', 'x', true,
  ST_GeomFromText('POLYGON((115.80 33.00, 115.81 33.00, 115.81 33.01, 115.80 33.01, 115.80 33.00),
                  (115.803 33.003, 115.803 33.006, 115.806 33.006, 115.806 33.003, 115.803 33.003))', 4490)),
 (2, 'A-2', '二号“地块”', '工业', 10, 2, false, NULL, '2025-09-01T00:00:00Z', 'x', true,
  ST_GeomFromText('MULTIPOLYGON(((115.90 33.00, 115.91 33.00, 115.91 33.01, 115.90 33.00)),
                  ((115.92 33.00, 115.93 33.00, 115.93 33.01, 115.92 33.00)))', 4490)),
 (3, 'B-1', '河边路 100%', '道路', NULL, 2, true, '2024-01-01', '2025-08-01T00:00:00Z', 'x', true,
  ST_GeomFromText('LINESTRING(115.80 33.02, 115.95 33.02)', 4490)),
 (4, 'B-2', '取水口', '水利', 100, 3, true, '2023-05-05', '2025-07-01T00:00:00Z', 'x', true,
  ST_GeomFromText('POINT(115.85 33.05)', 4490)),
 (5, 'C-1', '秘密项目', '工业', 50, 1, true, NULL, '2025-06-01T00:00:00Z', 'x', false,
  ST_GeomFromText('POLYGON((115.80 33.00, 115.81 33.00, 115.81 33.01, 115.80 33.01, 115.80 33.00))', 4490)),
 (6, 'C-2', '无图形', '公共', 10, 1, false, NULL, NULL, 'x', true, NULL);
CREATE VIEW layer_places AS SELECT * FROM place;

CREATE TABLE place_state (place_id bigint, known_at timestamptz, progress numeric);
INSERT INTO place_state VALUES (1, '2025-01-01T00:00:00Z', 20), (1, '2025-06-01T00:00:00Z', 40),
 (1, '2025-10-01T00:00:00Z', 62.5);
CREATE FUNCTION layer_place_states(at timestamptz)
RETURNS TABLE (id bigint, name text, progress numeric, geom geometry) LANGUAGE sql STABLE AS $$
  SELECT p.id, p.name, s.progress, p.geom FROM place p JOIN LATERAL (
    SELECT x.progress FROM place_state x WHERE x.place_id = p.id AND (at IS NULL OR x.known_at <= at)
    ORDER BY x.known_at DESC LIMIT 1) s ON true
$$;
"""


@pytest.fixture(scope="session")
def ground(postgis_url: str) -> str:
    """URL of the database with the small ground in it; nobody writes there afterwards."""
    with psycopg.connect(postgis_url, autocommit=True) as connection:
        connection.execute(GROUND)
    return postgis_url


@pytest.fixture
def ask(ground: str) -> Callable[[Callable[[Connection], Awaitable[T]]], T]:
    """Run an asynchronous question on a fresh psycopg 3 connection to the ground."""

    def run(question: Callable[[Connection], Awaitable[T]]) -> T:
        async def connected() -> T:
            async with await psycopg.AsyncConnection.connect(ground) as connection:
                return await question(connection)

        return asyncio.run(connected())

    return run
