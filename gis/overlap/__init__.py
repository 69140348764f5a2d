"""Overlap 压占/合规性: one subject over any number of layers, answered by one statement."""

from collections.abc import Sequence

from gis.overlap.answer import (
    ClassOverlap,
    ItemOverlap,
    LayerOverlap,
    OverlapAnswer,
    Piece,
    Remainder,
    Slivers,
    read_overlap,
)
from gis.overlap.ellipsoid import ellipsoidal_area_sql, ellipsoidal_areas_m2
from gis.overlap.render import render_overlap
from gis.overlap.statement import members_statement, overlap_statement, overlaps_statement
from gis.overlap.subject import (
    OverlapSubject,
    SubjectRows,
    subject_from_ewkb,
    subject_from_geojson,
    subject_from_shape,
    subject_from_shapes,
)
from gis.overlap.target import OverlapOptions, OverlapTarget
from gis.overlap.thin import thin_statement
from gis.overlap.words import MAKE_UP_QUESTION, NEEDS_CASE_REVIEW, Note
from gis.overlap.zones import ZonePart
from gis.statement import Connection, Statement, fetch_row

__all__ = [
    "MAKE_UP_QUESTION",
    "NEEDS_CASE_REVIEW",
    "ClassOverlap",
    "ItemOverlap",
    "LayerOverlap",
    "Note",
    "OverlapAnswer",
    "OverlapOptions",
    "OverlapSubject",
    "OverlapTarget",
    "Piece",
    "Remainder",
    "Slivers",
    "SubjectRows",
    "ZonePart",
    "compute_overlap",
    "ellipsoidal_area_sql",
    "ellipsoidal_areas_m2",
    "members_statement",
    "overlap_statement",
    "overlaps_statement",
    "question_statement",
    "read_overlap",
    "render_overlap",
    "subject_from_ewkb",
    "subject_from_geojson",
    "subject_from_shape",
    "subject_from_shapes",
]


def question_statement(
    subject: OverlapSubject, targets: Sequence[OverlapTarget], options: OverlapOptions
) -> Statement:
    """Return the statement that fits the subject: of areas, or of lengths and numbers of points.

    Lines and points with a buffer are polygons.
    """
    if subject.dimension == 2 or options.buffer_m > 0:
        return overlap_statement(subject, targets, options)
    return thin_statement(subject, targets, options)


async def compute_overlap(
    connection: Connection,
    subject: OverlapSubject,
    targets: Sequence[OverlapTarget],
    options: OverlapOptions | None = None,
) -> OverlapAnswer:
    """Run the statement on a psycopg 3 connection and read its answer.

    On psycopg2 run `question_statement` and give its one text to `read_overlap`.
    """
    chosen = options or OverlapOptions()
    row = await fetch_row(connection, question_statement(subject, targets, chosen))
    if row is None:
        raise RuntimeError("the overlap statement always gives one row")
    return read_overlap(row[0], subject, targets, chosen)
