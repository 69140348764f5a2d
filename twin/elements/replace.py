"""Put a revision elsewhere without converting it again: everything follows from what is stored in local metres."""

import dataclasses
import io
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import shapely
from psycopg2.extensions import connection as Psycopg2Connection  # noqa: N812
from shapely.geometry.base import BaseGeometry
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from bim.placing import epsg_of, place_shapes
from bim.results import Georeference
from twin.elements.models import BimRevision

_CHUNK = 20_000

_LOCAL = text("""
SELECT id, ST_AsBinary(geom_local) AS shape FROM bim_element
WHERE revision_id = :revision_id AND id > :after AND geom_local IS NOT NULL ORDER BY id LIMIT :limit
""")
_STAGE = """CREATE TEMPORARY TABLE element_place (id bigint PRIMARY KEY, lonlat geometry, survey geometry)
  ON COMMIT DROP"""
_COPY = "COPY element_place FROM STDIN"

# One statement for all elements: the triggers that keep bands and tiles run once. Footprints are made valid as
# in a publication; heights of rows stored before boxes were go back by the old matrix.
_MOVE = text("""
UPDATE bim_element e SET
  geom = CASE WHEN ST_IsValid(p.lonlat) THEN p.lonlat
              WHEN ST_Dimension(p.lonlat) = 2 THEN ST_CollectionExtract(ST_MakeValid(p.lonlat), 3)
              ELSE ST_MakeValid(p.lonlat) END,
  geom_survey = p.survey,
  z_min_m = coalesce(e.box[3], (e.z_min_m - :old_shift) / :old_factor) * :factor + :shift,
  z_max_m = coalesce(e.box[6], (e.z_max_m - :old_shift) / :old_factor) * :factor + :shift,
  flags = CASE WHEN :placed THEN array_remove(e.flags, 'not_placed')
               WHEN e.fid IS NULL OR 'not_placed' = ANY (e.flags) THEN e.flags
               ELSE array_append(e.flags, 'not_placed') END
FROM bim_element o LEFT JOIN element_place p ON p.id = o.id
WHERE o.id = e.id AND e.revision_id = :revision_id AND (e.geom_local IS NOT NULL OR e.fid IS NOT NULL)
""")

# As a conversion chooses them: built parts without outliers, else all but outliers.
_DRAWN = """
WITH drawn AS (
  SELECT geom, geom_local, z_min_m, z_max_m, 'no_outline' = ANY (flags) AS aside FROM bim_element
  WHERE revision_id = :revision_id AND fid IS NOT NULL AND NOT flags && '{outlier,not_map_geometry}'),
chosen AS (SELECT * FROM drawn WHERE NOT aside OR NOT EXISTS (SELECT FROM drawn WHERE NOT aside))
"""


def _of_drawn(sql: str) -> TextClause:
    return text(_DRAWN + sql)


_EXTENT = _of_drawn("""
SELECT ST_XMin(x) AS west, ST_YMin(x) AS south, ST_XMax(x) AS east, ST_YMax(x) AS north, lowest, highest
FROM (SELECT ST_Extent(geom) AS x, min(z_min_m) AS lowest, max(z_max_m) AS highest FROM chosen) q
""")
_KEEP_OUTLINE = _of_drawn("""
UPDATE bim_revision SET geom_local = (
  SELECT ST_Multi(ST_CollectionExtract(ST_MakeValid(ST_Simplify(ST_UnaryUnion(ST_Collect(
    ST_CollectionExtract(ST_MakeValid(geom_local), 3))), 0.005)), 3)) FROM chosen WHERE ST_Dimension(geom_local) = 2)
WHERE id = :revision_id AND geom_local IS NULL
""")
_LOCAL_LINES = _of_drawn("SELECT ST_Collect(geom_local) FROM chosen WHERE ST_Dimension(geom_local) = 1")
_OUTLINE = text("""
UPDATE bim_revision SET
  geom = ST_Multi(ST_CollectionExtract(ST_MakeValid(ST_SetSRID(CAST(:lonlat AS geometry), 4490)), 3)),
  geom_survey = ST_Multi(ST_CollectionExtract(ST_MakeValid(ST_SetSRID(CAST(:survey AS geometry), :srid)), 3))
WHERE id = :revision_id
""")


