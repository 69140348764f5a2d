"""Names of coordinate systems as files write them."""

import pytest

from bim.georeference.crs_names import read_crs
from bim.georeference.facts import CrsText


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("EPSG:4527", "EPSG:4527"),
        ("epsg:4527", "EPSG:4527"),
        ("4527", "EPSG:4527"),
        ("EPSG::4527", "EPSG:4527"),
        ("urn:ogc:def:crs:EPSG::4527", "EPSG:4527"),
        ("CGCS2000 / 3-degree Gauss-Kruger zone 39", "EPSG:4527"),
        ("CGCS2000_3_Degree_GK_Zone_39", "EPSG:4527"),
        ("CGCS2000 / 3-degree Gauss-Kruger CM 117E", "EPSG:4548"),
        ("CGCS2000_3_Degree_GK_CM_117E", "EPSG:4548"),
        ("CGCS2000 3度带 中央经线117", "EPSG:4548"),
        ("CGCS2000 39带", "EPSG:4527"),
        ("CGCS2000 / Gauss-Kruger zone 20", "EPSG:4498"),
        ("EPSG:4527,EPSG:5737", "EPSG:4527"),
        ("EPSG:4527+5737", "EPSG:4527"),
        ("CGCS2000", "EPSG:4490"),
        ("", None),
        (None, None),
        ("某市独立坐标系", None),
    ],
)
def test_spellings_are_understood(name: str | None, code: str | None) -> None:
    assert read_crs(CrsText(name)).code == code


def test_vertical_part_is_split_off() -> None:
    assert read_crs(CrsText("EPSG:4527,EPSG:5737")).vertical == "EPSG:5737"
    assert read_crs(CrsText("EPSG:4527", vertical_datum="1985国家高程基准")).vertical == "1985国家高程基准"


def test_zone_in_its_own_field_is_used_with_the_datum() -> None:
    assert read_crs(CrsText("CGCS2000", map_projection="Gauss-Kruger", map_zone="39")).code == "EPSG:4527"


def test_geographic_system_is_marked() -> None:
    assert read_crs(CrsText("CGCS2000")).geographic


@pytest.mark.parametrize("name", ["EPSG:2363", "EPSG:2415", "EPSG:4610"])
def test_old_datums_are_refused(name: str) -> None:
    found = read_crs(CrsText(name))
    assert found.code is None
    assert "old datum" in (found.problem_en or "")
    assert "旧基准" in (found.problem_zh or "")
