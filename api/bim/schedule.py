"""`/api/v1/projects/{code}/schedule`: a work schedule comes in as a preview, and becomes the next baseline."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Literal, cast

from fastapi import APIRouter, File, Form, Path, Response, UploadFile
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from api.deps import CallerDep, SessionDep, StateDep
from api.state import AppState
from bim.schedules.plan import WorkPlan
from bim.schedules.read import MAX_BYTES, read_schedule_file
from twin.db import open_session
from twin.editing.schedule import RIGHT, ScheduleOrder, ScheduleOutcome, get_model_plan, take_schedule
from twin.elements.queries import SeenModel, get_model
from twin.elements.revisions import record_object
from twin.errors import InvalidInputError
from twin.identity import Caller
from twin.identity.rights import require
from twin.objects import open_store
from twin.progress.freeze import find_baseline
from twin.progress.models import ScheduleImport
from twin.progress.schedule_import import SourceFile
from twin.projects.models import BaselineMilestone, Milestone
from twin.projects.queries import get_project

router: Final = APIRouter(prefix="/api/v1/projects", tags=["models"])

Code = Annotated[str, Path(max_length=64)]


class FaultAnswer(BaseModel):
    """A place of the file that is wrong, in both languages."""

    where: str
    message: str
    message_zh: str


class ScheduleAnswer(BaseModel):
    """What a schedule changes, or has changed.

    `baseline` is the version that was made, null in a preview and where the plan is in force already. `proposals`
    are percents and actual dates the file reports: nobody's progress until a person reports them.
    """

    applied: bool
    format: str
    title: str | None
    encoding: str | None
    encoding_evidence: str | None
    tasks: int
    summaries: int
    new: list[dict[str, Any]]
    changed: list[dict[str, Any]]
    unchanged: int
    missing: list[str]
    missing_are: Literal["keep", "drop"]
    same_plan: bool
    weight_basis: str
    baseline: int | None
    approved_on: date | None
    notes: list[str]
    faults: list[FaultAnswer]
    proposals: dict[str, dict[str, Any]]
    links: dict[str, Any] | None


class PlanAnswer(BaseModel):
    """The baseline in force and the files that came in."""

    baseline: int | None
    approved_on: date | None
    source: str | None
    milestones: list[dict[str, Any]]
    imports: list[dict[str, Any]]


@router.post("/{code}/schedule", summary="导入进度计划 Take over a schedule")
async def post_schedule(
    code: Code,
    caller: CallerDep,
    state: StateDep,
    response: Response,
    file: Annotated[UploadFile | None, File(description="MSPDI XML, XER, CSV or XLSX")] = None,
    mode: Annotated[Literal["preview", "apply"], Form()] = "preview",
    missing: Annotated[
        Literal["keep", "drop"], Form(description="milestones the file does not have")
    ] = "keep",
    approved_on: Annotated[date | None, Form(description="else the reporting date")] = None,
    encoding: Annotated[str | None, Form(max_length=40, description="of XER and CSV")] = None,
    plan: Annotated[str | None, Form(max_length=200, description="which project of an XER file")] = None,
    model: Annotated[
        int | None, Form(ge=1, le=2**63 - 1, description="take the tasks of this model in place of a file")
    ] = None,
    link_model: Annotated[
        int | None, Form(ge=1, le=2**63 - 1, description="the model that the file's element columns mean")
    ] = None,
) -> ScheduleAnswer:
    """Compare a schedule with the milestones, and with mode=apply make it the next baseline.

    Nothing is deleted and no progress is recorded. The same file again changes nothing. Needs project:write.
    """
    data = await file.read(MAX_BYTES + 1) if file is not None else None
    name = (file.filename or "schedule")[:200] if file is not None else ""
    asked = _Asked(mode == "apply", missing, approved_on, encoding, plan, model, link_model)
    answer = await asyncio.to_thread(_take, state, caller, code, data, name, asked)
    if answer.baseline is not None:
        response.status_code = 201
    return answer


@dataclass(frozen=True)
class _Asked:
    """What the form says."""

    apply: bool
    missing: Literal["keep", "drop"]
    approved_on: date | None
    encoding: str | None
    plan: str | None
    model: int | None
    link_model: int | None


def _take(
    state: AppState, caller: Caller, code: str, data: bytes | None, name: str, asked: _Asked
) -> ScheduleAnswer:
    with open_session(state.engine, actor=caller.login) as session:
        project = get_project(session, caller, code)
        require(caller, RIGHT, project.id)
        plan, source = _plan(session, caller, project.id, data, name, asked)
        if asked.apply and data is not None:
            store = open_store(state.settings.home)
            with store.receive() as incoming:
                incoming.write(data)
                record_object(session, incoming.keep())
        linked = _model_of(session, caller, project.id, asked.link_model)
        order = ScheduleOrder(asked.apply, asked.missing, asked.approved_on, linked)
        outcome = take_schedule(session, caller, project, plan, source, order)
        return answer_of(plan, outcome, order)


def _plan(
    session: Session, caller: Caller, project_id: int, data: bytes | None, name: str, asked: _Asked
) -> tuple[WorkPlan, SourceFile]:
    if (data is None) == (asked.model is None):
        raise InvalidInputError(
            "Send either a file or the number of a model whose tasks are meant.",
            "请发送文件，或用 model 指明取其任务的模型，二者取一。",
            "file",
        )
    seen = _model_of(session, caller, project_id, asked.model)
    if data is None or seen is not None:
        return get_model_plan(session, cast("SeenModel", seen))
    plan = read_schedule_file(data, asked.encoding, asked.plan)
    return plan, SourceFile(name, hashlib.sha256(data).hexdigest())


def _model_of(session: Session, caller: Caller, project_id: int, model_id: int | None) -> SeenModel | None:
    if model_id is None:
        return None
    seen = get_model(session, caller, model_id)
    if seen.row["project_id"] != project_id:
        raise InvalidInputError(
            f"Model {model_id} belongs to another project.", f"模型 {model_id} 属于其他项目。", "model"
        )
    return seen


def answer_of(plan: WorkPlan, outcome: ScheduleOutcome, order: ScheduleOrder) -> ScheduleAnswer:
    """Return the answer of a preview or of a schedule taken over."""
    imported, difference = outcome.imported, outcome.imported.difference
    baseline = imported.baseline
    return ScheduleAnswer(
        applied=order.apply,
        format=plan.format,
        title=plan.title,
        encoding=plan.encoding,
        encoding_evidence=plan.encoding_evidence,
        tasks=len(plan.leaves),
        summaries=len(plan.tasks) - len(plan.leaves),
        new=difference.new,
        changed=difference.changed,
        unchanged=len(difference.unchanged),
        missing=difference.missing,
        missing_are=order.missing,
        same_plan=difference.same_plan,
        weight_basis=imported.weight_basis,
        baseline=baseline.version if baseline is not None else None,
        approved_on=baseline.approved_on if baseline is not None else None,
        notes=[*plan.notes, *difference.notes],
        faults=[
            FaultAnswer(where=each.where, message=each.en, message_zh=each.zh)
            for each in [*plan.faults, *difference.faults]
        ],
        proposals=imported.proposals,
        links=outcome.links,
    )


@router.get("/{code}/schedule", summary="进度计划 The plan in force")
def read_schedule(code: Code, caller: CallerDep, session: SessionDep) -> PlanAnswer:
    """Return the baseline in force, its milestones, and the schedules that were taken over. Needs progress:read."""
    project = get_project(session, caller, code)
    require(caller, "progress:read", project.id)
    baseline = find_baseline(session, project.id, date.max)
    imports = session.scalars(
        select(ScheduleImport)
        .where(ScheduleImport.project_id == project.id)
        .order_by(ScheduleImport.id.desc())
    )
    return PlanAnswer(
        baseline=baseline.version if baseline is not None else None,
        approved_on=baseline.approved_on if baseline is not None else None,
        source=baseline.source if baseline is not None else None,
        milestones=_milestones(session, baseline.id) if baseline is not None else [],
        imports=[_import(each) for each in imports],
    )


def _milestones(session: Session, baseline_id: int) -> list[dict[str, Any]]:
    above = aliased(Milestone)
    rows = session.execute(
        select(Milestone, BaselineMilestone, above.code)
        .join(BaselineMilestone, BaselineMilestone.milestone_id == Milestone.id)
        .outerjoin(above, above.id == Milestone.parent_id)
        .where(BaselineMilestone.baseline_id == baseline_id)
        .order_by(Milestone.code)
    )
    return [
        {
            "code": milestone.code,
            "name": milestone.name,
            "parent": parent,
            "critical": milestone.critical,
            "start": row.start,
            "finish": row.finish,
            "weight": None if row.weight is None else float(row.weight),
            "labour_hours": row.labour_hours,
            "unit_values": row.unit_values,
            "monthly_targets": row.monthly_targets,
        }
        for milestone, row, parent in rows
    ]


def _import(row: ScheduleImport) -> dict[str, Any]:
    return {
        "file_name": row.file_name,
        "sha256": row.sha256,
        "format": row.format,
        "encoding": row.encoding,
        "title": row.title,
        "imported_at": row.imported_at,
        "imported_by": row.imported_by,
        **row.report,
    }
