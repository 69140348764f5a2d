"""What an export writes into a model file: progress of its elements, tasks of outside schedules, the place in force."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from bim.export_order import ElementNote, ExportPlace, ExportTask, check_exportable
from twin.elements.models import BimRevision
from twin.errors import ConflictError
from twin.identity.agency import get_reporting_date
from twin.progress.freeze import find_baseline
from twin.progress.packages import package_progress
from twin.progress.queries import list_packages, unit_values

_NOTES = text("""
SELECT e.step_id, e.global_id, i.status, i.progress::float8 AS percent, i.actual_start, i.actual_finish, e.plan_start,
  e.plan_finish, m.code AS milestone, i.step
FROM bim_element e
JOIN element_identity i ON i.id = e.identity_id
LEFT JOIN milestone m ON m.id = e.milestone_id
WHERE e.revision_id = :revision_id AND coalesce(e.planning_status, '') <> 'EXISTING'
  AND EXISTS (SELECT FROM element_progress p WHERE p.identity_id = i.id)
ORDER BY e.id""")

_STATE = text("""
SELECT count(*) AS reports, max(p.id) AS last,
  (SELECT md5(string_agg(e.milestone_id::text || e.plan_start::text || e.plan_finish::text, ',' ORDER BY e.id))
   FROM bim_element e WHERE e.revision_id = :revision_id AND e.milestone_id IS NOT NULL) AS links,
  (SELECT max(b.id) FROM baseline b WHERE b.project_id = :project_id) AS baseline
FROM bim_element e JOIN element_progress p ON p.identity_id = e.identity_id WHERE e.revision_id = :revision_id""")

_LINKED = text("""
SELECT m.id, m.code, m.name, m.parent_id, m.actual_start, m.actual_finish, b.start, b.finish, b.unit_values,
  coalesce(l.elements, '{}') AS elements
FROM milestone m
LEFT JOIN baseline_milestone b ON b.milestone_id = m.id AND b.baseline_id = :baseline_id
LEFT JOIN (
  SELECT e.milestone_id, array_agg(e.step_id ORDER BY e.id) AS elements FROM bim_element e
  WHERE e.revision_id = :revision_id AND element_is_drawn(e.ifc_class) GROUP BY 1) l ON l.milestone_id = m.id
WHERE m.project_id = :project_id ORDER BY m.code""")


@dataclass(frozen=True)
class ExportPlan:
    """What is asked for: the revision, and a key that changes with anything that would be written."""

    revision_id: int
    model_id: int
    project_id: int
    sha256: str
    file_name: str
    state_key: str
    georeference: bool
    as_of: date


def plan_export(session: Session, revision_id: int, project_id: int, *, georeference: bool) -> ExportPlan:
    """Say what an export of a revision would be, before anything is written.

    Raises
    ------
    SchemaUnsupportedError
        The file's schema is read under another name and cannot be written back.
    ConflictError
        A georeference is asked for and the model has no place.
    """
    revision = session.get_one(BimRevision, revision_id)
    check_exportable(revision.schema_name)
    if georeference:
        place_of(revision)
    day = get_reporting_date(session)
    row = session.execute(_STATE, {"revision_id": revision_id, "project_id": project_id}).one()
    place = revision.georeference if georeference else None
    said = [revision_id, day, row.reports, row.last, row.links, row.baseline, place]
    key = hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
    return ExportPlan(
        revision_id,
        revision.model_id,
        project_id,
        revision.sha256,
        revision.file_name,
        key,
        georeference,
        day,
    )


def place_of(revision: BimRevision) -> ExportPlace:
    """Return where a revision lies.

    Raises
    ------
    ConflictError
        Nowhere.
    """
    found = revision.georeference or {}
    if not found.get("placed") or not found.get("crs"):
        raise ConflictError(
            f"Model {revision.model_id} has no place on the map to write; place it first, or export without "
            "georeference.",
            f"模型 {revision.model_id} 尚未定位，无地理参考可写；请先定位，或不带 georeference 导出。",
        )
    return ExportPlace(found["crs"], tuple(found["matrix"]), found.get("vertical_datum"))


def iter_export_notes(session: Session, revision_id: int) -> Iterator[ElementNote]:
    """Iterate over the elements of which progress is known."""
    for row in session.execute(_NOTES, {"revision_id": revision_id}, execution_options={"yield_per": 5_000}):
        yield ElementNote(
            step_id=row.step_id,
            global_id=row.global_id,
            status=row.status,
            percent=row.percent,
            actual_start=_iso(row.actual_start),
            actual_finish=_iso(row.actual_finish),
            planned_start=_iso(row.plan_start),
            planned_finish=_iso(row.plan_finish),
            milestone=row.milestone,
            step=row.step,
        )


def list_export_tasks(session: Session, plan: ExportPlan) -> list[ExportTask]:
    """List the milestones with elements whose task the file does not have, with the milestones above them."""
    revision = session.get_one(BimRevision, plan.revision_id)
    own = {task["code"] for task in revision.tasks or []}
    baseline = find_baseline(session, plan.project_id, plan.as_of)
    scope = {
        "revision_id": plan.revision_id,
        "project_id": plan.project_id,
        "baseline_id": baseline.id if baseline is not None else None,
    }
    rows = {row.id: row for row in session.execute(_LINKED, scope)}
    wanted = {key for key, row in rows.items() if row.elements and row.code not in own}
    for key in list(wanted):
        above = rows[key].parent_id
        while above in rows and above not in wanted:
            wanted.add(above)
            above = rows[above].parent_id
    percents = _percents(session, plan, scope["baseline_id"], rows)
    return [_task(row, rows, percents) for key, row in rows.items() if key in wanted]


def _percents(
    session: Session, plan: ExportPlan, baseline_id: int | None, rows: dict[int, Any]
) -> dict[int, float]:
    packages = list_packages(session, plan.project_id, plan.as_of, baseline_id, plan.model_id)
    found: dict[int, float] = {}
    for key, sums in packages.items():
        package = package_progress(sums, unit_values(rows[key]))
        if package is not None:
            found[key] = float(package.percent)
    return found


def _task(row: Any, rows: dict[int, Any], percents: dict[int, float]) -> ExportTask:
    above = rows.get(row.parent_id)
    return ExportTask(
        code=row.code,
        name=row.name,
        parent=above.code if above is not None else None,
        start=_iso(row.start),
        finish=_iso(row.finish),
        actual_start=_iso(row.actual_start),
        actual_finish=_iso(row.actual_finish),
        percent=percents.get(row.id) if row.elements else None,
        elements=list(row.elements),
    )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
