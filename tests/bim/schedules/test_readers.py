"""Schedules of other programs: what is read of a file, and how a fault is named."""

import contextlib
import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from bim.errors import ScheduleError
from bim.schedules.plan import WorkPlan
from bim.schedules.read import read_schedule_file

EXCHANGE = Path(__file__).parents[3] / "data" / "samples" / "exchange"
_XER_FIELDS = "%F\ttask_id\tproj_id\twbs_id\ttask_code\ttask_name\ttask_type\tstatus_code\ttarget_start_date\ttarget_end_date\ttarget_drtn_hr_cnt\tremain_drtn_hr_cnt\tphys_complete_pct\tcomplete_pct_type"


def xer(tasks: list[str], extra: str = "") -> str:
    """Return an XER with one project, a WBS of two levels and the tasks."""
    return "\r\n".join(
        [
            "ERMHDR\t20.12\t2025-10-31",
            "%T\tPROJECT",
            "%F\tproj_id\tproj_short_name",
            "%R\t1\t滨河路",
            "%T\tPROJWBS",
            "%F\twbs_id\tproj_id\tparent_wbs_id\twbs_short_name\twbs_name\tproj_node_flag",
            "%R\t10\t1\t\tROOT\t项目\tY",
            "%R\t11\t1\t10\tA\t主体\tN",
            "%R\t12\t1\t11\tA1\t一层\tN",
            "%T\tTASK",
            _XER_FIELDS,
            *tasks,
            extra,
            "%E",
            "",
        ]
    )


def task_row(
    number: int, name: str, wbs: str = "12", kind: str = "CP_Drtn", task_type: str = "TT_Task"
) -> str:
    return (
        f"%R\t{number}\t1\t{wbs}\tB{number}\t{name}\t{task_type}\tTK_Active\t2025-03-01 08:00\t2025-03-10 17:00"
        f"\t80\t60\t30\t{kind}"
    )


def codes(plan: WorkPlan) -> list[str]:
    return [task.code for task in plan.leaves]


def test_the_same_plan_reads_the_same_from_xer_and_from_xml() -> None:
    first = read_schedule_file((EXCHANGE / "schedule-gb18030.xer").read_bytes())
    second = read_schedule_file((EXCHANGE / "schedule-mspdi.xml").read_bytes())
    assert (first.format, second.format) == ("xer", "mspdi")
    assert [(t.code, t.name, t.start, t.finish) for t in first.leaves] == [
        (t.code, t.name, t.start, t.finish) for t in second.leaves
    ]
    assert first.faults == second.faults == ()
    assert first.tasks[0].name == "施工准备"


def test_gbk_is_found_by_its_bytes_and_the_evidence_is_told() -> None:
    plan = read_schedule_file(xer([task_row(1, "桩基施工与土方开挖")]).encode("gbk"))
    assert plan.encoding == "gb18030"
    assert "GB 2312" in (plan.encoding_evidence or "")
    assert plan.leaves[0].name == "桩基施工与土方开挖"


@pytest.mark.parametrize(
    ("codec", "told"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("gb18030", "gb18030")],
)
def test_every_encoding_gives_the_same_names(codec: str, told: str) -> None:
    plan = read_schedule_file(xer([task_row(1, "混凝土浇筑")]).encode(codec))
    assert (plan.encoding, plan.leaves[0].name, plan.title) == (told, "混凝土浇筑", "滨河路")


def test_accented_latin_text_is_no_chinese() -> None:
    text = xer([task_row(1, "Démolition du bâtiment"), task_row(2, "Gründung, Größe")]).replace(
        "滨河路", "Quai"
    )
    for chinese in ("项目", "主体", "一层"):
        text = text.replace(chinese, "Étage")
    plan = read_schedule_file(text.encode("cp1252"))
    assert plan.encoding == "cp1252"
    assert [task.name for task in plan.leaves] == ["Démolition du bâtiment", "Gründung, Größe"]


def test_bytes_of_no_encoding_are_refused_with_their_line() -> None:
    broken = xer([task_row(1, "混凝土浇筑")]).encode("gbk").replace("浇筑".encode("gbk"), b"\xbd\xbd\xff\xff")
    with pytest.raises(ScheduleError) as caught:
        read_schedule_file(broken)
    assert caught.value.place.line == 12


def test_an_encoding_named_by_the_sender_is_not_guessed_over() -> None:
    with pytest.raises(ScheduleError, match="no utf-8"):
        read_schedule_file(xer([task_row(1, "桩基")]).encode("gbk"), encoding="utf-8")


def test_the_work_breakdown_becomes_parents_and_its_root_is_left_out() -> None:
    plan = read_schedule_file(xer([task_row(1, "柱"), task_row(2, "梁", wbs="10")]).encode())
    by_code = {task.code: task for task in plan.tasks}
    assert list(by_code) == ["A", "A.A1", "B1", "B2"]
    assert by_code["A.A1"].parent == by_code["A"].uid
    assert by_code["B1"].parent == by_code["A.A1"].uid
    assert by_code["B2"].parent is None
    assert by_code["A"].summary


