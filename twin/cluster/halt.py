"""Stop a server on a person's order."""

import json
import os
import signal
import time
from contextlib import suppress

import psutil

from twin.cluster.errors import StartError, StopRefusedError
from twin.cluster.folders import Folders
from twin.cluster.pidfile import PostmasterFile, find_postmaster_file, is_gone

HALT_WAIT_S = 130.0


def halt(folders: Folders) -> bool:
    """Stop the server that serves this home; return whether one ran.

    Raises
    ------
    StopRefusedError
        If it belongs to a process that still runs: that one would lose it, or start it again.
    StartError
        If it does not end.
    """
    found = find_postmaster_file(folders.data)
    if found is None or is_gone(found.pid, folders.data):
        return False
    owner = find_owner(folders)
    if owner is not None:
        raise StopRefusedError(
            f"The database belongs to the running process {owner}: stop that process, the database goes with it.",
            f"数据库属于正在运行的进程 {owner}：请停止该进程，数据库会随之停止。",
        )
    os.kill(found.pid, signal.SIGINT)
    _wait_gone(found, folders)
    return True


def find_owner(folders: Folders) -> int | None:
    """Return the live process whose end ends the server; None for a detached server."""
    with suppress(OSError, ValueError, KeyError):
        told = json.loads(folders.owner_lock.read_text(encoding="utf-8"))
        if not told["detached"] and psutil.pid_exists(int(told["owner"])):
            return int(told["owner"])
    return None


def _wait_gone(found: PostmasterFile, folders: Folders) -> None:
    deadline = time.monotonic() + HALT_WAIT_S
    while find_postmaster_file(folders.data) is not None and psutil.pid_exists(found.pid):
        if time.monotonic() > deadline:
            raise StartError(
                f"PostgreSQL {found.pid} does not end: look into {folders.log}.",
                f"PostgreSQL 进程 {found.pid} 停不下来：请查看 {folders.log}。",
            )
        time.sleep(0.05)
