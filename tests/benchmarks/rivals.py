"""The same questions to worktwin, tipg and pygeoapi, in turn, in one run: CPU of server and database per request.

Run: ``python -m tests.benchmarks.rivals URL --tipg VENV/bin/python --pygeoapi VENV/bin/python``. URL is a database
filled by ``tests.benchmarks.data``; each rival lives in a virtual environment of its own (``pip install tipg uvicorn``;
``pip install pygeoapi psycopg2-binary geoalchemy2``) and is left out where none is named. The rivals read a table of the
same rows and fields as our public layer, in EPSG:4326 with a primary key and a spatial index, which spares them what
our views do. Every tile is asked for once, so no cache helps. Four connections ask at once, which keeps the servers
from falling asleep between two requests; answers are compressed as map clients ask for it, or plain.
"""

import argparse
import gzip
import os
import random
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from math import asinh, pi, radians, tan
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import mapbox_vector_tile
import orjson
import psutil
import psycopg

from tests.benchmarks.data import HEIGHT, SOUTH, WEST, WIDTH
from tests.benchmarks.serving import backends, cpu_s, free_port, service

CONNECTIONS = 4

TABLE = """
CREATE SCHEMA IF NOT EXISTS rival;
DROP TABLE IF EXISTS rival.land_parcels;
CREATE TABLE rival.land_parcels AS
SELECT id::integer, parcel_no, name, kind, planned_use, land_class, state, supply_date, released_on, area_m2, area_mu,
  stated_area_m2, updated_at, ST_SetSRID(geom, 4326)::geometry(MultiPolygon, 4326) AS geom
FROM layer_land_parcels(NULL) WHERE row_public ORDER BY geom;
ALTER TABLE rival.land_parcels ADD PRIMARY KEY (id);
CREATE INDEX ON rival.land_parcels USING gist (geom);
ANALYZE rival.land_parcels"""

ITEMS_FLOOR = """
SELECT convert_to(string_agg('{"type":"Feature","id":' || id || ',"geometry":' || ST_AsGeoJSON(geom, 9, 0)
  || ',"properties":' || row_to_json((SELECT p FROM (SELECT parcel_no, name, kind, planned_use, land_class, state,
     supply_date, released_on, area_m2, area_mu, stated_area_m2, updated_at) p))::text || '}', ','), 'UTF8')
FROM (SELECT * FROM rival.land_parcels WHERE geom && ST_MakeEnvelope(%s, %s, %s, %s, 4326) ORDER BY id LIMIT %s) f"""


@dataclass(frozen=True)
class Rival:
    """A running server and how it is asked."""

    name: str
    base: str
    process: psutil.Process
    tile: str | None
    items: str

    def processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@dataclass(frozen=True)
class Cost:
    """Mean CPU milliseconds of a request, and what came back."""

    server_ms: float
    database_ms: float
    kb: float
    features: float

    @property
    def total_ms(self) -> float:
        return self.server_ms + self.database_ms


@contextmanager
def started(argv: list[str], environment: dict[str, str], probe: str) -> Iterator[psutil.Process]:
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(argv, env={**os.environ, **environment}, stdout=log, stderr=log)
        try:
            for _ in range(300):
                try:
                    if httpx.get(probe, timeout=5).is_success:
                        break
                except httpx.TransportError:
                    pass
                if process.poll() is not None:
                    log.seek(0)
                    raise SystemExit(f"{argv[0]} ended:\n{log.read().decode()[-3000:]}")
                time.sleep(0.2)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def ours(url: str) -> Iterator[Rival]:
    with service(url, connections=CONNECTIONS) as (base, process):
        yield Rival(
            "worktwin",
            base,
            process,
            "/tiles/land_parcels/{z}/{x}/{y}.mvt",
            "/ogc/collections/land_parcels/items?f=json&limit={limit}&bbox={bbox}",
        )


@contextmanager
def tipg(python: str, url: str) -> Iterator[Rival]:
    port = free_port()
    environment = {
        "DATABASE_URL": url,
        "TIPG_DB_SCHEMAS": '["rival"]',
        "DB_MIN_CONN_SIZE": str(CONNECTIONS),
        "DB_MAX_CONN_SIZE": str(CONNECTIONS),
        "TIPG_MAX_FEATURES_PER_QUERY": "10000",
    }
    argv = [python, "-m", "uvicorn", "tipg.main:app", "--port", str(port), "--log-level", "error"]
    base = f"http://127.0.0.1:{port}"
    with started(argv, environment, f"{base}/healthz") as process:
        collection = "/collections/rival.land_parcels"
        yield Rival(
            "tipg",
            base,
            process,
            f"{collection}/tiles/WebMercatorQuad/{{z}}/{{x}}/{{y}}",
            f"{collection}/items?f=geojson&limit={{limit}}&bbox={{bbox}}",
        )


