-- What the triggers call runs as the owner, with a fixed path: temporary tables last, so that nobody can put one in
-- the place of ours. PostGIS tells of every polygon it finds invalid; who edits need not hear of it.
DO $$
DECLARE
  postgis name := (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
                   WHERE e.extname = 'postgis');
  signature regprocedure;
BEGIN
  FOR signature IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND (
      p.prorettype = 'trigger'::regtype AND p.proname ~ '^(note|regrid|count|keep)_' OR p.proname ~ '^compact_layer_')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = public, %I, pg_temp', signature, postgis);
  END LOOP;
  FOR signature IN SELECT p.oid FROM pg_proc p
                   WHERE p.pronamespace = 'public'::regnamespace AND p.proname ~ '^(refresh_bands_|rebuild_bands$|recount_|decide_)'
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET client_min_messages = warning', signature);
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', signature);
  END LOOP;
END $$;
