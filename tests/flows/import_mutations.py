"""Spoiled planners' files through the upload door: ``python -m tests.flows.import_mutations --count 2000 --seed 7``.

Starts the service on a database of its own with the sample district (on ``TEST_DATABASE_URL``, else an embedded one),
sends files and ledgers of the corpus spoilt by :mod:`tests.gis.exchange`, several in flight, answers what is asked,
looks at previews and marked copies, and imports what can be imported. Held for each: a typed answer with its place; an
import that writes exactly the rows it names, or none (:mod:`tests.flows.import_accounts`); API and worker stay the
processes they were; no reader, spool folder, intake file, open job or object without a row is left.
``--first N`` goes on from a number, ``--keep FOLDER`` keeps the files at which a promise was broken.
"""

import argparse
import asyncio
import contextlib
import itertools
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests.databases import new_database, server_url
from tests.flows.import_accounts import Accounts, check_answer, check_preview, check_problem
from tests.flows.mutations import MutationService, left_in_folders
from tests.gis.exchange.boundary_cases import boundary_cases
from tests.gis.exchange.container_cases import container_cases
from tests.gis.exchange.damage import anywhere, inside
from tests.gis.exchange.ledger_cases import ledger_cases
from tests.gis.exchange.ledger_hostile import hostile_cases
from tests.gis.exchange.ledger_mutations import part
from twin.db import make_engine, migrate, open_session
from twin.imports.ledgers import LAYERS
from twin.samples.load import load_samples

UPLOADS = "/api/v1/uploads"
ANSWER_WITHIN_S = 150.0
JOB_ENDS_WITHIN_S = 120.0
ROUNDS = 8
LIMITS = {
    "TWIN_JOB_CONCURRENCY": "4",
    "TWIN_READ_AT_ONCE": "3",
    "TWIN_READ_WALL_S": "90",
    "TWIN_READ_CPU_S": "60",
}
OUTLINES = ("land_parcels", "land_parcels", "farmland", "heritage", "projects")
OPEN_ANSWERS = {"zone": "39", "crs": "EPSG:4527"}
KEYS = {"land_parcels": "parcel_no", "control_areas": "code", "projects": "code"}
Damage = Callable[[bytes, random.Random], bytes]


@dataclass(frozen=True)
class Spoilt:
    """A file to send, and the dice by which everything about it is decided."""

    label: str
    name: str
    data: bytes
    told: dict[str, str]
    is_ledger: bool
    dice: random.Random


@dataclass
class Outcome:
    """Counts by way of ending, rows by what became of them, and every promise that was broken."""

    endings: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


@cache
def corpus() -> tuple[tuple[tuple[str, str, bytes, dict[str, str], bool], ...], ...]:
    """Return files with outlines, and ledgers: label, name at the door, bytes, what the sender tells, is it a ledger."""
    shapes = [(each, False) for each in (*boundary_cases(), *container_cases())]
    tables = [(each, True) for each in (*ledger_cases(), *hostile_cases()) if not each.refused]
    return tuple(
        tuple(
            (each.name, each.file, each.data, _told(each.choices), is_ledger)
            for each, is_ledger in cases
            if 0 < len(each.data) < 200_000
        )
        for cases in (shapes, tables)
    )


def _told(choices: Any) -> dict[str, str]:
    named = {name: getattr(choices, name, None) for name in ("crs", "zone", "encoding", "layer", "sheet")}
    told = {name: str(value) for name, value in named.items() if value is not None}
    return {("layer" if name == "sheet" else name): value for name, value in told.items()}


def iter_spoilt(count: int, seed: int, first: int = 0) -> Iterator[Spoilt]:
    """Spoil so many files; number and seed decide about each, whatever came before it."""
    for number in range(first, first + count):
        dice = random.Random(f"{seed}/{number}")
        label, name, data, told, is_ledger = dice.choice(corpus()[dice.random() < 0.4])
        damage: Damage = anywhere if dice.random() < 0.2 else part if is_ledger else inside
        with contextlib.suppress(ValueError):  # a piece too short to be altered stays whole
            data = damage(data, dice)
        yield Spoilt(f"{number} {label}", name, data, told if dice.random() < 0.6 else {}, is_ledger, dice)


