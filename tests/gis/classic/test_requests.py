"""What of a request of WMS, WFS and WMTS reaches the engine: closed lists, written anew."""

import asyncio
from collections.abc import AsyncIterator
from xml.etree import ElementTree as ET

import pytest

from gis.classic import (
    Offer,
    ServiceError,
    exception_report,
    read_body,
    read_wfs,
    read_wms,
    read_wmts,
    with_long_names,
)

OFFER = Offer(
    styles={"projects": ("projects-light", "projects-progress"), "bim_models": ()},
    fields={"projects": ("code", "name", "progress"), "bim_models": ("name",)},
    geometry="geom",
    srids=(4490, 4326, 3857, 4527),
)
MAP = {
    "service": "WMS", "version": "1.3.0", "request": "GetMap", "layers": "projects", "styles": "", "crs": "EPSG:4490",
    "bbox": "32.8,115.6,33.3,116", "width": "400", "height": "300", "format": "image/png",
}  # fmt: skip
FES = 'xmlns:fes="http://www.opengis.net/fes/2.0" xmlns:gml="http://www.opengis.net/gml/3.2"'


def features(**given: str) -> dict[str, str]:
    asked = {
        "service": "WFS",
        "version": "2.0.0",
        "request": "GetFeature",
        "typenames": "twin:projects",
        **given,
    }
    return dict(read_wfs(asked, OFFER).parameters)


def comparison(name: str = "name", literal: str = "桥") -> str:
    return (
        f"<fes:Filter {FES}><fes:PropertyIsEqualTo><fes:ValueReference>{name}</fes:ValueReference>"
        f"<fes:Literal>{literal}</fes:Literal></fes:PropertyIsEqualTo></fes:Filter>"
    )


def test_a_map_is_asked_for_with_its_default_style_and_nothing_unknown() -> None:
    query = read_wms({**MAP, "DPI": "96", "MAP_RESOLUTION": "96", "evil": "1"}, OFFER)
    assert query.parameters == {
        "SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetMap", "LAYERS": "projects", "STYLES": "projects-light",
        "CRS": "EPSG:4490", "BBOX": "32.8,115.6,33.3,116.0", "WIDTH": "400", "HEIGHT": "300", "FORMAT": "image/png",
        "TRANSPARENT": "FALSE",
    }  # fmt: skip


@pytest.mark.parametrize(
    "given",
    [
        {"layers": "secret"}, {"layers": "projects,projects,projects", "styles": ",,"}, {"styles": "none"},
        {"styles": "projects-light,projects-light"}, {"crs": "EPSG:2436"}, {"crs": "AUTO:42001"}, {"bbox": "1,2,3"},
        {"bbox": "1,2,3,nan"}, {"width": "99999"}, {"height": "0"}, {"format": "application/x-pdf"},
        {"SLD": "http://evil/"}, {"sld_body": "<a/>"}, {"map": "/etc/passwd"}, {"Mode": "map"}, {"request": "GetStyles"},
        {"request": ""}, {"width": ""},
    ],
)  # fmt: skip
def test_what_a_map_may_not_ask_for_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ServiceError):
        read_wms({**MAP, **given}, OFFER)


def test_an_old_version_has_its_own_names() -> None:
    asked = {**{k: v for k, v in MAP.items() if k != "crs"}, "version": "1.1.1", "srs": "EPSG:4326"}
    query = read_wms(
        {**asked, "request": "GetFeatureInfo", "query_layers": "projects", "x": "3", "y": "4"}, OFFER
    )
    assert (query.parameters["SRS"], query.parameters["X"], query.parameters["Y"]) == ("EPSG:4326", "3", "4")
    assert query.parameters["VERSION"] == "1.1.1"


@pytest.mark.parametrize(
    ("box", "written"),
    [
        # without a system, and by its long name: latitude first, as EPSG defines it
        ("32,115,33,116", "32.0,115.0,33.0,116.0,urn:ogc:def:crs:EPSG::4490"),
        ("32,115,33,116,urn:ogc:def:crs:EPSG::4326", "32.0,115.0,33.0,116.0,urn:ogc:def:crs:EPSG::4326"),
        # by its short name: longitude first, as every client means it
        ("115,32,116,33,EPSG:4490", "32.0,115.0,33.0,116.0,urn:ogc:def:crs:EPSG::4490"),
        ("115,32,116,33,CRS:84", "32.0,115.0,33.0,116.0,urn:ogc:def:crs:EPSG::4326"),
        ("39396000,3660000,39397000,3661000,EPSG:4527", "3660000.0,39396000.0,3661000.0,39397000.0,urn:ogc:def:crs:EPSG::4527"),
        ("1,2,3,4,EPSG:3857", "1.0,2.0,3.0,4.0,urn:ogc:def:crs:EPSG::3857"),
    ],
)  # fmt: skip
def test_a_box_means_the_axis_order_of_the_name_it_carries(box: str, written: str) -> None:
    assert features(bbox=box)["BBOX"] == written


