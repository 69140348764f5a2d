"""Freeze what weighs the elements: a baseline names the revision of every model whose quantities count under it.

A revision that changes quantities, or which elements belong to which package, opens a new baseline with the same plan;
days before it keep the old one (`bim.md` §12.3).
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from twin.projects.models import Baseline

SOURCE = "quantities"  # of a baseline that a revision opened

_WANTING = text("""
SELECT b.id AS model_id, b.current_revision_id AS revision_id, f.revision_id AS frozen_id
FROM bim_model b LEFT JOIN baseline_model f ON f.baseline_id = :baseline_id AND f.model_id = b.id
WHERE b.project_id = :project_id AND b.current_revision_id IS NOT NULL
  AND f.revision_id IS DISTINCT FROM b.current_revision_id
ORDER BY b.id""")

# Quantities of the mesh may differ in the last digits from one conversion to the next.
_DIFFERS = text("""
SELECT EXISTS (
  SELECT FROM (SELECT * FROM bim_element WHERE revision_id = :before) x
  FULL JOIN (SELECT * FROM bim_element WHERE revision_id = :after) y ON y.identity_id = x.identity_id
  WHERE coalesce(x.milestone_id, y.milestone_id) IS NOT NULL
    AND ((x.milestone_id, x.quantity_unit, coalesce(x.planning_status, ''))
        IS DISTINCT FROM (y.milestone_id, y.quantity_unit, coalesce(y.planning_status, ''))
      OR abs(coalesce(x.quantity, 1) - coalesce(y.quantity, 1)) > 1e-6 * abs(coalesce(x.quantity, 1))))""")

_PIN = text("""
INSERT INTO baseline_model (baseline_id, model_id, revision_id) VALUES (:baseline_id, :model_id, :revision_id)
ON CONFLICT (baseline_id, model_id) DO UPDATE SET revision_id = excluded.revision_id""")

_COPY_PLAN = text("""
INSERT INTO baseline_milestone (baseline_id, milestone_id, weight, start, finish, monthly_targets, labour_hours,
  unit_values)
SELECT :baseline_id, milestone_id, weight, start, finish, monthly_targets, labour_hours, unit_values
FROM baseline_milestone WHERE baseline_id = :before ORDER BY id""")

_COPY_PINS = text("""
INSERT INTO baseline_model (baseline_id, model_id, revision_id)
SELECT :baseline_id, model_id, revision_id FROM baseline_model WHERE baseline_id = :before""")


def freeze_quantities(session: Session, project_id: int, day: date) -> int | None:
    """Let the baseline in force name the current revisions, opening a new version where their quantities differ.

    Parameters
    ----------
    day : date
        The reporting date; a new version is approved on it.

    Returns
    -------
    int or None
        The baseline that was opened; None where none was.
    """
    newest = find_baseline(session, project_id, day)
    if newest is None or not _list_wanting(session, project_id, newest.id):
        return None
    session.execute(text("SELECT FROM project WHERE id = :id FOR NO KEY UPDATE"), {"id": project_id})
    newest = find_baseline(session, project_id, day) or newest
    wanting = _list_wanting(session, project_id, newest.id)
    changed = [row for row in wanting if row.frozen_id is not None and _differs(session, row)]
    target = copy_baseline(session, newest, day, SOURCE) if changed else newest
    for row in wanting:
        session.execute(
            _PIN, {"baseline_id": target.id, "model_id": row.model_id, "revision_id": row.revision_id}
        )
    return target.id if changed else None


def find_baseline(session: Session, project_id: int, day: date) -> Baseline | None:
    """Return the newest baseline approved by a day."""
    return session.scalar(
        select(Baseline)
        .where(Baseline.project_id == project_id, Baseline.approved_on <= day)
        .order_by(Baseline.approved_on.desc(), Baseline.version.desc())
        .limit(1)
    )


def add_baseline(session: Session, project_id: int, approved_on: date, source: str) -> Baseline:
    """Add the next version of a project's baseline, without any rows."""
    last = session.scalar(select(func.max(Baseline.version)).where(Baseline.project_id == project_id)) or 0
    baseline = Baseline(project_id=project_id, version=last + 1, approved_on=approved_on, source=source)
    session.add(baseline)
    session.flush()
    return baseline


def copy_baseline(session: Session, before: Baseline, day: date, source: str) -> Baseline:
    """Add a version with the same plan and the same frozen revisions."""
    approved_on = max(day, before.approved_on or day)
    added = add_baseline(session, before.project_id, approved_on, source)
    session.execute(_COPY_PLAN, {"baseline_id": added.id, "before": before.id})
    copy_frozen(session, before, added)
    return added


def copy_frozen(session: Session, before: Baseline, after: Baseline) -> None:
    """Let a baseline name the same revisions as another."""
    session.execute(_COPY_PINS, {"baseline_id": after.id, "before": before.id})


def _list_wanting(session: Session, project_id: int, baseline_id: int) -> Sequence[Any]:
    return session.execute(_WANTING, {"project_id": project_id, "baseline_id": baseline_id}).all()


def _differs(session: Session, row: Any) -> bool:
    return bool(session.scalar(_DIFFERS, {"before": row.frozen_id, "after": row.revision_id}))
