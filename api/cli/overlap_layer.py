"""`twin overlap --of LAYER`: every pair of a whole layer, by PostGIS, GeoPandas or Dask."""

import tempfile
from pathlib import Path

import pandas as pd
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api.cli.opened import opened_session
from gis.overlap import OverlapOptions
from twin.errors import InvalidInputError
from twin.identity.caller import SYSTEM
from twin.land.batch import Cluster, Engine, compute_pairs
from twin.land.run_order import RunOrder, order_layer


def write_layer_pairs(
    order: RunOrder, engine: Engine, output: Path, folder: Path | None, scheduler: str | None, workers: int
) -> None:
    """Compute the pairs of an order and write them as CSV or Parquet, by the end of the file's name."""
    check_output(output)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    with tempfile.TemporaryDirectory(prefix="twin-tiles-") as own, bar, opened_session() as session:
        task = bar.add_task(f"压占 overlap ({engine})", total=None)
        cluster = Cluster(folder or Path(own), scheduler, workers)
        pairs = compute_pairs(
            session, engine, order, cluster, lambda done, total: bar.update(task, completed=done, total=total)
        )
    write_pairs(pairs, output)
    typer.echo(f"{output}: {len(pairs):,} pairs 对, {pairs['area_m2'].sum():,.2f} m²", err=True)


def check_output(output: Path) -> None:
    """Refuse a name whose end says neither CSV nor Parquet.

    Raises
    ------
    InvalidInputError
        As said.
    """
    if output.suffix.lower() in (".csv", ".parquet"):
        return
    raise InvalidInputError(
        f"Pairs by GeoPandas and Dask are written as .csv or .parquet, not {output.name}; PostGIS writes more.",
        f"GeoPandas、Dask 的整层结果写为 .csv 或 .parquet，而不是 {output.name}；其他格式请用 postgis 引擎。",
    )


def write_pairs(pairs: pd.DataFrame, output: Path) -> None:
    """Write the table of pairs; CSV with a byte order mark, so that spreadsheets read Chinese codes."""
    if output.suffix.lower() == ".parquet":
        pairs.to_parquet(output, index=False)
    else:
        pairs.to_csv(output, index=False, encoding="utf-8-sig")


def layer_order(layer: str, layers: list[str], options: OverlapOptions) -> RunOrder:
    """Return the order of a whole layer for the shell, which may do everything."""
    return order_layer(SYSTEM, layer, layers, options)
