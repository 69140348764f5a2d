"""A schedule kept in a spreadsheet: CSV or XLSX, headers in English or Chinese, rows that name elements."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from bim.schedules.plan import ElementMatch, Fault, PlannedTask, Predecessor, WorkPlan, finished_plan
from bim.schedules.sheet import Sheet
from bim.schedules.values import day_of, money_of, number_of, percent_of

# Field → the headers that mean it, lower case, without spaces and units.
_HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "code": ("code", "task", "taskcode", "wbs", "activityid", "编码", "任务编码", "作业编码", "作业代码", "节点编码", "任务"),
    "uid": ("uid", "uniqueid", "唯一标识"),
    "name": ("name", "taskname", "activityname", "名称", "任务名称", "作业名称", "节点名称"),
    "parent": ("parent", "parentcode", "上级", "上级编码", "父级", "父任务"),
    "start": ("start", "planstart", "plannedstart", "开始", "计划开始", "计划开始日期", "开始时间", "开始日期"),
    "finish": ("finish", "end", "planfinish", "plannedfinish", "完成", "计划完成", "计划完成日期", "完成时间", "完成日期", "结束日期"),
    "actual_start": ("actualstart", "实际开始", "实际开始日期"),
    "actual_finish": ("actualfinish", "actualend", "实际完成", "实际完成日期"),
    "percent": ("percent", "percentcomplete", "%complete", "进度", "完成百分比", "完成率", "完成比例"),
    "labour_h": ("labourhours", "laborhours", "work", "工时", "计划工时", "人工工时"),
    "value": ("value", "contractvalue", "amount", "合同额", "合同金额", "清单金额", "金额"),
    "critical": ("critical", "关键", "是否关键", "关键节点"),
    "predecessors": ("predecessors", "前置任务", "紧前任务", "前置"),
    "global_id": ("globalid", "ifcguid", "guid", "构件globalid", "构件id"),
    "tag": ("tag", "mark", "标记", "构件标记", "构件编号"),
    "ifc_class": ("class", "ifcclass", "类别", "构件类别"),
    "storey": ("storey", "story", "level", "楼层"),
    "type_name": ("type", "typename", "类型", "构件类型"),
    "element_name": ("elementname", "构件名称"),
    "classification": ("classification", "分类编码", "构件编码"),
}  # fmt: skip
_MATCH: Final = {
    "global_id": "global_id",
    "tag": "tag",
    "ifc_class": "ifc_class",
    "storey": "storey",
    "type_name": "type_name",
    "element_name": "name",
    "classification": "classification",
}
_FIELD_OF: Final = {header: name for name, headers in _HEADERS.items() for header in headers}
_UNIT: Final = re.compile(r"[（(\[【]([^）)\]】]*)[）)\]】]")
_PREDECESSOR: Final = re.compile(
    r"\s*(\S+?)\s*(FS|SS|FF|SF)?\s*(?:([+-]\d+(?:\.\d+)?)\s*h)?\s*", re.IGNORECASE
)
_SUBTOTALS: Final = ("合计", "小计", "总计", "total", "subtotal")
_HEADER_ROWS: Final = 10
_TRUE: Final = frozenset({"1", "true", "yes", "y", "是", "√", "关键"})


@dataclass(frozen=True)
class _Column:
    """What a column means: its field, and the unit its header names."""

    field: str
    unit: str
    index: int


def read_table(sheet: Sheet) -> WorkPlan:
    """Read a schedule from a sheet.

    The header is the first of the first ten rows that names a code and a date or an element. Rows of one code are one
    task: each may name further elements, by GlobalId, tag or rule. Subtotals and empty rows are left out.

    Faults name the cell.
    """
    columns, top = _find_header(sheet)
    if not columns:
        fault = Fault(
            f"row 1 to {_HEADER_ROWS}",
            "No header row with a task code and dates (code, start, finish) or elements (global_id, tag, class) is found.",
            "未找到表头：需要任务编码，以及计划开始、计划完成或构件列（global_id、tag、class）。",
        )
        return WorkPlan("table", sheet.title, (), sheet.encoding, sheet.evidence, faults=(fault,))
    reader = _RowReader(sheet, columns)
    for number, cells in enumerate(sheet.rows[top + 1 :], start=top + 1):
        reader.add(number, cells)
    ignored = [
        str(cell)
        for index, cell in enumerate(sheet.rows[top])
        if cell and index not in {c.index for c in columns}
    ]
    notes = [*sheet.notes, *([f"columns not read: {', '.join(ignored)[:300]}"] if ignored else [])]
    plan = WorkPlan(
        "table",
        sheet.title,
        tuple(reader.tasks.values()),
        sheet.encoding,
        sheet.evidence,
        tuple(notes),
        tuple(reader.faults),
    )
    return finished_plan(replace(plan, tasks=tuple(_with_parents(plan.tasks))))


def _find_header(sheet: Sheet) -> tuple[list[_Column], int]:
    for number, cells in enumerate(sheet.rows[:_HEADER_ROWS]):
        columns = [each for index, cell in enumerate(cells) if (each := _column(cell, index)) is not None]
        found = {each.field for each in columns}
        if "code" in found and found & {"start", "finish", *_MATCH}:
            return columns, number
    return [], 0


def _column(cell: Any, index: int) -> _Column | None:
    text = str(cell or "").strip().lower()
    unit = next(iter(_UNIT.findall(text)), "").strip()
    plain = re.sub(r"[\s_\-]", "", _UNIT.sub("", text)).strip(":：*")
    name = _FIELD_OF.get(plain)
    return None if name is None else _Column(name, unit, index)


class _RowReader:
    """Collects tasks and faults row by row."""

    def __init__(self, sheet: Sheet, columns: list[_Column]) -> None:
        self.tasks: dict[str, PlannedTask] = {}
        self.faults: list[Fault] = []
        self._sheet, self._columns = sheet, columns

    def add(self, number: int, cells: list[Any]) -> None:
        """Read one row."""
        values = self._values(number, cells)
        code = str(values.get("code") or "").strip()
        if not any(value not in (None, "") for value in values.values()) or _is_subtotal(cells):
            return
        where = self._sheet.row_name(number)
        if not code:
            self.faults.append(Fault(where, "The row has no task code.", "该行没有任务编码。"))
            return
        task = self._task(where, code, values)
        known = self.tasks.get(code)
        self.tasks[code] = task if known is None else self._joined(known, task)

    def _values(self, number: int, cells: list[Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for column in self._columns:
            cell = cells[column.index] if column.index < len(cells) else None
            try:
                reader: Callable[[Any, str], Any] = _READERS.get(column.field, _text)
                value = reader(cell, column.unit)
            except ValueError as error:
                place = self._sheet.cell_name(number, column.index)
                self.faults.append(Fault(place, f"{error}.", f"无法识别的值：{error}。"))
                continue
            if column.field == "value" and column.unit not in _YUAN:
                found.setdefault("unit_values", {}).update(
                    {_unit_key(column.unit): value} if value is not None else {}
                )
            else:
                found[column.field] = value
        return found

    def _task(self, where: str, code: str, values: Mapping[str, Any]) -> PlannedTask:
        match = ElementMatch(**{name: values.get(column) or None for column, name in _MATCH.items()})
        return PlannedTask(
            where=where,
            uid=values.get("uid") or code,
            code=code,
            name=values.get("name") or "",
            parent=values.get("parent") or None,
            critical=bool(values.get("critical")),
            start=values.get("start"),
            finish=values.get("finish"),
            dates_from="start, finish",
            actual_start=values.get("actual_start"),
            actual_finish=values.get("actual_finish"),
            percent=values.get("percent"),
            percent_source="percent" if values.get("percent") is not None else None,
            labour_h=None if values.get("labour_h") is None else float(values["labour_h"]),
            value_yuan=values.get("value"),
            unit_values=values.get("unit_values") or {},
            predecessors=tuple(values.get("predecessors") or ()),
            matches=() if match == ElementMatch() else (match,),
        )

    def _joined(self, known: PlannedTask, other: PlannedTask) -> PlannedTask:
        """Join a further row of the same task; what both say must agree."""
        merged: dict[str, Any] = {"matches": known.matches + other.matches}
        for name in (
            "name",
            "parent",
            "start",
            "finish",
            "actual_start",
            "actual_finish",
            "percent",
            "value_yuan",
        ):
            one, two = getattr(known, name), getattr(other, name)
            if one not in (None, "") and two not in (None, "") and one != two:
                self.faults.append(
                    Fault(
                        other.where,
                        f"Task {known.code} stands at {known.where} with another {name} ({one}, here {two}).",
                        f"任务 {known.code} 与 {known.where} 的 {name} 不一致（{one}，本行 {two}）。",
                    )
                )
            merged[name] = one if one not in (None, "") else two
        if not (known.matches or other.matches):
            self.faults.append(
                Fault(
                    other.where,
                    f"Code {known.code} stands at {known.where} already; codes must differ.",
                    f"编码 {known.code} 与 {known.where} 重复；任务编码必须唯一。",
                )
            )
        return replace(known, **merged)


def _with_parents(tasks: Iterable[PlannedTask]) -> Iterable[PlannedTask]:
    """Parents are named by code in a table."""
    rows = list(tasks)
    uid_of = {task.code: task.uid for task in rows}
    for task in rows:
        name = task.name or task.code
        yield replace(task, name=name, parent=uid_of.get(task.parent, task.parent) if task.parent else None)


def _is_subtotal(cells: list[Any]) -> bool:
    return any(str(cell or "").strip().lower().rstrip(":：") in _SUBTOTALS for cell in cells)


_YUAN: Final = frozenset({"", "元", "万", "万元", "亿", "亿元"})
_UNIT_KEYS: Final = {
    "m³": "m3",
    "立方米": "m3",
    "m²": "m2",
    "㎡": "m2",
    "平方米": "m2",
    "米": "m",
    "千克": "kg",
    "吨": "kg",
    "个": "count",
    "件": "count",
}


def _unit_key(unit: str) -> str:
    return _UNIT_KEYS.get(unit, unit)


def _text(cell: Any, _unit: str) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    text = "" if cell is None else str(cell).strip()
    if "\0" in text or len(text) > 1000:
        raise ValueError(f"{text[:40]!r} is no plain text below 1000 letters")
    return text


def _money(cell: Any, unit: str) -> Decimal | None:
    value = money_of(cell, unit if unit in _YUAN else "")
    if value is not None and value < 0:
        raise ValueError(f"{value} is negative")
    return value


def _labour(cell: Any, _unit: str) -> Decimal | None:
    value = number_of(cell)
    if value is not None and value < 0:
        raise ValueError(f"{value} is negative")
    return value


def _predecessors(cell: Any, _unit: str) -> list[Predecessor]:
    found = []
    for part in re.split(r"[;；,，]", _text(cell, "")):
        match = _PREDECESSOR.fullmatch(part)
        if part.strip() and match:
            found.append(Predecessor(match[1], (match[2] or "FS").upper(), float(match[3] or 0)))
    return found


_READERS: Final[dict[str, Callable[[Any, str], Any]]] = {
    "start": lambda cell, _: day_of(cell),
    "finish": lambda cell, _: day_of(cell),
    "actual_start": lambda cell, _: day_of(cell),
    "actual_finish": lambda cell, _: day_of(cell),
    "percent": lambda cell, _: percent_of(cell),
    "labour_h": _labour,
    "value": _money,
    "critical": lambda cell, _: _text(cell, "").lower() in _TRUE,
    "predecessors": _predecessors,
}
