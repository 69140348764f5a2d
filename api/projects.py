"""`/api/v1/projects`: the dossier of a project, and what is reported of it.

An anonymous caller sees public projects with their public fields and month figures; who is responsible,
what was invested and why a light shines are for those who hold the right to read them.
"""

from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.deps import CallerDep, SessionDep
from twin.alerts.evaluate import evaluate_project
from twin.alerts.queries import find_active_rule_set, list_evaluations
from twin.identity import Caller
from twin.identity.agency import get_reporting_date
from twin.identity.audit import record_audit
from twin.identity.rights import may, require
from twin.progress.explain import explain_project
from twin.progress.queries import list_reports, list_states
from twin.progress.record import record_project_state
from twin.progress.reports import ReportDraft, record_report
from twin.projects.models import Project
from twin.projects.queries import (
    CardFilters,
    get_portfolio,
    get_project,
    get_project_card,
    list_milestones,
    list_project_cards,
    list_stages,
)

router: Final = APIRouter(prefix="/api/v1/projects", tags=["projects"])
Code = Annotated[str, Path(max_length=64, description="档案编号 archive number")]


class Answer(BaseModel):
    """Base of every answer: read from rows, unknown members refused when read back."""

    model_config = ConfigDict(from_attributes=True)


class ProjectAnswer(Answer):
    """A project in a list; percent 0–100, deviation in points, money in yuan."""

    id: int
    code: str
    nat_code: str | None
    name: str
    category: str
    category_name: str
    category_name_en: str
    purpose: str
    stage: str
    progress: float | None
    planned_progress: float | None
    deviation: float | None
    light: str
    light_code: int
    investment_total_yuan: float | None
    plan_start: date | None
    plan_finish: date | None
    owner_unit: str | None
    lead_person: str | None
    area_m2: float | None
    as_of: date | None
    updated_at: datetime
    bbox: tuple[float, float, float, float] | None


class PortfolioAnswer(Answer):
    """All projects the caller sees, in figures."""

    count: int
    investment_total_yuan: float
    lights: dict[str, int]
    under_construction: int
    reporting_date: date | None


class ProjectsAnswer(Answer):
    """The projects that match, and the figures over all that the caller sees."""

    projects: list[ProjectAnswer]
    portfolio: PortfolioAnswer


class StageAnswer(Answer):
    """One of the six stages; who is responsible and why is internal."""

    stage: str
    state: str
    due_on: date | None
    started_on: date | None
    finished_on: date | None
    responsible: str | None = None
    reason: str | None = None


class MilestoneAnswer(Answer):
    """A milestone; its owner is internal."""

    code: str
    name: str
    critical: bool
    actual_start: date | None
    actual_finish: date | None
    owner: str | None = None


class StateAnswer(Answer):
    """Rolled-up progress as it was known for a day."""

    as_of: date
    progress: float | None
    planned_progress: float | None
    deviation: float | None
    coverage: float
    weight_basis: str


class ReportAnswer(Answer):
    """A monthly report in one of its versions; internal."""

    period: str
    version: int
    as_of: date
    status: str
    investment_month_yuan: float | None
    investment_ytd_yuan: float | None
    note: str | None
    reporter: str | None
    reviewer: str | None
    recorded_at: datetime


class ProgressAnswer(Answer):
    """The month figures of a project and, for those who may read them, its reports and how a figure came about.

    `explanation` goes from the project to its packages, their units and models; the elements of a package are at
    `/api/v1/models/{id}/progress?package=CODE`.
    """

    states: list[StateAnswer]
    reports: list[ReportAnswer] | None
    explanation: dict[str, Any] | None


class LightAnswer(Answer):
    """A light as it was evaluated; inputs, score and reasons are internal."""

    as_of: date
    evaluated_at: datetime
    preset: str
    light: str
    light_code: int
    outcome: str | None = None
    score: float | None = None
    reasons: list[dict[str, Any]] | None = None
    inputs: dict[str, Any] | None = None


class ReportBody(BaseModel):
    """What is reported of a month: percent by milestone code, money in yuan."""

    model_config = ConfigDict(extra="forbid")

    percents: dict[str, Annotated[Decimal, Field(ge=0, le=100, max_digits=9, decimal_places=6)]] = Field(
        default_factory=dict
    )
    investment_month_yuan: Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=2)] | None = None
    investment_ytd_yuan: Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=2)] | None = None
    note: Annotated[str, Field(max_length=4_000, pattern=r"^[^\x00]*$")] | None = None


class Filters(BaseModel):
    """What a list of projects is narrowed to."""

    model_config = ConfigDict(extra="forbid")

    light: str = Field("", max_length=40)
    stage: str = Field("", max_length=40)
    purpose: str = Field("", max_length=40)
    q: str = Field("", max_length=100, description="Part of a name or number")
    lang: str = Field("", max_length=2)


