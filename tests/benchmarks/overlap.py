"""Overlap of projects and parcels, in paired runs of one process after another on one machine.

``python -m tests.benchmarks.overlap --projects 500 --parcels 100000 URL`` fills the database of that URL (its
`land_parcel` and `project` must be empty, or filled by this before), then prints:

- one project against all parcels and control areas, warm: p50 and p95 in ms, from the rows to JSON without geometry;
- the run of all projects (set-based statement, answers as JSON) against bare statements of PostGIS, in turns: one
  that gives the same figures, and one of nothing but the pairs and their areas; seconds and their ratios;
- the same pairs by GeoPandas, shapely and `geopandas.overlay`, and how far the areas are apart;
- the pairs with parcels and all control layers by the three engines as `twin overlap --engine` runs them, Dask over
  tiles with two workers, and how far their areas are apart.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import psycopg
import pyarrow as pa

from gis.overlap import OverlapOptions, overlaps_statement
from gis.overlap.batch import SCHEMA, BatchRules, overlap_pairs, read_shapes
from tests.benchmarks.data import add_control_areas, add_parcels, add_projects
from twin.db import for_psycopg, make_engine, migrate, open_session
from twin.identity.caller import SYSTEM
from twin.land.batch import Cluster, Engine, compute_pairs
from twin.land.compliance import Subject, compute_overlap
from twin.land.queries import plan_sets
from twin.land.run_order import list_subject_keys, order_layer, subject_rows
from twin.land.targets import expand_layers, make_targets

LAYERS = ["land_parcels"]
EVERYTHING = ["land_parcels", "control_areas"]
# What anybody would write for the pairs and their areas on the ellipsoid, the overlay made in the zone, and …
PAIRS = """
WITH p AS MATERIALIZED (
  SELECT project_id, geom, ST_Transform(geom, 4527) AS plane FROM project_footprint WHERE valid_to IS NULL),
pair AS MATERIALIZED (
  SELECT p.project_id, f.id, ST_Intersection(p.plane, ST_Transform(f.geom, 4527)) AS g
  FROM p JOIN land_parcel f ON f.geom && p.geom AND ST_Intersects(f.geom, p.geom)),
area AS MATERIALIZED (
  SELECT project_id, id, ST_Area(ST_Transform(g, 4490)::geography) AS area_m2, ST_Area(g) AS plane_m2 FROM pair)
"""
BARE = PAIRS + "SELECT count(*), sum(area_m2) + sum(plane_m2) FROM area"
# … the same run: besides, what of each project is covered, every square metre once, and what is left over.
BARE_SAME = (
    PAIRS
    + """, covered AS MATERIALIZED (
  SELECT project_id, ST_Union(g) AS g FROM pair GROUP BY project_id),
total AS (
  SELECT project_id, ST_Area(ST_Transform(c.g, 4490)::geography) AS covered_m2, ST_Area(p.geom::geography) AS whole_m2,
    ST_Area(ST_Transform(ST_Difference(p.plane, c.g), 4490)::geography) AS rest_m2
  FROM covered c JOIN p USING (project_id))
SELECT (SELECT count(*) FROM area),
  (SELECT sum(area_m2) FROM area) + (SELECT sum(covered_m2) + sum(rest_m2) + sum(whole_m2) FROM total)
