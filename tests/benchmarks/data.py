"""A large synthetic data set, made inside the database: parcels, projects, and BIM boxes.

Deterministic: `setseed` before every statement. The numbers are arguments, so that the same generator serves a
quick look and a long run: ``python -m tests.benchmarks.data --projects 2000 --parcels 200000 --elements 500000 URL``
fills the database of that URL.
"""

import argparse
import time

import psycopg

from twin.alerts.presets import add_shipped_presets
from twin.db import make_engine, migrate, open_session

WEST, SOUTH, WIDTH, HEIGHT = 115.4, 32.6, 0.8, 0.6

PARCELS = """
INSERT INTO land_parcel (parcel_no, name, kind, planned_use, state, public_visible, source_crs, stated_area_m2,
  geom, geom_survey)
SELECT 'BENCH-' || n, '基准地块' || n, 'reserve', '工业用地', (ARRAY['stored','ready','supplied'])[1 + n %% 3], true,
  'EPSG:4490', NULL, ST_Multi(g), ST_Multi(g)
FROM (
  SELECT n, ST_MakePolygon(ST_MakeLine(ARRAY(
    SELECT ST_SetSRID(ST_MakePoint(
      x + r * (0.8 + 0.2 * sin(7 * (a %% 40) + n)) * cos(2 * pi() * (a %% 40) / 40.0),
      y + r * (0.8 + 0.2 * sin(7 * (a %% 40) + n)) * sin(2 * pi() * (a %% 40) / 40.0)), 4490)
    FROM generate_series(0, 40) a))) AS g
  FROM (SELECT n, %(west)s + %(width)s * random() AS x, %(south)s + %(height)s * random() AS y,
          0.0004 + 0.0008 * random() AS r
        FROM generate_series(1, %(count)s) n OFFSET 0) q) polygons
WHERE ST_IsValid(g)
ORDER BY g"""  # neighbours lie together, as they do in a survey's files

# As many of each layer as a district has, of its size and number of vertices.
CONTROL_AREAS = """
INSERT INTO control_area (layer, code, name, class_code, class_name, source_crs, geom, geom_survey)
SELECT layer, layer || '-' || n, '基准' || title || n, class_code, class_name, 'EPSG:4490', ST_Multi(g), ST_Multi(g)
FROM (
  SELECT layer, title, n, class_code, class_name, ST_MakePolygon(ST_MakeLine(ARRAY(
    SELECT ST_SetSRID(ST_MakePoint(
      x + r * (0.8 + 0.2 * sin(7 * (a %% k) + n)) * cos(2 * pi() * (a %% k) / k),
      y + r * (0.8 + 0.2 * sin(7 * (a %% k) + n)) * sin(2 * pi() * (a %% k) / k)), 4490)
    FROM generate_series(0, k) a))) AS g
  FROM (SELECT layer, title, class_code, class_name, n, k, r * (0.5 + random()) AS r,
          %(west)s + %(width)s * random() AS x, %(south)s + %(height)s * random() AS y
        FROM (VALUES ('dltb', '地类图斑', '0103', '旱地', 100000, 0.0008, 40),
                     ('farmland', '永久基本农田', NULL, NULL, 30000, 0.001, 60),
                     ('ecology', '生态保护红线', NULL, NULL, 400, 0.006, 400),
                     ('urban_boundary', '城镇开发边界', NULL, NULL, 40, 0.02, 1000),
                     ('heritage', '文物保护范围', NULL, NULL, 300, 0.002, 40),
                     ('river', '河道管理范围', NULL, NULL, 200, 0.004, 300))
             AS kinds(layer, title, class_code, class_name, many, r, k),
          LATERAL generate_series(1, greatest(1, many * %(per_mille)s / 1000)) n OFFSET 0) q) polygons
WHERE ST_IsValid(g)
ORDER BY g"""

