"""Relations between the terms of a `where` clause: comparisons, IN, LIKE.

Esri knows one type of date. A field of days is midnight UTC of each day, so a comparison with a time is turned into
one with a day that says the same.
Source: Esri REST API, "Standardized functions and date queries".
"""

import operator
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from gis.esri.lexer import bad_where
from gis.esri.terms import (
    Term,
    Tree,
    at_midnight,
    both,
    moment_term,
    negated,
    number_term,
    parse_moment,
    truth_term,
)
from gis.filters.values import NUMBER

_LONGEST_CONSTANT_MATCH: Final = 1_000
_MIRRORED: Final = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def compared(sign: str, left: Term, right: Term) -> Term:
    """Compare two terms.

    Raises
    ------
    InvalidParameterError
        Values of different kinds, or NULL, which equals nothing.
    """
    if "null" in (left.kind, right.kind):
        raise bad_where("compare with IS NULL", "请用 IS NULL 比较空值", sign)
    if left.is_constant and right.is_constant:
        return _worked_out(sign, left, right)
    if left.is_constant:
        return compared(_MIRRORED[sign], right, left)
    if left.kind in ("date", "date-time") and right.is_constant:
        return _compared_in_time(sign, left, _as_moment(right))
    if left.kind in ("number", "boolean") and right.is_constant:
        right = _as_number(right) if left.kind == "number" else _as_truth(right)
    if left.kind != right.kind:
        raise bad_where(f"a {left.kind} is compared with a {right.kind}", "两侧类型不一致", sign)
    return _comparison(sign, left.tree, right.tree)


def _comparison(sign: str, left: Tree, right: Tree) -> Term:
    return Term("boolean", {"op": sign, "args": [left, right]})


def _worked_out(sign: str, left: Term, right: Term) -> Term:
    values = left.constant, right.constant
    if {left.kind, right.kind} <= {"date", "date-time"}:
        values = at_midnight(values[0]), at_midnight(values[1])
    elif left.kind != right.kind:
        raise bad_where(f"a {left.kind} is compared with a {right.kind}", "两侧类型不一致", sign)
    return truth_term(_COMPARE[sign](*values))


def _as_moment(term: Term) -> datetime:
    if term.kind == "string":
        return at_midnight(parse_moment(term.constant))
    if term.kind in ("date", "date-time"):
        return at_midnight(term.constant)
    raise bad_where(
        "a date is compared with DATE '2025-10-31' or TIMESTAMP '2025-10-31 08:00:00'",
        "日期字段请与 DATE '2025-10-31' 或 TIMESTAMP '2025-10-31 08:00:00' 比较",
        str(term.constant)[:40],
    )


def _as_number(term: Term) -> Term:
    if term.kind == "string" and NUMBER.fullmatch(term.constant.strip()):
        return number_term(float(term.constant))
    return term


def _as_truth(term: Term) -> Term:
    if term.kind == "number" and term.constant in (0, 1):
        return truth_term(bool(term.constant))
    return term


def _compared_in_time(sign: str, left: Term, moment: datetime) -> Term:
    if left.kind == "date-time":
        return _comparison(sign, left.tree, moment_term(moment).tree)
    day = moment.astimezone(UTC).date()
    tree = moment_term(day).tree
    if moment == at_midnight(day):
        return _comparison(sign, left.tree, tree)
    # Between two midnights: every day up to this one lies before, every later one behind.
    if sign in ("<", "<="):
        return _comparison("<=", left.tree, tree)
    if sign in (">", ">="):
        return _comparison(">", left.tree, tree)
    never = both("and", [_comparison("<", left.tree, tree), _comparison(">", left.tree, tree)])
    return never if sign == "=" else negated(never)


def among(term: Term, values: list[Term]) -> Term:
    """Return `term IN (values)`."""
    if term.is_constant or term.kind not in ("string", "number"):
        return both("or", [compared("=", term, value) for value in values])
    trees = []
    for value in values:
        kept = _as_number(value) if term.kind == "number" else value
        if not kept.is_constant or kept.kind != term.kind:
            raise bad_where(
                f"IN takes constants of the kind {term.kind}", "IN 的取值类型不符", str(value.tree)[:40]
            )
        trees.append(kept.tree)
    return Term("boolean", {"op": "in", "args": [term.tree, trees]})


def like(term: Term, pattern: Term, escape: str | None) -> Term:
    r"""Return `term LIKE pattern`, its escapes written as CQL2's backslash.

    Examples
    --------
    >>> from gis.esri.terms import text_term
    >>> like(Term("string", {"property": "name"}), text_term("100!%_\\"), "!").tree["args"][1]
    '100\\%_\\\\'
    """
    if term.kind != "string" or pattern.kind != "string" or not pattern.is_constant:
        raise bad_where(
            "LIKE compares a text with a pattern in quotation marks", "LIKE 需要文本字段与引号中的模式", ""
        )
    written = _pattern(pattern.constant, escape)
    if term.is_constant:
        if len(term.constant) + len(written) > _LONGEST_CONSTANT_MATCH:
            raise bad_where("two constants this long are not matched", "常量过长", "LIKE")
        return truth_term(_matches(term.constant, written))
    return Term("boolean", {"op": "like", "args": [term.tree, written]})


def _pattern(text: str, escape: str | None) -> str:
    out: list[str] = []
    letters = iter(text)
    for letter in letters:
        if letter == escape:
            meant = next(letters, None)
            if meant is None:
                raise bad_where("the pattern ends with its escape character", "模式以转义字符结尾", text)
            out.append(f"\\{meant}" if meant in "%_\\" else meant)
        else:
            out.append("\\\\" if letter == "\\" else letter)
    return "".join(out)


def _matches(text: str, pattern: str) -> bool:
    """Match a constant text without a regular expression, whose backtracking could be made to explode."""
    places = {0}
    for kind, letter in _pattern_letters(pattern):
        if kind == "any":
            places = set(range(min(places), len(text) + 1)) if places else places
        else:
            places = {at + 1 for at in places if at < len(text) and (kind == "one" or text[at] == letter)}
    return len(text) in places


def _pattern_letters(pattern: str) -> list[tuple[str, str]]:
    found = []
    letters = iter(pattern)
    for letter in letters:
        if letter == "\\":
            found.append(("letter", next(letters)))
        else:
            found.append(({"%": "any", "_": "one"}.get(letter, "letter"), letter))
    return found
