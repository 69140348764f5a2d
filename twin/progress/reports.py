"""Monthly reports 月报: every one stays; a correction is the next version of its period."""

import calendar
import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin.errors import InvalidInputError
from twin.progress.models import ProgressReport, ProgressReportItem
from twin.projects.models import Milestone, Project

_PERIOD = re.compile(r"[12]\d{3}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class ReportDraft:
    """What a project says of a month; percent 0–100 by milestone code, money in yuan."""

    percents: dict[str, Decimal] = field(default_factory=dict)
    investment_month_yuan: Decimal | None = None
    investment_ytd_yuan: Decimal | None = None
    note: str | None = None


@dataclass(frozen=True)
class Reported:
    """The report that now stands, and whether this call added it."""

    report: ProgressReport
    added: bool


def closing_day(period: str) -> date:
    """Return the last day of a month.

    Raises
    ------
    InvalidInputError
        The period is no month.

    Examples
    --------
    >>> closing_day("2024-02")
    datetime.date(2024, 2, 29)
    """
    if not _PERIOD.fullmatch(period):
        raise InvalidInputError(
            f"The period {period[:20]!r} is no month such as 2025-10.",
            f"期间 {period[:20]!r} 不是 2025-10 形式的月份。",
            where="period",
        )
    year, month = int(period[:4]), int(period[5:])
    return date(year, month, calendar.monthrange(year, month)[1])


def record_report(
    session: Session, project: Project, period: str, draft: ReportDraft, reporter: str
) -> Reported:
    """Add a report for a month, as the next version when there is one; the same again adds nothing.

    Raises
    ------
    InvalidInputError
        The period is no month, or a milestone code is none of the project's.
    """
    as_of = closing_day(period)
    items = _items(session, project, draft)
    # One report of a project at a time, so that versions follow each other.
    session.execute(select(Project.id).where(Project.id == project.id).with_for_update())
    newest = _find_newest(session, project.id, period)
    if newest is not None and _says_the_same(session, newest, draft, items):
        return Reported(newest, added=False)
    report = ProgressReport(
        project_id=project.id,
        period=period,
        version=newest.version + 1 if newest else 1,
        as_of=as_of,
        status="submitted",
        investment_month_yuan=draft.investment_month_yuan,
        investment_ytd_yuan=draft.investment_ytd_yuan,
        note=draft.note,
        reporter=reporter,
    )
    session.add(report)
    session.flush()
    session.add_all(
        ProgressReportItem(report_id=report.id, milestone_id=milestone, percent=percent)
        for milestone, percent in items.items()
    )
    session.flush()
    return Reported(report, added=True)


def _items(session: Session, project: Project, draft: ReportDraft) -> dict[int, Decimal]:
    rows = session.execute(select(Milestone.code, Milestone.id).where(Milestone.project_id == project.id))
    known = dict(rows.all())
    unknown = sorted(set(draft.percents) - set(known))
    if unknown:
        raise InvalidInputError(
            f"Project {project.code} has no milestone {unknown[0]!r}; it has {', '.join(sorted(known)) or 'none'}.",
            f"项目 {project.code} 没有节点 {unknown[0]!r}；现有节点：{'、'.join(sorted(known)) or '无'}。",
            where=f"percents.{unknown[0]}",
        )
    return {known[code]: percent for code, percent in draft.percents.items()}


def _find_newest(session: Session, project_id: int, period: str) -> ProgressReport | None:
    statement = select(ProgressReport).where(
        ProgressReport.project_id == project_id, ProgressReport.period == period
    )
    return session.scalar(statement.order_by(ProgressReport.version.desc()).limit(1))


def _says_the_same(
    session: Session, report: ProgressReport, draft: ReportDraft, items: dict[int, Decimal]
) -> bool:
    rows = session.execute(
        select(ProgressReportItem.milestone_id, ProgressReportItem.percent).where(
            ProgressReportItem.report_id == report.id
        )
    )
    stored = dict(rows.all())
    money = ("investment_month_yuan", "investment_ytd_yuan", "note")
    return stored == items and all(getattr(report, name) == getattr(draft, name) for name in money)
