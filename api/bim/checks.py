"""`/api/v1/models/{id}/checks`: ask for a check, read its result, make issues of it; the shipped IDS files."""

import asyncio
import tempfile
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy.orm import Session

from api.bim.asked import ModelId
from api.bim.receiving import MEGABYTE, READERS, Received, reading_folder, receive_file
from api.deps import CallerDep, SessionDep, StateDep
from api.state import AppState
from bim.checks.reading import inspect_ids
from twin.checks.exchange import copy_out, export_results, read_version, render_csv
from twin.checks.from_results import raise_issues
from twin.checks.queries import PAGE_LIMIT, ResultFilters, find_report, get_check, list_checks, list_results
from twin.checks.runs import NewCheck
from twin.db import open_session
from twin.elements.queries import SeenModel, get_model
from twin.errors import InvalidInputError, NotFoundError
from twin.identity import Caller
from twin.identity.audit import record_audit
from twin.identity.rights import require
from twin.jobs.submit_check import STARTER, list_starters, read_starter, submit_check
from twin.objects import Stored, open_store

router: Final = APIRouter(prefix="/api/v1/models", tags=["model checks"])
starters: Final = APIRouter(prefix="/api/v1/ids", tags=["model checks"])

IDS_BYTES: Final = 4 * MEGABYTE
CheckNumber = Annotated[int, Path(ge=1, le=2**31 - 1)]
_REPORTS: Final = {
    "html": ("text/html; charset=utf-8", "html"),
    "ods": ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
}


def no_nul(text: str) -> str:
    """Refuse what no database text can hold."""
    if "\0" in text:
        raise ValueError("a text holds a NUL character; leave it out")
    return text


Text = Annotated[str, AfterValidator(no_nul), Field(max_length=200)]
Words = Annotated[list[Text], Field(max_length=1_000)]


class SelectionBody(BaseModel):
    """Which elements one side of a clash check takes; what is given must all hold."""

    model_config = ConfigDict(extra="forbid")

    classes: Words | None = None
    exclude_classes: Words | None = None
    disciplines: list[Literal["structure", "architecture", "mep", "civil"]] | None = None
    systems: Words | None = None
    storeys: Words | None = None
    global_ids: Words | None = None


