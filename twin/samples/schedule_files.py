"""A project's plan as XER in GB18030 and as MSPDI."""

from collections.abc import Sequence
from fractions import Fraction
from xml.sax.saxutils import escape

from twin.samples import cast
from twin.samples.progress import final_percents
from twin.samples.projects import sample_projects
from twin.samples.schedule import Milestone, leaves

HOURS_A_DAY = 8
NAMESPACE = "http://schemas.microsoft.com/project"
TASK_FIELDS = (
    "task_id", "proj_id", "wbs_id", "clndr_id", "task_code", "task_name", "task_type", "status_code",
    "target_start_date", "target_end_date", "act_start_date", "act_end_date",
    "target_drtn_hr_cnt", "remain_drtn_hr_cnt", "phys_complete_pct", "complete_pct_type",
)  # fmt: skip


def plan() -> list[tuple[Milestone, int]]:
    """Return the school project's milestones with their percents (tenths) from the plan's own clock."""
    percents = dict(final_percents(cast.BUILDING))
    return [(m, percents[m.code]) for m in leaves(cast.BUILDING)]


def schedule_files() -> dict[str, bytes]:
    """Return the schedule files by path."""
    return {
        "exchange/schedule-gb18030.xer": _xer().encode("gb18030"),
        "exchange/schedule-mspdi.xml": _mspdi().encode(),
    }


def _table(name: str, fields: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    lines = [f"%T\t{name}", "\t".join(("%F", *fields))]
    return lines + ["\t".join(("%R", *(str(v) for v in row))) for row in rows]


def _xer() -> str:
    project = sample_projects()[cast.BUILDING]
    lines = [
        "ERMHDR\t19.12\t2025-10-31\tProject\tsynthetic: true\t虚构样例\tdbxDatabaseNoName\tProject Management\tCNY"
    ]
    lines += _table(
        "PROJECT",
        ("proj_id", "proj_short_name", "plan_start_date"),
        [(1, project.name, f"{project.plan_start} 08:00")],
    )
    lines += _table("CALENDAR", ("clndr_id", "clndr_name", "day_hr_cnt"), [(1, "标准日历", HOURS_A_DAY)])
    lines += _table(
        "PROJWBS", ("wbs_id", "proj_id", "wbs_short_name", "wbs_name"), [(10, 1, "SCH", project.name)]
    )
    lines += _table(
        "TASK", TASK_FIELDS, [_xer_task(n, m, tenths) for n, (m, tenths) in enumerate(plan(), start=1)]
    )
    links = [(100 + n, 1000 + n + 1, 1000 + n, "PR_SS", 80) for n in range(1, len(plan()))]
    lines += _table("TASKPRED", ("task_pred_id", "task_id", "pred_task_id", "pred_type", "lag_hr_cnt"), links)
    return "\r\n".join([*lines, "%E", ""])


def _xer_task(n: int, m: Milestone, tenths: int) -> tuple[object, ...]:
    hours = ((m.finish - m.start).days + 1) * HOURS_A_DAY
    # One task counts by remaining duration, the others by physical percent.
    by_duration = n == 3
    left = round(hours * (1000 - tenths) / 1000, 1)
    status = "TK_Complete" if tenths == 1000 else "TK_Active" if tenths else "TK_NotStart"
    return (
        1000 + n, 1, 10, 1, m.code, m.name, "TT_Task", status,
        f"{m.start} 08:00", f"{m.finish} 17:00",
        f"{m.start} 08:00" if tenths else "", f"{m.finish} 17:00" if tenths == 1000 else "",
        hours, left, tenths / 10, "CP_Drtn" if by_duration else "CP_Phys",
    )  # fmt: skip


def _mspdi() -> str:
    project = sample_projects()[cast.BUILDING]
    head = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!-- synthetic: true 虚构样例 -->",
        f'<Project xmlns="{NAMESPACE}">',
        f"<Name>{escape(project.name)}</Name>",
        f"<StartDate>{project.plan_start}T08:00:00</StartDate>",
        "<CalendarUID>1</CalendarUID>",
        "<Calendars><Calendar><UID>1</UID><Name>标准日历</Name><IsBaseCalendar>1</IsBaseCalendar></Calendar></Calendars>",
        "<Tasks>",
        f"<Task><UID>0</UID><ID>0</ID><Name>{escape(project.name)}</Name><OutlineLevel>0</OutlineLevel><Summary>1</Summary></Task>",
    ]
    tasks = [_mspdi_task(n, m, tenths) for n, (m, tenths) in enumerate(plan(), start=1)]
    return "\n".join([*head, *tasks, "</Tasks>", "</Project>", ""])


def _mspdi_task(n: int, m: Milestone, tenths: int) -> str:
    hours = ((m.finish - m.start).days + 1) * HOURS_A_DAY
    left = Fraction(hours * (1000 - tenths), 1000)
    values = {
        "UID": n,
        "ID": n,
        "Name": escape(m.name),
        "WBS": m.code,
        "OutlineNumber": n,
        "OutlineLevel": 1,
        "Summary": 0,
        "Milestone": 0,
        "Critical": int(m.critical),
        "Start": f"{m.start}T08:00:00",
        "Finish": f"{m.finish}T17:00:00",
        "Duration": f"PT{hours}H0M0S",
        "RemainingDuration": f"PT{int(left)}H{int((left - int(left)) * 60)}M0S",
        "PercentComplete": tenths // 10,
        "PhysicalPercentComplete": tenths // 10,
    }
    if tenths:
        values["ActualStart"] = f"{m.start}T08:00:00"
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    link = f"<PredecessorLink><PredecessorUID>{n - 1}</PredecessorUID><Type>3</Type><LinkLag>48000</LinkLag><LagFormat>7</LagFormat></PredecessorLink>"
    baseline = f"<Baseline><Number>0</Number><Start>{m.start}T08:00:00</Start><Finish>{m.finish}T17:00:00</Finish></Baseline>"
    return f"<Task>{inner}{link if n > 1 else ''}{baseline}</Task>"
