from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import mapbox_vector_tile
import psycopg
import pytest
from shapely.geometry import Polygon, shape

from gis.errors import TileOutOfRangeError
from gis.layer import Selection
from gis.statement import EVERYTHING, NOTHING, Condition
from gis.tiles import TileAddress, fetch_tile, tile_address, tile_json, tile_statement
from tests.gis.places import PLACES

Ask = Callable[..., Any]
SEEN = Selection(PLACES.public(), Condition("f.visible"))

# 115.80°E 33.00°N lies in column floor((115.8 + 180) / 360 · 2^z), row by the Mercator formula.
Z12 = (12, 3365, 1649)


def decoded(ask: Ask, selection: Selection, z: int, x: int, y: int) -> dict[int, dict[str, Any]]:
    tile = tile_address(selection.layer, z, x, y)
    body = ask(lambda connection: fetch_tile(connection, selection, tile))
    layers = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True}) if body else {}
    assert set(layers) <= {selection.layer.id}
    found = layers.get(selection.layer.id, {"features": []})["features"]
    return {feature["id"]: feature for feature in found}


def test_a_tile_carries_the_layer_name_the_ids_and_the_marked_attributes(ask: Ask) -> None:
    found = decoded(ask, SEEN, *Z12)

    assert found[1]["properties"] == {
        "code": "A-1",
        "name": "一号地块",
        "progress": 62.5,
        "level": 1,
        "open": True,
        "updated_at": "2025-10-01 00:00:00+00",
    }
    assert 5 not in found


def test_polygons_are_valid_wound_as_mvt_wants_and_keep_their_holes(ask: Ask) -> None:
    geometry = decoded(ask, SEEN, *Z12)[1]["geometry"]
    polygon = shape(geometry)
    shell = geometry["coordinates"][0]

    assert isinstance(polygon, Polygon)
    assert polygon.is_valid
    assert len(polygon.interiors) == 1
    # MVT 2.1, 4.3.4.4: the outer ring has a positive area in the y-down grid.
    assert sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(shell)) > 0
    # 0.01° of longitude at z12: 4096 units · 2^12 / 36 000 = 466.03 units wide.
    assert polygon.bounds[2] - polygon.bounds[0] == pytest.approx(466.03, abs=1)


def test_lines_points_and_multipolygons_are_in_tiles_too(ask: Ask) -> None:
    kinds = {
        number: feature["geometry"]["type"] for number, feature in decoded(ask, SEEN, 9, 420, 206).items()
    }

    assert kinds == {1: "Polygon", 2: "MultiPolygon", 3: "LineString", 4: "Point"}


def test_what_is_too_small_to_be_drawn_stays_as_a_spot(ask: Ask) -> None:
    assert sorted(decoded(ask, SEEN, 0, 0, 0)) == [1, 2, 3, 4]


@pytest.mark.parametrize("zoom", [8, 10, 13])
def test_a_thin_polygon_is_thickened_and_not_dropped(ground: str, ask: Ask, zoom: int) -> None:
    thin = Selection(replace(PLACES.for_fields([]), relation="layer_thin"), EVERYTHING)
    with psycopg.connect(ground, autocommit=True) as connection:
        # 4 cm wide and 1.9 km long, askew.
        connection.execute(
            "CREATE OR REPLACE VIEW layer_thin AS SELECT 1::bigint AS id, ST_GeomFromText('POLYGON((115.6 33.1, "
            "115.62 33.1013, 115.62 33.1013004, 115.6 33.1000004, 115.6 33.1))', 4490) AS geom"
        )
    address = address_of(115.61, 33.1006, zoom)

    assert shape(decoded(ask, thin, *address)[1]["geometry"]).area > 0
    far = (address[0], address[1], address[2] + 3)
    assert decoded(ask, thin, *far) == {}


def address_of(lon: float, lat: float, zoom: int) -> tuple[int, int, int]:
    """Search the address by its box, not by the formula that made it."""
    x = y = 0
    for z in range(1, zoom + 1):
        x, y = next(
            (column, row)
            for column in (2 * x, 2 * x + 1)
            for row in (2 * y, 2 * y + 1)
            if inside(TileAddress(z, column, row).degrees(), lon, lat)
        )
    return zoom, x, y


