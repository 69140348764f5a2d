"""Spoiled IFC files through the upload door: ``python -m tests.flows.mutations --count 20000 --seed 1``.

Starts the service on a database of its own (on ``TEST_DATABASE_URL``, else an embedded one), sends files spoilt by
:mod:`tests.flows.mutators` as multipart uploads, several in flight, and holds: every one gets a typed verdict, by the
door or by its job; API and worker stay the processes they were; no process, spool folder, intake file, element,
preview, open job or object without a revision is left. ``--keep FOLDER`` keeps the files whose verdict is worth a look.
"""

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
from psycopg.sql import SQL

from tests.bim.ifc_text import Sheet, escaped
from tests.databases import new_database, server_url
from tests.flows.mutators import mutate
from tests.flows.trial import TEMPLATE, Service
from tests.rows import add_project
from twin.db import make_engine, migrate, open_session
from twin.samples.load import FOLDER

SHARED = Path(__file__).parents[2].parent / "shared" / "ifc"
PROJECTS = [f"341299-2025-03-{number:04d}-4" for number in range(1, 21)]
TYPED = {
    "not_ifc", "truncated", "schema_unsupported", "zip_refused", "parse_error", "cycle", "too_big", "time_out",
    "out_of_memory", "crashed", "ok", "partial", "no_position", "held",
}  # fmt: skip
WORTH_A_LOOK = {"time_out", "out_of_memory", "crashed", "failed"}
JOB_ENDS_WITHIN_S = 600.0
SETTLE_EVERY = 200
LIMITS = {
    "TWIN_JOB_CONCURRENCY": "4",
    "TWIN_JOB_CHECK_AFTER_PUBLISH": "",
    "TWIN_JOB_PACK_SCENES": "false",
    "TWIN_JOB_CONVERT_PROCESSES": "1",
    "TWIN_JOB_CONVERT_WALL_S": "90",
    "TWIN_JOB_CONVERT_CPU_S": "60",
    "TWIN_JOB_CONVERT_MEMORY_MB": "2048",
}

_ENDED = """
SELECT job_id::text, state, verdict ->> 'code', verdict ->> 'message',
  verdict -> 'detail' ->> 'error' FROM job_run
WHERE job_id = ANY(%s::uuid[]) AND state NOT IN ('queued', 'running')"""
_WRONG_ROWS = """
SELECT r.id, r.state, j.state, j.counts, n.rows FROM bim_revision r
JOIN job_run j ON j.job_id = r.job_id AND j.state NOT IN ('queued', 'running')
CROSS JOIN LATERAL (SELECT count(*) AS rows FROM bim_element e WHERE e.revision_id = r.id) n
WHERE CASE WHEN j.state = 'succeeded'
  THEN r.state NOT IN ('published', 'held')
    OR n.rows <> (SELECT coalesce(sum(v::int), 0) FROM jsonb_each_text(j.counts) AS c(k, v))
  ELSE r.state <> 'failed' OR n.rows > 0 END"""
_FORGET = """
WITH gone AS (SELECT r.model_id FROM bim_revision r JOIN job_run j ON j.job_id = r.job_id
  WHERE j.state NOT IN ('queued', 'running')
    AND NOT EXISTS (SELECT FROM job_run o WHERE o.state IN ('queued', 'running') AND o.kind <> 'ingest_model')),
unset AS (UPDATE bim_model SET current_revision_id = NULL WHERE id IN (SELECT model_id FROM gone) RETURNING id)
SELECT array_agg(id) FROM unset"""
_REFERENCES = """
SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f' AND c.confrelid = 'stored_object'::regclass"""
_LEFT = {
    "open jobs": "SELECT count(*) FROM job_run WHERE state IN ('queued', 'running')",
    "numbers in the queue": "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')",
    "elements": "SELECT count(*) FROM bim_element",
    "identities": "SELECT count(*) FROM element_identity",
    "previews": "SELECT (SELECT count(*) FROM model_preview) + (SELECT count(*) FROM model_preview_element)",
    "pending revisions": "SELECT count(*) FROM bim_revision WHERE state = 'pending'",
}


