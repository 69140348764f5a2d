# ruff: noqa: S608 (names come from the rules of the layers, every value is bound)
"""The SQL of an import: rows staged where nobody sees them, compared, written at once, versions kept."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from sqlalchemy import TextClause, text

from gis.crs import STORED_SRID, WGS84_SRID
from twin.editing.place import STEP_DEG, STEP_M
from twin.editing.rules import EDITABLE

SOURCE: Final = "import"
STAGE: Final = text("""
CREATE TEMPORARY TABLE staged_row (
  number integer PRIMARY KEY, place text NOT NULL, key text NOT NULL, "values" jsonb NOT NULL, fresh jsonb,
  missing jsonb, shape geometry, zone integer, content_hash bytea NOT NULL, feature_id bigint, action text,
  changes jsonb, moved boolean NOT NULL DEFAULT false, known boolean NOT NULL DEFAULT false
) ON COMMIT DROP
""")
COPY: Final = (
    """COPY staged_row (number, place, key, "values", fresh, missing, shape, zone, content_hash) FROM STDIN"""
)
ANALYZE: Final = text("ANALYZE staged_row")
MARK: Final = text("""
UPDATE staged_row s SET feature_id = v.feature_id, action = v.action, changes = v.changes, moved = v.moved,
  known = v.known
FROM jsonb_to_recordset(CAST(:marks AS jsonb))
  AS v(number integer, feature_id bigint, action text, changes jsonb, moved boolean, known boolean)
WHERE v.number = s.number
""")
NEW: Final = text("UPDATE staged_row SET action = 'added' WHERE action IS NULL")
MISSING: Final = text("""
SELECT place, missing, shape IS NULL AS shapeless FROM staged_row
WHERE action = 'added' AND (fresh IS NULL OR shape IS NULL) ORDER BY number
""")
COUNT: Final = text("SELECT action, count(*) FROM staged_row GROUP BY action")

_KEYS: Final = {
    "land_parcels": ("land_parcel", "t.parcel_no = s.key"),
    "control_areas": (
        "control_area",
        """t.layer = s."values" ->> 'layer' AND t.code = s."values" ->> 'code'""",
    ),
}


@dataclass(frozen=True)
class TableStatements:
    """The statements for the rows of one layer."""

    compare: TextClause
    keep: TextClause
    add: TextClause
    change: TextClause
    note: TextClause
    fates: TextClause
    extent: TextClause


@cache
def table_statements(collection: str) -> TableStatements:
    """Return the statements for a layer that is one table.

    Raises
    ------
    KeyError
        The layer is not one table.
    """
    table, same = _KEYS[collection]
    names = [rule.name for rule in EDITABLE[collection].fields]
    return TableStatements(
        compare=text(_compare(table, same, names)),
        keep=text(_keep(table, names)),
        add=text(_add(table, names)),
        change=text(_change(table, names)),
        note=text(_note(table, same)),
        fates=text(_fates(table, same)),
        extent=text(f"SELECT ST_Extent(t.geom)::text FROM staged_row s JOIN {table} t ON {same}"),
    )


def _compare(table: str, same: str, names: list[str]) -> str:
    """Lock the rows that are there already, some at a time, and show them beside what the file says."""
    shown = ", ".join(f"t.{name}" for name in names)
    return f"""
SELECT s.number, s.place, s."values" AS told, s.content_hash, t.id, {shown}, ST_AsBinary(s.shape) AS sent,
  ST_SRID(s.shape) AS sent_srid, ST_AsBinary(t.geom_survey) AS survey, ST_SRID(t.geom_survey) AS survey_srid,
  ST_AsBinary(t.geom) AS map, (SELECT r.content_hash FROM layer_import_row r
    WHERE r.layer = :collection AND r.feature_key = s.key AND r.feature_id = t.id
    ORDER BY r.import_id DESC LIMIT 1) AS last_hash
FROM staged_row s JOIN {table} t ON {same}
WHERE s.number > :after ORDER BY s.number LIMIT :lot FOR UPDATE OF t"""


def _keep(table: str, names: list[str]) -> str:
    """Keep the version that ends of every row that changes."""
    kept = ", ".join(f"t.{name}" for name in names)
    return f"""
