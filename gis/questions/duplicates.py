# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""The same thing twice: features of one layer and one kind that lie in the same place 同位同类重复."""

from dataclasses import dataclass
from typing import Final

from gis.crs import CRS84
from gis.errors import InvalidParameterError
from gis.features import geometry_in
from gis.layer import Field, Layer
from gis.questions.answer import MOST_ROWS, Form
from gis.questions.source import Source
from gis.statement import ROW, Statement, literal, merged

LABELS: Final = ("parcel_no", "code", "global_id", "name")
_HEIGHTS: Final = ("z_min_m", "z_max_m")


@dataclass(frozen=True)
class Sameness:
    """When two features of a kind count as the same.

    Parameters
    ----------
    share_percent : float
        Areas: the common part, percent of the smaller one; of features with heights the common height too.
    within_m : float
        Points: not farther apart than this.
    same : tuple of Field
        Fields whose values must be equal (no value equals no value).
    """

    share_percent: float = 80.0
    within_m: float = 1.0
    same: tuple[Field, ...] = ()

    def __post_init__(self) -> None:
        _check("share_percent", self.share_percent, 1.0, 100.0)
        _check("within_m", self.within_m, 0.001, 1_000.0)


def _check(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise InvalidParameterError(
            f"{name}={value:g} is outside of {least:g} to {most:g}.",
            f"{name}={value:g} 不在 {least:g} 至 {most:g} 之间。",
            where=name,
        )


def duplicates_statement(
    source: Source,
    sameness: Sameness,
    limit: int,
    after: tuple[int, int] | None = None,
    form: Form = "geojson",
) -> Statement:
    """Build the statement of pairs: both ids and the finished text, by both ids; one row beyond the limit.

    Of each pair: ids and labels, the values they share, of areas the common part in m² and percent of the smaller one,
    of points the distance in m. Areas are those on the ellipsoid of what is common in degrees of the stored geometry,
    where shared corners are equal to the last digit. Invalid areas are repaired for the comparison; rows without
    geometry, and lines, are no pair.
    """
    _check("limit", limit, 1, MOST_ROWS)
    one, other = source.rows("a_"), source.rows("b_")
    layer = source.layer
    points = layer.geometry_type == "point"
    geometry, identity, key = layer.geometry_sql(), layer.id_sql(), layer.id_column
    near = (
        f"ST_Expand(a.{layer.geometry_column}, %(degrees)s::float8)"
        if points
        else f"a.{layer.geometry_column}"
    )
    same = "".join(f" AND {ROW}.{field.name} IS NOT DISTINCT FROM a.{field.name}" for field in sameness.same)
    start = "" if after is None else f" AND {identity} >= %(first)s::int8"
    beyond = "" if after is None else f" AND (a.{key}, b.{key}) > (%(first)s::int8, %(second)s::int8)"
    sql = f"""SELECT a.{key}, b.{key}, {_text(source, sameness, form)}
    FROM (SELECT {ROW}.* FROM {one.sql}{start}) a,
      LATERAL (SELECT {ROW}.* FROM {other.sql} AND {geometry} && {near}
        AND {identity} > a.{key}{same}{_heights(layer)}) b,
      LATERAL ({_point_pair(layer) if points else _area_pair(layer)}) m
    WHERE m.alike{beyond}
    ORDER BY 1, 2 LIMIT %(limit)s::int8 + 1"""
    first, second = after or (0, 0)
    values = {
        "share": sameness.share_percent / 100,
        "within": sameness.within_m,
        "degrees": sameness.within_m / 50_000,  # a degree of longitude at 60° north is 55.8 km
        "limit": limit,
        "first": first,
        "second": second,
    }
    return Statement(sql, merged(one.params, other.params, values))


def _text(source: Source, sameness: Sameness, form: Form) -> str:
    layer = source.layer
    label = next((name for name in LABELS if layer.has_field(name)), None)
    first, second = (f"{alias}.{label}" if label else "NULL" for alias in ("a", "b"))
    shared = ", ".join(f"'{field.name}', a.{field.name}" for field in sameness.same)
    measures = (
        "'distance_m', m.distance_m"
        if layer.geometry_type == "point"
        else "'common_area_m2', m.common_m2, 'share_percent', m.share * 100, 'identical', m.identical"
    )
    own = (
        f"json_build_object('collection', {literal(source.name)}, 'first', a.{layer.id_column}, 'second', "
        f"b.{layer.id_column}, 'first_label', {first}, 'second_label', {second}, "
        f"'same', json_build_object({shared}), {measures})::text"
    )
    if form == "json":
        return own
    shape = geometry_in(CRS84, "m.shape")
    return (
        '\'{"type":"Feature","geometry":\' || coalesce(ST_AsGeoJSON('
        f"{shape}, 9, 0), 'null') || ',\"properties\":' || {own} || '}}'"
    )


def _heights(layer: Layer) -> str:
    """Return that the common height is a large share too: a wall stands on the wall of the storey below."""
    if not all(layer.has_field(name) for name in _HEIGHTS):
        return ""
    common = f"least({ROW}.z_max_m, a.z_max_m) - greatest({ROW}.z_min_m, a.z_min_m)"
    smaller = f"least({ROW}.z_max_m - {ROW}.z_min_m, a.z_max_m - a.z_min_m)"
    return f" AND coalesce({common} >= %(share)s::float8 * {smaller}, true)"


def _area_pair(layer: Layer) -> str:
    """Return the common part of `a` and `b`; neighbours are passed over by their boxes, without cutting."""
    one, other = (f"{alias}.{layer.geometry_column}" for alias in ("a", "b"))
    sound = "ST_CollectionExtract(CASE WHEN ST_IsValid({0}) THEN {0} ELSE ST_MakeValid({0}) END, 3)"
    boxes = (
        f"ST_Area(ST_Intersection(ST_Envelope({one}), ST_Envelope({other}))) >= "
        f"%(share)s::float8 * least(ST_Area({one}), ST_Area({other}))"
    )
    smaller = "least(ST_Area(one::geography), ST_Area(other::geography))"
    return f"""SELECT shape, common_m2, common_m2 / smaller_m2 AS share, ST_Equals(one, other) AS identical,
          common_m2 > 0 AND common_m2 >= %(share)s::float8 * smaller_m2 * (1 - 1e-9) AS alike
        FROM (SELECT one, other, shape, ST_Area(shape::geography) AS common_m2, {smaller} AS smaller_m2
          FROM (SELECT one, other, ST_CollectionExtract(ST_Intersection(one, other), 3) AS shape
            FROM (SELECT {sound.format(one)} AS one, {sound.format(other)} AS other WHERE {boxes} OFFSET 0) s
            OFFSET 0) c OFFSET 0) w"""


def _point_pair(layer: Layer) -> str:
    one, other = (f"{alias}.{layer.geometry_column}" for alias in ("a", "b"))
    return (
        f"SELECT {one} AS shape, distance_m, distance_m <= %(within)s::float8 AS alike "
        f"FROM (SELECT ST_Distance({one}::geography, {other}::geography) AS distance_m OFFSET 0) w"
    )
