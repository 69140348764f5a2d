"""Terms of a `where` clause: constants are worked out here, all else becomes a CQL2 JSON tree.

Source: CQL2, OGC 21-065r2.
"""

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final, Literal

from gis.esri.lexer import bad_where
from gis.layer import Field, FieldType

Kind = Literal["boolean", "string", "number", "date", "date-time", "interval", "null"]
Tree = Any

NOTHING_KNOWN: Final = object()
_LARGEST_NUMBER: Final = 1e30
_FIELD_KINDS: Final[dict[FieldType, Kind]] = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "date-time": "date-time",
}
_MOMENT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)(Z|[+-]\d{2}:\d{2})?)?", re.ASCII
)


@dataclass(frozen=True)
class Term:
    """One part of a clause: its tree, what kind of value it has, and the value itself where that is known."""

    kind: Kind
    tree: Tree
    constant: Any = NOTHING_KNOWN

    @property
    def is_constant(self) -> bool:
        """Whether the value is known without looking at a row."""
        return self.constant is not NOTHING_KNOWN


TRUE: Final = Term("boolean", True, True)
FALSE: Final = Term("boolean", False, False)
NULL: Final = Term("null", None, None)


def property_term(item: Field) -> Term:
    """Return the term of a field."""
    return Term(_FIELD_KINDS[item.type], {"property": item.name})


def text_term(value: str) -> Term:
    """Return the term of a text."""
    return Term("string", value, value)


def number_term(value: float) -> Term:
    """Return the term of a number.

    Raises
    ------
    InvalidParameterError
        Not finite, or beyond what a comparison could need.
    """
    if not math.isfinite(value) or abs(value) > _LARGEST_NUMBER:
        raise bad_where("a number is too large", "数值过大", str(value)[:40])
    whole = int(value) if value == int(value) else value  # 6/2 is 3, which a whole-number field can equal
    return Term("number", whole, whole)


def truth_term(value: bool) -> Term:
    """Return TRUE or FALSE."""
    return TRUE if value else FALSE


def moment_term(value: date | datetime) -> Term:
    """Return the term of a day or of a time with its zone."""
    if isinstance(value, datetime):
        text = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return Term("date-time", {"timestamp": text}, value)
    return Term("date", {"date": value.isoformat()}, value)


def parse_moment(text: str) -> date | datetime:
    """Read what stands in a DATE or TIMESTAMP literal; a time without a zone is UTC.

    Raises
    ------
    InvalidParameterError
        No such day or time.

    Examples
    --------
    >>> parse_moment("2025-10-31"), parse_moment("2025-10-31 08:00:00").isoformat()
    (datetime.date(2025, 10, 31), '2025-10-31T08:00:00+00:00')
    """
    match = _MOMENT.fullmatch(text.strip())
    try:
        if match and match[2] is None:
            return date.fromisoformat(match[1])
        if match:
            found = datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3] or 'Z'}")
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise bad_where(
        "it is no day or time such as 2025-10-31 08:00:00", "不是日期或时间（如 2025-10-31 08:00:00）", text
    )


def both(operation: Literal["and", "or"], terms: list[Term]) -> Term:
    """Join boolean terms; constants are worked out and fall away."""
    for term in terms:
        _need_boolean(term)
    deciding = operation == "or"
    if any(term.constant is deciding for term in terms):
        return truth_term(deciding)
    left = [term for term in terms if not term.is_constant]
    if not left:
        return truth_term(not deciding)
    if len(left) == 1:
        return left[0]
    return Term("boolean", {"op": operation, "args": [term.tree for term in left]})


def negated(term: Term) -> Term:
    """Return NOT of a boolean term."""
    _need_boolean(term)
    if term.is_constant:
        return truth_term(not term.constant)
    return Term("boolean", {"op": "not", "args": [term.tree]})


def _need_boolean(term: Term) -> None:
    if term.kind != "boolean":
        raise bad_where("AND, OR and NOT join comparisons, not values", "AND、OR、NOT 只能连接条件", "")


def is_null(term: Term) -> Term:
    """Return IS NULL of a term."""
    if term.is_constant:
        return truth_term(term.kind == "null")
    return Term("boolean", {"op": "isNull", "args": [term.tree]})


def at_midnight(value: date | datetime) -> datetime:
    """Return a time as it is, a day as its midnight in UTC."""
    return value if isinstance(value, datetime) else datetime.combine(value, time(), UTC)
