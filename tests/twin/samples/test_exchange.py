"""Import files, opened with other people's readers."""

import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyogrio
import pytest
from openpyxl import load_workbook
from PIL import Image

Rows = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def exchange(folder: Path) -> Path:
    return folder / "exchange"


@pytest.mark.parametrize(
    ("name", "encoding"), [("parcels-gbk-without-cpg.zip", "gb18030"), ("parcels-utf8.zip", "utf-8")]
)
def test_shapefiles_hold_the_same_parcels(
    exchange: Path, expected: dict[str, Any], name: str, encoding: str
) -> None:
    frame = pyogrio.read_dataframe(f"/vsizip/{exchange / name}", encoding=encoding)
    rows = expected["exchange"]["shapefiles"][name]["rows"]
    assert list(frame.DKMC) == [row["DKMC"] for row in rows] == [f"储备地块{n:03d}号" for n in range(21, 25)]
    assert frame.crs.to_epsg() == 4527
    assert frame.geometry.is_valid.all()


def test_gbk_shapefile_says_nothing_of_its_encoding(exchange: Path) -> None:
    with zipfile.ZipFile(exchange / "parcels-gbk-without-cpg.zip") as archive:
        assert not any(name.endswith(".cpg") for name in archive.namelist())
        dbf = archive.read("parcels.dbf")
    assert dbf[29] == 0
    assert "储备地块".encode("gbk") in dbf


def test_archives_are_stored_with_one_stamp(exchange: Path) -> None:
    for path in [*exchange.glob("*.zip"), *exchange.glob("*.xlsx")]:
        with zipfile.ZipFile(path) as archive:
            assert {i.date_time for i in archive.infolist()} == {(2025, 10, 31, 0, 0, 0)}
            assert {i.compress_type for i in archive.infolist()} == {zipfile.ZIP_STORED}


def _points(text: str) -> list[tuple[float, float]]:
    return [
        (float(a), float(b)) for a, b in re.findall(r"^J\d+,\d+,([\d.]+),([\d.]+)\r?$", text, re.MULTILINE)
    ]


def test_boundary_variants_hold_the_vector_parcel(exchange: Path) -> None:
    plain = _points((exchange / "boundary-gbk.txt").read_bytes().decode("gbk"))
    marked = _points((exchange / "boundary-utf8-bom.txt").read_bytes().decode("utf-8-sig"))
    swapped = _points((exchange / "boundary-swapped.txt").read_bytes().decode("gbk"))
    assert plain[:2] == [(3671450.0, 39371200.0), (3671450.0, 39371400.0)]
    assert len(plain) == 10
    assert marked == plain
    assert [(b, a) for a, b in swapped] == plain


def test_example_of_the_format_reference_is_met_line_by_line(exchange: Path) -> None:
    lines = (exchange / "boundary-gbk.txt").read_bytes().decode("gbk").split("\r\n")
    assert "10,2.7989,DK01,地块一,面,,工业用地,0601,@" in lines
    assert lines[lines.index("[地块坐标]") + 7] == "J5,2,3671390.000,39371250.000"


