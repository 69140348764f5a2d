"""The ledger given back with its faults: cells coloured, a comment each, a column 错误 and a sheet of all findings.

Texts are written as texts, never as formulas: what a sender typed into a cell must not run on the next desk.
"""

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from gis.exchange.ledger_csv import read_csv
from gis.exchange.ledger_grid import Merge, column_number
from gis.exchange.ledger_model import ERROR_HEAD, CellFinding, LedgerResult
from gis.exchange.ledger_xlsx import FAULTS, broken, guard
from gis.exchange.zips import list_members

ERROR_SHEET: Final = "导入错误"
MOST_BYTES: Final = 60_000_000
"""Of sheets unpacked that are marked in place; larger workbooks get the sheet of findings alone."""
_FILLS: Final = {
    "error": PatternFill("solid", start_color="FFFF9999"),
    "warning": PatternFill("solid", start_color="FFFFE699"),
}
_LABELS: Final = {"error": "错误", "warning": "警告", "note": "说明"}
_CSV_SHEET: Final = "台账"
_AUTHOR: Final = "worktwin"
_MOST_COMMENT: Final = 1_000


def write_marked_copy(path: Path, name: str, result: LedgerResult) -> bytes:
    """Return a ledger as .xlsx with its faults marked; of a CSV its table as a workbook.

    Parameters
    ----------
    path : Path
        The file that `result` was read from; it is left as it is.
    name : str
        What the sender called it; only for messages.
    result : LedgerResult
        With the findings.

    Returns
    -------
    bytes
        A workbook: faulty cells red (warnings yellow) with a comment, a last column 错误 in the sheet read, a sheet
        导入错误 with every finding by its cell.

    Raises
    ------
    ExchangeError
        The file can no longer be read.
    """
    try:
        with warnings.catch_warnings():
            # It warns of extensions that it does not keep.
            warnings.simplefilter("ignore")
            return _marked(path, name, result)
    except FAULTS as error:
        raise broken(name, error) from error


def _marked(path: Path, name: str, result: LedgerResult) -> bytes:
    book = _from_csv(path, name, result) if result.kind == "csv" else _open(path, name)
    sheet = book[result.sheet or _CSV_SHEET] if (result.sheet or _CSV_SHEET) in book.sheetnames else None
    if isinstance(sheet, Worksheet):
        _clear(sheet)
        _mark_cells(sheet, result)
        _add_column(sheet, result)
    _add_sheet(book, result)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _is_large(path: Path, name: str) -> bool:
    members = list_members(path, name)
    return sum(each.info.file_size for each in members if each.name.startswith("xl/")) > MOST_BYTES


def _open(path: Path, name: str) -> Workbook:
    if _is_large(path, name):
        return _blank()
    guard(path, name)
    with path.open("rb") as file:
        return load_workbook(file, keep_links=False)


def _blank() -> Workbook:
    book = Workbook()
    if book.active is not None:
        book.remove(book.active)
    return book


def _from_csv(path: Path, name: str, result: LedgerResult) -> Workbook:
    delimiter = next((each.value for each in result.evidence if each.subject == "delimiter"), None)
    grid = read_csv(path, name, result.encoding if result.encoding != "UTF-16" else None, delimiter)[0]
    book = _blank()
    sheet = book.create_sheet(_CSV_SHEET)
    for row, cells in grid.rows.items():
        for column, value in enumerate(cells, start=1):
            if value is not None:
                _write(sheet, row, column, value)
    return book


def _write(sheet: Worksheet, row: int, column: int, text: str) -> None:
    """Write a text as a text, also where it begins like a formula."""
    cell: Any = sheet.cell(row, column)
    if isinstance(cell, MergedCell):
        return
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)[:32_767]
    cell.data_type = "s"
    if text.startswith(("=", "+", "-", "@")):
        cell.quotePrefix = True


def _clear(sheet: Worksheet) -> None:
    """Take back the marks of an earlier copy, so that what was mended since looks mended."""
    for row in sheet.iter_rows():
        for cell in row:
            if (
                cell.comment is not None
                and cell.comment.author == _AUTHOR
                and not isinstance(cell, MergedCell)
            ):
                cell.comment = None
                cell.fill = PatternFill()


def _mark_cells(sheet: Worksheet, result: LedgerResult) -> None:
    merges = [
        Merge(each.min_row, each.min_col, each.max_row, each.max_col) for each in sheet.merged_cells.ranges
    ]
    by_cell: dict[tuple[int, int], list[CellFinding]] = {}
    for finding in result.findings:
        if finding.level == "note" or not finding.row:
            continue
        column = column_number(finding.column or "A") or 1
        row = finding.row
        # Only the corner of a merged range can hold a comment.
        corner = next((each for each in merges if each.covers(row, column)), None)
        by_cell.setdefault((corner.top, corner.left) if corner else (row, column), []).append(finding)
    for (row, column), findings in by_cell.items():
        cell: Any = sheet.cell(row, column)
        worst = "error" if any(each.level == "error" for each in findings) else "warning"
        cell.fill = _FILLS[worst]
        said = "\n".join(f"{_LABELS[each.level]}：{each.zh} {each.en}" for each in findings)
        cell.comment = Comment(
            ILLEGAL_CHARACTERS_RE.sub("", said)[:_MOST_COMMENT], _AUTHOR, height=120, width=320
        )


def _add_column(sheet: Worksheet, result: LedgerResult) -> None:
    """Add the column 错误 to the right, or fill the one that an earlier marked copy has."""
    first, last = result.header_rows
    found = [column_number(each.letter) for each in result.columns if each.header == ERROR_HEAD]
    columns = [column_number(each.letter) or 0 for each in result.columns]
    column = (
        found[0] if found and found[0] else max([*columns, *_said_columns(result.findings)], default=0) + 1
    )
    if first:
        _write(sheet, last, column, ERROR_HEAD)
        sheet.cell(last, column).font = Font(bold=True)
    for at in range(last + 1, (sheet.max_row or 0) + 1) if found else ():
        _write(sheet, at, column, "")
    by_row: dict[int, list[str]] = {}
    for each in result.findings:
        if each.row and each.level == "error":
            by_row.setdefault(each.row, []).append(f"{each.where}：{each.zh}")
    for row, texts in by_row.items():
        _write(sheet, row, column, "；".join(texts))


def _said_columns(findings: Sequence[CellFinding]) -> list[int]:
    return [column_number(each.column) or 0 for each in findings if each.column]


def _add_sheet(book: Workbook, result: LedgerResult) -> None:
    if ERROR_SHEET in book.sheetnames:
        book.remove(book[ERROR_SHEET])
    sheet = book.create_sheet(ERROR_SHEET)
    for column, text in enumerate(("级别", "单元格", "问题", "Problem"), start=1):
        _write(sheet, 1, column, text)
        sheet.cell(1, column).font = Font(bold=True)
    for row, finding in enumerate(result.findings, start=2):
        for column, text in enumerate(
            (_LABELS[finding.level], finding.where, finding.zh, finding.en), start=1
        ):
            _write(sheet, row, column, text)
    sheet.freeze_panes = "A2"
    for letter, width in (("A", 8), ("B", 10), ("C", 60), ("D", 80)):
        sheet.column_dimensions[letter].width = width
