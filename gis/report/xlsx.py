"""An overlap report as a workbook: a form to print and sign, and flat tables of real numbers to work on."""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from openpyxl import Workbook
from openpyxl.drawing.image import Image
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
from gis.report.model import Lang, OverlapReport
from gis.report.png import can_write, render_png
from gis.report.tables import Column, Table
from gis.report.words import basis_lines, head_lines, questions, signatures, title_of
from gis.report.xlsx_cells import (
    CENTRE,
    LIGHT,
    LINE_PT,
    TEXT,
    Known,
    add_sheet,
    bold,
    boxed,
    column_width,
    fit_columns,
    lines_of,
    put,
    save_book,
    write_headings,
    write_rows,
)

Maker = Callable[[OverlapReport], Table]
_TABLES: Final[tuple[tuple[str, str, Maker], ...]] = (
    ("分地块", "Parcels 分地块", member_table),
    ("三大类", "Great classes 三大类", land_use_table),
    ("分类统计", "By class 分类统计", class_table),
    ("坐落单位", "By village 坐落单位", owner_table),
    ("明细", "Features 明细", detail_table),
)
_ALWAYS: Final = ("分类统计", "明细")
_MAP_MM: Final = (250.0, 150.0)
_NOTES_WIDTH: Final = 120.0
_REMARKS_WIDTH: Final = 28.0


def render_xlsx(reports: Sequence[OverlapReport]) -> bytes:
    """Return the reports as one workbook.

    The first sheet is the form: subjects one below the other, answers, signatures. Then a sheet for each table with
    its headings in the first row; of several reports the rows stand below each other behind the name of the subject.
    Totals are formulas. Footing, data versions and maps come last.
    """
    lang = reports[0].head.lang
    book, known = Workbook(), Known()
    book.remove(book.worksheets[0])
    form = add_sheet(book, _named(lang, "汇总", "Summary 汇总"))
    fit_columns(form, [summary_table(report) for report in reports], most=_REMARKS_WIDTH)
    for report in reports:
        _form(form, report, known)
    for zh, en, make in _TABLES:
        tables = [_of_subject(report, make(report), len(reports) > 1) for report in reports]
        if zh in _ALWAYS or any(table.rows for table in tables):
            _flat(add_sheet(book, _named(lang, zh, en)), reports[0], tables, known)
    versions = [_of_subject(report, version_table(report), len(reports) > 1) for report in reports]
    notes, maps = (_named(lang, *names) for names in (("说明", "Notes 说明"), ("附图", "Map 附图")))
    _notes(add_sheet(book, notes), reports)
    _flat(add_sheet(book, _named(lang, "数据版本", "Data versions 数据版本")), reports[0], versions, known)
    _maps(add_sheet(book, maps), reports)
    book.properties.title = f"{reports[0].head.title} {title_of(lang)}"
    book.properties.creator = reports[0].head.operator or "worktwin"
    return save_book(book, known)


def _named(lang: Lang, zh: str, en: str) -> str:
    return zh if lang == "zh" else en


def _of_subject(report: OverlapReport, table: Table, several: bool) -> Table:
    """Put the name of the subject before every row, where a table holds those of several."""
    if not several:
        return table
    columns = (
        Column(report.say("分析对象", "Subject 分析对象")),
        Column(report.say("档案编号", "Archive number 档案编号")),
    )
    names = (report.head.title, report.head.code)
    return replace(table, columns=columns + table.columns, rows=tuple(names + row for row in table.rows))


# --- the form


