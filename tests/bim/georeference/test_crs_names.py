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


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        (CrsText("西安80 3度带39带"), "refused"),
        (CrsText("Xian_1980_3_Degree_GK_Zone_39"), "refused"),
        (CrsText("3度带39带", geodetic_datum="北京54"), "refused"),
        (CrsText("阜阳独立坐标系"), "local_grid"),
        (CrsText("Engineering grid"), "local_grid"),
        (CrsText("GK-39"), "unknown"),
        (CrsText("EPSG:999999"), "unknown"),
        (CrsText("EPSG:4479"), "unknown"),
    ],
)
def test_names_that_cannot_be_used_say_why(text: CrsText, flag: str) -> None:
    found = read_crs(text)
    assert found.code is None
    assert [name for name in ("refused", "local_grid", "unknown") if getattr(found, name)] == [flag]
    assert found.problem_en
    assert found.problem_zh


def test_a_datum_that_contradicts_the_code_is_told() -> None:
    found = read_crs(CrsText("EPSG:4527", geodetic_datum="北京54"))
    assert found.code == "EPSG:4527"
    assert "北京54" in (found.problem_en or "")


def test_a_compound_code_is_split_into_plane_and_height() -> None:
    """EPSG:5555 is ETRS89 / UTM zone 32N with DHHN92 heights: 25832 and 5783."""
    found = read_crs(CrsText("EPSG:5555"))
    assert (found.code, found.vertical) == ("EPSG:25832", "EPSG:5783")
