"""Rows of a ledger turned into records: every cell read for its field, every fault with its cell."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from gis.exchange.amounts import CellError, is_blank, plain
from gis.exchange.ledger_fields import GEOMETRY_KINDS, KEYS, LedgerField, find_field
from gis.exchange.ledger_geometry import Shape, outline_points, read_pair, read_shape
from gis.exchange.ledger_grid import Grid, column_letter, column_number
from gis.exchange.ledger_lines import Line
from gis.exchange.ledger_model import ERROR_HEAD, CellFinding, LedgerColumn, LedgerRow, Value
from gis.exchange.ledger_values import Cell, raw_value, read_value

_SPANS: Final = (
    ("plan_start", "plan_finish"), ("actual_start", "actual_finish"), ("valid_from", "valid_to"),
    ("supply_date", "agreed_start"),
)  # fmt: skip
_CONTACT: Final = re.compile(r"电话|手机|联系方式|身份证|微信|邮箱|phone|mobile|e-?mail", re.IGNORECASE)
_AMOUNTS: Final = frozenset(("money", "area", "share"))


@dataclass(frozen=True)
class Table:
    """A grid with its target and columns resolved; fields, headers and units by column number, letters by field.

    `asked` are the columns whose unit is an open question: they are not read yet.
    """

    grid: Grid
    target: str
    fields: Mapping[int, LedgerField]
    headers: Mapping[int, str]
    units: Mapping[int, str | None]
    letters: Mapping[str, str]
    asked: frozenset[int]

    @property
    def is_point_table(self) -> bool:
        """Whether every row is a boundary point, several of which make a parcel."""
        names = self.letters.keys()
        return "point_no" in names and ({"x", "y"} <= names or {"lon", "lat"} <= names)


@dataclass
class Records:
    """What the rows hold: records, the geometry of some, findings."""

    rows: list[LedgerRow] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    findings: list[CellFinding] = field(default_factory=list)
    months: dict[str, int] = field(default_factory=dict)


def make_table(grid: Grid, target: str, columns: Sequence[LedgerColumn], asked: frozenset[int]) -> Table:
    """Return the table with the fields of its columns."""
    fields: dict[int, LedgerField] = {}
    numbered = [(column_number(each.letter) or 0, each) for each in columns]
    for number, each in numbered:
        found = find_field(target, each.field) if each.field is not None else None
        if found is not None:
            fields[number] = found
    return Table(
        grid,
        target,
        fields,
        {number: each.header for number, each in numbered},
        {number: each.unit for number, each in numbered},
        {each.name: column_letter(number) for number, each in fields.items()},
        asked,
    )


def read_records(table: Table, lines: Sequence[Line]) -> Records:
    """Return the records of the rows."""
    records = Records()
    for group in _groups(table, lines):
        _read_row(table, group[0], records)
        if table.is_point_table:
            _read_points(table, group, records)
        else:
            _keep(records, read_shape(group[0].row, _geometry_cells(table, group[0].row), table.letters))
    _check_keys(table, records)
    _note_months(records)
    _note_contacts(table, records)
    return records


def _groups(table: Table, lines: Sequence[Line]) -> list[list[Line]]:
    """Return the rows one by one; of boundary points those of one parcel together, as its key tells."""
    if not table.is_point_table:
        return [[line] for line in lines]
    required = [column for column, each in table.fields.items() if each.required]
    groups: list[list[Line]] = []
    last: list[str] = []
    for line in lines:
        key = [plain(_value(table.grid, line.row, column)) for column in required]
        if not groups or (any(key) and key != last):
            groups.append([])
            last = key
        groups[-1].append(line)
    return groups


def _value(grid: Grid, row: int, column: int) -> Any:
    """Return a cell; below the corner of a vertical merge the corner's."""
    value = grid.cell(row, column)
    corner = grid.corners.get((row, column)) if value is None else None
    return grid.cell(*corner) if corner is not None and corner[1] == column else value


def _geometry_cells(table: Table, row: int) -> dict[str, Any]:
    return {
        each.name: table.grid.cell(row, column)
        for column, each in table.fields.items()
        if each.kind in GEOMETRY_KINDS
    }


def _read_row(table: Table, line: Line, records: Records) -> None:
    values: dict[str, Value] = {}
    extra: dict[str, Value] = {}
    for column in range(1, table.grid.width + 1):
        found = table.fields.get(column)
        if found is None:
            _read_extra(table, line.row, column, extra, records)
        elif found.kind not in GEOMETRY_KINDS and column not in table.asked:
            values.update(_read_cell(table, line.row, column, found, records))
    for first, last in _SPANS:
        begin, end = values.get(first), values.get(last)
        if isinstance(begin, date) and isinstance(end, date) and end < begin and last in table.letters:
            text = (f"{end} lies before {begin}; check both dates.", f"{end} 早于 {begin}，请核对两个日期。")
            records.findings.append(CellFinding(line.row, table.letters[last], *text, "warning"))
    records.rows.append(LedgerRow(line.row, values, extra, line.section, line.hidden))


