"""Tasks of IFC models: real ones and generated ones with more than sixty."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bim.elements import list_products, name_products
from bim.model import open_model
from bim.schedule import Schedule, read_schedule
from bim.schedules.ifc import plan_of_tasks
from tests.bim.schedules.scheduled_model import write_scheduled_model


def schedule_of(path: Path) -> Schedule:
    model = open_model(path)
    return read_schedule(model, name_products(list_products(model)))


@pytest.mark.parametrize("schema", ["IFC2X3", "IFC4", "IFC4X3_ADD2"])
def test_sixty_four_tasks_build_sixty_four_walls(schema: str, tmp_path: Path) -> None:
    walls = write_scheduled_model(tmp_path / "plan.ifc", schema)
    schedule = schedule_of(tmp_path / "plan.ifc")
    assert len(schedule.tasks) == 72  # 8 storeys and 64 walls
    by_code = {task.code: task for task in schedule.tasks}
    for wall in walls:
        task = by_code[wall.code]
        assert task.products == [wall.global_id]
        assert (task.name, task.parent) == (wall.name, wall.code.partition(".")[0])
        assert (task.schedule_start or "")[:10] == wall.start.isoformat()
        assert (task.schedule_finish or "")[:10] == wall.finish.isoformat()
        assert (task.completion, task.dates_from) == (wall.completion, "schedule")
        assert (task.schedule, task.actual_start) == ("总进度", None)
    assert len(schedule.codes_of) == 64
    assert all(len(codes) == 1 for codes in schedule.codes_of.values())


@pytest.mark.parametrize(("schema", "hours"), [("IFC2X3", 48.0), ("IFC4", 48.0)])
def test_tasks_become_a_plan_with_summaries_durations_and_percents(
    schema: str, hours: float, tmp_path: Path
) -> None:
    walls = write_scheduled_model(tmp_path / "plan.ifc", schema, storeys=2, walls=3)
    plan = plan_of_tasks(schedule_of(tmp_path / "plan.ifc").tasks)
    assert plan.faults == ()
    assert plan.title == "总进度"
    assert [task.code for task in plan.tasks if task.summary] == ["S1", "S2"]
    first = plan.leaves[0]
    assert (first.start, first.finish, first.duration_h) == (date(2025, 3, 1), date(2025, 3, 2), hours)
    assert (first.percent, first.percent_source) == (Decimal(50), "IfcTaskTime.Completion")
    assert first.matches[0].global_id == walls[0].global_id


def test_the_public_schedule_gives_its_early_dates_where_no_others_stand(shared_ifc: Path) -> None:
    # Read off the file's text by hand: 8 tasks, 6 product assignments, 2 summaries without product.
    schedule = schedule_of(shared_ifc / "scheduling-task.ifc")
    by_code = {task.code: task for task in schedule.tasks}
    assert len(by_code) == 8
    assert sum(len(task.products) for task in schedule.tasks) == 6
    wall = by_code["Wall #3"]
    assert (wall.schedule_start, wall.schedule_finish) == ("2010-09-23T08:00:00", "2010-09-23T16:00:00")
    assert (wall.dates_from, wall.duration, wall.duration_type) == ("early", "P0Y0M0DT8H0M0S", "WORKTIME")
    assert (wall.parent, wall.products) == ("IfcWallStandardCase", ["0edwXkNgP03AySQjQQlat2"])
    assert by_code["Ground Level"].schedule_finish == "2010-09-24T16:00:00"
    plan = plan_of_tasks(schedule.tasks)
    assert plan.faults == ()
    assert [task.code for task in plan.leaves] == ["Slab #1", "Wall #1", "Wall #2", "Wall #3", "Wall #4"]


def test_tasks_of_one_name_are_told_apart_by_the_task_above(tmp_path: Path) -> None:
    path = tmp_path / "plan.ifc"
    write_scheduled_model(path, "IFC4", storeys=2, walls=2)
    text = path.read_text()
    for code in ("S1.1", "S2.1"):
        text = text.replace(f"'{code}'", "'CAST'")
    path.write_text(text)
    assert [task.code for task in schedule_of(path).tasks] == [
        "S1",
        "S1/CAST",
        "S1.2",
        "S2",
        "S2/CAST",
        "S2.2",
    ]
