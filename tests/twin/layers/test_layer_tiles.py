"""Tiles of the real layers: bands and counts give what the general way gives, by the same rights."""

import asyncio
from collections.abc import Iterator
from math import asinh, pi, radians, tan
from typing import Any

import mapbox_vector_tile
import psycopg
import pytest
from shapely.geometry import shape

from gis.features import find_extent
from gis.layer import Layer, Selection
from gis.statement import EVERYTHING, Condition, Statement, fetch_row
from gis.tiles import EXTENT, TileAddress, choose_statement, tile_statement
from tests.conftest import SampleSite
from tests.twin.layers.test_bands import MANY
from twin.db import for_psycopg
from twin.identity import ANONYMOUS
from twin.identity.caller import SYSTEM
from twin.layers import LAYERS, select_rows

Drawn = dict[int, dict[str, Any]]


def run(url: str, statement: Statement) -> bytes:
    async def asked() -> bytes:
        async with await psycopg.AsyncConnection.connect(for_psycopg(url), autocommit=True) as connection:
            await connection.execute("SET ROLE twin_app")
            row = await fetch_row(connection, statement)
            return bytes(row[0]) if row and row[0] else b""

    return asyncio.run(asked())


def decode(body: bytes, layer: Layer) -> tuple[Drawn, int]:
    layers = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True}) if body else {}
    found = layers.get(layer.id, {"features": [], "extent": EXTENT})
    return {feature["id"]: feature for feature in found["features"]}, found["extent"]


def extent_of(url: str, selection: Selection) -> tuple[float, float, float, float]:
    async def asked() -> Any:
        async with await psycopg.AsyncConnection.connect(for_psycopg(url)) as connection:
            return await find_extent(connection, selection)

    box: tuple[float, float, float, float] = asyncio.run(asked())
    return box


def address(lon: float, lat: float, z: int) -> TileAddress:
    side = 1 << z
    return TileAddress(z, int((lon + 180) / 360 * side), int((1 - asinh(tan(radians(lat))) / pi) / 2 * side))


def places(url: str, layer: Layer) -> Iterator[TileAddress]:
    """Yield tiles of every zoom: that of the middle of the layer, and those of some features."""
    west, south, east, north = extent_of(url, Selection(layer, EVERYTHING))
    with psycopg.connect(for_psycopg(url)) as connection:
        found = connection.execute(
            f"SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_Centroid(geom) AS p FROM band_source_{layer.id} "
            "WHERE geom IS NOT NULL ORDER BY md5(id::text) LIMIT 3) q"
        ).fetchall()
    for z in range(layer.min_zoom, layer.max_zoom + 1):
        for lon, lat in [((west + east) / 2, (south + north) / 2), *found]:
            yield address(lon, lat, z)


def reaches_in(feature: dict[str, Any], extent: int) -> bool:
    """Say whether a feature reaches clearly into the tile, where rounding decides nothing."""
    west, south, east, north = shape(feature["geometry"]).bounds
    rim = 8 * extent / EXTENT
    return west < extent - rim and east > rim and south < extent - rim and north > rim


@pytest.mark.parametrize("layer", LAYERS.values(), ids=lambda layer: layer.id)
def test_a_band_shows_the_features_and_attributes_of_the_general_way(
    samples: SampleSite, layer: Layer
) -> None:
    compared = 0
    for tile in places(samples.url, layer):
        for caller in (SYSTEM, ANONYMOUS):
            selection = select_rows(caller, layer.id).selection
            ours, extent = decode(run(samples.url, choose_statement(selection, tile)), layer)
            theirs, unit = decode(run(samples.url, tile_statement(selection, tile)), layer)
            near = {number for number, feature in ours.items() if reaches_in(feature, extent)}
            expected = {number for number, feature in theirs.items() if reaches_in(feature, unit)}
            assert near <= set(theirs), (tile, caller)
            assert expected <= set(ours), (tile, caller)
            for number in near & expected:
                assert ours[number]["properties"] == theirs[number]["properties"]
                assert shape(ours[number]["geometry"]).is_valid
                compared += 1
    assert compared > 0


@pytest.mark.parametrize("field", ["storey", "discipline", "ifc_class"])
def test_a_filter_on_elements_is_answered_out_of_their_band(samples: SampleSite, field: str) -> None:
    layer = LAYERS["bim_elements"]
    with psycopg.connect(for_psycopg(samples.url)) as connection:
        row = connection.execute(
            f"SELECT {field}, ST_X(ST_Centroid(geom)), ST_Y(ST_Centroid(geom)) FROM layer_bim_elements(NULL) "
            f"WHERE {field} IS NOT NULL AND geom IS NOT NULL ORDER BY {field}, id LIMIT 1"
        ).fetchone()
    assert row is not None
    tile = address(row[1], row[2], 17)
    chosen = select_rows(SYSTEM, layer.id).selection.filtered(
        Condition(f"f.{field} = %(value)s", {"value": row[0]})
    )
    statement = choose_statement(chosen, tile)
    assert "band_bim_elements_18" in statement.sql
    ours, _ = decode(run(samples.url, statement), layer)
    theirs, _ = decode(run(samples.url, tile_statement(chosen, tile)), layer)
    everything, _ = decode(
        run(samples.url, choose_statement(select_rows(SYSTEM, layer.id).selection, tile)), layer
    )
    assert ours
    assert set(ours) == set(theirs) <= set(everything)


def test_far_tiles_of_a_large_layer_count_what_each_caller_may_see(clone_url: str) -> None:
    with psycopg.connect(for_psycopg(clone_url)) as connection:
        connection.execute("ALTER TABLE land_parcel DISABLE TRIGGER regrid_insert")
        connection.execute(MANY.replace(":count", "20010"))  # type: ignore[arg-type]
        connection.execute("UPDATE land_parcel SET public_visible = false WHERE parcel_no LIKE '%7'")
        connection.execute("SELECT compact_layer_cells()")
        hidden = connection.execute("SELECT count(*) FROM land_parcel WHERE NOT public_visible").fetchone()
    layer = LAYERS["land_parcels"]
    counted = {}
    for caller in (SYSTEM, ANONYMOUS):
        selection = select_rows(caller, layer.id).selection
        found, _ = decode(run(clone_url, choose_statement(selection, address(115.85, 33.1, 5))), layer)
        counted[caller] = sum(feature["properties"]["n"] for feature in found.values())
        assert {feature["properties"]["state"] for feature in found.values()} == {"stored"}
    assert hidden == (2001,)
    assert counted == {SYSTEM: 20_010, ANONYMOUS: 20_010 - 2001}
