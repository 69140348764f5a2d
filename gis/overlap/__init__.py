"""Overlap 压占/合规性: one subject over any number of layers, answered by one statement."""

from collections.abc import Sequence

from gis.overlap.answer import ClassOverlap, ItemOverlap, LayerOverlap, OverlapAnswer, Slivers, read_overlap
from gis.overlap.render import render_overlap
from gis.overlap.statement import overlap_statement
from gis.overlap.subject import OverlapSubject, subject_from_ewkb, subject_from_geojson, subject_from_shape
from gis.overlap.target import OverlapOptions, OverlapTarget
from gis.overlap.words import MAKE_UP_QUESTION, NEEDS_CASE_REVIEW, Note
from gis.statement import Connection, fetch_row

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
    "Slivers",
    "compute_overlap",
    "overlap_statement",
    "read_overlap",
    "render_overlap",
    "subject_from_ewkb",
    "subject_from_geojson",
    "subject_from_shape",
]


async def compute_overlap(
    connection: Connection,
    subject: OverlapSubject,
    targets: Sequence[OverlapTarget],
    options: OverlapOptions | None = None,
) -> OverlapAnswer:
    """Run the statement on a psycopg 3 connection and read its answer.

    On psycopg2 run `overlap_statement` and give its one text to `read_overlap`.
    """
    chosen = options or OverlapOptions()
    row = await fetch_row(connection, overlap_statement(subject, targets, chosen))
    if row is None:
        raise RuntimeError("the overlap statement always gives one row")
    return read_overlap(row[0], subject, targets, chosen)
