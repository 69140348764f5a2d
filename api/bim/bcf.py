"""`/api/v1/models/{id}/bcf`: the issues of a model as BCF 2.1 or 3.0, out and in."""

import asyncio
import tempfile
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session

from api.bim.asked import ModelId
from api.bim.checks import insider
from api.bim.receiving import MEGABYTE, READERS, reading_folder, receive_file
from api.deps import CallerDep, SessionDep, StateDep
from api.errors import lang_of
from api.state import AppState
from bim.bcf.values import Archive
from bim.checks.reading import found_files, inspect_bcf
from twin.checks.exchange import copy_out, export_issues, import_issues, keep_files, read_version
from twin.checks.topics import Merged
from twin.db import open_session
from twin.elements.queries import get_model
from twin.identity import Caller
from twin.identity.rights import require
from twin.objects import Stored, open_store

router: Final = APIRouter(prefix="/api/v1/models", tags=["model issues"])

BCF_BYTES: Final = 256 * MEGABYTE
_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": ".bcf, .bcfzip"}
                    },
                }
            },
            "application/zip": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


class SkippedAnswer(BaseModel):
    """A topic that could not be read."""

    where: str
    message: str


class ImportedAnswer(BaseModel):
    """What an import did, by topic GUID; the same file again leaves all of them unchanged."""

    version: str
    added: list[str]
    changed: list[str]
    unchanged: list[str]
    comments: int
    viewpoints: int
    skipped: list[SkippedAnswer]


@router.get(
    "/{model_id}/bcf",
    summary="导出 BCF Issues as BCF",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {}}, "description": "A .bcf archive"}},
)
def export_bcf(
    model_id: ModelId,
    caller: CallerDep,
    session: SessionDep,
    state: StateDep,
    version: Annotated[str | None, Query(max_length=10, description="2.1 (default) or 3.0")] = None,
    vendor: Annotated[bool, Query(description="also what other tools added beyond the standard")] = False,
) -> StreamingResponse:
    """Return all issues of the model as a BCF archive; viewpoints are in the model's local metres."""
    insider(session, caller, model_id)
    target = tempfile.SpooledTemporaryFile(max_size=8 * MEGABYTE)  # noqa: SIM115  closed by copy_out
    store = open_store(state.settings.home)
    export_issues(session, store, model_id, read_version(version), target, vendor=vendor)
    headers = {
        "Content-Disposition": f'attachment; filename="model-{model_id}.bcf"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(copy_out(target), media_type="application/zip", headers=headers)


@router.post("/{model_id}/bcf", openapi_extra=_FORM, summary="导入 BCF Merge issues from BCF")
async def import_bcf(
    model_id: ModelId, request: Request, caller: CallerDep, state: StateDep
) -> ImportedAnswer:
    """Merge a BCF 2.0, 2.1 or 3.0 archive: newer topics win, comments and viewpoints are united, nothing is lost."""
    await asyncio.to_thread(_check_right, state, caller, model_id)
    with reading_folder(state) as folder:
        received = await receive_file(request, folder, "file", BCF_BYTES)
        spool = folder / "spool"
        async with READERS:
            archive = await inspect_bcf(received.path, spool)
        store = open_store(state.settings.home)
        stored = await asyncio.to_thread(keep_files, store, archive, found_files(spool))
        merged = await asyncio.to_thread(_merge, state, caller, model_id, archive, stored)
    lang = lang_of(request)
    skipped = [SkippedAnswer(where=each["where"], message=each[lang]) for each in archive.skipped]
    return ImportedAnswer(
        version=archive.version,
        added=merged.added,
        changed=merged.changed,
        unchanged=merged.unchanged,
        comments=merged.comments,
        viewpoints=merged.viewpoints,
        skipped=skipped,
    )


def _check_right(state: AppState, caller: Caller, model_id: int) -> None:
    with open_session(state.engine) as session:
        _writable(session, caller, model_id)


def _merge(
    state: AppState, caller: Caller, model_id: int, archive: Archive, stored: dict[str, Stored]
) -> Merged:
    with open_session(state.engine, actor=caller.login) as session:
        _writable(session, caller, model_id)
        return import_issues(session, caller, model_id, archive, stored)


def _writable(session: Session, caller: Caller, model_id: int) -> None:
    seen = get_model(session, caller, model_id)
    require(caller, "bim:write", seen.row["project_id"])
