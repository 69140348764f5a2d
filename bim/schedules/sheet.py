"""Rows and cells of a CSV text or the first filled sheet of an XLSX workbook.

openpyxl parses with defusedxml, because that is installed.
"""

import csv
import io
import zipfile
from dataclasses import dataclass
from typing import Any, Final

from defusedxml import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from bim.errors import Place, ScheduleError
from bim.schedules.text import decode

ZIP_MAGIC: Final = b"PK\x03\x04"
MAX_ROWS: Final = 200_000
MAX_COLUMNS: Final = 200
_MAX_UNPACKED: Final = 512 * 1024 * 1024
_MAX_RATIO: Final = 200
_MAX_MEMBERS: Final = 2_000
_DELIMITERS: Final = ",\t;"


@dataclass(frozen=True)
class Sheet:
    """A table of cells.

    Attributes
    ----------
    rows : list of list
        Cells of every row; row 0 is the first of the file.
    spreadsheet : bool
        Places are named as in a workbook (``C7``), else as lines.
    """

    rows: list[list[Any]]
    title: str | None
    spreadsheet: bool
    encoding: str | None = None
    evidence: str | None = None
    notes: tuple[str, ...] = ()

    def row_name(self, row: int) -> str:
        """Name a row as the user counts it."""
        return f"row {row + 1}" if self.spreadsheet else f"line {row + 1}"

    def cell_name(self, row: int, column: int) -> str:
        """Name a cell as the user finds it.

        Examples
        --------
        >>> Sheet([], None, True).cell_name(6, 2), Sheet([], None, False).cell_name(6, 2)
        ('cell C7', 'line 7, column 3')
        """
        if self.spreadsheet:
            return f"cell {get_column_letter(column + 1)}{row + 1}"
        return f"line {row + 1}, column {column + 1}"


def read_sheet(data: bytes, encoding: str | None = None) -> Sheet:
    """Read the cells of a CSV or XLSX file, told apart by its bytes.

    Raises
    ------
    ScheduleError
        Neither of the two, too large, or damaged.
    """
    return _read_workbook(data) if data.startswith(ZIP_MAGIC) else _read_csv(data, encoding)


def _read_csv(data: bytes, encoding: str | None) -> Sheet:
    found = decode(data, encoding)
    text = found.text.replace("\0", "")
    head = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    rows: list[list[Any]] = []
    try:
        for cells in reader:
            # A quoted cell may span lines: rows keep the number of the line they begin on.
            rows += [[] for _ in range(reader.line_num - 1 - len(rows) - _count_breaks(cells))]
            rows.append(cells[:MAX_COLUMNS])
            _check_rows(len(rows))
    except csv.Error as error:
        raise ScheduleError(
            f"The table cannot be read ({error}).", f"无法读取表格（{error}）。", Place(line=reader.line_num)
        ) from error
    return Sheet(rows, None, False, found.encoding, found.evidence)


def _count_breaks(cells: list[str]) -> int:
    return sum(cell.count("\n") for cell in cells)


def _read_workbook(data: bytes) -> Sheet:
    try:
        _guard(data)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        for page in book.worksheets:
            rows = _page_rows(page)
            if any(cell not in (None, "") for row in rows for cell in row):
                left = [other.title for other in book.worksheets if other is not page]
                notes = (f"read the sheet {page.title}, not {', '.join(left)}",) if left else ()
                return Sheet(rows, page.title, True, notes=notes)
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        KeyError,
        ValueError,
        OSError,
        DefusedXmlException,
    ) as error:
        raise _no_workbook(error) from error
    except (
        AttributeError,
        TypeError,
        IndexError,
        SyntaxError,
    ) as error:  # what openpyxl throws at damaged parts
        raise _no_workbook(error) from error
    raise ScheduleError("The workbook has no filled sheet.", "工作簿没有内容。")


def _no_workbook(error: Exception) -> ScheduleError:
    return ScheduleError(
        f"The workbook cannot be read ({type(error).__name__}); save it as .xlsx again.",
        f"无法读取工作簿（{type(error).__name__}）；请另存为 .xlsx。",
    )


def _page_rows(page: Any) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for cells in page.iter_rows(values_only=True, max_col=MAX_COLUMNS):
        rows.append(list(cells))
        _check_rows(len(rows))
    return rows


def _guard(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        unpacked = sum(each.file_size for each in members)
        packed = max(1, sum(each.compress_size for each in members))
        if (
            len(members) > _MAX_MEMBERS
            or unpacked > _MAX_UNPACKED
            or unpacked > _MAX_RATIO * packed + 1_000_000
        ):
            raise ScheduleError(
                f"The workbook unpacks to {unpacked} bytes in {len(members)} parts; that is refused.",
                f"工作簿解压后为 {unpacked} 字节、{len(members)} 个部分，拒绝读取。",
            )


def _check_rows(count: int) -> None:
    if count > MAX_ROWS:
        raise ScheduleError(
            f"The table has more than {MAX_ROWS} rows; split it.", f"表格超过 {MAX_ROWS} 行；请拆分。"
        )
