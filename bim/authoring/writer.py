"""From a design to IFC4 text, through ifcopenshell's API; the same bytes on every run."""

import uuid
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import ifcopenshell
import ifcopenshell.api.aggregate
import ifcopenshell.api.classification
import ifcopenshell.api.context
import ifcopenshell.api.georeference
import ifcopenshell.api.project
import ifcopenshell.api.root
import ifcopenshell.api.spatial
import ifcopenshell.api.system
import ifcopenshell.api.unit
import ifcopenshell.guid

from bim.authoring.bodies import Contexts, open_wall, shape_part
from bim.authoring.describe import assign_materials, describe_part
from bim.authoring.design import Design, MapPlace, Part, Task
from bim.authoring.sequence import sequence

Entity = Any  # ifcopenshell's entities carry no static types

NAMESPACE = uuid.UUID("6f7d6f0a-9f0d-5c57-9d2c-2b3f6c1f2a31")
STAMP = "2025-10-31T00:00:00+08:00"
STAMP_LOCAL = "2025-10-31T00:00:00"
CLASSIFICATION = "GB/T 51269-2017"


@dataclass
class _Draft:
    """A model being written: the file, its contexts, and which entity a design key became."""

    design: Design
    file: Any
    contexts: Contexts
    made: dict[str, Entity] = field(default_factory=dict)


def global_id(model: str, key: str) -> str:
    """Return the GlobalId of a named thing in a model, the same on every run.

    Examples
    --------
    >>> global_id("building", "wall/0/south/0") == global_id("building", "wall/0/south/0")
    True
    """
    return str(ifcopenshell.guid.compress(uuid.uuid5(NAMESPACE, f"{model}/{key}").hex))


def author(design: Design) -> bytes:
    """Write a design as an IFC4 file.

    Parameters
    ----------
    design : Design
        Everything in metres; with ``millimetres`` the file's length unit is the millimetre.

    Returns
    -------
    bytes
        The STEP text, ASCII with Chinese as ``\\X2\\`` escapes, LF line ends.
    """
    draft = _start(design)
    _add_spaces(draft)
    for part in design.parts:
        _add_part(draft, part)
    _add_openings(draft)
    _contain(draft)
    _classify(draft)
    _add_systems(draft)
    assign_materials(draft.file, design, draft.made)
    _add_schedule(draft)
    if design.place:
        _place(draft.file, design.place)
    _settle(draft)
    return str(draft.file.to_string()).replace("\r\n", "\n").encode("ascii")


def _start(design: Design) -> _Draft:
    model = ifcopenshell.api.project.create_file(version="IFC4")
    project = ifcopenshell.api.root.create_entity(model, ifc_class="IfcProject", name=design.name)
    project.Description = design.description
    units = [
        ifcopenshell.api.unit.add_si_unit(model, "LENGTHUNIT", "MILLI" if design.millimetres else None),
        ifcopenshell.api.unit.add_si_unit(model, "AREAUNIT"),
        ifcopenshell.api.unit.add_si_unit(model, "VOLUMEUNIT"),
        ifcopenshell.api.unit.add_si_unit(model, "PLANEANGLEUNIT"),
    ]
    ifcopenshell.api.unit.assign_unit(model, units=units)
    root = ifcopenshell.api.context.add_context(model, context_type="Model")
    plan = ifcopenshell.api.context.add_context(model, context_type="Plan")
    contexts = Contexts(
        body=ifcopenshell.api.context.add_context(model, "Model", "Body", "MODEL_VIEW", parent=root),
        axis=ifcopenshell.api.context.add_context(model, "Plan", "Axis", "GRAPH_VIEW", parent=plan),
    )
    return _Draft(design, model, contexts, {"project": project})


def _add_spaces(draft: _Draft) -> None:
    model, design, made = draft.file, draft.design, draft.made
    made["site"] = ifcopenshell.api.root.create_entity(model, ifc_class="IfcSite", name="场地")
    made["building"] = ifcopenshell.api.root.create_entity(
        model, ifc_class="IfcBuilding", name=design.building
    )
    made["building"].ObjectType = design.object_type
    scale = 1000.0 if design.millimetres else 1.0
    for storey in design.storeys:
        entity = ifcopenshell.api.root.create_entity(model, ifc_class="IfcBuildingStorey", name=storey.name)
        entity.Elevation = round(storey.elevation * scale, 6)
        made[f"storey/{storey.key}"] = entity
    storeys = [made[f"storey/{s.key}"] for s in design.storeys]
    for whole, parts in (("project", [made["site"]]), ("site", [made["building"]]), ("building", storeys)):
        if parts:
            ifcopenshell.api.aggregate.assign_object(model, products=parts, relating_object=made[whole])
    for key in ("site", "building", *(f"storey/{s.key}" for s in design.storeys)):
        Contexts.place_at_origin(model, made[key], _elevation(design, key))


def _elevation(design: Design, key: str) -> float:
    return next((s.elevation for s in design.storeys if key == f"storey/{s.key}"), 0.0)


def _add_part(draft: _Draft, part: Part) -> Entity:
    entity = ifcopenshell.api.root.create_entity(
        draft.file, ifc_class=part.ifc_class, name=part.name, predefined_type=part.predefined
    )
    if part.object_type:
        entity.ObjectType = part.object_type
    entity.Tag = part.key
    shape_part(draft.file, draft.contexts, entity, part.body)
    describe_part(draft.file, entity, part, 1000.0 if draft.design.millimetres else 1.0)
    draft.made[part.key] = entity
    return entity


