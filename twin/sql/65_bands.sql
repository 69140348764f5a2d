-- Bands 像素网格金字塔: per layer and grid zoom one table of geometry on the pixel grid and the feature's id. What a
-- caller may see and the attributes come from the live view by that id. Where a layer is a table of its own and has
-- thousands of rows in a tile, looking them up is a third of the tile's cost: its bands also carry what its tiles ask
-- (`band_columns`). Bands are derived: `rebuild_bands` makes them anew, triggers keep them in the edit's transaction.

-- The bands of each layer; the catalogue (`twin/layers`) declares the same, and a test holds them equal.
CREATE OR REPLACE FUNCTION layer_bands() RETURNS TABLE (layer text, zoom integer, simplify boolean)
LANGUAGE sql IMMUTABLE AS $$
  VALUES ('projects', 9, true), ('projects', 12, true), ('projects', 15, false),
    ('project_points', 15, false),
    ('bim_models', 12, false), ('bim_models', 18, false),
    ('bim_elements', 18, false),
    ('land_parcels', 9, true), ('land_parcels', 12, true), ('land_parcels', 15, false),
    ('control_areas', 9, true), ('control_areas', 12, true), ('control_areas', 15, false)
$$;

-- What bands carry besides the geometry. Each is a column of the layer's table under the same name, but for
-- `row_public`; the catalogue declares the same, and a test holds them equal.
CREATE OR REPLACE FUNCTION band_columns() RETURNS TABLE (layer text, "column" text, type text, source text)
LANGUAGE sql IMMUTABLE AS $$
  VALUES ('land_parcels', 'row_public', 'boolean', 'public_visible'), ('land_parcels', 'parcel_no', 'text', 'parcel_no'),
    ('land_parcels', 'name', 'text', 'name'), ('land_parcels', 'kind', 'text', 'kind'),
    ('land_parcels', 'state', 'text', 'state'),
    ('control_areas', 'row_public', 'boolean', 'public_visible'), ('control_areas', 'layer', 'text', 'layer'),
    ('control_areas', 'name', 'text', 'name'), ('control_areas', 'class_code', 'text', 'class_code'),
    ('control_areas', 'class_name', 'text', 'class_name'), ('control_areas', 'valid_from', 'date', 'valid_from'),
    ('control_areas', 'valid_to', 'date', 'valid_to')
$$;

