"""What the verdict of an exception tells about the place."""

from pathlib import Path

import ifcopenshell

from bim.job import ConversionJob
from bim.runner import run_conversion_blocking
from bim.verdicts import internal_verdict
from tests.bim.ifc_text import Sheet, write


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


def test_an_instance_number_beyond_any_integer_is_told_as_text(tmp_path: Path) -> None:
    number = 10**25 - 1
    text = Sheet(walls=1).text().replace("DATA;", f"DATA;\n#{number}=IFCCARTESIANPOINT((1.#INF,0.,0.));", 1)
    source = write(tmp_path / "a.ifc", text)
    verdict = run_conversion_blocking(ConversionJob(source, tmp_path / "spool")).verdict
    assert (verdict.code, verdict.detail["entity"]) == ("parse_error", f"#{number}")
