"""The workbook, read back by openpyxl: numbers are numbers, headings are grouped, names stay as they are."""

import io

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
    assert opened(render_xlsx([report()])).sheetnames == ["汇总", "分类统计", "明细", "说明", "附图"]


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


def test_headings_are_grouped_over_the_units() -> None:
    sheet = opened(render_xlsx([report()]))["汇总"]
    row, column = find(sheet, "压占面积（椭球）")
    assert [sheet.cell(row + 1, column + n).value for n in range(3)] == ["平方米", "公顷", "亩"]
    merged = {str(each) for each in sheet.merged_cells.ranges}
    letters = [get_column_letter(column + n) for n in (0, 2)]
    assert f"{letters[0]}{row}:{letters[1]}{row}" in merged
    assert f"A{row}:A{row + 1}" in merged  # the running number stands over both lines


def test_details_have_one_row_for_each_feature() -> None:
    sheet = opened(render_xlsx([report()]))["明细"]
    first = find(sheet, "地类图斑")[0]
    rows = list(sheet.iter_rows(min_row=first, max_row=first + 3, values_only=True))
    assert [row[0] for row in rows] == [1, 2, 3, 4]
    assert [row[2] for row in rows] == ["00001", "00002", "F-1", "储-1"]  # codes keep their zeros
    assert rows[2][5] == FARMLAND_M2
    assert sheet.freeze_panes == f"A{first}"


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
    assert cells.count(RESERVE_M2) == 4  # as the area and as the largest piece, for each
    assert len(book["附图"]._images) == 2  # type: ignore[attr-defined]
