"""Subtotals and totals of a ledger held against the rows they sum up: a difference is a slip worth a look."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from gis.exchange.amounts import CellError
from gis.exchange.ledger_grid import column_letter
from gis.exchange.ledger_model import CellFinding, LedgerRow, SkippedRow
from gis.exchange.ledger_records import Table
from gis.exchange.ledger_values import Cell, read_value

_SUMMED: Final = frozenset(("money", "area"))
_TOLERANCE: Final = Decimal("0.0005")


def check_totals(
    table: Table, rows: Sequence[LedgerRow], skipped: Sequence[SkippedRow], findings: Sequence[CellFinding]
) -> list[CellFinding]:
    """Return a warning for each sum that its rows do not make; columns with faulty cells are left alone.

    A 合计 or 总计 sums all rows above it, a 小计 those since the last one.
    """
    if table.is_point_table:
        return []
    faulty = {each.column for each in findings if each.level == "error"}
    said = []
    for column, field in table.fields.items():
        if field.kind not in _SUMMED or column in table.asked or column_letter(column) in faulty:
            continue
        after = 0
        for line in skipped:
            if line.reason != "subtotal":
                continue
            words = line.text.replace(" ", "")
            partial = "小计" in words or "本页" in words
            summed = [
                row.values.get(field.name) for row in rows if (after if partial else 0) < row.row < line.row
            ]
            after = line.row if partial else after
            fault = _compare(
                table, line.row, column, sum((Decimal(str(each)) for each in summed if each), Decimal(0))
            )
            said.extend([fault] if fault is not None else [])
    return said


def _compare(table: Table, row: int, column: int, summed: Decimal) -> CellFinding | None:
    field = table.fields[column]
    cell = Cell(
        table.grid.cell(row, column),
        table.grid.formats.get((row, column), ""),
        table.units[column],
        table.grid.epoch,
    )
    try:
        stated = read_value(field, cell).values[field.name]
    except CellError:
        return None
    if not stated or not summed:
        return None
    total = Decimal(str(stated))
    if abs(total - summed) <= _TOLERANCE * abs(total):
        return None
    return CellFinding(
        row,
        column_letter(column),
        f"The sum states {total:f}, the rows add up to {summed:f} (in m² or yuan).",
        f"合计填报 {total:f}，各行相加为 {summed:f}（平方米或元）。",
        "warning",
    )
