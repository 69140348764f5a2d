"""How a model lies to its project's red line 红线."""

from dataclasses import dataclass

import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from bim.job import ProjectPlace

_PLACE = text("""
SELECT f.source_crs, ST_AsGeoJSON(f.geom, 9) AS footprint,
  ARRAY[ST_XMin(f.geom), ST_YMin(f.geom), ST_XMax(f.geom), ST_YMax(f.geom)] AS bbox
FROM project_footprint f WHERE f.project_id = :project_id AND f.valid_to IS NULL
""")

# Metres and shares on the ellipsoid; 4326 ≡ 4490 by policy.
_NEARNESS = """
SELECT ST_Distance(geography(f.geom), geography(m.geom)) AS distance_m, 100 * CASE ST_Dimension(m.geom)
    WHEN 2 THEN ST_Area(geography(ST_CollectionExtract(ST_Intersection(m.geom, f.geom), 3)))
      / nullif(ST_Area(geography(m.geom)), 0)
    WHEN 1 THEN ST_Length(geography(ST_CollectionExtract(ST_Intersection(m.geom, f.geom), 2)))
      / nullif(ST_Length(geography(m.geom)), 0)
    ELSE ST_Intersects(m.geom, f.geom)::integer END AS inside_share
FROM (SELECT ST_SetSRID(geom, 4326) AS geom FROM project_footprint
      WHERE project_id = :project_id AND valid_to IS NULL) f
CROSS JOIN (SELECT ST_MakeValid(ST_SetSRID({shape}, 4326)) AS geom) m
WHERE NOT ST_IsEmpty(m.geom)
"""
_OF_SHAPE = text(_NEARNESS.format(shape="CAST(:wkb AS geometry)"))
# A model of lines alone has no outline: its lines are compared.
_OF_REVISION = text(
    _NEARNESS.format(
        shape="""(SELECT coalesce(r.geom, (SELECT ST_Collect(e.geom) FROM bim_element e
          WHERE e.revision_id = r.id AND ST_Dimension(e.geom) = 1)) FROM bim_revision r WHERE r.id = :revision_id)"""
    )
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


def find_nearness(session: Session, project_id: int, wkb: bytes) -> Nearness | None:
    """Compare a shape in degrees (WKB, longitude first) with a project's red line; None where there is none."""
    return _found(session, _OF_SHAPE, {"project_id": project_id, "wkb": wkb.hex()})


def find_revision_nearness(session: Session, project_id: int, revision_id: int) -> Nearness | None:
    """Compare a revision with its project's red line; None where one of them is not on the map."""
    return _found(session, _OF_REVISION, {"project_id": project_id, "revision_id": revision_id})


def _found(session: Session, statement: TextClause, params: dict[str, object]) -> Nearness | None:
    row = session.execute(statement, params).first()
    if row is None:
        return None
    return Nearness(round(row.distance_m, 3), round(row.inside_share or 0.0, 3))
