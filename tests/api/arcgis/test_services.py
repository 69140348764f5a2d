"""What the Esri doors say of themselves, who they let in, and that nothing breaks them."""

import json
from typing import Any

import httpx
import pytest

from tests.api.arcgis.hostile import HOSTILE
from tests.api.arcgis.test_query import SERVICES, query
from tests.api.conftest import ALLOWED_ORIGIN, Doors
from tests.api.seeding import MARKS
from twin.layers import LAYERS


def layer_of(doors: Doors, name: str, login: str | None = None, **asked: str) -> dict[str, Any]:
    answer = doors.get(f"{SERVICES}/{name}/FeatureServer/0", login, params={"f": "json", **asked})
    document: dict[str, Any] = answer.json()
    assert "error" not in document, document
    return document


def test_the_catalogue_lists_a_service_per_collection(doors: Doors) -> None:
    services = doors.get(f"{SERVICES}?f=json").json()["services"]
    assert [service["name"] for service in services] == list(LAYERS)
    assert {service["type"] for service in services} == {"FeatureServer"}
    assert doors.get("/arcgis/rest/info?f=json").json()["currentVersion"] > 11


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_carries_what_qgis_and_arcgis_need(doors: Doors, name: str) -> None:
    layer = layer_of(doors, name)
    assert layer["extent"]["spatialReference"] == {"wkid": 4490, "latestWkid": 4490}
    assert layer["objectIdField"] == layer["fields"][0]["name"] == "OBJECTID"
    assert layer["fields"][0]["type"] == "esriFieldTypeOID"
    assert layer["displayField"] in {field["name"] for field in layer["fields"]}
    assert (layer["type"], layer["hasZ"], layer["maxRecordCount"]) == ("Feature Layer", False, 2000)
    assert layer["capabilities"] == "Query"
    assert all(field["alias"] and "editable" in field for field in layer["fields"])
    renderer = layer["drawingInfo"]["renderer"]
    named = renderer.get("field1") or renderer.get("field")
    assert named is None or named in {field["name"] for field in layer["fields"]}
    service = doors.get(f"{SERVICES}/{name}/FeatureServer?f=json").json()
    assert [item["id"] for item in service["layers"]] == [0]
    assert doors.get(f"{SERVICES}/{name}/FeatureServer/layers?f=json").json()["layers"] == [layer]
    assert doors.get(f"{SERVICES}/{name}/FeatureServer/0").headers["ETag"]


def test_fields_have_chinese_aliases_types_and_value_lists(doors: Doors) -> None:
    fields = {field["name"]: field for field in layer_of(doors, "projects")["fields"]}
    assert fields["name"]["alias"] == "名称"
    assert fields["investment_total_yuan"]["alias"] == "总投资（元）"
    assert {
        name: fields[name]["type"] for name in ("name", "light_code", "progress", "plan_start", "updated_at")
    } == {
        "name": "esriFieldTypeString",
        "light_code": "esriFieldTypeInteger",
        "progress": "esriFieldTypeDouble",
        "plan_start": "esriFieldTypeDate",
        "updated_at": "esriFieldTypeDate",
    }
    values = fields["stage"]["domain"]["codedValues"]
    assert {"name": "施工", "code": "construction"} in values
    assert "lead_person" not in fields
    internal = layer_of(doors, "projects", "admin")["fields"]
    assert "lead_person" in {field["name"] for field in internal}


def test_colours_are_those_of_the_style_asked_for(doors: Doors) -> None:
    light = doors.get("/ogc/styles/projects-light?f=legend").json()
    info = layer_of(doors, "projects", style="projects-light")["drawingInfo"]["renderer"]
    assert info["type"] == "uniqueValue"
    expected = {item["title_zh"] for item in light["classes"]} if "classes" in light else None
    labels = {item["label"] for item in info["uniqueValueInfos"]}
    assert expected is None or labels <= expected
    assert (
        layer_of(doors, "projects", style="projects-progress")["drawingInfo"]["renderer"]["type"]
        == "classBreaks"
    )
    unknown = doors.get(f"{SERVICES}/projects/FeatureServer/0?f=json&style=none").json()
    assert unknown["error"]["code"] == 404


@pytest.mark.parametrize(
    ("name", "login", "words"),
    [
        ("land_parcels", "planner", "Create,Delete,Query,Update,Editing"),
        ("land_parcels", "auditor", "Query"),
        ("land_parcels", "contractor", "Query"),
        ("project_points", "admin", "Query"),
        ("bim_models", "admin", "Query"),
        ("bim_elements", "admin", "Query,Update,Editing"),
    ],
)
def test_capabilities_are_what_the_caller_may_do(doors: Doors, name: str, login: str, words: str) -> None:
    layer = layer_of(doors, name, login)
    assert layer["capabilities"] == words
    writable = {field["name"] for field in layer["fields"] if field["editable"]}
    assert bool(writable) == ("Editing" in words)
    assert not writable & {"OBJECTID", "area_m2", "updated_at", "light", "light_code"}
    assert bool(layer["templates"]) == ("Create" in words)


