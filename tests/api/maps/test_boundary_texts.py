"""Boundary-point TXT 勘测定界 through the doors: into the database, out again, in again, and who may have it."""

import re
from pathlib import Path
from typing import Any

import pytest
import shapely

from gis.exchange import ReadChoices, ReadResult, read_file
from tests.api.conftest import Doors
from tests.api.importing import SAMPLES, answered, boundary_text, imported, rows, sent
from tests.api.seeding import PRIVATE_CODE, PUBLIC_CODE

PARCELS = "/ogc/collections/land_parcels/items"
AREAS = "/ogc/collections/control_areas/items"
PROJECTS = "/ogc/collections/projects/items"
HEAD = ("parcel_no", "name", "kind", "sheet", "use", "land_code")
SAMPLE_FILES = (
    "boundary-gbk.txt",
    "boundary-hole-restart.txt",
    "boundary-swapped.txt",
    "boundary-two-parcels.txt",
    "boundary-utf8-bom.txt",
    "boundary-zone38.txt",
)
HAND_MADE = "\r\n".join([
    "[属性描述]", "坐标系=2000国家大地坐标系", "几度分带=3", "计量单位=米", "带号=39", "[地块坐标]",
    # a full-width comma in the name, 41.9829 亩 = 27 988.6 m², a hole whose numbers begin anew
    "10,41.9829亩,HM-01,地块一，东区（甲）,面,,工业用地,0601,@",
    "J1,1,3671450.001,39371200.002", "J2,1,3671450.003,39371400.004", "J3,1,3671300.005,39371400.006",
    "J4,1,3671300.007,39371200.008", "J1,1,3671450.001,39371200.002",
    "J1,2,3671390.000,39371250.000", "J2,2,3671390.000,39371300.000", "J3,2,3671350.000,39371300.000",
    "J4,2,3671350.000,39371250.000", "J1,2,3671390.000,39371250.000",
    # two parts, 公顷 named, a rare character, a use with a blank, no land code
    "10,1.9992公顷,HM-02,㙍塬 二期,面,,商业 服务业,,@",
    "J1,1,3671400.000,39371600.000", "J2,1,3671400.000,39371700.000", "J3,1,3671300.000,39371700.000",
    "J4,1,3671300.000,39371600.000", "J1,1,3671400.000,39371600.000",
    "J5,2,3671400.000,39371800.000", "J6,2,3671400.000,39371900.000", "J7,2,3671300.000,39371900.000",
    "J8,2,3671300.000,39371800.000", "J5,2,3671400.000,39371800.000", "",
])  # fmt: skip


def read(content: bytes, folder: Path, zone: int | None = None) -> ReadResult:
    path = folder / "read.txt"
    path.write_bytes(content)
    return read_file(path, "read.txt", ReadChoices(zone=zone))


def by_number(result: ReadResult) -> dict[str, tuple[Any, ...]]:
    """Return what the heads of the parcels say, whole square metres with them."""
    return {
        each.attributes["parcel_no"]: (
            *(each.attributes[name] for name in HEAD),
            None if each.stated_area_m2 is None else round(each.stated_area_m2),
        )
        for each in result.features
    }


def check_same_places(one: ReadResult, other: ReadResult) -> None:
    """Hold corners against corners, each within 0.001 m, ring by ring wherever it begins."""
    others = {each.attributes["parcel_no"]: each.geometry for each in other.features}
    assert one.crs == other.crs
    for each in one.features:
        mine, twin = each.geometry, others[each.attributes["parcel_no"]]
        assert shapely.get_num_coordinates(mine) == shapely.get_num_coordinates(twin)
        corners, them = shapely.get_coordinates(mine), shapely.get_coordinates(twin)
        for corner in corners:
            assert min(abs(them - corner).max(axis=1)) < 0.0005
        assert shapely.equals(shapely.set_precision(mine, 0.001), shapely.set_precision(twin, 0.001))


