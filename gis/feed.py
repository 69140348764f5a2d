# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""The feed for other people's dashboards: plain GeoJSON that carries its colours.

Written whole by one statement: the colour is chosen in SQL from the layer's rule. WGS 84, never a
null geometry, integer ids that stay, the archive number in every feature.
Sources: RFC 7946; mapbox/simplestyle-spec 1.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from gis.crs import CRS84
from gis.errors import InvalidParameterError
from gis.features import geometry_in
from gis.filters import parse_limit, parse_value
from gis.layer import Field, GeometryType, Layer, Selection
from gis.statement import ROW, Connection, Statement, fetch_row, merged
from gis.style.rule import StyleRule
from gis.style.simplestyle import colour_sql, simplestyle_members, title_sql

DEFAULT_LIMIT: Final = 2_000
MAX_LIMIT: Final = 10_000
DEFAULT_PRECISION: Final = 6
_PRECISIONS: Final = range(3, 10)
_MAX_SIMPLIFY_M: Final = 10_000.0
_METRES_PER_DEGREE: Final = 111_320.0
_ALWAYS: Final = ("code", "name", "updated_at")


@dataclass(frozen=True)
class FeedOptions:
    """What a reader of a feed may choose.

    Parameters
    ----------
    limit : int
        Features at most; the reply says how many there are.
    precision : int
        Decimals of a degree; 6 is 0.11 m.
    simplify_m : float
        Detail below this many metres is left out, for display only; topology of each feature is
        kept, shared borders may open.
    points : bool
        One point inside each feature in place of its shape.
    split : bool
        One feature per part of a multipolygon, all with the feature's id, numbered by `part`.
    """

    limit: int = DEFAULT_LIMIT
    precision: int = DEFAULT_PRECISION
    simplify_m: float = 0.0
    points: bool = False
    split: bool = False


def parse_feed(
    limit: str | None = None,
    precision: str | None = None,
    simplify: str | None = None,
    geom: str | None = None,
    geometry: str | None = None,
) -> FeedOptions:
    """Read the query parameters of a feed.

    Raises
    ------
    InvalidParameterError
        A value that is not offered, with the parameter's name.

    Examples
    --------
    >>> parse_feed(geom="point", precision="5")
    FeedOptions(limit=2000, precision=5, simplify_m=0.0, points=True, split=False)
    """
    decimals = DEFAULT_PRECISION if precision is None else _whole("precision", precision)
    if decimals not in _PRECISIONS:
        raise _out_of_range("precision", str(precision), "3 to 9", "3 至 9")
    metres = 0.0 if simplify is None else _metres(simplify)
    if geom not in (None, "point", "shape"):
        raise _out_of_range("geom", geom, "point or shape", "point 或 shape")
    if geometry not in (None, "polygon", "multipolygon"):
        raise _out_of_range("geometry", geometry, "polygon or multipolygon", "polygon 或 multipolygon")
    return FeedOptions(
        limit=parse_limit(limit, DEFAULT_LIMIT, MAX_LIMIT),
        precision=decimals,
        simplify_m=metres,
        points=geom == "point",
        split=geometry == "polygon",
    )


def _whole(name: str, text: str) -> int:
    value = parse_value(Field(name, "integer", name, name), text)
    return value if isinstance(value, int) else -1


def _metres(text: str) -> float:
    value = float(str(parse_value(Field("simplify", "number", "simplify", "simplify"), text)))
    if 0 <= value <= _MAX_SIMPLIFY_M:
        return value
    raise _out_of_range("simplify", text, "0 to 10000 metres", "0 至 10000 米")


def _out_of_range(name: str, text: str, en: str, zh: str) -> InvalidParameterError:
    return InvalidParameterError(
        f"{name}={text[:40]!r}: {en} is offered.", f"{name}={text[:40]!r}：可用 {zh}。", where=name
    )


def feed_layer(layer: Layer, rule: StyleRule, names: Sequence[str] | None = None) -> Layer:
    """Return the layer with the fields a feed carries: those asked for, and those it never lacks.

    Raises
    ------
    UnknownPropertyError
        A name is none of the layer's as this caller may see it, or the rule's own field is not.
    """
    layer.field(rule.field)
    if names is None:
        return layer
    always = [name for name in (*_ALWAYS, rule.field) if layer.has_field(name)]
    return layer.for_fields([*names, *always])