def test_zone_38_file_lies_west_of_115_and_a_half_degrees(exchange: Path) -> None:
    points = _points((exchange / "boundary-zone38.txt").read_bytes().decode("gbk"))
    assert {int(east // 1_000_000) for _, east in points} == {38}


def test_ledger_opens_with_merged_header_and_real_dates(exchange: Path, expected: dict[str, Any]) -> None:
    sheet = load_workbook(exchange / "ledger.xlsx")["台账"]
    assert {str(r) for r in sheet.merged_cells.ranges} >= {"A1:I1", "E2:F2", "D2:D3"}
    assert sheet["D2"].value == "总投资（万元）"
    assert sheet["E7"].is_date
    names = [row[1] for row in sheet.iter_rows(min_row=4, values_only=True) if isinstance(row[0], int)]
    assert names == [row["name"] for row in expected["exchange"]["ledger.xlsx"]["rows"]]


def test_drawing_has_closed_polylines_on_two_chinese_layers(exchange: Path) -> None:
    frame = pyogrio.read_dataframe(exchange / "site.dxf")
    assert sorted(frame.Layer) == ["建筑", "建筑", "红线"]
    assert all(line.is_closed for line in frame.geometry)


def test_xer_is_gb18030_and_keeps_the_chinese_names(exchange: Path, expected: dict[str, Any]) -> None:
    content = (exchange / "schedule-gb18030.xer").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    lines = [line.split("\t") for line in content.decode("gb18030").split("\r\n")]
    start = next(n for n, line in enumerate(lines) if line == ["%T", "TASK"])
    column = lines[start + 1].index("task_name")
    end = next(n for n, line in enumerate(lines) if n > start and line[0] == "%T")
    names = [line[column] for line in lines[start + 2 : end]]
    assert names == expected["exchange"]["schedules"]["names"]


def test_mspdi_is_well_formed_with_baselines(exchange: Path, expected: dict[str, Any]) -> None:
    root = ElementTree.fromstring((exchange / "schedule-mspdi.xml").read_bytes())
    space = {"p": "http://schemas.microsoft.com/project"}
    tasks = [t for t in root.findall(".//p:Task", space) if t.findtext("p:UID", None, space) != "0"]
    assert [t.findtext("p:Name", None, space) for t in tasks] == expected["exchange"]["schedules"]["names"]
    assert all(t.find("p:Baseline", space) is not None for t in tasks)


def _crc(segment: bytes) -> int:
    """The table form of `live.md` §5.2, another way than the generator's."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
        table.append(value)
    register = 0xFFFF
    for byte in segment:
        register = table[(register >> 8) ^ byte]
    return register


def test_hj212_log_has_the_planned_frames(exchange: Path, expected: dict[str, Any]) -> None:
    content = (exchange / "gateway.hj212").read_bytes()
    frames = re.findall(rb"##(\d{4})([^#\r]+)([0-9A-F]{4})\r\n", content)
    stated = expected["exchange"]["gateway.hj212"]
    assert len(frames) == stated["frames"]
    assert all(int(length) == len(segment) for length, segment, _ in frames)
    assert sum(_crc(segment) != int(check, 16) for _, segment, check in frames) == stated["bad_crc"]
    assert sum(b"a99999" in segment for _, segment, _ in frames) == stated["with_unknown_factor"]
    assert sum(segment.endswith(b";&&") for _, segment, _ in frames) == stated["with_empty_tail"]


def test_crc_vector_of_the_standard() -> None:
    segment = b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&"
    assert _crc(segment) == 0x1C80


def test_photos_open_and_two_carry_a_position(folder: Path) -> None:
    placed = []
    for path in sorted((folder / "photos").iterdir()):
        with Image.open(path) as image:
            image.load()
            assert image.size == (64, 48)
            if image.getexif().get_ifd(0x8825):
                placed.append(path.name)
    assert placed == ["dust.jpg", "road.jpg"]


def test_png_checks_hold(folder: Path) -> None:
    content = (folder / "photos" / "water.png").read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", content[16:24]) == (64, 48)


def test_phone_coordinates_lie_where_the_formula_puts_them(rows: Rows, expected: dict[str, Any]) -> None:
    """In the district GCJ-02 stands 530–560 m ESE of the true place (`exchange-formats.md` §7.4)."""
    true = expected["reports"]["true_lonlat"]
    for report in rows("citizen_reports"):
        lon, lat = (float(v) for v in true[report["ticket_no"]])
        east = (float(report["raw_lon"]) - lon) * 93_500
        north = (float(report["raw_lat"]) - lat) * 110_900
        distance = (east * east + north * north) ** 0.5
        if report["coord_type"] == "wgs84":
            assert distance == 0
        if report["coord_type"] == "gcj02":
            assert 525 < distance < 565
            assert east > 0 > north
