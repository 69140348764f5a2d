"""Read while somebody writes: ``python -m tests.flows.edit_storm --minutes 5``.

One writer edits 50 parcels a second: it renames some of a fixed set, and adds and removes others. Eight readers page
through all items and fetch tiles, single items, feeds and Esri features from two API processes. Counted are errors,
ids that a walk through the pages lost or repeated although their rows were there all the time, and answers that lack
what had been committed a second before they were asked for: every new name carries a number that only grows, and it
is visible in the tile.
"""

import argparse
import multiprocessing
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from math import asinh, pi, radians, tan
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import mapbox_vector_tile
import psycopg

from tests.benchmarks.data import add_parcels
from tests.databases import new_database, server_url
from twin.db import migrate

PER_SECOND = 50
STALE_AFTER_S = 1.0
NAMED = 300
PAGE = 500
ZOOMS = (13, 14, 15)
START_WITHIN_S = 60.0
LAND = "/ogc/collections/land_parcels/items"
ESRI = "/arcgis/rest/services/land_parcels/FeatureServer/0/query?f=json&outFields=name&returnGeometry=false&objectIds="


@dataclass
class Told:
    """The names that were committed, and when; a name is ``改名<number>``, and numbers grow by one."""

    edits: dict[int, list[tuple[float, int]]] = field(default_factory=dict)

    def note(self, parcel: int, number: int, committed: float) -> None:
        self.edits.setdefault(parcel, []).append((committed, number))

    def due(self, parcel: int, before: float) -> int:
        """Return the newest number that was committed before a moment, 0 if none."""
        edits = self.edits.get(parcel, [])
        place = bisect_right(edits, before, key=lambda edit: edit[0])
        return edits[place - 1][1] if place else 0

    def lag_s(self, parcel: int, seen: int, asked: float) -> float:
        """Return for how long a newer number had been committed when a question was asked; 0 if it was the newest."""
        edits = self.edits.get(parcel, [])
        place = bisect_right(edits, seen, key=lambda edit: edit[1])
        return max(0.0, asked - edits[place][0]) if place < len(edits) else 0.0


@dataclass
class Outcome:
    """Counts of one storm."""

    seconds: float = 0.0
    edits: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    unchanged: int = 0
    errors: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    worst_lag_s: float = 0.0

    @property
    def holds(self) -> bool:
        return not (self.errors or self.lost or self.repeated or self.stale)

    def __str__(self) -> str:
        return (
            f"{self.edits} edits in {self.seconds:.0f} s ({self.edits / self.seconds:.1f} a second); answers:"
            f" {dict(self.answers)}, of them 304: {self.unchanged}; errors {len(self.errors)}, lost {len(self.lost)},"
            f" repeated {len(self.repeated)}, stale {len(self.stale)}, longest lag seen {self.worst_lag_s:.3f} s"
        )


