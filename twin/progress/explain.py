"""Explain a progress figure: from the project to its packages, from a package to its units, from a unit to its elements."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from twin.progress.freeze import find_baseline
from twin.progress.packages import PackagePart, UnitSum, package_progress
from twin.progress.queries import Facts, get_facts, list_leaves, list_packages, unit_values
from twin.progress.rollup import Part, roll_up

PAGE_LIMIT: Final = 1_000

_MODELS = text("""
SELECT e.milestone_id, b.id AS model_id, b.name, count(*) AS elements
FROM bim_model b JOIN bim_element e ON e.revision_id = b.current_revision_id
WHERE b.project_id = :project_id AND e.milestone_id IS NOT NULL AND coalesce(e.planning_status, '') <> 'EXISTING'
GROUP BY 1, 2, 3 ORDER BY 1, 2""")

_REPORTS = text("""
SELECT DISTINCT ON (i.milestone_id) i.milestone_id, r.period, r.version, r.as_of, i.percent
FROM progress_report r JOIN progress_report_item i ON i.report_id = r.id
WHERE r.project_id = :project_id AND r.as_of <= :as_of
ORDER BY i.milestone_id, r.period DESC, r.version DESC""")

_TOTALS = text("""
SELECT count(*) FILTER (WHERE element_is_drawn(e.ifc_class)) AS elements,
  count(*) FILTER (WHERE e.planning_status = 'EXISTING') AS existing,
  count(*) FILTER (WHERE e.planning_status = 'DEMOLISH') AS demolished,
  count(*) FILTER (WHERE e.milestone_id IS NULL AND element_is_drawn(e.ifc_class)
    AND coalesce(e.planning_status, '') <> 'EXISTING') AS without_package,
  count(*) FILTER (WHERE EXISTS (
    SELECT FROM element_progress x WHERE x.identity_id = e.identity_id AND x.as_of <= :as_of)) AS reported
FROM bim_element e WHERE e.revision_id = :revision_id""")

_ROWS = text("""
SELECT e.id AS row_key, e.global_id, e.ifc_class, e.name, e.tag, e.storey,
  CASE WHEN e.planning_status = 'DEMOLISH' THEN 'demolition:' ELSE '' END || coalesce(e.quantity_unit, 'count') AS unit,
  coalesce(e.quantity, 1) AS quantity, coalesce(e.quantity_source, 'count') AS quantity_source,
  coalesce(h.status, 'not_started') AS status, coalesce(h.percent, 0)::float8 AS percent, h.step, h.as_of,
  h.recorded_at, h.recorded_by, h.source, h.evidence
FROM bim_element e
JOIN milestone m ON m.id = e.milestone_id AND m.code = :package
LEFT JOIN LATERAL (
  SELECT x.* FROM element_progress x WHERE x.identity_id = e.identity_id AND x.as_of <= :as_of
  ORDER BY x.as_of DESC, x.id DESC LIMIT 1) h ON true
