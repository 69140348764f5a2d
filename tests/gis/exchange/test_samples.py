"""The Shapefiles and the drawing of the sample set are read as planted."""

import json
from pathlib import Path
from typing import Any

import pytest

from gis.exchange.errors import ExchangeError
from gis.exchange.read import read_file

SAMPLES = Path(__file__).parents[3] / "data" / "samples"
EXPECTED: dict[str, Any] = json.loads((SAMPLES / "expected.json").read_text("utf-8"))["exchange"]
FOLDER = SAMPLES / "exchange"


@pytest.mark.parametrize("name", sorted(EXPECTED["shapefiles"]))
def test_a_sample_shapefile_keeps_its_chinese_names_and_areas(name: str) -> None:
    result = read_file(FOLDER / name, name)
    expected = EXPECTED["shapefiles"][name]
    assert (result.kind, result.crs, result.encoding) == ("shapefile", "EPSG:4527", expected["encoding"])
    assert [each.attributes for each in result.features] == expected["rows"]
    assert not result.warnings
    for feature, row in zip(result.features, expected["rows"], strict=True):
        assert feature.stated_area_m2 == row["MJ"]
        assert feature.computed_area_m2 == pytest.approx(row["MJ"], abs=0.006)


def test_the_sample_drawing_has_its_closed_polylines_by_layer() -> None:
    result = read_file(FOLDER / "site.dxf", "site.dxf")
    layers = [each.attributes["layer"] for each in result.features]
    expected = EXPECTED["site.dxf"]
    assert result.crs == expected["crs"]
    assert {layer: layers.count(layer) for layer in layers} == expected["closed_polylines"]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("ledger.xlsx", "import it as a ledger"),
        ("schedule-mspdi.xml", "import it at its project"),
        ("schedule-gb18030.xer", "import it at its project"),
        ("gateway.hj212", "none of boundary-point TXT"),
    ],
)
def test_sample_files_of_other_subjects_are_refused_with_the_way_to_go(name: str, remedy: str) -> None:
    with pytest.raises(ExchangeError, match=remedy):
        read_file(FOLDER / name, name)
