"""Property sets, quantities, relations and tasks of open models; no geometry is drawn here."""

from pathlib import Path

import ifcopenshell
import ifcopenshell.util.element
import pytest

from bim.elements import list_duplicates
from bim.model import open_model
from bim.relations import list_storeys, list_tree, read_relations
from bim.results import ElementFacts
from bim.schedule import read_schedule
from bim.units import read_units
from tests.bim.ifc_text import Sheet, guid, write
from tests.bim.reading import read_facts

WALL = "#1000"


def _wall(tmp_path: Path, extra: list[str], **sheet: object) -> ElementFacts:
    text = Sheet(project_extra=extra, **sheet).text()  # type: ignore[arg-type]
    return read_facts(write(tmp_path / "a.ifc", text))[1][1000]


def _defines(number: int, definition: int) -> str:
    return f"#{number}=IFCRELDEFINESBYPROPERTIES('{guid(number)}',$,$,$,({WALL}),#{definition});"


def test_every_kind_of_property_keeps_its_value(tmp_path: Path) -> None:
    wall = _wall(
        tmp_path,
        [
            "#101=IFCPROPERTYSINGLEVALUE('耐火等级',$,IFCLABEL('二级'),$);",
            "#102=IFCPROPERTYENUMERATEDVALUE('Status',$,(IFCLABEL('EXISTING')),$);",
            "#103=IFCPROPERTYLISTVALUE('层',$,(IFCREAL(0.1),IFCREAL(0.2)),$);",
            "#104=IFCPROPERTYBOUNDEDVALUE('范围',$,IFCREAL(2.),IFCREAL(1.),$,$);",
            "#105=IFCCOMPLEXPROPERTY('组',$,'x',(#101));",
            "#106=IFCPROPERTYSINGLEVALUE('空',$,$,$);",
            f"#110=IFCPROPERTYSET('{guid(110)}',$,'Pset_WallCommon',$,(#101,#102,#103,#104,#105,#106));",
            _defines(111, 110),
        ],
    )
    assert wall.psets == {
        "Pset_WallCommon": {
            "耐火等级": "二级",
            "Status": ["EXISTING"],
            "层": [0.1, 0.2],
            "范围": {"UpperBoundValue": 2.0, "LowerBoundValue": 1.0},
            "组": {"耐火等级": "二级"},
            "空": None,
        }
    }
    assert wall.planning_status == "EXISTING"


def test_occurrence_wins_over_type(tmp_path: Path) -> None:
    wall = _wall(
        tmp_path,
        [
            "#101=IFCPROPERTYSINGLEVALUE('A',$,IFCLABEL('type'),$);",
            "#102=IFCPROPERTYSINGLEVALUE('B',$,IFCLABEL('type'),$);",
            "#103=IFCPROPERTYSINGLEVALUE('A',$,IFCLABEL('own'),$);",
            f"#110=IFCPROPERTYSET('{guid(110)}',$,'P',$,(#101,#102));",
            f"#111=IFCPROPERTYSET('{guid(111)}',$,'P',$,(#103));",
            f"#112=IFCWALLTYPE('{guid(112)}',$,'外墙240',$,$,(#110),$,$,$,.SOLIDWALL.);",
            f"#113=IFCRELDEFINESBYTYPE('{guid(113)}',$,$,$,({WALL}),#112);",
            _defines(114, 111),
        ],
    )
    assert wall.psets == {"P": {"A": "own", "B": "type"}}
    assert wall.type_psets == {"P": ["B"]}
    assert (wall.type_name, wall.type_global_id, wall.predefined_type) == ("外墙240", guid(112), "SOLIDWALL")


def test_each_quantity_has_its_own_unit(tmp_path: Path) -> None:
    """Millimetre model whose areas are plain square metres; one volume carries its own unit, a litre."""
    wall = _wall(
        tmp_path,
        [
            "#101=IFCQUANTITYLENGTH('Length',$,$,3000.,$);",
            "#102=IFCQUANTITYAREA('NetSideArea',$,$,8.4,$);",
            "#103=IFCQUANTITYVOLUME('GrossVolume',$,#104,1700.,$);",
            "#104=IFCSIUNIT(*,.VOLUMEUNIT.,.DECI.,.CUBIC_METRE.);",
            "#105=IFCQUANTITYVOLUME('NetVolume',$,$,1.68,$);",
            f"#110=IFCELEMENTQUANTITY('{guid(110)}',$,'Qto_WallBaseQuantities',$,$,(#101,#102,#103,#105));",
            _defines(111, 110),
        ],
        millimetres=True,
    )
    found = {
        name: (round(each["value"], 9), each["unit"])
        for name, each in wall.quantities["Qto_WallBaseQuantities"].items()
    }
    assert found == {
        "Length": (3.0, "m"),
        "NetSideArea": (8.4, "m2"),
        "GrossVolume": (1.7, "m3"),
        "NetVolume": (1.68, "m3"),
    }
    assert (wall.quantity, wall.quantity_unit, wall.quantity_source) == (1.68, "m3", "qto_net")
    assert wall.psets == {}


