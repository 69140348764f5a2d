-- Every table whose edit changes what a layer shows writes down where. Statement triggers: one look per statement,
-- however many rows. An edit that changes nothing a layer shows leaves no trace.
-- The functions run as the owner: the service's role may not write to `layer_change`. Old and new rows meet in FULL
-- joins, which are never nested loops: a plan made for a statement of one row is kept for one of ten thousand.

CREATE OR REPLACE FUNCTION note_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM record_layer_change(TG_ARGV, ARRAY[-1]::bigint[]);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION note_land_parcel() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  boxes bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    boxes := ARRAY(SELECT DISTINCT cell_box(geom) FROM new_rows);
  ELSIF TG_OP = 'DELETE' THEN
    boxes := ARRAY(SELECT DISTINCT cell_box(geom) FROM old_rows);
  ELSE
    boxes := ARRAY(SELECT DISTINCT unnest(ARRAY[cell_box(o.geom), cell_box(n.geom)])
      FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
      WHERE (o.id, o.parcel_no, o.name, o.kind, o.planned_use, o.land_class, o.state, o.idle_state, o.supply_date,
          o.agreed_start, o.released_on, o.public_visible, o.stated_area_m2, o.updated_at, o.geom, o.geom_survey)
        IS DISTINCT FROM
          (n.id, n.parcel_no, n.name, n.kind, n.planned_use, n.land_class, n.state, n.idle_state, n.supply_date,
          n.agreed_start, n.released_on, n.public_visible, n.stated_area_m2, n.updated_at, n.geom, n.geom_survey));
  END IF;
  PERFORM record_layer_change('{land_parcels}', boxes);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION note_control_area() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  boxes bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    boxes := ARRAY(SELECT DISTINCT cell_box(geom) FROM new_rows);
  ELSIF TG_OP = 'DELETE' THEN
    boxes := ARRAY(SELECT DISTINCT cell_box(geom) FROM old_rows);
  ELSE
    boxes := ARRAY(SELECT DISTINCT unnest(ARRAY[cell_box(o.geom), cell_box(n.geom)])
      FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
      WHERE (o.id, o.layer, o.code, o.name, o.class_code, o.class_name, o.sensitivity, o.registered_area_m2,
          o.public_visible, o.valid_from, o.valid_to, o.updated_at, o.geom, o.geom_survey)
        IS DISTINCT FROM
          (n.id, n.layer, n.code, n.name, n.class_code, n.class_name, n.sensitivity, n.registered_area_m2,
          n.public_visible, n.valid_from, n.valid_to, n.updated_at, n.geom, n.geom_survey));
  END IF;
  PERFORM record_layer_change('{control_areas}', boxes);
  RETURN NULL;
END $$;

-- The cells of projects: under their current red line; a project that has none may stand in any list.
CREATE OR REPLACE FUNCTION project_boxes(projects bigint[]) RETURNS bigint[] LANGUAGE sql STABLE AS $$
  SELECT ARRAY(SELECT DISTINCT coalesce(
      (SELECT cell_box(f.geom) FROM project_footprint f WHERE f.project_id = p.id AND f.valid_to IS NULL), -1)
    FROM unnest(projects) AS p(id))
$$;

-- The cells of the elements of revisions.
CREATE OR REPLACE FUNCTION element_boxes(revisions bigint[]) RETURNS bigint[] LANGUAGE sql STABLE AS $$
  SELECT ARRAY(SELECT DISTINCT cell_box(e.geom) FROM bim_element e WHERE e.revision_id = ANY (revisions))
$$;

-- The cells of the outlines of revisions; a revision without one may stand in any list.
CREATE OR REPLACE FUNCTION outline_boxes(revisions bigint[]) RETURNS bigint[] LANGUAGE sql STABLE AS $$
  SELECT ARRAY(SELECT DISTINCT coalesce(cell_box(r.geom), -1) FROM bim_revision r WHERE r.id = ANY (revisions))
$$;

