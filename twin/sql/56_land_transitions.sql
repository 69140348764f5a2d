-- Every change of a parcel's state or idle state leaves a row, by whichever door or statement it came: the history can
-- be neither passed by nor rewritten (the service's role may not write to `land_transition`). Who is the row's
-- `updated_by`; why, since when and on what figures is what the writer says in `twin.ground` before it writes.
CREATE OR REPLACE FUNCTION note_parcel_moves() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ground CONSTANT jsonb := nullif(current_setting('twin.ground', true), '')::jsonb;
BEGIN
  INSERT INTO land_transition (parcel_id, parcel_no, axis, before, after, at, by, reason, effective_on, basis)
  SELECT n.id, n.parcel_no, m.axis, m.before, m.after, clock_timestamp(), n.updated_by,
    ground ->> 'reason', (ground ->> 'effective_on')::date, ground -> 'basis'
  FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
    CROSS JOIN LATERAL (VALUES ('state', o.state, n.state), ('idle', o.idle_state, n.idle_state)) AS m(axis, before, after)
  WHERE m.before <> m.after;
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER ledger_update AFTER UPDATE ON land_parcel
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION note_parcel_moves();
