"""The API definition: valid OpenAPI 3.0, equal to the routes served, with what QGIS and GDAL look for."""

import re
from typing import Any

import pytest

from api.maps.asked import OPENAPI_JSON
from api.maps.items import OFFERED
from api.maps.routes import ROUTES
from gis.filters import DEFAULT_LIMIT, MAX_LIMIT
from tests.api.conftest import Doors
from twin.layers import LAYERS


@pytest.fixture(scope="module")
def definition(doors: Doors) -> dict[str, Any]:
    answer = doors.get("/ogc/api")
    assert answer.headers["Content-Type"] == OPENAPI_JSON
    document: dict[str, Any] = answer.json()
    return document


def walk(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(found for part in value.values() for found in walk(part))]
    return [found for part in value for found in walk(part)] if isinstance(value, list) else []


def test_it_is_openapi_3_0_without_anything_of_3_1(definition: dict[str, Any]) -> None:
    assert re.fullmatch(r"3\.0\.\d+", definition["openapi"])
    for schema in walk(definition):
        assert not {"const", "prefixItems", "anyOf"} & set(schema)
        assert not isinstance(schema.get("type"), list)
        assert not isinstance(schema.get("exclusiveMinimum"), int | float) or isinstance(
            schema["exclusiveMinimum"], bool
        )


def test_every_reference_leads_somewhere(definition: dict[str, Any]) -> None:
    for value in walk(definition):
        if "$ref" in value:
            target: Any = definition
            for name in value["$ref"].removeprefix("#/").split("/"):
                target = target[name]


def test_operation_ids_are_unique(definition: dict[str, Any]) -> None:
    names = [value["operationId"] for value in walk(definition) if "operationId" in value]
    assert len(names) == len(set(names))


def test_its_paths_are_those_of_the_routes_one_per_collection(definition: dict[str, Any]) -> None:
    served = set()
    style_sheet = "/pages.css"  # of the pages for people, no resource
    for path in (route.path.removeprefix("/ogc") or "/" for route in ROUTES if route.path.startswith("/ogc")):
        for layer_id in LAYERS if "{collection}" in path else [""]:
            served.add(re.sub(r"\{(?!collection)\w+\}", "{}", path).replace("{collection}", layer_id))
    documented = {re.sub(r"\{\w+\}", "{}", path) for path in definition["paths"]}
    documented = {path.replace("tileMatrixSets/WebMercatorQuad", "tileMatrixSets/{}") for path in documented}
    assert documented == served - {style_sheet}


def test_the_prefix_stands_in_servers_and_in_no_path(definition: dict[str, Any]) -> None:
    assert definition["servers"] == [{"url": "http://twin.test/ogc"}]
    assert not [path for path in definition["paths"] if path.startswith("/ogc")]


def test_qgis_finds_page_size_and_queryables(doors: Doors, definition: dict[str, Any]) -> None:
    limit = definition["components"]["parameters"]["limit"]["schema"]
    assert (limit["default"], limit["maximum"]) == (DEFAULT_LIMIT, MAX_LIMIT)
    own = definition["paths"]["/collections/projects/items"]["get"]["parameters"]
    named = {parameter["name"]: parameter for parameter in own if "name" in parameter}
    queryables = set(doors.get("/ogc/collections/projects/queryables").json()["properties"]) - {"geometry"}
    assert set(named) == queryables
    for parameter in named.values():
        assert (parameter["in"], parameter["style"], parameter["explode"]) == ("query", "form", False)
        assert isinstance(parameter["schema"]["type"], str)


def test_every_advertised_parameter_is_taken(doors: Doors, definition: dict[str, Any]) -> None:
    values = {"bbox": "1,2,3,4", "limit": "5", "datetime": "2025-01-01", "lang": "en", "f": "json"}
    values |= {"crs": "EPSG:4490", "bbox-crs": "EPSG:4490", "properties": "name", "sortby": "name"}
    values |= {"filter": "stage='design'", "filter-lang": "cql2-text", "filter-crs": "EPSG:4490"}
    values |= {"resultType": "hits"}
    shared = definition["components"]["parameters"]
    for reference in definition["paths"]["/collections/projects/items"]["get"]["parameters"]:
        if "$ref" in reference:
            name = shared[reference["$ref"].rsplit("/", 1)[1]]["name"]
            if name != "next":
                assert (
                    doors.get(f"/ogc/collections/projects/items?{name}={values[name]}").status_code == 200
                ), name


@pytest.mark.parametrize("login", [None, "planner", "contractor", "admin"])
def test_it_describes_the_methods_that_options_allows_this_caller(doors: Doors, login: str | None) -> None:
    document = doors.get("/ogc/api", login).json()
    for layer_id in LAYERS:
        for path in (f"/collections/{layer_id}/items", f"/collections/{layer_id}/items/{{featureId}}"):
            address = "/ogc" + path.replace("{featureId}", "999999999")
            allowed = set(doors.request("OPTIONS", address, login).headers["Allow"].split(", "))
            described = {method.upper() for method in document["paths"][path]}
            assert described == allowed - {"HEAD", "OPTIONS"}, (login, path)


def test_a_page_of_features_is_described_in_every_format_on_offer(definition: dict[str, Any]) -> None:
    content = definition["paths"]["/collections/projects/items"]["get"]["responses"]["200"]["content"]
    assert set(content) == set(OFFERED.values())