def test_the_first_version_has_east_first_always() -> None:
    assert features(version="1.0.0", bbox="115,32,116,33")["BBOX"] == "115.0,32.0,116.0,33.0,EPSG:4490"


@pytest.mark.parametrize(
    "given",
    [
        {"typenames": "secret"}, {"typenames": "projects,bim_models"}, {"typenames": ""}, {"bbox": "33,115,32,116"},
        {"bbox": "a,b,c,d"}, {"bbox": "1,2,3,4,EPSG:2436"}, {"srsname": "EPSG:21413"}, {"count": "-1"}, {"count": "1;2"},
        {"startindex": "x"}, {"propertyname": "lead_person"}, {"sortby": "lead_person"}, {"sortby": "(select 1)"},
        {"outputformat": "shapezip"}, {"resourceid": "projects.x"}, {"resourceid": "secret.1"},
        {"storedquery_id": "urn:evil"}, {"bbox": "1,2,3,4", "resourceid": "projects.1"},
        {"request": "Transaction"}, {"request": "LockFeature"}, {"filter": "name = 1"}, {"filter": "<Filter>"},
    ],
)  # fmt: skip
def test_what_features_may_not_ask_for_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ServiceError):
        features(**given)


def test_a_query_is_written_anew_part_by_part() -> None:
    asked = features(
        COUNT="7", startIndex="14", sortBy="twin:name D,code", propertyName="twin:name,geom", filter=comparison(),
        srsName="urn:ogc:def:crs:EPSG::4527", outputFormat="application/json", surprise="1",
    )  # fmt: skip
    assert asked == {
        "SERVICE": "WFS", "VERSION": "2.0.0", "REQUEST": "GetFeature", "TYPENAMES": "projects", "COUNT": "7",
        "STARTINDEX": "14", "SORTBY": "name DESC,code ASC", "PROPERTYNAME": "name,geom",
        "SRSNAME": "urn:ogc:def:crs:EPSG::4527", "OUTPUTFORMAT": "geojson",
        "FILTER": "<Filter><PropertyIsEqualTo><ValueReference>name</ValueReference><Literal>桥</Literal>"
                  "</PropertyIsEqualTo></Filter>",
    }  # fmt: skip


BOMB = '<!DOCTYPE a [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "text",
    [
        BOMB + comparison(literal="&b;"), BOMB, '<!DOCTYPE a SYSTEM "file:///etc/passwd"><Filter/>', comparison("lead_person"),
        comparison("name = 1 OR 1"), comparison(literal="x" * 2_000), f"<Filter>{'<Not>' * 40}{'</Not>' * 40}</Filter>",
        f"<Filter><And>{'<PropertyIsNull/>' * 3_000}</And></Filter>", "<Filter><Function name='pg_sleep'/></Filter>",
        "<Filter><PropertyIsLike><PropertyName>code;drop</PropertyName><Literal>a</Literal></PropertyIsLike></Filter>",
        "<Filter><BBOX><Envelope><lowerCorner>1 2); drop</lowerCorner></Envelope></BBOX></Filter>",
        "<Filter><BBOX><Envelope srsName='http://evil/'/></BBOX></Filter>", "<Filter><FeatureId fid='projects.1 or 1'/></Filter>",
        "<GetFeature/>", "", "<Filter>" + " " * 300_000 + "</Filter>", "\x00", "<Filter xmlns:a='b'><a:Evil/></Filter>",
    ],
)  # fmt: skip
def test_a_hostile_filter_goes_no_further(text: str) -> None:
    with pytest.raises(ServiceError):
        features(filter=text)