def test_two_sets_that_state_the_same_quantity_both_keep_it(tmp_path: Path) -> None:
    wall = _wall(
        tmp_path,
        [
            "#101=IFCQUANTITYVOLUME('NetVolume',$,$,1.68,$);",
            "#102=IFCQUANTITYVOLUME('NetVolume',$,$,1.7,$);",
            f"#110=IFCELEMENTQUANTITY('{guid(110)}',$,'Qto_WallBaseQuantities',$,$,(#101));",
            f"#111=IFCELEMENTQUANTITY('{guid(111)}',$,'算量',$,$,(#102));",
            _defines(112, 110),
            _defines(113, 111),
        ],
    )
    stated = {name: values["NetVolume"]["value"] for name, values in wall.quantities.items()}
    assert stated == {"Qto_WallBaseQuantities": 1.68, "算量": 1.7}


def test_a_measure_stands_beside_its_si_value(tmp_path: Path) -> None:
    """Millimetre model; a length of its own unit (m), °C, W/(m²·K) by the file's own derived unit, a plain real."""
    wall = _wall(
        tmp_path,
        [
            "#101=IFCPROPERTYSINGLEVALUE('厚度',$,IFCPOSITIVELENGTHMEASURE(240.),$);",
            "#102=IFCPROPERTYSINGLEVALUE('埋深',$,IFCLENGTHMEASURE(1.5),#103);",
            "#103=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);",
            "#104=IFCPROPERTYSINGLEVALUE('水温',$,IFCTHERMODYNAMICTEMPERATUREMEASURE(20.),#105);",
            "#105=IFCSIUNIT(*,.THERMODYNAMICTEMPERATUREUNIT.,$,.DEGREE_CELSIUS.);",
            "#106=IFCPROPERTYSINGLEVALUE('传热系数',$,IFCTHERMALTRANSMITTANCEMEASURE(0.5),#107);",
            "#107=IFCDERIVEDUNIT((#108,#109),.THERMALTRANSMITTANCEUNIT.,$);",
            "#108=IFCDERIVEDUNITELEMENT(#120,1);",
            "#109=IFCDERIVEDUNITELEMENT(#121,-2);",
            "#120=IFCSIUNIT(*,.POWERUNIT.,.KILO.,.WATT.);",
            "#121=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);",
            "#122=IFCPROPERTYSINGLEVALUE('系数',$,IFCREAL(0.5),$);",
            "#123=IFCPROPERTYBOUNDEDVALUE('范围',$,IFCLENGTHMEASURE(2000.),IFCLENGTHMEASURE(1000.),$,$);",
            f"#110=IFCPROPERTYSET('{guid(110)}',$,'P',$,(#101,#102,#104,#106,#122,#123));",
            _defines(111, 110),
        ],
        millimetres=True,
    )
    assert wall.psets["P"]["厚度"] == 240.0
    assert wall.pset_si == {
        "P": {
            "厚度": [pytest.approx(0.24), "m"],
            "埋深": [1.5, "m"],
            "水温": [pytest.approx(293.15), "K"],
            "传热系数": [pytest.approx(500.0), "W/(m2.K)"],
            "范围": [1.0, 2.0, "m"],
        }
    }


def test_a_wider_value_of_the_occurrence_leaves_no_si_of_the_type_behind(tmp_path: Path) -> None:
    wall = _wall(
        tmp_path,
        [
            "#101=IFCPROPERTYSINGLEVALUE('厚度',$,IFCLENGTHMEASURE(240.),$);",
            "#102=IFCPROPERTYSINGLEVALUE('厚度',$,IFCLABEL('二四墙'),$);",
            f"#110=IFCPROPERTYSET('{guid(110)}',$,'P',$,(#101));",
            f"#111=IFCPROPERTYSET('{guid(111)}',$,'P',$,(#102));",
            f"#112=IFCWALLTYPE('{guid(112)}',$,'外墙240',$,$,(#110),$,$,$,.SOLIDWALL.);",
            f"#113=IFCRELDEFINESBYTYPE('{guid(113)}',$,$,$,({WALL}),#112);",
            _defines(114, 111),
        ],
        millimetres=True,
    )
    assert (wall.psets, wall.pset_si, wall.type_psets) == ({"P": {"厚度": "二四墙"}}, {"P": {}}, {})


