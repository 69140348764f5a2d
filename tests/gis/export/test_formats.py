"""Every format gives back what SQL says: ids, values, geometry, CRS, titles."""

import csv
import json
import sqlite3
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from pyproj import CRS, Transformer

from gis.crs import parse_crs
from gis.errors import InvalidParameterError
from gis.export import FORMATS, Extract, format_of_file
from gis.export.shapefile import short_names
from gis.export.text import guard_cell
from gis.layer import Field, Selection
from gis.paging import parse_sort
from gis.statement import EVERYTHING, NOTHING, Condition
from tests.gis.export.conftest import LAYER, MARKS, Export
from tests.gis.export.readers import read_back

SEEN = Selection(LAYER, Condition("f.visible"))
BINARY = [key for key, kind in FORMATS.items() if not kind.text]
NUMBERS = ("area_m2", "cost_yuan", "floors")


def truth(url: str) -> dict[int, dict[str, Any]]:
    """Return the visible rows as the database has them, the geometry as WKB."""
    names = [item.name for item in LAYER.fields]
    sql = f"SELECT id, {', '.join(names)}, ST_AsBinary(geom) FROM plot WHERE visible"
    with psycopg.connect(url) as connection:
        rows = connection.execute(sql).fetchall()  # type: ignore[arg-type]
    return {
        row[0]: {
            **dict(zip(names, row[1:-1], strict=True)),
            "geometry": shapely.from_wkb(row[-1]) if row[-1] else None,
        }
        for row in rows
    }


def plain(name: str, value: Any, key: str) -> Any:
    """Return a value in one form, whatever type a format has for it."""
    if value is None or value == "":
        return None
    if name in NUMBERS:
        return pytest.approx(float(value), abs=1e-12, rel=1e-12)
    if name == "open":
        return {"true": True, "false": False}.get(str(value).lower(), value in (1, 1.0, True))
    if name == "opened":
        return (
            (value.date() if hasattr(value, "date") else value).isoformat()
            if not isinstance(value, str)
            else value[:10]
        )
    if name == "updated_at":
        moment = datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str) else value
        moment = moment.replace(microsecond=0) if key == "shp" else moment
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return guard_cell(str(value)) if key == "csv" else str(value)


@pytest.mark.parametrize("key", FORMATS)
def test_ids_values_and_shapes_come_back_as_sql_has_them(export: Export, plots: str, key: str) -> None:
    found = read_back(export(Extract(SEEN), key).path, key)
    expected = truth(plots)
    assert set(found) == set(expected) == {1, 2, 3, 7_000_000_000}
    for identity, row in expected.items():
        got = found[identity]
        for item in LAYER.fields:
            expected_value = plain(item.name, row[item.name], key)
            assert plain(item.name, got[item.name], "" if key == "csv" else key) == expected_value, item.name
        if row["geometry"] is None:
            assert got["geometry"] is None
        else:
            assert shapely.equals(got["geometry"], row["geometry"])
            assert shapely.hausdorff_distance(got["geometry"], row["geometry"]) < 1e-9


@pytest.mark.parametrize("key", ["gpkg", "fgb", "parquet", "geojson", "csv"])
def test_outer_rings_run_anti_clockwise_and_holes_clockwise(export: Export, key: str) -> None:
    for row in read_back(export(Extract(SEEN), key).path, key).values():
        for part in shapely.get_parts(row["geometry"]) if row["geometry"] else ():
            assert part.exterior.is_ccw
            assert not any(ring.is_ccw for ring in part.interiors)


@pytest.mark.parametrize("key", FORMATS)
def test_an_empty_selection_is_a_file_with_fields_and_no_row(export: Export, key: str) -> None:
    written = export(Extract(Selection(LAYER, NOTHING)), key)
    assert (written.returned, written.found.box) == (0, None)
    assert read_back(written.path, key) == {}
    if key in BINARY:
        path = f"/vsizip/{written.path}/plots.shp" if key == "shp" else written.path
        assert key == "parquet" or len(pyogrio.read_info(path)["fields"]) >= len(LAYER.fields)


