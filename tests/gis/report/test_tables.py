"""What the tables say: the office's order, numbers, units, remarks, answers to the questions of the law."""

from typing import Any

import pytest

from gis.report.figures import (
    all_tables,
    class_table,
    detail_table,
    land_use_table,
    member_table,
    owner_table,
    summary_table,
    version_table,
)
from gis.report.tables import Table, cell_text
from gis.report.words import CASE_REVIEW, basis_lines, head_lines, questions
from tests.gis.report.answers import CODE, EAST_M2, NAME, WEST_M2, answer, areas, layer, report


def texts(table: Any) -> list[list[str]]:
    return [
        [cell_text(cell, column.kind) for column, cell in zip(table.columns, row, strict=True)]
        for row in table.rows
    ]


def test_layers_stand_in_the_order_of_the_office_and_features_are_numbered_through() -> None:
    rows = texts(summary_table(report()))
    assert [row[1] for row in rows] == ["地类图斑", "永久基本农田", "生态保护红线", "储备地块"]
    assert [row[2] for row in rows] == ["是", "是", "否", "是"]
    assert [row[11] for row in rows] == ["1–2", "3", "—", "4"]
    assert [row[0] for row in texts(detail_table(report()))] == ["1", "2", "3", "4"]


def test_areas_stand_in_square_metres_hectares_and_mu_with_the_agencys_decimals() -> None:
    reserve = texts(summary_table(report()))[3]
    # 7,996.74 m² = 0.799674 ha = 7,996.74 × 3 / 2000 = 11.99511 亩; 28.5714 % of 27,988.57 m²
    assert reserve[3:7] == ["7,996.74", "0.7997", "11.9951", "28.57"]
    assert reserve[10] == "19,991.83"  # 27,988.57 − 7,996.74
    assert reserve[7] == "40.00"  # of the parcel, which is hit by 40 %


def test_a_hair_below_zero_is_printed_without_a_sign() -> None:
    assert cell_text(-0.0004, "m2") == "0.00"
    assert cell_text(-0.5, "m2") == "-0.50"


def test_critical_features_and_notes_stand_in_the_remarks() -> None:
    farmland = texts(summary_table(report()))[1]
    assert farmland[12] == "需个案审查：分析对象占用该管控范围。含临界图斑 1 个。"
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
    farmland = texts(summary_table(report(hidden)))[1]
    assert farmland[2:11] == ["是", *["—"] * 8]
    assert "不公开" in farmland[12]


def test_the_questions_of_the_law_are_answered_with_areas_and_never_with_compliant() -> None:
    found = dict(questions(report()))
    assert (
        found["是否占用耕地？"] == "是，14,494.08 平方米 = 1.4494 公顷 = 21.7411 亩"
    )  # 14,500 / 28,000 of 27,988.57
    assert found["是否占用永久基本农田？"] == f"是，1,799.26 平方米 = 0.1799 公顷 = 2.6989 亩。{CASE_REVIEW}"
    assert found["是否占用生态保护红线？"] == "否，未发现"
    assert found["是否超出城镇开发边界？"].startswith("未能判断")
    assert "数量相等、质量相当补划" in found["是否需要补划永久基本农田？"]
    assert found["结论"] == "需个案审查。"
    words = "".join([*found.values(), *basis_lines(report())])
    assert "合规" not in words.replace("不作合规结论", "")


def test_a_public_answer_without_questions_has_none() -> None:
    plain = {
        name: value for name, value in answer().items() if name not in ("questions", "conclusion", "land_use")
    }
    assert questions(report(plain)) == []
    assert [table.title for table in all_tables(report(plain))] == [
        "压占情况汇总表",
        "分类统计表",
        "压占图斑明细表",
    ]


def test_great_classes_stand_with_cultivated_land_and_forest_below() -> None:
    assert [row[:2] + row[4:] for row in texts(land_use_table(report()))] == [
        ["农用地", "27,988.57", "100.00"],
        ["其中：耕地", "14,494.08", "51.79"],  # 14,500 of 28,000
        ["其中：林地", "13,494.49", "48.21"],
    ]


