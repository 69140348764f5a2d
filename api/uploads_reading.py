"""Files on their way to being read: small ones while the sender waits, large ones by a job that the answer names."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from fastapi import Response

from api.middleware import MEGABYTE
from api.state import AppState
from twin.db import open_session
from twin.identity import Caller
from twin.imports.reading import read_for_import
from twin.jobs import JobStatus, status
from twin.jobs.submit_reading import explain_unread, submit_reading
from twin.objects import open_store
from twin.uploads.read import ReadingRoom
from twin.uploads.settle import settle_upload

LOOK_EVERY_S: Final = 0.3
RETRY_AFTER_S: Final = 2


@dataclass(frozen=True)
class Read:
    """An upload that was read, or the job that still reads it."""

    job_id: str | None
    is_ledger: bool = False


def reading_room(state: AppState) -> ReadingRoom:
    """Return what readings of this process work with."""
    settings = state.settings
    return ReadingRoom(
        state.engine, open_store(settings.home), settings.home, settings.reading, state.reading_turns
    )


async def read_or_follow(
    state: AppState,
    caller: Caller,
    token: str,
    told: Mapping[str, Any] | None = None,
    *,
    waits: bool = True,
) -> Read:
    """Read an upload of the caller, or follow the job that reads it for as long as a request may take.

    Raises
    ------
    NotFoundError, ConflictError, UnreadableFileError
        As for `twin.uploads.read.read_upload`.
    """
    room = reading_room(state)
    job = await asyncio.to_thread(_ask, state, room, caller, token, told)
    if job is None:
        return Read(None, await read_for_import(room, caller, token, told))
    until = time.monotonic() + (state.settings.reading.wait_s if waits else 0.0)
    while (found := await asyncio.to_thread(_look, state, job)).is_open:
        if time.monotonic() >= until:
            return Read(job)
        await asyncio.sleep(LOOK_EVERY_S)
    if found.state != "succeeded":
        raise explain_unread(found)
    return Read(None, await read_for_import(room, caller, token))


def still_reading(token: str, job_id: str, *, location: str | None = None) -> Response:
    """Answer 202: the file is being read, by which job, and where its preview will be."""
    preview = f"/api/v1/uploads/{token}/preview"
    body = {"upload_id": token, "state": "reading", "job_id": job_id, "preview": preview}
    headers = {
        "Location": location or preview,
        "Link": f'</api/v1/jobs/{job_id}>; rel="monitor"',
        "Retry-After": str(RETRY_AFTER_S),
        "Cache-Control": "no-store",
    }
    return Response(orjson.dumps(body), 202, headers, "application/json")


def _ask(
    state: AppState, room: ReadingRoom, caller: Caller, token: str, told: Mapping[str, Any] | None
) -> str | None:
    settle_upload(room.engine, room.store, caller, token)
    with open_session(state.engine, actor=caller.login) as session:
        return submit_reading(session, caller, token, told, room.settings.job_mb * MEGABYTE)


def _look(state: AppState, job_id: str) -> JobStatus:
    with open_session(state.engine) as session:
        return status(session, job_id)
