"""A table as it stands in a workbook or a CSV: rows of raw cells with what hides, merges and is missing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Final

from gis.exchange.ledger_dates import EPOCH_1900

MOST_ROWS: Final = 200_000
MOST_COLUMNS: Final = 400
MOST_CELLS: Final = 3_000_000
MOST_MERGED_CELLS: Final = 1_000_000
_NEAR_ROWS: Final = 6


@dataclass(frozen=True)
class Merge:
    """A merged range, its ends included, from 1."""

    top: int
    left: int
    bottom: int
    right: int

    def cells_within(self, last_row: int, last_column: int) -> int:
        """Return how many cells of the range lie above and left of an end of the table."""
        height = min(self.bottom, last_row) - self.top + 1
        return max(0, height) * max(0, min(self.right, last_column) - self.left + 1)

    def covers(self, row: int, column: int) -> bool:
        """Say whether a cell lies in the range."""
        return self.top <= row <= self.bottom and self.left <= column <= self.right


@dataclass(frozen=True)
class Grid:
    """One sheet.

    Parameters
    ----------
    name : str
        Of the sheet; empty for a CSV.
    rows : dict
        Cells by row number from 1; only rows that hold something. Each has `width` cells, None for an empty one.
    merged : list of Merge
    hidden_rows, hidden_columns : frozenset of int
    formats : dict
        Number formats of the numbers that have one, by row and column.
    uncomputed : frozenset
        Cells with a formula whose value was never stored, by row and column.
    epoch : date
        Day 0 of serial dates.
    hidden : bool
        Whether the whole sheet is.
    """

    name: str
    rows: dict[int, list[Any]]
    width: int
    merged: list[Merge] = field(default_factory=list)
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    formats: dict[tuple[int, int], str] = field(default_factory=dict)
    uncomputed: frozenset[tuple[int, int]] = frozenset()
    epoch: date = EPOCH_1900
    hidden: bool = False

    def cell(self, row: int, column: int) -> Any:
        """Return the raw value of a cell, None outside of the table."""
        cells = self.rows.get(row)
        return cells[column - 1] if cells is not None and 0 < column <= len(cells) else None

    @cached_property
    def corners(self) -> dict[tuple[int, int], tuple[int, int]]:
        """The corner that holds the value, for the other cells of merged ranges."""
        last = max(self.rows, default=0)
        return {
            (row, column): (merge.top, merge.left)
            for merge in self.merged
            for row in range(merge.top, min(merge.bottom, last) + 1)
            for column in range(merge.left, min(merge.right, self.width) + 1)
            if (row, column) != (merge.top, merge.left)
        }

    def merges_near(self, row: int) -> list[Merge]:
        """Return the merged ranges that begin in a row or the few below."""
        return [merge for at in range(row, row + _NEAR_ROWS) for merge in self._merges_by_row.get(at, ())]

    @cached_property
    def _merges_by_row(self) -> dict[int, list[Merge]]:
        found: dict[int, list[Merge]] = {}
        for merge in self.merged:
            found.setdefault(merge.top, []).append(merge)
        return found

    def filled(self, row: int) -> Iterator[tuple[int, Any]]:
        """Yield column and value of the cells of a row that hold something."""
        for column, value in enumerate(self.rows.get(row, ()), start=1):
            if value is not None:
                yield column, value


def column_letter(column: int) -> str:
    """Return the letters of a column.

    Examples
    --------
    >>> column_letter(1), column_letter(27), column_letter(703)
    ('A', 'AA', 'AAA')
    """
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_number(letters: str) -> int | None:
    """Return the number of a column from its letters, or None for what are none.

    Examples
    --------
    >>> column_number("a"), column_number("AA"), column_number("项目"), column_number("ABCD")
    (1, 27, None, None)
    """
    if not re.fullmatch(r"[A-Za-z]{1,3}", letters):
        return None
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def parse_range(reference: str) -> Merge | None:
    """Return a merged range from its reference, or None for what is none.

    Examples
    --------
    >>> parse_range("E2:F2")
    Merge(top=2, left=5, bottom=2, right=6)
    """
    found = re.fullmatch(r"\$?([A-Z]{1,3})\$?([0-9]{1,7}):\$?([A-Z]{1,3})\$?([0-9]{1,7})", reference)
    if found is None:
        return None
    left, right = column_number(found[1]) or 0, column_number(found[3]) or 0
    top, bottom = int(found[2]), int(found[4])
    return Merge(top, left, bottom, right) if top <= bottom and left <= right else None