def test_villages_are_summed_by_class() -> None:
    found = answer()
    found["layers"][1]["by_owner"] = [
        {"owner_code": "341299001002", "owner_name": "禾丰村", "class_code": "0103", "class_name": "旱地", "count": 1, **areas(100.0)},
        {"owner_code": "341299001003", "owner_name": "柳河村", "class_code": "0103", "class_name": "旱地", "count": 2, **areas(50.0)},
    ]  # fmt: skip
    rows = texts(owner_table(report(found)))
    assert [row[1:7] for row in rows] == [
        ["341299001002", "禾丰村", "0103", "旱地", "1", "100.00"],
        ["341299001003", "柳河村", "0103", "旱地", "2", "50.00"],
        ["—", "—", "—", "小计", "3", "150.00"],
    ]


def test_tables_without_anything_to_tell_are_left_out() -> None:
    found = answer(land_use={"groups": [], "cultivated": areas(0.0), "forest": areas(0.0)})
    found["layers"][2]["by_owner"] = [
        {
            "owner_code": None,
            "owner_name": None,
            "class_code": "0103",
            "class_name": "旱地",
            "count": 1,
            **areas(5.0),
        }
    ]
    titles = [table.title for table in all_tables(report(found))]
    assert titles == ["压占情况汇总表", "分类统计表", "压占图斑明细表"]


def test_parcels_of_a_subject_stand_one_by_one() -> None:
    hit = {"layer": "farmland", "hit": True, **areas(1_000.0), "share_of_subject": 50.0}
    members = [
        {"number": 1, "name": "地块一", **areas(2_000.0), "survey_area_m2": None, "layers": [hit, {"layer": "river", "hit": False}]},
        {"number": 2, "name": "地块二", **areas(3_000.0), "survey_area_m2": 3_001.0, "layers": [{"layer": "river", "hit": False}]},
    ]  # fmt: skip
    rows = texts(member_table(report(answer(subjects=members))))
    assert rows[0] == [
        "1",
        "地块一",
        "2,000.00",
        "0.2000",
        "3.0000",
        "—",
        "永久基本农田 1,000.00 平方米（1.5000 亩，50.00 %）",
    ]
    assert rows[1][5:] == ["3,001.00", "未压占"]


def test_registered_areas_and_what_they_lead_to_have_columns_of_their_own() -> None:
    found = answer(rules={"adjust": "registered"})
    found["layers"][1]["items"][0] |= {
        "registered_area_m2": 30_000.0,
        "area_disagrees": True,
        "adjusted_area_m2": 14_600.0,
    }
    table = detail_table(report(found))
    row = dict(zip([column.title for column in table.columns], texts(table)[0], strict=True))
    assert row["登记面积\n（平方米）"] == "30,000.00"
    assert row["按登记面积平差\n（平方米）"] == "14,600.00"
    assert row["标注"] == "登记面积不符"
    assert any(line.startswith("平差：") for line in basis_lines(report(found)))


def thin(table: Table) -> list[str]:
    return [column.title for column in table.columns if "公顷" in column.title or "平方米" in column.title]


def test_a_line_is_told_by_its_length() -> None:
    road = layer("dltb", "地类图斑", [], None, hit=True, length_m=150.0, share_of_subject=75.0, pieces=2,
                 remainder_length_m=50.0)  # fmt: skip
    found = report(
        answer(
            subject={**areas(0.0), "area_plane_m2": 0.0, "length_m": 200.0, "crs_overlay": "EPSG:4527"},
            layers=[road],
        )
    )
    table = summary_table(found)
    row = dict(zip([column.title for column in table.columns], texts(table)[0], strict=True))
    assert (row["压占长度\n（米）"], row["占全长\n比例（%）"]) == ("150.00", "75.00")
    assert row["未压占长度\n（米）"] == "50.00"
    assert thin(table) == []
    assert dict(head_lines(found))["线路长度（椭球）"] == "200.00 米"
    assert not [
        line for line in basis_lines(found) if "碎片" in line or "亩" in line
    ]  # nothing is dropped of lines


