"""Numbers: + - * / % div ^, in decimals and without any operand that raises an error.

Decimals (`numeric`) know neither the overflow of floats nor their rounding. A division by zero and a power without
a result are unknown (NULL), so a row never makes a filter fail: what fails could be told from outside, also of rows
that the caller may not see. The number of calculations is bounded, so that the digits are: 40 products of numbers
below 1e308 stay far below the 131,072 digits that `numeric` has.
"""

from typing import Final

from gis.cql2.faults import too_large
from gis.cql2.terms import Scope, Term, wrong_kind

MAX_CALCULATIONS: Final = 40
ARITHMETIC: Final = {
    "+": "({} + {})",
    "-": "({} - {})",
    "*": "({} * {})",
    "/": "({} / nullif({}, 0))",
    "%": "mod({}, nullif({}, 0))",
    "div": "div({}, nullif({}, 0))",
    # The operands are named first, behind a fence that the planner does not take down: it would compute a constant
    # power before the questions that guard it.
    "^": "(SELECT CASE WHEN x = 0 AND y > 0 THEN 0 WHEN x = 0 AND y < 0 THEN NULL WHEN y = 0 THEN 1 "
    "WHEN x < 0 AND y <> trunc(y) THEN NULL "
    "WHEN abs(x) NOT BETWEEN 1e-300 AND 1e300 OR abs(y) > 1e6 THEN NULL "
    "WHEN abs(y * ln(abs(x))) > 690 THEN NULL "
    "ELSE power(x::float8, y::float8)::numeric END FROM (SELECT {} AS x, {} AS y OFFSET 0) operands)",
}


def calculated(scope: Scope, op: str, left: Term, right: Term) -> Term:
    """Return the result of a calculation."""
    scope.calculations += 1
    if scope.calculations > MAX_CALCULATIONS:
        raise too_large(f"{MAX_CALCULATIONS} calculations", f" {MAX_CALCULATIONS} 次运算")
    left, right = left.read_as("number"), right.read_as("number")
    for term in (left, right):
        if term.kind != "number":
            raise wrong_kind(term, "number", op)
    sql = ARITHMETIC[op].format(decimal(left), decimal(right))
    return Term("number", sql, f"the result of {op}", f"{op} 的结果", computed=True)


def decimal(term: Term) -> str:
    """Return a number as `numeric`."""
    return term.sql if term.computed else f"{term.sql}::numeric"