class Planner:
    """Sends files one after the other, answers, looks and imports."""

    def __init__(self, door: httpx.AsyncClient, accounts: Accounts, outcome: Outcome) -> None:
        self._door, self._accounts, self._outcome = door, accounts, outcome

    async def use(self, file: Spoilt) -> str:
        """Take a file as far as it goes; return how that ended."""
        answer = await self._door.post(UPLOADS, files={"file": (file.name, file.data)}, data=file.told)
        if answer.status_code != 201:
            check_problem(answer, places=True)
            return f"refused {answer.status_code}"
        told = answer.json()
        address = f"{UPLOADS}/{told['upload_id']}"
        for _ in range(ROUNDS):
            check_answer(told)
            if not told["questions"]:
                break
            said = await self._answer(address, told["questions"][0], file.dice)
            if said is None:
                return "left open"
            if said.status_code != 200:
                check_problem(said)
                return f"answer refused {said.status_code}"
            told = said.json()
        preview = await self._door.get(f"{address}/preview")
        check_preview(preview, told)
        if file.is_ledger and (told.get("ledger", {}).get("error_count") or file.dice.random() < 0.05):
            await self._mark(address)
        return await self._import(file, address, told)

    async def _answer(
        self, address: str, question: dict[str, Any], dice: random.Random
    ) -> httpx.Response | None:
        name = question["field"]
        value = dice.choice(question["choices"]) if question["choices"] else OPEN_ANSWERS.get(name)
        return None if value is None else await self._door.patch(address, json={name: value})

    async def _mark(self, address: str) -> None:
        answer = await self._door.get(f"{address}/marked")
        if answer.status_code != 200:
            check_problem(answer)
        elif not answer.content.startswith(b"PK"):
            raise AssertionError("the marked copy is no workbook")

    async def _import(self, file: Spoilt, address: str, told: dict[str, Any]) -> str:
        layer = file.dice.choice(OUTLINES)
        if file.is_ledger and told.get("ledger", {}).get("target") in LAYERS:
            layer = LAYERS[told["ledger"]["target"]]
        collection = layer if layer in KEYS else "control_areas"
        if not file.is_ledger and KEYS[collection] not in told["mappings"][layer]["mapping"].values():
            number = file.label.partition(" ")[0]
            answers = {"values": {KEYS[collection]: f"M{number}-{{n}}"}}
            numbered = await self._door.patch(address, json=answers)
            if numbered.status_code != 200:
                check_problem(numbered)
        async with self._accounts.of(collection) as account:
            rehearsed = file.dice.random() < 0.3
            told_before = await account.rehearse(self._door, address, layer) if rehearsed else None
            ending, counts = await account.take(self._door, address, layer)
            if told_before is not None and (told_before["counts"] or {}) != counts:
                raise AssertionError(f"the rehearsal promised {told_before['counts']}, done was {counts}")
            if ending.startswith("imported") and file.dice.random() < 0.25:
                _, again = await account.take(self._door, address, layer)
                if again and (again["added"] or again["changed"]):
                    raise AssertionError(f"the same file again changed something: {again}")
        self._outcome.rows.update(
            {name: int(counts.get(name, 0)) for name in ("added", "changed", "unchanged")}
        )
        return f"{ending} {collection}"


