"""Uploads from their first byte to their use: begun, resumed, finished, given up, expired."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from twin.errors import ConflictError, InvalidInputError, NotFoundError
from twin.identity.caller import Caller
from twin.objects import ObjectStore, Stored
from twin.uploads.models import Upload
from twin.uploads.partial import Partial, remove_partial

OPEN_MOST: Final = 32  # uploads one owner may have unfinished
KINDS: Final = ("model", "file")
_TOKEN: Final = re.compile(r"[0-9a-f]{32}")
_EXPIRED: Final = text("""
SELECT id FROM upload WHERE expires_at < now() ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED
""")


@dataclass(frozen=True)
class NewUpload:
    """What a sender announces: how many bytes, their name, what they are for, and whatever else it tells of them."""

    size_bytes: int
    file_name: str
    kind: str
    details: dict[str, str]


@dataclass(frozen=True)
class UploadPolicy:
    """How large one upload may be, and how long it may rest, in seconds."""

    most_bytes: int
    rest_s: int


def begin_upload(session: Session, caller: Caller, new: NewUpload, policy: UploadPolicy) -> Upload:
    """Add an upload of which nothing is here yet.

    Raises
    ------
    InvalidInputError
        The size is none, or more than allowed, or the kind is not known.
    ConflictError
        The owner has too many unfinished ones.
    """
    if new.kind not in KINDS:
        raise InvalidInputError(
            f"There is no kind of upload {new.kind[:40]!r}; there are {', '.join(KINDS)}.",
            f"没有上传类型 {new.kind[:40]!r}；可用：{'、'.join(KINDS)}。",
            "kind",
        )
    if not 0 < new.size_bytes <= policy.most_bytes:
        limit_mb = policy.most_bytes / 1_000_000
        raise InvalidInputError(
            f"An upload has between 1 byte and {limit_mb:g} MB, this one {new.size_bytes} bytes.",
            f"上传大小应在 1 字节至 {limit_mb:g} MB 之间，当前为 {new.size_bytes} 字节。",
            "Upload-Length",
        )
    _check_open(session, caller)
    upload = Upload(
        token=uuid.uuid4().hex,
        owner=caller.login,
        kind=new.kind,
        file_name=new.file_name,
        details=dict(new.details),
        size_bytes=new.size_bytes,
        expires_at=_rested(policy),
    )
    session.add(upload)
    session.flush()
    return upload


def get_upload(session: Session, caller: Caller, token: str, *, lock: bool = False) -> Upload:
    """Return an upload of the caller.

    Raises
    ------
    NotFoundError
        There is none of that name, it expired, or it is another's: the three look the same.
    """
    found = None
    if _TOKEN.fullmatch(token) and not caller.is_anonymous:
        statement = select(Upload).where(
            Upload.token == token, Upload.owner == caller.login, Upload.expires_at >= func.now()
        )
        found = session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotFoundError(
            f"There is no upload {token[:40]!r} of yours; begin a new one, it may have expired.",
            f"没有属于您的上传 {token[:40]!r}；可能已过期，请重新开始上传。",
        )
    return found


@contextmanager
def open_partial(store: ObjectStore, upload: Upload, offset: int) -> Iterator[Partial]:
    """Open an upload's file for bytes from an offset on.

    Raises
    ------
    ConflictError
        All bytes are here, the offset is not where the bytes end, or another sends now.
    """
    if upload.state != "receiving":
        raise ConflictError(
            f"All {upload.size_bytes} bytes of upload {upload.token} are here already.",
            f"上传 {upload.token} 的 {upload.size_bytes} 字节已全部收到。",
        )
    with Partial(store, upload.token) as partial:
        if partial.size_bytes != offset:
            raise ConflictError(
                f"{partial.size_bytes} bytes are here, not {offset}; ask for the offset and go on from there.",
                f"已收到 {partial.size_bytes} 字节，而不是 {offset}；请查询偏移量后从该处继续。",
            )
        yield partial


def note_received(session: Session, upload: Upload, received_bytes: int, policy: UploadPolicy) -> None:
    """Note how much is here now, and put its end off: it does not rest."""
    upload.received_bytes = received_bytes
    upload.expires_at = _rested(policy)
    session.flush()


def use_upload(session: Session, upload: Upload, result: dict[str, Any]) -> None:
    """Note what came of a complete upload."""
    upload.state, upload.result = "used", result
    session.flush()


def require_complete(upload: Upload) -> Stored:
    """Return the object of an upload.

    Raises
    ------
    ConflictError
        Bytes of it are missing.
    """
    if upload.sha256 is None or upload.state == "receiving":
        raise ConflictError(
            f"Of upload {upload.token} {upload.received_bytes} of {upload.size_bytes} bytes are here; send the rest.",
            f"上传 {upload.token} 已收到 {upload.received_bytes} / {upload.size_bytes} 字节；请继续上传。",
        )
    return Stored(upload.sha256, upload.size_bytes)


def give_up_upload(session: Session, store: ObjectStore, upload: Upload) -> None:
    """Remove an upload and what is here of it; an object that something else needs stays.

    Raises
    ------
    ConflictError
        Its bytes are being written at this moment.
    """
    with Partial(store, upload.token):
        session.delete(upload)
        session.flush()
        remove_partial(store, upload.token)


def expire_uploads(session: Session, store: ObjectStore) -> int:
    """Remove some of the uploads that rested too long, and return how many."""
    removed = 0
    for upload in session.scalars(select(Upload).where(Upload.id.in_(list(session.scalars(_EXPIRED))))):
        with suppress(ConflictError):
            give_up_upload(session, store, upload)
            removed += 1
    return removed


def _check_open(session: Session, caller: Caller) -> None:
    unfinished = select(func.count()).where(
        Upload.owner == caller.login, Upload.state == "receiving", Upload.expires_at >= func.now()
    )
    if (session.scalar(unfinished) or 0) >= OPEN_MOST:
        raise ConflictError(
            f"You have {OPEN_MOST} unfinished uploads; finish or remove one of them first.",
            f"您有 {OPEN_MOST} 个未完成的上传；请先完成或删除其中之一。",
        )


def _rested(policy: UploadPolicy) -> Any:
    return func.now() + timedelta(seconds=policy.rest_s)


def expiry_text(moment: datetime) -> str:
    """Return a time as HTTP writes it (RFC 9110, 5.6.7).

    Examples
    --------
    >>> from datetime import UTC
    >>> expiry_text(datetime(2025, 10, 31, 8, 0, tzinfo=UTC))
    'Fri, 31 Oct 2025 08:00:00 GMT'
    """
    return format_datetime(moment, usegmt=True)
