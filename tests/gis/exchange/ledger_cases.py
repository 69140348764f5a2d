"""The corpus of ledgers: what offices send, and what nobody should."""

from datetime import date
from decimal import Decimal
from functools import cache

from gis.exchange import LedgerChoices, MappingTemplate, TemplateColumn
from tests.gis.exchange.ledger_files import LedgerCase, csv, sheet_xml, text_cell, with_part, xlsx

HEAD = ("序号", "项目名称", "项目代码", "总投资（万元）", "计划开工时间")
CODE = "2303-341299-04-01-100015"
PARCEL = ("地块编号", "地块名称", "面积（亩）")
# The parcel of the overlap test vector: 200 x 150 m with a hole of 50 x 40 m, 28 000 m² on the plane.
SHELL = "39371200 3671300, 39371400 3671300, 39371400 3671450, 39371200 3671450, 39371200 3671300"
HOLE = "39371250 3671350, 39371300 3671350, 39371300 3671390, 39371250 3671390, 39371250 3671350"
VECTOR_M2 = 27_988.57
WKT = f"POLYGON (({SHELL}), ({HOLE}))"
BOW = "POLYGON ((39371200 3671300, 39371300 3671400, 39371300 3671300, 39371200 3671400, 39371200 3671300))"
POINTS = (
    (3671450.0, 39371200.0), (3671450.0, 39371400.0), (3671300.0, 39371400.0), (3671300.0, 39371200.0), (3671450.0, 39371200.0),
    (3671390.0, 39371250.0), (3671390.0, 39371300.0), (3671350.0, 39371300.0), (3671350.0, 39371250.0), (3671390.0, 39371250.0),
)  # fmt: skip


# No coordinate system is named: it is read as CGCS2000 with a warning about the whole table.
NO_SYSTEM = {"": "warning"}


def yuan(text: str) -> Decimal:
    return Decimal(text)


@cache
def ledger_cases() -> tuple[LedgerCase, ...]:
    """Return the corpus."""
    return (*_units(), *_cells(), *_dates(), *_rows(), *_heads(), *_sheets(), *_geometry(), *_csvs())