def test_values_that_a_rule_colours_by_are_listed_by_name(doors: Doors) -> None:
    """A client offers them when a parcel is edited, and shows them instead of the codes."""
    lists = {
        (name, field["name"]): {item["code"]: item["name"] for item in field["domain"]["codedValues"]}
        for name in ("land_parcels", "control_areas", "projects")
        for field in layer_of(doors, name)["fields"]
        if field["domain"]
    }
    assert lists["land_parcels", "state"]["ready"] == "净地可供"
    assert lists["control_areas", "layer"]["farmland"] == "永久基本农田"
    assert set(lists["projects", "light_code"]) >= {1, 2, 3}


def test_an_elements_shape_is_not_offered_for_editing(doors: Doors) -> None:
    assert layer_of(doors, "bim_elements", "admin")["allowGeometryUpdates"] is False
    assert layer_of(doors, "land_parcels", "admin")["allowGeometryUpdates"] is True


def test_a_layer_knows_its_times(doors: Doors) -> None:
    """The public project is planned from the first to the last day of 2025."""
    times = layer_of(doors, "projects")["timeInfo"]
    assert (times["startTimeField"], times["endTimeField"]) == ("plan_start", "plan_finish")
    assert times["timeExtent"] == [1735689600000, 1767139200000]


@pytest.mark.parametrize("login", ["admin", "contractor"])
def test_a_token_counts_the_same_in_all_three_places(doors: Doors, login: str) -> None:
    token = doors.seeded.tokens[login]
    path = f"{SERVICES}/projects/FeatureServer/0/query?where=1=1&outFields=*&f=json"
    expected = doors.get(path, login)
    assert "INTERNAL" in expected.text
    by_header = doors.get(path, headers={"X-Esri-Authorization": f"Bearer {token}"})
    by_parameter = doors.get(f"{path}&token={token}")
    by_form = doors.request("POST", path, data={"token": token})
    for answer in (by_header, by_parameter, by_form):
        assert answer.json() == expected.json()
        assert answer.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    "given",
    [
        {"params": {"token": "falsch", "f": "json"}},
        {"headers": {"X-Esri-Authorization": "Bearer 令牌".encode()}},
    ],
)
def test_a_wrong_token_is_an_error_and_never_nobody(doors: Doors, given: dict[str, Any]) -> None:
    form = doors.request(
        "POST", f"{SERVICES}/projects/FeatureServer/0/query", data={"token": "x", "f": "json"}
    )
    assert form.json()["error"]["code"] == 498
    answer = doors.get(f"{SERVICES}/projects/FeatureServer/0", **given)
    assert (answer.status_code, answer.json()["error"]["code"]) == (200, 498)


def test_no_token_is_repeated_or_logged(doors: Doors, capfd: pytest.CaptureFixture[str]) -> None:
    token = doors.seeded.tokens["admin"]
    for path in (
        "",
        "/projects/FeatureServer",
        "/projects/FeatureServer/0",
        "/projects/FeatureServer/0/query",
    ):
        for form in ("json", "html"):
            answer = doors.get(f"{SERVICES}{path}", params={"token": token, "f": form, "where": "1=1"})
            assert token not in answer.text + str(answer.headers)
    assert token not in "".join(capfd.readouterr())


def test_a_cookie_from_another_site_reads_nothing_by_post(doors: Doors) -> None:
    path = f"{SERVICES}/projects/FeatureServer/0/query"
    headers = {
        "Cookie": f"twin_session={doors.seeded.tokens['admin']}",
        "Origin": "https://elsewhere.example",
    }
    answer = doors.request("POST", path, headers=headers, data={"where": "1=1", "f": "json"})
    assert answer.json()["error"]["code"] == 403


def test_a_login_is_exchanged_for_a_token_of_some_hours(own_doors: Doors) -> None:
    secret = own_doors.seeded.tokens["planner"]
    path = "/arcgis/rest/generateToken"
    answer = own_doors.request(
        "POST", path, data={"username": "planner", "password": secret, "client": "requestip"}
    )
    token = answer.json()["token"]
    assert token != secret
    assert answer.headers["Cache-Control"] == "no-store"
    layer = own_doors.get(f"{SERVICES}/land_parcels/FeatureServer/0?f=json&token={token}").json()
    assert "Create" in layer["capabilities"]
    for wrong in ({"username": "admin", "password": secret}, {"username": "planner", "password": "x"}, {}):
        refused = own_doors.request("POST", path, data=wrong)
        assert refused.json()["error"]["code"] == 400
        assert "token" not in refused.json()
    by_get = own_doors.get(path, params={"username": "planner", "password": secret})
    assert by_get.json()["error"]["code"] == 405


