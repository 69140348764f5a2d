-- State of each element with geometry of one revision, by the rules of the map. Two functions and no parameter for
-- "now", as the planner writes out only what it knows to be one of them.
DROP FUNCTION IF EXISTS element_states(bigint, timestamptz);
DROP FUNCTION IF EXISTS element_states_now(bigint);
CREATE FUNCTION element_states_now(asked_revision bigint) RETURNS TABLE (
  fid integer, status text, progress double precision, light_code integer, planned double precision)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT e.fid, q.status, i.progress::float8, element_light_code(q.status, e.plan_finish, d.day),
  element_planned_percent(e.plan_start, e.plan_finish, d.day)
FROM (SELECT reporting_date() AS day OFFSET 0) d
CROSS JOIN bim_element e
JOIN element_identity i ON i.id = e.identity_id
  AND i.model_id = (SELECT r.model_id FROM bim_revision r WHERE r.id = asked_revision)
CROSS JOIN LATERAL (SELECT element_status(e.planning_status, i.status) AS status) q
WHERE e.revision_id = asked_revision AND e.fid IS NOT NULL
$$;

-- The same as it was known for a day, from what was reported for that day or before.
DROP FUNCTION IF EXISTS element_states_at(bigint, date);
CREATE FUNCTION element_states_at(asked_revision bigint, day date) RETURNS TABLE (
  fid integer, status text, progress double precision, light_code integer, planned double precision)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT e.fid, q.status, coalesce(h.percent, 0)::float8, element_light_code(q.status, e.plan_finish, day),
  element_planned_percent(e.plan_start, e.plan_finish, day)
FROM bim_element e
LEFT JOIN LATERAL (
  SELECT x.status, x.percent FROM element_progress x
  WHERE x.identity_id = e.identity_id AND x.as_of <= day
  ORDER BY x.as_of DESC, x.id DESC LIMIT 1) h ON true
CROSS JOIN LATERAL (SELECT element_status(e.planning_status, coalesce(h.status, 'not_started')) AS status) q
WHERE e.revision_id = asked_revision AND e.fid IS NOT NULL
$$;
