"""Memory does not grow with the layer: 100,000 features, each format in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gis.export import FORMATS

ROWS = 100_000
MOST_MB = 20

# The process writes one feature first, so that every library is loaded; what counts is what comes on top of that.
WRITE = """
import asyncio, json, pathlib, psutil, psycopg, sys, threading
from gis.export import FORMATS, Extract, Origin, write_file
from gis.export.text import write_text
from gis.layer import Field, Layer, Selection
from gis.statement import EVERYTHING
url, key, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
names = ["code", "name", "state", "use", "owner", "note"]
layer = Layer("many", "many", "many", "", "many", "polygon", (
    *(Field(name, "string", name, name) for name in names), Field("area_m2", "number", "area", "area"),
    Field("floors", "integer", "floors", "floors"), Field("opened", "date", "opened", "opened"),
    Field("updated_at", "date-time", "updated", "updated")))
def write(limit, name):
    (folder / name).mkdir()
    extract = Extract(Selection(layer, EVERYTHING), limit=limit)
    if FORMATS[key].text:
        async def text():
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
                return await write_text(connection, extract, FORMATS[key], folder / name)
        return asyncio.run(text())
    with psycopg.connect(url) as connection:
        return write_file(connection, extract, FORMATS[key], folder / name, Origin())
write(1, "first")
me = psutil.Process()
base, peak, done = me.memory_info().rss, 0, threading.Event()
def watch():
    global peak
    while not done.wait(0.002):
        peak = max(peak, me.memory_info().rss - base)
watcher = threading.Thread(target=watch)
watcher.start()
written = write(None, "all")
done.set()
watcher.join()
print(json.dumps({"features": written.returned, "mb": peak / 1e6, "size_mb": written.path.stat().st_size / 1e6}))
"""


@pytest.fixture(scope="module")
def many(postgis_url: str) -> Iterator[str]:
    """URL of the database with a table of many rows."""
    with psycopg.connect(postgis_url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE many AS SELECT n::bigint AS id, 'C-' || n AS code, '名称' || md5(n::text) AS name, 'ready' AS state,"
            " md5((n + 1)::text) AS use, md5((n % 97)::text) AS owner, repeat('备注', 10) AS note, n * 1.5 AS area_m2,"
            " n % 40 AS floors, date '2025-01-01' + (n % 300)::int AS opened, now() AS updated_at,"
            " ST_Multi(ST_Buffer(ST_SetSRID(ST_Point(115 + (n % 1000) / 1000.0, 33 + n / 200000.0), 4490), 0.0005, 4))"
            f" AS geom FROM generate_series(1, {ROWS}) n"
        )
        connection.execute("ALTER TABLE many ADD PRIMARY KEY (id)")
        yield postgis_url
        connection.execute("DROP TABLE many")


@pytest.mark.parametrize("key", FORMATS)
def test_a_large_layer_is_written_in_constant_memory(many: str, tmp_path: Path, key: str) -> None:
    argv = [sys.executable, "-W", "ignore", "-c", WRITE, many, key, str(tmp_path)]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, env={**os.environ})
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["features"] == ROWS
    assert found["mb"] <= MOST_MB, found
