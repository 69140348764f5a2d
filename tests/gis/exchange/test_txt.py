"""Boundary-point TXT: the sample files, round trips, what is kept and what is said."""

import json
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from gis.exchange.errors import ExchangeError
from gis.exchange.model import ReadChoices, ReadFeature
from gis.exchange.read import read_file
from gis.exchange.txt import read_txt
from gis.exchange.txt_write import write_txt
from tests.gis.exchange.boundary_cases import HOLE, SHELL, TITLE, VECTOR, boundary_cases, head, points, whole

SAMPLES = Path(__file__).parents[3] / "data" / "samples"
EXPECTED: dict[str, Any] = json.loads((SAMPLES / "expected.json").read_text("utf-8"))["exchange"]["boundary"]
NONE = ReadChoices()
GOOD = [case for case in boundary_cases() if not case.refused and case.crs is not None]


def _polygon(rings: list[list[list[float]]]) -> Polygon:
    return Polygon(rings[0], rings[1:])


@pytest.mark.parametrize("name", [name for name in EXPECTED if "mixed" not in name])
def test_a_sample_file_gives_the_planted_parcels(name: str) -> None:
    expected = EXPECTED[name]
    result = read_file(SAMPLES / "exchange" / name, name)
    assert (result.kind, result.crs, result.encoding) == ("txt", expected["crs"], expected["encoding"])
    assert not result.questions
    assert len(result.features) == len(expected["parcels"])
    for feature, parcel in zip(result.features, expected["parcels"], strict=True):
        assert feature.attributes["parcel_no"] == parcel["number"]
        assert feature.attributes["name"] == parcel["name"]
        assert feature.geometry.normalize().equals_exact(_polygon(parcel["rings"]).normalize(), 0.0005)
        assert feature.computed_area_m2 == pytest.approx(parcel["area_m2"], abs=0.006)
        assert feature.stated_area_m2 == pytest.approx(parcel["area_m2"], abs=0.6)
    corrected = any("Axis order corrected" in each.en for each in result.warnings)
    assert corrected == expected.get("axis_order_corrected", False)


def test_the_sample_file_of_two_zones_is_refused_and_read_zone_by_zone() -> None:
    path = SAMPLES / "exchange" / "boundary-mixed-zones.txt"
    with pytest.raises(ExchangeError) as caught:
        read_file(path, path.name)
    assert [fault.where for fault in caught.value.errors] == ["line 27 DK38 西部地块", "line 16 DK01 地块一"]
    west = read_file(path, path.name, ReadChoices(zone=38))
    assert (west.crs, [each.attributes["parcel_no"] for each in west.features]) == ("EPSG:4526", ["DK38"])


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
def test_what_was_read_and_written_reads_the_same(case: Any, encoding: Any) -> None:
    first = read_txt(case.data, case.choices)
    again = read_txt(write_txt(first.features, first.header, encoding=encoding), NONE)
    assert again.encoding == encoding
    assert not again.questions
    assert len(again.features) == len(first.features)
    for place, (one, other) in enumerate(zip(first.features, again.features, strict=True), 1):
        numbered = {**one.attributes, "parcel_no": one.attributes["parcel_no"] or str(place)}
        assert other.attributes == numbered
        shift_m = 39_000_000 if first.crs == "EPSG:4548" else 0
        moved = translate(one.geometry, shift_m)
        assert _same(other.geometry, moved, 1e-9 if first.crs == "EPSG:4490" else 0.0005)
        if one.stated_area_m2 is not None:
            assert other.stated_area_m2 == pytest.approx(one.stated_area_m2, abs=0.5001)


def _same(one: Any, other: Any, tolerance: float) -> bool:
    if one.is_valid:
        return bool(one.normalize().equals_exact(other.normalize(), tolerance))
    pairs = (sorted(map(tuple, shapely.get_coordinates(each).round(3).tolist())) for each in (one, other))
    return len({tuple(sorted(set(each))) for each in pairs}) == 1


def test_the_header_is_kept_as_read() -> None:
    data = whole(转换参数=",,,,,,", 数据产生单位="", 备注="甲=乙")
    result = read_txt(data, NONE)
    assert result.header["转换参数"] == ",,,,,,"
    again = write_txt(result.features, result.header)
    assert read_txt(again, NONE).header == result.header
    text = again.decode("gb18030")
    assert "转换参数=,,,,,,\r\n" in text
    assert text.index("备注=甲=乙") < text.index("格式版本号=")


def test_the_writer_keeps_to_the_format() -> None:
    text = write_txt(read_txt(whole(), NONE).features).decode("gb18030")
    lines = text.split("\r\n")
    assert [line.split("=")[0] for line in lines[1:11]] == [
        "格式版本号", "数据产生单位", "数据产生日期", "坐标系", "几度分带", "投影类型", "计量单位", "带号", "精度", "转换参数",
    ]  # fmt: skip
    assert lines[12:] == [*VECTOR, ""]


def test_utf_8_is_written_with_a_mark() -> None:
    assert write_txt(read_txt(whole(), NONE).features, encoding="UTF-8").startswith(b"\xef\xbb\xbf[")


def test_every_ring_begins_in_the_north_west_and_shells_run_clockwise() -> None:
    turned = Polygon([(y, x) for x, y in SHELL[2:] + SHELL[:2]][::-1], [[(y, x) for x, y in HOLE]])
    feature = ReadFeature(turned, "EPSG:4527", {"parcel_no": "DK01"}, "", computed_area_m2=27_988.57)
    lines = write_txt([feature]).decode("gb18030").split("\r\n")
    assert lines[13:18] == VECTOR[1:6]
    assert lines[12] == "10,2.7989,DK01,,面,,,,@"