CREATE OR REPLACE FUNCTION record_model_change(revisions bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(revisions) > 0 THEN
    PERFORM record_layer_change('{bim_models}', outline_boxes(revisions));
    PERFORM record_layer_change('{bim_elements}', element_boxes(revisions));
  END IF;
END $$;

CREATE OR REPLACE FUNCTION note_project() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    changed := ARRAY(SELECT id FROM new_rows);
  ELSIF TG_OP = 'DELETE' THEN  -- red lines go with their project and are noted by themselves
    changed := ARRAY(SELECT id FROM old_rows);
  ELSE
    changed := ARRAY(SELECT n.id FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
      WHERE (o.code, o.nat_code, o.name, o.category, o.purpose, o.stage, o.investment_total_yuan, o.annual_plan_yuan,
          o.approved_estimate_yuan, o.plan_start, o.plan_finish, o.actual_start, o.actual_finish, o.owner_unit,
          o.lead_person, o.region_code, o.public_visible, o.updated_at)
        IS DISTINCT FROM
          (n.code, n.nat_code, n.name, n.category, n.purpose, n.stage, n.investment_total_yuan, n.annual_plan_yuan,
          n.approved_estimate_yuan, n.plan_start, n.plan_finish, n.actual_start, n.actual_finish, n.owner_unit,
          n.lead_person, n.region_code, n.public_visible, n.updated_at));
    PERFORM record_model_change(ARRAY(
      SELECT m.current_revision_id FROM bim_model m WHERE m.current_revision_id IS NOT NULL AND m.project_id = ANY (ARRAY(
        SELECT n.id FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
        WHERE (o.code, o.public_visible) IS DISTINCT FROM (n.code, n.public_visible)))));
  END IF;
  PERFORM record_layer_change('{projects,project_points}', project_boxes(changed));
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION note_project_footprint() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  boxes bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    boxes := ARRAY(SELECT DISTINCT cell_box(geom) FROM new_rows WHERE valid_to IS NULL);
  ELSIF TG_OP = 'DELETE' THEN
    boxes := ARRAY(SELECT DISTINCT cell_box(geom) FROM old_rows WHERE valid_to IS NULL);
  ELSE
    boxes := ARRAY(SELECT DISTINCT unnest(ARRAY[
        CASE WHEN o.valid_to IS NULL THEN cell_box(o.geom) END, CASE WHEN n.valid_to IS NULL THEN cell_box(n.geom) END])
      FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
      WHERE (o.id, o.project_id, o.valid_to, o.updated_at, o.geom, o.geom_survey)
        IS DISTINCT FROM (n.id, n.project_id, n.valid_to, n.updated_at, n.geom, n.geom_survey));
  END IF;
  PERFORM record_layer_change('{projects,project_points}', boxes);
  RETURN NULL;
END $$;

-- Only the newest state of a project is shown; one that is entered for an earlier day is history.
CREATE OR REPLACE FUNCTION note_project_state() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    changed := ARRAY(SELECT DISTINCT n.project_id FROM new_rows n WHERE n.id = (
      SELECT x.id FROM project_state x WHERE x.project_id = n.project_id ORDER BY x.as_of DESC, x.id DESC LIMIT 1));
  ELSIF TG_OP = 'DELETE' THEN
    changed := ARRAY(SELECT DISTINCT project_id FROM old_rows);
  ELSE
    changed := ARRAY(SELECT DISTINCT n.project_id FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
      WHERE (o.progress, o.planned_progress, o.deviation, o.coverage, o.as_of, o.recorded_at)
        IS DISTINCT FROM (n.progress, n.planned_progress, n.deviation, n.coverage, n.as_of, n.recorded_at));
  END IF;
  PERFORM record_layer_change('{projects,project_points}', project_boxes(changed));
  RETURN NULL;
END $$;

-- As with states, and of the preset in force alone.
CREATE OR REPLACE FUNCTION note_light_evaluation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  shown CONSTANT text := (SELECT preset FROM light_rule_set WHERE active);
  changed bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    changed := ARRAY(SELECT DISTINCT n.project_id FROM new_rows n WHERE n.preset = shown AND n.id = (
      SELECT x.id FROM light_evaluation x WHERE x.preset = shown AND x.project_id = n.project_id
      ORDER BY x.as_of DESC, x.id DESC LIMIT 1));
  ELSIF TG_OP = 'DELETE' THEN
    changed := ARRAY(SELECT DISTINCT project_id FROM old_rows WHERE preset = shown);
  ELSE
    changed := ARRAY(SELECT DISTINCT n.project_id FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
      WHERE shown IN (o.preset, n.preset) AND (o.preset, o.light, o.light_code, o.as_of, o.evaluated_at)
        IS DISTINCT FROM (n.preset, n.light, n.light_code, n.as_of, n.evaluated_at));
  END IF;
  PERFORM record_layer_change('{projects,project_points}', project_boxes(changed));
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION note_light_rule_set() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed boolean;
BEGIN
  IF TG_OP = 'INSERT' THEN
    changed := EXISTS (SELECT FROM new_rows WHERE active);
  ELSIF TG_OP = 'DELETE' THEN
    changed := EXISTS (SELECT FROM old_rows WHERE active);
  ELSE
    changed := EXISTS (SELECT FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
      WHERE (o.active OR n.active) AND (o.active, o.preset) IS DISTINCT FROM (n.active, n.preset));
  END IF;
  IF changed THEN
    PERFORM record_layer_change('{projects,project_points}', ARRAY[-1]::bigint[]);
  END IF;
  RETURN NULL;
END $$;

-- The reporting date says which elements are late and which control areas are in force.
CREATE OR REPLACE FUNCTION note_agency_setting() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed boolean;
BEGIN
  IF TG_OP = 'INSERT' THEN
    changed := EXISTS (SELECT FROM new_rows WHERE key = 'reporting_date');
  ELSIF TG_OP = 'DELETE' THEN
    changed := EXISTS (SELECT FROM old_rows WHERE key = 'reporting_date');
  ELSE
    changed := EXISTS (SELECT FROM old_rows o FULL JOIN new_rows n ON n.key = o.key
      WHERE o.key = 'reporting_date' AND o.value IS DISTINCT FROM n.value);
  END IF;
  IF changed THEN
    PERFORM record_layer_change('{bim_elements,control_areas}', ARRAY[-1]::bigint[]);
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION note_project_category() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM old_rows o FULL JOIN new_rows n ON n.code = o.code
             WHERE (o.name_zh, o.name_en) IS DISTINCT FROM (n.name_zh, n.name_en)) THEN
    PERFORM record_layer_change('{projects}', ARRAY[-1]::bigint[]);
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION note_bim_model() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM record_model_change(ARRAY(
      SELECT current_revision_id FROM new_rows WHERE current_revision_id IS NOT NULL));
  ELSE
    PERFORM record_model_change(ARRAY(
      SELECT DISTINCT r FROM (
        SELECT unnest(ARRAY[o.current_revision_id, n.current_revision_id]) AS r
        FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
        WHERE (o.name, o.discipline, o.public_visible, o.current_revision_id, o.project_id, o.updated_at)
          IS DISTINCT FROM (n.name, n.discipline, n.public_visible, n.current_revision_id, n.project_id, n.updated_at)) q
      WHERE r IS NOT NULL));
  END IF;
  RETURN NULL;
