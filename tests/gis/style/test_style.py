import json
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from lxml import etree

from gis.errors import InvalidStyleError
from gis.style import StyleClass, StyleRule, legend, maplibre_style, qml_document, sld_document
from gis.style.maplibre import colour_expression
from gis.style.simplestyle import colour_sql
from tests.gis.rules import KIND, LIGHT, PROGRESS, RULES
from tests.gis.style.readers import maplibre_value, qml_colour, sld_colour

CASES = [
    *[(LIGHT, value, colour) for value, colour in (
        (1, "#2e7d32"), (2, "#f9a825"), (3, "#c62828"), (0, "#9e9e9e"), (7, "#9e9e9e"), (None, "#9e9e9e"),
    )],
    *[(PROGRESS, value, colour) for value, colour in (
        (0, "#deebf7"), (24.999, "#deebf7"), (25, "#6baed6"), (74.5, "#6baed6"), (75, "#08519c"),
        (100, "#08519c"), (-0.5, "#9e9e9e"), (None, "#9e9e9e"),
    )],
    *[(KIND, value, colour) for value, colour in (("工业", "#6a1b9a"), ("道路", "#4e342e"), ("水利", "#9e9e9e"), (None, "#9e9e9e"))],
]  # fmt: skip


@pytest.mark.parametrize(("rule", "value", "colour"), CASES)
def test_one_value_has_one_colour_in_every_format(
    rule: StyleRule, value: Any, colour: str, postgis: psycopg.Connection[tuple[Any, ...]]
) -> None:
    assert rule.class_of(value).colour == colour
    assert maplibre_value(json.loads(json.dumps(colour_expression(rule))), {rule.field: value}) == colour
    assert sld_colour(sld_document(rule), value) == colour
    assert sld_colour(sld_document(rule, "1.1.0"), value) == colour
    assert qml_colour(qml_document(rule), value) == colour
    expression = colour_sql(rule)
    kind = {"level": "int", "progress": "numeric", "kind": "text"}[rule.field]
    row = postgis.execute(
        f"SELECT {expression.sql} FROM (SELECT %(value)s::{kind} AS {rule.field}) f".encode(),
        {**expression.params, "value": value},
    ).fetchone()
    assert row == (colour,)


@pytest.mark.parametrize("geometry", ["polygon", "line", "point"])
def test_every_kind_of_geometry_has_its_own_symbols(geometry: Any) -> None:
    rule = replace(LIGHT, geometry=geometry)
    drawn = maplibre_style(rule, "/tiles/{layer}.json")["layers"][0]
    symbol = etree.fromstring(qml_document(rule)).find("renderer-v2/symbols/symbol")
    sld = etree.fromstring(sld_document(rule))

    assert drawn["type"] == {"polygon": "fill", "line": "line", "point": "circle"}[geometry]
    assert symbol is not None
    assert symbol.get("type") == {"polygon": "fill", "line": "line", "point": "marker"}[geometry]
    assert sld.find(f".//{{*}}{geometry.capitalize()}Symbolizer") is not None


def test_a_maplibre_style_asks_for_nothing_but_our_tiles() -> None:
    style = maplibre_style(PROGRESS, "https://example.test/tiles/{layer}.json")

    assert style["version"] == 8
    assert not {"glyphs", "sprite"} & set(style)
    assert style["sources"] == {
        "places": {"type": "vector", "url": "https://example.test/tiles/places.json"},
        "place_points": {"type": "vector", "url": "https://example.test/tiles/place_points.json"},
    }
    assert [layer["source-layer"] for layer in style["layers"]] == ["places", "places", "place_points"]
    assert all(layer["source"] == layer["source-layer"] for layer in style["layers"])
    assert style["layers"][-1]["layout"]["text-font"][0] == "Microsoft YaHei"


def test_labels_say_the_class_in_the_language_asked_for() -> None:
    def words(language: Any) -> Any:
        label = maplibre_style(LIGHT, "/{layer}", language)["layers"][-1]["layout"]["text-field"]
        return maplibre_value(label[-1], {"level": 2})

    assert words("zh") == "黄灯 滞后"
    assert words("en") == "yellow, behind"


def test_text_with_markup_survives_in_xml() -> None:
    titles = [item.text for item in etree.fromstring(sld_document(LIGHT)).iterfind(".//{*}Rule/{*}Title")]
    labels = [item.get("label") for item in etree.fromstring(qml_document(LIGHT)).iterfind(".//category")]

    assert titles[2] == labels[2] == "红灯 <问责> & 督办 red, overdue"


def test_sld_elements_stand_in_the_order_of_the_schema() -> None:
    rule = etree.fromstring(sld_document(LIGHT)).find(".//{*}Rule")

    assert rule is not None
    assert [etree.QName(item).localname for item in rule] == [
        "Name",
        "Title",
        "Filter",
        "PolygonSymbolizer",
        "TextSymbolizer",
    ]


def test_a_pattern_is_the_second_cue_where_a_format_can_draw_it() -> None:
    brushes = [
        item.get("value")
        for item in etree.fromstring(qml_document(LIGHT)).iterfind(".//Option[@name='style']")
    ]
    marks = [item.text for item in etree.fromstring(sld_document(LIGHT)).iterfind(".//{*}WellKnownName")]

    assert brushes == ["solid", "solid", "b_diagonal", "solid", "cross", "solid"]
    assert marks == ["x", "cross"]


def test_the_legend_lists_classes_in_order_with_both_languages() -> None:
    entries = legend(PROGRESS)["entries"]

    assert [entry["colour"] for entry in entries] == ["#deebf7", "#6baed6", "#08519c", "#9e9e9e"]
    assert entries[1] == {
        "key": "half",
        "title": {"zh": "25%–75%", "en": "25 to 75 %"},
        "colour": "#6baed6",
        "pattern": "solid",
        "least": 25,
        "below": 75,
    }
    assert entries[-1]["other"] is True
    assert legend(KIND)["entries"][0]["value"] == "工业"


@pytest.mark.parametrize("colour", ["red", "#FFF", "#12345", "#2E7D32", "#12345g", "#123456;", "#123456\n"])
def test_what_is_no_colour_is_refused(colour: str) -> None:
    with pytest.raises(InvalidStyleError, match="green"):
        StyleClass("green", "绿", "green", colour, value=1)


@pytest.mark.parametrize(
    "classes",
    [
        (),
        (StyleClass("a", "甲", "a", "#000000", value=1), StyleClass("b", "乙", "b", "#111111", value=1)),
        (StyleClass("a", "甲", "a", "#000000", value=1), StyleClass("b", "乙", "b", "#111111", value="1")),
        (StyleClass("a", "甲", "a", "#000000", value=1), StyleClass("b", "乙", "b", "#111111", least=1)),
        (StyleClass("a", "甲", "a", "#000000", below=5), StyleClass("b", "乙", "b", "#111111", least=4)),
        (StyleClass("a", "甲", "a", "#000000"),),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(classes: tuple[StyleClass, ...]) -> None:
    with pytest.raises(InvalidStyleError, match="places-light"):
        replace(LIGHT, classes=classes)


def test_an_empty_band_is_refused() -> None:
    with pytest.raises(InvalidStyleError):
        StyleClass("a", "甲", "a", "#000000", least=5, below=5)


def test_a_changed_palette_keeps_the_text_of_the_statement() -> None:
    painted = replace(LIGHT, classes=[replace(item, colour="#000000") for item in LIGHT.classes])

    assert colour_sql(painted).sql == colour_sql(LIGHT).sql
    assert len({colour_sql(rule).sql for rule in RULES}) == 3
