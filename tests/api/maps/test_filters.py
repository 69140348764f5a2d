"""CQL2 filters through every door, and what is said of them."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import mapbox_vector_tile
import psycopg
import pytest

from gis.cql2 import FUNCTIONS
from tests.api.conftest import Doors
from tests.api.seeding import BIG, PUBLIC_NAME

DOCS = Path(__file__).parents[3] / "docs"
PARCELS = "/ogc/collections/land_parcels/items"
PROJECTS = "/ogc/collections/projects/items"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


def found(doors: Doors, path: str, login: str | None = None, **query: str) -> list[int]:
    """Return the ids of a filtered collection, all pages followed."""
    address, ids = f"{path}?{urlencode(query)}", []
    while address:
        answer = doors.get(address, login)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        ids += [feature["id"] for feature in document["features"]]
        following = [link["href"] for link in document["links"] if link["rel"] == "next"]
        address = "?".join(urlsplit(following[0])[2:4]) if following else ""
    return ids


def by_hand(doors: Doors, where: str, relation: str = "layer_land_parcels(NULL)") -> list[int]:
    with psycopg.connect(doors.seeded.url) as connection:
        return [
            row[0]
            for row in connection.execute(
                f"SELECT id FROM {relation} WHERE row_public AND ({where}) ORDER BY id".encode()
            )
        ]


def test_text_and_json_give_the_same_rows_as_sql_over_all_pages(doors: Doors) -> None:
    expected = by_hand(doors, "parcel_no LIKE 'DK-1%9' AND kind = '储备' AND area_m2 / 2 < 3309")
    assert 50 < len(expected) < BIG
    text = "parcel_no LIKE 'DK-1%9' AND kind = '储备' AND area_m2 / 2 < 3309"
    tree = {
        "op": "and",
        "args": [
            {"op": "like", "args": [{"property": "parcel_no"}, "DK-1%9"]},
            {"op": "=", "args": [{"property": "kind"}, "储备"]},
            {"op": "<", "args": [{"op": "/", "args": [{"property": "area_m2"}, 2]}, 3309]},
        ],
    }
    assert found(doors, PARCELS, filter=text, limit="40") == expected
    assert (
        found(doors, PARCELS, filter=json.dumps(tree), **{"filter-lang": "cql2-json"}, limit="40") == expected
    )


def test_a_filter_joins_the_other_parameters(doors: Doors) -> None:
    where = "name = '城东一号' OR parcel_no = 'DK-100001'"
    assert len(found(doors, PARCELS, filter=where)) == 2
    assert found(doors, PARCELS, filter=where, kind="储备", bbox="115.60,33.14,115.63,33.17") == [1]
    assert found(doors, PARCELS, filter=where, sortby="-parcel_no", properties="kind")[1] == 1


def test_the_chinese_name_of_a_project_is_found_as_qgis_writes_it(doors: Doors) -> None:
    for text in (
        f"\"name\" = '{PUBLIC_NAME}'",
        "(CASEI(\"name\") LIKE CASEI('%跨线桥'))",
        "(\"stage\" IN ('construction')) AND (NOT (\"name\" LIKE '%\\\\%%'))",
    ):
        assert found(doors, PROJECTS, filter=text) == [1], text


@pytest.mark.parametrize(
    ("crs", "shape"),
    [
        ("", "POINT(115.615 33.155)"),
        (f"{EPSG}4490", "POINT(33.155 115.615)"),
        ("EPSG:4490", "POINT(115.615 33.155)"),
        (f"{EPSG}4326", "BBOX(33.1549,115.6149,33.1551,115.6151)"),
        (f"{EPSG}4527", "BBOX(3669000,39369000,3673500,39372500)"),
        ("EPSG:4527", "POLYGON((39369000 3669000,39372500 3669000,39372500 3673500,39369000 3673500,39369000 3669000))"),
    ],
)  # fmt: skip
def test_the_geometries_of_a_filter_are_read_in_its_crs_and_axis_order(
    doors: Doors, crs: str, shape: str
) -> None:
    given = {"filter-crs": crs} if crs else {}
    assert found(doors, PARCELS, filter=f"S_INTERSECTS(geom,{shape})", **given) == [1]


def test_tiles_and_feed_take_the_same_filters(doors: Doors) -> None:
    text = quote("parcel_no LIKE 'DK-100%'")
    tile = "/tiles/land_parcels/12/3364/1646.mvt"
    whole, cut = (
        {
            item["id"]
            for item in mapbox_vector_tile.decode(doors.get(path).content)["land_parcels"]["features"]
        }
        for path in (tile, f"{tile}?filter={text}")
    )
    assert 0 < len(cut) < len(whole)
    assert cut == whole & set(by_hand(doors, "parcel_no LIKE 'DK-100%'"))
    assert doors.get(f"{tile}?filter=nothing%3D1").status_code == 400
    feed = doors.get("/embed/land_parcels.geojson?filter=parcel_no%3D%27DK-0001%27").json()
    assert [feature["id"] for feature in feed["features"]] == [1]


def test_hits_are_a_number_and_no_feature(doors: Doors) -> None:
    text = quote("parcel_no LIKE 'DK-1%'")
    document = doors.get(f"{PARCELS}?resultType=hits&filter={text}").json()
    assert (document["numberMatched"], document["numberReturned"], document["features"]) == (BIG - 1, 0, [])
    assert "next" not in {link["rel"] for link in document["links"]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("parcel_no = 5", ("property 'parcel_no' (text) cannot be compared with 5 (number)", "属性 parcel_no（文本）不能与 5（数值）比较")),
        ("supply_date > '2025-01-01'", ("write DATE('2025-10-31')", "请写 DATE('2025-10-31')")),
        ("nothing = 1", ("has no property 'nothing'", "没有可筛选的属性 'nothing'")),
        ("pg_sleep(1) = 1", ("no operator or function 'pg_sleep'", "没有运算符或函数 'pg_sleep'")),
        ("parcel_no = 'x", ("a quote is not closed", "引号未闭合")),
        ("(parcel_no = 'x'", ("a bracket is not closed", "括号未闭合")),
        ("parcel_no LIKE 'x\\\\'", ("must not end with a single backslash", "不能以单个反斜杠结尾")),
        ("area_m2 = 9007199254740993", ("more digits than can be kept", "位数过多")),
        ('{"op": "=", "args": []}', ("add filter-lang=cql2-json", "请加上 filter-lang=cql2-json")),
        ("supply_date = DATE('2025-02-30')", ("no date such as", "不是日期")),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_filter_is_said_in_both_languages(
    doors: Doors, text: str, words: tuple[str, str]
) -> None:
    for lang, word in zip(("en", "zh"), words, strict=True):
        answer = doors.get(f"{PARCELS}?lang={lang}&filter={quote(text)}")
        assert answer.status_code == 400
        assert word in answer.json()["detail"]


def test_the_functions_on_offer_are_listed_and_linked(doors: Doors) -> None:
    link = next(link for link in doors.get("/ogc").json()["links"] if link["rel"].endswith("/functions"))
    document = doors.get(urlsplit(link["href"]).path).json()
    assert [entry["name"] for entry in document["functions"]] == [function.name for function in FUNCTIONS]
    length = next(entry for entry in document["functions"] if entry["name"] == "length")
    assert (length["arguments"], length["returns"]) == ([{"type": ["string"]}], ["number"])


@pytest.mark.parametrize(("fence", "lang"), [("cql2", "cql2-text"), ("json", "cql2-json")])
def test_every_example_of_the_reference_works(doors: Doors, fence: str, lang: str) -> None:
    text = (DOCS / "reference" / "filters.md").read_text(encoding="utf-8")
    lines = re.findall(rf"```{fence}\n(.*?)```", text, re.DOTALL)[0].strip().splitlines()
    assert len(lines) >= 3
    for line in lines:
        answer = doors.get(f"{PROJECTS}?filter-lang={lang}&filter={quote(line)}")
        assert answer.status_code == 200, (line, answer.text)
    assert all(f"`{function.name}`" in text for function in FUNCTIONS)


def properties_of(doors: Doors, layer_id: str, what: str, login: str | None = None) -> dict[str, Any]:
    answer = doors.get(f"/ogc/collections/{layer_id}/{what}", login)
    assert answer.headers["Content-Type"] == "application/schema+json"
    properties: dict[str, Any] = answer.json()["properties"]
    return properties


def test_the_schema_marks_as_read_only_what_this_reader_may_not_write(doors: Doors) -> None:
    anonymous = properties_of(doors, "land_parcels", "schema")
    assert all(item["readOnly"] for item in anonymous.values())
    planner = properties_of(doors, "land_parcels", "schema", "planner")
    writable = {name for name, item in planner.items() if "readOnly" not in item}
    assert {"geometry", "parcel_no", "state"} <= writable
    assert not {"id", "area_m2", "area_mu", "updated_at"} & writable
    elements = properties_of(doors, "bim_elements", "schema", "admin")
    assert elements["geometry"]["readOnly"]
    assert "readOnly" not in elements["status"]


def test_the_schema_is_what_features_return(doors: Doors) -> None:
    for layer_id in ("projects", "land_parcels", "control_areas", "bim_elements"):
        schema = properties_of(doors, layer_id, "schema")
        feature = doors.get(f"/ogc/collections/{layer_id}/items?limit=1").json()["features"][0]
        assert set(schema) - {"id", "geometry"} == set(feature["properties"])


def test_every_queryable_filters_by_parameter_and_by_cql2_and_nothing_else_does(doors: Doors) -> None:
    for layer_id in ("projects", "land_parcels", "control_areas", "bim_elements"):
        queryables = properties_of(doors, layer_id, "queryables")
        items = f"/ogc/collections/{layer_id}/items"
        assert queryables["geometry"]["$ref"].startswith("https://geojson.org/schema/")
        assert "type" not in queryables["geometry"]
        for name, item in queryables.items():
            text = quote(f'"{name}" IS NULL')
            assert doors.get(f"{items}?filter={text}").status_code == 200, name
            if name != "geometry":
                assert isinstance(item["type"], str)
                assert (
                    any("\u4e00" <= letter <= "\u9fff" for letter in item["title"])
                    or item["title"] == "GlobalId"
                )


def test_a_collection_links_every_format_its_queryables_and_its_schema(doors: Doors) -> None:
    for entry in doors.get("/ogc/collections").json()["collections"]:
        rels = {link["rel"] for link in entry["links"]}
        assert {"items", "describedby", "describedBy", "self", "alternate"} <= rels
        assert any(rel.endswith("/queryables") for rel in rels)
        assert any(rel.endswith("/schema") for rel in rels)
        first = next(link for link in entry["links"] if link["rel"] == "items")
        assert first["type"] == "application/geo+json"
        assert "?" not in first["href"]
