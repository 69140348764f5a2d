"""Children given as values, restarted when they die, ended together."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

from twin.supervisor.children import Child, Chore, Say, SupervisorError, pause_before_restart, tell

GUARD = Path(__file__).with_name("guard.py")
TICK_S = 0.1
STEADY_AFTER_S = 30.0  # who lived that long starts again at once
CHORE_END_WAIT_S = 5.0


@dataclass
class _Running:
    child: Child
    guard: "subprocess.Popen[bytes]"
    since: float
    ready: bool = False


@dataclass
class _Due:
    child: Child
    at: float


class Supervisor:
    """Keep children running until told to stop.

    Each child sits below a guard process holding the other end of a pipe from us: whichever way we end, the pipe
    closes and the guard ends the child. So a child never outlives us, from whatever thread it was started.

    Parameters
    ----------
    children : Sequence[Child]
        Started in this order.
    chores : Sequence[Chore]
        Done regularly while the children run.
    say : Callable[[str], None]
        Receives a line for every start and end.
    output : Path, optional
        File to which what the children print is added; by default it goes where ours goes.
    """

    def __init__(
        self,
        children: Sequence[Child],
        chores: Sequence[Chore] = (),
        say: Say = tell,
        output: Path | None = None,
    ) -> None:
        self._output = output
        self._children = children
        self._chores = chores
        self._say = say
        self._running: list[_Running] = []
        self._due: list[_Due] = []
        self._quick_deaths: dict[str, int] = {}
        self._stopping = threading.Event()
        self._hurry = False
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        """Start everything."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything."""
        self.stop()

    def run(self, on_ready: Callable[[], None] | None = None) -> None:
        """Start everything and keep it running until SIGINT, SIGTERM, SIGHUP or the death of our parent.

        Parameters
        ----------
        on_ready : Callable[[], None], optional
            Called once, when every child is ready.
        """
        parent = watched_parent()
        with self._listening():
            try:
                self.start()
                while not self._stopping.wait(TICK_S):
                    self.tick()
                    if on_ready is not None and self.is_ready():
                        on_ready()
                        on_ready = None
                    if parent is not None and os.getppid() != parent:
                        self._say(
                            "The starting process has gone: stopping. 启动本服务的进程已退出，正在停止。"
                        )
                        break
            finally:
                self.stop()

    def start(self) -> None:
        """Start all children and chores."""
        for child in self._children:
            self._start(child)
        for chore in self._chores:
            thread = threading.Thread(target=self._do, args=(chore,), name=chore.name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def tick(self) -> None:
        """Look after the children once: note deaths, start again what is due, ask who is ready."""
        for running in list(self._running):
            if running.guard.poll() is not None:
                self._note_death(running)
            elif not running.ready:
                running.ready = running.child.is_ready is None or running.child.is_ready()
        now = time.monotonic()
        for due in [due for due in self._due if due.at <= now]:
            self._due.remove(due)
            self._start(due.child)

    def is_ready(self) -> bool:
        """Tell whether every child runs and has been ready since its last start."""
        return len(self._running) == len(self._children) and all(running.ready for running in self._running)

    def wait_ready(self, timeout_s: float) -> None:
        """Look after the children until all are ready.

        Raises
        ------
        SupervisorError
            Naming those that are not ready in time.
        """
        deadline = time.monotonic() + timeout_s
        while not self.is_ready():
            if time.monotonic() > deadline:
                names = ", ".join(sorted(self._not_ready()))
                raise SupervisorError(
                    f"Not ready after {timeout_s:.0f} s: {names}. The lines above say why.",
                    f"{timeout_s:.0f} 秒后仍未就绪：{names}。原因见上方输出。",
                )
            time.sleep(TICK_S)
            self.tick()

    def stop(self) -> None:
        """End all children at once, cleanly where they let us, and wait for them."""
        self._stopping.set()
        for running in self._running:
            with suppress(BrokenPipeError, ValueError):
                _stdin(running.guard).write(b"stop\n")
                _stdin(running.guard).flush()
        for running in self._running:
            self._wait_end(running)
        self._running.clear()
        self._due.clear()
        for thread in self._threads:
            thread.join(CHORE_END_WAIT_S)
        self._threads.clear()

    def _start(self, child: Child) -> None:
        with self._open_output() as output:
            guard = subprocess.Popen(
                [sys.executable, "-I", "-S", str(GUARD), child.name],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        order = {
            "argv": list(child.argv),
            "environment": {**os.environ, **child.environment},
            "stop_wait_s": child.stop_wait_s,
        }
        self._running.append(_Running(child, guard, time.monotonic()))
        with suppress(BrokenPipeError):
            _stdin(guard).write(json.dumps(order).encode() + b"\n")
            _stdin(guard).flush()

    @contextmanager
    def _open_output(self) -> Iterator[IO[bytes] | None]:
        if self._output is None:
            yield None
            return
        self._output.parent.mkdir(parents=True, exist_ok=True)
        with self._output.open("ab") as output:
            yield output

    def _note_death(self, running: _Running) -> None:
        self._running.remove(running)
        _close_stdin(running.guard)
        lived_s = time.monotonic() - running.since
        name = running.child.name
        quick = 1 if lived_s > STEADY_AFTER_S else self._quick_deaths.get(name, 0) + 1
        self._quick_deaths[name] = quick
        pause_s = pause_before_restart(quick)
        self._say(
            f"{name}: ended with code {running.guard.returncode} after {lived_s:.1f} s; again in {pause_s:.1f} s. "
            f"{name} 已退出，{pause_s:.1f} 秒后重启。"
        )
        self._due.append(_Due(running.child, time.monotonic() + pause_s))

    def _not_ready(self) -> set[str]:
        return {child.name for child in self._children} - {r.child.name for r in self._running if r.ready}

    def _wait_end(self, running: _Running) -> None:
        deadline = time.monotonic() + running.child.stop_wait_s + 2.0
        while running.guard.poll() is None:
            if self._hurry or time.monotonic() > deadline:
                running.guard.kill()  # takes the child with it
                running.guard.wait()
            time.sleep(0.02)
        _close_stdin(running.guard)

    def _do(self, chore: Chore) -> None:
        told = ""
        while not self._stopping.wait(chore.every_s):
            try:
                chore.run()
                told = ""
            except Exception as error:  # noqa: BLE001 -- a chore must not end the service
                if str(error) != told:
                    told = str(error)
                    self._say(f"{chore.name}: {type(error).__name__}: {error}")

    @contextmanager
    def _listening(self) -> Iterator[None]:
        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            numbers.append(signal.SIGHUP)
        former = {number: signal.signal(number, self._on_signal) for number in numbers}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._hurry = self._stopping.is_set()
        self._stopping.set()


def watched_parent() -> int | None:
    """Return the parent whose death stops us; None for a daemon or under nohup, which are meant to stay."""
    parent = os.getppid()
    if parent == 1 or signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        return None
    return parent


def _stdin(process: "subprocess.Popen[bytes]") -> IO[bytes]:
    if process.stdin is None:
        raise ValueError("the guard has no pipe")
    return process.stdin


def _close_stdin(process: "subprocess.Popen[bytes]") -> None:
    with suppress(BrokenPipeError, ValueError):
        _stdin(process).close()
