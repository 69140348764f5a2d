"""Who belongs to whom: tree, containment, types, materials, classification, tasks, in one pass each."""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bim.model import Instance, Model, list_instances
from bim.properties import clean
from bim.results import Group, Layer, Reference, SpatialNode, Storey

# An ill-made file may still hold a ring the pre-flight did not know; no honest tree is deeper.
_DEPTH = 1000
_LAYERS = 8


@dataclass
class Relations:
    """Relations by instance number of the subordinate side."""

    parent: dict[int, Instance] = field(default_factory=dict)
    container: dict[int, Instance] = field(default_factory=dict)
    type_of: dict[int, Instance] = field(default_factory=dict)
    host: dict[int, Instance] = field(default_factory=dict)
    materials: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    layers: dict[int, list[Layer]] = field(default_factory=lambda: defaultdict(list))
    groups: dict[int, list[Group]] = field(default_factory=lambda: defaultdict(list))
    references: dict[int, list[Reference]] = field(default_factory=lambda: defaultdict(list))


def read_relations(model: Model, length_m: float = 1.0) -> Relations:
    """Read every relation the element rows need.

    Parameters
    ----------
    length_m : float
        Metres per project length unit, for the thickness of layers.
    """
    found = Relations()
    for name, whole, parts in (
        ("IfcRelAggregates", "RelatingObject", "RelatedObjects"),
        ("IfcRelNests", "RelatingObject", "RelatedObjects"),
        ("IfcRelVoidsElement", "RelatingBuildingElement", "RelatedOpeningElement"),
        ("IfcRelFillsElement", "RelatingOpeningElement", "RelatedBuildingElement"),
    ):
        for one, many in _pairs(model, name, whole, parts):
            found.parent.setdefault(many.id(), one)
    for structure, element in _pairs(
        model, "IfcRelContainedInSpatialStructure", "RelatingStructure", "RelatedElements"
    ):
        found.container.setdefault(element.id(), structure)
    for kind, element in _pairs(model, "IfcRelDefinesByType", "RelatingType", "RelatedObjects"):
        found.type_of.setdefault(element.id(), kind)
    _read_materials(model, length_m, found)
    for code, element in _pairs(
        model, "IfcRelAssociatesClassification", "RelatingClassification", "RelatedObjects"
    ):
        found.references[element.id()].append(_reference(model, code))
    for group, element in _pairs(model, "IfcRelAssignsToGroup", "RelatingGroup", "RelatedObjects"):
        found.groups[element.id()].append(_group(group))
    _read_hosts(model, found)
    return found


def iter_ancestors(instance: Instance, relations: Relations) -> Iterator[Instance]:
    """Iterate from an instance's parent or container up to the project."""
    seen = {instance.id()}
    for _ in range(_DEPTH):
        number = instance.id()
        above = relations.container.get(number) or relations.parent.get(number)
        if above is None or above.id() in seen:
            return
        seen.add(above.id())
        yield above
        instance = above


def find_storey(instance: Instance, relations: Relations) -> Instance | None:
    """Find the storey an element stands in, through spaces, assemblies and hosts."""
    for above in iter_ancestors(instance, relations):
        if above.is_a("IfcBuildingStorey"):
            return above
    return None


def list_storeys(model: Model, length_m: float) -> list[Storey]:
    """List the storeys from bottom to top; elevations come in project units."""
    storeys = []
    for storey in model.by_type("IfcBuildingStorey"):
        elevation = model.value(storey, "Elevation")
        metres = float(elevation) * length_m if isinstance(elevation, int | float) else None
        storeys.append(Storey(_text(storey.GlobalId) or "", _text(storey.Name), metres))
    return sorted(
        storeys, key=lambda each: (each.elevation_m is None, each.elevation_m or 0.0, each.global_id)
    )


