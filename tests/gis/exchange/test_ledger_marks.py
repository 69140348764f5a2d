"""A ledger comes back as it was, with its faults marked and nothing in it that runs."""

import io
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment

from gis.exchange import ExchangeError, LedgerChoices, LedgerResult, read_ledger, write_marked_copy
from tests.gis.exchange.ledger_cases import CODE, HEAD, ledger_cases
from tests.gis.exchange.ledger_files import csv, xlsx
from tests.gis.exchange.ledger_hostile import hostile_cases

FAULTY = [case for case in (*ledger_cases(), *hostile_cases()) if "error" in case.cells.values()]


def _put(data: bytes, folder: Path) -> Path:
    path = folder / "file"
    path.write_bytes(data)
    return path


def _marked(path: Path, result: LedgerResult) -> Workbook:
    return load_workbook(io.BytesIO(write_marked_copy(path, "台账", result)))


@pytest.mark.parametrize("case", FAULTY, ids=lambda case: case.name)
def test_every_faulty_cell_of_the_corpus_has_colour_and_comment(case: object, tmp_path: Path) -> None:
    path = _put(case.data, tmp_path)  # type: ignore[attr-defined]
    before = path.read_bytes()
    result = read_ledger(path, case.file, case.choices)  # type: ignore[attr-defined]
    book = _marked(path, result)
    sheet = book[result.sheet or "台账"]
    corners = {str(cell): str(each).split(":")[0] for each in sheet.merged_cells.ranges for row in each.rows for cell in
               (sheet.cell(*at).coordinate for at in row)}  # fmt: skip
    for finding in result.errors:
        if finding.row:
            cell = sheet[
                corners.get(f"{finding.column or 'A'}{finding.row}", f"{finding.column or 'A'}{finding.row}")
            ]
            assert cell.comment is not None, finding
            assert finding.zh in cell.comment.text
            assert cell.fill.start_color.rgb == "FFFF9999"
    listed = [row[3] for row in book["导入错误"].iter_rows(min_row=2, values_only=True)]
    assert listed == [each.en for each in result.findings]
    assert path.read_bytes() == before


def test_values_formulas_and_other_sheets_stay(tmp_path: Path) -> None:
    path = _put(
        xlsx([HEAD, (1, "甲", CODE, "=SUM(D3:D4)", None), (2, None, None, 5, None)], [("说明",)]), tmp_path
    )
    book = _marked(path, read_ledger(path, "a.xlsx"))
    assert book["台账"]["D2"].value == "=SUM(D3:D4)"
    assert book["台账"]["B2"].value == "甲"
    assert book["说明"]["A1"].value == "说明"


def test_a_text_that_looks_like_a_formula_stays_a_text(tmp_path: Path) -> None:
    path = _put(csv("项目名称,项目代码,总投资（万元）", "=1+1,,5", "@x,,5", "+甲,,5"), tmp_path)
    data = write_marked_copy(path, "a.csv", read_ledger(path, "a.csv"))
    sheet = load_workbook(io.BytesIO(data))["台账"]
    assert [(sheet[cell].value, sheet[cell].data_type) for cell in ("A2", "A3", "A4")] == [
        ("=1+1", "s"), ("@x", "s"), ("+甲", "s"),
    ]  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert all(b"<f>" not in archive.read(name) for name in archive.namelist() if "sheet" in name)


def test_a_mended_copy_comes_back_ready_and_without_its_marks(tmp_path: Path) -> None:
    path = _put(xlsx([HEAD, (1, "甲", CODE, "1.2亿元", "2025.13"), (2, None, None, 5, "2025.3")]), tmp_path)
    result = read_ledger(path, "a.xlsx")
    assert {each.where for each in result.errors} == {"D2", "E2", "B3"}
    book = _marked(path, result)
    book["台账"]["D2"], book["台账"]["B3"] = 12000, "乙"
    book["台账"]["A3"].comment = Comment("核过", "李四")
    book.save(path)
    again = read_ledger(path, "a.xlsx")
    assert {each.where for each in again.errors} == {"E2"}
    assert all("错误" not in row.extra for row in again.rows)
    copy = _marked(path, again)["台账"]
    assert {cell.coordinate for row in copy.iter_rows() for cell in row if cell.comment} == {"E2", "A3"}
    assert [copy.cell(row, 6).value for row in (1, 2, 3)] == ["错误", copy["F2"].value, None]
    assert "E2" in copy["F2"].value
    book["台账"]["E2"] = "2025.3"
    book.save(path)
    assert read_ledger(path, "a.xlsx").is_ready


def test_a_fault_of_the_whole_table_is_listed(tmp_path: Path) -> None:
    path = _put(xlsx([HEAD]), tmp_path)
    book = _marked(path, read_ledger(path, "a.xlsx"))
    assert [cell.value for cell in book["导入错误"][2]][:3] == ["错误", None, "表头下没有数据行。"]


def test_a_ledger_with_an_open_question_can_be_marked(tmp_path: Path) -> None:
    path = _put(xlsx([HEAD, (1, "甲", None, 1, None)], [("x",)], [HEAD, (1, "乙", None, 1, None)]), tmp_path)
    result = read_ledger(path, "a.xlsx")
    assert [question.field for question in result.questions] == ["sheet"]
    assert _marked(path, result)["二期"]["B2"].value == "乙"


def test_a_file_that_was_changed_in_between_is_refused(tmp_path: Path) -> None:
    path = _put(xlsx([HEAD, (1, "甲", None, 1, None)]), tmp_path)
    result = read_ledger(path, "a.xlsx", LedgerChoices())
    path.write_bytes(b"PK\x03\x04 no more")
    with pytest.raises(ExchangeError, match="damaged"):
        write_marked_copy(path, "a.xlsx", result)
