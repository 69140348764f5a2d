"""The ledgers of the sample set are read as planted, to the cell."""

import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from gis.exchange import LedgerChoices, LedgerResult, read_ledger, write_marked_copy

SAMPLES = Path(__file__).parents[3] / "data" / "samples"
EXPECTED: dict[str, Any] = json.loads((SAMPLES / "expected.json").read_text("utf-8"))["exchange"]
FOLDER = SAMPLES / "exchange"


def _read(name: str, **choices: Any) -> LedgerResult:
    return read_ledger(FOLDER / name, name, LedgerChoices(**choices))


def test_the_sample_ledger_is_read_with_its_units_and_without_its_sums() -> None:
    result = _read("ledger.xlsx")
    expected = EXPECTED["ledger.xlsx"]
    assert (result.target, result.sheet, result.header_rows, result.is_ready) == (
        "project",
        "台账",
        (2, 3),
        True,
    )
    names = ("name", "nat_code", "investment_total_yuan")
    assert [{name: row.values[name] for name in names} for row in result.rows] == expected["rows"]
    assert [each.text for each in result.skipped if each.reason == "subtotal"] == expected["skipped"]
    assert not [each for each in result.findings if each.level != "note"]


def test_the_four_ways_to_write_a_start_are_one_month() -> None:
    starts = [str(row.values["plan_start"]) for row in _read("ledger.xlsx").rows[:4]]
    assert starts == ["2025-03-01", "2025-03-31", "2025-03-01", "2025-03-01"]


def test_contacts_of_persons_stay_out() -> None:
    result = _read("ledger.xlsx")
    assert "100-0000" not in str([row.extra for row in result.rows])
    assert any(each.column == "H" and each.level == "note" for each in result.findings)


def test_the_faulty_sample_has_every_planted_fault_in_its_cell() -> None:
    result = _read("ledger-faulty.xlsx")
    found = {each.where: each.level for each in result.findings if each.level != "note"}
    # Of a code that occurs twice both cells are marked: nobody knows which of them is right.
    assert set(found) == {*EXPECTED["ledger-faulty.xlsx"]["cells"], "C10"}
    assert [cell for cell, level in found.items() if level == "warning"] == ["C4"]
    assert not result.is_ready


def test_the_marked_copy_of_the_faulty_sample_shows_every_fault() -> None:
    path = FOLDER / "ledger-faulty.xlsx"
    result = read_ledger(path, "台账.xlsx")
    book = load_workbook(io.BytesIO(write_marked_copy(path, "台账.xlsx", result)))
    sheet = book["台账"]
    comments = {
        cell.coordinate: cell.comment.text for row in sheet.iter_rows() for cell in row if cell.comment
    }
    assert set(comments) == {"C4", "D5", "B6", "E7", "C9", "C10"}
    assert "亿元" in comments["D5"]
    assert sheet["D5"].fill.start_color.rgb == "FFFF9999"
    assert sheet["C4"].fill.start_color.rgb == "FFFFE699"
    assert sheet["D5"].value == "1.2亿元"
    assert [sheet.cell(row, 10).value is not None for row in range(3, 11)] == [
        True, False, True, True, True, False, True, True,
    ]  # fmt: skip
    assert sheet["J3"].value == "错误"
    assert "D5" in [row[1].value for row in book["导入错误"].iter_rows()]
    assert {"说明", "导入错误"} < set(book.sheetnames)


def test_the_list_of_codes_is_judged_as_planted() -> None:
    result = _read("codes.csv", target="project")
    verdicts = {row.row: row.extra["verdict"] for row in result.rows}
    warned = {each.row for each in result.findings if each.column == "A" and each.level == "warning"}
    assert warned == {row for row, verdict in verdicts.items() if verdict == "wrong_check_digit"} == {5}
    assert [row.values["nat_code"] for row in result.rows][3:] == [
        "2018-341299-47-03-012345", "2017-341299-54-01-023456-000",
    ]  # fmt: skip
    # A list of codes names no projects: the missing column is asked for.
    assert [question.field for question in result.questions] == ["mapping.name"]


def test_the_money_of_the_sample_is_exact() -> None:
    total = sum(
        (Decimal(str(row.values["investment_total_yuan"])) for row in _read("ledger.xlsx").rows), Decimal(0)
    )
    # 50281 万元 stands in the row 合计 of the file.
    assert total == Decimal("502810000.00")