def _form(sheet: Worksheet, report: OverlapReport, known: Known) -> None:
    table = summary_table(report)
    wide = len(table.columns)
    row = _next(sheet, 2)
    _band(sheet, row, title_of(report.head.lang), wide, 18)
    for number, pair in enumerate(head_lines(report)):
        _pair(sheet, row + 1 + number // 2, pair, right=number % 2 == 1, columns=wide)
    row = _next(sheet)
    _band(sheet, row, table.title, wide, 12)
    write_headings(sheet, row + 1, table.columns)
    write_rows(sheet, row + 2, table, known)
    _answers(sheet, report, wide)
    row = _next(sheet, 2)
    names = signatures(report.head.lang)
    for number, name in enumerate(names):
        put(sheet, row, 1 + number * wide // len(names), report.say(f"{name}：", f"{name}:"))
    put(sheet, row, wide, "")


def _next(sheet: Worksheet, gap: int = 1) -> int:
    """Return the row to go on with, `gap` rows below what stands there."""
    return 1 if sheet.max_row == 1 and sheet.cell(1, 1).value is None else sheet.max_row + 1 + gap


def _band(sheet: Worksheet, row: int, text: str, columns: int, size: float) -> None:
    """Write a line across the columns of a table."""
    cell = bold(put(sheet, row, 1, text), size)
    cell.alignment = CENTRE if size > 14 else TEXT
    sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=columns)
    sheet.row_dimensions[row].height = size * 1.9


def _span(sheet: Worksheet, row: int, text: str, first: int, last: int) -> int:
    """Write a text over some columns of the form and return the lines that it needs: merged cells do not grow."""
    put(sheet, row, first, text).alignment = TEXT
    sheet.merge_cells(start_row=row, end_row=row, start_column=first, end_column=last)
    return lines_of(text, sum(column_width(sheet, place) for place in range(first, last + 1)))


def _pair(sheet: Worksheet, row: int, pair: tuple[str, str], *, right: bool, columns: int) -> None:
    middle = columns // 2
    first, last = (middle + 1, columns) if right else (1, middle)
    lines = max(_span(sheet, row, pair[0], first, first + 1), _span(sheet, row, pair[1], first + 2, last))
    sheet.cell(row, first).fill = LIGHT
    boxed(sheet, row, columns)
    high = sheet.row_dimensions[row].height or 0
    sheet.row_dimensions[row].height = max(high, lines * LINE_PT + 4)


def _answers(sheet: Worksheet, report: OverlapReport, wide: int) -> None:
    answers = questions(report)
    if not answers:
        return
    row = _next(sheet)
    _band(sheet, row, report.say("研判要点", "Questions of the review 研判要点"), wide, 12)
    for number, (question, answer) in enumerate(answers, row + 1):
        lines = max(_span(sheet, number, question, 1, 4), _span(sheet, number, answer, 5, wide))
        sheet.row_dimensions[number].height = lines * LINE_PT + 4
        boxed(sheet, number, wide)


# --- tables, notes, maps


def _flat(sheet: Worksheet, report: OverlapReport, tables: Sequence[Table], known: Known) -> None:
    """Write tables of one kind below each other under one row of headings, frozen and printed on every page."""
    fit_columns(sheet, tables)
    columns, row = tables[0].columns, 2
    write_headings(sheet, 1, columns)
    for table in tables:
        if table.rows and _headings(table.columns) != _headings(columns):
            columns = table.columns
            write_headings(sheet, row, columns)
            row += 1
        row = write_rows(sheet, row, table, known)
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    heading = f"{report.head.title} {tables[0].title}"
    sheet.oddHeader.center.text = heading.replace("&", "&&")[:200]  # type: ignore[union-attr]
    if row > 2 and not any("total" in table.emphasis for table in tables):
        sheet.auto_filter.ref = f"A1:{sheet.cell(row - 1, len(columns)).coordinate}"


def _headings(columns: Sequence[Column]) -> list[str]:
    return [column.heading for column in columns]


def _notes(sheet: Worksheet, reports: Sequence[OverlapReport]) -> None:
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 5, _NOTES_WIDTH
    for report in reports:
        row = _next(sheet)
        bold(put(sheet, row, 1, f"{report.head.title} {report.say('说明', 'Notes 说明')}"), 12)
        for number, text in enumerate(basis_lines(report), 1):
            put(sheet, row + number, 1, number)
            put(sheet, row + number, 2, text).alignment = TEXT
            sheet.row_dimensions[row + number].height = lines_of(text, _NOTES_WIDTH) * LINE_PT


def _maps(sheet: Worksheet, reports: Sequence[OverlapReport]) -> None:
    for report in reports:
        if report.head.outline is not None or report.hits:
            _map(sheet, report)


def _map(sheet: Worksheet, report: OverlapReport) -> None:
    drawing = overview(report, _MAP_MM)
    row = _next(sheet, 2)
    bold(put(sheet, row, 1, f"{report.say('附图', 'Map 附图')}　{drawing.title}"), 12)
    picture = Image(io.BytesIO(render_png(drawing)))
    picture.width, picture.height = (round(side / 25.4 * 96) for side in _MAP_MM)
    sheet.add_image(picture, f"A{row + 1}")
    below = row + 1 + round(_MAP_MM[1] / 25.4 * 72 / 15) + 1
    words = report.say(
        "本机没有中文字体，图中文字从略；请安装中文字体后重新导出。",
        "This machine has no font with Chinese: the words in the picture are left out. Install one and export again.",
    )
    put(sheet, below, 1, "" if can_write(drawing) else words)
