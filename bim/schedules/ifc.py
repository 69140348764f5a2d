"""The tasks of an IFC model as a work schedule."""

from collections.abc import Sequence
from decimal import Decimal

from bim.results import Task
from bim.schedules.plan import ElementMatch, Fault, PlannedTask, WorkPlan, finished_plan
from bim.schedules.values import day_of, hours_of


def plan_of_tasks(tasks: Sequence[Task], title: str | None = None) -> WorkPlan:
    """Take the tasks of a converted model as a schedule; the elements each builds are named by GlobalId.

    Examples
    --------
    >>> task = Task("W1", "砌墙", "2025-03-01T08:00:00", "2025-03-09", None, None, 0.25, None, ["0wall"])
    >>> plan_of_tasks([task]).leaves[0].percent
    Decimal('25.00')
    """
    uid_of = {task.code: task.uid or task.code for task in tasks}
    planned: list[PlannedTask] = []
    faults: list[Fault] = []
    for task in tasks:
        where = f"IfcTask {task.uid or task.code}"
        try:
            planned.append(_planned(task, where, uid_of))
        except ValueError as error:
            faults.append(Fault(where, f"Task {task.code}: {error}.", f"任务 {task.code}：{error}。"))
    schedules = sorted({task.schedule for task in tasks if task.schedule})
    return finished_plan(
        WorkPlan("ifc", title or ", ".join(schedules) or None, tuple(planned), faults=tuple(faults))
    )


def _planned(task: Task, where: str, uid_of: dict[str, str]) -> PlannedTask:
    percent = (
        None if task.completion is None else (Decimal(str(task.completion)) * 100).quantize(Decimal("0.01"))
    )
    return PlannedTask(
        where=where,
        uid=task.uid or task.code,
        code=task.code,
        name=task.name or task.code,
        parent=uid_of.get(task.parent, task.parent) if task.parent else None,
        start=day_of(task.schedule_start),
        finish=day_of(task.schedule_finish),
        dates_from=task.dates_from,
        actual_start=day_of(task.actual_start),
        actual_finish=day_of(task.actual_finish),
        percent=percent,
        percent_source=None if percent is None else "IfcTaskTime.Completion",
        duration_h=hours_of(task.duration),
        matches=tuple(ElementMatch(global_id=each) for each in task.products),
    )
