"""Kill workers and converters over a queue of models: ``python -m tests.flows.kill_trial --kills 200``.

Twenty models wait in the queue; two workers take them. At random moments a worker, its template or a converter is
killed with signal 9, or a worker is stopped for longer than its silence is borne and woken when another has taken its
jobs over. Who was killed is started again, as the supervisor would. When the queue is done before the kills are, twenty
more models are added. In the end every model has one published revision with all its elements, and nothing else is left.
"""

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from sqlalchemy import text

from tests.benchmarks.serving import database
from tests.databases import server_url
from tests.rows import add_project
from tests.twin.jobs.test_worker import small_model
from twin.db import open_session
from twin.elements.revisions import NewModel
from twin.identity.caller import SYSTEM
from twin.jobs import run_sweeper
from twin.jobs.submit_model import submit_model
from twin.jobs.workroom import Workroom, open_workroom
from twin.projects.queries import get_project
from twin.settings import HomeSettings, JobSettings

CODE = "341299-2025-03-0128-4"
MODELS, WALLS, WORKERS = 20, 60, 2
# Nobody is poisonous here: a job is tried again however often it was shot at.
SETTINGS = JobSettings(
    heartbeat_s=0.4,
    stale_after_s=2.5,
    concurrency=2,
    crash_cap=10_000,
    check_after_publish="",
    pack_scenes=False,
)
_WORKER = f"""
import sys
from pathlib import Path
from twin.jobs.worker import run_worker
from twin.settings import HomeSettings, JobSettings
settings = JobSettings(**{SETTINGS.model_dump()!r})
sys.exit(run_worker(sys.argv[1], HomeSettings(home=Path(sys.argv[2])), settings))
"""
_COUNTS = """SELECT
  (SELECT count(*) FROM bim_revision WHERE state = 'published') AS published,
  (SELECT count(*) FROM bim_revision) AS revisions,
  (SELECT count(*) FROM bim_model WHERE current_revision_id IS NOT NULL) AS current,
  (SELECT count(*) FROM bim_element) AS elements,
  (SELECT count(*) FROM element_identity) AS identities,
  (SELECT count(*) FROM model_preview) AS previews,
  (SELECT count(*) FROM job_run WHERE state = 'succeeded') AS succeeded,
  (SELECT count(*) FROM job_run) AS jobs,
  (SELECT max(attempt) FROM job_run) AS attempts"""

_OTHERS = "SELECT state, verdict ->> 'message_en' FROM job_run WHERE state <> 'succeeded'"