@pytest.mark.parametrize("key", FORMATS)
def test_points_lines_and_polygons_of_one_layer_all_come_back(export: Export, key: str) -> None:
    found = read_back(export(Extract(Selection(MARKS, EVERYTHING)), key).path, key)
    assert {identity: row["name"] for identity, row in found.items()} == {1: "路", 2: "点", 3: "面", 4: "空"}
    assert list(found[1]["geometry"].coords) == [(115.9, 33.0), (115.8, 33.0)], "a line keeps its direction"
    assert shapely.equals(found[2]["geometry"], shapely.Point(115.85, 33.05))
    assert found[3]["geometry"].area == pytest.approx(0.5)
    assert found[4]["geometry"] is None or found[4]["geometry"].is_empty


@pytest.mark.parametrize("key", FORMATS)
def test_a_zone_is_written_with_east_first_and_agrees_with_pyproj(export: Export, key: str) -> None:
    found = read_back(export(Extract(SEEN, parse_crs("EPSG:4527")), key).path, key)
    east, north = Transformer.from_crs(4490, 4527, always_xy=True).transform(115.80, 33.00)
    corner = min(
        shapely.get_coordinates(found[1]["geometry"]).tolist(),
        key=lambda xy: (xy[0] - east) ** 2 + (xy[1] - north) ** 2,
    )
    assert corner == [pytest.approx(east, abs=0.001), pytest.approx(north, abs=0.001)]


@pytest.mark.parametrize(
    ("asked", "code"), [("EPSG:4490", 4490), ("EPSG:4527", 4527), ("EPSG:4326", 4326), ("CRS84", 4490)]
)
@pytest.mark.parametrize("key", BINARY)
def test_a_binary_file_names_its_crs(export: Export, key: str, asked: str, code: int) -> None:
    path = export(Extract(SEEN, parse_crs(asked)), key).path
    if key == "parquet":
        named = json.loads(pq.read_metadata(path).metadata[b"geo"])["columns"]["geometry"]["crs"]
        assert CRS.from_json_dict(named).to_epsg() == code
        return
    name = f"/vsizip/{path}/plots.shp" if key == "shp" else path
    assert CRS.from_user_input(pyogrio.read_info(name)["crs"]).to_epsg() == code


def test_authority_order_turns_geojson_and_not_csv(export: Export) -> None:
    crs = parse_crs("http://www.opengis.net/def/crs/EPSG/0/4490")
    turned = read_back(export(Extract(SEEN, crs), "geojsonseq").path, "geojsonseq")
    assert turned[1]["geometry"].bounds == (33.0, 115.8, 33.01, 115.81)
    assert read_back(export(Extract(SEEN, crs), "csv").path, "csv")[1]["geometry"].bounds == (
        115.8,
        33.0,
        115.81,
        33.01,
    )


def test_a_page_ends_where_the_next_begins_and_all_pages_hold_all_rows(export: Export) -> None:
    for key in ("gpkg", "csv"):
        seen: list[int] = []
        sort = parse_sort(LAYER, "-opened")
        after = None
        for _ in range(4):
            written = export(Extract(SEEN, sort=sort, after=after, limit=1), key)
            seen += read_back(written.path, key)
            after = written.next
        assert seen == [1, 7_000_000_000, 3, 2], key
        assert after is None


def test_no_format_writes_a_row_or_field_that_the_selection_lacks(export: Export) -> None:
    cut = Selection(LAYER.for_fields(["name"]), Condition("f.visible"))
    for key in FORMATS:
        found = read_back(export(Extract(cut), key).path, key)
        assert 8 not in found, key
        assert all(set(row) == {"name", "geometry"} for row in found.values()), key


