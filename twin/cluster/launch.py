"""Bring the server up under its shim, or recognise one that already serves."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from twin.cluster.account import Account, give
from twin.cluster.configuration import choose_port, write_configuration
from twin.cluster.errors import OwnedElsewhereError, StartError
from twin.cluster.folders import Folders, socket_folder
from twin.cluster.installation import Installation
from twin.cluster.pidfile import find_postmaster_file, is_gone
from twin.cluster.shim import EXIT_OWNED_ELSEWHERE, EXIT_STILL_RUNNING

SHIM = Path(__file__).with_name("shim.py")
READY_WAIT_S = 300.0  # crash recovery of a large database takes its time
SETTLE_WAIT_S = 60.0
OWNER_WAIT_S = 15.0
PORT_TRIES = 5
LOG_LIMIT_BYTES = 10_000_000
PORT_TAKEN = "could not create any TCP/IP sockets"

Connect = Callable[[int], "psycopg.Connection[tuple[str]]"]


@dataclass(frozen=True)
class Launch:
    """Everything needed to start one server."""

    folders: Folders
    data: Path
    installation: Installation
    account: Account
    environment: dict[str, str]
    durable: bool


def find_serving_port(data: Path, connect: Connect) -> int | None:
    """Return the port of a server that serves this data folder; wait while it starts or stops; None if none.

    Trust goes to a connection with our own password that names our data folder, not to pids.
    """
    deadline = time.monotonic() + SETTLE_WAIT_S
    while (found := find_postmaster_file(data)) is not None:
        if found.status != "stopping" and _serves(data, found.port, connect):
            return found.port
        if is_gone(found.pid, data) or time.monotonic() > deadline:
            return None
        time.sleep(0.05)
    return None


def _serves(data: Path, port: int, connect: Connect) -> bool:
    try:
        with connect(port) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
    except psycopg.OperationalError as error:
        return "too many clients" in str(error)
    return row is not None and Path(row[0]) == data


def start_server(launch: Launch, connect: Connect, *, detached: bool) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server on the stored port or, if that is taken, on another; return its shim and the port.

    Raises
    ------
    StartError
        With the last lines of the server's log.
    OwnedElsewhereError
        If another machine or container runs a server on this folder.
    """
    deadline = time.monotonic() + OWNER_WAIT_S
    port, tries = choose_port(launch.folders), 1
    _rotate_log(launch.folders.log)
    while True:
        log_start = _size(launch.folders.log)
        shim = _spawn(launch, port, detached=detached)
        if _wait_ready(shim, launch.data, port, connect):
            return shim, port
        if shim.returncode == EXIT_OWNED_ELSEWHERE and time.monotonic() < deadline:
            time.sleep(0.2)  # the former shim may be at its last step
            continue
        said = _read_from(launch.folders.log, log_start)
        if PORT_TAKEN not in said or tries == PORT_TRIES:
            raise _start_error(launch, shim.returncode, said)
        port, tries = choose_port(launch.folders, anew=True), tries + 1


def _spawn(launch: Launch, port: int, *, detached: bool) -> subprocess.Popen[bytes]:
    sockets = socket_folder(launch.folders)
    sockets.mkdir(mode=0o700, exist_ok=True)
    give(sockets, launch.account)
    write_configuration(launch.data, launch.account, sockets, port, durable=launch.durable)
    order = {
        "command": [launch.installation.program("postgres"), "-D", str(launch.data)],
        "environment": launch.environment,
        "data": str(launch.data),
        "owner_lock": str(launch.folders.owner_lock),
        "users_lock": str(launch.folders.users_lock),
        "uid": launch.account.uid,
        "gid": launch.account.gid,
        "detached": detached,
    }
    descriptor = os.open(launch.folders.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-I", str(SHIM), json.dumps(order)],
            stdin=subprocess.DEVNULL if detached else subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )


def _wait_ready(shim: subprocess.Popen[bytes], data: Path, port: int, connect: Connect) -> bool:
    deadline = time.monotonic() + READY_WAIT_S
    while shim.poll() is None:
        if _serves(data, port, connect):
            return True
        if time.monotonic() > deadline:
            shim.terminate()
            shim.wait()
            return False
        time.sleep(0.02)
    return False


def _start_error(launch: Launch, code: int, said: str) -> StartError | OwnedElsewhereError:
    if code == EXIT_OWNED_ELSEWHERE:
        return OwnedElsewhereError(
            f"Another machine or container runs the database in {launch.folders.database}: stop it there, "
            "or set TWIN_HOME to another folder.",
            f"另一台机器或容器正在使用 {launch.folders.database} 中的数据库：请先在那边停止，或把 TWIN_HOME 设到别处。",
        )
    tail = "\n".join(said.splitlines()[-8:])
    hint = (
        "it still runs but does not answer" if code == EXIT_STILL_RUNNING else "the last lines of its log are"
    )
    return StartError(
        f"PostgreSQL did not start in {launch.data}; {hint}:\n{tail}\nThe whole log: {launch.folders.log}.",
        f"{launch.data} 中的 PostgreSQL 未能启动，完整日志见 {launch.folders.log}。",
    )


def _rotate_log(log: Path) -> None:
    if _size(log) > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _read_from(path: Path, start: int) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(start)
        return file.read().decode("utf-8", "replace")
