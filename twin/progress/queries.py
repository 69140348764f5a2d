"""Every SELECT of the progress room."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from twin.progress.models import ProgressReport, ProjectState
from twin.progress.packages import PackageProgress, UnitSum, package_progress
from twin.progress.rollup import Evidence, Leaf

_LEAVES = text("""
SELECT m.id, m.code, m.name, m.critical, b.weight, b.start, b.finish, b.monthly_targets, b.labour_hours,
  b.unit_values, l.id AS baseline_id, l.approved_on, l.version
FROM baseline l
JOIN baseline_milestone b ON b.baseline_id = l.id
JOIN milestone m ON m.id = b.milestone_id
WHERE l.project_id = :project_id AND l.approved_on IS NOT NULL
  AND NOT EXISTS (SELECT FROM milestone c JOIN baseline_milestone cb ON cb.milestone_id = c.id
                  WHERE c.parent_id = m.id AND cb.baseline_id = l.id)
ORDER BY l.approved_on, l.version, m.code""")

_FINISHED = text("SELECT actual_finish FROM project WHERE id = :project_id")

_UNPLANNED = text("""
SELECT m.id, m.code, m.name, m.critical FROM milestone m
WHERE m.project_id = :project_id AND NOT EXISTS (SELECT FROM milestone c WHERE c.parent_id = m.id)
ORDER BY m.code""")

_REPORTED = text("""
SELECT DISTINCT ON (r.period, i.milestone_id) r.as_of, i.milestone_id, i.percent
FROM progress_report r JOIN progress_report_item i ON i.report_id = r.id
WHERE r.project_id = :project_id
ORDER BY r.period, i.milestone_id, r.version DESC""")

# What each element had reached by a day, summed per package and unit. The baseline names the revision whose quantities
# weigh; without one it is the current. An element that stands already is no work; one that is taken down is work of
# its own. What only the number of pieces measures is `fallback`.
_PACKAGES = text("""
WITH counted AS (
  SELECT b.id AS model_id, coalesce(r.id, b.current_revision_id) AS revision_id
  FROM bim_model b
  LEFT JOIN baseline_model f ON f.baseline_id = :baseline_id AND f.model_id = b.id
  LEFT JOIN bim_revision r ON r.id = f.revision_id AND r.state = 'published'
  WHERE b.project_id = :project_id AND (CAST(:model_id AS bigint) IS NULL OR b.id = :model_id)),
measured AS (
  SELECT e.milestone_id, e.identity_id,
    CASE WHEN e.planning_status = 'DEMOLISH' THEN 'demolition:' ELSE '' END
      || coalesce(e.quantity_unit, 'count') AS unit,
    coalesce(e.quantity, 1)::numeric AS quantity, e.quantity_source = 'derived' AS derived,
    e.quantity IS NULL OR coalesce(e.quantity_source, 'count') = 'count' AND coalesce(e.quantity_unit, 'count') = 'count'
      AS fallback
  FROM counted c JOIN bim_element e ON e.revision_id = c.revision_id
  WHERE e.milestone_id IS NOT NULL AND coalesce(e.planning_status, '') <> 'EXISTING')
SELECT m.milestone_id, m.unit, m.fallback, sum(m.quantity) AS quantity,
  sum(m.quantity * coalesce(h.percent, 0)) AS earned, count(*) AS elements, count(*) FILTER (WHERE m.derived) AS derived
FROM measured m
LEFT JOIN LATERAL (
  SELECT x.percent FROM element_progress x
  WHERE x.identity_id = m.identity_id AND x.as_of <= :as_of
  ORDER BY x.as_of DESC, x.id DESC LIMIT 1) h ON true
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""")

# Elements that bore progress by a day and stand in no current revision: where they last stood, and what they measured.
_ORPHANS = text("""
WITH gone AS MATERIALIZED (
  SELECT i.id FROM bim_model b CROSS JOIN LATERAL (
    SELECT e.id FROM element_identity e WHERE e.model_id = b.id
    EXCEPT SELECT covered_identities(b.current_revision_id)) i
  WHERE b.project_id = :project_id AND (CAST(:model_id AS bigint) IS NULL OR b.id = :model_id)
    AND b.current_revision_id IS NOT NULL)
