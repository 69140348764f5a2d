"""Tasks of a work schedule (进度计划) and the products they build."""

import math
from collections import defaultdict
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
    tasks = model.by_type("IfcTask")
    if not tasks:
        return Schedule([], {})
    products = _products_of(model)
    parents = _parents_of(model)
    controls = _controls_of(model)
    rows, codes_of = [], defaultdict(list)
    for task in sorted(tasks, key=lambda each: int(each.id())):
        number = task.id()
        code = _code(model, task)
        for product in products.get(number, ()):
            codes_of[product].append(code)
        parent = parents.get(number)
        built = [names[product] for product in products.get(number, ()) if product in names]
        rows.append(_row(model, task, code, _code(model, parent) if parent else None, controls, built))
    return Schedule(rows, dict(codes_of))


def _row(
    model: Model,
    task: Instance,
    code: str,
    parent: str | None,
    controls: dict[int, Instance],
    built: list[str],
) -> Task:
    own = list_instances(model.value(task, "TaskTime"))
    time = own[0] if own else controls.get(task.id())

    def read(*attributes: str) -> str | None:
        values = (_moment(model.value(time, each)) for each in attributes) if time is not None else ()
        return next((value for value in values if value), None)

    return Task(
        code=code,
        name=None if task.Name is None else str(clean(task.Name)),
        schedule_start=read("ScheduleStart", "EarlyStart"),
        schedule_finish=read("ScheduleFinish", "EarlyFinish"),
        actual_start=read("ActualStart"),
        actual_finish=read("ActualFinish"),
        completion=_ratio(model.value(time, "Completion")) if time is not None else None,
        parent=parent,
        products=list(dict.fromkeys(built)),
    )


def _code(model: Model, task: Instance) -> str:
    number = model.value(task, "Identification") or model.value(task, "TaskId")
    return str(clean(number) or clean(task.Name) or task.GlobalId or f"#{task.id()}")


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
