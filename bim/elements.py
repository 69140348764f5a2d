"""Rows of the element table from the attributes of a model; every IfcProduct becomes one."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from bim.compare import compute_content_hash, compute_signature
from bim.model import GLOBAL_ID, NAME, Instance, Model
from bim.properties import PropertyReader, clean, find_planning_status
from bim.quantities import find_main_quantity
from bim.relations import Relations, find_storey
from bim.results import Duplicate, ElementFacts
from bim.schedule import Schedule


def list_products(model: Model) -> list[Instance]:
    """List every IfcProduct in order of instance numbers."""
    return sorted(model.by_type("IfcProduct"), key=lambda each: int(each.id()))


def name_products(products: list[Instance]) -> dict[int, str]:
    """Give each product its GlobalId; repeated ones carry ``#2``, ``#3`` so that each stays addressable."""
    stated = {product.id(): _global_id(product) for product in products}
    names: dict[int, str] = {}
    present = set(stated.values())
    used: dict[str, int] = defaultdict(int)
    for number, global_id in stated.items():
        used[global_id] += 1
        while used[global_id] > 1 and f"{global_id}#{used[global_id]}" in present:
            used[global_id] += 1  # a spoilt file may state this very name
        names[number] = global_id if used[global_id] == 1 else f"{global_id}#{used[global_id]}"
    return names


def _global_id(instance: Instance) -> str:
    """GlobalId, or the instance number where there is none that is a text."""
    stated = clean(instance.get_argument(GLOBAL_ID))
    return stated if isinstance(stated, str) and stated else f"#{instance.id()}"


def list_duplicates(model: Model) -> list[Duplicate]:
    """List the GlobalIds that several objects or types share."""
    carriers: dict[str, list[Instance]] = defaultdict(list)
    for each in model.by_type("IfcObjectDefinition"):
        carriers[_global_id(each)].append(each)
    found = []
    for global_id, instances in sorted(carriers.items()):
        if len(instances) < 2:
            continue
        ordered = sorted(instances, key=lambda each: int(each.id()))
        found.append(Duplicate(global_id, [each.id() for each in ordered], [each.is_a() for each in ordered]))
    return found


def iter_facts(
    model: Model,
    products: list[Instance],
    names: dict[int, str],
    relations: Relations,
    reader: PropertyReader,
    schedule: Schedule,
) -> Iterator[ElementFacts]:
    """Iterate over the rows of all products, without geometry."""
    storeys: dict[int, Instance | None] = {}
    for product in products:
        yield _facts(model, product, names, relations, reader, schedule, storeys)


def _facts(
    model: Model,
    product: Instance,
    names: dict[int, str],
    relations: Relations,
    reader: PropertyReader,
    schedule: Schedule,
    storeys: dict[int, Instance | None],
) -> ElementFacts:
    number = product.id()
    kind = relations.type_of.get(number)
    properties = reader.get_properties(product, kind)
    psets = properties.values
    quantities = reader.get_quantities(product, kind)
    main = find_main_quantity(quantities)
    storey = _storey(product, relations, storeys)
    container = relations.container.get(number)
    parent = relations.parent.get(number)
    ifc_class, name = product.is_a(), clean(product.get_argument(NAME))
    type_name = clean(kind.get_argument(NAME)) if kind is not None else None
    type_global_id = kind.get_argument(GLOBAL_ID) if kind is not None else None
    psets_hash = compute_content_hash(psets, _own_ids(product, type_global_id))
    return ElementFacts(
        step_id=number,
        global_id=names[number],
        ifc_class=ifc_class,
        predefined_type=clean(_predefined_type(model, product, kind)),
        name=name,
        tag=clean(model.value(product, "Tag")),
        type_global_id=type_global_id,
        type_name=type_name,
        storey=_name_of(storey, names),
        storey_name=clean(storey.get_argument(NAME)) if storey is not None else None,
        container=_name_of(container, names),
        parent_global_id=_name_of(parent, names),
        space=_space_name(container),
        host_global_id=_name_of(relations.host.get(number), names),
        planning_status=find_planning_status(psets),
        psets=psets,
        pset_si=properties.si,
        type_psets=properties.of_type,
        quantities=quantities,
        classification=clean(_inherited(relations.references, number, kind)),
        materials=clean(_inherited(relations.materials, number, kind)),
        layers=_inherited(relations.layers, number, kind),
        groups=relations.groups.get(number, []),
        task_codes=clean(schedule.codes_of.get(number, [])),
        psets_hash=psets_hash,
        quantities_hash=compute_content_hash(quantities),
        signature=compute_signature(ifc_class, name, type_name, psets_hash),
        quantity=main.value if main else None,
        quantity_unit=main.unit if main else None,
        quantity_source=main.source if main else None,
    )


def _own_ids(product: Instance, type_global_id: str | None) -> frozenset[str]:
    return frozenset(each for each in (product.get_argument(GLOBAL_ID), type_global_id) if each)


def _space_name(container: Instance | None) -> str | None:
    if container is None or not container.is_a("IfcSpace"):
        return None
    name = clean(container.get_argument(NAME))
    return name or clean(container.LongName) or None


def _storey(product: Instance, relations: Relations, storeys: dict[int, Instance | None]) -> Instance | None:
    """Find the storey, remembering the answer per container, which most elements share."""
    container = relations.container.get(product.id())
    if container is None:
        return find_storey(product, relations)
    if container.id() not in storeys:
        own = container.is_a("IfcBuildingStorey")
        storeys[container.id()] = container if own else find_storey(container, relations)
    return storeys[container.id()]


def _predefined_type(model: Model, product: Instance, kind: Instance | None) -> Any:
    own = model.value(product, "PredefinedType")
    if own == "USERDEFINED":
        return product.ObjectType or own
    if own in (None, "NOTDEFINED") and kind is not None:
        inherited = model.value(kind, "PredefinedType")
        if inherited == "USERDEFINED":
            return model.value(kind, "ElementType") or inherited
        return inherited or own
    return own


def _name_of(instance: Instance | None, names: dict[int, str]) -> str | None:
    if instance is None:
        return None
    return names.get(instance.id()) or instance.get_argument(GLOBAL_ID)


def _inherited(table: dict[int, list[Any]], number: int, kind: Instance | None) -> list[Any]:
    own = table.get(number)
    if own:
        return own
    return table.get(kind.id(), []) if kind is not None else []
