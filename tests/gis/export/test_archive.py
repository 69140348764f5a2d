"""PMTiles: what an independent reader finds is what the database has."""

import asyncio
import gzip
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import psycopg
import pyogrio
import pytest
from pmtiles.reader import MmapSource, Reader, all_tiles

from gis.errors import InvalidParameterError
from gis.export.archive import Archive, write_tiles
from gis.layer import Selection
from gis.statement import NOTHING, Condition
from gis.tiles import TileAddress, fetch_tile
from tests.gis.places import PLACES

SEEN = Selection(PLACES, Condition("f.visible"))


def write(url: str, path: Path, selection: Selection, zooms: tuple[int, int]) -> Archive:
    async def run() -> Archive:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            return await write_tiles(connection, selection, path, zooms, {"operator": "甲"})

    return asyncio.run(run())


def tile(url: str, z: int, x: int, y: int) -> bytes:
    async def run() -> bytes:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            return await fetch_tile(connection, SEEN, TileAddress(z, x, y))

    return asyncio.run(run())


def test_every_tile_is_the_one_that_the_service_gives(ground: str, tmp_path: Path) -> None:
    path = tmp_path / "places.pmtiles"
    archive = write(ground, path, SEEN, (8, 13))
    with path.open("rb") as file:
        tiles = {place: gzip.decompress(body) for place, body in all_tiles(MmapSource(file))}
    assert len(tiles) == archive.tiles
    assert {z for z, _, _ in tiles} == set(range(8, 14))
    for (z, x, y), body in tiles.items():
        assert body == tile(ground, z, x, y)
        assert body
    # 115.80–115.95°E, 33.00–33.05°N lies in columns 6731–6734 and rows 3298–3299 of zoom 13; one more on each side
    around = [(13, x, y) for x in range(6730, 6736) for y in range(3297, 3301)]
    assert {place for place in tiles if place[0] == 13} == {place for place in around if tile(ground, *place)}


def test_no_place_with_a_feature_is_left_out(ground: str, tmp_path: Path) -> None:
    path = tmp_path / "places.pmtiles"
    write(ground, path, SEEN, (5, 12))
    with path.open("rb") as file:
        found = {
            place[1:]: mapbox_vector_tile.decode(gzip.decompress(body))
            for place, body in all_tiles(MmapSource(file))
            if place[0] == 12
        }
    ids = {feature["id"] for layers in found.values() for feature in layers["places"]["features"]}
    assert ids == {1, 2, 3, 4}
    # the road 115.80–115.95°E crosses columns floor((lon + 180) / 360 · 4096) = 3365 to 3367
    assert {
        x for (x, _), layers in found.items() if any(f["id"] == 3 for f in layers["places"]["features"])
    } == {3365, 3366, 3367}


def test_header_and_metadata_name_box_zooms_and_fields(ground: str, tmp_path: Path) -> None:
    path = tmp_path / "places.pmtiles"
    write(ground, path, SEEN, (8, 10))
    with path.open("rb") as file:
        reader = Reader(MmapSource(file))
        header: dict[str, Any] = reader.header()
        metadata = reader.metadata()
    assert (header["min_zoom"], header["max_zoom"], header["clustered"]) == (8, 10, True)
    assert (header["min_lon_e7"], header["max_lat_e7"]) == (1_158_000_000, 330_500_000)
    layer = metadata["vector_layers"][0]
    assert (layer["id"], layer["minzoom"], layer["maxzoom"]) == ("places", 8, 10)
    assert layer["fields"]["name"] == "名称"
    assert metadata["worktwin"] == {"operator": "甲"}


def test_gdal_reads_the_archive(ground: str, tmp_path: Path) -> None:
    path = tmp_path / "places.pmtiles"
    write(ground, path, SEEN, (8, 13))
    frame = pyogrio.read_dataframe(path, layer="places")
    assert set(frame["name"]) == {"一号地块", "二号“地块”", "河边路 100%", "取水口"}


def test_nothing_to_draw_and_wrong_zooms_are_said(ground: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameterError, match="nothing to draw"):
        write(ground, tmp_path / "a.pmtiles", Selection(PLACES, NOTHING), (8, 9))
    with pytest.raises(InvalidParameterError, match="zoom 0 to 16"):
        write(ground, tmp_path / "a.pmtiles", SEEN, (9, 17))
