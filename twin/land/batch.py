"""Pairs of whole layers 整层压占 by one of three engines that give the same: PostGIS, GeoPandas, Dask over tiles."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Literal

import orjson
import pandas as pd
import pyarrow as pa
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.crs import MU_PER_M2
from gis.overlap import overlaps_statement
from gis.overlap.batch import COLUMNS, SCHEMA, BatchRules, overlap_pairs, read_shapes
from gis.overlap.batch_tiles import Grid, TiledRun, find_run, read_pairs, write_tiles
from twin.errors import NotOfferedError
from twin.identity.caller import SYSTEM
from twin.land.queries import plan_sets
from twin.land.run_order import RunOrder, list_subject_keys, subject_rows
from twin.land.targets import make_targets

Engine = Literal["postgis", "geopandas", "dask"]
OnProgress = Callable[[int, int], None]
PER_CELL: Final = 20_000
"""Rows of the larger layer that a cell should hold: some 30 MB and a second of a worker's work."""

PORTION: Final = 500
BATCH_ROWS: Final = 20_000
_SOURCES: Final = {
    "projects": ("layer_projects(NULL)", "code"),
    "land_parcels": ("layer_land_parcels(NULL)", "parcel_no"),
}


@dataclass(frozen=True)
class Cluster:
    """Where a Dask run works: the folder that all workers see, and a scheduler or a number of own workers."""

    folder: Path
    scheduler: str | None = None
    workers: int = 2


def compute_pairs(
    session: Session,
    engine: Engine,
    order: RunOrder,
    cluster: Cluster | None = None,
    on_progress: OnProgress | None = None,
) -> pd.DataFrame:
    """Return every pair of the order's subjects and the features of its layers, with codes and areas.

    Raises
    ------
    NotOfferedError
        GeoPandas and Dask know no buffers and no adjusted areas; Dask needs the extra `batch` and a folder.
    """
    if engine != "postgis" and (order.buffer_m or order.adjust):
        raise NotOfferedError(
            "Buffers and adjusted areas are computed by the engine postgis alone.",
            "缓冲与登记面积调整仅支持 postgis 引擎。",
        )
    frames = []
    with _opened(engine, order, cluster) as tiles:
        for layer in order.layers:
            frame = _layer_pairs(session, engine, order, layer, tiles, on_progress or _silent)
            frames.append(_named(session, order.subject_layer, layer, frame))
    return pd.concat(frames, ignore_index=True)


@dataclass(frozen=True)
class _Tiles:
    """Where tiles lie, and who works on them."""

    folder: Path
    client: Any


@contextmanager
def _opened(engine: Engine, order: RunOrder, cluster: Cluster | None) -> Iterator[_Tiles | None]:
    """Keep the workers of Dask through all layers of an order; None for the engines that need none."""
    if engine != "dask":
        yield None
        return
    if cluster is None:
        raise NotOfferedError(
            "The engine dask needs a folder for its tiles.", "dask 引擎需要指定分块文件夹。"
        )
    _check_folder(order, cluster.folder)
    distributed = _batch_extra("distributed")
    with ExitStack() as stack:
        address = cluster.scheduler or stack.enter_context(
            distributed.LocalCluster(n_workers=cluster.workers, threads_per_worker=1, dashboard_address=None)
        )
        yield _Tiles(cluster.folder, stack.enter_context(distributed.Client(address)))


def _silent(_done: int, _total: int) -> None:
    """Tell nobody."""


def _layer_pairs(
    session: Session,
    engine: Engine,
    order: RunOrder,
    layer: str,
    tiles: _Tiles | None,
    on_progress: OnProgress,
) -> pd.DataFrame:
    if engine == "postgis":
        return _by_postgis(session, order, layer, on_progress)
    target = make_targets([layer], SYSTEM, order.subject_layer)[0]
    rules = BatchRules(
        min_area_m2=order.min_area_m2, keep_slivers=target.keep_slivers, not_itself=target.not_itself
    )
    if tiles is not None:
        return _by_dask(session, order, layer, rules, tiles, on_progress)
    subjects, features = (
        read_shapes(pa.Table.from_batches(iter_rows(session, name), SCHEMA))
        for name in (order.subject_layer, layer)
    )
    return overlap_pairs(subjects, features, rules)


def _by_postgis(session: Session, order: RunOrder, layer: str, on_progress: OnProgress) -> pd.DataFrame:
    keys = list_subject_keys(session, order)
    targets = make_targets([layer], SYSTEM, order.subject_layer)
    plan_sets(session)
    found: list[tuple[Any, ...]] = []
    for start in range(0, len(keys), PORTION):
        statement = overlaps_statement(
            subject_rows(order, keys[start : start + PORTION]), targets, order.options
        )
        for sid, answer, _ in session.connection().exec_driver_sql(statement.sql, dict(statement.params)):
            items = orjson.loads(answer)["items"] or []
            found += [(sid, item["id"], *(item[name] for name in COLUMNS[2:])) for item in items]
        on_progress(min(start + PORTION, len(keys)), len(keys))
    frame = pd.DataFrame(found, columns=list(COLUMNS))
    ordered: pd.DataFrame = frame.sort_values(["subject_id", "feature_id"], ignore_index=True)
    return ordered


