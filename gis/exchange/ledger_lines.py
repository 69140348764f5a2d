"""The rows below a header: which hold a record and which are subtotals, headings, notes or headers again."""

import re
from dataclasses import dataclass
from typing import Any, Final

from gis.exchange.amounts import find_fault, is_blank, plain
from gis.exchange.ledger_grid import Grid, column_number
from gis.exchange.ledger_head import Header, is_numbering, split_unit
from gis.exchange.ledger_model import LedgerColumn, Skip, SkippedRow

_SUBTOTAL: Final = re.compile(
    r"(?:本页|本年|全区|全市|全县)?(?:.{0,12})(?:小计|合计|总计|共计|累计)(?:[:：(（].*)?"
)
_NOTE: Final = re.compile(
    r"(?:注|备注|附注|说明|填表说明|填报说明|填表人|填报人|制表人?|审核人?|复核人?|校核人?|单位负责人|负责人|联系人|联系电话|填表日期"
    r"|填报日期|填报单位|填表单位|制表单位|数据来源|来源|日期)\s*(?:[0-9一二三四五六七八九]{0,2}\s*[:.、)]|$)"
)
_HEADING: Final = re.compile(
    r"(?:\([一二三四五六七八九十百]+\)|[一二三四五六七八九十百]+[、.,]|第[一二三四五六七八九十百]+[类部分批])\s*\S*"
)
_EXAMPLE: Final = re.compile(r"(?:示例|样例|例如|填写示例|例)\s*:?")
_LAST_ROWS: Final = 15
_SERIAL_HEADS: Final = frozenset(("序号", "编号", "no", "no.", "行号", "序"))


@dataclass(frozen=True)
class Line:
    """A row with a record: its number and the heading it stands under."""

    row: int
    section: str | None
    hidden: bool


def sort_rows(
    grid: Grid, header: Header, columns: list[LedgerColumn], required: set[int], *, leave_hidden: bool
) -> tuple[list[Line], list[SkippedRow]]:
    """Return the rows with records and those without, each with its reason.

    Parameters
    ----------
    required : set of int
        Columns that every record must fill: a lone text in one is a record, elsewhere a heading.
    leave_hidden : bool
        Whether hidden rows are left out.
    """
    lines: list[Line] = []
    skipped: list[SkippedRow] = []
    section, noting = None, False
    serial = find_serial(header, columns)
    for row in sorted(number for number in grid.rows if number > header.last):
        cells = [(column, value) for column, value in grid.filled(row)]
        hidden = row in grid.hidden_rows
        reason = (
            "hidden"
            if hidden and leave_hidden
            else _reason(grid, header, row, cells, required, serial, noting)
        )
        if reason is None:
            lines.append(Line(row, section, hidden))
            noting = False
            continue
        text = plain(cells[0][1])[:80] if cells else ""
        if reason == "heading":
            section = text
        noting = reason == "note"
        skipped.append(SkippedRow(row, reason, text))
    return lines, skipped


def lines_around(grid: Grid, header: Header) -> list[str]:
    """Return the texts above a table and its notes below, which may name units and coordinate system."""
    above = [row for row in grid.rows if row < header.first]
    below = [row for row in sorted(grid.rows)[-_LAST_ROWS:] if row > header.last]
    texts = [str(value) for row in above for _, value in grid.filled(row) if isinstance(value, str)]
    for row in below:
        words = [str(value) for _, value in grid.filled(row) if isinstance(value, str)]
        if words and len(words) <= 4 and (_NOTE.match(plain(words[0])) or "单位:" in plain(words[0])):
            texts += words
    return texts


def find_serial(header: Header, columns: list[LedgerColumn]) -> int | None:
    """Return the column that only counts the rows, or None."""
    free = {column_number(each.letter) for each in columns if each.field is None}
    return next(
        (
            column
            for column, head in header.heads.items()
            if column in free and head.names[-1] in _SERIAL_HEADS
        ),
        None,
    )


def _reason(
    grid: Grid, header: Header, row: int, cells: list[tuple[int, Any]], required: set[int], serial: int | None,
    noting: bool,
) -> Skip | None:  # fmt: skip
    if not cells:
        # Nothing but formulas that were never computed: its cells are told of.
        return None
    words = [(column, plain(value)) for column, value in cells if isinstance(value, str)]
    texts = [plain(value) for _, value in cells]
    if _repeats(header, words) or (row == header.last + 1 and is_numbering(texts)):
        return "header"
    if all(column == serial or is_blank(value) for column, value in cells):
        return (
            "empty"
            if all(_is_count(value) or is_blank(value) for _, value in cells)
            else _lone(words, noting)
        )
    return _by_words(grid, row, cells, words, required, serial, noting)


def _by_words(
    grid: Grid, row: int, cells: list[tuple[int, Any]], words: list[tuple[int, str]], required: set[int],
    serial: int | None, noting: bool,
) -> Skip | None:  # fmt: skip
    if not words:
        return None
    column, first = words[0]
    if any(_is_sum(word) for _, word in words[:2]):
        return "subtotal"
    few = len(cells) <= max(2, grid.width // 3)
    labelled = 2 * sum(":" in word for _, word in words) >= len(words)
    comment = first.startswith("#") and find_fault(first) is None
    if comment or (_NOTE.match(first) and (few or labelled)):
        return "note"
    if _EXAMPLE.fullmatch(first):
        return "example"
    if _is_heading(grid, row, column, first, cells, required, serial):
        return "note" if noting else "heading"
    return None


def _is_heading(
    grid: Grid,
    row: int,
    column: int,
    first: str,
    cells: list[tuple[int, Any]],
    required: set[int],
    serial: int | None,
) -> bool:
    wide = any(
        merge.top == row == merge.bottom
        and merge.left == column
        and 2 * (merge.right - merge.left + 1) > grid.width
        for merge in grid.merges_near(row)
    )
    if wide:
        return True
    named = _HEADING.fullmatch(first) is not None and len(first) > 1
    if len(cells) == 1:
        return named or column not in required
    # A heading with sums beside it: its text stands where records have their serial number or an empty cell.
    return named and (column == serial or (serial is not None and grid.cell(row, serial) is None))


def _lone(words: list[tuple[int, str]], noting: bool) -> Skip:
    first = words[0][1] if words else ""
    if _is_sum(first):
        return "subtotal"
    return "note" if noting or _NOTE.match(first) or first.startswith("#") else "heading"


def _is_sum(word: str) -> bool:
    return len(word) < 40 and _SUBTOTAL.fullmatch(word.replace(" ", "")) is not None


def _repeats(header: Header, words: list[tuple[int, str]]) -> bool:
    """Say whether a row says the header again, as on every printed page."""
    same = sum(
        1
        for column, word in words
        if column in header.heads and split_unit(word)[0] in header.heads[column].levels
    )
    return same >= 2 and 2 * same > len(words)


def _is_count(value: Any) -> bool:
    return re.fullmatch(r"[0-9]{1,6}", plain(value)) is not None