class CheckBody(BaseModel):
    """What to check; fields that do not belong to the kind are refused."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["schema", "ids", "clash"]
    revision: Annotated[int | None, Field(ge=1)] = None
    again: bool = False
    express_rules: bool | None = None
    ids: Annotated[str | None, Field(max_length=IDS_BYTES), AfterValidator(lambda v: v and no_nul(v))] = None
    against: Annotated[int | None, Field(ge=1, le=2**63 - 1)] = None
    a: SelectionBody | None = None
    b: SelectionBody | None = None
    mode: Literal["intersection", "collision", "clearance"] | None = None
    tolerance_m: Annotated[float | None, Field(ge=0, le=10, allow_inf_nan=False)] = None
    clearance_m: Annotated[float | None, Field(gt=0, le=100, allow_inf_nan=False)] = None
    allow_touching: bool | None = None
    related: bool | None = None
    limit: Annotated[int | None, Field(ge=1, le=100_000)] = None

    @model_validator(mode="after")
    def _belongs(self) -> "CheckBody":
        allowed = {"schema": _SCHEMA, "ids": _IDS, "clash": _CLASH}[self.kind]
        strange = [name for name in (_SCHEMA | _IDS | _CLASH) - allowed if getattr(self, name) is not None]
        if strange:
            raise ValueError(f"{', '.join(sorted(strange))} does not belong to a check of kind {self.kind}")
        if self.mode == "clearance" and self.clearance_m is None:
            raise ValueError("clearance_m is missing: the distance to keep, in metres")
        return self

    def options(self) -> dict[str, Any]:
        """What the check itself reads, without defaults."""
        given = self.model_dump(exclude_none=True, exclude={"kind", "revision", "again", "ids", "against"})
        return {name: value for name, value in given.items() if value != {}}


_SCHEMA: Final = {"express_rules"}
_IDS: Final = {"ids"}
_CLASH: Final = {
    "against", "a", "b", "mode", "tolerance_m", "clearance_m", "allow_touching", "related", "limit",
}  # fmt: skip
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": CheckBody.model_json_schema(ref_template="#/components/schemas/{model}")
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["ids"],
                    "properties": {
                        "ids": {"type": "string", "format": "binary", "description": "an .ids file"},
                        "options": {"type": "string", "description": "the JSON body without ids"},
                    },
                }
            },
        },
    }
}
_BODY["requestBody"]["content"]["application/json"]["schema"].pop("$defs", None)


class StartedAnswer(BaseModel):
    """Where to look for the result: the run and its job."""

    model_id: int
    check: int
    job_id: str | None


class CheckCard(BaseModel):
    """A run in short; `outcome` is pass, warning or fail once it has succeeded."""

    check: int
    kind: str
    title: str | None
    state: str
    progress: float
    outcome: str | None
    revision: int
    against: int | None
    against_revision: int | None
    ids: str | None
    options: dict[str, Any]
    counts: dict[str, int] | None
    truncated: bool
    requested_by: str | None
    created_at: datetime
    finished_at: datetime | None
    job_id: str | None


class ChecksAnswer(BaseModel):
    """The runs of a model, newest first; `next` continues where they end."""

    model_id: int
    checks: list[CheckCard]
    next: int | None


class CheckAnswer(CheckCard):
    """A run with its groups and a page of its rows."""

    verdict: dict[str, Any] | None
    groups: list[dict[str, Any]]
    notes: list[str]
    results: list[dict[str, Any]]
    next: int | None


class IssuesBody(BaseModel):
    """Which groups become issues; all that failed or warned by default."""

    model_config = ConfigDict(extra="forbid")

    groups: Annotated[list[int] | None, Field(max_length=10_000)] = None


class RaisedAnswer(BaseModel):
    """GUIDs of the issues: new ones, and those that were there already."""

    added: list[str]
    existing: list[str]


class StartersAnswer(BaseModel):
    """Names of the shipped IDS files."""

    ids: list[str]


@router.post(
    "/{model_id}/checks",
    status_code=202,
    responses={200: {"model": StartedAnswer, "description": "Nothing has changed since this run"}},
    openapi_extra=_BODY,
    summary="检查模型 Check a model",
)
async def start_check(
    model_id: ModelId, request: Request, response: Response, caller: CallerDep, state: StateDep
) -> StartedAnswer:
    """Queue a check: schema and georeference rules, an IDS, or clashes. The same question about unchanged models is answered by the run that is there."""
    await asyncio.to_thread(_check_right, state, caller, model_id)
    with reading_folder(state) as folder:
        received = await receive_file(request, folder, "ids", IDS_BYTES)
        body, ids_file = _read_body(request, received)
        named = await _named_ids(state, body, ids_file)
        answer, is_new = await asyncio.to_thread(_submit, state, caller, model_id, body, named)
    if not is_new:
        response.status_code = 200
    if answer.job_id is not None:
        response.headers["Location"] = f"/api/v1/jobs/{answer.job_id}"
    return answer


@router.get("/{model_id}/checks", summary="检查列表 Checks of a model")
def read_checks(
    model_id: ModelId,
    caller: CallerDep,
    session: SessionDep,
    kind: Literal["schema", "ids", "clash"] | None = None,
    before: Annotated[int | None, Query(ge=1, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 100,
) -> ChecksAnswer:
    """List the checks of a model, newest first."""
    insider(session, caller, model_id)
    rows = list_checks(session, model_id, kind, before, limit)
    following = rows[-1]["number"] if len(rows) == limit else None
    return ChecksAnswer(model_id=model_id, checks=[CheckCard(**_card(row)) for row in rows], next=following)


@router.get(
    "/{model_id}/checks/{number}",
    summary="检查结果 Result of a check",
    response_model=CheckAnswer,
    responses={200: {"content": {kind: {} for kind in ("text/csv", "text/html", "application/zip")}}},
)
def read_check(
    model_id: ModelId,
    number: CheckNumber,
    caller: CallerDep,
    session: SessionDep,
    state: StateDep,
    f: Annotated[
        Literal["json", "csv", "html", "ods", "bcf"], Query(description="form of the answer")
    ] = "json",
    version: Annotated[str | None, Query(max_length=10, description="of BCF: 2.1 or 3.0")] = None,
    group: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    passed: bool | None = None,
    global_id: Annotated[str | None, Query(max_length=64), AfterValidator(lambda v: v and no_nul(v))] = None,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="`next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 200,
) -> Any:
    """Return a check with its groups and a page of rows; or its table, page, spreadsheet or BCF."""
    insider(session, caller, model_id)
    check = get_check(session, model_id, number)
    if f == "csv":
        return _download(
            iter(list(render_csv(session, check))), "text/csv; charset=utf-8", f"check-{number}.csv"
        )
    if f == "bcf":
        target = tempfile.SpooledTemporaryFile(max_size=8 * MEGABYTE)  # noqa: SIM115  closed by copy_out
        export_results(session, model_id, check, read_version(version), target, caller.login)
        return _download(copy_out(target), "application/zip", f"check-{number}.bcf")
    if f != "json":
        return _report(session, state, model_id, check, f)
    rows = list_results(session, check["id"], ResultFilters(group, passed, global_id), after, limit)
    summary = check["summary"] or {}
    return CheckAnswer(
        **_card(check),
        verdict=check["verdict"],
        groups=summary.get("groups", []),
        notes=summary.get("notes", []),
        results=rows,
        next=rows[-1]["row_number"] if len(rows) == limit else None,
    )


@router.post(
    "/{model_id}/checks/{number}/issues", status_code=201, summary="结果转问题 Make issues of a result"
)
def make_issues(
    model_id: ModelId,
    number: CheckNumber,
    caller: CallerDep,
    session: SessionDep,
    body: IssuesBody | None = None,
) -> RaisedAnswer:
    """Raise an issue for every failed specification, rule or clashing pair; those that are there stay as they are."""
    seen = insider(session, caller, model_id)
    require(caller, "bim:write", seen.row["project_id"])
    check = get_check(session, model_id, number)
    raised = raise_issues(session, model_id, check, body.groups if body else None, caller.login)
    if raised.added:
        record_audit(
            session,
            caller,
            "issue.raise",
            f"model {model_id}",
            after={"check": number, "issues": raised.added},
        )
    return RaisedAnswer(added=raised.added, existing=raised.existing)


@starters.get("", summary="内置 IDS Shipped IDS files")
def read_starters() -> StartersAnswer:
    """List the IDS files the service ships for key construction works."""
    return StartersAnswer(ids=list_starters())


@starters.get(
    "/{name}",
    summary="下载 IDS Download an IDS file",
    response_class=Response,
    responses={200: {"content": {"application/xml": {}}}},
)
def read_starter_file(name: Annotated[str, Path(max_length=100)]) -> Response:
    """Return a shipped IDS file, to be adapted and uploaded with a check."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.ids"'}
    return Response(read_starter(name), media_type="application/xml", headers=headers)


