# ruff: noqa: S608 (names come from the targets' closed list, every value is bound)
"""One statement that lays a subject over any number of layers.

The overlay is made in the subject's native 3-degree zone; areas are measured on the ellipsoid,
of pieces whose edges were densified before they went to degrees. Surveyed geometry takes part as
it was surveyed where its zone is the overlay's, so shared boundaries meet exactly.
"""

from collections.abc import Sequence
from typing import Final

from gis.crs import STORED_SRID
from gis.overlap.subject import STEP_DEGREES, STEP_M, OverlapSubject
from gis.overlap.target import OverlapOptions, OverlapTarget
from gis.statement import ROW, Statement, merged

NOISE_THICKNESS_M: Final = 1e-6
"""Thinner pieces are the rounding of floating point, not even slivers: a touch, no overlap."""

_SUBJECT = f"""
given AS MATERIALIZED (SELECT ST_Force2D(ST_GeomFromEWKB(%(subject)s)) AS g),
sound AS MATERIALIZED (
  SELECT CASE WHEN ST_IsValid(g) THEN g ELSE ST_CollectionExtract(ST_MakeValid(g), 3) END AS g FROM given),
bare AS MATERIALIZED (
  SELECT ST_Transform(ST_Segmentize(g, %(step)s::float8), %(zone)s::int4) AS plane FROM sound),
wide AS MATERIALIZED (
  SELECT CASE WHEN %(buffer)s::float8 > 0 THEN ST_Buffer(plane, %(buffer)s::float8, 'quad_segs=16')
              ELSE plane END AS plane FROM bare),
subject AS MATERIALIZED (
  SELECT plane, ST_Transform(ST_Segmentize(plane, {STEP_M}), {STORED_SRID}) AS stored FROM wide)"""

_OVERLAY = """
sound_candidate AS MATERIALIZED (
  SELECT c.t, c.keep, c.id, c.code, c.name, c.class_code, c.class_name, NOT v.valid AS repaired,
    CASE WHEN v.valid THEN c.plane ELSE ST_CollectionExtract(ST_MakeValid(c.plane), 3) END AS plane
  FROM candidate c JOIN subject s ON c.plane && s.plane,
    LATERAL (SELECT ST_IsValid(c.plane) AS valid OFFSET 0) v),
cut AS MATERIALIZED (
  SELECT c.*, i.whole, ST_CollectionExtract(
      CASE WHEN i.whole THEN c.plane ELSE ST_Intersection(s.plane, c.plane) END, 3) AS shape
  FROM sound_candidate c JOIN subject s ON ST_Intersects(s.plane, c.plane),
    LATERAL (SELECT ST_Covers(s.plane, c.plane) AS whole OFFSET 0) i),
piece AS MATERIALIZED (
  SELECT c.t, c.id, d.geom, m.area_m2, m.plane_m2, g.sliver, c.keep OR NOT g.sliver AS kept
  FROM cut c, LATERAL ST_Dump(c.shape) d,
    LATERAL (SELECT {area} AS area_m2, ST_Area(d.geom) AS plane_m2,
      2 * ST_Area(d.geom) / nullif(ST_Perimeter(d.geom), 0) AS thickness_m OFFSET 0) m,
    LATERAL (SELECT m.area_m2 < %(min_area)s::float8 OR m.thickness_m < %(min_thickness)s::float8 AS sliver) g
  WHERE m.thickness_m >= {noise}),
item AS MATERIALIZED (
  SELECT t, id, sum(area_m2) FILTER (WHERE kept) AS area_m2, sum(area_m2) AS all_m2,
    count(*) FILTER (WHERE kept) AS pieces, max(area_m2) AS largest_piece_m2,
    bool_or(sliver) FILTER (WHERE kept) AS critical, ST_Collect(geom) FILTER (WHERE kept) AS geom
  FROM piece GROUP BY t, id HAVING bool_or(kept)),
feature AS MATERIALIZED (
  SELECT t, id, min(c.code) AS code, min(c.name) AS name, min(c.class_code) AS class_code,
    min(c.class_name) AS class_name, bool_or(c.repaired) AS repaired,
    sum(CASE WHEN c.whole THEN i.all_m2 ELSE {feature_area} END) AS area_m2
  FROM cut c JOIN item i USING (t, id) GROUP BY t, id),
gathered AS (
  SELECT t, count(*) AS n, sum(area_m2) AS area_m2, sum(plane_m2) AS plane_m2, ST_Collect(geom) AS geom
  FROM piece WHERE kept GROUP BY t),
united AS MATERIALIZED (
  SELECT t, area_m2, plane_m2, CASE WHEN n = 1 THEN geom ELSE ST_UnaryUnion(geom) END AS geom FROM gathered),
covered AS MATERIALIZED (
  SELECT t, geom, p.plane_m2, CASE WHEN u.plane_m2 <= p.plane_m2 * {apart} THEN u.area_m2 ELSE {union_area} END AS area_m2
  FROM united u, LATERAL (SELECT ST_Area(u.geom) AS plane_m2 OFFSET 0) p),
rest AS MATERIALIZED (
  SELECT c.t, ST_Collect(d.geom) AS geom
  FROM covered c, subject s, LATERAL ST_Dump(ST_CollectionExtract(ST_Difference(s.plane, c.geom), 3)) d
  WHERE ST_Area(d.geom) >= %(min_area)s::float8
    AND 2 * ST_Area(d.geom) >= %(min_thickness)s::float8 * ST_Perimeter(d.geom)
  GROUP BY c.t)"""


