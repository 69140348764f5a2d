"""`/api/v1/models/{id}/issues`: the issues of a model, with comments, viewpoints and snapshots."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.bim.asked import ModelId
from api.bim.checks import insider, no_nul
from api.deps import CallerDep, SessionDep, StateDep
from twin.checks.edit import NewIssue, add_comment, add_issue, check_unchanged, edit_issue
from twin.checks.models import BimIssue
from twin.checks.queries import (
    PAGE_LIMIT,
    IssueFilters,
    get_issue,
    list_comments,
    list_files,
    list_issues,
    list_viewpoints,
)
from twin.errors import NotFoundError
from twin.identity import Caller
from twin.identity.audit import record_audit
from twin.identity.rights import require
from twin.objects import open_store

router: Final = APIRouter(prefix="/api/v1/models", tags=["model issues"])

Word = Annotated[str, AfterValidator(no_nul), Field(min_length=1, max_length=500)]
LongText = Annotated[str, AfterValidator(no_nul), Field(max_length=20_000)]
Asked = Annotated[str | None, Query(max_length=500), AfterValidator(lambda v: v and no_nul(v))]
Number = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]
Triple = Annotated[list[Number], Field(min_length=3, max_length=3)]
_PICTURES: Final = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


class CameraBody(BaseModel):
    """A camera in the model's local metres."""

    model_config = ConfigDict(extra="forbid")

    type: Annotated[str, Field(pattern="^(perspective|orthogonal)$")] = "perspective"
    view_point: Triple
    direction: Triple
    up: Triple
    field_of_view: Annotated[float | None, Field(gt=0, lt=180)] = None
    view_to_world_scale: Annotated[float | None, Field(gt=0, le=1e6)] = None
    aspect_ratio: Annotated[float | None, Field(gt=0, le=1_000)] = None


class IssueFields(BaseModel):
    """What people set of an issue."""

    model_config = ConfigDict(extra="forbid")

    type: Word | None = None
    status: Word | None = None
    priority: Word | None = None
    labels: Annotated[list[Word], Field(max_length=100)] | None = None
    assigned_to: Word | None = None
    due_date: datetime | None = None
    stage: Word | None = None
    description: LongText | None = None


class NewIssueBody(IssueFields):
    """An issue to add; `global_ids` are selected in its viewpoint."""

    title: Word
    global_ids: Annotated[
        list[Annotated[str, Field(pattern=r"^[0-9A-Za-z_$]{22}$")]], Field(max_length=1_000)
    ] = []
    camera: CameraBody | None = None


class EditBody(IssueFields):
    """What to change; with `modified_date` as it was read, only if nobody changed the issue since."""

    title: Word | None = None
    modified_date: datetime | None = None


