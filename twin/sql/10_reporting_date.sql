-- The day by which plans are judged 统计基准日: pinned by the agency, else today in Asia/Shanghai.
CREATE OR REPLACE FUNCTION reporting_date() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(
    (SELECT (value #>> '{}')::date FROM agency_setting WHERE key = 'reporting_date'),
    (now() AT TIME ZONE 'Asia/Shanghai')::date)
$$;

-- The date a time-travelling request asks about, in the agency's time zone.
CREATE OR REPLACE FUNCTION asked_date(at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN at = 'infinity' THEN NULL ELSE (at AT TIME ZONE 'Asia/Shanghai')::date END
$$;