WHERE e.revision_id = :revision_id AND coalesce(e.planning_status, '') <> 'EXISTING' AND e.id > :after
ORDER BY e.id LIMIT :limit""")

_FROZEN = text("""
SELECT coalesce(r.id, b.current_revision_id) AS id, coalesce(r.number, c.number) AS number
FROM bim_model b
LEFT JOIN baseline_model f ON f.baseline_id = :baseline_id AND f.model_id = b.id
LEFT JOIN bim_revision r ON r.id = f.revision_id AND r.state = 'published'
LEFT JOIN bim_revision c ON c.id = b.current_revision_id
WHERE b.id = :model_id""")


def explain_project(session: Session, project_id: int, as_of: date) -> dict[str, Any]:
    """Say how a project's progress of a day came about: weights, packages, their units, reports, models.

    Every part is computed by the very functions that record the progress.
    """
    facts = get_facts(session, project_id)
    plan = facts.plan_at(as_of)
    baseline_id = plan.baseline_id if plan is not None else None
    packages = list_packages(session, project_id, as_of, baseline_id)
    leaves, _ = list_leaves(facts, packages, as_of)
    rolled = roll_up(leaves, as_of)
    rows = {row.code: row for row in (plan.rows if plan is not None else facts.unplanned)}
    models = session.execute(_MODELS, {"project_id": project_id}).all()
    reports = {
        row.milestone_id: row for row in session.execute(_REPORTS, {"project_id": project_id, "as_of": as_of})
    }
    return {
        "as_of": as_of,
        "progress": _number(rolled.progress),
        "planned_progress": _number(rolled.planned) if plan is not None else None,
        "deviation": _number(rolled.deviation) if plan is not None else None,
        "coverage": _number(rolled.coverage),
        "weight_basis": rolled.basis,
        "baseline": _baseline(session, project_id, as_of),
        "packages": [
            _package(part, rows[part.code], packages, planned=plan is not None)
            | {
                "models": [
                    {"model_id": each.model_id, "name": each.name, "elements": each.elements}
                    for each in models
                    if each.milestone_id == rows[part.code].id
                ],
                "report": _report(reports.get(rows[part.code].id)) if part.evidence == "report" else None,
            }
            for part in rolled.parts
        ],
    }


def explain_model(session: Session, project_id: int, model_id: int, as_of: date) -> dict[str, Any]:
    """Say what the elements of a model contribute to the packages of its project, as of a day."""
    facts = get_facts(session, project_id)
    plan = facts.plan_at(as_of)
    baseline_id = plan.baseline_id if plan is not None else None
    packages = list_packages(session, project_id, as_of, baseline_id, model_id)
    rows = {row.id: row for row in _every_row(facts, plan.rows if plan is not None else [])}
    revision = find_frozen(session, model_id, baseline_id)
    totals = session.execute(_TOTALS, {"revision_id": revision[0], "as_of": as_of}).mappings().one()
    return {
        "as_of": as_of,
        "revision": revision[1],
        "baseline": _baseline(session, project_id, as_of),
        "elements": dict(totals),
        "packages": [
            {"code": rows[key].code, "name": rows[key].name, **_units(sums, _values(rows[key]))}
            for key, sums in sorted(packages.items(), key=lambda item: _code(rows, item[0]))
            if key in rows
        ],
        "not_in_plan": sum(
            each.elements for key, sums in packages.items() if key not in rows for each in sums
        ),
    }


def list_package_rows(
    session: Session, revision_id: int | None, package: str, as_of: date, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """List the elements of a package with quantity, its source and the progress that counts; then the next key."""
    values = {
        "revision_id": revision_id,
        "package": package,
        "as_of": as_of,
        "after": after,
        "limit": limit + 1,
    }
    rows = [dict(row) for row in session.execute(_ROWS, values).mappings()]
    kept = rows[:limit]
    return kept, (kept[-1]["row_key"] if len(rows) > limit else None)


def find_frozen(session: Session, model_id: int, baseline_id: int | None) -> tuple[int | None, int | None]:
    """Return id and number of the revision whose quantities weigh under a baseline."""
    row = session.execute(_FROZEN, {"model_id": model_id, "baseline_id": baseline_id}).one()
    return row.id, row.number


def _every_row(facts: Facts, planned: Sequence[Any]) -> list[Any]:
    return [*facts.unplanned, *planned]


def _code(rows: Mapping[int, Any], key: int) -> str:
    return str(rows[key].code) if key in rows else ""


def _values(row: Any) -> dict[str, Fraction]:
    return unit_values(row) if hasattr(row, "unit_values") else {}


def _package(part: Part, row: Any, packages: Mapping[int, list[UnitSum]], *, planned: bool) -> dict[str, Any]:
    return {
        "code": part.code,
        "name": part.name,
        "share": _number(part.share),
        "percent": _number(part.percent),
        "planned": _number(part.planned) if planned else None,
        "evidence": part.evidence,
        "coverage": _number(part.coverage),
        "critical": part.critical,
        "start": row.start if planned else None,
        "finish": part.finish,
        "weight": _plain(row.weight) if planned else None,
        "labour_hours": row.labour_hours if planned else None,
        "measured": _units(packages[row.id], _values(row)) if row.id in packages else None,
    }


def _units(sums: Sequence[UnitSum], values: Mapping[str, Fraction]) -> dict[str, Any]:
    found = package_progress(sums, values)
    orphans = [each for each in sums if each.orphaned_elements]
    shown: dict[str, Any] = {
        "orphaned_elements": sum(each.orphaned_elements for each in orphans),
        "orphaned_quantity": {each.unit: _number(each.orphaned_quantity) for each in orphans},
    }
    if found is None:
        return {
            **shown,
            "percent": None,
            "coverage": 0.0,
            "orphaned": 100.0 if orphans else 0.0,
            "weighing": None,
            "units": [],
        }
    return {
        **shown,
        "percent": _number(found.percent),
        "coverage": _number(found.coverage),
        "orphaned": _number(found.orphaned),
        "weighing": found.weighing,
        "mixed_units": found.mixed_units,
        "units": [_unit(each) for each in found.parts],
    }


def _unit(part: PackagePart) -> dict[str, Any]:
    return {
        "unit": part.sum.unit,
        "elements": part.sum.elements,
        "quantity": _number(part.sum.quantity),
        "earned_quantity": _number(part.sum.earned / 100),
        "percent": _number(part.percent),
        "share": _number(part.share),
        "value_yuan": _number(part.value_yuan),
        "derived": part.sum.derived,
        "counted": part.sum.elements if part.sum.fallback else 0,
    }


def _baseline(session: Session, project_id: int, as_of: date) -> dict[str, Any] | None:
    found = find_baseline(session, project_id, as_of)
    if found is None:
        return None
    return {"version": found.version, "approved_on": found.approved_on, "source": found.source}


def _report(row: Any) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"period": row.period, "version": row.version, "as_of": row.as_of, "percent": float(row.percent)}


def _number(value: Fraction | None) -> float | None:
    return None if value is None else round(float(value), 6)


def _plain(value: Any) -> float | None:
    return None if value is None else float(value)
