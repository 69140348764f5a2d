"""Codes with check digits: the archive number 电子档案编号 and the national code 项目代码."""

from twin.projects.codes import check_digit
from twin.samples.district import REGION


def archive_number(year: int, category: str, sequence: int) -> str:
    """Return the archive number of the n-th project of a class and year.

    Examples
    --------
    >>> archive_number(2024, "05", 17)
    '341299-2024-05-0017-3'
    """
    check = check_digit(f"{REGION}{year}{category}{sequence:04d}")
    return f"{REGION}-{year}-{category}-{sequence:04d}-{check}"


def national_code(year: int, month: int, random_part: int) -> str:
    """Return a new-style national code: 20 digits and 4 hyphens.

    Examples
    --------
    >>> national_code(2023, 3, 10001)
    '2303-341299-04-01-100015'
    """
    head = f"{year % 100:02d}{month:02d}-{REGION}-04-01-{random_part:05d}"
    return head + check_digit(head.replace("-", ""))
