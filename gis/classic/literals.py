"""SQL with its values written in: for a configuration file, which cannot bind any.

Only values of our own get here: codes of classes, ends of bands, project numbers of a caller. A request's never.
"""

import math
from datetime import datetime

from gis.statement import Statement


def inlined(statement: Statement) -> str:
    """Return the text of a statement with its values in place.

    Raises
    ------
    ValueError
        A value is of a kind that has no place in a configuration.

    Examples
    --------
    >>> inlined(Statement("f.code = %(a)s AND f.id = ANY(%(b)s) AND f.x LIKE '%%'", {"a": "桥's", "b": [1, 2]}))
    "f.code = '桥''s' AND f.id = ANY(ARRAY[1, 2]::bigint[]) AND f.x LIKE '%'"
    """
    return statement.sql % {name: _literal(value) for name, value in statement.params.items()}


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    if isinstance(value, str) and value.isprintable() and not set(value) & {"\\", '"'}:
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, datetime):
        return f"'{value.isoformat()}'"
    if isinstance(value, list | tuple) and all(type(item) is int for item in value):
        return f"ARRAY[{', '.join(map(str, value))}]::bigint[]"
    raise ValueError(f"{value!r} cannot stand in a configuration")
