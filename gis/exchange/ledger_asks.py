"""What a ledger leaves open and a person must say: header, hidden rows, units, columns of required fields."""

from collections.abc import Sequence
from typing import Final

from gis.exchange.amounts import CellError, is_blank, parse_number
from gis.exchange.ledger_fields import TARGETS
from gis.exchange.ledger_grid import Grid, column_letter
from gis.exchange.ledger_lines import Line
from gis.exchange.ledger_model import CellFinding, LedgerChoices, LedgerColumn
from gis.exchange.ledger_records import Table
from gis.exchange.model import Question

_UNIT_CHOICES: Final = {"money": ["元", "万元", "亿元"], "area": ["平方米", "公顷", "亩"]}


def ask_header(grid: Grid) -> Question:
    return Question(
        "header_rows",
        "No row looks like a header: in which row does it begin?",
        "未识别到表头：表头从第几行开始？",
        [str(row) for row in sorted(grid.rows)[:10]],
    )


def ask_hidden(lines: Sequence[Line], choices: LedgerChoices) -> list[Question]:
    hidden = [line.row for line in lines if line.hidden]
    if not hidden or choices.hidden_rows is not None:
        return []
    shown = ", ".join(map(str, hidden[:10]))
    return [
        Question(
            "hidden_rows",
            f"{len(hidden)} rows are hidden or filtered out (row {shown}): include them or leave them out?",
            f"有 {len(hidden)} 行被隐藏或筛选掉（第 {shown} 行）：是否导入？",
            ["include", "leave_out"],
        )
    ]


def ask_units(table: Table, lines: Sequence[Line]) -> dict[int, Question]:
    """Ask for the unit of columns with bare numbers where nothing names it."""
    asked = {}
    for column, found in table.fields.items():
        if found.kind not in _UNIT_CHOICES or table.units[column] is not None:
            continue
        bare = [line.row for line in lines if _is_bare(table.grid.cell(line.row, column))]
        formats = {table.grid.formats.get((row, column), "").isascii() for row in bare}
        if bare and formats != {False}:
            letter, header = column_letter(column), table.headers[column]
            asked[column] = Question(
                f"units.{letter}",
                f"Column {letter} {header[:40]!r} names no unit: in which are its numbers?",
                f"{letter} 列“{header[:40]}”未注明单位：数值的单位是什么？",
                _UNIT_CHOICES[found.kind],
            )
    return asked


def _is_bare(value: object) -> bool:
    if is_blank(value) or isinstance(value, bool):
        return False
    try:
        return parse_number(value) is not None
    except CellError:
        return False


def ask_columns(
    table: Table,
    target: str,
    columns: Sequence[LedgerColumn],
    unsure: Sequence[Question],
    questions: list[Question],
) -> list[CellFinding]:
    """Ask which column holds a required field, or say that none is left to hold it."""
    findings = []
    free = [each.letter for each in columns if each.field is None]
    for each in TARGETS[target]:
        asked = any(question.field == f"mapping.{each.name}" for question in unsure)
        if not each.required or each.name in table.letters or asked:
            continue
        if free:
            questions.append(
                Question(
                    f"mapping.{each.name}",
                    f"Which column holds the {each.en}?",
                    f"哪一列是{each.zh}？",
                    free,
                )
            )
        else:
            text = (f"There is no column for the {each.en}.", f"缺少{each.zh}列。")
            findings.append(CellFinding(0, None, *text))
    return findings
