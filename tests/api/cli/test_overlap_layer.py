"""`twin overlap --of LAYER --engine …`: whole layers from the shell, the same pairs by every engine."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.api.cli.test_commands import Twin, twin
from tests.api.seeding import PUBLIC_CODE

__all__ = ["twin"]
ALL = "projects,land_parcels,farmland,urban_boundary"


def pairs(twin: Twin, path: Path, engine: str, *more: str) -> pd.DataFrame:
    result = twin("overlap", "--of", "projects", "--layers", ALL, "--engine", engine, "-o", str(path), *more)
    assert result.exit_code == 0, result.output
    frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    ordered: pd.DataFrame = frame.sort_values(["layer", "subject_id", "feature_id"], ignore_index=True)
    return ordered


@pytest.mark.filterwarnings("ignore")
def test_the_three_engines_write_the_same_pairs(twin: Twin, tmp_path: Path) -> None:
    by_postgis = pairs(twin, tmp_path / "a.csv", "postgis")
    by_geopandas = pairs(twin, tmp_path / "b.parquet", "geopandas")
    by_dask = pairs(
        twin, tmp_path / "c.parquet", "dask", "--folder", str(tmp_path / "tiles"), "--workers", "1"
    )

    assert PUBLIC_CODE in set(by_postgis["subject_code"])
    assert {"farmland", "urban_boundary"} <= set(by_postgis["layer"])
    for other in (by_geopandas, by_dask):
        same = ["layer", "subject_code", "feature_code", "pieces", "critical"]
        pd.testing.assert_frame_equal(by_postgis[same], other[same], check_dtype=False)
        np.testing.assert_allclose(by_postgis["area_m2"], other["area_m2"], rtol=1e-12)
        np.testing.assert_allclose(by_postgis["area_mu"], other["area_m2"] * 3 / 2000, rtol=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_a_run_that_was_cut_off_goes_on_in_its_folder_and_a_finished_one_does_not(
    twin: Twin, tmp_path: Path
) -> None:
    dask = ("--folder", str(tmp_path / "tiles"), "--workers", "1")
    whole = pairs(twin, tmp_path / "a.parquet", "dask", *dask)
    results = sorted((tmp_path / "tiles").glob("*/pairs/*.parquet"))
    kept = {file: file.stat().st_mtime_ns for file in results[1:]}
    assert kept
    again = twin(
        "overlap",
        "--of",
        "projects",
        "--layers",
        ALL,
        "--engine",
        "dask",
        *dask,
        "-o",
        str(tmp_path / "b.csv"),
    )
    assert again.exit_code == 1
    assert "new folder" in again.output
    results[0].unlink()
    other = twin("overlap", "--of", "projects", "--layers", ALL, "--engine", "dask", *dask, "--min-area", "50",
                 "-o", str(tmp_path / "b.csv"))  # fmt: skip
    assert other.exit_code == 1

    pd.testing.assert_frame_equal(pairs(twin, tmp_path / "c.parquet", "dask", *dask), whole)
    assert {file: file.stat().st_mtime_ns for file in kept} == kept


def test_a_folder_in_use_and_a_wrong_end_are_refused(twin: Twin, tmp_path: Path) -> None:
    (tmp_path / "projects-river").mkdir()
    (tmp_path / "projects-river" / "x").write_text("1")
    refused = twin(
        "overlap", "--of", "projects", "--layers", "river", "--engine", "dask",
        "--folder", str(tmp_path), "-o", str(tmp_path / "a.csv"),
    )  # fmt: skip
    assert refused.exit_code == 1
    assert "projects-river" in refused.output
    wrong = twin("overlap", "--of", "projects", "-o", str(tmp_path / "a.docx"))
    assert wrong.exit_code == 1
    assert ".parquet" in wrong.output


def test_a_buffer_is_left_to_postgis(twin: Twin, tmp_path: Path) -> None:
    path = str(tmp_path / "a.csv")
    refused = twin("overlap", "--of", "projects", "--engine", "geopandas", "--buffer", "5", "-o", path)
    assert refused.exit_code == 1
    assert "postgis" in refused.output
