"""Kill the service's processes under load and count what was promised: ``python -m tests.flows.trial --kills 20``.

Two clients write all the time: one reports the progress of elements, one uploads models, each upload with bytes of its
own. Whatever the service acknowledged must be there in the end, once; whatever it did not acknowledge may be there,
once at most. A job whose converter or worker was killed three times is quarantined, as a poisonous file would be: its
file must be kept, and sending the same bytes again must publish it, once. The victims: converter, worker, API, postmaster, and the supervisor itself, which is then started again.
"""

import argparse
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import psycopg

from twin.cluster import Cluster
from twin.samples.load import FOLDER

VICTIMS = ("converter", "template", "worker", "api", "postgres", "supervisor")
TEMPLATE = "bim.template"  # what it has forked carries its command line too
MODEL = FOLDER / "models" / "bridge.ifc"
PROJECT = "341299-2024-01-0005-8"
BACK_WITHIN_S = 90.0
QUEUE_DRAINS_WITHIN_S = 300.0


@dataclass
class Promised:
    """What clients were told: element reports (GlobalId, percent) and uploads (name → job)."""

    reports: list[tuple[str, str]] = field(default_factory=list)
    uploads: dict[str, str] = field(default_factory=dict)
    quarantined: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


@dataclass
class Outcome:
    """Counts of one trial; a trial holds if every list of faults is empty."""

    kills: Counter[str]
    slowest_s: dict[str, float]
    reports: int
    uploads: int
    lost: list[str]
    doubled: list[str]

    @property
    def holds(self) -> bool:
        return not self.lost and not self.doubled


