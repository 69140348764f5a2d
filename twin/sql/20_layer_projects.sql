-- Projects with their progress and light as known at a time (NULL: now). Inlined by the planner, so the
-- spatial index of project_footprint serves every query on it. LEFT JOIN: a project without a red line is
-- listed too, and never drawn.
DROP FUNCTION IF EXISTS layer_project_points(timestamptz);
DROP FUNCTION IF EXISTS layer_projects(timestamptz);
CREATE FUNCTION layer_projects(at timestamptz) RETURNS TABLE (
  id bigint, row_public boolean, row_project_id bigint, geom geometry, geom_survey geometry,
  code text, nat_code text, name text, category text, category_name text, category_name_en text,
  purpose text, stage text, progress double precision, planned_progress double precision,
  deviation double precision, coverage double precision, light text, light_code integer,
  investment_total_yuan double precision, annual_plan_yuan double precision,
  approved_estimate_yuan double precision, plan_start date, plan_finish date, actual_start date,
  actual_finish date, owner_unit text, lead_person text, region_code text, area_m2 double precision,
  as_of date, updated_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT p.id, p.public_visible, p.id, f.geom, f.geom_survey,
  p.code, p.nat_code, p.name, p.category, c.name_zh, c.name_en,
  p.purpose, p.stage, s.progress::float8, s.planned_progress::float8,
  s.deviation::float8, s.coverage::float8, coalesce(l.light, 'grey'), coalesce(l.light_code, 0),
  p.investment_total_yuan::float8, p.annual_plan_yuan::float8,
  p.approved_estimate_yuan::float8, p.plan_start, p.plan_finish, p.actual_start,
  p.actual_finish, p.owner_unit, p.lead_person, p.region_code, f.area_m2,
  s.as_of, greatest(p.updated_at, f.updated_at, s.recorded_at, l.evaluated_at)
FROM project p
JOIN project_category c ON c.code = p.category
LEFT JOIN project_footprint f ON f.project_id = p.id
  AND CASE WHEN at IS NULL THEN f.valid_to IS NULL
           ELSE f.valid_from <= at AND (f.valid_to IS NULL OR f.valid_to > at) END
LEFT JOIN LATERAL (
  SELECT x.progress, x.planned_progress, x.deviation, x.coverage, x.as_of, x.recorded_at
  FROM project_state x
  WHERE x.project_id = p.id AND (at IS NULL OR x.as_of <= asked_date(at))
  ORDER BY x.as_of DESC, x.id DESC LIMIT 1) s ON true
LEFT JOIN LATERAL (
  SELECT x.light, x.light_code, x.evaluated_at
  FROM light_evaluation x
  WHERE x.preset = (SELECT preset FROM light_rule_set WHERE active)
    AND x.project_id = p.id AND (at IS NULL OR x.as_of <= asked_date(at))
  ORDER BY x.as_of DESC, x.id DESC LIMIT 1) l ON true
$$;

-- One label point per project, inside its red line.
CREATE FUNCTION layer_project_points(at timestamptz) RETURNS TABLE (
  id bigint, row_public boolean, row_project_id bigint, geom geometry,
  code text, name text, stage text, progress double precision, deviation double precision,
  investment_total_yuan double precision, light text, light_code integer, updated_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT id, row_public, row_project_id, ST_PointOnSurface(geom), code, name, stage, progress, deviation,
  investment_total_yuan, light, light_code, updated_at
FROM layer_projects(at)
$$;