def _units() -> list[LedgerCase]:
    return [
        LedgerCase(
            "areas in mu by the header", "a.xlsx", xlsx([PARCEL, ("DK01", "一号", 60), ("DK02", "二号", "1,200")]),
            target="land_parcel", rows=(2, 3),
            # 1亩 = 2000/3 m²: 60亩 = 40 000 m², 1200亩 = 800 000 m².
            values=({"parcel_no": "DK01", "stated_area_m2": 40_000.0}, {"stated_area_m2": 800_000.0}),
        ),
        LedgerCase(
            "areas in hectares and square metres by the cell", "a.xlsx",
            xlsx([("地块编号", "地块名称", "面积"), ("1", "甲", "2.5公顷"), ("2", "乙", "5000㎡"), ("3", "丙", "３亩")]),
            target="land_parcel",
            values=({"stated_area_m2": 25_000.0}, {"stated_area_m2": 5_000.0}, {"stated_area_m2": 2_000.0}),
        ),
        LedgerCase(
            "no unit anywhere", "a.xlsx", xlsx([("地块编号", "地块名称", "面积"), ("1", "甲", 2.5)]),
            target="land_parcel", asks=("units.C",), values=({"parcel_no": "1"},),
        ),
        LedgerCase(
            "the unit is chosen", "a.xlsx", xlsx([("地块编号", "地块名称", "面积"), ("1", "甲", 2.5)]),
            LedgerChoices(units={"C": "公顷"}), target="land_parcel", values=({"stated_area_m2": 25_000.0},),
        ),
        LedgerCase(
            "units in a line above the table", "a.xlsx",
            xlsx([("重点项目表",), ("填报单位：示范区", None, None, "单位：万元、亩"), ("项目名称", "项目代码", "总投资", "年度计划投资"), ("甲", CODE, 8278, 1.5)]),
            values=({"investment_total_yuan": yuan("82780000"), "annual_plan_yuan": yuan("15000")},),
        ),
        LedgerCase(
            "units in the second row of the header", "a.xlsx",
            xlsx([("项目名称", "总投资", "年度投资计划"), (None, "（亿元）", "（万元）"), ("甲", 1.2, 300)]),
            values=({"investment_total_yuan": yuan("120000000"), "annual_plan_yuan": yuan("3000000")},),
        ),
        LedgerCase(
            "the unit is part of the header's word", "a.xlsx",
            xlsx([("项目名称", "总投资万元", "2025年计划投资/亿元"), ("甲", 12, 0.5)]),
            values=({"investment_total_yuan": yuan("120000"), "annual_plan_yuan": yuan("50000000")},),
        ),
        LedgerCase(
            "money with its unit in the cell", "a.xlsx",
            xlsx([("项目名称", "建设单位", "总投资"), ("甲", "公司", "1.2亿"), ("乙", "公司", "12000万元"), ("丙", "公司", "1亿2000万元")]),
            values=tuple({"investment_total_yuan": yuan("120000000")} for _ in range(3)),
        ),
        LedgerCase(
            "header and cell disagree about the unit", "a.xlsx",
            xlsx([HEAD, (1, "甲", CODE, "1.2亿元", "2025.3"), (2, "乙", None, "12000万元", "2025.3")]),
            cells={"D2": "error"}, says=("the header 万元",),
            values=({"investment_total_yuan": None}, {"investment_total_yuan": yuan("120000000")}),
        ),
        LedgerCase(
            "the unit stands in the number format", "a.xlsx",
            xlsx([("项目名称", "建设单位", "总投资"), ("甲", "公司", 8278), ("乙", "公司", 82780000)],
                 formats={"C2": '0"万元"', "C3": '0!.0,"万元"'}),
            cells={"C3": "error"}, says=("divides the number",), values=({"investment_total_yuan": yuan("82780000")},),
        ),
        LedgerCase(
            "foreign money and no number at all", "a.xlsx",
            xlsx([HEAD, (1, "甲", None, "100万美元", None), (2, "乙", None, "壹佰万元", None), (3, "丙", None, "100-200", None)]),
            cells={"D2": "error", "D3": "error", "D4": "error"},
        ),
        LedgerCase(
            "a share in percent, as fraction and formatted", "a.xlsx",
            xlsx([("地块编号", "地块名称", "已投资占比", "已建面积占比（%）"), ("1", "甲", "25%", 33), ("2", "乙", 0.25, 0.5), ("3", "丙", 25, "50%")],
                 formats={"D3": "0%"}),
            target="land_parcel", cells={"C4": "error"},
            values=(
                {"invested_share": Decimal("0.25"), "built_share": Decimal("0.33")},
                {"invested_share": Decimal("0.25"), "built_share": Decimal("0.5")},
                {"invested_share": None, "built_share": Decimal("0.5")},
            ),
        ),
    ]  # fmt: skip