def find_local_shape(session: Session, revision: BimRevision) -> BaseGeometry | None:
    """Return a model's outline in metres of its own frame, its lines where it has no areas, None without either.

    The outline of a revision that was stored before outlines were is computed once and kept.
    """
    session.flush()
    session.execute(_KEEP_OUTLINE, {"revision_id": revision.id})
    session.expire(revision, ["geom_local"])
    shape = _find_outline(session, revision)
    if shape is not None:
        return shape
    lines = session.scalar(_LOCAL_LINES, {"revision_id": revision.id})
    return shapely.from_wkb(lines) if lines is not None else None


def _find_outline(session: Session, revision: BimRevision) -> BaseGeometry | None:
    found = session.scalar(
        text(
            "SELECT ST_AsBinary(geom_local) FROM bim_revision WHERE id = :id AND NOT ST_IsEmpty(geom_local)"
        ),
        {"id": revision.id},
    )
    return shapely.from_wkb(bytes(found)) if found is not None else None


def replace_revision(session: Session, revision: BimRevision, georeference: Georeference) -> int:
    """Put a revision where a georeference says: elements, outline, box and heights.

    Parameters
    ----------
    georeference : Georeference
        One without a place takes the model off the map; heights are then local.

    Returns
    -------
    int
        How many elements were written.
    """
    find_local_shape(session, revision)
    session.execute(text(_STAGE))
    if georeference.placed:
        _stage(session, revision.id, georeference)
    old = (revision.georeference or {}).get("matrix") or [0.0] * 16
    written = session.execute(
        _MOVE,
        {
            "revision_id": revision.id,
            "factor": georeference.matrix[10],
            "shift": georeference.matrix[11],
            "old_factor": old[10] or 1.0,
            "old_shift": old[11],
            "placed": georeference.placed,
        },
    )
    session.execute(text("DROP TABLE element_place"))
    _write_outline(session, revision, georeference)
    _write_extent(session, revision, georeference)
    session.flush()
    return int(cast("Any", written).rowcount)


def plain_georeference(georeference: Georeference) -> dict[str, Any]:
    """Return a georeference as plain values, as it is stored with a revision."""
    return {**dataclasses.asdict(georeference), "placed": georeference.placed}


def _stage(session: Session, revision_id: int, georeference: Georeference) -> None:
    srid = epsg_of(georeference.crs) or 0
    driver = cast("Psycopg2Connection", session.connection().connection.dbapi_connection)
    after = 0
    while True:
        params = {"revision_id": revision_id, "after": after, "limit": _CHUNK}
        rows = session.execute(_LOCAL, params).all()
        if not rows:
            return
        lines = _lines([row.id for row in rows], [bytes(row.shape) for row in rows], georeference, srid)
        with driver.cursor() as cursor:
            cursor.copy_expert(_COPY, io.StringIO(lines))
        after = rows[-1].id


def _lines(ids: Sequence[int], shapes: Sequence[bytes], georeference: Georeference, srid: int) -> str:
    placed = place_shapes(np.asarray(shapely.from_wkb(shapes), dtype=object), georeference)
    lonlat = shapely.to_wkb(shapely.set_srid(placed.lonlat, 4490), hex=True, include_srid=True)
    survey = shapely.to_wkb(shapely.set_srid(placed.survey, srid), hex=True, include_srid=True)
    return "".join(f"{number}\t{one}\t{two}\n" for number, one, two in zip(ids, lonlat, survey, strict=True))


def _write_outline(session: Session, revision: BimRevision, georeference: Georeference) -> None:
    shape = _find_outline(session, revision)
    params: dict[str, Any] = {"revision_id": revision.id, "lonlat": None, "survey": None, "srid": 0}
    if shape is not None and georeference.placed:
        both = place_shapes(np.array([shape], dtype=object), georeference)
        params["lonlat"], params["survey"] = both.lonlat[0].wkb_hex, both.survey[0].wkb_hex
        params["srid"] = epsg_of(georeference.crs) or 0
    session.execute(_OUTLINE, params)
    session.expire(revision, ["geom", "geom_survey"])


def _write_extent(session: Session, revision: BimRevision, georeference: Georeference) -> None:
    box = session.execute(_EXTENT, {"revision_id": revision.id}).one()
    if box.west is None:
        revision.bbox = None
    elif box.lowest is None:
        revision.bbox = [box.west, box.south, box.east, box.north]
    else:
        revision.bbox = [box.west, box.south, box.lowest, box.east, box.north, box.highest]
    revision.georeference = plain_georeference(georeference)
