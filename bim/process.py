"""The walls of the model process: limits of the operating system, and an end when its parent goes."""

import ctypes
import os
import resource
import select
import signal
from pathlib import Path
from typing import NoReturn

from bim.limits import MIB, ProcessLimits

_PR_SET_PDEATHSIG = 1
_POLL_MS = 200
_CPU_GRACE_S = 5
# The library often ends with a fault, not an error, when no more memory is given to it.
_STARVED_SHARE = 0.85
STARVED_NOTE = "address space nearly used up before the end"


def split_off_guard(lifeline: int) -> None:
    """Fork; the child returns and does the work, the parent watches it and the lifeline.

    The guard kills the whole process group as soon as the lifeline (standard input) is closed, because a process
    inside the library does not come back to Python for minutes. A parent-death signal alone would not do: it fires
    when the *thread* that spawned the process ends. The guard passes on how the child ended.

    Parameters
    ----------
    lifeline : int
        File descriptor that the parent holds open at its other end.
    """
    guard = os.getpid()
    if os.getpgrp() != guard:
        # Started without a session of its own: the group that may be killed must hold nobody else.
        os.setsid()
    child = os.fork()
    if child == 0:
        die_with_parent(guard)
        return
    watch(child, lifeline)


def apply_limits(limits: ProcessLimits) -> None:
    """Set the limits of this process; its batch children inherit them.

    A limit above the hard limit already set is lowered to that. Out of time a process gets the signal that says so
    before the one that only ends it, which the kernel sends at the hard limit and which looks like a lack of memory.
    """
    for kind, value, grace in (
        (resource.RLIMIT_AS, limits.address_mb * MIB, 0),
        (resource.RLIMIT_CPU, limits.cpu_s, _CPU_GRACE_S),
        (resource.RLIMIT_FSIZE, limits.output_mb * MIB, 0),
        (resource.RLIMIT_NOFILE, limits.open_files, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        _, most = resource.getrlimit(kind)
        hard = value + grace if most == resource.RLIM_INFINITY else min(value + grace, most)
        resource.setrlimit(kind, (min(value, hard), hard))
    os.nice(limits.nice)


def is_starved(process: int) -> bool:
    """Say whether a running process has used nearly all the address space it may have."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[0])
        limit, _ = resource.prlimit(process, resource.RLIMIT_AS)
    except (OSError, ValueError, IndexError):
        return False
    return limit != resource.RLIM_INFINITY and pages * resource.getpagesize() > _STARVED_SHARE * limit


def die_with_parent(parent: int) -> None:
    """Have this process killed when the process it was forked from ends, also if that has just happened."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def watch(child: int, lifeline: int) -> NoReturn:
    """Watch a child as its guard, and end as it ends.

    The process group is killed as soon as the lifeline is closed at its other end.
    """
    poll = select.poll()
    poll.register(lifeline, select.POLLIN | select.POLLHUP)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    waker, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake)
    poll.register(waker, select.POLLIN)
    starved = False
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            _pass_on(status, starved=starved)
        starved = starved or is_starved(child)
        for descriptor, event in poll.poll(_POLL_MS):
            if descriptor == waker:
                os.read(waker, 64)
            elif event & select.POLLHUP or not os.read(lifeline, 4096):
                os.killpg(0, signal.SIGKILL)


def _pass_on(status: int, *, starved: bool) -> NoReturn:
    if not os.WIFSIGNALED(status):
        os._exit(os.waitstatus_to_exitcode(status))
    if starved:
        os.write(2, STARVED_NOTE.encode() + b"\n")
    end_by_signal(os.WTERMSIG(status))


def end_by_signal(number: int) -> NoReturn:
    """End as another process did that was ended by a signal, without a core file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)