def _cells() -> list[LedgerCase]:
    return [
        LedgerCase(
            "full-width digits and blanks", "a.xlsx",
            xlsx([HEAD, ("１", "　甲　工程 ", "２３０３－３４１２９９－０４－０１－１０００１５", "１２，３４５．６", "２０２５．３")]),
            values=({"name": "甲 工程", "nat_code": CODE, "investment_total_yuan": yuan("123456000"), "plan_start": date(2025, 3, 1)},),
        ),
        LedgerCase(
            "marks for no value", "a.xlsx",
            xlsx([HEAD, (1, "甲", "—", "／", "待定"), (2, "乙", "无", "-", "——")]),
            values=tuple({"nat_code": None, "investment_total_yuan": None, "plan_start": None} for _ in range(2)),
        ),
        LedgerCase(
            "about so much, and less than nothing", "a.xlsx",
            xlsx([HEAD, (1, "甲", None, "约1200", None), (2, "乙", None, -5, None), (3, "丙", None, "1,2", None)]),
            cells={"D2": "warning", "D3": "error", "D4": "error"}, values=({"investment_total_yuan": yuan("12000000")},),
        ),
        LedgerCase(
            "a code stored as a number", "a.xlsx", xlsx([HEAD, (1, "甲", 2303341299040110001, 5, None)]),
            cells={"C2": "error"}, says=("format the column as text",),
        ),
        LedgerCase(
            "a code without hyphens, an old one, one that is none", "a.xlsx",
            xlsx([HEAD, (1, "甲", CODE.replace("-", ""), 5, None), (2, "乙", "2017-341299-54-01-023456-000", 5, None), (3, "丙", "341299", 5, None)]),
            cells={"C4": "error"}, values=({"nat_code": CODE}, {"nat_code": "2017-341299-54-01-023456-000"}),
        ),
        LedgerCase(
            "leading zeros from the format", "a.xlsx",
            xlsx([PARCEL, (7, "甲", 1), (8, "乙", 2)], formats={"A2": "0000"}), target="land_parcel",
            values=({"parcel_no": "0007"}, {"parcel_no": "8"}),
        ),
        LedgerCase(
            "a formula that was never computed", "a.xlsx",
            xlsx([HEAD, (1, "甲", CODE, "=SUM(D5:D9)", "2025.3")]), cells={"D2": "error"}, says=("never computed",),
        ),
        LedgerCase(
            "an error of Excel in a cell", "a.xlsx",
            xlsx([HEAD, (1, "甲", CODE, "#REF!", "2025.3"), (2, "#N/A", None, 5, "2025.3")]),
            cells={"D2": "error", "B3": "error"},
        ),
        LedgerCase(
            "a formula smuggled in as text", "a.csv",
            csv("项目名称,项目代码,总投资（万元）", "=cmd|' /C calc'!A0,,5", "@SUM(A1),,5", "-HYPERLINK(\"\"x\"\"),,5", "正常-项目,,5"),
            cells={"A2": "error", "A3": "error", "A4": "error"}, says=("holds a formula",),
        ),
        LedgerCase(
            "the same key twice", "a.xlsx", xlsx([PARCEL, ("DK01", "甲", 1), ("DK02", "乙", 2), ("ＤＫ01", "丙", 3), ("DK02", "丁", 3)]),
            target="land_parcel", cells={"A3": "error", "A5": "error"},
        ),
        LedgerCase(
            "the key is missing", "a.xlsx", xlsx([PARCEL, ("DK01", "甲", 1), (None, "乙", 2)]),
            target="land_parcel", cells={"A3": "error"}, rows=(2, 3),
        ),
        LedgerCase(
            "a word that is no state", "a.xlsx",
            xlsx([("地块编号", "地块名称", "地块状态", "地块类型"), ("1", "甲", "净地可供", "储备"), ("2", "乙", "卖掉了", "reserve")]),
            target="land_parcel", cells={"C3": "error"}, says=("拟收储",),
            values=({"state": "ready", "kind": "reserve"}, {"state": None, "kind": "reserve"}),
        ),
        LedgerCase(
            "true and false are no amounts", "a.xlsx", xlsx([HEAD, (1, "甲", None, True, False)]),
            cells={"D2": "error", "E2": "error"},
        ),
        LedgerCase(
            "floats of Excel come back to the cent", "a.xlsx", xlsx([HEAD, (1, "甲", None, 8278.000000000001, None), (2, "乙", None, 0.1 + 0.2, None)]),
            values=({"investment_total_yuan": yuan("82780000")}, {"investment_total_yuan": yuan("3000")}),
        ),
    ]  # fmt: skip


