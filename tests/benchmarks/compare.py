"""What it costs to compare two revisions of 100,000 elements: CPU seconds of the server, and times its floor.

    python -m tests.benchmarks.compare --url postgresql://…/a_database_of_its_own [--elements 100000]

The floor is to read every fingerprint of both revisions once. Rows carry 2 kB of properties, as real ones do: a
comparison that reads them pays for it. `kept` compares under kept GlobalIds with 2,700 changes, `renewed` matches all
elements under renewed ones. Needs the server on this machine: its CPU is read from /proc.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Final

import psutil
import psycopg
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from twin.db import make_engine, migrate, open_session
from twin.elements.compare import Pair
from twin.elements.diff import Page, compare_revisions
from twin.elements.prints import record_prints

ALL: Final = Page(1_000_000)
_FLOOR = text("""
SELECT count(*), sum(name # tag # storey # psets # signature), sum(box[1] + placement[4])
FROM element_print WHERE revision_id = ANY(:revisions)""")

_HEADS = """
INSERT INTO project_category VALUES ('01', '交通路网', 'Transport') ON CONFLICT DO NOTHING;
INSERT INTO project (id, code, name, category, purpose, stage) OVERRIDING SYSTEM VALUE
  VALUES (1, 'BENCH', '比对', '01', 'infrastructure', 'construction');
INSERT INTO stored_object SELECT repeat(n::text, 64), 1 FROM generate_series(1, 3) n;
INSERT INTO bim_model (id, project_id, name) OVERRIDING SYSTEM VALUE VALUES (1, 1, '大楼');
INSERT INTO bim_revision (id, model_id, number, state, sha256, file_name, published_at) OVERRIDING SYSTEM VALUE
  SELECT n, 1, n, 'published', repeat(n::text, 64), 'x.ifc', now() FROM generate_series(1, 3) n;
"""
_IDENTITIES = """
INSERT INTO element_identity (id, model_id, global_id) OVERRIDING SYSTEM VALUE
  SELECT n, 1, '0' || md5(n::text) FROM generate_series(1, 2 * %(n)s) n"""
_ELEMENTS = """
INSERT INTO bim_element (revision_id, identity_id, project_id, step_id, global_id, ifc_class, name, tag, type_name,
  storey, psets, psets_hash, quantities_hash, signature, geometry_hash, kernel, placement, box, area_m2, materials)
SELECT %(revision)s, n + %(shift)s, 1, n, '0' || md5((n + %(shift)s)::text), 'IfcWall', '墙 ' || n %% 5000, 't' || n,
  'WT' || n %% 50, 'F' || n %% 30,
  (SELECT jsonb_object_agg('Pset_' || k, jsonb_build_object('a', md5((n * k)::text), 'b', md5((n + k)::text)))
   FROM generate_series(1, 16) k),
  md5(('p' || n %% 5000)::text), md5(n::text), md5(('s' || n %% 5000)::text), md5(('g' || n %% 1000)::text), 'hybrid',
  ARRAY[1, 0, 0, x, 0, 1, 0, y, 0, 0, 1, z]::float8[], ARRAY[x, y, z, x + 3, y + 0.2, z + 2.8]::float8[], 0.6, '["C30"]'
FROM (SELECT n, (n %% 300) * 5.3 AS x, (n / 300 %% 300) * 4.1 AS y, (n / 90000) * 3.0 AS z
      FROM generate_series(1, %(n)s) n) q"""
_EDITS = """
UPDATE bim_element SET box = ARRAY[box[1] + 1, box[2], box[3], box[4] + 1, box[5], box[6]],
  placement = ARRAY[1, 0, 0, placement[4] + 1, 0, 1, 0, placement[8], 0, 0, 1, placement[12]]
  WHERE revision_id = 2 AND step_id <= 1000;
UPDATE bim_element SET psets_hash = 'x' WHERE revision_id = 2 AND step_id BETWEEN 1001 AND 2000;
UPDATE bim_element SET name = '改名' WHERE revision_id = 2 AND step_id BETWEEN 2001 AND 2700;
"""


def make_data(url: str, elements: int) -> None:
    """Fill a new database: revision 2 edits 2,700 elements of revision 1, revision 3 renews every GlobalId."""
    migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_HEADS)
        connection.execute(_IDENTITIES, {"n": elements})
        for revision, shift in ((1, 0), (2, 0), (3, elements)):
            connection.execute(_ELEMENTS, {"revision": revision, "shift": shift, "n": elements})
        connection.execute(_EDITS)
        connection.execute("VACUUM ANALYZE")


def main() -> None:
    """Print CPU seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--url", required=True, help="an empty database on a server of this machine")
    parser.add_argument("--elements", type=int, default=100_000)
    options = parser.parse_args()
    make_data(options.url, options.elements)
    engine = make_engine(options.url, pool_size=1)
    prints = sum(_measure(engine, partial(record_prints, revision_id=number)) for number in (1, 2, 3))
    print(f"fingerprints of three revisions: {prints:.2f} CPU s")
    for name, pair in (("kept", Pair(1, 1, 2)), ("renewed", Pair(1, 1, 3))):
        revisions = [pair.from_id, pair.to_id]
        floors, costs = [], []
        for _ in range(3):
            floors.append(_measure(engine, partial(_read_prints, revisions=revisions)))
            costs.append(_measure(engine, partial(compare_revisions, pair=pair, page=ALL, form="json")))
        floor, cost = min(floors), min(costs)
        print(
            f"{name}: {cost:.2f} CPU s, {cost / max(floor, 0.01):.1f} times reading the fingerprints ({floor:.2f} s)"
        )
    engine.dispose()


def _read_prints(session: Session, revisions: list[int]) -> None:
    session.execute(_FLOOR, {"revisions": revisions}).all()


def _measure(engine: Engine, work: Callable[[Session], object]) -> float:
    """CPU seconds of the server's process for this connection."""
    with open_session(engine) as session:
        server = psutil.Process(session.scalar(text("SELECT pg_backend_pid()")))
        before, began = server.cpu_times(), time.perf_counter()
        work(session)
        after = server.cpu_times()
        spent = after.user + after.system - before.user - before.system
        print(f"  {spent:.2f} CPU s, {time.perf_counter() - began:.2f} s by the clock")
    return float(spent)


if __name__ == "__main__":
    main()
