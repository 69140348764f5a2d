"""Dates, durations, percents and money as schedules write them."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

_ISO_DURATION = re.compile(
    r"(-)?P(?:(\d+(?:\.\d+)?)Y)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_EXCEL_ZERO = date(1899, 12, 30)
_MONEY_UNITS = {"": 1, "元": 1, "万": 10_000, "万元": 10_000, "亿": 100_000_000, "亿元": 100_000_000}


def day_of(value: Any) -> date | None:
    """Read a day; None where nothing is written.

    Raises
    ------
    ValueError
        Something is written that is no day.

    Examples
    --------
    >>> day_of("2025-03-01T08:00:00"), day_of("2025年3月1日"), day_of(45717)
    (datetime.date(2025, 3, 1), datetime.date(2025, 3, 1), datetime.date(2025, 3, 1))
    """
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, int | float):
        return _from_excel(float(value))
    text = str(value).strip()
    if text in ("", "-", "—", "NA"):
        return None
    found = _DAY.match(text)
    if found is None:
        if re.fullmatch(r"\d{5}(\.\d+)?", text):
            return _from_excel(float(text))
        raise ValueError(f"{text[:40]!r} is no day")
    year, month, day = (int(part) for part in found.groups())
    return date(year, month, day)


def _from_excel(number: float) -> date:
    if not 20_000 <= number <= 80_000:
        raise ValueError(f"{number:g} is no day")
    return _EXCEL_ZERO + timedelta(days=int(number))


def hours_of(text: str | None) -> float | None:
    """Read an ISO 8601 duration in hours; None where it is missing or counts months or years.

    Examples
    --------
    >>> hours_of("PT16H30M0S"), hours_of("P0Y0M1DT16H0M0S"), hours_of("P1M")
    (16.5, 40.0, None)
    """
    found = _ISO_DURATION.fullmatch((text or "").strip())
    if found is None or not any(found.groups()[1:]):
        return None
    years, months, weeks, days, hours, minutes, seconds = (float(part or 0) for part in found.groups()[1:])
    if years or months:
        return None
    total = weeks * 168 + days * 24 + hours + minutes / 60 + seconds / 3600
    return -total if found.group(1) else total


def number_of(value: Any) -> Decimal | None:
    """Read a number; None where nothing is written.

    Raises
    ------
    ValueError
        Something is written that is no number.

    Examples
    --------
    >>> number_of("1,200.5"), number_of("—"), number_of("３２")
    (Decimal('1200.5'), None, Decimal('32'))
    """
    if value is None or isinstance(value, bool):
        return None
    text = str(value).strip().replace(",", "").replace("，", "").replace(" ", "")
    if text in ("", "-", "—"):
        return None
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text[:40]!r} is no number") from error
    if not number.is_finite():
        raise ValueError(f"{text[:40]!r} is no number")
    return number


def percent_of(value: Any) -> Decimal | None:
    """Read a percent between 0 and 100.

    Raises
    ------
    ValueError
        It is none.

    Examples
    --------
    >>> percent_of("35.5%")
    Decimal('35.5')
    """
    text = value.strip().removesuffix("%").removesuffix("％") if isinstance(value, str) else value
    number = number_of(text)
    if number is not None and not 0 <= number <= 100:
        raise ValueError(f"{number} lies outside 0 to 100")
    return number


def money_of(value: Any, unit: str = "") -> Decimal | None:
    """Read an amount in yuan; a unit in the cell must agree with the unit of the header.

    Raises
    ------
    ValueError
        It is no amount, or the units disagree.

    Examples
    --------
    >>> money_of("1.2亿"), money_of(12000, "万元")
    (Decimal('120000000.0'), Decimal('120000000'))
    """
    if not isinstance(value, str):
        number = number_of(value)
        return None if number is None else number * _MONEY_UNITS[unit]
    text = value.strip()
    written = next((name for name in ("亿元", "万元", "亿", "万", "元") if text.endswith(name)), "")
    if written and unit and _MONEY_UNITS[written] != _MONEY_UNITS[unit]:
        raise ValueError(f"{text[:40]!r} disagrees with the header's {unit}")
    number = number_of(text.removesuffix(written))
    return None if number is None else number * _MONEY_UNITS[written or unit]