Ending = tuple[str, str | None, str]  # state of the job or answer of the door, code of the verdict, message


@dataclass(frozen=True)
class Spoilt:
    """A file to send: what to call it here, its name at the door, its bytes."""

    label: str
    name: str
    data: bytes


@dataclass
class Outcome:
    """Counts by way of ending and code, what was thrown inside, and every promise that was broken."""

    verdicts: Counter[str] = field(default_factory=Counter)
    endings: dict[str, Ending] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


def corpus() -> list[tuple[str, bytes, int]]:
    """List the files to spoil with their weights; small ones mostly, so that many can be tried."""
    made = {
        "walls": Sheet(walls=3).text(),
        "walls-mm": Sheet(walls=5, millimetres=True, names=["外墙", "内墙"]).text(),
        "walls-2x3": Sheet(schema="IFC2X3", walls=2).text(),
        "walls-4x3": Sheet(schema="IFC4X3_ADD2", walls=2, site_location=(39387850.0, 3653350.0, 20.0)).text(),
    }
    found = [(name, escaped(words).encode("ascii"), 12) for name, words in made.items()]
    folders = [FOLDER / "models", *([SHARED] if SHARED.is_dir() else [])]
    for path in sorted(each for folder in folders for each in folder.glob("*.ifc*")):
        size = path.stat().st_size
        weight = 10 if size < 20_000 else 4 if size < 300_000 else 1 if size < 1_000_000 else 0
        if weight:
            found.append((path.name, path.read_bytes(), weight))
    return found


