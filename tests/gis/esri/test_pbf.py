"""The binary form, read back by a decoder written from the wire format alone."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

import orjson
import psycopg
import pytest
import shapely

from gis.crs import Crs
from gis.errors import InvalidParameterError
from gis.esri.fields import with_object_id
from gis.esri.grid import Grid, count_shapes, finest_grid, parse_grid
from gis.esri.messages import SOURCE, FeatureCollection, read_description
from gis.esri.page import Drawn, Page, fetch_drawn, fetch_features, parse_fields
from gis.esri.pbf import encode_count, encode_features, encode_ids, quantised_features
from gis.esri.reference import STORED, parse_reference
from gis.layer import GeometryType, Layer, Selection
from gis.statement import Condition, Connection
from tests.gis.esri.test_where import PLACES
from tests.gis.esri.wire import messages, packed, read_collection

Ask = Callable[[Callable[[Connection], Awaitable[Any]]], Any]
AREAS = Condition("f.id IN (1, 2, 6)")


def page_of(layer: Layer, fields: str = "*", crs: Crs = STORED) -> Page:
    return Page(parse_fields(layer, fields), crs)


def drawn_by(ask: Ask, page: Page) -> Drawn:
    found: Drawn = ask(lambda connection: fetch_drawn(connection, Selection(PLACES, AREAS), page))
    return found


def test_attributes_and_shapes_come_back_as_they_are_stored(ask: Ask) -> None:
    page = page_of(PLACES)
    found = read_collection(encode_features(PLACES, page, drawn_by(ask, page), finest_grid(STORED)))
    assert (found["id"], found["type"], found["wkid"], found["cut"]) == ("OBJECTID", 3, 4490, False)
    assert found["names"] == ["OBJECTID", "code", "name", "kind", "progress", "level", "opened", "updated_at"]
    assert found["types"] == [6, 4, 4, 4, 3, 1, 5, 5]
    first, second, bare = found["features"]
    assert first["values"] == [1, "A-1", "一号地块", "工业", 62.5, 1, 1740787200000, 1759276800000]
    assert bare["values"] == [6, "C-2", "无图形", "公共", 10.0, 1, None, None]
    assert bare["parts"] is None
    assert [len(part) for part in first["parts"]] == [5, 5]
    assert [shapely.LinearRing(part).is_ccw for part in first["parts"]] == [False, True]
    expected = shapely.box(115.80, 33.00, 115.81, 33.01) - shapely.box(115.803, 33.003, 115.806, 33.006)
    shape = shapely.Polygon(first["parts"][0], first["parts"][1:])
    assert shapely.equals_exact(shape.normalize(), expected.normalize(), 2e-9)
    assert min(second["parts"][0]) == pytest.approx((115.90, 33.00), abs=2e-9)
    assert min(second["parts"][1]) == pytest.approx((115.92, 33.00), abs=2e-9)


def test_a_coarse_grid_moves_no_point_by_more_than_half_a_step(ask: Ask) -> None:
    mercator = parse_reference(102100, "outSR")
    page = page_of(PLACES, "code", mercator)
    text = '{"extent":{"xmin":12890000,"ymin":3890000,"xmax":12910000,"ymax":3900000,"spatialReference":{"wkid":102100}},"mode":"view","tolerance":4.77}'
    grid = parse_grid(text, mercator)
    assert grid == Grid(4.77, 12890000, 3900000)
    fine = read_collection(encode_features(PLACES, page, drawn_by(ask, page), finest_grid(mercator)))
    coarse = read_collection(encode_features(PLACES, page, drawn_by(ask, page), grid))
    for one, other in zip(fine["features"][:2], coarse["features"][:2], strict=True):
        for part, rough in zip(one["parts"], other["parts"], strict=True):
            for point, moved in zip(part, rough, strict=True):
                assert moved == pytest.approx(point, abs=4.77 / 2 + 1e-4)


def test_json_on_a_grid_is_the_same_as_the_binary_form(ask: Ask) -> None:
    page = page_of(PLACES, "code")
    grid = Grid(0.0001, 115.0, 34.0)
    drawn = drawn_by(ask, page)
    features = orjson.loads(b"[" + quantised_features(PLACES, page, drawn, grid) + b"]")
    binary = read_collection(encode_features(PLACES, page, drawn, grid))["features"]
    for feature, other in zip(features, binary, strict=True):
        parts = []
        for ring in (feature["geometry"] or {}).get("rings", []):
            x = y = 0
            part = []
            for dx, dy in ring:
                x, y = x + dx, y + dy
                part.append((115.0 + x * 0.0001, 34.0 - y * 0.0001))
            parts.append(part)
        assert len(parts) == len(other["parts"] or [])
        for part, expected in zip(parts, other["parts"] or [], strict=True):
            assert [number for point in part for number in point] == pytest.approx(
                [number for point in expected for number in point]
            )
        assert list(feature["attributes"].values()) == other["values"]


def test_rings_that_shrink_to_nothing_are_left_out_but_never_all_of_them() -> None:
    large = shapely.box(0, 0, 10, 10) - shapely.box(4, 4, 4.2, 4.2)
    small = shapely.box(4, 4, 4.2, 4.2)
    triangle = shapely.Polygon([(4, 4), (4.2, 4), (4.1, 4.2)])
    pair = shapely.MultiPolygon([triangle, small])
    counted = count_shapes([large, small, None, pair, shapely.Polygon(), large], "polygon", Grid(1.0))
    assert [item and item.lengths for item in counted] == [[5], [5], None, [5], None, [5]]
    assert counted[0] == counted[5]


@pytest.mark.parametrize(
    ("shape", "kind", "expected"),
    [
        ("POINT (3 4)", "point", ([], [3, 6])),
        ("LINESTRING (0 0, 2 0, 2 5)", "line", ([3], [0, 10, 2, 0, 0, -5])),
        ("MULTILINESTRING ((0 0, 1 0), (5 5, 6 5))", "line", ([2, 2], [0, 10, 1, 0, 5, 5, 1, 0])),
        ("POLYGON ((0 0, 0 2, 2 2, 2 0, 0 0))", "polygon", ([5], [0, 10, 0, -2, 2, 0, 0, 2, -2, 0])),
    ],
)
def test_every_part_begins_absolute_and_goes_on_by_distances(
    shape: str, kind: GeometryType, expected: object
) -> None:
    before, counted = count_shapes([None, shapely.from_wkt(shape)], kind, Grid(1.0, 0, 10))
    assert before is None
    assert counted is not None
    assert (counted.lengths, counted.numbers) == expected


def test_counts_and_ids_have_a_form_of_their_own() -> None:
    (query,) = messages(encode_count(2500))[2]
    assert messages(messages(query)[2][0]) == {1: [2500]}
    (query,) = messages(encode_ids([1, 2, 300]))[2]
    ids = messages(messages(query)[3][0])
    assert ids[1] == [b"OBJECTID"]
    assert packed(ids[3][0], signed=False) == [1, 2, 300]


def test_the_description_is_read_as_written() -> None:
    file = read_description((files("gis.esri") / SOURCE).read_text(encoding="utf-8"))
    (outer,) = file.message_type
    assert {message.name for message in outer.nested_type} >= {
        "FeatureResult",
        "Geometry",
        "Value",
        "Transform",
    }
    value = next(message for message in outer.nested_type if message.name == "Value")
    assert [(field.name, field.number, field.oneof_index) for field in value.field][-1] == (
        "bool_value",
        9,
        0,
    )
    assert FeatureCollection.DESCRIPTOR.full_name == "esriPBuffer.FeatureCollectionPBuffer"


WRONG = ["{", "[]", "5", "{}", '{"extent": {"xmin": 0}}', '{"extent": {"xmin": "a", "ymin": 0, "xmax": 1, "ymax": 1}, "tolerance": 1}',
         '{"extent": {"xmin": 0, "ymin": 0, "xmax": 1, "ymax": 1}, "tolerance": -1}', '{"extent": {"xmin": 1e99, "ymin": 0, "ymax": 1}, "tolerance": 1}']  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_a_grid_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameterError):
        parse_grid(text, STORED)


def test_a_grid_of_another_system_or_without_a_width_is_passed_over() -> None:
    extent = '{"xmin":0,"ymin":0,"xmax":1,"ymax":1,"spatialReference":{"wkid":4326}}'
    assert parse_grid("", STORED) is None
    assert parse_grid(f'{{"extent":{extent},"tolerance":1}}', STORED) is None
    assert parse_grid('{"extent":{"xmin":0,"ymin":0,"xmax":1,"ymax":1},"tolerance":0}', STORED) is None


def test_the_text_form_holds_every_part_of_every_kind(ask: Ask) -> None:
    """A polygon with a hole, one of two parts, none at all: as the database holds them."""
    page = Page(with_object_id(PLACES).fields[:1])
    written = ask(lambda connection: fetch_features(connection, Selection(PLACES, AREAS), page))
    first, second, bare = orjson.loads(b"[" + written.body + b"]")
    assert [len(ring) for ring in first["geometry"]["rings"]] == [5, 5]
    assert [shapely.LinearRing(ring).is_ccw for ring in first["geometry"]["rings"]] == [False, True]
    assert [len(ring) for ring in second["geometry"]["rings"]] == [4, 4]
    assert bare == {"attributes": {"OBJECTID": 6}, "geometry": None}


@pytest.mark.parametrize(
    ("kind", "feature_id", "expected"),
    [
        ("point", 4, {"x": 115.85, "y": 33.05}),
        ("point", 6, None),
        ("line", 3, {"paths": [[[115.8, 33.02], [115.95, 33.02]]]}),
        ("line", 6, None),
    ],
)
def test_points_and_lines_have_texts_of_their_own(
    ask: Ask, kind: GeometryType, feature_id: int, expected: object
) -> None:
    layer = Layer("places", "", "", "", "layer_places", kind, ())
    selection = Selection(layer, Condition("f.id = %(wanted)s", {"wanted": feature_id}))
    written = ask(lambda connection: fetch_features(connection, selection, Page(())))
    assert orjson.loads(written.body)["geometry"] == expected


def test_an_object_id_beyond_32_bits_ends_the_query(postgis_url: str) -> None:
    async def run() -> None:
        async with await psycopg.AsyncConnection.connect(postgis_url) as connection:
            await connection.execute(
                "CREATE TEMP VIEW layer_far AS SELECT 2147483648::int8 AS id, NULL::geometry AS geom"
            )
            layer = Layer("far", "", "", "", "layer_far", "point", ())
            page = Page(with_object_id(layer).fields)
            with pytest.raises(psycopg.errors.NumericValueOutOfRange):
                await fetch_features(connection, Selection(layer, Condition("TRUE")), page)

    asyncio.run(run())
