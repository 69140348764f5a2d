"""`twin overlap … --format … -o FILE`: the planner's report from the shell."""

import json
from pathlib import Path

import openpyxl
import pytest

from gis.exchange import ReadChoices, read_file
from tests.api.cli.test_commands import Twin, twin
from tests.api.seeding import PUBLIC_CODE, PUBLIC_NAME

__all__ = ["twin"]


def test_the_end_of_the_file_says_the_format(twin: Twin, tmp_path: Path) -> None:
    path = tmp_path / "报告.xlsx"
    result = twin("overlap", PUBLIC_CODE, "--layers", "urban_boundary", "-o", str(path))
    assert result.exit_code == 0, result.output
    cells = [cell.value for row in openpyxl.load_workbook(path)["汇总"].iter_rows() for cell in row]
    assert {PUBLIC_NAME, PUBLIC_CODE, "城镇开发边界"} <= set(cells)


def test_without_a_name_the_file_is_called_after_the_project(
    twin: Twin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = twin("overlap", PUBLIC_CODE, "--layers", "urban_boundary", "--format", "txt")
    assert result.exit_code == 0, result.output
    (path,) = tmp_path.glob("*.txt")
    assert path.name.startswith(f"压占分析_{PUBLIC_CODE}_")
    assert read_file(path, path.name, ReadChoices()).crs == "EPSG:4527"


def test_a_shape_of_a_file_is_reported_too(twin: Twin, tmp_path: Path) -> None:
    ring = [[39371200, 3671300], [39371400, 3671300], [39371400, 3671450], [39371200, 3671300]]
    shape, out = tmp_path / "a.json", tmp_path / "a.geojson"
    shape.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}), encoding="utf-8")
    result = twin("overlap", "--file", str(shape), "--crs", "EPSG:4527", "--layers", "river", "-o", str(out))
    assert result.exit_code == 0, result.output
    (subject,) = json.loads(out.read_text(encoding="utf-8"))["features"]
    assert subject["properties"]["subject"] == "绘制范围"
    assert subject["properties"]["area_m2"] == pytest.approx(15_000, rel=0.001)  # half of 200 m by 150 m


def test_an_unknown_end_and_a_place_that_cannot_be_written_are_said(twin: Twin, tmp_path: Path) -> None:
    unknown = twin("overlap", PUBLIC_CODE, "-o", str(tmp_path / "a.docx"))
    assert unknown.exit_code == 1
    nowhere = twin("overlap", PUBLIC_CODE, "--layers", "river", "-o", str(tmp_path / "none" / "a.txt"))
    assert nowhere.exit_code == 1