def walk(doors: Doors, folder: Path, name: str, content: bytes, zone: int | None = None) -> bytes:
    """Import a file as parcels, take them out again, hold both against one another, and import that again."""
    given = {} if zone is None else {"zone": str(zone)}
    upload = sent(doors, name, content, **given)
    imported(doors, folder, upload["upload_id"], "land_parcels")
    before = read(content, folder, zone)
    numbers = "','".join(by_number(before))
    answer = doors.get(f"{PARCELS}?f=txt&filter=parcel_no IN ('{numbers}')", "planner")
    assert answer.status_code == 200, answer.text
    after = read(answer.content, folder)
    assert by_number(after) == by_number(before)
    check_same_places(before, after)
    versions = rows(doors, "SELECT id, row_version, updated_at, xmin::text FROM land_parcel ORDER BY id")
    again = imported(doors, folder, sent(doors, "导出.txt", answer.content)["upload_id"], "land_parcels")
    assert (again["added"], again["changed"]) == (0, 0), again
    assert again["unchanged"] == len(before.features)
    assert versions == rows(
        doors, "SELECT id, row_version, updated_at, xmin::text FROM land_parcel ORDER BY id"
    )
    return answer.content


def test_every_sample_and_a_file_made_by_hand_come_back_as_they_went_in(
    own_doors: Doors, tmp_path: Path
) -> None:
    for place, name in enumerate(SAMPLE_FILES):  # most hold DK01: each gets numbers of its own
        content = (SAMPLES / name).read_bytes().replace(b",DK", f",S{place}-DK".encode())
        walk(own_doors, tmp_path, name, content)
    content = walk(own_doors, tmp_path, "手工.txt", HAND_MADE.encode("gb18030")).decode("gb18030")
    assert "10,2.7989,HM-01,地块一，东区（甲）,面,,工业用地,0601,@" in content
    assert "10,1.9992,HM-02,㙍塬 二期,面,,商业 服务业,,@" in content
    assert rows(own_doors, "SELECT stated_area_m2 FROM land_parcel WHERE parcel_no = 'HM-01'") == [
        (27_988.6,)
    ]


def test_a_name_that_the_format_cannot_hold_is_not_overwritten_by_its_stand_in(
    own_doors: Doors, tmp_path: Path
) -> None:
    feature = own_doors.get(f"{PARCELS}?parcel_no=DK-0001", "planner").json()["features"][0]
    edit = {"type": "Feature", "properties": {"name": "甲, 乙@丙", "stated_area_m2": 1000.25}}
    changed = own_doors.request("PATCH", f"{PARCELS}/{feature['id']}", "planner", json=edit)
    assert changed.status_code in (200, 204), changed.text
    content = own_doors.get(f"{PARCELS}?f=txt&parcel_no=DK-0001", "planner").content
    assert ",0.1000,DK-0001,甲、 乙＠丙,面,,工业,0601,@" in content.decode("gb18030")
    upload = sent(own_doors, "a.txt", content)["upload_id"]
    assert imported(own_doors, tmp_path, upload, "land_parcels")["unchanged"] == 1
    renamed = content.decode("gb18030").replace("甲、 乙＠丙", "甲、乙").replace(",0.1000,", ",0.1001,")
    upload = sent(own_doors, "b.txt", renamed.encode())["upload_id"]
    assert imported(own_doors, tmp_path, upload, "land_parcels")["changed"] == 1
    found = rows(own_doors, "SELECT name, stated_area_m2 FROM land_parcel WHERE parcel_no = 'DK-0001'")
    assert found == [("甲、乙", 1001.0)]


