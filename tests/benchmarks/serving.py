"""What a tile and a GeoJSON page cost above the bare SQL, in CPU milliseconds of server and database.

Run: ``python -m tests.benchmarks.serving [--parcels 20000] [--rounds 5]``. It needs a PostGIS server
(`TEST_DATABASE_URL`, else a throw-away cluster) on this machine, because it reads the CPU time of the backends.
Every figure is printed beside its floor, both measured in turn in the same run; read the ratio, not the milliseconds.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import asinh, pi, radians, tan
from pathlib import Path

import httpx
import psutil
import psycopg

from tests.benchmarks.data import SOUTH, WEST, add_parcels
from twin.cluster import Cluster
from twin.db import migrate

TILE_SQL = """
SELECT ST_AsMVT(t.*, 'land_parcels', 4096, 'geom', 'id') FROM (
  SELECT id, parcel_no, kind, state,
    ST_AsMVTGeom(ST_Transform(geom, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 64, true) AS geom
  FROM land_parcel
  WHERE geom && ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => 64.0 / 4096), 4490) ORDER BY id) t"""

ITEMS_SQL = """
SELECT convert_to(string_agg('{"type":"Feature","id":' || id || ',"geometry":' || ST_AsGeoJSON(geom, 9, 0)
  || ',"properties":' || row_to_json((SELECT p FROM (SELECT parcel_no, name, kind, planned_use, land_class, state,
     supply_date, released_on, area_m2, area_m2 * 3 / 2000 AS area_mu, stated_area_m2, updated_at) p))::text || '}', ','),
  'UTF8') FROM (SELECT * FROM land_parcel WHERE public_visible AND geom && ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 4490)
  ORDER BY id LIMIT %(limit)s) f"""


@dataclass(frozen=True)
class Cost:
    """CPU milliseconds of one request: server or client process, and database backends."""

    process_ms: float
    database_ms: float
    size_kb: float

    @property
    def total_ms(self) -> float:
        return self.process_ms + self.database_ms


@contextmanager
def server_url() -> Iterator[str]:
    outside = os.environ.get("TEST_DATABASE_URL")
    if outside:
        yield outside
        return
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)  # the account of a server started by root must get in
        with Cluster(Path(folder) / "home", durable=False) as cluster:
            yield cluster.url("twin", "postgres")


@contextmanager
def database(server: str, parcels: int) -> Iterator[str]:
    name = f"bench_{uuid.uuid4().hex[:8]}"
    url = f"{server.rsplit('/', 1)[0]}/{name}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    migrate(url)
    with psycopg.connect(url) as connection:
        print(f"{add_parcels(connection, parcels)} parcels 地块")
    yield url
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def service(url: str) -> Iterator[tuple[str, psutil.Process]]:
    port = free_port()
    argv = [
        sys.executable,
        "-m",
        "uvicorn",
        "api.app:create_app",
        "--factory",
        "--port",
        str(port),
        "--no-access-log",
    ]
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "TWIN_HOME": tempfile.gettempdir(),
        "TWIN_POOL_SIZE": "1",
    }
    process = subprocess.Popen([*argv, "--log-level", "error"], env=environment, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                httpx.get(f"{base}/livez")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield base, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def cpu_s(processes: list[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return sum(each.user + each.system for each in times)


def backends(watcher: psycopg.Connection) -> list[psutil.Process]:
    rows = watcher.execute(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"
    ).fetchall()
    return [psutil.Process(pid) for (pid,) in rows]


def measure(ask: Callable[[], int], process: psutil.Process, watcher: psycopg.Connection, times: int) -> Cost:
    size = ask()
    database = backends(watcher)
    before, before_db = cpu_s([process]), cpu_s(database)
    for _ in range(times):
        ask()
    after, after_db = cpu_s([process]), cpu_s(database)
    return Cost(1000 * (after - before) / times, 1000 * (after_db - before_db) / times, size / 1000)


def compare(title: str, served: Callable[[], Cost], floor: Callable[[], Cost], rounds: int) -> None:
    pairs = [(served(), floor()) for _ in range(rounds)]
    ratio = statistics.median(a.total_ms / b.total_ms for a, b in pairs)
    ours = [
        statistics.median(values)
        for values in zip(*((a.process_ms, a.database_ms) for a, _ in pairs), strict=True)
    ]
    base = [
        statistics.median(values)
        for values in zip(*((b.process_ms, b.database_ms) for _, b in pairs), strict=True)
    ]
    print(
        f"| {title} | {ours[0]:.2f} + {ours[1]:.2f} | {base[0]:.2f} + {base[1]:.2f} | **{ratio:.2f}** "
        f"| {pairs[0][0].size_kb:.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--times", type=int, default=100)
    asked = parser.parse_args()
    with ExitStack() as stack:
        server = stack.enter_context(server_url())
        url = stack.enter_context(database(server, asked.parcels))
        base, process = stack.enter_context(service(url))
        client = stack.enter_context(httpx.Client(base_url=base, headers={"Accept-Encoding": "identity"}))
        watcher = stack.enter_context(psycopg.connect(url, autocommit=True))
        run(url, client, process, watcher, asked)


def run(
    url: str,
    client: httpx.Client,
    process: psutil.Process,
    watcher: psycopg.Connection,
    asked: argparse.Namespace,
) -> None:
    rounds, times, parcels = asked.rounds, asked.times, asked.parcels
    me = psutil.Process()

    def get(path: str) -> Callable[[], int]:
        return lambda: len(client.get(path).raise_for_status().content)

    print("| request | ours: server + database, ms | bare SQL: client + database, ms | ratio | kB |")
    print("|---|---|---|---|---|")
    for z in (12, 15):
        x, y = column_row(WEST + 0.4, SOUTH + 0.3, z)
        compare(
            f"cold tile z{z}",
            lambda z=z, x=x, y=y: measure(
                get(f"/tiles/land_parcels/{z}/{x}/{y}.mvt"), process, watcher, times
            ),
            lambda z=z, x=x, y=y: floor(url, TILE_SQL, {"z": z, "x": x, "y": y}, me, times, prepare=True),
            rounds,
        )
    for limit in (100, 1000):
        share = (limit / parcels) ** 0.5  # a box that holds about as many as are asked for
        box = (WEST + 0.1, SOUTH + 0.1, WEST + 0.1 + 0.8 * share, SOUTH + 0.1 + 0.6 * share)
        path = f"/ogc/collections/land_parcels/items?limit={limit}&bbox={','.join(map(str, box))}"
        compare(
            f"GeoJSON {limit} features",
            lambda path=path: measure(get(path), process, watcher, times),
            lambda limit=limit, box=box: floor(
                url,
                ITEMS_SQL,
                {**dict(zip("wsen", box, strict=True)), "limit": limit},
                me,
                times,
                prepare=False,
            ),
            rounds,
        )


def floor(
    url: str, sql: str, params: dict[str, object], me: psutil.Process, times: int, *, prepare: bool
) -> Cost:
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor(binary=True) as cursor:

        def ask() -> int:
            row = cursor.execute(sql, params, prepare=prepare).fetchone()
            return len(row[0] or b"") if row else 0

        backend = [psutil.Process(connection.info.backend_pid)]
        size = ask()
        before, before_db = cpu_s([me]), cpu_s(backend)
        for _ in range(times):
            ask()
        return Cost(
            1000 * (cpu_s([me]) - before) / times, 1000 * (cpu_s(backend) - before_db) / times, size / 1000
        )


def column_row(lon: float, lat: float, z: int) -> tuple[int, int]:
    """Return the WebMercatorQuad column and row of a place."""
    side = 1 << z
    return int((lon + 180) / 360 * side), int((1 - asinh(tan(radians(lat))) / pi) / 2 * side)


if __name__ == "__main__":
    main()
