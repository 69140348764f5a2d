"""What a file says about its position, read from files written by hand."""

from pathlib import Path

import numpy as np
import pytest

from bim.georeference.facts import GeoFacts, Point
from bim.georeference.read import read_geo_facts
from bim.georeference.resolve import resolve
from bim.georeference.transforms import map_point
from bim.job import ProjectPlace
from bim.model import open_model
from bim.properties import PropertyReader
from bim.results import Georeference
from bim.units import read_units
from tests.bim.ifc_text import Sheet, guid, write

DISTRICT = ProjectPlace("EPSG:4527", (115.6, 33.1, 115.65, 33.2))
PLACE = (115.619332779, 33.159622123)


def _read(tmp_path: Path, sheet: Sheet) -> GeoFacts:
    model = open_model(write(tmp_path / "a.ifc", sheet.text()))
    units = read_units(model)
    return read_geo_facts(model, units, PropertyReader(model, units), {}, None)


def _resolved(tmp_path: Path, sheet: Sheet) -> Georeference:
    return resolve(_read(tmp_path, sheet), DISTRICT)


def _at(found: Georeference, point: tuple[float, float, float]) -> tuple[float, float, float]:
    return map_point(np.array(found.matrix).reshape(4, 4), point)


def _pset_lines(
    conversion: str, crs: str, holder: int, length: str = "IFCREAL", case: str = "Eastings"
) -> list[str]:
    return [
        f"#101=IFCPROPERTYSINGLEVALUE('{case}',$,{length}(39371200.),$);",
        f"#102=IFCPROPERTYSINGLEVALUE('{case.replace('East', 'North').replace('EAST', 'NORTH')}',$,{length}(3671300.),$);",
        "#103=IFCPROPERTYSINGLEVALUE('XAxisAbscissa',$,IFCREAL(0.866025403784439),$);",
        "#104=IFCPROPERTYSINGLEVALUE('XAxisOrdinate',$,IFCREAL(0.5),$);",
        "#105=IFCPROPERTYSINGLEVALUE('Name',$,IFCLABEL('EPSG:4527'),$);",
        f"#110=IFCPROPERTYSET('{guid(110)}',$,'{conversion}',$,(#101,#102,#103,#104));",
        f"#111=IFCPROPERTYSET('{guid(111)}',$,'{crs}',$,(#105));",
        f"#112=IFCRELDEFINESBYPROPERTIES('{guid(112)}',$,$,$,(#{holder}),#110);",
        f"#113=IFCRELDEFINESBYPROPERTIES('{guid(113)}',$,$,$,(#{holder}),#111);",
    ]


@pytest.mark.parametrize(
    ("conversion", "crs"),
    [
        ("ePSet_MapConversion", "ePSet_ProjectedCRS"),
        ("ePset_MapConversion", "ePset_ProjectedCRS"),
        ("EPset_MapConversion", "EPSET_PROJECTEDCRS"),
    ],
)
@pytest.mark.parametrize("holder", [1, 20])
@pytest.mark.parametrize("length", ["IFCREAL", "IFCLENGTHMEASURE", "IFCLABEL"])
def test_property_sets_of_the_old_schema_are_found_in_any_spelling(
    tmp_path: Path, conversion: str, crs: str, holder: int, length: str
) -> None:
    lines = _pset_lines(conversion, crs, holder, length)
    if length == "IFCLABEL":
        lines = [
            line.replace("(39371200.)", "('39371200.')").replace("(3671300.)", "('3671300.')")
            for line in lines
        ]
    found = _resolved(tmp_path, Sheet(schema="IFC2X3", walls=0, millimetres=True, project_extra=lines))
    assert (found.level, found.method, found.crs) == (50, "pset_map_conversion", "EPSG:4527")
    assert (found.origin.lon, found.origin.lat) == pytest.approx(PLACE, abs=1e-8)
    assert _at(found, (10.0, 0.0, 0.0))[:2] == pytest.approx((39371208.6603, 3671305.0), abs=0.01)


def test_conversion_of_a_plan_context_written_first_is_no_decoy(tmp_path: Path) -> None:
    lines = [
        "#60=IFCGEOMETRICREPRESENTATIONCONTEXT($,'Plan',2,1.E-5,#61,$);",
        "#61=IFCAXIS2PLACEMENT2D(#62,$);",
        "#62=IFCCARTESIANPOINT((0.,0.));",
        "#63=IFCPROJECTEDCRS('EPSG:4527',$,$,$,$,$,$);",
        "#64=IFCMAPCONVERSION(#60,#63,39999999.,3000000.,0.,$,$,$);",
        "#65=IFCMAPCONVERSION(#10,#63,39371200.,3671300.,5.,$,$,$);",
    ]
    found = _resolved(tmp_path, Sheet(project_extra=lines))
    assert _at(found, (0.0, 0.0, 0.0)) == pytest.approx((39371200.0, 3671300.0, 5.0))


