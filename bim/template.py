"""The template process: ``python -m bim.template FD`` has the IFC library loaded and forks a process per model.

Loading the library costs more than converting a small model. The template never opens a model itself, has one
thread, and ends as soon as the other end of its control socket ``FD`` is closed: with the worker, in whatever way
that ends. Orders come over that socket, each with three descriptors (see :mod:`bim.launcher`).
"""

import contextlib
import gc
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

import orjson

from bim import convert, export
from bim.process import die_with_parent

# What a model process can do: each task reads its order from the spool folder named and leaves a verdict there.
TASKS: Final[dict[str, Callable[[list[str]], int]]] = {"convert": convert.main, "export": export.main}

_ORDER_BYTES = 1 << 16
_THREADS = Path("/proc/self/task")


class TemplateServer:
    """Forks model processes and tells how they ended.

    Parameters
    ----------
    control : socket
        Where orders come from.

    Notes
    -----
    A model process that has ended is reaped only when the worker says so: until then its number, which is that of
    its group, cannot pass to another process, and the worker may kill the group without harm to strangers.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._running: dict[socket.socket, int] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)

    def serve(self) -> None:
        """Serve orders until the control socket is closed; then end everything that still runs."""
        while True:
            for key, _ in self._selector.select():
                job = key.fileobj
                if not isinstance(job, socket.socket):
                    continue
                if job is not self._control:
                    self._settle(job)
                elif not self._accept():
                    for each in list(self._running):
                        self._settle(each)
                    return

    def _accept(self) -> bool:
        """Take one order; return False when there will be no more."""
        order, descriptors, _, _ = socket.recv_fds(self._control, _ORDER_BYTES, 3)
        if not order:
            return False
        talk, lifeline, output = descriptors
        job = socket.socket(fileno=talk)
        parent = os.getpid()
        process = os.fork()
        if process == 0:
            job.close()
            task, _, spool = os.fsdecode(order).partition("\0")
            self._become_model_process(parent, task, spool, lifeline, output)
        os.close(lifeline)
        os.close(output)
        self._running[job] = process
        self._selector.register(job, selectors.EVENT_READ)
        watched = os.pidfd_open(process)
        with contextlib.suppress(OSError):  # the worker may be gone; its socket then reads as closed
            socket.send_fds(job, [orjson.dumps({"process": process})], [watched])
        os.close(watched)
        return True

    def _settle(self, job: socket.socket) -> None:
        """End what is left of a model process and its group, reap it, and tell its status."""
        process = self._running.pop(job)
        self._selector.unregister(job)
        for end in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError):
                end(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        with contextlib.suppress(OSError):
            job.recv(_ORDER_BYTES, socket.MSG_DONTWAIT)  # closing with unread words would lose ours
        with contextlib.suppress(OSError):
            job.send(orjson.dumps({"status": os.waitstatus_to_exitcode(status)}))
        job.close()

    def _become_model_process(
        self, parent: int, task: str, spool: str, lifeline: int, output: int
    ) -> NoReturn:
        """Leave everything of the template behind and do one task, in a session of its own."""
        code = 1
        try:
            die_with_parent(parent)
            os.setsid()
            self._selector.close()
            for each in (self._control, *self._running):
                each.close()
            silent = os.open(os.devnull, os.O_WRONLY)
            for source, target in ((lifeline, 0), (output, 1), (silent, 2)):
                os.dup2(source, target)
                os.close(source)
            os.chdir(spool)
            code = TASKS[task]([spool])
        except BaseException:  # noqa: BLE001  nothing may return into the template's loop
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)


def main(arguments: list[str]) -> int:
    """Serve orders from the socket whose descriptor is named; 3 where a library has started a thread."""
    control = socket.socket(fileno=int(arguments[0]))
    if len(list(_THREADS.iterdir())) > 1:
        sys.stderr.write("the template has more than one thread and may not fork\n")
        return 3
    gc.collect()
    gc.freeze()  # what is loaded now is never collected, so children share its pages
    TemplateServer(control).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
