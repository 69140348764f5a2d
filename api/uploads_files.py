"""`/api/v1/uploads` for planners' files: taken as a form, looked at, answered for, imported.

A file is read in a process of its own (`twin.uploads.reader`); here nothing of it is parsed.
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.deps import CallerDep, SessionDep, StateDep
from api.errors import lang_of
from api.i18n import Lang
from api.middleware import MEGABYTE
from api.multipart import Form, receive_form
from api.state import AppState
from api.uploads_reading import Read, read_or_follow, reading_room, still_reading
from api.uploads_shapes import describe_reading, render_preview
from twin.db import open_session
from twin.errors import ConflictError, ForbiddenError, InvalidInputError, MalformedError
from twin.identity import Caller
from twin.identity.rights import reach, require
from twin.imports.templates import list_templates, remove_template
from twin.jobs.submit_import import submit_import, submit_rehearsal
from twin.objects import Incoming, open_store
from twin.uploads.answers import NAMED, Answers, keep_answers, read_choices
from twin.uploads.preview import list_preview
from twin.uploads.read import UnreadableFileError, mark_upload
from twin.uploads.readings import get_reading
from twin.uploads.take import drop_upload, take_upload
from twin.uploads.uploads import UploadPolicy, get_upload

router: Final = APIRouter(prefix="/api/v1/uploads", tags=["uploads"])  # `api.uploads` adds the doors of tus

Token = Annotated[str, Path(max_length=100)]
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ANSWER_BYTES: Final = 256 * 1024
_WRITES: Final = ("bim:write", "land:write", "project:write")


class ImportOrder(BaseModel):
    """Into which layer a file goes.

    `save_as` keeps the mapping under a name for the next file with these columns; `rehearse` only tells what the
    import would do to each row.
    """

    model_config = ConfigDict(extra="forbid")

    layer: str = Field(max_length=60)
    save_as: str | None = Field(default=None, max_length=100)
    rehearse: bool = False


class ImportAnswer(BaseModel):
    """The job of an import; a rehearsal has no `import_id`."""

    job_id: str
    import_id: int | None
    layer: str


class TemplateAnswer(BaseModel):
    """A saved mapping."""

    layer: str
    name: str
    columns: list[str]
    mapping: dict[str, str]
    values: dict[str, str]


class TemplatesAnswer(BaseModel):
    """Saved mappings, by layer and name."""

    templates: list[TemplateAnswer]


class _AnswersBody(BaseModel):
    """Answers to the questions about a file."""

    model_config = ConfigDict(
        extra="allow"
    )  # units.D, mapping.name: the questions about one column of a ledger

    crs: str | None = Field(default=None, max_length=200)
    zone: int | str | None = None
    encoding: str | None = Field(default=None, max_length=200)
    layer: str | None = Field(default=None, max_length=200)
    unit: str | None = Field(default=None, max_length=200)
    target: str | None = Field(default=None, max_length=200)
    sheet: str | None = Field(default=None, max_length=200)
    delimiter: str | None = Field(default=None, max_length=20)
    hidden_rows: str | None = Field(default=None, max_length=20)
    header_rows: int | str | None = None
    units: dict[str, str] | None = None
    repairs: str | None = Field(default=None, max_length=20)
    mapping: dict[str, str] | None = None
    values: dict[str, str] | None = None


def is_form(request: Request) -> bool:
    """Tell whether a request brings a whole file as a form."""
    return _media_type(request) == "multipart/form-data"


def is_answer(request: Request) -> bool:
    """Tell whether a request answers questions instead of bringing bytes."""
    return _media_type(request) == "application/json"


def check_may_upload(caller: Caller) -> None:
    """Refuse who may write nothing that a file could bring.

    Raises
    ------
    UnauthenticatedError, ForbiddenError
    """
    if all(reach(caller, right) == "public" for right in _WRITES):
        require(caller, "land:write")
        raise ForbiddenError(
            "Only who may add models, land or projects may upload.", "仅有写入权限者可以上传。"
        )


async def create_from_form(request: Request, caller: Caller, state: AppState) -> Response:
    """Take a file and read it; one in which nothing can be used is not kept. 202 where a job goes on reading it."""
    check_may_upload(caller)
    store = open_store(state.settings.home)
    with store.receive(state.settings.server.upload_max_mb * MEGABYTE) as incoming:
        form = await receive_form(request.stream(), request.headers.get("Content-Type", ""), incoming)
        choices = read_choices(form.fields)
        token = await asyncio.to_thread(_take, state, caller, form, incoming)
    try:
        read = await read_or_follow(state, caller, token, choices)
    except UnreadableFileError:
        await asyncio.to_thread(_drop, state, caller, token)
        raise
    if read.job_id is not None:
        return still_reading(token, read.job_id)
    described = await asyncio.to_thread(_describe, state, caller, token, lang_of(request))
    return Response(
        orjson.dumps(described), 201, {"Location": f"/api/v1/uploads/{token}"}, "application/json"
    )


async def answer_questions(upload_id: str, request: Request, caller: Caller, state: AppState) -> Response:
    """Take the answers of a file's owner, read it again where they ask for that, and describe it anew."""
    body = _read_answers(await _small_body(request))
    told = read_choices(body.model_dump(exclude_none=True))
    if body.units is not None:
        told["units"] = body.units
    read = await read_or_follow(state, caller, upload_id, told)
    if body.mapping is not None and read.is_ledger:
        read = await read_or_follow(state, caller, upload_id, {"mapping": body.mapping})
        body.mapping = None
    answers = Answers(body.mapping, body.values, body.repairs)
    await asyncio.to_thread(_keep, state, caller, upload_id, answers)
    if read.job_id is not None:
        return still_reading(upload_id, read.job_id)
    described = await asyncio.to_thread(_describe, state, caller, upload_id, lang_of(request))
    return Response(orjson.dumps(described), 200, media_type="application/json")


