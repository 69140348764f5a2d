"""Geometry in forked batch children: a deadline for each, splitting around the guilty (二分定位), a second kernel.

A child is forked after the model is open, so it costs no second copy. It writes every record at once to its pipe;
what came before it died is kept and only the rest is tried again, in parts. One that has drawn little goes on with
another batch; one that has drawn much ends, and its memory with it.
"""

import contextlib
import fcntl
import os
import selectors
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from bim.batch_child import DONE, FAILED, MEMORY, REFUSED, Batch, Groups, draw
from bim.geometry import FALLBACK, HYBRID, ShapeRecord
from bim.limits import ProcessLimits
from bim.model import File, LibraryLog
from bim.process import die_with_parent, is_starved
from bim.results import GeometryError
from bim.scene.spool import MeshPlace

# The guilty part runs into its deadline once a round, so a split into eight finds it in a third of the rounds.
_PARTS = 8
# So many elements a child draws in all before it ends.
_STAY = 2_000
# Room for what a child tells while this process reads properties.
_PIPE_BYTES = 1 << 20
# A model in which so many lists have failed is at fault as a whole; splitting on would only use up the wall limit.
_FAILURES = 60


@dataclass
class BatchResults:
    """Records, errors and where the meshes lie, by instance number."""

    records: dict[int, ShapeRecord] = field(default_factory=dict)
    meshes: dict[int, MeshPlace] = field(default_factory=dict)
    errors: dict[int, GeometryError] = field(default_factory=dict)


@dataclass
class _Child:
    """A process that draws: its batch (none between two), where it tells and takes orders, what has arrived."""

    batch: Batch | None
    pid: int
    pipe: int
    orders: int
    started: float
    heard: float
    files: int
    drawn: int = 0
    buffer: bytearray = field(default_factory=bytearray)
    ending: str | None = None
    starved: bool = False
    seen: set[int] = field(default_factory=set)


