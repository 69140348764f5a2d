"""The clients people use, against the application on a real socket."""

import shutil
import subprocess
from pathlib import Path

import httpx
import pyogrio
import pytest
from owslib.ogcapi.features import Features

from tests.api.seeding import BIG, PUBLIC_CODE


def test_gdal_pages_through_every_feature(live_url: str) -> None:
    table = pyogrio.read_dataframe(f"OAPIF:{live_url}/ogc", layer="land_parcels")
    assert len(table) == BIG
    assert table["parcel_no"].is_unique
    west, south, east, north = table.total_bounds
    assert 115.6 < west < east < 115.8
    assert 33.1 < south < north < 33.3


def test_gdal_pushes_equality_down_and_agrees_with_the_count(live_url: str) -> None:
    table = pyogrio.read_dataframe(f"OAPIF:{live_url}/ogc", layer="projects", where=f"code = '{PUBLIC_CODE}'")
    assert list(table["code"]) == [PUBLIC_CODE]
    assert (
        pyogrio.read_info(f"OAPIF:{live_url}/ogc", layer="land_parcels", force_feature_count=True)["features"]
        == BIG
    )


def test_gdal_reads_a_tile_and_finds_the_collection_in_it(live_url: str, tmp_path: Path) -> None:
    content = httpx.get(f"{live_url}/tiles/projects/12/3363/1647.pbf").content
    (tmp_path / "1647.pbf").write_bytes(content)
    assert [name for name, _ in pyogrio.list_layers(f"MVT:{tmp_path / '1647.pbf'}")] == ["projects"]


def test_owslib_reads_conformance_collections_items_and_queryables(live_url: str) -> None:
    client = Features(f"{live_url}/ogc")
    assert any(
        name.endswith("ogcapi-features-1/1.0/conf/core") for name in client.conformance()["conformsTo"]
    )
    assert "projects" in [entry["id"] for entry in client.collections()["collections"]]
    page = client.collection_items("land_parcels", bbox=[115.6, 33.1, 115.8, 33.3], limit=5)
    assert (page["numberMatched"], page["numberReturned"]) == (BIG, 5)
    assert "progress" in client.collection_queryables("projects")["properties"]


@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="ogrinfo (gdal-bin) is not installed")
def test_the_gdal_of_the_distribution_reads_every_collection(live_url: str) -> None:
    for name in ("projects", "bim_elements", "control_areas"):
        done = subprocess.run(
            ["ogrinfo", "-al", "-so", f"OAPIF:{live_url}/ogc", name],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Feature Count: 1" in done.stdout, done.stdout + done.stderr
        assert "ERROR" not in done.stderr
