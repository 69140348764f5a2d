"""The parent of one PostgreSQL server: run by path, it imports nothing of ours.

It holds `owner.lock` for the server's whole life, clears what a crash left behind, starts the server and stops
it when the process that ordered it dies: that process holds the other end of our standard input. While other
processes still use the server (they share `users.lock`) it stays up until the last of them has gone.
"""

import ctypes
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TypedDict

import psutil

EXIT_OWNED_ELSEWHERE = 75
EXIT_STILL_RUNNING = 76
PR_SET_PDEATHSIG = 1
DYING_SERVER_WAIT_S = 60.0
STOP_WAIT_S = 120.0
LIBC = ctypes.CDLL(None)


class Order(TypedDict):
    """What to run, as JSON in the only argument."""

    command: list[str]
    environment: dict[str, str]
    data: str
    owner_lock: str
    users_lock: str
    uid: int
    gid: int
    detached: bool


class Drop(TypedDict, total=False):
    """The privilege drop as arguments of `subprocess`."""

    user: int
    group: int
    extra_groups: list[int]


def main() -> int:
    """Run the server until it ends or nobody needs it."""
    order: Order = json.loads(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    lock = open_lock(order["owner_lock"])
    if not try_lock(lock):
        return complain(EXIT_OWNED_ELSEWHERE, "another machine or container holds this data folder")
    lock.truncate(0)
    lock.write(json.dumps({"shim": os.getpid(), "owner": os.getppid(), "detached": order["detached"]}))
    lock.flush()
    users = open_lock(order["users_lock"])
    with acting_as(order["uid"], order["gid"]):
        if not clear_remains(Path(order["data"])):
            return complain(EXIT_STILL_RUNNING, "a server of this data folder still runs and does not answer")
    wakeup = listen_for_signals()
    server = start(order)
    drop_to(order["uid"], order["gid"])
    return serve(server, wakeup, users, detached=order["detached"])


def complain(code: int, text: str) -> int:
    """Write one line to the log and return the exit code."""
    sys.stderr.write(f"twin database shim: {text}\n")
    return code


def open_lock(path: str) -> IO[str]:
    """Open a lock file without changing what it says."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8")


def try_lock(file: IO[str]) -> bool:
    """Take the lock alone, or say that someone else has a share in it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def acting_as(uid: int, gid: int) -> Iterator[None]:
    """Look at processes as the server's account: root in a container may not read another's working folder."""
    if os.geteuid() == uid:
        yield
        return
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def drop_to(uid: int, gid: int) -> None:
    """Give up root for good: signalling the server needs no more than its own account."""
    if os.geteuid() != uid:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def clear_remains(data: Path) -> bool:
    """End orphans of a crashed server and remove its stale pid file; False if a server is alive after all."""
    pid_file = data / "postmaster.pid"
    pid = first_line_as_pid(pid_file)
    deadline = time.monotonic() + DYING_SERVER_WAIT_S
    while pid is not None and runs_here(pid, data):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    reap(data)
    pid_file.unlink(missing_ok=True)
    return True


def first_line_as_pid(path: Path) -> int | None:
    """Return the pid a postmaster.pid names; None without file or sense."""
    with suppress(OSError, ValueError, IndexError):
        return int(path.read_text(encoding="utf-8").splitlines()[0])
    return None


def runs_here(pid: int, data: Path) -> bool:
    """Tell whether the pid is a PostgreSQL process working in this data folder: pids are used again."""
    with suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        return process.name().startswith("postgres") and same_folder(process.cwd(), data)
    return False


def same_folder(folder: str, data: Path) -> bool:
    """Tell whether both paths are one folder, however they are spelt."""
    with suppress(OSError):
        return Path(folder).samefile(data)
    return False


def reap(data: Path) -> None:
    """End server processes whose postmaster is gone: they keep the shared memory and block every restart."""
    for number, wait_s in ((signal.SIGTERM, 2.0), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 10.0)):
        orphans = [p for p in psutil.process_iter() if runs_here(p.pid, data)]
        for orphan in orphans:
            with suppress(psutil.Error):
                orphan.send_signal(number)
        deadline = time.monotonic() + wait_s
        while any(runs_here(p.pid, data) for p in orphans) and time.monotonic() < deadline:
            time.sleep(0.02)


def listen_for_signals() -> int:
    """Turn SIGTERM and SIGCHLD into readable bytes."""
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda _number, _frame: None)
    return readable


def start(order: Order) -> subprocess.Popen[bytes]:
    """Start the server as its account, in its own process group."""
    drop: Drop = {}
    if os.geteuid() != order["uid"]:
        drop = {"user": order["uid"], "group": order["gid"], "extra_groups": []}
    return subprocess.Popen(
        order["command"],
        env=order["environment"],
        cwd="/",
        stdin=subprocess.DEVNULL,
        process_group=0,
        preexec_fn=stop_with_us if sys.platform == "linux" else None,  # noqa: PLW1509 -- we have one thread
        **drop,
    )


def stop_with_us() -> None:
    """Have the kernel stop the server (fast shutdown) should this shim be killed outright."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def serve(server: subprocess.Popen[bytes], wakeup: int, users: IO[str], *, detached: bool) -> int:
    """Wait for the end of the server, for SIGTERM, or for the last user to go."""
    watched = [wakeup] if detached else [wakeup, sys.stdin.fileno()]
    pause: float | None = None
    while server.poll() is None:
        ready = select.select(watched, [], [], pause)[0]
        if wakeup in ready and signal.SIGTERM in os.read(wakeup, 512):
            return stop(server)
        if sys.stdin.fileno() in ready and not os.read(0, 512):
            watched.remove(sys.stdin.fileno())
            pause = 0.05
        if pause is not None and try_lock(users):
            return stop(server)
    return max(server.returncode, 0)


def stop(server: subprocess.Popen[bytes]) -> int:
    """Stop the server: fast shutdown, then at once if it hangs (it recovers at the next start)."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_WAIT_S)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
