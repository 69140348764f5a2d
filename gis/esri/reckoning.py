"""Sums and functions in a `where` clause: constants are worked out, all else becomes part of the tree."""

import math
import operator
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from gis.esri.lexer import bad_where
from gis.esri.terms import Kind, Term, at_midnight, moment_term, number_term, text_term

# Name in SQL → name in CQL2, what it takes, what it gives, how a constant is worked out.
_FUNCTIONS: Final[dict[str, tuple[str, Kind, Kind, Callable[[Any], Any]]]] = {
    "UPPER": ("upper", "string", "string", str.upper),
    "LOWER": ("lower", "string", "string", str.lower),
    "TRIM": ("trim", "string", "string", lambda text: text.strip(" ")),
    "CHAR_LENGTH": ("length", "string", "number", len),
    "ABS": ("abs", "number", "number", abs),
    "CEILING": ("ceil", "number", "number", math.ceil),
    "FLOOR": ("floor", "number", "number", math.floor),
    "ROUND": (
        "round",
        "number",
        "number",
        lambda value: math.floor(abs(value) + 0.5) * (-1 if value < 0 else 1),
    ),
    "YEAR": ("year", "date", "number", lambda day: day.year),
    "MONTH": ("month", "date", "number", lambda day: day.month),
}
_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def calculated(sign: str, left: Term, right: Term) -> Term:
    """Return `left sign right`: numbers, and days or times with intervals.

    Raises
    ------
    InvalidParameterError
        Values that cannot be reckoned with, division by zero, a result out of range.
    """
    if left.kind in ("date", "date-time") and right.kind in ("interval", "number"):
        return _shifted(sign, left, right)
    if left.kind != "number" or right.kind != "number" or sign not in _ARITHMETIC:
        raise bad_where("numbers alone are reckoned with", "只能对数值做运算", sign)
    if not (left.is_constant and right.is_constant):
        return Term("number", {"op": sign, "args": [left.tree, right.tree]})
    try:
        return number_term(_ARITHMETIC[sign](left.constant, right.constant))
    except (ZeroDivisionError, OverflowError) as error:
        raise bad_where("the sum has no finite result", "运算没有有限的结果", sign) from error


def _shifted(sign: str, left: Term, right: Term) -> Term:
    if not (left.is_constant and right.is_constant) or sign not in "+-":
        raise bad_where(
            "an interval is added to a constant day or time alone", "时间间隔只能与常量日期相加减", sign
        )
    try:
        span = timedelta(days=right.constant) if right.kind == "number" else right.constant
        start = left.constant if not span % timedelta(days=1) else at_midnight(left.constant)
        return moment_term(start + (span if sign == "+" else -span))
    except OverflowError as error:
        raise bad_where(
            "the day lies outside of the years 1 to 9999", "日期超出 1 至 9999 年", sign
        ) from error


def applied(name: str, term: Term) -> Term:
    """Return a function of a term.

    Raises
    ------
    InvalidParameterError
        No function of the list, or one of another kind of value.

    Examples
    --------
    >>> applied("UPPER", Term("string", {"property": "code"})).tree
    {'op': 'upper', 'args': [{'property': 'code'}]}
    """
    if name not in _FUNCTIONS:
        known = ", ".join(_FUNCTIONS)
        raise bad_where(
            f"there is no such function; there are {known}", f"没有该函数；可用函数：{known}", name
        )
    called, takes, gives, work_out = _FUNCTIONS[name]
    if term.kind != takes and not (takes == "date" and term.kind == "date-time"):
        raise bad_where(f"{name} takes a {takes}, not a {term.kind}", f"{name} 的参数类型不符", name)
    if not term.is_constant:
        return Term(gives, {"op": called, "args": [term.tree]})
    value = work_out(term.constant)
    return text_term(value) if gives == "string" else number_term(value)
