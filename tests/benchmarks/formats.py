"""What a whole layer costs in each format: time, CPU and memory, beside COPY of the same rows.

Run: ``python -m tests.benchmarks.formats URL [--layer bim_elements] [--format gpkg …]`` on a database that
``python -m tests.benchmarks.data URL`` has filled. Each format is written in a fresh process, so that memory is its own:
the highest resident set above that of the process once it has written a single feature, everything loaded. CPU is that process and its database
backend. Read the ratios to the floor, COPY in text form of the columns and WKB, not the seconds.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil
import psycopg

from gis.export import FORMATS, Extract, Format, Origin, write_file
from gis.export.extract import rows_statement
from gis.export.text import STREAMS
from gis.statement import bound_values, statement_text
from twin.db import for_psycopg
from twin.identity import ANONYMOUS
from twin.layers import select_rows

FLOOR = "copy"


@dataclass
class Cost:
    """Seconds of wall clock, of this process and of its backend; megabytes above the start; the file's size."""

    wall_s: float = 0.0
    process_s: float = 0.0
    database_s: float = 0.0
    peak_mb: float = 0.0
    size_mb: float = 0.0
    features: int = 0


@dataclass
class Meter:
    """Watches this process and one backend."""

    backend: psutil.Process
    cost: Cost = field(default_factory=Cost)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measure what happens inside."""
        me = psutil.Process()
        base = me.memory_info().rss
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.005):
                self.cost.peak_mb = max(self.cost.peak_mb, (me.memory_info().rss - base) / 1e6)

        watcher = threading.Thread(target=watch)
        watcher.start()
        started = (time.perf_counter(), _cpu_s(me), _cpu_s(self.backend))
        try:
            yield
        finally:
            ended = (time.perf_counter(), _cpu_s(me), _cpu_s(self.backend))
            done.set()
            watcher.join()
        self.cost.wall_s, self.cost.process_s, self.cost.database_s = (
            round(after - before, 2) for before, after in zip(started, ended, strict=True)
        )


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def extract_of(layer: str, limit: int | None = None) -> Extract:
    """Return the whole layer as everybody sees it."""
    return Extract(select_rows(ANONYMOUS, layer).selection, limit=limit)


def measure(url: str, layer: str, key: str) -> Cost:
    """Write one format in this process and return what it cost."""
    with tempfile.TemporaryDirectory() as folder:
        if key == FLOOR:
            return _measure_copy(url, layer, Path(folder))
        kind = FORMATS[key]  # type: ignore[index]
        if kind.text:
            return asyncio.run(_measure_stream(url, layer, kind, Path(folder) / "out"))
        return _measure_file(url, layer, kind, Path(folder))


def _measure_copy(url: str, layer: str, folder: Path) -> Cost:
    statement = rows_statement(extract_of(layer))
    sql = b"COPY (" + statement_text(statement) + b") TO STDOUT"
    with psycopg.connect(url) as connection, (folder / "out").open("wb") as file:
        meter = Meter(psutil.Process(connection.info.backend_pid))
        with meter.running(), connection.cursor() as cursor:
            with cursor.copy(sql, bound_values(statement)) as rows:
                for chunk in rows:
                    file.write(chunk)
            meter.cost.features = cursor.rowcount
            meter.cost.size_mb = file.tell() / 1e6
    return meter.cost


async def _measure_stream(url: str, layer: str, kind: Format, path: Path) -> Cost:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        meter = Meter(psutil.Process(connection.info.backend_pid))
        async for _ in STREAMS[kind.key](connection, extract_of(layer, limit=1)):
            pass
        with meter.running(), path.open("wb") as file:
            async for chunk in STREAMS[kind.key](connection, extract_of(layer)):
                file.write(chunk)
        meter.cost.size_mb = path.stat().st_size / 1e6
    return meter.cost


def _measure_file(url: str, layer: str, kind: Format, folder: Path) -> Cost:
    with psycopg.connect(url) as connection:
        meter = Meter(psutil.Process(connection.info.backend_pid))
        (folder / "first").mkdir()
        write_file(connection, extract_of(layer, limit=1), kind, folder / "first", Origin())
        with meter.running():
            written = write_file(connection, extract_of(layer), kind, folder, Origin())
    meter.cost.features = written.returned
    meter.cost.size_mb = written.path.stat().st_size / 1e6
    return meter.cost


def measure_apart(url: str, layer: str, key: str) -> Cost:
    """Run `measure` in a fresh process."""
    argv = [sys.executable, "-m", "tests.benchmarks.formats", url, "--layer", layer, "--one", key]
    return Cost(**json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--layer", default="bim_elements")
    parser.add_argument("--format", nargs="*", default=list(FORMATS))
    parser.add_argument("--one", help="measure this one here and print it as JSON")
    asked = parser.parse_args()
    url = for_psycopg(asked.url)
    if asked.one:
        print(json.dumps(asdict(measure(url, asked.layer, asked.one))))
        return
    floor = measure_apart(url, asked.layer, FLOOR)
    print(f"{floor.features} features of {asked.layer}")
    print(
        "| format | CPU: process + database, s | ratio to COPY | wall, s | memory above start, MB | file, MB |"
    )
    print("|---|---|---|---|---|---|")
    for key in asked.format:
        cost = measure_apart(url, asked.layer, key)
        print(_line(key, cost, floor), flush=True)
    print(_line("COPY (floor)", floor, floor))


def _line(name: str, cost: Cost, floor: Cost) -> str:
    ratio = (cost.process_s + cost.database_s) / (floor.process_s + floor.database_s)
    return (
        f"| {name} | {cost.process_s:.1f} + {cost.database_s:.1f} | **{ratio:.2f}** | {cost.wall_s:.0f} "
        f"| {cost.peak_mb:.1f} | {cost.size_mb:.0f} |"
    )


if __name__ == "__main__":
    main()