def test_parcels_of_two_zones_are_one_file_each(own_doors: Doors, tmp_path: Path) -> None:
    content = (SAMPLES / "boundary-mixed-zones.txt").read_bytes()
    for zone in (38, 39):
        upload = sent(own_doors, f"{zone}.txt", content, zone=str(zone))
        imported(own_doors, tmp_path, upload["upload_id"], "land_parcels")
    chosen = f"{PARCELS}?f=txt&filter=parcel_no IN ('DK01','DK38')"
    refused = own_doors.get(chosen, "planner", headers={"Accept-Language": "en"})
    assert (refused.status_code, refused.json()["errors"][0]["where"]) == (400, "zone")
    assert "1 in zone 38 (zone=38), 1 in zone 39 (zone=39)" in refused.json()["detail"]
    assert own_doors.request("HEAD", chosen, "planner").status_code == 400
    for zone, number, code in ((38, "DK38", 4526), (39, "DK01", 4527)):
        answer = own_doors.get(f"{chosen}&zone={zone}", "planner")
        assert answer.headers["Content-Crs"].endswith(f"/EPSG/0/{code}>")
        assert answer.headers["OGC-NumberReturned"] == answer.headers["OGC-NumberMatched"] == "1"
        assert list(by_number(read(answer.content, tmp_path))) == [number]


def test_control_areas_and_red_lines_come_back_too(own_doors: Doors, tmp_path: Path) -> None:
    text = boundary_text(("NT-1", "农田一", 0.9996), ("NT-2", "农田二", 0.9996))
    upload = sent(own_doors, "农田.txt", text.encode("gb18030"))
    imported(own_doors, tmp_path, upload["upload_id"], "farmland")
    answer = own_doors.get(f"{AREAS}?f=txt&layer=farmland&filter=code LIKE 'NT-%25'", "planner")
    after = read(answer.content, tmp_path)
    assert by_number(after) == by_number(read(text.encode(), tmp_path))
    check_same_places(read(text.encode(), tmp_path), after)
    again = sent(own_doors, "再次.txt", answer.content)
    assert imported(own_doors, tmp_path, again["upload_id"], "farmland")["unchanged"] == 2

    line = boundary_text((PUBLIC_CODE, "红线", 0.9996)).encode()
    upload = sent(own_doors, "红线.txt", line, "division")
    answered(own_doors, upload["upload_id"], "division", mapping={"parcel_no": "code"})
    imported(own_doors, tmp_path, upload["upload_id"], "projects", "division")
    answer = own_doors.get(f"{PROJECTS}?f=txt&code={PUBLIC_CODE}", "division")
    check_same_places(read(line, tmp_path), read(answer.content, tmp_path))
    again = sent(own_doors, "再次.txt", answer.content, "division")
    answered(own_doors, again["upload_id"], "division", mapping={"parcel_no": "code"})
    counts = imported(own_doors, tmp_path, again["upload_id"], "projects", "division")
    assert (counts["changed"], counts["unchanged"]) == (0, 1)


def test_the_answer_says_encoding_zone_and_name(doors: Doors, tmp_path: Path) -> None:
    answer = doors.get(f"{PARCELS}?f=txt&parcel_no=DK-0001", "planner")
    assert answer.headers["Content-Type"] == "text/plain; charset=GB18030"
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"land_parcels.txt\"; filename*=UTF-8''%E5%82%A8%E5%A4%87%E5%9C%B0%E5%9D%97.txt"
    )
    assert answer.headers["Content-Crs"].endswith("/EPSG/0/4527>")
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    same = doors.get(f"{PARCELS}?f=txt&parcel_no=DK-0001&encoding=utf-8", "planner")
    assert same.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert by_number(read(same.content, tmp_path)) == by_number(read(answer.content, tmp_path))
    asked = doors.get(f"{PARCELS}?parcel_no=DK-0001", "planner", headers={"Accept": "text/plain"})
    assert asked.headers["Content-Type"].startswith("text/plain")
    head = doors.request("HEAD", f"{PARCELS}?f=txt&parcel_no=DK-0001", "planner")
    assert (head.status_code, head.headers["OGC-NumberReturned"], head.content) == (200, "1", b"")
    assert head.headers["Content-Type"] == "text/plain; charset=GB18030"


