# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""What is nearest, and what lies within a distance: metres on the ellipsoid.

The nearest point of a feature is found in the zone's conformal plane, the length of the geodesic to it on the
CGCS2000 ellipsoid. For the nearest k the index gives k features by degrees; the farthest of them is farther in
metres than the k-th nearest can be, so that a box of that reach holds every candidate, and these are ranked exactly.
"""

from collections.abc import Sequence
from typing import Final

import shapely

from gis.crs import STORED_SRID
from gis.errors import InvalidParameterError
from gis.questions.answer import Branch, Paging, answer_statement, columns
from gis.questions.buffer import check_distance, wide_buffer
from gis.questions.shape import STEP_DEGREES, AskedShape
from gis.questions.source import Source
from gis.statement import Statement

MOST_NEAREST: Final = 100
LINE_MEASURES: Final = (
    ("distance_m", "round(_value::numeric, 4)::float8"),
    ("from_point", "_from"),
    ("to_point", "_to"),
)
"""Distance to 0.1 mm, and the ends of the shortest line: longitude, latitude on the shape and on the feature."""

ASKED: Final = (
    "asked AS MATERIALIZED (SELECT ST_GeomFromEWKB(%(shape)s) AS shape, "
    "ST_Transform(ST_GeomFromEWKB(%(shape)s), %(zone)s::int4) AS plane)"
)
_LEAST_RADIUS: Final = "6335000.0"
"""Below every radius of curvature of the ellipsoid, m: a box reckoned with it is never too small."""


def plane_sql(geometry: str) -> str:
    """Return a stored geometry in the plane of the question, its long edges bent as the ground bends them."""
    return f"ST_Transform(ST_Segmentize(ST_Force2D({geometry}), {2 * STEP_DEGREES}), %(zone)s::int4)"


def geodesic_sql(line: str) -> str:
    """Return the metres on the ellipsoid between the ends of a line in the plane."""
    start, end = (
        f"ST_Transform({point}({line}), {STORED_SRID})::geography"
        for point in ("ST_StartPoint", "ST_EndPoint")
    )
    return f"ST_Distance({start}, {end})"


def shortest_sql(geometry: str) -> str:
    """Return the lateral of the shortest line from the shape to a feature: `_line`, NULL of an empty geometry."""
    return f"LATERAL (SELECT ST_ShortestLine(asked.plane, {plane_sql(geometry)}) AS _line OFFSET 0) l"


def ends_sql() -> str:
    """Return the columns `_from` and `_to`: the ends of `l._line` as longitude, latitude."""
    return f"{_place('ST_StartPoint')} AS _from, {_place('ST_EndPoint')} AS _to"


def _place(point: str) -> str:
    return (
        f"(SELECT json_build_array(round(ST_X(p)::numeric, 9), round(ST_Y(p)::numeric, 9)) "
        f"FROM ST_Transform({point}(l._line), {STORED_SRID}) p)"
    )


def around_statement(
    asked: AskedShape, sources: Sequence[Source], distance_m: float, paging: Paging
) -> Statement:
    """Build the statement of the features within a distance of a shape, nearest first, across all layers.

    A feature that meets the shape has distance 0. A row without geometry is never an answer.

    Raises
    ------
    InvalidParameterError
        The distance is not taken.
    """
    check_distance("distance_m", distance_m)
    branches = [_around(number, source) for number, source in enumerate(sources)]
    return answer_statement(ASKED, branches, paging, around_params(asked, distance_m))


def around_params(asked: AskedShape, distance_m: float) -> dict[str, object]:
    """Return the values that `ASKED` and `candidates_sql` speak of, and the distance."""
    wide = shapely.set_srid(wide_buffer(asked, distance_m), STORED_SRID)
    return {
        "shape": asked.ewkb,
        "zone": asked.zone_srid,
        "within": float(distance_m),
        "wide": shapely.to_wkb(wide, include_srid=True),
    }


def candidates_sql(rows: str, geometry: str) -> str:
    """Return the rows that may lie within the distance, at little cost; the fence keeps dearer steps behind it."""
    wide = "ST_GeomFromEWKB(%(wide)s)"
    return f"SELECT f.* FROM {rows} AND {geometry} && {wide} AND ST_Intersects({geometry}, {wide}) OFFSET 0"


def _around(number: int, source: Source) -> Branch:
    layer = source.layer
    rows = source.rows(f"s{number}_")
    select = (
        f"SELECT {columns(layer)}, {ends_sql()}, d._value FROM "
        f"({candidates_sql(rows.sql, layer.geometry_sql())}) f, asked, "
        f"{shortest_sql(layer.geometry_sql())}, LATERAL (SELECT {geodesic_sql('l._line')} AS _value OFFSET 0) d "
        "WHERE d._value <= %(within)s::float8"
    )
    return Branch(number, source.name, layer, select, rows.params, LINE_MEASURES)


def nearest_statement(
    asked: AskedShape, sources: Sequence[Source], k: int, paging: Paging, within_m: float | None = None
) -> Statement:
    """Build the statement of the k nearest features of each layer, nearest first; ties go by id.

    Parameters
    ----------
    k : int
        1 to 100, of each layer. `paging.limit` must hold them all.
    within_m : float, optional
        Nothing farther than this.

    Raises
    ------
    InvalidParameterError
        `k` or the distance is not taken.
    """
    if not 1 <= k <= MOST_NEAREST:
        raise InvalidParameterError(
            f"k={k} is outside of 1 to {MOST_NEAREST}.", f"k={k} 不在 1 至 {MOST_NEAREST} 之间。", where="k"
        )
    params: dict[str, object] = {"shape": asked.ewkb, "zone": asked.zone_srid, "k": k}
    params["within"] = None if within_m is None else check_distance("within_m", within_m)
    before = ",\n".join([ASKED, *(_reach(number, source) for number, source in enumerate(sources))])
    branches = [_nearest(number, source) for number, source in enumerate(sources)]
    return answer_statement(before, branches, paging, params)


def _reach(number: int, source: Source) -> str:
    """Return the box that holds the k nearest: as far as the farthest of the k nearest by degrees."""
    rows, geometry = source.rows(f"s{number}_").sql, source.layer.geometry_sql()
    seeds = (
        f"SELECT {geometry} AS geom FROM {rows} AND {geometry} IS NOT NULL AND NOT ST_IsEmpty({geometry}) "
        f"ORDER BY {geometry} <-> ST_GeomFromEWKB(%(shape)s) LIMIT %(k)s::int8"
    )
    arc = f"least(max({geodesic_sql('l._line')}), %(within)s::float8) / {_LEAST_RADIUS}"
    far = "least(89, greatest(abs(ST_YMin(shape)), abs(ST_YMax(shape))) + degrees(arc) * 1.001)"
    wide = f"degrees(asin(least(1, sin(least(arc, 1.5)) / cos(radians({far}))))) * 1.001 + 1e-9"
    return (
        f"seed{number} AS MATERIALIZED (SELECT {arc} AS arc FROM ({seeds}) s, asked, {shortest_sql('s.geom')}),\n"
        f"reach{number} AS MATERIALIZED (SELECT ST_Expand(ST_Envelope(shape), {wide}, degrees(arc) * 1.001 + 1e-9) "
        f"AS box FROM seed{number}, asked)"
    )


def _nearest(number: int, source: Source) -> Branch:
    layer = source.layer
    rows = source.rows(f"s{number}_")
    candidates = f"SELECT f.* FROM {rows.sql} AND {layer.geometry_sql()} && (SELECT box FROM reach{number})"
    select = (
        f"SELECT {columns(layer)}, {ends_sql()}, d._value FROM ({candidates}) f, asked, "
        f"{shortest_sql(layer.geometry_sql())}, LATERAL (SELECT {geodesic_sql('l._line')} AS _value OFFSET 0) d "
        "WHERE d._value IS NOT NULL AND d._value <= coalesce(%(within)s::float8, 'infinity') "
        "ORDER BY d._value, 1 LIMIT %(k)s::int8"
    )
    return Branch(number, source.name, layer, select, rows.params, LINE_MEASURES)
