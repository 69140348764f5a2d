"""Cells of a tiled overlap spread over Dask workers, on this machine or on several that share the folder.

Needs the extra `batch`. A worker that dies loses only the cells it was at; they go to another. Results are files,
so a scheduler that dies loses nothing that was done: the same run started again goes on. Dask's ports run code for
whoever reaches them: they belong on a private network, with TLS (`distributed.security`).
"""

from collections.abc import Callable

from distributed import Client, as_completed

from gis.overlap.batch_tiles import TiledRun, run_cell

TRIES = 5
"""A cell whose worker died is tried again so often; one that fails by itself ends the run."""


def run_tiles(client: Client, run: TiledRun, on_progress: Callable[[int, int], None] | None = None) -> int:
    """Do every cell of a run that is not done yet; returns the number of pairs.

    Parameters
    ----------
    on_progress : callable, optional
        Told how many cells of how many are done.
    """
    cells = run.cells()
    columns, rows = [column for column, _ in cells], [row for _, row in cells]
    futures = client.map(run_cell, [run] * len(cells), columns, rows, pure=False, retries=TRIES)
    pairs = 0
    for done, (_, found) in enumerate(as_completed(futures, with_results=True), start=1):
        pairs += found
        if on_progress is not None:
            on_progress(done, len(cells))
    return pairs
