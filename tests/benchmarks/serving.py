"""What a tile and a GeoJSON page cost above the bare SQL, in CPU milliseconds of server and database.

Run: ``python -m tests.benchmarks.serving [--parcels 20000] [--rounds 5]``. It needs a PostGIS server
(`TEST_DATABASE_URL`, else a throw-away cluster) on this machine, because it reads the CPU time of the backends.
Every figure is printed beside its floor, both measured in turn in the same run; read the ratio, not the milliseconds.
"""

import argparse
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import asinh, pi, radians, tan
from pathlib import Path

import httpx
import psutil
import psycopg

from tests.benchmarks.data import SOUTH, WEST, add_parcels
from tests.databases import new_database, server_url
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


EMPTY_APP = """
from fastapi import FastAPI, Response
app = FastAPI()
@app.get("/")
async def empty() -> Response:
    return Response()
"""


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
def database(server: str, parcels: int) -> Iterator[str]:
    with new_database(server, "bench") as url:
        migrate(url)
        with psycopg.connect(url) as connection:
            print(f"{add_parcels(connection, parcels)} parcels 地块")
        yield url


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def service(url: str, memory_mb: int = 0, connections: int = 1) -> Iterator[tuple[str, psutil.Process]]:
    """Run the service; without a cache every tile is a cold one."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "TWIN_HOME": home,
            "TWIN_POOL_SIZE": str(connections),
            "TWIN_TILE_MEMORY_MB": str(memory_mb),
            "TWIN_TILE_DISK_MB": "0",
        }
        with _uvicorn(["api.app:create_app", "--factory"], environment, "/livez") as running:
            yield running


@contextmanager
def empty_service() -> Iterator[tuple[str, psutil.Process]]:
    """Run an application with one route that answers nothing: what the server and the framework cost by themselves."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "empty_app.py").write_text(EMPTY_APP, encoding="utf-8")
        with _uvicorn(["empty_app:app", "--app-dir", folder], {**os.environ}, "/") as running:
            yield running


@contextmanager
def _uvicorn(app: list[str], environment: dict[str, str], path: str) -> Iterator[tuple[str, psutil.Process]]:
    port = free_port()
    argv = [
        sys.executable,
        "-m",
        "uvicorn",
        *app,
        "--port",
        str(port),
        "--no-access-log",
        "--log-level",
        "error",
    ]
    process = subprocess.Popen(argv, env=environment, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                httpx.get(f"{base}{path}")
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
        run_cached(url, asked.rounds)


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


class KeptAlive:
    """One connection that sends the same request again and again and reads the answers: a client that costs little."""

    def __init__(self, base: str, path: str, headers: dict[str, str]) -> None:
        host, port = base.removeprefix("http://").split(":")
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", *(f"{k}: {v}" for k, v in headers.items())]
        self._request = "\r\n".join([*lines, "", ""]).encode()
        self._socket = socket.create_connection((host, int(port)))

    def ask(self) -> tuple[int, bytes, int]:
        """Return status, head and length of the body of one answer."""
        self._socket.sendall(self._request)
        content = b""
        while (end := content.find(b"\r\n\r\n")) < 0:
            content += self._recv()
        head = content[:end].lower()
        told = re.search(rb"content-length: (\d+)", head)
        length = int(told[1]) if told else 0
        left = length - (len(content) - end - 4)
        while left > 0:
            left -= len(self._recv())
        return int(head[9:12]), head, length

    def _recv(self) -> bytes:
        found = self._socket.recv(65_536)
        if not found:
            raise ConnectionError("the server closed the connection")
        return found


@dataclass(frozen=True)
class Question:
    """One request to one server, and the status that answers it."""

    process: psutil.Process
    base: str
    path: str
    headers: dict[str, str]
    status: int = 200


def request_ms(question: Question, times: int = 3_000) -> tuple[float, int]:
    """Return the CPU milliseconds of a server per request, and the length of the answer."""
    client = KeptAlive(question.base, question.path, question.headers)
    process, status = question.process, question.status
    for _ in range(200):
        found, _, length = client.ask()
        assert found == status, found
    before = cpu_s([process])
    for _ in range(times):
        client.ask()
    return 1000 * (cpu_s([process]) - before) / times, length


def run_cached(url: str, rounds: int) -> None:
    """Compare a kept tile and a 304 with an empty answer of FastAPI on the same server, all in turn."""
    x, y = column_row(WEST + 0.4, SOUTH + 0.3, 15)
    path, packed = f"/tiles/land_parcels/15/{x}/{y}.mvt", {"Accept-Encoding": "gzip"}
    with service(url, memory_mb=64) as (base, process), empty_service() as (empty_base, empty_process):
        time.sleep(1.0)  # the service learns of the database's changes first, and keeps nothing until then
        _, head, _ = KeptAlive(base, path, packed).ask()
        tag = re.search(rb"etag: (\S+)", head)
        assert tag is not None
        known = {**packed, "If-None-Match": tag[1].decode().replace("w/", "W/")}
        asked = {
            "empty answer of FastAPI": Question(empty_process, empty_base, "/", packed),
            "`/livez`, by the ordinary way": Question(process, base, "/livez", packed),
            "cached tile z15": Question(process, base, path, packed),
            "304 of a cached tile": Question(process, base, path, known, 304),
        }
        costs: dict[str, list[tuple[float, int]]] = {name: [] for name in asked}
        for _ in range(rounds):
            for name, question in asked.items():
                costs[name].append(request_ms(question))
    empty = statistics.median(cost for cost, _ in costs["empty answer of FastAPI"])
    print("\n| request | server CPU, ms | against the empty answer | kB |")
    print("|---|---|---|---|")
    for name, found in costs.items():
        cost = statistics.median(each for each, _ in found)
        print(f"| {name} | {cost:.3f} | **{cost / empty:.2f}** | {found[0][1] / 1000:.1f} |")


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
