"""What is drawn, and under which discipline."""

import ifcopenshell.ifcopenshell_wrapper as wrapper
import pytest

from bim.scene.drawn import discipline_of, is_drawn


def _subclasses(schema: str, name: str) -> set[str]:
    found = {name}
    entity = wrapper.schema_by_name(schema).declaration_by_name(name).as_entity()
    assert entity is not None
    for each in entity.subtypes():
        found |= _subclasses(schema, each.name())
    return found


@pytest.mark.parametrize("schema", ["IFC2X3", "IFC4", "IFC4X3_ADD2"])
def test_every_distribution_element_of_every_schema_is_mep(schema: str) -> None:
    names = _subclasses(schema, "IfcDistributionElement")
    assert {name for name in names if discipline_of(name) != "mep"} == set()


@pytest.mark.parametrize("schema", ["IFC2X3", "IFC4", "IFC4X3_ADD2"])
def test_every_element_is_drawn_but_those_that_are_nothing_built(schema: str) -> None:
    left_out = {name for name in _subclasses(schema, "IfcElement") if not is_drawn(name)}
    assert left_out <= {
        "IfcOpeningElement",
        "IfcOpeningStandardCase",
        "IfcVirtualElement",
        "IfcVoidingFeature",
    }


@pytest.mark.parametrize(
    ("ifc_class", "discipline"),
    [
        ("IfcColumn", "structure"),
        ("IfcPile", "structure"),
        ("IfcWallStandardCase", "architecture"),
        ("IfcPipeSegment", "mep"),
        ("IfcSite", "civil"),
        ("IfcCourse", "civil"),
        ("IfcBuildingElementProxy", "other"),
    ],
)
def test_the_class_decides_the_discipline(ifc_class: str, discipline: str) -> None:
    assert discipline_of(ifc_class) == discipline
