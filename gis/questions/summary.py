# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""Figures by area: how many features, how much of a field, how much ground, for each area of a polygon layer."""

from dataclasses import dataclass
from typing import Final, Literal

from gis.crs import CRS84, STORED_SRID
from gis.errors import InvalidParameterError
from gis.features import geometry_in
from gis.layer import Field
from gis.questions.answer import Form
from gis.questions.shape import STEP_DEGREES, STEP_M
from gis.questions.source import Source
from gis.statement import ROW, Statement, literal, merged

Measure = Literal["count", "sum", "area"]
Rule = Literal["meets", "inside", "share"]
MOST_AREAS: Final = 500


@dataclass(frozen=True)
class Asking:
    """What is reckoned for each area.

    Parameters
    ----------
    measure : {'count', 'sum', 'area'}
        Features; the sum of `field`; the ground covered, each square metre once, and its share of the area.
    rule : {'meets', 'inside', 'share'}
        Which features belong to an area: all that have a common part with it (one on a border is then counted on
        both sides); those whose label point lies inside (each once, where areas do not overlap); or as `meets`, with
        a sum in proportion to the part inside.
    field : Field, optional
        A number; for the sum alone.
    group : Field, optional
        Figures by value of this field too.
    """

    measure: Measure = "count"
    rule: Rule = "meets"
    field: Field | None = None
    group: Field | None = None

    def __post_init__(self) -> None:
        if (self.measure == "sum") != (self.field is not None):
            raise InvalidParameterError(
                "measure=sum needs a field, and no other measure takes one.",
                "measure=sum 须指定 field；其他度量不接受 field。",
                where="field",
            )
        if self.field is not None and self.field.type not in ("number", "integer"):
            raise InvalidParameterError(
                f"Field {self.field.name} holds no number to add up.",
                f"字段 {self.field.name} 不是可求和的数值。",
                where="field",
            )


def summary_statement(
    areas: Source, features: Source, asking: Asking, limit: int, after_id: int = 0, form: Form = "json"
) -> Statement:
    """Build the statement: one row for each area, by id, with its finished text; one row beyond the limit.

    Overlays are made in the area's own 3-degree zone, areas taken on the ellipsoid. A touch is no common part of two
    areas. Lines and points have no ground: their `area_m2` is 0, and `share` counts them as `meets` does.
    """
    if not 1 <= limit <= MOST_AREAS:
        raise InvalidParameterError(
            f"limit={limit} is outside of 1 to {MOST_AREAS}.",
            f"limit={limit} 不在 1 至 {MOST_AREAS} 之间。",
            where="limit",
        )
    zones, rows = areas.rows("z_"), features.rows("f_")
    key, geometry = areas.layer.id_sql(), areas.layer.geometry_sql()
    zone = f"""zone AS MATERIALIZED (
  SELECT q.*, {_plane("q._geom", "q._srid")} AS _plane FROM (
    SELECT {key} AS _id, {geometry} AS _geom{_fields(areas)},
      4488 + floor((ST_XMin({geometry}) + ST_XMax({geometry}) + 3) / 6)::int4 AS _srid
    FROM {zones.sql} AND {key} > %(after_id)s::int8 AND NOT ST_IsEmpty({geometry})
    ORDER BY 1 LIMIT %(limit)s::int8 + 1) q)"""
    sql = f"WITH {zone},\n{_pairs(features, asking, rows.sql)},\n{_figures(asking)}\n{_answer(areas, asking, form)}"
    return Statement(sql, merged(zones.params, rows.params, {"limit": limit, "after_id": after_id}))


def _fields(areas: Source) -> str:
    return f", {areas.layer.columns()}" if areas.layer.fields else ""


def _plane(geometry: str, srid: str) -> str:
    sound = f"CASE WHEN ST_IsValid({geometry}) THEN {geometry} ELSE ST_MakeValid({geometry}) END"
    return f"ST_Transform(ST_Segmentize(ST_Force2D({sound}), {STEP_DEGREES}), {srid})"


def _ellipsoidal(plane: str) -> str:
    return f"ST_Area(ST_Transform(ST_Segmentize({plane}, {STEP_M}), {STORED_SRID})::geography)"