def test_site_degrees_true_north_and_address_are_read(tmp_path: Path) -> None:
    """33 deg 9' 34.639643" N, 115 deg 37' 9.598004" E: the place of the other tests."""
    sheet = Sheet(
        site="(33,9,34,639643),(115,37,9,598004),30.",
        true_north="#70",
        project_extra=[
            "#70=IFCDIRECTION((0.5,0.866025403784439,0.));",
            "#71=IFCPOSTALADDRESS($,$,$,$,('某路1号'),$,'阜阳',$,$,$);",
        ],
    )
    facts = _read(tmp_path, sheet)
    assert (facts.sites[0].lon, facts.sites[0].lat) == pytest.approx(PLACE, abs=1e-8)
    assert facts.true_north == pytest.approx((0.5, 0.866025403784439))
    assert facts.address == "某路1号 阜阳"
    found = resolve(facts, DISTRICT)
    assert (found.level, found.confidence, found.accuracy) == (40, "medium", 1.0)
    assert (found.origin.e, found.origin.n) == pytest.approx((39371200.0, 3671300.0), abs=0.01)
    # x axis lies 30 degrees north of true east, and grid east is turned by the convergence, 0.7556 degrees here.
    assert found.rotation_deg == pytest.approx(30.0 - 0.7556, abs=0.001)


def test_world_coordinate_system_is_read_in_metres(tmp_path: Path) -> None:
    facts = _read(tmp_path, Sheet(millimetres=True, world=(1000.0, 2000.0, 0.0)))
    assert facts.world is not None
    assert facts.world[:3, 3].tolist() == [1.0, 2.0, 0.0]
    assert _read(tmp_path, Sheet()).world is None


def test_site_offset_counts_once_beside_a_conversion(tmp_path: Path) -> None:
    lines = [
        "#63=IFCPROJECTEDCRS('EPSG:4527',$,$,$,$,$,#64);",
        "#64=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);",
        "#65=IFCMAPCONVERSION(#10,#63,39371200.,3671300.,0.,$,$,$);",
    ]
    found = _resolved(tmp_path, Sheet(site_location=(0.0, 10.0, 0.0), project_extra=lines))
    assert _at(found, (0.0, 10.0, 0.0))[:2] == pytest.approx((39371200.0, 3671310.0))


def test_map_unit_of_a_conversion_based_foot_is_read(tmp_path: Path) -> None:
    lines = [
        "#63=IFCPROJECTEDCRS('EPSG:4527',$,$,'1985国家高程基准',$,$,#64);",
        "#64=IFCCONVERSIONBASEDUNIT(#66,.LENGTHUNIT.,'FOOT',#67);",
        "#65=IFCMAPCONVERSION(#10,#63,129170603.674541,12044947.506562,0.,$,$,$);",
        "#66=IFCDIMENSIONALEXPONENTS(1,0,0,0,0,0,0);",
        "#67=IFCMEASUREWITHUNIT(IFCLENGTHMEASURE(0.3048),#68);",
        "#68=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);",
    ]
    found = _resolved(tmp_path, Sheet(project_extra=lines))
    assert _at(found, (0.0, 0.0, 0.0))[:2] == pytest.approx((39371200.0, 3671300.0), abs=0.001)
    assert found.vertical_datum == "1985国家高程基准"


@pytest.mark.parametrize(
    ("name", "middle", "level", "crs", "confidence"),
    [
        ("georef-utm-25832.ifc", None, 50, "EPSG:25832", "high"),
        ("georef-rigid-4258.ifc", None, 50, "EPSG:32633", "high"),
        ("linear-placement-3065.ifc", (452_700.0, 4_539_600.0, 0.0), 50, "EPSG:3065", "high"),
        ("geo-mapconversion-angle.ifc", None, 50, None, "none"),
        ("geo-offset-site.ifc", None, 50, None, "none"),
        ("office-a.ifc", None, 20, None, "none"),
        ("huge-coordinates.ifc", (305_200.0, 6_269_750.0, 0.0), 30, None, "none"),
        ("no-geometry.ifc", None, 0, None, "none"),
    ],
)
def test_public_files_say_what_they_know(
    public_files: Path, name: str, middle: Point | None, level: int, crs: str | None, confidence: str
) -> None:
    model = open_model(public_files / name)
    units = read_units(model)
    found = resolve(read_geo_facts(model, units, PropertyReader(model, units), {}, middle), ProjectPlace())
    assert (found.level, found.crs, found.confidence) == (level, crs, confidence)


def test_public_utm_conversion_lies_a_millimetre_from_its_own_site_degrees(public_files: Path) -> None:
    model = open_model(public_files / "georef-utm-25832.ifc")
    units = read_units(model)
    found = resolve(read_geo_facts(model, units, PropertyReader(model, units), {}, None), ProjectPlace())
    best = found.candidates[0]
    assert best.to_site_m is not None
    assert best.to_site_m < 0.002
    assert _at(found, (1.0, 0.0, 0.0)) == pytest.approx((458657.5706, 5438233.2127, 113.7), abs=0.001)


def test_public_offset_site_lies_where_its_numbers_say(public_files: Path) -> None:
    model = open_model(public_files / "geo-offset-site.ifc")
    units = read_units(model)
    facts = read_geo_facts(model, units, PropertyReader(model, units), {}, None)
    assert _at(resolve(facts, ProjectPlace()), facts.offset)[:2] == pytest.approx((15.0, 10.0), abs=1e-6)