SELECT e.milestone_id, CASE WHEN e.planning_status = 'DEMOLISH' THEN 'demolition:' ELSE '' END
    || coalesce(e.quantity_unit, 'count') AS unit,
  sum(coalesce(e.quantity, 1)::numeric) AS quantity, count(*) AS elements
FROM gone i
JOIN LATERAL (
  SELECT x.percent FROM element_progress x WHERE x.identity_id = i.id AND x.as_of <= :as_of
  ORDER BY x.as_of DESC, x.id DESC LIMIT 1) h ON h.percent > 0
JOIN LATERAL (
  SELECT o.* FROM bim_element o JOIN bim_revision r ON r.id = o.revision_id
  WHERE o.identity_id = i.id AND r.state IN ('published', 'withdrawn') ORDER BY r.number DESC LIMIT 1) e ON true
WHERE e.milestone_id IS NOT NULL AND coalesce(e.planning_status, '') <> 'EXISTING'
GROUP BY 1, 2""")


@dataclass(frozen=True)
class _Plan:
    approved_on: date
    baseline_id: int
    rows: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Facts:
    """All that is known of a project's plan and reports, from which any day can be rolled up."""

    project_id: int
    finished_on: date | None
    plans: list[_Plan]
    unplanned: list[Any]
    reported: dict[int, list[tuple[date, Decimal]]]

    def plan_at(self, as_of: date) -> _Plan | None:
        """Return the newest baseline approved by a day."""
        known = [plan for plan in self.plans if plan.approved_on <= as_of]
        return known[-1] if known else None

    def reported_at(self, milestone_id: int, as_of: date) -> Fraction | None:
        """Return the percent last reported of a milestone by a day."""
        known = [percent for day, percent in self.reported.get(milestone_id, []) if day <= as_of]
        return Fraction(known[-1]) if known else None


def get_facts(session: Session, project_id: int) -> Facts:
    """Read a project's baselines and reports once, for as many days as wanted."""
    scope = {"project_id": project_id}
    plans: dict[int, _Plan] = {}
    for row in session.execute(_LEAVES, scope):
        plans.setdefault(row.baseline_id, _Plan(row.approved_on, row.baseline_id)).rows.append(row)
    reported: dict[int, list[tuple[date, Decimal]]] = defaultdict(list)
    for row in session.execute(_REPORTED, scope):
        reported[row.milestone_id].append((row.as_of, row.percent))
    finished_on = session.scalar(_FINISHED, scope)
    unplanned = list(session.execute(_UNPLANNED, scope))
    return Facts(project_id, finished_on, list(plans.values()), unplanned, dict(reported))


def list_packages(
    session: Session,
    project_id: int,
    as_of: date,
    baseline_id: int | None = None,
    model_id: int | None = None,
) -> dict[int, list[UnitSum]]:
    """List per milestone what its elements had earned by a day, one sum per unit.

    Parameters
    ----------
    baseline_id : int, optional
        The baseline whose frozen quantities weigh; the current revisions' otherwise.
    model_id : int, optional
        Only the elements of this model.
    """
    scope = {"project_id": project_id, "as_of": as_of, "baseline_id": baseline_id, "model_id": model_id}
    orphans = {
        (row.milestone_id, row.unit): (Fraction(row.quantity), row.elements)
        for row in session.execute(
            _ORPHANS, {name: scope[name] for name in ("project_id", "as_of", "model_id")}
        )
    }
    sums: dict[int, list[UnitSum]] = defaultdict(list)
    for row in session.execute(_PACKAGES, scope):
        lost, count = orphans.pop((row.milestone_id, row.unit), (Fraction(0), 0))
        sums[row.milestone_id].append(
            UnitSum(
                row.unit,
                Fraction(row.quantity),
                Fraction(row.earned),
                row.elements,
                row.derived,
                row.fallback,
                lost,
                count,
            )
        )
    for (milestone_id, unit), (lost, count) in orphans.items():
        sums[milestone_id].append(
            UnitSum(unit, Fraction(0), Fraction(0), 0, orphaned_quantity=lost, orphaned_elements=count)
        )
    return dict(sums)


