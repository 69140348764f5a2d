"""`/api/v1/uploads`: files that come in over several requests, by tus 1.0.

The library `tuspyserver` was looked at and not used: it keeps its state in files named by whatever stands in the
address, knows no owner, never brings bytes to the disk, and answers in its own words. What is left of tus without
that is the few headers of `api.tus`.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Header, Path, Request, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api import tus, uploads_files
from api.deps import CallerDep, StateDep
from api.middleware import MEGABYTE
from api.state import AppState
from api.submitting import submit_upload
from api.uploads_files import answer_questions, check_may_upload, create_from_form, is_answer, is_form
from twin.db import open_session
from twin.errors import ChecksumError
from twin.identity import Caller
from twin.identity.rights import require
from twin.objects import ObjectStore, open_store
from twin.projects.queries import get_project
from twin.uploads.models import Upload
from twin.uploads.settle import Settled, settle_upload
from twin.uploads.uploads import (
    NewUpload,
    UploadPolicy,
    begin_upload,
    expiry_text,
    get_upload,
    give_up_upload,
    note_received,
    open_partial,
)

router: Final = uploads_files.router  # the same one, whose `templates` stand before the uploads' names

Token = Annotated[str, Path(max_length=100)]
FLUSH_BYTES: Final = 1 << 20


class UploadDescription(BaseModel):
    """An upload as its owner sees it; `result` is what came of it."""

    upload_id: str
    kind: str
    file_name: str
    size_bytes: int
    received_bytes: int
    state: str
    sha256: str | None
    expires_at: str
    details: dict[str, Any]
    result: dict[str, Any] | None


@dataclass(frozen=True)
class _Room:
    """What every request to this door works with."""

    state: AppState
    caller: Caller
    store: ObjectStore
    policy: UploadPolicy


def _room(state: AppState, caller: Caller) -> _Room:
    server = state.settings.server
    policy = UploadPolicy(server.upload_max_mb * MEGABYTE, server.upload_rest_h * 3_600)
    return _Room(state, caller, open_store(state.settings.home), policy)


@router.options("", include_in_schema=False)
def tell_abilities(state: StateDep) -> Response:
    """Tell which version, extensions and sizes of tus are spoken here; needs no token."""
    most_bytes = state.settings.server.upload_max_mb * MEGABYTE
    return Response(status_code=204, headers=tus.describe({}, most_bytes))


@router.post("", status_code=201, summary="开始上传 Begin an upload")
async def create_upload(request: Request, caller: CallerDep, state: StateDep) -> Response:
    """Take a planner's file as a form (`file`, `crs`, `zone`, `encoding`, `layer`), or begin an upload in parts by tus.

    By tus a model's metadata name its project, and it is submitted when its last byte is here.
    """
    if is_form(request):
        return await create_from_form(request, caller, state)
    tus.check_version(request)
    room = _room(state, caller)
    size_bytes, details = tus.read_count(request, "Upload-Length"), tus.read_metadata(request)
    if size_bytes > room.policy.most_bytes:
        raise HTTPException(413, f"{room.policy.most_bytes // MEGABYTE} MB is the most that is taken here.")
    token = await asyncio.to_thread(_begin, room, size_bytes, details)
    offset = 0
    if request.headers.get("Content-Type", "").partition(";")[0].strip() == tus.CONTENT_TYPE:
        offset = (await _receive(room, request, token, 0)).offset
    headers = await asyncio.to_thread(_headers, room, token, offset)
    return Response(status_code=201, headers={**headers, "Location": f"/api/v1/uploads/{token}"})


@router.head("/{upload_id}", include_in_schema=False)
async def tell_offset(upload_id: Token, request: Request, caller: CallerDep, state: StateDep) -> Response:
    """Tell how many bytes are here, to go on from there."""
    tus.check_version(request)
    room = _room(state, caller)
    settled = await asyncio.to_thread(_settle, room, upload_id, None)
    headers = await asyncio.to_thread(_headers, room, upload_id, settled.offset)
    headers |= {"Upload-Length": str(settled.size_bytes), "Cache-Control": "no-store"}
    return Response(status_code=200, headers=headers)


@router.patch("/{upload_id}", status_code=204, summary="续传，或回答问题 Send more, or answer questions")
async def append(upload_id: Token, request: Request, caller: CallerDep, state: StateDep) -> Response:
    """Take bytes from the offset on; what arrived stays, also when the sender hangs up. JSON answers questions."""
    if is_answer(request):
        return await answer_questions(upload_id, request, caller, state)
    tus.check_version(request)
    if request.headers.get("Content-Type", "").partition(";")[0].strip() != tus.CONTENT_TYPE:
        raise HTTPException(415, f"Send the bytes as {tus.CONTENT_TYPE}.")
    room = _room(state, caller)
    settled = await _receive(room, request, upload_id, tus.read_count(request, "Upload-Offset"))
    return Response(
        status_code=204, headers=await asyncio.to_thread(_headers, room, upload_id, settled.offset)
    )


@router.delete("/{upload_id}", status_code=204, summary="放弃上传 Give an upload up")
async def terminate(upload_id: Token, request: Request, caller: CallerDep, state: StateDep) -> Response:
    """Remove an upload and what is here of it."""
    tus.check_version(request)
    await asyncio.to_thread(_give_up, _room(state, caller), upload_id)
    return Response(status_code=204, headers={"Tus-Resumable": tus.VERSION})


@router.post(
    "/{upload_id}", status_code=204, summary="以 POST 代替 PATCH 或 DELETE Instead of PATCH or DELETE"
)
async def overridden(
    upload_id: Token,
    request: Request,
    caller: CallerDep,
    state: StateDep,
    x_http_method_override: Annotated[str | None, Header()] = None,
) -> Response:
    """Do what `X-HTTP-Method-Override` names, for senders behind proxies that know GET and POST alone."""
    doors = {"PATCH": append, "DELETE": terminate}
    door = doors.get((x_http_method_override or "").upper())
    if door is None:
        raise HTTPException(405, "Send PATCH or DELETE, or name one in X-HTTP-Method-Override.")
    return await door(upload_id, request, caller, state)


@router.get("/{upload_id}", summary="上传状态 An upload")
def read_upload(upload_id: Token, caller: CallerDep, state: StateDep) -> UploadDescription:
    """Describe an upload of the caller, and what came of it."""
    room = _room(state, caller)
    settled = settle_upload(room.state.engine, room.store, caller, upload_id)
    with open_session(state.engine) as session:
        upload = get_upload(session, caller, upload_id)
        return UploadDescription(
            upload_id=upload.token,
            kind=upload.kind,
            file_name=upload.file_name,
            size_bytes=upload.size_bytes,
            received_bytes=settled.offset,
            state=upload.state,
            sha256=upload.sha256,
            expires_at=upload.expires_at.isoformat(),
            details=upload.details,
            result=upload.result,
        )


async def _receive(room: _Room, request: Request, token: str, offset: int) -> Settled:
    """Append the body of a request and tell how far the upload is then."""
    checksum = tus.read_checksum(request)
    size_bytes = await asyncio.to_thread(_size_of, room, token)
    writing = _Writing(room, token, offset, size_bytes, checksum)
    await asyncio.to_thread(writing.open)
    try:
        async for chunk in request.stream():
            if writing.add(chunk):
                await asyncio.to_thread(writing.flush)
    except ClientDisconnect:
        pass  # nobody waits for an answer; what arrived is kept for the next request
    finally:
        await asyncio.shield(asyncio.to_thread(writing.close))
    return await asyncio.to_thread(_settle, room, token, writing.sha256)


class _Writing:
    """One request's bytes on their way to the file of an upload."""

    def __init__(
        self, room: _Room, token: str, offset: int, size_bytes: int, checksum: tus.Checksum | None
    ) -> None:
        self._room, self._token, self._offset, self._size_bytes = room, token, offset, size_bytes
        self._checksum = checksum
        self._told = checksum.start() if checksum else None
        self._whole = hashlib.sha256() if offset == 0 else None
        self._pending = bytearray()
        self._received = offset

    @property
    def sha256(self) -> str | None:
        """The hash of the whole upload, where this request brought all of it."""
        is_whole = self._whole is not None and self._received == self._size_bytes
        return self._whole.hexdigest() if self._whole is not None and is_whole else None

    def open(self) -> None:
        with open_session(self._room.state.engine) as session:
            upload = get_upload(session, self._room.caller, self._token)
            self._context = open_partial(self._room.store, upload, self._offset)
            self._partial = self._context.__enter__()

    def add(self, chunk: bytes) -> bool:
        """Take a chunk; True asks for a flush."""
        self._received += len(chunk)
        if self._received > self._size_bytes:
            self._received -= len(chunk)
            raise HTTPException(413, f"The upload was announced with {self._size_bytes} bytes; this is more.")
        self._pending += chunk
        return len(self._pending) >= FLUSH_BYTES

    def flush(self) -> None:
        block, self._pending = self._pending, bytearray()
        for digest in (self._told, self._whole):
            if digest is not None:
                digest.update(block)
        self._partial.write(block)

    def close(self) -> None:
        """Write what is left, or forget this request's bytes where they are not what was meant; note how far it is."""
        try:
            self.flush()
            if self._checksum is not None and self._told is not None:
                self._compare(self._checksum, self._told.digest())
        finally:
            received = min(self._partial.size_bytes, self._size_bytes)
            self._context.__exit__(None, None, None)
            with open_session(self._room.state.engine, actor=self._room.caller.login) as session:
                upload = get_upload(session, self._room.caller, self._token, lock=True)
                note_received(session, upload, received, self._room.policy)

    def _compare(self, checksum: tus.Checksum, digest: bytes) -> None:
        if digest != checksum.digest:
            self._partial.cut_back(self._offset)
            self._received = self._offset
            raise ChecksumError(
                "The bytes do not hash to Upload-Checksum; ask for the offset and send them again.",
                "内容与 Upload-Checksum 不符；请查询偏移量后重新发送。",
            )


