"""Take a schedule over: milestones by code, and a new frozen baseline; the same file again changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy.orm import Session

from bim.schedules.plan import WorkPlan
from twin.errors import InvalidInputError
from twin.identity.agency import get_reporting_date
from twin.progress.freeze import add_baseline, copy_frozen, find_baseline
from twin.progress.models import ScheduleImport, ScheduleTask
from twin.progress.rollup import Leaf, weigh
from twin.progress.schedule_plan import (
    Difference,
    Known,
    Missing,
    PlanRow,
    compare_plan,
    get_known,
    lock_plan,
)
from twin.projects.models import Baseline, BaselineMilestone, Milestone

_LATE = date.max


@dataclass(frozen=True)
class SourceFile:
    """The file a schedule came in."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Imported:
    """What a schedule changes, or has changed.

    Attributes
    ----------
    baseline : Baseline or None
        The one that was made; None in a preview and where nothing is new.
    weight_basis : str
        By what the leaves will weigh.
    proposals : dict
        Percent by milestone code that the file reports; taken over by nobody but a person.
    """

    difference: Difference
    baseline: Baseline | None
    weight_basis: str
    proposals: dict[str, dict[str, Any]]


def preview_schedule(session: Session, project_id: int, plan: WorkPlan, missing: Missing) -> Imported:
    """Say what a schedule would change; nothing is written."""
    known = get_known(session, project_id, plan, find_baseline(session, project_id, _LATE))
    difference = compare_plan(plan, known, missing)
    return Imported(difference, None, _basis(difference), _proposals(plan))


def apply_schedule(
    session: Session,
    project_id: int,
    plan: WorkPlan,
    source: SourceFile,
    missing: Missing,
    approved_on: date | None = None,
    actor: str | None = None,
) -> Imported:
    """Take a schedule over.

    Milestones that are new are added, the others follow the file in name, code, parent; the plan becomes the next
    version of the baseline, frozen, with the weights and quantities of `compare_plan` and `freeze_quantities`.
    Nothing is deleted, and no progress is recorded.

    Parameters
    ----------
    approved_on : date, optional
        From which day the plan holds; the reporting date by default, never before the baseline in force.

    Raises
    ------
    FaultyScheduleError
        The file has faults; nothing is taken over.
    InvalidInputError
        A baseline that was approved later is in force.
    """
    lock_plan(session, project_id)
    before = find_baseline(session, project_id, _LATE)
    known = get_known(session, project_id, plan, before)
    difference = compare_plan(plan, known, missing)
    faults = [*plan.faults, *difference.faults]
    if faults:
        raise FaultyScheduleError([(fault.where, fault.en, fault.zh) for fault in faults])
    if difference.same_plan:
        return Imported(difference, None, _basis(difference), _proposals(plan))
    day = _approval_day(session, before, approved_on)
    baseline = add_baseline(session, project_id, day, f"schedule:{plan.format}")
    if before is not None:
        copy_frozen(session, before, baseline)
    ids = _write_milestones(session, project_id, difference.rows, known)
    _write_plan(session, baseline, difference.rows, ids)
    _note_import(session, project_id, baseline, plan, source, difference, ids, actor)
    return Imported(difference, baseline, _basis(difference), _proposals(plan))


class FaultyScheduleError(InvalidInputError):
    """A schedule has faults; each has its place."""

    def __init__(self, faults: list[tuple[str, str, str]]) -> None:
        super().__init__(
            f"{len(faults)} places of the schedule are wrong; nothing was taken over. {faults[0][0]}: {faults[0][1]}",
            f"进度计划有 {len(faults)} 处错误，未导入任何内容。{faults[0][0]}：{faults[0][2]}",
            faults[0][0],
        )
        self.faults = faults


def _approval_day(session: Session, before: Baseline | None, asked: date | None) -> date:
    last = before.approved_on if before is not None else None
    if asked is None:
        return max(get_reporting_date(session), last or date.min)
    if last is not None and asked < last:
        raise InvalidInputError(
            f"A baseline approved on {last} is in force; the new one cannot be approved before it.",
            f"现行基线批准于 {last}；新基线的批准日期不能早于该日。",
            "approved_on",
        )
    return asked


