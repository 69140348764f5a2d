"""Shapefiles, boundary-point TXT and GeoJSON of a report, read back by others: places, areas, Chinese names."""

import io
import json
import re
import zipfile
from pathlib import Path

import pyogrio
import pytest
import shapely
from shapely.geometry import shape

from gis.area import geodesic_area_m2
from gis.exchange import ReadChoices, read_file
from gis.report import render_geojson, render_shapefile, render_txt
from gis.report.records import ATTRIBUTES
from tests.gis.report.answers import (
    FARMLAND,
    FARMLAND_M2,
    NAME,
    PROJECT,
    PROJECT_M2,
    RESERVE,
    RESERVE_M2,
    answer,
    box,
    item,
    layer,
    report,
)


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    path = tmp_path / "overlap.zip"
    path.write_bytes(render_shapefile([report()]))
    return path


def test_shapefiles_hold_pieces_remainders_and_the_subject(shapes: Path) -> None:
    pieces = pyogrio.read_dataframe(f"/vsizip/{shapes}/overlap.shp")
    assert pieces.crs.to_epsg() == 4527
    assert list(pieces["XH"]) == ["1", "2", "3", "4"]
    assert list(pieces["TCMC"]) == ["地类图斑", "地类图斑", "永久基本农田", "储备地块"]
    assert pieces["DXMC"].unique().tolist() == [NAME]
    farmland = pieces.iloc[2]
    assert (farmland["TBMC"], farmland["DLMC"], farmland["LJ"]) == ("禾丰村基本农田", "旱地", "是")
    assert farmland["MJ_M2"] == pytest.approx(FARMLAND_M2, abs=0.01)
    assert farmland["MJ_MU"] == pytest.approx(2.6989, abs=0.0001)
    assert farmland.geometry.symmetric_difference(FARMLAND).area < 0.01
    rest = pyogrio.read_dataframe(f"/vsizip/{shapes}/remainder.shp")
    assert dict(zip(rest["TC"], rest["MJ_M2"], strict=True))["land_parcels"] == pytest.approx(
        PROJECT_M2 - RESERVE_M2, abs=0.02
    )
    subject = pyogrio.read_dataframe(f"/vsizip/{shapes}/subject.shp")
    assert subject.geometry[0].symmetric_difference(PROJECT).area < 0.01


def test_coordinates_are_whole_millimetres(shapes: Path) -> None:
    pieces = pyogrio.read_dataframe(f"/vsizip/{shapes}/overlap.shp")
    xy = shapely.get_coordinates(pieces.geometry.values)
    assert abs(xy * 1000 - (xy * 1000).round()).max() < 1e-3


def test_field_names_are_short_ascii_with_a_table_and_the_encoding_beside_them(shapes: Path) -> None:
    assert all(each.short.isascii() and len(each.short) <= 10 for each in ATTRIBUTES)
    with zipfile.ZipFile(shapes) as archive:
        assert archive.read("overlap.cpg").decode().strip() == "UTF-8"
        table = archive.read("fields.csv").decode("utf-8-sig")
        stamp = archive.read("README.txt").decode("utf-8-sig")
        assert "CGCS2000_3_Degree_GK_Zone_39" in archive.read("overlap.prj").decode()
    assert "DLBM,class_code,类别代码" in table
    for words in (
        "EPSG:4527",
        "data_versions: dltb 2025-10-31T16:00:00+00:00",
        "synthetic: true",
        "张三",
        "椭球面积",
    ):
        assert words in stamp


def test_our_own_reader_takes_the_shapefile_back(shapes: Path) -> None:
    found = read_file(shapes, "压占.zip", ReadChoices(layer="overlap"))
    assert (found.crs, found.encoding) == ("EPSG:4527", "UTF-8")
    assert [each.attributes["TBMC"] for each in found.features] == [
        "图斑00001",
        "图斑00002",
        "禾丰村基本农田",
        "城东一号",
    ]


