-- What the triggers call runs as the owner, with a fixed path (temporary tables last, so that nobody can put one in
-- the place of ours) and with plans that fit any number of rows: a plan made for a statement of one row is kept for
-- one of ten thousand, and a nested loop over both would take minutes.
DO $$
DECLARE
  postgis name := (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
                   WHERE e.extname = 'postgis');
  found record;
BEGIN
  FOR found IN
    SELECT p.oid::regprocedure AS signature, p.prorettype = 'trigger'::regtype AS is_trigger FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND (p.prorettype = 'trigger'::regtype
      AND p.proname ~ '^(note|band)_' OR p.proname = 'compact_layer_changes')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = public, %I, pg_temp',
      found.signature, postgis);
    IF found.is_trigger THEN
      EXECUTE format('ALTER FUNCTION %s SET enable_nestloop = off SET jit = off', found.signature);
    END IF;
  END LOOP;
END $$;
