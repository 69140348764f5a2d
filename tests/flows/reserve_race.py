"""Two planners reserve the same parcel at the same moment: ``python -m tests.flows.reserve_race --trials 200``.

Each has a token, a project and an API process of their own, and both wait at a gate for every trial. Counted are trials
in which not exactly one got 201 and the other 409; in which the 409 does not tell the winner's project, login and
moment; and parcels that in the end have another reservation in force than the winner's, or a history of other than one
step from ready to held.
"""

import argparse
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests.databases import server_url
from tests.flows.edit_storm import api_process, database
from tests.rows import add_project
from twin.db import make_engine, open_session
from twin.identity.tokens import add_token, add_user, assign_role

CODES = ("341299-2025-03-0128-4", "341299-2025-03-0129-2")
LOGINS = ("planner-a", "planner-b")


@dataclass
class Outcome:
    """Counts of one race."""

    trials: int = 0
    wins: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LOGINS, 0))
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        won = ", ".join(f"{login} {n}" for login, n in self.wins.items())
        return f"{self.trials} trials, won by {won}; faults {len(self.faults)}"


def add_planners(url: str) -> list[str]:
    """Add two planners and a project for each; return their tokens."""
    engine = make_engine(url, pool_size=1)
    tokens = []
    with open_session(engine, "race") as session:
        for number, (login, code) in enumerate(zip(LOGINS, CODES, strict=True)):
            user = add_user(session, login, f"规划科 {login}")
            assign_role(session, user, "planner")
            tokens.append(add_token(session, user, "race"))
            west = 39_600_000.0 + 500 * number
            add_project(session, code, name=f"项目{number}", box=(west, 3_700_000.0, west + 100, 3_700_100.0))
    engine.dispose()
    return tokens


class Racer:
    """One planner at one API process."""

    def __init__(self, base: str, token: str, code: str, gate: threading.Barrier) -> None:
        self.client = httpx.Client(
            base_url=base, headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"}, timeout=60
        )
        self.code, self.gate = code, gate

    def reserve(self, parcel_no: str) -> httpx.Response:
        self.gate.wait(60)
        path = f"/api/v1/land/parcels/{parcel_no}/reservations"
        return self.client.post(path, json={"project": self.code})


def faults_of(parcel_no: str, answers: list[httpx.Response]) -> Iterator[str]:
    """Yield what is wrong with the two answers of a trial."""
    statuses = [answer.status_code for answer in answers]
    if sorted(statuses) != [201, 409]:
        yield f"{parcel_no}: {statuses} {[answer.text[:200] for answer in answers]}"
        return
    winner = statuses.index(201)
    won: dict[str, Any] = answers[winner].json()["reservation"]
    lost: dict[str, Any] = answers[1 - winner].json()
    told = lost.get("reservation", {})
    for name, right in (("project", CODES[winner]), ("reserved_by", LOGINS[winner])):
        if told.get(name) != right or won[name] != right:
            yield f"{parcel_no}: the 409 tells {name} {told.get(name)}, the winner is {right}"
    if not told.get("reserved_at") or told["reserved_at"][:26].rstrip("Z") != won["reserved_at"][:26].rstrip(
        "Z"
    ):
        yield f"{parcel_no}: the 409 tells {told.get('reserved_at')}, it was {won['reserved_at']}"
    if CODES[winner] not in lost["detail"] or LOGINS[winner] not in lost["detail"]:
        yield f"{parcel_no}: {lost['detail']}"


def faults_left(url: str, winners: dict[str, str]) -> Iterator[str]:
    """Yield parcels whose rows do not say what the planners were told."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            """SELECT p.parcel_no, p.state, array_agg(j.code),
                (SELECT array_agg(t.before || t.after) FROM land_transition t WHERE t.parcel_id = p.id)
              FROM land_parcel p JOIN land_reservation r ON r.parcel_id = p.id AND r.ended_at IS NULL
                JOIN project j ON j.id = r.project_id GROUP BY p.id"""
        ).fetchall()
    found = {row[0]: tuple(row[1:]) for row in rows}
    for parcel_no, code in winners.items():
        if found.get(parcel_no) != ("held", [code], ["readyheld"]):
            yield f"{parcel_no}: {found.get(parcel_no)}, won by {code}"


def run_race(server: str, home: Path, trials: int) -> Outcome:
    """Make a database and two API processes, and let two planners race for every parcel."""
    outcome = Outcome()
    with ExitStack() as stack:
        url = stack.enter_context(database(server, trials))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("UPDATE land_parcel SET state = 'ready'")
            connection.execute("TRUNCATE land_transition")
            parcels = [row[0] for row in connection.execute("SELECT parcel_no FROM land_parcel ORDER BY id")]
        tokens, gate = add_planners(url), threading.Barrier(2)
        bases = [stack.enter_context(api_process(url, home)) for _ in LOGINS]
        racers = [
            Racer(base, token, code, gate) for base, token, code in zip(bases, tokens, CODES, strict=True)
        ]
        winners = {}
        pool = stack.enter_context(ThreadPoolExecutor(2))
        for parcel_no in parcels[:trials]:
            answers = list(pool.map(lambda racer, no=parcel_no: racer.reserve(no), racers))
            outcome.trials += 1
            outcome.faults += faults_of(parcel_no, answers)
            for place, answer in enumerate(answers):
                if answer.status_code == 201:
                    outcome.wins[LOGINS[place]] += 1
                    winners[parcel_no] = CODES[place]
        outcome.faults += faults_left(url, winners)
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, server_url() as server:
        outcome = run_race(server, Path(folder) / "home", asked.trials)
    print(outcome)
    for fault in outcome.faults[:20]:
        print(fault)
    sys.exit(1 if outcome.faults else 0)


if __name__ == "__main__":
    main()