def test_a_filter_keeps_its_geometry_and_the_axis_order_that_it_names() -> None:
    text = (
        f"<fes:Filter {FES}><fes:And><fes:BBOX><fes:ValueReference>twin:geom</fes:ValueReference>"
        '<gml:Envelope srsName="http://www.opengis.net/def/crs/EPSG/0/4490" evil="1"><gml:lowerCorner>32 115</gml:lowerCorner>'
        "<gml:upperCorner>33 116</gml:upperCorner></gml:Envelope></fes:BBOX>"
        '<fes:PropertyIsLike wildCard="*" singleChar="." escapeChar="!" matchCase="false"><fes:ValueReference>name'
        "</fes:ValueReference><fes:Literal>*桥' OR 1=1*</fes:Literal></fes:PropertyIsLike></fes:And></fes:Filter>"
    )
    root = ET.fromstring(features(filter=text)["FILTER"])
    envelope, like = root.find(".//Envelope"), root.find(".//PropertyIsLike")
    assert envelope is not None
    assert like is not None
    assert envelope.attrib == {"srsName": "urn:ogc:def:crs:EPSG::4490"}
    assert like.get("wildCard") == "*"
    assert root.findtext(".//Literal") == "*桥' OR 1=1*"
    assert root.findtext(".//BBOX/ValueReference") == "geom"


def test_a_body_stands_for_the_same_parameters() -> None:
    body = (
        '<wfs:GetFeature xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:fes="http://www.opengis.net/fes/2.0" '
        'service="WFS" version="2.0.0" count="5" startIndex="5"><wfs:Query typeNames="twin:projects" srsName="EPSG:3857">'
        "<wfs:PropertyName>twin:name</wfs:PropertyName><fes:Filter><fes:PropertyIsNull><fes:ValueReference>code"
        "</fes:ValueReference></fes:PropertyIsNull></fes:Filter><fes:SortBy><fes:SortProperty><fes:ValueReference>name"
        "</fes:ValueReference><fes:SortOrder>DESC</fes:SortOrder></fes:SortProperty></fes:SortBy></wfs:Query></wfs:GetFeature>"
    )
    asked = read_wfs(read_body(body.encode()), OFFER).parameters
    assert (asked["COUNT"], asked["STARTINDEX"], asked["TYPENAMES"]) == ("5", "5", "projects")
    assert (asked["SRSNAME"], asked["SORTBY"], asked["PROPERTYNAME"]) == ("EPSG:3857", "name DESC", "name")
    assert "<PropertyIsNull><ValueReference>code</ValueReference></PropertyIsNull>" in asked["FILTER"]
    with pytest.raises(ServiceError):
        read_body((BOMB + body).encode())


def test_a_tile_is_the_map_of_its_square() -> None:
    asked = {"service": "WMTS", "request": "GetTile", "layer": "projects", "style": "default",
             "tilematrixset": "GoogleMapsCompatible", "tilematrix": "1", "tilerow": "0", "tilecol": "1"}  # fmt: skip
    tile = read_wmts(asked, OFFER)
    assert tile is not None
    box = [float(part) for part in tile.query().parameters["BBOX"].split(",")]
    assert box == pytest.approx([0, 0, 20037508.342789244, 20037508.342789244], abs=1e-6)
    assert tile.style == "projects-light"
    for wrong in ({"tilerow": "2"}, {"tilematrix": "33"}, {"layer": "secret"}, {"style": "x"}, {"tilematrixset": "c"},
                  {"tilecol": "-1"}, {"request": "GetFeatureInfo"}):  # fmt: skip
        with pytest.raises(ServiceError):
            read_wmts({**asked, **wrong}, OFFER)


@pytest.mark.parametrize("size", [1, 2, 7, 16, 1000])
def test_short_names_become_long_wherever_the_answer_is_cut(size: int) -> None:
    text = b'<a srsName="EPSG:4490"/><b srsName="urn:x"/><c srsName="EPSG:4527">srsName</c>' * 3

    async def joined() -> bytes:
        async def cut() -> AsyncIterator[bytes]:
            for start in range(0, len(text), size):
                yield text[start : start + size]

        return b"".join([chunk async for chunk in with_long_names(cut())])

    assert asyncio.run(joined()) == text.replace(b'"EPSG:', b'"urn:ogc:def:crs:EPSG::')


def test_an_error_is_a_report_of_the_service_in_both_languages() -> None:
    error = ServiceError("LayerNotDefined", "LAYERS", 'There is no layer "<a>".', "没有图层。")
    for service, tag in (("WMS", "ServiceException"), ("WFS", "ExceptionText"), ("WMTS", "ExceptionText")):
        root = ET.fromstring(exception_report(service, error))
        found = next(item for item in root.iter() if item.tag.endswith("}" + tag))
        assert found.text == 'There is no layer "<a>". 没有图层。'
