"""Tasks of a schedule that came from outside, written into a model with what they build."""

from datetime import date
from typing import Any

from bim.export_additions import Additions
from bim.export_order import ExportOrder, ExportTask
from bim.model import Instance, Model, list_instances


def write_tasks(model: Model, additions: Additions, order: ExportOrder) -> int:
    """Write the tasks of an order with times, tree and products; return how many were added.

    A task whose code the file knows already is the file's own: it keeps its times, and gets the products it lacks.
    IFC4: IfcTaskTime; IFC2X3: IfcScheduleTimeControl. What a task builds is its result: IfcRelAssignsToProduct.
    """
    if not order.tasks:
        return 0
    known = _tasks_by_code(model)
    new = [task for task in order.tasks if task.code not in known]
    schedule = _schedule(additions, order) if new else None
    made: dict[str, Instance] = dict(known)
    for task in new:
        made[task.code] = _task(additions, task, schedule)
    _nest(additions, new, made, schedule)
    built = _built(model)
    for task in order.tasks:
        _assign(model, additions, task, made[task.code], built)
    return len(new)


def _tasks_by_code(model: Model) -> dict[str, Instance]:
    found: dict[str, Instance] = {}
    for task in model.by_type("IfcTask"):
        code = model.value(task, "Identification") or model.value(task, "TaskId") or task.Name
        if code:
            found.setdefault(str(code), task)
    return found


def _schedule(additions: Additions, order: ExportOrder) -> Instance:
    starts = [task.start for task in order.tasks if task.start]
    first = min(starts, default=order.as_of)
    if additions.old:
        return additions.root(
            "IfcWorkSchedule",
            "schedule",
            Name=order.schedule_name,
            Identifier=order.schedule_name,
            CreationDate=_calendar(additions, order.as_of),
            StartTime=_calendar(additions, first),
        )
    return additions.root(
        "IfcWorkSchedule",
        "schedule",
        Name=order.schedule_name,
        CreationDate=f"{order.as_of}T00:00:00",
        StartTime=f"{first}T00:00:00",
        PredefinedType="PLANNED",
    )


def _task(additions: Additions, task: ExportTask, schedule: Instance | None) -> Instance:
    times = {
        "ScheduleStart": task.start,
        "ScheduleFinish": task.finish,
        "ActualStart": task.actual_start,
        "ActualFinish": task.actual_finish,
    }
    ratio = task.percent / 100 if task.percent else None  # the schema allows no zero
    if not additions.old:
        given = {name: f"{day}T00:00:00" for name, day in times.items() if day}
        time = additions.create("IfcTaskTime", Completion=ratio, **given) if given or ratio else None
        return additions.root(
            "IfcTask",
            task.code,
            Name=task.name[:255],
            Identification=task.code[:255],
            IsMilestone=False,
            TaskTime=time,
        )
    made = additions.root(
        "IfcTask", task.code, Name=task.name[:255], TaskId=task.code[:255], IsMilestone=False
    )
    days = {name: _calendar(additions, day) for name, day in times.items() if day}
    control = additions.root("IfcScheduleTimeControl", task.code, Completion=ratio, **days)
    additions.root(
        "IfcRelAssignsTasks", task.code, RelatedObjects=[made], RelatingControl=schedule, TimeForTask=control
    )
    return made


def _nest(
    additions: Additions, new: list[ExportTask], made: dict[str, Instance], schedule: Instance | None
) -> None:
    """Hang new tasks below their parents, and the topmost below the schedule."""
    below: dict[str, list[Instance]] = {}
    for task in new:
        if task.parent in made:
            below.setdefault(task.parent or "", []).append(made[task.code])
    for parent, children in below.items():
        additions.root("IfcRelNests", parent, RelatingObject=made[parent], RelatedObjects=children)
    tops = [made[task.code] for task in new if task.parent not in made]
    if tops and not additions.old:  # IFC2X3 ties each task to the schedule by its times
        additions.root("IfcRelAssignsToControl", "schedule", RelatedObjects=tops, RelatingControl=schedule)


def _built(model: Model) -> set[tuple[int, int]]:
    """Pairs of task and product that the file has already."""
    pairs: set[tuple[int, int]] = set()
    for relation in model.by_type("IfcRelAssignsToProduct"):
        for product in list_instances(relation.RelatingProduct):
            pairs.update((task.id(), product.id()) for task in list_instances(relation.RelatedObjects))
    for relation in model.by_type("IfcRelAssignsToProcess"):
        for task in list_instances(relation.RelatingProcess):
            pairs.update((task.id(), product.id()) for product in list_instances(relation.RelatedObjects))
    return pairs


def _assign(
    model: Model, additions: Additions, task: ExportTask, made: Instance, built: set[tuple[int, int]]
) -> None:
    for number in task.elements:
        try:
            element = model.file.by_id(number)
        except RuntimeError:
            continue
        if element.is_a("IfcProduct") and (made.id(), number) not in built:
            additions.root(
                "IfcRelAssignsToProduct",
                f"{task.code}:{number}",
                RelatedObjects=[made],
                RelatingProduct=element,
            )


def _calendar(additions: Additions, iso: str) -> Any:
    day = date.fromisoformat(iso)
    return additions.create(
        "IfcCalendarDate", DayComponent=day.day, MonthComponent=day.month, YearComponent=day.year
    )
