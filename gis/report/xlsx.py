"""An overlap report as a workbook: real numbers with their formats, grouped headings, set up for printing on A4."""

import io
from collections.abc import Sequence
from typing import Final

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.drawing.image import Image
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from gis.report.figures import (
    class_table,
    detail_table,
    land_use_table,
    member_table,
    owner_table,
    summary_table,
    version_table,
)
from gis.report.maps import overview
from gis.report.model import OverlapReport
from gis.report.png import can_write, render_png
from gis.report.tables import DECIMALS, Cell, Column, Table
from gis.report.words import SIGNATURES, TITLE, basis_lines, head_lines, questions

SHEETS: Final = ("汇总", "分类统计", "明细", "说明", "附图")
_FORMATS: Final = {kind: f"#,##0{'.' if count else ''}{'0' * count}" for kind, count in DECIMALS.items()}
_FAMILY: Final = "宋体"
_THIN: Final = Side(style="thin", color="FF808080")
_BOX: Final = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_SHADE: Final = PatternFill("solid", fgColor="FFEBEBEB")
_LIGHT: Final = PatternFill("solid", fgColor="FFF6F6F6")
_CENTRE: Final = Alignment(horizontal="center", vertical="center", wrap_text=True)
_TEXT: Final = Alignment(horizontal="left", vertical="center", wrap_text=True)
_FIGURE: Final = Alignment(horizontal="right", vertical="center")
_WIDTH: Final = 11.0
_A4: Final = 9
_MAP_MM: Final = (250.0, 150.0)
_MOST_TEXT: Final = 32_767
_TABLES: Final = {"分类统计": (land_use_table, class_table, owner_table), "明细": (detail_table,)}


def render_xlsx(reports: Sequence[OverlapReport]) -> bytes:
    """Return the reports as one workbook: summary, classes, details, footing, maps; subjects one below the other."""
    book = Workbook()
    sheets = {name: _sheet(book, name) for name in SHEETS}
    for report in reports:
        _summary(sheets["汇总"], report)
        for name, makers in _TABLES.items():
            for table in (make(report) for make in makers):
                _titled(sheets[name], report, table)
        _footing(sheets["说明"], report)
        _map(sheets["附图"], report)
    book.properties.title = f"{reports[0].head.title} {TITLE}"
    book.properties.creator = reports[0].head.operator or "worktwin"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet(book: Workbook, name: str) -> Worksheet:
    sheet: Worksheet = book.active if name == SHEETS[0] else book.create_sheet()  # type: ignore[assignment]
    sheet.title = name
    sheet.page_setup.paperSize = _A4
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]
    sheet.print_options.horizontalCentered = True
    sheet.page_margins.left = sheet.page_margins.right = 0.5
    sheet.oddFooter.center.text = "第 &P 页 共 &N 页"  # type: ignore[union-attr]
    sheet.oddFooter.left.text = "&A"  # type: ignore[union-attr]
    return sheet


def _next(sheet: Worksheet, gap: int = 1) -> int:
    """Return the row to go on with, `gap` rows below what stands there."""
    return 1 if sheet.max_row == 1 and sheet.max_column == 1 else sheet.max_row + 1 + gap


def _put(sheet: Worksheet, row: int, column: int, value: Cell) -> SheetCell:
    """Write a value; a text stays a text whatever it begins with, a formula is never made."""
    cell = sheet.cell(row, column)
    if not isinstance(cell, SheetCell):
        raise TypeError(
            f"{cell.coordinate} is covered by a merged cell"
        )  # a fault of the layout, not of data
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)[:_MOST_TEXT]
        cell.data_type = "s"
    else:
        cell.value = value
    cell.font = Font(name=_FAMILY, size=10)
    return cell


def _band(
    sheet: Worksheet, row: int, text: str, columns: int, size: float = 10, *, high: float | None = None
) -> None:
    """Write a line across the columns of a table."""
    cell = _put(sheet, row, 1, text)
    cell.font = Font(name=_FAMILY, size=size, bold=size > 10)
    cell.alignment = _CENTRE if size > 14 else _TEXT
    sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=columns)
    if high:
        sheet.row_dimensions[row].height = high


