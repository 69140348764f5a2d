"""The tiled run on Dask workers: the same pairs, also when a worker is killed on the way."""

import os
import signal
from pathlib import Path

import pytest

from gis.overlap.batch_tiles import RESULTS, read_pairs, run_cell
from tests.gis.overlap.conftest import Ground
from tests.gis.overlap.test_batch import assert_same, lay_out, postgis_pairs, tiled

distributed = pytest.importorskip("distributed", reason="the extra `batch` is not installed")
batch_dask = pytest.importorskip("gis.overlap.batch_dask", reason="the extra `batch` is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.faults
def test_a_worker_killed_on_the_way_loses_and_doubles_nothing(ground: Ground, tmp_path: Path) -> None:
    lay_out(ground, 11)
    expected = postgis_pairs(ground)
    run = tiled(ground, tmp_path, 0.002)
    done: list[int] = []
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        victims = list(client.run(os.getpid).values())

        def on_progress(count: int, total: int) -> None:
            done.append(count)
            if count == 3:
                os.kill(victims[0], signal.SIGKILL)  # a process that this test started

        pairs = batch_dask.run_tiles(client, run, on_progress)
        after = set(client.run(os.getpid).values())

    assert done[-1] == len(run.cells()) > 10
    assert victims[0] not in after
    assert pairs == len(expected)
    assert_same(read_pairs(run), expected)


def test_a_run_cut_off_goes_on_with_the_cells_that_are_left(ground: Ground, tmp_path: Path) -> None:
    lay_out(ground, 12)
    run = tiled(ground, tmp_path, 0.004)
    for column, row in run.cells()[:4]:
        run_cell(run, column, row)
    before = {file.name: file.stat().st_mtime_ns for file in Path(run.folder, RESULTS).iterdir()}
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        batch_dask.run_tiles(client, run)

    kept = {name: Path(run.folder, RESULTS, name).stat().st_mtime_ns for name in before}
    assert kept == before
    assert_same(read_pairs(run), postgis_pairs(ground))