def _add_openings(draft: _Draft) -> None:
    bodies = {part.key: part.body for part in draft.design.parts}
    for opening in draft.design.openings:
        filling = _add_part(draft, opening.filling)
        hole = open_wall(
            draft.file, draft.contexts, draft.made[opening.host], bodies[opening.host], opening, filling
        )
        hole.Name = f"洞口 {opening.filling.name}"
        draft.made[f"opening/{opening.filling.key}"] = hole


def _contain(draft: _Draft) -> None:
    # One by one: the API walks a Python set and gives placements new numbers in that order.
    for part in draft.design.every_part():
        place = f"storey/{part.storey}" if part.storey else "building"
        ifcopenshell.api.spatial.assign_container(
            draft.file, products=[draft.made[part.key]], relating_structure=draft.made[place]
        )


def _classify(draft: _Draft) -> None:
    by_code: dict[tuple[str, str], list[Entity]] = {}
    for part in draft.design.every_part():
        if part.classification:
            by_code.setdefault(part.classification, []).append(draft.made[part.key])
    system = ifcopenshell.api.classification.add_classification(draft.file, classification=CLASSIFICATION)
    for (code, name), products in sorted(by_code.items()):
        ifcopenshell.api.classification.add_reference(
            draft.file, products=products, identification=code, name=name, classification=system
        )


def _add_systems(draft: _Draft) -> None:
    by_system: dict[str, list[Entity]] = {}
    for part in draft.design.parts:
        if part.system:
            by_system.setdefault(part.system, []).append(draft.made[part.key])
    for name, products in by_system.items():
        system = ifcopenshell.api.system.add_system(draft.file, ifc_class="IfcDistributionSystem")
        system.Name = name
        ifcopenshell.api.system.assign_system(draft.file, products=products, system=system)


def _add_schedule(draft: _Draft) -> None:
    if not draft.design.tasks:
        return
    schedule = sequence.add_work_schedule(
        draft.file, name="施工进度计划", predefined_type="BASELINE", start_time=STAMP_LOCAL
    )
    schedule.CreationDate = schedule.StartTime = STAMP_LOCAL
    for task in draft.design.tasks:
        entity = _add_task(draft.file, schedule, task)
        for part in draft.design.every_part():
            if part.package == task.code:
                sequence.assign_product(
                    draft.file, relating_product=draft.made[part.key], related_object=entity
                )


def _add_task(model: Any, schedule: Entity, task: Task) -> Entity:
    entity = sequence.add_task(
        model,
        work_schedule=schedule,
        name=task.name,
        identification=task.code,
        predefined_type="CONSTRUCTION",
    )
    entity.IsMilestone = False
    time = sequence.add_task_time(model, task=entity)
    time.ScheduleStart = f"{task.start.isoformat()}T08:00:00"
    time.ScheduleFinish = f"{task.finish.isoformat()}T18:00:00"
    time.DurationType = "ELAPSEDTIME"
    time.ScheduleDuration = f"P{(task.finish - task.start).days + 1}D"
    return entity


def _place(model: Any, place: MapPlace) -> None:
    ifcopenshell.api.georeference.add_georeferencing(model, name=place.crs)
    metre = ifcopenshell.api.unit.add_si_unit(model, "LENGTHUNIT")
    project_unit = next(u for u in model.by_type("IfcUnitAssignment")[0].Units if u.UnitType == "LENGTHUNIT")
    ifcopenshell.api.georeference.edit_georeferencing(
        model,
        projected_crs={
            "Name": place.crs,
            "GeodeticDatum": "CGCS2000",
            "VerticalDatum": place.vertical_datum,
            "MapProjection": "Gauss-Kruger",
            "MapZone": "39",
            "MapUnit": metre,
        },
        coordinate_operation={
            "Eastings": place.eastings,
            "Northings": place.northings,
            "OrthogonalHeight": place.height,
            "XAxisAbscissa": place.abscissa,
            "XAxisOrdinate": place.ordinate,
            "Scale": 0.001 if project_unit.Prefix == "MILLI" else 1.0,
        },
    )


def _settle(draft: _Draft) -> None:
    """Make what the API draws at random or from the clock the same on every run."""
    named = {entity.id(): key for key, entity in draft.made.items()}
    seen: dict[str, int] = {}
    for entity in sorted(draft.file.by_type("IfcRoot"), key=_step_id):
        kind = entity.is_a()
        seen[kind] = seen.get(kind, 0) + 1
        entity.GlobalId = global_id(draft.design.key, named.get(entity.id(), f"{kind}#{seen[kind]}"))
    for entity in draft.file:
        _sort_sets(entity)
    header = draft.file.header
    header.file_description.description = ("ViewDefinition [ReferenceView_V1.2]", draft.design.description)
    header.file_name.name = f"{draft.design.key}.ifc"
    header.file_name.time_stamp = STAMP
    header.file_name.author = ("worktwin",)
    header.file_name.organization = ("示范区（虚构）",)
    header.file_name.preprocessor_version = "worktwin sample generator"
    header.file_name.originating_system = "worktwin sample generator"
    header.file_name.authorization = "synthetic"


def _step_id(entity: Entity) -> int:
    return int(entity.id())


def _sort_sets(entity: Entity) -> None:
    """Order the members of every SET attribute: the API fills some from Python sets, in no stable order."""
    for name in _set_attributes(entity.is_a()):
        members = getattr(entity, name)
        if isinstance(members, tuple) and all(hasattr(m, "id") and m.id() for m in members):
            setattr(entity, name, sorted(members, key=_step_id))


@cache
def _set_attributes(ifc_class: str) -> tuple[str, ...]:
    declaration = ifcopenshell.schema_by_name("IFC4").declaration_by_name(ifc_class).as_entity()
    kinds = [(a.name(), a.type_of_attribute().as_aggregation_type()) for a in declaration.all_attributes()]
    return tuple(name for name, kind in kinds if kind and kind.type_of_aggregation_string() == "set")