class Service:
    """`twin serve` as a subprocess, started again when it is the victim."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self.environment = {**os.environ, "TWIN_HOME": str(home), "TWIN_PORT": str(self.port)}
        for name in ("DATABASE_URL", "TWIN_APP_DATABASE_URL"):
            self.environment.pop(name, None)
        self.log = (home.parent / "serve.log").open("ab")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        argv = [sys.executable, "-m", "api.cli", "serve"]
        self.process = subprocess.Popen(argv, env=self.environment, stdout=self.log, stderr=self.log)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
        self.log.close()

    def is_ready(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.base}/readyz", timeout=2).status_code == 200
        return False

    def wait_ready(self) -> float:
        began = time.monotonic()
        while time.monotonic() - began < BACK_WITHIN_S:
            if self.is_ready():
                return time.monotonic() - began
            time.sleep(0.1)
        raise AssertionError(f"the service was not back within {BACK_WITHIN_S:.0f} s; see {self.log.name}")

    @property
    def token(self) -> str:
        return (self.home / "admin-token").read_text(encoding="ascii").strip()

    def find(self, victim: str) -> int | None:
        assert self.process is not None
        if victim == "supervisor":
            return self.process.pid
        if victim == "postgres":
            lines = next(self.home.rglob("postmaster.pid")).read_text(encoding="utf8").splitlines()
            return int(lines[0])
        mark = {"api": "uvicorn", "worker": "worker", "template": TEMPLATE, "converter": TEMPLATE}[victim]
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with suppress(psutil.Error):
                    if mark not in child.cmdline() or any("guard" in word for word in child.cmdline()):
                        continue
                    parent = child.parent()
                    if victim == "converter" and (parent is None or TEMPLATE not in parent.cmdline()):
                        continue
                    return child.pid
        return None

    def kill(self, victim: str) -> bool:
        """Kill the victim; False when there is none now."""
        deadline = time.monotonic() + 20
        while (pid := self._find_quietly(victim)) is None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        if victim == "supervisor" and self.process is not None:
            self.process.wait(30)
            self.start()
        return True

    def _find_quietly(self, victim: str) -> int | None:
        with suppress(StopIteration, FileNotFoundError, ValueError, IndexError):
            return self.find(victim)
        return None


def _client(service: Service) -> httpx.Client:
    return httpx.Client(
        base_url=service.base, headers={"Authorization": f"Bearer {service.token}"}, timeout=60
    )


def report_progress(
    service: Service, promised: Promised, stop: threading.Event, targets: list[str], model: int
) -> None:
    """Report one element after another, every report with a percent of its own."""
    numbers = itertools.count(1)
    with _client(service) as client:
        while not stop.is_set():
            number = next(numbers)
            element = targets[number % len(targets)]
            percent = f"{1 + number % 98}.{number % 1_000_000:06d}"
            row = {"global_id": element, "status": "in_progress", "percent": percent}
            try:
                answer = client.patch(
                    f"/api/v1/models/{model}/elements",
                    content=json.dumps([row]),
                    headers={"Content-Type": "application/json"},
                )
            except httpx.HTTPError as error:
                promised.refused[type(error).__name__] += 1
                time.sleep(0.2)
                continue
            if answer.status_code == 200:
                promised.reports.append((element, percent))
            else:
                promised.refused[str(answer.status_code)] += 1
                time.sleep(0.2)


def send_model(client: httpx.Client, name: str) -> httpx.Response:
    """Send the model of this name; its bytes follow from its name."""
    number = int(name[-4:])
    body = MODEL.read_bytes().replace(b"'bridge.ifc'", f"'bridge-{number}.ifc'".encode(), 1)
    return client.post(
        f"/api/v1/projects/{PROJECT}/models",
        data={"name": name, "discipline": "bridge"},
        files={"file": (f"bridge-{number}.ifc", body)},
    )


def upload_models(service: Service, promised: Promised, stop: threading.Event, pause_s: float) -> None:
    """Upload a model every few seconds, each under its own name and with its own bytes."""
    with _client(service) as client:
        for number in itertools.count(1):
            if stop.wait(pause_s):
                return
            name = f"试验模型{number:04d}"
            try:
                answer = send_model(client, name)
            except httpx.HTTPError as error:
                promised.refused[type(error).__name__] += 1
                continue
            if answer.status_code == 202:
                promised.uploads[name] = answer.json()["job_id"]
            else:
                promised.refused[str(answer.status_code)] += 1


@contextmanager
def load(service: Service, promised: Promised, pause_s: float) -> Iterator[None]:
    stop = threading.Event()
    with _client(service) as client:
        found = (
            client.get("/ogc/collections/bim_elements/items?limit=40").raise_for_status().json()["features"]
        )
    model = found[0]["properties"]["model_id"]
    targets = [each["properties"]["global_id"] for each in found if each["properties"]["model_id"] == model]
    threads = [
        threading.Thread(target=report_progress, args=(service, promised, stop, targets, model)),
        threading.Thread(target=upload_models, args=(service, promised, stop, pause_s)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def drain(service: Service, promised: Promised) -> list[str]:
    """Wait for the end of every acknowledged upload; return those that did not succeed."""
    waiting = dict(promised.uploads)
    failed: list[str] = []
    deadline = time.monotonic() + QUEUE_DRAINS_WITHIN_S
    with _client(service) as client:
        while waiting and time.monotonic() < deadline:
            for name, job in list(waiting.items()):
                state = client.get(f"/api/v1/jobs/{job}").raise_for_status().json()["state"]
                if state in ("queued", "running"):
                    continue
                del waiting[name]
                if state == "quarantined" and name not in promised.quarantined:
                    promised.quarantined.append(name)
                    waiting[name] = send_model(client, name).raise_for_status().json()["job_id"]
                elif state != "succeeded":
                    failed.append(f"{name}: {state}")
            time.sleep(0.5)
    return failed + [f"{name}: never ended" for name in waiting]


def count(url: str, promised: Promised) -> tuple[list[str], list[str]]:
    """Compare the database with what was promised; return what is lost and what is doubled."""
    lost: list[str] = []
    doubled: list[str] = []
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT i.global_id, p.percent::text, count(*) FROM element_progress p"
            " JOIN element_identity i ON i.id = p.identity_id WHERE p.source <> 'samples' GROUP BY 1, 2"
        ).fetchall()
        stored = {(element, percent): n for element, percent, n in rows}
        published = dict(
            connection.execute(
                "SELECT m.name, count(*) FROM bim_revision r JOIN bim_model m ON m.id = r.model_id"
                " WHERE r.state = 'published' AND m.name LIKE '试验模型%' GROUP BY 1"
            ).fetchall()
        )
        elements = connection.execute(
            "SELECT m.name, count(*) FROM bim_element e JOIN bim_revision r ON r.id = e.revision_id"
            " JOIN bim_model m ON m.id = r.model_id WHERE m.name LIKE '试验模型%' GROUP BY 1"
        ).fetchall()
    lost += [f"report {key}" for key in promised.reports if key not in stored]
    doubled += [f"report {key}: {n} rows" for key, n in stored.items() if n > 1]
    lost += [f"model {name}" for name in promised.uploads if name not in published]
    doubled += [f"model {name}: {n} published" for name, n in published.items() if n > 1]
    doubled += [f"model {name}: {n} elements" for name, n in elements if n != elements[0][1]]
    return lost, doubled


def run_trial(home: Path, kills: int, seed: int, pause_s: float = 3.0) -> Outcome:
    """Set up the sample district in `home`, kill each victim `kills` times under load, count."""
    rng = random.Random(seed)
    service, promised = Service(home), Promised()
    subprocess.run(
        [sys.executable, "-m", "api.cli", "samples", "load"],
        env=service.environment,
        check=True,
        stdout=service.log,
        stderr=service.log,
    )
    service.start()
    done: Counter[str] = Counter()
    slowest: dict[str, float] = {}
    try:
        service.wait_ready()
        with load(service, promised, pause_s):
            for victim in rng.sample(VICTIMS * kills, kills * len(VICTIMS)):
                time.sleep(rng.uniform(0.2, 2.5))
                if service.kill(victim):
                    done[victim] += 1
                    slowest[victim] = max(slowest.get(victim, 0.0), service.wait_ready())
                    print(
                        f"{victim:<11} killed, back after {slowest[victim]:.1f} s at most; "
                        f"{len(promised.reports)} reports, {len(promised.uploads)} uploads acknowledged",
                        flush=True,
                    )
        failed = drain(service, promised)
        lost, doubled = count(Cluster(home).url("twin"), promised)
    finally:
        service.stop()
    print(f"not acknowledged: {dict(promised.refused)}; quarantined and sent again: {promised.quarantined}")
    return Outcome(done, slowest, len(promised.reports), len(promised.uploads), [*lost, *failed], doubled)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="of each victim")
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        Path(folder).chmod(0o755)
        outcome = run_trial(Path(folder) / "home", asked.kills, asked.seed)
    print(outcome)
    sys.exit(0 if outcome.holds else 1)


if __name__ == "__main__":
    main()
