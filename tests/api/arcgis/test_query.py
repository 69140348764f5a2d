"""The Esri doors answer the same rows, fields and places as the OGC doors."""

import json
from typing import Any

import httpx
import pytest
import shapely
from pyproj import Transformer

from tests.api.conftest import Doors
from tests.api.seeding import BIG, MARKS, PUBLIC_CODE, PUBLIC_NAME
from twin.layers import LAYERS

SERVICES = "/arcgis/rest/services"
NO_ROWS = {"where": "1=2"}


def ask(doors: Doors, layer: str, login: str | None = None, **asked: Any) -> dict[str, Any]:
    answer = query(doors, layer, login, **asked)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    assert "error" not in document, document
    return document


def query(doors: Doors, layer: str, login: str | None = None, **asked: Any) -> httpx.Response:
    given = {"where": "1=1", "f": "json", **asked}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
    return doors.get(f"{SERVICES}/{layer}/FeatureServer/0/query", login, params=texts)


def every_id(doors: Doors, layer: str, login: str | None = None, **asked: Any) -> list[int]:
    return list(ask(doors, layer, login, returnIdsOnly="true", **asked)["objectIds"])


def ogc_ids(doors: Doors, layer: str, login: str | None = None, **asked: Any) -> list[int]:
    answer = doors.get(f"/ogc/collections/{layer}/items", login, params={"limit": "10000", **asked})
    assert answer.status_code == 200, answer.text
    return [feature["id"] for feature in answer.json()["features"]]


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("login", [None, "admin", "contractor"])
def test_both_doors_hold_the_same_features(doors: Doors, layer: str, login: str | None) -> None:
    expected = sorted(ogc_ids(doors, layer, login))
    assert every_id(doors, layer, login) == expected
    assert ask(doors, layer, login, returnCountOnly="true") == {"count": len(expected)}


BOXES = ["115.61,33.15,115.62,33.16", "115.7101,33.2001,115.7203,33.2105", "100,10,101,11", "-180,-90,180,90"]


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("layer", ["projects", "land_parcels", "control_areas"])
def test_the_same_box_finds_the_same_features(doors: Doors, layer: str, box: str) -> None:
    expected = sorted(ogc_ids(doors, layer, bbox=box))
    assert every_id(doors, layer, geometry=box, geometryType="esriGeometryEnvelope", inSR="4326") == expected
    named = dict(zip(("xmin", "ymin", "xmax", "ymax"), (float(part) for part in box.split(",")), strict=True))
    posted = doors.request(
        "POST",
        f"{SERVICES}/{layer}/FeatureServer/0/query",
        data={
            "geometry": json.dumps({**named, "spatialReference": {"wkid": 4490}}),
            "returnIdsOnly": "true",
            "f": "json",
        },
    )
    assert posted.json()["objectIds"] == expected


FILTERS = [
    (f"name = '{PUBLIC_NAME}'", f"name = '{PUBLIC_NAME}'"),
    ("NAME LIKE N'%线桥'", "name LIKE '%线桥'"),
    (
        "light_code IN (1, 2, 3) OR stage = 'construction'",
        "light_code IN (1, 2, 3) OR stage = 'construction'",
    ),
    (
        "plan_start BETWEEN DATE '2024-12-31' AND TIMESTAMP '2025-01-01 00:00:00'",
        "plan_start = DATE('2025-01-01')",
    ),
    ("NOT (name LIKE '%桥%')", "NOT (name LIKE '%桥%')"),
    ("investment_total_yuan / 2 >= 60000000", "investment_total_yuan / 2 >= 60000000"),
    ("actual_start IS NULL", "actual_start IS NULL"),
]


@pytest.mark.parametrize(("where", "cql"), FILTERS)
@pytest.mark.parametrize("login", [None, "admin"])
def test_the_same_filter_finds_the_same_features(
    doors: Doors, where: str, cql: str, login: str | None
) -> None:
    assert every_id(doors, "projects", login, where=where) == sorted(
        ogc_ids(doors, "projects", login, filter=cql)
    )


