# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""What lies along a line 沿线: within half a width of it, in the order of its stations 里程桩号.

A station is the length along the line from its first point, in metres on the ellipsoid. The line is bound with its
stations as measures, so that the database reads them off wherever a feature comes nearest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi
from typing import Final

import numpy as np
import shapely
from shapely.geometry import LineString, MultiLineString
from shapely.geometry.base import BaseGeometry

from gis.area import CGCS2000
from gis.crs import STORED_SRID
from gis.errors import InvalidGeometryError, TooComplexError
from gis.questions.answer import Branch, Paging, answer_statement, columns
from gis.questions.buffer import buffer_shape
from gis.questions.near import (
    ASKED,
    LINE_MEASURES,
    around_params,
    candidates_sql,
    ends_sql,
    geodesic_sql,
    plane_sql,
    shortest_sql,
)
from gis.questions.shape import AskedShape
from gis.questions.source import Source
from gis.statement import Statement

MAX_LINE_VERTICES: Final = 12_000
_SAMPLES_PER_WIDTH: Final = 8
_LEAST_SAMPLE_M: Final = 1.0
_MEASURES: Final = (
    ("from_m", "round(_value::numeric, 3)::float8"),
    ("to_m", "round(_to_m::numeric, 3)::float8"),
    ("at_m", "round(_at_m::numeric, 3)::float8"),
    ("side", "_side"),
    *LINE_MEASURES,
)


@dataclass(frozen=True)
class Corridor:
    """A line and half its width.

    Parameters
    ----------
    line : AskedShape
        One LineString.
    half_width_m : float
        Metres on the ellipsoid to either side, and beyond its ends.
    area : BaseGeometry
        The corridor, longitude and latitude.
    length_m : float
        Of the line, on the ellipsoid.
    """

    line: AskedShape
    half_width_m: float
    area: BaseGeometry
    length_m: float


def make_corridor(asked: AskedShape, half_width_m: float) -> Corridor:
    """Return the corridor along a line; lines that join end to end are taken as one.

    Raises
    ------
    InvalidGeometryError
        The shape is no line, or several that do not join.
    TooComplexError
        More vertices than a corridor may have.
    InvalidParameterError
        The width is not taken.
    """
    line = _joined(asked.stored)
    if len(line.coords) > MAX_LINE_VERTICES:
        raise TooComplexError(
            f"The line has {len(line.coords)} vertices at a spacing of some 100 m at most; up to {MAX_LINE_VERTICES} are "
            "taken. Ask in sections.",
            f"线加密后有 {len(line.coords)} 个顶点，上限为 {MAX_LINE_VERTICES}；请分段提问。",
            where="geometry",
        )
    whole = AskedShape(line, asked.zone_srid)
    return Corridor(whole, half_width_m, buffer_shape(whole, half_width_m), float(_stations(line)[-1]))


def _joined(shape: BaseGeometry) -> LineString:
    merged = shapely.line_merge(shape, directed=True) if isinstance(shape, MultiLineString) else shape
    if isinstance(merged, LineString) and merged.length > 0:
        return merged
    raise InvalidGeometryError(
        f"A corridor runs along one line; this is a {shape.geom_type}. Give a LineString, or sections that join end "
        "to end in one direction.",
        f"廊道分析需要一条线；所给为 {shape.geom_type}。请提供 LineString，或首尾相接、方向一致的多段线。",
        where="geometry",
    )


def _stations(line: LineString) -> np.ndarray:
    lon, lat = np.asarray(line.coords).T[:2]
    steps = CGCS2000.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])[2]
    return np.concatenate([[0.0], np.cumsum(steps)])


