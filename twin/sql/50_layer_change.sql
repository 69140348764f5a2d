-- Which cells of which layer changed, and how often. `layer_change` is only ever added to: a row per statement,
-- layer and cell of WebMercatorQuad zoom 12 (-1, -1: the whole layer), so that writers never wait for one another.
-- The version of a cell is sum(n); compacting keeps the sums.

-- The column and row of zoom 12 a place lies in (OGC 17-083r4); latitudes beyond the square fall into its rim.
CREATE OR REPLACE FUNCTION cell_column(lon double precision) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT greatest(0, least(4095, floor((lon + 180) / 360 * 4096)::integer))
$$;
CREATE OR REPLACE FUNCTION cell_row(lat double precision) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT greatest(0, least(4095,
    floor((1 - asinh(tan(radians(greatest(-85.06, least(85.06, lat))))) / pi()) / 2 * 4096)::integer))
$$;

-- The cells under the box of a geometry in lon/lat, in one number of four times 12 bits: west, north, east, south.
CREATE OR REPLACE FUNCTION cell_box(shape geometry) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (cell_column(ST_XMin(shape))::bigint << 36) | (cell_row(ST_YMax(shape))::bigint << 24)
    | (cell_column(ST_XMax(shape))::bigint << 12) | cell_row(ST_YMin(shape))::bigint
$$;

-- Write down that these boxes of these layers changed, and tell whoever listens, at commit. A change of more
-- than 4,096 cells is one of the whole layer, as is boxes = {-1}; no boxes, no change.
CREATE OR REPLACE FUNCTION record_layer_change(layers text[], boxes bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  most CONSTANT integer := 4096;
  cells text[];
  layer_id text;
BEGIN
  boxes := ARRAY(SELECT DISTINCT b FROM unnest(boxes) AS b WHERE b IS NOT NULL);
  IF cardinality(boxes) = 0 THEN
    RETURN;
  END IF;
  IF -1 <> ALL (boxes) AND (SELECT sum(((b >> 12 & 4095) - (b >> 36) + 1) * ((b & 4095) - (b >> 24 & 4095) + 1))
                            FROM unnest(boxes) AS b) <= most THEN
    WITH columns AS (
      SELECT generate_series(b >> 36, b >> 12 & 4095) AS x, b FROM unnest(boxes) AS b),
    distinct_cells AS (
      SELECT DISTINCT x, generate_series(b >> 24 & 4095, b & 4095) AS y FROM columns),
    written AS (
      INSERT INTO layer_change (layer, cell_x, cell_y, n)
      SELECT l, x, y, 1 FROM distinct_cells, unnest(layers) AS l)
    SELECT array_agg(x || '/' || y ORDER BY x, y) INTO cells FROM distinct_cells;
  ELSE
    INSERT INTO layer_change (layer, cell_x, cell_y, n) SELECT l, -1, -1, 1 FROM unnest(layers) AS l;
  END IF;
  FOREACH layer_id IN ARRAY layers LOOP
    -- 700 cells of at most 10 bytes fit into the 8,000 bytes of a notification; more: read the layer anew.
    PERFORM pg_notify('layer_change', CASE WHEN cardinality(cells) <= 700
      THEN layer_id || ' ' || array_to_string(cells, ' ') ELSE layer_id END);
  END LOOP;
END $$;

-- Up to which row each table was compacted: where nothing was added since, there is nothing to add up.
CREATE TABLE IF NOT EXISTS layer_compaction (relation text PRIMARY KEY, up_to bigint);

-- Add the rows of each cell up into one. Readers see the rows or their sum, never both: it is one statement.
-- Rows that others have not committed yet stay as they are. Returns how many rows became fewer.
CREATE OR REPLACE FUNCTION compact_layer_changes() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  fewer bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(1948385281) THEN  -- somebody else is at it
    RETURN 0;
  ELSIF (SELECT max(id) FROM layer_change) IS NOT DISTINCT FROM
        (SELECT up_to FROM layer_compaction WHERE relation = 'layer_change') THEN
    RETURN 0;
  END IF;
  WITH gone AS (
    DELETE FROM layer_change c USING (
      SELECT layer, cell_x, cell_y FROM layer_change GROUP BY layer, cell_x, cell_y HAVING count(*) > 1) d
    WHERE c.layer = d.layer AND c.cell_x = d.cell_x AND c.cell_y = d.cell_y
    RETURNING c.layer, c.cell_x, c.cell_y, c.n),
  kept AS (
    INSERT INTO layer_change (layer, cell_x, cell_y, n)
    SELECT layer, cell_x, cell_y, sum(n) FROM gone GROUP BY layer, cell_x, cell_y RETURNING 1)
  SELECT (SELECT count(*) FROM gone) - (SELECT count(*) FROM kept) INTO fewer;
  INSERT INTO layer_compaction VALUES ('layer_change', (SELECT max(id) FROM layer_change))
  ON CONFLICT (relation) DO UPDATE SET up_to = excluded.up_to;
  RETURN fewer;
END $$;

-- Have a table's statements watched: after each of these events `<prefix>_<table>()` runs once, with the rows before
-- and after; after TRUNCATE `<prefix>_truncate(layers)`.
CREATE OR REPLACE FUNCTION watch_table(prefix text, watched text, events text[], layers text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  event text;
BEGIN
  FOREACH event IN ARRAY events LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER %1$s_%3$s AFTER %3$s ON %2$I REFERENCING %4$s
      FOR EACH STATEMENT EXECUTE FUNCTION %1$s_%2$s()', prefix, watched, event,
      CASE event WHEN 'insert' THEN 'NEW TABLE AS new_rows' WHEN 'delete' THEN 'OLD TABLE AS old_rows'
                 ELSE 'OLD TABLE AS old_rows NEW TABLE AS new_rows' END);
  END LOOP;
  EXECUTE format('CREATE OR REPLACE TRIGGER %1$s_truncate AFTER TRUNCATE ON %2$I
    FOR EACH STATEMENT EXECUTE FUNCTION %1$s_truncate(%3$s)', prefix, watched, layers);
END $$;
