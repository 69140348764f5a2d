"""Terms of a `where` clause: constants are worked out here, all else becomes a CQL2 JSON tree.

Esri knows one type of date. A field of days is midnight UTC of each day, so a comparison with a time is turned into
one with a day that says the same.
Source: Esri REST API, "Standardized functions and date queries"; CQL2, OGC 21-065r2.
"""

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal

from gis.esri.lexer import bad_where
from gis.filters.values import NUMBER
from gis.layer import Field, FieldType

Kind = Literal["boolean", "string", "number", "date", "date-time", "interval", "null"]
Tree = Any

NOTHING_KNOWN: Final = object()
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
_LARGEST_NUMBER: Final = 1e30
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
_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
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
        values = _at_midnight(values[0]), _at_midnight(values[1])
    elif left.kind != right.kind:
        raise bad_where(f"a {left.kind} is compared with a {right.kind}", "两侧类型不一致", sign)
    return truth_term(_COMPARE[sign](*values))


def _at_midnight(value: date | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time(), UTC)


def _as_moment(term: Term) -> datetime:
    if term.kind == "string":
        return _at_midnight(parse_moment(term.constant))
    if term.kind in ("date", "date-time"):
        return _at_midnight(term.constant)
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
    if moment == _at_midnight(day):
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
        start = left.constant if not span % timedelta(days=1) else _at_midnight(left.constant)
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
