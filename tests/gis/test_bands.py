"""Tiles out of bands: what is drawn, that it is valid and rightly wound, and that nothing is dropped."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import mapbox_vector_tile
import psycopg
import pytest
from shapely.geometry import MultiPolygon, Polygon, box, shape
from shapely.geometry.base import BaseGeometry

import twin.sql
from gis.bands import band_table, band_tile_statement
from gis.layer import Band, Layer, Selection
from gis.statement import EVERYTHING, NOTHING, Condition, Connection, fetch_row
from gis.tiles import EXTENT, TileAddress, choose_statement, fetch_tile, tile_statement
from tests.gis.places import PLACES

T = TypeVar("T")
Ask = Callable[[Callable[[Connection], Awaitable[T]]], T]

BANDS = (Band(9, 0, simplify=True), Band(12, 10, simplify=True), Band(15, 13))
GROUND = replace(PLACES, id="grounds", relation="layer_grounds", max_zoom=15, bands=BANDS)
SEEN = Selection(GROUND.public(), Condition("f.visible"))
HOSTILE = Layer(
    id="hostile", title_zh="难", title_en="Hostile", description="", relation="layer_hostile",
    geometry_type="polygon", fields=(), max_zoom=15, bands=BANDS,
)  # fmt: skip
POINTS = replace(HOSTILE, id="marks", relation="layer_marks", geometry_type="point", bands=(Band(15, 0),))

# Stars, slivers, bow-ties, holes, parts, spots, one larger than many tiles and one on every seam; lines too.
SHAPES = """
CREATE TABLE layer_hostile AS
WITH n AS (SELECT n, 115.93 + (n * 7919 % 20000) / 1e5 AS x, 32.97 + (n * 104729 % 17000) / 1e5 AS y,
    (2::float8 ^ (n % 14)) / 1e6 AS r FROM generate_series(1, 600) n)
SELECT n::bigint AS id, ST_SetSRID(CASE n % 8
  WHEN 0 THEN ST_MakePolygon(ST_MakeLine(ARRAY(SELECT ST_MakePoint(x + r * (0.4 + 0.6 * (a % 2)) * cos(a % 12 * pi() / 6),
      y + r * (0.4 + 0.6 * (a % 2)) * sin(a % 12 * pi() / 6)) FROM generate_series(0, 12) a)))
  WHEN 1 THEN ST_MakePolygon(ST_MakeLine(ARRAY[ST_MakePoint(x, y), ST_MakePoint(x + r, y + r),
      ST_MakePoint(x + r, y), ST_MakePoint(x, y + r), ST_MakePoint(x, y)]))
  WHEN 2 THEN ST_Difference(ST_MakeEnvelope(x, y, x + r, y + r), ST_Buffer(ST_MakePoint(x + r / 2, y + r / 2), r / 2.1))
  WHEN 3 THEN ST_Union(ST_MakeEnvelope(x, y, x + r, y + r), ST_MakeEnvelope(x + 1.1 * r, y, x + 3 * r, y + r / 50))
  WHEN 4 THEN ST_MakeEnvelope(x, y, x + r * 20, y + r / 500)
  WHEN 5 THEN ST_Rotate(ST_MakeEnvelope(x, y, x + r * 9, y + r / 900), n, x, y)
  WHEN 6 THEN ST_MakeLine(ARRAY[ST_MakePoint(x, y), ST_MakePoint(x + r, y + r / 3), ST_MakePoint(x + 2 * r, y)])
  ELSE ST_MakePolygon(ST_MakeLine(ARRAY[ST_MakePoint(x, y), ST_MakePoint(x + r, y), ST_MakePoint(x + r, y + r),
      ST_MakePoint(x + r / 2, y + r), ST_MakePoint(x + r / 2, y + 2 * r), ST_MakePoint(x + r / 2, y + r),
      ST_MakePoint(x, y + r), ST_MakePoint(x, y)])) END, 4490) AS geom
