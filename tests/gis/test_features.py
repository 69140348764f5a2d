import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from gis.crs import parse_crs
from gis.errors import FeatureNotFoundError
from gis.features import (
    COLLECTION_HEAD,
    EMPTY_PAGE,
    ItemsPage,
    collection_bytes,
    collection_tail,
    count_items,
    fetch_items,
    find_extent,
    get_item,
    page_statement,
    stream_items,
    with_members,
)
from gis.filters import bbox_condition, parse_bbox
from gis.layer import Selection
from gis.paging import Page, Position, parse_sort
from gis.statement import EVERYTHING, NOTHING, Condition
from tests.gis.places import PLACE_STATES, PLACES

FIRST = Page()
Ask = Callable[..., Any]
VISIBLE = Condition("f.visible")
SEEN = Selection(PLACES.public(), VISIBLE)


def items(ask: Ask, selection: Selection, page: Page = FIRST, crs: str = "CRS84") -> list[dict[str, Any]]:
    found = ask(lambda connection: fetch_items(connection, selection, page, parse_crs(crs)))
    collection = json.loads(collection_bytes(found.body, {}))
    assert collection["type"] == "FeatureCollection"
    assert len(collection["features"]) == found.returned
    return list(collection["features"])


def ids(features: list[dict[str, Any]]) -> list[int]:
    return [feature["id"] for feature in features]


def test_a_page_holds_every_visible_row_as_geojson_in_order_of_id(ask: Ask) -> None:
    found = items(ask, SEEN)

    assert ids(found) == [1, 2, 3, 4, 6]
    assert found[0]["properties"]["name"] == "一号地块"
    assert found[1]["properties"]["name"] == "二号“地块”"
    assert found[0]["properties"]["progress"] == 62.5
    assert found[2]["properties"]["progress"] is None
    assert [feature["geometry"] and feature["geometry"]["type"] for feature in found] == [
        "Polygon", "MultiPolygon", "LineString", "Point", None,
    ]  # fmt: skip


def test_outer_rings_run_anticlockwise_and_holes_clockwise(ask: Ask) -> None:
    shell, hole = items(ask, SEEN)[0]["geometry"]["coordinates"]

    assert shell[0] == [115.8, 33.0]
    assert shoelace(shell) > 0 > shoelace(hole)


def shoelace(ring: list[list[float]]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))


def test_a_field_the_caller_may_not_see_is_in_no_feature(ask: Ask) -> None:
    assert all("secret" not in feature["properties"] for feature in items(ask, SEEN))


def test_fields_can_be_chosen(ask: Ask) -> None:
    chosen = Selection(PLACES.for_fields(["level", "code"]), VISIBLE)

    assert list(items(ask, chosen)[0]["properties"]) == ["code", "level"]
    assert items(ask, Selection(PLACES.for_fields([]), VISIBLE))[0]["properties"] == {}


def test_nothing_visible_is_an_empty_page(ask: Ask) -> None:
    assert items(ask, Selection(PLACES, NOTHING)) == []


def test_an_or_in_the_visibility_cannot_be_widened_by_the_filter(ask: Ask) -> None:
    selection = Selection(PLACES, Condition("f.id = 1 OR f.id = 4"))

    assert ids(items(ask, selection, Page(after=Position((), 1)))) == [4]
    assert ids(items(ask, selection.filtered(Condition("f.level = 3 OR f.level = 2")))) == [4]
    with pytest.raises(FeatureNotFoundError):
        ask(lambda connection: get_item(connection, selection, 2))


@pytest.mark.parametrize(
    "sort", [None, "progress", "-progress", "kind,-level", "-updated_at", "-open", "opened"]
)
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_of_any_order_join_to_the_whole_without_loss_or_repeat(
    ask: Ask, sort: str | None, limit: int
) -> None:
    keys = parse_sort(PLACES, sort)
    whole = ids(items(ask, SEEN, Page(sort=keys)))
    joined: list[int] = []
    after = None
    while True:
        page = Page(limit=limit, sort=keys, after=after)
        found = ask(lambda connection, page=page: fetch_items(connection, SEEN, page))
        joined += ids(json.loads(collection_bytes(found.body, {}))["features"])
        after = found.next
        if after is None:
            break
        assert found.returned == limit

    assert joined == whole
    assert sorted(whole) == [1, 2, 3, 4, 6]


def test_null_sorts_last_in_both_directions(ask: Ask) -> None:
    assert ids(items(ask, SEEN, Page(sort=parse_sort(PLACES, "progress"))))[-1] == 3
    assert ids(items(ask, SEEN, Page(sort=parse_sort(PLACES, "-progress"))))[-1] == 3


def test_a_full_last_page_has_no_next(ask: Ask) -> None:
    found = ask(lambda connection: fetch_items(connection, SEEN, Page(limit=5)))

    assert (found.returned, found.next) == (5, None)


@pytest.mark.parametrize("limit", [1, 4, 5, 100])
def test_a_streamed_page_has_the_bytes_of_the_whole_one(ask: Ask, limit: int) -> None:
    page = Page(limit=limit, sort=parse_sort(PLACES, "-level"))

    async def streamed(connection: Any) -> tuple[bytes, int, Any]:
        batches = [batch async for batch in stream_items(connection, SEEN, page)]
        assert all(batch.next is None for batch in batches[:-1])
        body = b",".join(batch.body for batch in batches if batch.body)
        return body, sum(batch.returned for batch in batches), batches[-1].next

    whole = ask(lambda connection: fetch_items(connection, SEEN, page))
    assert ask(streamed) == (whole.body, whole.returned, whole.next)


