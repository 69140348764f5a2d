"""Schema and georeference rules on models whose faults are known."""

from pathlib import Path
from typing import Any

import pytest

from bim.checks.runner import explain_end
from bim.results import Progress
from tests.bim.checks.conftest import Check, Done
from tests.bim.checks.parts import WALL, pipe, write

CRS = "#80=IFCPROJECTEDCRS({name},$,$,{vertical},$,$,$);"
CONVERSION = "#81=IFCMAPCONVERSION(#5,#80,39387800.,3653300.,0.,1.,0.,{scale});"
SITE = "#70=IFCSITE('0site00000000000000001',$,'场地',$,$,$,$,$,.ELEMENT.,(33,0,0),(115,48,0),$,$,$);"
BUILDING = "#71=IFCBUILDING('0building0000000000001',$,'楼',$,$,$,$,$,.ELEMENT.,$,$,$);"


def placed(name: str = "'EPSG:4527'", vertical: str = "$", scale: str = "$") -> list[str]:
    return [BUILDING, CRS.format(name=name, vertical=vertical), CONVERSION.format(scale=scale)]


def status(done: Done) -> dict[str, str]:
    return {group.key: group.status for group in done.summary.groups}


def run(check: Check, folder: Path, extra: list[str], unit_m: float = 1.0, **given: Any) -> dict[str, str]:
    return status(check("schema", write(folder / "model.ifc", [WALL], extra=extra, unit_m=unit_m), **given))


def test_a_model_that_is_placed_well_breaks_no_georeference_rule(check: Check, tmp_path: Path) -> None:
    place = {"crs": "EPSG:4527", "confidence": "high", "warnings": []}
    found = run(check, tmp_path, placed(vertical="'EPSG:5737'"), context={"georeference": place})
    assert {key: value for key, value in found.items() if key[:3] in ("GRF", "TWI")} == dict.fromkeys(
        ("GRF001", "GRF003", "GRF004", "GRF005", "GRF006", "GRF007", "TWIN001"), "pass"
    )


@pytest.mark.parametrize(
    ("extra", "unit_m", "rule", "expected"),
    [
        ([SITE], 1.0, "GRF003", "warning"),
        ([BUILDING], 1.0, "GRF003", "warning"),
        ([], 1.0, "GRF003", "pass"),
        (placed("'EPSG:999999'"), 1.0, "GRF004", "fail"),
        (placed(scale="1000."), 1.0, "GRF005", "warning"),
        (placed(scale="0.001"), 0.001, "GRF005", "pass"),  # millimetres to metres
        (placed(), 0.001, "GRF005", "warning"),
        (placed(scale="0.9999"), 1.0, "GRF005", "pass"),  # ground to grid
        (placed("'本地坐标系'"), 1.0, "GRF006", "warning"),
        (placed(vertical="'EPSG:4527'"), 1.0, "GRF007", "warning"),
    ],
)
def test_each_rule_finds_its_fault(
    check: Check, tmp_path: Path, extra: list[str], unit_m: float, rule: str, expected: str
) -> None:
    assert run(check, tmp_path, extra, unit_m)[rule] == expected


def test_a_model_without_a_place_fails_our_own_rule(check: Check, tmp_path: Path) -> None:
    nowhere = {"crs": None, "confidence": "none", "warnings": ["放置"]}
    done = check("schema", write(tmp_path / "m.ifc", [WALL]), context={"georeference": nowhere})
    assert status(done)["TWIN001"] == "fail"
    assert "放置" in done.rows[-1].message


def test_schema_faults_are_grouped_by_rule_with_their_elements(check: Check, tmp_path: Path) -> None:
    doubled = [pipe(1, 0, 0), pipe(1, 1, 0), pipe(1, 2, 0)]
    done = check("schema", write(tmp_path / "doubled.ifc", doubled))
    found = {group.key: group.failed for group in done.summary.groups if group.status == "fail"}
    assert found["schema:IfcRoot.UR1"] == 2  # the second and the third repeat the first
    assert done.summary.outcome == "fail"


def test_a_schema_that_is_read_as_another_is_told(check: Check, tmp_path: Path) -> None:
    done = check("schema", write(tmp_path / "road.ifc", [WALL], schema="IFC4X3_RC2"))
    assert any("IFC4X3_RC2 read as IFC4X3_ADD2" in note for note in done.summary.notes)


def test_a_file_cut_in_half_ends_in_a_verdict(check: Check, tmp_path: Path) -> None:
    source = write(tmp_path / "m.ifc", [WALL])
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    verdict = check("schema", source).verdict
    assert (verdict.state, verdict.code) == ("failed", "truncated")


def test_every_end_of_the_process_is_explained() -> None:
    last = Progress("schema", 1, 2)
    codes = {number: explain_end(number, last).code for number in (-11, -9, -24, -25, 3, None)}
    assert codes == {
        -11: "crashed",
        -9: "out_of_memory",
        -24: "time_out",
        -25: "too_big",
        3: "crashed",
        None: "crashed",
    }