# Two bodies and a hole each: an L of about 300 m with a pond, and a square beside it.
PROJECTS = """
WITH added AS (
  INSERT INTO project (code, name, category, purpose, stage, investment_total_yuan, plan_start, plan_finish,
    public_visible)
  SELECT '341299-2024-03-' || lpad(n::text, 5, '0'), '基准项目' || n, '03',
    (ARRAY['infrastructure','livelihood','industry'])[1 + n %% 3],
    (ARRAY['initiation','design','tender','construction','acceptance','operation'])[1 + n %% 6],
    1e7 * (1 + n %% 400), '2024-03-01', '2026-09-30', n %% 5 <> 0
  FROM generate_series(1, %(count)s) n RETURNING id, code),
placed AS (
  SELECT id, %(west)s + %(width)s * random() AS x, %(south)s + %(height)s * random() AS y FROM added),
drawn AS (
  SELECT id, ST_Multi(ST_Union(
    ST_Difference(
      ST_Difference(ST_MakeEnvelope(x, y, x + 0.003, y + 0.003, 4490),
        ST_MakeEnvelope(x + 0.002, y + 0.002, x + 0.003, y + 0.003, 4490)),
      ST_MakeEnvelope(x + 0.0005, y + 0.0005, x + 0.0008, y + 0.0008, 4490)),
    ST_MakeEnvelope(x + 0.0032, y, x + 0.0037, y + 0.0005, 4490))) AS g FROM placed),
red_lines AS (
  INSERT INTO project_footprint (project_id, version, valid_from, geom, geom_survey, source_crs)
  SELECT id, 1, '2024-01-01', g, g, 'EPSG:4490' FROM drawn RETURNING project_id)
INSERT INTO project_state (project_id, as_of, progress, planned_progress, deviation, weight_basis, coverage, parts)
SELECT project_id, '2025-10-31', p, 55, p - 55, 'equal', 100, '[]'
FROM (SELECT project_id, (100 * random())::numeric(9,6) AS p FROM red_lines) states"""

LIGHTS = """
INSERT INTO light_evaluation (project_id, rule_set_id, preset, as_of, outcome, light, light_code, held, inputs, reasons)
SELECT s.project_id, r.id, r.preset, s.as_of, l.light, l.light, l.code, 0, '{}', '[]'
FROM project_state s, light_rule_set r, LATERAL (
  SELECT CASE WHEN s.deviation > -5 THEN 'green' WHEN s.deviation > -20 THEN 'yellow' ELSE 'red' END AS light,
         CASE WHEN s.deviation > -5 THEN 1 WHEN s.deviation > -20 THEN 2 ELSE 3 END AS code) l
WHERE r.active"""

# One model at each site; its elements stand in rows of a building of some 60 × 40 m.
SITES = """
WITH models AS (
  INSERT INTO bim_model (project_id, name, discipline, public_visible)
  SELECT p.id, '基准模型', 'structure', true FROM project p WHERE p.code LIKE '341299-2024-03-%%' ORDER BY p.id
  LIMIT %(sites)s RETURNING id)
INSERT INTO bim_revision (model_id, number, state, sha256, file_name, published_at, schema_name, georeference)
SELECT id, 1, 'published', %(sha256)s, '基准.ifc', now(), 'IFC4', '{"level": 50}' FROM models"""

ELEMENTS = """
WITH sites AS (
  SELECT r.id AS revision_id, r.model_id, m.project_id, ST_XMin(f.geom) AS x, ST_YMin(f.geom) AS y
  FROM bim_revision r JOIN bim_model m ON m.id = r.model_id JOIN project_footprint f ON f.project_id = m.project_id
  WHERE r.sha256 = %(sha256)s),
identities AS (
  INSERT INTO element_identity (model_id, global_id, status, progress)
  SELECT model_id, lpad(model_id::text, 8, '0') || lpad(n::text, 14, '0'),
    (ARRAY['not_started','in_progress','done'])[1 + n %% 3], (ARRAY[0, 50, 100])[1 + n %% 3]
  FROM sites, generate_series(1, %(per_site)s) n RETURNING id, model_id, global_id)
INSERT INTO bim_element (revision_id, identity_id, project_id, step_id, global_id, ifc_class, name, storey, geom,
  geom_survey, area_m2, z_min_m, z_max_m, plan_finish)
SELECT s.revision_id, i.id, s.project_id, n, i.global_id,
  (ARRAY['IfcWall','IfcSlab','IfcColumn','IfcBeam'])[1 + n %% 4], '构件' || n, 'F' || 1 + n / 100,
  b, b, 12.5, 3.0 * (n / 100), 3.0 * (n / 100) + 3, '2025-09-30'
FROM identities i JOIN sites s USING (model_id), LATERAL (SELECT right(i.global_id, 14)::int AS n) q,
  LATERAL (SELECT ST_MakeEnvelope(
    s.x + 0.00006 * (n %% 100 %% 10), s.y + 0.00004 * (n %% 100 / 10),
    s.x + 0.00006 * (n %% 100 %% 10) + 0.00005, s.y + 0.00004 * (n %% 100 / 10) + 0.000003, 4490) AS b) box"""

