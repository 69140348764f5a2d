"""GeoPandas' and Dask's way of whole layers against PostGIS: the same pairs, areas within 1e-12, in any tiling."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon

from gis.crs import transformer
from gis.overlap import OverlapOptions, SubjectRows, overlaps_statement
from gis.overlap.batch import SCHEMA, BatchRules, Shapes, overlap_pairs, read_shapes
from gis.overlap.batch_tiles import Grid, TiledRun, cell_name, find_run, read_pairs, run_cell, write_tiles
from gis.statement import Condition
from tests.gis.overlap.conftest import Ground, target
from tests.gis.overlap.test_against_shapely import star

LAYERS = ("projects", "land_parcels")
PROJECTS = Condition("f.layer = 'projects'")


def lay_out(ground: Ground, seed: int, subjects: int = 12, features: int = 150) -> None:
    """Put ragged shapes on both sides of the zone edge at 115.5°E: surveyed in either zone, or in degrees alone."""
    chance = random.Random(seed)
    edge, north = transformer(4490, 4527).transform(115.5, 33.0)

    def place(layer: str, reach: float, code: str) -> None:
        middle = (edge + chance.uniform(-1_500, 1_500), north + chance.uniform(-1_500, 1_500))
        first = star(chance, reach, middle, chance.randint(4, 30))
        shape: Polygon | MultiPolygon = first
        if chance.random() < 0.2:
            shape = MultiPolygon([first, star(chance, reach / 3, (middle[0] + 2 * reach, middle[1]), 9)])
        srid = chance.choice((4527, 4526))
        if srid == 4526:
            dense = transformer(4527, 4526).geometry(shapely.segmentize(shape, 100))
            shape = shapely.transform(dense, lambda xy: xy.round(3))  # type: ignore[assignment]
            shape = shape if shape.is_valid else shape.buffer(0)
        ground.put(layer, shape, code, srid, surveyed=chance.random() < 0.7)

    for number in range(subjects):
        place("projects", chance.choice((150, 400, 1_400)), f"P-{number}")
    for number in range(features):
        place("land_parcels", chance.choice((10, 60, 200)), f"L-{number}")


def table(ground: Ground, layer: str) -> pa.Table:
    rows = ground.connection.execute(
        "SELECT id, ST_AsBinary(geom), ST_AsBinary(surveyed), ST_SRID(surveyed) FROM ground_area WHERE layer = %s",
        (layer,),
    ).fetchall()
    return pa.table(dict(zip(SCHEMA.names, zip(*rows, strict=True), strict=True)), schema=SCHEMA)


def postgis_pairs(ground: Ground, keep: bool = False) -> pd.DataFrame:
    keys = [
        row[0] for row in ground.connection.execute("SELECT id FROM ground_area WHERE layer = 'projects'")
    ]
    rows = SubjectRows("ground_area", PROJECTS, tuple(keys), plane_column="surveyed")
    parcels = target("land_parcels", keep_slivers=keep)
    statement = overlaps_statement(rows, [parcels], OverlapOptions())
    rows_found = ground.connection.execute(statement.sql.encode(), statement.params).fetchall()
    items = [(sid, item) for sid, text, _ in rows_found for item in json.loads(text)["items"] or []]
    found = [
        (
            sid,
            *(
                item[name]
                for name in ("id", "area_m2", "area_plane_m2", "pieces", "largest_piece_m2", "critical")
            ),
        )
        for sid, item in items
    ]
    names = ("subject_id", "feature_id", "area_m2", "area_plane_m2", "pieces", "largest_piece_m2", "critical")
    frame = pd.DataFrame(found, columns=list(names))
    return frame.sort_values(["subject_id", "feature_id"], ignore_index=True)


def assert_same(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    assert len(theirs) > 50
    assert list(zip(ours.subject_id, ours.feature_id, strict=True)) == list(
        zip(theirs.subject_id, theirs.feature_id, strict=True)
    )
    assert list(ours.pieces) == list(theirs.pieces)
    assert list(ours.critical) == list(theirs.critical)
    for column in ("area_m2", "area_plane_m2", "largest_piece_m2"):
        np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-12, atol=0)


@pytest.mark.parametrize("seed", range(5))
def test_shapely_gives_the_pairs_and_areas_of_postgis(ground: Ground, seed: int) -> None:
    lay_out(ground, seed)
    subjects, features = (read_shapes(table(ground, layer)) for layer in ("projects", "land_parcels"))
    keep = seed % 2 == 1

    ours = overlap_pairs(subjects, features, BatchRules(keep_slivers=keep))
    assert_same(ours, postgis_pairs(ground, keep))


def tiled(ground: Ground, folder: Path, cell_deg: float) -> TiledRun:
    run = TiledRun(str(folder), Grid(115.0, 32.5, cell_deg), BatchRules(), LAYERS)
    for layer, name in (("projects", "subjects"), ("land_parcels", "features")):
        write_tiles(folder, table(ground, layer).to_batches(max_chunksize=37), run.grid, name)
    return run


@pytest.mark.parametrize("cell_deg", [0.002, 0.0061, 0.5])
def test_every_tiling_counts_each_pair_once(ground: Ground, tmp_path: Path, cell_deg: float) -> None:
    lay_out(ground, 7)
    run = tiled(ground, tmp_path, cell_deg)
    for column, row in run.cells():
        run_cell(run, column, row)

    assert_same(read_pairs(run), postgis_pairs(ground))


def test_shapes_on_the_edges_of_cells_are_counted_once(tmp_path: Path) -> None:
    # Squares of exactly one cell, and subjects whose corners lie on the corners of cells.
    boxes = [
        shapely.box(116 + i / 8, 33 + j / 8, 116 + (i + 1) / 8, 33 + (j + 1) / 8)
        for i in range(4)
        for j in range(4)
    ]
    whole = shapely.box(116, 33, 116.5, 33.5)
    features = Shapes(np.arange(16), np.array(boxes, dtype=object), np.full(16, None), np.zeros(16, int))
    subjects = Shapes(np.array([1]), np.array([whole], dtype=object), np.full(1, None), np.zeros(1, int))
    run = TiledRun(str(tmp_path), Grid(116.0, 33.0, 0.125), BatchRules(), LAYERS)
    for name, shapes in (("subjects", subjects), ("features", features)):
        rows = {"id": shapes.ids, "geometry": shapely.to_wkb(shapes.degrees), "survey": [None] * len(shapes.ids),
                "survey_srid": [None] * len(shapes.ids)}  # fmt: skip
        write_tiles(tmp_path, pa.table(rows, schema=SCHEMA).to_batches(), run.grid, name)
    counts = [run_cell(run, column, row) for column, row in run.cells()]

    assert sum(counts) == 16
    pd.testing.assert_frame_equal(read_pairs(run), overlap_pairs(subjects, features, BatchRules()))


def test_a_cell_that_is_done_is_not_done_again(ground: Ground, tmp_path: Path) -> None:
    lay_out(ground, 3)
    run = tiled(ground, tmp_path, 0.01)
    (column, row), *_ = run.cells()
    count = run_cell(run, column, row)
    for layer in ("subjects", "features"):
        for file in Path(run.folder, layer, cell_name(column, row)).iterdir():
            file.unlink()  # a second time would find nothing

    assert run_cell(run, column, row) == count > 0


def test_a_run_is_found_again_once_its_tiles_are_there(ground: Ground, tmp_path: Path) -> None:
    lay_out(ground, 4)
    run = tiled(ground, tmp_path, 0.01)
    assert find_run(tmp_path) is None
    run.save()
    assert find_run(tmp_path) == run
    cells = run.cells()
    for column, row in cells:
        assert not run.is_done()
        run_cell(run, column, row)
    assert run.is_done()


def test_a_subject_is_no_pair_with_itself(ground: Ground) -> None:
    lay_out(ground, 5, subjects=20, features=1)
    projects = read_shapes(table(ground, "projects"))

    pairs = overlap_pairs(projects, projects, BatchRules(not_itself=True))
    assert len(pairs) > 20
    assert (pairs.subject_id != pairs.feature_id).all()
    swapped = pairs.rename(columns={"subject_id": "feature_id", "feature_id": "subject_id"})
    both = pairs.merge(swapped, on=["subject_id", "feature_id"])
    assert len(both) == len(pairs)


def test_nothing_over_nothing_is_an_empty_table(tmp_path: Path) -> None:
    empty = read_shapes(SCHEMA.empty_table())

    assert overlap_pairs(empty, empty, BatchRules()).empty
    assert read_pairs(TiledRun(str(tmp_path), Grid(0, 0, 1), BatchRules(), LAYERS)).empty


def test_lines_and_rows_without_geometry_are_left_out() -> None:
    rows = {
        "id": [1, 2, 3],
        "geometry": [
            shapely.to_wkb(shapely.box(116, 33, 116.1, 33.1)),
            shapely.to_wkb(shapely.Point(116, 33)),
            None,
        ],
        "survey": [None] * 3,
        "survey_srid": [None] * 3,
    }

    assert list(read_shapes(pa.table(rows, schema=SCHEMA)).ids) == [1]


def test_invalid_features_are_repaired_as_postgis_repairs_them(
    ground: Ground, postgis: psycopg.Connection[Any]
) -> None:
    lay_out(ground, 9)
    ground.put("projects", star(random.Random(1), 1_400, (39_359_800.0, 3_652_500.0), 12), "P-99")
    east, north = transformer(4490, 4527).transform(115.5, 33.0)
    bow_tie = Polygon([(east, north), (east + 400, north + 400), (east + 400, north), (east, north + 400)])
    ground.put("land_parcels", bow_tie, "X")
    subjects, features = (read_shapes(table(ground, layer)) for layer in ("projects", "land_parcels"))

    assert_same(overlap_pairs(subjects, features, BatchRules()), postgis_pairs(ground))