def list_tree(model: Model, relations: Relations) -> list[SpatialNode]:
    """List project, sites, facilities, buildings, storeys and spaces with their parents."""
    nodes = []
    roots = (
        model.by_type("IfcProject")
        + model.by_type("IfcSpatialStructureElement")
        + model.by_type("IfcSpatialZone")
    )
    for node in sorted(roots, key=lambda each: int(each.id())):
        above = relations.parent.get(node.id())
        nodes.append(
            SpatialNode(
                _text(node.GlobalId) or "",
                node.is_a(),
                _text(node.Name),
                _text(model.value(above, "GlobalId")) if above else None,
            )
        )
    return nodes


def _text(value: Any) -> str | None:
    return None if value is None else str(clean(value))


def _pairs(model: Model, name: str, one: str, many: str) -> Iterator[tuple[Instance, Instance]]:
    for relation in model.by_type(name):
        for left in list_instances(model.value(relation, one))[:1]:
            for each in list_instances(model.value(relation, many)):
                yield left, each


def _read_materials(model: Model, length_m: float, found: Relations) -> None:
    """Read materials and layers, each material definition once however many elements share it."""
    known: dict[int, tuple[list[str], list[Layer]]] = {}
    for material, element in _pairs(model, "IfcRelAssociatesMaterial", "RelatingMaterial", "RelatedObjects"):
        number = material.id()
        if number not in known:
            known[number] = _material_names(model, material), _layers(model, material, length_m)
        names, layers = known[number]
        found.materials[element.id()] += names
        if layers:
            found.layers[element.id()] += layers


def _layers(model: Model, material: Instance, length_m: float) -> list[Layer]:
    sets = list_instances(model.value(material, "ForLayerSet")) or [material]
    return [
        Layer(material=_material_name(model, layer), thickness_m=_thickness(model, layer, length_m))
        for layer_set in sets
        for layer in list_instances(model.value(layer_set, "MaterialLayers"))
    ]


def _material_name(model: Model, layer: Instance) -> str | None:
    return next((_text(each.Name) for each in list_instances(model.value(layer, "Material"))), None)


def _thickness(model: Model, layer: Instance, length_m: float) -> float | None:
    value = model.value(layer, "LayerThickness")
    return float(value) * length_m if isinstance(value, int | float) and math.isfinite(value) else None


def _group(group: Instance) -> Group:
    return Group(global_id=_text(group.GlobalId) or "", ifc_class=group.is_a(), name=_text(group.Name))


def _read_hosts(model: Model, found: Relations) -> None:
    """An opening's host is what it voids; a door's or window's is the host of the opening it fills."""
    for host, opening in _pairs(
        model, "IfcRelVoidsElement", "RelatingBuildingElement", "RelatedOpeningElement"
    ):
        found.host.setdefault(opening.id(), host)
    for opening, filling in _pairs(
        model, "IfcRelFillsElement", "RelatingOpeningElement", "RelatedBuildingElement"
    ):
        host = found.host.get(opening.id())
        if host is not None:
            found.host.setdefault(filling.id(), host)


def _material_names(model: Model, material: Instance, depth: int = 0) -> list[str]:
    if material.is_a("IfcMaterial"):
        return [material.Name or ""]
    if depth > _LAYERS:
        return []
    for attribute in (
        "ForLayerSet",
        "ForProfileSet",
        "MaterialLayers",
        "MaterialProfiles",
        "MaterialConstituents",
        "Materials",
        "Material",
    ):
        inner = model.value(material, attribute)
        if inner is None:
            continue
        return [name for part in list_instances(inner) for name in _material_names(model, part, depth + 1)]
    return []


def _reference(model: Model, code: Instance) -> Reference:
    if code.is_a("IfcClassification"):
        return Reference(system=_text(code.Name), code=None, name=_text(code.Name))
    number = model.value(code, "Identification") or model.value(code, "ItemReference")
    source = next(iter(list_instances(model.value(code, "ReferencedSource"))), None)
    for _ in range(_DEPTH):
        above = list_instances(model.value(source, "ReferencedSource")) if source is not None else []
        if not above:
            break
        source = above[0]
    system = model.value(source, "Name") if source is not None else None
    return Reference(system=_text(system), code=_text(number), name=_text(model.value(code, "Name")))
