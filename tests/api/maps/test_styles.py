"""Styles and the feed: one rule, the same colour for a feature in every format."""

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.api.conftest import ALLOWED_ORIGIN, Doors
from tests.api.seeding import PUBLIC_CODE, as_owner

SLD = "{http://www.opengis.net/sld}"
OGC = "{http://www.opengis.net/ogc}"


def feed(doors: Doors, query: str = "", login: str | None = None) -> dict[str, Any]:
    answer = doors.get(f"/embed/projects.geojson{query}", login)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/geo+json"
    document: dict[str, Any] = answer.json()
    return document


def test_the_styles_of_the_contract_are_offered_in_every_format(doors: Doors) -> None:
    found = {style["id"]: style for style in doors.get("/ogc/styles").json()["styles"]}
    assert {"projects-progress", "projects-light", "bim-progress", "land-status"} <= set(found)
    types = {
        "mapbox": "application/vnd.mapbox.style+json",
        "mapbox-plain": "application/vnd.mapbox.style+json",
        "sld": "application/vnd.ogc.sld+xml;version=1.0",
        "qml": "application/vnd.qgis.qml+xml",
        "legend": "application/json",
    }
    for style_id in found:
        for key, media_type in types.items():
            answer = doors.get(f"/ogc/styles/{style_id}?f={key}")
            assert (answer.status_code, answer.headers["Content-Type"]) == (200, media_type)


def test_the_format_of_a_style_follows_the_accept_header_too(doors: Doors) -> None:
    answer = doors.get("/ogc/styles/projects-light", headers={"Accept": "application/vnd.ogc.sld+xml"})
    assert "sld" in answer.headers["Content-Type"]


def test_an_unknown_style_or_format_is_refused(doors: Doors) -> None:
    assert doors.get("/ogc/styles/nothing").status_code == 404
    assert doors.get("/ogc/styles/projects-light?f=pdf").status_code == 400


def test_a_project_has_the_same_colour_in_legend_map_style_sld_and_feed(doors: Doors) -> None:
    feature = feed(doors, "?style=light")["features"][0]
    code, colour = feature["properties"]["light_code"], feature["properties"]["fill"]
    legend = doors.get("/ogc/styles/projects-light?f=legend").json()
    assert {entry.get("value"): entry["colour"] for entry in legend["entries"]}[code] == colour
    style = doors.get("/ogc/styles/projects-light?f=mapbox").json()
    fill = next(layer for layer in style["layers"] if layer["type"] == "fill")["paint"]["fill-color"]
    assert fill[fill.index([code]) + 1] == colour
    root = ET.fromstring(doors.get("/ogc/styles/projects-light?f=sld").content)
    for rule in root.iter(f"{SLD}Rule"):
        literal = rule.find(f".//{OGC}Literal")
        if literal is not None and literal.text == str(code):
            assert colour in ET.tostring(rule, encoding="unicode")
            return
    pytest.fail(f"no rule of the SLD is for light code {code}")


def test_a_map_style_points_at_tiles_that_answer(doors: Doors) -> None:
    style = doors.get("/ogc/styles/projects-progress").json()
    for source in style["sources"].values():
        path = source["url"].removeprefix("http://twin.test")
        assert doors.get(path).json()["tilejson"] == "3.0.0"


def test_a_changed_palette_changes_style_and_feed_and_leaves_the_tiles(own_doors: Doors) -> None:
    paths = (
        "/ogc/styles/projects-light",
        "/embed/projects.geojson?style=light",
        "/tiles/projects/12/3363/1647.mvt",
    )
    tags = {path: own_doors.get(path).headers["ETag"] for path in paths}
    as_owner(
        own_doors.seeded.url,
        "UPDATE light_rule_set SET levels = (SELECT jsonb_agg(jsonb_set(l, '{colour}', '\"#123456\"'))"
        " FROM jsonb_array_elements(levels) l)",
    )
    states = [own_doors.get(path, headers={"If-None-Match": tags[path]}).status_code for path in paths]
    assert states == [200, 200, 304]
    assert feed(own_doors, "?style=light")["features"][0]["properties"]["fill"] == "#123456"


def test_the_feed_is_plain_geojson_that_carries_its_colours(doors: Doors) -> None:
    document = feed(doors, "?style=progress")
    assert document["type"] == "FeatureCollection"
    feature = document["features"][0]
    assert isinstance(feature["id"], int)
    assert feature["properties"]["code"] == PUBLIC_CODE
    assert feature["properties"]["progress"] == 60
    assert re.fullmatch("#[0-9a-f]{6}", feature["properties"]["fill"])
    assert feature["geometry"] is not None
    assert len(document["features"]) == document["numberReturned"] == 1


def test_the_feed_is_cut_to_what_is_asked(doors: Doors) -> None:
    assert feed(doors, "?geom=point")["features"][0]["geometry"]["type"] == "Point"
    assert feed(doors, "?bbox=10,10,11,11")["features"] == []
    names = set(feed(doors, "?fields=stage")["features"][0]["properties"])
    assert {"stage", "code", "name"} <= names
    assert "owner_unit" not in names
    for query in ("style=rainbow", "fields=lead_person", "precision=99", "unknown=1", "bbox=1"):
        assert doors.get(f"/embed/projects.geojson?{query}").status_code == 400, query


def test_points_and_elements_and_land_have_feeds_of_their_colours(doors: Doors) -> None:
    for name in ("project_points", "bim_elements", "land_parcels", "control_areas"):
        features = doors.get(f"/embed/{name}.geojson?limit=3").json()["features"]
        assert features, name
        assert {"fill", "marker-color"} & set(features[0]["properties"]), name
    assert doors.get("/embed/bim_models.geojson").status_code == 404


def test_a_feed_may_be_framed_by_those_on_the_list(doors: Doors) -> None:
    policy = doors.get("/embed/projects.geojson").headers["Content-Security-Policy"]
    assert f"frame-ancestors 'self' {ALLOWED_ORIGIN}" in policy
    assert "X-Frame-Options" not in doors.get("/embed/projects.geojson").headers


def test_a_reader_that_has_the_feed_gets_304(doors: Doors) -> None:
    tag = doors.get("/embed/projects.geojson").headers["ETag"]
    assert doors.get("/embed/projects.geojson", headers={"If-None-Match": tag}).status_code == 304
