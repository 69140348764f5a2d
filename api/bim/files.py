"""`…/revisions/{n}/file`: the bytes of a revision as its uploader sent them, whole or in part."""

import re
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from api.bim.asked import ModelId
from api.deps import CallerDep, SessionDep, StateDep
from twin.elements.queries import SeenModel, get_model
from twin.errors import NotFoundError
from twin.identity.rights import require
from twin.objects import ObjectStore, open_store

router: Final = APIRouter(prefix="/api/v1/models", tags=["models"])

_RANGE: Final = re.compile(r"bytes=([0-9]{0,19})-([0-9]{0,19})")


@router.head("/{model_id}/revisions/{number}/file", include_in_schema=False)
@router.get("/{model_id}/revisions/{number}/file", summary="原始文件 The original file")
def read_file(
    model_id: ModelId,
    number: Annotated[int, Path(ge=1, le=2**31 - 1)],
    request: Request,
    caller: CallerDep,
    session: SessionDep,
    state: StateDep,
) -> Response:
    """Return the file of a revision, of whatever state, to who reads the model's internal fields."""
    seen = get_model(session, caller, model_id)
    require(caller, "bim:read", seen.row["project_id"])
    sha256, name = _revision_file(seen, number)
    store = open_store(state.settings.home)
    found = store.find(sha256)
    if found is None:
        raise NotFoundError(
            f"The file of revision {number} of model {model_id} is not in the object store; restore it from a backup.",
            f"对象存储中没有模型 {model_id} 第 {number} 版的文件；请从备份恢复。",
        )
    headers = {
        "ETag": f'"{sha256}"',
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"attachment; filename=\"model\"; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "private, max-age=31536000, immutable",
    }
    if f'"{sha256}"' in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    return _answer(store, sha256, found.size_bytes, request, headers)


def _revision_file(seen: SeenModel, number: int) -> tuple[str, str]:
    for revision in seen.revisions:
        if revision["number"] == number:
            return revision["sha256"], revision["file_name"]
    raise NotFoundError(
        f"Model {seen.row['id']} has no revision {number}; the model lists its revisions.",
        f"模型 {seen.row['id']} 没有第 {number} 版；模型页面列出其版本。",
    )


def _answer(
    store: ObjectStore, sha256: str, size_bytes: int, request: Request, headers: dict[str, str]
) -> Response:
    span = read_range(request.headers.get("Range"), size_bytes)
    if request.headers.get("If-Range", headers["ETag"]) != headers["ETag"]:
        span = None
    if span is not None and span[0] >= span[1]:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size_bytes}"})
    start, end = span or (0, size_bytes)
    headers["Content-Length"] = str(end - start)
    if span is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size_bytes}"
    status = 200 if span is None else 206
    media_type = "application/octet-stream"
    if request.method == "HEAD" or start == end:
        return Response(status_code=status, headers=headers, media_type=media_type)
    return StreamingResponse(
        store.stream(sha256, span=span), status_code=status, headers=headers, media_type=media_type
    )


def read_range(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """Return the one range asked for, as first byte and the one behind the last; None asks for everything.

    Several ranges and anything malformed ask for everything, as RFC 9110 14.2 lets a server do; an empty range
    (``start >= end``) cannot be satisfied.

    Examples
    --------
    >>> read_range("bytes=0-3", 10), read_range("bytes=-4", 10), read_range("bytes=8-", 10), read_range("x", 10)
    ((0, 4), (6, 10), (8, 10), None)
    """
    found = _RANGE.fullmatch(header or "")
    if found is None or found[0] == "bytes=-":
        return None
    first, last = found[1], found[2]
    if not first:
        return max(0, size_bytes - int(last)), size_bytes
    start = int(first)
    end = min(int(last) + 1, size_bytes) if last else size_bytes
    if last and int(last) < start:
        return None
    return start, end