class Sender:
    """Sends spoiled files and watches their jobs."""

    def __init__(self, base: str, token: str, url: str, store: Path, keep: Path | None) -> None:
        self._base, self._token, self._url, self._store, self._keep = base, token, url, store, keep
        self._waiting: dict[str, asyncio.Future[Ending]] = {}
        self._settled = self._sent = 0
        self.outcome = Outcome()

    async def send(self, files: Iterator[Spoilt], in_flight: int) -> None:
        """Send files and wait for the verdict of each."""
        headers = {"Authorization": f"Bearer {self._token}"}
        limits = httpx.Limits(max_connections=in_flight)
        database = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
        async with (
            database,
            httpx.AsyncClient(base_url=self._base, headers=headers, timeout=120, limits=limits) as door,
        ):
            async with asyncio.TaskGroup() as group:
                watcher = group.create_task(self._watch(database))
                senders = [group.create_task(self._send_all(door, files)) for _ in range(in_flight)]
                await asyncio.wait(senders)
                watcher.cancel()
            await self._drain(database)
            await self._settle(database)

    async def _send_all(self, door: httpx.AsyncClient, files: Iterator[Spoilt]) -> None:
        for file in files:
            self._sent += 1
            try:
                ending, code, message = await self._one(door, self._sent, file)
            except (httpx.HTTPError, TimeoutError) as error:
                self.outcome.faults.append(f"{file.label}: no answer ({type(error).__name__} {error})")
                continue
            self.outcome.endings[file.label] = (ending, code, message)
            self._note(file, ending, code)

    async def _one(self, door: httpx.AsyncClient, number: int, file: Spoilt) -> Ending:
        answer = await door.post(
            f"/api/v1/projects/{PROJECTS[number % len(PROJECTS)]}/models",
            files={"file": (file.name, file.data, "application/x-step")},
            data={"name": f"坏模型 {number}"},
        )
        if answer.status_code == 200:
            return "same bytes", "ok", ""
        if answer.status_code != 202:
            typed = answer.headers.get("Content-Type", "").startswith("application/problem+json")
            return f"refused {answer.status_code}", answer.json().get("type") if typed else None, answer.text
        job = answer.json()["job_id"]
        self._waiting[job] = asyncio.get_running_loop().create_future()
        return await asyncio.wait_for(self._waiting[job], JOB_ENDS_WITHIN_S)

    def _note(self, file: Spoilt, ending: str, code: str | None) -> None:
        outcome = self.outcome
        outcome.verdicts[f"{ending}: {code}"] += 1
        typed = code is not None if ending.startswith("refused 4") else code in TYPED
        if not typed:
            outcome.faults.append(f"{file.label}: {ending}, {code}")
        if self._keep is not None and (not typed or code in WORTH_A_LOOK or ending == "quarantined"):
            (self._keep / f"{file.label.replace(' ', '_')}_{code}.ifc").write_bytes(file.data)
        done = sum(outcome.verdicts.values())
        if done % 500 == 0:
            print(
                done,
                dict(outcome.verdicts),
                f"{len(outcome.faults)} faults",
                *outcome.faults[-3:],
                flush=True,
            )

    async def _watch(self, database: psycopg.AsyncConnection[Any]) -> None:
        while True:
            await asyncio.sleep(0.2)
            found = await (await database.execute(_ENDED, [list(self._waiting)])).fetchall()
            for job, state, code, message, error in found:
                if error is not None:
                    self.outcome.errors[error[:300]] += 1
                self._waiting.pop(job).set_result((state, code, message))
            self._settled += len(found)
            if self._settled >= SETTLE_EVERY:
                self._settled = 0
                await self._settle(database)

    async def _drain(self, database: psycopg.AsyncConnection[Any]) -> None:
        """Wait for jobs that followed a publication."""
        deadline = time.monotonic() + JOB_ENDS_WITHIN_S
        while time.monotonic() < deadline:
            row = await (await database.execute(_LEFT["open jobs"])).fetchone()
            if row is None or row[0] == 0:
                return
            await asyncio.sleep(0.5)

    async def _settle(self, database: psycopg.AsyncConnection[Any]) -> None:
        """Check the rows of jobs that have ended, then clear them away as an operator would."""
        wrong = await (await database.execute(_WRONG_ROWS)).fetchall()
        self.outcome.faults += [f"revision {row[0]}: {row[1:]}" for row in wrong]
        gone = (await (await database.execute(_FORGET)).fetchone() or [None])[0] or []
        await database.execute("DELETE FROM bim_model WHERE id = ANY(%s)", [gone])
        references = await (await database.execute(_REFERENCES)).fetchall()
        unused = " AND ".join(
            f"sha256 NOT IN (SELECT {name} FROM {table} WHERE {name} IS NOT NULL)"
            for table, name in references
        )
        # One that is taken up again at this moment stays until the next time.
        with contextlib.suppress(psycopg.errors.ForeignKeyViolation):
            orphans = await database.execute(
                SQL("DELETE FROM stored_object WHERE {} RETURNING sha256").format(SQL(unused))
            )
            for (sha256,) in await orphans.fetchall():
                (self._store / sha256[:2] / sha256).unlink(missing_ok=True)


@contextmanager
def own_database(server: str | None) -> Iterator[str]:
    """Make a migrated database with projects to upload to."""
    with server_url(server) as root, new_database(root, "mutations") as url:
        migrate(url)
        engine = make_engine(url)
        with open_session(engine) as session:
            for code in PROJECTS:
                add_project(session, code)
        engine.dispose()
        yield url


