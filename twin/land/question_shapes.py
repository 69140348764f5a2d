"""The shape that a spatial question is about: drawn, of a project, or of a feature."""

from collections.abc import Sequence
from typing import Any, Final

import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.crs import STORED_SRID
from gis.questions import AskedShape, shape_from, shape_from_ewkb, shape_from_geojson
from gis.statement import Statement
from twin.errors import InvalidInputError, NotFoundError
from twin.identity.caller import Caller
from twin.land.question_sources import About, Wanted, make_sources
from twin.layers import select_rows
from twin.projects.queries import get_project
from twin.uploads.subjects import find_subjects

ANONYMOUS_MS: Final = 10_000
"""What a question of nobody in particular may cost; who signs in has the limit of the service."""


def find_shape(session: Session, caller: Caller, about: About) -> AskedShape:
    """Return the shape that a question is about.

    Raises
    ------
    InvalidInputError, NotFoundError, GisError
        As for `ask_relation`.
    """
    named = (about.project, about.geometry, about.upload, about.layer)
    given = [each is not None for each in named]
    if sum(given) != 1 or (about.layer is None) != (about.feature_id is None):
        raise InvalidInputError(
            'Ask about exactly one of {"project": CODE}, {"geometry": …, "crs": …}, {"upload": ID} and '
            '{"layer": …, "id": …}.',
            '提问对象须为 {"project": 档案编号}、{"geometry": …, "crs": …}、{"upload": ID}、{"layer": …, "id": …} 之一。',
            where="subject",
        )
    if about.geometry is not None:
        return shape_from_geojson(about.geometry, about.crs)
    if about.upload is not None:
        return _of_upload(session, caller, about.upload)
    found = _of_project(session, caller, about) if about.project else _of_feature(session, caller, about)
    return shape_from_ewkb(found)


def _of_project(session: Session, caller: Caller, about: About) -> bytes:
    project = get_project(session, caller, str(about.project))
    rows = select_rows(caller, "projects").selection.rows()
    sql = f"SELECT ST_AsEWKB(f.geom) FROM {rows.sql} AND f.id = %(project_id)s::int8"  # noqa: S608  the catalogue's
    found = run(session, caller, Statement(sql, {**rows.params, "project_id": project.id}))
    if found and found[0][0] is not None:
        return bytes(found[0][0])
    raise InvalidInputError(
        f"Project {project.code} has no red line yet; import its boundary first.",
        f"项目 {project.code} 还没有红线；请先导入边界。",
        where="subject",
    )


def _of_upload(session: Session, caller: Caller, token: str) -> AskedShape:
    """Return the outlines of a file as one shape; all of one kind, or a corridor's line could not be told."""
    shapes = [shape_from(each.geometry, each.srid).stored for each in find_subjects(session, caller, token)]
    return shape_from(shapely.union_all(shapes), STORED_SRID)


def _of_feature(session: Session, caller: Caller, about: About) -> bytes:
    source = make_sources(caller, Wanted(layers=(str(about.layer),)))[0]
    rows = source.selection.rows()
    sql = f"SELECT ST_AsEWKB(f.geom) FROM {rows.sql} AND f.id = %(feature_id)s::int8"  # noqa: S608  the catalogue's
    found = run(session, caller, Statement(sql, {**rows.params, "feature_id": about.feature_id}))
    if found and found[0][0] is not None:
        return bytes(found[0][0])
    raise NotFoundError(
        f"Layer {about.layer} has no feature {about.feature_id} with a geometry.",
        f"图层 {about.layer} 没有编号为 {about.feature_id} 的带图形要素。",
    )


def run(session: Session, caller: Caller, statement: Statement) -> Sequence[Sequence[Any]]:
    """Run a question and return its rows."""
    if caller.is_anonymous:
        session.execute(text(f"SET LOCAL statement_timeout = {ANONYMOUS_MS}"))
    return session.connection().exec_driver_sql(statement.sql, dict(statement.params)).all()
