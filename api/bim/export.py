"""`/api/v1/models/{id}/export.ifc`: the stored file with progress, task links and, on request, its place written in."""

import asyncio
import time
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel

from api.bim.asked import AskedRevision, ModelId
from api.deps import CallerDep, StateDep
from api.errors import Problem, render_problem
from api.state import AppState
from twin.db import open_session
from twin.elements.models import BimRevision
from twin.elements.queries import get_model
from twin.errors import ConflictError
from twin.identity import Caller
from twin.identity.rights import require
from twin.jobs.queue import OPEN_STATES, JobStatus, status
from twin.jobs.submit_export import Asked, submit_export
from twin.objects import open_store
from twin.progress.export import plan_export

router: Final = APIRouter(prefix="/api/v1/models", tags=["models"])

POLL_S: Final = 0.4
RETRY_AFTER_S: Final = 5
MEDIA_TYPE: Final = "application/x-step"


class ExportAnswer(BaseModel):
    """The file is being written; ask its job, or this address again."""

    job_id: str
    state: str
    progress: float


@router.get(
    "/{model_id}/export.ifc",
    response_class=StreamingResponse,
    responses={
        200: {"content": {MEDIA_TYPE: {}}, "description": "The file"},
        202: {"model": ExportAnswer, "description": "It is being written"},
    },
    summary="导出模型 Export the model file",
)
async def export_ifc(
    model_id: ModelId,
    request: Request,
    caller: CallerDep,
    state: StateDep,
    revision: AskedRevision = None,
    georeference: Annotated[bool, Query(description="write the place in force into the file")] = False,
    wait: Annotated[float, Query(ge=0, le=60, description="seconds to wait before answering 202")] = 20.0,
) -> Any:
    """Return the stored file with the property set WT_ConstructionProgress on every element with progress.

    Tasks of a schedule that came from outside are written with what they build. GlobalIds stay as they are, and so
    does the stored file. A file whose schema is read under another name is refused. Needs bim:read.
    """
    asked, name = await asyncio.to_thread(_ask, state, caller, model_id, revision, georeference)
    job = None
    until = time.monotonic() + wait
    while asked.sha256 is None:
        job = await asyncio.to_thread(_job, state, asked)
        if job.state not in OPEN_STATES or time.monotonic() >= until:
            break
        await asyncio.sleep(POLL_S)
    if job is not None and job.state == "succeeded":
        asked, name = await asyncio.to_thread(_ask, state, caller, model_id, revision, georeference)
    if asked.sha256 is None:
        return _not_there(request, await asyncio.to_thread(_job, state, asked))
    return _file(state, request, asked, name)


def _ask(
    state: AppState, caller: Caller, model_id: int, revision: int | None, georeference: bool
) -> tuple[Asked, str]:
    with open_session(state.engine, actor=caller.login) as session:
        seen = get_model(session, caller, model_id, revision)
        require(caller, "bim:read", seen.row["project_id"])
        revision_id = seen.row["revision_id"]
        if revision_id is None:
            raise ConflictError(
                f"Model {model_id} has no published revision yet; ask its job.",
                f"模型 {model_id} 尚无已发布的版本；请查看其任务。",
            )
        plan = plan_export(session, revision_id, seen.row["project_id"], georeference=georeference)
        asked = submit_export(session, open_store(state.settings.home), caller, plan)
        return asked, session.get_one(BimRevision, revision_id).file_name


def _job(state: AppState, asked: Asked) -> JobStatus:
    with open_session(state.engine) as session:
        return status(session, asked.job_id or "")


def _not_there(request: Request, job: JobStatus) -> Response:
    if job.state in OPEN_STATES:
        answer = ExportAnswer(job_id=job.job_id, state=job.state, progress=job.progress)
        headers = {"Location": f"/api/v1/jobs/{job.job_id}", "Retry-After": str(RETRY_AFTER_S)}
        return JSONResponse(answer.model_dump(), 202, headers=headers)
    verdict = job.verdict or {"code": job.state, "message": job.state, "message_zh": job.state}
    problem = Problem(422, verdict["message"], verdict["message_zh"], kind=verdict["code"])
    return render_problem(request, problem)


def _file(state: AppState, request: Request, asked: Asked, name: str) -> Response:
    tag = f'"{asked.sha256}"'
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    stem = name.rsplit(".", 1)[0][:150]
    headers = {
        "Content-Disposition": f"attachment; filename=\"export.ifc\"; filename*=UTF-8''{quote(stem)}-progress.ifc",
        "Content-Length": str(asked.size_bytes),
        "ETag": tag,
        "Cache-Control": "private, no-cache",
    }
    chunks = open_store(state.settings.home).stream(asked.sha256 or "")
    return StreamingResponse(chunks, media_type=MEDIA_TYPE, headers=headers)
