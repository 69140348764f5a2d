# ruff: noqa: S608 (names come from the targets' closed list, every value is bound)
"""One statement that lays subjects over any number of layers.

The overlay is made in each subject's native 3-degree zone; areas are measured on the ellipsoid (`ellipsoid`).
Surveyed geometry takes part as it was surveyed where its zone is the overlay's, so shared boundaries meet exactly.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from gis.crs import STORED_SRID, WGS84_SRID, ZONES
from gis.overlap.ellipsoid import ellipsoidal_area_sql
from gis.overlap.subject import OverlapSubject, SubjectRows
from gis.overlap.target import OverlapOptions, OverlapTarget
from gis.overlap.zones import STEP_DEGREES, STEP_M
from gis.statement import ROW, Statement, merged

NOISE_THICKNESS_M: Final = 1e-6
"""Thinner pieces are the rounding of floating point, not even slivers: a touch, no overlap."""

_BOUND: Final = """SELECT %(sid)s::int8 AS sid, ST_Force2D(ST_GeomFromEWKB(%(subject)s)) AS g,
    %(step)s::float8 AS step, %(zone)s::int4 AS zone"""

_BOUND_MANY: Final = """SELECT u.n - 1 AS sid, ST_Force2D(ST_GeomFromEWKB(u.ewkb)) AS g, u.step, u.zone::int4 AS zone
    FROM unnest(%(subjects)s::bytea[], %(steps)s::float8[], %(zones)s::int8[]) WITH ORDINALITY u(ewkb, step, zone, n)"""

_SUBJECT: Final = f"""
sound AS MATERIALIZED (
  SELECT sid, step, zone, CASE WHEN ST_IsValid(g) THEN g ELSE ST_CollectionExtract(ST_MakeValid(g), 3) END AS g
  FROM given),
bare AS MATERIALIZED (SELECT sid, zone, ST_Transform(ST_Segmentize(g, step), zone) AS plane FROM sound),
wide AS MATERIALIZED (
  SELECT sid, zone, CASE WHEN %(buffer)s::float8 > 0 THEN ST_Buffer(plane, %(buffer)s::float8, 'quad_segs=16')
                         ELSE plane END AS plane FROM bare),
subject AS MATERIALIZED (
  SELECT w.sid, w.zone, o.east, o.north, ST_Translate(w.plane, -o.east, -o.north) AS plane,
    ST_Transform(ST_Segmentize(w.plane, {STEP_M}), {STORED_SRID}) AS stored
  FROM wide w, LATERAL (SELECT floor(ST_XMin(w.plane)) AS east, floor(ST_YMin(w.plane)) AS north OFFSET 0) o)"""
"""The overlay counts from a whole metre near the subject: there floating point is ten thousand times finer than at
eastings of 39 million, and the shift is exact."""

_OVERLAY: Final = """
sound_candidate AS MATERIALIZED (
  SELECT c.sid, c.t, c.keep, c.id, c.code, c.name, c.class_code, c.class_name, c.owner_code, c.owner_name, c.stated_m2,
    s.east, s.north, NOT v.valid AS repaired,
    CASE WHEN v.valid THEN c.plane ELSE ST_CollectionExtract(ST_MakeValid(c.plane), 3) END AS plane
  FROM candidate c JOIN subject s ON s.sid = c.sid AND c.plane && s.plane,
    LATERAL (SELECT ST_IsValid(c.plane) AS valid OFFSET 0) v),
cut AS MATERIALIZED (
  SELECT c.*, i.whole, ST_CollectionExtract(
      CASE WHEN i.whole THEN c.plane ELSE ST_Intersection(s.plane, c.plane) END, 3) AS shape
  FROM sound_candidate c JOIN subject s ON s.sid = c.sid AND ST_Intersects(s.plane, c.plane),
    LATERAL (SELECT ST_Covers(s.plane, c.plane) AS whole OFFSET 0) i),
piece AS MATERIALIZED (
  SELECT c.sid, c.t, c.id, d.geom, m.area_m2, m.plane_m2, g.sliver, c.keep OR NOT g.sliver AS kept
  FROM cut c, LATERAL ST_Dump(c.shape) d,
    LATERAL (SELECT {area} AS area_m2, ST_Area(d.geom) AS plane_m2,
      2 * ST_Area(d.geom) / nullif(ST_Perimeter(d.geom), 0) AS thickness_m OFFSET 0) m,
    LATERAL (SELECT m.area_m2 < %(min_area)s::float8 OR m.thickness_m < %(min_thickness)s::float8 AS sliver) g
  WHERE m.thickness_m >= {noise}),