END $$;

-- Before each row: afterwards the elements that went with the model can be asked no more.
CREATE OR REPLACE FUNCTION note_bim_model_going() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.current_revision_id IS NOT NULL THEN
    PERFORM record_model_change(ARRAY[OLD.current_revision_id]);
  END IF;
  RETURN OLD;
END $$;

CREATE OR REPLACE FUNCTION note_bim_revision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed bigint[];
BEGIN
  changed := ARRAY(SELECT n.id FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
    WHERE (o.number, o.schema_name, o.georeference, o.published_at, o.geom)
      IS DISTINCT FROM (n.number, n.schema_name, n.georeference, n.published_at, n.geom));
  changed := ARRAY(SELECT current_revision_id FROM bim_model WHERE current_revision_id = ANY (changed));
  IF cardinality(changed) > 0 THEN
    PERFORM record_model_change(changed);
    PERFORM record_layer_change('{bim_models}', ARRAY(
      SELECT DISTINCT cell_box(geom) FROM old_rows WHERE id = ANY (changed)));
  END IF;
  RETURN NULL;
END $$;

-- Only elements of current revisions are shown; those of a revision being written are noted when it becomes current.
CREATE OR REPLACE FUNCTION note_bim_element() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  current bigint[];
  boxes bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    current := ARRAY(SELECT DISTINCT revision_id FROM new_rows);
  ELSE
    current := ARRAY(SELECT DISTINCT revision_id FROM old_rows);
  END IF;
  current := ARRAY(SELECT current_revision_id FROM bim_model WHERE current_revision_id = ANY (current));
  IF cardinality(current) = 0 THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'INSERT' THEN
    boxes := ARRAY(SELECT DISTINCT cell_box(geom) FROM new_rows WHERE revision_id = ANY (current));
  ELSIF TG_OP = 'DELETE' THEN
    boxes := ARRAY(SELECT DISTINCT cell_box(geom) FROM old_rows WHERE revision_id = ANY (current));
  ELSE
    boxes := ARRAY(SELECT DISTINCT unnest(ARRAY[cell_box(o.geom), cell_box(n.geom)])
      FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
      WHERE coalesce(o.revision_id, n.revision_id) = ANY (current) AND
          (o.global_id, o.ifc_class, o.predefined_type, o.name, o.type_name, o.tag, o.storey, o.milestone_id,
          o.planning_status, o.plan_start, o.plan_finish, o.quantity, o.quantity_unit, o.area_m2, o.z_min_m,
          o.z_max_m, o.project_id, o.geom)
        IS DISTINCT FROM
          (n.global_id, n.ifc_class, n.predefined_type, n.name, n.type_name, n.tag, n.storey, n.milestone_id,
          n.planning_status, n.plan_start, n.plan_finish, n.quantity, n.quantity_unit, n.area_m2, n.z_min_m,
          n.z_max_m, n.project_id, n.geom));
  END IF;
  PERFORM record_layer_change('{bim_elements}', boxes);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION note_element_identity() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed CONSTANT bigint[] := ARRAY(SELECT n.id FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
    WHERE (o.status, o.progress, o.actual_start, o.actual_finish, o.updated_at)
      IS DISTINCT FROM (n.status, n.progress, n.actual_start, n.actual_finish, n.updated_at));
