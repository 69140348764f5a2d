"""`/api/v1/models/{id}/revisions`: which revision counts, and by whose word; what a model is called."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.bim.asked import ModelId
from api.bim.standing import Standing, follow_up
from api.deps import CallerDep, SessionDep
from twin.elements.deciding import (
    LONGEST_REASON,
    Action,
    ModelChange,
    change_model,
    decide_revision,
    withdraw_model,
)
from twin.elements.queries import Row, SeenModel, get_model
from twin.identity import Caller
from twin.identity.rights import require

router: Final = APIRouter(prefix="/api/v1/models", tags=["models"])

RevisionNumber = Annotated[int, Path(ge=1, le=2**31 - 1)]


class RevisionAnswer(BaseModel):
    """A revision; who decided on it last, when and why are for insiders."""

    number: int
    state: str
    current: bool
    published_at: datetime | None
    uploaded_at: datetime | None = None
    uploaded_by: str | None = None
    file_name: str | None = None
    sha256: str | None = None
    job_id: str | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    reason: str | None = None


class RevisionsAnswer(BaseModel):
    """All revisions of a model that the caller sees, oldest first."""

    model_id: int
    current: int | None
    revisions: list[RevisionAnswer]


class ReasonBody(BaseModel):
    """Why."""

    reason: str = Field(min_length=1, max_length=LONGEST_REASON)


class WordBody(BaseModel):
    """Why, if there is anything to say."""

    reason: str | None = Field(default=None, max_length=LONGEST_REASON)


class DecidedAnswer(RevisionsAnswer):
    """The revisions after a decision, and where the project stands then."""

    project: Standing


class ModelBody(BaseModel):
    """What to change of a model; what is left out stays."""

    name: str | None = Field(default=None, max_length=200)
    discipline: str | None = Field(default=None, max_length=100)
    public_visible: bool | None = None


class ModelAnswer(BaseModel):
    """A model in short."""

    id: int
    name: str
    discipline: str | None
    public_visible: bool


@router.get(
    "/{model_id}/revisions", summary="版本列表 Revisions of a model", response_model_exclude_none=True
)
def read_revisions(model_id: ModelId, caller: CallerDep, session: SessionDep) -> RevisionsAnswer:
    """List the revisions of a model: to insiders also failed, held and withdrawn ones, with who and why."""
    return _revisions(get_model(session, caller, model_id))


@router.post("/{model_id}/revisions/{number}/withdraw", summary="撤回版本 Withdraw a revision")
def withdraw_revision(
    model_id: ModelId, number: RevisionNumber, body: ReasonBody, caller: CallerDep, session: SessionDep
) -> DecidedAnswer:
    """Withdraw a revision: the latest published one before it becomes current, or none."""
    return _decided(session, caller, model_id, number, "withdraw", body.reason)


@router.post("/{model_id}/revisions/{number}/restore", summary="恢复版本 Restore a revision")
def restore_revision(
    model_id: ModelId,
    number: RevisionNumber,
    caller: CallerDep,
    session: SessionDep,
    body: WordBody | None = None,
) -> DecidedAnswer:
    """Restore a withdrawn revision; it is current again if it is the latest published one."""
    return _decided(session, caller, model_id, number, "restore", body.reason if body else None)


@router.post("/{model_id}/revisions/{number}/approve", summary="放行版本 Approve a revision held back")
def approve_revision(
    model_id: ModelId,
    number: RevisionNumber,
    caller: CallerDep,
    session: SessionDep,
    body: WordBody | None = None,
) -> DecidedAnswer:
    """Let a revision count of which too many elements failed to be drawn."""
    return _decided(session, caller, model_id, number, "approve", body.reason if body else None)


@router.patch("/{model_id}", summary="修改模型 Edit a model")
def edit_model(model_id: ModelId, body: ModelBody, caller: CallerDep, session: SessionDep) -> ModelAnswer:
    """Rename a model, give it another discipline, show it to everybody or hide it."""
    seen = _writable(session, caller, model_id)
    change = ModelChange(body.name, body.discipline, body.public_visible)
    model = change_model(session, caller, seen.row["id"], change)
    return ModelAnswer(
        id=model.id, name=model.name, discipline=model.discipline, public_visible=model.public_visible
    )


@router.delete("/{model_id}", summary="撤回模型 Withdraw a whole model")
def delete_model(
    model_id: ModelId,
    caller: CallerDep,
    session: SessionDep,
    reason: Annotated[str, Query(min_length=1, max_length=LONGEST_REASON)],
) -> DecidedAnswer:
    """Withdraw every revision of a model: it leaves the map, nothing is deleted, each can be restored."""
    seen = _writable(session, caller, model_id)
    withdraw_model(session, caller, model_id, reason)
    return _answer(session, caller, seen)


def _decided(
    session: Session, caller: Caller, model_id: int, number: int, action: Action, reason: str | None
) -> DecidedAnswer:
    seen = _writable(session, caller, model_id)
    decide_revision(session, caller, model_id, number, action, reason)
    return _answer(session, caller, seen)


def _writable(session: Session, caller: Caller, model_id: int) -> SeenModel:
    seen = get_model(session, caller, model_id)
    require(caller, "bim:write", seen.row["project_id"])
    return seen


def _answer(session: Session, caller: Caller, before: SeenModel) -> DecidedAnswer:
    """Roll up and judge the project in the same transaction, and tell both."""
    project = follow_up(session, before.row["project_id"], before.row["project_code"])
    now = _revisions(get_model(session, caller, before.row["id"]))
    return DecidedAnswer(model_id=now.model_id, current=now.current, revisions=now.revisions, project=project)


def _revisions(seen: SeenModel) -> RevisionsAnswer:
    current = seen.row["revision"]
    rows = [_revision(each, current, seen.internal) for each in seen.revisions]
    return RevisionsAnswer(model_id=seen.row["id"], current=current, revisions=rows)


def _revision(row: Row, current: int | None, internal: bool) -> RevisionAnswer:
    each = dict(row)
    shown = {name: each[name] for name in ("number", "state", "published_at")}
    if internal:
        shown |= {name: each[name] for name in ("file_name", "sha256", "job_id", "decided_at", "decided_by")}
        shown |= {
            "reason": each["reason"],
            "uploaded_at": each["created_at"],
            "uploaded_by": each["created_by"],
        }
    return RevisionAnswer(current=each["number"] == current, **shown)
