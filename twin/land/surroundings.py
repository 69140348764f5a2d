# ruff: noqa: S608 (names come from the targets' closed list, every value is bound)
"""The features that a subject hits, as far as a map around it reaches: for pictures alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis.crs import STORED_SRID
from gis.overlap import OverlapTarget
from gis.statement import ROW, Statement, merged

_AROUND: Final = 2.0
"""Times the subject's longer side, in every direction: more than any map of a report shows."""

_LEAST_M: Final = 100.0


def surroundings_statement(
    target: OverlapTarget,
    ids: Sequence[int],
    window: tuple[float, float, float, float],
    srid: int,
    at: datetime | None = None,
) -> Statement:
    """Build the statement of one row: the features' shapes in a plane, cut at a window of that plane, EWKB."""
    names = ("west", "south", "east", "north")
    box = f"ST_MakeEnvelope({', '.join(f'%({name})s::float8' for name in names)}, %(zone)s::int4)"
    sql = f"""WITH frame AS MATERIALIZED (SELECT {box} AS box, ST_Transform({box}, {STORED_SRID}) AS stored)
SELECT ST_AsEWKB(ST_Collect(ST_Intersection(
    ST_MakeValid(ST_Transform(ST_ClipByBox2D({ROW}.{target.geometry_column}, ST_Expand(stored, 0.01)), %(zone)s::int4)), box)))
FROM {target.source_sql(at)} AS {ROW}, frame
WHERE {ROW}.{target.id_column} = ANY(%(ids)s::int8[]) AND {ROW}.{target.geometry_column} && stored AND ({target.condition.sql})"""
    params = {**dict(zip(names, window, strict=True)), "zone": srid, "ids": list(ids), "at": at}
    return Statement(sql, merged(params, target.condition.params))


def list_surroundings(
    session: Session,
    targets: Sequence[OverlapTarget],
    answer: Mapping[str, Any],
    outline: BaseGeometry,
    srid: int,
    at: datetime | None = None,
) -> dict[str, BaseGeometry]:
    """Return by layer what of the features hit lies around the outline, in the plane of the overlay."""
    west, south, east, north = outline.bounds
    reach = max(east - west, north - south, _LEAST_M) * _AROUND
    window = (west - reach, south - reach, east + reach, north + reach)
    ids = {row["layer"]: [item["id"] for item in row["items"]] for row in answer["layers"]}
    found = {}
    for target in targets:
        if ids.get(target.layer):
            statement = surroundings_statement(target, ids[target.layer], window, srid, at)
            shape = session.connection().exec_driver_sql(statement.sql, dict(statement.params)).scalar()
            if shape is not None:
                found[target.layer] = shapely.from_wkb(bytes(shape))
    return found