class MutationService(Service):
    """`twin serve` on the database given, with several jobs at a time."""

    def __init__(self, home: Path, url: str) -> None:
        super().__init__(home)
        self.admin = uuid.uuid4().hex
        self.environment |= {**LIMITS, "DATABASE_URL": url, "TWIN_ADMIN_TOKEN": self.admin}

    def family(self) -> dict[str, set[tuple[int, float]]]:
        """Name the processes that must stay the same: number and birth of API, worker and template."""
        assert self.process is not None
        found: dict[str, set[tuple[int, float]]] = {"api": set(), "worker": set(), "template": set()}
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                words = " ".join(child.cmdline())
                parent = child.parent()
                if TEMPLATE in words:
                    forked = parent is not None and TEMPLATE in " ".join(parent.cmdline())
                    found["template"] |= set() if forked else {(child.pid, child.create_time())}
                    continue
                for name, mark in (("api", "uvicorn"), ("worker", "api.cli worker")):
                    if mark in words:
                        found[name].add((child.pid, child.create_time()))
        return found

    def converters(self) -> list[int]:
        """List processes that work in the spool, whoever their parent is."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if str(self.home / "spool") in process.cwd():
                    found.append(process.pid)
        return found


def left_in_folders(home: Path) -> list[str]:
    """List spool folders and intake files that should not be there once every job has ended."""
    roots = [home / folder for folder in ("spool", "incoming", "objects/incoming")]
    return [f"{path} left" for root in roots if root.is_dir() for path in root.iterdir()]


def left_over(url: str, service: MutationService) -> list[str]:
    """List what should not be there once every job has ended and every model was cleared away."""
    with psycopg.connect(url) as connection:
        rows = {name: connection.execute(query).fetchone() for name, query in _LEFT.items()}
        faults = [f"{row[0]} {name} left" for name, row in rows.items() if row and row[0]]
    faults += left_in_folders(service.home)
    objects = service.home / "objects"
    faults += [f"object {path.name} left" for path in objects.glob("??/*")]
    return faults


def _wait_ready(service: MutationService) -> None:
    try:
        service.wait_ready()
    except AssertionError as error:
        raise AssertionError(Path(service.log.name).read_text(errors="replace")[-3000:]) from error
    deadline = time.monotonic() + 60
    while not all(service.family().values()) and time.monotonic() < deadline:
        time.sleep(0.2)


def iter_spoilt(count: int, seed: int) -> Iterator[Spoilt]:
    """Spoil so many files; number and seed decide about each, whatever came before it."""
    files = corpus()
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        name, data, _ = rng.choices(files, [weight for _, _, weight in files])[0]
        how, spoilt = mutate(rng, data)
        yield Spoilt(f"{number} {name} {how}", name, spoilt)


def run(
    files: Iterator[Spoilt], server: str | None = None, in_flight: int = 12, keep: Path | None = None
) -> Outcome:
    """Start the service, send the files, and count."""
    with own_database(server) as url, tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        home.mkdir()
        service = MutationService(home, url)
        service.start()
        try:
            _wait_ready(service)
            before, began = service.family(), time.monotonic()
            sender = Sender(service.base, service.admin, url, home / "objects", keep)
            asyncio.run(sender.send(files, in_flight))
            outcome = sender.outcome
            outcome.seconds = time.monotonic() - began
            time.sleep(2.0)
            after = service.family()
            outcome.faults += [
                f"{name}: {before[name]} became {after[name]}"
                for name in before
                if before[name] != after[name]
            ]
            outcome.faults += [f"process {number} is left" for number in service.converters()]
            outcome.faults += left_over(url, service)
        finally:
            service.stop()
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=20251031)
    parser.add_argument("--in-flight", type=int, default=12)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    if asked.keep is not None:
        asked.keep.mkdir(parents=True, exist_ok=True)
    files = iter_spoilt(asked.count, asked.seed)
    outcome = run(files, in_flight=asked.in_flight, keep=asked.keep)
    for name, number in outcome.verdicts.most_common():
        print(f"{number:>7} {name}")
    for error, number in outcome.errors.most_common(40):
        print(f"{number:>7} thrown: {error}")
    print(f"{sum(outcome.verdicts.values())} files in {outcome.seconds:.0f} s; {len(outcome.faults)} faults")
    for fault in outcome.faults[:100]:
        print("FAULT", fault)
    sys.exit(1 if outcome.faults else 0)


if __name__ == "__main__":
    main()