def corridor_statement(corridor: Corridor, sources: Sequence[Source], paging: Paging) -> Statement:
    """Build the statement of the features along a line, by the station where each begins.

    Of each feature: `from_m` and `to_m`, the stations of its part inside the corridor; `at_m` and `distance_m`, where
    it comes nearest and how near; `side` of the line there, ``left``, ``right`` or ``across`` where it meets the line.
    A row without geometry is never an answer.
    """
    asked = corridor.line
    stations = _stations(LineString(asked.stored.coords))
    plane = np.asarray(asked.plane().coords)[:, :2]
    points = ", ".join(
        f"{x!r} {y!r} {m!r}" for x, y, m in zip(*plane.T.tolist(), stations.tolist(), strict=True)
    )
    params = around_params(asked, corridor.half_width_m) | {
        "measured": f"SRID={asked.zone_srid};LINESTRING M ({points})",
        "area": shapely.to_wkb(shapely.set_srid(corridor.area, STORED_SRID), include_srid=True),
        "sample": max(_LEAST_SAMPLE_M, pi * corridor.half_width_m / _SAMPLES_PER_WIDTH),
        "nudge": min(1.0, corridor.length_m / 4) / corridor.length_m,
    }
    before = (
        f"{ASKED}, road AS MATERIALIZED (SELECT ST_GeomFromEWKT(%(measured)s) AS measured, "
        "ST_Force2D(ST_GeomFromEWKT(%(measured)s)) AS line, "
        "ST_Transform(ST_GeomFromEWKB(%(area)s), %(zone)s::int4) AS area)"
    )
    branches = [_branch(number, source) for number, source in enumerate(sources)]
    return answer_statement(before, branches, paging, params)


def _branch(number: int, source: Source) -> Branch:
    layer = source.layer
    rows = source.rows(f"s{number}_")
    geometry = layer.geometry_sql()
    select = f"""SELECT {columns(layer)}, {ends_sql()}, d._distance, n._at_m,
      coalesce(p.first_m, n._at_m) AS _value, coalesce(p.last_m, n._at_m) AS _to_m, {_side_sql()} AS _side
    FROM (SELECT f.*, l._line, d._distance FROM ({candidates_sql(rows.sql, geometry)}) f, asked, {shortest_sql(geometry)},
        LATERAL (SELECT {geodesic_sql("l._line")} AS _distance OFFSET 0) d
        WHERE d._distance <= %(within)s::float8 OFFSET 0) f, road,
      LATERAL (SELECT f._line AS _line) l, LATERAL (SELECT f._distance AS _distance) d,
      LATERAL (SELECT ST_InterpolatePoint(road.measured, ST_StartPoint(l._line)) AS _at_m OFFSET 0) n,
      LATERAL ({_stretch_sql(geometry)}) p"""
    measures = tuple(
        (name, column.replace("_value", "_distance") if name == "distance_m" else column)
        for name, column in _MEASURES
    )
    return Branch(number, source.name, layer, select, rows.params, measures)


def _stretch_sql(geometry: str) -> str:
    """Return the stations of the part of a feature inside the corridor, sampled along its outline."""
    plane = plane_sql(geometry)
    sound = (
        f"SELECT CASE WHEN ST_IsValid(q) THEN q ELSE ST_MakeValid(q) END AS sound FROM {plane} AS q OFFSET 0"
    )
    inside = f"SELECT CASE WHEN ST_CoveredBy(sound, road.area) THEN sound ELSE ST_Intersection(sound, road.area) END AS inside FROM ({sound}) v OFFSET 0"
    return (
        "SELECT min(m) AS first_m, max(m) AS last_m FROM (SELECT ST_InterpolatePoint(road.measured, s.geom) AS m "
        f"FROM ({inside}) i, LATERAL ST_DumpPoints(ST_Segmentize(i.inside, %(sample)s::float8)) s) sampled"
    )


def _side_sql() -> str:
    """Return on which side of the line, in its direction, the nearest point of the feature lies."""
    share = "ST_LineLocatePoint(road.line, ST_StartPoint(l._line))"
    behind = f"ST_LineInterpolatePoint(road.line, greatest(0, {share} - %(nudge)s::float8))"
    ahead = f"ST_LineInterpolatePoint(road.line, least(1, {share} + %(nudge)s::float8))"
    cross = "(ST_X(b) - ST_X(a)) * (ST_Y(q) - ST_Y(a)) - (ST_Y(b) - ST_Y(a)) * (ST_X(q) - ST_X(a))"
    turn = f"SELECT {cross} FROM (SELECT {behind} AS a, {ahead} AS b, ST_EndPoint(l._line) AS q) t"
    return f"CASE WHEN d._distance = 0 THEN 'across' WHEN ({turn}) >= 0 THEN 'left' ELSE 'right' END"
