"""Months as whole numbers, for plans that start and end with a month."""

from calendar import monthrange
from datetime import date

from twin.samples.district import AS_OF


def month_index(day: date) -> int:
    """Return the months since year 0 of the month that holds a day."""
    return day.year * 12 + day.month - 1


AS_OF_MONTH = month_index(AS_OF)


def first_day(index: int) -> date:
    """Return the first day of a month.

    Examples
    --------
    >>> first_day(AS_OF_MONTH)
    datetime.date(2025, 10, 1)
    """
    return date(index // 12, index % 12 + 1, 1)


def last_day(index: int) -> date:
    """Return the last day of a month.

    Examples
    --------
    >>> last_day(AS_OF_MONTH)
    datetime.date(2025, 10, 31)
    """
    year, month = index // 12, index % 12 + 1
    return date(year, month, monthrange(year, month)[1])


def period_end(period: str) -> date:
    """Return the closing day of a period ``YYYY-MM``."""
    year, month = int(period[:4]), int(period[5:])
    return last_day(year * 12 + month - 1)
