"""The workbook, read back by openpyxl: numbers are numbers, headings are grouped, names stay as they are."""

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from gis.report import render_xlsx
from tests.gis.report.answers import FARMLAND_M2, NAME, RESERVE_M2, answer, item, layer, report
from tests.gis.report.answers import RESERVE as RESERVE_SHAPE


def opened(data: bytes) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(data))


def find(sheet: Worksheet, text: str) -> tuple[int, int]:
    return next((cell.row, cell.column) for row in sheet.iter_rows() for cell in row if cell.value == text)


def test_sheets_stand_in_the_order_of_the_report() -> None:
    names = opened(render_xlsx([report()])).sheetnames
    assert names == ["汇总", "三大类", "分类统计", "明细", "说明", "数据版本", "附图"]


def test_areas_are_numbers_with_their_formats() -> None:
    sheet = opened(render_xlsx([report()]))["汇总"]
    row, column = find(sheet, "储备地块")
    metres, hectares, mu = (sheet.cell(row, column + 2 + n) for n in range(3))
    assert metres.value == RESERVE_M2
    assert hectares.value == pytest.approx(0.799674)
    assert mu.value == pytest.approx(11.99511)
    assert (metres.number_format, hectares.number_format, mu.number_format) == (
        "#,##0.00",
        "#,##0.0000",
        "#,##0.0000",
    )


def test_tables_have_one_row_of_headings_with_units_and_no_merged_cell() -> None:
    book = opened(render_xlsx([report()]))
    for name in ("三大类", "分类统计", "明细", "数据版本"):
        sheet = book[name]
        assert not sheet.merged_cells.ranges
        assert sheet.freeze_panes == "A2"
        assert sheet.print_title_rows == "$1:$1"
        assert all(cell.value for cell in sheet[1])
    assert [cell.value for cell in book["明细"][1]][5:8] == [
        "压占面积（椭球）\n（平方米）", "压占面积（椭球）\n（公顷）", "压占面积（椭球）\n（亩）",
    ]  # fmt: skip
    assert book["明细"].auto_filter.ref == "A1:L5"
    assert book["分类统计"].auto_filter.ref is None  # sorting would tear the subtotals from their classes


def test_totals_are_formulas_that_know_what_they_come_to() -> None:
    data = render_xlsx([report()])
    sheet, known = (
        opened(data)["分类统计"],
        openpyxl.load_workbook(io.BytesIO(data), data_only=True)["分类统计"],
    )
    # Two patches share all of the project: 27,988.57 m²
    row, _ = find(sheet, "小计")
    assert [sheet.cell(row, column).value for column in (4, 5)] == ["=SUM(D2:D3)", "=SUM(E2:E3)"]
    assert known.cell(row, 4).value == 2
    assert known.cell(row, 5).value == pytest.approx(27_988.57)
    assert known.cell(row, 7).value == pytest.approx(27_988.57 * 3 / 2000)
    assert sheet.cell(row, 5).number_format == "#,##0.00"


