"""Lines and points as subjects: how much of a line's length, how many of the points, lie in each layer.

The boundary belongs to a feature here: a line along it, a point on it, are in. Lengths are measured on the
ellipsoid between the vertices and at most 500 m apart.
"""

from collections.abc import Sequence
from typing import Final

from gis.crs import STORED_SRID
from gis.overlap.statement import candidates_sql, geojson_sql
from gis.overlap.subject import OverlapSubject
from gis.overlap.target import OverlapOptions, OverlapTarget
from gis.overlap.zones import STEP_M
from gis.statement import Statement, merged

_OVERLAY: Final = """
WITH subject AS MATERIALIZED (
  SELECT q.sid, q.zone, q.plane, 0 AS east, 0 AS north, ST_Transform(ST_Segmentize(q.plane, {step_m}), {stored}) AS stored
  FROM (SELECT %(sid)s::int8 AS sid, %(zone)s::int4 AS zone, ST_UnaryUnion(ST_Transform(ST_Segmentize(
    ST_Force2D(ST_GeomFromEWKB(%(subject)s)), %(step)s::float8), %(zone)s::int4)) AS plane OFFSET 0) q),
candidate AS MATERIALIZED (
  {candidates}),
sound AS MATERIALIZED (
  SELECT c.*, NOT v.valid AS repaired,
    CASE WHEN v.valid THEN c.plane ELSE ST_CollectionExtract(ST_MakeValid(c.plane), 3) END AS area
  FROM candidate c, LATERAL (SELECT ST_IsValid(c.plane) AS valid OFFSET 0) v
  WHERE ST_Dimension(c.plane) = 2),
item AS MATERIALIZED (
  SELECT c.*, {size} AS size, ST_NumGeometries(c.shape) AS pieces FROM (
    SELECT c.t, c.id, c.code, c.name, c.class_code, c.class_name, c.owner_code, c.owner_name, c.stated_m2, c.repaired,
      ST_Multi(ST_LineMerge(ST_CollectionExtract(ST_Intersection(s.plane, c.area), {kind}))) AS shape
    FROM sound c JOIN subject s ON ST_Intersects(s.plane, c.area) OFFSET 0) c
  WHERE NOT ST_IsEmpty(c.shape)),
covered AS MATERIALIZED (
  SELECT t, ST_UnaryUnion(ST_Collect(shape)) AS shape FROM item GROUP BY t),
everything AS MATERIALIZED (SELECT ST_UnaryUnion(ST_Collect(shape)) AS shape FROM covered HAVING count(*) > 0),
outside AS MATERIALIZED (
  SELECT o.t, ST_CollectionExtract(ST_Difference(s.plane, o.shape), {kind}) AS shape
  FROM (SELECT t, shape FROM covered UNION ALL SELECT -1, shape FROM everything) o, subject s)
SELECT json_build_object(
  'subject', (SELECT json_build_object('size', {subject_size}, 'zone', zone) FROM subject),
  'layers', (SELECT json_agg(json_build_object('t', c.t, 'size', {covered_size}, 'remainder_size', {rest_size}{rest}))
    FROM covered c JOIN outside o USING (t), subject s),
  'rest', (SELECT json_build_object('size', {rest_size}, 'pieces', ST_NumGeometries(o.shape){rest})
    FROM outside o, subject s WHERE o.t = -1),
  'items', (SELECT json_agg(json_build_object('t', i.t, 'id', i.id, 'code', i.code, 'name', i.name,
      'class_code', i.class_code, 'class_name', i.class_name, 'owner_code', i.owner_code, 'owner_name', i.owner_name,
      'size', i.size, 'pieces', i.pieces, 'repaired', i.repaired, 'stated_area_m2', i.stated_m2{piece})
      ORDER BY i.t, i.size DESC, i.id) FROM item i, subject s)
)::text"""


def thin_statement(
    subject: OverlapSubject, targets: Sequence[OverlapTarget], options: OverlapOptions
) -> Statement:
    """Build the statement of a subject without area: one row, one JSON text, to be read by `read_overlap`."""
    if not targets:
        raise ValueError("an overlap needs at least one target")
    candidates, conditions = candidates_sql(targets, options.at)
    lines = subject.dimension == 1
    sql = _OVERLAY.format(
        step_m=STEP_M,
        stored=STORED_SRID,
        candidates=candidates,
        kind=2 if lines else 1,
        size=_size("c.shape", lines=lines),
        subject_size=_size("plane", lines=lines),
        covered_size=_size("c.shape", lines=lines),
        rest_size=_size("o.shape", lines=lines),
        piece=f", 'geometry', {geojson_sql('i.shape', 's')}" if options.geometry else "",
        rest=f", 'remainder', {geojson_sql('o.shape', 's')}" if options.geometry else "",
    )
    if not lines:
        sql = sql.replace("ST_LineMerge(", "(")
    params: dict[str, object] = {
        "sid": subject.id,
        "subject": subject.ewkb,
        "step": subject.step,
        "zone": subject.zone_srid,
    }
    if any(target.temporal for target in targets):
        params["at"] = options.at
    return Statement(sql, merged(params, conditions))


def _size(plane: str, *, lines: bool) -> str:
    if not lines:
        return f"CASE WHEN ST_IsEmpty({plane}) THEN 0 ELSE ST_NumGeometries({plane}) END"
    return f"ST_Length(ST_Transform(ST_Segmentize({plane}, {STEP_M}), {STORED_SRID})::geography)"
