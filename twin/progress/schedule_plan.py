"""Lay a schedule that was read beside the milestones and the baseline of a project, and say what it would change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bim.schedules.plan import Fault, PlannedTask, WorkPlan
from twin.progress.models import ScheduleImport, ScheduleTask
from twin.projects.models import Baseline, BaselineMilestone, Milestone

Missing = Literal["keep", "drop"]
_SHARE: Final = Decimal("0.000000000001")


@dataclass(frozen=True)
class PlanRow:
    """One row of a baseline as it will be, beside its milestone."""

    milestone_id: int | None  # None: a milestone to be added
    code: str
    name: str
    parent: str | None
    critical: bool
    leaf: bool
    start: date | None
    finish: date | None
    weight: Decimal | None
    labour_hours: float | None
    unit_values: Mapping[str, float] | None
    monthly_targets: Mapping[str, Any] | None
    task: PlannedTask | None  # None: kept from the baseline before


@dataclass(frozen=True)
class Difference:
    """What a schedule changes, task by task.

    Attributes
    ----------
    rows : tuple of PlanRow
        The whole baseline as it would be.
    new, changed, unchanged : list
        Tasks by code; `changed` names the fields, old and new.
    missing : list of str
        Milestones of the baseline that the file does not have; kept or dropped as asked, never deleted.
    same_plan : bool
        The baseline in force says all this already.
    """

    rows: tuple[PlanRow, ...]
    new: list[dict[str, Any]]
    changed: list[dict[str, Any]]
    unchanged: list[str]
    missing: list[str]
    same_plan: bool
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """Milestones of a project, the baseline in force with its rows, and what the last import of such a file said."""

    milestones: dict[int, Milestone]
    baseline: Baseline | None
    rows: dict[int, BaselineMilestone]
    by_uid: dict[str, int]

    @property
    def by_code(self) -> dict[str, Milestone]:
        """Milestones by code."""
        return {each.code: each for each in self.milestones.values()}


def get_known(session: Session, project_id: int, plan: WorkPlan, baseline: Baseline | None) -> Known:
    """Read what a schedule is compared with."""
    milestones = session.scalars(select(Milestone).where(Milestone.project_id == project_id))
    rows: dict[int, BaselineMilestone] = {}
    if baseline is not None:
        found = select(BaselineMilestone).where(BaselineMilestone.baseline_id == baseline.id)
        rows = {each.milestone_id: each for each in session.scalars(found)}
    return Known(
        {each.id: each for each in milestones}, baseline, rows, _last_uids(session, project_id, plan)
    )


def _last_uids(session: Session, project_id: int, plan: WorkPlan) -> dict[str, int]:
    last = session.scalar(
        select(ScheduleImport.id)
        .where(
            ScheduleImport.project_id == project_id,
            ScheduleImport.format == plan.format,
            ScheduleImport.title.is_not_distinct_from(plan.title),
        )
        .order_by(ScheduleImport.id.desc())
        .limit(1)
    )
    if last is None:
        return {}
    rows = session.execute(
        select(ScheduleTask.uid, ScheduleTask.milestone_id).where(ScheduleTask.import_id == last)
    )
    return dict(rows.all())


def compare_plan(plan: WorkPlan, known: Known, missing: Missing) -> Difference:
    """Compare a schedule with what is known; nothing is written.

    A task is the milestone it was at the last import of a file of this kind and title (by the file's own id), else
    the milestone of its code. Weights are contract values where every leaf has one in the file; a file without any
    keeps the weights of the baseline. Source: `domain.md` §6–7, `exchange-formats.md` §5.3.
    """
    matched, faults = _match(plan.tasks, known)
    weights, notes = _weights(plan, matched, known)
    rows = [_row(task, matched, known, weights, plan) for task in plan.tasks]
    taken = {row.milestone_id for row in rows}
    absent = [known.milestones[key] for key in known.rows if key not in taken]
    if missing == "keep":
        rows += [_kept(each, known) for each in absent]
    faults += _clashes(rows, known)
    new, changed, unchanged = _changes(rows, known)
    same = not new and not changed and known.baseline is not None
    same = same and {row.milestone_id for row in rows} == set(known.rows)
    return Difference(
        tuple(rows), new, changed, unchanged, sorted(each.code for each in absent), same, faults, notes
    )


def _match(tasks: Sequence[PlannedTask], known: Known) -> tuple[dict[str, Milestone], list[Fault]]:
    """Milestones by uid of the task that they are."""
    by_code = known.by_code
    matched: dict[str, Milestone] = {}
    for task in tasks:
        own = known.milestones.get(known.by_uid.get(task.uid, 0))
        same_code = by_code.get(task.code)
        if own is not None and not _is_other(task, own, same_code):
            matched[task.uid] = own
    claimed = {each.id for each in matched.values()}
    for task in tasks:
        same_code = by_code.get(task.code)
        if task.uid not in matched and same_code is not None and same_code.id not in claimed:
            matched[task.uid] = same_code
            claimed.add(same_code.id)
    return matched, _claimed_twice(tasks, matched)


def _is_other(task: PlannedTask, own: Milestone, same_code: Milestone | None) -> bool:
    """Whether the milestone of the task's code is it rather than that of its id: ids begin anew in a new file."""
    return same_code is not None and same_code.name == task.name and own.name != task.name


def _claimed_twice(tasks: Iterable[PlannedTask], matched: Mapping[str, Milestone]) -> list[Fault]:
    first: dict[int, PlannedTask] = {}
    faults = []
    for task in tasks:
        milestone = matched.get(task.uid)
        if milestone is not None and first.setdefault(milestone.id, task) is not task:
            other = first[milestone.id]
            faults.append(
                Fault(
                    task.where,
                    f"Tasks {other.code} and {task.code} are both milestone {milestone.code}.",
                    f"任务 {other.code} 与 {task.code} 都对应节点 {milestone.code}。",
                )
            )
    return faults


@dataclass(frozen=True)
class _Weights:
    """Where weights and labour come from: the file, or the baseline before."""

    shares: dict[str, Decimal] | None
    labour: bool


def _weights(plan: WorkPlan, matched: Mapping[str, Milestone], known: Known) -> tuple[_Weights, list[str]]:
    values = {task.uid: _value(task) for task in plan.leaves}
    stated = {uid: value for uid, value in values.items() if value is not None}
    labour = any(task.labour_h for task in plan.leaves)
    notes = []
    if stated and len(stated) < len(values):
        notes.append(
            f"{len(values) - len(stated)} of {len(values)} tasks have no contract value: none is used"
        )
    if stated and len(stated) == len(values) and sum(stated.values()) > 0:
        total = sum(stated.values(), Decimal(0))
        return _Weights(
            {uid: (value / total).quantize(_SHARE) for uid, value in stated.items()}, labour
        ), notes
    without = [task.code for task in plan.leaves if _carried(task, matched, known) is None]
    if len(without) < len(values) and without:
        notes.append(f"{len(without)} tasks are new and have no contract value: durations will weigh")
    return _Weights(None, labour), notes


def _value(task: PlannedTask) -> Decimal | None:
    if task.value_yuan is not None:
        return task.value_yuan
    return sum(task.unit_values.values(), Decimal(0)) if task.unit_values else None


def _carried(task: PlannedTask, matched: Mapping[str, Milestone], known: Known) -> Decimal | None:
    milestone = matched.get(task.uid)
    before = known.rows.get(milestone.id) if milestone is not None else None
    return before.weight if before is not None else None


def _row(
    task: PlannedTask, matched: Mapping[str, Milestone], known: Known, weights: _Weights, plan: WorkPlan
) -> PlanRow:
    milestone = matched.get(task.uid)
    before = known.rows.get(milestone.id) if milestone is not None else None
    leaf = not task.summary
    carried = _carried(task, matched, known)
    same_dates = before is not None and (before.start, before.finish) == (task.start, task.finish)
    units = {unit: float(value) for unit, value in task.unit_values.items()}
    codes = {each.uid: each.code for each in plan.tasks}
    labour = task.labour_h if weights.labour else before.labour_hours if before is not None else None
    critical = task.critical or (
        milestone.critical if milestone is not None and plan.format != "mspdi" else False
    )
    return PlanRow(
        milestone_id=milestone.id if milestone is not None else None,
        code=task.code,
        name=task.name,
        parent=codes.get(task.parent) if task.parent else None,
        critical=critical,
        leaf=leaf,
        start=task.start,
        finish=task.finish,
        weight=None if not leaf else carried if weights.shares is None else weights.shares[task.uid],
        labour_hours=labour if leaf else None,
        unit_values=units or (before.unit_values if before is not None else None),
        monthly_targets=before.monthly_targets if before is not None and same_dates else None,
        task=task,
    )


def _kept(milestone: Milestone, known: Known) -> PlanRow:
    before = known.rows[milestone.id]
    above = known.milestones.get(milestone.parent_id or 0)
    return PlanRow(
        milestone.id,
        milestone.code,
        milestone.name,
        above.code if above is not None else None,
        milestone.critical,
        leaf=True,
        start=before.start,
        finish=before.finish,
        weight=before.weight,
        labour_hours=before.labour_hours,
        unit_values=before.unit_values,
        monthly_targets=before.monthly_targets,
        task=None,
    )


def _clashes(rows: Iterable[PlanRow], known: Known) -> list[Fault]:
    """A code that a task brings must not belong to a milestone that keeps it."""
    taken = {row.milestone_id for row in rows if row.task is not None}
    held = {each.code: each for each in known.milestones.values() if each.id not in taken}
    return [
        Fault(
            row.task.where,
            f"Code {row.code} belongs to the milestone {held[row.code].name!r}, which another task or none of the file is.",
            f"编码 {row.code} 已属于节点“{held[row.code].name}”，该节点不对应文件中的此任务。",
        )
        for row in rows
        if row.task is not None and row.code in held
    ]


_FIELDS: Final = ("start", "finish", "weight", "labour_hours", "unit_values", "monthly_targets")


def _changes(
    rows: Iterable[PlanRow], known: Known
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    unchanged: list[str] = []
    for row in rows:
        if row.milestone_id is None:
            new.append(
                {"code": row.code, "name": row.name, "start": row.start, "finish": row.finish, **_where(row)}
            )
            continue
        fields = _changed_fields(row, known)
        if fields:
            changed.append({"code": row.code, "fields": fields, **_where(row)})
        else:
            unchanged.append(row.code)
    return new, changed, unchanged


def _where(row: PlanRow) -> dict[str, str]:
    return {"where": row.task.where} if row.task is not None else {}


def _changed_fields(row: PlanRow, known: Known) -> dict[str, list[Any]]:
    milestone = known.milestones[row.milestone_id or 0]
    above = known.milestones.get(milestone.parent_id or 0)
    before = known.rows.get(milestone.id)
    pairs: dict[str, tuple[Any, Any]] = {
        "code": (milestone.code, row.code),
        "name": (milestone.name, row.name),
        "parent": (above.code if above is not None else None, row.parent),
        "critical": (milestone.critical, row.critical),
    }
    for name in _FIELDS:
        pairs[name] = (getattr(before, name) if before is not None else None, getattr(row, name))
    if before is None:
        pairs["baseline"] = (None, "in")
    return {name: [_plain(one), _plain(two)] for name, (one, two) in pairs.items() if one != two}


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


_LOCK = text("SELECT FROM project WHERE id = :id FOR NO KEY UPDATE")


def lock_plan(session: Session, project_id: int) -> None:
    """Let one transaction at a time change the plan of a project."""
    session.execute(_LOCK, {"id": project_id})