def test_pages_follow_one_another_and_say_when_there_is_more(doors: Doors) -> None:
    first = ask(doors, "land_parcels", outFields="parcel_no")
    assert (len(first["features"]), first["exceededTransferLimit"]) == (2000, True)
    rest = ask(doors, "land_parcels", outFields="parcel_no", resultOffset="2000")
    assert "exceededTransferLimit" not in rest
    ids = [feature["attributes"]["OBJECTID"] for page in (first, rest) for feature in page["features"]]
    assert len(ids) == BIG == len(set(ids))
    assert ids == sorted(ids)


def test_rows_come_in_the_order_asked_for(doors: Doors) -> None:
    page = ask(
        doors, "land_parcels", outFields="parcel_no", orderByFields="parcel_no DESC", resultRecordCount="3"
    )
    assert [feature["attributes"]["parcel_no"] for feature in page["features"]] == [
        f"DK-1{number:05d}" for number in (BIG - 2, BIG - 3, BIG - 4)
    ]
    assert page["exceededTransferLimit"] is True


def test_a_list_of_object_ids_is_answered_in_ascending_order(doors: Doors) -> None:
    page = ask(doors, "land_parcels", objectIds="1003,1001,1,99999999")
    assert [feature["attributes"]["OBJECTID"] for feature in page["features"]] == [1, 1001, 1003]


def test_an_object_id_beyond_32_bits_is_refused_and_never_wrapped(doors: Doors) -> None:
    answer = query(doors, "land_parcels", objectIds=str(2**32 + 1)).json()
    assert answer["error"]["code"] == 400
    assert str(2**31 - 1) in answer["error"]["message"]


def test_rings_run_clockwise_and_dates_are_milliseconds(doors: Doors) -> None:
    page = ask(doors, "projects", outFields="*")
    (feature,) = page["features"]
    (ring,) = feature["geometry"]["rings"]
    assert not shapely.LinearRing(ring).is_ccw
    assert sorted(map(tuple, ring[:-1])) == [
        (115.61, 33.15),
        (115.61, 33.16),
        (115.62, 33.15),
        (115.62, 33.16),
    ]
    assert page["spatialReference"] == {"wkid": 4490, "latestWkid": 4490}
    assert feature["attributes"]["plan_start"] == 1735689600000  # 2025-01-01T00:00:00Z
    assert feature["attributes"]["code"] == PUBLIC_CODE


@pytest.mark.parametrize("wkid", [3857, 4527, 4548, 4326])
def test_coordinates_equal_those_of_proj_within_a_millimetre(doors: Doors, wkid: int) -> None:
    source = 4326 if wkid == 3857 else 4490
    project = Transformer.from_crs(source, wkid, always_xy=True).transform
    degrees = ask(doors, "land_parcels", objectIds="1,1500")["features"]
    asked = '{"wkid": 102100, "latestWkid": 3857}' if wkid == 3857 else str(wkid)
    plane = ask(doors, "land_parcels", objectIds="1,1500", outSR=asked)
    assert plane["spatialReference"]["latestWkid"] == wkid
    tolerance = 1e-8 if wkid == 4326 else 0.001
    for one, other in zip(degrees, plane["features"], strict=True):
        for point, given in zip(one["geometry"]["rings"][0], other["geometry"]["rings"][0], strict=True):
            assert given == pytest.approx(project(*point), abs=tolerance)


def test_a_box_in_metres_finds_what_the_same_box_finds_at_ogc(doors: Doors) -> None:
    box = "39384900,3674900,39386000,3676000"  # around 115.77°E 33.19°N in zone 39
    expected = sorted(ogc_ids(doors, "land_parcels", **{"bbox": box, "bbox-crs": "EPSG:4527"}))
    assert every_id(doors, "land_parcels", geometry=box, inSR="4527") == expected


def test_empty_spatial_references_mean_the_stored_one(doors: Doors) -> None:
    box = "115.6,33.1,115.65,33.2"
    assert every_id(doors, "projects", geometry=box, inSR="", outSR="", spatialRel="") == [1]


