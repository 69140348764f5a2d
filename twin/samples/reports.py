"""Monthly progress reports; one project misses two months, one corrected its last report."""

from datetime import date
from functools import cache
from typing import Any

from twin.samples import cast
from twin.samples.district import PERIODS
from twin.samples.draw import stream, whole
from twin.samples.models import package_tenths
from twin.samples.months import period_end
from twin.samples.names import person
from twin.samples.progress import Tenths, final_percents, percents_at
from twin.samples.projects import Project, sample_projects
from twin.samples.schedule import ELEMENT_PACKAGES, leaves

MISSING = ("2025-03", "2025-04")


@cache
def final_with_elements(index: int) -> tuple[tuple[str, int], ...]:
    """Return the percents of the last report: element roll-ups where a model drives the milestone."""
    percents = dict(final_percents(index))
    if index in ELEMENT_PACKAGES:
        percents |= package_tenths(index)
    return tuple(percents.items())


def report_rows() -> list[dict[str, Any]]:
    """Return the rows of `progress_reports.json`, project by project, month by month."""
    return [row for p in sample_projects() if p.active for row in _project_reports(p)]


def _project_reports(project: Project) -> list[dict[str, Any]]:
    final = dict(final_with_elements(project.index))
    spent_before, spent_year, rows = 0, 0, []
    for period in PERIODS:
        percents = percents_at(project.index, period, final)
        spent = _spent(project, percents)
        spent_year = (0 if period.endswith("-01") else spent_year) + spent - spent_before
        row = _report(project, period, percents, spent - spent_before, spent_year)
        spent_before = spent
        if project.index == cast.MISSING_MONTHS and period in MISSING:
            continue
        rows += _versions(project, row)
    return rows


def _spent(project: Project, percents: Tenths) -> int:
    done = sum(percents[m.code] * (m.weight or 0) for m in leaves(project.index))
    return project.investment_total_yuan * done // 1_000_000 // 100 * 100


def _report(project: Project, period: str, percents: Tenths, month: int, year: int) -> dict[str, Any]:
    rng = stream(f"report:{project.index}:{period}")
    return {
        "project": project.code,
        "period": period,
        "version": 1,
        "as_of": period_end(period).isoformat(),
        "status": "confirmed",
        "investment_month_yuan": month,
        "investment_ytd_yuan": year,
        "note": None,
        "reporter": person(whole(rng, 4, 15)),
        "reviewer": person(whole(rng, 16, 27)),
        "reported_at": f"{period_end(period).isoformat()}T17:30:00+08:00",
        "percents": {code: value / 10 for code, value in percents.items()},
    }


def _versions(project: Project, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the report, and before it the wrong first version where it was corrected."""
    if project.index != cast.CORRECTED or row["period"] != PERIODS[-1]:
        return [row]
    wrong = {
        code: (value if value == 100 else round(value * 0.3, 1)) for code, value in row["percents"].items()
    }
    started = [c for c, v in wrong.items() if v == 100]
    wrong |= dict.fromkeys(started[-2:], 40.0)
    note = "更正：首次填报漏计已完工程量"
    corrected = {**row, "version": 2, "note": note, "reported_at": f"{row['as_of']}T20:00:00+08:00"}
    return [{**row, "percents": wrong}, corrected]


def actual_dates(rows: list[dict[str, Any]]) -> dict[tuple[int, str], tuple[date | None, date | None]]:
    """Return when each milestone began and ended: the middle of the first month with progress, of the last."""
    index_of = {p.code: p.index for p in sample_projects()}
    found: dict[tuple[int, str], tuple[date | None, date | None]] = {}
    for row in rows:
        for code, percent in row["percents"].items():
            key = (index_of[row["project"]], code)
            began, ended = found.get(key, (None, None))
            day = date.fromisoformat(row["as_of"][:8] + "15")
            began = began or (day if percent > 0 else None)
            found[key] = (began, ended or (day if percent == 100 else None))
    return found
