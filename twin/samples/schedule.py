"""Milestones and baselines: what is to be done, with which weight, from when to when."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

from twin.samples import cast, templates
from twin.samples.district import AS_OF
from twin.samples.draw import apportion, between, stream, whole
from twin.samples.months import first_day, last_day, month_index
from twin.samples.names import person
from twin.samples.projects import Project, sample_projects
from twin.samples.templates import Node

ACCEPTANCE_MONTHS = 2
# A milestone of the exact cases never spans the reporting date: planned percent is 0 or 100 whatever
# convention counts the days.
EXACT_FINISH, EXACT_START = date(2025, 10, 15), date(2025, 11, 15)


@dataclass(frozen=True)
class Milestone:
    """One milestone or sub-task of a project in its baseline."""

    code: str
    name: str
    parent: str | None
    weight: int | None  # per mille of the contract value; None: a parent, its children carry it
    start: date
    finish: date
    critical: bool
    monthly_targets: tuple[tuple[str, int], ...] = ()

    def planned(self, day: date) -> Fraction:
        """Return the planned percent at a day: by monthly target where there is one, else linear."""
        if self.monthly_targets:
            return self._by_target(day)
        return self._linear(day)

    def _by_target(self, day: date) -> Fraction:
        due = [value for period, value in self.monthly_targets if period <= f"{day:%Y-%m}"]
        return Fraction(due[-1]) if due else Fraction(0)

    def _linear(self, day: date) -> Fraction:
        if day <= self.start:
            return Fraction(0)
        if day >= self.finish:
            return Fraction(100)
        return Fraction(100 * (day - self.start).days, (self.finish - self.start).days)


@cache
def milestones_of(index: int) -> tuple[Milestone, ...]:
    """Return a project's milestones in code order."""
    project = sample_projects()[index]
    nodes = _template(project)
    weights = _weights(index, nodes)
    found: list[Milestone] = []
    for n, (node, weight) in enumerate(zip(nodes, weights, strict=True), start=1):
        milestone = Milestone(f"M{n:02d}", node[0], None, weight, *_span(project, node), node[4])
        found += _with_children(milestone) if _is_site(index, n) else [milestone]
    if index in cast.EXACT_DEVIATION:
        found = [_clear_of_reporting_date(m) for m in found]
    return tuple(found)


def leaves(index: int) -> tuple[Milestone, ...]:
    """Return the milestones that carry weight."""
    return tuple(m for m in milestones_of(index) if m.weight is not None)


def planned_progress(index: int, day: date) -> Fraction:
    """Return PV: the weighted planned percent of a project at a day."""
    return sum((m.planned(day) * (m.weight or 0) for m in leaves(index)), Fraction(0)) / 1000


def _template(project: Project) -> tuple[Node, ...]:
    special = {
        cast.BRIDGE: templates.BRIDGE,
        cast.GALLERY: templates.GALLERY,
        cast.PARKING: templates.PARKING,
    }
    return special.get(project.index, templates.BY_CATEGORY[project.category])


def _weights(index: int, nodes: tuple[Node, ...]) -> list[int]:
    if index in (cast.BRIDGE, cast.GALLERY, cast.BUILDING, cast.PARKING):
        return [node[1] for node in nodes]
    rng = stream(f"weights:{index}")
    return apportion(1000, [node[1] * between(rng, 0.85, 1.15) for node in nodes])


def _span(project: Project, node: Node) -> tuple[date, date]:
    if node[0] == "竣工验收":
        after = month_index(project.plan_finish) + 1
        return first_day(after), last_day(after + ACCEPTANCE_MONTHS - 1)
    days = (project.plan_finish - project.plan_start).days
    begin = project.plan_start + timedelta(days=round(days * node[2]))
    return begin, project.plan_start + timedelta(days=round(days * node[3]))


def _is_site(index: int, n: int) -> bool:
    return index == cast.PARKING and 2 <= n <= 6


def _with_children(site: Milestone) -> list[Milestone]:
    children = []
    days = (site.finish - site.start).days
    for n, (name, weight, begin, end, critical) in enumerate(templates.PARKING_SITE, start=1):
        start = site.start + timedelta(days=round(days * begin))
        finish = site.start + timedelta(days=round(days * end))
        child = Milestone(
            f"{site.code}.{n}", f"{site.name}·{name}", site.code, weight, start, finish, critical
        )
        children.append(replace(child, monthly_targets=_targets(child)))
    return [replace(site, weight=None), *children]


def _targets(milestone: Milestone) -> tuple[tuple[str, int], ...]:
    months = range(month_index(milestone.start), month_index(milestone.finish) + 1)
    return tuple((f"{last_day(m):%Y-%m}", int(milestone.planned(last_day(m)))) for m in months)


def _clear_of_reporting_date(m: Milestone) -> Milestone:
    if not m.start <= AS_OF <= m.finish:
        return m
    if m.start < date(2025, 9, 1):
        return replace(m, finish=EXACT_FINISH)
    return replace(m, start=EXACT_START, finish=max(m.finish, EXACT_START + timedelta(days=30)))


def milestone_rows(actuals: dict[tuple[int, str], tuple[date | None, date | None]]) -> list[dict[str, Any]]:
    """Return the rows of `milestones.json`; actual dates come from the progress reports."""
    return [
        _milestone_row(project, m, actuals.get((project.index, m.code), (None, None)))
        for project in sample_projects()
        for m in milestones_of(project.index)
    ]


def _milestone_row(project: Project, m: Milestone, actual: tuple[date | None, date | None]) -> dict[str, Any]:
    rng = stream(f"milestone-owner:{project.index}:{m.code}")
    return {
        "project": project.code,
        "code": m.code,
        "name": m.name,
        "parent": m.parent,
        "weight": None if m.weight is None else m.weight / 1000,
        "critical": m.critical,
        "owner": person(whole(rng, 4, 27)),
        "actual_start": actual[0] and actual[0].isoformat(),
        "actual_finish": actual[1] and actual[1].isoformat(),
        "progress_source": "elements" if m.code in ELEMENT_PACKAGES.get(project.index, ()) else "reports",
    }


# Milestones whose percent is the roll-up of a model's elements.
ELEMENT_PACKAGES: dict[int, tuple[str, ...]] = {
    cast.BUILDING: ("M02", "M03", "M04", "M05", "M06", "M07", "M08"),
    cast.BRIDGE: ("M03", "M04", "M05", "M06", "M07", "M08", "M09"),
    cast.GALLERY: ("M04", "M05", "M06", "M08", "M09"),
}


def baseline_rows() -> list[dict[str, Any]]:
    """Return the rows of `baselines.json`: one approved baseline per project, but for the grey one."""
    return [_baseline_row(p) for p in sample_projects() if p.index != cast.NO_BASELINE]


def _baseline_row(project: Project) -> dict[str, Any]:
    return {
        "project": project.code,
        "version": 1,
        "approved_on": (project.plan_start - timedelta(days=20)).isoformat(),
        "weight_basis": "contract_value",
        "milestones": [
            {
                "code": m.code,
                "weight": None if m.weight is None else m.weight / 1000,
                "start": m.start.isoformat(),
                "finish": m.finish.isoformat(),
                "monthly_targets": dict(m.monthly_targets) or None,
            }
            for m in milestones_of(project.index)
        ],
    }
