"""Calendar months as agencies count them."""

from datetime import date, timedelta


def is_closing_day(day: date) -> bool:
    """Tell whether a monthly period closes on this day (the last of the month).

    Examples
    --------
    >>> is_closing_day(date(2025, 10, 31)), is_closing_day(date(2025, 10, 30))
    (True, False)
    """
    return (day + timedelta(days=1)).day == 1


def months_between(start: date, end: date) -> int:
    """Count the whole months from one day to a later one; the last of a month closes it.

    Examples
    --------
    >>> months_between(date(2025, 7, 31), date(2025, 9, 30)), months_between(date(2025, 7, 15), date(2025, 8, 14))
    (2, 0)
    """
    months = 12 * (end.year - start.year) + end.month - start.month
    return months - 1 if end.day < start.day and not is_closing_day(end) else months
