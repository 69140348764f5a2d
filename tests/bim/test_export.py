"""Results written back into the file: valid as before, GlobalIds untouched, read again as they were."""

import asyncio
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.util.element
import ifcopenshell.validate
import numpy as np
import pytest

from bim import progress_set as names
from bim.elements import list_products, name_products
from bim.errors import SchemaUnsupportedError
from bim.export_order import (
    RESULT_FILE,
    ElementNote,
    ExportOrder,
    ExportPlace,
    ExportTask,
    check_exportable,
    write_order,
)
from bim.job import ConversionJob, Correction, ProjectPlace
from bim.limits import ConversionLimits
from bim.model import open_model
from bim.results import Progress, Verdict, iter_elements, read_model
from bim.runner import run_conversion_blocking, run_process
from bim.schedule import read_schedule
from tests.bim.schedules.scheduled_model import write_scheduled_model

DAY = "2025-10-31"


def export(source: Path, spool: Path, notes: Sequence[ElementNote], **given: Any) -> Verdict:
    """Run an export as the worker does, in a process of its own."""
    order = ExportOrder(source, spool, "test", DAY, **given)
    write_order(order, notes)

    async def ignore(_: Progress) -> None: ...

    outcome = asyncio.run(run_process("export", spool, ConversionLimits().process, ignore))
    return outcome.verdict


def notes_for(path: Path, every: int = 1) -> list[ElementNote]:
    """Every wall in one of three states."""
    file = ifcopenshell.open(str(path))
    states = [
        ("done", 100.0, "2025-09-01", "2025-09-20", "accepted"),
        ("in_progress", 33.333333, "2025-10-01", None, None),
        ("in_progress", 50.0, "2025-10-02", None, "formwork"),
    ]
    walls = sorted(file.by_type("IfcWall"), key=lambda each: each.id())[::every]
    return [
        ElementNote(
            wall.id(),
            wall.GlobalId,
            *states[n % 3][:4],
            "2025-09-01",
            "2025-11-30",
            "主体·M02",
            states[n % 3][4],
        )
        for n, wall in enumerate(walls)
    ]


def faults(path: Path) -> Counter[str]:
    """What the library's validator says, without instance numbers."""
    logger = ifcopenshell.validate.json_logger()
    ifcopenshell.validate.validate(ifcopenshell.open(str(path)), logger)
    return Counter(f"{each.get('type')} {each.get('attribute')}" for each in logger.statements)


def identities(path: Path) -> dict[str, str]:
    return {each.GlobalId: each.is_a() for each in ifcopenshell.open(str(path)).by_type("IfcRoot")}


@pytest.mark.parametrize("schema", ["IFC2X3", "IFC4", "IFC4X3_ADD2"])
def test_states_are_written_and_the_file_stays_as_valid_as_it_was(schema: str, tmp_path: Path) -> None:
    source = tmp_path / "source.ifc"
    write_scheduled_model(source, schema, storeys=2, walls=6)
    before = source.read_bytes()
    notes = notes_for(source)
    verdict = export(source, tmp_path / "spool", notes)
    assert verdict.state == "succeeded", verdict
    assert verdict.detail["elements"] == 12
    target = tmp_path / "spool" / RESULT_FILE
    assert source.read_bytes() == before
    assert faults(target) == faults(source)
    old, new = identities(source), identities(target)
    assert {key: new.get(key) for key in old} == old
    # Three states: three sets and three relations are new, and nothing else.
    assert Counter(new[key] for key in new.keys() - old.keys()) == {
        "IfcPropertySet": 3,
        "IfcRelDefinesByProperties": 3,
    }
    file = ifcopenshell.open(str(target))
    for note in notes:
        values = ifcopenshell.util.element.get_psets(file.by_guid(note.global_id))[names.SET_NAME]
        assert (values[names.STATUS], values[names.PERCENT]) == (note.status, note.percent)
        assert values.get(names.ACTUAL_FINISH) == note.actual_finish
        assert (values[names.MILESTONE], values.get(names.STEP), values[names.AS_OF]) == (
            "主体·M02",
            note.step,
            DAY,
        )


