"""The Esri form of a rule: what ArcGIS draws is the class of the rule, its ends included."""

import json
from dataclasses import replace
from typing import Any

import pytest

from gis.style import StyleClass, StyleRule
from gis.style.esri import drawing_info
from tests.gis.rules import KIND, LIGHT, PROGRESS
from tests.gis.style.readers import esri_colour

GREY = StyleClass("grey", "未评估", "not assessed", "#9e9e9e")


@pytest.mark.parametrize(
    ("rule", "value", "colour"),
    [
        (LIGHT, 1, "#2e7d32"), (LIGHT, 3, "#c62828"), (LIGHT, 0, "#9e9e9e"), (LIGHT, None, "#9e9e9e"),
        (PROGRESS, 0, "#deebf7"), (PROGRESS, 24.999999, "#deebf7"), (PROGRESS, 25, "#6baed6"),
        (PROGRESS, 75, "#08519c"), (PROGRESS, 1e6, "#08519c"), (PROGRESS, -0.5, "#9e9e9e"), (PROGRESS, None, "#9e9e9e"),
        (KIND, "工业", "#6a1b9a"), (KIND, "水利", "#9e9e9e"),
    ],
)  # fmt: skip
def test_esri_clients_see_the_colour_of_the_class(rule: StyleRule, value: Any, colour: str) -> None:
    drawn = json.loads(json.dumps(drawing_info(rule)))
    assert esri_colour(drawn, value) == colour


def test_values_stand_as_text_with_their_names() -> None:
    renderer = drawing_info(LIGHT, "en")["renderer"]
    assert (renderer["type"], renderer["field1"], renderer["defaultLabel"]) == (
        "uniqueValue",
        "level",
        "not assessed",
    )
    first = renderer["uniqueValueInfos"][0]
    assert (first["value"], first["label"], first["description"]) == ("1", "green, on plan", "绿灯 正常")
    assert drawing_info(LIGHT)["renderer"]["uniqueValueInfos"][0]["label"] == "绿灯 正常"


def test_a_pattern_is_a_hatch_and_opacity_is_the_layers_transparency() -> None:
    drawn = drawing_info(LIGHT)
    styles = [item["symbol"]["style"] for item in drawn["renderer"]["uniqueValueInfos"]]
    assert styles == ["esriSFSSolid", "esriSFSBackwardDiagonal", "esriSFSCross"]
    assert drawn["transparency"] == 35
    assert drawing_info(PROGRESS)["transparency"] == 50


def test_every_kind_of_geometry_has_its_symbol() -> None:
    kinds = [
        drawing_info(replace(LIGHT, geometry=geometry))["renderer"]["defaultSymbol"]["type"]
        for geometry in ("polygon", "line", "point")
    ]
    assert kinds == ["esriSFS", "esriSLS", "esriSMS"]


def test_labels_name_the_field_and_the_scale_from_which_they_stand() -> None:
    label = drawing_info(LIGHT)["labelingInfo"][0]
    assert label["labelExpression"] == "[name]"
    assert label["minScale"] == 72224  # zoom 12: 295,828,763.8 / 4,096
    assert drawing_info(KIND)["labelingInfo"] is None


def test_open_ends_are_beyond_any_number_of_ours() -> None:
    low = StyleClass("low", "负", "below zero", "#111111", below=0.0)
    rule = StyleRule("d", "偏差", "Deviation", "places", "polygon", "progress", (low,), GREY)
    assert esri_colour(drawing_info(rule), -1e12) == "#111111"
    assert esri_colour(drawing_info(rule), 0) == "#9e9e9e"
