# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""Vector tiles of WebMercatorQuad, written whole by one statement.

Sources: Mapbox Vector Tile 2.1; OGC 17-083r4 (WebMercatorQuad); TileJSON 3.0.0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan, degrees, pi, sinh
from typing import Final

from gis.crs import STORED_SRID, WEB_MERCATOR_SRID
from gis.errors import TileOutOfRangeError
from gis.layer import Layer, Selection
from gis.statement import Connection, Statement, fetch_row, literal, merged

EXTENT: Final = 4096
"""Units along a tile's side."""

BUFFER: Final = 64
"""Units kept beyond each side, so that outlines do not end at the seam."""

_MERCATOR_HALF_M = 20037508.342789244
_MERCATOR_LATITUDE = 85.05112877980659


@dataclass(frozen=True)
class TileAddress:
    """One tile of WebMercatorQuad: zoom, column from the west, row from the north."""

    z: int
    x: int
    y: int

    def unit_m(self) -> float:
        """Return the side of one tile unit in metres of Web Mercator."""
        return 2 * _MERCATOR_HALF_M / (1 << self.z) / EXTENT

    def degrees(self, margin: float = 0.0) -> tuple[float, float, float, float]:
        """Return west, south, east, north in degrees, widened by a share of the tile's side.

        Examples
        --------
        >>> TileAddress(1, 0, 0).degrees()
        (-180.0, 0.0, 0.0, 85.0511287798066)
        """
        side = 1 << self.z
        west, east = ((column / side) * 360 - 180 for column in (self.x - margin, self.x + 1 + margin))
        north, south = (_latitude(row / side) for row in (self.y - margin, self.y + 1 + margin))
        return max(west, -180.0), south, min(east, 180.0), north


def _latitude(share: float) -> float:
    return degrees(atan(sinh(pi * (1 - 2 * min(1.0, max(0.0, share))))))


def tile_address(layer: Layer, z: int, x: int, y: int) -> TileAddress:
    """Check a tile address against the matrix set and the zooms of the layer.

    Raises
    ------
    TileOutOfRangeError
        Zoom outside of the layer's, or no such column or row.
    """
    if layer.min_zoom <= z <= layer.max_zoom and 0 <= x < 2**z and 0 <= y < 2**z:
        return TileAddress(z, x, y)
    raise TileOutOfRangeError(
        f"Layer {layer.id} has no tile {z}/{x}/{y}: zooms {layer.min_zoom} to {layer.max_zoom}, "
        "columns and rows 0 to 2^zoom − 1.",
        f"图层 {layer.id} 没有瓦片 {z}/{x}/{y}：级别 {layer.min_zoom} 至 {layer.max_zoom}，行列号 0 至 2^级别−1。",
    )


def tile_statement(selection: Selection, tile: TileAddress) -> Statement:
    """Build the statement of one tile: finished MVT bytes, empty where nothing lies.

    The MVT layer is called after the collection, the feature id is the collection's, the
    attributes are those marked `in_tiles`. Nothing is cut by a limit, and nothing visible is
    dropped for being small or thin: it is drawn as a spot of two units or thickened by one. An invalid geometry is
    repaired by ST_AsMVTGeom as far as it can; rows without geometry are not in tiles.
    """
    layer = selection.layer
    west, south, east, north = tile.degrees(BUFFER / EXTENT)
    params: dict[str, object] = {
        "tile_z": tile.z,
        "tile_x": tile.x,
        "tile_y": tile.y,
        "tile_unit": tile.unit_m(),
        "tile_west": west,
        "tile_south": south,
        "tile_east": east,
        "tile_north": north,
    }
    rows = selection.rows()
    box = f"ST_MakeEnvelope(%(tile_west)s::float8, %(tile_south)s::float8, %(tile_east)s::float8, %(tile_north)s::float8, {STORED_SRID})"
    chosen = (
        f"SELECT {layer.id_sql()} AS _id, ST_Transform({layer.geometry_sql()}, {WEB_MERCATOR_SRID}) AS _mercator{_attributes(layer)} "
        f"FROM {rows.sql} AND {layer.geometry_sql()} && {box} OFFSET 0"
    )
    names = "".join(f", {item.name}" for item in layer.fields if item.in_tiles)
    sql = (
        "WITH e AS MATERIALIZED (SELECT ST_TileEnvelope(%(tile_z)s::int4, %(tile_x)s::int4, %(tile_y)s::int4) AS env), "
        f"t AS MATERIALIZED (SELECT _id, {_on_grid(layer)} AS _geometry{names} FROM ({chosen}) chosen, e ORDER BY _id) "
        f"SELECT ST_AsMVT(t.*, {literal(layer.id)}, {EXTENT}, '_geometry', '_id') FROM t WHERE _geometry IS NOT NULL"
    )
    return Statement(sql, merged(rows.params, params))


