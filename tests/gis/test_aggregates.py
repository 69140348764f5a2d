"""Far tiles drawn from counts: what a square carries, whose rows it counts, and when counts stand for features."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any, TypeVar

import mapbox_vector_tile
import psycopg
import pytest

from gis.aggregates import FIRST_ID, describe, find_aggregate
from gis.layer import Aggregate, Band, Selection
from gis.statement import EVERYTHING, NOTHING, Condition, Connection
from gis.tiles import TileAddress, fetch_tile, tile_json
from tests.gis.places import PLACES

T = TypeVar("T")

CROWD = replace(
    PLACES,
    id="crowd",
    relation="layer_crowd",
    max_zoom=12,
    bands=(Band(12, 0),),
    aggregate=Aggregate("kind"),
)
PUBLIC = Selection(CROWD.public(), Condition("f.row_public"))
ALL = Selection(CROWD, EVERYTHING)
OWN = Selection(CROWD, Condition("f.row_project_id = ANY(%(mine)s::bigint[])", {"mine": [1]}))

# Cells of zoom 14. At zoom 9 a square is a cell; at zoom 8 it is two by two. Tile 9/420/206 begins at cell
# 420 · 32 = 13440, 206 · 32 = 6592; tile 8/210/103 at 210 · 64 = 13440, 103 · 64 = 6592.
GROUND = """
CREATE TABLE layer_aggregation (layer text, aggregated boolean);
INSERT INTO layer_aggregation VALUES ('crowd', true);
CREATE TABLE layer_counts (layer text, cell_x int, cell_y int, row_public boolean, row_project_id bigint, class text,
  n bigint, area_dm2 bigint);
INSERT INTO layer_counts VALUES
 ('crowd', 13440, 6592, true, NULL, '工业', 3, 1250),
 ('crowd', 13440, 6592, true, NULL, '道路', 1, 50),
 ('crowd', 13440, 6592, true, NULL, '道路', 1, 50),
 ('crowd', 13440, 6592, false, NULL, '水利', 9, 900),
 ('crowd', 13441, 6593, true, NULL, '公共', 4, 4),
 ('crowd', 13471, 6623, true, NULL, '公共', 2, 100),
 ('crowd', 13472, 6592, true, NULL, '公共', 7, 100),
 ('crowd', 13450, 6600, true, NULL, '公共', 5, 100),
 ('crowd', 13450, 6600, true, NULL, '公共', -5, -100),
 ('other', 13440, 6592, true, NULL, '公共', 99, 99);