def test_percent_is_read_by_the_measure_the_task_names() -> None:
    # 60 of 80 hours remain: a quarter of the duration is gone; the physical percent says 30.
    plan = read_schedule_file(xer([task_row(1, "甲"), task_row(2, "乙", kind="CP_Phys")]).encode())
    assert [(t.percent, t.percent_source) for t in plan.leaves] == [
        (Decimal("25"), "CP_Drtn"),
        (Decimal("30"), "CP_Phys"),
    ]


def test_columns_are_found_by_name_and_a_line_break_inside_a_name_is_kept_together() -> None:
    row = "%R\t9\t1\t12\tB9\t墙体\r\n（二次结构）\tTT_Task\tTK_NotStart\t2025-03-01 08:00\t2025-03-10 17:00\t80\t80\t0\tCP_Phys"
    plan = read_schedule_file(xer([row]).encode())
    assert plan.leaves[0].name == "墙体\n（二次结构）"
    assert plan.leaves[0].finish == date(2025, 3, 10)


def test_level_of_effort_is_no_work_and_is_told() -> None:
    plan = read_schedule_file(xer([task_row(1, "柱"), task_row(2, "管理", task_type="TT_LOE")]).encode())
    assert codes(plan) == ["B1"]
    assert "TT_LOE" in plan.notes[0]


def test_a_day_that_is_none_is_a_fault_with_its_line() -> None:
    plan = read_schedule_file(xer([task_row(1, "柱").replace("2025-03-10", "2025-13-10")]).encode())
    assert [fault.where for fault in plan.faults] == ["line 12", "file"]


def test_a_file_with_two_projects_asks_which() -> None:
    text = xer([task_row(1, "柱"), task_row(2, "梁").replace("\t1\t12", "\t2\t12")]).replace(
        "%R\t1\t滨河路", "%R\t1\t滨河路\r\n%R\t2\t学校"
    )
    with pytest.raises(ScheduleError, match="plan"):
        read_schedule_file(text.encode())
    assert codes(read_schedule_file(text.encode(), plan="学校")) == ["B2"]