def test_an_export_of_an_export_replaces_its_sets_and_the_same_export_is_the_same(tmp_path: Path) -> None:
    source = tmp_path / "source.ifc"
    write_scheduled_model(source, "IFC4", storeys=1, walls=6)
    export(source, tmp_path / "one", notes_for(source))
    export(source, tmp_path / "two", notes_for(source))
    first = tmp_path / "one" / RESULT_FILE
    data = [(tmp_path / each / RESULT_FILE).read_text().partition("DATA;")[2] for each in ("one", "two")]
    assert data[0] == data[1]
    again = export(first, tmp_path / "three", notes_for(first, every=6))
    assert again.detail["replaced_sets"] == 3
    file = ifcopenshell.open(str(tmp_path / "three" / RESULT_FILE))
    assert [each.Name for each in file.by_type("IfcPropertySet")] == [names.SET_NAME]
    assert faults(tmp_path / "three" / RESULT_FILE) == faults(source)


@pytest.mark.parametrize("schema", ["IFC2X3", "IFC4", "IFC4X3_ADD2"])
def test_tasks_from_outside_are_written_with_what_they_build(schema: str, tmp_path: Path) -> None:
    source = tmp_path / "source.ifc"
    write_scheduled_model(source, schema, storeys=1, walls=4)
    walls = sorted(ifcopenshell.open(str(source)).by_type("IfcWall"), key=lambda each: each.id())
    tasks = [
        ExportTask("P6", "总包计划", None, "2025-01-01", "2025-12-31"),
        ExportTask(
            "P6.10",
            "主体结构",
            "P6",
            "2025-03-01",
            "2025-06-30",
            "2025-03-02",
            None,
            40.0,
            [walls[0].id(), walls[1].id()],
        ),
        ExportTask("P6.20", "装修", "P6", "2025-07-01", "2025-12-31", None, None, 0.0, [walls[2].id()]),
        ExportTask("S1.4", "砌墙 4", None, None, None, None, None, 10.0, [walls[3].id(), walls[2].id()]),
    ]
    verdict = export(source, tmp_path / "spool", [], tasks=tasks, schedule_name="P6 总计划")
    assert (verdict.state, verdict.detail["tasks"]) == ("succeeded", 3)
    target = tmp_path / "spool" / RESULT_FILE
    assert faults(target) == faults(source)
    model = open_model(target)
    read = read_schedule(model, name_products(list_products(model)))
    by_code = {task.code: task for task in read.tasks}
    assert len(by_code) == 1 + 4 + 3
    first = by_code["P6.10"]
    assert (first.name, first.parent, first.schedule) == ("主体结构", "P6", "P6 总计划")
    assert ((first.schedule_start or "")[:10], (first.actual_start or "")[:10]) == (
        "2025-03-01",
        "2025-03-02",
    )
    assert first.completion == pytest.approx(0.4)
    assert first.products == [walls[0].GlobalId, walls[1].GlobalId]
    assert by_code["P6.20"].completion is None
    # The file's own task keeps its times and gets the wall it lacked, once.
    assert (by_code["S1.4"].schedule_start or "")[:10] == "2025-03-07"
    assert sorted(by_code["S1.4"].products) == sorted([walls[3].GlobalId, walls[2].GlobalId])


# θ = 30°, grid factor 1.000155: the matrix of `bim.md` §7.4 with u = k = 1.
_COS, _SIN, _K = math.cos(math.radians(30)), math.sin(math.radians(30)), 1.000155
PLACE = ExportPlace(
    "EPSG:4527",
    (_K * _COS, -_K * _SIN, 0, 39371200.125, _K * _SIN, _K * _COS, 0, 3671300.25, 0, 0, _K, 32.5, 0, 0, 0, 1),
    "EPSG:5737",
)


@pytest.mark.parametrize("schema", ["IFC2X3", "IFC4", "IFC4X3_ADD2"])
@pytest.mark.parametrize("millimetres", [False, True])
def test_a_corrected_georeference_is_read_again_within_a_tenth_of_a_millimetre(
    schema: str, millimetres: bool, tmp_path: Path
) -> None:
    source = tmp_path / "source.ifc"
    write_scheduled_model(source, schema, storeys=1, walls=3)
    if millimetres:
        text = source.read_text()
        source.write_text(text.replace(".LENGTHUNIT.,$,.METRE.", ".LENGTHUNIT.,.MILLI.,.METRE."))
    verdict = export(source, tmp_path / "spool", notes_for(source), place=PLACE)
    assert verdict.state == "succeeded", verdict
    target = tmp_path / "spool" / RESULT_FILE
    assert faults(target) == faults(source)
    outcome = run_conversion_blocking(ConversionJob(source=target, spool=tmp_path / "again"))
    assert outcome.verdict.state == "succeeded", outcome.verdict
    found = read_model(tmp_path / "again").georeference
    assert (found.level, found.crs, found.confidence) == (50, "EPSG:4527", "high")
    for point in ((0.0, 0.0, 0.0), (100.0, 50.0, 3.0)):
        local = np.array([*point, 1.0])
        wanted = np.array(PLACE.matrix).reshape(4, 4) @ local
        assert np.abs(np.array(found.matrix).reshape(4, 4) @ local - wanted).max() < 1e-4


