"""OGC API Features as a client meets it: landing page, collections, pages of items, single features."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.api.conftest import ALLOWED_ORIGIN, Doors
from tests.api.seeding import BIG, PRIVATE_CODE, PUBLIC_CODE, PUBLIC_NAME, as_owner
from twin.layers import LAYERS

ITEMS = "/ogc/collections/{}/items"
PARCELS = ITEMS.format("land_parcels")
PROJECTS = ITEMS.format("projects")


def links(document: dict[str, Any], rel: str) -> list[dict[str, str]]:
    return [link for link in document["links"] if link["rel"] == rel]


def path_of(href: str) -> str:
    parts = urlsplit(href)
    assert parts.netloc == "twin.test", href
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def ids(doors: Doors, path: str, login: str | None = None) -> list[int]:
    answer = doors.get(path, login)
    assert answer.status_code == 200, answer.text
    return [feature["id"] for feature in answer.json()["features"]]


def test_every_link_of_the_landing_page_and_collections_answers_with_its_type(doors: Doors) -> None:
    pages = [doors.get("/ogc").json(), doors.get("/ogc/styles").json()]
    pages += doors.get("/ogc/collections").json()["collections"]
    pages += doors.get("/ogc/styles").json()["styles"]
    pages += doors.get("/ogc/collections/projects/tiles").json()["tilesets"]
    for page in pages:
        for link in page["links"]:
            if link.get("templated"):
                continue
            answer = doors.get(path_of(link["href"]), headers={"Accept": link["type"]})
            assert answer.status_code == 200, link
            assert answer.headers["Content-Type"].partition(";")[0] == link["type"].partition(";")[0], link


def test_the_landing_page_has_the_links_that_clients_look_for(doors: Doors) -> None:
    document = doors.get("/ogc").json()
    for rel in ("self", "alternate", "service-desc", "service-doc", "conformance", "data"):
        assert links(document, rel), rel


def test_a_browser_gets_pages_and_a_program_json(doors: Doors) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    for path in (
        "/ogc",
        "/ogc/conformance",
        "/ogc/collections",
        "/ogc/collections/projects",
        PROJECTS,
        f"{PROJECTS}/1",
    ):
        assert doors.get(path, headers=browser).headers["Content-Type"].startswith("text/html"), path
        assert "json" in doors.get(path, headers={"Accept": "*/*"}).headers["Content-Type"], path
        assert doors.get(f"{path}?f=html").headers["Content-Type"].startswith("text/html"), path
        assert "json" in doors.get(f"{path}?f=json", headers=browser).headers["Content-Type"], path


def test_text_of_the_data_stays_text_in_a_page(own_doors: Doors) -> None:
    as_owner(own_doors.seeded.url, "UPDATE project SET name = '<script>alert(1)</script>' WHERE id = 1")
    for path in (f"{PROJECTS}?f=html", f"{PROJECTS}/1?f=html"):
        text = own_doors.get(path).text
        assert "<script>" not in text
        assert "&lt;script&gt;" in text


def test_a_collection_is_the_same_in_the_list_and_alone(doors: Doors) -> None:
    for entry in doors.get("/ogc/collections").json()["collections"]:
        alone = doors.get(f"/ogc/collections/{entry['id']}").json()
        assert alone == entry


def test_all_collections_of_the_contract_are_there_with_their_stored_crs(doors: Doors) -> None:
    found = {entry["id"]: entry for entry in doors.get("/ogc/collections").json()["collections"]}
    assert list(found) == list(LAYERS)
    assert {entry["storageCrs"] for entry in found.values()} == {"http://www.opengis.net/def/crs/EPSG/0/4490"}


def test_an_unknown_collection_is_not_found_on_every_door(doors: Doors) -> None:
    for path in ("", "/items", "/items/1", "/queryables", "/schema", "/tiles", "/tiles/WebMercatorQuad"):
        assert doors.get(f"/ogc/collections/nothing{path}").status_code == 404, path
    assert doors.get("/ogc/collections/nothing/tiles/WebMercatorQuad/0/0/0").status_code == 404
    assert doors.get("/tiles/nothing.json").status_code == 404
    assert doors.get("/tiles/nothing/0/0/0.mvt").status_code == 404
    assert doors.get("/embed/nothing.geojson").status_code == 404


def test_a_feature_carries_what_the_contract_promises(doors: Doors) -> None:
    feature = doors.get(PROJECTS).json()["features"][0]
    promised = {
        "code", "nat_code", "name", "category", "purpose", "stage", "progress", "planned_progress", "deviation",
        "light", "light_code", "investment_total_yuan", "plan_start", "plan_finish", "updated_at",
    }  # fmt: skip
    assert promised <= set(feature["properties"])
    assert feature["id"] == 1
    assert feature["properties"]["name"] == PUBLIC_NAME
    assert feature["geometry"]["type"] == "MultiPolygon"
    element = doors.get(ITEMS.format("bim_elements")).json()["features"][0]["properties"]
    promised = {
        "global_id", "model_id", "project_code", "ifc_class", "name", "storey", "status", "progress", "z_min_m",
        "z_max_m", "light",
    }  # fmt: skip
    assert promised <= set(element)


def test_the_progress_of_a_project_is_the_sum_of_its_weighted_milestones(doors: Doors) -> None:
    properties = doors.get(f"{PROJECTS}/1").json()["properties"]
    assert properties["progress"] == pytest.approx(0.5 * 100 + 0.5 * 20)


@pytest.mark.parametrize("limit", [700, 1000, 2400])
def test_following_next_gives_every_feature_once(doors: Doors, limit: int) -> None:
    path, found, pages = f"{PARCELS}?limit={limit}", [], 0
    while path:
        document = doors.get(path).json()
        assert document["numberReturned"] == len(document["features"])
        found += [feature["id"] for feature in document["features"]]
        following = links(document, "next")
        assert all(link["type"] == "application/geo+json" for link in following)
        path, pages = path_of(following[0]["href"]) if following else "", pages + 1
    assert len(found) == len(set(found)) == BIG
    assert pages == -(-BIG // limit)


def test_the_first_page_says_how_many_there_are(doors: Doors) -> None:
    document = doors.get(f"{PARCELS}?limit=1").json()
    assert (document["numberMatched"], document["numberReturned"]) == (BIG, 1)
    assert document["timeStamp"].endswith("Z")


def test_a_page_has_a_thousand_features_unless_asked_otherwise_and_ten_thousand_at_most(doors: Doors) -> None:
    assert doors.get(PARCELS).json()["numberReturned"] == 1000
    assert doors.get(f"{PARCELS}?limit=1000000").json()["numberReturned"] == BIG


def test_a_large_page_streams_the_same_features_as_small_ones(doors: Doors) -> None:
    large = doors.get(f"{PARCELS}?limit=10000")
    assert "ETag" not in large.headers
    assert "next" not in {link["rel"] for link in large.json()["links"]}
    small = doors.get(f"{PARCELS}?limit=3")
    assert "ETag" in small.headers
    assert large.json()["features"][:3] == small.json()["features"]


def test_a_streamed_page_is_packed_when_asked_for(doors: Doors) -> None:
    answer = doors.get(f"{PARCELS}?limit=10000", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.json()["features"]) == BIG


def test_a_box_keeps_what_it_meets(doors: Doors) -> None:
    assert ids(doors, f"{PARCELS}?bbox=115.60,33.14,115.63,33.17") == [1]
    assert ids(doors, f"{PARCELS}?bbox=10,10,11,11") == []


@pytest.mark.parametrize(
    "query",
    [
        "bbox=33.14,115.60,33.17,115.63&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4326",
        "bbox=33.14,115.60,33.17,115.63&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4490",
        "bbox=115.60,33.14,115.63,33.17&bbox-crs=http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "bbox=3669000,39369000,3673500,39372500&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4527",
        "bbox=39369000,3669000,39372500,3673500&bbox-crs=EPSG:4527",
    ],
)
def test_a_box_is_read_in_its_own_crs_and_axis_order(doors: Doors, query: str) -> None:
    assert ids(doors, f"{PARCELS}?{query}") == [1]


def test_coordinates_come_in_the_crs_asked_for_and_its_axis_order(doors: Doors) -> None:
    plain = doors.get(f"{PARCELS}/1").json()["geometry"]["coordinates"][0][0][0]
    answer = doors.get(f"{PARCELS}/1?crs=http://www.opengis.net/def/crs/EPSG/0/4490")
    assert answer.headers["Content-Crs"] == "<http://www.opengis.net/def/crs/EPSG/0/4490>"
    assert answer.json()["geometry"]["coordinates"][0][0][0] == plain[::-1]
    assert (
        doors.get(f"{PARCELS}?limit=1").headers["Content-Crs"]
        == "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>"
    )


def test_properties_filter_by_equality(doors: Doors) -> None:
    assert ids(doors, f"{PARCELS}?parcel_no=DK-0001") == [1]
    assert ids(doors, f"{PROJECTS}?name={PUBLIC_NAME}&stage=construction") == [1]
    assert ids(doors, f"{PROJECTS}?stage=operation") == []


def test_properties_are_cut_and_sorted_as_asked(doors: Doors) -> None:
    first = doors.get(f"{PARCELS}?properties=parcel_no&sortby=-parcel_no&limit=2").json()
    assert [set(feature["properties"]) for feature in first["features"]] == [{"parcel_no"}] * 2
    numbers = [feature["properties"]["parcel_no"] for feature in first["features"]]
    assert numbers == ["DK-102498", "DK-102497"]
    second = doors.get(path_of(links(first, "next")[0]["href"])).json()
    assert second["features"][0]["properties"]["parcel_no"] == "DK-102496"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=-1", "limit=many", "limit=1&limit=2", "bbox=1,2,3", "bbox=a,b,c,d", "bbox=1,2,3,4,5",
        "bbox=3,5,1,2", "bbox=nan,1,2,3", "unknown=1", "datetime=yesterday", "datetime=2025-13-01",
        "datetime=2025-02-01/2025-01-01", "next=abc", "crs=EPSG:1", "crs=EPSG:2380", "bbox-crs=EPSG:4214",
        "f=exe", "sortby=nothing", "properties=nothing", "area_m2=large", "filter=1%3D",
        "filter=parcel_no%3D5", "filter=nothing%3D1", "filter-lang=cql-text", "filter-crs=EPSG:1", "resultType=some",
    ],
)  # fmt: skip
def test_a_parameter_that_is_wrong_or_unknown_is_a_400_that_names_it(doors: Doors, query: str) -> None:
    answer = doors.get(f"{PARCELS}?{query}&lang=en")
    assert answer.status_code == 400, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["where"] in query


@pytest.mark.parametrize("name", ["idle_state", "agreed_start"])
def test_an_internal_property_cannot_be_probed(doors: Doors, name: str) -> None:
    for query in (f"{name}=INTERNAL", f"sortby={name}", f"properties={name}"):
        assert doors.get(f"{PARCELS}?{query}").status_code == 400
        assert (
            doors.get(f"{PARCELS}?{query.replace('=INTERNAL', '=1987-06-05')}", "planner").status_code == 200
        )


def test_a_feature_that_may_not_be_seen_is_not_told_from_one_that_is_not_there(doors: Doors) -> None:
    hidden = doors.get(f"{PROJECTS}/2?lang=en")
    missing = doors.get(f"{PROJECTS}/777?lang=en")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json()["detail"].replace("2", "777") == missing.json()["detail"]
    assert doors.get(f"{PROJECTS}/2", "admin").json()["properties"]["code"] == PRIVATE_CODE


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "9" * 30, "²", "١"])
def test_a_feature_number_that_is_none_is_not_found(doors: Doors, number: str) -> None:
    assert doors.get(f"{PROJECTS}/{number}").status_code == 404


def test_time_answers_with_the_state_as_it_was_known(own_doors: Doors) -> None:
    url = own_doors.seeded.url
    as_owner(url, "UPDATE project_footprint SET valid_from = '2024-01-01'")
    as_owner(
        url,
        "INSERT INTO project_state (project_id, as_of, progress, weight_basis, coverage, parts)"
        " VALUES (1, '2025-06-30', 12.5, 'equal', 100, '[]')",
    )
    then = own_doors.get(f"{PROJECTS}/1?datetime=2025-07-15T00:00:00Z").json()["properties"]
    assert then["progress"] == pytest.approx(12.5)
    assert own_doors.get(f"{PROJECTS}/1").json()["properties"]["progress"] == pytest.approx(60)
    assert (
        own_doors.get(f"{PROJECTS}?datetime=2025-07-15").json()["features"][0]["properties"]["progress"]
        == 12.5
    )


def test_a_client_that_has_a_page_already_gets_304(doors: Doors) -> None:
    for path in (f"{PARCELS}?limit=5", f"{PARCELS}/1", "/ogc/collections", "/ogc/styles/projects-light"):
        tag = doors.get(path).headers["ETag"]
        again = doors.get(path, headers={"If-None-Match": f'"other", {tag}'})
        assert (again.status_code, again.content) == (304, b""), path
        assert again.headers["ETag"] == tag
        assert doors.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_changed_feature_has_another_tag(own_doors: Doors) -> None:
    before = own_doors.get(PROJECTS).headers["ETag"]
    as_owner(own_doors.seeded.url, "UPDATE project SET name = '新名称' WHERE id = 1")
    assert own_doors.get(PROJECTS, headers={"If-None-Match": before}).status_code == 200


def test_answers_are_packed_when_asked_for_and_the_tag_stays(doors: Doors) -> None:
    plain = doors.get(f"{PARCELS}?limit=50", headers={"Accept-Encoding": "identity"})
    packed = doors.get(f"{PARCELS}?limit=50", headers={"Accept-Encoding": "br, gzip;q=0.8"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["ETag"] == plain.headers["ETag"]
    assert packed.json()["features"] == plain.json()["features"]
    assert "Content-Encoding" not in doors.get(PARCELS, headers={"Accept-Encoding": "gzip;q=0"}).headers


def test_options_say_what_may_be_done_also_for_an_id_that_does_not_exist(doors: Doors) -> None:
    for path in (PROJECTS, f"{PROJECTS}/1", f"{PROJECTS}/unknown_id", "/ogc", "/tiles/projects.json"):
        answer = doors.request("OPTIONS", path)
        assert answer.status_code == 204, path
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert doors.request("OPTIONS", ITEMS.format("nothing")).status_code == 404


def test_head_answers_like_get(doors: Doors) -> None:
    answer = doors.request("HEAD", f"{PARCELS}?limit=5")
    assert answer.status_code == 200
    assert answer.headers["ETag"] == doors.get(f"{PARCELS}?limit=5").headers["ETag"]


def test_a_dashboard_on_the_list_may_read_across_origins_and_no_other(doors: Doors) -> None:
    for path in (PROJECTS, "/embed/projects.geojson", "/tiles/projects.json"):
        allowed = doors.get(path, headers={"Origin": ALLOWED_ORIGIN})
        assert allowed.headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN
        assert "Access-Control-Allow-Credentials" not in allowed.headers
        assert (
            "Access-Control-Allow-Origin"
            not in doors.get(path, headers={"Origin": "https://evil.example"}).headers
        )
        asked = doors.request("OPTIONS", path, headers={"Origin": ALLOWED_ORIGIN})
        assert "GET" in asked.headers["Access-Control-Allow-Methods"]


def test_the_schema_names_fields_in_chinese_and_the_queryables_filter(doors: Doors) -> None:
    schema = doors.get("/ogc/collections/projects/schema")
    assert schema.headers["Content-Type"] == "application/schema+json"
    assert schema.json()["properties"]["progress"]["title"] == "实际进度"
    names = set(doors.get("/ogc/collections/projects/queryables").json()["properties"]) - {"geometry"}
    values = doors.get(f"{PROJECTS}/1").json()["properties"]
    assert names <= set(values)
    for name in names:
        if values[name] is not None and not isinstance(values[name], float):
            assert ids(doors, f"{PROJECTS}?{name}={str(values[name]).replace('+', '%2B')}") == [1], name


def test_internal_fields_are_named_to_those_alone_who_may_read_them(doors: Doors) -> None:
    for path in ("schema", "queryables"):
        assert "lead_person" not in doors.get(f"/ogc/collections/projects/{path}").text
        assert "lead_person" in doors.get(f"/ogc/collections/projects/{path}", "admin").text
    assert "lead_person" not in doors.get("/ogc/api").text
    assert doors.get(f"{PROJECTS}/1", "admin").json()["properties"]["lead_person"] == "INTERNAL 张三"


def test_the_code_of_the_public_project_is_the_archive_number(doors: Doors) -> None:
    assert doors.get(f"{PROJECTS}/1").json()["properties"]["code"] == PUBLIC_CODE
