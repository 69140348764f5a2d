"""What the whole ingest of a model costs above the bare kernel, in CPU seconds.

Run: ``python -m tests.benchmarks.ingest FILE.ifc […] [--rounds 3]``. Whole ingest: store, pre-flight, convert in a
child process, COPY, publish, roll up; measured as the CPU of this process, its children and the database backends.
Floor: a fresh Python that opens the file and walks the geometry iterator with the same kernel, imports included.
"""

import argparse
import asyncio
import resource
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import psutil
import psycopg
from sqlalchemy import text

from tests.benchmarks.serving import backends, cpu_s, database, server_url
from tests.rows import add_project
from twin.db import open_session
from twin.elements.revisions import NewModel
from twin.identity.caller import SYSTEM
from twin.jobs.follow import follow_job
from twin.jobs.kinds import KINDS
from twin.jobs.submit_model import submit_model
from twin.jobs.workroom import Workroom, open_workroom
from twin.projects.queries import get_project
from twin.settings import HomeSettings, JobSettings

CODE = "341299-2025-03-0128-4"
BARE = """
import sys, ifcopenshell, ifcopenshell.geom
model = ifcopenshell.open(sys.argv[1])
settings = ifcopenshell.geom.settings()
iterator = ifcopenshell.geom.iterator(
    settings, model, 1, exclude=["IfcOpeningElement"], geometry_library="hybrid-cgal-simple-opencascade")
count = 0
if iterator.initialize():
    while True:
        iterator.get(); count += 1
        if not iterator.next(): break
"""


def children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def bare_s(file: Path) -> float:
    before = children_s()
    subprocess.run([sys.executable, "-c", BARE, str(file)], check=True)
    return children_s() - before


def ingest_s(room: Workroom, file: Path, watcher: psycopg.Connection) -> tuple[float, str]:
    own = psutil.Process()
    with open_session(room.engine) as session:
        session.execute(text("UPDATE bim_model SET current_revision_id = NULL"))
        session.execute(text("DELETE FROM bim_model"))
    before = children_s() + cpu_s([own]) + cpu_s(backends(watcher))
    stored = room.store.add_file(file, 10**10)
    with open_session(room.engine, actor="bench") as session:
        project = get_project(session, SYSTEM, CODE)
        submitted = submit_model(session, SYSTEM, project, NewModel(file.stem, file.name, None, None), stored)
    assert submitted.job_id is not None
    ended = asyncio.run(follow_job(room, KINDS, submitted.job_id, lambda _status: None))
    after = children_s() + cpu_s([own]) + cpu_s(backends(watcher))
    return after - before, (ended.verdict or {}).get("code", ended.state)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with ExitStack() as stack:
        server = stack.enter_context(server_url())
        url = stack.enter_context(database(server, 0))
        home = stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp"))
        watcher = stack.enter_context(psycopg.connect(url, autocommit=True))
        room = open_workroom(url, HomeSettings(home=Path(home)), JobSettings())
        stack.callback(room.engine.dispose)
        with open_session(room.engine) as session:
            add_project(session, CODE)
        print("| model | MB | whole ingest, CPU s | bare open + iterator, CPU s | ratio | verdict |")
        print("|---|---|---|---|---|---|")
        for file in asked.files:
            pairs = [(ingest_s(room, file, watcher), bare_s(file)) for _ in range(asked.rounds)]
            ours = statistics.median(cost for (cost, _), _ in pairs)
            bare = statistics.median(cost for _, cost in pairs)
            ratio = statistics.median(cost / floor for (cost, _), floor in pairs)
            megabytes = file.stat().st_size / 1e6
            print(
                f"| {file.name} | {megabytes:.1f} | {ours:.2f} | {bare:.2f} | **{ratio:.2f}** | {pairs[0][0][1]} |"
            )


if __name__ == "__main__":
    main()