def _pairs(features: Source, asking: Asking, rows: str) -> str:
    """Return the pairs of area and feature, with the value and the group of the feature, and its part inside."""
    geometry = features.layer.geometry_sql()
    value = f"{ROW}.{asking.field.name}::float8" if asking.field else "NULL::float8"
    group = f"{ROW}.{asking.group.name}::text" if asking.group else "NULL::text"
    candidates = (
        f"SELECT {value} AS value, {group} AS kind, {geometry} AS geom FROM {rows} AND {geometry} && z._geom"
    )
    polygons = features.layer.geometry_type == "polygon"
    if asking.rule == "inside" and asking.measure != "area":
        inside = "ST_Intersects(ST_PointOnSurface(f.geom), z._geom)"
        return f"""pair AS MATERIALIZED (
  SELECT z._id, f.kind, f.value, NULL::geometry AS part FROM zone z, LATERAL ({candidates}) f WHERE {inside})"""
    if not polygons:
        return f"""pair AS MATERIALIZED (
  SELECT z._id, f.kind, f.value, NULL::geometry AS part FROM zone z, LATERAL ({candidates}) f
  WHERE ST_Intersects(f.geom, z._geom))"""
    point = " AND ST_Intersects(ST_PointOnSurface(f.geom), z._geom)" if asking.rule == "inside" else ""
    value = "f.value"
    if asking.rule == "share" and asking.measure == "sum":
        value = f"f.value * ({_ellipsoidal('c.part')} / nullif({_ellipsoidal('p.plane')}, 0))"
    return f"""pair AS MATERIALIZED (
  SELECT z._id, f.kind, {value} AS value, c.part FROM zone z, LATERAL ({candidates}) f,
    LATERAL (SELECT {_plane("f.geom", "z._srid")} AS plane OFFSET 0) p,
    LATERAL (SELECT ST_CollectionExtract(CASE WHEN ST_Covers(z._plane, p.plane) THEN p.plane
      ELSE ST_Intersection(z._plane, p.plane) END, 3) AS part OFFSET 0) c
  WHERE ST_Area(c.part) > 1e-6 * ST_Perimeter(c.part){point})"""


def _figures(asking: Asking) -> str:
    ground = _ellipsoidal("ST_UnaryUnion(ST_Collect(part))") if asking.measure == "area" else "NULL::float8"
    own = f"count(*) AS n, sum(value) AS total, {ground} AS covered_m2"
    parts = [f"whole AS (SELECT _id, {own} FROM pair GROUP BY _id)"]
    if asking.group:
        parts.append(f"single AS (SELECT _id, kind, {own} FROM pair GROUP BY _id, kind)")
        fields = _figure_fields(asking, "s.")
        parts.append(
            f"grouped AS (SELECT s._id, json_agg(json_build_object('value', s.kind, {fields}) ORDER BY s.n DESC, s.kind) "
            "AS kinds FROM single s JOIN zone z ON z._id = s._id GROUP BY s._id)"
        )
    return ",\n".join(parts)


def _figure_fields(asking: Asking, alias: str) -> str:
    count = f"'count', coalesce({alias}n, 0)"
    if asking.measure == "sum":
        return f"{count}, 'sum', coalesce({alias}total, 0)"
    if asking.measure == "area":
        share = f"100 * coalesce({alias}covered_m2, 0) / nullif({_ellipsoidal('z._plane')}, 0)"
        return (
            f"{count}, 'area_m2', coalesce({alias}covered_m2, 0), 'area_mu', coalesce({alias}covered_m2, 0) * 3 / 2000, "
            f"'share_percent', {share}"
        )
    return count


def _answer(areas: Source, asking: Asking, form: Form) -> str:
    kinds = ", 'groups', coalesce(g.kinds, '[]'::json)" if asking.group else ""
    join = " LEFT JOIN grouped g ON g._id = z._id" if asking.group else ""
    names = ", ".join(f"z.{item.name}" for item in areas.layer.fields) or "1"
    first = "'id', z._id, " if form == "json" else ""
    own = (
        f"json_build_object({first}'collection', {literal(areas.name)}, {_figure_fields(asking, 'w.')}{kinds}, "
        f"'area', row_to_json((SELECT p FROM (SELECT {names}) p)))"
    )
    if form == "json":
        text = f"{own}::text"
    else:
        geometry = f"coalesce(ST_AsGeoJSON({geometry_in(CRS84, 'z._geom')}, 9, 0), 'null')"
        text = (
            f'\'{{"type":"Feature","id":\' || z._id || \',"geometry":\' || {geometry} || \',"properties":\' '
            f"|| {own}::text || '}}'"
        )
    return f"SELECT z._id, {text} FROM zone z LEFT JOIN whole w ON w._id = z._id{join} ORDER BY z._id"
