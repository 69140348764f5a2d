"""Edits that mean harm or make no sense: never a 500, never a row written, never another statement run."""

import itertools
import json
from typing import Any

import psycopg

from tests.api.conftest import Doors
from tests.api.maps.test_edits import square

LAYERS = ("land_parcels", "control_areas", "projects", "bim_elements")
WORDS = (
    "'; DROP TABLE land_parcel; --", '"; SELECT pg_sleep(9); --', "%(feature_id)s", "%s", "$1", "\\", "\u202e反转", "a\u0000b",
    "x" * 10_000, "", " ", "null", "NaN", "Infinity", "-0", "١٢٣", "<script>alert(1)</script>", "{{7*7}}", "../../etc/passwd",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    *WORDS, None, True, False, 0, -1, 1e308, -1e308, 2**63, 10**25, 0.1 + 0.2, [], {}, [1], {"a": 1}, [[["deep"]]],
    "0000-01-01", "9999-12-31", "2026-02-30", "2026-01-01T00:00:00Z",
)  # fmt: skip
NAMES = {
    "land_parcels": ("parcel_no", "name", "state", "supply_date", "stated_area_m2", "area_m2", "id", "geom", "row_public"),
    "control_areas": ("layer", "code", "valid_from", "registered_area_m2", "attributes"),
    "projects": ("code", "category", "annual_plan_yuan", "plan_start", "region_code", "public_visible"),
    "bim_elements": ("status", "progress", "actual_start", "global_id"),
}  # fmt: skip
GEOMETRIES: tuple[Any, ...] = (
    [], {}, "POLYGON((0 0,1 1,1 0,0 0))", {"type": "Polygon"}, {"type": ["Polygon"], "coordinates": []},
    {"type": "Polygon", "coordinates": {"0": 1}}, {"type": "Polygon", "coordinates": [[]]},
    {"type": "Polygon", "coordinates": [[[115.6, 33.1]] * 5]}, {"type": "MultiPolygon", "coordinates": [[]]},
    {"type": "Polygon", "coordinates": [[[1e308, 1e308], [-1e308, 1e308], [0, -1e308]]]},
    {"type": "Polygon", "coordinates": [[[115.6, 91], [115.7, 91], [115.7, 92]]]},
    {"type": "Polygon", "coordinates": [[[[115.6, 33.1]]]]}, {"type": "GeometryCollection", "geometries": [square()]},
    {"type": "Polygon", "coordinates": [square()["coordinates"][0]] * 2},  # a hole as large as its shell
    {"type": "MultiPolygon", "coordinates": [square()["coordinates"]] * 2},  # a part twice
    {"type": "Polygon", "coordinates": [[[115.6, 33.1], [115.7, 33.1], [115.65, 33.1]]]},  # a line
)  # fmt: skip
HEADERS: tuple[dict[str, str], ...] = (
    {"Content-Crs": "<http://www.opengis.net/def/crs/EPSG/0/99999999999999999999>"}, {"Content-Crs": "%00"},
    {"Content-Crs": "EPSG:3857"}, {"Content-Crs": "EPSG:4554"}, {"If-Match": '"' * 500}, {"If-Match": "W/"},
    {"If-Match": '"%(x)s"'}, {"Prefer": "return=" + "a" * 5000}, {"Content-Encoding": "gzip"}, {"Expect": "x"},
)  # fmt: skip


def bodies(layer: str) -> list[dict[str, Any]]:
    base = {
        "land_parcels": {"parcel_no": "CB-H", "state": "stored"},
        "control_areas": {"layer": "dltb", "code": "H"},
        "projects": {"code": "341299-2025-01-0001-9", "name": "甲", "category": "01", "purpose": "industry"},
        "bim_elements": {},
    }[layer]
    wrong = {
        "no such property": 1
    }  # so that nothing hostile is written where the value itself would be taken
    found = [
        {"type": "Feature", "geometry": square(), "properties": {**base, name: value, **wrong}}
        for name, value in itertools.product(NAMES[layer], VALUES)
    ]
    found += [{"type": "Feature", "geometry": square(), "properties": {**base, word: 1}} for word in WORDS]
    found += [{"type": "Feature", "geometry": shape, "properties": base} for shape in GEOMETRIES]
    return found


def fingerprint(url: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE NONE")
        tables = (
            "land_parcel",
            "control_area",
            "project",
            "project_footprint",
            "element_identity",
            "audit_event",
        )
        return [
            connection.execute(f"SELECT count(*), md5(string_agg(t::text, ',' ORDER BY id)) FROM {table} t").fetchone()
            for table in tables
        ]  # fmt: skip


def test_no_hostile_body_writes_or_breaks_anything(own_doors: Doors) -> None:
    before, tried = fingerprint(own_doors.seeded.url), 0
    for layer in LAYERS:
        path = f"/ogc/collections/{layer}/items"
        feature = 11 if layer == "bim_elements" else 1
        for number, body in enumerate(bodies(layer)):
            sends = [("POST", path), ("PUT", f"{path}/{feature}"), ("PATCH", f"{path}/{feature}")]
            method, address = sends[number % 3]
            answer = own_doors.request(
                method,
                address,
                "admin",
                content=json.dumps(body).encode(),
                headers={"Content-Type": "application/geo+json"},
            )
            assert 400 <= answer.status_code < 500, (method, body, answer.status_code, answer.text[:300])
            assert answer.headers["Content-Type"] == "application/problem+json"
            tried += 1
    assert tried > 700
    assert fingerprint(own_doors.seeded.url) == before


def test_no_hostile_header_breaks_anything(own_doors: Doors) -> None:
    body = {"type": "Feature", "geometry": square(), "properties": {"no such property": 1}}
    for headers in HEADERS:
        for method, address in (("POST", ""), ("PUT", "/1"), ("PATCH", "/1"), ("DELETE", "/999999")):
            answer = own_doors.request(
                method,
                f"/ogc/collections/land_parcels/items{address}",
                "planner",
                json=body,
                headers={"Content-Type": "application/geo+json", **headers},
            )
            assert 400 <= answer.status_code < 500, (headers, method, answer.text[:300])


def test_no_hostile_id_is_found(own_doors: Doors) -> None:
    for word in (
        "0",
        "-1",
        "1.0",
        "1e3",
        "9" * 19,
        "9" * 40,
        "1;",
        "1'--",
        "%2e%2e",
        "²",
        "١",
        "true",
        "9223372036854775807",
    ):
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
            answer = own_doors.request(
                method,
                f"/ogc/collections/land_parcels/items/{word}",
                "planner",
                json={"type": "Feature", "properties": {}},
            )
            assert answer.status_code == (204 if method == "OPTIONS" else 404), (
                word,
                method,
                answer.text[:200],
            )


def test_text_that_may_be_stored_comes_back_letter_by_letter(own_doors: Doors) -> None:
    path = "/ogc/collections/land_parcels/items/1"
    for word in WORDS:
        if len(word) > 200 or "\0" in word:
            continue
        body = {"properties": {"name": word, "planned_use": word[::-1]}}
        answer = own_doors.request("PATCH", path, "planner", json=body)
        assert answer.status_code == 204, (word, answer.text)
        properties = own_doors.get(path, "planner").json()["properties"]
        assert (properties["name"], properties["planned_use"]) == (word, word[::-1])
        assert own_doors.get(f"{path}?f=html", "planner").status_code == 200