def _summary(sheet: Worksheet, report: OverlapReport) -> None:
    table = summary_table(report)
    wide = len(table.columns)
    row = _next(sheet, 2)
    _band(sheet, row, TITLE, wide, 18, high=32)
    for number, pair in enumerate(head_lines(report)):
        _pair(sheet, row + 1 + number // 2, pair, right=number % 2 == 1, columns=wide)
    row = _next(sheet)
    _band(sheet, row, table.title, wide, 12)
    _table(sheet, row + 1, table)
    _answers(sheet, questions(report), wide)
    row = _next(sheet, 2)
    for number, name in enumerate(SIGNATURES):
        _put(sheet, row, 1 + number * wide // len(SIGNATURES), f"{name}：")
    _put(sheet, row, wide, "")
    _titled(sheet, report, member_table(report))


def _answers(sheet: Worksheet, answers: Sequence[tuple[str, str]], wide: int) -> None:
    if not answers:
        return
    row = _next(sheet)
    _band(sheet, row, "研判要点", wide, 12)
    for number, pair in enumerate(answers, row + 1):
        for (first, last), text in zip(((1, 3), (4, wide)), pair, strict=True):
            _put(sheet, number, first, text).alignment = _TEXT
            sheet.merge_cells(start_row=number, end_row=number, start_column=first, end_column=last)
        _boxed(sheet, number, wide)


def _pair(sheet: Worksheet, row: int, pair: tuple[str, str], *, right: bool, columns: int) -> None:
    middle = columns // 2
    first, last = (middle + 1, columns) if right else (1, middle)
    name = _put(sheet, row, first, pair[0])
    name.fill, name.alignment = _LIGHT, _TEXT
    sheet.merge_cells(start_row=row, end_row=row, start_column=first, end_column=first + 1)
    _put(sheet, row, first + 2, pair[1]).alignment = _TEXT
    sheet.merge_cells(start_row=row, end_row=row, start_column=first + 2, end_column=last)
    _boxed(sheet, row, columns)
    sheet.row_dimensions[row].height = 28


def _boxed(sheet: Worksheet, row: int, columns: int) -> None:
    for column in range(1, columns + 1):
        sheet.cell(row, column).border = _BOX


def _titled(sheet: Worksheet, report: OverlapReport, table: Table) -> None:
    """Write a table under its title, nothing for one without rows; the only table of a sheet keeps its headings."""
    if not table.rows:
        return
    row = _next(sheet, 2)
    _band(sheet, row, f"{report.head.title} {table.title}", len(table.columns), 12, high=22)
    first = _table(sheet, row + 1, table)
    if row == 1 and sheet.title == "明细":
        sheet.freeze_panes = f"A{first}"
        sheet.print_title_rows = f"1:{first - 1}"


def _table(sheet: Worksheet, row: int, table: Table) -> int:
    """Write a table from a row on and return the row of its first figures."""
    grouped = any(column.group for column in table.columns)
    _headings(sheet, row, table.columns, grouped=grouped)
    first = row + (2 if grouped else 1)
    for number, (cells, emphasis) in enumerate(zip(table.rows, table.emphasis, strict=True), first):
        for place, (column, value) in enumerate(zip(table.columns, cells, strict=True), 1):
            printed = _put(sheet, number, place, value)
            printed.border = _BOX
            printed.alignment = _TEXT if column.kind == "text" else _FIGURE
            if column.kind != "text":
                printed.number_format = _FORMATS[column.kind]
            if emphasis == "total":
                printed.fill, printed.font = _LIGHT, Font(name=_FAMILY, size=10, bold=True)
    return first


def _headings(sheet: Worksheet, row: int, columns: Sequence[Column], *, grouped: bool) -> None:
    for place, column in enumerate(columns, 1):
        words = (column.group or column.title, column.title)[: 2 if grouped else 1]
        for below, text in enumerate(words):
            heading = _put(sheet, row + below, place, text)
            heading.border, heading.fill, heading.alignment = _BOX, _SHADE, _CENTRE
            heading.font = Font(name=_FAMILY, size=10, bold=True)
        letter = get_column_letter(place)
        least = sheet.column_dimensions[letter].width if letter in sheet.column_dimensions else 0
        sheet.column_dimensions[letter].width = max(least, _WIDTH * column.share)
    if not grouped:
        sheet.row_dimensions[row].height = 30
        return
    sheet.row_dimensions[row].height = sheet.row_dimensions[row + 1].height = 20
    for place, column in enumerate(columns, 1):
        if not column.group:
            sheet.merge_cells(start_row=row, end_row=row + 1, start_column=place, end_column=place)
        elif place == 1 or columns[place - 2].group != column.group:
            last = place + sum(1 for other in columns if other.group == column.group) - 1
            sheet.merge_cells(start_row=row, end_row=row, start_column=place, end_column=last)


def _footing(sheet: Worksheet, report: OverlapReport) -> None:
    row = _next(sheet, 2)
    wide = 8
    _band(sheet, row, f"{report.head.title} 说明", wide, 12)
    for number, text in enumerate(basis_lines(report), 1):
        _band(sheet, row + number, f"{number}. {text}", wide, high=15.0 * (1 + len(text) // 45))
    _table(sheet, _next(sheet), version_table(report))
    sheet.column_dimensions["A"].width = 20
    sheet.column_dimensions["B"].width = 30


def _map(sheet: Worksheet, report: OverlapReport) -> None:
    if report.head.outline is None and not report.hits:
        return
    drawing = overview(report, _MAP_MM)
    row = _next(sheet, 2)
    _band(sheet, row, f"附图　{drawing.title}", 14, 12)
    picture = Image(io.BytesIO(render_png(drawing)))
    picture.width, picture.height = (round(side / 25.4 * 96) for side in _MAP_MM)
    sheet.add_image(picture, f"A{row + 1}")
    below = row + 1 + round(_MAP_MM[1] / 25.4 * 72 / 15) + 1
    words = "" if can_write(drawing) else "本机没有中文字体，图中文字从略；请安装中文字体后重新导出。"
    _put(sheet, below, 1, words)
