-- Left out of the map: openings, spaces and other things that are not built.
CREATE OR REPLACE FUNCTION element_is_drawn(ifc_class text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ifc_class NOT IN ('IfcOpeningElement', 'IfcVoidingFeature', 'IfcSpace', 'IfcVirtualElement',
  'IfcAnnotation', 'IfcGrid', 'IfcSite', 'IfcBuilding', 'IfcBuildingStorey', 'IfcFacility', 'IfcFacilityPart',
  'IfcFacilityPartCommon', 'IfcBridge', 'IfcBridgePart', 'IfcRoad', 'IfcRoadPart', 'IfcRailway',
  'IfcRailwayPart', 'IfcSpatialZone', 'IfcExternalSpatialElement', 'IfcReferent', 'IfcPort',
  'IfcDistributionPort')
$$;

-- What counts as the state of an element: one that stood before the works is no work of ours.
CREATE OR REPLACE FUNCTION element_status(planning_status text, reported text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN planning_status = 'EXISTING' THEN 'existing' ELSE reported END
$$;

-- Light of an element by its dates: done or not yet due green (1), up to 30 days late yellow (2), later red (3), no date grey (0).
CREATE OR REPLACE FUNCTION element_light_code(status text, plan_finish date, day date) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  -- Each parameter stands once, or the planner would call this row by row instead of writing it out.
  SELECT CASE status WHEN 'existing' THEN 0 WHEN 'done' THEN 1
    ELSE coalesce(width_bucket(day - plan_finish, ARRAY[1, 31]) + 1, 0) END
$$;

-- What the plan wants of an element by a day, percent: linear between its dates, NULL where one is missing.
CREATE OR REPLACE FUNCTION element_planned_percent(plan_start date, plan_finish date, day date)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN plan_start IS NULL OR plan_finish IS NULL THEN NULL
              WHEN day >= plan_finish THEN 100
              WHEN day <= plan_start THEN 0
              ELSE 100.0 * (day - plan_start) / (plan_finish - plan_start) END::double precision
$$;

-- Elements of each model's current revision, with their progress as known at a time (NULL: now).
-- The id is the element's identity, which survives revisions.
DROP FUNCTION IF EXISTS layer_bim_elements(timestamptz);
CREATE FUNCTION layer_bim_elements(at timestamptz) RETURNS TABLE (
  id bigint, row_public boolean, row_project_id bigint, geom geometry,
  global_id text, model_id bigint, revision integer, project_code text, discipline text, ifc_class text,
  predefined_type text, name text, type_name text, tag text, storey text, milestone text, status text,
  progress double precision, plan_start date, plan_finish date, actual_start date, actual_finish date,
  quantity double precision, quantity_unit text, area_m2 double precision, z_min_m double precision,
  z_max_m double precision, light text, light_code integer, updated_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT i.id, m.public_visible AND p.public_visible, e.project_id, e.geom,
  e.global_id, m.id, r.number, p.code, m.discipline, e.ifc_class,
  e.predefined_type, e.name, e.type_name, e.tag, e.storey, ms.code, k.status,
  k.progress, e.plan_start, e.plan_finish, k.actual_start, k.actual_finish,
  e.quantity, e.quantity_unit, e.area_m2, e.z_min_m,
  e.z_max_m, (ARRAY['grey','green','yellow','red'])[k.light_code + 1], k.light_code,
  greatest(r.published_at, k.known_at)
FROM bim_model m
JOIN project p ON p.id = m.project_id
JOIN bim_revision r ON r.id = m.current_revision_id
JOIN bim_element e ON e.revision_id = r.id
JOIN element_identity i ON i.id = e.identity_id
LEFT JOIN milestone ms ON ms.id = e.milestone_id
LEFT JOIN LATERAL (
  SELECT x.status, x.percent, x.actual_start, x.actual_finish, x.recorded_at
  FROM element_progress x
  WHERE at IS NOT NULL AND x.identity_id = i.id AND x.as_of <= asked_date(at)
  ORDER BY x.as_of DESC, x.id DESC LIMIT 1) h ON true
CROSS JOIN LATERAL (
  SELECT q.*, element_light_code(
      q.status, e.plan_finish, coalesce(asked_date(at), (SELECT reporting_date()))) AS light_code
  FROM (SELECT
      element_status(
        e.planning_status, CASE WHEN at IS NULL THEN i.status ELSE coalesce(h.status, 'not_started') END) AS status,
      CASE WHEN at IS NULL THEN i.progress ELSE coalesce(h.percent, 0) END::float8 AS progress,
      CASE WHEN at IS NULL THEN i.actual_start ELSE h.actual_start END AS actual_start,
      CASE WHEN at IS NULL THEN i.actual_finish ELSE h.actual_finish END AS actual_finish,
      CASE WHEN at IS NULL THEN i.updated_at ELSE h.recorded_at END AS known_at) q) k
WHERE element_is_drawn(e.ifc_class)
$$;

-- Outline of each model's current revision.
DROP FUNCTION IF EXISTS layer_bim_models(timestamptz);
CREATE FUNCTION layer_bim_models(at timestamptz) RETURNS TABLE (
  id bigint, row_public boolean, row_project_id bigint, geom geometry,
  name text, discipline text, project_code text, revision integer, schema_name text,
  georeference_level integer, georeference_method text, georeference_confidence text,
  published_at timestamptz, updated_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT m.id, m.public_visible AND p.public_visible, m.project_id, r.geom,
  m.name, m.discipline, p.code, r.number, r.schema_name,
  (r.georeference ->> 'level')::integer, r.georeference ->> 'method', r.georeference ->> 'confidence',
  r.published_at, greatest(m.updated_at, r.published_at)
FROM bim_model m
JOIN project p ON p.id = m.project_id
JOIN bim_revision r ON r.id = m.current_revision_id
WHERE at IS NULL OR r.published_at <= at
$$;
