-- State of each element with geometry of one revision, as known at a time (NULL: now), by the rules of the map.
DROP FUNCTION IF EXISTS element_states(bigint, timestamptz);
CREATE FUNCTION element_states(asked_revision bigint, at timestamptz) RETURNS TABLE (
  fid integer, status text, progress double precision, light_code integer, planned double precision)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT e.fid, q.status, q.progress, element_light_code(q.status, e.plan_finish, d.day),
  element_planned_percent(e.plan_start, e.plan_finish, d.day)
FROM (SELECT coalesce(asked_date(at), reporting_date()) AS day OFFSET 0) d
CROSS JOIN bim_element e
JOIN element_identity i ON i.id = e.identity_id
  AND i.model_id = (SELECT r.model_id FROM bim_revision r WHERE r.id = asked_revision)
LEFT JOIN LATERAL (
  SELECT x.status, x.percent FROM element_progress x
  WHERE at IS NOT NULL AND x.identity_id = i.id AND x.as_of <= asked_date(at)
  ORDER BY x.as_of DESC, x.id DESC LIMIT 1) h ON true
CROSS JOIN LATERAL (SELECT
  element_status(
    e.planning_status, CASE WHEN at IS NULL THEN i.status ELSE coalesce(h.status, 'not_started') END) AS status,
  CASE WHEN at IS NULL THEN i.progress ELSE coalesce(h.percent, 0) END::float8 AS progress) q
WHERE e.revision_id = asked_revision AND e.fid IS NOT NULL
$$;