@router.get(
    "/{upload_id}/preview",
    summary="预览上传的文件 A planner's file before it is used",
    response_class=Response,
    responses={200: {"content": {"application/geo+json": {}}, "description": "Features as read"}},
)
async def preview_upload(
    upload_id: Token,
    request: Request,
    caller: CallerDep,
    state: StateDep,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 10_000,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """Show the features of a file as read, with areas stated and computed, and how invalid ones would be repaired.

    While a job reads a large file: 202 with `state` `reading`, and the job in `Location`.
    """
    read = await read_or_follow(state, caller, upload_id, waits=False)
    if read.job_id is not None:
        return still_reading(upload_id, read.job_id, location=f"/api/v1/jobs/{read.job_id}")
    content = await asyncio.to_thread(_preview, state, caller, upload_id, after, limit, lang_of(request))
    return Response(content, media_type="application/geo+json", headers={"Cache-Control": "no-store"})


@router.get(
    "/{upload_id}/marked",
    summary="标注错误的台账 A ledger with its faults marked",
    response_class=Response,
    responses={200: {"content": {XLSX: {}}, "description": "A workbook"}},
)
async def mark_ledger(upload_id: Token, caller: CallerDep, state: StateDep) -> Response:
    """Give a ledger back with a comment and a colour in each faulty cell, and a sheet of all faults."""
    _require_read(await read_or_follow(state, caller, upload_id))
    content = await mark_upload(reading_room(state), caller, upload_id)
    headers = {"Content-Disposition": 'attachment; filename="marked.xlsx"', "Cache-Control": "no-store"}
    return Response(content, media_type=XLSX, headers=headers)


@router.post("/{upload_id}/import", status_code=202, summary="入库 Import a file into a layer")
async def import_upload(
    upload_id: Token, order: ImportOrder, caller: CallerDep, state: StateDep
) -> ImportAnswer:
    """Import a file into a layer as a job; rows that are there as the file says stay as they are."""
    _require_read(await read_or_follow(state, caller, upload_id))
    return await asyncio.to_thread(_import, state, caller, upload_id, order)


@router.get("/templates", summary="字段映射模板 Saved mappings")
def read_templates(
    caller: CallerDep, session: SessionDep, layer: Annotated[str | None, Query(max_length=60)] = None
) -> TemplatesAnswer:
    """List the saved mappings of columns to properties."""
    check_may_upload(caller)
    return TemplatesAnswer(
        templates=[
            TemplateAnswer(
                layer=each.layer,
                name=each.name,
                columns=each.columns,
                mapping=each.mapping,
                values=each.fixed,
            )
            for each in list_templates(session, layer)
        ]
    )


@router.delete(
    "/templates/{target}/{template}", status_code=204, summary="删除映射模板 Remove a saved mapping"
)
def delete_template(
    target: Annotated[str, Path(max_length=60)],
    template: Annotated[str, Path(max_length=100)],
    caller: CallerDep,
    session: SessionDep,
) -> Response:
    """Remove a saved mapping; files imported with it stay as they are."""
    check_may_upload(caller)
    remove_template(session, caller, target, template)
    return Response(status_code=204)


def _media_type(request: Request) -> str:
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _require_read(read: Read) -> None:
    if read.job_id is not None:
        raise ConflictError(
            f"The file is still being read; wait for job {read.job_id}.",
            f"文件仍在读取；请等待任务 {read.job_id} 结束。",
            "upload_id",
        )


def _take(state: AppState, caller: Caller, form: Form, incoming: Incoming) -> str:
    if form.file_name is None or form.file_bytes == 0:
        raise InvalidInputError(
            "The form holds no file, or an empty one; send it as the part named file.",
            "表单中没有文件或文件为空；请将文件作为名为 file 的部分发送。",
            "file",
        )
    server = state.settings.server
    policy = UploadPolicy(server.upload_max_mb * MEGABYTE, server.upload_rest_h * 3_600)
    stored = incoming.keep()
    with open_session(state.engine, actor=caller.login) as session:
        return take_upload(session, caller, stored, form.file_name, form.fields, policy)


def _drop(state: AppState, caller: Caller, token: str) -> None:
    with open_session(state.engine, actor=caller.login) as session:
        drop_upload(session, caller, token)


def _keep(state: AppState, caller: Caller, token: str, answers: Answers) -> None:
    with open_session(state.engine, actor=caller.login) as session:
        keep_answers(session, caller, token, answers)


def _describe(state: AppState, caller: Caller, token: str, lang: Lang) -> Mapping[str, Any]:
    with open_session(state.engine) as session:
        upload = get_upload(session, caller, token)
        return describe_reading(session, caller, upload, get_reading(session, caller, token), lang)


def _preview(state: AppState, caller: Caller, token: str, after: int, limit: int, lang: Lang) -> bytes:
    with open_session(state.engine) as session:
        upload, reading = get_upload(session, caller, token), get_reading(session, caller, token)
        described = describe_reading(session, caller, upload, reading, lang)
        return render_preview(described, list_preview(session, reading.id, after, limit), limit, lang)


def _import(state: AppState, caller: Caller, token: str, order: ImportOrder) -> ImportAnswer:
    with open_session(state.engine, actor=caller.login) as session:
        if order.rehearse:
            asked = submit_rehearsal(session, caller, token, order.layer)
        else:
            asked = submit_import(session, caller, token, order.layer, order.save_as)
        return ImportAnswer(job_id=asked.job_id, import_id=asked.import_id, layer=asked.layer)


async def _small_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > ANSWER_BYTES:
            raise InvalidInputError(
                f"Answers have at most {ANSWER_BYTES} bytes.", f"答复最多 {ANSWER_BYTES} 字节。", "body"
            )
    return bytes(body)


def _read_answers(body: bytes) -> _AnswersBody:
    try:
        answers = _AnswersBody.model_validate_json(body)
        for name, value in (answers.model_extra or {}).items():
            if not (name.startswith(NAMED) and isinstance(value, str)):
                raise ValueError(name)
        return answers
    except ValueError as error:
        raise MalformedError(
            "The answers cannot be read; send JSON with crs, zone, encoding, layer, unit, repairs, mapping (column to "
            "property) and values (property to text).",
            "无法读取答复；请发送 JSON：crs、zone、encoding、layer、unit、repairs、mapping（列→属性）、values（属性→文本）。",
            "body",
        ) from error
