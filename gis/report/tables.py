"""Tables as values: columns with their kinds and rows of plain cells, laid out by each format in its own way."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

Kind = Literal["text", "m2", "ha", "mu", "percent", "count"]
Cell = str | float | int | None
Emphasis = Literal["", "total"]

DECIMALS: Final[dict[Kind, int]] = {"m2": 2, "ha": 4, "mu": 4, "percent": 2, "count": 0}
"""m² (and metres) to two decimals, hectares and 亩 to four, as the agency prints them."""

NOTHING: Final = "—"
_LAST_LATIN: Final = 0x2E7F


@dataclass(frozen=True)
class Column:
    """A column; `group` is the heading that it shares with its neighbours, `share` its part of the width.

    `sums` tells that a total's figure is the sum of the rows above it.
    """

    title: str
    kind: Kind = "text"
    group: str = ""
    share: float = 1.0
    sums: bool = False

    def summed(self) -> "Column":
        """Return the column as one whose totals are sums."""
        return replace(self, sums=True)

    @property
    def heading(self) -> str:
        r"""Its heading with the unit in brackets: for tables whose headings stand in one row.

        Examples
        --------
        >>> Column("亩", "mu", "压占面积（椭球）").heading, Column("m²", "m2", "Area (ellipsoid)").heading
        ('压占面积（椭球）\n（亩）', 'Area (ellipsoid)\n(m²)')
        """
        if not self.group:
            return self.title
        chinese = ord(self.group[0]) > _LAST_LATIN
        return f"{self.group}\n（{self.title}）" if chinese else f"{self.group}\n({self.title})"


@dataclass(frozen=True)
class Table:
    """A table; `emphasis` tells for each row whether it is a total."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    emphasis: tuple[Emphasis, ...]


Spec = tuple[Column, Callable[[Any], Cell]]
"""A column and how its cell is read from what a row is about."""


def fill_table(title: str, specs: Sequence[Spec], subjects: Iterable[tuple[Any, Emphasis]]) -> Table:
    """Build a table from its columns and from what each row is about.

    Examples
    --------
    >>> table = fill_table("甲", [(Column("长", "m2"), len)], [("abc", ""), ("de", "total")])
    >>> table.rows, table.emphasis
    (((3,), (2,)), ('', 'total'))
    """
    told = list(subjects)
    rows = tuple(tuple(read(each) for _, read in specs) for each, _ in told)
    return Table(title, tuple(column for column, _ in specs), rows, tuple(emphasis for _, emphasis in told))


def cell_text(cell: Cell, kind: Kind) -> str:
    """Return a cell as people read it.

    Examples
    --------
    >>> cell_text(27988.5719, "m2"), cell_text(41.98285785, "mu"), cell_text(None, "m2"), cell_text("旱地", "text")
    ('27,988.57', '41.9829', '—', '旱地')
    """
    if cell is None:
        return NOTHING
    if isinstance(cell, str):
        return cell
    decimals = DECIMALS.get(kind, 0)
    return f"{round(cell, decimals) + 0.0:,.{decimals}f}"  # a hair below zero is zero, without a sign
