"""One pass over a sheet's XML for what openpyxl does not tell when it streams: merges, hidden rows, bare formulas.

It also finds the last cell that holds something, so that a million formatted but empty rows cost nothing afterwards.
"""

import re
import xml.parsers.expat
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Final

from gis.exchange.errors import ExchangeError
from gis.exchange.ledger_grid import (
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_ROWS,
    Merge,
    column_letter,
    column_number,
    parse_range,
)
from gis.exchange.model import refuse

_MOST_MERGES: Final = 50_000
_CELL: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_LAST_ROW: Final = 1_048_576


@dataclass
class SheetFacts:
    """What the XML of a sheet says of itself."""

    merged: list[Merge] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    uncomputed: set[tuple[int, int]] = field(default_factory=set)
    last_row: int = 0
    last_column: int = 0
    filled_rows: int = 0
    filled_cells: int = 0


def scan_sheet(file: IO[bytes], name: str) -> SheetFacts:
    """Return the facts of a sheet.

    Raises
    ------
    ExchangeError
        XML that is none or declares entities; rows out of order; more cells than are taken.
    """
    scan = _Scan(name)
    # No callable here ever raises `Exception` by itself but ours: expat hands them through.
    parser = xml.parsers.expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = scan.doctype
    parser.StartElementHandler = scan.start
    parser.EndElementHandler = scan.end
    parser.CharacterDataHandler = scan.text
    try:
        parser.ParseFile(file)
    except xml.parsers.expat.ExpatError as error:
        raise refuse(
            f"The sheet cannot be read ({error}); save the workbook again.",
            f"工作表无法读取（{error}），请重新保存工作簿。",
            name,
        ) from error
    return scan.facts


class _Scan:
    """The state of one pass: where it is and what it saw in the cell under way."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.facts = SheetFacts()
        self._row = 0
        self._column = 0
        self._row_filled = False
        self._formula = False
        self._valued = False
        self._listening = False
        self._names: dict[str, str] = {}
        self._starts: dict[str, Callable[[dict[str, str]], None]] = {
            "row": self._start_row, "c": self._start_cell, "f": self._start_formula, "v": self._listen,
            "t": self._listen, "mergeCell": self._merge, "col": self._columns,
        }  # fmt: skip

    def doctype(self, *_: object) -> None:
        raise refuse(
            "The XML declares entities; save the workbook again.", "XML 含有实体声明，请重新保存。", self.name
        )

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        handler = self._starts.get(self._local(tag))
        if handler is not None:
            handler(attributes)

    def end(self, tag: str) -> None:
        local = self._local(tag)
        if local in ("v", "t"):
            self._listening = False
        elif local == "c":
            self._end_cell()

    def _local(self, tag: str) -> str:
        """Return a tag without its namespace; a sheet has millions of tags and a dozen names."""
        known = self._names.get(tag)
        if known is None:
            known = self._names[tag] = tag.rpartition("}")[2]
        return known

    def text(self, data: str) -> None:
        if self._listening and not data.isspace():
            self._valued = True

    def _start_row(self, attributes: dict[str, str]) -> None:
        number = _integer(attributes.get("r"), self._row + 1)
        if not self._row < number <= _LAST_ROW:
            raise self._disorder(number)
        self._row, self._column, self._row_filled = number, 0, False
        if attributes.get("hidden") in ("1", "true"):
            self.facts.hidden_rows.add(number)

    def _start_cell(self, attributes: dict[str, str]) -> None:
        found = _CELL.fullmatch(attributes.get("r", ""))
        column = (column_number(found[1]) or 0) if found else self._column + 1
        if (found and int(found[2]) != self._row) or column <= self._column:
            raise self._disorder(self._row)
        self._column = column
        self._formula = self._valued = False

    def _start_formula(self, _: dict[str, str]) -> None:
        self._formula = True

    def _listen(self, _: dict[str, str]) -> None:
        self._listening = True

    def _end_cell(self) -> None:
        if self._formula and not self._valued:
            self.facts.uncomputed.add((self._row, self._column))
        if not (self._valued or self._formula):
            return
        facts = self.facts
        facts.filled_cells += 1
        facts.filled_rows += not self._row_filled
        self._row_filled = True
        facts.last_row, facts.last_column = self._row, max(facts.last_column, self._column)
        if facts.filled_cells > MOST_CELLS or facts.filled_rows > MOST_ROWS:
            raise too_large(self.name)
        if self._column > MOST_COLUMNS:
            raise refuse(
                f"Cell {column_letter(self._column)}{self._row} holds something; {MOST_COLUMNS} columns are read. Delete it.",
                f"单元格 {column_letter(self._column)}{self._row} 有内容，最多读取 {MOST_COLUMNS} 列，请删除。",
                self.name,
            )

    def _merge(self, attributes: dict[str, str]) -> None:
        merge = parse_range(attributes.get("ref", ""))
        if merge is not None and len(self.facts.merged) < _MOST_MERGES:
            self.facts.merged.append(merge)

    def _columns(self, attributes: dict[str, str]) -> None:
        if attributes.get("hidden") in ("1", "true"):
            first = _integer(attributes.get("min"), 1)
            last = min(_integer(attributes.get("max"), first), MOST_COLUMNS)
            self.facts.hidden_columns.update(range(first, last + 1))

    def _disorder(self, row: int) -> ExchangeError:
        return refuse(
            f"Cells stand out of order near row {row}; open the workbook and save it again.",
            f"第 {row} 行附近单元格顺序错乱，请打开工作簿后重新保存。",
            self.name,
        )


def too_large(name: str) -> ExchangeError:
    """Return the refusal of a table with too many rows or cells."""
    return refuse(
        f"A ledger may have {MOST_ROWS} rows and {MOST_CELLS} cells; split it.",
        f"台账上限为 {MOST_ROWS} 行、{MOST_CELLS} 个单元格，请拆分。",
        name,
    )


def _integer(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 9 else default