def _read_extra(table: Table, row: int, column: int, extra: dict[str, Value], records: Records) -> None:
    value = _value(table.grid, row, column)
    header = table.headers.get(column)
    if header == ERROR_HEAD or (header is not None and _CONTACT.search(header)):
        # Personal data has no place in a layer, and our own marks none in a record.
        return
    if header is not None:
        name = header if header not in extra else f"{header} ({column_letter(column)})"
        extra[name] = None if is_blank(value) else raw_value(value)
    elif value is not None:
        records.findings.append(
            CellFinding(
                row,
                column_letter(column),
                "The cell stands beside the columns of the header: a comma within an amount, or a shifted row? Mend the row.",
                "单元格超出表头各列：可能是数值中的逗号或整行错位，请更正该行。",
            )
        )


def _read_cell(table: Table, row: int, column: int, found: LedgerField, records: Records) -> dict[str, Value]:
    grid, letter = table.grid, column_letter(column)
    try:
        value = _computed(grid, row, column, found)
        read = read_value(
            found, Cell(value, grid.formats.get((row, column), ""), table.units[column], grid.epoch)
        )
    except CellError as error:
        records.findings.append(CellFinding(row, letter, error.en, error.zh))
        return {found.name: None}
    if found.required and read.values.get(found.name) in (None, ""):
        text = (f"The {found.en} is missing.", f"缺少{found.zh}。")
        records.findings.append(CellFinding(row, letter, *text))
    for en, zh in read.warnings:
        records.findings.append(CellFinding(row, letter, en, zh, "warning"))
    if read.is_month:
        records.months[letter] = records.months.get(letter, 0) + 1
    return read.values


def _computed(grid: Grid, row: int, column: int, found: LedgerField) -> Any:
    """Return the value of a cell.

    Raises
    ------
    CellError
        A formula without a value, or an amount that is merged over several rows.
    """
    if (row, column) in grid.uncomputed:
        raise CellError(
            "The formula was never computed; open the workbook in Excel or WPS, save it and send it again.",
            "公式没有计算结果，请用 Excel 或 WPS 打开并保存后重新上传。",
        )
    corner = grid.corners.get((row, column))
    if corner is not None and corner[1] == column and corner[0] < row and found.kind in _AMOUNTS:
        raise CellError(
            f"One amount is merged over several rows from row {corner[0]}; write the amount of each row.",
            f"该数值自第 {corner[0]} 行起合并了多行，请逐行填写。",
        )
    return _value(grid, row, column)


def _read_points(table: Table, group: list[Line], records: Records) -> None:
    """Read the boundary points of one parcel."""
    letters = table.letters
    first, second = ("x", "y") if {"x", "y"} <= letters.keys() else ("lon", "lat")
    points, rings, names = [], [], []
    for line in group:
        cells = _geometry_cells(table, line.row)
        pair = read_pair(line.row, cells, letters, first, second)
        if isinstance(pair, CellFinding):
            records.findings.append(pair)
            return
        if pair is not None:
            points.append(pair)
            rings.append(plain(cells.get("ring_no")))
            names.append(plain(cells.get("point_no")))
    if points:
        _keep(
            records,
            outline_points(
                group[0].row, points, rings, names, north_first=first == "x", letter=letters[first]
            ),
        )


def _keep(records: Records, shape: Shape | CellFinding | None) -> None:
    if isinstance(shape, CellFinding):
        records.findings.append(shape)
    elif shape is not None:
        records.shapes.append(shape)


def _check_keys(table: Table, records: Records) -> None:
    """Find records with the same key; all of them are marked, as nobody knows which is right."""
    for group in KEYS[table.target]:
        seen: dict[tuple[Value, ...], list[int]] = {}
        for row in records.rows:
            key = tuple(row.values.get(name) for name in group)
            if key[-1] is not None:
                seen.setdefault(key, []).append(row.row)
        letter = table.letters.get(group[-1])
        for key, rows in seen.items():
            for row_number in rows if len(rows) > 1 else ():
                others = ", ".join(str(each) for each in rows if each != row_number)
                text = (f"{key[-1]} also stands in row {others}.", f"{key[-1]} 与第 {others} 行重复。")
                records.findings.append(CellFinding(row_number, letter, *text))


def _note_months(records: Records) -> None:
    for letter, count in sorted(records.months.items()):
        records.findings.append(
            CellFinding(
                0,
                letter,
                f"{count} cells give a month only: a start counts from its first day, a finish to its last.",
                f"{count} 个单元格仅填年月：开始日期按当月首日，结束日期按当月末日。",
                "note",
            )
        )


def _note_contacts(table: Table, records: Records) -> None:
    for column, header in table.headers.items():
        if column not in table.fields and _CONTACT.search(header):
            text = ("Contacts of persons are not imported.", "联系方式等个人信息不导入。")
            records.findings.append(CellFinding(0, column_letter(column), *text, "note"))