def inside(box: tuple[float, float, float, float], lon: float, lat: float) -> bool:
    return box[0] <= lon < box[2] and box[1] <= lat < box[3]


def test_the_box_of_a_tile_is_that_of_postgis(postgis: psycopg.Connection) -> None:
    for z, x, y in ((0, 0, 0), (1, 1, 0), (12, 3365, 1650), (18, 215_000, 105_000)):
        row = postgis.execute(
            "SELECT ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b) "
            "FROM (SELECT ST_Transform(ST_TileEnvelope(%s, %s, %s), 4326) AS b) t",
            (z, x, y),
        ).fetchone()
        assert TileAddress(z, x, y).degrees() == pytest.approx(row, abs=1e-9)


def test_an_empty_tile_is_an_answer(ask: Ask) -> None:
    assert decoded(ask, SEEN, 12, 0, 0) == {}
    assert decoded(ask, Selection(PLACES, NOTHING), *Z12) == {}


def test_the_same_tile_has_the_same_bytes(ask: Ask) -> None:
    tile = TileAddress(9, 420, 206)
    bodies = {ask(lambda connection: fetch_tile(connection, SEEN, tile)) for _ in range(3)}

    assert len(bodies) == 1


@pytest.mark.parametrize(("z", "x", "y"), [(-1, 0, 0), (17, 0, 0), (3, 8, 0), (3, 0, 8), (3, -1, 0)])
def test_an_address_outside_the_matrix_or_the_zooms_is_refused(z: int, x: int, y: int) -> None:
    with pytest.raises(TileOutOfRangeError, match="places"):
        tile_address(PLACES, z, x, y)


def test_the_statement_has_one_text_for_all_tiles() -> None:
    assert tile_statement(SEEN, TileAddress(3, 1, 2)).sql == tile_statement(SEEN, TileAddress(14, 9, 9)).sql


def test_tilejson_names_the_fields_of_every_layer() -> None:
    document = tile_json([PLACES], "/tiles/places/{z}/{x}/{y}.mvt", (115.6, 32.8, 116.0, 33.3))

    assert document["tilejson"] == "3.0.0"
    assert document["bounds"] == [115.6, 32.8, 116.0, 33.3]
    assert document["vector_layers"] == [
        {
            "id": "places",
            "description": "地点",
            "minzoom": 0,
            "maxzoom": 16,
            "fields": {
                "code": "档案编号",
                "name": "名称",
                "progress": "进度",
                "level": "等级",
                "open": "开放",
                "updated_at": "更新时间",
            },
        }
    ]


def test_random_polygons_are_valid_and_all_there_at_every_zoom(ground: str, ask: Ask) -> None:
    with psycopg.connect(ground, autocommit=True) as connection:
        connection.execute(
            """CREATE OR REPLACE VIEW layer_stars AS
            SELECT n::bigint AS id, ST_Transform(ST_Buffer(ST_SetSRID(ST_MakeLine(
              ST_Point(39400000 + (n * 7919 % 20000), 3650000 + (n * 104729 % 20000)),
              ST_Point(39400000 + (n * 7919 % 20000) + n % 37 * 3, 3650000 + (n * 104729 % 20000) + n % 23 * 5)), 4527),
              0.05 + n % 13 * 4, 'quad_segs=3'), 4490) AS geom
            FROM generate_series(1, 400) n"""
        )
    stars = Selection(replace(PLACES.for_fields([]), relation="layer_stars"), EVERYTHING)
    found: set[int] = set()
    for zoom in (5, 8, 10, 12):
        west, south, east, north = 115.93, 32.96, 116.16, 33.17
        first, last = address_of(west, north, zoom), address_of(east, south, zoom)
        found = set()
        for x in range(first[1], last[1] + 1):
            for y in range(first[2], last[2] + 1):
                tile = decoded(ask, stars, zoom, x, y)
                assert all(shape(feature["geometry"]).is_valid for feature in tile.values())
                found |= set(tile)
        assert found == set(range(1, 401))