def ellipsoidal_area_sql(plane: str) -> str:
    """Return the expression of the area on the CGCS2000 ellipsoid of a geometry in a zone, m²."""
    return f"ST_Area(ST_Transform(ST_Segmentize({plane}, {STEP_M}), {STORED_SRID})::geography)"


def overlap_statement(
    subject: OverlapSubject, targets: Sequence[OverlapTarget], options: OverlapOptions
) -> Statement:
    """Build the statement: one row, one JSON text, to be read by `read_overlap`.

    A target's row without geometry, with an empty one, or with lines or points is no hit; an
    invalid polygon is repaired for the overlay and counted. Shared edges and corners are no hit.
    """
    if not targets:
        raise ValueError("an overlap needs at least one target")
    conditions = [target.condition.prefixed(f"t{number}_") for number, target in enumerate(targets)]
    candidates = "\n  UNION ALL ".join(
        _candidates(number, target, condition.sql)
        for number, (target, condition) in enumerate(zip(targets, conditions, strict=True))
    )
    overlay = _OVERLAY.format(
        area=ellipsoidal_area_sql("d.geom"),
        feature_area=ellipsoidal_area_sql("c.plane"),
        union_area=ellipsoidal_area_sql("u.geom"),
        noise=NOISE_THICKNESS_M,
        apart=1 + 1e-12,
    )
    sql = (
        f"WITH {_SUBJECT.strip()},\ncandidate AS MATERIALIZED (\n  {candidates}),{overlay}\n"
        f"{_answer(geometry=options.geometry)}"
    )
    params: dict[str, object] = {
        "subject": subject.ewkb,
        "step": subject.step,
        "zone": subject.zone_srid,
        "buffer": float(options.buffer_m),
        "min_area": float(options.min_area_m2),
        "min_thickness": float(options.min_thickness_m),
    }
    if any(target.temporal for target in targets):
        params["at"] = options.at
    return Statement(sql, merged(params, *(condition.params for condition in conditions)))


def _candidates(number: int, target: OverlapTarget, condition: str) -> str:
    source = f"{target.relation}(%(at)s::timestamptz)" if target.temporal else target.relation
    geometry = f"{ROW}.{target.geometry_column}"
    return (
        f"SELECT {number} AS t, {str(target.keep_slivers).upper()} AS keep, {ROW}.{target.id_column}::int8 AS id, "
        f"{_text(target.code_column)} AS code, {_text(target.name_column)} AS name, "
        f"{_text(target.class_code_column)} AS class_code, {_text(target.class_name_column)} AS class_name, "
        f"{_plane(target)} AS plane\n"
        f"  FROM subject s JOIN {source} AS {ROW} ON {geometry} && s.stored WHERE ({condition})"
    )


def _text(column: str | None) -> str:
    return f"{ROW}.{column}::text" if column else "NULL::text"


def _plane(target: OverlapTarget) -> str:
    stored = f"ST_Transform(ST_Segmentize(ST_Force2D({ROW}.{target.geometry_column}), {STEP_DEGREES}), %(zone)s::int4)"
    if target.plane_column is None:
        return stored
    surveyed = f"{ROW}.{target.plane_column}"
    return f"CASE WHEN ST_SRID({surveyed}) = %(zone)s::int4 THEN ST_Force2D({surveyed}) ELSE {stored} END"


def _answer(*, geometry: bool) -> str:
    piece = f", 'geometry', {_geojson('i.geom')}" if geometry else ""
    remainder = f", 'remainder', {_geojson('r.geom')}" if geometry else ""
    return f"""SELECT json_build_object(
  'subject', (SELECT json_build_object('area_m2', {ellipsoidal_area_sql("s.plane")}, 'area_plane_m2', ST_Area(s.plane),
      'bare_area_m2', {ellipsoidal_area_sql("b.plane")}) FROM subject s, bare b),
  'layers', (SELECT json_agg(json_build_object('t', c.t, 'area_m2', c.area_m2, 'area_plane_m2', c.plane_m2,
      'remainder_area_m2', coalesce({ellipsoidal_area_sql("r.geom")}, 0){remainder}))
    FROM covered c LEFT JOIN rest r USING (t)),
  'items', (SELECT json_agg(json_build_object('t', i.t, 'id', i.id, 'code', c.code, 'name', c.name,
      'class_code', c.class_code, 'class_name', c.class_name, 'area_m2', i.area_m2, 'pieces', i.pieces,
      'largest_piece_m2', i.largest_piece_m2, 'critical', i.critical, 'repaired', c.repaired,
      'feature_area_m2', c.area_m2{piece}) ORDER BY i.t, i.area_m2 DESC, i.id)
    FROM item i JOIN feature c USING (t, id)),
  'dropped', (SELECT json_agg(json_build_object('t', t, 'count', n, 'area_m2', area_m2)) FROM (
    SELECT t, count(*) AS n, sum(area_m2) AS area_m2 FROM piece WHERE NOT kept GROUP BY t) d)
)::text"""


def _geojson(geometry: str) -> str:
    stored = f"ST_Transform(ST_Segmentize({geometry}, {STEP_M}), {STORED_SRID})"
    return f"ST_AsGeoJSON(ST_ForcePolygonCCW({stored}), 9, 0)::json"