-- The carried columns of a layer as a list with a comma in front, each behind a prefix; empty where there are none.
CREATE OR REPLACE FUNCTION band_list(layer_id text, prefix text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(string_agg(format(', %s%I', prefix, c."column"), '' ORDER BY c."column"), '')
  FROM band_columns() c WHERE c.layer = layer_id
$$;

-- What is drawn now, by feature id. A view cannot lose a column by being replaced.
DROP VIEW IF EXISTS band_source_land_parcels, band_source_control_areas;
CREATE VIEW band_source_land_parcels AS
  SELECT id, geom, public_visible AS row_public, parcel_no, name, kind, state FROM land_parcel;
CREATE VIEW band_source_control_areas AS
  SELECT id, geom, public_visible AS row_public, layer, name, class_code, class_name, valid_from, valid_to
  FROM control_area;
CREATE OR REPLACE VIEW band_source_projects AS
  SELECT project_id AS id, geom FROM project_footprint WHERE valid_to IS NULL;
CREATE OR REPLACE VIEW band_source_project_points AS
  SELECT project_id AS id, ST_PointOnSurface(geom) AS geom FROM project_footprint WHERE valid_to IS NULL;
CREATE OR REPLACE VIEW band_source_bim_models AS
  SELECT m.id, r.geom FROM bim_model m JOIN bim_revision r ON r.id = m.current_revision_id;
CREATE OR REPLACE VIEW band_source_bim_elements AS
  SELECT e.identity_id AS id, e.geom FROM bim_element e
  WHERE e.revision_id IN (SELECT current_revision_id FROM bim_model) AND element_is_drawn(e.ifc_class);

-- Once, the tiles of far zooms were spared the rows by these; now the bands carry what they ask.
DROP INDEX IF EXISTS ix_land_parcel_drawn, ix_control_area_drawn;

-- When each band was last made whole, and by which rules.
CREATE TABLE IF NOT EXISTS layer_band (
  layer text NOT NULL, zoom integer NOT NULL, recipe text, built_at timestamptz, features bigint,
  seconds double precision, PRIMARY KEY (layer, zoom));

-- Per layer one function that makes the band rows of some features anew, written out from the list above: its
-- statements keep their plans, so that a small edit costs little.
DO $do$
DECLARE
  one record;
  band record;
  carried record;
  body text;
  copies text;
BEGIN
  FOR one IN SELECT DISTINCT layer FROM layer_bands() LOOP
    body := '';
    copies := '';
    FOR band IN SELECT b.*, format('band_%s_%s', b.layer, b.zoom) AS relation FROM layer_bands() b
                WHERE b.layer = one.layer ORDER BY b.zoom LOOP
      EXECUTE format('CREATE TABLE IF NOT EXISTS %1$I (id bigint PRIMARY KEY, side integer NOT NULL,
        approximate boolean NOT NULL, geom geometry(Geometry, 0) NOT NULL)', band.relation);
      EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I USING gist (geom)',
        'ix_' || band.relation || '_geom', band.relation);
      FOR carried IN SELECT * FROM band_columns() c WHERE c.layer = band.layer LOOP
        EXECUTE format('ALTER TABLE %I ADD COLUMN IF NOT EXISTS %I %s', band.relation, carried."column", carried.type);
      END LOOP;
      body := body || format($text$
        DELETE FROM %1$I WHERE id = ANY (ids);
        INSERT INTO %1$I (id, side, approximate, geom%5$s)
        SELECT s.id, g.side, g.approximate, g.shape%6$s
        FROM %2$I s, band_geometry(s.geom, %3$s, %4$L) g WHERE s.id = ANY (ids) AND g.shape IS NOT NULL
        ON CONFLICT (id) DO UPDATE SET side = excluded.side, approximate = excluded.approximate, geom = excluded.geom;
        $text$, band.relation, 'band_source_' || band.layer, band.zoom, band.simplify,
        band_list(band.layer, ''), band_list(band.layer, 's.'));
      copies := copies || format($text$
        UPDATE %1$I b SET (id%3$s) = ROW (b.id%4$s) FROM %2$I s WHERE s.id = ANY (ids) AND b.id = s.id;
        $text$, band.relation, 'band_source_' || band.layer, band_list(band.layer, ''), band_list(band.layer, 's.'));
    END LOOP;
    IF band_list(one.layer, '') <> '' THEN
      EXECUTE format('CREATE OR REPLACE FUNCTION %I(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $f$
        BEGIN
          IF cardinality(ids) > 0 THEN %s END IF;
        END $f$', 'recopy_bands_' || one.layer, copies);
    END IF;
    EXECUTE format('CREATE OR REPLACE FUNCTION %I(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $f$
      BEGIN
        IF cardinality(ids) > 0 THEN %s END IF;
      END $f$', 'refresh_bands_' || one.layer, body);
  END LOOP;
END $do$;

-- How many features each band holds, and how many of them could only be drawn as their box.
DO $do$
BEGIN
  EXECUTE (SELECT 'CREATE OR REPLACE VIEW band_report AS ' || string_agg(format(
      'SELECT %1$L::text AS layer, %2$s AS zoom, count(*) AS features, count(*) FILTER (WHERE approximate) AS approximate,
        pg_total_relation_size(%3$L::regclass) AS bytes FROM %3$I', layer, zoom, format('band_%s_%s', layer, zoom)),
      ' UNION ALL ' ORDER BY layer, zoom) FROM layer_bands());
END $do$;

-- What tiles are drawn from where bands carry what they ask: the rows of the layer's view that stand in the band now.
DROP VIEW IF EXISTS drawn_land_parcels_9, drawn_land_parcels_12, drawn_land_parcels_15, drawn_control_areas_9,
  drawn_control_areas_12, drawn_control_areas_15;
DO $do$
DECLARE
  band record;
BEGIN
  FOR band IN SELECT * FROM layer_bands() b WHERE b.layer IN (SELECT c.layer FROM band_columns() c) LOOP
    EXECUTE format('CREATE VIEW %I AS SELECT b.id, NULL::bigint AS row_project_id, b.geom, b.side%s FROM %I b%s',
      format('drawn_%s_%s', band.layer, band.zoom), band_list(band.layer, 'b.'),
      format('band_%s_%s', band.layer, band.zoom),
      CASE WHEN band.layer = 'control_areas' THEN
        ' WHERE (b.valid_from IS NULL OR b.valid_from <= (SELECT reporting_date()))
          AND (b.valid_to IS NULL OR b.valid_to > (SELECT reporting_date()))' ELSE '' END);
  END LOOP;
END $do$;

-- Make all bands of a layer anew. Edits of the layer wait meanwhile, so that none is lost.
CREATE OR REPLACE FUNCTION rebuild_bands(layer_id text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  band record;
  source text;
  began timestamptz;
  made bigint;
  total bigint := 0;
BEGIN
  FOREACH source IN ARRAY CASE layer_id WHEN 'land_parcels' THEN '{land_parcel}'::text[]
    WHEN 'control_areas' THEN '{control_area}' WHEN 'projects' THEN '{project_footprint}'
    WHEN 'project_points' THEN '{project_footprint}' WHEN 'bim_models' THEN '{bim_model,bim_revision}'
    WHEN 'bim_elements' THEN '{bim_model,bim_element}' ELSE '{}' END
  LOOP
    EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', source);
  END LOOP;
  FOR band IN SELECT b.*, format('band_%s_%s', b.layer, b.zoom) AS relation FROM layer_bands() b
              WHERE b.layer = layer_id LOOP
    began := clock_timestamp();
    EXECUTE format('DELETE FROM %I', band.relation);
    EXECUTE format('INSERT INTO %1$I (id, side, approximate, geom%5$s)
      SELECT s.id, g.side, g.approximate, g.shape%6$s FROM %2$I s, band_geometry(s.geom, %3$s, %4$L) g
      WHERE g.shape IS NOT NULL ORDER BY g.shape', band.relation, 'band_source_' || layer_id, band.zoom, band.simplify,
      band_list(layer_id, ''), band_list(layer_id, 's.'));
    GET DIAGNOSTICS made = ROW_COUNT;
    EXECUTE format('ANALYZE %I', band.relation);
    INSERT INTO layer_band VALUES (layer_id, band.zoom, band_recipe(layer_id, band.zoom), now(), made,
      extract(epoch FROM clock_timestamp() - began))
    ON CONFLICT (layer, zoom) DO UPDATE SET recipe = excluded.recipe, built_at = excluded.built_at,
      features = excluded.features, seconds = excluded.seconds;
    total := total + made;
  END LOOP;
  IF total > 0 THEN
    PERFORM record_layer_change(ARRAY[layer_id], ARRAY[-1]::bigint[]);
  END IF;
  RETURN total;
END $$;

-- What the rows of a band follow from: another rule makes another recipe, and the band is made anew.
CREATE OR REPLACE FUNCTION band_recipe(layer_id text, grid_zoom integer) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT md5(concat_ws('|', grid_zoom, pg_get_viewdef(('band_source_' || layer_id)::regclass),
    (SELECT b.simplify FROM layer_bands() b WHERE b.layer = layer_id AND b.zoom = grid_zoom),
    (SELECT string_agg(p.prosrc, '|' ORDER BY p.proname) FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
       AND p.proname IN ('band_geometry', 'on_grid', 'grid_spot', 'grid_box', 'grid_x', 'grid_y', 'lost_on_grid',
         'element_is_drawn'))))
$$;

-- Land: a table that is its layer.
CREATE OR REPLACE FUNCTION regrid_land_parcel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM refresh_bands_land_parcels(ARRAY(SELECT id FROM new_rows));
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM refresh_bands_land_parcels(ARRAY(SELECT id FROM old_rows));
  ELSE
    PERFORM refresh_bands_land_parcels(ARRAY(
      SELECT unnest(ARRAY[o.id, n.id]) FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
      WHERE o.geom IS DISTINCT FROM n.geom));
    PERFORM recopy_bands_land_parcels(ARRAY(
      SELECT n.id FROM old_rows o JOIN new_rows n ON n.id = o.id
      WHERE (o.public_visible, o.parcel_no, o.name, o.kind, o.state)
        IS DISTINCT FROM (n.public_visible, n.parcel_no, n.name, n.kind, n.state)));
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION regrid_control_area() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM refresh_bands_control_areas(ARRAY(SELECT id FROM new_rows));
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM refresh_bands_control_areas(ARRAY(SELECT id FROM old_rows));
  ELSE
    PERFORM refresh_bands_control_areas(ARRAY(
      SELECT unnest(ARRAY[o.id, n.id]) FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
      WHERE o.geom IS DISTINCT FROM n.geom));
    PERFORM recopy_bands_control_areas(ARRAY(
      SELECT n.id FROM old_rows o JOIN new_rows n ON n.id = o.id
      WHERE (o.public_visible, o.layer, o.name, o.class_code, o.class_name, o.valid_from,
          o.valid_to)
        IS DISTINCT FROM (n.public_visible, n.layer, n.name, n.class_code, n.class_name, n.valid_from,
          n.valid_to)));
  END IF;
  RETURN NULL;
END $$;

-- Red lines: the current version stands in the bands under the project's id.
CREATE OR REPLACE FUNCTION regrid_project_footprint() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    changed := ARRAY(SELECT project_id FROM new_rows WHERE valid_to IS NULL);
  ELSIF TG_OP = 'DELETE' THEN
    changed := ARRAY(SELECT project_id FROM old_rows WHERE valid_to IS NULL);
  ELSE
    changed := ARRAY(SELECT DISTINCT unnest(ARRAY[o.project_id, n.project_id])
      FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
      WHERE (o.project_id, o.valid_to IS NULL, o.geom) IS DISTINCT FROM (n.project_id, n.valid_to IS NULL, n.geom));
  END IF;
  PERFORM refresh_bands_projects(changed);
  PERFORM refresh_bands_project_points(changed);
  RETURN NULL;
END $$;

-- Elements whose place differs between two revisions of a model, or that are in one alone.
CREATE OR REPLACE FUNCTION elements_between(before bigint, after bigint) RETURNS bigint[] LANGUAGE sql STABLE AS $$
  SELECT ARRAY(SELECT coalesce(o.identity_id, n.identity_id)
    FROM (SELECT identity_id, geom FROM bim_element WHERE revision_id = before AND element_is_drawn(ifc_class)) o
    FULL JOIN (SELECT identity_id, geom FROM bim_element WHERE revision_id = after AND element_is_drawn(ifc_class)) n
      ON n.identity_id = o.identity_id
    WHERE o.geom IS DISTINCT FROM n.geom)
$$;

CREATE OR REPLACE FUNCTION regrid_bim_model() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed record;
BEGIN
  IF TG_OP = 'INSERT' THEN
    FOR changed IN SELECT id, current_revision_id FROM new_rows WHERE current_revision_id IS NOT NULL LOOP
      PERFORM refresh_bands_bim_models(ARRAY[changed.id]);
      PERFORM refresh_bands_bim_elements(elements_between(NULL, changed.current_revision_id));
    END LOOP;
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM refresh_bands_bim_models(ARRAY(SELECT id FROM old_rows));
  ELSE
    FOR changed IN SELECT n.id, o.current_revision_id AS before, n.current_revision_id AS after
                   FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
                   WHERE o.current_revision_id IS DISTINCT FROM n.current_revision_id LOOP
      PERFORM refresh_bands_bim_models(ARRAY[changed.id]);
      PERFORM refresh_bands_bim_elements(elements_between(changed.before, changed.after));
    END LOOP;
  END IF;
  RETURN NULL;
END $$;

-- Before each row: afterwards the elements that go with the model can be asked no more.
CREATE OR REPLACE FUNCTION regrid_bim_model_going() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM band_bim_elements_18 WHERE id IN (
    SELECT identity_id FROM bim_element WHERE revision_id = OLD.current_revision_id);
  RETURN OLD;
END $$;

CREATE OR REPLACE FUNCTION regrid_bim_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM refresh_bands_bim_models(ARRAY(SELECT m.id FROM bim_model m WHERE m.current_revision_id = ANY (ARRAY(
    SELECT n.id FROM old_rows o FULL JOIN new_rows n ON n.id = o.id WHERE o.geom IS DISTINCT FROM n.geom))));
  RETURN NULL;
END $$;

-- Elements enter with their revision, which becomes current later; only edits of a current one matter here.
CREATE OR REPLACE FUNCTION regrid_bim_element() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF EXISTS (SELECT FROM bim_model WHERE current_revision_id = ANY (ARRAY(SELECT DISTINCT revision_id FROM new_rows))) THEN
      PERFORM refresh_bands_bim_elements(ARRAY(SELECT identity_id FROM new_rows));
    END IF;
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM refresh_bands_bim_elements(ARRAY(
      SELECT identity_id FROM old_rows WHERE revision_id IN (SELECT current_revision_id FROM bim_model)));
  ELSE
    PERFORM refresh_bands_bim_elements(ARRAY(
      SELECT unnest(ARRAY[o.identity_id, n.identity_id]) FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
      WHERE (o.identity_id, o.revision_id, o.ifc_class, o.geom)
        IS DISTINCT FROM (n.identity_id, n.revision_id, n.ifc_class, n.geom)));
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION regrid_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  relation text;
BEGIN
  FOR relation IN SELECT format('band_%s_%s', layer, zoom) FROM layer_bands() WHERE layer = ANY (TG_ARGV) LOOP
    EXECUTE format('DELETE FROM %I', relation);
  END LOOP;
  RETURN NULL;
END $$;

SELECT watch_table('regrid', w.name, w.events::text[], w.layers) FROM (VALUES
    ('land_parcel', '{insert,update,delete}', 'land_parcels'),
    ('control_area', '{insert,update,delete}', 'control_areas'),
    ('project_footprint', '{insert,update,delete}', 'projects, project_points'),
    ('bim_model', '{insert,update,delete}', 'bim_models, bim_elements'),
    ('bim_revision', '{update}', 'bim_models, bim_elements'),
    ('bim_element', '{insert,update,delete}', 'bim_elements')) AS w(name, events, layers);

CREATE OR REPLACE TRIGGER regrid_going BEFORE DELETE ON bim_model
  FOR EACH ROW EXECUTE FUNCTION regrid_bim_model_going();

-- Bands whose rules changed, or that were never made.
DO $$
DECLARE
  layer_id text;
BEGIN
  SET LOCAL client_min_messages = warning;
  FOR layer_id IN SELECT DISTINCT b.layer FROM layer_bands() b LEFT JOIN layer_band d USING (layer, zoom)
                  WHERE d.recipe IS DISTINCT FROM band_recipe(b.layer, b.zoom) LOOP
    PERFORM rebuild_bands(layer_id);
  END LOOP;
END $$;
