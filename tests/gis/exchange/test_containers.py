"""Chinese names and values come through every container."""

from pathlib import Path

import pytest

from gis.exchange.read import read_file
from tests.gis.exchange.cases import Case
from tests.gis.exchange.container_cases import container_cases

NAMED = [
    case
    for case in container_cases()
    if not case.refused and len(case.parts) == 2 and not case.file.endswith(".dxf")
]


@pytest.mark.parametrize("case", NAMED, ids=lambda case: case.name)
def test_chinese_names_come_through(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(case.data)
    features = read_file(path, case.file, case.choices).features
    names = [each.attributes.get("DKMC", each.attributes.get("Name")) for each in features]
    assert names == ["储备地块一号", "工业用地"]


def test_reading_a_geopackage_leaves_nothing_beside_it(tmp_path: Path) -> None:
    case = next(case for case in NAMED if case.name == "geopackage")
    path = tmp_path / "file"
    path.write_bytes(case.data)
    read_file(path, case.file)
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == case.data
