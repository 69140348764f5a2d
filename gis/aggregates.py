# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""Far tiles of layers that are too large to be drawn one by one: counts per square of eight screen pixels 汇总格网.

The counts lie in the relation ``layer_counts``, a row per layer, cell of zoom 14, visibility and class; whether they
stand for the features now is a row of ``layer_aggregation``. Who keeps both is not known here.
"""

from typing import Final

from gis.layer import Aggregate, Layer, Selection
from gis.statement import EVERYTHING, Statement, literal, merged
from gis.tiling import EXTENT, TileAddress

CELL_ZOOM: Final = 14
"""The zoom whose cells are counted."""

SQUARES: Final = 32
"""Squares along a tile: one is eight pixels of a tile of 256."""

FIRST_ID: Final = 1 << 40
"""Squares have ids from here on, so that none is taken for a feature's."""

FIELDS: Final = {"n": "要素数", "area_m2": "面积合计 m²", "aggregated": "汇总格网"}
"""What a square carries beside the commonest value of the theme's field."""


def find_aggregate(selection: Selection, zoom: int) -> Aggregate | None:
    """Return how counts answer, if they can: at this zoom, for the present, and for all rows the caller may see."""
    aggregate = selection.layer.aggregate
    if aggregate is None or zoom > aggregate.to_zoom:
        return None
    return aggregate if selection.at is None and selection.where == EVERYTHING else None


def aggregate_tile_statement(selection: Selection, tile: TileAddress, aggregate: Aggregate) -> Statement:
    """Build the statement of a tile of counts: finished MVT bytes, empty where nothing lies.

    A square carries its number of features `n`, their area in m², the commonest value of the theme's field (of two
    equally common ones the first in order), and `aggregated`. Only rows that the caller may see are counted.
    """
    layer = selection.layer
    theme = f"c.class AS {aggregate.field}, " if layer.has_field(aggregate.field) else ""
    cells = 1 << (CELL_ZOOM - tile.z)
    params = {
        "cell_shift": CELL_ZOOM - tile.z - SQUARES.bit_length() + 1,
        "cell_west": tile.x * cells,
        "cell_east": (tile.x + 1) * cells - 1,
        "cell_north": tile.y * cells,
        "cell_south": (tile.y + 1) * cells - 1,
        "square_x": tile.x * SQUARES,
        "square_y": tile.y * SQUARES,
    }
    classes = (
        "SELECT f.cell_x >> %(cell_shift)s::integer AS x, f.cell_y >> %(cell_shift)s::integer AS y, f.class, "
        "sum(f.n) AS n, sum(f.area_dm2) AS area_dm2 FROM layer_counts AS f "
        f"WHERE ({selection.visible.sql}) AND f.layer = {literal(layer.id)} "
        "AND f.cell_x BETWEEN %(cell_west)s::integer AND %(cell_east)s::integer "
        "AND f.cell_y BETWEEN %(cell_north)s::integer AND %(cell_south)s::integer GROUP BY 1, 2, 3 HAVING sum(f.n) > 0"
    )
    squares = (
        "SELECT q.x, q.y, (array_agg(q.class ORDER BY q.n DESC, q.class))[1] AS class, sum(q.n)::bigint AS n, "
        f"sum(q.area_dm2)::float8 / 100 AS area_m2 FROM ({classes}) AS q GROUP BY q.x, q.y"
    )
    drawn = (
        f"SELECT {FIRST_ID} + (c.y::bigint << {CELL_ZOOM}) + c.x AS _id, {_square()} AS _geometry, "
        f"{theme}c.n, c.area_m2, TRUE AS aggregated FROM ({squares}) AS c ORDER BY 1"
    )
    sql = f"SELECT ST_AsMVT(t.*, {literal(layer.id)}, {EXTENT}, '_geometry', '_id') FROM ({drawn}) AS t"
    return Statement(sql, merged(selection.visible.params, params))


def _square() -> str:
    """Return a square in the tile's units, y down, wound as MVT wants outer rings."""
    side = EXTENT // SQUARES
    west, north = f"(c.x - %(square_x)s::bigint) * {side}", f"(c.y - %(square_y)s::bigint) * {side}"
    return f"ST_ForcePolygonCCW(ST_MakeEnvelope({west}, {north}, {west} + {side}, {north} + {side}))"


def aggregate_or(
    selection: Selection, tile: TileAddress, aggregate: Aggregate, otherwise: Statement
) -> Statement:
    """Build the statement that asks itself whether counts stand for the features now, and answers by them if so."""
    counts = aggregate_tile_statement(selection, tile, aggregate)
    sql = (
        f"SELECT CASE WHEN (SELECT s.aggregated FROM layer_aggregation AS s WHERE s.layer = {literal(selection.layer.id)}) "
        f"THEN ({counts.sql}) ELSE ({otherwise.sql}) END"
    )
    return Statement(sql, merged(counts.params, otherwise.params))


def describe(layer: Layer) -> dict[str, object]:
    """Describe how the tiles of a layer are made, for TileJSON and tileset metadata.

    Examples
    --------
    >>> from gis.layer import Band
    >>> describe(Layer("roads", "道路", "Roads", "", "layer_roads", "line", (), max_zoom=12, bands=(Band(12, 0),)))
    {'bands': [{'minzoom': 0, 'maxzoom': 12, 'grid_zoom': 12, 'simplified': False}]}
    """
    document: dict[str, object] = {
        "bands": [
            {
                "minzoom": band.from_zoom,
                "maxzoom": band.zoom,
                "grid_zoom": band.zoom,
                "simplified": band.simplify,
            }
            for band in layer.bands
        ]
    }
    aggregate = layer.aggregate
    if aggregate is None:
        return document
    return {
        **document,
        "aggregation": {
            "minzoom": layer.min_zoom,
            "maxzoom": aggregate.to_zoom,
            "above": aggregate.above,
            "cell_pixels": 256 // SQUARES,
            "field": aggregate.field,
            "fields": FIELDS,
            "description": (
                f"Above {aggregate.above:,} features, zooms up to {aggregate.to_zoom} show squares with the number of "
                f"features n, their area and the commonest {aggregate.field}, not single features. "
                f"要素超过 {aggregate.above:,} 个时，{aggregate.to_zoom} 级及以下瓦片为汇总格网：n 为要素数，"
                f"{aggregate.field} 取最多者。"
            ),
        },
    }
