"""Comparisons: = <> < > <= >=, IN, BETWEEN. Both sides must be of one kind.

A date is compared with a time as that time's day in China, as everywhere in this service.
"""

from typing import Any, Final

from gis.cql2.arithmetic import decimal
from gis.cql2.faults import fault
from gis.cql2.literals import decimal_text
from gis.cql2.scalars import compile_scalar
from gis.cql2.terms import Scope, Term, as_day
from gis.filters import is_storable

COMPARISONS: Final = ("=", "<>", "<", ">", "<=", ">=")


def compared(op: str, left: Term, right: Term) -> str:
    """Return a comparison of two values.

    Raises
    ------
    InvalidFilterError
        They are of different kinds, or of one that has no order.
    """
    left, right = _read_alike(left, right)
    left_sql, right_sql = _aligned(left, right)
    if left.kind == "geometry" or (left.kind == "boolean" and op not in ("=", "<>")):
        en, zh = left.words()
        raise fault(f"{op} cannot compare {en}", f"{op} 不能比较 {zh}")
    return f"({left_sql} {op} {right_sql})"


def _read_alike(left: Term, right: Term) -> tuple[Term, Term]:
    """Read a value of any kind as the other side is; two of them as texts."""
    if left.kind == right.kind == "any":
        return left.read_as("text"), right.read_as("text")
    return left.read_as(right.kind), right.read_as(left.kind)


def _aligned(left: Term, right: Term) -> tuple[str, str]:
    if left.kind == right.kind:
        if left.kind == "number" and (left.computed or right.computed):
            return decimal(left), decimal(right)
        return left.sql, right.sql
    if {left.kind, right.kind} == {"date", "date-time"}:
        return as_day(left), as_day(right)
    (left_en, left_zh), (right_en, right_zh) = left.words(), right.words()
    hint_en, hint_zh = _hint(left, right)
    raise fault(
        f"{left_en} cannot be compared with {right_en}{hint_en}",
        f"{left_zh}不能与 {right_zh}比较{hint_zh}",
    )


def _hint(left: Term, right: Term) -> tuple[str, str]:
    if {left.kind, right.kind} in ({"date", "text"}, {"date-time", "text"}):
        return (
            "; write DATE('2025-10-31') or TIMESTAMP('2025-10-31T08:00:00Z')",
            "；请写 DATE('2025-10-31') 或 TIMESTAMP('2025-10-31T08:00:00Z')",
        )
    return "", ""


def between(value: Term, low: Term, high: Term) -> str:
    """Return whether a value lies between two others, both included."""
    return f"({compared('>=', value, low)} AND {compared('<=', value, high)})"


def is_one_of(scope: Scope, value: Term, items: Any) -> str:
    """Return whether a value equals one of a list; nothing is in an empty list."""
    if not isinstance(items, list):
        raise fault("IN takes a list", "IN 需要一个列表")
    if value.kind == "any" and items and all(isinstance(item, str) for item in items):
        value = value.read_as("text")
    bound = _bound_list(scope, value, items)
    if bound is not None:
        return f"({value.sql} = ANY({bound}))"
    return _either([compared("=", value, compile_scalar(scope, item)) for item in items])


def _bound_list(scope: Scope, value: Term, items: list[Any]) -> str | None:
    """Bind a list of plain texts or numbers as one array; None for anything else."""
    if value.kind == "text" and all(isinstance(item, str) and is_storable(item) for item in items):
        return scope.bind(list(items), "text[]")
    plain = all(isinstance(item, int | float) and not isinstance(item, bool) for item in items)
    if value.kind == "number" and plain and not value.computed:
        return scope.bind([decimal_text(item) for item in items], "numeric[]")
    return None


def _either(conditions: list[str]) -> str:
    return f"({' OR '.join(conditions)})" if conditions else "FALSE"
