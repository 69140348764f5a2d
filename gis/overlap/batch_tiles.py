"""Layers cut into tiles 分块, so that no worker needs more than a cell; each pair is counted in one cell alone.

A row is copied into every cell that its box touches. A pair belongs to the cell that holds the lower-left corner of
the overlap of the two boxes (owner cell 归属格): both rows are there, and no other cell has that corner, for cells are
half-open. Areas are computed on whole shapes, never on shapes cut to a cell.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import shapely

from gis.overlap.batch import SCHEMA, BatchRules, Integers, overlap_pairs, read_shapes

RESULTS: Final = "pairs"
_ORDER: Final = "overlap.json"


@dataclass(frozen=True)
class Grid:
    """Square cells in degrees, half-open, counted from a corner."""

    west: float
    south: float
    cell_deg: float

    def columns(self, x: np.ndarray) -> Integers:
        """Return the column of each longitude."""
        found: Integers = np.floor((x - self.west) / self.cell_deg).astype(np.int64)
        return found

    def rows(self, y: np.ndarray) -> Integers:
        """Return the row of each latitude."""
        found: Integers = np.floor((y - self.south) / self.cell_deg).astype(np.int64)
        return found


def cell_name(column: int, row: int) -> str:
    """Return the folder of a cell.

    Examples
    --------
    >>> cell_name(12, 3)
    '12_3'
    """
    return f"{column}_{row}"


def write_tiles(folder: Path, batches: Iterable[pa.RecordBatch], grid: Grid, layer: str) -> int:
    """Write rows of `SCHEMA` into the cells that their boxes touch; returns how many copies were written.

    Memory stays that of some batches, whatever the size of the layer.
    """
    written = 0

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal written
        for batch in batches:
            copied = _into_cells(batch, grid)
            written += copied.num_rows
            yield copied

    schema = SCHEMA.append(pa.field("cell", pa.string()))
    ds.write_dataset(
        counted(),
        folder / layer,
        schema=schema,
        format="parquet",
        partitioning=ds.partitioning(pa.schema([("cell", pa.string())])),
        existing_data_behavior="delete_matching",
        max_partitions=1_000_000,
        max_open_files=500,
    )
    return written


def _into_cells(batch: pa.RecordBatch, grid: Grid) -> pa.RecordBatch:
    boxes = shapely.bounds(shapely.from_wkb(batch["geometry"].to_numpy(zero_copy_only=False)))
    there = np.flatnonzero(np.isfinite(boxes).all(axis=1))
    west, south, east, north = boxes[there].T
    columns, rows = grid.columns(west), grid.rows(south)
    wide, high = grid.columns(east) - columns + 1, grid.rows(north) - rows + 1
    copies = wide * high
    place = np.repeat(np.arange(len(there)), copies)
    nth = np.arange(copies.sum()) - np.repeat(np.cumsum(copies) - copies, copies)
    column, row = columns[place] + nth % wide[place], rows[place] + nth // wide[place]
    cells = pa.array([cell_name(i, j) for i, j in zip(column, row, strict=True)], pa.string())
    return batch.take(pa.array(there[place])).append_column("cell", cells)


@dataclass(frozen=True)
class TiledRun:
    """A folder with two layers in tiles, by which rules they are laid over one another, and what came of it.

    Attributes
    ----------
    folder : str
        Where tiles and pairs are, as every worker sees it.
    layers : tuple of str
        Which layers' rows are the subjects and the features.
    """

    folder: str
    grid: Grid
    rules: BatchRules
    layers: tuple[str, str]

    def save(self) -> None:
        """Write down that all tiles are there, and of what; whole or not at all."""
        half = Path(self.folder, f"{_ORDER}.half")
        order = {"layers": self.layers, "grid": asdict(self.grid), "rules": asdict(self.rules)}
        half.write_text(json.dumps(order), encoding="utf-8")
        half.replace(Path(self.folder, _ORDER))

    def cells(self) -> list[tuple[int, int]]:
        """List the cells in which both layers have rows, those with most work first."""
        sizes = {
            folder.name: _bytes(folder) * _bytes(Path(self.folder, "features", folder.name))
            for folder in Path(self.folder, "subjects").iterdir()
            if Path(self.folder, "features", folder.name).is_dir()
        }
        names = sorted(sizes, key=lambda name: (-sizes[name], name))
        return [(int(column), int(row)) for column, _, row in (name.partition("_") for name in names)]

    def is_done(self) -> bool:
        """Say whether every cell has its pairs."""
        return all(_pairs_file(self, column, row).exists() for column, row in self.cells())


def find_run(folder: Path) -> TiledRun | None:
    """Find the run whose tiles are in a folder, done or not; None where they are not all there."""
    try:
        order = json.loads((folder / _ORDER).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    subjects, features = order["layers"]
    return TiledRun(str(folder), Grid(**order["grid"]), BatchRules(**order["rules"]), (subjects, features))


def _pairs_file(run: TiledRun, column: int, row: int) -> Path:
    return Path(run.folder, RESULTS, f"{cell_name(column, row)}.parquet")


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def run_cell(run: TiledRun, column: int, row: int) -> int:
    """Write the pairs that belong to a cell, whole or not at all; returns their number.

    A cell that is done is not done again: a run that was killed goes on where it was.
    """
    target = _pairs_file(run, column, row)
    if target.exists():
        return int(pq.read_metadata(target).num_rows)
    pairs = cell_pairs(run, column, row)
    target.parent.mkdir(exist_ok=True)
    # Two workers may do the same cell; each writes its own file, and either is right.
    half = target.with_suffix(f".{os.getpid()}.{os.urandom(4).hex()}.half")
    pairs.to_parquet(half, index=False)
    half.replace(target)
    return len(pairs)


def cell_pairs(run: TiledRun, column: int, row: int) -> pd.DataFrame:
    """Return the pairs that belong to a cell."""
    name = cell_name(column, row)
    subjects, features = (
        read_shapes(ds.dataset(Path(run.folder, layer, name)).to_table(columns=SCHEMA.names))
        for layer in ("subjects", "features")
    )
    pairs = overlap_pairs(subjects, features, run.rules)
    corner = np.maximum(
        _lower_left(subjects.ids, subjects.degrees, pairs["subject_id"].to_numpy()),
        _lower_left(features.ids, features.degrees, pairs["feature_id"].to_numpy()),
    )
    own = (run.grid.columns(corner[:, 0]) == column) & (run.grid.rows(corner[:, 1]) == row)
    mine: pd.DataFrame = pairs[own].reset_index(drop=True)
    return mine


def _lower_left(ids: Integers, shapes: np.ndarray, wanted: Integers) -> np.ndarray:
    order = np.argsort(ids)
    corners: np.ndarray = shapely.bounds(shapes)[order[np.searchsorted(ids, wanted, sorter=order)], :2]
    return corners


def read_pairs(run: TiledRun) -> pd.DataFrame:
    """Return the pairs of every cell that is done, by subject and feature."""
    folder = Path(run.folder, RESULTS)
    files = sorted(folder.glob("*.parquet")) if folder.is_dir() else []
    if not files:
        return overlap_pairs_of_nothing()
    pairs: pd.DataFrame = pd.concat([pd.read_parquet(file) for file in files])
    ordered: pd.DataFrame = pairs.sort_values(["subject_id", "feature_id"], ignore_index=True)
    return ordered


def overlap_pairs_of_nothing() -> pd.DataFrame:
    """Return the table of pairs without a row."""
    empty = read_shapes(SCHEMA.empty_table())
    return overlap_pairs(empty, empty, BatchRules())
