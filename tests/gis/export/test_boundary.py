"""Surveyed outlines as boundary-point TXT: as surveyed, one zone a file, nothing that the reader may not see."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import shapely

from gis.crs import CRS84, parse_crs
from gis.errors import InvalidParameterError, TooComplexError
from gis.exchange import ReadChoices, ReadResult, read_file
from gis.export import BOUNDARY_TEXT, Extract, Origin, Written, open_room, write_file
from gis.export import boundary as module
from gis.export.boundary import settled, with_survey_choices, zones_of
from gis.layer import Field, Layer, Selection, Surveyed
from gis.statement import EVERYTHING

FRAME = """
CREATE TABLE staked (id bigint PRIMARY KEY, no text, title text, use text, class text, stated float8, area_m2 float8,
  geom geometry(MultiPolygon, 4490), geom_survey geometry(MultiPolygon));
INSERT INTO staked SELECT v.id, v.no, v.title, v.use, v.class, v.stated, 9999.51,
  ST_Multi(ST_Transform(ST_SetSRID(v.shape::geometry, v.srid), 4490)), ST_Multi(ST_SetSRID(v.shape::geometry, v.srid))
FROM (VALUES
 (1, 'DK01', '地块一，东区', '工业用地', '0601', 27988.57, 4527, 'POLYGON((39371200 3671450, 39371400 3671450,
    39371400 3671300, 39371200 3671300, 39371200 3671450), (39371250 3671390, 39371300 3671390, 39371300 3671350,
    39371250 3671350, 39371250 3671390))'),
 (2, 'DK02', '㙍塬', NULL, NULL, NULL, 4527, 'MULTIPOLYGON(((39371500.1234 3671300.0016, 39371600 3671300,
    39371600 3671400, 39371500.1234 3671300.0016)), ((39371700 3671300, 39371800 3671300, 39371800 3671400,
    39371700 3671300)))'),
 (3, NULL, NULL, NULL, NULL, NULL, 4548, 'POLYGON((371900 3671300, 372000 3671300, 372000 3671400, 371900 3671300))'),
 (4, 'DK38', '西部地块', '工业用地', '0601', 17593, 4526, 'POLYGON((38630100 3660310, 38630260 3660310,
    38630260 3660200, 38630100 3660200, 38630100 3660310))')
) AS v(id, no, title, use, class, stated, srid, shape);
INSERT INTO staked (id, no) VALUES (5, '无图形');
"""
LAYER = Layer(
    id="staked",
    title_zh="测试界址",
    title_en="Staked",
    description="",
    relation="staked",
    geometry_type="polygon",
    surveyed=Surveyed("no", "title", use="use", land_code="class", areas=("stated", "area_m2")),
    fields=(
        Field("no", "string", "编号", "Number"),
        Field("title", "string", "名称", "Title"),
        Field("use", "string", "用途", "Use"),
        Field("class", "string", "地类", "Class"),
        Field("stated", "number", "登记面积", "Stated", unit="m²"),
        Field("area_m2", "number", "面积", "Area", unit="m²"),
    ),
)
SEEN = Selection(LAYER, EVERYTHING)
ZONE_39 = Extract(SEEN, zone=39)


@pytest.fixture(scope="session")
def staked(postgis_url: str) -> str:
    """URL of the database with surveyed outlines in two zones."""
    with psycopg.connect(postgis_url, autocommit=True) as connection:
        connection.execute(FRAME.encode())
    return postgis_url


@pytest.fixture
def connection(staked: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(staked) as connection:
        yield connection


def write(connection: psycopg.Connection, extract: Extract, folder: Path) -> tuple[bytes, Written]:
    with open_room(folder) as room:
        origin = Origin("王规划 (planner)", synthetic=True)
        written = write_file(connection, extract, BOUNDARY_TEXT, room, origin)
        return written.path.read_bytes(), written


def read(content: bytes, folder: Path) -> ReadResult:
    path = folder / "a.txt"
    path.write_bytes(content)
    return read_file(path, "a.txt", ReadChoices())


def test_outlines_come_back_as_they_were_surveyed_with_holes_parts_and_heads(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    content, written = write(connection, ZONE_39, tmp_path)
    assert (written.returned, written.srid, written.next) == (3, 4527, None)
    found = read(content, tmp_path)
    assert (found.crs, found.encoding, found.questions) == ("EPSG:4527", "GB18030", [])
    one, two, three = found.features
    assert one.geometry.area == 28_000.0  # 200 × 150 − 50 × 40
    assert two.geometry.geom_type == "MultiPolygon"
    assert shapely.get_coordinates(two.geometry)[:, 0].min() == 39_371_500.123
    assert "3671300.002,39371500.123" in content.decode("gb18030")
    assert three.geometry.bounds == (39_371_900, 3_671_300, 39_372_000, 3_671_400)  # 4548 has no zone number
    names = ("parcel_no", "name", "kind", "sheet", "use", "land_code")
    assert [one.attributes[name] for name in names] == [
        "DK01",
        "地块一，东区",
        "面",
        None,
        "工业用地",
        "0601",
    ]
    assert [two.attributes[name] for name in names] == ["DK02", "㙍塬", "面", None, None, None]
    assert three.attributes["parcel_no"] == "3"
    assert (one.stated_area_m2, two.stated_area_m2) == (
        27_989.0,
        10_000.0,
    )  # 2.7989 ha; without one the computed


def test_the_head_says_zone_order_and_where_the_file_comes_from(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    content, _ = write(connection, ZONE_39, tmp_path)
    head = content.decode("gb18030").partition("[地块坐标]")[0].split("\r\n")
    assert {"带号=39", "几度分带=3", "坐标系=2000国家大地坐标系", "计量单位=米", "[属性描述]"} <= set(head)
    assert {"synthetic=true", "features=3", "layer=staked", "operator=王规划 (planner)"} <= set(head)
    assert any(line.startswith("crs=EPSG:4527, X = north") for line in head)


def test_utf_8_is_written_with_a_byte_order_mark_when_asked_for(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    content, _ = write(connection, with_survey_choices(ZONE_39, "39", "utf-8"), tmp_path)
    assert content.startswith(b"\xef\xbb\xbf[")
    assert content.count(b"\xef\xbb\xbf") == 1
    assert "㙍塬".encode() in content


def test_several_zones_are_refused_with_the_zones_to_choose_from(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    with pytest.raises(InvalidParameterError, match=r"1 in zone 38 \(zone=38\), 3 in zone 39") as refused:
        write(connection, Extract(SEEN), tmp_path)
    assert refused.value.where == "zone"
    assert "逐带导出" in refused.value.zh
    content, written = write(connection, Extract(SEEN, zone=38), tmp_path)
    assert (written.returned, written.srid) == (1, 4526)
    assert read(content, tmp_path).crs == "EPSG:4526"
    with pytest.raises(InvalidParameterError, match="zone=39"):
        write(connection, Extract(SEEN, zone=40), tmp_path)


def test_pages_follow_one_another_within_the_zone(connection: psycopg.Connection, tmp_path: Path) -> None:
    _, first = write(connection, replace(ZONE_39, limit=2), tmp_path)
    assert (first.returned, first.found.count) == (2, 2)
    assert first.next is not None
    content, last = write(connection, replace(ZONE_39, limit=2, after=first.next), tmp_path)
    assert (last.returned, last.next) == (1, None)
    assert len(read(content, tmp_path).features) == 1


def test_fields_that_are_not_seen_are_not_written(connection: psycopg.Connection, tmp_path: Path) -> None:
    narrow = Selection(LAYER.for_fields(["no"]), EVERYTHING)
    content, _ = write(connection, Extract(narrow, zone=38), tmp_path)
    assert "5,,DK38,,面,,,,@" in content.decode("gb18030").split("\r\n")


@pytest.mark.parametrize(
    ("extract", "where"),
    [
        (Extract(SEEN, parse_crs("EPSG:4527")), "crs"),
        (Extract(Selection(replace(LAYER, surveyed=None), EVERYTHING)), "f"),
    ],
)
def test_what_cannot_be_written_is_refused_by_name(
    connection: psycopg.Connection, tmp_path: Path, extract: Extract, where: str
) -> None:
    with pytest.raises(InvalidParameterError) as refused:
        write(connection, extract, tmp_path)
    assert refused.value.where == where


def test_nothing_surveyed_is_told_from_an_empty_file() -> None:
    with pytest.raises(InvalidParameterError, match="has a surveyed outline"):
        settled(Extract(SEEN, CRS84), zones_of([]))


def test_a_file_that_no_reader_takes_is_not_made(
    connection: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for most in (14, 40):  # fewer than three parcels of five lines; fewer than the head and their points
        monkeypatch.setattr(module, "MOST_POINTS", most)
        with pytest.raises(TooComplexError, match=f"more than {most} lines.*f=gpkg"):
            write(connection, ZONE_39, tmp_path)


@pytest.mark.parametrize("text", ["24", "46", "west", "39.0", "３９", ""])
def test_what_is_no_zone_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameterError) as refused:
        with_survey_choices(ZONE_39, text, None)
    assert refused.value.where == "zone"


def test_what_is_no_encoding_of_the_format_is_refused() -> None:
    with pytest.raises(InvalidParameterError) as refused:
        with_survey_choices(ZONE_39, None, "latin-1")
    assert refused.value.where == "encoding"
