"""Two exports of one model, written with the library's authoring functions: the second is edited by hand.

Twenty walls W01-W20 of 3 m x 0.2 m x 2.8 m stand every 4 m along x; two slabs that nothing tells apart lie one upon
the other. What `EDITS` says was done to a wall is all that was done to it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.api.classification
import ifcopenshell.api.context
import ifcopenshell.api.geometry
import ifcopenshell.api.material
import ifcopenshell.api.project
import ifcopenshell.api.pset
import ifcopenshell.api.root
import ifcopenshell.api.spatial
import ifcopenshell.api.type
import ifcopenshell.api.unit
import ifcopenshell.guid
import numpy as np

Element = Any

EDITS: dict[str, list[str]] = {
    "W01": ["placement"],  # 1 m aside
    "W02": ["placement"],  # turned by 30 degrees about its start
    "W03": ["geometry"],  # 3 m became 4 m
    "W04": ["name"],
    "W05": ["type"],
    "W06": ["psets"],
    "W07": ["quantities"],
    "W08": ["storey"],  # the same place in the model
    "W09": ["tag"],
    "W10": ["classification"],
    "W11": ["materials"],
    "W12": ["class"],  # SOLIDWALL became PARTITIONING
    "W15": ["name", "placement"],
}
REMOVED, ADDED = "W13", "W21"
NO_CHANGE = ("W14", "W17")  # 0.4 mm aside; its zero 1 m along its axis, its shape 1 m back
RENEWED_MATCHES = (
    "W02",
    "W03",
    "W07",
    "W08",
    "W09",
    "W10",
    "W11",
    "W12",
    "W14",
    "W16",
    "W17",
    "W18",
    "W19",
    "W20",
)
"""Same class, name, type and properties within 5 cm."""


class _Writer:
    def __init__(self, renew: bool) -> None:
        self.file = ifcopenshell.api.project.create_file("IFC4")
        self._renew = renew
        self._project()

    def _named(self, ifc_class: str, name: str, **attributes: Any) -> Element:
        made = ifcopenshell.api.root.create_entity(self.file, ifc_class=ifc_class, name=name)
        # A kept GlobalId follows from what the thing is called here, not from the order of writing.
        key = attributes.pop("key", f"{ifc_class}/{name}")
        made.GlobalId = ifcopenshell.guid.new() if self._renew else stable_id(key)
        for attribute, value in attributes.items():
            setattr(made, attribute, value)
        return made

    def _project(self) -> None:
        file = self.file
        project = self._named("IfcProject", "比对")
        ifcopenshell.api.unit.assign_unit(
            file, units=[file.createIfcSIUnit(None, "LENGTHUNIT", None, "METRE")]
        )
        model = ifcopenshell.api.context.add_context(file, context_type="Model")
        self._body = ifcopenshell.api.context.add_context(
            file, context_type="Model", context_identifier="Body", target_view="MODEL_VIEW", parent=model
        )
        site, building = self._named("IfcSite", "场地"), self._named("IfcBuilding", "一号楼")
        self.storeys = [self._named("IfcBuildingStorey", name) for name in ("首层", "二层")]
        for whole, parts in ((project, [site]), (site, [building]), (building, self.storeys)):
            ifcopenshell.api.run("aggregate.assign_object", file, products=parts, relating_object=whole)
        for each in (site, building, *self.storeys):
            ifcopenshell.api.geometry.edit_object_placement(file, product=each)
        self.types = {name: self._named("IfcWallType", name) for name in ("WT-A", "WT-B")}
        self.materials = {
            name: ifcopenshell.api.material.add_material(file, name=name) for name in ("C30", "C40")
        }
        self.system = ifcopenshell.api.classification.add_classification(file, classification="GB/T 51269")

    def box(
        self, element: Element, length_m: float, width_m: float, height_m: float, start_m: float = 0.0
    ) -> None:
        file = self.file
        place = file.createIfcAxis2Placement2D(
            file.createIfcCartesianPoint((start_m + length_m / 2, width_m / 2)), None
        )
        profile = file.createIfcRectangleProfileDef("AREA", None, place, length_m, width_m)
        zero = file.createIfcAxis2Placement3D(file.createIfcCartesianPoint((0.0, 0.0, 0.0)), None, None)
        solid = file.createIfcExtrudedAreaSolid(
            profile, zero, file.createIfcDirection((0.0, 0.0, 1.0)), height_m
        )
        shape = file.createIfcShapeRepresentation(self._body, "Body", "SweptSolid", [solid])
        ifcopenshell.api.geometry.assign_representation(file, product=element, representation=shape)

    def place(self, element: Element, x: float, y: float, turn_deg: float = 0.0) -> None:
        matrix = np.eye(4)
        turn = np.radians(turn_deg)
        matrix[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
        matrix[:2, 3] = x, y
        ifcopenshell.api.geometry.edit_object_placement(self.file, product=element, matrix=matrix)

    def wall(self, number: int, edited: bool) -> None:
        key = f"W{number:02d}"
        what = EDITS.get(key, []) if edited else []

        def pick(kind: str, plain: Any, changed: Any) -> Any:
            return changed if kind in what else plain

        wall = self._named(
            "IfcWall",
            pick("name", key, f"{key} 改名"),
            key=key,
            Tag=pick("tag", f"T{number}", f"T{number}-新"),
            PredefinedType=pick("class", "SOLIDWALL", "PARTITIONING"),
        )
        ifcopenshell.api.type.assign_type(
            self.file, related_objects=[wall], relating_type=self.types[pick("type", "WT-A", "WT-B")]
        )
        shifted = 1.0 if edited and key == "W17" else 0.0
        self.box(wall, pick("geometry", 3.0, 4.0), 0.2, 2.8, -shifted)
        x = 4.0 * number + shifted + (0.0004 if edited and key == "W14" else 0.0)
        turned = edited and key == "W02"
        self.place(wall, x, 0.0 if turned else pick("placement", 0.0, 1.0), 30.0 if turned else 0.0)
        ifcopenshell.api.spatial.assign_container(
            self.file, products=[wall], relating_structure=self.storeys[pick("storey", 0, 1)]
        )
        self._describe(wall, pick)

    def _describe(self, wall: Element, pick: Callable[[str, Any, Any], Any]) -> None:
        file = self.file
        pset = ifcopenshell.api.pset.add_pset(file, product=wall, name="Pset_WallCommon")
        # The authoring tool repeats the GlobalId among the properties.
        values = {"FireRating": pick("psets", "1h", "2h"), "Reference": wall.GlobalId}
        ifcopenshell.api.pset.edit_pset(file, pset=pset, properties=values)
        qto = ifcopenshell.api.pset.add_qto(file, product=wall, name="Qto_WallBaseQuantities")
        ifcopenshell.api.pset.edit_qto(file, qto=qto, properties={"NetVolume": pick("quantities", 1.68, 1.5)})
        ifcopenshell.api.material.assign_material(
            file, products=[wall], material=self.materials[pick("materials", "C30", "C40")]
        )
        code = pick("classification", "30-01", "30-02")
        ifcopenshell.api.classification.add_reference(
            file, products=[wall], identification=code, name="墙", classification=self.system
        )

    def twin_slabs(self) -> None:
        for key in ("S1", "S2"):
            slab = self._named("IfcSlab", "垫层", key=key)
            self.box(slab, 5.0, 5.0, 0.1)
            self.place(slab, 0.0, 20.0)
            ifcopenshell.api.spatial.assign_container(
                self.file, products=[slab], relating_structure=self.storeys[0]
            )


def stable_id(key: str) -> str:
    """Return the GlobalId that a wall (W01 …) or slab (S1, S2) has wherever ids are not renewed."""
    return str(ifcopenshell.guid.compress(key.encode().ljust(16, b"_")[-16:].hex()))


def write_revision(path: Path, *, edited: bool = False, renew: bool = False) -> Path:
    """Write the model: as it was or edited, under kept or renewed GlobalIds."""
    writer = _Writer(renew)
    numbers = [n for n in range(1, 21) if not (edited and f"W{n:02d}" == REMOVED)]
    for number in [*numbers, *([21] if edited else [])]:
        writer.wall(number, edited)
    writer.twin_slabs()
    writer.file.write(str(path))
    return path