def _dates() -> list[LedgerCase]:
    head = ("项目名称", "项目代码", "计划开工时间", "计划竣工时间")
    return [
        LedgerCase(
            "dates in every way of writing", "a.xlsx",
            xlsx([head, ("甲", None, "2025.3", "2026.10"), ("乙", None, "2025年3月底", "二〇二六年十月"), ("丙", None, "2025/3/1", "2026-10-31 00:00:00"),
                  ("丁", None, 45717, "20261031"), ("戊", None, date(2025, 3, 1), "2026年10月份"), ("己", None, "2025年3月1日", 202610)]),
            values=(
                {"plan_start": date(2025, 3, 1), "plan_finish": date(2026, 10, 31)},
                {"plan_start": date(2025, 3, 31), "plan_finish": date(2026, 10, 31)},
                *({"plan_start": date(2025, 3, 1), "plan_finish": date(2026, 10, 31)} for _ in range(4)),
            ),
        ),
        LedgerCase(
            "dates that do not exist or leave out the year", "a.xlsx",
            xlsx([head, ("甲", None, "2025.13", "2025.2.30"), ("乙", None, "3月1日", "25.3.1"), ("丙", None, "1/3/2025", "长期")]),
            cells={"C2": "error", "D2": "error", "C3": "error", "D3": "error", "C4": "error", "D4": "error"},
            says=("no month 13", "no day 30"),
        ),
        LedgerCase(
            "the number 2025.1 is January or October", "a.xlsx",
            xlsx([head, ("甲", None, 2025.1, "2026.10"), ("乙", None, 2025.1, 2026.3)], formats={"C3": "0.00"}),
            cells={"C2": "error"}, values=({"plan_start": None}, {"plan_start": date(2025, 10, 1), "plan_finish": date(2026, 3, 31)}),
        ),
        LedgerCase(
            "serial dates of an old Mac", "a.xlsx",
            # 2025-03-01 is day 45717 from 1899-12-30 and 1462 days less from 1904-01-01.
            xlsx([head, ("甲", None, 45717 - 1462, None)], mac=True), values=({"plan_start": date(2025, 3, 1)},),
        ),
        LedgerCase(
            "only a year, a half, a quarter", "a.xlsx",
            xlsx([head, ("甲", None, "2025年", "2026年底"), ("乙", None, 2025, "2026年上半年"), ("丙", None, "2025年第二季度", "2026年度")]),
            cells={"C2": "warning", "C3": "warning", "D3": "warning", "C4": "warning", "D4": "warning"},
            values=(
                {"plan_start": date(2025, 1, 1), "plan_finish": date(2026, 12, 31)},
                {"plan_start": date(2025, 1, 1), "plan_finish": date(2026, 6, 30)},
                {"plan_start": date(2025, 4, 1), "plan_finish": date(2026, 12, 31)},
            ),
        ),
        LedgerCase(
            "beginning and end in one cell", "a.xlsx",
            xlsx([("项目名称", "项目代码", "建设起止年限"), ("甲", None, "2025-2027"), ("乙", None, "2025.3-2026.10"), ("丙", None, "2025年3月至2026年10月"), ("丁", None, "2027-2025")]),
            cells={"C2": "warning", "C5": "error"},
            values=(
                {"plan_start": date(2025, 1, 1), "plan_finish": date(2027, 12, 31)},
                {"plan_start": date(2025, 3, 1), "plan_finish": date(2026, 10, 31)},
                {"plan_start": date(2025, 3, 1), "plan_finish": date(2026, 10, 31)},
            ),
        ),
        LedgerCase(
            "a finish before its start", "a.xlsx", xlsx([head, ("甲", None, "2026.3", "2025.12")]), cells={"D2": "warning"},
        ),
    ]  # fmt: skip