class Storm:
    """The readers and the writer of one trial, and what they found."""

    def __init__(self, url: str, bases: list[str], seed: int) -> None:
        self.url, self.bases, self.seed = url, bases, seed
        self.stop, self.told, self.outcome = threading.Event(), Told(), Outcome()
        self._lock = threading.Lock()
        with psycopg.connect(url) as connection:
            rows = connection.execute(
                "SELECT id, ST_X(c), ST_Y(c) FROM (SELECT id, ST_PointOnSurface(geom) AS c FROM land_parcel) q ORDER BY id"
            ).fetchall()
        self.always = frozenset(row[0] for row in rows)
        self.named = {
            row[0]: (row[1], row[2]) for row in random.Random(seed).sample(rows, min(NAMED, len(rows)))
        }

    def run(self, seconds: float, readers: int) -> Outcome:
        threads = [
            threading.Thread(target=self._guarded, args=(self.read, number)) for number in range(readers)
        ]
        listener, teller = multiprocessing.Pipe(duplex=False)
        writer = multiprocessing.get_context("spawn").Process(
            target=write, args=(self.url, list(self.named), self.seed, teller), daemon=True
        )
        writer.start()
        teller.close()
        threads.append(threading.Thread(target=self._guarded, args=(self.listen, listener)))
        listener.poll(START_WITHIN_S)  # the first edit
        began = time.monotonic()
        for thread in threads:
            thread.start()
        self.stop.wait(seconds)
        self.outcome.seconds = time.monotonic() - began
        self.stop.set()
        writer.terminate()
        writer.join()
        for thread in threads:
            thread.join()
        return self.outcome

    def _guarded(self, work: Callable[[Any], None], given: object) -> None:
        try:
            work(given)
        except Exception as error:  # noqa: BLE001  a thread that ends early is a finding
            self.fault("errors", f"{type(error).__name__}: {error}")

    def listen(self, told: Connection) -> None:
        """Take down what the writer has committed; its clock is ours."""
        while True:
            try:
                parcel, number, committed = told.recv()
            except EOFError:
                break
            self.outcome.edits += 1
            if parcel is not None:
                self.told.note(parcel, number, committed)
        if not self.stop.is_set():
            self.fault("errors", "the writer ended early")

    def fault(self, kind: str, what: str) -> None:
        with self._lock:
            getattr(self.outcome, kind).append(what)

    def read(self, number: int) -> None:
        """Walk through the pages (every fourth reader), or ask for tiles, items, feeds and Esri features."""
        rng = random.Random(self.seed + number + 1)
        with httpx.Client(base_url=self.bases[number % len(self.bases)], timeout=60) as client:
            known: dict[str, tuple[str, bytes]] = {}
            while not self.stop.is_set():
                if number % 4 == 0:
                    self.walk(client)
                elif rng.random() < 0.85:
                    self.look_at_tile(client, rng, known)
                else:
                    self.look_at_feature(client, rng)

    def get(
        self, client: httpx.Client, kind: str, path: str, headers: dict[str, str]
    ) -> httpx.Response | None:
        try:
            answer = client.get(path, headers=headers)
        except httpx.HTTPError as error:
            self.fault("errors", f"{kind}: {type(error).__name__}")
            return None
        with self._lock:
            self.outcome.answers[kind] += 1
            self.outcome.unchanged += answer.status_code == 304
        if answer.status_code not in (200, 304):
            self.fault("errors", f"{kind}: {answer.status_code} {answer.text[:200]}")
            return None
        return answer

    def walk(self, client: httpx.Client) -> None:
        """Follow `next` to the end and compare the ids with those that were there all the time."""
        found: Counter[int] = Counter()
        path: str | None = f"{LAND}?limit={PAGE}&properties=name"
        while path is not None:
            answer = self.get(client, "page", path, {})
            if answer is None or self.stop.is_set():
                return
            page = answer.json()
            found.update(feature["id"] for feature in page["features"])
            links = (link["href"] for link in page["links"] if link["rel"] == "next")
            path = next(links, None)
        for feature, times in found.items():
            if times > 1:
                self.fault("repeated", f"{feature} × {times}")
        for feature in self.always - found.keys():
            self.fault("lost", str(feature))
        with self._lock:
            self.outcome.answers["walk"] += 1

    def look_at_tile(
        self, client: httpx.Client, rng: random.Random, known: dict[str, tuple[str, bytes]]
    ) -> None:
        """Fetch a tile as a browser does, with the entity tag of the copy it holds, and judge every name in it."""
        z = rng.choice(ZOOMS)
        x, y = place_of(*rng.choice(list(self.named.values())), z)
        path = f"/tiles/land_parcels/{z}/{x}/{y}.mvt"
        tag, content = known.get(path, ("", b""))
        asked = time.monotonic()
        answer = self.get(client, "tile", path, {"If-None-Match": tag} if tag else {})
        if answer is None:
            return
        if answer.status_code == 200:
            content = answer.content
            known[path] = (answer.headers["ETag"], content)
        drawn = mapbox_vector_tile.decode(content).get("land_parcels", {"features": []})["features"]
        names = {feature["id"]: feature["properties"].get("name", "") for feature in drawn}
        inside = {p for p, place in self.named.items() if place_of(*place, z) == (x, y)}
        for parcel in inside - names.keys():
            self.fault("lost", f"{parcel} in tile {path}")
        for parcel in names.keys() & self.named.keys():
            self.judge(f"tile {path}", parcel, names[parcel], asked)

    def look_at_feature(self, client: httpx.Client, rng: random.Random) -> None:
        """Ask for one parcel as an item, in a page of its box, in the feed or as an Esri feature."""
        parcel = rng.choice(list(self.named))
        x, y = self.named[parcel]
        box = f"{x - 1e-5:.6f},{y - 1e-5:.6f},{x + 1e-5:.6f},{y + 1e-5:.6f}"
        doors = {
            "item": f"{LAND}/{parcel}",
            "box": f"{LAND}?bbox={box}",
            "feed": f"/embed/land_parcels.geojson?bbox={box}",
            "esri": f"{ESRI}{parcel}",
        }
        kind = rng.choice(list(doors))
        asked = time.monotonic()
        answer = self.get(client, kind, doors[kind], {})
        if answer is None:
            return
        document = answer.json()
        if kind == "esri":
            found = [feature["attributes"]["name"] for feature in document["features"]]
        elif kind == "item":
            found = [document["properties"]["name"]]
        else:
            found = [each["properties"]["name"] for each in document["features"] if each["id"] == parcel]
        if not found:
            self.fault("lost", f"{parcel} in {kind}")
        for name in found:
            self.judge(f"{kind} {parcel}", parcel, name or "", asked)

    def judge(self, where: str, parcel: int, name: str, asked: float) -> None:
        """Compare a name with what had been committed when it was asked for."""
        seen = int(name.removeprefix("改名")) if name.startswith("改名") else 0
        lag_s = self.told.lag_s(parcel, seen, asked)
        self.outcome.worst_lag_s = max(self.outcome.worst_lag_s, lag_s)
        due = self.told.due(parcel, asked - STALE_AFTER_S)
        if seen < due:
            self.fault("stale", f"{where}: {seen} seen, {due} due, {lag_s:.3f} s")


