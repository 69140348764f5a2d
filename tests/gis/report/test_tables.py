"""What the tables say: the office's order, numbers, units, remarks, answers to the questions of the law."""

from typing import Any

import pytest

from gis.report.tables import cell_text, class_table, detail_table, summary_table, version_table
from gis.report.words import CASE_REVIEW, basis_lines, head_lines, questions
from tests.gis.report.answers import CODE, EAST_M2, NAME, PROJECT_M2, WEST_M2, answer, layer, report


def texts(table: Any) -> list[list[str]]:
    return [
        [cell_text(cell, column.kind) for column, cell in zip(table.columns, row, strict=True)]
        for row in table.rows
    ]


def test_layers_stand_in_the_order_of_the_office_and_features_are_numbered_through() -> None:
    rows = texts(summary_table(report()))
    assert [row[1] for row in rows] == ["地类图斑", "永久基本农田", "生态保护红线", "储备地块"]
    assert [row[2] for row in rows] == ["是", "是", "否", "是"]
    assert [row[10] for row in rows] == ["1–2", "3", "—", "4"]
    assert [row[0] for row in texts(detail_table(report()))] == ["1", "2", "3", "4"]


def test_areas_stand_in_square_metres_hectares_and_mu_with_the_agencys_decimals() -> None:
    reserve = texts(summary_table(report()))[3]
    # 7,996.74 m² = 0.799674 ha = 7,996.74 × 3 / 2000 = 11.99511 亩; 28.5714 % of 27,988.57 m²
    assert reserve[3:7] == ["7,996.74", "0.7997", "11.9951", "28.57"]
    assert reserve[9] == "19,991.83"  # 27,988.57 − 7,996.74


def test_a_hair_below_zero_is_printed_without_a_sign() -> None:
    assert cell_text(-0.0004, "m2") == "0.00"
    assert cell_text(-0.5, "m2") == "-0.50"


def test_critical_features_and_notes_stand_in_the_remarks() -> None:
    farmland = texts(summary_table(report()))[1]
    assert farmland[11] == "需个案审查：分析对象占用该管控范围。含临界图斑 1 个。"
    assert texts(detail_table(report()))[2][11] == "临界"


def test_classes_are_summed_by_layer() -> None:
    table = class_table(report())
    rows = texts(table)
    assert [row[1:4] for row in rows[:3]] == [
        ["0103", "旱地", "1"],
        ["0301", "乔木林地", "1"],
        ["—", "小计", "2"],
    ]
    assert rows[2][4] == f"{WEST_M2 + EAST_M2:,.2f}" == "27,988.57"
    assert table.emphasis[:4] == ("", "", "total", "")


def test_what_a_caller_may_not_know_is_no_zero() -> None:
    hidden = answer()
    hidden["layers"][2] |= {"items": [], "internal": True, "area_m2": 0, "by_class": [], "pieces": 0}
    found = report(hidden)
    farmland = texts(summary_table(found))[1]
    assert farmland[2:10] == ["是", "—", "—", "—", "—", "—", "—", "—"]
    assert "不公开" in farmland[11]
    assert dict(questions(found))["是否占用永久基本农田"] == f"是，面积不公开。{CASE_REVIEW}"


def test_the_questions_of_the_law_are_answered_with_areas_and_never_with_compliant() -> None:
    found = dict(questions(report()))
    assert found["是否占用耕地"].startswith(
        "是，14,494.08 平方米 = 1.4494 公顷 = 21.7411 亩"
    )  # 14,500 / 28,000
    assert found["是否占用林地"].startswith("是，13,494.49 平方米")  # 13,500 / 28,000 of 27,988.57
    assert found["是否占用永久基本农田"] == f"是，1,799.26 平方米 = 0.1799 公顷 = 2.6989 亩。{CASE_REVIEW}"
    assert "补划" in found["是否需要补划"]
    assert found["是否占用生态保护红线"] == "否，未发现压占"
    words = "".join([*found.values(), *basis_lines(report())])
    assert "合规" not in words.replace("不作合规结论", "")


def test_layers_that_were_not_asked_for_are_said_to_be_so() -> None:
    found = dict(questions(report(answer(layers=[layer("river", "河湖管理范围", [], None)]))))
    assert set(found.values()) == {"未分析（未选地类图斑图层）", "未分析"}


def test_what_lies_outside_of_the_urban_boundary_is_told() -> None:
    boundary = layer("urban_boundary", "城镇开发边界", [], None, outside_area_m2=PROJECT_M2)
    found = dict(questions(report(answer(layers=[boundary]))))
    assert found["是否超出城镇开发边界"] == "是，边界外 27,988.57 平方米 = 2.7989 公顷 = 41.9829 亩"


def test_the_head_names_the_subject_its_areas_and_the_plane() -> None:
    lines = dict(head_lines(report()))
    assert (lines["分析对象"], lines["档案编号"], lines["操作人"]) == (NAME, CODE, "张三 (planner)")
    assert lines["用地面积（椭球）"] == "27,988.57 平方米 = 2.7989 公顷 = 41.9829 亩"
    assert lines["平面面积（三度带）"] == "28,000.00 平方米"
    assert lines["叠加坐标系"] == "CGCS2000 三度带第 39 带（中央经线 117°E，EPSG:4527）"
    assert lines["分析时间"] == "2025-10-31 10:30:00"


@pytest.mark.parametrize(
    ("stated", "asked_to_check"), [(28_010.0, False), (28_016.7, True), (27_960.0, True)]
)
def test_a_stated_area_beyond_a_thousandth_is_pointed_out(stated: float, asked_to_check: bool) -> None:
    # 28,010 is 0.077 % more than 27,988.57, 28,016.7 is 0.1005 % more, 27,960 is 0.102 % less
    line = dict(head_lines(report(survey_area_m2=stated)))["勘测（填报）面积"]
    assert ("请核对" in line) is asked_to_check


def test_versions_stand_in_chinese_time_and_what_is_empty_says_so() -> None:
    assert texts(version_table(report())) == [
        ["地类图斑", "2025-11-01 00:00:00"],
        ["永久基本农田", "2025-10-01"],
        ["生态保护红线", "无数据"],
        ["储备地块", "无数据"],
    ]


def test_the_footing_tells_slivers_warnings_and_made_up_data() -> None:
    found = answer(warnings=[{"code": "x", "en": "Repaired.", "zh": "图形已修复。"}])
    text = "".join(basis_lines(report(found)))
    for words in (
        "小于 1 平方米",
        "0.02 米",
        "共剔除 2 处，计 0.70 平方米",
        "永久基本农田、生态保护红线的碎片不剔除",
        "图形已修复",
        "虚构",
    ):
        assert words in text
