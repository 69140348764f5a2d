"""OGC API Styles: lists, formats by `f=` and Accept, metadata, legends, the styles of a collection."""

import io
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from tests.api.conftest import Doors

SLD = "application/vnd.ogc.sld+xml"


def hrefs(document: dict[str, Any], rel: str) -> list[str]:
    return [item["href"].removeprefix("http://twin.test") for item in document["links"] if item["rel"] == rel]


@pytest.mark.parametrize(
    ("accept", "media_type", "version"),
    [
        (f"{SLD};version=1.1", f"{SLD};version=1.1", "1.1.0"),
        (f"{SLD}; version=1.0", f"{SLD};version=1.0", "1.0.0"),
        (SLD, f"{SLD};version=1.0", "1.0.0"),
    ],
)
def test_the_version_of_an_sld_follows_the_accept_header(
    doors: Doors, accept: str, media_type: str, version: str
) -> None:
    answer = doors.get("/ogc/styles/projects-stage", headers={"Accept": accept})
    assert answer.headers["Content-Type"] == media_type
    assert ET.fromstring(answer.content).get("version") == version


@pytest.mark.parametrize(
    "accept", ["application/json", "*/*", "text/html,*/*;q=0.8", "application/vnd.mapbox.style+json"]
)
def test_who_names_no_format_of_styles_gets_maplibre(doors: Doors, accept: str) -> None:
    answer = doors.get("/ogc/styles/projects-light", headers={"Accept": accept})
    assert answer.headers["Content-Type"] == "application/vnd.mapbox.style+json"
    assert answer.json()["version"] == 8


def test_sld_alone_is_version_1_0_and_sld11_is_named(doors: Doors) -> None:
    versions = [
        ET.fromstring(doors.get(f"/ogc/styles/projects-light?f={key}").content).get("version")
        for key in ("sld", "sld10", "sld11")
    ]
    assert versions == ["1.0.0", "1.0.0", "1.1.0"]


def test_every_link_of_a_style_leads_to_its_format(doors: Doors) -> None:
    styles = doors.get("/ogc/styles").json()
    assert styles["default"] == "projects-progress"
    for style in styles["styles"]:
        for item in style["links"]:
            answer = doors.get(item["href"].removeprefix("http://twin.test"))
            assert answer.status_code == 200, item
            assert answer.headers["Content-Type"].partition(";")[0] == item["type"].partition(";")[0], item


def test_metadata_say_which_layer_and_property_a_style_reads(doors: Doors) -> None:
    document = doors.get("/ogc/styles/projects-deviation/metadata").json()
    assert document["id"] == "projects-deviation"
    assert {item["link"]["type"] for item in document["stylesheets"]} >= {
        "application/vnd.mapbox.style+json", f"{SLD};version=1.0", f"{SLD};version=1.1", "application/vnd.qgis.qml+xml",
    }  # fmt: skip
    (layer,) = document["layers"]
    assert (layer["id"], layer["type"]) == ("projects", "polygon")
    assert layer["propertiesSchema"]["properties"]["deviation"] == {"type": "number"}
    assert hrefs(document, "self") == ["/ogc/styles/projects-deviation/metadata?f=json"]


def test_a_collection_lists_its_own_styles_and_its_default(doors: Doors) -> None:
    def listed(collection: str) -> tuple[list[str], str | None]:
        document = doors.get(f"/ogc/collections/{collection}/styles").json()
        return [style["id"] for style in document["styles"]], document.get("default")

    projects = ["projects-progress", "projects-progress-continuous", "projects-deviation", "projects-stage",
                "projects-investment", "projects-light"]  # fmt: skip
    assert listed("projects") == (projects, "projects-progress")
    assert listed("project_points") == (projects, "projects-progress")
    assert listed("bim_elements") == (["bim-progress", "bim-light"], "bim-progress")
    assert listed("land_parcels") == (["land-status"], "land-status")
    assert listed("bim_models") == ([], None)
    assert doors.get("/ogc/collections/nothing/styles").status_code == 404


def test_a_collection_links_its_styles_and_its_file_for_qgis(doors: Doors) -> None:
    document = doors.get("/ogc/collections/land_parcels").json()
    (styles,) = hrefs(document, "http://www.opengis.net/def/rel/ogc/1.0/styles")
    assert doors.get(styles).json()["default"] == "land-status"
    assert "/ogc/qgis/land_parcels.qlr" in hrefs(document, "enclosure")


def test_tilejson_names_the_styles_of_its_layers(doors: Doors) -> None:
    styles = doors.get("/tiles/bim_elements,land_parcels.json").json()["styles"]
    assert [style["id"] for style in styles] == ["bim-progress", "bim-light", "land-status"]
    document = doors.get(styles[1]["url"].removeprefix("http://twin.test")).json()
    assert document["layers"][0]["source-layer"] == "bim_elements"


def test_points_take_the_colours_of_their_polygons(doors: Doors) -> None:
    path = "/styles/projects-light?f=mapbox"
    points = doors.get(f"/ogc/collections/project_points{path}").json()["layers"][0]
    polygons = doors.get(f"/ogc{path}").json()["layers"][0]
    assert (points["type"], points["source-layer"]) == ("circle", "project_points")
    assert points["paint"]["circle-color"] == polygons["paint"]["fill-color"]
    assert doors.get("/ogc/collections/projects/styles/land-status").status_code == 404


def test_esri_and_simplestyle_say_the_colours_of_the_legend(doors: Doors) -> None:
    colours = {
        entry["value"]: entry["colour"]
        for entry in doors.get("/ogc/styles/land-status/legend").json()["entries"]
        if "value" in entry
    }
    simple = doors.get("/ogc/styles/land-status?f=simplestyle").json()
    assert {item["value"]: item["properties"]["fill"] for item in simple["classes"]} == colours
    infos = doors.get("/ogc/styles/land-status?f=esri").json()["renderer"]["uniqueValueInfos"]
    assert {
        item["value"]: "#" + "".join(f"{part:02x}" for part in item["symbol"]["color"][:3]) for item in infos
    } == colours


def test_a_legend_is_data_or_a_picture_with_a_tag(doors: Doors) -> None:
    picture = doors.get("/ogc/styles/projects-light/legend?f=png&lang=en")
    assert (picture.headers["Content-Type"], picture.headers["Content-Language"]) == ("image/png", "en")
    large = Image.open(
        io.BytesIO(doors.get("/ogc/styles/projects-light/legend?f=png&lang=en&scale=2").content)
    )
    assert large.height == 2 * Image.open(io.BytesIO(picture.content)).height
    again = doors.get(
        "/ogc/styles/projects-light/legend?f=png&lang=en", headers={"If-None-Match": picture.headers["ETag"]}
    )
    assert again.status_code == 304
    assert (
        doors.get("/ogc/styles/projects-light/legend", headers={"Accept": "image/png"}).content[:4]
        == b"\x89PNG"
    )
    for query in ("f=pdf", "scale=100", "scale=x", "size=3"):
        assert doors.get(f"/ogc/styles/projects-light/legend?{query}").status_code == 400, query
    assert doors.get("/ogc/styles/nothing/legend").status_code == 404


def test_the_classes_of_styles_are_advertised(doors: Doors) -> None:
    classes = doors.get("/ogc/conformance").json()["conformsTo"]
    names = {name.rpartition("/")[2] for name in classes if "ogcapi-styles-1" in name}
    assert names == {"core", "mapbox-style", "sld-10", "sld-11"}