item AS MATERIALIZED (
  SELECT sid, t, id, sum(area_m2) FILTER (WHERE kept) AS area_m2, sum(plane_m2) FILTER (WHERE kept) AS plane_m2,
    sum(area_m2) AS all_m2, count(*) FILTER (WHERE kept) AS pieces, max(area_m2) FILTER (WHERE kept) AS largest_piece_m2,
    bool_or(sliver) FILTER (WHERE kept) AS critical{item_geometry}
  FROM piece GROUP BY sid, t, id HAVING bool_or(kept)),
feature AS MATERIALIZED (
  SELECT sid, t, id, min(c.code) AS code, min(c.name) AS name, min(c.class_code) AS class_code,
    min(c.class_name) AS class_name, min(c.owner_code) AS owner_code, min(c.owner_name) AS owner_name,
    min(c.stated_m2) AS stated_m2, bool_or(c.repaired) AS repaired,
    sum(CASE WHEN c.whole THEN i.all_m2 ELSE {feature_area} END) AS area_m2
  FROM cut c JOIN item i USING (sid, t, id) GROUP BY sid, t, id),
gathered AS (
  SELECT sid, t, count(*) AS n, sum(area_m2) AS area_m2, sum(plane_m2) AS plane_m2, ST_Collect(geom) AS geom
  FROM piece WHERE kept GROUP BY sid, t),
united AS MATERIALIZED (
  SELECT sid, t, area_m2, plane_m2, CASE WHEN n = 1 THEN geom ELSE ST_UnaryUnion(geom) END AS geom FROM gathered),
covered AS MATERIALIZED (
  SELECT u.sid, u.t, u.geom, p.plane_m2,
    CASE WHEN u.plane_m2 <= p.plane_m2 * {apart} THEN u.area_m2 ELSE {union_area} END AS area_m2
  FROM united u JOIN subject s USING (sid), LATERAL (SELECT ST_Area(u.geom) AS plane_m2 OFFSET 0) p),
everything AS MATERIALIZED (
  SELECT sid, CASE WHEN count(*) = 1 THEN min(t) ELSE -1 END AS t,
    CASE WHEN count(*) > 1 THEN ST_UnaryUnion(ST_Collect(geom)) END AS geom
  FROM covered GROUP BY sid),
outside AS (
  SELECT c.sid, c.t, c.geom FROM covered c UNION ALL SELECT e.sid, e.t, e.geom FROM everything e WHERE e.t = -1),
