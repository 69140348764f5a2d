-- The values that elements of a revision carry, each once, with the elements that carry it. Filters and the search
-- for texts look here first and then ask the elements themselves; an index of texts alone would not do, because
-- two Chinese characters are a word and a trigram is three.

-- The name of a place as a number; two names that meet only make the first look less sharp.
CREATE OR REPLACE FUNCTION element_field(place text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT hashtextextended(place, 0) $$;

-- A list as text: its members, one after the other, as a filter reads it.
CREATE OR REPLACE FUNCTION property_list(stated jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT string_agg(each.value, ', ' ORDER BY each.place)
FROM jsonb_array_elements_text(stated) WITH ORDINALITY AS each(value, place)
$$;

DROP FUNCTION IF EXISTS compute_element_terms(bigint);
CREATE FUNCTION compute_element_terms(asked bigint)
RETURNS TABLE (field bigint, value text, number double precision, elements bigint[])
LANGUAGE sql STABLE PARALLEL SAFE SET work_mem = '128MB' SET jit = off AS $$
WITH e AS MATERIALIZED (
  SELECT id, name, tag, type_name, storey, space, ifc_class, predefined_type, materials, classification, psets,
    pset_si, quantities
  FROM bim_element WHERE revision_id = asked),
properties AS (
  SELECT element_field('psets' || E'\x1f' || s.key || E'\x1f' || p.key) AS field,
    CASE jsonb_typeof(p.value) WHEN 'number' THEN NULL WHEN 'array' THEN property_list(p.value)
      ELSE p.value #>> '{}' END AS value,
    CASE jsonb_typeof(p.value) WHEN 'number' THEN coalesce(CASE jsonb_array_length(e.pset_si -> s.key -> p.key)
      WHEN 2 THEN e.pset_si -> s.key -> p.key ->> 0 END, p.value #>> '{}')::float8 END AS number, e.id
  FROM e CROSS JOIN LATERAL jsonb_each(e.psets) s
  CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(s.value) WHEN 'object' THEN s.value ELSE '{}' END) p
  WHERE p.value <> 'null'),
attributes AS (
  SELECT element_field(a.name) AS field, a.value, NULL::float8 AS number, e.id
  FROM e CROSS JOIN LATERAL (VALUES ('name', e.name), ('tag', e.tag), ('type_name', e.type_name),
    ('storey', e.storey), ('space', e.space), ('ifc_class', e.ifc_class),
    ('predefined_type', e.predefined_type)) AS a(name, value) WHERE a.value IS NOT NULL
  UNION ALL
  SELECT element_field('material'), m.value, NULL, e.id
  FROM e CROSS JOIN LATERAL (SELECT DISTINCT x AS value FROM jsonb_array_elements_text(e.materials) x) m
  UNION ALL
  SELECT element_field('classification'), c.value, NULL, e.id
  FROM e CROSS JOIN LATERAL (SELECT DISTINCT concat_ws(' ', x ->> 'system', x ->> 'code', x ->> 'name') AS value
    FROM jsonb_array_elements(e.classification) x) c
  UNION ALL
  SELECT element_field('quantities' || E'\x1f' || s.key || E'\x1f' || q.key), NULL, (q.value ->> 'value')::float8, e.id
  FROM e CROSS JOIN LATERAL jsonb_each(e.quantities) s
  CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(s.value) WHEN 'object' THEN s.value ELSE '{}' END) q
  WHERE jsonb_typeof(q.value -> 'value') = 'number')
SELECT c.field, lower(c.value), c.number, array_agg(c.id)
FROM (SELECT * FROM properties UNION ALL SELECT * FROM attributes) c GROUP BY 1, 2, 3
$$;
