"""Which elements of a model a clash check looks at, and which pairs belong together by design."""

from collections.abc import Iterator
from typing import Any

from bim.errors import SelectionError
from bim.model import GLOBAL_ID, NAME, Instance, Model, list_instances
from bim.relations import find_storey, read_relations

# Never a body of its own: holes, boundaries and helpers.
_NO_BODY = ("IfcFeatureElement", "IfcVirtualElement", "IfcOpeningElement")
DISCIPLINES: dict[str, tuple[str, ...]] = {
    "structure": (
        "IfcBeam", "IfcColumn", "IfcFooting", "IfcMember", "IfcPile", "IfcPlate", "IfcSlab", "IfcBearing",
        "IfcDeepFoundation", "IfcReinforcingElement", "IfcTendon", "IfcCaissonFoundation",
    ),
    "architecture": (
        "IfcWall", "IfcCovering", "IfcCurtainWall", "IfcDoor", "IfcWindow", "IfcRailing", "IfcRamp",
        "IfcRampFlight", "IfcRoof", "IfcStair", "IfcStairFlight", "IfcFurnishingElement",
    ),
    "mep": ("IfcDistributionElement",),
    "civil": ("IfcCivilElement", "IfcGeographicElement", "IfcCourse", "IfcPavement", "IfcKerb", "IfcRail", "IfcTrackElement", "IfcEarthworksElement"),
}  # fmt: skip


def select_elements(model: Model, chosen: dict[str, Any] | None, skipped: set[str]) -> list[Instance]:
    """Select the elements with a body.

    Parameters
    ----------
    chosen : dict or None
        ``classes``, ``exclude_classes``, ``disciplines``, ``systems`` (name or GlobalId), ``storeys`` (name or
        GlobalId), ``global_ids``: lists; an element must meet every one given. None: every element.
    skipped : set of str
        GlobalIds whose shape is known to make the kernel fail.

    Raises
    ------
    SelectionError
        Nothing is selected, or a name is unknown.
    """
    wanted = {key: [str(each) for each in values] for key, values in (chosen or {}).items() if values}
    elements = [each for each in model.by_type("IfcElement") if _has_body(model, each)]
    for key, values in wanted.items():
        elements = _FILTERS[key](model, elements, values)
        if not elements:
            raise _nothing(key, values)
    kept = [each for each in elements if each.get_argument(GLOBAL_ID) not in skipped]
    if not kept:
        raise _nothing("elements", ["with a shape"])
    return kept


def list_related_pairs(model: Model) -> set[frozenset[int]]:
    """List pairs of instance numbers that touch by design: whole and part, host and filling, connected."""
    pairs: set[frozenset[int]] = set()
    for name in ("IfcRelAggregates", "IfcRelNests"):
        for relation in model.by_type(name):
            pairs.update(_crossed(relation.RelatingObject, relation.RelatedObjects))
    hosts = {each.RelatedOpeningElement.id(): each.RelatingBuildingElement for each in _voids(model)}
    for relation in model.by_type("IfcRelFillsElement"):
        host = hosts.get(relation.RelatingOpeningElement.id())
        if host is not None:
            pairs.update(_crossed(host, (relation.RelatedBuildingElement,)))
    for relation in model.by_type("IfcRelConnectsElements"):
        pairs.update(_crossed(relation.RelatingElement, (relation.RelatedElement,)))
    pairs.update(_port_pairs(model))
    return pairs


def _port_pairs(model: Model) -> Iterator[frozenset[int]]:
    owner = {
        each.RelatingPort.id(): each.RelatedElement for each in model.by_type("IfcRelConnectsPortToElement")
    }
    for relation in model.by_type("IfcRelNests"):
        for port in list_instances(relation.RelatedObjects):
            if port.is_a("IfcPort"):
                owner.setdefault(port.id(), relation.RelatingObject)
    for relation in model.by_type("IfcRelConnectsPorts"):
        one, two = owner.get(relation.RelatingPort.id()), owner.get(relation.RelatedPort.id())
        if one is not None and two is not None:
            yield from _crossed(one, (two,))


def _voids(model: Model) -> list[Instance]:
    return [each for each in model.by_type("IfcRelVoidsElement") if each.RelatedOpeningElement is not None]


def _crossed(one: Any, many: Any) -> Iterator[frozenset[int]]:
    for each in list_instances(many):
        if one is not None:
            yield frozenset((one.id(), each.id()))


def _has_body(model: Model, element: Instance) -> bool:
    return model.value(element, "Representation") is not None and not any(
        model.knows(name) and element.is_a(name) for name in _NO_BODY
    )


def _of_classes(model: Model, elements: list[Instance], classes: list[str]) -> list[Instance]:
    for name in classes:
        if not model.knows(name):
            raise SelectionError(
                f"The schema of the model has no class {name[:60]}. Use IFC class names such as IfcWall.",
                f"模型所用模式中没有类 {name[:60]}；请使用 IfcWall 等 IFC 类名。",
            )
    return [each for each in elements if any(each.is_a(name) for name in classes)]


def _not_of_classes(model: Model, elements: list[Instance], classes: list[str]) -> list[Instance]:
    left_out = {each.id() for each in _of_classes(model, elements, classes)}
    return [each for each in elements if each.id() not in left_out]


def _of_disciplines(model: Model, elements: list[Instance], disciplines: list[str]) -> list[Instance]:
    classes = [name for each in disciplines for name in DISCIPLINES.get(each, ()) if model.knows(name)]
    return [each for each in elements if any(each.is_a(name) for name in classes)]


def _of_systems(model: Model, elements: list[Instance], names: list[str]) -> list[Instance]:
    members: set[int] = set()
    for relation in model.by_type("IfcRelAssignsToGroup"):
        group = relation.RelatingGroup
        if group is not None and _called(group, names):
            members.update(each.id() for each in list_instances(relation.RelatedObjects))
    return [each for each in elements if each.id() in members]


def _of_storeys(model: Model, elements: list[Instance], names: list[str]) -> list[Instance]:
    relations = read_relations(model)
    kept = []
    for element in elements:
        storey = find_storey(element, relations)
        if storey is not None and _called(storey, names):
            kept.append(element)
    return kept


def _of_global_ids(_: Model, elements: list[Instance], global_ids: list[str]) -> list[Instance]:
    wanted = set(global_ids)
    return [each for each in elements if each.get_argument(GLOBAL_ID) in wanted]


def _called(instance: Instance, names: list[str]) -> bool:
    return instance.get_argument(GLOBAL_ID) in names or str(instance.get_argument(NAME) or "") in names


_FILTERS = {
    "classes": _of_classes,
    "exclude_classes": _not_of_classes,
    "disciplines": _of_disciplines,
    "systems": _of_systems,
    "storeys": _of_storeys,
    "global_ids": _of_global_ids,
}
SELECTORS = tuple(_FILTERS)


def _nothing(key: str, values: list[str]) -> SelectionError:
    shown = ", ".join(values)[:200]
    return SelectionError(
        f"The selection chooses no element: {key} {shown}. Look the names up in the tree of the model.",
        f"选择条件没有选中任何构件：{key} {shown}；请在模型结构树中核对名称。",
    )
