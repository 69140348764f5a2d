# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""A layer's vector tiles in one file: PMTiles, read by range requests from any web server.

Zoom by zoom, only where something lies. A tile may be empty above one that is not (where low zooms show counts
in place of shapes), so the way down follows the boxes of the features and not the tiles.
Source: PMTiles specification, version 3.
"""

import gzip
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import floor, log, pi, radians, tan
from pathlib import Path
from typing import Any, Final

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from gis.crs import STORED_SRID
from gis.errors import InvalidParameterError
from gis.features import find_extent
from gis.layer import Layer, Selection
from gis.statement import Connection, Statement, fetch_row, merged
from gis.tiles import TileAddress, fetch_tile, tile_json

_MARGIN: Final = 1 / 32
_LATITUDE: Final = 85.05
_E7: Final = 10_000_000
_GZIP_LEVEL: Final = 6

Box = tuple[float, float, float, float]
TileProgress = Callable[[int, int, int], None]
"""Told the zoom, how many of its places are done and how many there are."""


@dataclass(frozen=True)
class Archive:
    """What was written: tiles with something in them, and their zooms."""

    tiles: int
    min_zoom: int
    max_zoom: int
    bytes: int


async def write_tiles(
    connection: Connection,
    selection: Selection,
    path: Path,
    zooms: tuple[int, int],
    stamp: Mapping[str, str],
    progress: TileProgress = lambda _zoom, _done, _total: None,
) -> Archive:
    """Write the tiles of a selection; `path` is complete when this returns, and worthless when it raises.

    Parameters
    ----------
    zooms : tuple of int
        First and last zoom.
    stamp : mapping of str to str
        Further members of the metadata.

    Raises
    ------
    InvalidParameterError
        The zooms are none of the layer's, or nothing is drawn.
    """
    first, last = check_zooms(selection.layer, zooms)
    box = await find_extent(connection, selection)
    if box is None:
        raise _nothing(selection.layer)
    with path.open("wb") as file:
        writer = Writer(file)
        places = _covering(box, first)
        for zoom in range(first, last + 1):
            met = await _write_zoom(connection, selection, writer, zoom, places, progress)
            places = _children(met, box)
        if not writer.addressed_tiles:
            raise _nothing(selection.layer)
        writer.finalize(_header(box, first), _metadata(selection.layer, (first, last), stamp))
        return Archive(writer.addressed_tiles, first, last, file.tell())


def check_zooms(layer: Layer, zooms: tuple[int, int]) -> tuple[int, int]:
    """Return the zooms if the layer has them.

    Raises
    ------
    InvalidParameterError
        They are none, or in the wrong order.
    """
    first, last = zooms
    if layer.min_zoom <= first <= last <= layer.max_zoom:
        return zooms
    raise InvalidParameterError(
        f"Zooms {first} to {last}: layer {layer.id} has tiles from zoom {layer.min_zoom} to {layer.max_zoom}.",
        f"级别 {first} 至 {last}：图层 {layer.id} 的瓦片级别为 {layer.min_zoom} 至 {layer.max_zoom}。",
        where="zoom",
    )


def _nothing(layer: Layer) -> InvalidParameterError:
    return InvalidParameterError(
        f"Layer {layer.id} has nothing to draw here: no tile to write.",
        f"图层 {layer.id} 没有可绘制的要素：无瓦片可写。",
    )


async def _write_zoom(
    connection: Connection,
    selection: Selection,
    writer: Any,
    zoom: int,
    places: Iterable[tuple[int, int]],
    progress: TileProgress,
) -> list[TileAddress]:
    """Write the tiles of one zoom in the archive's own order; return the places that any feature's box meets."""
    numbered = sorted((zxy_to_tileid(zoom, x, y), TileAddress(zoom, x, y)) for x, y in places)
    met = []
    for done, (number, tile) in enumerate(numbered, start=1):
        body = await fetch_tile(connection, selection, tile)
        if body:
            writer.write_tile(number, gzip.compress(body, _GZIP_LEVEL, mtime=0))
        if body or await _is_met(connection, selection, tile):
            met.append(tile)
        progress(zoom, done, len(numbered))
    return met


def met_statement(selection: Selection, tile: TileAddress) -> Statement:
    """Build the statement that tells whether any feature's box meets a tile and its surroundings."""
    west, south, east, north = tile.degrees(_MARGIN)
    rows = selection.rows()
    box = (
        "ST_MakeEnvelope(%(met_west)s::float8, %(met_south)s::float8, %(met_east)s::float8, "
        f"%(met_north)s::float8, {STORED_SRID})"
    )
    sql = f"SELECT EXISTS (SELECT FROM {rows.sql} AND {selection.layer.geometry_sql()} && {box})"
    sides = {"met_west": west, "met_south": south, "met_east": east, "met_north": north}
    return Statement(sql, merged(rows.params, sides))


async def _is_met(connection: Connection, selection: Selection, tile: TileAddress) -> bool:
    row = await fetch_row(connection, met_statement(selection, tile))
    return bool(row and row[0])


def _covering(box: Box, zoom: int) -> list[tuple[int, int]]:
    """Return the columns and rows that a box of degrees meets.

    Examples
    --------
    >>> _covering((115.0, 32.0, 116.0, 33.0), 5)
    [(26, 12)]
    """
    west, south, east, north = box
    columns = range(_column(west, zoom), _column(east, zoom) + 1)
    rows = range(_row(north, zoom), _row(south, zoom) + 1)
    return [(x, y) for x in columns for y in rows]


def _column(longitude: float, zoom: int) -> int:
    return min((1 << zoom) - 1, max(0, floor((longitude + 180) / 360 * (1 << zoom))))


def _row(latitude: float, zoom: int) -> int:
    angle = radians(max(-_LATITUDE, min(_LATITUDE, latitude)))
    share = (1 - log(tan(pi / 4 + angle / 2)) / pi) / 2
    return min((1 << zoom) - 1, max(0, floor(share * (1 << zoom))))


def _children(tiles: list[TileAddress], box: Box) -> list[tuple[int, int]]:
    """Return the places one zoom deeper under these tiles, as far as the box reaches."""
    if not tiles:
        return []
    zoom = tiles[0].z + 1
    west, east = _column(box[0], zoom) - 1, _column(box[2], zoom) + 1
    north, south = _row(box[3], zoom) - 1, _row(box[1], zoom) + 1
    below = [(2 * tile.x + right, 2 * tile.y + down) for tile in tiles for right in (0, 1) for down in (0, 1)]
    return [(x, y) for x, y in below if west <= x <= east and north <= y <= south]


def _header(box: Box, first: int) -> dict[str, Any]:
    west, south, east, north = (round(side * _E7) for side in box)
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": first,
        "center_lon_e7": (west + east) // 2,
        "center_lat_e7": (south + north) // 2,
    }


def _metadata(layer: Layer, zooms: tuple[int, int], stamp: Mapping[str, str]) -> dict[str, Any]:
    described = tile_json([layer], "")
    layers = [{**each, "minzoom": zooms[0], "maxzoom": zooms[1]} for each in described["vector_layers"]]
    return {
        "name": f"{layer.title_zh} {layer.title_en}",
        "description": layer.description,
        "type": "overlay",
        "version": "1",
        "vector_layers": layers,
        "worktwin": dict(stamp),
    }