FROM n
UNION ALL SELECT 1001, ST_SetSRID(ST_Difference(ST_MakeEnvelope(115, 32, 117, 34), ST_MakeEnvelope(115.99, 33.01, 116.01, 33.03)), 4490)
UNION ALL SELECT 1002, ST_Transform(ST_Boundary(ST_TileEnvelope(10, 841, 412)), 4490)
UNION ALL SELECT 1003, ST_Transform(ST_Expand(ST_TileEnvelope(12, 3368, 1648), 0.5), 4490);
"""


def make_bands(connection: psycopg.Connection, layer: Layer) -> None:
    for band in layer.bands:
        name = band_table(layer, band)
        connection.execute(
            f"CREATE TABLE {name} AS SELECT f.id, g.side, g.approximate, g.shape AS geom FROM {layer.relation} f, "
            f"band_geometry(f.geom, {band.zoom}, {band.simplify}) g WHERE g.shape IS NOT NULL"
        )
        connection.execute(f"CREATE INDEX ON {name} USING gist (geom)")


@pytest.fixture(scope="module")
def banded(ground: str) -> str:
    functions = (Path(twin.sql.__file__).parent / "60_band_geometry.sql").read_text(encoding="utf8")
    with psycopg.connect(ground, autocommit=True) as connection:
        connection.execute(functions)
        connection.execute("CREATE VIEW layer_grounds AS SELECT * FROM place")
        connection.execute(SHAPES)
        connection.execute(
            "CREATE TABLE layer_marks AS SELECT id, ST_PointOnSurface(ST_MakeValid(geom)) AS geom FROM layer_hostile"
        )
        for layer in (GROUND, HOSTILE, POINTS):
            make_bands(connection, layer)
    return ground


@pytest.fixture
def ask(banded: str) -> Ask[Any]:
    def run(question: Callable[[Connection], Awaitable[T]]) -> T:
        async def connected() -> T:
            async with await psycopg.AsyncConnection.connect(banded) as connection:
                return await question(connection)

        return asyncio.run(connected())

    return run


@pytest.fixture
def sql(banded: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(banded) as connection:
        yield connection


Drawn = dict[int, dict[str, Any]]


def decode(body: bytes, layer: Layer) -> tuple[Drawn, int]:
    layers = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True}) if body else {}
    found = layers.get(layer.id, {"features": [], "extent": EXTENT})
    return {feature["id"]: feature for feature in found["features"]}, found["extent"]


def drawn(ask: Ask[Any], selection: Selection, tile: TileAddress) -> tuple[Drawn, int]:
    return decode(ask(lambda connection: fetch_tile(connection, selection, tile)), selection.layer)


def generally(ask: Ask[Any], selection: Selection, tile: TileAddress) -> Drawn:
    async def render(connection: Connection) -> bytes:
        row = await fetch_row(connection, tile_statement(selection, tile))
        return bytes(row[0]) if row and row[0] else b""

    return decode(ask(render), selection.layer)[0]


def is_wound(geometry: BaseGeometry) -> bool:
    """Say whether outer rings have a positive area in the y-down grid, and holes a negative one (MVT 2.1, 4.3.4.4)."""
    for part in geometry.geoms if isinstance(geometry, MultiPolygon) else [geometry]:
        assert isinstance(part, Polygon)
        if signed(part.exterior.coords) <= 0 or any(signed(ring.coords) >= 0 for ring in part.interiors):
            return False
    return True


def signed(ring: Any) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))


def raw_rings(feature: dict[str, Any]) -> BaseGeometry:
    return shape(feature["geometry"])


def address(lon: float, lat: float, zoom: int) -> TileAddress:
    x = y = 0
    for z in range(1, zoom + 1):
        x, y = next(
            (column, row)
            for column in (2 * x, 2 * x + 1)
            for row in (2 * y, 2 * y + 1)
            if holds(TileAddress(z, column, row).degrees(), lon, lat)
        )
    return TileAddress(zoom, x, y)


def holds(frame: tuple[float, float, float, float], lon: float, lat: float) -> bool:
    return frame[0] <= lon < frame[2] and frame[1] <= lat < frame[3]


def tiles_over(zoom: int, west: float, south: float, east: float, north: float) -> list[TileAddress]:
    first, last = address(west, north, zoom), address(east, south, zoom)
    return [TileAddress(zoom, x, y) for x in range(first.x, last.x + 1) for y in range(first.y, last.y + 1)]


SAMPLED = [
    *(tile for zoom in (0, 4, 8, 9, 10, 11) for tile in tiles_over(zoom, 115.93, 32.97, 116.16, 33.17)),
    *tiles_over(12, 115.95, 33.0, 116.1, 33.12),
    *tiles_over(13, 116.0, 33.02, 116.06, 33.08),
    *tiles_over(14, 116.0, 33.02, 116.04, 33.05),
    *tiles_over(15, 116.0, 33.02, 116.03, 33.04),
]


def test_a_band_gives_the_ids_and_attributes_that_the_general_way_gives(ask: Ask[Any]) -> None:
    for zoom in (0, 5, 9, 10, 12, 13, 15):
        tile = address(115.8049, 33.0049, zoom)
        found, _ = drawn(ask, SEEN, tile)
        expected = generally(ask, SEEN, tile)
        assert 1 in found
        assert found.keys() == expected.keys()
        assert [found[n]["properties"] for n in found] == [expected[n]["properties"] for n in found]


def test_a_coarser_zoom_of_a_band_has_a_larger_extent(ask: Ask[Any]) -> None:
    extents = {
        zoom: drawn(ask, SEEN, address(115.8049, 33.0049, zoom))[1] for zoom in (15, 14, 13, 12, 10, 9, 7)
    }
    assert extents == {15: 4096, 14: 8192, 13: 16384, 12: 4096, 10: 16384, 9: 4096, 7: 16384}


def test_a_polygon_keeps_its_hole_its_winding_and_its_size(ask: Ask[Any]) -> None:
    feature = drawn(ask, SEEN, address(115.8049, 33.0049, 12))[0][1]
    polygon = raw_rings(feature)
    assert isinstance(polygon, Polygon)
    assert polygon.is_valid
    assert len(polygon.interiors) == 1
    assert is_wound(polygon)
    # 0.01° of longitude at z12: 4096 units · 2^12 / 36 000 = 466.03 units wide.
    assert polygon.bounds[2] - polygon.bounds[0] == pytest.approx(466.03, abs=1)


def test_lines_points_and_multipolygons_come_out_of_bands_too(ask: Ask[Any]) -> None:
    found, _ = drawn(ask, SEEN, TileAddress(9, 420, 206))
    kinds = {number: feature["geometry"]["type"] for number, feature in found.items()}
    assert kinds == {1: "Polygon", 2: "MultiPolygon", 3: "LineString", 4: "Point"}


def test_visibility_and_filters_are_asked_of_the_live_rows(ask: Ask[Any]) -> None:
    tile = TileAddress(9, 420, 206)
    assert drawn(ask, Selection(GROUND, NOTHING), tile)[0] == {}
    assert set(drawn(ask, Selection(GROUND, EVERYTHING), tile)[0]) == {1, 2, 3, 4, 5}
    asked = SEEN.filtered(Condition("f.kind = %(kind)s", {"kind": "道路"}))
    assert set(drawn(ask, asked, tile)[0]) == {3}


def test_another_time_and_a_zoom_without_band_go_the_general_way() -> None:
    tile = TileAddress(12, 3365, 1649)
    assert "band_grounds_12" in choose_statement(SEEN, tile).sql
    assert "band_" not in choose_statement(Selection(PLACES, EVERYTHING), tile).sql
    assert "band_" not in choose_statement(SEEN, TileAddress(16, 0, 0)).sql


def test_one_text_serves_all_tiles_of_a_zoom() -> None:
    texts = {band_tile_statement(SEEN, TileAddress(12, x, y), BANDS[1]).sql for x in (1, 2) for y in (3, 4)}
    assert len(texts) == 1


def test_the_same_band_tile_has_the_same_bytes_in_the_order_of_ids(ask: Ask[Any]) -> None:
    tile = TileAddress(9, 420, 206)
    bodies = {ask(lambda connection: fetch_tile(connection, SEEN, tile)) for _ in range(3)}
    assert len(bodies) == 1
    assert list(decode(bodies.pop(), GROUND)[0]) == [1, 2, 3, 4]


def test_every_polygon_of_every_sampled_tile_is_valid_and_rightly_wound(ask: Ask[Any]) -> None:
    wrong, seen = [], 0
    for tile in SAMPLED:
        for number, feature in drawn(ask, Selection(HOSTILE, EVERYTHING), tile)[0].items():
            geometry = shape(feature["geometry"])
            if geometry.geom_type.endswith("Polygon"):
                seen += 1
                if not geometry.is_valid or not is_wound(geometry) or geometry.area <= 0:
                    wrong.append((tile, number, geometry.wkt[:200]))
    assert seen > 4000
    assert wrong == []


NEAR = """
SELECT id FROM layer_hostile, ST_Expand(ST_TileEnvelope(%(z)s, %(x)s, %(y)s), %(margin)s) b
WHERE {} """
# What encloses no area of a polygon, such as a spike, is drawn by nobody.
TRULY = NEAR.format(
    "ST_Intersects(ST_CollectionExtract(ST_MakeValid(ST_Transform(geom, 3857)), ST_Dimension(geom) + 1), b)"
)
BY_BOX = NEAR.format("ST_Transform(geom, 3857) && b")


def ids(sql: psycopg.Connection, text: str, tile: TileAddress, units: float) -> set[int]:
    given = {"z": tile.z, "x": tile.x, "y": tile.y, "margin": units * tile.unit_m()}
    return {row[0] for row in sql.execute(text, given)}


def test_no_feature_that_meets_a_tile_or_its_buffer_is_dropped_and_none_is_invented(
    ask: Ask[Any], sql: psycopg.Connection
) -> None:
    for tile in SAMPLED:
        found = set(drawn(ask, Selection(HOSTILE, EVERYTHING), tile)[0])
        assert ids(sql, TRULY, tile, 62) - found == set(), tile
        assert found - ids(sql, BY_BOX, tile, 67) == set(), tile


def test_areas_are_those_of_the_general_way_within_the_grid(ask: Ask[Any]) -> None:
    compared = 0
    frame = box(0, 0, EXTENT, EXTENT)
    for tile in tiles_over(15, 116.0, 33.02, 116.03, 33.04):
        found, extent = drawn(ask, Selection(HOSTILE, EVERYTHING), tile)
        assert extent == EXTENT
        for number, feature in generally(ask, Selection(HOSTILE, EVERYTHING), tile).items():
            expected = shape(feature["geometry"]).intersection(frame)
            if expected.area < 400 or number not in found:
                continue
            ours = shape(found[number]["geometry"]).intersection(frame)
            # half a unit along every outline is what rounding may move
            assert abs(ours.area - expected.area) <= expected.length / 2 + 4, (tile, number)
            compared += 1
    assert compared > 20


def test_points_are_on_the_grid_of_the_tile_itself(ask: Ask[Any], sql: psycopg.Connection) -> None:
    for tile in (TileAddress(0, 0, 0), TileAddress(9, 420, 206), address(116.05, 33.05, 12)):
        found, extent = drawn(ask, Selection(POINTS, EVERYTHING), tile)
        assert extent == EXTENT
        assert {feature["geometry"]["type"] for feature in found.values()} == {"Point"}
        rows = sql.execute(
            "SELECT id, ST_AsMVTGeom(ST_Transform(geom, 3857), ST_TileEnvelope(%s, %s, %s), 4096, 64) FROM layer_marks",
            (tile.z, tile.x, tile.y),
        ).fetchall()
        assert set(found) == {row[0] for row in rows if row[1] is not None}


def place(sql: psycopg.Connection, wkt: str, zoom: int = 12, simplify: bool = False) -> tuple[Any, ...]:
    row = sql.execute(
        "SELECT ST_AsText(shape), side, approximate, ST_IsValid(shape) FROM band_geometry(ST_GeomFromText(%s, 4490), %s, %s)",
        (wkt, zoom, simplify),
    ).fetchone()
    assert row is not None
    return row


# At zoom 0 the world is 4096 units wide: 0°E is at x = 2048, the equator at y = −2048.
@pytest.mark.parametrize(
    ("wkt", "expected"),
    [
        ("POLYGON((0 0, 45 0, 45 -45, 0 -45, 0 0))", "POLYGON((2048 -2048,2560 -2048,2560 -2623,2048 -2623,2048 -2048))"),
        ("POLYGON((0 0, 0.01 0, 0.01 0.01, 0 0.01, 0 0))", "POLYGON((2047 -2049,2047 -2047,2049 -2047,2049 -2049,2047 -2049))"),
        ("LINESTRING(0 0, 0.01 0.01)", "LINESTRING(2047 -2049,2049 -2047)"),
        ("LINESTRING(0 0, 45 0)", "LINESTRING(2048 -2048,2560 -2048)"),
        ("POINT(45 0)", "POINT(2560 -2048)"),
        ("MULTIPOINT((45 0), (45.001 0), (0 0))", "MULTIPOINT(2048 -2048,2560 -2048)"),
    ],
)  # fmt: skip
def test_geometry_is_put_on_the_grid(sql: psycopg.Connection, wkt: str, expected: str) -> None:
    shape_text, _, approximate, valid = place(sql, wkt, 0)
    same = sql.execute(
        "SELECT ST_Equals(ST_GeomFromText(%s), ST_GeomFromText(%s))", (shape_text, expected)
    ).fetchone()
    assert same == (True,), shape_text
    assert not approximate
    assert valid


@pytest.mark.parametrize(
    "wkt",
    [
        "POLYGON((0 0, 10 10, 10 0, 0 10, 0 0))",
        "POLYGON((0 0, 1e-12 0, 1e-12 1e-12, 0 0))",
        "POLYGON((0 0, 10 0, 20 0, 0 0))",
        "POLYGON((0 0, 10 0, 10 10, 0 10, 0 0), (20 20, 21 20, 21 21, 20 20))",
        "MULTIPOLYGON(((0 0, 10 0, 10 10, 0 10, 0 0)), ((5 5, 15 5, 15 15, 5 15, 5 5)))",
        "POLYGON((0 80, 10 80, 10 90, 0 90, 0 80))",
        "POLYGON((-180 -90, 180 -90, 180 90, -180 90, -180 -90))",
        "POLYGON Z((0 0 1, 10 0 2, 10 10 3, 0 0 1))",
        "GEOMETRYCOLLECTION(POINT(0 0), LINESTRING(0 0, 9 9), POLYGON((0 0, 10 0, 10 10, 0 0)))",
        "CURVEPOLYGON(CIRCULARSTRING(0 0, 4 0, 4 4, 0 4, 0 0))",
        "LINESTRING(5 5, 5 5)",
        "POLYGON((0 0, 10 0, NaN 10, 0 0))",
        "POINT(0 91)",
        "POINT(1e300 0)",
    ],
)
@pytest.mark.parametrize("simplify", [False, True])
def test_no_geometry_makes_an_edit_fail_or_vanishes(
    sql: psycopg.Connection, wkt: str, simplify: bool
) -> None:
    shape_text, side, _, valid = place(sql, wkt, 9, simplify)
    assert shape_text is not None
    assert "EMPTY" not in shape_text
    assert "." not in shape_text.replace("e+", "")
    assert valid
    assert side is not None


@pytest.mark.parametrize(
    "wkt",
    [
        "MULTIPOLYGON(((0 0, 5 0, 5 5, 0 5, 0 0)), ((10 0, 60 0, 60 0.01, 10 0.01, 10 0)))",
        "POLYGON((0 0, 5 0, 5 2, 60 2, 60 2.01, 5 2.01, 5 5, 0 5, 0 0))",
        "POLYGON((0 0, 5 0, 5 2, 60 2, 60 0, 65 0, 65 5, 60 5, 60 2.01, 5 2.01, 5 5, 0 5, 0 0))",
    ],
)
def test_a_thin_part_or_limb_stays_beside_a_thick_one(sql: psycopg.Connection, wkt: str) -> None:
    for simplify in (False, True):
        # At zoom 2 a unit is 0.022°, so that the limb is half a unit wide. It reaches over 30°E.
        row = sql.execute(
            "SELECT ST_Intersects(shape, ST_MakeEnvelope(9500, -8200, 9600, -7000)), ST_IsValid(shape), approximate "
            "FROM band_geometry(ST_GeomFromText(%s, 4490), 2, %s)",
            (wkt, simplify),
        ).fetchone()
        assert row == (True, True, False)


def test_missing_and_empty_geometry_has_no_place(sql: psycopg.Connection) -> None:
    row = sql.execute(
        "SELECT a.shape, b.shape FROM band_geometry(NULL, 9, false) a, band_geometry('POLYGON EMPTY', 9, true) b"
    ).fetchone()
    assert row == (None, None)


def test_what_the_grid_refuses_stands_as_its_box_and_is_marked(sql: psycopg.Connection) -> None:
    _, _, approximate, valid = place(sql, "POLYGON((0 80, 10 80, 10 91, 0 91, 0 80))", 9)
    assert approximate
    assert valid


def test_a_band_that_leaves_zooms_out_is_no_layer() -> None:
    with pytest.raises(ValueError, match="bands"):
        replace(GROUND, bands=(Band(9, 0), Band(15, 11)))
    with pytest.raises(ValueError, match="range"):
        Band(3, 4)
