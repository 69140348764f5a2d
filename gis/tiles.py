# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""Vector tiles of WebMercatorQuad, written whole by one statement.

Sources: Mapbox Vector Tile 2.1; OGC 17-083r4 (WebMercatorQuad); TileJSON 3.0.0.
"""

from collections.abc import Sequence
from typing import Any, Final

from gis.aggregates import FIELDS, aggregate_or, describe, find_aggregate
from gis.bands import band_tile_statement
from gis.crs import STORED_SRID, WEB_MERCATOR_SRID
from gis.errors import TileOutOfRangeError
from gis.layer import Layer, Selection
from gis.statement import Connection, Statement, fetch_row, literal, merged
from gis.tiling import BUFFER, EXTENT, TileAddress, tile_columns

__all__ = [
    "BUFFER",
    "EXTENT",
    "TileAddress",
    "fetch_tile",
    "layers_at",
    "tile_address",
    "tile_json",
    "tile_statement",
]

_MERCATOR_LATITUDE = 85.05112877980659


def tile_address(layer: Layer, z: int, x: int, y: int, last: int | None = None) -> TileAddress:
    """Check a tile address against the matrix set and the zooms of the layer, or of a set that ends at `last`.

    Raises
    ------
    TileOutOfRangeError
        Zoom outside of the layer's, or no such column or row.
    """
    end = layer.max_zoom if last is None else last
    if layer.min_zoom <= z <= end and 0 <= x < 2**z and 0 <= y < 2**z:
        return TileAddress(z, x, y)
    raise TileOutOfRangeError(
        f"Layer {layer.id} has no tile {z}/{x}/{y}: zooms {layer.min_zoom} to {end}, "
        "columns and rows 0 to 2^zoom − 1.",
        f"图层 {layer.id} 没有瓦片 {z}/{x}/{y}：级别 {layer.min_zoom} 至 {end}，行列号 0 至 2^级别−1。",
    )


def layers_at(layers: Sequence[Layer], zoom: int, last: int | None = None) -> list[Layer]:
    """Return the layers that a tile of several holds at a zoom.

    A client draws its last tiles larger above the last zoom of the whole set, not of one layer in it. So a layer is
    drawn up to there, beyond its own bands from the geometry as it is stored.

    Parameters
    ----------
    last : int, optional
        The last zoom of the set, where these layers are only some of it.
    """
    end = max((layer.max_zoom for layer in layers), default=-1) if last is None else last
    return [layer for layer in layers if layer.min_zoom <= zoom <= end]


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
    carried = layer.fields_in_tiles(tile.z)
    names = "".join(f", {item.name}" for item in carried)
    columns = f", {tile_columns(carried)}" if carried else ""
    chosen = (
        f"SELECT {layer.id_sql()} AS _id, ST_Transform({layer.geometry_sql()}, {WEB_MERCATOR_SRID}) AS _mercator{columns} "
        f"FROM {rows.sql} AND {layer.geometry_sql()} && {box} OFFSET 0"
    )
    sql = (
        "WITH e AS MATERIALIZED (SELECT ST_TileEnvelope(%(tile_z)s::int4, %(tile_x)s::int4, %(tile_y)s::int4) AS env), "
        f"t AS MATERIALIZED (SELECT _id, {_on_grid(layer)} AS _geometry{names} FROM ({chosen}) chosen, e ORDER BY _id) "
        f"SELECT ST_AsMVT(t.*, {literal(layer.id)}, {EXTENT}, '_geometry', '_id') FROM t WHERE _geometry IS NOT NULL"
    )
    return Statement(sql, merged(rows.params, params))


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


def choose_statement(selection: Selection, tile: TileAddress) -> Statement:
    """Build the cheapest statement that gives this tile: out of a band where one serves the zoom.

    Bands show what is drawn now, so a question about another time goes the general way. A layer too large to be drawn
    one by one from afar is drawn from counts there; whether it is, the statement finds out itself.
    """
    band = selection.layer.find_band(tile.z)
    if band is None or selection.at is not None:
        return tile_statement(selection, tile)
    statement = band_tile_statement(selection, tile, band)
    aggregate = find_aggregate(selection, tile.z)
    return statement if aggregate is None else aggregate_or(selection, tile, aggregate, statement)


async def fetch_tile(connection: Connection, selection: Selection, tile: TileAddress) -> bytes:
    """Run the statement of a tile; an empty tile is empty bytes, which is an answer and no error."""
    row = await fetch_row(connection, choose_statement(selection, tile))
    return bytes(row[0]) if row and row[0] is not None else b""


def tile_json(
    layers: Sequence[Layer],
    tiles_url: str,
    bounds: tuple[float, float, float, float] | None = None,
    attribution: str = "",
) -> dict[str, Any]:
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
    document: dict[str, Any] = {
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
    made = describe(layer) if layer.bands else {}
    return {
        **made,
        "id": layer.id,
        "description": layer.title_zh,
        "minzoom": layer.min_zoom,
        "maxzoom": layer.max_zoom,
        "fields": {
            **{item.name: item.title_zh for item in layer.fields if item.in_tiles},
            **(FIELDS if layer.aggregate else {}),
        },
    }