PYGEOAPI = """
server: {{bind: {{host: 127.0.0.1, port: {port}}}, url: 'http://127.0.0.1:{port}', mimetype: application/json,
  encoding: utf-8, gzip: false, languages: [en-US], pretty_print: false, limits: {{default_items: 1000, max_items: 10000}},
  map: {{url: 'http://127.0.0.1/none', attribution: none}}}}
logging: {{level: ERROR}}
metadata:
  identification: {{title: t, description: d, keywords: [k], keywords_type: theme, terms_of_service: t, url: 'http://127.0.0.1/'}}
  license: {{name: n, url: 'http://127.0.0.1/'}}
  provider: {{name: n, url: 'http://127.0.0.1/'}}
  contact: {{name: n, email: n@example.org}}
resources:
  parcels:
    type: collection
    title: parcels
    description: parcels
    keywords: [k]
    extents: {{spatial: {{bbox: [{west}, {south}, {east}, {north}], crs: 'http://www.opengis.net/def/crs/OGC/1.3/CRS84'}}}}
    providers:
      - type: feature
        name: PostgreSQL
        data: {{host: {host}, port: {db_port}, dbname: {dbname}, user: {user}, password: '{password}', search_path: [rival]}}
        id_field: id
        table: land_parcels
        geom_field: geom
"""


@contextmanager
def pygeoapi(python: str, url: str) -> Iterator[Rival]:
    port = free_port()
    parts = urlsplit(url)
    text = PYGEOAPI.format(
        port=port,
        west=WEST,
        south=SOUTH,
        east=WEST + WIDTH,
        north=SOUTH + HEIGHT,
        host=parts.hostname,
        db_port=parts.port or 5432,
        dbname=parts.path[1:],
        user=parts.username,
        password=parts.password or "",
    )
    with tempfile.TemporaryDirectory() as folder:
        config, definition = Path(folder) / "config.yml", Path(folder) / "openapi.yml"
        config.write_text(text)
        environment = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(definition)}
        generate = [str(Path(python).with_name("pygeoapi")), "openapi", "generate", str(config)]
        done = subprocess.run(
            [*generate, "--output-file", str(definition)],
            env={**os.environ, **environment},
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stderr.decode()[-2000:])
        base = f"http://127.0.0.1:{port}"
        argv = [str(Path(python).with_name("pygeoapi")), "serve"]
        with started(argv, environment, f"{base}/conformance?f=json") as process:
            items = "/collections/parcels/items?f=json&limit={limit}&bbox={bbox}"
            yield Rival("pygeoapi", base, process, None, items)


def tiles_of(zoom: int, count: int, seed: int) -> list[tuple[int, int, int]]:
    """Sample distinct tiles wholly inside the district."""
    side = 2**zoom

    def row(latitude: float) -> float:
        return (1 - asinh(tan(radians(latitude))) / pi) / 2 * side

    columns = range(int((WEST + 180) / 360 * side) + 1, int((WEST + WIDTH + 180) / 360 * side))
    rows = range(int(row(SOUTH + HEIGHT)) + 1, int(row(SOUTH)))
    every = [(zoom, x, y) for x in columns for y in rows]
    return random.Random(seed).sample(every, min(count, len(every)))


def boxes_of(count: int, seed: int, features: int = 1_000, total: int = 200_000) -> list[str]:
    """Sample boxes that hold somewhat more than the number of features."""
    share = (1.3 * features / total) ** 0.5
    width, height = WIDTH * share, HEIGHT * share
    rng = random.Random(seed)
    corners = [
        (WEST + rng.random() * (WIDTH - width), SOUTH + rng.random() * (HEIGHT - height))
        for _ in range(count)
    ]
    return [f"{x:.6f},{y:.6f},{x + width:.6f},{y + height:.6f}" for x, y in corners]


def cost(
    rival: Rival,
    watcher: psycopg.Connection,
    addresses: list[str],
    encoding: str,
    count: Callable[[bytes], int],
) -> Cost:
    """Ask for every address once, over several connections, and take the CPU time of the servers meanwhile."""
    place = urlsplit(rival.base)
    warm, rest = addresses[: 2 * CONNECTIONS], addresses[2 * CONNECTIONS :]
    local = threading.local()

    def ask(address: str) -> bytes:
        if not hasattr(local, "connection"):
            local.connection = HTTPConnection(place.hostname or "", place.port, timeout=120)
        local.connection.request("GET", address, headers={"Accept-Encoding": encoding})
        answer = local.connection.getresponse()
        body = answer.read()
        if answer.status not in (200, 204):
            raise SystemExit(f"{rival.name} {address}: {answer.status} {body[:300]!r}")
        return gzip.decompress(body) if answer.headers.get("Content-Encoding") == "gzip" else body

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(ask, warm))  # connections, prepared statements
        database = backends(watcher)
        before = cpu_s(rival.processes()), cpu_s(database)
        bodies = list(pool.map(ask, rest))
        after = cpu_s(rival.processes()), cpu_s(database)
    server, stored = (1000 * (b - a) / len(rest) for a, b in zip(before, after, strict=True))
    return Cost(
        server,
        stored,
        statistics.mean(len(body) for body in bodies) / 1000,
        statistics.mean(count(body) for body in bodies[:10]),
    )


