"""The sample models: legal IFC4, the same bytes each time, shapes and quantities that agree."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.geom
import ifcopenshell.util.element
import ifcopenshell.util.placement
import ifcopenshell.util.shape
import ifcopenshell.validate
import pytest

from bim.authoring.bridge import design_bridge
from bim.authoring.building import design_building
from bim.authoring.design import Design, MapPlace, Task, WallBody
from bim.authoring.gallery import design_gallery
from bim.authoring.writer import author, global_id

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "data" / "samples" / "models"
NAMES = ("building", "bridge", "gallery")
PLACE = MapPlace("EPSG:4527", 39380000.0, 3660000.0, 32.5, 0.96, 0.28)
TASKS = (
    Task("M02", "地基与基础", date(2025, 4, 1), date(2025, 6, 1)),
    Task("M07", "围护与隔墙", date(2025, 6, 2), date(2025, 9, 1)),
)


@pytest.fixture(scope="module", params=NAMES)
def model(request: pytest.FixtureRequest) -> Any:
    return ifcopenshell.open(MODELS / f"{request.param}.ifc")


@pytest.fixture(scope="module")
def school() -> Design:
    return design_building(PLACE, TASKS)


@pytest.fixture(scope="module")
def school_file(school: Design) -> Any:
    return ifcopenshell.file.from_string(author(school).decode("ascii"))


def test_models_pass_schema_validation_with_where_rules(model: Any) -> None:
    log = ifcopenshell.validate.json_logger()
    ifcopenshell.validate.validate(model, log, express_rules=True)
    assert log.statements == []


def test_every_global_id_occurs_once(model: Any) -> None:
    ids = [entity.GlobalId for entity in model.by_type("IfcRoot")]
    assert len(set(ids)) == len(ids)


def test_every_element_has_a_chinese_name_and_a_container(model: Any) -> None:
    for element in model.by_type("IfcElement"):
        assert any("一" <= character <= "鿿" for character in element.Name)
        if not element.is_a("IfcOpeningElement"):
            assert ifcopenshell.util.element.get_container(element) is not None


def _shapes(model: Any) -> Iterator[tuple[Any, Any]]:
    iterator = ifcopenshell.geom.iterator(ifcopenshell.geom.settings(), model, 1)
    assert iterator.initialize()
    while True:
        shape = iterator.get()
        yield model.by_id(shape.id), shape
        if not iterator.next():
            return


def test_net_volumes_are_those_of_the_shapes(model: Any) -> None:
    compared = 0
    for element, shape in _shapes(model):
        quantities = ifcopenshell.util.element.get_psets(element, qtos_only=True)
        for values in quantities.values():
            if "NetVolume" in values:
                volume = ifcopenshell.util.shape.get_volume(shape.geometry)
                assert values["NetVolume"] == pytest.approx(
                    volume, rel=0.01
                )  # round sections are polygons in a mesh
                compared += 1
    assert compared > 70


def test_every_element_but_openings_has_a_shape(model: Any) -> None:
    shaped = {element.GlobalId for element, _ in _shapes(model)}
    elements = {e.GlobalId for e in model.by_type("IfcElement")}
    assert elements == shaped


def test_wall_axes_are_where_the_design_puts_them(school: Design, school_file: Any) -> None:
    walls = [(p, p.body) for p in school.parts if isinstance(p.body, WallBody)]
    assert len(walls) == 78
    for part, body in walls:
        wall = school_file.by_guid(global_id("building", part.key))
        matrix = ifcopenshell.util.placement.get_local_placement(wall.ObjectPlacement)
        (axis,) = [r for r in wall.Representation.Representations if r.RepresentationIdentifier == "Axis"]
        end = axis.Items[0].Points.CoordList[-1]
        assert matrix[:3, 3] == pytest.approx((body.start[0] * 1000, body.start[1] * 1000, body.base * 1000))
        assert end == pytest.approx((body.length * 1000, 0))


def test_doors_and_windows_fill_holes_in_walls(school: Design, school_file: Any) -> None:
    fills = school_file.by_type("IfcRelFillsElement")
    assert len(fills) == len(school.openings) == 72
    for fill in fills:
        (voids,) = fill.RelatingOpeningElement.VoidsElements
        assert voids.RelatingBuildingElement.is_a("IfcWall")


def test_map_conversion_bridges_millimetres_and_metres(school_file: Any) -> None:
    (conversion,) = school_file.by_type("IfcMapConversion")
    assert (conversion.Eastings, conversion.Northings, conversion.OrthogonalHeight) == (
        39380000,
        3660000,
        32.5,
    )
    assert (conversion.XAxisAbscissa, conversion.XAxisOrdinate, conversion.Scale) == (0.96, 0.28, 0.001)
    assert conversion.TargetCRS.Name == "EPSG:4527"
    assert conversion.TargetCRS.MapUnit.Name == "METRE"


def test_bridge_has_no_georeference_of_any_level() -> None:
    bridge = ifcopenshell.open(MODELS / "bridge.ifc")
    assert len(bridge.by_type("IfcCoordinateOperation")) == 0
    (site,) = bridge.by_type("IfcSite")
    assert (site.RefLatitude, site.RefLongitude) == (None, None)
    assert all(
        c.TrueNorth is None
        for c in bridge.by_type("IfcGeometricRepresentationContext", include_subtypes=False)
    )


def test_gallery_names_north_as_east() -> None:
    (conversion,) = ifcopenshell.open(MODELS / "gallery.ifc").by_type("IfcMapConversion")
    assert 3_600_000 < conversion.Eastings < 3_700_000
    assert 39_300_000 < conversion.Northings < 39_500_000


def test_tasks_carry_milestone_codes_and_their_products(school_file: Any) -> None:
    tasks = {task.Identification: task for task in school_file.by_type("IfcTask")}
    assert list(tasks) == ["M02", "M07"]
    assert tasks["M02"].TaskTime.ScheduleStart == "2025-04-01T08:00:00"
    products = [
        r.RelatingProduct.is_a() for r in tasks["M02"].HasAssignments if r.is_a("IfcRelAssignsToProduct")
    ]
    assert (products.count("IfcFooting"), products.count("IfcSlab")) == (21, 1)


def test_planning_status_varies_and_standing_walls_hang_on_a_task(school_file: Any) -> None:
    statuses: dict[str, list[Any]] = {}
    for wall in school_file.by_type("IfcWall"):
        statuses.setdefault(
            ifcopenshell.util.element.get_pset(wall, "Pset_WallCommon", "Status")[0], []
        ).append(wall)
    assert {status: len(walls) for status, walls in statuses.items()} == {
        "NEW": 75, "EXISTING": 1, "DEMOLISH": 1, "TEMPORARY": 1,
    }  # fmt: skip
    (standing,) = statuses["EXISTING"]
    assert [r.RelatedObjects[0].Identification for r in standing.ReferencedBy] == ["M07"]


def test_elements_are_classified(model: Any) -> None:
    (system,) = model.by_type("IfcClassification")
    assert system.Name == "GB/T 51269-2017"
    assert all(r.Identification and r.Name for r in model.by_type("IfcClassificationReference"))


@pytest.mark.parametrize("name", NAMES)
def test_header_has_a_fixed_stamp_and_says_synthetic(name: str) -> None:
    head = (MODELS / f"{name}.ifc").read_text(encoding="ascii")[:900]
    assert "'2025-10-31T00:00:00+08:00'" in head
    assert "synthetic: true" in head


def test_authoring_gives_the_same_bytes_in_other_processes() -> None:
    code = (
        "import hashlib; from bim.authoring.bridge import design_bridge; from bim.authoring.writer import author;"
        "print(hashlib.sha256(author(design_bridge(()))).hexdigest())"
    )
    found = set()
    for seed in ("0", "99"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": "Pacific/Auckland"}
        done = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, cwd=ROOT, env=environment
        )
        found.add(done.stdout)
    assert len(found) == 1


def test_sizes_are_modest() -> None:
    counts = [
        len(d.every_part())
        for d in (design_building(PLACE, ()), design_bridge(()), design_gallery(PLACE, ()))
    ]
    assert counts == [353, 158, 171]
