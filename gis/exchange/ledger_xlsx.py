"""Sheets of an .xlsx workbook, read by openpyxl as a stream behind a guard against bombs and broken parts."""

import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final, cast
from xml.parsers.expat import ExpatError

from defusedxml.common import DefusedXmlException
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from gis.exchange.errors import ExchangeError
from gis.exchange.ledger_dates import EPOCH_1900
from gis.exchange.ledger_grid import MOST_MERGED_CELLS, Grid
from gis.exchange.ledger_scan import SheetFacts, scan_sheet
from gis.exchange.model import refuse
from gis.exchange.zips import Member, list_members

MOST_BYTES: Final = 400_000_000
"""Of all parts unpacked; shared texts are held in memory."""
MOST_SHEETS: Final = 100
_HEAD_BYTES: Final = 4_096
_MOST_SHARED_BYTES: Final = 100_000_000

FAULTS: Final = (
    zipfile.BadZipFile, zlib.error, InvalidFileException, DefusedXmlException, ExpatError, KeyError, ValueError, OSError,
    EOFError, AttributeError, TypeError, IndexError, SyntaxError, AssertionError, NotImplementedError, RuntimeError,
    OverflowError, struct.error,
)  # fmt: skip
"""What openpyxl throws at damaged parts."""


def read_sheets(path: Path, name: str) -> list[Grid]:
    """Return the sheets that hold something, in their order.

    Raises
    ------
    ExchangeError
        A workbook that is damaged, too large, or not in the .xlsx format.
    """
    guard(path, name)
    with _guarded(name), path.open("rb") as file:
        reader = _Reader(file, read_only=True, data_only=True, keep_links=False)
        with reader.archive:
            reader.read()
            epoch = reader.wb.epoch.date() if reader.wb.epoch.year == 1904 else EPOCH_1900
            if len(reader.sheets) > MOST_SHEETS:
                raise refuse(f"More than {MOST_SHEETS} sheets.", f"工作表超过 {MOST_SHEETS} 个。", name)
            return [grid for sheet in reader.sheets for grid in _read(reader.archive, sheet, epoch)]


class _Sheet(ReadOnlyWorksheet):
    """A sheet as a stream whose size is not looked for: that would hold every row of a sheet that does not say it."""

    def __init__(self, book: Any, title: str, part: str, shared_strings: list[str], state: Any) -> None:
        super().__init__(book, title, part, shared_strings)
        self.part = part
        self.sheet_state = state

    def _get_size(self) -> None:
        return


class _Reader(ExcelReader):
    """The reader of openpyxl without charts; it keeps which part of the archive a sheet is."""

    sheets: list[_Sheet]

    def read_worksheets(self) -> None:
        self.sheets = [
            _Sheet(self.wb, sheet.name, part.target, self.shared_strings, sheet.state)
            for sheet, part in self.parser.find_sheets()
            if part.target in self.valid_files and "chartsheet" not in part.Type
        ]


def guard(path: Path, name: str) -> None:
    """Refuse what must not be opened: bombs, binary workbooks, workbooks without parts.

    Raises
    ------
    ExchangeError
    """
    members = list_members(path, name)
    names = {member.name for member in members}
    if "xl/workbook.bin" in names:
        raise refuse(
            "An .xlsb workbook is not read: save it as .xlsx.", "不支持 .xlsb，请另存为 .xlsx。", name
        )
    shared = sum(each.info.file_size for each in members if each.name.endswith("sharedStrings.xml"))
    if sum(each.info.file_size for each in members) > MOST_BYTES or shared > _MOST_SHARED_BYTES:
        raise refuse(
            f"The workbook has more than {MOST_BYTES // 1_000_000} MB unpacked; split it.",
            f"工作簿解压后超过 {MOST_BYTES // 1_000_000} MB，请拆分。",
            name,
        )
    _refuse_entities(path, members, name)


def _refuse_entities(path: Path, members: list[Member], name: str) -> None:
    """Refuse document types, which no workbook has: which parser openpyxl takes depends on what is installed."""
    with _guarded(name), zipfile.ZipFile(path) as archive:
        for member in members:
            if not member.name.endswith((".xml", ".rels", ".vml")):
                continue
            with archive.open(member.info) as part:
                head = part.read(_HEAD_BYTES).replace(b"\x00", b"").upper()
            if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                raise refuse(
                    f"Part {member.name[:60]} declares entities; save the workbook again.",
                    f"部件 {member.name[:60]} 含实体声明，请重新保存工作簿。",
                    name,
                )


@contextmanager
def _guarded(name: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            # It warns of styles and extensions that it does not keep; nothing of them is read here.
            warnings.simplefilter("ignore")
            yield
    except ExchangeError:
        raise
    except FAULTS as error:
        raise broken(name, error) from error


def broken(name: str, error: Exception) -> ExchangeError:
    """Return the refusal of a workbook that openpyxl cannot take."""
    return refuse(
        f"The workbook is damaged ({type(error).__name__}); open it in Excel or WPS and save it as .xlsx again.",
        f"工作簿已损坏（{type(error).__name__}），请用 Excel 或 WPS 打开后另存为 .xlsx。",
        name,
    )


def _read(archive: zipfile.ZipFile, sheet: _Sheet, epoch: date) -> Iterator[Grid]:
    with archive.open(sheet.part) as source:
        facts = scan_sheet(source, sheet.title)
    if not facts.filled_cells:
        return
    if sum(each.cells_within(facts.last_row, facts.last_column) for each in facts.merged) > MOST_MERGED_CELLS:
        raise refuse(
            f"More than {MOST_MERGED_CELLS} cells are merged; undo the merges of the table's body.",
            f"合并单元格超过 {MOST_MERGED_CELLS} 个，请取消表体中的合并。",
            sheet.title,
        )
    rows, formats = _cells(sheet, facts)
    if rows:
        yield Grid(
            sheet.title,
            rows,
            facts.last_column,
            [merge for merge in facts.merged if merge.top <= facts.last_row],
            frozenset(facts.hidden_rows),
            frozenset(facts.hidden_columns),
            formats,
            frozenset(facts.uncomputed),
            epoch,
            sheet.sheet_state != "visible",
        )


def _cells(sheet: _Sheet, facts: SheetFacts) -> tuple[dict[int, list[Any]], dict[tuple[int, int], str]]:
    rows: dict[int, list[Any]] = {}
    formats: dict[tuple[int, int], str] = {}
    uncomputed = {row for row, _ in facts.uncomputed}
    # What a sheet says of its size is often wrong, so the ends are given.
    stream = cast("Any", sheet).iter_rows(
        min_row=1, max_row=facts.last_row, min_col=1, max_col=facts.last_column
    )
    for number, cells in enumerate(stream, start=1):
        values = [_value(cell.value) for cell in cells]
        if number not in uncomputed and all(value is None for value in values):
            continue
        rows[number] = values
        for column, cell in enumerate(cells, start=1):
            if isinstance(cell.value, int | float) and cell.number_format != "General":
                formats[number, column] = cell.number_format
    return rows, formats


def _value(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value
