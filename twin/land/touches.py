"""What a parcel lies on that a planner must know before it is reserved: other projects, farmland, ecology."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.crs import MU_PER_M2, STORED_SRID
from twin.land.notes import Note

NOISE_THICKNESS_M = 1e-6
ELLIPSOIDAL_AREA = f"ST_Area(geography(ST_Transform(ST_Segmentize(geom, 500), {STORED_SRID})))"

# Overlays are made in the parcel's own zone; thinner pieces than a micrometre are rounding, no overlap.
_TOUCHES = text(f"""
WITH parcel AS MATERIALIZED (
  SELECT geom, geom_survey AS plane, ST_SRID(geom_survey) AS zone FROM land_parcel WHERE id = :parcel),
other AS (
  SELECT 'project' AS kind, p.code, p.name, f.geom, f.geom_survey
  FROM parcel s JOIN project_footprint f ON f.geom && s.geom AND f.valid_to IS NULL
    JOIN project p ON p.id = f.project_id WHERE p.id <> :project
  UNION ALL
  SELECT c.layer, c.code, c.name, c.geom, c.geom_survey
  FROM parcel s JOIN control_area c ON c.geom && s.geom
  WHERE c.layer IN ('farmland', 'ecology') AND (c.valid_from IS NULL OR c.valid_from <= reporting_date())
    AND (c.valid_to IS NULL OR c.valid_to > reporting_date())),
cut AS (
  SELECT o.kind, o.code, o.name, d.geom
  FROM parcel s, other o,
    LATERAL (SELECT CASE WHEN ST_SRID(o.geom_survey) = s.zone THEN o.geom_survey
      ELSE ST_Transform(ST_Segmentize(o.geom, 0.0045), s.zone) END AS plane OFFSET 0) z,
    LATERAL ST_Dump(ST_CollectionExtract(ST_Intersection(s.plane, ST_MakeValid(z.plane)), 3)) d)
SELECT kind, code, name, sum({ELLIPSOIDAL_AREA}) AS area_m2
FROM cut WHERE 2 * ST_Area(geom) >= {NOISE_THICKNESS_M} * ST_Perimeter(geom)
GROUP BY kind, code, name ORDER BY kind, area_m2 DESC, code""")  # noqa: S608  our own text; every value is bound

_WORDS = {
    "project": ("other_red_line", "the red line of project {}", "项目 {} 的红线"),
    "farmland": ("farmland", "permanent basic farmland {}: needs case review", "永久基本农田 {}，须个案审查"),
    "ecology": ("ecology", "the ecological red line {}: needs case review", "生态保护红线 {}，须个案审查"),
}
LEAST_M2 = 1.0


def list_touches(session: Session, parcel_id: int, project_id: int) -> list[Note]:
    """Return what a parcel lies on besides the project it is meant for.

    A square metre is the least against a red line; on farmland and ecology everything counts (`domain.md` §10.4).
    """
    rows = session.execute(_TOUCHES, {"parcel": parcel_id, "project": project_id})
    return [
        _note(row.kind, f"{row.code} {row.name or ''}".strip(), row.area_m2)
        for row in rows
        if row.kind != "project" or row.area_m2 >= LEAST_M2
    ]


def _note(kind: str, name: str, area_m2: float) -> Note:
    code, en, zh = _WORDS[kind]
    size = f"{area_m2:,.2f} m² ({area_m2 * MU_PER_M2:.4f} 亩)"
    return Note(code, f"{size} lie on {en.format(name)}.", f"{size} 位于{zh.format(name)}。")
