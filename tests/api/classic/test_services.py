"""WMS, WFS and WMTS against the other doors: the same rows, fields, values and colours, and nothing hidden."""

import io
import re
from collections import Counter
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from tests.api.classic.conftest import needs_mapserver
from tests.api.conftest import Doors
from tests.api.seeding import BIG, MARKS, PUBLIC_CODE, PUBLIC_NAME
from twin.layers.themes import FIXED_THEMES

pytestmark = needs_mapserver

WFS = "/classic/wfs?service=WFS&version=2.0.0&request=GetFeature"
MAP = (
    "/classic/wms?service=WMS&version=1.3.0&request=GetMap&crs=EPSG:4490&width=60&height=60&format=image/png"
)
INSIDE = "33.153,115.613,33.157,115.617"  # latitude first
STYLES = [rule.id for rule in FIXED_THEMES if rule.layer == "projects"] + ["projects-light"]


def ids(text: str, layer: str) -> list[int]:
    return [int(number) for number in re.findall(rf'<twin:{layer} gml:id="{layer}\.(\d+)"', text)]


def test_wfs_pages_through_every_row_once_with_the_ids_of_the_items(classic_doors: Doors) -> None:
    found: list[int] = []
    size = BIG // 3 + 1
    for start in range(0, BIG, size):
        page = classic_doors.get(f"{WFS}&typenames=land_parcels&count={size}&startindex={start}")
        assert page.status_code == 200
        assert f'numberMatched="{BIG}"' in page.text
        found += ids(page.text, "land_parcels")
    items = classic_doors.get(f"/ogc/collections/land_parcels/items?limit={BIG}").json()["features"]
    assert len(found) == len(set(found)) == BIG
    assert set(found) == {item["id"] for item in items}


def test_wfs_carries_chinese_values_and_nine_decimals(classic_doors: Doors) -> None:
    root = ET.fromstring(classic_doors.get(f"{WFS}&typenames=twin:projects").content)
    values = {item.tag.rpartition("}")[2]: item.text for item in root.iter()}
    assert (values["code"], values["name"], values["progress"]) == (PUBLIC_CODE, PUBLIC_NAME, "60")
    corners = (values["posList"] or "").split()
    assert {corners[0], corners[1]} <= {"33.150000000", "33.160000000", "115.610000000", "115.620000000"}
    assert float(corners[0]) < 34  # latitude first, as its URN says


@pytest.mark.parametrize(
    ("query", "cql"),
    [
        ("bbox=33.2,115.7,33.21,115.71", "bbox=115.7,33.2,115.71,33.21"),
        ("bbox=115.7,33.2,115.71,33.21,EPSG:4490", "bbox=115.7,33.2,115.71,33.21"),
        ("bbox=115.7,33.2,115.71,33.21,CRS:84", "bbox=115.7,33.2,115.71,33.21"),
        ("bbox=33.2,115.7,33.21,115.71,urn:ogc:def:crs:EPSG::4326", "bbox=115.7,33.2,115.71,33.21"),
        ("resourceid=land_parcels.1,land_parcels.1003", "filter=id IN (1,1003)"),
    ],
)  # fmt: skip
def test_wfs_finds_what_the_items_find(classic_doors: Doors, query: str, cql: str) -> None:
    found = ids(classic_doors.get(f"{WFS}&typenames=land_parcels&{query}").text, "land_parcels")
    if cql.startswith("filter"):
        assert sorted(found) == [1, 1003]
        return
    items = classic_doors.get(f"/ogc/collections/land_parcels/items?limit={BIG}&{cql}").json()["features"]
    assert sorted(found) == sorted(item["id"] for item in items) != []


@pytest.mark.parametrize(
    ("condition", "parcels"),
    [
        ("<PropertyIsEqualTo><PropertyName>name</PropertyName><Literal>城东一号</Literal></PropertyIsEqualTo>", [1]),
        ("<PropertyIsLike wildCard='*' singleChar='.' escape='!'><PropertyName>name</PropertyName><Literal>城*</Literal></PropertyIsLike>", [1]),
        ("<PropertyIsEqualTo><PropertyName>name</PropertyName><Literal>x' OR '1'='1</Literal></PropertyIsEqualTo>", []),
        ("<And><PropertyIsEqualTo><PropertyName>state</PropertyName><Literal>ready</Literal></PropertyIsEqualTo>"
         "<PropertyIsGreaterThan><PropertyName>area_m2</PropertyName><Literal>1</Literal></PropertyIsGreaterThan></And>", [1]),
    ],
)  # fmt: skip
def test_wfs_filters_by_ogc_filters(classic_doors: Doors, condition: str, parcels: list[int]) -> None:
    text = quote(f"<Filter>{condition}</Filter>")
    assert (
        ids(classic_doors.get(f"{WFS}&typenames=land_parcels&filter={text}").text, "land_parcels") == parcels
    )


