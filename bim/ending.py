"""The end of a process that leads a group of its own: nothing of it is left, and what it said last is read."""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import Process
from pathlib import Path

_TAIL_BYTES = 4_000


async def end_group(process: Process) -> None:
    """Kill a process with its whole group and wait until it is gone; harmless where it has ended.

    Also when the caller is cancelled meanwhile: the waiting is shielded.
    """
    if process.returncode is None:
        kill_group(process.pid)
    with contextlib.suppress(ProcessLookupError):
        await asyncio.shield(process.wait())
    kill_group(process.pid)


def kill_group(leader: int) -> None:
    """Kill a process group by the number of its leader."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def read_tail(log: Path) -> str:
    """Read the end of a log, empty where there is none."""
    try:
        with log.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - _TAIL_BYTES))
            return stream.read().decode("utf-8", "replace")
    except OSError:
        return ""