def _rows() -> list[LedgerCase]:
    table = [
        ("重点项目台账",), HEAD, ("甲", "乙", "1", "2", "3"),
        ("一、交通类",), (1, "甲路", CODE, 100, "2025.3"), (2, "乙路", None, 200, "2025.3"), ("小计", None, None, 300, None),
        ("二、产业类", None, None, 50, None), (3, "合计路", None, 50, "2025.3"), ("  小  计", None, None, 50, None),
        HEAD, (4, None, None, None, None), (5, "", "", "", ""),
        ("总计", None, None, 350, None), (None,),
        ("注：1.本表金额单位为万元。",), ("2.数据截至2025年10月。",), ("填表人：张三", None, "审核人：李四", None, "2025年11月1日"),
    ]  # fmt: skip
    return [
        LedgerCase(
            "subtotals, headings, numbering, page headers, notes and signatures", "a.xlsx", xlsx(table), rows=(5, 6, 9),
            skipped={3: "header", 4: "heading", 7: "subtotal", 8: "heading", 10: "subtotal", 11: "header", 12: "empty",
                     13: "empty", 14: "subtotal", 16: "note", 17: "note", 18: "note"},
            values=({"name": "甲路"}, {"name": "乙路"}, {"name": "合计路"}),
        ),
        LedgerCase(
            "a total in the first row, an example in the second", "a.xlsx",
            xlsx([HEAD, ("合计", "共2个", None, 30, None), ("示例", "某某路", CODE, 10, "2025.3"), (1, "甲", None, 10, None), (2, "乙", None, 20, None)]),
            rows=(4, 5), skipped={2: "subtotal", 3: "example"},
        ),
        LedgerCase(
            "a sum that its rows do not make", "a.xlsx",
            xlsx([HEAD, (1, "甲", None, 10, None), (2, "乙", None, 20, None), ("合计", None, None, 31, None)]),
            cells={"D4": "warning"}, skipped={4: "subtotal"}, says=("310000", "300000"),
        ),
        LedgerCase(
            "a text merged over rows counts for each, an amount does not", "a.xlsx",
            xlsx([("项目名称", "建设单位", "总投资（万元）"), ("甲", "城投公司", 30), ("乙", None, None), ("丙", None, 5)],
                 merged=("B2:B4", "C2:C3")),
            cells={"C3": "error"}, says=("merged over several rows from row 2",),
            values=({"owner_unit": "城投公司", "investment_total_yuan": yuan("300000")}, {"owner_unit": "城投公司"}, {"owner_unit": "城投公司"}),
        ),
        LedgerCase(
            "hidden rows", "a.xlsx", xlsx([HEAD, (1, "甲", None, 1, None), (2, "乙", None, 2, None)], hidden_rows=(3,)),
            rows=(2, 3), asks=("hidden_rows",),
        ),
        LedgerCase(
            "hidden rows left out", "a.xlsx", xlsx([HEAD, (1, "甲", None, 1, None), (2, "乙", None, 2, None)], hidden_rows=(3,)),
            LedgerChoices(hidden_rows="leave_out"), rows=(2,), skipped={3: "hidden"},
        ),
        LedgerCase(
            "hidden rows included", "a.xlsx", xlsx([HEAD, (1, "甲", None, 1, None), (2, "乙", None, 2, None)], hidden_rows=(3,)),
            LedgerChoices(hidden_rows="include"), rows=(2, 3),
        ),
        LedgerCase(
            "empty rows and columns between", "a.xlsx",
            xlsx([(), (), (None, None, *HEAD), (), (None, None, 1, "甲", CODE, 8, "2025.3"), (), (None, None, 2, "乙", None, 9, None)]),
            rows=(5, 7), values=({"investment_total_yuan": yuan("80000")}, {"investment_total_yuan": yuan("90000")}),
        ),
        LedgerCase(
            "a header and nothing below", "a.xlsx", xlsx([HEAD]), cells={"": "error"}, rows=(),
        ),
        LedgerCase(
            "the sheet says that it is one cell large", "a.xlsx",
            with_part(xlsx([("甲",)]), "xl/worksheets/sheet1.xml", sheet_xml(
                f'<row r="1">{text_cell("A1", "项目名称")}{text_cell("B1", "项目代码")}{text_cell("C1", "总投资（万元）")}</row>'
                f'<row r="2">{text_cell("A2", "甲")}{text_cell("B2", CODE)}<c r="C2"><v>7</v></c></row>'
            ).replace(b"<sheetData>", b'<dimension ref="A1"/><sheetData>')),
            values=({"name": "甲", "nat_code": CODE, "investment_total_yuan": yuan("70000")},),
        ),
        LedgerCase(
            "cells without references", "a.xlsx",
            with_part(xlsx([("甲",)]), "xl/worksheets/sheet1.xml", sheet_xml(
                "<row>" + "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in ("项目名称", "项目代码", "总投资（万元）"))
                + '</row><row><c t="inlineStr"><is><t>甲</t></is></c><c/><c><v>7</v></c></row>')),
            rows=(2,), values=({"name": "甲", "investment_total_yuan": yuan("70000")},),
        ),
    ]  # fmt: skip


