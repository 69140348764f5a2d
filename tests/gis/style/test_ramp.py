"""A ramp colours numbers continuously; formats that cannot do so get narrow bands."""

from dataclasses import replace
from typing import Any

import psycopg
import pytest

from gis.errors import InvalidStyleError
from gis.style import Stop, StyleClass, StyleRule, legend
from gis.style.simplestyle import colour_sql

RAMP = StyleRule(
    id="places-ramp",
    title_zh="形象进度",
    title_en="Progress",
    layer="places",
    geometry="polygon",
    field="progress",
    classes=(
        StyleClass("low", "低", "low", "#646400", below=100.0),
        StyleClass("high", "高", "high", "#c8c800", least=100.0),
    ),
    other=StyleClass("none", "无", "none", "#9e9e9e"),
    ramp=(Stop(0.0, "#000000"), Stop(50.0, "#640000"), Stop(100.0, "#c8c800")),
)
# 0x64 = 100, 0xc8 = 200. At 25 red is half of 100 = 50 = 0x32; at 75 red 150 = 0x96, green 100 = 0x64.
PLACES = [(-5, "#000000"), (0, "#000000"), (25, "#320000"), (50, "#640000"), (75, "#966400"), (100, "#c8c800"),
          (250, "#c8c800"), (None, "#9e9e9e")]  # fmt: skip


@pytest.mark.parametrize(("value", "colour"), PLACES)
def test_a_number_has_the_colour_of_its_place_between_two_stops(value: float | None, colour: str) -> None:
    assert RAMP.colour_of(value) == colour


@pytest.mark.parametrize(("value", "colour"), PLACES)
def test_the_feed_blends_the_colour_in_the_database(
    value: float | None, colour: str, postgis: psycopg.Connection[tuple[Any, ...]]
) -> None:
    expression = colour_sql(RAMP)
    row = postgis.execute(
        f"SELECT {expression.sql} FROM (SELECT %(value)s::numeric AS progress) f".encode(),
        {**expression.params, "value": value},
    ).fetchone()
    assert row == (colour,)


def test_narrow_bands_have_the_colour_of_their_middle() -> None:
    bands = RAMP.in_bands()
    assert len(bands.classes) == 101
    # 24 to 25: the middle is 24.5, red 49
    assert bands.class_of(24.9).colour == bands.class_of(24).colour == "#310000"
    assert bands.class_of(-1).colour == "#010000"  # of the middle of 0 to 1
    assert bands.class_of(100).colour == bands.class_of(1e6).colour == "#c8c800"
    assert bands.class_of(None).colour == "#9e9e9e"


def test_the_legend_carries_the_stops() -> None:
    assert legend(RAMP)["ramp"] == [
        {"value": 0.0, "colour": "#000000"},
        {"value": 50.0, "colour": "#640000"},
        {"value": 100.0, "colour": "#c8c800"},
    ]
    assert "ramp" not in legend(replace(RAMP, ramp=()))


@pytest.mark.parametrize(
    "ramp",
    [
        (Stop(0, "#000000"),),
        (Stop(5, "#000000"), Stop(5, "#111111")),
        (Stop(9, "#000000"), Stop(5, "#111111")),
        (Stop(0, "black"), Stop(5, "#111111")),
    ],
)
def test_a_ramp_that_is_none_is_refused(ramp: tuple[Stop, ...]) -> None:
    with pytest.raises(InvalidStyleError, match="places-ramp"):
        replace(RAMP, ramp=ramp)
