-- The values that elements of a revision carry, each once, with the elements that carry it. Filters and the search
-- for texts look here first and then ask the elements themselves; an index of texts alone would not do, because
-- two Chinese characters are a word and a trigram is three.

-- The name of a place as a number; two names that meet only make the first look less sharp.
CREATE OR REPLACE FUNCTION element_field(path text[]) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT hashtextextended(array_to_string(path, E'\x1f'), 0) $$;

-- A value as text: a list is its members one after the other, nothing is NULL, a group of values has none.
CREATE OR REPLACE FUNCTION property_text(stated jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE jsonb_typeof(stated)
  WHEN 'array' THEN (SELECT string_agg(each.value, ', ' ORDER BY each.place)
    FROM jsonb_array_elements_text(stated) WITH ORDINALITY AS each(value, place))
  WHEN 'object' THEN NULL
  ELSE stated #>> '{}' END
$$;

DROP FUNCTION IF EXISTS compute_element_terms(bigint);
CREATE FUNCTION compute_element_terms(asked bigint)
RETURNS TABLE (field bigint, value text, number double precision, elements bigint[])
LANGUAGE sql STABLE PARALLEL SAFE AS $$
WITH e AS MATERIALIZED (SELECT * FROM bim_element WHERE revision_id = asked),
-- What a type or a default states, hundreds of elements carry word for word: taken apart once for all of them.
sets AS (
  SELECT s.key AS name, s.value AS stated, coalesce(e.pset_si -> s.key, '{}') AS si, array_agg(e.id) AS ids
  FROM e CROSS JOIN LATERAL jsonb_each(e.psets) s GROUP BY 1, 2, 3),
properties AS (
  SELECT element_field(ARRAY['psets', s.name, p.key]) AS field,
    CASE WHEN jsonb_typeof(p.value) = 'number' THEN NULL
         WHEN jsonb_typeof(p.value) = 'object' THEN p.value::text ELSE property_text(p.value) END AS value,
    CASE WHEN jsonb_typeof(p.value) = 'number' THEN coalesce(
      CASE WHEN jsonb_array_length(s.si -> p.key) = 2 THEN s.si -> p.key ->> 0 END, p.value #>> '{}')::float8
    END AS number, s.ids
  FROM sets s CROSS JOIN LATERAL jsonb_each(s.stated) p WHERE p.value <> 'null'),
singles AS (
  SELECT element_field(ARRAY[a.name]) AS field, a.value, NULL::float8 AS number, e.id
  FROM e CROSS JOIN LATERAL (VALUES ('name', e.name), ('tag', e.tag), ('type_name', e.type_name),
    ('storey', e.storey), ('space', e.space), ('ifc_class', e.ifc_class),
    ('predefined_type', e.predefined_type)) AS a(name, value) WHERE a.value <> ''
  UNION ALL
  SELECT element_field(ARRAY['material']), m.value, NULL, e.id
  FROM e CROSS JOIN LATERAL jsonb_array_elements_text(e.materials) AS m(value)
  UNION ALL
  SELECT element_field(ARRAY['classification']), concat_ws(' ', c.value ->> 'system', c.value ->> 'code',
    c.value ->> 'name'), NULL, e.id
  FROM e CROSS JOIN LATERAL jsonb_array_elements(e.classification) AS c(value)
  UNION ALL
  SELECT element_field(ARRAY['quantities', s.key, q.key]), NULL, (q.value ->> 'value')::float8, e.id
  FROM e CROSS JOIN LATERAL jsonb_each(e.quantities) s CROSS JOIN LATERAL jsonb_each(s.value) q
  WHERE jsonb_typeof(s.value) = 'object' AND jsonb_typeof(q.value -> 'value') = 'number'),
carried AS (
  SELECT s.field, s.value, s.number, s.id FROM singles s
  UNION ALL
  SELECT p.field, p.value, p.number, i.id FROM properties p CROSS JOIN LATERAL unnest(p.ids) AS i(id)
  WHERE p.value IS NOT NULL OR p.number IS NOT NULL)
SELECT c.field, lower(c.value), c.number, array_agg(DISTINCT c.id) FROM carried c GROUP BY 1, 2, 3
$$;