def _begin(room: _Room, size_bytes: int, details: dict[str, str]) -> str:
    with open_session(room.state.engine, actor=room.caller.login) as session:
        code = details.get("project")
        if code is not None:
            require(room.caller, "bim:write", get_project(session, room.caller, code).id)
        else:
            check_may_upload(room.caller)
        name = details.get("filename", "").replace("\\", "/").rsplit("/", 1)[-1].strip()[:200]
        new = NewUpload(
            size_bytes, name or "upload", details.get("kind", "model" if code else "file"), details
        )
        return begin_upload(session, room.caller, new, room.policy).token


def _size_of(room: _Room, token: str) -> int:
    with open_session(room.state.engine) as session:
        return get_upload(session, room.caller, token).size_bytes


def _settle(room: _Room, token: str, sha256: str | None) -> Settled:
    """Tell how far an upload is; a model whose project is known is submitted with its last byte."""
    settled = settle_upload(room.state.engine, room.store, room.caller, token, sha256)
    if settled.is_complete:
        with open_session(room.state.engine, actor=room.caller.login) as session:
            upload = get_upload(session, room.caller, token, lock=True)
            if upload.state == "complete" and upload.kind == "model" and "project" in upload.details:
                submit_upload(session, room.caller, upload, upload.details)
    return settled


def _headers(room: _Room, token: str, offset: int) -> dict[str, str]:
    with open_session(room.state.engine) as session:
        upload: Upload = get_upload(session, room.caller, token)
        headers = {
            "Tus-Resumable": tus.VERSION,
            "Upload-Offset": str(offset),
            "Upload-Expires": expiry_text(upload.expires_at),
        }
        job = (upload.result or {}).get("job_id")
        return {**headers, "Link": f'</api/v1/jobs/{job}>; rel="monitor"'} if job else headers


def _give_up(room: _Room, token: str) -> None:
    with open_session(room.state.engine, actor=room.caller.login) as session:
        give_up_upload(session, room.store, get_upload(session, room.caller, token, lock=True))
