"""How a model lies to its project's red line 红线."""

from dataclasses import dataclass

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from bim.job import ProjectPlace

_PLACE = text("""
SELECT f.source_crs, ST_AsGeoJSON(f.geom, 9) AS footprint,
  ARRAY[ST_XMin(f.geom), ST_YMin(f.geom), ST_XMax(f.geom), ST_YMax(f.geom)] AS bbox
FROM project_footprint f WHERE f.project_id = :project_id AND f.valid_to IS NULL
""")

# How far apart two things lie at least roughly; beyond, no common plane is fit for both.
_APART_M = 200_000.0
_APART = """
SELECT ST_Distance(geography(ST_Centroid(ST_Envelope(ST_SetSRID(f.geom, 4326)))),
                   geography(ST_Centroid(ST_Envelope(ST_SetSRID(m.lonlat, 4326))))) AS apart_m, m.srid
FROM {model} m CROSS JOIN project_footprint f
WHERE f.project_id = :project_id AND f.valid_to IS NULL AND NOT ST_IsEmpty(m.lonlat)"""

# In the model's own plane and part by part, which is quick however many parts it has: only those on the line are cut.
# The one distance that counts is measured on the ellipsoid.
_NEARNESS = """
WITH f AS (SELECT ST_Transform(geom, CAST(:f_srid AS integer)) AS geom FROM project_footprint
  WHERE project_id = :project_id AND valid_to IS NULL)
SELECT CASE WHEN ST_Intersects(m.plane, f.geom) THEN 0 ELSE ST_Length(geography(ST_SetSRID(
    ST_Transform(ST_ShortestLine(m.plane, f.geom), 4490), 4326))) END AS distance_m,
  (SELECT 100 * sum(CASE WHEN ST_Covers(f.geom, d.geom) THEN s.size
        WHEN NOT ST_Intersects(f.geom, d.geom) THEN 0
        WHEN ST_Dimension(d.geom) = 2 THEN ST_Area(ST_Intersection(d.geom, f.geom))
        ELSE ST_Length(ST_Intersection(d.geom, f.geom)) END) / nullif(sum(s.size), 0)
    FROM ST_Dump(m.plane) AS d
    CROSS JOIN LATERAL (SELECT CASE ST_Dimension(d.geom) WHEN 2 THEN ST_Area(d.geom) ELSE ST_Length(d.geom) END AS size) s
  ) AS inside_share
FROM {model} m CROSS JOIN f"""

# A plane without a number is replaced by that of web maps: shares hold, and the shortest line is measured elsewhere.
_PLANE = """(SELECT q.lonlat,
    CASE WHEN q.srid > 0 THEN q.plane ELSE ST_Transform(ST_SetSRID(q.lonlat, 4326), 3857) END AS plane,
    CASE WHEN q.srid > 0 THEN q.srid ELSE 3857 END AS srid FROM ({shape}) q)"""
_SHAPE = _PLANE.format(
    shape="""SELECT ST_SetSRID(CAST(:lonlat AS geometry), 4490) AS lonlat,
      ST_SetSRID(CAST(:plane AS geometry), CAST(:srid AS integer)) AS plane, CAST(:srid AS integer) AS srid"""
)
# A model of lines alone has no outline: its lines are compared.
_REVISION = _PLANE.format(
    shape="""SELECT s.lonlat, s.plane, ST_SRID(s.plane) AS srid FROM (
      SELECT r.geom AS lonlat, r.geom_survey AS plane FROM bim_revision r WHERE r.id = :revision_id AND r.geom IS NOT NULL
      UNION ALL
      SELECT ST_Collect(e.geom), ST_Collect(e.geom_survey) FROM bim_revision r JOIN bim_element e ON e.revision_id = r.id
      WHERE r.id = :revision_id AND r.geom IS NULL AND ST_Dimension(e.geom) = 1 HAVING count(*) > 0) s"""
)


@dataclass(frozen=True)
class Nearness:
    """A model beside its project's red line.

    Attributes
    ----------
    distance_m : float
        0 where they touch.
    inside_share : float
        How much of the model's outline lies inside, percent.
    """

    distance_m: float
    inside_share: float


def find_project_place(session: Session, project_id: int | None) -> ProjectPlace:
    """Return where a project lies, as the converter wants it told; nothing is known without a red line."""
    row = session.execute(_PLACE, {"project_id": project_id}).first()
    if row is None:
        return ProjectPlace()
    west, south, east, north = row.bbox
    return ProjectPlace(row.source_crs, (west, south, east, north), orjson.loads(row.footprint))


def find_nearness(
    session: Session, project_id: int, lonlat: bytes, plane: bytes, srid: int | None
) -> Nearness | None:
    """Compare a shape with a project's red line; None where there is none.

    Parameters
    ----------
    lonlat, plane : bytes
        The shape as WKB in degrees, longitude first, and in metres of the system `srid`, if that has a number.
    """
    params = {"project_id": project_id, "lonlat": lonlat.hex(), "plane": plane.hex(), "srid": srid or 0}
    return _compare(session, _SHAPE, params)


def find_revision_nearness(session: Session, project_id: int, revision_id: int) -> Nearness | None:
    """Compare a revision with its project's red line; None where one of them is not on the map."""
    return _compare(session, _REVISION, {"project_id": project_id, "revision_id": revision_id})


def _compare(session: Session, model: str, params: dict[str, object]) -> Nearness | None:
    apart = session.execute(text(_APART.format(model=model)), params).first()
    if apart is None:
        return None
    if apart.apart_m > _APART_M:
        return Nearness(round(apart.apart_m, 3), 0.0)
    row = session.execute(text(_NEARNESS.format(model=model)), {**params, "f_srid": apart.srid}).one()
    return Nearness(round(row.distance_m, 3), round(row.inside_share or 0.0, 3))