CREATE VIEW layer_crowd AS SELECT *, visible AS row_public, NULL::bigint AS row_project_id FROM place;
CREATE TABLE band_crowd_12 (id bigint, side int, approximate boolean, geom geometry);
"""


@pytest.fixture(scope="module")
def crowd(ground: str) -> str:
    with psycopg.connect(ground, autocommit=True) as connection:
        connection.execute(GROUND)
    return ground


@pytest.fixture
def ask(crowd: str) -> Callable[..., Any]:
    def run(question: Callable[[Connection], Awaitable[T]]) -> T:
        async def connected() -> T:
            async with await psycopg.AsyncConnection.connect(crowd) as connection:
                return await question(connection)

        return asyncio.run(connected())

    return run


def squares(
    ask: Callable[..., Any], selection: Selection, z: int, x: int, y: int
) -> dict[int, dict[str, Any]]:
    body = ask(lambda connection: fetch_tile(connection, selection, TileAddress(z, x, y)))
    layers = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True}) if body else {}
    found = layers.get("crowd", {"features": []})["features"]
    return {feature["id"]: feature for feature in found}


def carried(found: dict[int, dict[str, Any]]) -> list[tuple[Any, ...]]:
    """List west, north, class, number and area of each square."""
    return sorted(
        (
            min(x for x, _ in feature["geometry"]["coordinates"][0]),
            min(y for _, y in feature["geometry"]["coordinates"][0]),
            feature["properties"]["kind"],
            feature["properties"]["n"],
            feature["properties"]["area_m2"],
        )
        for feature in found.values()
    )


def test_a_square_carries_number_area_and_the_commonest_class(ask: Callable[..., Any]) -> None:
    found = squares(ask, PUBLIC, 9, 420, 206)
    # 128 units a square; the last of the tile begins at 31 · 128 = 3968. Cell 13472 is the next tile's.
    assert carried(found) == [
        (0, 0, "工业", 5, 13.5),
        (128, 128, "公共", 4, 0.04),
        (3968, 3968, "公共", 2, 1.0),
    ]
    assert all(feature["properties"]["aggregated"] for feature in found.values())


def test_a_coarser_zoom_adds_squares_up(ask: Callable[..., Any]) -> None:
    assert carried(squares(ask, PUBLIC, 8, 210, 103)) == [
        (0, 0, "公共", 9, 13.54),
        (15 * 128, 15 * 128, "公共", 2, 1.0),
        (16 * 128, 0, "公共", 7, 1.0),
    ]
    assert [row[3] for row in carried(squares(ask, PUBLIC, 0, 0, 0))] == [18]


def test_only_rows_that_the_caller_may_see_are_counted(ask: Callable[..., Any]) -> None:
    assert carried(squares(ask, ALL, 9, 420, 206))[0] == (0, 0, "水利", 14, 22.5)
    assert squares(ask, OWN, 9, 420, 206) == {}
    assert squares(ask, Selection(CROWD, NOTHING), 9, 420, 206) == {}


def test_squares_are_wound_as_mvt_wants_and_no_id_is_a_features(ask: Callable[..., Any]) -> None:
    for number, feature in squares(ask, PUBLIC, 9, 420, 206).items():
        ring = feature["geometry"]["coordinates"][0]
        assert sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) == 2 * 128 * 128
        assert number >= FIRST_ID > 2**32


def test_the_theme_is_left_out_where_the_caller_may_not_see_its_field(ask: Callable[..., Any]) -> None:
    blind = Selection(CROWD.for_fields(["code"]), Condition("f.row_public"))
    found = squares(ask, blind, 9, 420, 206)
    assert {frozenset(feature["properties"]) for feature in found.values()} == {
        frozenset({"n", "area_m2", "aggregated"})
    }


def test_features_are_drawn_when_the_layer_is_small_enough(crowd: str, ask: Callable[..., Any]) -> None:
    with psycopg.connect(crowd, autocommit=True) as connection:
        connection.execute("UPDATE layer_aggregation SET aggregated = false")
        try:
            assert squares(ask, Selection(CROWD, EVERYTHING), 9, 420, 206) == {}  # the band is empty
            connection.execute("DELETE FROM layer_aggregation")
            assert squares(ask, Selection(CROWD, EVERYTHING), 9, 420, 206) == {}
        finally:
            connection.execute("INSERT INTO layer_aggregation VALUES ('crowd', true)")


def test_counts_answer_for_all_rows_of_now_at_far_zooms_alone() -> None:
    assert find_aggregate(PUBLIC, 9)
    assert not find_aggregate(PUBLIC, 10)
    assert not find_aggregate(PUBLIC.filtered(Condition("f.level = 1")), 9)
    assert not find_aggregate(Selection(PLACES, EVERYTHING), 9)


def test_the_metadata_say_that_far_tiles_may_be_counts() -> None:
    said = describe(CROWD)["aggregation"]
    assert isinstance(said, dict)
    assert (said["maxzoom"], said["above"], said["cell_pixels"], said["field"]) == (9, 20_000, 8, "kind")
    fields = tile_json([CROWD], "https://example.org/{z}/{x}/{y}.mvt")["vector_layers"][0]["fields"]  # type: ignore[index]
    assert {"n", "area_m2", "aggregated"} <= set(fields)
    assert "aggregation" not in describe(PLACES)