@pytest.mark.parametrize("encoding", ["GB18030", "UTF-8"])
def test_the_boundary_points_come_back_to_the_millimetre(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(render_txt([report()], encoding))  # type: ignore[arg-type]
    found = read_file(path, "a.txt", ReadChoices())
    assert (found.crs, found.encoding) == ("EPSG:4527", encoding)
    assert [each.attributes["parcel_no"] for each in found.features][:4] == ["1", "2", "3", "4"]
    reserve = found.features[3]
    assert reserve.attributes["name"] == "压占 储备地块 储-1 城东一号"
    assert (reserve.attributes["use"], reserve.attributes["land_code"]) == ("工业用地", "0601")
    assert reserve.stated_area_m2 == pytest.approx(7_997, abs=0.5)  # hectares with four decimals
    assert shapely.equals_exact(reserve.geometry.normalize(), RESERVE.normalize(), tolerance=0.0005)
    left = next(each for each in found.features if each.attributes["name"] == "未压占 储备地块")
    assert left.computed_area_m2 == pytest.approx(PROJECT_M2 - RESERVE_M2, abs=0.05)


def test_a_subject_that_hits_nothing_is_written_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(render_txt([report(answer(layers=[layer("ecology", "生态保护红线", [], None)]))]))
    found = read_file(path, "a.txt", ReadChoices())
    assert [each.attributes["name"] for each in found.features] == ["用地范围"]
    assert found.features[0].computed_area_m2 == pytest.approx(PROJECT_M2, abs=0.01)


def test_geojson_has_nine_decimals_and_says_its_system() -> None:
    body = json.loads(render_geojson([report()]))
    assert "EPSG:4490" in body["worktwin"]["crs"]
    assert body["worktwin"]["synthetic"] == "true"
    pieces = [each for each in body["features"] if each["properties"]["kind"] == "overlap"]
    assert [each["properties"]["number"] for each in pieces] == ["1", "2", "3", "4"]
    reserve = pieces[3]
    assert reserve["properties"]["layer_title"] == "储备地块"
    assert geodesic_area_m2(shape(reserve["geometry"])) == pytest.approx(RESERVE_M2, abs=0.02)
    ring = reserve["geometry"]["coordinates"][0]
    assert all(len(str(value).split(".")[1]) <= 9 for point in ring for value in point)
    assert max(len(str(value).split(".")[1]) for point in ring for value in point) >= 8
    assert shapely.LinearRing(ring).is_ccw


def test_a_feature_in_two_parts_is_numbered_by_part_and_its_parts_add_up() -> None:
    two = box(0, 0, 10, 150) | box(30, 0, 40, 100)
    parts = 1_500 * PROJECT_M2 / 28_000, 1_000 * PROJECT_M2 / 28_000
    found = report(
        answer(
            layers=[
                layer(
                    "dltb",
                    "地类图斑",
                    [item(7, ("7", "七", "0103", "旱地"), two, sum(parts))],
                    two,
                    sum(parts),
                )
            ]
        )
    )
    rows = [each["properties"] for each in json.loads(render_geojson([found]))["features"]]
    pieces = [row for row in rows if row["kind"] == "overlap"]
    assert [row["number"] for row in pieces] == ["1-1", "1-2"]
    assert [row["area_m2"] for row in pieces] == pytest.approx(parts, abs=0.01)


def test_a_large_subject_brings_the_caution_about_surveying_secrets() -> None:
    wide = report(outline=box(0, 0, 6_000, 6_000))
    with zipfile.ZipFile(io.BytesIO(render_shapefile([wide]))) as archive:
        found = re.search(r"(\d+) 平方千米", archive.read("README.txt").decode("utf-8-sig"))
        assert found is not None
        assert 35 <= int(found[1]) <= 38  # 6 km by 6 km, roughly
    with zipfile.ZipFile(io.BytesIO(render_shapefile([report()]))) as archive:
        assert "平方千米" not in archive.read("README.txt").decode("utf-8-sig")
