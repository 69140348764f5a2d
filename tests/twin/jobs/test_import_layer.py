"""Imports under fire: killed, cancelled, two at once; a layer holds a file whole or not at all."""

import asyncio
import math
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from tests.twin.imports.files import asked, parcels, planner, round_parcels, submitted, uploaded
from twin.db import for_psycopg, open_session
from twin.imports.write import LOCK_KEY
from twin.jobs import cancel, status
from twin.jobs.execute import run_job
from twin.jobs.kinds import KINDS
from twin.jobs.sweeper import run_sweeper
from twin.jobs.workroom import Workroom
from twin.settings import JobSettings

COUNT = 1_200
PATIENCE_S = 120.0
_WORKER = """
import sys
from pathlib import Path
from twin.jobs.worker import run_worker
from twin.settings import HomeSettings, JobSettings
settings = JobSettings(heartbeat_s=0.4, stale_after_s=2.5, sweep_every_s=0.5, concurrency=1)
sys.exit(run_worker(sys.argv[1], HomeSettings(home=Path(sys.argv[2])), settings))
"""

Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(room: Workroom) -> Iterator[Start]:
    """Start workers; all are gone at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start_one() -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", _WORKER, room.url, str(room.home.home)]
        started.append(
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )
        return started[-1]

    yield start_one
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()


@contextmanager
def gate(url: str) -> Iterator[None]:
    """Keep every import from writing: it waits for the layer, its rows staged, its transaction open."""
    with psycopg.connect(for_psycopg(url)) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext('land_parcels'))", (LOCK_KEY,))
        yield


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


def waits_at_the_gate(url: str) -> bool:
    sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    return bool(asked(url, sql)[0][0])


def nothing_is_written(url: str) -> bool:
    tables = ("land_parcel", "layer_import_row", "land_transition")
    counts = [asked(url, f"SELECT count(*) FROM {table}")[0][0] for table in tables]
    finished = asked(url, "SELECT count(*) FROM layer_import WHERE finished_at IS NOT NULL")[0][0]
    return counts == [0, 0, 0] and finished == 0


def state_of(room: Workroom, job: str) -> str:
    with open_session(room.engine) as session:
        return status(session, job).state


def swept_state_of(room: Workroom, job: str) -> str:
    """The state once lost jobs are given back, which is the supervisor's work beside the worker."""
    run_sweeper(room.engine, JobSettings(stale_after_s=2.5))
    return state_of(room, job)


@pytest.mark.faults
def test_kill_9_in_the_middle_of_an_import_leaves_nothing_half_written(
    room: Workroom, start: Start, tmp_path: Path
) -> None:
    caller = planner()
    job = submitted(room, caller, uploaded(room, caller, parcels(tmp_path, COUNT)))
    with gate(room.url):
        victim = start()
        until(lambda: waits_at_the_gate(room.url))
        victim.send_signal(signal.SIGKILL)
        victim.wait()
    until(lambda: not waits_at_the_gate(room.url))
    assert nothing_is_written(room.url)
    start()
    until(lambda: swept_state_of(room, job) not in ("queued", "running"))
    assert state_of(room, job) == "succeeded"
    assert asked(room.url, "SELECT count(*), count(DISTINCT parcel_no) FROM land_parcel") == [(COUNT, COUNT)]
    assert asked(room.url, "SELECT counts ->> 'added' FROM layer_import") == [(str(COUNT),)]


def test_a_cancelled_import_writes_nothing(room: Workroom, start: Start, tmp_path: Path) -> None:
    caller = planner()
    job = submitted(room, caller, uploaded(room, caller, parcels(tmp_path, COUNT)))
    with gate(room.url):
        start()
        until(lambda: waits_at_the_gate(room.url))
        with open_session(room.engine) as session:
            assert 0 < status(session, job).progress < 100
            cancel(session, job, "planner")
    until(lambda: not waits_at_the_gate(room.url))
    until(
        lambda: (
            not asked(
                room.url,
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'",
            )
        )
    )
    assert state_of(room, job) == "cancelled"
    assert nothing_is_written(room.url)


def test_two_imports_of_the_same_file_at_once_write_it_once(room: Workroom, tmp_path: Path) -> None:
    file = parcels(tmp_path, COUNT)
    jobs = [submitted(room, who, uploaded(room, who, file)) for who in (planner("甲"), planner("乙"))]
    with gate(room.url):
        threads = [
            threading.Thread(target=lambda job=job: asyncio.run(run_job(room, KINDS, job))) for job in jobs
        ]
        for thread in threads:
            thread.start()
        until(
            lambda: (
                asked(
                    room.url,
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                )
                == [(2,)]
            )
        )
    for thread in threads:
        thread.join(PATIENCE_S)
    assert [state_of(room, job) for job in jobs] == ["succeeded", "succeeded"]
    assert asked(room.url, "SELECT count(*), max(row_version) FROM land_parcel") == [(COUNT, 1)]
    counts = asked(
        room.url, "SELECT (counts ->> 'added')::int, (counts ->> 'unchanged')::int FROM layer_import"
    )
    assert sorted(counts) == [(0, COUNT), (COUNT, 0)]


def test_an_import_whose_upload_was_removed_says_so(room: Workroom, tmp_path: Path) -> None:
    caller = planner()
    job = submitted(room, caller, uploaded(room, caller, parcels(tmp_path, 2)))
    with open_session(room.engine) as session:
        session.execute(text("DELETE FROM upload"))
    asyncio.run(run_job(room, KINDS, job))
    with open_session(room.engine) as session:
        ended = status(session, job)
    assert (ended.state, (ended.verdict or {})["code"]) == ("failed", "changed_meanwhile")


def test_a_file_of_30_mb_is_imported_whole_and_twice_is_once(room: Workroom, tmp_path: Path) -> None:
    count, points = 4_900, 190
    file = round_parcels(tmp_path, count, points)
    assert file.stat().st_size > 30_000_000
    for expected in ((count, 0), (0, count)):
        caller = planner()
        job = submitted(room, caller, uploaded(room, caller, file))
        asyncio.run(run_job(room, KINDS, job))
        with open_session(room.engine) as session:
            ended = status(session, job)
        assert ended.state == "succeeded", ended.verdict
        counts = ended.counts or {}
        assert (counts["added"], counts["unchanged"]) == expected
    polygon_m2 = points / 2 * 40**2 * math.sin(2 * math.pi / points)
    found = asked(
        room.url,
        "SELECT count(*), max(row_version), sum(ST_NPoints(geom_survey)), avg(ST_Area(geom_survey)) FROM land_parcel",
    )[0]
    assert found[:3] == (count, 1, count * (points + 1))
    assert found[3] == pytest.approx(polygon_m2, rel=1e-5)
