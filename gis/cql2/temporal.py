"""Temporal relations of instants and intervals.

Where a date takes part, all is compared by days in China; else by instants. An instant is an interval whose ends
are equal. A property without a value makes the relation unknown, `'..'` is an open end.
Source: OGC CQL2, 21-065r2, 8.5.
"""

from dataclasses import dataclass
from typing import Any, Final

from gis.cql2.faults import fault
from gis.cql2.literals import EARLIEST, LATEST, date_term, is_date, timestamp_term
from gis.cql2.scalars import compile_scalar, exactly
from gis.cql2.terms import Scope, Term, as_day, wrong_kind

TEMPORAL: Final = {
    "t_after": "{s1} > {e2}",
    "t_before": "{e1} < {s2}",
    "t_contains": "{s1} < {s2} AND {e1} > {e2}",
    "t_disjoint": "({e1} < {s2} OR {s1} > {e2})",
    "t_during": "{s1} > {s2} AND {e1} < {e2}",
    "t_equals": "{s1} = {s2} AND {e1} = {e2}",
    "t_finishedby": "{s1} < {s2} AND {e1} = {e2}",
    "t_finishes": "{s1} > {s2} AND {e1} = {e2}",
    "t_intersects": "{s1} <= {e2} AND {e1} >= {s2}",
    "t_meets": "{e1} = {s2}",
    "t_metby": "{s1} = {e2}",
    "t_overlappedby": "{s1} > {s2} AND {s1} < {e2} AND {e1} > {e2}",
    "t_overlaps": "{s1} < {s2} AND {e1} > {s2} AND {e1} < {e2}",
    "t_startedby": "{s1} = {s2} AND {e1} > {e2}",
    "t_starts": "{s1} = {s2} AND {e1} < {e2}",
}


@dataclass(frozen=True)
class _Span:
    """A closed interval; None is an open end."""

    start: Term | None
    end: Term | None

    def terms(self) -> list[Term]:
        return [term for term in (self.start, self.end) if term is not None]


def timed(scope: Scope, op: str, arguments: list[Any]) -> str:
    """Return a temporal relation of two instants or intervals."""
    first, second = (_span(scope, op, node) for node in exactly(op, arguments, 2))
    by_day = any(term.kind == "date" for term in (*first.terms(), *second.terms()))
    ends = {
        "s1": _sql(first.start, EARLIEST, by_day=by_day),
        "e1": _sql(first.end, LATEST, by_day=by_day),
        "s2": _sql(second.start, EARLIEST, by_day=by_day),
        "e2": _sql(second.end, LATEST, by_day=by_day),
    }
    return f"({TEMPORAL[op].format(**ends)})"


def _sql(term: Term | None, open_end: str, *, by_day: bool) -> str:
    if term is None:
        return f"'{open_end}'::{'date' if by_day else 'timestamptz'}"
    return as_day(term) if by_day else term.sql


def _span(scope: Scope, op: str, node: Any) -> _Span:
    if isinstance(node, dict) and "interval" in node:
        ends = node["interval"]
        if not isinstance(ends, list) or len(ends) != 2:
            raise fault("INTERVAL takes a start and an end", "INTERVAL 需要起、止两个时间")
        return _Span(*(_end(scope, op, end) for end in ends))
    term = _temporal(op, compile_scalar(scope, node))
    return _Span(term, term)


def _end(scope: Scope, op: str, node: Any) -> Term | None:
    if node == "..":
        return None
    if isinstance(node, str):
        return date_term(scope, node) if is_date(node) else timestamp_term(scope, node)
    return _temporal(op, compile_scalar(scope, node))


def _temporal(op: str, term: Term) -> Term:
    if term.kind in ("date", "date-time"):
        return term
    raise wrong_kind(term, "date", op)