async def send_all(
    service: MutationService, url: str, files: Iterator[Spoilt], in_flight: int, keep: Path | None
) -> Outcome:
    """Send the files, several at a time, and count how they end."""
    outcome = Outcome()
    headers = {"Authorization": f"Bearer {service.admin}"}
    limits = httpx.Limits(max_connections=in_flight)
    door = httpx.AsyncClient(base_url=service.base, headers=headers, timeout=ANSWER_WITHIN_S, limits=limits)
    async with door, Accounts.open(url, JOB_ENDS_WITHIN_S) as accounts:
        planner = Planner(door, accounts, outcome)

        async def work() -> None:
            for file in files:
                try:
                    ending = await planner.use(file)
                except (AssertionError, httpx.HTTPError, TimeoutError, KeyError, ValueError) as error:
                    ending = "BROKEN"
                    outcome.faults.append(f"{file.label}: {type(error).__name__} {error}"[:600])
                    print("FAULT", outcome.faults[-1], flush=True)
                    if keep is not None:
                        (keep / f"{file.label.replace(' ', '_').replace('/', '_')}_{file.name}").write_bytes(
                            file.data
                        )
                outcome.endings[ending] += 1
                done = sum(outcome.endings.values())
                if done % 100 == 0:
                    print(
                        done, dict(outcome.endings.most_common()), f"{len(outcome.faults)} faults", flush=True
                    )

        await asyncio.gather(*(work() for _ in range(in_flight)))
        outcome.faults += await accounts.close()
    return outcome


@contextmanager
def sample_database(server: str | None) -> Iterator[str]:
    """Make a database with the sample district."""
    with server_url(server) as root, new_database(root, "import_mutations") as url:
        migrate(url)
        engine = make_engine(url)
        with open_session(engine, actor="samples") as session:
            load_samples(session)
        engine.dispose()
        yield url


def left_over(url: str, service: MutationService) -> list[str]:
    """List what should not be there once the last import has ended."""
    faults = [f"process {number} is left" for number in service.converters()]
    faults += left_in_folders(service.home)
    with psycopg.connect(url) as connection:
        known = {row[0] for row in connection.execute("SELECT sha256 FROM stored_object").fetchall()}
        row = connection.execute(
            "SELECT count(*) FROM job_run WHERE state IN ('queued', 'running')"
        ).fetchone()
    faults += [f"{row[0]} jobs are open"] if row and row[0] else []
    there = {path.name for path in (service.home / "objects").glob("??/*")}
    faults += [f"object {name} without a row" for name in there - known]
    return faults + [f"object {name} is gone" for name in known - there]


def run(
    files: Iterator[Spoilt], server: str | None = None, in_flight: int = 6, keep: Path | None = None
) -> Outcome:
    """Start the service, send the files, and count."""
    with sample_database(server) as url, tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        home.mkdir()
        service = MutationService(home, url)
        service.environment |= LIMITS
        service.start()
        try:
            service.wait_ready()
            deadline = time.monotonic() + 60
            while not (service.family()["api"] and service.family()["worker"]):
                if time.monotonic() > deadline:
                    raise AssertionError("API and worker did not start")
                time.sleep(0.2)
            before, began = service.family(), time.monotonic()
            outcome = asyncio.run(send_all(service, url, files, in_flight, keep))
            outcome.seconds = time.monotonic() - began
            time.sleep(1.0)
            after = service.family()
            outcome.faults += [
                f"{name}: {before[name]} became {after[name]}"
                for name in ("api", "worker")
                if before[name] != after[name]
            ]
            outcome.faults += left_over(url, service)
        finally:
            service.stop()
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--in-flight", type=int, default=6)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    if asked.keep is not None:
        asked.keep.mkdir(parents=True, exist_ok=True)
    files = iter_spoilt(asked.count, asked.seed, asked.first)
    outcome = run(files, in_flight=asked.in_flight, keep=asked.keep)
    for name, number in outcome.endings.most_common():
        print(f"{number:>7} {name}")
    print(dict(outcome.rows))
    print(
        f"{sum(outcome.endings.values())} files in {outcome.seconds:.0f} s; {len(outcome.faults)} promises broken"
    )
    for fault in itertools.islice(outcome.faults, 100):
        print("FAULT", fault)
    sys.exit(1 if outcome.faults else 0)


if __name__ == "__main__":
    main()