@dataclass
class Outcome:
    """What was done and what came of it."""

    kills: Counter[str] = field(default_factory=Counter)
    models: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class Trial:
    """Workers under fire."""

    def __init__(self, room: Workroom, seed: int) -> None:
        self._room, self._rng = room, random.Random(seed)
        self._workers: list[subprocess.Popen[bytes]] = []
        self._paused: list[tuple[subprocess.Popen[bytes], float]] = []
        self.outcome = Outcome()

    def run(self, kills: int) -> None:
        """Shoot until so many have fallen and the queue is done."""
        try:
            while self._open_jobs() or sum(self.outcome.kills.values()) < kills:
                if not self._open_jobs():
                    self._add_models()
                self._man()
                time.sleep(self._rng.uniform(0.02, 0.8))
                run_sweeper(self._room.engine, SETTINGS)
                if sum(self.outcome.kills.values()) < kills:
                    self._shoot()
                self._wake()
            self._man()
            time.sleep(3.0)  # whoever woke last has had its chance; the new workers have cleaned the spool
        finally:
            for worker, _ in self._paused:
                worker.send_signal(signal.SIGCONT)
            for worker in [*self._workers, *(worker for worker, _ in self._paused)]:
                worker.kill()
                worker.wait()
                if worker.stdin is not None:
                    worker.stdin.close()

    def _add_models(self) -> None:
        for _ in range(MODELS):
            self.outcome.models += 1
            number = self.outcome.models
            with self._room.store.receive() as incoming:
                incoming.write(small_model(number, WALLS))
                stored = incoming.keep()
            with open_session(self._room.engine, "trial") as session:
                new = NewModel(f"模型{number}", "m.ifc")
                submit_model(session, SYSTEM, get_project(session, SYSTEM, CODE), new, stored)

    def _open_jobs(self) -> int:
        with open_session(self._room.engine) as session:
            statement = text("SELECT count(*) FROM job_run WHERE state IN ('queued', 'running')")
            return int(session.scalar(statement) or 0)

    def _man(self) -> None:
        """Start workers for those that fell."""
        self._workers = [worker for worker in self._workers if worker.poll() is None]
        while len(self._workers) < WORKERS:
            with (self._room.home.home / "worker.log").open("ab") as log:
                command = [sys.executable, "-c", _WORKER, self._room.url, str(self._room.home.home)]
                self._workers.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log))

    def _shoot(self) -> None:
        worker = self._rng.choice(self._workers)
        victim = self._rng.choice(
            ["worker", "worker", "converter", "converter", "converter", "converter", "template", "pause"]
        )
        if victim == "pause":
            worker.send_signal(signal.SIGSTOP)
            self._workers.remove(worker)
            self._paused.append(
                (worker, time.monotonic() + SETTINGS.stale_after_s + self._rng.uniform(0.5, 4.0))
            )
            self.outcome.kills["paused"] += 1
            return
        if victim == "worker":
            worker.kill()
            worker.wait()
            self.outcome.kills["worker"] += 1
            return
        number = self._find(victim)
        if number is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
                self.outcome.kills[victim] += 1

    def _find(self, victim: str) -> int | None:
        """Find a template, or a converter (guard, model process or batch child), waiting a little for one to start."""
        deadline = time.monotonic() + 2.0
        while time.monotonic() < deadline:
            found: list[int] = []
            for worker in self._workers:
                with contextlib.suppress(psutil.Error):
                    for template in psutil.Process(worker.pid).children():
                        forked = template.children(recursive=True)
                        found += [template.pid] if victim == "template" else [each.pid for each in forked]
            if found:
                return self._rng.choice(found)
            time.sleep(0.01)
        return None

    def _wake(self) -> None:
        """Wake those that were stopped long enough; they work on beside the others."""
        now = time.monotonic()
        for each in list(self._paused):
            worker, until = each
            if now < until:
                continue
            self._paused.remove(each)
            worker.send_signal(signal.SIGCONT)
            self._workers.append(worker)
            while len(self._workers) > 2 * WORKERS:
                spare = self._workers.pop(0)
                spare.terminate()
                spare.wait()

    def judge(self) -> Outcome:
        """Count what is there."""
        with open_session(self._room.engine) as session:
            counts = dict(session.execute(text(_COUNTS)).mappings().one())
        outcome = self.outcome
        outcome.counts = {name: int(value or 0) for name, value in counts.items()}
        wanted = {
            "published": outcome.models,
            "revisions": outcome.models,
            "current": outcome.models,
            "elements": outcome.models * (WALLS),
            "identities": outcome.models * (WALLS),
            "previews": 0,
            "succeeded": outcome.models,
            "jobs": outcome.models,
        }
        outcome.faults += [
            f"{name}: {outcome.counts[name]} instead of {number}"
            for name, number in wanted.items()
            if outcome.counts[name] != number
        ]
        with open_session(self._room.engine) as session:
            others = session.execute(text(_OTHERS)).all()
        outcome.faults += [f"a job has {state}: {verdict}" for state, verdict in others]
        spool = self._room.home.home / "spool"
        outcome.faults += [f"{path.name} is left" for path in (spool.iterdir() if spool.is_dir() else ())]
        return outcome


def run_trial(kills: int, seed: int, url: str, home: Path) -> Outcome:
    """Run a trial on a migrated database."""
    room = open_workroom(url, HomeSettings(home=home), SETTINGS)
    try:
        with open_session(room.engine) as session:
            add_project(session, CODE)
        trial = Trial(room, seed)
        trial.run(kills)
        return trial.judge()
    finally:
        room.engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20251031)
    asked = parser.parse_args()
    with ExitStack() as stack:
        server = stack.enter_context(server_url())
        url = stack.enter_context(database(server, 0))
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        outcome = run_trial(asked.kills, asked.seed, url, home)
    print(outcome)
    sys.exit(1 if outcome.faults else 0)


if __name__ == "__main__":
    main()
