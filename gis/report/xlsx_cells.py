"""Cells, headings and tables of a workbook: real numbers with their formats, flat tables that can be sorted."""

import io
import re
import unicodedata
import zipfile
from collections.abc import Sequence
from typing import Final

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from gis.report.tables import DECIMALS, Cell, Column, Table

FORMATS: Final = {kind: f"#,##0{'.' if count else ''}{'0' * count}" for kind, count in DECIMALS.items()}
_FAMILY: Final = "宋体"
_THIN: Final = Side(style="thin", color="FF808080")
BOX: Final = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_SHADE: Final = PatternFill("solid", fgColor="FFEBEBEB")
LIGHT: Final = PatternFill("solid", fgColor="FFF6F6F6")
CENTRE: Final = Alignment(horizontal="center", vertical="center", wrap_text=True)
TEXT: Final = Alignment(horizontal="left", vertical="center", wrap_text=True)
FIGURE: Final = Alignment(horizontal="right", vertical="center")
LINE_PT: Final = 14.5
_LEAST_WIDTH: Final = 7.0
MOST_WIDTH: Final = 44.0
_A4: Final = 9
_MOST_TEXT: Final = 32_767
_FIGURE_OF: Final = re.compile(rb'(<c r="([A-Z]+\d+)"[^>]*><f>[^<]*</f>)<v ?/>')
_FIGURE_OPEN: Final = re.compile(rb'(<c r="([A-Z]+\d+)"[^>]*><f>[^<]*</f>)<v></v>')

Known = dict[tuple[str, str], float]
"""What formulas come to, by the title of their sheet and their cell."""


def add_sheet(book: Workbook, title: str) -> Worksheet:
    """Add a sheet that prints across A4, as wide as one page, with its name and the page numbers below."""
    sheet: Worksheet = book.create_sheet(title)
    sheet.page_setup.paperSize = _A4
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]
    sheet.print_options.horizontalCentered = True
    sheet.page_margins.left = sheet.page_margins.right = 0.5
    sheet.oddFooter.left.text = "&A"  # type: ignore[union-attr]
    sheet.oddFooter.center.text = "&P / &N"  # type: ignore[union-attr]
    return sheet


def put(sheet: Worksheet, row: int, column: int, value: Cell) -> SheetCell:
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


def bold(cell: SheetCell, size: float = 10) -> SheetCell:
    """Write a cell in heavy letters."""
    cell.font = Font(name=_FAMILY, size=size, bold=True)
    return cell


def shown_width(text: str) -> int:
    r"""Return how many columns of a half-width sign the longest line of a text takes.

    Examples
    --------
    >>> shown_width("压占 m²"), shown_width("压占面积\n（亩）")
    (7, 8)
    """
    return max(
        sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in line)
        for line in text.split("\n")
    )


def lines_of(text: str, width: float) -> int:
    r"""Return into how many lines a text breaks in a cell of some width.

    Examples
    --------
    >>> lines_of("压占面积", 9), lines_of("压占面积", 6), lines_of("a\nb", 6)
    (1, 2, 2)
    """
    room = max(width - 1, 1) if width > _LEAST_WIDTH else width
    return sum(max(-(-shown_width(line) // int(room)), 1) for line in text.split("\n"))


def boxed(sheet: Worksheet, row: int, columns: int) -> None:
    """Draw lines around the cells of a row."""
    for column in range(1, columns + 1):
        sheet.cell(row, column).border = BOX


def fit_columns(sheet: Worksheet, tables: Sequence[Table], most: float = MOST_WIDTH) -> None:
    """Make the columns as wide as what stands in them, within reason: longer texts are broken."""
    for place in range(1, 1 + max(len(table.columns) for table in tables)):
        widths = [
            _width(table.columns[place - 1], [row[place - 1] for row in table.rows], most)
            for table in tables
            if place <= len(table.columns)
        ]
        sheet.column_dimensions[get_column_letter(place)].width = max(widths)


def _width(column: Column, cells: Sequence[Cell], most: float) -> float:
    head = shown_width(column.heading)
    if column.kind == "text":
        inside = max((shown_width(cell) for cell in cells if isinstance(cell, str)), default=0)
    else:
        shown = f",.{DECIMALS[column.kind]}f"
        inside = max((len(format(cell, shown)) for cell in cells if isinstance(cell, int | float)), default=0)
    return min(max(head, inside, _LEAST_WIDTH - 2) + 2.0, most)


def write_headings(sheet: Worksheet, row: int, columns: Sequence[Column]) -> None:
    """Write the headings in one row, units in brackets: no merged cell stands in the way of sorting."""
    lines = 1
    for place, column in enumerate(columns, 1):
        heading = bold(put(sheet, row, place, column.heading))
        heading.border, heading.fill, heading.alignment = BOX, _SHADE, CENTRE
        lines = max(lines, lines_of(column.heading, column_width(sheet, place)))
    sheet.row_dimensions[row].height = lines * LINE_PT + 3


def column_width(sheet: Worksheet, place: int) -> float:
    """Return the width of a column in signs."""
    return float(sheet.column_dimensions[get_column_letter(place)].width)


def write_rows(sheet: Worksheet, row: int, table: Table, known: Known) -> int:
    """Write the rows of a table from a row on and return the row behind them; totals are formulas."""
    for number, (cells, emphasis) in enumerate(zip(table.rows, table.emphasis, strict=True)):
        lines = 1
        total = emphasis == "total"
        for place, (column, value) in enumerate(zip(table.columns, cells, strict=True), 1):
            printed = put(sheet, row + number, place, value)
            printed.border = BOX
            printed.alignment = TEXT if column.kind == "text" else FIGURE
            if column.kind != "text":
                printed.number_format = FORMATS[column.kind]
            elif isinstance(value, str):
                lines = max(lines, lines_of(value, column_width(sheet, place)))
            if total:
                printed.fill = LIGHT
                bold(printed)
        if lines > 1:
            sheet.row_dimensions[row + number].height = lines * LINE_PT
        if total:
            _sum_up(sheet, row, number, table, known)
    return row + len(table.rows)


def _sum_up(sheet: Worksheet, first: int, number: int, table: Table, known: Known) -> None:
    """Turn the sums of a total into formulas over the rows of the same name above it."""
    start = number
    while start and not table.emphasis[start - 1] and table.rows[start - 1][0] == table.rows[number][0]:
        start -= 1
    for place, column in enumerate(table.columns, 1):
        value = table.rows[number][place - 1]
        if column.sums and isinstance(value, int | float) and start < number:
            letter = get_column_letter(place)
            cell = sheet.cell(first + number, place)
            cell.value = f"=SUM({letter}{first + start}:{letter}{first + number - 1})"
            known[sheet.title, cell.coordinate] = value


def save_book(book: Workbook, known: Known) -> bytes:
    """Return the workbook; formulas carry what they come to, for readers that do not compute."""
    raw, out = io.BytesIO(), io.BytesIO()
    book.save(raw)
    if not known:
        return raw.getvalue()
    titles = {f"xl/worksheets/sheet{number}.xml": title for number, title in enumerate(book.sheetnames, 1)}
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, _filled(data, titles[name], known) if name in titles else data)
    return out.getvalue()


def _filled(data: bytes, title: str, known: Known) -> bytes:
    def fill(found: "re.Match[bytes]") -> bytes:
        value = known.get((title, found.group(2).decode()))
        return found.group(0) if value is None else found.group(1) + f"<v>{value!r}</v>".encode()

    return _FIGURE_OPEN.sub(fill, _FIGURE_OF.sub(fill, data))