def test_a_stated_georeference_is_replaced_not_doubled(shared_ifc: Path, tmp_path: Path) -> None:
    source = shared_ifc / "georef-utm-25832.ifc"
    verdict = export(source, tmp_path / "spool", [], place=PLACE)
    assert verdict.state == "succeeded", verdict
    file = ifcopenshell.open(str(tmp_path / "spool" / RESULT_FILE))
    assert len(file.by_type("IfcMapConversion")) == len(file.by_type("IfcProjectedCRS")) == 1
    assert file.by_type("IfcMapConversion")[0].Scale == pytest.approx(0.001 * _K)
    assert faults(tmp_path / "spool" / RESULT_FILE) == faults(source)


def test_a_mirrored_place_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "source.ifc"
    write_scheduled_model(source, "IFC4", storeys=1, walls=1)
    swapped = ExportPlace("EPSG:4527", (0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1))
    verdict = export(source, tmp_path / "spool", [], place=swapped)
    assert verdict.state == "failed"
    assert "mirrors" in verdict.message_en


@pytest.mark.parametrize("name", ["kit-road-4x3rc2.ifc", "terrain-alignment-4x1.ifc"])
def test_a_schema_that_is_read_under_another_name_is_refused_with_the_remedy(
    name: str, shared_ifc: Path, tmp_path: Path
) -> None:
    verdict = export(shared_ifc / name, tmp_path / "spool", [])
    assert (verdict.state, verdict.code) == ("failed", "schema_unsupported")
    assert "IFC4X3 (ADD2)" in verdict.message_en


@pytest.mark.parametrize("schema", ["IFC4X3_RC2", "IFC4X1", "IFC2X2_FINAL", "IFC9"])
def test_names_of_other_schemas_are_refused_before_any_file_is_touched(schema: str) -> None:
    with pytest.raises(SchemaUnsupportedError):
        check_exportable(schema)


def test_real_files_stay_as_valid_as_they_were(shared_ifc: Path, tmp_path: Path) -> None:
    source = shared_ifc / "duplex.ifc"
    file = ifcopenshell.open(str(source))
    notes = [
        ElementNote(each.id(), each.GlobalId, "in_progress", 40.0, "2025-10-01")
        for each in file.by_type("IfcElement")
    ]
    verdict = export(source, tmp_path / "spool", notes, place=PLACE)
    assert verdict.state == "succeeded", verdict
    assert verdict.detail["elements"] == len(notes)
    target = tmp_path / "spool" / RESULT_FILE
    assert faults(target) == faults(source)
    old, new = identities(source), identities(target)
    assert {key: new.get(key) for key in old} == old


def test_elements_by_our_own_reading_are_the_same_but_for_the_set(tmp_path: Path) -> None:
    source = tmp_path / "source.ifc"
    write_scheduled_model(source, "IFC4", storeys=1, walls=3)
    place = ProjectPlace()
    correction = Correction("EPSG:4527", 39371200.0, 3671300.0)
    export(source, tmp_path / "spool", notes_for(source))
    rows = []
    for number, path in enumerate((source, tmp_path / "spool" / RESULT_FILE)):
        spool = tmp_path / f"read{number}"
        run_conversion_blocking(ConversionJob(source=path, spool=spool, project=place, correction=correction))
        rows.append(list(iter_elements(spool)))
    for one, two in zip(*rows, strict=True):
        assert (one.global_id, one.geometry_hash, one.footprint_survey_wkb) == (
            two.global_id,
            two.geometry_hash,
            two.footprint_survey_wkb,
        )
        assert {**two.psets, names.SET_NAME: None} == {**one.psets, names.SET_NAME: None}