def insider(session: Session, caller: Caller, model_id: int, revision: int | None = None) -> SeenModel:
    """Return a model to whoever may read what is not public of it."""
    seen = get_model(session, caller, model_id, revision)
    require(caller, "bim:read", seen.row["project_id"])
    return seen


def _check_right(state: AppState, caller: Caller, model_id: int) -> None:
    """Refuse before the body is read."""
    with open_session(state.engine) as session:
        seen = get_model(session, caller, model_id)
        require(caller, "bim:write", seen.row["project_id"])


def _read_body(request: Request, received: Received) -> tuple[CheckBody, Received | None]:
    """Read the JSON of the body, or of the form's field ``options`` beside its file."""
    kind = request.headers.get("Content-Type", "").lower()
    is_form = kind.startswith("multipart/")
    text = received.fields.get("options", '{"kind": "ids"}') if is_form else received.path.read_bytes()
    try:
        return CheckBody.model_validate_json(text), received if is_form else None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise InvalidInputError(
            f"{where}: {first['msg']}. See the description of the route.",
            f"{where}：{first['msg']}。请参见接口说明。",
            where,
        ) from error


async def _named_ids(
    state: AppState, body: CheckBody, received: Received | None
) -> tuple[Stored, str] | None:
    """Store the requirements: the file of the form, XML text in the body, or a shipped file by its name."""
    if body.kind != "ids":
        return None
    store = open_store(state.settings.home)
    text = (body.ids or "").lstrip("\ufeff \r\n\t")
    with reading_folder(state) as folder:
        path = folder / "asked.ids"
        if received is not None:
            path, name = received.path, received.name or "upload.ids"
        elif text.startswith("<"):
            path.write_text(text, encoding="utf-8")
            name = "inline"
        else:
            name = body.ids or STARTER
            path.write_bytes(read_starter(name))
        if name not in list_starters() or received is not None:
            async with READERS:
                await inspect_ids(path, folder / "spool")
        return await asyncio.to_thread(store.add_file, path), name[:200]


