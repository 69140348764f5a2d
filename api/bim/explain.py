"""`/api/v1/models/{id}/progress`: how a figure came about, the table of all elements, and what the file proposes."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from api.bim.asked import ModelId
from api.deps import CallerDep, SessionDep, StateDep
from api.errors import lang_of
from api.state import AppState
from twin.db import open_session
from twin.editing.schedule import decide_proposals
from twin.elements.progress_export import iter_progress_csv
from twin.elements.proposals import list_proposals
from twin.elements.queries import get_model
from twin.errors import InvalidInputError
from twin.identity.agency import get_reporting_date
from twin.identity.rights import require
from twin.progress.explain import PAGE_LIMIT, explain_model, find_frozen, list_package_rows
from twin.progress.freeze import find_baseline

router: Final = APIRouter(prefix="/api/v1/models", tags=["models"])

GlobalIds = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=200_000)]


class ModelProgressAnswer(BaseModel):
    """What the elements of a model contribute to each package; `rows` are the elements of the package asked for.

    Percents are 0–100, `earned_quantity` is Σ quantity · percent / 100 of a unit.
    """

    model_id: int
    project_code: str
    as_of: date
    revision: int | None
    baseline: dict[str, Any] | None
    elements: dict[str, int]
    packages: list[dict[str, Any]]
    not_in_plan: int
    rows: list[dict[str, Any]] | None = None
    next: int | None = None


class ProposalAnswer(BaseModel):
    """What a file says of an element beside what is known of it."""

    global_id: str
    ifc_class: str
    name: str | None
    storey: str | None
    status: str
    percent: float
    actual_start: date | None
    actual_finish: date | None
    source: str
    known_status: str
    known_percent: float


class ProposalsAnswer(BaseModel):
    """Progress that the current revision's file proposes; nothing of it counts before somebody accepts it."""

    model_id: int
    revision: int | None
    matched: int
    proposals: list[ProposalAnswer]


class DecisionBody(BaseModel):
    """GlobalIds whose proposals are accepted and rejected; `all` stands for every open one."""

    model_config = ConfigDict(extra="forbid")

    accept: GlobalIds | Literal["all"] = Field(default_factory=list)
    reject: GlobalIds | Literal["all"] = Field(default_factory=list)


class DecisionAnswer(BaseModel):
    """What became of the decisions."""

    accepted: int
    rejected: int
    unknown: list[str]
    refused: list[dict[str, str]]


@router.get("/{model_id}/progress", response_model=ModelProgressAnswer, summary="进度说明 Progress explained")
def read_model_progress(
    model_id: ModelId,
    caller: CallerDep,
    session: SessionDep,
    state: StateDep,
    f: Annotated[Literal["json", "csv"], Query()] = "json",
    package: Annotated[
        str | None, Query(max_length=200, description="list the elements of this package")
    ] = None,
    as_of: Annotated[date | None, Query(description="else the reporting date")] = None,
    after: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 100,
) -> Any:
    """Explain the progress of a model's elements; `f=csv` is the table that PATCH …/elements takes back unchanged.

    Needs progress:read.
    """
    seen = get_model(session, caller, model_id)
    project_id = seen.row["project_id"]
    require(caller, "progress:read", project_id)
    if f == "csv":
        return _csv(state, model_id, seen.row["current_revision_id"])
    day = as_of or get_reporting_date(session)
    answer = {
        "model_id": model_id,
        "project_code": seen.row["project_code"],
        **explain_model(session, project_id, model_id, day),
    }
    if package is not None:
        baseline = find_baseline(session, project_id, day)
        revision_id, _ = find_frozen(session, model_id, baseline.id if baseline is not None else None)
        answer["rows"], answer["next"] = list_package_rows(session, revision_id, package, day, after, limit)
    return ModelProgressAnswer(**answer)


def _csv(state: AppState, model_id: int, revision_id: int | None) -> StreamingResponse:
    def body() -> Iterator[bytes]:
        with open_session(state.engine) as session:
            yield from iter_progress_csv(session, revision_id)

    disposition = f'attachment; filename="model-{model_id}-progress.csv"'
    return StreamingResponse(
        body(), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition}
    )


@router.get("/{model_id}/progress/proposals", summary="进度建议 Proposed progress")
def read_proposals(
    model_id: ModelId,
    caller: CallerDep,
    session: SessionDep,
    decided: Annotated[bool, Query(description="those decided about before, too")] = False,
    limit: Annotated[int, Query(ge=1, le=200_000)] = 1_000,
) -> ProposalsAnswer:
    """List progress that the file proposes: task completion, or an export of ours. Needs progress:read."""
    seen = get_model(session, caller, model_id)
    require(caller, "progress:read", seen.row["project_id"])
    revision_id = seen.row["current_revision_id"]
    found = list_proposals(session, revision_id, decided=decided) if revision_id is not None else []
    return ProposalsAnswer(
        model_id=model_id,
        revision=seen.row["revision"],
        matched=len(found),
        proposals=[ProposalAnswer(**_shown(each)) for each in found[:limit]],
    )


def _shown(proposal: Any) -> dict[str, Any]:
    values = {name: getattr(proposal, name) for name in ProposalAnswer.model_fields}
    return {**values, "percent": float(proposal.percent), "known_percent": float(proposal.known_percent)}


@router.post("/{model_id}/progress/proposals", summary="采纳进度建议 Decide about proposals")
def post_decisions(
    model_id: ModelId, body: DecisionBody, request: Request, caller: CallerDep, session: SessionDep
) -> DecisionAnswer:
    """Accept or reject proposals; accepted ones become reported progress. Needs progress:write."""
    if body.accept == body.reject == "all":
        raise InvalidInputError("Either accept all or reject all.", "不能同时全部采纳和全部拒绝。", "accept")
    seen = get_model(session, caller, model_id)
    lang = lang_of(request)
    done = decide_proposals(session, caller, seen, _named(body.accept), _named(body.reject))
    return DecisionAnswer(
        accepted=done.accepted,
        rejected=done.rejected,
        unknown=done.unknown,
        refused=[
            {"global_id": each.global_id.removesuffix("#1"), "message": each.en if lang == "en" else each.zh}
            for each in done.refused
        ],
    )


def _named(asked: list[str] | str) -> list[str] | None:
    return None if isinstance(asked, str) else asked