WEST, SOUTH, EAST, NORTH = 115.7, 33.2, 115.71, 33.21
RING = [(WEST, SOUTH), (EAST, SOUTH), (EAST, NORTH), (WEST, NORTH), (WEST, SOUTH)]


def written_geometry(kind: str, version: str, crs: str, *, latitude_first: bool) -> str:
    """A box or a polygon as a client of that version writes it."""
    points = [(WEST, SOUTH), (EAST, NORTH)] if kind == "BBOX" else RING
    pairs = [(y, x) if latitude_first else (x, y) for x, y in points]
    if version == "1.0.0":
        text = f"<coordinates>{' '.join(f'{a},{b}' for a, b in pairs)}</coordinates>"
        if kind == "BBOX":
            return f"<Box srsName='{crs}'>{text}</Box>"
        inner = f"<outerBoundaryIs><LinearRing>{text}</LinearRing></outerBoundaryIs>"
        return f"<Polygon srsName='{crs}'>{inner}</Polygon>"
    if kind == "BBOX":
        (a, b), (c, d) = pairs
        corners = f"<lowerCorner>{a} {b}</lowerCorner><upperCorner>{c} {d}</upperCorner>"
        return f"<Envelope srsName='{crs}'>{corners}</Envelope>"
    text = " ".join(f"{a} {b}" for a, b in pairs)
    ring = f"<exterior><LinearRing><posList>{text}</posList></LinearRing></exterior>"
    return f"<Polygon srsName='{crs}'>{ring}</Polygon>"


@pytest.mark.parametrize("version", ["2.0.0", "1.1.0", "1.0.0"])
@pytest.mark.parametrize("kind", ["BBOX", "Intersects"])
@pytest.mark.parametrize(
    ("crs", "latitude_first"),
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", False),
        ("CRS:84", False),
        ("EPSG:4490", False),
        ("urn:ogc:def:crs:EPSG::4326", True),
        ("http://www.opengis.net/def/crs/EPSG/0/4490", True),
    ],
)
def test_wfs_filters_by_geometries_in_the_axis_order_that_their_name_means(
    classic_doors: Doors, version: str, kind: str, crs: str, latitude_first: bool
) -> None:
    name = "ValueReference" if version == "2.0.0" else "PropertyName"
    drawn = written_geometry(kind, version, crs, latitude_first=latitude_first)
    text = f"<Filter><{kind}><{name}>geom</{name}>{drawn}</{kind}></Filter>"
    types = "typenames" if version == "2.0.0" else "typename"
    url = f"/classic/wfs?service=WFS&version={version}&request=GetFeature&{types}=land_parcels&filter={quote(text)}"
    answer = classic_doors.get(f"{url}&outputformat={quote('application/json; subtype=geojson')}")
    assert answer.status_code == 200
    query = f"/ogc/collections/land_parcels/items?limit={BIG}&bbox={WEST},{SOUTH},{EAST},{NORTH}"
    expected, found = (
        sorted(item["properties"]["parcel_no"] for item in each.json()["features"])
        for each in (classic_doors.get(query), answer)
    )
    assert 0 < len(expected) < BIG
    assert found == expected


def test_wfs_takes_the_same_by_post(classic_doors: Doors) -> None:
    body = (
        '<GetFeature xmlns="http://www.opengis.net/wfs/2.0" xmlns:fes="http://www.opengis.net/fes/2.0" version="2.0.0" '
        'service="WFS"><Query typeNames="land_parcels"><fes:Filter><fes:PropertyIsEqualTo><fes:ValueReference>parcel_no'
        "</fes:ValueReference><fes:Literal>DK-0001</fes:Literal></fes:PropertyIsEqualTo></fes:Filter></Query></GetFeature>"
    )
    answer = classic_doors.request("POST", "/classic/wfs", content=body.encode())
    assert ids(answer.text, "land_parcels") == [1]


@pytest.mark.parametrize("style", STYLES)
def test_a_map_has_the_colour_of_the_rule(classic_doors: Doors, style: str) -> None:
    answer = classic_doors.get(f"{MAP}&layers=projects&styles={style}&bbox={INSIDE}")
    assert answer.headers["Content-Type"] == "image/png", answer.text
    image = Image.open(io.BytesIO(answer.content)).convert("RGB")
    painted = Counter(image.tobytes()[k : k + 3] for k in range(0, 3 * 3600, 3)).most_common(1)[0][0]
    esri = classic_doors.get(f"/embed/projects.geojson?style={style.removeprefix('projects-')}").json()
    fill = esri["features"][0]["properties"]["fill"]
    opacity = classic_doors.get(f"/ogc/styles/{style}/legend").json()["opacity"]
    expected = [int(fill[k : k + 2], 16) * opacity + 255 * (1 - opacity) for k in (1, 3, 5)]
    # The engine rounds opacities down: 2 of 255.
    assert all(abs(a - b) <= 3 for a, b in zip(painted, expected, strict=True)), (painted, expected)


