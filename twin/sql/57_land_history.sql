-- Land as it was. The tables of parcels and control areas hold what is now; each change of what a row says and each
-- delete leaves the former row in `<table>_version`, with the time [held_from, held_to) that it held. Triggers write
-- it, as the owner: no door can forget, and the service's role can neither add nor rewrite.
--
-- The time is that of the transaction, so that what was changed together (a parcel and its parts) changed at once.
-- A state that began and ended in one transaction was never seen and is not kept. One that a transaction began later
-- than ours left behind, for whose row we waited, ends now by the clock. Rows read as they were made, so a row without
-- versions needs none: it holds since `created_at`, an area that is in force longer since that date.

-- Have the former rows of a table kept; `since` tells of a row `o` from when its first state is taken to hold.
CREATE OR REPLACE FUNCTION keep_versions(watched text, since text) RETURNS void LANGUAGE plpgsql AS $do$
DECLARE
  kept text;
  former text;
  told_before text;
  told_after text;
  event text;
BEGIN
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
    string_agg('o.' || quote_ident(a.attname), ', ' ORDER BY a.attnum),
    string_agg('o.' || quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE a.told),
    string_agg('n.' || quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE a.told)
  INTO kept, former, told_before, told_after
  FROM (SELECT attname, attnum, attname NOT IN ('id', 'area_m2', 'row_version', 'created_at', 'created_by', 'updated_at',
          'updated_by') AS told  -- who wrote it how often is no state; the area follows from the geometry
        FROM pg_attribute WHERE attrelid = (watched || '_version')::regclass AND attnum > 0 AND NOT attisdropped
          AND attname NOT IN ('held_from', 'held_to')) a;
  -- FULL joins are never nested loops, whatever the plan was made for; what else is looked up, by the key alone: the
  -- greatest of both ends is always `held_to`, but no plan can walk the index of that, past all that is being written.
  EXECUTE format($f$
    CREATE OR REPLACE FUNCTION keep_%1$s() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $body$
    BEGIN
      IF TG_OP = 'UPDATE' THEN
        INSERT INTO %1$I_version (%2$s, held_from, held_to)
        SELECT %3$s, h.held_from, h.held_to FROM old_rows o FULL JOIN new_rows n ON n.id = o.id %6$s
        WHERE (%4$s) IS DISTINCT FROM (%5$s) AND coalesce(o.id, 0) > 0 AND b.began <> now();
      ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO %1$I_version (%2$s, held_from, held_to)
        SELECT %3$s, h.held_from, h.held_to FROM old_rows o %6$s WHERE b.began <> now();
      ELSE
        INSERT INTO %1$I_version (%2$s, held_from, held_to)
        SELECT %3$s, h.held_from, h.held_to FROM %1$I o %6$s WHERE b.began <> now();
      END IF;
      RETURN NULL;
    END $body$ $f$, watched, kept, former, told_before, told_after, format($from$
        CROSS JOIN LATERAL (SELECT max(greatest(v.held_to, v.held_from)) AS last FROM %1$I_version v WHERE v.id = o.id) l
        CROSS JOIN LATERAL (SELECT CASE WHEN l.last IS NULL THEN o.created_at ELSE greatest(l.last, o.created_at) END AS began) b
        CROSS JOIN LATERAL (SELECT CASE WHEN l.last IS NULL THEN %2$s ELSE b.began END AS held_from,
          CASE WHEN b.began < now() THEN now()
               ELSE greatest(clock_timestamp(), b.began + interval '1 microsecond') END AS held_to) h
        $from$, watched, since));
  FOREACH event IN ARRAY '{update,delete}'::text[] LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER keep_%2$s AFTER %2$s ON %1$I REFERENCING OLD TABLE AS old_rows %3$s
      FOR EACH STATEMENT EXECUTE FUNCTION keep_%1$s()', watched, event,
      CASE event WHEN 'update' THEN 'NEW TABLE AS new_rows' ELSE '' END);
  END LOOP;
  EXECUTE format('CREATE OR REPLACE TRIGGER keep_truncate BEFORE TRUNCATE ON %1$I
    FOR EACH STATEMENT EXECUTE FUNCTION keep_%1$s()', watched);
END $do$;

SELECT keep_versions('land_parcel', 'o.created_at');
SELECT keep_versions('control_area', $$least(o.created_at, o.valid_from::timestamp AT TIME ZONE 'Asia/Shanghai')$$);
REVOKE EXECUTE ON FUNCTION keep_versions(text, text) FROM PUBLIC;

-- Parcels as they were at a time. Apart from `layer_land_parcels`, so that questions about now stay a scan of one table
-- in every plan. The public sees of the past what was public then and is public now.
DROP FUNCTION IF EXISTS past_land_parcels(timestamptz);
CREATE FUNCTION past_land_parcels(at timestamptz) RETURNS TABLE (
  id bigint, row_public boolean, row_project_id bigint, geom geometry, geom_json text, geom_survey geometry,
  parcel_no text, name text, kind text, planned_use text, land_class text, state text, idle_state text,
  supply_date date, agreed_start date, released_on date, area_m2 double precision, area_mu double precision,
  stated_area_m2 double precision, updated_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT p.id, p.public_visible, NULL::bigint, p.geom, p.geom_json, p.geom_survey,
  p.parcel_no, p.name, p.kind, p.planned_use, p.land_class, p.state, p.idle_state,
  p.supply_date, p.agreed_start, p.released_on, p.area_m2, p.area_m2 * 3 / 2000,
  p.stated_area_m2, p.updated_at
FROM land_parcel p
WHERE p.created_at <= at AND NOT EXISTS (SELECT FROM land_parcel_version v WHERE v.id = p.id AND v.held_to > at)
UNION ALL
SELECT v.id, v.public_visible AND EXISTS (SELECT FROM land_parcel p WHERE p.id = v.id AND p.public_visible),
  NULL::bigint, v.geom, ST_AsGeoJSON(ST_ForcePolygonCCW(v.geom), 9, 0), v.geom_survey,
  v.parcel_no, v.name, v.kind, v.planned_use, v.land_class, v.state, v.idle_state,
  v.supply_date, v.agreed_start, v.released_on, v.area_m2, v.area_m2 * 3 / 2000,
  v.stated_area_m2, v.updated_at
FROM land_parcel_version v
WHERE v.held_from <= at AND v.held_to > at
$$;

-- Control areas as they were recorded at a time, of them those in force on that day.
DROP FUNCTION IF EXISTS past_control_areas(timestamptz);
CREATE FUNCTION past_control_areas(at timestamptz) RETURNS TABLE (
  id bigint, row_public boolean, row_project_id bigint, geom geometry, geom_json text, geom_survey geometry,
  layer text, code text, name text, class_code text, class_name text, owner_code text, owner_name text,
  sensitivity text, registered_area_m2 double precision, area_m2 double precision, area_mu double precision,
  valid_from date, valid_to date, updated_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT c.id, c.public_visible, NULL::bigint, c.geom, c.geom_json, c.geom_survey,
  c.layer, c.code, c.name, c.class_code, c.class_name, c.attributes ->> 'ZLDWDM', c.attributes ->> 'ZLDWMC', c.sensitivity,
  c.registered_area_m2, c.area_m2, c.area_m2 * 3 / 2000,
  c.valid_from, c.valid_to, c.updated_at
FROM control_area c
WHERE least(c.created_at, c.valid_from::timestamp AT TIME ZONE 'Asia/Shanghai') <= at
  AND NOT EXISTS (SELECT FROM control_area_version v WHERE v.id = c.id AND v.held_to > at)
  AND (c.valid_from IS NULL OR c.valid_from <= coalesce(asked_date(at), (SELECT reporting_date())))
  AND (c.valid_to IS NULL OR c.valid_to > coalesce(asked_date(at), (SELECT reporting_date())))
UNION ALL
SELECT v.id, v.public_visible AND EXISTS (SELECT FROM control_area c WHERE c.id = v.id AND c.public_visible),
  NULL::bigint, v.geom, ST_AsGeoJSON(ST_ForcePolygonCCW(v.geom), 9, 0), v.geom_survey,
  v.layer, v.code, v.name, v.class_code, v.class_name, v.attributes ->> 'ZLDWDM', v.attributes ->> 'ZLDWMC', v.sensitivity,
  v.registered_area_m2, v.area_m2, v.area_m2 * 3 / 2000,
  v.valid_from, v.valid_to, v.updated_at
FROM control_area_version v
WHERE v.held_from <= at AND v.held_to > at
  AND (v.valid_from IS NULL OR v.valid_from <= coalesce(asked_date(at), (SELECT reporting_date())))
  AND (v.valid_to IS NULL OR v.valid_to > coalesce(asked_date(at), (SELECT reporting_date())))
$$;

-- Which rows may differ between two times: all that do, and few more. What did not is not looked at twice.
CREATE OR REPLACE FUNCTION changed_land_parcels(earlier timestamptz, later timestamptz) RETURNS TABLE (id bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT p.id FROM land_parcel p WHERE p.created_at > earlier AND p.created_at <= later
UNION ALL
SELECT v.id FROM land_parcel_version v
WHERE v.held_to > earlier AND (v.held_to <= later OR v.held_from > earlier AND v.held_from <= later)
$$;

CREATE OR REPLACE FUNCTION changed_control_areas(earlier timestamptz, later timestamptz) RETURNS TABLE (id bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT c.id FROM control_area c WHERE c.created_at > earlier AND c.created_at <= later
  OR c.valid_from BETWEEN asked_date(earlier) AND asked_date(later)
  OR c.valid_to BETWEEN asked_date(earlier) AND asked_date(later)
UNION ALL
SELECT v.id FROM control_area_version v
WHERE v.held_to > earlier AND (v.held_to <= later OR v.held_from > earlier AND v.held_from <= later)
  OR v.valid_from BETWEEN asked_date(earlier) AND asked_date(later)
  OR v.valid_to BETWEEN asked_date(earlier) AND asked_date(later)
$$;