def test_a_multipolygon_with_holes_comes_back_whole() -> None:
    vector = read_txt(whole(), NONE).features[0].geometry
    many = MultiPolygon([vector, translate(vector, 500, 0), box(39371260, 3671360, 39371270, 3671370)])
    feature = ReadFeature(many, "EPSG:4527", {"parcel_no": "1", "name": "三块"}, "")
    again = read_txt(write_txt([feature]), NONE).features[0]
    assert again.geometry.normalize().equals_exact(many.normalize(), 0.0005)


@given(
    st.lists(
        st.tuples(st.integers(0, 2_000_000), st.integers(0, 2_000_000)), min_size=3, max_size=12, unique=True
    )
)
@settings(deadline=None, max_examples=60)
def test_any_polygon_in_millimetres_comes_back_exactly(millimetres: list[tuple[int, int]]) -> None:
    hull = shapely.MultiPoint(
        [(39_400_000 + x / 1000, 3_660_000 + y / 1000) for x, y in millimetres]
    ).convex_hull
    if not isinstance(hull, Polygon) or hull.area < 1:
        return
    hull = shapely.set_precision(hull, 0.001)
    feature = ReadFeature(hull, "EPSG:4527", {"parcel_no": "1", "name": "甲", "use": "绿地"}, "")
    again = read_txt(write_txt([feature]), NONE).features[0]
    assert again.geometry.normalize().equals_exact(hull.normalize(), 0.0005)


def test_point_numbers_are_kept_as_text() -> None:
    rows = [TITLE, *points(SHELL, style="J{:02d}"), *points(HOLE, 2, 5, style="J{:02d}")]
    names = read_txt(whole(rows), NONE).features[0].vertex_names
    assert names == [["J01", "J02", "J03", "J04", "J01"], ["J05", "J06", "J07", "J08", "J05"]]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("10,1,DK01,地块一,面,I50G001001,工业用地,0601,@", ("I50G001001", "工业用地", "0601")),
        ("10,1,DK01,地块一,面,工业用地,0601,@", (None, "工业用地", "0601")),
        ("10,1,DK01,地块一,面,I50G001001,0601,@", ("I50G001001", None, "0601")),
        ("10,1,DK01,地块一,面,,工业用地@", (None, "工业用地", None)),
        ("10,1,DK01,地块一,面,@", (None, None, None)),
    ],
)
def test_fields_left_out_of_a_header_are_null(title: str, expected: tuple[str | None, ...]) -> None:
    attributes = read_txt(whole([title, *VECTOR[1:]]), NONE).features[0].attributes
    assert (attributes["sheet"], attributes["use"], attributes["land_code"]) == expected


def test_a_stated_area_in_square_metres_by_mistake_is_converted() -> None:
    data = whole(["10,27988.57,DK01,地块一,面,,,,@", *VECTOR[1:]])
    assert read_txt(data, NONE).features[0].stated_area_m2 == pytest.approx(27_988.57)


def test_an_invalid_outline_comes_with_a_repair_to_accept() -> None:
    bow_tie = ["5,1.5,DK01,地块一,面,,,,@", *points([SHELL[0], SHELL[2], SHELL[1], SHELL[3]])]
    feature = read_txt(whole(bow_tie), NONE).features[0]
    assert not feature.geometry.is_valid
    assert feature.repaired is not None
    assert feature.repaired.is_valid
    # Two triangles of 200 m × 150 m whose diagonals cross in the middle: 2 × (200 × 75 / 2).
    assert feature.repaired.area == pytest.approx(15_000)
    assert feature.repair_note is not None
    assert "2 个部分" in feature.repair_note


def test_lines_and_points_are_written_and_read() -> None:
    line = ReadFeature(
        LineString([(39371200, 3671300), (39371300.5, 3671400)]), "EPSG:4527", {"parcel_no": "1"}, ""
    )
    point = ReadFeature(Point(39371200, 3671300), "EPSG:4527", {"parcel_no": "2"}, "")
    again = read_txt(write_txt([line, point]), NONE).features
    assert [each.attributes["kind"] for each in again] == ["线", "点"]
    assert [each.geometry for each in again] == [line.geometry, point.geometry]


def test_what_the_format_cannot_say_is_not_written() -> None:
    square = box(0, 0, 1, 1)
    with pytest.raises(ExchangeError, match="nothing to write"):
        write_txt([])
    with pytest.raises(ExchangeError, match="EPSG:3857"):
        write_txt([ReadFeature(square, "EPSG:3857", {}, "")])
    with pytest.raises(ExchangeError, match="EPSG:4526, EPSG:4527"):
        write_txt([ReadFeature(square, f"EPSG:{code}", {}, "") for code in (4526, 4527)])


def test_every_assumption_has_its_evidence() -> None:
    subjects = [each.subject for each in read_txt(whole(), NONE).crs_evidence]
    assert set(subjects) == {"encoding", "axis", "unit", "zone", "crs"}


def test_a_parcel_without_points_is_told_and_left_out() -> None:
    result = read_txt(whole([*VECTOR, "5,1,DK02,空,面,,,,@"]), NONE)
    assert [each.attributes["parcel_no"] for each in result.features] == ["DK01"]
    assert any(each.where == "line 24 DK02 空" for each in result.warnings)


def test_the_whole_head_is_the_fixed_keys() -> None:
    assert len(head()) == 11