"""
)


def fill(url: str, projects: int, parcels: int) -> None:
    """Fill an empty database; one that has parcels is left as it is."""
    migrate(url)
    with psycopg.connect(for_psycopg(url), autocommit=True) as connection:
        if connection.execute("SELECT EXISTS (SELECT FROM land_parcel)").fetchone() == (True,):
            return
        add_parcels(connection, parcels)
        add_control_areas(connection, max(1, parcels // 1000))
        add_projects(connection, projects)
        connection.execute("VACUUM ANALYZE")


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def single(url: str, times: int) -> None:
    """Print the percentiles of one project after another."""
    engine = make_engine(url, 1, 600_000)
    with open_session(engine) as session:
        keys = list_subject_keys(session, order_layer(SYSTEM, "projects", LAYERS, OverlapOptions()))
        chosen = keys[:: max(1, len(keys) // times)][:times]

        def ask(code: str) -> None:
            orjson.dumps(compute_overlap(session, SYSTEM, Subject(project=code), EVERYTHING))

        for key in chosen[:5]:
            ask(key.code)
        took = [1000 * timed(lambda code=key.code: ask(code)) for key in chosen]  # type: ignore[misc]
    engine.dispose()
    ordered = sorted(took)
    print(f"one project, {len(took)} of them: p50 {statistics.median(took):.1f} ms, "
          f"p95 {ordered[int(0.95 * len(ordered))]:.1f} ms")  # fmt: skip


def run_all(url: str, portion: int) -> int:
    """Run the set-based statement over every project, its answers read; returns the number of pairs."""
    engine = make_engine(url, 1, 600_000)
    pairs = 0
    with open_session(engine) as session:
        order = order_layer(SYSTEM, "projects", LAYERS, OverlapOptions())
        keys = list_subject_keys(session, order)
        targets = make_targets(order.layers, SYSTEM, "projects")
        plan_sets(session)
        for start in range(0, len(keys), portion):
            statement = overlaps_statement(
                subject_rows(order, keys[start : start + portion]), targets, order.options
            )
            rows = session.connection().exec_driver_sql(statement.sql, dict(statement.params)).all()
            pairs += sum(row[2] for row in rows)
    engine.dispose()
    return pairs


def bare(url: str, sql: str) -> tuple[int, float]:
    """Run a bare statement in one process."""
    with psycopg.connect(for_psycopg(url)) as connection:
        connection.execute("SET max_parallel_workers_per_gather = 0")
        row = connection.execute(sql.encode()).fetchone()
    assert row is not None
    return row[0], row[1]


def tables(url: str) -> tuple[pa.Table, pa.Table]:
    """Return projects and parcels as the batch engines read them."""
    sql = {
        "projects": "SELECT project_id, ST_AsBinary(geom), ST_AsBinary(geom_survey), ST_SRID(geom_survey) "
        "FROM project_footprint WHERE valid_to IS NULL",
        "parcels": "SELECT id, ST_AsBinary(geom), ST_AsBinary(geom_survey), ST_SRID(geom_survey) FROM land_parcel",
    }
    with psycopg.connect(for_psycopg(url)) as connection:
        found = [connection.execute(text.encode()).fetchall() for text in sql.values()]
    first, second = (
        pa.table(dict(zip(SCHEMA.names, zip(*rows, strict=True), strict=True)), schema=SCHEMA)
        for rows in found
    )
    return first, second


def postgis_pairs(url: str, portion: int) -> pd.DataFrame:
    """Return every pair of the set-based statement with its area."""
    engine = make_engine(url, 1, 600_000)
    found: list[tuple[int, int, float]] = []
    with open_session(engine) as session:
        order = order_layer(SYSTEM, "projects", LAYERS, OverlapOptions())
        keys = list_subject_keys(session, order)
        targets = make_targets(order.layers, SYSTEM, "projects")
        plan_sets(session)
        for start in range(0, len(keys), portion):
            rows = subject_rows(order, keys[start : start + portion])
            statement = overlaps_statement(rows, targets, order.options)
            for sid, text, _ in session.connection().exec_driver_sql(statement.sql, dict(statement.params)):
                items = orjson.loads(text)["items"] or []
                found += [(sid, item["id"], item["area_m2"]) for item in items]
    engine.dispose()
    frame = pd.DataFrame(found, columns=["subject_id", "feature_id", "area_m2"])
    return frame.sort_values(["subject_id", "feature_id"], ignore_index=True)


def engine_pairs(url: str, engine: Engine) -> tuple[pd.DataFrame, float]:
    """Return the pairs with every layer as one of the engines gives them, and the seconds it took."""
    database = make_engine(url, 1, 3_600_000)
    with open_session(database) as session, tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        order = order_layer(SYSTEM, "projects", expand_layers(EVERYTHING), OverlapOptions())
        start = time.perf_counter()
        pairs = compute_pairs(session, engine, order, Cluster(Path(folder), workers=2))
        took = time.perf_counter() - start
    database.dispose()
    return pairs.sort_values(["layer", "subject_code", "feature_code"], ignore_index=True), took


def compare_engines(url: str) -> None:
    """Print what each engine took, and how far the others are from PostGIS."""
    expected, took = engine_pairs(url, "postgis")
    counts = ", ".join(f"{layer} {count:,}" for layer, count in expected["layer"].value_counts().items())
    print(f"engine postgis {took:.1f} s, {len(expected):,} pairs: {counts}", flush=True)
    keys = ["layer", "subject_code", "feature_code", "pieces", "critical"]
    for engine in ("geopandas", "dask"):
        mine, took = engine_pairs(url, engine)
        same = expected[keys].astype(str).equals(mine[keys].astype(str))
        apart = float(np.max(np.abs(mine["area_m2"] / expected["area_m2"] - 1))) if same else float("nan")
        print(
            f"engine {engine} {took:.1f} s, same pairs: {same}, areas apart at most {apart:.1e}", flush=True
        )


def frames(projects: pa.Table, parcels: pa.Table) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the same rows as GeoPandas' own overlay takes them, in the zone."""
    first, second = (
        gpd.GeoDataFrame(
            {"id": table["id"].to_numpy()},
            geometry=gpd.GeoSeries.from_wkb(table["geometry"].to_numpy(zero_copy_only=False), crs=4490),
        ).to_crs(4527)
        for table in (projects, parcels)
    )
    return first, second