def test_a_point_is_told_by_number_and_what_lies_outside_of_the_urban_boundary_is_said() -> None:
    town = layer("urban_boundary", "城镇开发边界", [], None, hit=True, points=3, share_of_subject=75.0, pieces=3,
                 remainder_points=1, outside_points=1)  # fmt: skip
    asked = {
        "code": "outside_urban",
        "zh": "是否超出城镇开发边界？",
        "en": "Outside?",
        "answer": "yes",
        "points": 1,
    }
    subject = {**areas(0.0), "area_plane_m2": 0.0, "points": 4, "crs_overlay": "EPSG:4527"}
    found = report(answer(subject=subject, layers=[town], questions=[asked]))
    table = summary_table(found)
    row = dict(zip([column.title for column in table.columns], texts(table)[0], strict=True))
    assert (row["压占点数"], row["未压占点数"], row["占总点数\n比例（%）"]) == ("3", "1", "75.00")
    assert row["备注"] == "边界外 1 个点。"
    assert dict(questions(found))["是否超出城镇开发边界？"] == "是，1 个点"


def test_what_lies_in_none_of_the_layers_stands_below_them() -> None:
    # The two do not touch: 27,988.57 − 7,996.74 − 1,799.26 = 18,192.57 m², 65 % of the project
    rest = {**areas(18_192.57), "pieces": 1}
    table = summary_table(report(answer(remainder=rest)))
    last = texts(table)[-1]
    assert last[1:7] == ["以上图层之外", "", "18,192.57", "1.8193", "27.2889", "65.00"]
    assert table.emphasis[-1] == "total"
    hidden = answer(remainder=rest)
    hidden["layers"][2] |= {"items": [], "internal": True}
    assert (
        len(summary_table(report(hidden)).rows) == 4
    )  # what lies beside a layer that may not be shown is not told


def test_in_english_the_chinese_terms_stand_beside_the_english_ones() -> None:
    found = report(lang="en")
    lines, asked = dict(head_lines(found)), dict(questions(found))
    assert lines["Area 用地面积 (ellipsoid)"] == "27,988.57 m² = 2.7989 ha 公顷 = 41.9829 mu 亩"
    assert lines["Overlay CRS 叠加坐标系"].startswith("CGCS2000 3-degree zone 39 三度带")
    assert asked["Does it occupy farmland? 是否占用永久基本农田？"].endswith("Needs case review 需个案审查")
    assert asked["Conclusion 结论"] == "Needs case review. 需个案审查"
    summary = summary_table(found)
    assert texts(summary)[1][1:3] == ["farmland 永久基本农田", "yes 是"]
    assert "需个案审查" in texts(summary)[1][12]
    words = " ".join([*lines, *asked, *basis_lines(found), *(each.title for each in all_tables(found))])
    for term in ("档案编号", "压占", "碎片", "临界", "分类统计表", "亩", "公顷"):
        assert term in words, term
    assert "compliant" in words
    assert not [
        text for text in (*lines, *asked) if not text.isascii() and text[0] > "\u2e7f"
    ]  # English comes first


def test_the_figures_are_the_same_in_both_languages() -> None:
    for one, other in zip(all_tables(report()), all_tables(report(lang="en")), strict=True):
        figures = [place for place, column in enumerate(one.columns) if column.kind != "text"]
        assert [[row[at] for at in figures] for row in one.rows] == [
            [row[at] for at in figures] for row in other.rows
        ]


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
    subject = {**answer()["subject"], "survey_area_m2": stated}
    line = dict(head_lines(report(answer(subject=subject))))["勘测（填报）面积"]
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