def mspdi(tasks: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    return f'{head}<Project xmlns="http://schemas.microsoft.com/project"><Name>计划</Name><Tasks>{tasks}</Tasks></Project>'


def xml_task(uid: int, outline: str, name: str, more: str = "") -> str:
    return (
        f"<Task><UID>{uid}</UID><Name>{name}</Name><OutlineNumber>{outline}</OutlineNumber>"
        f"<OutlineLevel>{outline.count('.') + 1}</OutlineLevel><Start>2025-03-01T08:00:00</Start>"
        f"<Finish>2025-03-10T17:00:00</Finish>{more}</Task>"
    )


def test_the_outline_becomes_a_tree_and_row_zero_is_left_out() -> None:
    plan = read_schedule_file(
        mspdi(
            "<Task><UID>0</UID><Name>项目</Name></Task>"
            + xml_task(1, "1", "主体")
            + xml_task(2, "1.1", "柱")
            + "<Task><UID>7</UID><IsNull>1</IsNull></Task>"
            + xml_task(3, "2", "装修")
        ).encode()
    )
    assert [(t.code, t.parent, t.summary) for t in plan.tasks] == [
        ("1", None, True),
        ("1.1", "1", False),
        ("2", None, False),
    ]


def test_the_baseline_goes_before_the_scheduled_dates_and_the_source_is_recorded() -> None:
    more = (
        "<PercentComplete>40</PercentComplete><PhysicalPercentComplete>0</PhysicalPercentComplete>"
        "<Baseline><Number>0</Number><Start>2025-02-01T08:00:00</Start><Finish>2025-02-20T17:00:00</Finish>"
        "<Work>PT160H0M0S</Work></Baseline><PredecessorLink><PredecessorUID>3</PredecessorUID><Type>1</Type>"
        "<LinkLag>4800</LinkLag></PredecessorLink>"
    )
    (task,) = read_schedule_file(mspdi(xml_task(1, "1", "柱", more)).encode()).tasks
    assert (task.start, task.finish, task.dates_from) == (date(2025, 2, 1), date(2025, 2, 20), "Baseline 0")
    assert (task.percent, task.percent_source) == (Decimal(40), "PercentComplete")
    assert (task.labour_h, task.predecessors[0].relation, task.predecessors[0].lag_h) == (160.0, "FS", 8.0)


def test_xml_in_a_chinese_code_page_is_read() -> None:
    text = mspdi(xml_task(1, "1", "桩基"), head='<?xml version="1.0" encoding="GB2312"?>')
    assert read_schedule_file(text.encode("gb18030")).tasks[0].name == "桩基"


def test_entities_are_refused() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE p [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + mspdi(
        "&b;", head=""
    )
    with pytest.raises(ScheduleError, match="DTD"):
        read_schedule_file(bomb.encode())


def test_xml_that_is_cut_off_names_the_line() -> None:
    with pytest.raises(ScheduleError) as caught:
        read_schedule_file(mspdi(xml_task(1, "1", "柱")).replace("<Tasks>", "<Tasks>\n")[:-30].encode())
    assert caught.value.place.line == 2


def workbook(rows: list[list[object]]) -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


TABLE: list[list[object]] = [
    ["示范区进度计划", None, None, None, None, None],
    ["任务编码", "任务名称", "计划开始", "计划完成", "合同额（万元）", "工时"],
    ["M01", "桩基", date(2025, 3, 1), "2025年3月31日", 120, 800],
    ["M02", "主体", "2025/4/1", 45838, "1.5亿元", "1,600"],
    ["合计", None, None, None, 15120, None],
]


def test_a_chinese_workbook_is_read_with_money_in_its_unit() -> None:
    table = [list(row) for row in TABLE]
    table[3][4] = 15000
    plan = read_schedule_file(workbook(table))
    assert plan.faults == ()
    # Excel's day 45838 is 30 June 2025.
    assert [(t.code, t.start, t.finish, t.value_yuan, t.labour_h) for t in plan.tasks] == [
        ("M01", date(2025, 3, 1), date(2025, 3, 31), Decimal(1_200_000), 800.0),
        ("M02", date(2025, 4, 1), date(2025, 6, 30), Decimal(150_000_000), 1600.0),
    ]


def test_a_cell_whose_unit_disagrees_with_its_header_is_named() -> None:
    plan = read_schedule_file(workbook(TABLE))
    assert [fault.where for fault in plan.faults] == ["cell E4"]


def test_rows_of_one_task_name_its_elements() -> None:
    text = (
        "code,start,finish,global_id,class,storey\nM01,2025-03-01,2025-03-31,0wall,,\nM01,,,,IfcColumn,二层\n"
    )
    plan = read_schedule_file(text.encode("gb18030"))
    (task,) = plan.tasks
    assert [(m.global_id, m.ifc_class, m.storey) for m in task.matches] == [
        ("0wall", None, None),
        (None, "IfcColumn", "二层"),
    ]
    assert plan.encoding == "gb18030"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("code,start,finish\nA,2025-03-09,2025-03-01\n", ["line 2"]),
        ("code,start,finish\nA,2025-03-01,2025-03-09\nA,2025-03-01,2025-03-09\n", ["line 3"]),
        ("code,start,finish\nA,soon,2025-03-09\n", ["line 2, column 2"]),
        ("code,start,finish\n,2025-03-01,2025-03-09\nB,2025-03-01,2025-03-09\n", ["line 2"]),
        (
            "code,parent,start,finish\nA,B,2025-03-01,2025-03-09\nB,A,2025-03-01,2025-03-09\n",
            ["line 2", "line 3"],
        ),
        ("code,parent,start,finish\nA,Z,2025-03-01,2025-03-09\n", ["line 2"]),
        ("nothing,here\n1,2\n", ["row 1 to 10"]),
        ("", ["row 1 to 10"]),
    ],
)
def test_a_fault_of_a_table_names_its_place(text: str, where: list[str]) -> None:
    plan = read_schedule_file(text.encode())
    assert [fault.where for fault in plan.faults] == where
    assert all(fault.zh for fault in plan.faults)


def test_values_by_unit_are_read_from_their_columns() -> None:
    text = "code,start,finish,清单金额(m3),清单金额(m²)\nM01,2025-03-01,2025-03-31,900000,100000\n"
    (task,) = read_schedule_file(text.encode()).tasks
    assert dict(task.unit_values) == {"m3": Decimal(900_000), "m2": Decimal(100_000)}
    assert task.value_yuan is None


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "MSPDI"),
        (b"ISO-10303-21;", "model="),
        (b"PK\x03\x04broken", "workbook"),
        (b"\x00\x01\x02", "neither"),
        (b"<html></html>", "MSPDI"),
    ],
)
def test_other_files_are_refused_with_the_remedy(data: bytes, word: str) -> None:
    with pytest.raises(ScheduleError, match=word):
        read_schedule_file(data)


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"ERMHDR\t", b"<Project><Tasks>", b"PK\x03\x04", b"code,start,finish\n"]),
)
def test_any_bytes_are_read_or_refused_never_a_crash(body: bytes, head: bytes) -> None:
    with contextlib.suppress(ScheduleError):
        plan = read_schedule_file(head + body)
        assert plan.tasks or plan.faults
