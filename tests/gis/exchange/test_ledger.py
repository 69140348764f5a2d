"""Choices, answers, templates and the features of ledgers."""

import json
from pathlib import Path
from typing import Any

import pytest

from gis.exchange import (
    ExchangeError,
    LedgerChoices,
    LedgerResult,
    MappingTemplate,
    TemplateColumn,
    read_ledger,
    sniff,
)
from tests.gis.exchange.ledger_cases import CODE, HEAD, WKT
from tests.gis.exchange.ledger_files import csv, xlsx

UNSURE = [
    ("项目名称", "工程名称", "项目代码", "总投资", "X坐标", "Y坐标"),
    ("甲", "甲线", CODE, 8278, 3671300, 371200),
    ("乙", "乙线", None, 5, 3671300, 371300),
]


def _read(data: bytes, folder: Path, **choices: Any) -> LedgerResult:
    path = folder / "file"
    path.write_bytes(data)
    return read_ledger(path, "台账", LedgerChoices(**choices))


def test_answering_every_question_makes_a_ledger_ready(tmp_path: Path) -> None:
    data = xlsx(UNSURE, [("说明",)], UNSURE, hidden_rows=(3,))
    answers = {
        "sheet": "台账",
        "mapping.name": "B",
        "units.D": "万元",
        "zone": "39",
        "hidden_rows": "include",
    }
    choices, asked = LedgerChoices(), []
    path = tmp_path / "file"
    path.write_bytes(data)
    for _ in range(10):
        result = read_ledger(path, "台账", choices)
        if not result.questions:
            break
        question = result.questions[0]
        asked.append(question.field)
        if question.choices and question.field != "header_rows":
            assert answers[question.field] in question.choices
        choices = choices.answered(question.field, answers[question.field])
    assert sorted(asked) == sorted(answers)
    assert result.is_ready
    assert [row.values["name"] for row in result.rows] == ["甲线", "乙线"]
    assert [each.survey_crs for each in result.features] == ["EPSG:4527", "EPSG:4527"]
    assert result.features[0].geometry.x == 39371200


def test_an_answer_that_is_none_is_refused() -> None:
    for question, answer in (
        ("zone", "east"),
        ("hidden_rows", "maybe"),
        ("colour", "red"),
        ("header_rows", "x"),
    ):
        with pytest.raises(ExchangeError, match="one of the choices"):
            LedgerChoices().answered(question, answer)


def test_the_rows_of_a_header_are_an_answer_too() -> None:
    assert LedgerChoices().answered("header_rows", "2-3").header_rows == (2, 3)
    assert LedgerChoices().answered("header_rows", "4").header_rows == (4, 4)


def test_the_template_of_a_ledger_reads_the_next_one_of_the_same_sender(tmp_path: Path) -> None:
    first = _read(
        xlsx([("工程", "盘子", "国码"), ("甲", 5, CODE)]), tmp_path, target="project",
        mapping={"工程": "name", "盘子": "investment_total_yuan"}, units={"盘子": "亿元"},
    )  # fmt: skip
    assert first.is_ready
    kept = json.loads(json.dumps(first.template().to_dict(), ensure_ascii=False))
    assert [each["required"] for each in kept["columns"]] == [True, False, False]
    # The columns have moved; the template goes by their headers.
    second = _read(
        xlsx([("国码", "工程", "盘子"), (None, "乙", 7)]), tmp_path, template=MappingTemplate.from_dict(kept)
    )
    assert second.is_ready
    assert [str(second.rows[0].values[name]) for name in ("name", "investment_total_yuan")] == [
        "乙",
        "700000000.00",
    ]
    assert {each.field: each.evidence[0].en for each in second.columns if each.field}[
        "name"
    ] == "By the template."


def test_what_is_no_template_is_refused() -> None:
    for kept in (
        {},
        {"target": "project"},
        {"target": "project", "columns": [{"field": "name"}]},
        {"target": "x", "columns": 5},
    ):
        with pytest.raises(ExchangeError, match="no mapping template"):
            MappingTemplate.from_dict(kept)


def test_a_template_of_another_target_is_refused(tmp_path: Path) -> None:
    template = MappingTemplate("land_parcel", (TemplateColumn("项目名称", "nat_code"),))
    with pytest.raises(ExchangeError, match="map the columns anew"):
        _read(xlsx([HEAD, (1, "甲", CODE, 5, None)]), tmp_path, template=template)


def test_features_carry_the_row_as_json_can_hold_it(tmp_path: Path) -> None:
    data = xlsx(
        [
            ("地块编号", "地块名称", "面积（亩）", "供地日期", "图形", "备注"),
            ("DK01", "一号", 41.98, "2025.3.1", WKT, "好"),
        ]
    )
    result = _read(data, tmp_path)
    as_read = result.read_result()
    feature = as_read.features[0]
    assert (as_read.kind, as_read.crs, feature.where) == ("xlsx", "EPSG:4527", "row 2")
    assert feature.attributes["备注"] == "好"
    assert json.loads(json.dumps(feature.attributes))["supply_date"] == "2025-03-01"
    # 41.98亩 = 27 986.67 m².
    assert feature.stated_area_m2 == pytest.approx(27_986.667, abs=0.001)


def test_a_ledger_with_faulty_cells_gives_no_features_to_import(tmp_path: Path) -> None:
    result = _read(
        xlsx([("地块编号", "地块名称", "图形"), (None, "一号", WKT), ("DK02", "二号", "POINT")]), tmp_path
    )
    with pytest.raises(ExchangeError) as caught:
        result.read_result()
    assert [fault.where for fault in caught.value.errors] == ["A2", "C3"]


def test_tables_are_told_from_the_log_of_a_device(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(csv("重点项目台账", "", "项目名称,代码", "甲,1"))
    assert sniff(path, "x") == "csv"
    path.write_bytes(b"##0162QN=20251031080000000;ST=39,x\r\n##0162QN=20251031080100000;ST=39,x\r\n")
    with pytest.raises(ExchangeError, match="and no"):
        sniff(path, "x")


def test_reading_leaves_the_file_alone_and_holds_no_handle(tmp_path: Path) -> None:
    data = xlsx([HEAD, (1, "甲", CODE, 5, None)])
    _read(data, tmp_path)
    assert (tmp_path / "file").read_bytes() == data
    (tmp_path / "file").rename(tmp_path / "moved")


def test_a_long_list_of_coordinates_is_read_to_its_end(tmp_path: Path) -> None:
    # A square of 1000 m with a point every metre: 4000 points, far more than any text of a cell.
    side = [(3671300 + n, 39371200) for n in range(1000)] + [(3672300, 39371200 + n) for n in range(1000)]
    back = [(3672300 - n, 39372200) for n in range(1000)] + [(3671300, 39372200 - n) for n in range(1000)]
    cell = "；".join(f"{north}，{east}" for north, east in side + back)
    result = _read(csv("地块编号|地块名称|坐标", f"DK01|一号|{cell}"), tmp_path, delimiter="|")
    assert not result.errors
    assert [each.geometry.area for each in result.features] == [1_000_000]


def test_a_number_that_drowns_in_blanks_is_not_cut_to_another(tmp_path: Path) -> None:
    result = _read(csv("项目名称,项目代码,总投资（万元）", f"甲,,5{' ' * 5000}6"), tmp_path)
    assert [each.where for each in result.errors] == ["C2"]