SHA256 = "0" * 64


def add_parcels(connection: psycopg.Connection, count: int) -> int:
    """Add parcels of 41 vertices over 0.8° × 0.6°; return how many."""
    added = _run(connection, PARCELS, {"count": count, **_PLACE})
    connection.execute("ANALYZE land_parcel")
    return added


def add_control_areas(connection: psycopg.Connection, per_mille: int = 1000) -> int:
    """Add areas of every control layer, so many thousandths of a district's; return how many."""
    added = _run(connection, CONTROL_AREAS, {"per_mille": per_mille, **_PLACE})
    connection.execute("ANALYZE control_area")
    return added


def add_projects(connection: psycopg.Connection, count: int) -> int:
    """Add projects with a red line of two parts and a hole, their progress and light; return how many."""
    connection.execute(
        "INSERT INTO project_category (code, name_zh, name_en) VALUES ('03', '市政设施', 'Municipal works')"
        " ON CONFLICT DO NOTHING"
    )
    added = _run(connection, PROJECTS, {"count": count, **_PLACE})
    connection.execute(LIGHTS)
    connection.execute("ANALYZE project, project_footprint, project_state, light_evaluation")
    return added


def add_elements(connection: psycopg.Connection, count: int, sites: int) -> int:
    """Add wall-like boxes of 5 m × 0.3 m, evenly on the first sites of `add_projects`; return how many."""
    connection.execute(
        "INSERT INTO stored_object (sha256, size_bytes) VALUES (%s, 0) ON CONFLICT DO NOTHING", [SHA256]
    )
    _run(connection, SITES, {"sites": sites, "sha256": SHA256})
    added = _run(connection, ELEMENTS, {"per_site": count // sites, "sha256": SHA256})
    # Published as the service does it: the elements first, then the model's pointer to its revision.
    connection.execute(
        "UPDATE bim_revision r SET geom = o.g FROM (SELECT revision_id, ST_Multi(ST_Envelope(ST_Extent(geom))"
        "::geometry(Polygon, 4490)) AS g FROM bim_element GROUP BY 1) o WHERE o.revision_id = r.id"
    )
    connection.execute(
        "UPDATE bim_model m SET current_revision_id = r.id FROM bim_revision r"
        " WHERE r.model_id = m.id AND r.sha256 = %s",
        [SHA256],
    )
    connection.execute("ANALYZE bim_model, bim_revision, bim_element, element_identity")
    return added


_PLACE = {"west": WEST, "south": SOUTH, "width": WIDTH, "height": HEIGHT}


def _run(connection: psycopg.Connection, sql: str, params: dict[str, object]) -> int:
    connection.execute("SELECT setseed(0.2026)")
    return connection.execute(sql, params).rowcount


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("url", help="an empty database; it is migrated first")
    parser.add_argument("--projects", type=int, default=2_000)
    parser.add_argument("--parcels", type=int, default=200_000)
    parser.add_argument("--elements", type=int, default=500_000)
    parser.add_argument("--sites", type=int, default=500)
    given = parser.parse_args()
    migrate(given.url)
    with open_session(make_engine(given.url)) as session:
        add_shipped_presets(session)  # as the service does when it starts
    with psycopg.connect(given.url) as connection:
        for name, fill in (
            ("projects 项目", lambda: add_projects(connection, given.projects)),
            ("parcels 地块", lambda: add_parcels(connection, given.parcels)),
            ("elements 构件", lambda: add_elements(connection, given.elements, given.sites)),
        ):
            start = time.perf_counter()
            print(f"{fill():>8} {name} in {time.perf_counter() - start:.1f} s", flush=True)
            connection.commit()


if __name__ == "__main__":
    main()