def feed_statement(selection: Selection, rule: StyleRule, options: FeedOptions) -> Statement:
    """Build the statement of a whole feed: one FeatureCollection as bytes.

    Rows without a geometry or with an empty one are left out. `numberMatched` beside
    `numberReturned` shows whether the limit cut anything.
    """
    layer = selection.layer
    drawn = f"NOT ST_IsEmpty({layer.geometry_sql()})"  # NULL is not drawn either
    rows = selection.rows()
    colour, title = colour_sql(rule), title_sql(rule)
    updated = f"{ROW}.updated_at" if layer.has_field("updated_at") else "NULL::timestamptz"
    fields = f", {layer.columns()}" if layer.fields else ""
    chosen = (
        f"SELECT {layer.id_sql()} AS _id, {layer.geometry_sql()} AS _shape, {colour.sql} AS _colour, "
        f"{title.sql} AS _title, {updated} AS _updated, count(*) OVER () AS _matched{fields} "
        f"FROM {rows.sql} AND {drawn} ORDER BY {layer.id_sql()} LIMIT %(feed_limit)s::int8"
    )
    body = (
        f"SELECT string_agg({_feature(layer, rule, options)}, ',' ORDER BY _id, _part) AS features, "
        "max(_updated) AS updated, coalesce(max(_matched), 0) AS matched, count(DISTINCT _id) AS returned "
        f"FROM (SELECT *, {_drawn_geometry(options)} AS _geometry FROM ({chosen}) c {_parts(options)} OFFSET 0) d"
    )
    sql = (
        'SELECT convert_to(\'{"type":"FeatureCollection","updated_at":\' || coalesce(to_json(updated)::text, \'null\')'
        " || ',\"numberMatched\":' || matched || ',\"numberReturned\":' || returned"
        f" || ',\"features\":[' || coalesce(features, '') || ']}}', 'UTF8') FROM ({body}) feed"
    )
    params = {"feed_limit": options.limit, "feed_precision": options.precision, "feed_opacity": rule.opacity}
    if options.simplify_m:
        params["feed_tolerance"] = options.simplify_m / _METRES_PER_DEGREE
    return Statement(sql, merged(rows.params, colour.params, title.params, params))


def _parts(options: FeedOptions) -> str:
    if options.split and not options.points:
        return ", LATERAL (SELECT p.geom AS _single, p.path[1] AS _part FROM ST_Dump(_shape) p) parts"
    return ", LATERAL (SELECT NULL::int AS _part) parts"


def _drawn_geometry(options: FeedOptions) -> str:
    if options.points:
        return "ST_PointOnSurface(_shape)"
    shape = "_single" if options.split else "_shape"
    if options.simplify_m:
        shape = f"ST_SimplifyPreserveTopology({shape}, %(feed_tolerance)s::float8)"
    return geometry_in(CRS84, shape)


def _feature(layer: Layer, rule: StyleRule, options: FeedOptions) -> str:
    members = _members(layer, replace(rule, geometry="point") if options.points else rule, options)
    return (
        '\'{"type":"Feature","id":\' || _id || \',"geometry":\' || '
        "ST_AsGeoJSON(_geometry, %(feed_precision)s::int4, 0) || ',\"properties\":' || "
        f"row_to_json((SELECT p FROM (SELECT {', '.join(members)}) p))::text || '}}'"
    )


def _members(layer: Layer, rule: StyleRule, options: FeedOptions) -> list[str]:
    members = [item.name for item in layer.fields]
    if rule.label_field and layer.has_field(rule.label_field) and not layer.has_field("title"):
        members.append(f"{rule.label_field} AS title")
    if not layer.has_field("description"):
        members.append("_title AS description")
    members += [f'_colour AS "{name}"' for name in simplestyle_members(rule.geometry)]
    members += _FIXED[rule.geometry]
    return [*members, "_part AS part"] if options.split and not options.points else members


_FIXED: Final[dict[GeometryType, tuple[str, ...]]] = {
    "point": ("'medium' AS \"marker-size\"",),
    "line": ('1 AS "stroke-opacity"', '3 AS "stroke-width"'),
    "polygon": (
        '%(feed_opacity)s::float8 AS "fill-opacity"',
        '1 AS "stroke-opacity"',
        '1.5 AS "stroke-width"',
    ),
}


async def fetch_feed(
    connection: Connection, selection: Selection, rule: StyleRule, options: FeedOptions
) -> bytes:
    """Run `feed_statement`."""
    row = await fetch_row(connection, feed_statement(selection, rule, options))
    return bytes(row[0]) if row else b""