class CommentBody(BaseModel):
    """A comment to add."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[LongText, Field(min_length=1)]
    viewpoint: uuid.UUID | None = None


class IssuesAnswer(BaseModel):
    """A page of issues in the order they came; `next` continues where it ends."""

    model_id: int
    issues: list[dict[str, Any]]
    next: int | None


@router.get("/{model_id}/issues", summary="问题列表 Issues of a model")
def read_issues(
    model_id: ModelId,
    caller: CallerDep,
    session: SessionDep,
    status: Asked = None,
    type: Annotated[Asked, Query(description="such as Clash")] = None,  # noqa: A002  the query parameter's name
    assigned_to: Asked = None,
    label: Asked = None,
    global_id: Annotated[Asked, Query(description="issues whose viewpoints select this element")] = None,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="`next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 100,
) -> IssuesAnswer:
    """List the issues of a model, by key."""
    insider(session, caller, model_id)
    filters = IssueFilters(status, type, assigned_to, label, global_id)
    rows = list_issues(session, model_id, filters, after, limit)
    following = rows[-1]["row_key"] if len(rows) == limit else None
    shown = [{name: value for name, value in row.items() if name != "row_key"} for row in rows]
    return IssuesAnswer(model_id=model_id, issues=shown, next=following)


@router.post("/{model_id}/issues", status_code=201, summary="新建问题 Add an issue")
def create_issue(
    model_id: ModelId, body: NewIssueBody, caller: CallerDep, session: SessionDep
) -> dict[str, Any]:
    """Add an issue to a model."""
    _writable(session, caller, model_id)
    given = body.model_dump(exclude_unset=True, exclude={"title", "global_ids", "camera"})
    camera = body.camera.model_dump(exclude_none=True) if body.camera else None
    new = NewIssue(body.title, _columns(given), tuple(body.global_ids), camera)
    issue = add_issue(session, model_id, new, caller.login)
    record_audit(
        session, caller, "issue.add", f"model {model_id} issue {issue.guid}", after={"title": issue.title}
    )
    return _issue(session, issue)


@router.get("/{model_id}/issues/{guid}", summary="问题 An issue")
def read_issue(model_id: ModelId, guid: uuid.UUID, caller: CallerDep, session: SessionDep) -> dict[str, Any]:
    """Return an issue with its comments, viewpoints and files."""
    insider(session, caller, model_id)
    return _issue(session, get_issue(session, model_id, str(guid)))


@router.patch("/{model_id}/issues/{guid}", summary="修改问题 Change an issue")
def change_issue(
    model_id: ModelId, guid: uuid.UUID, body: EditBody, caller: CallerDep, session: SessionDep
) -> dict[str, Any]:
    """Change fields of an issue; what is not named stays as it is."""
    _writable(session, caller, model_id)
    issue = get_issue(session, model_id, str(guid))
    check_unchanged(issue, body.modified_date)
    given = body.model_dump(exclude_unset=True, exclude={"modified_date"})
    if given.get("title", "") is None:
        given.pop("title")
    if given.get("labels", []) is None:
        given["labels"] = []
    changed = edit_issue(issue, _columns(given), caller.login)
    session.flush()
    if changed:
        before = {name: str(values[0]) for name, values in changed.items()}
        after = {name: str(values[1]) for name, values in changed.items()}
        record_audit(
            session, caller, "issue.edit", f"model {model_id} issue {guid}", before=before, after=after
        )
    session.refresh(issue)
    return _issue(session, issue)


@router.post("/{model_id}/issues/{guid}/comments", status_code=201, summary="评论问题 Comment on an issue")
def create_comment(
    model_id: ModelId, guid: uuid.UUID, body: CommentBody, caller: CallerDep, session: SessionDep
) -> dict[str, Any]:
    """Add a comment to an issue."""
    _writable(session, caller, model_id)
    issue = get_issue(session, model_id, str(guid))
    view = str(body.viewpoint) if body.viewpoint else None
    comment = add_comment(session, issue, body.text, caller.login, view)
    record_audit(
        session, caller, "issue.comment", f"model {model_id} issue {guid}", after={"comment": comment.guid}
    )
    return _issue(session, issue)


@router.get(
    "/{model_id}/issues/{guid}/viewpoints/{view}/snapshot",
    summary="视点截图 Snapshot of a viewpoint",
    response_class=StreamingResponse,
    responses={200: {"content": {"image/png": {}, "image/jpeg": {}}}},
)
def read_snapshot(
    model_id: ModelId,
    guid: uuid.UUID,
    view: uuid.UUID,
    caller: CallerDep,
    session: SessionDep,
    state: StateDep,
) -> StreamingResponse:
    """Return the picture of a viewpoint."""
    insider(session, caller, model_id)
    issue = get_issue(session, model_id, str(guid))
    name = next(
        (each.snapshot for each in list_viewpoints(session, [issue.id]) if each.guid == str(view)), None
    )
    sha256 = next((each.sha256 for each in list_files(session, [issue.id]) if each.name == name), None)
    if sha256 is None:
        raise NotFoundError(
            f"Viewpoint {view} of issue {guid} has no snapshot.", f"问题 {guid} 的视点 {view} 没有截图。"
        )
    chunks = open_store(state.settings.home).stream(sha256)
    first = next(chunks, b"")
    kind = next((kind for mark, kind in _PICTURES.items() if first.startswith(mark)), None)
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=3600"}
    if kind is None:
        headers["Content-Disposition"] = "attachment"
    return StreamingResponse(
        _joined(first, chunks), media_type=kind or "application/octet-stream", headers=headers
    )


def _joined(first: bytes, rest: Any) -> Any:
    yield first
    yield from rest


def _writable(session: Session, caller: Caller, model_id: int) -> None:
    seen = insider(session, caller, model_id)
    require(caller, "bim:write", seen.row["project_id"])


def _columns(given: dict[str, Any]) -> dict[str, Any]:
    return {"topic_type" if name == "type" else name: value for name, value in given.items()}


def _issue(session: Session, issue: BimIssue) -> dict[str, Any]:
    comments = list_comments(session, [issue.id])
    views = list_viewpoints(session, [issue.id])
    return {
        "guid": issue.guid,
        "title": issue.title,
        "type": issue.topic_type,
        "status": issue.status,
        "priority": issue.priority,
        "labels": issue.labels,
        "assigned_to": issue.assigned_to,
        "due_date": issue.due_date,
        "stage": issue.stage,
        "description": issue.description,
        "creation_date": issue.creation_date,
        "creation_author": issue.creation_author,
        "modified_date": issue.modified_date,
        "modified_author": issue.modified_author,
        "server_assigned_id": issue.server_assigned_id,
        "reference_links": issue.reference_links,
        "related_topics": issue.related_topics,
        "documents": issue.documents,
        "header_files": issue.header_files,
        "unknown": issue.unknown,
        "comments": [
            {
                "guid": each.guid,
                "date": each.date,
                "author": each.author,
                "text": each.text,
                "viewpoint": each.viewpoint_guid,
                "modified_date": each.modified_date,
                "modified_author": each.modified_author,
            }
            for each in comments
        ],
        "viewpoints": [
            {
                "guid": view.guid,
                "camera": view.camera,
                "components": view.components,
                "clipping_planes": view.clipping_planes,
                "lines": view.lines,
                "has_snapshot": view.snapshot is not None,
            }
            for view in views
        ],
    }
