-- The reserve pool 储备池, as it is now: for a time `past_land_parcels` is asked, so that this stays a scan of its table.
-- Land belongs to no project: row_project_id is null.
DROP FUNCTION IF EXISTS layer_land_parcels(timestamptz);
CREATE FUNCTION layer_land_parcels(at timestamptz) RETURNS TABLE (
  id bigint, row_public boolean, row_project_id bigint, geom geometry, geom_json text, geom_survey geometry,
  parcel_no text, name text, kind text, planned_use text, land_class text, state text, idle_state text,
  supply_date date, agreed_start date, released_on date, area_m2 double precision, area_mu double precision,
  stated_area_m2 double precision, updated_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT id, public_visible, NULL::bigint, geom, geom_json, geom_survey,
  parcel_no, name, kind, planned_use, land_class, state, idle_state,
  supply_date, agreed_start, released_on, area_m2, area_m2 * 3 / 2000,
  stated_area_m2, updated_at
FROM land_parcel
$$;

-- Control areas 管控图层: farmland, ecological red line, urban boundary, heritage, river, land-use patches; as they are
-- recorded now (for a time: `past_control_areas`), of them those in force on the day asked about.
DROP FUNCTION IF EXISTS layer_control_areas(timestamptz);
CREATE FUNCTION layer_control_areas(at timestamptz) RETURNS TABLE (
  id bigint, row_public boolean, row_project_id bigint, geom geometry, geom_json text, geom_survey geometry,
  layer text, code text, name text, class_code text, class_name text, owner_code text, owner_name text,
  sensitivity text, registered_area_m2 double precision, area_m2 double precision, area_mu double precision,
  valid_from date, valid_to date, updated_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT id, public_visible, NULL::bigint, geom, geom_json, geom_survey,
  layer, code, name, class_code, class_name, attributes ->> 'ZLDWDM', attributes ->> 'ZLDWMC', sensitivity,
  registered_area_m2, area_m2, area_m2 * 3 / 2000,
  valid_from, valid_to, updated_at
FROM control_area
WHERE (valid_from IS NULL OR valid_from <= coalesce(asked_date(at), (SELECT reporting_date())))
  AND (valid_to IS NULL OR valid_to > coalesce(asked_date(at), (SELECT reporting_date())))
$$;
