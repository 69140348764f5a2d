"""What the verdict of an exception tells about the place."""

import ifcopenshell

from bim.verdicts import internal_verdict


def test_a_misread_model_names_the_instance_that_was_being_read() -> None:
    model = ifcopenshell.file(schema="IFC4")
    storey = model.create_entity("IfcBuildingStorey", Name="首层")
    wall = model.create_entity("IfcWall", Name="外墙")

    def read(product: ifcopenshell.entity_instance) -> int:
        return int(product.Name)

    def read_all(above: ifcopenshell.entity_instance) -> int:
        return sum(read(each) for each in (wall, above))

    try:
        read_all(storey)
    except ValueError as error:
        verdict = internal_verdict(error, "attributes")
    assert verdict.code == "parse_error"
    assert f"#{wall.id()} IfcWall" in verdict.message_en
    assert f"#{wall.id()} IfcWall" in verdict.message_zh
    assert verdict.detail["entity"] == f"#{wall.id()} IfcWall"


def test_an_exception_far_from_any_instance_names_none() -> None:
    verdict = internal_verdict(ValueError("坏值"), "scene")
    assert verdict.detail["entity"] is None
    assert "(坏值; phase scene)" in verdict.message_en