def test_a_stream_of_many_batches_stops_at_the_limit(ground: str, ask: Ask) -> None:
    many = Selection(PLACES.for_fields([]), EVERYTHING)
    series = replace(many, layer=replace(many.layer, relation="layer_series"))

    async def streamed(connection: Any) -> tuple[list[int], Any]:
        await connection.execute(
            "CREATE TEMP VIEW layer_series AS SELECT g AS id, ST_SetSRID(ST_Point(115, 33), 4490) AS geom "
            "FROM generate_series(1, 1700) g"
        )
        batches = [batch async for batch in stream_items(connection, series, Page(limit=1200))]
        return [batch.returned for batch in batches], batches[-1].next

    assert ask(streamed) == ([500, 500, 200, 0], Position((), 1200))


@pytest.mark.parametrize("limit", [39, 40, 41, 80, 84, 85, 86])
def test_a_page_in_several_pieces_holds_each_feature_once_in_order(ask: Ask, limit: int) -> None:
    many = Selection(PLACES.for_fields([]), EVERYTHING)
    series = replace(many, layer=replace(many.layer, relation="layer_pieces"))

    async def fetched(connection: Any) -> ItemsPage:
        await connection.execute(
            "CREATE TEMP VIEW layer_pieces AS SELECT g AS id, ST_SetSRID(ST_Point(115, 33), 4490) AS geom "
            "FROM generate_series(1, 85) g"
        )
        return await fetch_items(connection, series, Page(limit=limit))

    found = ask(fetched)
    assert ids(json.loads(collection_bytes(found.body, {}))["features"]) == list(range(1, min(limit, 85) + 1))
    assert found.returned == min(limit, 85)
    assert found.next == (Position((), limit) if limit < 85 else None)


def test_the_direction_of_a_line_is_kept_and_rings_are_turned(ask: Ask) -> None:
    found = {feature["id"]: feature["geometry"] for feature in items(ask, SEEN, Page())}
    assert found[3]["coordinates"] == [[115.8, 33.02], [115.95, 33.02]]
    ring = found[1]["coordinates"][0]
    assert sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in pairwise(ring)) < 0, "anti-clockwise"


def test_an_empty_stream_is_one_empty_batch(ask: Ask) -> None:
    async def streamed(connection: Any) -> list[ItemsPage]:
        return [batch async for batch in stream_items(connection, Selection(PLACES, NOTHING), Page())]

    assert ask(streamed) == [EMPTY_PAGE]


def test_geometry_comes_in_the_crs_asked_for_with_its_axis_order(ask: Ask) -> None:
    # 115.80°E 33.00°N by pyproj 3.7 in EPSG:4527: 39387852.781 E, 3653387.726 N (three decimals).
    point = items(ask, SEEN, crs="EPSG:4527")[0]["geometry"]["coordinates"][0][0]
    swapped = items(ask, SEEN, crs="http://www.opengis.net/def/crs/EPSG/0/4527")[0]["geometry"][
        "coordinates"
    ][0][0]

    assert point == pytest.approx([39387852.781, 3653387.726], abs=0.0015)
    assert swapped == point[::-1]
    assert items(ask, SEEN, crs="urn:ogc:def:crs:EPSG::4490")[3]["geometry"]["coordinates"] == [33.05, 115.85]


def test_one_item_is_a_feature_to_which_links_can_be_added(ask: Ask) -> None:
    feature = json.loads(
        with_members(ask(lambda connection: get_item(connection, SEEN, 4)).body, {"links": []})
    )

    assert feature["id"] == 4
    assert feature["geometry"] == {"type": "Point", "coordinates": [115.85, 33.05]}
    assert feature["links"] == []


@pytest.mark.parametrize("feature_id", [5, 99, 2**40])
def test_a_hidden_feature_and_a_missing_one_are_the_same_error(ask: Ask, feature_id: int) -> None:
    with pytest.raises(FeatureNotFoundError, match="places"):
        ask(lambda connection: get_item(connection, SEEN, feature_id))


def test_a_count_is_exact_below_the_limit_and_an_estimate_above(ask: Ask) -> None:
    exact = ask(lambda connection: count_items(connection, SEEN))
    rough = ask(lambda connection: count_items(connection, SEEN, exactly_up_to=2))

    assert (exact.number, exact.exact) == (5, True)
    assert not rough.exact
    assert rough.number >= 3


def test_the_extent_covers_visible_rows_only(ask: Ask) -> None:
    extent = ask(lambda connection: find_extent(connection, SEEN))

    assert extent == pytest.approx((115.80, 33.00, 115.95, 33.05))
    assert ask(lambda connection: find_extent(connection, Selection(PLACES, NOTHING))) is None


def test_a_temporal_layer_answers_with_the_state_of_its_time(ask: Ask) -> None:
    def progress(at: datetime | None) -> list[float]:
        found = items(ask, Selection(PLACE_STATES, EVERYTHING, at=at))
        return [feature["properties"]["progress"] for feature in found]

    assert progress(None) == [62.5]
    assert progress(datetime(2025, 7, 1, tzinfo=UTC)) == [40]
    assert progress(datetime(2024, 7, 1, tzinfo=UTC)) == []


def test_the_text_of_a_statement_is_the_same_for_every_value() -> None:
    def text(box: str, limit: int, after: int) -> str:
        selection = SEEN.filtered(bbox_condition(PLACES, parse_bbox(box)))
        return page_statement(selection, Page(limit=limit, after=Position((), after))).sql

    assert text("1,2,3,4", 10, 5) == text("115.5,32,116,33", 1000, 70000)


def test_a_collection_may_be_closed_without_further_members() -> None:
    assert json.loads(COLLECTION_HEAD + collection_tail({})) == {"type": "FeatureCollection", "features": []}