INSERT INTO layer_import_row (import_id, number, layer, feature_key, feature_id, action, content_hash, before)
SELECT :import_id, s.number, :collection, s.key, t.id, 'changed', s.content_hash,
  (SELECT to_jsonb(b) FROM (SELECT {kept}, t.row_version, t.updated_at, t.updated_by, t.source_crs, t.source_file,
    t.source_sha256, round(t.area_m2::numeric, 2) AS area_m2,
    CASE WHEN s.moved THEN encode(ST_AsEWKB(t.geom_survey), 'hex') END AS geom_survey) b)
FROM staged_row s JOIN {table} t ON t.id = s.feature_id WHERE s.action = 'changed'"""


def _add(table: str, names: list[str]) -> str:
    columns = ", ".join(names)
    values = ", ".join(f"r.{name}" for name in names)
    return f"""
INSERT INTO {table} ({columns}, geom, geom_survey, source_crs, source_file, source_sha256, source, created_by, updated_by)
SELECT {values}, {_MAP}, {_SURVEY}, :source_crs, :file_name, :sha256, '{SOURCE}', :actor, :actor
FROM staged_row s CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, s.fresh) r
WHERE s.action = 'added' ORDER BY s.number"""


def _change(table: str, names: list[str]) -> str:
    told = ", ".join(
        f"{name} = CASE WHEN s.changes ? '{name}' THEN r.{name} ELSE t.{name} END" for name in names
    )
    new = {
        "geom": _MAP,
        "geom_survey": _SURVEY,
        "source_crs": ":source_crs",
        "source_file": ":file_name",
        "source_sha256": ":sha256",
    }
    moved = ", ".join(
        f"{name} = CASE WHEN s.moved THEN {value} ELSE t.{name} END" for name, value in new.items()
    )
    return f"""
UPDATE {table} t SET {told}, {moved}, updated_at = now(), updated_by = :actor, row_version = t.row_version + 1
FROM staged_row s CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, s.changes) r
WHERE s.action = 'changed' AND t.id = s.feature_id"""


def _note(table: str, same: str) -> str:
    """Note what the file said of every row that it did not say already; what changed is noted with its old version."""
    return f"""
INSERT INTO layer_import_row (import_id, number, layer, feature_key, feature_id, action, content_hash)
SELECT :import_id, s.number, :collection, s.key, t.id, s.action, s.content_hash
FROM staged_row s JOIN {table} t ON {same} WHERE s.action = 'added' OR (s.action = 'same' AND NOT s.known)"""


def _fates(table: str, same: str) -> str:
    """Say what became of the rows, those that are not as they were first; after everything is written."""
    return f"""
SELECT s.place, s.key, s.action, t.id AS feature_id, CASE WHEN s.moved THEN ARRAY['geometry'] ELSE '{{}}' END
  || ARRAY(SELECT jsonb_object_keys(coalesce(s.changes, '{{}}'))) AS changes
FROM staged_row s JOIN {table} t ON {same} ORDER BY s.action = 'same', s.number LIMIT :most"""


# The same two shapes as `twin.editing.place.Place` makes of one polygon: held together by a test.
_IN_ZONE: Final = "ST_SRID(s.shape) = s.zone"
_IN_DEGREES: Final = f"ST_SRID(s.shape) = {STORED_SRID}"
_BY_WGS84: Final = f"ST_SetSRID(ST_Transform(ST_Segmentize(s.shape, {STEP_M}), {WGS84_SRID}), {STORED_SRID})"
_MAP: Final = f"""CASE WHEN {_IN_ZONE} THEN ST_Transform(ST_Segmentize(s.shape, {STEP_M}), {STORED_SRID})
  WHEN {_IN_DEGREES} THEN s.shape ELSE {_BY_WGS84} END"""
_SURVEY: Final = f"""CASE WHEN {_IN_ZONE} THEN s.shape
  ELSE ST_Transform(ST_Segmentize(CASE WHEN {_IN_DEGREES} THEN s.shape ELSE {_BY_WGS84} END, {STEP_DEG}), s.zone) END"""