def _attributes(layer: Layer) -> str:
    """Return the columns of the tile; numbers as float8, which MVT has, and not numeric."""
    casts = {"number": "::float8", "date": "::text", "date-time": "::text"}
    columns = (
        f"f.{item.name}{casts.get(item.type, '')} AS {item.name}" for item in layer.fields if item.in_tiles
    )
    return "".join(f", {column}" for column in columns)


def _on_grid(layer: Layer) -> str:
    """Return the geometry on the tile's grid.

    A line or polygon that vanishes there (below half a unit, or too thin) and yet meets the tile
    is drawn once more: as a spot where it is small, thickened by a unit where it is long.
    """
    grid = f"ST_AsMVTGeom({{}}, e.env, {EXTENT}, {BUFFER}, TRUE)"
    if layer.geometry_type == "point":
        return grid.format("_mercator")
    return (
        f"coalesce({grid.format('_mercator')}, "
        f"CASE WHEN ST_Intersects(_mercator, ST_Expand(e.env, %(tile_unit)s::float8 * {BUFFER})) THEN "
        f"{grid.format(_SPOT)} END)"
    )


_SPOT: Final = (
    "CASE WHEN ST_Dimension(_mercator) = 1 THEN ST_BoundingDiagonal(ST_Expand(_mercator, %(tile_unit)s::float8)) "
    "WHEN ST_XMax(_mercator) - ST_XMin(_mercator) < 2 * %(tile_unit)s::float8 "
    "AND ST_YMax(_mercator) - ST_YMin(_mercator) < 2 * %(tile_unit)s::float8 "
    "THEN ST_Expand(_mercator, %(tile_unit)s::float8) "
    "ELSE ST_Buffer(_mercator, %(tile_unit)s::float8, 'quad_segs=1') END"
)


async def fetch_tile(connection: Connection, selection: Selection, tile: TileAddress) -> bytes:
    """Run `tile_statement`; an empty tile is empty bytes, which is an answer and no error."""
    row = await fetch_row(connection, tile_statement(selection, tile))
    return bytes(row[0]) if row and row[0] is not None else b""


def tile_json(
    layers: Sequence[Layer],
    tiles_url: str,
    bounds: tuple[float, float, float, float] | None = None,
    attribution: str = "",
) -> dict[str, object]:
    """Return the TileJSON 3.0 document of one or several layers.

    Parameters
    ----------
    layers : sequence of Layer
        As the caller may see them; several are concatenated in one tile.
    tiles_url : str
        Template with ``{z}``, ``{x}``, ``{y}``.
    bounds : tuple, optional
        West, south, east, north in degrees.
    attribution : str
        Where the data come from, if that must be shown.
    """
    box = bounds or (-180.0, -_MERCATOR_LATITUDE, 180.0, _MERCATOR_LATITUDE)
    document: dict[str, object] = {
        "tilejson": "3.0.0",
        "name": " · ".join(layer.title_zh for layer in layers),
        "description": " ".join(layer.description for layer in layers),
        "tiles": [tiles_url],
        "scheme": "xyz",
        "minzoom": min(layer.min_zoom for layer in layers),
        "maxzoom": max(layer.max_zoom for layer in layers),
        "bounds": list(box),
        "center": [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2, max(layer.min_zoom for layer in layers)],
        "vector_layers": [_vector_layer(layer) for layer in layers],
    }
    return {**document, "attribution": attribution} if attribution else document


def _vector_layer(layer: Layer) -> dict[str, object]:
    return {
        "id": layer.id,
        "description": layer.title_zh,
        "minzoom": layer.min_zoom,
        "maxzoom": layer.max_zoom,
        "fields": {item.name: item.title_zh for item in layer.fields if item.in_tiles},
    }
