"""Dates as ledgers write them: Chinese words, points and slashes, months without a day, serial numbers of Excel."""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from gis.exchange.amounts import CellError, find_fault, is_blank, plain

Precision = Literal["day", "decade", "month", "quarter", "half", "year"]

EPOCH_1900: Final = date(1899, 12, 30)
"""Day 0 of Excel's serial numbers; those before 1 March 1900 are a day off and not read."""

_YEARS: Final = range(1949, 2101)
_SERIALS: Final = range(17_900, 73_100)
_SEPARATOR: Final = r"\s*[-./年]\s*"
_DAY: Final = re.compile(
    rf"([0-9]{{4}}){_SEPARATOR}([0-9]{{1,2}})(?:\s*[-./月]\s*)([0-9]{{1,2}})\s*[日号]?"
    r"(?:[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
)
_MONTH: Final = re.compile(
    rf"([0-9]{{4}}){_SEPARATOR}([0-9]{{1,2}})\s*月?\s*(份|底|末|初|上旬|中旬|下旬)?(?:前|左右)?"
)
_COMPACT: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})?")
_YEAR: Final = re.compile(
    r"([0-9]{4})\s*年?度?\s*(底|末|初|上半年|下半年|(?:第?\s*[1-4一二三四]\s*季度)|[Qq][1-4])?(?:前)?"
)
_DIGITS: Final = str.maketrans("〇零一二三四五六七八九", "00123456789")
_CHINESE: Final = re.compile(
    r"([〇零一二三四五六七八九]{4})年(?:([一二三四五六七八九十]{1,2})月(?:([一二三四五六七八九十]{1,3})[日号])?)?"
)
_RANGE: Final = re.compile(r"\s*(?:--+|—+|–|~|～|至|到)\s*")


@dataclass(frozen=True)
class Dated:
    """A date as exactly as it was written: the first and the last day it can mean."""

    first: date
    last: date
    precision: Precision


def parse_date(value: object, number_format: str = "", epoch: date = EPOCH_1900) -> Dated | None:
    """Return the days a cell can mean, or None for a blank cell.

    Parameters
    ----------
    value : object
        A date, a serial number, or text.
    number_format : str
        Of the cell; it tells the number 2025.1 from 2025.10.
    epoch : date
        Day 0 of serial numbers: 1904-01-01 in workbooks of old Macs.

    Raises
    ------
    CellError
        No date, no such day, no year, or a number that two months would show as.

    Examples
    --------
    >>> parse_date("2025.3").first, parse_date("2025年3月底").first, parse_date(45717).first
    (datetime.date(2025, 3, 1), datetime.date(2025, 3, 31), datetime.date(2025, 3, 1))
    >>> parse_date("2025年第四季度").last, parse_date("二〇二五年十月一日").precision
    (datetime.date(2025, 12, 31), 'day')
    """
    if is_blank(value):
        return None
    if isinstance(value, datetime):
        return _exact(value.date())
    if isinstance(value, date):
        return _exact(value)
    if isinstance(value, bool | timedelta):
        raise _no_date(value)
    if isinstance(value, int | float):
        return _from_number(float(value), number_format, epoch)
    fault = find_fault(value)
    if fault is not None:
        raise fault
    return _from_text(plain(value))


def parse_period(value: object) -> tuple[Dated, Dated] | None:
    """Return beginning and end of a span of time, or None for a blank cell.

    Raises
    ------
    CellError
        No span, or one that ends before it begins.

    Examples
    --------
    >>> begin, end = parse_period("2025.3-2026.10")
    >>> begin.first, end.last
    (datetime.date(2025, 3, 1), datetime.date(2026, 10, 31))
    """
    if is_blank(value):
        return None
    parts = _split(plain(value))
    if parts is None:
        raise CellError(
            f"{plain(value)[:40]!r} is no span of time; write it like 2025.3-2026.10.",
            f"{plain(value)[:40]!r} 不是起止时间，请写成 2025.3-2026.10。",
        )
    begin, end = _from_text(parts[0]), _from_text(parts[1])
    if end.last < begin.first:
        raise CellError(
            f"{plain(value)[:40]!r} ends before it begins.", f"{plain(value)[:40]!r} 的结束早于开始。"
        )
    return begin, end


def _split(text: str) -> tuple[str, str] | None:
    parts = _RANGE.split(text)
    if len(parts) == 2:
        return parts[0], parts[1]
    # A plain hyphen also stands inside of dates: the one before a year separates.
    hyphens = [found.start() for found in re.finditer(r"-(?=\s*[0-9]{4}(?![0-9]))", text)]
    if len(hyphens) != 1:
        return None
    return text[: hyphens[0]].strip(), text[hyphens[0] + 1 :].strip()


def _from_number(number: float, number_format: str, epoch: date) -> Dated:
    if number.is_integer() and int(number) in _YEARS:
        return _year(int(number), None)
    if int(number) in _SERIALS:
        return _exact(epoch + timedelta(days=int(number)))
    if number.is_integer() and len(str(int(number))) in (6, 8):
        return _from_text(str(int(number)))
    if int(number) in _YEARS:
        return _from_decimal(number, number_format)
    raise _no_date(number)


