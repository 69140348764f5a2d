"""Take over a schedule, link rules, and proposals: what follows in links, roll-up, light and trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bim.results import Task
from bim.schedules.ifc import plan_of_tasks
from bim.schedules.plan import WorkPlan
from twin.editing.progress_table import report_rows, stand
from twin.elements.links import LinkRule, apply_links, replace_rules, report_links
from twin.elements.models import BimModel, BimRevision
from twin.elements.progress_rows import Refused, check_rows
from twin.elements.proposals import Proposal, list_proposals, record_decisions
from twin.elements.queries import SeenModel
from twin.errors import ConflictError
from twin.identity import Caller
from twin.identity.agency import AGENCY_ZONE, get_reporting_date
from twin.identity.audit import record_audit
from twin.identity.rights import require
from twin.progress.schedule_import import Imported, SourceFile, apply_schedule, preview_schedule
from twin.progress.schedule_plan import Missing
from twin.projects.models import Project

RIGHT = "project:write"


@dataclass(frozen=True)
class ScheduleOrder:
    """How a schedule is to be taken over; `link_model` gets the element rules of the file."""

    apply: bool = False
    missing: Missing = "keep"
    approved_on: date | None = None
    link_model: SeenModel | None = None


@dataclass(frozen=True)
class ScheduleOutcome:
    """What a schedule changes or has changed, and what its element rules hit."""

    imported: Imported
    links: dict[str, Any] | None


def take_schedule(
    session: Session,
    caller: Caller,
    project: Project,
    plan: WorkPlan,
    source: SourceFile,
    order: ScheduleOrder,
) -> ScheduleOutcome:
    """Preview a schedule or take it over; links, progress and light follow in the same transaction.

    Raises
    ------
    FaultyScheduleError
        It has faults and was to be taken over.
    """
    require(caller, RIGHT, project.id)
    if not order.apply:
        return ScheduleOutcome(preview_schedule(session, project.id, plan, order.missing), None)
    imported = apply_schedule(
        session, project.id, plan, source, order.missing, order.approved_on, caller.login
    )
    rules = rules_of(plan)
    if order.link_model is not None and rules:
        replace_rules(session, order.link_model.row["id"], rules, caller.login)
    _relink(session, project.id)
    stand(session, project.id)
    if imported.baseline is not None:
        after = {
            "file": source.name,
            "sha256": source.sha256,
            "baseline": imported.baseline.version,
            "new": len(imported.difference.new),
            "changed": len(imported.difference.changed),
        }
        record_audit(session, caller, "schedule.import", f"project {project.code}", after=after)
    links = None
    if order.link_model is not None and order.link_model.row["current_revision_id"] is not None:
        links = report_links(session, order.link_model.row["current_revision_id"])
    return ScheduleOutcome(imported, links)


def rules_of(plan: WorkPlan) -> list[LinkRule]:
    """Return the element rules of a table, in its order; those of an IFC file are its own task links."""
    if plan.format == "ifc":
        return []
    return [
        LinkRule(
            task.code,
            match.global_id,
            match.tag,
            match.ifc_class,
            match.storey,
            match.type_name,
            match.name,
            match.classification,
        )
        for task in plan.leaves
        for match in task.matches
    ]


def get_model_plan(session: Session, seen: SeenModel) -> tuple[WorkPlan, SourceFile]:
    """Return the tasks of a model's current revision as a schedule.

    Raises
    ------
    ConflictError
        The model has no published revision, or its file no tasks.
    """
    revision = session.get(BimRevision, seen.row["current_revision_id"] or 0)
    tasks = [Task(**each) for each in (revision.tasks or [])] if revision is not None else []
    if revision is None or not tasks:
        raise ConflictError(
            f"Model {seen.row['id']} has no tasks in its current revision.",
            f"模型 {seen.row['id']} 的当前版本中没有任务。",
        )
    return plan_of_tasks(tasks, seen.row["name"]), SourceFile(revision.file_name, revision.sha256)


def save_links(
    session: Session, caller: Caller, seen: SeenModel, rules: Sequence[LinkRule]
) -> tuple[bool, int]:
    """Store a model's link rules and apply them to its current revision; return whether they differ, elements changed."""
    require(caller, RIGHT, seen.row["project_id"])
    differs = replace_rules(session, seen.row["id"], rules, caller.login)
    revision_id = seen.row["current_revision_id"]
    changed = apply_links(session, revision_id) if revision_id is not None else 0
    if changed:
        stand(session, seen.row["project_id"])
    if differs:
        after = {"rules": len(rules), "elements_changed": changed}
        record_audit(session, caller, "model.links", f"model {seen.row['id']}", after=after)
    return differs, changed


@dataclass(frozen=True)
class Decided:
    """What became of decisions about proposals."""

    accepted: int
    rejected: int
    unknown: list[str]
    refused: list[Refused]


def decide_proposals(
    session: Session,
    caller: Caller,
    seen: SeenModel,
    accept: Sequence[str] | None,
    reject: Sequence[str] | None,
) -> Decided:
    """Accept and reject what the current revision's file proposes.

    Parameters
    ----------
    accept, reject : sequence of str or None
        GlobalIds; None stands for all that are open and named by neither.
    """
    require(caller, "progress:write", seen.row["project_id"])
    revision_id = seen.row["current_revision_id"]
    open_ones = {each.global_id: each for each in list_proposals(session, revision_id)} if revision_id else {}
    refusals = _chosen(open_ones, reject, accept)
    approvals = _chosen(open_ones, accept, [each.global_id for each in refusals])
    named = [*(accept or ()), *(reject or ())]
    rows, refused = _rows(session, approvals)
    done = report_rows(session, caller, seen, rows, source="proposal") if rows else None
    refused = [*refused, *(done.refused if done is not None else [])]
    failed = {each.global_id.removesuffix("#1") for each in refused}
    taken = [each for each in approvals if each.global_id not in failed]
    record_decisions(session, taken, accepted=True, actor=caller.login)
    record_decisions(session, refusals, accepted=False, actor=caller.login)
    decided = Decided(len(taken), len(refusals), [each for each in named if each not in open_ones], refused)
    after = {"accepted": decided.accepted, "rejected": decided.rejected, "refused": len(refused)}
    record_audit(session, caller, "progress.decide", f"model {seen.row['id']}", after=after)
    return decided


def _chosen(
    open_ones: dict[str, Proposal], named: Sequence[str] | None, without: Sequence[str] | None
) -> list[Proposal]:
    if named is not None:
        return [open_ones[each] for each in dict.fromkeys(named) if each in open_ones]
    left = set(without or ())
    return [each for key, each in open_ones.items() if key not in left]


def _rows(session: Session, approvals: Sequence[Proposal]) -> tuple[list[Any], list[Refused]]:
    if not approvals:
        return [], []
    latest = max(get_reporting_date(session), datetime.now(AGENCY_ZONE).date())
    return check_rows([each.as_row() for each in approvals], latest, [each.global_id for each in approvals])


def _relink(session: Session, project_id: int) -> None:
    models = session.execute(
        select(BimModel.current_revision_id).where(
            BimModel.project_id == project_id, BimModel.current_revision_id.is_not(None)
        )
    )
    for revision_id in models.scalars():
        if revision_id is not None:
            apply_links(session, revision_id)
