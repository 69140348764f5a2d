"""Kills, stale files and races: what a crash leaves behind never keeps the server from coming back."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.processes import is_gone
from twin.cluster import Cluster
from twin.cluster.errors import OwnedElsewhereError
from twin.cluster.launch import find_serving_port
from twin.cluster.pidfile import find_postmaster_file

pytestmark = pytest.mark.faults
REPOSITORY = Path(__file__).parents[3]

STARTER = """
import sys, threading, time
from twin.cluster import open_cluster
from twin.settings import HomeSettings
cluster = open_cluster(HomeSettings(home=sys.argv[1]), lambda line: None)
def start():
    print("adopted" if cluster.start().adopted else "started", flush=True)
if sys.argv[2] == "thread":
    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
else:
    start()
time.sleep(float(sys.argv[3]))
cluster.stop()
"""


def starter(home: Path, kind: str = "main", seconds: float = 600) -> "subprocess.Popen[str]":
    """Start a process of its own that starts the server and lives for some seconds."""
    return subprocess.Popen(
        [sys.executable, "-c", STARTER, str(home), kind, str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def postmaster_pid(cluster: Cluster) -> int:
    found = find_postmaster_file(cluster.folders.data)
    assert found is not None
    return found.pid


def wait_gone(pid: int) -> None:
    deadline = time.monotonic() + 30
    while not is_gone(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.02)


def control_state(cluster: Cluster) -> str:
    answer = subprocess.run(
        [cluster.find_programs().program("pg_controldata"), str(cluster.folders.data)],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        env={**os.environ, "LC_ALL": "C"},
        **cluster.account.run_as,
    )
    return next(line.split(":")[1].strip() for line in answer.stdout.splitlines() if "cluster state" in line)


@pytest.mark.parametrize("kind", ["main", "thread"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_server_stops_cleanly_when_its_starter_is_killed(
    home: Path, cluster: Cluster, kind: str, number: signal.Signals
) -> None:
    process = starter(home, kind)
    assert first_line(process) == "started"
    pid = postmaster_pid(cluster)
    process.send_signal(number)
    process.communicate()
    wait_gone(pid)
    assert control_state(cluster) == "shut down"


def test_the_end_of_the_starting_thread_does_not_stop_the_server(cluster: Cluster) -> None:
    thread = threading.Thread(target=cluster.start)
    thread.start()
    thread.join()
    time.sleep(0.5)
    with psycopg.connect(cluster.url("twin")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_server_stops_cleanly_when_its_shim_is_killed(cluster: Cluster, home: Path) -> None:
    cluster.start()
    assert cluster._shim is not None
    pid = postmaster_pid(cluster)
    cluster._shim.kill()
    wait_gone(pid)
    assert control_state(cluster) == "shut down"
    assert cluster.keep()
    with psycopg.connect(cluster.url("twin")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_of_five_simultaneous_starters_one_starts_and_four_adopt(home: Path) -> None:
    processes = [starter(home, seconds=2) for _ in range(5)]
    said = sorted(first_line(process) for process in processes)
    for process in processes:
        process.communicate()
    assert said == ["adopted"] * 4 + ["started"]
    assert [process.returncode for process in processes] == [0] * 5


def write_until_cut(url: str, writer: int, stop: threading.Event) -> list[int]:
    """Insert numbered parcels one commit at a time; return the numbers whose commit was acknowledged."""
    acknowledged: list[int] = []
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            while not stop.is_set():
                number = writer * 1_000_000 + len(acknowledged)
                connection.execute(
                    "INSERT INTO parcels VALUES (%s, '地块', ST_SetSRID(ST_Point(%s, 34), 4490))",
                    (number, 108 + len(acknowledged) / 1e5),
                )
                acknowledged.append(number)
    except psycopg.OperationalError:
        pass
    return acknowledged


def test_no_acknowledged_row_is_lost_by_kill_9_under_load(cluster: Cluster) -> None:
    cluster.start()
    with psycopg.connect(cluster.url("twin"), autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE parcels (number int PRIMARY KEY, name text, geom geometry(Point, 4490))"
        )
        connection.execute("CREATE INDEX ON parcels USING gist (geom)")
    stop = threading.Event()
    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write_until_cut, cluster.url("twin"), n, stop) for n in range(3)]
        time.sleep(1.5)
        os.kill(postmaster_pid(cluster), signal.SIGKILL)
        acknowledged = {number for writer in writers for number in writer.result()}
    assert cluster._shim is not None
    cluster._shim.wait(10)
    assert cluster.keep()
    with psycopg.connect(cluster.url("twin")) as connection:
        stored = {number for (number,) in connection.execute("SELECT number FROM parcels")}
        connection.execute("SET enable_seqscan = off")
        indexed = connection.execute(
            "SELECT count(*) FROM parcels WHERE geom && ST_MakeEnvelope(0, 0, 180, 90, 4490)"
        ).fetchone()
    assert len(acknowledged) > 100
    assert acknowledged <= stored
    assert len(stored - acknowledged) <= 3  # at most the row each writer had in flight
    assert indexed == (len(stored),)


def test_a_busy_orphan_of_a_killed_postmaster_does_not_block_the_restart(cluster: Cluster) -> None:
    cluster.start()
    with psycopg.connect(cluster.url("twin"), autocommit=True) as connection:
        backend = connection.info.backend_pid
        busy = threading.Thread(target=run_for_minutes, args=(connection,))
        busy.start()
        time.sleep(0.5)
        os.kill(postmaster_pid(cluster), signal.SIGKILL)
        assert cluster._shim is not None
        cluster._shim.wait(10)
        assert psutil.pid_exists(backend), "the orphan must outlive its postmaster, else this proves nothing"
        began = time.monotonic()
        assert cluster.keep()
        took_s = time.monotonic() - began
        busy.join(30)
    assert not busy.is_alive()
    wait_gone(backend)
    assert took_s < 60  # untreated, such an orphan blocked every restart for longer than anyone waited


def run_for_minutes(connection: psycopg.Connection) -> None:
    """Keep a backend busy in code that does not look for the death of its postmaster."""
    try:
        connection.execute("SELECT count(*) FROM generate_series(1, 20000000000) n WHERE sqrt(n) < 0")
    except psycopg.Error:
        return


def test_a_stale_pid_file_naming_another_process_is_removed(cluster: Cluster) -> None:
    cluster.ensure()
    stranger = subprocess.Popen(["sleep", "600"], **cluster.account.run_as)
    pid_file = cluster.folders.data / "postmaster.pid"
    lines = [
        str(stranger.pid),
        str(cluster.folders.data),
        "1700000000",
        "15432",
        "/tmp",
        "127.0.0.1",
        "1 1",
        "ready",
    ]
    pid_file.write_text("\n".join(lines) + "\n")
    assert not cluster.start().adopted
    assert stranger.poll() is None, "a stranger's process must not be touched"
    stranger.kill()
    stranger.wait()


def test_a_folder_served_by_another_container_is_refused(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twin.cluster.launch.OWNER_WAIT_S", 0.5)
    cluster.ensure()
    hold = "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX); print(1, flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(cluster.folders.owner_lock)], stdout=subprocess.PIPE, text=True
    ) as other:
        first_line(other)
        stale = cluster.folders.data / "postmaster.pid"
        stale.write_text("1\n/elsewhere\n1700000000\n1\n/tmp\n127.0.0.1\n1 1\nready\n")
        with pytest.raises(OwnedElsewhereError, match="container"):
            cluster.start()
        assert stale.exists(), "a pid file is only removed by the holder of the owner's lock"
        other.kill()


def test_a_killed_server_is_started_again_by_keep(cluster: Cluster) -> None:
    cluster.start()
    assert not cluster.keep()
    os.kill(postmaster_pid(cluster), signal.SIGKILL)
    assert cluster._shim is not None
    cluster._shim.wait(10)
    assert cluster.keep()
    assert find_serving_port(cluster.folders.data, cluster.connect) is not None


def test_an_adopter_takes_over_when_the_owner_is_killed_with_the_server(home: Path, cluster: Cluster) -> None:
    process = starter(home)
    assert first_line(process) == "started"
    assert cluster.start().adopted
    server = postmaster_pid(cluster)
    os.kill(server, signal.SIGKILL)
    process.kill()
    process.communicate()
    wait_gone(server)
    assert cluster.keep()
    with psycopg.connect(cluster.url("twin")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
