"""What is said of the parts: property sets, quantities, materials."""

from typing import Any

import ifcopenshell.api.material
import ifcopenshell.api.pset

from bim.authoring.design import Design, Part

Entity = Any
LENGTHS = ("Length", "Width", "Height", "Depth", "Perimeter")
COMMON_SETS = {
    "IfcWall": "Pset_WallCommon",
    "IfcSlab": "Pset_SlabCommon",
    "IfcColumn": "Pset_ColumnCommon",
    "IfcBeam": "Pset_BeamCommon",
    "IfcDoor": "Pset_DoorCommon",
    "IfcWindow": "Pset_WindowCommon",
    "IfcFooting": "Pset_FootingCommon",
    "IfcPile": "Pset_PileCommon",
    "IfcRailing": "Pset_RailingCommon",
    "IfcStairFlight": "Pset_StairFlightCommon",
    "IfcBuildingElementProxy": "Pset_BuildingElementProxyCommon",
    "IfcPipeSegment": "Pset_PipeSegmentTypeCommon",
    "IfcCableCarrierSegment": "Pset_CableCarrierSegmentTypeCommon",
    "IfcValve": "Pset_ValveTypeCommon",
}


def describe_part(model: Any, entity: Entity, part: Part, unit: float) -> None:
    """Give an element its common property set with planning status, and its quantities.

    Parameters
    ----------
    unit : float
        Project length units per metre; areas and volumes are in m² and m³ in every sample.
    """
    common = COMMON_SETS.get(part.ifc_class)
    if common:
        pset = ifcopenshell.api.pset.add_pset(model, product=entity, name=common)
        ifcopenshell.api.pset.edit_pset(
            model, pset=pset, properties={**part.properties, "Status": [part.status]}
        )
    if part.quantity_set:
        qto = ifcopenshell.api.pset.add_qto(model, product=entity, name=part.quantity_set)
        ifcopenshell.api.pset.edit_qto(model, qto=qto, properties=_in_units(part, unit))


def _in_units(part: Part, unit: float) -> dict[str, float]:
    return {
        name: round(value * (unit if name in LENGTHS else 1.0), 6)
        for name, value in sorted(part.quantities.items())
    }


def assign_materials(model: Any, design: Design, made: dict[str, Entity]) -> None:
    """Give every part its material, one entity per name."""
    by_name: dict[str, list[Entity]] = {}
    for part in design.every_part():
        if part.material:
            by_name.setdefault(part.material, []).append(made[part.key])
    for name, products in sorted(by_name.items()):
        material = ifcopenshell.api.material.add_material(model, name=name)
        ifcopenshell.api.material.assign_material(model, products=products, material=material)
