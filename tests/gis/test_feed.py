import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from gis.errors import InvalidParameterError, UnknownPropertyError
from gis.feed import FeedOptions, feed_layer, feed_statement, fetch_feed, parse_feed
from gis.filters import bbox_condition, parse_bbox
from gis.layer import Selection
from gis.statement import EVERYTHING, NOTHING, Condition
from tests.gis.places import PLACES
from tests.gis.rules import LIGHT, PROGRESS

Ask = Callable[..., Any]
PUBLIC = PLACES.public()
USUAL = FeedOptions()
SEEN = Selection(PUBLIC, Condition("f.visible"))


def feed(ask: Ask, options: FeedOptions = USUAL, selection: Selection = SEEN, rule: Any = LIGHT) -> Any:
    return json.loads(ask(lambda connection: fetch_feed(connection, selection, rule, options)))


def test_a_feed_carries_colours_ids_and_no_null_geometry(ask: Ask) -> None:
    collection = feed(ask)
    first = collection["features"][0]

    assert [feature["id"] for feature in collection["features"]] == [1, 2, 3, 4]
    assert all(feature["geometry"] for feature in collection["features"])
    assert first["properties"]["fill"] == first["properties"]["stroke"] == "#2e7d32"
    assert first["properties"]["fill-opacity"] == 0.65
    assert first["properties"]["title"] == "一号地块"
    assert first["properties"]["description"] == "绿灯 正常"
    assert first["properties"]["code"] == "A-1"
    assert "secret" not in first["properties"]


def test_the_colour_follows_the_rule_asked_for(ask: Ask) -> None:
    fills = [feature["properties"]["fill"] for feature in feed(ask, rule=PROGRESS)["features"]]

    # 62.5 %, 10 %, none, 100 %
    assert fills == ["#6baed6", "#deebf7", "#9e9e9e", "#08519c"]


def test_the_feed_says_when_its_newest_row_was_updated(ask: Ask) -> None:
    assert feed(ask)["updated_at"].startswith("2025-10-01T")
    assert feed(ask, selection=Selection(PUBLIC, NOTHING))["updated_at"] is None


def test_an_empty_feed_is_a_valid_collection(ask: Ask) -> None:
    collection = feed(ask, selection=Selection(PUBLIC, NOTHING))

    assert collection == {
        "type": "FeatureCollection",
        "updated_at": None,
        "numberMatched": 0,
        "numberReturned": 0,
        "features": [],
    }


def test_a_limit_is_visible_in_the_reply(ask: Ask) -> None:
    collection = feed(ask, FeedOptions(limit=2))

    assert (collection["numberMatched"], collection["numberReturned"]) == (4, 2)
    assert len(collection["features"]) == 2


def test_points_stand_inside_the_shape_and_not_in_its_hole(ask: Ask) -> None:
    features = feed(ask, FeedOptions(points=True))["features"]
    x, y = features[0]["geometry"]["coordinates"]

    assert {feature["geometry"]["type"] for feature in features} == {"Point"}
    assert 115.80 < x < 115.81
    assert not (115.803 < x < 115.806 and 33.003 < y < 33.006)
    assert features[0]["properties"]["marker-color"] == "#2e7d32"
    assert "fill" not in features[0]["properties"]


def test_parts_of_a_multipolygon_can_come_one_by_one(ask: Ask) -> None:
    whole = feed(ask)["features"][1]
    collection = feed(ask, FeedOptions(split=True))
    parts = [feature for feature in collection["features"] if feature["id"] == 2]

    assert whole["geometry"]["type"] == "MultiPolygon"
    assert [part["geometry"]["type"] for part in parts] == ["Polygon", "Polygon"]
    assert [part["properties"]["part"] for part in parts] == [1, 2]
    assert collection["numberReturned"] == 4


def test_fewer_decimals_and_less_detail_for_display(ground: str, ask: Ask) -> None:
    with psycopg.connect(ground, autocommit=True) as connection:
        connection.execute(
            "CREATE OR REPLACE VIEW layer_rounds AS SELECT 1::bigint AS id, 1 AS level, "
            "ST_Buffer(ST_SetSRID(ST_Point(115.5, 33), 4490), 0.01, 32) AS geom"
        )
    rounds = replace(PUBLIC.for_fields(["level"]), relation="layer_rounds")

    def ring(options: FeedOptions) -> Any:
        return feed(ask, options, Selection(rounds, EVERYTHING))["features"][0]["geometry"]["coordinates"][0]

    assert len(ring(FeedOptions())) == 129
    # The sagitta of an eighth of this circle is 0.00076° = 85 m, of a quarter 0.0029°.
    assert 8 <= len(ring(FeedOptions(simplify_m=100))) <= 17
    assert ring(FeedOptions(precision=3))[0] == [115.51, 33.0]


def test_a_box_narrows_the_feed(ask: Ask) -> None:
    boxed = SEEN.filtered(bbox_condition(PUBLIC, parse_bbox("115.84,33.04,115.86,33.06")))

    assert [feature["id"] for feature in feed(ask, selection=boxed)["features"]] == [4]


def test_chosen_fields_never_lose_the_archive_number_and_the_rule_s_own(ask: Ask) -> None:
    layer = feed_layer(PUBLIC, LIGHT, ["kind"])
    properties = feed(ask, selection=Selection(layer, Condition("f.visible")))["features"][0]["properties"]

    assert {"code", "name", "kind", "level", "updated_at"} <= set(properties)
    assert "progress" not in properties


def test_a_rule_on_a_hidden_field_colours_nothing() -> None:
    with pytest.raises(UnknownPropertyError):
        feed_layer(PUBLIC.for_fields(["code"]), LIGHT)
    with pytest.raises(UnknownPropertyError):
        feed_layer(PUBLIC, LIGHT, ["secret"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": "0"},
        {"limit": "many"},
        {"precision": "15"},
        {"precision": "-1"},
        {"precision": "6.5"},
        {"simplify": "-1"},
        {"simplify": "1e9"},
        {"simplify": "nan"},
        {"geom": "circle"},
        {"geometry": "point"},
    ],
)
def test_an_option_that_is_not_offered_is_named(wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        parse_feed(**wrong)
    assert caught.value.where == next(iter(wrong))


def test_the_text_of_the_statement_is_the_same_for_other_values() -> None:
    first = feed_statement(SEEN, LIGHT, FeedOptions(limit=5, precision=4))
    assert feed_statement(SEEN, LIGHT, FeedOptions()).sql == first.sql