def test_gross_stands_in_for_net_and_area_for_volume(tmp_path: Path) -> None:
    lines = [
        "#101=IFCQUANTITYAREA('GrossArea',$,$,12.,$);",
        "#102=IFCQUANTITYLENGTH('Length',$,$,3.,$);",
        f"#110=IFCELEMENTQUANTITY('{guid(110)}',$,'BaseQuantities',$,$,(#101,#102));",
        _defines(111, 110),
    ]
    wall = _wall(tmp_path, lines)
    assert (wall.quantity, wall.quantity_unit, wall.quantity_source) == (12.0, "m2", "qto_gross")


def test_materials_classification_and_tag_are_read(tmp_path: Path) -> None:
    wall = _wall(
        tmp_path,
        [
            "#101=IFCMATERIAL('混凝土C30',$,$);",
            "#102=IFCMATERIALLAYER(#101,200.,$,$,$,$,$);",
            "#103=IFCMATERIALLAYERSET((#102),'墙',$);",
            "#104=IFCMATERIALLAYERSETUSAGE(#103,.AXIS2.,.POSITIVE.,0.,$);",
            f"#105=IFCRELASSOCIATESMATERIAL('{guid(105)}',$,$,$,({WALL}),#104);",
            "#106=IFCCLASSIFICATION($,$,$,'GB/T 51269',$,$,$);",
            "#107=IFCCLASSIFICATIONREFERENCE($,'30-01.10.10','外墙',#106,$,$);",
            f"#108=IFCRELASSOCIATESCLASSIFICATION('{guid(108)}',$,$,$,({WALL}),#107);",
        ],
    )
    assert wall.materials == ["混凝土C30"]
    assert wall.layers == [{"material": "混凝土C30", "thickness_m": 200.0}]
    assert wall.classification == [{"system": "GB/T 51269", "code": "30-01.10.10", "name": "外墙"}]


def test_opening_and_part_find_their_host_and_storey(tmp_path: Path) -> None:
    extra = [
        f"#101=IFCOPENINGELEMENT('{guid(101)}',$,'洞口',$,$,$,$,$,$);",
        f"#102=IFCRELVOIDSELEMENT('{guid(102)}',$,$,$,{WALL},#101);",
        f"#103=IFCBUILDINGELEMENTPART('{guid(103)}',$,'保温层',$,$,$,$,$,$);",
        f"#104=IFCRELAGGREGATES('{guid(104)}',$,$,$,{WALL},(#103));",
    ]
    _, rows = read_facts(write(tmp_path / "a.ifc", Sheet(project_extra=extra).text()))
    for number in (101, 103):
        assert rows[number].parent_global_id == guid(1000)
        assert (rows[number].storey, rows[number].container) == (guid(40), None)
    assert rows[1000].container == guid(40)


def test_a_window_names_the_wall_it_stands_in_and_its_system_and_space(tmp_path: Path) -> None:
    extra = [
        f"#101=IFCOPENINGELEMENT('{guid(101)}',$,'洞口',$,$,$,$,$,$);",
        f"#102=IFCRELVOIDSELEMENT('{guid(102)}',$,$,$,{WALL},#101);",
        f"#103=IFCWINDOW('{guid(103)}',$,'窗',$,$,$,$,$,$,$,$,$,$);",
        f"#104=IFCRELFILLSELEMENT('{guid(104)}',$,$,$,#101,#103);",
        f"#105=IFCSPACE('{guid(105)}',$,'101','会议室',$,$,$,$,$,$,$);",
        f"#106=IFCRELAGGREGATES('{guid(106)}',$,$,$,#40,(#105));",
        f"#107=IFCRELCONTAINEDINSPATIALSTRUCTURE('{guid(107)}',$,$,$,(#103),#105);",
        f"#108=IFCSYSTEM('{guid(108)}',$,'幕墙系统',$,$);",
        f"#109=IFCRELASSIGNSTOGROUP('{guid(109)}',$,$,$,(#103),$,#108);",
    ]
    _, rows = read_facts(write(tmp_path / "a.ifc", Sheet(project_extra=extra).text()))
    window, opening = rows[103], rows[101]
    assert (opening.host_global_id, window.host_global_id) == (guid(1000), guid(1000))
    assert (window.parent_global_id, window.space, window.storey) == (guid(101), "101", guid(40))
    assert window.groups == [{"global_id": guid(108), "ifc_class": "IfcSystem", "name": "幕墙系统"}]