def test_geopackage_carries_titles_value_lists_types_index_and_stamp(export: Export) -> None:
    path = export(Extract(SEEN), "gpkg").path
    info = pyogrio.read_info(path)
    assert (info["fid_column"], info["geometry_name"], info["geometry_type"]) == (
        "fid",
        "geom",
        "MultiPolygon",
    )
    types = dict(zip(info["fields"], zip(info["ogr_types"], info["ogr_subtypes"], strict=True), strict=True))
    assert types["open"] == ("OFTInteger", "OFSTBoolean")
    assert types["opened"][0] == "OFTDate"
    assert types["updated_at"][0] == "OFTDateTime"
    assert types["floors"][0] == "OFTInteger64"
    with sqlite3.connect(path) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert file.execute("PRAGMA foreign_key_check").fetchall() == []
        titles = dict(file.execute("SELECT column_name, name FROM gpkg_data_columns").fetchall())
        assert titles["area_m2"] == "面积（m²）"
        assert file.execute("SELECT value, description FROM gpkg_data_column_constraints").fetchall() == [
            ("ready", "净地")
        ]
        stamp = json.loads(file.execute("SELECT metadata FROM gpkg_metadata").fetchone()[0])
        indexed = file.execute("SELECT id, minx, maxy FROM rtree_plots_geom ORDER BY id").fetchall()
    assert stamp["operator"] == "甲 (a)"
    assert stamp["synthetic"] == "true"
    assert stamp["crs"].startswith("EPSG:4490")
    assert stamp["data_updated_at"].startswith("2025-10-01T01:02:03")
    assert [row[0] for row in indexed] == [1, 2, 7_000_000_000]
    assert indexed[0][1] <= 115.8
    assert indexed[0][2] >= 33.01


@pytest.mark.parametrize("key", ["gpkg", "fgb"])
def test_gdal_shows_the_chinese_title_as_alias(export: Export, key: str) -> None:
    _, table = pyogrio.raw.read_arrow(export(Extract(SEEN), key).path)
    alias = {
        field.name: (field.metadata or {}).get(b"GDAL:OGR:alternative_name", b"").decode()
        for field in table.schema
    }
    assert (alias["name"], alias["area_m2"]) == ("名称", "面积（m²）")


def test_geopackage_can_be_asked_for_a_box_and_edited(export: Export) -> None:
    path = export(Extract(SEEN), "gpkg").path
    assert list(pyogrio.read_dataframe(path, bbox=(115.79, 32.9, 115.82, 33.1), fid_as_index=True).index) == [
        1
    ]
    frame = pyogrio.read_dataframe(path, fid_as_index=True).loc[[1]]
    frame["geometry"] = [shapely.MultiPolygon([shapely.box(10, 10, 11, 11)])]
    pyogrio.write_dataframe(frame, path, layer="plots", append=True)
    assert len(pyogrio.read_dataframe(path, bbox=(9, 9, 12, 12))) == 1, "the triggers keep the index"


def test_geoparquet_says_version_orientation_and_the_box_of_each_row(export: Export) -> None:
    path = export(Extract(SEEN), "parquet").path
    metadata = pq.read_metadata(path).metadata
    geo = json.loads(metadata[b"geo"])
    column = geo["columns"]["geometry"]
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    assert (column["encoding"], column["orientation"], column["geometry_types"]) == (
        "WKB",
        "counterclockwise",
        ["MultiPolygon"],
    )
    assert column["bbox"] == [115.8, 33.0, 116.2, 34.0]
    boxes = pq.read_table(path, columns=["id", "bbox"]).to_pylist()
    assert {row["id"]: row["bbox"] and row["bbox"]["xmin"] for row in boxes}[1] == 115.8
    assert {row["id"]: row["bbox"] for row in boxes}[3] is None
    assert metadata[b"worktwin:operator"].decode() == "甲 (a)"
    schema = pq.read_schema(path)
    assert [str(schema.field(name).type) for name in ("open", "opened", "floors")] == [
        "bool",
        "date32[day]",
        "int64",
    ]