def _submit(
    state: AppState, caller: Caller, model_id: int, body: CheckBody, ids: tuple[Stored, str] | None
) -> tuple[StartedAnswer, bool]:
    with open_session(state.engine, actor=caller.login) as session:
        seen = insider(session, caller, model_id, body.revision)
        require(caller, "bim:write", seen.row["project_id"])
        new = NewCheck(
            kind=body.kind,
            options=body.options(),
            ids=ids[0] if ids else None,
            ids_name=ids[1] if ids else None,
            against_revision_id=_other(session, caller, model_id, body),
            again=body.again,
        )
        added = submit_check(session, caller, model_id, seen.row["revision_id"], new)
        check = added.check
        return StartedAnswer(model_id=model_id, check=check.number, job_id=check.job_id), added.is_new


def _other(session: Session, caller: Caller, model_id: int, body: CheckBody) -> int | None:
    if body.against is None or body.against == model_id:
        return None
    other = insider(session, caller, body.against)
    if other.row["revision_id"] is None:
        raise InvalidInputError(
            f"Model {body.against} has no published revision to check against.",
            f"模型 {body.against} 尚无已发布的版本，无法作为碰撞对象。",
            "against",
        )
    found: int = other.row["revision_id"]
    return found


def _card(row: Any) -> dict[str, Any]:
    summary = row["summary"] or {}
    return {
        **{name: row[name] for name in CheckCard.model_fields if name in row},
        "check": row["number"],
        "ids": row["ids_name"],
        "counts": summary.get("counts"),
    }


def _report(session: Session, state: AppState, model_id: int, check: Any, name: str) -> Response:
    sha256 = find_report(session, check["id"], name)
    if sha256 is None:
        raise NotFoundError(
            f"Check {check['number']} of model {model_id} offers no {name}; json, csv and bcf are always there.",
            f"模型 {model_id} 的第 {check['number']} 次检查没有 {name}；json、csv、bcf 始终可用。",
        )
    media_type, ending = _REPORTS[name]
    stream = open_store(state.settings.home).stream(sha256)
    return _download(stream, media_type, f"check-{check['number']}.{ending}")


def _download(chunks: Iterator[Any], media_type: str, name: str) -> StreamingResponse:
    """A file to be saved: pages made of other people's names never run as ours."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(chunks, media_type=media_type, headers=headers)
