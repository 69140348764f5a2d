"""Codes of projects in ledgers: the national code (GB/T 40058) and the archive number.

The check digit of a national code is warned of, never refused: some old codes carry none that holds.
"""

import re
import unicodedata
from typing import Final

from gis.exchange.amounts import CellError

_NATIONAL: Final = re.compile(r"([0-9]{4})-([0-9]{6})-([0-9]{2})-([0-9]{2})-([0-9]{5})([0-9])(-[0-9]{3})?")
_ARCHIVE: Final = re.compile(r"([0-9]{6})-([0-9]{4})-([0-9]{2})-([0-9]{4})-([0-9])")
_OLD_YEARS: Final = range(2013, 2022)
_HYPHENS: Final = re.compile(r"[‐‑‒–—―−－_]")


def check_digit(digits: str) -> str:
    """Return the ISO 7064 MOD 11,10 check digit of a string of digits.

    Examples
    --------
    >>> check_digit("2303341299040110001"), check_digit("3412992023010001")
    ('5', '1')
    """
    product = 10
    for digit in digits:
        total = (int(digit) + product) % 10 or 10
        product = 2 * total % 11
    return str((11 - product) % 10)


def tidy_code(text: str) -> str:
    """Return a code in half-width characters, without blanks, with plain hyphens.

    Examples
    --------
    >>> tidy_code(" ２３０３－３４１２９９—04—01—100015 ")
    '2303-341299-04-01-100015'
    """
    return _HYPHENS.sub("-", re.sub(r"\s", "", unicodedata.normalize("NFKC", text)))


def parse_national_code(text: str) -> tuple[str, tuple[str, str] | None]:
    """Return a national code and what to warn of, in both languages.

    Raises
    ------
    CellError
        No such shape, or a month that does not exist.

    Examples
    --------
    >>> parse_national_code("2018-341299-47-03-012345")
    ('2018-341299-47-03-012345', None)
    >>> parse_national_code("2303-341299-04-01-100016")[1][0]
    'The check digit should be 5: compare the code with its source.'
    """
    code = tidy_code(text)
    if re.fullmatch(r"[0-9]{20}", code):
        code = f"{code[:4]}-{code[4:10]}-{code[10:12]}-{code[12:14]}-{code[14:]}"
    found = _NATIONAL.fullmatch(code)
    if found is None:
        raise CellError(
            f"{text[:40]!r} is no national project code; it looks like 2303-341299-04-01-100015.",
            f"{text[:40]!r} 不是项目代码，应形如 2303-341299-04-01-100015。",
        )
    time = int(found[1])
    if time in _OLD_YEARS:
        return code, None
    if not 1 <= time % 100 <= 12:
        raise CellError(
            f"{found[1]} at the head of {code} is no year and month.", f"{code} 开头的 {found[1]} 不是年月。"
        )
    right = check_digit("".join(found.groups()[:5]))
    if found[6] == right:
        return code, None
    return code, (
        f"The check digit should be {right}: compare the code with its source.",
        f"校验位应为 {right}，请核对项目代码。",
    )


def parse_archive_number(text: str) -> str:
    """Return an archive number.

    Raises
    ------
    CellError
        No such shape, or a wrong check digit.

    Examples
    --------
    >>> parse_archive_number("341299-2025-03-0128-4")
    '341299-2025-03-0128-4'
    """
    code = tidy_code(text)
    found = _ARCHIVE.fullmatch(code)
    if found is None:
        raise CellError(
            f"{text[:40]!r} is no archive number; it looks like 341299-2025-03-0128-4.",
            f"{text[:40]!r} 不是档案编号，应形如 341299-2025-03-0128-4。",
        )
    right = check_digit("".join(found.groups()[:4]))
    if found[5] != right:
        raise CellError(
            f"The check digit of {code} should be {right}; compare the number with its source.",
            f"{code} 的校验位应为 {right}，请核对编号。",
        )
    return code
