"""`/api/v1/projects/{code}/models`: the door by which models come in."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field, ValidationError

from api.deps import CallerDep, SessionDep, StateDep
from api.middleware import MEGABYTE
from api.multipart import Form, receive_form
from api.state import AppState
from api.submitting import describe_model, submit_upload
from twin.db import open_session
from twin.elements.queries import list_models
from twin.errors import InvalidInputError
from twin.identity import Caller
from twin.identity.rights import require
from twin.jobs.submit_model import Submitted, submit_model
from twin.objects import Incoming, Stored, open_store
from twin.projects.queries import get_project
from twin.uploads.settle import settle_upload
from twin.uploads.uploads import get_upload

router: Final = APIRouter(prefix="/api/v1/projects", tags=["models"])

CodePath = Annotated[str, Path(max_length=64)]
_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": ".ifc or .ifczip"},
                        "name": {"type": "string", "description": "the same name is the next revision"},
                        "discipline": {"type": "string", "description": "专业, such as 结构"},
                        "public": {"type": "boolean", "description": "shown to everybody"},
                    },
                }
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["upload"],
                    "properties": {
                        "upload": {"type": "string", "description": "an upload of /api/v1/uploads"},
                        "name": {"type": "string"},
                        "discipline": {"type": "string"},
                        "public": {"type": "boolean"},
                    },
                }
            },
        },
    }
}
USE_BYTES: Final = 65_536


class _UploadUse(BaseModel):
    upload: str = Field(max_length=100)
    name: str | None = Field(default=None, max_length=200)
    discipline: str | None = Field(default=None, max_length=100)
    public: bool | None = None


class UploadAnswer(BaseModel):
    """Where an upload went: its model, the number and state of its revision, and the job to ask.

    The same bytes lead to the revision that is there, in whatever model of the project; `model_name` says which.
    """

    model_id: int
    model_name: str
    revision: int
    state: str
    job_id: str | None


class ModelCard(BaseModel):
    """A model of a project in short."""

    id: int
    name: str
    discipline: str | None
    revision: int | None
    elements: int | None


class ModelsAnswer(BaseModel):
    """The models of a project that the caller sees."""

    models: list[ModelCard]


@router.post(
    "/{code}/models",
    status_code=202,
    responses={200: {"model": UploadAnswer, "description": "These bytes are here already"}},
    openapi_extra=_FORM,
    summary="上传模型 Upload a model",
)
async def upload_model(
    code: CodePath, request: Request, response: Response, caller: CallerDep, state: StateDep
) -> UploadAnswer:
    """Store an IFC file, or take one that was uploaded in parts, and queue its conversion.

    The job's verdict says what became of it.
    """
    await asyncio.to_thread(_check_right, state, caller, code)
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() == "application/json":
        asked = _read_use(await _small_body(request))
        submitted = await asyncio.to_thread(_take, state, caller, code, asked)
    else:
        submitted = await _receive(request, state, caller, code)
    if not submitted.is_new:
        response.status_code = 200
    if submitted.job_id is not None:
        response.headers["Location"] = f"/api/v1/jobs/{submitted.job_id}"
    return UploadAnswer(
        model_id=submitted.model_id,
        model_name=submitted.model_name,
        revision=submitted.revision,
        state=submitted.state,
        job_id=submitted.job_id,
    )


@router.get("/{code}/models", summary="模型列表 Models of a project")
def read_models(code: CodePath, caller: CallerDep, session: SessionDep) -> ModelsAnswer:
    """List the models of a project that the caller sees."""
    project = get_project(session, caller, code, right="bim:read")
    cards = [
        ModelCard(
            id=row["id"],
            name=row["name"],
            discipline=row["discipline"],
            revision=row["revision"],
            elements=sum(row["counts_by_class"].values()) if row["counts_by_class"] else None,
        )
        for row in list_models(session, caller, project.id)
    ]
    return ModelsAnswer(models=cards)


def _check_right(state: AppState, caller: Caller, code: str) -> None:
    """Refuse before the first byte of a file is read."""
    with open_session(state.engine) as session:
        project = get_project(session, caller, code)
        require(caller, "bim:write", project.id)


async def _receive(request: Request, state: AppState, caller: Caller, code: str) -> Submitted:
    store = open_store(state.settings.home)
    with store.receive(state.settings.server.upload_max_mb * MEGABYTE) as incoming:
        form = await receive_form(request.stream(), request.headers.get("Content-Type", ""), incoming)
        return await asyncio.to_thread(keep_model, state, caller, code, form, incoming)


async def _small_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > USE_BYTES:
            raise InvalidInputError(
                f"A description of a model has at most {USE_BYTES} bytes.",
                f"模型说明最多 {USE_BYTES} 字节。",
                "body",
            )
    return bytes(body)


def _read_use(body: bytes) -> "_UploadUse":
    try:
        return _UploadUse.model_validate_json(body)
    except ValidationError as error:
        raise InvalidInputError(
            f"The body cannot be used ({error.errors()[0]['msg']}); send upload, name, discipline and public.",
            f"请求体不可用（{error.errors()[0]['msg']}）；请发送 upload、name、discipline 与 public。",
            "body",
        ) from error


def _take(state: AppState, caller: Caller, code: str, asked: "_UploadUse") -> Submitted:
    """Submit what was uploaded in parts."""
    settle_upload(state.engine, open_store(state.settings.home), caller, asked.upload)
    told = {name: value for name, value in asked.model_dump().items() if value is not None}
    with open_session(state.engine, actor=caller.login) as session:
        upload = get_upload(session, caller, asked.upload, lock=True)
        return submit_upload(session, caller, upload, told, code)


def keep_model(state: AppState, caller: Caller, code: str, form: Form, incoming: Incoming) -> Submitted:
    """Keep the file of a form and queue its conversion.

    Raises
    ------
    InvalidInputError
        The form holds no file.
    """
    if form.file_name is None or form.file_bytes == 0:
        raise InvalidInputError(
            "The form holds no file, or an empty one; send the model as the part named file.",
            "表单中没有文件或文件为空；请将模型作为名为 file 的部分发送。",
            "file",
        )
    stored: Stored = incoming.keep()
    with open_session(state.engine, actor=caller.login) as session:
        project = get_project(session, caller, code)
        return submit_model(session, caller, project, describe_model(form.file_name, form.fields), stored)
