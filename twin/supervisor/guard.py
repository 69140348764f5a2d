"""The parent of one child of the supervisor: run by path, it imports nothing of ours.

The order comes as the first line of standard input. The line `stop`, SIGTERM, or the end of the input (the
supervisor has died, however it died) ends the child: SIGTERM first, SIGKILL to its whole group when the time is up.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TypedDict

PR_SET_PDEATHSIG = 1
ORPHAN_WAIT_S = 2.0  # a new supervisor may already be waiting for the port
LIBC = ctypes.CDLL(None)


class Order(TypedDict):
    """What to run."""

    argv: list[str]
    environment: dict[str, str]
    stop_wait_s: float


def main() -> int:
    """Run the child until it ends or must end; return its exit code."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    order: Order = json.loads(read_line())
    wakeup = listen_for_signals()
    child = subprocess.Popen(
        order["argv"],
        env=order["environment"],
        stdin=subprocess.DEVNULL,
        process_group=0,
        preexec_fn=die_with_us if sys.platform == "linux" else None,  # noqa: PLW1509 -- we have one thread
    )
    try:
        watch(child, wakeup, order["stop_wait_s"])
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)  # what the child left behind
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def read_line() -> bytes:
    """Read the first line of the input without taking a byte more."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            sys.exit(0)
        line += byte
    return bytes(line)


def listen_for_signals() -> int:
    """Turn SIGTERM and SIGCHLD into readable bytes."""
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda _number, _frame: None)
    return readable


def die_with_us() -> None:
    """Undo our own signal settings, and have the kernel end the child should this guard be killed outright."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def watch(child: "subprocess.Popen[bytes]", wakeup: int, stop_wait_s: float) -> None:
    """Wait for the child's end, or end it."""
    while child.poll() is None:
        ready = select.select([0, wakeup], [], [])[0]
        if 0 in ready:
            return end(child, stop_wait_s if os.read(0, 64) else min(stop_wait_s, ORPHAN_WAIT_S))
        if wakeup in ready and signal.SIGTERM in os.read(wakeup, 512):
            return end(child, stop_wait_s)
    return None


def end(child: "subprocess.Popen[bytes]", wait_s: float) -> None:
    """Ask the child to end, and end it when the time is up."""
    child.terminate()
    try:
        child.wait(wait_s)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


if __name__ == "__main__":
    sys.exit(main())