def _write_milestones(
    session: Session, project_id: int, rows: tuple[PlanRow, ...], known: Known
) -> dict[str, int]:
    """Bring the milestones into line with the file; return their ids by code."""
    renamed = [
        row for row in rows if row.milestone_id and known.milestones[row.milestone_id].code != row.code
    ]
    for row in renamed:  # codes may be exchanged: none may stand twice on the way
        known.milestones[row.milestone_id or 0].code = f"\x01{row.milestone_id}"
    session.flush()
    written: dict[str, Milestone] = {}
    for row in rows:
        milestone = known.milestones.get(row.milestone_id or 0)
        if milestone is None:
            milestone = Milestone(project_id=project_id, code=row.code, name=row.name, source="schedule")
            session.add(milestone)
        if row.task is not None:
            milestone.code, milestone.name, milestone.critical = row.code, row.name, row.critical
        written[row.code] = milestone
    session.flush()
    for row in rows:
        if row.task is not None:
            written[row.code].parent_id = written[row.parent].id if row.parent else None
    session.flush()
    return {code: milestone.id for code, milestone in written.items()}


def _write_plan(
    session: Session, baseline: Baseline, rows: tuple[PlanRow, ...], ids: Mapping[str, int]
) -> None:
    session.add_all(
        BaselineMilestone(
            baseline_id=baseline.id,
            milestone_id=ids[row.code],
            weight=row.weight,
            start=row.start,
            finish=row.finish,
            monthly_targets=dict(row.monthly_targets) if row.monthly_targets else None,
            labour_hours=row.labour_hours,
            unit_values=dict(row.unit_values) if row.unit_values else None,
        )
        for row in rows
    )
    session.flush()


def _note_import(
    session: Session,
    project_id: int,
    baseline: Baseline,
    plan: WorkPlan,
    source: SourceFile,
    difference: Difference,
    ids: Mapping[str, int],
    actor: str | None,
) -> None:
    counts = {
        "new": len(difference.new),
        "changed": len(difference.changed),
        "unchanged": len(difference.unchanged),
        "missing": difference.missing,
        "notes": [*plan.notes, *difference.notes],
    }
    made = ScheduleImport(
        project_id=project_id,
        baseline_id=baseline.id,
        file_name=source.name,
        sha256=source.sha256,
        format=plan.format,
        encoding=plan.encoding,
        title=plan.title,
        report=counts,
        imported_by=actor,
    )
    session.add(made)
    session.flush()
    session.add_all(
        ScheduleTask(
            import_id=made.id,
            uid=task.uid,
            milestone_id=ids[task.code],
            code=task.code,
            name=task.name,
            percent=task.percent,
            percent_source=task.percent_source,
        )
        for task in plan.tasks
    )
    session.flush()


def _basis(difference: Difference) -> str:
    """By what the leaves weigh: those that no other row lies under."""
    parents = {row.parent for row in difference.rows}
    leaves = [row for row in difference.rows if row.code not in parents]
    return weigh([_leaf(row) for row in leaves])[0] if leaves else "equal"


def _leaf(row: PlanRow) -> Leaf:
    return Leaf(
        row.code,
        row.name,
        None if row.weight is None else Fraction(row.weight),
        row.start,
        row.finish,
        None,
        labour_hours=None if row.labour_hours is None else Fraction(str(row.labour_hours)),
    )


def _proposals(plan: WorkPlan) -> dict[str, dict[str, Any]]:
    """What the file says has been reached."""
    return {
        task.code: {
            "percent": None if task.percent is None else float(task.percent),
            "percent_source": task.percent_source,
            "actual_start": task.actual_start,
            "actual_finish": task.actual_finish,
        }
        for task in plan.leaves
        if (task.percent or Decimal(0)) > 0 or task.actual_start or task.actual_finish
    }
