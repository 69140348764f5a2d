"""What a large scene costs: making and publishing it, and each question of a client, in CPU and bytes on the wire.

Run: ``python -m tests.benchmarks.scene [--elements 100000] [--rounds 5]`` on a throw-away database, or with
``--project CODE`` into the installation that `DATABASE_URL` and `TWIN_HOME` name, where the model then stays.
Floor of the states: the bare aggregate over the same rows, in turn in the same run; it reads no more and sends nothing.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
import psycopg
from sqlalchemy import Engine

from tests.benchmarks.scene_data import Boxes, publish_boxes, write_boxes
from tests.benchmarks.serving import Cost, backends, compare, cpu_s, database, measure, service
from tests.databases import server_url
from tests.rows import add_project
from twin.db import make_engine, open_session
from twin.identity.caller import SYSTEM
from twin.objects import open_store
from twin.projects.queries import get_project
from twin.settings import DatabaseSettings, HomeSettings

TIMEOUT_MS = 600_000
STATES_SQL = """
SELECT count(*), sum(i.progress) FROM bim_element e JOIN element_identity i ON i.id = e.identity_id
WHERE e.revision_id = %(revision)s AND e.fid IS NOT NULL"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--elements", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--project", help="publish into this installation and measure nothing else")
    asked = parser.parse_args()
    if asked.project:
        url = DatabaseSettings().url or ""
        made = _publish(url, HomeSettings(), asked.elements, asked.project)
        print(f"model {made.model_id}, revision {made.revision_id}, {len(made.scene.tiles)} tiles")
        return
    with ExitStack() as stack:
        url = stack.enter_context(database(stack.enter_context(server_url()), 10))
        home = HomeSettings(home=Path(stack.enter_context(tempfile.TemporaryDirectory())))
        os.environ["TWIN_OBJECT_STORE"] = home.objects_url
        with _told("publish 发布", url):
            made = _publish(url, home, asked.elements, None)
        _tell_scene(made, asked.elements)
        base, process = stack.enter_context(service(url))
        client = stack.enter_context(httpx.Client(base_url=base, timeout=60))
        watcher = stack.enter_context(psycopg.connect(url, autocommit=True))
        watcher.execute("VACUUM ANALYZE")
        _ask(made, client, process, watcher, asked)


def _publish(url: str, home: HomeSettings, count: int, code: str | None) -> Boxes:
    engine = make_engine(url, 2, TIMEOUT_MS)
    with tempfile.TemporaryDirectory() as spool:
        made = publish_boxes(engine, open_store(home), Path(spool), _project(engine, code), count)
    engine.dispose()
    return made


def _project(engine: Engine, code: str | None) -> int:
    with open_session(engine, "benchmark") as session:
        return get_project(session, SYSTEM, code).id if code else add_project(session).id


def _tell_scene(made: Boxes, count: int) -> None:
    with tempfile.TemporaryDirectory() as spool:
        began = time.process_time()
        write_boxes(Path(spool), count)
        seconds = time.process_time() - began
    tiles = made.scene.tiles
    size = sum(tile.size_bytes for tile in tiles) / 1e6
    triangles = sum(tile.triangles for tile in tiles)
    levels = 1 + max(tile.level for tile in tiles)
    print(f"{count} boxes measured, spooled, tiled: {seconds:.1f} CPU s")
    print(f"{len(tiles)} tiles, {levels} levels, {triangles} triangles, {size:.1f} MB")


@contextmanager
def _told(title: str, url: str) -> Iterator[None]:
    with psycopg.connect(url, autocommit=True) as watcher:
        own, began = time.process_time(), time.monotonic()
        yield
        used = time.process_time() - own
        print(
            f"{title}: {used:.1f} CPU s + {cpu_s(backends(watcher)):.1f} in the database, {time.monotonic() - began:.1f} s"
        )


def _ask(
    made: Boxes,
    client: httpx.Client,
    process: psutil.Process,
    watcher: psycopg.Connection,
    asked: argparse.Namespace,
) -> None:
    root = f"/api/v1/models/{made.model_id}"
    questions = {
        **{
            f"states {theme}, bin": f"{root}/states?theme={theme}&f=bin"
            for theme in ("status", "light", "plan")
        },
        "states deviation, bin": f"{root}/states?theme=deviation&f=bin",
        "states at a date, bin": f"{root}/states?f=bin&datetime=2025-06-30",
        "states, json": f"{root}/states",
        "elements.json": f"{root}/scene/elements.json",
        "scene": f"{root}/scene",
        "a tile": f"{root}/scene/{made.scene.tiles[0].sha256}.glb",
    }
    print(
        "| request | ours: server + database, ms | bare aggregate: client + database, ms | ratio | kB on the wire |"
    )
    print("|---|---|---|---|---|")
    for title, path in questions.items():
        compare(
            title,
            lambda path=path: measure(_get(client, path), process, watcher, asked.times),  # type: ignore[misc]
            lambda: _floor(watcher, made.revision_id, asked.times),
            asked.rounds,
        )


def _get(client: httpx.Client, path: str) -> Callable[[], int]:
    def ask() -> int:
        with client.stream("GET", path) as response:
            response.raise_for_status()
            return sum(len(piece) for piece in response.iter_raw())

    return ask


def _floor(watcher: psycopg.Connection, revision: int, times: int) -> Cost:
    """Cost of the bare aggregate, in the backend of the watcher itself."""
    watcher.execute("SET max_parallel_workers_per_gather = 0")  # the CPU of other processes is not counted
    row = watcher.execute("SELECT pg_backend_pid()").fetchone()
    backend = [psutil.Process(row[0] if row else 0)]
    before = cpu_s(backend)
    for _ in range(times):
        watcher.execute(STATES_SQL, {"revision": revision}).fetchall()
    return Cost(0.0, 1000 * (cpu_s(backend) - before) / times, 0.0)


if __name__ == "__main__":
    main()
