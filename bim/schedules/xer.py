"""Primavera P6 XER: tab-separated tables, columns by name, text in the code page of the exporting machine."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from bim.errors import Place, ScheduleError
from bim.schedules.plan import Fault, PlannedTask, Predecessor, WorkPlan, finished_plan
from bim.schedules.text import decode
from bim.schedules.values import day_of, number_of

_TABLES: Final = frozenset({"PROJECT", "PROJWBS", "CALENDAR", "TASK", "TASKPRED"})
_NO_WORK: Final = {"TT_LOE": "level of effort", "TT_WBS": "WBS summary"}
_MAX_LINES: Final = 3_000_000


@dataclass
class Record:
    """One row of a table: its line and its values by column name."""

    line: int
    values: dict[str, str]

    def get(self, name: str) -> str:
        """Return a value, empty where the version of the program writes no such column."""
        return self.values.get(name, "").strip()


@dataclass
class _Reading:
    tables: dict[str, list[Record]] = field(default_factory=dict)
    table: str | None = None
    fields: list[str] = field(default_factory=list)
    ended: bool = False


def read_xer(data: bytes, encoding: str | None = None, plan: str | None = None) -> WorkPlan:
    """Read one project of an XER file.

    Parameters
    ----------
    encoding : str, optional
        As named by the sender; found by the bytes otherwise (`bim.schedules.text`).
    plan : str, optional
        Short name or number of the project to take, where the file holds several.

    Raises
    ------
    ScheduleError
        It is no XER, its encoding is unknown, or it holds several projects and none was named.
    """
    found = decode(data, encoding)
    tables, ended = _tables(found.text)
    project, others = _project(tables, plan)
    wbs = _wbs(tables, project)
    tasks, faults, left = _tasks(tables, project, wbs)
    notes = [
        f"{count} tasks of type {kind} ({_NO_WORK[kind]}) stand for no work" for kind, count in left.items()
    ]
    notes += [f"projects not taken: {', '.join(others)}"] if others else []
    notes += [] if ended else ["the file has no %E at its end: it may be cut off"]
    return finished_plan(
        WorkPlan(
            "xer",
            project.get("proj_short_name") or project.get("proj_id"),
            (*_summaries(wbs, tasks), *tasks),
            found.encoding,
            found.evidence,
            tuple(notes),
            tuple(faults),
        )
    )


def _tables(text: str) -> tuple[dict[str, list[Record]], bool]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not lines[0].startswith("ERMHDR"):
        raise ScheduleError(
            "The file is no XER: it does not begin with ERMHDR. Export it from P6 as XER.",
            "文件不是 XER：首行没有 ERMHDR。请从 P6 导出 XER。",
            Place(line=1),
        )
    if len(lines) > _MAX_LINES:
        raise ScheduleError(
            f"The file has more than {_MAX_LINES} lines; export one project.",
            f"文件超过 {_MAX_LINES} 行；请只导出一个项目。",
        )
    reading = _Reading()
    for number, line in enumerate(lines[1:], start=2):
        _read_line(reading, number, line)
    return reading.tables, reading.ended


def _read_line(reading: _Reading, number: int, line: str) -> None:
    mark, _, rest = line.partition("\t")
    if mark == "%T":
        reading.table, reading.fields = rest.strip(), []
        reading.tables.setdefault(reading.table, [])
    elif mark == "%F":
        reading.fields = [name.strip() for name in rest.split("\t")]
    elif mark == "%R":
        if reading.table in _TABLES:
            values = rest.split("\t")
            reading.tables[reading.table or ""].append(
                Record(number, dict(zip(reading.fields, values, strict=False)))
            )
    elif mark.startswith("%E"):
        reading.ended = True
    elif line and reading.table in _TABLES and reading.tables[reading.table or ""]:
        _continue_field(reading.tables[reading.table or ""][-1], reading.fields, line)


def _continue_field(record: Record, fields: list[str], line: str) -> None:
    """A line without a mark goes on with the last field that was begun; further tabs begin further fields."""
    begun = len(record.values) - 1
    first, *others = line.split("\t")
    if begun >= 0:
        record.values[fields[begun]] += "\n" + first
    record.values.update(zip(fields[begun + 1 :], others, strict=False))


def _project(tables: Mapping[str, list[Record]], plan: str | None) -> tuple[Record, list[str]]:
    projects = tables.get("PROJECT", [])
    if not projects or "TASK" not in tables:
        raise ScheduleError(
            "The file has no PROJECT or no TASK table; export the project with its activities.",
            "文件没有 PROJECT 或 TASK 表；请导出包含作业的项目。",
        )
    used = {task.get("proj_id") for task in tables["TASK"]}
    with_tasks = [each for each in projects if each.get("proj_id") in used] or projects
    if plan is not None:
        with_tasks = [
            each for each in with_tasks if plan in (each.get("proj_short_name"), each.get("proj_id"))
        ]
    names = [each.get("proj_short_name") or each.get("proj_id") for each in projects]
    if len(with_tasks) != 1:
        raise ScheduleError(
            f"The file holds the projects {', '.join(names)}; name the one to take as `plan`.",
            f"文件含多个项目：{'、'.join(names)}；请用参数 plan 指明其一。",
        )
    taken = with_tasks[0]
    return taken, [name for each, name in zip(projects, names, strict=True) if each is not taken]


@dataclass(frozen=True)
class _Node:
    """A node of the WBS below the project."""

    uid: str
    code: str
    name: str
    parent: str | None
    line: int


def _wbs(tables: Mapping[str, list[Record]], project: Record) -> dict[str, _Node]:
    rows = {
        row.get("wbs_id"): row
        for row in tables.get("PROJWBS", [])
        if row.get("proj_id") == project.get("proj_id")
    }
    nodes: dict[str, _Node] = {}
    for number, row in rows.items():
        if _is_root(row, rows):
            continue
        path, above, met = [row.get("wbs_short_name") or number], row.get("parent_wbs_id"), {number}
        while above in rows and above not in met and not _is_root(rows[above], rows):
            met.add(above)
            path.append(rows[above].get("wbs_short_name") or above)
            above = rows[above].get("parent_wbs_id")
        parent = row.get("parent_wbs_id")
        inside = parent in rows and not _is_root(rows[parent], rows)
        nodes[number] = _Node(
            f"wbs:{number}",
            ".".join(reversed(path)),
            row.get("wbs_name") or path[0],
            f"wbs:{parent}" if inside else None,
            row.line,
        )
    return nodes


def _is_root(row: Record, rows: Mapping[str, Record]) -> bool:
    return row.get("proj_node_flag") == "Y" or row.get("parent_wbs_id") not in rows


def _summaries(wbs: Mapping[str, _Node], tasks: list[PlannedTask]) -> Iterator[PlannedTask]:
    """The nodes of the WBS that have work below them."""
    used = {task.parent for task in tasks}
    by_uid = {node.uid: node for node in wbs.values()}
    for uid in list(used):
        above = by_uid[uid].parent if uid in by_uid else None
        while above is not None and above not in used:
            used.add(above)
            above = by_uid[above].parent
    for node in wbs.values():
        if node.uid in used:
            yield PlannedTask(
                where=f"line {node.line}",
                uid=node.uid,
                code=node.code,
                name=node.name,
                parent=node.parent,
                summary=True,
            )


def _tasks(
    tables: Mapping[str, list[Record]], project: Record, wbs: Mapping[str, _Node]
) -> tuple[list[PlannedTask], list[Fault], dict[str, int]]:
    waits: dict[str, list[Predecessor]] = {}
    for row in tables.get("TASKPRED", []):
        lag = row.get("lag_hr_cnt")
        waits.setdefault(row.get("task_id"), []).append(
            Predecessor(
                row.get("pred_task_id"), row.get("pred_type").removeprefix("PR_") or "FS", _hours(lag) or 0.0
            )
        )
    tasks: list[PlannedTask] = []
    faults: list[Fault] = []
    left: dict[str, int] = {}
    for row in tables["TASK"]:
        if row.get("proj_id") != project.get("proj_id"):
            continue
        if row.get("task_type") in _NO_WORK:
            left[row.get("task_type")] = left.get(row.get("task_type"), 0) + 1
            continue
        try:
            tasks.append(_task(row, wbs, tuple(waits.get(row.get("task_id"), ()))))
        except ValueError as error:
            where = f"line {row.line}"
            faults.append(
                Fault(
                    where, f"Task {row.get('task_code')}: {error}.", f"任务 {row.get('task_code')}：{error}。"
                )
            )
    return tasks, faults, left


def _task(row: Record, wbs: Mapping[str, _Node], waits: tuple[Predecessor, ...]) -> PlannedTask:
    node = wbs.get(row.get("wbs_id"))
    percent, source = _percent(row)
    start, finish = _day(row, "target_start_date"), _day(row, "target_end_date")
    dates_from = "target_start_date, target_end_date"
    if start is None or finish is None:
        start = start or _day(row, "early_start_date")
        finish = finish or _day(row, "early_end_date")
        dates_from += ", early dates where missing"
    return PlannedTask(
        where=f"line {row.line}",
        uid=row.get("task_id"),
        code=row.get("task_code") or row.get("task_id"),
        name=row.get("task_name") or row.get("task_code"),
        parent=node.uid if node else None,
        critical=row.get("driving_path_flag") == "Y",
        start=start,
        finish=finish,
        dates_from=dates_from,
        actual_start=_day(row, "act_start_date"),
        actual_finish=_day(row, "act_end_date"),
        percent=percent,
        percent_source=source,
        duration_h=_hours(row.get("target_drtn_hr_cnt")),
        labour_h=_hours(row.get("target_work_qty")) or None,
        predecessors=waits,
    )


def _percent(row: Record) -> tuple[Decimal | None, str | None]:
    """Percent complete by the measure the task names; formulas of CP_Drtn and CP_Units as P6 documents them."""
    if row.get("status_code") == "TK_Complete":
        return Decimal(100), "status_code TK_Complete"
    if row.get("status_code") == "TK_NotStart":
        return Decimal(0), "status_code TK_NotStart"
    kind = row.get("complete_pct_type") or "CP_Phys"
    if kind == "CP_Drtn":
        return _share_done(row.get("target_drtn_hr_cnt"), row.get("remain_drtn_hr_cnt")), kind
    if kind == "CP_Units":
        done, left = number_of(row.get("act_work_qty")), number_of(row.get("remain_work_qty"))
        if done is None or left is None or done + left <= 0:
            return None, None
        return _bounded(100 * done / (done + left)), kind
    value = number_of(row.get("phys_complete_pct"))
    return (None, None) if value is None else (_bounded(value), "CP_Phys")


def _share_done(target: str, remaining: str) -> Decimal | None:
    whole, left = number_of(target), number_of(remaining)
    if whole is None or left is None or whole <= 0:
        return None
    return _bounded(100 * (1 - left / whole))


def _bounded(value: Decimal) -> Decimal:
    return min(max(value, Decimal(0)), Decimal(100)).quantize(Decimal("0.000001"))


def _day(row: Record, name: str) -> date | None:
    try:
        return day_of(row.get(name))
    except ValueError as error:
        raise ValueError(f"{name} {row.get(name)[:40]!r} is no day") from error


def _hours(text: str) -> float | None:
    number = number_of(text)
    return None if number is None else float(number)
