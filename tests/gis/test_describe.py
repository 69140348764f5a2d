from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from gis.crs import CRS84_URI
from gis.describe import collection_document, queryables_document, schema_document, sortables_document
from tests.gis.places import PLACES

PUBLIC = PLACES.public()


def test_a_collection_names_its_crs_list_and_its_storage_crs() -> None:
    document = collection_document(PUBLIC, [{"rel": "items", "href": "x"}], (115.6, 32.8, 116.0, 33.3))
    crs = document["crs"]

    assert isinstance(crs, list)
    assert crs[0] == CRS84_URI
    assert "http://www.opengis.net/def/crs/EPSG/0/4527" in crs
    assert document["storageCrs"] == "http://www.opengis.net/def/crs/EPSG/0/4490"
    assert document["storageCrs"] in crs
    assert document["title"] == "地点"
    assert document["extent"] == {"spatial": {"bbox": [[115.6, 32.8, 116.0, 33.3]], "crs": CRS84_URI}}
    assert "extent" not in collection_document(PUBLIC, [])


@pytest.mark.parametrize("build", [schema_document, queryables_document, sortables_document])
def test_documents_are_json_schemas_with_chinese_titles(build: object) -> None:
    document = build(PUBLIC, "https://example.test/s")  # type: ignore[operator]

    Draft202012Validator.check_schema(document)
    assert document["$id"] == "https://example.test/s"
    assert document["type"] == "object"
    assert document["properties"]["name"]["title"] == "名称"
    assert "secret" not in document["properties"]


def test_the_schema_has_the_roles_qgis_looks_for() -> None:
    properties = schema_document(PUBLIC, "s")["properties"]

    assert isinstance(properties, dict)
    assert properties["id"]["x-ogc-role"] == "id"
    assert properties["geometry"]["x-ogc-role"] == "primary-geometry"
    assert properties["geometry"]["format"] == "geometry-polygon-or-multipolygon"
    numbers = [item["x-ogc-propertySeq"] for item in properties.values()]
    assert numbers == sorted(set(numbers))
    assert all(isinstance(item["type"], str) for name, item in properties.items() if name != "geometry")
    assert properties["updated_at"] == {
        "type": "string",
        "format": "date-time",
        "title": "更新时间",
        "description": "Updated at.",
        "x-ogc-role": "primary-instant",
        "x-ogc-propertySeq": 10,
        "readOnly": True,
    }


def test_what_the_reader_may_not_write_is_marked_as_read_only() -> None:
    properties = schema_document(PUBLIC, "s", {"geometry", "progress"})["properties"]

    assert isinstance(properties, dict)
    assert {name for name, item in properties.items() if "readOnly" not in item} == {"geometry", "progress"}


def test_the_geometry_of_queryables_is_a_bare_reference() -> None:
    properties = queryables_document(PUBLIC, "s")["properties"]

    assert isinstance(properties, dict)
    assert properties["geometry"] == {"$ref": "https://geojson.org/schema/MultiPolygon.json"}


def test_what_may_not_be_asked_for_is_not_offered() -> None:
    queryables = queryables_document(PLACES, "s")["properties"]
    sortables = sortables_document(PLACES, "s")["properties"]

    assert isinstance(queryables, dict)
    assert isinstance(sortables, dict)
    assert "secret" in PLACES.field("secret").name
    assert "secret" not in queryables
    assert "secret" not in sortables


def test_closed_lists_come_with_their_chinese_names() -> None:
    properties = queryables_document(PUBLIC, "s")["properties"]

    assert isinstance(properties, dict)
    assert properties["kind"]["enum"] == ["工业"]
    assert properties["kind"]["oneOf"] == [{"const": "工业", "title": "工业"}]


@pytest.mark.parametrize("geometry", ["point", "line", "polygon"])
def test_every_kind_of_geometry_is_described(geometry: str) -> None:
    layer = replace(PUBLIC, geometry_type=geometry)  # type: ignore[arg-type]

    assert schema_document(layer, "s")["properties"]["geometry"]["format"].startswith("geometry-")  # type: ignore[index]
