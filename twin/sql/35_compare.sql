-- By what an element of one revision is told from the same element of another (bim.md §10 版本比对). Lengths in model metres.

-- The hash of a text; a missing one has its own.
CREATE OR REPLACE FUNCTION print_of(value text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT hashtextextended(coalesce(value, chr(1)), 0)
$$;

-- Whether two placements (three rows of a matrix) point in directions that differ by more than 0.0001.
CREATE OR REPLACE FUNCTION placement_turned(a double precision[], b double precision[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT greatest(abs(a[1] - b[1]), abs(a[2] - b[2]), abs(a[3] - b[3]), abs(a[5] - b[5]), abs(a[6] - b[6]),
    abs(a[7] - b[7]), abs(a[9] - b[9]), abs(a[10] - b[10]), abs(a[11] - b[11])) > 0.0001
$$;

-- Whether two placements (three rows of a matrix) differ by more than a millimetre or in their directions.
-- Where one is unknown nothing is claimed.
CREATE OR REPLACE FUNCTION placement_differs(a double precision[], b double precision[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT a <> b AND (
    greatest(abs(a[4] - b[4]), abs(a[8] - b[8]), abs(a[12] - b[12])) > 0.001
    OR placement_turned(a, b))
$$;

-- Whether the lowest corners of two boxes are more than a millimetre apart.
CREATE OR REPLACE FUNCTION box_moved(a double precision[], b double precision[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT greatest(abs(a[1] - b[1]), abs(a[2] - b[2]), abs(a[3] - b[3])) > 0.001
$$;

-- Whether two shapes that different kernels drew may be the same: their hashes say nothing then, their measures do.
CREATE OR REPLACE FUNCTION measures_agree(a double precision[], b double precision[], area_a double precision,
  area_b double precision) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(
    greatest(abs((a[4] - a[1]) - (b[4] - b[1])), abs((a[5] - a[2]) - (b[5] - b[2])),
      abs((a[6] - a[3]) - (b[6] - b[3]))) <= 0.001
    AND abs(coalesce(area_a, 0) - coalesce(area_b, 0)) <= 0.005 * greatest(area_a, area_b, 0.01), false)
$$;

-- The elements whose work a revision shows: its own; those they took over from; and those that took over from them and
-- of which nothing more was reported since. Progress on any other hangs in the air.
CREATE OR REPLACE FUNCTION covered_identities(revision bigint) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
  WITH RECURSIVE covered AS (
    SELECT identity_id FROM bim_element WHERE revision_id = revision
    UNION
    SELECT q.id FROM covered v CROSS JOIN LATERAL (
      SELECT c.from_identity_id AS id FROM element_carry_over c WHERE c.to_identity_id = v.identity_id AND c.approved
      UNION ALL
      SELECT c.to_identity_id FROM element_carry_over c WHERE c.from_identity_id = v.identity_id AND c.approved
        AND NOT EXISTS (SELECT FROM element_progress p WHERE p.identity_id = c.to_identity_id AND p.source <> 'carry_over')
    ) q)
  SELECT identity_id FROM covered
$$;