@pytest.mark.skipif(shutil.which("soffice") is None, reason="this machine has no LibreOffice")
def test_another_program_computes_the_same_totals(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(render_xlsx([report()]))
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    command = [
        "soffice",
        home,
        "--headless",
        "--convert-to",
        "ods",
        "--outdir",
        str(tmp_path),
        str(tmp_path / "a.xlsx"),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with zipfile.ZipFile(tmp_path / "a.ods") as archive:
        text = archive.read("content.xml").decode()
    cell = re.search(r'table:formula="of:=SUM\(\[\.E2:\.E3\]\)"[^>]*office:value="([\d.]+)"', text)
    assert cell is not None
    assert float(cell.group(1)) == pytest.approx(27_988.57)


def test_nothing_is_wider_than_its_column_but_what_is_broken_into_lines() -> None:
    for lang in ("zh", "en"):
        for sheet in opened(render_xlsx([report(lang=lang)])):
            merged = {cell for each in sheet.merged_cells.ranges for row in each.rows for cell in row}
            for row in sheet.iter_rows():
                for cell in row:
                    if isinstance(cell.value, int | float) and (cell.row, cell.column) not in merged:
                        shown = f"{cell.value:,.4f}"[: None if "0000" in cell.number_format else -2]
                        width = sheet.column_dimensions[get_column_letter(cell.column)].width
                        assert len(shown) <= width or "." not in cell.number_format, (
                            sheet.title,
                            cell.coordinate,
                        )


def test_long_answers_have_the_height_that_they_need() -> None:
    sheet = opened(render_xlsx([report()]))["汇总"]
    row, _ = find(sheet, "是否需要补划永久基本农田？")
    text = sheet.cell(row, 5).value
    width = sum(sheet.column_dimensions[get_column_letter(place)].width for place in range(5, 14))
    lines = -(-sum(2 if ord(sign) > 255 else 1 for sign in text) // width)
    assert sheet.row_dimensions[row].height >= 13 * lines


def test_the_workbook_speaks_english_with_the_chinese_terms() -> None:
    book = opened(render_xlsx([report(lang="en")]))
    assert book.sheetnames[:3] == ["Summary 汇总", "Great classes 三大类", "By class 分类统计"]
    cells = [str(cell.value) for row in book["Summary 汇总"].iter_rows() for cell in row if cell.value]
    assert "Overlap (compliance) report 压占（合规性）分析表" in cells
    assert "Area occupied 压占面积 (ellipsoid)\n(mu 亩)" in cells


def test_details_have_one_row_for_each_feature() -> None:
    sheet = opened(render_xlsx([report()]))["明细"]
    first = find(sheet, "地类图斑")[0]
    rows = list(sheet.iter_rows(min_row=first, max_row=first + 3, values_only=True))
    assert [row[0] for row in rows] == [1, 2, 3, 4]
    assert [row[2] for row in rows] == ["00001", "00002", "F-1", "储-1"]  # codes keep their zeros
    assert rows[2][5] == FARMLAND_M2
    assert (first, sheet.freeze_panes) == (2, "A2")


def test_it_is_set_up_for_a4() -> None:
    for sheet in opened(render_xlsx([report()])):
        assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "landscape")
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
        assert "&P" in sheet.oddFooter.center.text


def test_the_map_lies_in_the_workbook() -> None:
    images = opened(render_xlsx([report()]))["附图"]._images  # type: ignore[attr-defined]  # openpyxl has no other way
    assert len(images) == 1


def test_the_head_and_the_questions_stand_on_the_summary() -> None:
    sheet = opened(render_xlsx([report()]))["汇总"]
    cells = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value]
    assert NAME in cells
    assert "27,988.57 平方米 = 2.7989 公顷 = 41.9829 亩" in cells
    assert "是，1,799.26 平方米 = 0.1799 公顷 = 2.6989 亩。需个案审查" in cells
    assert "审核人：" in cells


def test_no_text_becomes_a_formula_and_control_signs_go() -> None:
    evil = item(1, ('=HYPERLINK("http://x","y")', "+甲\x0b乙", "0601", "@工业"), RESERVE_SHAPE, RESERVE_M2)
    found = answer(layers=[layer("land_parcels", "储备地块", [evil], RESERVE_SHAPE, RESERVE_M2)])
    sheet = opened(render_xlsx([report(found, title="=1+1")]))["明细"]
    row = find(sheet, "储备地块")[0]
    assert sheet.cell(row, 3).value == '=HYPERLINK("http://x","y")'
    assert sheet.cell(row, 3).data_type == "s"
    assert sheet.cell(row, 4).value == "+甲乙"


def test_subjects_stand_below_each_other() -> None:
    book = opened(render_xlsx([report(), report(title="第二个项目")]))
    cells = [cell.value for row in book["汇总"].iter_rows() for cell in row]
    assert cells.count("项目用地压占（合规性）分析表") == 2
    assert cells.count("第二个项目") == 1
    names = [row[0] for row in book["明细"].iter_rows(min_row=2, values_only=True)]
    assert names == [NAME] * 4 + ["第二个项目"] * 4
    assert cells.count(RESERVE_M2) == 4  # as the area and as the largest piece, for each
    assert len(book["附图"]._images) == 2  # type: ignore[attr-defined]
