"""CQL2 filters, text and JSON, into conditions: a closed list of operators and names, every value bound.

A filter is read to a tree first (`parse_filter`) and then walked against one layer
(`compile_filter`). What may fail on one row and not on another (a division by zero, a power, a
relation of invalid geometry) is written so that it is unknown instead: a filter must never tell, by
failing, of a row that its caller may not see.
Source: OGC CQL2, 21-065r2; OGC API Features Part 3, 19-079r2.
"""

from gis.cql2.conditions import compile_filter
from gis.cql2.documents import Document, split_path
from gis.cql2.functions import FUNCTIONS, Function
from gis.cql2.reading import CQL_LANGUAGES, CqlLanguage, CqlTree, parse_filter

__all__ = [
    "CQL_LANGUAGES",
    "FUNCTIONS",
    "CqlLanguage",
    "CqlTree",
    "Document",
    "Function",
    "compile_filter",
    "parse_filter",
    "split_path",
]