class BatchRunner:
    """Draws groups of elements in child processes.

    Parameters
    ----------
    file : File
        Open model, shared with the children by fork.
    limits : ProcessLimits
        Deadlines and caps.
    processes : int
        Children at a time.
    on_done : callable
        Called with the number of elements finished since the last call.
    log : LibraryLog
        Takes the log of the children.
    spool : Path
        Folder of the conversion, for the meshes.
    """

    def __init__(
        self,
        file: File,
        limits: ProcessLimits,
        processes: int,
        on_done: Callable[[int], None],
        log: LibraryLog,
        spool: Path,
    ) -> None:
        self._file, self._limits, self._processes = file, limits, processes
        self._on_done, self._log, self._spool = on_done, log, spool
        self._results = BatchResults()
        self._waiting: deque[Batch] = deque()
        self._second: Groups = []
        self._failures = 0
        self._selector = selectors.DefaultSelector()
        self._running: dict[int, _Child] = {}

    def __enter__(self) -> "BatchRunner":
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._running.values():
            _kill(child)
        for child in list(self._running.values()):
            self._reap(child)

    def begin(self, batches: list[Batch]) -> None:
        """Take the batches, and let the children work whose cores this process leaves idle meanwhile."""
        self._waiting.extend(batches)
        self._log.collect()  # else each child tells again what the library has logged so far
        while self._waiting and len(self._running) < self._processes - 1:
            self._start(self._waiting.popleft())

    def finish(self) -> BatchResults:
        """Draw all batches; every element ends in a record or an error, or was not drawn by the kernel at all."""
        while self._hand_out():
            for key, _ in self._selector.select(timeout=0.2):
                self._read(self._running[key.fd])
            self._check_deadlines()
        return self._results

    def _hand_out(self) -> bool:
        """Give each process without a batch one; return whether any is at work."""
        while True:
            free = next((child for child in self._running.values() if child.batch is None), None)
            if free is None and len(self._running) >= self._processes:
                return True
            batch = self._next()
            if batch is None:
                return not all(child.batch is None for child in self._running.values())
            if free is None:
                self._start(batch)
            elif not self._order(free, batch):
                self._stop(free)
                self._waiting.appendleft(batch)

    def _next(self) -> Batch | None:
        """Take the next batch; the second kernel has its turn once all that may be alike is there."""
        at_work = (child.batch for child in self._running.values() if child.batch is not None)
        if self._second and not any(
            each.cut and each.kernel == HYBRID for each in chain(self._waiting, at_work)
        ):
            return self._plan_second()
        return self._waiting.popleft() if self._waiting else None

    def _plan_second(self) -> Batch:
        """Gather what the first kernel left for the second, which draws one of those that are alike."""
        groups = tuple(self._second)
        self._second.clear()
        return Batch(groups, FALLBACK, alike=True)

    def _start(self, batch: Batch) -> None:
        reader, writer = os.pipe()
        taken, orders = os.pipe()
        with contextlib.suppress(OSError):  # the machine may allow less; then a child waits for us sooner
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        files = min(set(range(self._processes)) - {child.files for child in self._running.values()})
        sys.stdout.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            die_with_parent(parent)
            os.close(reader)
            os.close(orders)
            draw(self._file, batch, self._limits.footprint_triangles, writer, taken, self._spool, files)
        os.close(writer)
        os.close(taken)
        now = time.monotonic()
        self._running[reader] = _Child(batch, pid, reader, orders, now, now, files)
        self._selector.register(reader, selectors.EVENT_READ)

    def _order(self, child: _Child, batch: Batch) -> bool:
        """Give a child that has done its batch another; False where it has died meanwhile."""
        view = memoryview(batch.order())
        try:
            while view:
                view = view[os.write(child.orders, view) :]
        except BrokenPipeError:
            return False
        child.batch, child.ending, child.seen = batch, None, set()
        child.started = child.heard = time.monotonic()
        return True

    def _read(self, child: _Child) -> None:
        chunk = os.read(child.pipe, 1 << 20)
        if not chunk:
            self._finish(child, timed_out=False)
            return
        child.heard = time.monotonic()
        child.buffer += chunk
        before = len(child.seen)
        *lines, rest = bytes(child.buffer).split(b"\n")
        child.buffer = bytearray(rest)
        for line in lines:
            self._take(child, orjson.loads(line))
        self._on_done(len(child.seen) - before)
        if child.batch is not None and child.ending == DONE:
            self._try_again(_unseen(child), child.batch.kernel)
            child.drawn += child.batch.size
            child.batch = None
            if child.drawn >= _STAY:
                self._stop(child)

    def _take(self, child: _Child, message: dict[str, Any]) -> None:
        if "end" in message:
            child.ending = str(message["end"])
            self._log.add(str(message["log"]))
        elif "fault" in message:
            number = int(message["fault"])
            child.seen.add(number)
            seconds = time.monotonic() - child.started
            self._results.errors[number] = GeometryError(
                kind="failed", signal=None, seconds=seconds, reason=str(message["reason"])
            )
        else:
            record = _record_of(message["record"])
            child.seen.add(record.step_id)
            self._results.errors.pop(record.step_id, None)
            self._keep(record, message["mesh"])

    def _keep(self, record: ShapeRecord, mesh: list[int] | None) -> None:
        """Keep the first record of an element with its own mesh; a later one changes neither."""
        if record.step_id in self._results.records:
            return
        self._results.records[record.step_id] = record
        if mesh is not None:
            self._results.meshes[record.step_id] = MeshPlace(*mesh)

    def _check_deadlines(self) -> None:
        now = time.monotonic()
        for child in list(self._running.values()):
            if child.batch is None:
                continue
            child.starved = child.starved or is_starved(child.pid)
            first = self._limits.element_s * child.batch.size if not child.seen else 0.0
            if now - child.heard > self._limits.batch_s + first:
                self._finish(child, timed_out=True)

    def _stop(self, child: _Child) -> int:
        _kill(child)
        return self._reap(child)

    def _reap(self, child: _Child) -> int:
        self._selector.unregister(child.pipe)
        os.close(child.pipe)
        os.close(child.orders)
        del self._running[child.pipe]
        return os.waitpid(child.pid, 0)[1]

    def _finish(self, child: _Child, *, timed_out: bool) -> None:
        seconds = time.monotonic() - child.started
        status = self._stop(child) if timed_out else self._reap(child)
        if child.batch is None:  # it died between two
            return
        kernel, rest = child.batch.kernel, _unseen(child)
        if not rest or (child.ending == REFUSED and child.batch.size == 1):
            self._try_again(rest, kernel)
        elif child.ending == REFUSED:
            self._split(rest, kernel)
        else:
            number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
            kind = _kind(child, number, timed_out=timed_out)
            error = GeometryError(
                kind=kind, signal=number, seconds=seconds, reason=f"kernel {kernel}: {kind}"
            )
            self._blame(rest, kernel, error)

    def _try_again(self, rest: Groups, kernel: str) -> None:
        """Keep what the first kernel did not draw for the second one; what neither draws stays without a record."""
        if kernel == HYBRID:
            self._second += rest
        else:
            self._on_done(sum(len(group) for group in rest))

    def _blame(self, rest: Groups, kernel: str, error: GeometryError) -> None:
        """Split around the guilty; a single one keeps the error and goes to the other kernel once."""
        self._failures += 1
        count = sum(len(group) for group in rest)
        if count > 1 and self._failures < _FAILURES:
            self._split(rest, kernel)
            return
        for group in rest:
            self._results.errors.update((each.id(), error) for each in group)
        if kernel == HYBRID and self._failures < _FAILURES:
            self._waiting.appendleft(Batch(tuple(rest), FALLBACK))
        else:
            self._on_done(count)

    def _split(self, rest: Groups, kernel: str) -> None:
        """Queue the elements that have no record yet in parts, shared representations kept together."""
        groups = rest if len(rest) > 1 else [(each,) for group in rest for each in group]
        size = -(-len(groups) // _PARTS)
        for start in range(0, len(groups), size):
            self._waiting.appendleft(Batch(tuple(groups[start : start + size]), kernel))


def _kill(child: _Child) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGKILL)


def _unseen(child: _Child) -> Groups:
    """Elements of a batch that have no record yet, by group."""
    groups = child.batch.groups if child.batch is not None else ()
    left = (tuple(each for each in group if each.id() not in child.seen) for group in groups)
    return [group for group in left if group]


def _kind(child: _Child, number: int | None, *, timed_out: bool) -> str:
    if timed_out or number == signal.SIGXCPU:
        return "time_out"
    if child.ending == MEMORY or child.starved:
        return "out_of_memory"
    return "failed" if child.ending == FAILED else "crashed"


def _record_of(values: dict[str, Any]) -> ShapeRecord:
    footprint = values["footprint"]
    values["footprint"] = bytes.fromhex(footprint) if footprint else None
    values["box"], values["placement"] = tuple(values["box"]), tuple(values["placement"])
    return ShapeRecord(**values)
