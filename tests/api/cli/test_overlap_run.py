"""`twin overlap --of LAYER -o FILE`: whole layers as workbook, page, CSV, GeoPackage from the shell."""

from pathlib import Path

import openpyxl
import pandas as pd
import pyogrio

from tests.api.cli.test_commands import Twin, twin
from tests.api.seeding import PUBLIC_CODE, PUBLIC_NAME

__all__ = ["twin"]
OF = ("overlap", "--of", "projects", "--layers", "projects,urban_boundary")


def test_the_end_of_the_file_says_how_a_whole_layer_is_written(twin: Twin, tmp_path: Path) -> None:
    for end in ("csv", "xlsx", "gpkg", "html"):
        result = twin(*OF, "-o", str(tmp_path / f"a.{end}"))
        assert result.exit_code == 0, result.output
    frame = pd.read_csv(tmp_path / "a.csv")
    assert PUBLIC_CODE in set(frame["subject_code"])
    rows = list(openpyxl.load_workbook(tmp_path / "a.xlsx")["明细"].iter_rows(min_row=2, values_only=True))
    assert [row[10] for row in rows] == frame["area_m2"].tolist()
    assert pyogrio.read_info(tmp_path / "a.gpkg")["features"] == len(frame)
    assert PUBLIC_NAME in (tmp_path / "a.html").read_text(encoding="utf-8")
    assert not list(tmp_path.glob(".twin*"))  # nothing of the work is left beside the files


def test_words_may_be_english_and_shapes_come_where_asked(twin: Twin, tmp_path: Path) -> None:
    page, table = tmp_path / "a.html", tmp_path / "a.csv"
    assert twin(*OF, "--lang", "en", "-o", str(page)).exit_code == 0
    assert "By layer 分图层汇总表" in page.read_text(encoding="utf-8")
    assert twin(*OF, "--geometry", "-o", str(table)).exit_code == 0
    assert pd.read_csv(table)["geometry_wkt"].str.startswith("MULTIPOLYGON").all()


def test_a_report_of_one_project_may_be_english(twin: Twin, tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    result = twin("overlap", PUBLIC_CODE, "--layers", "urban_boundary", "--lang", "en", "-o", str(path))
    assert result.exit_code == 0, result.output
    assert "Urban boundary 城镇开发边界" in path.read_text(encoding="utf-8")


def test_an_unknown_run_is_said(twin: Twin, tmp_path: Path) -> None:
    assert twin("overlap", "--run", "7", "-o", str(tmp_path / "a.csv")).exit_code == 1
    number = "00000000-0000-0000-0000-000000000000"
    assert twin("overlap", "--run", number, "-o", str(tmp_path / "a.csv")).exit_code == 1
    assert not (tmp_path / "a.csv").exists()