def test_flatgeobuf_carries_titles_and_an_index_where_every_row_is_drawn(export: Export) -> None:
    drawn = SEEN.filtered(Condition("f.geom IS NOT NULL"))
    info = pyogrio.read_info(export(Extract(drawn), "fgb").path)
    assert info["capabilities"]["fast_spatial_filter"]
    assert not pyogrio.read_info(export(Extract(SEEN), "fgb").path)["capabilities"]["fast_spatial_filter"]
    assert info["layer_metadata"]["TITLE"] == "测试地块 Plots"


def test_shapefile_has_short_names_a_table_of_them_utf8_and_the_names_of_cgcs2000(export: Export) -> None:
    path = export(Extract(SEEN, parse_crs("EPSG:4527")), "shp").path
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert archive.read("plots.cpg").decode() == "UTF-8"
        assert archive.read("plots.prj").decode().startswith('PROJCS["CGCS2000_3_Degree_GK_Zone_39"')
        readme = archive.read("README.txt").decode("utf-8-sig")
        table = archive.read("fields.csv").decode("utf-8-sig")
    assert all(name.isascii() for name in names)
    assert "synthetic: true" in readme
    assert "without_geometry: 1" in readme
    assert "area_m2,area_m2,面积,Area,m²" in table
    assert all(
        len(name) <= 10 and name.isascii()
        for name in pyogrio.read_info(f"/vsizip/{path}/plots.shp")["fields"]
    )


def test_a_text_too_long_for_a_dbf_is_cut_at_a_whole_character_and_said_so(
    export: Export, plots: str
) -> None:
    with psycopg.connect(plots, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS wordy AS SELECT 1::bigint AS id, repeat('地', 100) AS name, ST_SetSRID(ST_Point(115, 33), 4490) AS geom"
        )
    layer = type(MARKS)(**{**vars(MARKS), "id": "wordy", "relation": "wordy", "geometry_type": "point"})
    path = export(Extract(Selection(layer, EVERYTHING)), "shp").path
    assert read_back(path, "shp")[1]["name"] == "地" * 84
    with zipfile.ZipFile(path) as archive:
        assert "cut name: 1 texts" in archive.read("README.txt").decode("utf-8-sig")


def test_names_of_a_dbf_are_short_and_all_different() -> None:
    fields = [Field(f"investment_{number}", "number", "投资", "Investment") for number in range(12)]
    names = short_names(fields)
    assert len({name.lower() for name in names.values()}) == 12
    assert all(len(name) <= 10 for name in names.values())


def test_csv_is_what_spreadsheets_want(export: Export) -> None:
    content = export(Extract(SEEN), "csv").path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfid,code,name")
    lines = list(csv.reader(content.decode("utf-8-sig").splitlines(keepends=True)))
    assert lines[0][-1] == "geometry"
    assert b"\r\n" in content
    by_id = {line[0]: line for line in lines[1:]}
    assert by_id["2"][1] == "'=1+1"
    assert by_id["3"][1] == "'-3"
    assert by_id["3"][6] == "-2", "a number is no formula"
    assert by_id["3"][2] == "两行\n文字"


@pytest.mark.parametrize("cell", ["=A1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1", " =1"])
def test_no_cell_begins_as_a_formula(cell: str) -> None:
    assert guard_cell(cell) == f"'{cell}"


def test_dates_are_dates_in_every_file_that_has_them(export: Export) -> None:
    assert pq.read_table(export(Extract(SEEN), "parquet").path).column("opened").to_pylist() == [
        date(2025, 3, 1),
        None,
        date(1999, 12, 31),
        date(2025, 1, 1),
    ]


def test_a_format_is_known_by_the_end_of_a_file_name() -> None:
    assert format_of_file(str(Path("a") / "地块.PARQUET")).key == "parquet"
    with pytest.raises(InvalidParameterError, match=r"\.gpkg"):
        format_of_file("parcels.dwg")
