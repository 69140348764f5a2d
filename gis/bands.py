# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""Tiles out of geometry that lies on the pixel grid already 像素网格金字塔: shifted, and clipped only at the tile's edge.

A band is a table ``band_<layer>_<zoom>`` of feature id, geometry (SRID 0, whole numbers, y up, 4096 units along a
tile of the band's zoom) and `side`, the shorter side of its box. Attributes and rights come from the layer's own
relation, joined by id, or where the band carries them, from its view ``drawn_<layer>_<zoom>``. Who keeps the tables is
not known here.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from gis.aggregates import describe
from gis.crs import STORED_SRID
from gis.layer import Band, Field, Layer, Selection
from gis.statement import EVERYTHING, ROW, Statement, identifier, literal, merged
from gis.tiling import BUFFER, EXTENT, TileAddress, tile_columns

__all__ = ["band_table", "band_tile_statement", "describe"]


def band_table(layer: Layer, band: Band) -> str:
    """Return the name of the table of a band.

    Examples
    --------
    >>> band_table(Layer("roads", "道路", "Roads", "", "layer_roads", "line", ()), Band(12, 10))
    'band_roads_12'
    """
    return identifier(f"band_{layer.id}_{band.zoom}")


def band_tile_statement(selection: Selection, tile: TileAddress, band: Band) -> Statement:
    """Build the statement of one tile out of a band: finished MVT bytes, empty where nothing lies.

    Notes
    -----
    A zoom below the band's is served in the band's own units with a larger extent, so that coordinates stay whole
    and polygons valid; what is thinner than a unit of 4096 there is drawn by its box, widened to one or two.

    The live rows are found by their own box (points, whose place may be computed, by id) behind a fence (`OFFSET 0`)
    and meet the band in a FULL join, which is a hash or merge join whatever the planner guesses: with the box
    unknown to it, it would take a nested loop over thousands of rows.
    """
    layer = selection.layer
    point = layer.geometry_type == "point"
    unit = 1 << (band.zoom - tile.z)
    params: dict[str, object] = {
        "band_unit": unit,
        "band_x": tile.x,
        "band_y": tile.y,
        "band_extent": EXTENT * (1 if point else unit),
    }
    carried = layer.fields_in_tiles(tile.z)
    shape = "c.geom" if point or unit == 1 else f"CASE WHEN c.side < e.unit THEN {_WIDENED} ELSE c.geom END"
    if band.carries_fields and selection.where == EVERYTHING:
        return _carried_statement(selection, band, carried, shape, params)
    west, south, east, north = tile.degrees(2 * BUFFER / EXTENT)
    if not point:
        params |= {"near_west": west, "near_south": south, "near_east": east, "near_north": north}
    rows = selection.rows()
    names = "".join(f", a.{item.name}" for item in carried)
    found = (
        f"SELECT c.id, {shape} AS shape FROM e CROSS JOIN {band_table(layer, band)} AS c "
        "WHERE c.geom && e.reach OFFSET 0"
    )
    known = (
        f"SELECT {layer.id_sql()} AS _id, {tile_columns(carried) or '1'} FROM {rows.sql} "
        f"AND {_near(layer)} OFFSET 0"
    )
    sql = (
        f"WITH e AS MATERIALIZED ({_TILE}), b AS ({found}) "
        f"SELECT ST_AsMVT(t.*, {literal(layer.id)}, %(band_extent)s::integer, '_geometry', '_id') FROM ("
        f"SELECT a._id, {_clipped('b.shape') if point else _IN_TILE} AS _geometry{names} "
        f"FROM e, b FULL JOIN ({known}) AS a ON a._id = b.id ORDER BY a._id OFFSET 0) AS t "
        "WHERE _id IS NOT NULL AND _geometry IS NOT NULL"
    )
    return Statement(sql, merged(rows.params, params))


def drawn_view(layer: Layer, band: Band) -> str:
    """Return the name of the view of what is drawn out of a band that carries its fields."""
    return identifier(f"drawn_{layer.id}_{band.zoom}")


def _carried_statement(
    selection: Selection, band: Band, carried: Sequence[Field], shape: str, params: Mapping[str, object]
) -> Statement:
    """Build the statement of a tile out of a band that carries its fields: one relation, found by its box."""
    layer = selection.layer
    names = "".join(f", b.{item.name}" for item in carried)
    found = (
        f"SELECT {ROW}.{layer.id_column} AS _id, {shape.replace('c.', f'{ROW}.')} AS shape{_columns(carried)} "
        f"FROM e CROSS JOIN {drawn_view(layer, band)} AS {ROW} "
        f"WHERE {ROW}.geom && e.reach AND ({selection.visible.sql}) ORDER BY 1 OFFSET 0"
    )
    sql = (
        f"WITH e AS MATERIALIZED ({_TILE}) "
        f"SELECT ST_AsMVT(t.*, {literal(layer.id)}, %(band_extent)s::integer, '_geometry', '_id') FROM ("
        f"SELECT b._id, {_IN_TILE} AS _geometry{names} FROM e, ({found}) AS b OFFSET 0) AS t "
        "WHERE _geometry IS NOT NULL"
    )
    return Statement(sql, merged(selection.visible.params, params))


def _columns(carried: Sequence[Field]) -> str:
    return f", {tile_columns(carried)}" if carried else ""


def _near(layer: Layer) -> str:
    if layer.geometry_type == "point":
        return f"{layer.id_sql()} = ANY (ARRAY(SELECT b.id FROM b))"
    return (
        f"{layer.geometry_sql()} && (SELECT ST_MakeEnvelope(%(near_west)s::float8, %(near_south)s::float8, "
        f"%(near_east)s::float8, %(near_north)s::float8, {STORED_SRID}))"
    )


# The tile in units of the band: its side, its corner, its box, that with the buffer, and that with half a tile around.
_TILE: Final = (
    "SELECT unit, side, west, top, ST_MakeEnvelope(west, -top - side, west + side, -top) AS env, "
    "ST_MakeEnvelope(west - rim, -top - side - rim, west + side + rim, -top + rim) AS reach, "
    "ST_MakeEnvelope(west - side / 2, -top - 1.5 * side, west + 1.5 * side, -top + side / 2) AS wide, "
    "ST_MakeEnvelope(west - rim + unit, -top - side - rim + unit, west + side + rim - unit, -top + rim - unit) AS core "
    f"FROM (SELECT unit, unit * {EXTENT} AS side, unit * {BUFFER} AS rim, unit * {EXTENT} * %(band_x)s::float8 AS west, "
    f"unit * {EXTENT} * %(band_y)s::float8 AS top FROM (SELECT %(band_unit)s::float8 AS unit) AS u) AS q"
)


# What is drawn at a coarser zoom of a row that would vanish there.
_WIDENED: Final = (
    "CASE WHEN ST_Dimension(c.geom) = 1 THEN ST_BoundingDiagonal(ST_Expand(c.geom, e.unit / 2)) "
    "ELSE ST_Expand(c.geom, CASE WHEN ST_XMax(c.geom) - ST_XMin(c.geom) < e.unit THEN e.unit / 2 ELSE 0 END, "
    "CASE WHEN ST_YMax(c.geom) - ST_YMin(c.geom) < e.unit THEN e.unit / 2 ELSE 0 END) END"
)


def _clipped(shape: str) -> str:
    extent = "%(band_extent)s::integer"
    return f"ST_AsMVTGeom({shape}, e.env, {extent}, {extent} / {EXTENT // BUFFER}, TRUE)"


_THICKER: Final = "ST_Buffer(b.shape, e.unit, 'quad_segs=1')"

# The geometry in the tile's units, y down. What reaches no further than half a tile beyond the edge is shifted, whole:
# a tile may hold what lies outside of it (MVT 2.1, 4.3.3), and clipping costs ten times a shift. What is larger is
# clipped to the buffer; a polygon that meets the tile and yet vanishes in the clipping is drawn once more, thickened.
_IN_TILE: Final = (
    "CASE WHEN b.shape @ e.wide THEN ST_Affine(b.shape, 1, 0, 0, -1, -e.west, -e.top) "
    f"ELSE coalesce({_clipped('b.shape')}, "
    "CASE WHEN ST_Dimension(b.shape) = 2 AND ST_Intersects(b.shape, e.core) "
    f"THEN {_clipped(_THICKER)} END) END"
)