def _from_decimal(number: float, number_format: str) -> Dated:
    if re.search(r"0\.00(?![0-9])", number_format):
        return _from_text(f"{number:.2f}")
    text = repr(number)
    if text.endswith(".1"):
        raise CellError(
            f"The number {text} can be January or October; write {text[:4]}-01 or {text[:4]}-10 as text.",
            f"数值 {text} 可能是 1 月或 10 月，请以文本填写 {text[:4]}-01 或 {text[:4]}-10。",
        )
    return _from_text(text)


def _from_text(text: str) -> Dated:
    text = _western(text.strip())
    for pattern, read in _READERS:
        found = pattern.fullmatch(text)
        if found is not None:
            return read(found)
    raise _no_date(text)


def _western(text: str) -> str:
    """Return a date in Chinese numerals with digits."""
    found = _CHINESE.fullmatch(text)
    if found is None:
        return text
    year = found[1].translate(_DIGITS)
    month, day = (_small(part) if part else None for part in (found[2], found[3]))
    return f"{year}年" + (f"{month}月" if month else "") + (f"{day}日" if day else "")


def _small(text: str) -> int:
    """Return a Chinese number below 100.

    Examples
    --------
    >>> _small("十"), _small("十二"), _small("三十一"), _small("九")
    (10, 12, 31, 9)
    """
    if "十" not in text:
        return int(text.translate(_DIGITS))
    tens, _, ones = text.partition("十")
    return 10 * int((tens or "一").translate(_DIGITS)) + int((ones or "零").translate(_DIGITS))


def _day(found: re.Match[str]) -> Dated:
    return _exact(_made(int(found[1]), int(found[2]), int(found[3])))


def _compact(found: re.Match[str]) -> Dated:
    year, month = int(found[1]), int(found[2])
    return _exact(_made(year, month, int(found[3]))) if found[3] else _month_of(year, month, None)


def _month(found: re.Match[str]) -> Dated:
    return _month_of(int(found[1]), int(found[2]), found[3])


def _month_of(year: int, month: int, part: str | None) -> Dated:
    first = _made(year, month, 1)
    length = calendar.monthrange(year, month)[1]
    if part in ("底", "末"):
        return Dated(first.replace(day=length), first.replace(day=length), "decade")
    if part == "初":
        return Dated(first, first, "decade")
    if part in ("上旬", "中旬", "下旬"):
        start = {"上旬": 1, "中旬": 11, "下旬": 21}[part]
        return Dated(
            first.replace(day=start),
            first.replace(day=min(start + 9, 30) if start < 21 else length),
            "decade",
        )
    return Dated(first, first.replace(day=length), "month")


def _year_of(found: re.Match[str]) -> Dated:
    return _year(int(found[1]), found[2])


def _year(year: int, part: str | None) -> Dated:
    _made(year, 1, 1)
    if part is None:
        return Dated(date(year, 1, 1), date(year, 12, 31), "year")
    if part in ("底", "末", "初"):
        day = date(year, 1, 1) if part == "初" else date(year, 12, 31)
        return Dated(day, day, "decade")
    if part.endswith("半年"):
        months = (1, 6) if part.startswith("上") else (7, 12)
        return Dated(date(year, months[0], 1), date(year, months[1], 30 if months[1] == 6 else 31), "half")
    quarter = int(re.sub(r"[^1-4]", "", part.translate(_DIGITS)))
    last = 3 * quarter
    return Dated(date(year, last - 2, 1), date(year, last, calendar.monthrange(year, last)[1]), "quarter")


_READERS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Dated]], ...]] = (
    (_DAY, _day),
    (_COMPACT, _compact),
    (_MONTH, _month),
    (_YEAR, _year_of),
)


def _exact(day: date) -> Dated:
    if day.year not in _YEARS:
        raise _no_date(day)
    return Dated(day, day, "day")


def _made(year: int, month: int, day: int) -> date:
    if year not in _YEARS:
        raise CellError(f"There is no plausible year {year}.", f"年份 {year} 不合理。")
    if not 1 <= month <= 12:
        raise CellError(f"There is no month {month}; write 1 to 12.", f"月份 {month} 不存在，应为 1 至 12。")
    if not 1 <= day <= calendar.monthrange(year, month)[1]:
        raise CellError(
            f"There is no day {day} in {year}-{month:02d}.", f"{year} 年 {month} 月没有第 {day} 日。"
        )
    return date(year, month, day)


def _no_date(value: object) -> CellError:
    return CellError(
        f"{plain(value)[:40]!r} is no date; write it like 2025-03-01, 2025.3 or 2025年3月.",
        f"{plain(value)[:40]!r} 不是日期，请写成 2025-03-01、2025.3 或 2025年3月。",
    )