def find_internal(caller: Caller, project: Project, right: str) -> bool:
    """Tell whether the caller reads a project's internal fields guarded by a right."""
    return may(caller, right, project.id)


def shown(answer: type[Answer], row: object, *, internal: bool) -> dict[str, Any]:
    """Return a row as its answer has it, internal members left empty for those who may not read them."""
    values = answer.model_validate(row).model_dump()
    hidden = {name for name, field in answer.model_fields.items() if not field.is_required()}
    return values if internal else {name: None if name in hidden else value for name, value in values.items()}


def get_seen(code: Code, caller: CallerDep, session: SessionDep) -> Project:
    """Return the project of the address, if the caller sees it."""
    return get_project(session, caller, code)


ProjectDep = Annotated[Project, Depends(get_seen, scope="function")]


@router.get("", summary="项目清单 Projects")
def list_projects(
    filters: Annotated[Filters, Query()], caller: CallerDep, session: SessionDep
) -> ProjectsAnswer:
    """List the projects that the caller sees and that match, by archive number."""
    asked = CardFilters(**filters.model_dump(exclude={"lang"}))
    cards = list_project_cards(session, caller, asked)
    portfolio = get_portfolio(session, caller)
    return ProjectsAnswer(
        projects=[ProjectAnswer.model_validate(card) for card in cards],
        portfolio=PortfolioAnswer(**asdict(portfolio)),
    )


@router.get("/{code}", summary="项目 One project")
def read_project(code: Code, caller: CallerDep, session: SessionDep) -> ProjectAnswer:
    """Return one project."""
    return ProjectAnswer.model_validate(get_project_card(session, caller, code))


@router.get("/{code}/stages", summary="六阶段 Stages")
def read_stages(project: ProjectDep, caller: CallerDep, session: SessionDep) -> list[StageAnswer]:
    """Return the six stages in the order of work."""
    internal = find_internal(caller, project, "project:read")
    rows = list_stages(session, project.id)
    return [StageAnswer(**shown(StageAnswer, row, internal=internal)) for row in rows]


@router.get("/{code}/milestones", summary="节点 Milestones")
def read_milestones(project: ProjectDep, caller: CallerDep, session: SessionDep) -> list[MilestoneAnswer]:
    """Return the milestones by code."""
    internal = find_internal(caller, project, "project:read")
    rows = list_milestones(session, project.id)
    return [MilestoneAnswer(**shown(MilestoneAnswer, row, internal=internal)) for row in rows]


@router.get("/{code}/progress", summary="进度 Progress")
def read_progress(
    project: ProjectDep,
    caller: CallerDep,
    session: SessionDep,
    as_of: Annotated[date | None, Query(description="explain this day, else the reporting date")] = None,
) -> ProgressAnswer:
    """Return the month figures, and the reports and packages behind them for those who may read them."""
    states = [StateAnswer.model_validate(row) for row in list_states(session, project.id)]
    if not find_internal(caller, project, "progress:read"):
        return ProgressAnswer(states=states, reports=None, explanation=None)
    reports = [ReportAnswer.model_validate(row) for row in list_reports(session, project.id)]
    explanation = explain_project(session, project.id, as_of or get_reporting_date(session))
    return ProgressAnswer(states=states, reports=reports, explanation=explanation)


@router.put("/{code}/progress/{period}", summary="报送月报 Report a month", status_code=201)
def put_progress(
    project: ProjectDep,
    period: Annotated[str, Path(max_length=20, description="YYYY-MM")],
    body: ReportBody,
    caller: CallerDep,
    session: SessionDep,
    response: Response,
) -> ReportAnswer:
    """Report a month. Needs the right progress:write for the project.

    A correction becomes the next version; the same report again changes nothing and answers 200.
    """
    require(caller, "progress:write", project.id)
    reported = record_report(session, project, period, ReportDraft(**body.model_dump()), caller.login)
    if reported.added:
        after = {"version": reported.report.version, **body.model_dump(mode="json")}
        record_audit(session, caller, "progress.report", f"project {project.code} {period}", after=after)
        evaluate_project(session, project.id, record_project_state(session, project.id))
        session.refresh(reported.report)
    else:
        response.status_code = 200
    return ReportAnswer.model_validate(reported.report)


@router.get("/{code}/light", summary="红黄绿灯 Light")
def read_light(project: ProjectDep, caller: CallerDep, session: SessionDep) -> list[LightAnswer]:
    """Return the evaluations by the rule set that maps show, newest first."""
    rules = find_active_rule_set(session)
    if rules is None:
        return []
    internal = find_internal(caller, project, "light:read")
    rows = list_evaluations(session, project.id, rules.preset)
    return [LightAnswer(**shown(LightAnswer, row, internal=internal)) for row in rows]