BEGIN
  IF cardinality(changed) > 0 THEN
    PERFORM record_layer_change('{bim_elements}', ARRAY(
      SELECT DISTINCT cell_box(e.geom) FROM bim_element e
      WHERE e.identity_id = ANY (changed) AND e.revision_id IN (SELECT current_revision_id FROM bim_model)));
  END IF;
  RETURN NULL;
END $$;

-- The code of an element's milestone is one of its fields.
CREATE OR REPLACE FUNCTION note_milestone() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed CONSTANT bigint[] := ARRAY(
    SELECT n.id FROM old_rows o FULL JOIN new_rows n ON n.id = o.id WHERE o.code <> n.code);
BEGIN
  IF cardinality(changed) > 0 THEN
    PERFORM record_layer_change('{bim_elements}', ARRAY(
      SELECT DISTINCT cell_box(e.geom) FROM bim_element e
      WHERE e.milestone_id = ANY (changed) AND e.revision_id IN (SELECT current_revision_id FROM bim_model)));
  END IF;
  RETURN NULL;
END $$;

SELECT watch_table('note', w.name, w.events::text[], w.layers) FROM (VALUES
    ('land_parcel', '{insert,update,delete}', 'land_parcels'),
    ('control_area', '{insert,update,delete}', 'control_areas'),
    ('project', '{insert,update,delete}', 'projects, project_points'),
    ('project_footprint', '{insert,update,delete}', 'projects, project_points'),
    ('project_state', '{insert,update,delete}', 'projects, project_points'),
    ('light_evaluation', '{insert,update,delete}', 'projects, project_points'),
    ('light_rule_set', '{insert,update,delete}', 'projects, project_points'),
    ('agency_setting', '{insert,update,delete}', 'bim_elements, control_areas'),
    ('project_category', '{update}', 'projects'),
    ('bim_model', '{insert,update}', 'bim_models, bim_elements'),
    ('bim_revision', '{update}', 'bim_models, bim_elements'),
    ('bim_element', '{insert,update,delete}', 'bim_elements'),
    ('element_identity', '{update}', 'bim_elements'),
    ('milestone', '{update}', 'bim_elements')) AS w(name, events, layers);

CREATE OR REPLACE TRIGGER note_going BEFORE DELETE ON bim_model
  FOR EACH ROW EXECUTE FUNCTION note_bim_model_going();
