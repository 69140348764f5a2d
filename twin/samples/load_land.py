"""Load parcels, control areas and footprints: one set-based statement each; twice is once."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

# Red lines and land are known from the first recorded month on, so that every past map shows them too.
EARLIEST = datetime(2023, 11, 1)  # noqa: DTZ001  local time of the agency; the statement adds the zone

# The surveyed geometry is kept as it is; the map's is made of it once, with long edges densified first.
_GEOMETRY = """ST_Transform(ST_Segmentize(g.survey, 500), 4490), g.survey"""
_SURVEY = """CROSS JOIN LATERAL (SELECT ST_Multi(ST_GeomFromText(r.survey_wkt, r.survey_srid)) AS survey) g"""

_KNOWN_SINCE = "CAST(:earliest AS timestamp) AT TIME ZONE 'Asia/Shanghai'"

_PARCELS = text(f"""
INSERT INTO land_parcel (parcel_no, name, kind, planned_use, land_class, state, idle_state, supply_date,
  agreed_start, started_on, stopped_on, built_share, invested_share, released_on, public_visible,
  created_at, source, source_crs, source_file, source_sha256, stated_area_m2, geom, geom_survey)
SELECT r.parcel_no, r.name, r.kind, r.planned_use, r.land_class, r.state, r.idle_state, r.supply_date,
  r.agreed_start, r.started_on, r.stopped_on, r.built_share, r.invested_share, r.released_on, r.public_visible,
  {_KNOWN_SINCE}, 'samples', r.survey_crs, :file, :sha256, r.stated_area_m2, {_GEOMETRY}
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(parcel_no text, name text, kind text, planned_use text,
  land_class text, state text, idle_state text, supply_date date, agreed_start date, started_on date,
  stopped_on date, built_share numeric, invested_share numeric, released_on date, public_visible boolean,
  survey_crs text, survey_srid integer, survey_wkt text, stated_area_m2 float8)
{_SURVEY}
ON CONFLICT (parcel_no) DO NOTHING""")  # noqa: S608  our own text; every value is bound

_CONTROLS = text(f"""
INSERT INTO control_area (layer, code, name, class_code, class_name, registered_area_m2, sensitivity,
  public_visible, valid_from, valid_to, attributes,
  created_at, source, source_crs, source_file, source_sha256, stated_area_m2, geom, geom_survey)
SELECT r.layer, r.code, r.name, r.class_code, r.class_name, r.registered_area_m2, r.sensitivity,
  r.public_visible, r.valid_from, r.valid_to, coalesce(r.attributes, '{{}}'),
  {_KNOWN_SINCE}, 'samples', r.survey_crs, :file, :sha256, r.stated_area_m2, {_GEOMETRY}
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(layer text, code text, name text, class_code text,
  class_name text, registered_area_m2 float8, sensitivity text, public_visible boolean, valid_from date,
  valid_to date, attributes jsonb, survey_crs text, survey_srid integer, survey_wkt text, stated_area_m2 float8)
{_SURVEY}
ON CONFLICT (layer, code) DO NOTHING""")  # noqa: S608  our own text; every value is bound

_FOOTPRINTS = text(f"""
INSERT INTO project_footprint (project_id, version, valid_from,
  source, source_crs, source_file, source_sha256, stated_area_m2, geom, geom_survey)
SELECT p.id, r.version, least(r.valid_from, :earliest) AT TIME ZONE 'Asia/Shanghai',
  'samples', r.survey_crs, r.source_file, :sha256, r.stated_area_m2, {_GEOMETRY}
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(project text, version smallint, valid_from timestamp,
  source_file text, survey_crs text, survey_srid integer, survey_wkt text, stated_area_m2 float8)
JOIN project p ON p.code = r.project
{_SURVEY}
ON CONFLICT (project_id, version) DO NOTHING""")  # noqa: S608  our own text; every value is bound

_STATEMENTS = {"land_parcels": _PARCELS, "control_areas": _CONTROLS, "footprints": _FOOTPRINTS}


def add_polygons(session: Session, table: str, rows: list[dict[str, Any]], file: str, sha256: str) -> int:
    """Add the features of one layer; return how many were new.

    Parameters
    ----------
    table : str
        ``land_parcels``, ``control_areas`` or ``footprints``.
    rows : list of dict
        Properties with `survey_wkt` (metres in `survey_srid`).
    """
    values: dict[str, Any] = {"rows": json.dumps(rows), "sha256": sha256, "earliest": EARLIEST}
    if table != "footprints":
        values["file"] = file
    return session.execute(_STATEMENTS[table], values).rowcount  # type: ignore[attr-defined,no-any-return]
