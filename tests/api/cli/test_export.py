"""`twin export`: files by their ending, the administrator's view and the public one, tiles."""

import csv
import json
import os
import re
from pathlib import Path

import pyogrio
import pytest
from typer.testing import CliRunner, Result

from api.cli import make_app
from tests.api.bim.boxes import seed_boxes
from tests.api.cli.test_commands import Twin, twin
from tests.api.seeding import MARKS, PRIVATE_CODE, PUBLIC_CODE

__all__ = ["twin"]


def names(path: Path) -> set[str]:
    return set(pyogrio.read_dataframe(path)["code"])


def test_the_ending_chooses_the_format_and_the_administrator_sees_all(twin: Twin, tmp_path: Path) -> None:
    result = twin("export", "projects", str(tmp_path / "项目.gpkg"), "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert (answer["format"], answer["crs"], answer["features"]) == ("gpkg", "EPSG:4490", 2)
    assert names(tmp_path / "项目.gpkg") == {PUBLIC_CODE, PRIVATE_CODE}
    assert answer["bytes"] == (tmp_path / "项目.gpkg").stat().st_size


@pytest.mark.parametrize("ending", ["gpkg", "fgb", "shp.zip", "geojson", "csv"])
def test_the_public_view_holds_what_everybody_sees(twin: Twin, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"projects.{ending}"
    assert twin("export", "layer", "projects", str(path), "--public").exit_code == 0
    if ending == "csv":
        text = path.read_text(encoding="utf-8-sig")
        assert [row["code"] for row in csv.DictReader(text.splitlines())] == [PUBLIC_CODE]
        assert not any(mark in text for mark in MARKS)
    else:
        assert names(path) == {PUBLIC_CODE}


def test_options_choose_rows_fields_and_crs(twin: Twin, tmp_path: Path) -> None:
    path = tmp_path / "one.gpkg"
    chosen = ("--filter", f"code = '{PUBLIC_CODE}'", "--fields", "code,name", "--crs", "EPSG:4527")
    assert twin("export", "projects", str(path), *chosen).exit_code == 0
    info = pyogrio.read_info(path)
    assert list(info["fields"]) == ["code", "name"]
    assert info["crs"] == "EPSG:4527"
    assert info["total_bounds"][0] > 39_000_000
    assert names(path) == {PUBLIC_CODE}


def test_a_file_that_is_there_is_kept_unless_told_otherwise(twin: Twin, tmp_path: Path) -> None:
    path = tmp_path / "projects.csv"
    path.write_text("mine", encoding="utf-8")
    refused = twin("export", "projects", str(path))
    assert refused.exit_code == 1
    assert "--overwrite" in refused.stderr
    assert path.read_text(encoding="utf-8") == "mine"
    assert twin("export", "projects", str(path), "--overwrite").exit_code == 0
    assert path.read_bytes().startswith(b"\xef\xbb\xbfid,")


def test_what_cannot_be_done_is_said_and_leaves_nothing(twin: Twin, tmp_path: Path) -> None:
    for words in (
        ("projects", str(tmp_path / "a.dwg")),
        ("nothing", str(tmp_path / "a.csv")),
        ("projects", str(tmp_path / "no folder" / "a.csv")),
        ("projects", str(tmp_path / "a.csv"), "--filter", "nonsense ="),
        ("projects", str(tmp_path / "a.csv"), "--crs", "EPSG:2360"),
        ("tiles", "projects", str(tmp_path / "a.mbtiles")),
        ("tiles", "projects", str(tmp_path / "a.pmtiles"), "--max-zoom", "30"),
    ):
        assert twin("export", *words).exit_code == 1, words
    assert list(tmp_path.glob("a.*")) == []
    assert list(tmp_path.glob(".twin-export-*")) == []


def test_tiles_are_written_to_one_archive_that_gdal_reads(twin: Twin, tmp_path: Path) -> None:
    path = tmp_path / "projects.pmtiles"
    result = twin("export", "tiles", "projects", str(path), "--max-zoom", "12", "--public", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["tiles"] >= 13  # at least one a zoom, from 0 to 12
    assert set(pyogrio.read_dataframe(path, layer="projects")["code"]) == {PUBLIC_CODE}


def test_help_teaches_both_commands() -> None:
    result: Result = CliRunner().invoke(make_app("export"), ["export", "--help"])
    assert "layer" in result.output
    assert "tiles" in result.output
    for command in ("layer", "tiles"):
        assert CliRunner().invoke(make_app("export"), ["export", command, "--help"]).exit_code == 0


def test_a_scene_is_a_folder_that_any_web_server_can_hold(twin: Twin, tmp_path: Path) -> None:
    made = seed_boxes(os.environ["DATABASE_URL"], tmp_path, 40)
    out = tmp_path / "场景"
    result = twin("export", "scene", str(made.model_id), "--out", str(out), "--public", "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert (answer["tiles"], answer["triangles"]) == (4, 480)
    root = json.loads((out / "tileset.json").read_text(encoding="utf-8"))["root"]
    uris = {leaf["content"]["uri"] for group in root["children"] for leaf in group["children"]}
    assert (
        uris
        == {path.name for path in out.glob("*.glb")}
        == {f"{tile.sha256}.glb" for tile in made.scene.tiles}
    )
    assert twin("export", "scene", str(made.model_id), "--out", str(out)).exit_code != 0


def test_surveyed_outlines_are_a_boundary_text_for_the_administrator_alone(
    twin: Twin, tmp_path: Path
) -> None:
    path = tmp_path / "红线.txt"
    result = twin("export", "projects", str(path), "--filter", f"code = '{PUBLIC_CODE}'", "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert (answer["format"], answer["crs"], answer["features"]) == ("txt", "EPSG:4527", 1)
    text = path.read_bytes().decode("gb18030")
    assert f",{PUBLIC_CODE},淮河路跨线桥,面," in text
    assert re.search(r"J1,1,36\d{5}\.\d{3},393\d{5}\.\d{3}\r\n", text)
    again = twin("export", "projects", str(path), "--encoding", "utf-8", "--zone", "39", "--overwrite")
    assert again.exit_code == 0, again.output
    assert path.read_bytes().startswith(b"\xef\xbb\xbf[")
    other = str(tmp_path / "other.txt")
    for words, told in (
        (("projects", other, "--public"), "project:read"),
        (("projects", other, "--zone", "38"), "zone=39"),
        (("projects", other, "--crs", "EPSG:4527"), "as surveyed"),
        (("bim_elements", other), "no surveyed outlines"),
        (("projects", str(tmp_path / "other.csv"), "--zone", "39"), ".txt files alone"),
    ):
        refused = twin("export", *words)
        assert refused.exit_code == 1, words
        assert told in refused.stderr, words
    assert list(tmp_path.glob("other*")) == []
