"""Codes of a project: the archive number 电子档案编号 and the national code 项目代码 (`domain.md` §5)."""

import re
from typing import Final

from twin.errors import InvalidInputError

_ARCHIVE: Final = re.compile(r"([0-9]{6})-([0-9]{4})-([0-9]{2})-([0-9]{4})-([0-9])")
_NATIONAL: Final = re.compile(r"([0-9]{4})-[0-9]{6}-[0-9]{2}-[0-9]{2}-[0-9]{6}(-[0-9]{3})?")
_OLD_STYLE_YEARS: Final = range(
    2013, 2022
)  # no months: such a code begins with its year, and has no check digit
_MONTHS: Final = range(1, 13)


def check_digit(digits: str) -> str:
    """Return the ISO 7064 MOD 11,10 check digit of a string of digits.

    Examples
    --------
    >>> check_digit("3412992023010001"), check_digit("2303341299040110001")
    ('1', '5')
    """
    product = 10
    for digit in digits:
        total = (int(digit) + product) % 10 or 10
        product = 2 * total % 11
    return str((11 - product) % 10)


def check_archive_number(code: str, category: str) -> None:
    """Check shape, class and check digit of an archive number, ``{region6}-{year}-{class2}-{seq4}-{C}``.

    Raises
    ------
    InvalidInputError
        The message says what is wrong, and the right check digit.

    Examples
    --------
    >>> check_archive_number("341299-2025-03-0128-4", "03")
    """
    found = _ARCHIVE.fullmatch(code)
    if found is None:
        raise _wrong(
            f"{code[:40]!r} is no archive number; write region-year-class-number-check like 341299-2025-03-0128-4.",
            f"{code[:40]!r} 不是档案编号；应形如 341299-2025-03-0128-4（区划-年份-类别-序号-校验）。",
        )
    *parts, given = found.groups()
    right = check_digit("".join(parts))
    if given != right:
        raise _wrong(
            f"The check digit of {code} should be {right}; compare the number with its source.",
            f"{code} 的校验位应为 {right}；请核对编号。",
        )
    if parts[2] != category:
        raise _wrong(
            f"{code} is of class {parts[2]}, the project of category {category}.",
            f"{code} 的类别为 {parts[2]}，与项目类别 {category} 不一致。",
        )


def check_national_code(code: str) -> None:
    """Check the shape of a national code (GB/T 40058). Its check digit is not judged: old ones do not follow it.

    Raises
    ------
    InvalidInputError
        No such shape, or its year and month cannot be.

    Examples
    --------
    >>> check_national_code("2303-341299-04-01-100015"), check_national_code("2018-341299-48-01-000123")
    (None, None)
    """
    found = _NATIONAL.fullmatch(code)
    time = int(found[1]) if found else 0
    if found and (time in _OLD_STYLE_YEARS or time % 100 in _MONTHS):
        return
    raise InvalidInputError(
        f"{code[:40]!r} is no national project code; it looks like 2303-341299-04-01-100015.",
        f"{code[:40]!r} 不是项目代码；应形如 2303-341299-04-01-100015。",
        where="properties.nat_code",
    )


def _wrong(en: str, zh: str) -> InvalidInputError:
    return InvalidInputError(en, zh, where="properties.code")
