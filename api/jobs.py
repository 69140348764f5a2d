"""`/api/v1/jobs/{job_id}`: how far a job is, how it ended, and how to stop it."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session

from api.deps import CallerDep, SessionDep, StateDep
from api.state import AppState
from twin.db import open_session
from twin.errors import NotFoundError
from twin.identity import Caller
from twin.identity.audit import record_audit
from twin.identity.rights import may, require
from twin.jobs import JobStatus, cancel, status

router: Final = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

POLL_S: Final = 0.5
KEEP_ALIVE_POLLS: Final = 30


class VerdictAnswer(BaseModel):
    """How a job ended, in both languages."""

    code: str
    message: str
    message_zh: str
    detail: dict[str, Any]


class JobAnswer(BaseModel):
    """A job; progress is percent, verdict and counts come with its end."""

    job_id: str
    kind: str
    state: str
    progress: float
    phase: str | None
    attempt: int
    verdict: VerdictAnswer | None
    counts: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@router.get("/{job_id}", summary="任务状态 A job")
def read_job(job_id: uuid.UUID, caller: CallerDep, session: SessionDep) -> JobAnswer:
    """Return a job of a project the caller may read jobs of."""
    return _answer(get_job(session, caller, job_id))


@router.delete("/{job_id}", summary="取消任务 Cancel a job")
def cancel_job(job_id: uuid.UUID, caller: CallerDep, session: SessionDep) -> JobAnswer:
    """Cancel a job that has not ended: one's own, or with the right to write models of its project."""
    found = get_job(session, caller, job_id)
    if found.created_by != caller.login:
        require(caller, "bim:write", found.project_id)
    cancelled = cancel(session, str(job_id), caller.display_name)
    record_audit(session, caller, "job.cancel", f"job {job_id}", before={"state": found.state})
    return _answer(cancelled)


@router.get(
    "/{job_id}/events",
    summary="任务事件流 A job's events (SSE)",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "One event `job` a change"}},
)
async def stream_job(
    job_id: uuid.UUID, request: Request, caller: CallerDep, state: StateDep
) -> StreamingResponse:
    """Stream a job's changes until it has ended; each event carries what `GET` answers."""
    first = await asyncio.to_thread(_look, state, caller, job_id)
    events = _events(request, state, caller, job_id, first)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def _events(
    request: Request, state: AppState, caller: Caller, job_id: uuid.UUID, found: JobStatus
) -> AsyncIterator[bytes]:
    told: bytes = b""
    silent = 0
    while True:
        body = orjson.dumps(_answer(found).model_dump(mode="json"))
        silent += 1
        if body != told:
            told, silent = body, 0
            yield b"event: job\ndata: " + body + b"\n\n"
        elif silent % KEEP_ALIVE_POLLS == 0:
            yield b": still there\n\n"
        if not found.is_open or await request.is_disconnected():
            return
        await asyncio.sleep(POLL_S)
        found = await asyncio.to_thread(_look, state, caller, job_id)


def _look(state: AppState, caller: Caller, job_id: uuid.UUID) -> JobStatus:
    with open_session(state.engine) as session:
        return get_job(session, caller, job_id)


def get_job(session: Session, caller: Caller, job_id: uuid.UUID) -> JobStatus:
    """Return the job if the caller may know of it; of one's own jobs one always may.

    Raises
    ------
    NotFoundError
        There is no such job, or the caller may not know of it.
    UnauthenticatedError
        Nobody signed in.
    """
    if caller.is_anonymous:
        require(caller, "job:read")
    found = status(session, str(job_id))
    if may(caller, "job:read", found.project_id) or found.created_by == caller.login:
        return found
    raise NotFoundError(f"There is no job {job_id} that you may see.", f"没有您可查看的任务 {job_id}。")


def _answer(found: JobStatus) -> JobAnswer:
    return JobAnswer.model_validate(asdict(found))
