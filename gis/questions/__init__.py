"""Spatial questions to the layers: what is within, near, along, twice, changed, and how much of it.

Each question is a statement built as a value; visibility, filter and time are in the selection it is put to.
"""

from gis.questions.answer import (
    AnswerPage,
    Form,
    Paging,
    Place,
    page_bytes,
    read_page,
    read_place,
    write_place,
)
from gis.questions.buffer import buffer_shape
from gis.questions.change import KINDS, change_count_statement, change_statement
from gis.questions.corridor import Corridor, corridor_statement, make_corridor
from gis.questions.duplicates import Sameness, duplicates_statement
from gis.questions.near import around_statement, nearest_statement
from gis.questions.relation import Relation, count_statement, relation_statement
from gis.questions.shape import AskedShape, shape_from, shape_from_ewkb, shape_from_geojson
from gis.questions.source import Source
from gis.questions.summary import Asking, Measure, Rule, summary_statement

__all__ = [
    "KINDS",
    "AnswerPage",
    "AskedShape",
    "Asking",
    "Corridor",
    "Form",
    "Measure",
    "Paging",
    "Place",
    "Relation",
    "Rule",
    "Sameness",
    "Source",
    "around_statement",
    "buffer_shape",
    "change_count_statement",
    "change_statement",
    "corridor_statement",
    "count_statement",
    "duplicates_statement",
    "make_corridor",
    "nearest_statement",
    "page_bytes",
    "read_page",
    "read_place",
    "relation_statement",
    "shape_from",
    "shape_from_ewkb",
    "shape_from_geojson",
    "summary_statement",
    "write_place",
]
