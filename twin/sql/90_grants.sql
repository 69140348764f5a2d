-- The service role reads and writes rows; it owns nothing and never rewrites what is append-only.
GRANT USAGE ON SCHEMA public TO twin_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO twin_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO twin_app;
REVOKE UPDATE, DELETE ON progress_report, progress_report_item, project_state, element_progress,
  light_evaluation, audit_event, bim_revision_decision, element_carry_over, land_change, land_change_part FROM twin_app;
REVOKE INSERT, UPDATE, DELETE ON alembic_version, spatial_ref_sys, layer_change, land_transition, land_parcel_version,
  control_area_version FROM twin_app;
REVOKE EXECUTE ON FUNCTION compact_layer_changes(), compact_layer_cells() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION compact_layer_changes(), compact_layer_cells() TO twin_app;
-- Bands and counts are written by triggers alone, which run as the owner.
DO $$
DECLARE
  relation regclass;
BEGIN
  FOR relation IN SELECT oid FROM pg_class
                  WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') AND relname ~ '^(layer_)?(band|cell|aggregation|counts|compaction)(_|$)'
  LOOP
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %s FROM twin_app', relation);
  END LOOP;
END $$;
