"""What the whole ingest of a model costs above the bare kernel, in CPU seconds, and when its preview is there.

Run: ``python -m tests.benchmarks.ingest FILE.ifc […] [--rounds 3]``. Whole ingest: store, pre-flight, convert in a
process of its own, COPY, publish, roll up; measured as the CPU of this process, of the template with all it forked,
and of the database backends. Floors: a fresh Python that opens the file and walks the geometry iterator over the same
elements, imports included, with the same kernel and with the library's default one; both on one process, all in turn.
The template process loads its libraries once, before the first measurement, as a worker's does.
"""

import argparse
import asyncio
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import structlog
from sqlalchemy import text

from tests.benchmarks.serving import backends, cpu_s, database
from tests.databases import server_url
from tests.rows import add_project
from twin.db import open_session
from twin.elements.revisions import NewModel
from twin.identity.caller import SYSTEM
from twin.jobs import JobStatus, status
from twin.jobs.execute import run_job
from twin.jobs.kinds import KINDS
from twin.jobs.submit_model import submit_model
from twin.jobs.workroom import Workroom, open_workroom
from twin.projects.queries import get_project
from twin.settings import HomeSettings, JobSettings

CODE = "341299-2025-03-0128-4"
HYBRID, DEFAULT = "hybrid-cgal-simple-opencascade", "opencascade"
BARE = """
import sys, time
import ifcopenshell, ifcopenshell.geom
loaded = time.process_time()
model = ifcopenshell.open(sys.argv[1])
iterator = ifcopenshell.geom.iterator(ifcopenshell.geom.settings(), model, 1, geometry_library=sys.argv[2])
if iterator.initialize():
    while True:
        iterator.get()
        if not iterator.next(): break
print(loaded)
"""


@dataclass(frozen=True)
class Round:
    """CPU seconds of one round: whole ingest, both floors, and what the floors spent on imports."""

    ingest: float
    hybrid: float
    default: float
    imports: float


def children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def bare_s(file: Path, kernel: str) -> tuple[float, float]:
    """Return the CPU of a bare walk and the part of it that went into imports."""
    before = children_s()
    told = subprocess.run(
        [sys.executable, "-c", BARE, str(file), kernel], check=True, capture_output=True, text=True
    )
    return children_s() - before, float(told.stdout.split()[-1])


def spent_s(room: Workroom, watcher: psycopg.Connection) -> float:
    """CPU of this process, of the template and all it has forked and reaped, and of the database."""
    template = psutil.Process(room.template.number).cpu_times()
    forked = template.user + template.system + template.children_user + template.children_system
    return cpu_s([psutil.Process()]) + forked + cpu_s(backends(watcher))


def forget(room: Workroom) -> None:
    """Remove every model, so that the next upload is new."""
    with open_session(room.engine) as session:
        session.execute(text("UPDATE bim_model SET current_revision_id = NULL"))
        session.execute(text("DELETE FROM bim_model"))


def ingest(room: Workroom, file: Path) -> JobStatus:
    """Take a model in as a worker does, from its bytes to its publication."""
    stored = room.store.add_file(file, 10**10)
    with open_session(room.engine, actor="bench") as session:
        project = get_project(session, SYSTEM, CODE)
        submitted = submit_model(session, SYSTEM, project, NewModel(file.stem, file.name, None, None), stored)
    assert submitted.job_id is not None
    asyncio.run(run_job(room, KINDS, submitted.job_id))
    with open_session(room.engine) as session:
        return status(session, submitted.job_id)


def measured(room: Workroom, file: Path, watcher: psycopg.Connection) -> tuple[float, JobStatus]:
    forget(room)
    before = spent_s(room, watcher)
    ended = ingest(room, file)
    return spent_s(room, watcher) - before, ended


def preview_share(room: Workroom, file: Path, watcher: psycopg.Connection) -> float:
    """Ingest once more and watch from outside: after what share of the time was the preview stored?"""
    stop = threading.Event()
    seen: list[float] = []

    def watch() -> None:
        while not stop.is_set() and not seen:
            row = watcher.execute(
                "SELECT extract(epoch FROM clock_timestamp()) FROM model_preview"
            ).fetchone()
            seen.extend(float(moment) for moment in row or ())
            time.sleep(0.01)

    forget(room)
    thread = threading.Thread(target=watch)
    thread.start()
    ended = ingest(room, file)
    stop.set()
    thread.join()
    if not seen or ended.finished_at is None:
        return float("nan")
    began = ended.created_at.timestamp()
    return (seen[0] - began) / (ended.finished_at.timestamp() - began)


def two_processes(room: Workroom, file: Path, rounds: int) -> float:
    """Wall time of the geometry phase and all behind it with two processes against one, in turn."""
    walls: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for processes in (1, 2):
            room.settings.convert_processes = processes
            forget(room)
            began = time.monotonic()
            ingest(room, file)
            walls[processes].append(time.monotonic() - began)
    room.settings.convert_processes = 1
    return min(walls[2]) / min(walls[1])


def report(file: Path, rounds: list[Round], preview: float, code: str) -> str:
    def middle(value: Callable[[Round], float]) -> float:
        return statistics.median(value(each) for each in rounds)

    return (
        f"| {file.name} | {file.stat().st_size / 1e6:.1f} | {middle(lambda r: r.ingest):.2f}"
        f" | {middle(lambda r: r.hybrid):.2f} | {middle(lambda r: r.default):.2f}"
        f" | **{middle(lambda r: r.ingest / r.hybrid):.2f}**"
        f" | {middle(lambda r: r.ingest / (r.hybrid - r.imports)):.2f}"
        f" | **{middle(lambda r: r.ingest / r.default):.2f}** | {100 * preview:.0f} % | {code} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--walls", action="store_true", help="only the wall time of two processes against one"
    )
    asked = parser.parse_args()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with ExitStack() as stack:
        server = stack.enter_context(server_url())
        url = stack.enter_context(database(server, 0))
        home = stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp"))
        watcher = stack.enter_context(psycopg.connect(url, autocommit=True))
        room = open_workroom(url, HomeSettings(home=Path(home)), JobSettings(convert_processes=1))
        stack.callback(room.engine.dispose)
        stack.callback(room.template.close)
        with open_session(room.engine) as session:
            add_project(session, CODE)
        ingest(room, asked.files[0])  # the template loads its libraries, caches fill
        if asked.walls:
            for file in asked.files:
                print(
                    f"{file.name}: two processes take {two_processes(room, file, asked.rounds):.2f} of one's time"
                )
            return
        print("| model | MB | whole ingest, CPU s | bare hybrid | bare default | / hybrid | / hybrid without imports"
              " | / default | preview after | verdict |")  # fmt: skip
        print("|---|---|---|---|---|---|---|---|---|---|")
        for file in asked.files:
            rounds = []
            for _ in range(asked.rounds):
                cost, ended = measured(room, file, watcher)
                (hybrid, imports), (default, _) = bare_s(file, HYBRID), bare_s(file, DEFAULT)
                rounds.append(Round(cost, hybrid, default, imports))
            preview = min(preview_share(room, file, watcher) for _ in range(2))
            print(report(file, rounds, preview, (ended.verdict or {}).get("code", ended.state)), flush=True)


if __name__ == "__main__":
    main()