def _by_dask(
    session: Session, order: RunOrder, layer: str, rules: BatchRules, tiles: _Tiles, on_progress: OnProgress
) -> pd.DataFrame:
    folder = _run_folder(tiles.folder, order.subject_layer, layer)
    run = write_run(session, order.subject_layer, layer, rules, folder)
    _batch_extra("gis.overlap.batch_dask").run_tiles(tiles.client, run, on_progress)
    return read_pairs(run)


def _batch_extra(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise NotOfferedError(
            "The engine dask is not installed: pip install 'worktwin[batch]'.",
            "未安装 dask 引擎：pip install 'worktwin[batch]'。",
        ) from error


def write_run(session: Session, subject_layer: str, layer: str, rules: BatchRules, folder: Path) -> TiledRun:
    """Write two layers into the tiles of a folder; where a run of the same order has them, it goes on instead.

    Raises
    ------
    NotOfferedError
        The folder holds something else.
    """
    if folder.exists() and any(folder.iterdir()):
        begun = find_run(folder)
        if begun is None or (begun.layers, begun.rules) != ((subject_layer, layer), rules):
            raise _used_error(folder)
        return begun
    folder.mkdir(parents=True, exist_ok=True)
    run = TiledRun(str(folder), _grid(session, layer), rules, (subject_layer, layer))
    write_tiles(folder, iter_rows(session, subject_layer), run.grid, "subjects")
    write_tiles(folder, iter_rows(session, layer), run.grid, "features")
    run.save()
    return run


def _check_folder(order: RunOrder, folder: Path) -> None:
    """Refuse the folder of an order that is finished: its tiles are of older data."""
    begun = [find_run(_run_folder(folder, order.subject_layer, layer)) for layer in order.layers]
    if all(run is not None and run.is_done() for run in begun):
        raise _used_error(folder)


def _run_folder(folder: Path, subject_layer: str, layer: str) -> Path:
    return folder / f"{subject_layer}-{layer}"


def _used_error(folder: Path) -> NotOfferedError:
    return NotOfferedError(
        f"{folder} holds no unfinished run of this order, but something else; name a new folder for the tiles.",
        f"{folder} 中不是本任务的未完成运行；请指定新的分块文件夹。",
    )


def _grid(session: Session, layer: str) -> Grid:
    relation, condition, params = _source(layer)
    sql = f"""SELECT n, ST_XMin(e) AS west, ST_YMin(e) AS south, ST_XMax(e) AS east, ST_YMax(e) AS north
      FROM (SELECT count(*) AS n, ST_Extent(f.geom) AS e FROM {relation} f WHERE {condition}) q"""  # noqa: S608
    row = session.execute(text(sql), params).one()
    if not row.n or row.west is None:
        return Grid(0.0, 0.0, 1.0)
    cells = max(1.0, row.n / PER_CELL)
    side = max(((row.east - row.west) * (row.north - row.south) / cells) ** 0.5, 0.01)
    return Grid(row.west, row.south, side)


def iter_rows(session: Session, layer: str) -> Iterator[pa.RecordBatch]:
    """Stream the rows of a layer in batches of `SCHEMA`; memory stays that of one batch."""
    relation, condition, params = _source(layer)
    sql = f"""SELECT f.id, ST_AsBinary(ST_Force2D(f.geom)), ST_AsBinary(ST_Force2D(f.geom_survey)), ST_SRID(f.geom_survey)
      FROM {relation} f WHERE f.geom IS NOT NULL AND {condition}"""  # noqa: S608  names from our own list
    rows = session.connection().execution_options(stream_results=True, max_row_buffer=BATCH_ROWS)
    for part in rows.execute(text(sql), params).partitions(BATCH_ROWS):
        columns = zip(*part, strict=True)
        arrays = [
            pa.array(
                [bytes(value) if isinstance(value, memoryview) else value for value in column], field.type
            )
            for column, field in zip(columns, SCHEMA, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _source(layer: str) -> tuple[str, str, dict[str, Any]]:
    if layer in _SOURCES:
        return _SOURCES[layer][0], "true", {}
    return "layer_control_areas(NULL)", "f.layer = :layer", {"layer": layer}


def _named(session: Session, subject_layer: str, layer: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Add what people read: codes of both, the layer, and 亩."""
    named = frame.assign(
        layer=layer,
        subject_code=frame["subject_id"].map(_codes(session, subject_layer)),
        feature_code=frame["feature_id"].map(_codes(session, layer)),
        area_mu=frame["area_m2"] * MU_PER_M2,
    )
    first = ["layer", "subject_code", "feature_code", "area_m2", "area_mu", "area_plane_m2"]
    ordered: pd.DataFrame = named[[*first, *(name for name in COLUMNS if name not in first)]]
    return ordered


def _codes(session: Session, layer: str) -> dict[int, str]:
    relation, condition, params = _source(layer)
    code = _SOURCES[layer][1] if layer in _SOURCES else "code"
    rows = session.execute(
        text(f"SELECT f.id, f.{code} AS code FROM {relation} f WHERE {condition}"),  # noqa: S608  our own list
        params,
    )
    return {int(row.id): str(row.code) for row in rows}
