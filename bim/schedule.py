"""Tasks of a work schedule (进度计划) and the products they build."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from bim.model import Instance, Model, list_instances
from bim.properties import clean
from bim.results import Task


@dataclass(frozen=True)
class Schedule:
    """Tasks and, by instance number of a product, the codes of its tasks."""

    tasks: list[Task]
    codes_of: dict[int, list[str]]


def read_schedule(model: Model, names: dict[int, str]) -> Schedule:
    """Read every IfcTask with its times, parent and products.

    Parameters
    ----------
    model : Model
        Open model.
    names : dict
        GlobalId by instance number, with repeated ones numbered.

    Notes
    -----
    IFC4: IfcTaskTime; products by IfcRelAssignsToProduct (the task's result) and IfcRelAssignsToProcess (its input).
    IFC2X3: IfcScheduleTimeControl through IfcRelAssignsTasks. Any time may be missing; early dates stand in
    for schedule dates.
    """
    tasks = sorted(model.by_type("IfcTask"), key=lambda each: int(each.id()))
    if not tasks:
        return Schedule([], {})
    reading = _Reading(model, tasks)
    products = _products_of(model)
    rows, codes_of = [], defaultdict(list)
    for task in tasks:
        number = task.id()
        for product in products.get(number, ()):
            codes_of[product].append(reading.codes[number])
        built = [names[product] for product in products.get(number, ()) if product in names]
        rows.append(reading.row(task, built))
    return Schedule(rows, dict(codes_of))


class _Reading:
    """What is looked up for every task."""

    def __init__(self, model: Model, tasks: list[Instance]) -> None:
        self._model = model
        self._parents = _parents_of(model)
        self._controls = _controls_of(model)
        self._schedules = _schedules_of(model)
        self.codes = _codes(model, tasks, self._parents)

    def row(self, task: Instance, built: list[str]) -> Task:
        """Return the row of one task."""
        model, parent = self._model, self._parents.get(task.id())
        own = list_instances(model.value(task, "TaskTime"))
        time = own[0] if own else self._controls.get(task.id())

        def read(*attributes: str) -> str | None:
            values = (_moment(model.value(time, each)) for each in attributes) if time is not None else ()
            return next((value for value in values if value), None)

        stated = read("ScheduleStart") is not None and read("ScheduleFinish") is not None
        start, finish = read("ScheduleStart", "EarlyStart"), read("ScheduleFinish", "EarlyFinish")
        kind = model.value(time, "DurationType") if time is not None else None
        return Task(
            code=self.codes[task.id()],
            name=None if task.Name is None else str(clean(task.Name)),
            schedule_start=start,
            schedule_finish=finish,
            actual_start=read("ActualStart"),
            actual_finish=read("ActualFinish"),
            completion=_ratio(model.value(time, "Completion")) if time is not None else None,
            parent=self.codes.get(parent.id()) if parent is not None else None,
            products=list(dict.fromkeys(built)),
            uid=str(task.GlobalId) if task.GlobalId else None,
            dates_from="schedule" if stated else "early" if start or finish else None,
            duration=_duration(model, time),
            duration_type=None if kind in (None, "NOTDEFINED") else str(kind),
            schedule=self._schedule(task),
        )

    def _schedule(self, task: Instance) -> str | None:
        """The schedule of a task or of the nearest task above it."""
        met: set[int] = set()
        above: Instance | None = task
        while above is not None and above.id() not in met:
            if above.id() in self._schedules:
                return self._schedules[above.id()]
            met.add(above.id())
            above = self._parents.get(above.id())
        return None


def _codes(model: Model, tasks: list[Instance], parents: dict[int, Instance]) -> dict[int, str]:
    """Codes by instance number; names that repeat are told apart by the task above, then by GlobalId."""
    plain = {task.id(): _code(model, task) for task in tasks}
    counts = Counter(plain.values())
    parent_of = {number: parent.id() for number, parent in parents.items()}
    longer = {
        number: code
        if counts[code] == 1 or parent_of.get(number) not in plain
        else f"{plain[parent_of[number]]}/{code}"
        for number, code in plain.items()
    }
    again = Counter(longer.values())
    guids = {task.id(): task.GlobalId for task in tasks}
    return {
        number: code if again[code] == 1 else f"{code} {guids[number]}" for number, code in longer.items()
    }


def _code(model: Model, task: Instance) -> str:
    number = model.value(task, "Identification") or model.value(task, "TaskId")
    return str(clean(number) or clean(task.Name) or task.GlobalId or f"#{task.id()}")


def _duration(model: Model, time: Instance | None) -> str | None:
    """Planned duration as an ISO 8601 text; IFC2X3 counts seconds."""
    value = model.value(time, "ScheduleDuration") if time is not None else None
    if isinstance(value, str):
        return value or None
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
        return f"PT{value:g}S"
    return None


def _schedules_of(model: Model) -> dict[int, str]:
    """Names of the schedules and plans that control tasks."""
    found: dict[int, str] = {}
    for relation in model.by_type("IfcRelAssignsToControl") + model.by_type("IfcRelAssignsTasks"):
        for control in list_instances(relation.RelatingControl):
            if control.is_a("IfcWorkSchedule") or control.is_a("IfcWorkPlan"):
                name = str(clean(control.Name) or control.is_a())
                found.update((task.id(), name) for task in list_instances(relation.RelatedObjects))
    return found


def _products_of(model: Model) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for relation in model.by_type("IfcRelAssignsToProduct"):
        for product in list_instances(relation.RelatingProduct):
            for task in list_instances(relation.RelatedObjects):
                if task.is_a("IfcTask"):
                    found[task.id()].append(product.id())
    for relation in model.by_type("IfcRelAssignsToProcess"):
        for task in list_instances(relation.RelatingProcess):
            for product in list_instances(relation.RelatedObjects):
                if product.is_a("IfcProduct"):
                    found[task.id()].append(product.id())
    return {task: list(dict.fromkeys(products)) for task, products in found.items()}


def _parents_of(model: Model) -> dict[int, Instance]:
    parents: dict[int, Instance] = {}
    for relation in model.by_type("IfcRelNests") + model.by_type("IfcRelAggregates"):
        for whole in list_instances(relation.RelatingObject):
            if whole.is_a("IfcTask"):
                parents.update((part.id(), whole) for part in list_instances(relation.RelatedObjects))
    return parents


def _controls_of(model: Model) -> dict[int, Instance]:
    found: dict[int, Instance] = {}
    for relation in model.by_type("IfcRelAssignsTasks"):
        for control in list_instances(model.value(relation, "TimeForTask")):
            found.update((task.id(), control) for task in list_instances(relation.RelatedObjects))
    return found


def _moment(value: Any) -> str | None:
    """Read an ISO text (IFC4) or an IfcCalendarDate, IfcDateAndTime (IFC2X3)."""
    if value is None or isinstance(value, str):
        return value or None
    if not list_instances(value):
        return None
    if value.is_a("IfcDateAndTime"):
        date, time = _moment(value.DateComponent), value.TimeComponent
        clock = (
            (time.HourComponent, time.MinuteComponent or 0, int(time.SecondComponent or 0)) if time else None
        )
        return f"{date}T{clock[0]:02d}:{clock[1]:02d}:{clock[2]:02d}" if date and clock else date
    if value.is_a("IfcCalendarDate"):
        return f"{value.YearComponent:04d}-{value.MonthComponent:02d}-{value.DayComponent:02d}"
    return None


def _ratio(value: Any) -> float | None:
    """Read a completion as a ratio between 0 and 1; some exporters write percent."""
    if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return None
    ratio = value / 100.0 if value > 1.0 else float(value)
    return min(ratio, 1.0)