def test_boxes_fields_order_and_pages_hold_for_it(doors: Doors, tmp_path: Path) -> None:
    box = "bbox=115.6999,33.1999,115.7049,33.2009"
    found = by_number(read(doors.get(f"{PARCELS}?f=txt&{box}", "planner").content, tmp_path))
    assert list(found) == [f"DK-10000{n}" for n in range(5)]
    turned = doors.get(f"{PARCELS}?f=txt&{box}&sortby=-parcel_no&limit=2&properties=parcel_no", "planner")
    assert list(by_number(read(turned.content, tmp_path))) == ["DK-100004", "DK-100003"]
    assert {each[-1] for each in by_number(read(turned.content, tmp_path)).values()} == {None}
    link = turned.links["next"]
    assert link["type"] == "text/plain"
    rest = doors.get(re.sub(r"^http://[^/]+", "", link["url"]), "planner")
    assert list(by_number(read(rest.content, tmp_path))) == ["DK-100002", "DK-100001"]
    hits = doors.get(f"{PARCELS}?f=txt&{box}&resultType=hits", "planner")
    assert hits.json()["numberMatched"] == 5


@pytest.mark.parametrize("path", [PARCELS, AREAS, PROJECTS])
def test_only_readers_by_right_get_surveyed_coordinates(doors: Doors, path: str) -> None:
    assert doors.get(f"{path}?f=txt").status_code == 401
    assert doors.request("HEAD", f"{path}?f=txt").status_code == 401
    assert (
        doors.get(f"{path}?limit=1", headers={"Accept": "text/plain"}).json()["type"] == "FeatureCollection"
    )
    links = {link["type"] for link in doors.get(f"{path}?limit=1").json()["links"]}
    assert "text/plain" not in links
    links = {link["type"] for link in doors.get(f"{path}?limit=1", "planner").json()["links"]}
    assert "text/plain" in links
    assert "f=txt" not in doors.get(f"{path}?f=html").text
    assert "f=txt" in doors.get(f"{path}?f=html", "planner").text


def test_a_right_for_some_projects_gives_their_red_lines_alone(doors: Doors, tmp_path: Path) -> None:
    assert doors.get(f"{PARCELS}?f=txt", "contractor").status_code == 403
    own = doors.get(f"{PROJECTS}?f=txt", "contractor")
    assert list(by_number(read(own.content, tmp_path))) == [PUBLIC_CODE]
    every = doors.get(f"{PROJECTS}?f=txt", "division")
    assert set(by_number(read(every.content, tmp_path))) == {PUBLIC_CODE, PRIVATE_CODE}


@pytest.mark.parametrize("layer", ["project_points", "bim_models", "bim_elements"])
def test_a_layer_without_surveyed_outlines_offers_no_such_file(doors: Doors, layer: str) -> None:
    answer = doors.get(f"/ogc/collections/{layer}/items?f=txt", "planner")
    assert answer.status_code == 400
    assert "txt" in answer.json()["detail"]
    links = doors.get(f"/ogc/collections/{layer}", "planner").json()["links"]
    assert all(link["type"] != "text/plain" for link in links)


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("crs=http://www.opengis.net/def/crs/EPSG/0/4527", "crs"),
        ("zone=46", "zone"),
        ("zone=40", "zone"),
        ("encoding=latin-1", "encoding"),
        ("bbox=0,0,1,1", "f"),
    ],
)
def test_what_it_cannot_hold_is_a_problem_with_the_parameter(doors: Doors, query: str, where: str) -> None:
    answer = doors.get(f"{PARCELS}?f=txt&{query}", "planner")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["errors"][0]["where"] == where
    for other in ("zone=39", "encoding=utf-8"):
        assert doors.get(f"{PARCELS}?f=csv&{other}", "planner").status_code == 400


def test_the_definition_names_it_for_those_who_may(doors: Doors) -> None:
    for login, is_there in ((None, False), ("planner", True)):
        document = doors.get("/ogc/api", login).json()
        described = document["paths"]["/collections/land_parcels/items"]["get"]
        assert ("text/plain" in described["responses"]["200"]["content"]) is is_there
        names = {each.get("$ref", "").rpartition("/")[2] for each in described["parameters"]}
        assert ({"zone", "encoding"} <= names) is is_there