def floor_cost(url: str, watcher: psycopg.Connection, boxes: list[str]) -> Cost:
    with psycopg.connect(url, autocommit=True) as connection:

        def ask(box: str) -> bytes:
            values = [*map(float, box.split(",")), 1_000]
            row = connection.execute(ITEMS_FLOOR, values, prepare=False, binary=True).fetchone()
            return bytes(row[0]) if row else b""

        ask(boxes[0])
        own = psutil.Process()
        database = [psutil.Process(connection.info.backend_pid)]
        before = cpu_s([own]), cpu_s(database)
        sizes = [len(ask(box)) for box in boxes[1:]]
        after = cpu_s([own]), cpu_s(database)
    server, stored = (1000 * (b - a) / len(sizes) for a, b in zip(before, after, strict=True))
    return Cost(server, stored, statistics.mean(sizes) / 1000, 1_000)


def features_in_tile(body: bytes) -> int:
    layers = mapbox_vector_tile.decode(body) if body else {}
    return sum(len(layer["features"]) for layer in layers.values())


def features_in_page(body: bytes) -> int:
    return len(orjson.loads(body)["features"])


def show(question: str, name: str, paid: Cost, ratio: str = "") -> None:
    print(
        f"{question:22} {name:10} {paid.server_ms:8.2f} + {paid.database_ms:8.2f} = {paid.total_ms:8.2f} ms"
        f" {paid.kb:8.0f} kB {paid.features:7.0f} features  {ratio}",
        flush=True,
    )


def compare_tiles(
    rivals: list[Rival], watcher: psycopg.Connection, zoom: int, count: int, rounds: int, encoding: str
) -> None:
    ratios: dict[str, list[float]] = {}
    # Every round has tiles of its own, so that no server's cache knows them.
    every = tiles_of(zoom, count * rounds, seed=zoom)
    for number in range(rounds):
        part = every[number::rounds]
        paid = {}
        for rival in rivals:
            if rival.tile:
                addresses = [rival.tile.format(z=z, x=x, y=y) for z, x, y in part]
                paid[rival.name] = cost(rival, watcher, addresses, encoding, features_in_tile)
        for name, each in paid.items():
            ratios.setdefault(name, []).append(each.total_ms / paid["worktwin"].total_ms)
            show(f"cold tile z{zoom}", name, each)
    for name, found in ratios.items():
        if name != "worktwin":
            print(f"== cold tile z{zoom}: {name} costs {statistics.median(found):.1f}x of worktwin")


def compare_items(
    rivals: list[Rival], watcher: psycopg.Connection, url: str, count: int, rounds: int, encoding: str
) -> None:
    ratios: dict[str, list[float]] = {}
    for number in range(rounds):
        boxes = boxes_of(count, seed=number)
        paid = {
            rival.name: cost(
                rival,
                watcher,
                [rival.items.format(limit=1_000, bbox=box) for box in boxes],
                encoding,
                features_in_page,
            )
            for rival in rivals
        }
        floor = floor_cost(url, watcher, boxes)
        for name, each in paid.items():
            ratios.setdefault(name, []).append(each.total_ms / paid["worktwin"].total_ms)
            show("1,000 features", name, each)
        ratios.setdefault("floor", []).append(paid["worktwin"].total_ms / floor.total_ms)
        show("1,000 features", "SQL floor", floor)
    for name, found in ratios.items():
        if name == "floor":
            print(f"== 1,000 features: worktwin costs {statistics.median(found):.2f}x of its SQL floor")
        elif name != "worktwin":
            print(f"== 1,000 features: {name} costs {statistics.median(found):.1f}x of worktwin")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("url", help="a database filled by tests.benchmarks.data")
    parser.add_argument("--tipg", help="Python of an environment with tipg")
    parser.add_argument("--pygeoapi", help="Python of an environment with pygeoapi")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--encoding", default="gzip", choices=("gzip", "identity"))
    given = parser.parse_args()
    with psycopg.connect(given.url, autocommit=True) as watcher, ExitStack() as stack:
        watcher.execute(TABLE)
        rivals = [stack.enter_context(ours(given.url))]
        if given.tipg:
            rivals.append(stack.enter_context(tipg(given.tipg, given.url)))
        if given.pygeoapi:
            rivals.append(stack.enter_context(pygeoapi(given.pygeoapi, given.url)))
        compare_tiles(rivals, watcher, 12, 60 // given.rounds + 10, given.rounds, given.encoding)
        compare_tiles(rivals, watcher, 15, 400, given.rounds, given.encoding)
        compare_items(rivals, watcher, given.url, 40, given.rounds, given.encoding)


if __name__ == "__main__":
    main()