def _heads() -> list[LedgerCase]:
    three = [
        ("项目名称", "投资（万元）", None, None, "进度", None, "地块编号"),
        (None, "总投资", "其中", None, "计划", "实际", None),
        (None, None, "中央资金", "年度计划投资", "开工时间", "开工时间", None),
        ("甲", 100, 20, 30, "2025.3", "2025.4", "DK01"),
    ]
    return [
        LedgerCase(
            "a header of three rows", "a.xlsx",
            xlsx(three, merged=("A1:A3", "B1:D1", "B2:B3", "C2:D2", "E1:F1", "G1:G3")),
            rows=(4,),
            values=({"investment_total_yuan": yuan("1000000"), "annual_plan_yuan": yuan("300000"), "plan_start": date(2025, 3, 1), "actual_start": date(2025, 4, 1)},),
        ),
        LedgerCase(
            "generic names under their parents", "a.xlsx",
            xlsx([("项目", None, "建设单位", None), ("名称", "代码", "名称", "联系电话"), ("甲", CODE, "城投公司", "100-0000-0000")], merged=("A1:B1", "C1:D1")),
            rows=(3,), values=({"name": "甲", "nat_code": CODE, "owner_unit": "城投公司"},),
        ),
        LedgerCase(
            "marks and line breaks in the header", "a.xlsx",
            xlsx([("*项目\n名称", "项目代码（必填）", "总投资\n（单位：万元）"), ("甲", CODE, 5)]),
            values=({"name": "甲", "nat_code": CODE, "investment_total_yuan": yuan("50000")},),
        ),
        LedgerCase(
            "a header that resembles", "a.xlsx",
            xlsx([("项目名称", "项目代码", "市级批准总投资额（万元）", "累计完成总投资（万元）"), ("甲", CODE, 5, 3)]),
            values=({"investment_total_yuan": yuan("50000")},),
        ),
        LedgerCase(
            "two columns for one field", "a.xlsx",
            xlsx([("项目名称", "工程名称", "项目代码", "建设单位"), ("甲", "乙", CODE, "公司")]), asks=("mapping.name",),
        ),
        LedgerCase(
            "a number of the row beside the number of the parcel", "a.xlsx",
            xlsx([("编号", "地块编号", "名称", "地块名称", "面积", "用地面积（亩）"), (1, "DK01", "x", "甲", 7, 60)]), target="land_parcel",
            values=({"parcel_no": "DK01", "name": "甲", "stated_area_m2": 40_000.0},),
        ),
        LedgerCase(
            "a CSV whose last column has no header", "a.csv", csv("地块编号,", "DK1,净地", "DK2,净地"), LedgerChoices(target="land_parcel"),
            target="land_parcel", rows=(2, 3), cells={"B2": "error", "B3": "error"},
        ),
        LedgerCase(
            "the column is chosen", "a.xlsx",
            xlsx([("项目名称", "工程名称", "项目代码", "建设单位"), ("甲", "乙", CODE, "公司")]),
            LedgerChoices(mapping={"B": "name"}), values=({"name": "乙"},),
        ),
        LedgerCase(
            "headers that say nothing", "a.xlsx", xlsx([("甲方", "乙方"), ("x", "y"), ("z", "w")]), target=None, asks=("target",),
        ),
        LedgerCase(
            "a template maps what no name tells", "a.xlsx",
            xlsx([("工程", "盘子", "甲方"), ("甲", 5, "公司")]),
            LedgerChoices(template=MappingTemplate("project", (
                TemplateColumn("工程", "name", required=True), TemplateColumn("盘子", "investment_total_yuan", "亿元"),
            ))),
            values=({"name": "甲", "investment_total_yuan": yuan("500000000")},),
        ),
        LedgerCase(
            "a required column of the template is gone", "a.xlsx", xlsx([("项目名称", "项目代码", "建设单位"), ("甲", CODE, "公司")]),
            LedgerChoices(template=MappingTemplate("project", (TemplateColumn("盘子", "investment_total_yuan", "亿元", required=True),))),
            cells={"": "error"}, says=("盘子",),
        ),
        LedgerCase(
            "the header's row is chosen", "a.xlsx", xlsx([("项目名称", "项目代码", "阶段"), ("工程", "编码", "状态"), ("甲", CODE, "施工")]),
            LedgerChoices(header_rows=(2, 2), target="project", mapping={"工程": "name", "B": "nat_code", "C": "stage"}),
            rows=(3,), values=({"name": "甲", "stage": "construction"},),
        ),
        LedgerCase(
            "control areas by the names of land surveys", "a.xlsx",
            xlsx([("BSM", "TBBH", "DLBM", "DLMC", "TBMJ（平方米）", "图层"), ("1001", "7", "0101", "水田", 2500.5, "地类图斑"), ("1002", "8", "0103", "旱地", 10, "永久基本农田")]),
            LedgerChoices(mapping={"B": ""}), target="control_area",
            values=({"code": "1001", "class_code": "0101", "class_name": "水田", "registered_area_m2": 2500.5, "layer": "dltb"}, {"layer": "farmland"}),
        ),
    ]  # fmt: skip


def _sheets() -> list[LedgerCase]:
    one, two = [HEAD, (1, "甲", CODE, 5, None)], [HEAD, (1, "乙", None, 6, None)]
    return [
        LedgerCase("several ledgers", "a.xlsx", xlsx(one, [("说明",)], two), target=None, asks=("sheet",)),
        LedgerCase(
            "the sheet is chosen", "a.xlsx", xlsx(one, [("说明",)], two), LedgerChoices(sheet="二期"), values=({"name": "乙"},),
        ),
        LedgerCase(
            "hidden sheets do not count", "a.xlsx", xlsx(one, [("说明",)], two, hidden_sheets=("二期",)), values=({"name": "甲"},),
        ),
        LedgerCase(
            "a hidden column is read and told of", "a.xlsx", xlsx(one, hidden_columns=("D",)), says=("column is hidden",),
            values=({"investment_total_yuan": yuan("50000")},),
        ),
    ]  # fmt: skip


