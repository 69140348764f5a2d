"""Ledgers made for the tests: workbooks by openpyxl or by hand where it would not write what the field sends, and CSVs."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from gis.exchange import LedgerChoices

Rows = Sequence[Sequence[Any]]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@dataclass(frozen=True)
class LedgerCase:
    """A ledger with the answer expected.

    Parameters
    ----------
    name, file : str
        What is odd about it, what the sender called it.
    values : tuple of dict
        Of each row, those that the case is about.
    rows : tuple of int, optional
        Numbers of the rows with records.
    skipped : dict
        Row number → reason.
    cells : dict
        Cell → level, of all errors and warnings.
    says : tuple of str
        Words that must stand in the findings.
    areas : tuple of float
        Plane areas (m²) of the features, worked out by hand; they hold to 0.1 %.
    asks : tuple of str
    refused : tuple of str
        Words of the refusal.
    """

    name: str
    file: str
    data: bytes
    choices: LedgerChoices = field(default_factory=LedgerChoices)
    target: str | None = "project"
    values: tuple[Mapping[str, Any], ...] = ()
    rows: tuple[int, ...] | None = None
    skipped: Mapping[int, str] = field(default_factory=dict)
    cells: Mapping[str, str] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    areas: tuple[float, ...] = ()
    crs: str | None = None
    encoding: str | None = None
    asks: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def xlsx(
    *tables: Rows,
    titles: Sequence[str] = ("台账", "说明", "二期"),
    merged: Sequence[str] = (),
    formats: Mapping[str, str] | None = None,
    hidden_rows: Sequence[int] = (),
    hidden_columns: Sequence[str] = (),
    hidden_sheets: Sequence[str] = (),
    mac: bool = False,
) -> bytes:
    """Return a workbook; merges, formats and hidden rows are those of its first sheet."""
    book = Workbook()
    if mac:
        book.epoch = CALENDAR_MAC_1904
    first = book.active
    assert isinstance(first, Worksheet)
    book.remove(first)
    for title, rows in zip(titles, tables, strict=False):
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
        sheet.sheet_state = "hidden" if title in hidden_sheets else "visible"
    sheet = book.worksheets[0]
    for cells in merged:
        sheet.merge_cells(cells)
    for cell, number_format in (formats or {}).items():
        sheet[cell].number_format = number_format
    for row in hidden_rows:
        sheet.row_dimensions[row].hidden = True
    for letter in hidden_columns:
        sheet.column_dimensions[letter].hidden = True
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_part(workbook: bytes, name: str, change: Mapping[str, str] | bytes) -> bytes:
    """Return a workbook with texts of a part replaced, or a part put in its place."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            data = old.read(member)
            if member == name and isinstance(change, bytes):
                data = change
            elif member == name and not isinstance(change, bytes):
                text = data.decode()
                for before, after in change.items():
                    assert before in text, text[:500]
                    text = text.replace(before, after)
                data = text.encode()
            new.writestr(member, data)
        if name not in old.namelist():
            assert isinstance(change, bytes)
            new.writestr(name, change)
    return out.getvalue()


def sheet_xml(rows: str, after: str = "", before: str = "") -> bytes:
    """Return a sheet by hand."""
    return f'<?xml version="1.0"?>{before}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{after}</worksheet>'.encode()


def text_cell(reference: str, text: str) -> str:
    """Return a cell with an inline text."""
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def csv(*rows: str, encoding: str = "utf-8", end: str = "\r\n") -> bytes:
    """Return a CSV of rows as they stand."""
    return (end.join(rows) + end).encode(encoding)


def ole(name: str = "Workbook") -> bytes:
    """Return the beginnings of an OLE container whose directory names one stream."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header[30:32] = (9).to_bytes(2, "little")
    header[48:52] = (1).to_bytes(4, "little")
    directory = bytearray(512)
    entry = name.encode("utf-16-le")
    directory[128 : 128 + len(entry)] = entry
    return bytes(header) + bytes(512) + bytes(directory)


def archive(members: Mapping[str, bytes]) -> bytes:
    """Return a ZIP."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return out.getvalue()