rest AS MATERIALIZED (
  SELECT sid, t, n, geom, {rest_area} AS area_m2 FROM (
    SELECT c.sid, c.t, s.east, s.north, count(*) AS n, ST_Collect(d.geom) AS geom
    FROM outside c JOIN subject s ON s.sid = c.sid AND ST_Area(s.plane) - ST_Area(c.geom) >= %(min_area)s::float8 / 2,
      LATERAL ST_Dump(ST_CollectionExtract(ST_Difference(s.plane, c.geom), 3)) d
    WHERE ST_Area(d.geom) >= %(min_area)s::float8
      AND 2 * ST_Area(d.geom) >= %(min_thickness)s::float8 * ST_Perimeter(d.geom)
    GROUP BY c.sid, c.t, s.east, s.north) r)"""


def overlap_statement(
    subject: OverlapSubject, targets: Sequence[OverlapTarget], options: OverlapOptions
) -> Statement:
    """Build the statement of one subject: one row, one JSON text, to be read by `read_overlap`.

    A target's row without geometry, with an empty one, or with lines or points is no hit; an
    invalid polygon is repaired for the overlay and counted. Shared edges and corners are no hit.
    """
    params = {"sid": subject.id, "subject": subject.ewkb, "step": subject.step, "zone": subject.zone_srid}
    built = _statement(Statement(_BOUND, params), targets, options)
    return Statement(f"SELECT answer FROM ({built.sql}) a", built.params)


def members_statement(
    subjects: Sequence[OverlapSubject], targets: Sequence[OverlapTarget], options: OverlapOptions
) -> Statement:
    """Build the statement of several subjects in hand: a row of place in the sequence, JSON text and number of items each."""
    params: dict[str, object] = {
        "subjects": [subject.ewkb for subject in subjects],
        "steps": [float(subject.step) for subject in subjects],
        "zones": [subject.zone_srid for subject in subjects],
    }
    return _statement(Statement(_BOUND_MANY, params), targets, options)


def overlaps_statement(
    subjects: SubjectRows, targets: Sequence[OverlapTarget], options: OverlapOptions
) -> Statement:
    """Build the statement of many subjects, rows of a layer: a row of id, JSON text and number of items each, as for one.

    The zone is that of the middle of each; rows without geometry, or outside of the zones, are left out.
    """
    condition = subjects.condition.prefixed("s_")
    at = "(%(at)s::timestamptz)" if subjects.temporal else ""
    stored = f"{ROW}.{subjects.geometry_column}"
    surveyed = f"coalesce({ROW}.{subjects.plane_column}, {stored})" if subjects.plane_column else stored
    shape = f"ST_Force2D({surveyed})"
    middle = f"(ST_XMin({stored}) + ST_XMax({stored})) / 2"
    zone = f"floor(({middle} + 1.5) / 3)::int4"
    given = (
        f"SELECT {ROW}.{subjects.id_column}::int8 AS sid, {shape} AS g, "
        f"CASE WHEN ST_SRID({shape}) IN ({STORED_SRID}, {WGS84_SRID}) THEN {STEP_DEGREES} ELSE {STEP_M} END AS step, "
        f"4488 + {zone} AS zone FROM {subjects.relation}{at} AS {ROW} "
        f"WHERE {ROW}.{subjects.id_column} = ANY(%(keys)s::int8[]) AND ({condition.sql}) "
        f"AND {zone} BETWEEN {ZONES.start} AND {ZONES.stop - 1}"
    )
    params = {**condition.params, "keys": list(subjects.keys)}
    if subjects.temporal:
        params["at"] = options.at
    return _statement(Statement(given, params), targets, options)


def _statement(given: Statement, targets: Sequence[OverlapTarget], options: OverlapOptions) -> Statement:
    if not targets:
        raise ValueError("an overlap needs at least one target")
    candidates, conditions = candidates_sql(targets, options.at)
    overlay = _OVERLAY.format(
        area=ellipsoidal_area_sql("d.geom", "c.east", "c.north"),
        feature_area=ellipsoidal_area_sql("c.plane", "c.east", "c.north"),
        union_area=ellipsoidal_area_sql("u.geom", "s.east", "s.north"),
        rest_area=ellipsoidal_area_sql("r.geom", "r.east", "r.north"),
        noise=NOISE_THICKNESS_M,
        apart=1 + 1e-12,
        item_geometry=_ITEM_GEOMETRY if options.geometry else "",
    )
    sql = (
        f"WITH given AS MATERIALIZED ({given.sql}),{_SUBJECT},\ncandidate AS MATERIALIZED (\n  {candidates}),{overlay}\n"
        f"{_answer(geometry=options.geometry, buffer=options.buffer_m > 0)}"
    )
    params: dict[str, object] = {
        "buffer": float(options.buffer_m),
        "min_area": float(options.min_area_m2),
        "min_thickness": float(options.min_thickness_m),
    }
    if any(target.temporal for target in targets):
        params["at"] = options.at
    return Statement(sql, merged(params, given.params, conditions))


_ITEM_GEOMETRY: Final = """, ST_Collect(geom ORDER BY area_m2 DESC) FILTER (WHERE kept) AS geom,
    json_agg(json_build_object('area_m2', area_m2, 'area_plane_m2', plane_m2, 'critical', sliver)
      ORDER BY area_m2 DESC) FILTER (WHERE kept) AS parts"""


def candidates_sql(targets: Sequence[OverlapTarget], at: datetime | None) -> tuple[str, dict[str, object]]:
    """Return the SELECT of every feature whose box meets a `subject`'s, and its bound values; `at` is bound elsewhere."""
    conditions = [target.condition.prefixed(f"t{number}_") for number, target in enumerate(targets)]
    selects = [
        _candidates(number, target, condition.sql, target.source_sql(at))
        for number, (target, condition) in enumerate(zip(targets, conditions, strict=True))
    ]
    return "\n  UNION ALL ".join(selects), merged(*(condition.params for condition in conditions))


def _candidates(number: int, target: OverlapTarget, condition: str, source: str) -> str:
    geometry = f"{ROW}.{target.geometry_column}"
    others = f" AND {ROW}.{target.id_column} <> s.sid" if target.not_itself else ""
    stated = f"{ROW}.{target.stated_column}::float8" if target.stated_column else "NULL::float8"
    return (
        f"SELECT s.sid, {number} AS t, {str(target.keep_slivers).upper()} AS keep, {ROW}.{target.id_column}::int8 AS id, "
        f"{_text(target.code_column)} AS code, {_text(target.name_column)} AS name, "
        f"{_text(target.class_code_column)} AS class_code, {_text(target.class_name_column)} AS class_name, "
        f"{_text(target.owner_code_column)} AS owner_code, {_text(target.owner_name_column)} AS owner_name, "
        f"{stated} AS stated_m2, ST_Translate({_plane(target)}, -s.east, -s.north) AS plane\n"
        f"  FROM subject s JOIN {source} AS {ROW} ON {geometry} && s.stored WHERE ({condition}){others}"
    )


