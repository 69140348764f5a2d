"""How much memory a large model takes: ``python -m tests.benchmarks.memory SOURCE.ifc --megabytes 100``.

The source is replicated to that size (:mod:`tests.big_ifc`) and taken in as a worker does. Every 50 ms the peak resident
set (``VmHWM`` of ``/proc``) of each process at work is read: template, guard, model process, batch children, and this
process, which does what the worker does. Pages shared by fork count for each process that has touched them, so the
figures are the highest a process reached, not a sum.
"""

import argparse
import contextlib
import re
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
import structlog

from tests.benchmarks.ingest import CODE, ingest
from tests.benchmarks.serving import database
from tests.big_ifc import replicate
from tests.databases import server_url
from tests.rows import add_project
from twin.db import open_session
from twin.jobs.workroom import Workroom, open_workroom
from twin.settings import HomeSettings, JobSettings

_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


def peak_mb(process: int) -> float:
    found = _PEAK.search(Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


class Watcher:
    """Reads the peaks of this process and of all below it until stopped."""

    def __init__(self, room: Workroom) -> None:
        self._room = room
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.peaks: dict[str, float] = {}

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        own = psutil.Process()
        while not self._stop.wait(0.05):
            template = self._room.template.number
            for process in (own, *own.children(recursive=True)):
                with contextlib.suppress(psutil.Error, OSError):
                    name = self._name(process, own.pid, template)
                    self.peaks[name] = max(self.peaks.get(name, 0.0), peak_mb(process.pid))

    def _name(self, process: psutil.Process, own: int, template: int | None) -> str:
        if process.pid in (own, template):
            return "worker" if process.pid == own else "template"
        above = [each.pid for each in process.parents()]
        depth = above.index(template) if template in above else 9
        return {0: "guard", 1: "model process", 2: "batch child"}.get(depth, "other")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--megabytes", type=float, default=100.0)
    parser.add_argument("--processes", type=int, default=1)
    asked = parser.parse_args()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with ExitStack() as stack:
        server = stack.enter_context(server_url())
        url = stack.enter_context(database(server, 0))
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        room = open_workroom(url, HomeSettings(home=home), JobSettings(convert_processes=asked.processes))
        stack.callback(room.engine.dispose)
        stack.callback(room.template.close)
        with open_session(room.engine) as session:
            add_project(session, CODE)
        file = home / "big.ifc"
        replicate(asked.source, file, max(1, round(asked.megabytes * 1e6 / asked.source.stat().st_size)))
        began = time.monotonic()
        with Watcher(room) as watcher:
            ended = ingest(room, file)
        seconds = time.monotonic() - began
        print(
            f"{file.stat().st_size / 1e6:.1f} MB, {(ended.verdict or {}).get('code')}, {seconds:.0f} s; peaks in MB:"
        )
        for name, peak in sorted(watcher.peaks.items(), key=lambda each: -each[1]):
            print(f"  {name}: {peak:.0f}")


if __name__ == "__main__":
    main()