def test_pages_of_listed_origins_may_read_and_edit(doors: Doors) -> None:
    path = f"{SERVICES}/land_parcels/FeatureServer/0/applyEdits"
    asked = doors.request("OPTIONS", path, headers={"Origin": ALLOWED_ORIGIN})
    assert asked.status_code == 204
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    assert "X-Esri-Authorization" in asked.headers["Access-Control-Allow-Headers"]
    assert query(doors, "projects").headers.get("Access-Control-Allow-Origin") is None
    answer = doors.get(f"{SERVICES}?f=json", headers={"Origin": ALLOWED_ORIGIN})
    assert answer.headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN
    refused = doors.get(f"{SERVICES}/none/FeatureServer?f=json", headers={"Origin": ALLOWED_ORIGIN})
    assert refused.headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN


def test_what_is_not_there_is_said_in_the_clients_language(doors: Doors) -> None:
    answer = doors.get(f"{SERVICES}/none/FeatureServer/0?f=json", headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (200, 404)
    assert "no collection none" in answer.json()["error"]["message"]
    answer = doors.get(f"{SERVICES}/none/FeatureServer/0?f=json", headers={"Accept-Language": "zh"})
    assert "没有集合 none" in answer.json()["error"]["message"]
    assert doors.get(f"{SERVICES}/projects/FeatureServer/1?f=json").json()["error"]["code"] == 404
    assert doors.get(f"{SERVICES}/projects/FeatureServer/0?f=xml").json()["error"]["code"] == 400


def test_there_is_no_administration(doors: Doors) -> None:
    for login in (None, "admin"):
        answer = doors.get("/arcgis/rest/admin/services/projects/FeatureServer/0?f=json", login)
        assert answer.status_code == 404


def test_a_browser_gets_a_page(doors: Doors) -> None:
    answer = doors.get(SERVICES, headers={"Accept": "text/html,application/xhtml+xml"})
    assert answer.headers["Content-Type"].startswith("text/html")
    assert f"{SERVICES}/projects/FeatureServer" in answer.text


@pytest.mark.parametrize("number", range(0, len(HOSTILE), 10))
def test_hostile_clauses_break_nothing_and_show_nothing(doors: Doors, number: int) -> None:
    """No error of the service, no hidden row or field; what is refused is refused with a reason."""
    assert len(HOSTILE) >= 200
    for text in HOSTILE[number : number + 10]:
        for layer in ("projects", "control_areas"):
            answer = _asked(doors, layer, text)
            assert answer.status_code in (200, 400), (text, answer.status_code)  # 400: a NUL in the address
            assert not [mark for mark in MARKS if mark in answer.text.replace(text, "")], text
            document = answer.json()
            assert "error" not in document or document["error"]["code"] in (400, 422), (text, document)


def _asked(doors: Doors, layer: str, text: str) -> httpx.Response:
    if len(text) < 2_000:
        return query(doors, layer, where=text, outFields="*")
    asked = {"where": text, "outFields": "*", "f": "json"}
    return doors.request("POST", f"{SERVICES}/{layer}/FeatureServer/0/query", data=asked)


OTHER_PARAMETERS = [
    "objectIds", "geometry", "geometryType", "inSR", "outSR", "spatialRel", "distance", "units", "time", "outFields",
    "orderByFields", "groupByFieldsForStatistics", "outStatistics", "resultOffset", "resultRecordCount", "f",
    "geometryPrecision", "maxAllowableOffset", "quantizationParameters", "historicMoment", "returnDistinctValues",
]  # fmt: skip
NASTY = ["'", '"', "1;SELECT 1", "-1", "1e999", "NaN", "[]", "{}", "[[", '{"x":{}}', "null", "\u202e", "%", "9" * 40, "a" * 5000,
         '[{"statisticType":"count"}]', '{"rings":[[[0,0],[0,1],[1e308,1e308],[0,0]]]}', "(SELECT lead_person)", "row_public", "✓"]  # fmt: skip


@pytest.mark.parametrize("name", OTHER_PARAMETERS)
def test_other_parameters_break_nothing_either(doors: Doors, name: str) -> None:
    for text in NASTY:
        answer = query(
            doors, "projects", **{"outStatistics": text} if name == "outStatistics" else {name: text}
        )
        assert answer.status_code == 200, (name, text, answer.text)
        assert not [mark for mark in MARKS if mark in answer.text.replace(text, "")], (name, text)
        both = {
            "outStatistics": json.dumps([{"statisticType": "count", "onStatisticField": "code"}]),
            name: text,
        }
        assert query(doors, "projects", **both).status_code == 200, (name, text)