@pytest.mark.parametrize("login", [None, "contractor", "planner", "admin"])
def test_every_caller_sees_the_rows_and_fields_of_the_items(classic_doors: Doors, login: str | None) -> None:
    for layer in ("projects", "project_points", "bim_models", "bim_elements", "control_areas"):
        items = classic_doors.get(f"/ogc/collections/{layer}/items?limit=1000", login).json()["features"]
        answer = classic_doors.get(f"{WFS}&typenames={layer}", login)
        assert sorted(ids(answer.text, layer)) == sorted(item["id"] for item in items if item["geometry"])
        schema = classic_doors.get(
            f"/classic/wfs?service=WFS&version=2.0.0&request=DescribeFeatureType&typenames={layer}", login
        )
        declared = set(re.findall(r'<element name="(\w+)" minOccurs', schema.text)) - {"geom"}
        assert declared == set(items[0]["properties"])


def test_an_anonymous_caller_finds_no_mark_of_what_is_hidden(classic_doors: Doors) -> None:
    info = f"{MAP.replace('GetMap', 'GetFeatureInfo')}&layers=projects&query_layers=projects&i=30&j=30&feature_count=50"
    secret = "33.7654,116.7654,33.7656,116.7656"
    paths = [
        "/classic/wms?service=WMS&request=GetCapabilities", "/classic/wfs?service=WFS&request=GetCapabilities",
        "/classic/wmts?service=WMTS&request=GetCapabilities", f"{info}&bbox={INSIDE}", f"{info}&bbox={secret}",
        *(f"{WFS}&typenames={layer}" for layer in ("projects", "bim_elements", "land_parcels", "control_areas")),
        f"{WFS}&storedquery_id=urn:ogc:def:query:OGC-WFS::GetFeatureById&id=projects.2", f"{WFS}&resourceid=projects.2",
    ]  # fmt: skip
    for path in paths:
        text = classic_doors.get(path).text
        assert not [mark for mark in MARKS if mark in text], path
    blank = classic_doors.get(f"{MAP}&layers=projects&styles=&bbox={secret}")
    assert len(Image.open(io.BytesIO(blank.content)).convert("RGB").getcolors() or []) == 1


@pytest.mark.parametrize(
    "query",
    [
        "lead_person", "geom); SELECT pg_sleep(9)--", "name' OR '1'='1", "../../etc/passwd",
    ],
)  # fmt: skip
def test_hostile_names_are_refused_with_a_report(classic_doors: Doors, query: str) -> None:
    for name in ("propertyname", "sortby", "resourceid", "srsname", "outputformat"):
        answer = classic_doors.get(f"{WFS}&typenames=projects&{name}={quote(query)}")
        assert answer.status_code == 400
        assert "ExceptionReport" in answer.text
    for extra in ("sld=http://evil/a.sld", "sld_body=%3Ca/%3E", "map=/etc/passwd", f"layers={quote(query)}"):
        assert classic_doors.get(f"{MAP}&layers=projects&styles=&bbox={INSIDE}&{extra}").status_code == 400


def test_links_lead_back_to_us_alone(classic_doors: Doors) -> None:
    for service in ("wms", "wfs", "wmts"):
        text = classic_doors.get(f"/classic/{service}?service={service}&request=GetCapabilities").text
        links = re.findall(r'xlink:href="([^"]+)"', text)
        assert links
        assert not [link for link in links if not link.startswith("http://twin.test")]


def test_wmts_tiles_are_the_map_and_stay_unchanged(classic_doors: Doors) -> None:
    path = "/classic/wmts?service=WMTS&request=GetTile&layer=projects&style=projects-light&tilematrixset=WebMercatorQuad"
    # zoom 14: the seeded square lies around column 13453, row 6591
    answer = classic_doors.get(f"{path}&tilematrix=14&tilerow=6591&tilecol=13453&format=image/png")
    assert answer.headers["Content-Type"] == "image/png"
    assert len(Image.open(io.BytesIO(answer.content)).convert("RGBA").getcolors(1 << 24) or []) > 1
    rest = classic_doors.get("/classic/wmts/1.0.0/projects/projects-light/WebMercatorQuad/14/6591/13453.png")
    assert rest.content == answer.content
    again = classic_doors.get(str(rest.url), headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert classic_doors.get("/classic/wmts/1.0.0/WMTSCapabilities.xml").text.count("<TileMatrix>") == 21
    assert classic_doors.get("/classic/wmts/1.0.0/projects/x/y.png").status_code == 400


def test_a_legend_is_ours(classic_doors: Doors) -> None:
    asked = "/classic/wms?service=WMS&version=1.3.0&request=GetLegendGraphic&layer=projects&style=projects-light&format=image/png"
    ours = classic_doors.get("/ogc/styles/projects-light/legend?f=png")
    assert classic_doors.get(asked).content == ours.content


def test_switched_off_it_says_how_to_switch_it_on(doors: Doors) -> None:
    answer = doors.get("/classic/wms?service=WMS&request=GetCapabilities")
    assert answer.status_code == 404
    assert "--ogc-classic" in answer.json()["detail"]
