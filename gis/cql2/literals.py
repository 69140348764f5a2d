"""Values as callers write them, checked and bound."""

import re
from datetime import date, datetime
from typing import Any, Final

from gis.cql2.faults import fault, shown
from gis.cql2.terms import Scope, Term
from gis.errors import InvalidDatetimeError
from gis.filters import parse_datetime

LATEST: Final = "infinity"
EARLIEST: Final = "-infinity"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LARGEST_EXACT: Final = 2**63


def text_term(scope: Scope, value: str) -> Term:
    """Bind a text."""
    return Term("text", scope.bind(value, "text"), shown(value), shown(value))


def number_term(scope: Scope, value: float) -> Term:
    """Bind a number as a decimal: as it was written, not as the nearest binary fraction."""
    text = decimal_text(value)
    return Term("number", scope.bind(text, "numeric"), text, text)


def decimal_text(value: float) -> str:
    """Return a number as PostgreSQL reads it.

    Examples
    --------
    >>> decimal_text(1.0), decimal_text(0.1), decimal_text(9007199254740992.0), decimal_text(1e300)
    ('1', '0.1', '9007199254740992', '1e+300')
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_EXACT:
        return str(int(value))
    return repr(value)


def boolean_term(scope: Scope, value: bool) -> Term:
    """Bind true or false."""
    return Term("boolean", scope.bind(value, "boolean"), str(value).lower(), str(value).lower())


def date_term(scope: Scope, text: Any) -> Term:
    """Bind a date."""
    return Term("date", scope.bind(read_date(text), "date"), str(text), str(text))


def timestamp_term(scope: Scope, text: Any) -> Term:
    """Bind an instant."""
    return Term("date-time", scope.bind(read_timestamp(text), "timestamptz"), str(text), str(text))


def read_date(text: Any) -> date | str:
    """Read a date; the years 0000 and 9999, which QGIS writes for open ends, are open."""
    if isinstance(text, str) and _DATE.fullmatch(text):
        try:
            day = date.fromisoformat(text.replace("0000-", "2000-", 1))
            return _open_end(text) or day
        except ValueError:
            pass
    raise fault(f"{shown(text)} is no date such as 2025-10-31", f"{shown(text)} 不是日期（如 2025-10-31）")


def read_timestamp(text: Any) -> datetime | str:
    """Read an instant with its zone; the years 0000 and 9999 are open ends."""
    if isinstance(text, str) and "T" in text.upper() and "/" not in text:
        try:
            start = parse_datetime(text).start
        except InvalidDatetimeError:
            pass
        else:
            return _open_end(text) or start or LATEST
    raise fault(
        f"{shown(text)} is no time such as 2025-10-31T08:00:00Z",
        f"{shown(text)} 不是时刻（如 2025-10-31T08:00:00Z）",
    )


def is_date(text: str) -> bool:
    """Say whether the text looks like a date without a time."""
    return _DATE.fullmatch(text) is not None


def _open_end(text: str) -> str | None:
    return {"0000-": EARLIEST, "9999-": LATEST}.get(text[:5])