def _geometry() -> list[LedgerCase]:
    head = ("地块编号", "地块名称", "面积（亩）", "坐标")
    points = [("地块编号", "地块名称", "点号", "圈号", "X坐标", "Y坐标")] + [
        ("DK01" if n == 0 else None, "一号" if n == 0 else None, f"J{n + 1}", 1 if n < 5 else 2, x, y)
        for n, (x, y) in enumerate(POINTS)
    ]
    return [
        LedgerCase(
            "outlines as WKT", "a.xlsx", xlsx([("地块编号", "地块名称", "面积（亩）", "WKT"), ("DK01", "一号", 41.98, WKT)]),
            cells=NO_SYSTEM, target="land_parcel", areas=(VECTOR_M2,), crs="EPSG:4527", values=({"stated_area_m2": 27_986.6666666667},),
        ),
        LedgerCase(
            "the stated area is not that of the outline", "a.xlsx", xlsx([("地块编号", "地块名称", "面积（亩）", "图形"), ("DK01", "一号", 60, WKT)]),
            target="land_parcel", areas=(VECTOR_M2,), crs="EPSG:4527", cells={**NO_SYSTEM, "C2": "warning"}, says=("+42.9",),
        ),
        LedgerCase(
            "a bow for an outline", "a.xlsx", xlsx([("地块编号", "地块名称", "图形"), ("DK01", "一号", BOW)]),
            # Two triangles of 100 m by 50 m.
            target="land_parcel", areas=(5_000.0,), crs="EPSG:4527", cells={**NO_SYSTEM, "C2": "warning"}, says=("Invalid outline",),
        ),
        LedgerCase(
            "WKT that is none, and WKT cut off by Excel", "a.xlsx",
            xlsx([("地块编号", "地块名称", "图形"), ("DK01", "一号", "POLYGON ((1 2"), ("DK02", "二号", ("POLYGON ((" + "39371200.123 3671300.123, " * 1400)[:32767])]),
            target="land_parcel", cells={"C2": "error", "C3": "error"}, says=("cut off",),
        ),
        LedgerCase(
            "coordinates in one cell", "a.xlsx",
            xlsx([head, ("DK01", "一号", 15, "3671300,39371200;3671300,39371300;3671400,39371300;3671400,39371200")]),
            cells=NO_SYSTEM, target="land_parcel", areas=(9_996.0,), crs="EPSG:4527",
        ),
        LedgerCase(
            "boundary points of a parcel with a hole, row by row", "a.xlsx", xlsx(points),
            cells=NO_SYSTEM, target="land_parcel", rows=(2,), areas=(VECTOR_M2,), crs="EPSG:4527", values=({"parcel_no": "DK01", "name": "一号"},),
        ),
        LedgerCase(
            "boundary points under a merged number", "a.xlsx",
            xlsx(points, merged=("A2:A11", "B2:B11")), cells=NO_SYSTEM, target="land_parcel", rows=(2,), areas=(VECTOR_M2,), crs="EPSG:4527",
        ),
        LedgerCase(
            "X and Y swapped", "a.xlsx", xlsx([("项目名称", "项目代码", "X坐标", "Y坐标"), ("甲", CODE, 39371200, 3671300)]),
            areas=(0.0,), crs="EPSG:4527", cells={**NO_SYSTEM, "C2": "warning"}, says=("Axis order corrected",),
        ),
        LedgerCase(
            "eastings without a zone", "a.xlsx", xlsx([("项目名称", "项目代码", "X坐标", "Y坐标"), ("甲", CODE, 3671300, 371200)]),
            cells=NO_SYSTEM, asks=("zone",),
        ),
        LedgerCase(
            "the zone is told above the table", "a.xlsx",
            xlsx([("坐标系：2000国家大地坐标系，中央子午线117°",), ("项目名称", "项目代码", "X坐标", "Y坐标"), ("甲", CODE, 3671300, 371200)]),
            areas=(0.0,), crs="EPSG:4527",
        ),
        LedgerCase(
            "longitude and latitude, decimal and in minutes", "a.xlsx",
            xlsx([("项目名称", "项目代码", "经度", "纬度"), ("甲", CODE, 115.62, 33.16), ("乙", None, "115°37′12″", "33°9′36″")]),
            cells=NO_SYSTEM, areas=(0.0, 0.0), crs="EPSG:4490",
        ),
        LedgerCase(
            "one coordinate is missing, one is a word", "a.xlsx",
            xlsx([("项目名称", "项目代码", "经度", "纬度"), ("甲", CODE, 115.62, None), ("乙", None, "东边", 33.1), ("丙", None, None, None)]),
            cells={"D2": "error", "C3": "error"},
        ),
        LedgerCase(
            "coordinates that lie nowhere", "a.xlsx", xlsx([("项目名称", "项目代码", "X坐标", "Y坐标"), ("甲", CODE, 512.5, 733.2)]),
            cells={"C2": "error"}, says=("local coordinates",),
        ),
        LedgerCase(
            "an old datum above the table", "a.xlsx",
            xlsx([("坐标系：1980西安坐标系",), ("项目名称", "项目代码", "X坐标", "Y坐标"), ("甲", CODE, 3671300, 39371200)]),
            refused=("old datum", "surveying authority"),
        ),
        LedgerCase(
            "rows of two zones", "a.xlsx",
            xlsx([("项目名称", "项目代码", "X坐标", "Y坐标"), ("甲", CODE, 3671300, 39371200), ("乙", None, 3671300, 38631200)]),
            cells={"C2": "error", "C3": "error"}, says=("mixes zones",),
        ),
    ]  # fmt: skip