def _text(column: str | None) -> str:
    return f"{ROW}.{column}::text" if column else "NULL::text"


def _plane(target: OverlapTarget) -> str:
    stored = (
        f"ST_Transform(ST_Segmentize(ST_Force2D({ROW}.{target.geometry_column}), {STEP_DEGREES}), s.zone)"
    )
    if target.plane_column is None:
        return stored
    surveyed = f"{ROW}.{target.plane_column}"
    return f"CASE WHEN ST_SRID({surveyed}) = s.zone THEN ST_Force2D({surveyed}) ELSE {stored} END"


def _answer(*, geometry: bool, buffer: bool) -> str:
    unbuffered = ellipsoidal_area_sql("b.plane")
    bare = f"CASE WHEN ST_Dimension(b.plane) = 2 THEN {unbuffered} END" if buffer else "NULL"
    piece = f", 'geometry', {geojson_sql('i.geom', 's')}, 'parts', i.parts" if geometry else ""
    remainder = f", 'remainder', {geojson_sql('r.geom', 's')}" if geometry else ""
    return f"""SELECT s.sid, json_build_object(
  'subject', json_build_object('area_m2', {ellipsoidal_area_sql("s.plane", "s.east", "s.north")}, 'area_plane_m2', ST_Area(s.plane),
      'bare_area_m2', {bare}, 'zone', s.zone),
  'layers', c.layers, 'rest', e.rest, 'items', i.items, 'dropped', d.dropped)::text AS answer,
  coalesce(i.n, 0) AS items
FROM subject s JOIN bare b USING (sid)
LEFT JOIN (
  SELECT c.sid, json_agg(json_build_object('t', c.t, 'area_m2', c.area_m2, 'area_plane_m2', c.plane_m2,
      'remainder_area_m2', coalesce(r.area_m2, 0){remainder})) AS layers
  FROM covered c JOIN subject s USING (sid) LEFT JOIN rest r USING (sid, t) GROUP BY c.sid) c USING (sid)
LEFT JOIN (
  SELECT e.sid, json_build_object('area_m2', coalesce(r.area_m2, 0), 'pieces', coalesce(r.n, 0){remainder}) AS rest
  FROM everything e JOIN subject s USING (sid) LEFT JOIN rest r ON r.sid = e.sid AND r.t = e.t) e USING (sid)
LEFT JOIN (
  SELECT i.sid, count(*) AS n, json_agg(json_build_object('t', i.t, 'id', i.id, 'code', c.code, 'name', c.name,
      'class_code', c.class_code, 'class_name', c.class_name, 'owner_code', c.owner_code, 'owner_name', c.owner_name,
      'area_m2', i.area_m2, 'area_plane_m2', i.plane_m2, 'pieces', i.pieces,
      'largest_piece_m2', i.largest_piece_m2, 'critical', i.critical, 'repaired', c.repaired,
      'feature_area_m2', c.area_m2, 'stated_area_m2', c.stated_m2{piece}) ORDER BY i.t, i.area_m2 DESC, i.id) AS items
  FROM item i JOIN feature c USING (sid, t, id) JOIN subject s USING (sid) GROUP BY i.sid) i USING (sid)
LEFT JOIN (
  SELECT sid, json_agg(json_build_object('t', t, 'count', n, 'area_m2', area_m2)) AS dropped
  FROM (SELECT sid, t, count(*) AS n, sum(area_m2) AS area_m2 FROM piece WHERE NOT kept GROUP BY sid, t) p
  GROUP BY sid) d USING (sid)"""


def geojson_sql(geometry: str, subject: str) -> str:
    """Return the expression of a plane geometry as GeoJSON, longitude/latitude with 9 decimals.

    Parameters
    ----------
    subject : str
        Alias of a row with `east` and `north`, which the coordinates count from.
    """
    placed = f"ST_Translate({geometry}, {subject}.east, {subject}.north)"
    stored = f"ST_Transform(ST_Segmentize({placed}, {STEP_M}), {STORED_SRID})"
    return f"ST_AsGeoJSON(ST_ForcePolygonCCW({stored}), 9, 0)::json"