def test_relations_are_those_of_the_geometry_asked_with(doors: Doors) -> None:
    """The public square spans 0.01°: a small square lies within it, a large one contains it."""
    small = {
        "rings": [
            [[115.612, 33.152], [115.612, 33.158], [115.618, 33.158], [115.618, 33.152], [115.612, 33.152]]
        ]
    }
    large = {"rings": [[[115.6, 33.1], [115.6, 33.2], [115.65, 33.2], [115.65, 33.1], [115.6, 33.1]]]}
    beside = {
        "rings": [[[115.62, 33.15], [115.62, 33.16], [115.63, 33.16], [115.63, 33.15], [115.62, 33.15]]]
    }
    line = {"paths": [[[115.60, 33.155], [115.65, 33.155]]]}
    point = {"x": 115.615, "y": 33.155}

    def found(shape: dict[str, Any], relation: str) -> bool:
        return every_id(doors, "projects", geometry=shape, spatialRel=f"esriSpatialRel{relation}") == [1]

    assert [found(small, name) for name in ("Within", "Contains", "Intersects")] == [True, False, True]
    assert [found(large, name) for name in ("Within", "Contains", "Intersects")] == [False, True, True]
    assert [found(beside, name) for name in ("Touches", "Overlaps", "Contains")] == [True, False, False]
    assert [found(line, name) for name in ("Crosses", "Intersects", "EnvelopeIntersects")] == [
        True,
        True,
        True,
    ]
    assert [found(point, name) for name in ("Within", "IndexIntersects", "Contains")] == [True, True, False]


def test_a_distance_is_measured_on_the_ellipsoid(doors: Doors) -> None:
    """One thousandth of a degree of latitude is 110.9 m here."""
    south = {"x": 115.615, "y": 33.149}
    assert every_id(doors, "projects", geometry=south, distance="100", units="esriSRUnit_Meter") == []
    assert every_id(doors, "projects", geometry=south, distance="0.12", units="esriSRUnit_Kilometer") == [1]


def test_statistics_equal_those_of_the_rows(doors: Doors) -> None:
    wanted = [
        {"statisticType": kind, "onStatisticField": "OBJECTID", "outStatisticFieldName": f"{kind}_编号"}
        for kind in ("count", "min", "max", "sum", "avg", "stddev", "var")
    ]
    ids = every_id(doors, "land_parcels")
    (row,) = ask(doors, "land_parcels", outStatistics=wanted)["features"]
    mean = sum(ids) / len(ids)
    variance = sum((number - mean) ** 2 for number in ids) / (len(ids) - 1)
    expected = [len(ids), min(ids), max(ids), sum(ids), mean, variance**0.5, variance]
    assert list(row["attributes"].values()) == pytest.approx(expected)


def test_statistics_by_group_are_ordered_and_named_as_asked(doors: Doors) -> None:
    wanted = [{"statisticType": "count", "onStatisticField": "parcel_no", "outStatisticFieldName": "n"}]
    answer = ask(
        doors,
        "land_parcels",
        outStatistics=wanted,
        groupByFieldsForStatistics="state",
        orderByFields="n DESC",
    )
    assert [feature["attributes"] for feature in answer["features"]] == [
        {"state": "stored", "n": BIG - 1},
        {"state": "ready", "n": 1},
    ]
    assert [(item["name"], item["type"]) for item in answer["fields"]] == [
        ("state", "esriFieldTypeString"),
        ("n", "esriFieldTypeInteger"),
    ]


def test_distinct_values_are_listed_and_counted(doors: Doors) -> None:
    answer = ask(doors, "land_parcels", outFields="state,kind", returnDistinctValues="true")
    assert [feature["attributes"] for feature in answer["features"]] == [
        {"kind": "储备", "state": "ready"},
        {"kind": "储备", "state": "stored"},
    ]
    counted = ask(
        doors, "land_parcels", outFields="state", returnDistinctValues="true", returnCountOnly="true"
    )
    assert counted == {"count": 2}


def test_the_extent_is_that_of_the_rows(doors: Doors) -> None:
    answer = ask(doors, "projects", returnExtentOnly="true", returnCountOnly="true")
    assert answer["count"] == 1
    box = answer["extent"]
    assert [box[name] for name in ("xmin", "ymin", "xmax", "ymax")] == pytest.approx(
        [115.61, 33.15, 115.62, 33.16]
    )
    assert ask(doors, "projects", returnExtentOnly="true", **NO_ROWS)["extent"]["xmin"] == "NaN"