def test_tasks_find_their_products_by_result_and_by_input(tmp_path: Path) -> None:
    extra = [
        "#101=IFCTASKTIME($,$,$,.WORKTIME.,'P5D','2025-03-01T08:00:00','2025-03-06T18:00:00',$,$,$,$,$,$,$,$,$,"
        "'2025-03-02T08:00:00',$,$,40.);",
        f"#102=IFCTASK('{guid(102)}',$,'主体施工',$,$,'A1010',$,$,$,.F.,$,#101,$);",
        f"#103=IFCTASK('{guid(103)}',$,'砌墙',$,$,$,$,$,$,.F.,$,$,$);",
        f"#104=IFCRELASSIGNSTOPRODUCT('{guid(104)}',$,$,$,(#102),$,{WALL});",
        f"#105=IFCRELASSIGNSTOPROCESS('{guid(105)}',$,$,$,({WALL}),$,#103,$);",
        f"#106=IFCRELNESTS('{guid(106)}',$,$,$,#102,(#103));",
    ]
    model, rows = read_facts(write(tmp_path / "a.ifc", Sheet(project_extra=extra).text()))
    first, second = read_schedule(model, {1000: "wall"}).tasks
    assert (first.code, first.schedule_start, first.actual_start) == (
        "A1010",
        "2025-03-01T08:00:00",
        "2025-03-02T08:00:00",
    )
    assert first.completion == pytest.approx(0.4)
    assert (second.code, second.parent, second.products) == ("砌墙", "A1010", ["wall"])
    assert rows[1000].task_codes == ["A1010", "砌墙"]


def test_tree_and_storeys_are_listed_in_metres(tmp_path: Path) -> None:
    text = Sheet(millimetres=True).text().replace(".ELEMENT.,0.);", ".ELEMENT.,3300.);")
    model = open_model(write(tmp_path / "a.ifc", text))
    storey = list_storeys(model, read_units(model).length_m)[0]
    assert storey.name == "首层"
    assert storey.elevation_m == pytest.approx(3.3)
    tree = {node.global_id: node.parent for node in list_tree(model, read_relations(model))}
    assert tree == {guid(1): None, guid(20): guid(1), guid(30): guid(20), guid(40): guid(30)}


def test_text_that_a_database_cannot_hold_is_cleaned(tmp_path: Path) -> None:
    text = Sheet(names=["a\\X\\00b"]).text()
    _, rows = read_facts(write(tmp_path / "a.ifc", text))
    assert rows[1000].name is not None
    assert "\x00" not in rows[1000].name


def test_signature_follows_content_and_not_the_global_id(tmp_path: Path) -> None:
    _, one = read_facts(write(tmp_path / "a.ifc", Sheet().text()))
    _, two = read_facts(write(tmp_path / "b.ifc", Sheet().text().replace(guid(1000), guid(77))))
    _, three = read_facts(write(tmp_path / "c.ifc", Sheet(names=["别的墙"]).text()))
    assert one[1000].signature == two[1000].signature != three[1000].signature


@pytest.mark.parametrize(
    "name", ["duplex.ifc", "office-a.ifc", "fzk-haus.ifc", "cjk-names.ifc", "tall-building.ifc"]
)
def test_public_property_sets_equal_the_librarys(public_files: Path, name: str) -> None:
    file = ifcopenshell.open(str(public_files / name))
    _, rows = read_facts(public_files / name)
    for product in file.by_type("IfcProduct"):
        stated = ifcopenshell.util.element.get_psets(product, psets_only=True)
        plain = {key: {k: v for k, v in values.items() if k != "id"} for key, values in stated.items()}
        ours = {key: values for key, values in rows[product.id()].psets.items() if key in plain}
        assert ours == {key: values for key, values in plain.items() if values}
        container = ifcopenshell.util.element.get_container(product, should_get_direct=True)
        assert rows[product.id()].container == (container.GlobalId if container else None)


def test_public_double_ids_are_listed(public_files: Path) -> None:
    found = list_duplicates(open_model(public_files / "double-guids.ifc"))
    assert sorted(each.classes for each in found) == [
        ["IfcProject", "IfcSite"],
        ["IfcWallStandardCase", "IfcWallStandardCase"],
        ["IfcWallType", "IfcWallType"],
    ]
