"""What finding elements costs among more than a million: by class, storey, status, property, number and word.

Run: ``python -m tests.benchmarks.elements --url postgresql://… [--fill] [--models 100] [--elements 14500] [--big 100000]``.
``--fill`` makes the models first (a migrated, empty database; about 1.5 million elements in ten minutes). Then each
question is asked in one model, in one project of ten models, and in one model of `--big` elements: milliseconds of
wall time, the median of several rounds, for the first page of 100 with the number of all that answer; beside it the
same without the written terms, which is the floor that a plain look at every element sets.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import psycopg
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

import twin.elements.models
import twin.projects.models  # noqa: F401  a model's row refers to its project's table
from gis.cql2 import parse_filter
from tests.benchmarks.elements_data import MODELS_A_PROJECT, add_model, add_projects
from twin.db import make_engine, open_session
from twin.elements import terms
from twin.elements.queries import find_page
from twin.elements.search import ElementFilters, Searched
from twin.identity.caller import SYSTEM
from twin.identity.visibility import sight

QUESTIONS: dict[str, ElementFilters] = {
    "everything": ElementFilters(),
    "class": ElementFilters(ifc_class="IfcPile"),
    "storey": ElementFilters(storey="7层"),
    "status": ElementFilters(status="in_progress"),
    "class and status": ElementFilters(ifc_class="IfcPile", status="done"),
    "property = text": ElementFilters(tree=parse_filter("psets.Pset_Common.FireRating = '耐火2级'")),
    "property, rare": ElementFilters(tree=parse_filter("psets.设计信息.备注 = '需监理旁站验收'")),
    "property LIKE": ElementFilters(tree=parse_filter("psets.设计信息.备注 LIKE '%监理%'")),
    "number range": ElementFilters(
        tree=parse_filter("quantities.Qto_BaseQuantities.NetVolume BETWEEN 2.5 AND 2.6")
    ),
    "measure in SI": ElementFilters(tree=parse_filter("psets.Dimensions.Length > 5.95")),
    "two properties": ElementFilters(
        tree=parse_filter("psets.设计信息.混凝土强度 = 'C40' AND psets.Dimensions.Width < 20")
    ),
    "q, one character": ElementFilters(q="桩"),
    "q, two characters": ElementFilters(q="旁站"),
    "q, a tag": ElementFilters(q="T14321"),
    "q, two words": ElementFilters(q="特殊节点 C40"),
}
_MODELS = text("""
SELECT r.id, r.model_id, m.project_id, cardinality(ARRAY(SELECT 1 FROM bim_element e WHERE e.revision_id = r.id)) AS elements
FROM bim_revision r JOIN bim_model m ON m.id = r.model_id ORDER BY r.id
""")


def fill(url: str, models: int, elements: int, big: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        projects = add_projects(connection, models // MODELS_A_PROJECT + 1)
        for number in range(models):
            with connection.transaction():
                add_model(connection, projects[number // MODELS_A_PROJECT], f"m{number}", elements)
        with connection.transaction():
            add_model(connection, projects[-1], "big", big)
        connection.execute("ANALYZE")


def write_terms(engine: Engine) -> None:
    started, written = time.perf_counter(), 0
    while True:
        with open_session(engine) as session:
            revision_id = terms.find_unwritten(session)
            if revision_id is None:
                break
            terms.write_terms(session, revision_id)
        written += 1
    if written:
        with open_session(engine) as session:
            session.execute(text("ANALYZE element_term"))
        print(f"terms of {written} models: {(time.perf_counter() - started) / written:.1f} s each")


def median_ms(rounds: int, ask: Callable[[], object]) -> float:
    ask()
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def scopes(session: Session) -> dict[str, Searched]:
    rows = session.execute(_MODELS).all()
    middle = rows[len(rows) // 2]
    largest = max(rows, key=lambda row: row.elements)
    project = [row for row in rows if row.project_id == middle.project_id]
    return {
        f"a model of {middle.elements:,}": Searched((middle.id,), (middle.model_id,), indexed=True),
        f"a project of {sum(row.elements for row in project):,}": Searched(
            tuple(row.id for row in project), tuple(row.model_id for row in project), indexed=True
        ),
        f"a model of {largest.elements:,}": Searched((largest.id,), (largest.model_id,), indexed=True),
    }


def measure(engine: Engine, rounds: int) -> None:
    insider = sight(SYSTEM, "bim:read")
    with open_session(engine) as session:
        for scope, searched in scopes(session).items():
            print(f"\n{scope}\n| question | found | with terms, ms | looking at all, ms |\n|---|---|---|---|")
            for name, asked in QUESTIONS.items():
                plain = replace(searched, indexed=False)
                page = find_page(session, searched, asked, insider)
                assert asked.q or page.matched == find_page(session, plain, asked, insider).matched
                fast = median_ms(rounds, lambda s=searched, a=asked: find_page(session, s, a, insider))  # type: ignore[misc]
                slow = (
                    float("nan")
                    if asked.q
                    else median_ms(1, lambda s=plain, a=asked: find_page(session, s, a, insider))  # type: ignore[misc]
                )
                print(f"| {name} | {page.matched:,} | {fast:.0f} | {slow:.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--fill", action="store_true")
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--elements", type=int, default=14_500)
    parser.add_argument("--big", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    if asked.fill:
        fill(asked.url, asked.models, asked.elements, asked.big)
    engine = make_engine(asked.url, 2, 600_000)
    write_terms(engine)
    measure(engine, asked.rounds)


if __name__ == "__main__":
    main()
