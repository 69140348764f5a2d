"""What keeping former rows costs an edit of parcels, and what a question about then costs beside one about now.

Run: ``python -m tests.benchmarks.land_history URL --many 100000`` on a database that holds at least as many parcels
(`tests.benchmarks.data`). CPU of the database's process, each edit in a transaction that is rolled back, by turns with
the triggers and without; the first round warms up. Read the ratios, not the seconds.
"""

import argparse
import statistics
from collections.abc import Callable
from typing import Any

import psutil
import psycopg

from tests.benchmarks.serving import cpu_s
from twin.db import for_psycopg

CHOSEN = "id <= (SELECT id FROM land_parcel ORDER BY id OFFSET %(many)s - 1 LIMIT 1)"
ADD = f"""
INSERT INTO land_parcel (parcel_no, kind, state, public_visible, source_crs, geom, geom_survey)
SELECT 'HISTORY-' || id, kind, state, public_visible, source_crs, geom, geom_survey FROM land_parcel WHERE {CHOSEN}"""
EDITS = {
    "added by one statement": ADD,
    "states changed": f"UPDATE land_parcel SET state = state || '.', updated_at = now() WHERE {CHOSEN}",
    "another field changed": f"UPDATE land_parcel SET planned_use = '商业.', updated_at = now() WHERE {CHOSEN}",
    "written as they were": f"UPDATE land_parcel SET updated_at = now() WHERE {CHOSEN}",
    "outlines moved": f"UPDATE land_parcel SET geom = ST_Translate(geom, 1e-4, 0) WHERE {CHOSEN}",
    "deleted": f"DELETE FROM land_parcel WHERE {CHOSEN}",
}
FEW = frozenset({"added by one statement", "outlines moved", "deleted"})
"""Dear for the bands alone: a fifth of the rows tells as much."""

SWITCH = "ALTER TABLE land_parcel {} TRIGGER keep_update, {} TRIGGER keep_delete"
PAGE = "SELECT count(*), sum(length(geom_json)) FROM (SELECT * FROM {} f WHERE row_public {} ORDER BY id LIMIT 1000) q"
BOX = (
    "AND geom && (SELECT ST_Expand(ST_Centroid(geom), 0.02) FROM land_parcel ORDER BY id OFFSET 500 LIMIT 1)"
)
READS = {"a page of 1,000": "", "a page of 1,000 in a box": BOX}
FUNCTIONS = {"now": "layer_land_parcels(NULL)", "then": "past_land_parcels(now() - interval '1 second')"}


def measure_edit(connection: psycopg.Connection[Any], statement: str, many: int, *, kept: bool) -> float:
    """Run an edit in a transaction that is rolled back; return the CPU seconds of its backend."""
    backend = [psutil.Process(connection.info.backend_pid)]
    with connection.transaction(force_rollback=True):
        if not kept:
            connection.execute(SWITCH.format("DISABLE", "DISABLE").encode())
        before = cpu_s(backend)
        connection.execute(statement.encode(), {"many": many})
        return cpu_s(backend) - before


def by_turns(measure: Callable[[bool], float], rounds: int) -> tuple[float, float]:
    """Return the medians with and without, of rounds in alternating order after one that does not count."""
    found: dict[bool, list[float]] = {True: [], False: []}
    for number in range(rounds + 1):
        for kept in (True, False) if number % 2 else (False, True):
            cost = measure(kept)
            if number:
                found[kept].append(cost)
    return statistics.median(found[True]), statistics.median(found[False])


def measure_read(connection: psycopg.Connection[Any], statement: str, times: int) -> float:
    backend = [psutil.Process(connection.info.backend_pid)]
    before = cpu_s(backend)
    for _ in range(times):
        connection.execute(statement.encode())
    return (cpu_s(backend) - before) / times * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with psycopg.connect(for_psycopg(asked.url), autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        print("| edit | kept, CPU s | not kept, CPU s | ratio |")
        print("|---|---|---|---|")
        for name, statement in EDITS.items():
            many = asked.many // 5 if name in FEW else asked.many
            kept, bare = by_turns(
                lambda kept, statement=statement, many=many: measure_edit(  # type: ignore[misc]
                    connection, statement, many, kept=kept
                ),
                asked.rounds,
            )
            print(f"| {many:,} {name} | {kept:.2f} | {bare:.2f} | {kept / bare:.2f} |", flush=True)
        print("\n| read | now, CPU ms | then, CPU ms | ratio |")
        print("|---|---|---|---|")
        for name, where in READS.items():
            now, then = (
                measure_read(connection, PAGE.format(each, where), 50) for each in FUNCTIONS.values()
            )
            print(f"| {name} | {now:.1f} | {then:.1f} | {then / now:.2f} |", flush=True)


if __name__ == "__main__":
    main()