def main() -> None:
    """Fill where needed, then measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=500)
    parser.add_argument("--parcels", type=int, default=100_000)
    parser.add_argument("--portion", type=int, default=500)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--single", type=int, default=50)
    parser.add_argument("url")
    given = parser.parse_args()
    fill(given.url, given.projects, given.parcels)
    single(given.url, given.single)
    pairs = run_all(given.url, given.portion)
    ours, alone, same_figures = [], [], []
    for _ in range(given.turns):
        alone.append(timed(lambda: bare(given.url, BARE)))
        ours.append(timed(lambda: run_all(given.url, given.portion)))
        same_figures.append(timed(lambda: bare(given.url, BARE_SAME)))
    print(f"run {min(ours):.2f} s for {pairs} pairs; bare statement of the same figures {min(same_figures):.2f} s, ratio "
          f"{min(ours) / min(same_figures):.2f}; of pairs alone {min(alone):.2f} s, ratio {min(ours) / min(alone):.2f}")  # fmt: skip
    projects, parcels = tables(given.url)
    by_shapely: list[pd.DataFrame] = []
    took = timed(
        lambda: by_shapely.append(overlap_pairs(read_shapes(projects), read_shapes(parcels), BatchRules()))
    )
    theirs = timed(lambda: gpd.overlay(*frames(projects, parcels), how="intersection").area.sum())
    expected = postgis_pairs(given.url, given.portion)
    mine = by_shapely[0]
    same = np.array_equal(mine[["subject_id", "feature_id"]], expected[["subject_id", "feature_id"]])
    apart = float(np.max(np.abs(mine["area_m2"] / expected["area_m2"] - 1))) if same else float("nan")
    print(f"from WKB to areas: GeoPandas path {took:.2f} s, geopandas.overlay {theirs:.2f} s; same pairs: {same}, "
          f"areas apart at most {apart:.1e}", flush=True)  # fmt: skip
    compare_engines(given.url)


if __name__ == "__main__":
    main()
