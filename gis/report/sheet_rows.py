"""Rows of a sheet written as they come: a workbook of a million rows without a million cells in memory.

openpyxl makes the workbook with one row of examples; their styles are taken over, and the examples replaced.
Source: ECMA-376 part 1, 18.3.1.73 (row), 18.3.1.4 (c), 18.18.11 (inline strings).
"""

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final
from xml.sax.saxutils import escape

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

EXCEL_ROWS: Final = 1_048_576
_EXAMPLE: Final = re.compile(rb'<row r="2".*?</row>', re.DOTALL)
_BOX: Final = re.compile(rb'<dimension ref="[^"]*" ?/>')
_MOST_TEXT: Final = 32_767
_CHUNK: Final = 1 << 20


class SheetRows:
    """The rows below the headings of a sheet, in a file of their own until the workbook is put together."""

    def __init__(self, sheet: Worksheet, path: Path) -> None:
        """Take the styles of the sheet's second row."""
        self.title = sheet.title
        self.path = path
        self.count = 0
        self._columns = sheet.max_column
        self._styles = [sheet.cell(2, place).style_id for place in range(1, self._columns + 1)]
        self._file = path.open("w", encoding="utf-8")

    def __enter__(self) -> "SheetRows":
        """Return the rows."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()

    def add(self, values: Sequence[Any]) -> None:
        """Write one row: numbers as numbers, None as an empty cell, everything else as text."""
        self.count += 1
        cells = "".join(_cell(value, style) for value, style in zip(values, self._styles, strict=True))
        self._file.write(f'<row r="{self.count + 1}">{cells}</row>')

    @property
    def box(self) -> str:
        """The cells that the sheet has, headings included."""
        return f"A1:{get_column_letter(self._columns)}{self.count + 1}"


def _cell(value: Any, style: int) -> str:
    if value is None:
        return f'<c s="{style}"/>'
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f'<c s="{style}"><v>{value!r}</v></c>'
    text = escape(ILLEGAL_CHARACTERS_RE.sub("", str(value))[:_MOST_TEXT])
    return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def put_together(book: bytes, titles: Sequence[str], rows: Mapping[str, SheetRows], path: Path) -> None:
    """Write a workbook with the rows of some sheets in place of their examples.

    Parameters
    ----------
    book : bytes
        As openpyxl saves it.
    titles : sequence of str
        Of its sheets, in order.
    """
    files = {f"xl/worksheets/sheet{number}.xml": rows.get(title) for number, title in enumerate(titles, 1)}
    with (
        zipfile.ZipFile(io.BytesIO(book)) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as target,
    ):
        for name in source.namelist():
            own = files.get(name)
            if own is None:
                target.writestr(name, source.read(name))
            else:
                _insert(target, name, source.read(name), own)


def _insert(target: zipfile.ZipFile, name: str, sheet: bytes, rows: SheetRows) -> None:
    box = f'<dimension ref="{rows.box}"/>'.encode()
    sheet = _BOX.sub(lambda _: box, sheet, count=1)
    found = _EXAMPLE.search(sheet)
    if found is None:
        raise ValueError(f"sheet {rows.title} has no row of examples")
    with target.open(name, "w", force_zip64=True) as out, rows.path.open("rb") as added:
        out.write(sheet[: found.start()])
        while chunk := added.read(_CHUNK):
            out.write(chunk)
        out.write(sheet[found.end() :])
