"""Archive numbers and national codes: unique, and right by a second implementation of the check digit."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twin.samples.codes import archive_number, national_code

Rows = Callable[[str], list[dict[str, Any]]]


def _valid(digits: str) -> bool:
    """ISO 7064 MOD 11,10, run over the check digit too: the last sum must be 1."""
    product = 10
    for digit in digits[:-1]:
        product = (product + int(digit)) % 10 or 10
        product = product * 2 % 11
    return (product + int(digits[-1])) % 10 == 1


@pytest.mark.parametrize("column", ["code", "nat_code"])
def test_codes_are_unique_and_carry_right_check_digits(rows: Rows, column: str) -> None:
    codes = [p[column] for p in rows("projects")]
    assert len(set(codes)) == 60
    assert all(_valid(code.replace("-", "")) for code in codes)


def test_vectors_of_the_knowledge_base() -> None:
    assert archive_number(2023, "01", 1) == "341299-2023-01-0001-1"
    assert archive_number(2025, "03", 128) == "341299-2025-03-0128-4"
    assert national_code(2024, 3, 20017) == "2403-341299-04-01-200179"


def test_code_file_has_two_old_ones_and_a_wrong_digit(folder: Path) -> None:
    lines = (folder / "exchange" / "codes.csv").read_text(encoding="utf8").splitlines()[1:]
    verdicts = {row["nat_code"]: row["verdict"] for row in csv.DictReader(lines)}
    new = {
        code: _valid(code.replace("-", "")) for code, verdict in verdicts.items() if verdict != "old_style"
    }
    assert sorted(new.values()) == [False, True, True]
    assert sum(code.endswith("-000") for code in verdicts) == 1