def _csvs() -> list[LedgerCase]:
    head, row = "项目名称{0}项目代码{0}总投资（万元）", "甲{0}" + CODE + "{0}8278"
    good = ({"name": "甲", "nat_code": CODE, "investment_total_yuan": yuan("82780000")},)
    return [
        LedgerCase("GB18030 with semicolons", "a.csv", csv(head.format(";"), row.format(";"), encoding="gb18030"), values=good, encoding="GB18030"),
        LedgerCase("UTF-8 with BOM", "a.csv", csv(head.format(","), row.format(","), encoding="utf-8-sig"), values=good, encoding="UTF-8"),
        LedgerCase("tabs and UTF-16 as Excel's Unicode text", "a.txt", csv(head.format("\t"), row.format("\t"), encoding="utf-16"), values=good, encoding="UTF-16"),
        LedgerCase("the line sep=", "a.csv", csv("sep=;", head.format(";"), row.format(";")), values=good, rows=(3,)),
        LedgerCase("lines end in LF alone", "a.csv", csv(head.format(","), row.format(","), end="\n"), values=good),
        LedgerCase(
            "a title and a line of units above", "a.csv", csv("重点项目台账,,", "单位：亿元,,", "项目名称,项目代码,总投资", f"甲,{CODE},0.8278"), values=good, rows=(4,),
        ),
        LedgerCase(
            "a header of merged cells turned into a CSV", "a.csv",
            csv("序号,项目名称,计划工期,,总投资（万元）", ",,开工,竣工,", "1,甲,2025.3,2026.10,8278"), rows=(3,),
            values=({"plan_start": date(2025, 3, 1), "plan_finish": date(2026, 10, 31), "investment_total_yuan": yuan("82780000")},),
        ),
        LedgerCase(
            "quoted cells with breaks, commas and quotes", "a.csv",
            csv("项目名称,项目代码,总投资（万元）,建设单位", f'"甲""一""\n工程",{CODE},"8,278","公司, 分公司"'),
            values=({"name": '甲"一" 工程', "investment_total_yuan": yuan("82780000"), "owner_unit": "公司, 分公司"},),
        ),
        LedgerCase(
            "a comma within an amount shifts a row", "a.csv", csv(head.format(","), f"甲,{CODE},8,278"), cells={"D2": "error"}, says=("shifted row",),
        ),
        LedgerCase("a quote that is never closed", "a.csv", csv(head.format(","), f'"甲,{CODE},5', "乙,,6"), refused=("quotes do not match",)),
        LedgerCase("zero bytes", "a.csv", csv(head.format(","), *["甲,,5"] * 9_000, "甲\x00,,5"), refused=("zero bytes", "line 9002")),
        LedgerCase("bytes that are no text", "a.csv", csv(head.format(","), encoding="gb18030") + b"\xff\xff,1,2\r\n", refused=("line 2",)),
        LedgerCase(
            "commas and semicolons alike", "a.csv", csv("项目名称,代码;总投资（万元）", "甲,乙;1"), target=None,
            asks=("delimiter", "target"),
        ),
        LedgerCase(
            "the delimiter is chosen", "a.csv", csv("项目名称,项目代码;甲,总投资（万元）", f"甲,{CODE};,5"), LedgerChoices(delimiter=",", target="project", mapping={"B": ""}),
            values=({"name": "甲", "investment_total_yuan": yuan("50000")},),
        ),
    ]  # fmt: skip