def test_time_asks_for_the_state_as_known_then(doors: Doors) -> None:
    """Nothing was known of the project's footprint in the year 2000."""
    assert ask(doors, "projects", time="946684800000")["features"][0]["geometry"] is None
    assert ask(doors, "projects", time="null,null")["features"][0]["geometry"] is not None
    assert query(doors, "projects", time="gestern").json()["error"]["code"] == 400


def test_geojson_is_anticlockwise_and_in_degrees(doors: Doors) -> None:
    answer = ask(doors, "projects", f="geojson", outFields="name")
    (feature,) = answer["features"]
    assert feature["properties"] == {"OBJECTID": 1, "name": PUBLIC_NAME}
    assert shapely.LinearRing(feature["geometry"]["coordinates"][0][0]).is_ccw
    cut = ask(doors, "land_parcels", f="geojson", resultRecordCount="1")
    assert cut["exceededTransferLimit"] is True
    assert cut["properties"] == {"exceededTransferLimit": True}


def test_geometry_can_be_left_out_rounded_and_simplified(doors: Doors) -> None:
    bare = ask(doors, "projects", returnGeometry="false")
    assert "geometry" not in bare["features"][0]
    assert "geometryType" not in bare
    rounded = ask(doors, "land_parcels", objectIds="1500", geometryPrecision="2")
    assert all(
        number == round(number, 2)
        for point in rounded["features"][0]["geometry"]["rings"][0]
        for number in point
    )
    simple = ask(doors, "projects", maxAllowableOffset="0.001")
    assert len(simple["features"][0]["geometry"]["rings"][0]) == 5


def test_a_page_for_people_and_indented_json_carry_the_same(doors: Doors) -> None:
    assert PUBLIC_NAME in query(doors, "projects", f="html", outFields="name").text
    pretty = query(doors, "projects", f="pjson", outFields="name")
    assert "\n  " in pretty.text
    assert pretty.json() == ask(doors, "projects", outFields="name")
    one = doors.get(f"{SERVICES}/projects/FeatureServer/0/1?f=json").json()
    assert one["feature"]["attributes"]["name"] == PUBLIC_NAME
    assert doors.get(f"{SERVICES}/projects/FeatureServer/0/2?f=json").json()["error"]["code"] == 404


def test_parameters_are_read_whatever_their_case_and_unknown_ones_passed_over(doors: Doors) -> None:
    path = f"{SERVICES}/projects/FeatureServer/0/query"
    answer = doors.get(
        path, params={"WHERE": "1=1", "OutFields": "NAME", "F": "JSON", "sqlFormat": "none", "gdbVersion": ""}
    )
    assert answer.json()["features"][0]["attributes"] == {"OBJECTID": 1, "name": PUBLIC_NAME}


def test_an_unchanged_answer_is_304(doors: Doors) -> None:
    answer = query(doors, "projects")
    again = doors.get(str(answer.request.url), headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "X-Esri-Authorization" in answer.headers["Vary"]


@pytest.mark.parametrize("layer", LAYERS)
def test_nobody_reads_a_private_row_or_internal_field(doors: Doors, layer: str) -> None:
    for form in ("json", "geojson", "pbf", "html"):
        content = query(doors, layer, outFields="*", f=form).content.decode("utf-8", "replace")
        assert not [mark for mark in MARKS if mark in content], (layer, form)


@pytest.mark.parametrize(
    "asked",
    [
        {"where": "lead_person IS NOT NULL"},
        {"outFields": "lead_person"},
        {"orderByFields": "lead_person"},
        {"outStatistics": [{"statisticType": "max", "onStatisticField": "lead_person"}]},
        {
            "groupByFieldsForStatistics": "lead_person",
            "outStatistics": [{"statisticType": "count", "onStatisticField": "code"}],
        },
        {"outFields": "lead_person", "returnDistinctValues": "true"},
        {"where": "row_public = 1"},
        {"where": "geom_survey IS NULL"},
    ],
)
def test_an_internal_field_is_unknown_to_the_public(doors: Doors, asked: dict[str, Any]) -> None:
    answer = query(doors, "projects", **asked).json()
    assert answer["error"]["code"] == 400
    assert "INTERNAL" not in json.dumps(answer)
