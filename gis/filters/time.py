"""`datetime`: instants, intervals, and what they mean for a layer.

Source: OGC API Features Part 1, 17-069r4, 7.15.4; RFC 3339.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

from gis.errors import InvalidDatetimeError
from gis.layer import Selection
from gis.statement import EVERYTHING, ROW, Condition

LOCAL_TIME: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""A date without a time means that day in China, which keeps one time and no summer time."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


@dataclass(frozen=True)
class TimeSpan:
    """A closed interval of time; None is open. An instant has both ends equal."""

    start: datetime | None
    end: datetime | None


def parse_datetime(text: str) -> TimeSpan:
    """Read `datetime`: an RFC 3339 instant or a closed, half-open or open interval.

    A date alone means that whole day in China. The years 0000 and 9999, which QGIS writes for
    open ends, are open.

    Raises
    ------
    InvalidDatetimeError
        Anything else, or an end before its start.

    Examples
    --------
    >>> parse_datetime("2025-10-31T00:00:00Z").end.isoformat()
    '2025-10-31T00:00:00+00:00'
    >>> parse_datetime("../2025-10-31T00:00:00Z").start is None
    True
    """
    parts = text.strip().split("/")
    if len(parts) == 1:
        return _span(parts[0], text)
    if len(parts) != 2:
        raise _bad_datetime(text)
    start = None if parts[0] in ("", "..") else _span(parts[0], text).start
    end = None if parts[1] in ("", "..") else _span(parts[1], text).end
    if start and end and start > end:
        raise InvalidDatetimeError(
            f"datetime={text[:80]!r} ends before it starts.",
            f"datetime={text[:80]!r} 的结束早于开始。",
            where="datetime",
        )
    return TimeSpan(start, end)


def _span(part: str, whole: str) -> TimeSpan:
    part = part.strip()
    # A plus sign that was not percent-encoded arrives as a blank.
    part = re.sub(r" (?=[0-9]{2}:[0-9]{2}$)", "+", part)
    if part.startswith(("0000-", "9999-")) and (_DATE.fullmatch(part) or _INSTANT.fullmatch(part)):
        return TimeSpan(None, None)
    try:
        if _DATE.fullmatch(part):
            midnight = datetime.combine(date.fromisoformat(part), time(), LOCAL_TIME)
            return TimeSpan(_utc(midnight), _utc(midnight + timedelta(days=1, microseconds=-1)))
        if _INSTANT.fullmatch(part):
            instant = _utc(datetime.fromisoformat(part.upper()))
            return TimeSpan(instant, instant)
    except (ValueError, OverflowError) as error:
        raise _bad_datetime(whole) from error
    raise _bad_datetime(whole)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _bad_datetime(text: str) -> InvalidDatetimeError:
    return InvalidDatetimeError(
        f"datetime={text[:80]!r} is no RFC 3339 time such as 2025-10-31T08:00:00+08:00, no date and no interval.",
        f"datetime={text[:80]!r} 不是 RFC 3339 时间（如 2025-10-31T08:00:00+08:00）、日期或时间区间。",
        where="datetime",
    )


def apply_datetime(selection: Selection, span: TimeSpan) -> Selection:
    """Narrow a selection to a time.

    A temporal layer answers with its state as known at the end of the span (an open end is now);
    a layer with a time field keeps the rows inside the span, and rows without a time; any other
    layer is left as it is (Part 1, 7.15.4).
    """
    if selection.layer.temporal:
        return replace(selection, at=span.end)
    name = selection.layer.time_field
    if name is None:
        return selection
    condition = EVERYTHING
    if span.start:
        bound = Condition(
            f"({ROW}.{name} >= %(time_start)s::timestamptz OR {ROW}.{name} IS NULL)",
            {"time_start": span.start},
        )
        condition = condition & bound
    if span.end:
        bound = Condition(
            f"({ROW}.{name} <= %(time_end)s::timestamptz OR {ROW}.{name} IS NULL)", {"time_end": span.end}
        )
        condition = condition & bound
    return selection.filtered(condition)
