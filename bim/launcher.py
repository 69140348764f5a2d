"""Start model processes from a template process, and watch them; loads no IFC library."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import weakref
from pathlib import Path

import orjson

from bim.allocator import find_allocator

_LINE_BYTES = 1 << 16
_REPLY_BYTES = 1 << 12
_SETTLE_S = 5.0
_KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "VIRTUAL_ENV",
    "PROJ_DATA",
    "PROJ_LIB",
    "LD_LIBRARY_PATH",
)


class ModelProcess:
    """A running model process: leader of its own session and group, forked from the template.

    Its standard input is a pipe whose other end we hold; when that closes, its guard kills the group.
    """

    def __init__(self, number: int, watched: int, job: socket.socket, lifeline: int, output: int) -> None:
        self.number = number
        self._watched, self._job, self._lifeline, self._output = watched, job, lifeline, output

    async def open_output(self) -> asyncio.StreamReader:
        """Open the stream of progress lines; once."""
        reader = asyncio.StreamReader(_LINE_BYTES)
        pipe = os.fdopen(os.dup(self._output), "rb")
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        return reader

    async def wait(self) -> None:
        """Wait until the process has ended; it keeps its number until `settle`."""
        await _readable(self._watched)

    def kill_group(self) -> None:
        """Kill the process and its batch children; no harm is done once they are gone."""
        with contextlib.suppress(ProcessLookupError, PermissionError, OSError):
            # Fails once the number is free again, and might belong to a stranger.
            signal.pidfd_send_signal(self._watched, 0)
            os.killpg(self.number, signal.SIGKILL)

    async def settle(self) -> int | None:
        """Kill what is left of the group, let the template reap it, and give back everything held.

        Returns
        -------
        int or None
            Exit code, negative for a signal; None where the template is gone too.
        """
        self.kill_group()
        try:
            with contextlib.suppress(OSError, TimeoutError):
                self._job.send(b"reap")
                async with asyncio.timeout(_SETTLE_S):
                    await _readable(self._job.fileno())
                reply = self._job.recv(_REPLY_BYTES)
                return int(orjson.loads(reply)["status"]) if reply else None
            return None
        finally:
            self._job.close()
            for descriptor in (self._watched, self._lifeline, self._output):
                os.close(descriptor)


class Template:
    """The template process of one worker: started at first need, and again when it has ended.

    The model processes it forks are as alone as those started afresh: own session, limits, guard, lifeline. It is
    itself started without secrets and has no thread, so nothing of the worker reaches them.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._end: weakref.finalize[..., Template] | None = None

    @property
    def number(self) -> int | None:
        """The process number, None before the first start."""
        return self._process.pid if self._process is not None else None

    def warm(self) -> None:
        """Start the template unless it runs; it loads its libraries while we go on."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "bim.template", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                env=bare_environment(),
                cwd="/",
            )
        self._process, self._control = process, ours
        self._end = weakref.finalize(self, _end_template, process, ours)

    def close(self) -> None:
        """End the template and every model process it has forked."""
        if self._end is not None:
            self._end()
        self._process = self._control = self._end = None

    async def start(self, task: str, spool: Path) -> ModelProcess | None:
        """Start a task on the order in a spool folder; None where the template died over it."""
        self.warm()
        job, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        job.setblocking(False)
        theirs_in, lifeline = os.pipe2(os.O_CLOEXEC)
        output, theirs_out = os.pipe2(os.O_CLOEXEC)
        try:
            number, watched = await self._order(f"{task}\0{spool}", job, theirs, theirs_in, theirs_out)
        except BaseException as error:
            job.close()
            os.close(lifeline)
            os.close(output)
            if isinstance(error, OSError):
                return None
            raise
        return ModelProcess(number, watched, job, lifeline, output)

    async def _order(
        self, order: str, job: socket.socket, theirs: socket.socket, lifeline: int, output: int
    ) -> tuple[int, int]:
        """Send an order and wait for the number of its process and the descriptor to watch it by."""
        try:
            if self._control is None:
                raise BrokenPipeError
            handed = [theirs.fileno(), lifeline, output]
            socket.send_fds(self._control, [os.fsencode(order)], handed, socket.MSG_NOSIGNAL)
        finally:
            theirs.close()
            os.close(lifeline)
            os.close(output)
        await _readable(job.fileno())
        reply, descriptors, _, _ = socket.recv_fds(job, _REPLY_BYTES, 1)
        if not reply:
            raise BrokenPipeError
        return int(orjson.loads(reply)["process"]), descriptors[0]


def bare_environment() -> dict[str, str]:
    """Environment without secrets: a model process parses hostile files and needs none.

    One thread for every numeric library, as a process with threads may not fork. The allocator is preloaded, with no
    word of its own on standard error.
    """
    values = {name: os.environ[name] for name in _KEPT if name in os.environ}
    package_root = str(Path(__file__).resolve().parent.parent)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    allocator = find_allocator()
    preload = {"LD_PRELOAD": allocator, "MIMALLOC_SHOW_ERRORS": "0"} if allocator is not None else {}
    return {**values, **threads, **preload, "PYTHONPATH": package_root, "PYTHONHASHSEED": "0"}


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    found = loop.create_future()
    loop.add_reader(descriptor, _note, found)
    try:
        await found
    finally:
        loop.remove_reader(descriptor)


def _note(found: "asyncio.Future[None]") -> None:
    if not found.done():
        found.set_result(None)


def _end_template(process: "subprocess.Popen[bytes]", control: socket.socket) -> None:
    """Close the control socket, at which the template ends what it started; insist where it does not answer."""
    control.close()
    try:
        process.wait(1.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
