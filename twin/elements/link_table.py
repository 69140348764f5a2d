"""Link rules as a table: one rule a row, CSV or XLSX."""

from typing import Any, Final

from bim.errors import BimError
from bim.schedules.sheet import Sheet, read_sheet
from twin.elements.links import LinkRule, rule_of
from twin.errors import InvalidInputError

COLUMNS: Final = ("task", "global_id", "tag", "class", "storey", "type", "name", "classification")
_TITLES: Final = {
    "任务": "task", "任务编码": "task", "节点编码": "task", "code": "task", "milestone": "task", "构件id": "global_id",
    "标记": "tag", "类别": "class", "ifc_class": "class", "楼层": "storey", "类型": "type", "type_name": "type",
    "名称": "name", "分类编码": "classification",
}  # fmt: skip


def read_rules(body: bytes) -> list[LinkRule]:
    """Read rules of a table whose header names `task` and at least one condition.

    Raises
    ------
    InvalidInputError
        It cannot be read, or has no such header.

    Examples
    --------
    >>> read_rules("task,class,storey\\nM03,IfcColumn*,二层\\n".encode())[0].storey
    '二层'
    """
    try:
        sheet = read_sheet(body)
    except BimError as error:
        raise InvalidInputError(error.message_en, error.message_zh, error.place.text_en() or None) from error
    filled = [
        (number, cells) for number, cells in enumerate(sheet.rows) if any(_text(cell) for cell in cells)
    ]
    names = [
        _TITLES.get(_text(cell).lower(), _text(cell).lower()) for cell in (filled[0][1] if filled else [])
    ]
    if "task" not in names or not set(COLUMNS[1:]) & set(names):
        raise InvalidInputError(
            f"The table needs a header with task and at least one of {', '.join(COLUMNS[1:])}.",
            f"表头须含 task，以及 {'、'.join(COLUMNS[1:])} 之一。",
            "line 1",
        )
    return [_rule(sheet, number, names, cells) for number, cells in filled[1:]]


def _rule(sheet: Sheet, number: int, names: list[str], cells: list[Any]) -> LinkRule:
    values = {name: _text(cell) for name, cell in zip(names, cells, strict=False) if name in COLUMNS}
    rule = rule_of({name: value for name, value in values.items() if value})
    if not rule.task:
        where = sheet.row_name(number)
        raise InvalidInputError(f"{where} names no task.", f"{where} 没有任务编码。", where)
    return rule


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    text = str(cell if cell is not None else "").strip()
    # An apostrophe keeps spreadsheets from running a text; it is ours where we wrote the file.
    return text[1:] if len(text) > 1 and text[0] == "'" and text[1] in "=+-@" else text
