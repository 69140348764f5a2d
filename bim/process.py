"""The walls of the model process: limits of the operating system, and an end when its parent goes."""

import ctypes
import os
import resource
import select
import signal
from typing import NoReturn

from bim.limits import MIB, ProcessLimits

_PR_SET_PDEATHSIG = 1
_POLL_MS = 500


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
    child = os.fork()
    if child == 0:
        _die_with_parent(guard)
        return
    _watch(child, lifeline)


def apply_limits(limits: ProcessLimits) -> None:
    """Set the limits of this process; its batch children inherit them.

    A limit above the hard limit already set is lowered to that.
    """
    for kind, value in (
        (resource.RLIMIT_AS, limits.address_mb * MIB),
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_FSIZE, limits.output_mb * MIB),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        cap = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (cap, cap))
    os.nice(limits.nice)


def _die_with_parent(guard: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != guard:
        os._exit(1)


def _watch(child: int, lifeline: int) -> NoReturn:
    poll = select.poll()
    poll.register(lifeline, select.POLLIN | select.POLLHUP)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    waker, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake)
    poll.register(waker, select.POLLIN)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            _pass_on(status)
        for descriptor, event in poll.poll(_POLL_MS):
            if descriptor == waker:
                os.read(waker, 64)
            elif event & select.POLLHUP or not os.read(lifeline, 4096):
                os.killpg(0, signal.SIGKILL)


def _pass_on(status: int) -> NoReturn:
    if not os.WIFSIGNALED(status):
        os._exit(os.waitstatus_to_exitcode(status))
    number = os.WTERMSIG(status)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)
