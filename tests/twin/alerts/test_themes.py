"""Every theme: one feature, one colour, in every format; and colours that tell apart for every eye."""

import itertools
import math
import random
from typing import Any

import psycopg
import pytest

from gis.style import (
    StyleRule,
    drawing_info,
    maplibre_plain_style,
    maplibre_style,
    qml_document,
    sld_document,
)
from gis.style.simplestyle import colour_sql
from tests.gis.style.readers import (
    esri_colour,
    maplibre_value,
    plain_colour,
    qml_colour,
    sld_colour,
)
from tests.twin.alerts.vision import colour_distance, seen_by
from twin.alerts.palette import element_light_theme, light_theme
from twin.alerts.presets import GREEN_YELLOW_RED, GREY
from twin.layers import LAYERS
from twin.layers.themes import FIXED_THEMES

THEMES = [*FIXED_THEMES, light_theme([*GREEN_YELLOW_RED, GREY]), element_light_theme()]
BY_ID = {theme.id: theme for theme in THEMES}
BAND_TOLERANCE = 3  # of 255, per channel: half a narrow band of the steepest stretch is 2.6
TYPES = {"string": "text", "integer": "int", "number": "float8"}


def values_of(rule: StyleRule) -> list[Any]:
    """Return a few hundred values: each edge, what lies next to it on both sides, chance, and none."""
    if not rule.graded:
        return [
            *[item.value for item in rule.classes],
            0 if isinstance(rule.classes[0].value, int) else "其他",
            None,
        ]
    edges = [end for item in rule.classes for end in (item.least, item.below) if end is not None]
    edges += [stop.value for stop in rule.ramp]
    around = [
        math.nextafter(edge, to) if edge else math.copysign(1e-9, to)
        for edge in edges
        for to in (-math.inf, math.inf)
    ]
    low, high = min(edges), max(edges)
    chance = random.Random(3)
    spread = [round(chance.uniform(low - (high - low) / 5, high + (high - low) / 5), 1) for _ in range(200)]
    return [*edges, *around, *spread, None]


def apart(one: str, other: str) -> int:
    return max(abs(int(one[k : k + 2], 16) - int(other[k : k + 2], 16)) for k in (1, 3, 5))


@pytest.mark.parametrize("rule", THEMES, ids=lambda rule: rule.id)
def test_a_feature_has_the_same_colour_in_every_format(rule: StyleRule) -> None:
    fill = maplibre_style(rule, "/{layer}.json")["layers"][0]["paint"]["fill-color"]
    plain, qml, esri = maplibre_plain_style(rule, "/{layer}.json"), qml_document(rule), drawing_info(rule)
    slds = [sld_document(rule), sld_document(rule, "1.1.0")]
    for value in values_of(rule):
        expected = rule.colour_of(value)
        properties = {} if value is None else {rule.field: value}
        exact = [maplibre_value(fill, properties), qml_colour(qml, value), esri_colour(esri, value)]
        assert exact == [expected] * 3, value
        banded = [plain_colour(plain, properties), *(sld_colour(document, value) for document in slds)]
        limit = BAND_TOLERANCE if rule.ramp else 0
        assert [apart(colour, expected) <= limit for colour in banded] == [True] * 3, (
            value,
            banded,
            expected,
        )


@pytest.mark.parametrize("rule", THEMES, ids=lambda rule: rule.id)
def test_the_feed_chooses_the_same_colours(
    rule: StyleRule, postgis: psycopg.Connection[tuple[Any, ...]]
) -> None:
    expression = colour_sql(rule)
    kind = TYPES[LAYERS[rule.layer].field(rule.field).type]
    values = values_of(rule)
    rows = postgis.execute(
        f"SELECT {expression.sql} FROM unnest(%(values)s::{kind}[]) WITH ORDINALITY AS f({rule.field}, n) ORDER BY n".encode(),
        {**expression.params, "values": values},
    ).fetchall()
    assert [colour for (colour,) in rows] == [rule.colour_of(value) for value in values]


# The edges by hand: who stands on an edge belongs to the class that begins there.
@pytest.mark.parametrize(
    ("style", "value", "key"),
    [
        ("projects-progress", 0, "p0"), ("projects-progress", 20, "p20"), ("projects-progress", 99.9, "p80"),
        ("projects-progress", 100, "done"), ("projects-progress", None, "none"),
        ("projects-deviation", -30.1, "behind_30"), ("projects-deviation", -30.0, "behind_10"),
        ("projects-deviation", -10.0, "behind_2"), ("projects-deviation", -2.0, "on_plan"),
        ("projects-deviation", 0, "on_plan"), ("projects-deviation", 2.0, "ahead_2"), ("projects-deviation", 10.0, "ahead_10"),
        ("projects-investment", 99_999_999.0, "y0"), ("projects-investment", 1e8, "y1"), ("projects-investment", 7.3e8, "y5"),
        ("projects-investment", 1e9, "y10"), ("projects-investment", 5e9, "y50"), ("projects-investment", 1e10, "y100"),
        ("projects-stage", "tender", "tender"), ("projects-stage", "paused", "none"),
        ("bim-light", 3, "red"), ("bim-light", 0, "grey"), ("land-status", "held", "held"),
    ],
)  # fmt: skip
def test_values_fall_into_the_class_that_their_title_says(style: str, value: Any, key: str) -> None:
    assert BY_ID[style].class_of(value).key == key


@pytest.mark.parametrize("rule", THEMES, ids=lambda rule: rule.id)
def test_what_a_style_reads_is_in_the_tiles_it_reads(rule: StyleRule) -> None:
    assert LAYERS[rule.layer].field(rule.field).in_tiles
    if rule.label_field is None:
        return
    labels = LAYERS[rule.label_layer or rule.layer]
    assert labels.field(rule.label_field).in_tiles
    assert labels.field(rule.field).in_tiles


@pytest.mark.parametrize("vision", ["normal", "protan", "deutan", "tritan"])
@pytest.mark.parametrize("rule", THEMES, ids=lambda rule: rule.id)
def test_neighbours_in_a_legend_tell_apart_by_colour_or_by_pattern(rule: StyleRule, vision: str) -> None:
    classes = list(rule.classes)
    pairs = (
        list(itertools.pairwise(classes))
        if rule.graded
        else [(a, b) for n, a in enumerate(classes) for b in classes[n + 1 :]]
    )
    pairs += [(item, rule.other) for item in classes]
    close = [
        (a.key, b.key, round(colour_distance(seen_by(vision, a.colour), seen_by(vision, b.colour)), 1))
        for a, b in pairs
        if a.pattern == b.pattern
        and colour_distance(seen_by(vision, a.colour), seen_by(vision, b.colour)) < 10
    ]
    assert close == []


@pytest.mark.parametrize("rule", THEMES, ids=lambda rule: rule.id)
def test_no_class_vanishes_on_white_paper(rule: StyleRule) -> None:
    faint = [item.key for item in rule.all_classes if colour_distance(item.colour, "#ffffff") < 8]
    assert faint == []
