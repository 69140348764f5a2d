"""What keeping bands, counts and versions costs an edit: CPU of the database with and without our triggers.

Run: ``python -m tests.benchmarks.upkeep URL`` on a database that `tests.benchmarks.data` filled with at least 10,000
parcels and one model. Everything is rolled back. Read the ratio, not the seconds.
"""

import argparse
from collections.abc import Callable

import psutil
import psycopg
from psycopg import sql

from tests.benchmarks.serving import cpu_s
from twin.db import for_psycopg

INSERT = """
INSERT INTO land_parcel (parcel_no, kind, state, public_visible, source_crs, geom, geom_survey)
SELECT 'UPKEEP-' || %(tag)s || id, 'reserve', 'stored', true, 'EPSG:4490', geom, geom_survey
FROM (SELECT id, geom, geom_survey FROM land_parcel WHERE parcel_no LIKE 'BENCH-%%' ORDER BY id OFFSET %(skip)s LIMIT %(count)s) q"""
MOVE = "UPDATE land_parcel SET geom = ST_Translate(geom, 1e-5, 0), updated_at = clock_timestamp() WHERE id = %(id)s"
HOLD = "UPDATE land_parcel SET state = 'held', updated_at = clock_timestamp() WHERE id = %(id)s"

MODEL = "SELECT id, project_id FROM bim_model WHERE current_revision_id IS NOT NULL ORDER BY id LIMIT 1"
REVISION = """
INSERT INTO bim_revision (model_id, number, state, sha256, file_name, published_at)
SELECT %(model)s, max(number) + 1, 'published', 'upkeep', 'x', now() FROM bim_revision WHERE model_id = %(model)s
RETURNING id"""
IDENTITIES = """
INSERT INTO element_identity (model_id, global_id)
SELECT %(model)s, 'UPKEEP-' || n FROM generate_series(1, %(count)s) n"""
ELEMENTS = """
INSERT INTO bim_element (revision_id, identity_id, project_id, step_id, global_id, ifc_class, geom, psets)
SELECT %(revision)s, i.id, %(project)s, n, i.global_id, 'IfcWall', ST_Rotate(
    ST_MakeEnvelope(115.8 + n * 1e-5, 33, 115.80005 + n * 1e-5, 33.000003, 4490), n, 115.8, 33), '{"Pset_WallCommon": {}}'
FROM element_identity i, LATERAL (SELECT substr(i.global_id, 8)::int AS n) q
WHERE i.model_id = %(model)s AND i.global_id LIKE 'UPKEEP-%%'"""
PUBLISH = "UPDATE bim_model SET current_revision_id = %(revision)s WHERE id = %(model)s"
PROGRESS = (
    "UPDATE element_identity SET status = 'done' WHERE model_id = %(model)s AND global_id LIKE 'UPKEEP-%%'"
)

OURS = """
SELECT tgrelid::regclass::text, tgname FROM pg_trigger
WHERE NOT tgisinternal AND tgname ~ '^(note|regrid|count)_'"""

Edits = dict[str, Callable[[], None]]


def parcel_edits(connection: psycopg.Connection, many: int, single: int) -> Edits:
    """Return edits of parcels by name; single ones are repeated."""
    found = connection.execute("SELECT id FROM land_parcel ORDER BY id LIMIT %s", (2 * single,)).fetchall()
    ids = [row[0] for row in found]

    def each(statement: str, chosen: list[int]) -> Callable[[], None]:
        return lambda: [connection.execute(statement, {"id": number}) for number in chosen] and None

    def insert_singly() -> None:
        for n in range(single):
            connection.execute(INSERT, {"tag": "one-", "skip": n, "count": 1})

    return {
        f"{many:,} parcels by one statement": lambda: _run(
            connection, INSERT, {"tag": "many-", "skip": 0, "count": many}
        ),
        f"{single} parcels one by one": insert_singly,
        f"{single} outlines moved one by one": each(MOVE, ids[:single]),
        f"{single} states changed one by one": each(HOLD, ids[single:]),
    }


def model_edits(connection: psycopg.Connection, count: int) -> Edits:
    """Return what a publication of a model with many elements runs."""
    row = connection.execute(MODEL).fetchone()
    assert row is not None, "the database holds a model"
    given = {"model": row[0], "project": row[1], "count": count}
    connection.execute(
        "INSERT INTO stored_object (sha256, size_bytes) VALUES ('upkeep', 1) ON CONFLICT DO NOTHING"
    )
    revision = connection.execute(REVISION, given).fetchone()
    assert revision is not None
    given["revision"] = revision[0]
    steps = {"identities": IDENTITIES, "elements": ELEMENTS, "publication": PUBLISH, "progress": PROGRESS}
    return {
        f"{count:,} elements: {name}": (lambda statement=statement: _run(connection, statement, given))
        for name, statement in steps.items()
    }


def _run(connection: psycopg.Connection, statement: str, given: dict[str, object]) -> None:
    connection.execute(statement, given)  # type: ignore[arg-type]


def measure(connection: psycopg.Connection, *, kept: bool, many: int, single: int) -> dict[str, float]:
    """Run every edit in a transaction that is rolled back; return CPU seconds of the backend by name."""
    backend = [psutil.Process(connection.info.backend_pid)]
    costs = {}
    with connection.transaction(force_rollback=True):
        if not kept:
            for table, name in connection.execute(OURS).fetchall():
                connection.execute(
                    sql.SQL("ALTER TABLE {} DISABLE TRIGGER {}").format(
                        sql.Identifier(table), sql.Identifier(name)
                    )
                )
        for name, edit in {**parcel_edits(connection, many, single), **model_edits(connection, many)}.items():
            before = cpu_s(backend)
            edit()
            costs[name] = cpu_s(backend) - before
    return costs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--single", type=int, default=200)
    asked = parser.parse_args()
    with psycopg.connect(for_psycopg(asked.url), autocommit=True) as connection:
        measure(connection, kept=True, many=100, single=20)  # plans and caches
        with_ours = measure(connection, kept=True, many=asked.many, single=asked.single)
        without = measure(connection, kept=False, many=asked.many, single=asked.single)
    print("| edit | kept up, CPU s | without, CPU s | difference, CPU s |")
    print("|---|---|---|---|")
    for name, cost in with_ours.items():
        print(f"| {name} | {cost:.2f} | {without[name]:.2f} | {cost - without[name]:.2f} |")


if __name__ == "__main__":
    main()
