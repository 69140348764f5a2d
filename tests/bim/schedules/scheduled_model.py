"""Models with a work schedule, made by the library: walls in storeys, a task a wall, a summary task a storey."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.guid

FIRST_DAY = date(2025, 3, 1)


@dataclass(frozen=True)
class Wall:
    """A wall and what the file says of its task."""

    global_id: str
    code: str
    name: str
    start: date
    finish: date
    completion: float | None


def write_scheduled_model(path: Path, schema: str, storeys: int = 8, walls: int = 8) -> list[Wall]:
    """Write a model of `storeys` × `walls` walls; wall n is built on days 2n and 2n+1, every third is half done."""
    file = ifcopenshell.file(schema=schema)
    maker = _Maker(file, schema)
    made = [wall for storey in range(storeys) for wall in maker.storey(storey, walls)]
    file.write(str(path))
    return made


class _Maker:
    def __init__(self, file: Any, schema: str) -> None:
        self.file, self.old = file, schema == "IFC2X3"
        create = file.create_entity
        person = create(
            "IfcPersonAndOrganization",
            create("IfcPerson", FamilyName="甲"),
            create("IfcOrganization", Name="示范"),
        )
        application = create("IfcApplication", person.TheOrganization, "1", "test", "test")
        self.owner = create(
            "IfcOwnerHistory", person, application, None, "ADDED", None, None, None, 1740787200
        )
        self.placement = create("IfcLocalPlacement", None, self._axes())
        context = create("IfcGeometricRepresentationContext", None, "Model", 3, 1e-5, self._axes(), None)
        self.body = context
        units = create(
            "IfcUnitAssignment",
            [
                create("IfcSIUnit", None, "LENGTHUNIT", None, "METRE"),
                create("IfcSIUnit", None, "VOLUMEUNIT", None, "CUBIC_METRE"),
            ],
        )
        self.project = self.root(
            "IfcProject", "示范项目", UnitsInContext=units, RepresentationContexts=[context]
        )
        self.site = self.root("IfcSite", "场地", ObjectPlacement=self.placement, CompositionType="ELEMENT")
        self.building = self.root(
            "IfcBuilding", "楼", ObjectPlacement=self.placement, CompositionType="ELEMENT"
        )
        self.root("IfcRelAggregates", None, RelatingObject=self.project, RelatedObjects=[self.site])
        self.root("IfcRelAggregates", None, RelatingObject=self.site, RelatedObjects=[self.building])
        self.schedule = self._schedule()

    def root(self, kind: str, name: str | None, **given: Any) -> Any:
        return self.file.create_entity(
            kind, GlobalId=ifcopenshell.guid.new(), OwnerHistory=self.owner, Name=name, **given
        )

    def storey(self, number: int, walls: int) -> list[Wall]:
        storey = self.root(
            "IfcBuildingStorey",
            f"{number + 1}层",
            ObjectPlacement=self.placement,
            CompositionType="ELEMENT",
            Elevation=3.0 * number,
        )
        self.root("IfcRelAggregates", None, RelatingObject=self.building, RelatedObjects=[storey])
        above = self._task(f"S{number + 1}", f"{number + 1}层主体", None)
        made, tasks, products = [], [], []
        for each in range(walls):
            n = number * walls + each
            start = FIRST_DAY + timedelta(days=2 * n)
            completion = 0.5 if n % 3 == 0 else None
            facts = Wall(
                "", f"S{number + 1}.{each + 1}", f"砌墙 {n + 1}", start, start + timedelta(days=1), completion
            )
            wall = self.root(
                "IfcWall",
                f"墙 {n + 1}",
                ObjectPlacement=self.placement,
                Representation=self._box(n),
                Tag=f"W-{n + 1}",
            )
            task = self._task(facts.code, facts.name, facts)
            self._assign(task, wall, by_process=n % 2 == 1)
            made.append(Wall(wall.GlobalId, *list(vars(facts).values())[1:]))
            tasks.append(task)
            products.append(wall)
        self.root(
            "IfcRelContainedInSpatialStructure", None, RelatedElements=products, RelatingStructure=storey
        )
        self.root("IfcRelNests", None, RelatingObject=above, RelatedObjects=tasks)
        return made

    def _axes(self) -> Any:
        return self.file.create_entity(
            "IfcAxis2Placement3D", self.file.create_entity("IfcCartesianPoint", [0.0, 0.0, 0.0])
        )

    def _box(self, n: int) -> Any:
        create = self.file.create_entity
        profile = create(
            "IfcRectangleProfileDef",
            "AREA",
            None,
            create("IfcAxis2Placement2D", create("IfcCartesianPoint", [2.0 * n, 0.0])),
            1.0,
            0.2,
        )
        solid = create(
            "IfcExtrudedAreaSolid", profile, self._axes(), create("IfcDirection", [0.0, 0.0, 1.0]), 3.0
        )
        return create(
            "IfcProductDefinitionShape",
            None,
            None,
            [create("IfcShapeRepresentation", self.body, "Body", "SweptSolid", [solid])],
        )

    def _schedule(self) -> Any:
        if self.old:
            return self.root(
                "IfcWorkSchedule",
                "总进度",
                Identifier="P1",
                CreationDate=self._day(FIRST_DAY),
                StartTime=self._day(FIRST_DAY),
            )
        return self.root(
            "IfcWorkSchedule", "总进度", CreationDate="2025-03-01T08:00:00", StartTime="2025-03-01T08:00:00"
        )

    def _task(self, code: str, name: str, facts: Wall | None) -> Any:
        if self.old:
            task = self.root("IfcTask", name, TaskId=code, IsMilestone=False)
            if facts is not None:
                control = self.root(
                    "IfcScheduleTimeControl", None, ScheduleStart=self._day(facts.start), ScheduleFinish=self._day(facts.finish),
                    ScheduleDuration=172800.0, Completion=facts.completion,
                )  # fmt: skip
                self.root(
                    "IfcRelAssignsTasks",
                    None,
                    RelatedObjects=[task],
                    RelatingControl=self.schedule,
                    TimeForTask=control,
                )
            return task
        time = None
        if facts is not None:
            time = self.file.create_entity(
                "IfcTaskTime", ScheduleStart=f"{facts.start}T08:00:00", ScheduleFinish=f"{facts.finish}T17:00:00",
                DurationType="WORKTIME", ScheduleDuration="P2D", Completion=facts.completion,
            )  # fmt: skip
        task = self.root("IfcTask", name, Identification=code, IsMilestone=False, TaskTime=time)
        if facts is None:
            self.root("IfcRelAssignsToControl", None, RelatedObjects=[task], RelatingControl=self.schedule)
        return task

    def _assign(self, task: Any, wall: Any, *, by_process: bool) -> None:
        if by_process:
            self.root("IfcRelAssignsToProcess", None, RelatedObjects=[wall], RelatingProcess=task)
        else:
            self.root("IfcRelAssignsToProduct", None, RelatedObjects=[task], RelatingProduct=wall)

    def _day(self, day: date) -> Any:
        return self.file.create_entity("IfcCalendarDate", day.day, day.month, day.year)