def list_leaves(
    facts: Facts, packages: Mapping[int, list[UnitSum]], as_of: date
) -> tuple[list[Leaf], int | None]:
    """Join plan and evidence as of a day; where elements are linked to a milestone, they speak for it.

    Returns
    -------
    leaves, baseline_id : list of Leaf, int or None
        Without an approved baseline the leaves carry no plan and the id is None.
    """
    plan = facts.plan_at(as_of)
    rows = plan.rows if plan else facts.unplanned
    return [_leaf(row, facts, packages, as_of, planned=plan is not None) for row in rows], (
        plan.baseline_id if plan else None
    )


def _leaf(row: Any, facts: Facts, packages: Mapping[int, list[UnitSum]], as_of: date, planned: bool) -> Leaf:
    package = package_progress(packages.get(row.id, []), unit_values(row) if planned else None)
    percent, evidence = _evidence(row.id, facts, package, as_of)
    hours = row.labour_hours if planned else None
    return Leaf(
        code=row.code,
        name=row.name,
        weight=Fraction(row.weight) if planned and row.weight is not None else None,
        start=row.start if planned else None,
        finish=row.finish if planned else None,
        percent=percent,
        evidence=evidence,
        critical=row.critical,
        monthly_targets=(row.monthly_targets or {}) if planned else {},
        labour_hours=None if hours is None else Fraction(str(hours)),
        coverage=package.coverage if package is not None else Fraction(100),
    )


def unit_values(row: Any) -> dict[str, Fraction]:
    """Return the contract value of each unit of a package, yuan, as a baseline froze them."""
    return {unit: Fraction(str(value)) for unit, value in (row.unit_values or {}).items()}


def _evidence(
    milestone_id: int, facts: Facts, package: PackageProgress | None, as_of: date
) -> tuple[Fraction | None, Evidence]:
    """Elements speak before reports; a project that was finished without either is done."""
    if package is not None:
        return package.percent, "elements"
    reported = facts.reported_at(milestone_id, as_of)
    if reported is not None:
        return reported, "report"
    if facts.finished_on is not None and facts.finished_on <= as_of:
        return Fraction(100), "finish"
    return None, "none"


def find_state(session: Session, project_id: int, as_of: date | None = None) -> ProjectState | None:
    """Return the newest rolled-up state of a project known for a day (default: the newest of all)."""
    statement = select(ProjectState).where(ProjectState.project_id == project_id)
    if as_of is not None:
        statement = statement.where(ProjectState.as_of <= as_of)
    return session.scalar(statement.order_by(ProjectState.as_of.desc(), ProjectState.id.desc()).limit(1))


def list_states(session: Session, project_id: int) -> list[ProjectState]:
    """List every rolled-up state of a project, oldest day first."""
    return list(
        session.scalars(
            select(ProjectState)
            .where(ProjectState.project_id == project_id)
            .order_by(ProjectState.as_of, ProjectState.id)
        )
    )


def find_last_report(session: Session, project_id: int, as_of: date) -> ProgressReport | None:
    """Return the newest report of a project that covers a period closed by a day."""
    return session.scalar(
        select(ProgressReport)
        .where(ProgressReport.project_id == project_id, ProgressReport.as_of <= as_of)
        .order_by(ProgressReport.period.desc(), ProgressReport.version.desc())
        .limit(1)
    )


def list_reports(session: Session, project_id: int) -> list[ProgressReport]:
    """List all reports of a project with all their versions, oldest first."""
    return list(
        session.scalars(
            select(ProgressReport)
            .where(ProgressReport.project_id == project_id)
            .order_by(ProgressReport.period, ProgressReport.version)
        )
    )
