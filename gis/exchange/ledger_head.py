"""Headers of ledgers: where they stand, how many rows they have, what each column's levels and unit are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from gis.exchange.amounts import AREA_M2, MONEY_YUAN, SHARE, find_unit, plain
from gis.exchange.ledger_fields import TARGETS, LedgerField
from gis.exchange.ledger_grid import Grid

UNITS: Final[Mapping[str, Fraction]] = {**MONEY_YUAN, **AREA_M2, **SHARE}
_SEARCHED_ROWS: Final = 40
_MOST_LEVELS: Final = 4
_LONGEST: Final = 200
"""Characters of a header that are looked at."""
_BRACKETS: Final = re.compile(r"[(\[【〔]([^()\[\]【】〔〕]*)[)\]】〕]")
_MARKS: Final = re.compile(r"[*★☆※#]|\((?:必填|选填|必填项)\)|[:：]$")
_UNIT_WORD: Final = re.compile(r"^(?:计量)?单位[:：为]?")
_TAIL_UNITS: Final = sorted(
    (unit for unit in UNITS if len(unit) > 1 and not unit.isascii()), key=len, reverse=True
)
_NAMES: Final = frozenset(header for fields in TARGETS.values() for each in fields for header in each.headers)
_ORDINALS: Final = frozenset("甲乙丙丁戊己庚辛壬癸")


@dataclass(frozen=True)
class Head:
    """The header of a column: its levels from the top without units and marks, and the unit where one is named."""

    levels: tuple[str, ...]
    unit: str | None

    @property
    def text(self) -> str:
        """The levels joined, as templates name the column."""
        return "/".join(self.levels)

    @property
    def names(self) -> list[str]:
        """What the column may be called, the most telling first: all levels, all but the upper ones, the lowest."""
        return ["".join(self.levels[start:]).lower() for start in range(len(self.levels))]


@dataclass(frozen=True)
class Header:
    """The header of a table: its first and last row and the heads by column."""

    first: int
    last: int
    heads: dict[int, Head]


def split_unit(text: str) -> tuple[str, str | None]:
    """Return a header without unit, brackets and marks, and the unit it names.

    Examples
    --------
    >>> split_unit("总投资（万元）"), split_unit("面积/亩"), split_unit("* 项目 名称"), split_unit("总投资（单位：亿元）")
    (('总投资', '万元'), ('面积', '亩'), ('项目名称', None), ('总投资', '亿元'))
    >>> split_unit("地块面积公顷"), split_unit("单价(元/亩)"), split_unit("（万元）")
    (('地块面积', '公顷'), ('单价', None), ('', '万元'))
    """
    bare = _MARKS.sub("", re.sub(r"\s", "", plain(text[:_LONGEST])))
    unit = None
    for inner in _BRACKETS.findall(bare):
        unit = unit or find_unit(_UNIT_WORD.sub("", inner), UNITS)
    bare = _BRACKETS.sub("", bare)
    found = re.fullmatch(r"(.+?)[/_:：,、-](?:单位[:：]?)?([^/_:：,、-]+)", bare)
    tail = find_unit(found[2], UNITS) if found else None
    if found and tail:
        return found[1], unit or tail
    for name in _TAIL_UNITS:
        if bare.endswith(name) and len(bare) > len(name) and unit is None and bare.lower() not in _NAMES:
            return bare.removesuffix(name), name
    whole = find_unit(_UNIT_WORD.sub("", bare), UNITS) if bare else None
    return ("", unit or whole) if whole else (bare, unit)


def find_header(
    grid: Grid, chosen: tuple[int, int] | None, known: frozenset[str] = frozenset()
) -> Header | None:
    """Return the header of a table, or None where no row looks like one.

    Parameters
    ----------
    chosen : (int, int), optional
        First and last row that a person named; with both alike, rows that belong to it by their merges are added.
    known : frozenset of str
        Headers that a template or a choice names.
    """
    if chosen is not None:
        if chosen[0] not in grid.rows:
            return None
        last = _bottom(grid, chosen[0]) if chosen[0] == chosen[1] else chosen[1]
        return Header(chosen[0], last, heads(grid, chosen[0], last))
    best: tuple[int, Header] | None = None
    for first in sorted(grid.rows)[:_SEARCHED_ROWS]:
        header = Header(first, last := _bottom(grid, first), heads(grid, first, last))
        count = count_known(header, known)
        if count and (best is None or count > best[0]):
            best = count, header
    return best[1] if best else _plausible(grid)


def count_known(header: Header, known: frozenset[str] = frozenset()) -> int:
    """Return how many columns of a header go under a name that a target or a template knows, of that with most."""
    named = sum(head.text in known for head in header.heads.values())
    return max(named, *(len(known_fields(header, fields)) for fields in TARGETS.values()))


def known_fields(header: Header, fields: tuple[LedgerField, ...]) -> set[str]:
    """Return the names of the fields whose very headers occur."""
    names = {name for head in header.heads.values() for name in head.names[:2]}
    return {each.name for each in fields if not names.isdisjoint(each.headers)}


def heads(grid: Grid, first: int, last: int) -> dict[int, Head]:
    """Return the heads of the columns between two rows; a merged cell counts for all it covers."""
    made = {}
    for column in range(1, grid.width + 1):
        levels: list[str] = []
        unit = None
        for row in range(first, last + 1):
            text, named = split_unit(_spread_text(grid, row, column, first, last))
            unit = named or unit
            if text and (not levels or levels[-1] != text):
                levels.append(text)
        if levels:
            made[column] = Head(tuple(levels), unit)
    return made


def _spread_text(grid: Grid, row: int, column: int, first: int, last: int) -> str:
    """Return a header cell's text; under a merge that of its corner, right of an unmerged parent the parent's."""
    value = grid.cell(row, column)
    if value is not None:
        return plain(value)[:_LONGEST]
    corner = grid.corners.get((row, column))
    if corner is not None:
        return plain(grid.cell(*corner)) if corner[0] >= first else ""
    if grid.merged or row == last or not _named_below(grid, row, column, last):
        return ""
    # Without merges (CSV) the parent stands over the first of its columns, which has a lower level of its own.
    parent = next((at for at in range(column - 1, 0, -1) if grid.cell(row, at) is not None), 0)
    return plain(grid.cell(row, parent)) if parent and _named_below(grid, row, parent, last) else ""


def _named_below(grid: Grid, row: int, column: int, last: int) -> bool:
    return any(grid.cell(lower, column) is not None for lower in range(row + 1, last + 1))


def _bottom(grid: Grid, first: int) -> int:
    """Return the last row of the header that begins in a row."""
    last = first
    for merge in grid.merges_near(first):
        if merge.top == first and merge.bottom > merge.top and merge.bottom - first < _MOST_LEVELS:
            last = max(last, merge.bottom)
    while last - first + 1 < _MOST_LEVELS and _continues(grid, first, last):
        last += 1
    return last


def _continues(grid: Grid, first: int, last: int) -> bool:
    """Say whether the row below belongs to the header: units alone, or names under a parent that spans columns."""
    below = list(grid.filled(last + 1))
    if not below or any(not isinstance(value, str) for _, value in below):
        return False
    if all(not text and unit for text, unit in (split_unit(value) for _, value in below)):
        return True
    wide = [
        merge
        for merge in grid.merges_near(first)
        if first <= merge.top <= merge.bottom == last and merge.left < merge.right
        and merge.right - merge.left + 1 < grid.width
    ]  # fmt: skip
    if wide:
        return all(any(merge.left <= column <= merge.right for merge in wide) for column, _ in below) and all(
            not re.search(r"[0-9]{3}", value) for _, value in below
        )
    return _fills_gaps(grid, last, below)


def _fills_gaps(grid: Grid, last: int, below: list[tuple[int, str]]) -> bool:
    """Say whether short names stand below the empty cells of the row above, as in a CSV made of merged headers."""
    if grid.merged or len(list(grid.filled(last))) < 2:
        return False
    gaps = {column for column in range(1, grid.width + 1) if grid.cell(last, column) is None}
    under = {column for column, _ in below}
    parents = {column - 1 for column in gaps}
    return (
        bool(gaps & under)
        and under <= gaps | parents
        and all(len(plain(value)) <= 12 and not re.search(r"[0-9]{3}", value) for _, value in below)
    )


def _plausible(grid: Grid) -> Header | None:
    """Return the first row of two texts and more with something below it, where no header is known by name."""
    numbers = sorted(grid.rows)
    for row in numbers[:_SEARCHED_ROWS]:
        cells = list(grid.filled(row))
        texts = all(isinstance(value, str) and not re.fullmatch(r"[0-9.,\s-]+", value) for _, value in cells)
        if len(cells) >= 2 and texts and row != numbers[-1] and not plain(cells[0][1]).startswith("#"):
            last = _bottom(grid, row)
            return Header(row, last, heads(grid, row, last))
    return None


def is_numbering(values: list[str]) -> bool:
    """Say whether a row only numbers the columns: 甲 乙 1 2 3 or (1) (2) (3).

    Examples
    --------
    >>> is_numbering(["甲", "乙", "1", "2"]), is_numbering(["(1)", "(2)", "(3)=(1)+(2)"]), is_numbering(["1", "5", "9"])
    (True, True, False)
    """
    kept = [
        re.sub(r"=.*$|[()栏]", "", value) for value in values if value not in _ORDINALS and value != "栏次"
    ]
    numbers = [int(value) for value in kept if value.isascii() and value.isdigit() and len(value) < 4]
    return len(values) >= 3 and len(numbers) == len(kept) and numbers == list(range(1, len(numbers) + 1))


def table_unit(texts: list[str], units: Mapping[str, Fraction]) -> str | None:
    """Return the one unit of a kind that the lines around a table name for all of it, or None.

    Examples
    --------
    >>> table_unit(["单位：万元、亩"], MONEY_YUAN), table_unit(["注：金额单位为万元。"], MONEY_YUAN)
    ('万元', '万元')
    >>> table_unit(["填报单位：示范区"], MONEY_YUAN), table_unit(["单位：万元", "单位：亿元"], MONEY_YUAN)
    (None, None)
    """
    found = set()
    for text in texts:
        for said in re.findall(
            r"单位(?:均)?[:为是](?:人民币)?([^。;)]*)", re.sub(r"\s", " ", plain(text)).replace(" ", "")
        ):
            for part in re.split(r"[,、/;及和]|面积|金额|投资|单位|[:为]", said):
                unit = find_unit(part, units)
                if unit is not None:
                    found.add(unit)
    return found.pop() if len(found) == 1 else None