def write(url: str, targets: list[int], seed: int, teller: Connection) -> None:
    """Edit at a steady rate, making up what fell behind; a process of its own, so that no reader slows it down."""
    rng, added = random.Random(seed), list[str]()
    began, number = time.monotonic(), 0
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            number += 1
            kind, parcel = rng.random(), None
            if kind < 0.7:
                parcel = rng.choice(targets)
                connection.execute(
                    "UPDATE land_parcel SET name = %s WHERE id = %s", (f"改名{number}", parcel)
                )
            elif kind < 0.85 or not added:
                added.append(f"STORM-{number}")
                connection.execute(
                    "INSERT INTO land_parcel (parcel_no, kind, state, public_visible, source_crs, geom, geom_survey)"
                    " SELECT %s, kind, state, true, source_crs, geom, geom_survey FROM land_parcel WHERE id = %s",
                    (added[-1], rng.choice(targets)),
                )
            else:
                gone = added.pop(rng.randrange(len(added)))
                connection.execute("DELETE FROM land_parcel WHERE parcel_no = %s", (gone,))
            teller.send((parcel, number, time.monotonic()))
            time.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))


def place_of(lon: float, lat: float, z: int) -> tuple[int, int]:
    """Return the column and row of a place."""
    side = 1 << z
    return int((lon + 180) / 360 * side), int((1 - asinh(tan(radians(lat))) / pi) / 2 * side)


@contextmanager
def database(server: str, parcels: int) -> Iterator[str]:
    """Make a migrated database with parcels."""
    with new_database(server, "storm") as url:
        migrate(url)
        with psycopg.connect(url) as connection:
            add_parcels(connection, parcels)
        yield url


@contextmanager
def api_process(url: str, home: Path) -> Iterator[str]:
    """Run one API process on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv = [sys.executable, "-m", "uvicorn", "api.app:create_app", "--factory", "--port", str(port)]
    environment = {**os.environ, "TWIN_HOME": str(home), "DATABASE_URL": url, "TWIN_APP_DATABASE_URL": url}
    process = subprocess.Popen(
        [*argv, "--no-access-log", "--log-level", "error"], env=environment, stderr=subprocess.DEVNULL
    )
    base = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + START_WITHIN_S
        while time.monotonic() < until:
            with suppress(httpx.HTTPError):
                if httpx.get(f"{base}/readyz", timeout=5).status_code == 200:
                    break
            time.sleep(0.1)
        else:
            raise AssertionError("the service did not start")
        yield base
    finally:
        process.terminate()
        process.wait(30)


def run_storm(
    server: str,
    home: Path,
    seconds: float,
    *,
    parcels: int,
    readers: int = 8,
    processes: int = 2,
    seed: int = 20260101,
) -> Outcome:
    """Make a database and API processes, let the storm pass, and count."""
    with ExitStack() as stack:
        url = stack.enter_context(database(server, parcels))
        bases = [stack.enter_context(api_process(url, home)) for _ in range(processes)]
        return Storm(url, bases, seed).run(seconds, readers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--parcels", type=int, default=20_000)
    parser.add_argument("--readers", type=int, default=8)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, server_url() as server:
        outcome = run_storm(
            server, Path(folder) / "home", 60 * asked.minutes, parcels=asked.parcels, readers=asked.readers
        )
    print(outcome)
    for kind in ("errors", "lost", "repeated", "stale"):
        for what in getattr(outcome, kind)[:20]:
            print(f"{kind}: {what}")
    sys.exit(0 if outcome.holds else 1)


if __name__ == "__main__":
    main()
