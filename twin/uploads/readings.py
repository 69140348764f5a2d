"""What a file was read as: found by its owner, its open questions, and the errors that name them."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin.errors import ConflictError
from twin.identity.caller import Caller
from twin.uploads.models import Reading, Upload
from twin.uploads.uploads import get_upload

REPAIRS: Final = ("accept", "skip")


@dataclass(frozen=True)
class Asked:
    """A question about a file that its owner must answer: `field` is what PATCH takes."""

    field: str
    en: str
    zh: str
    choices: tuple[str, ...] = ()


def find_reading(session: Session, upload: Upload) -> Reading | None:
    """Return what an upload was read as, None where it was not read yet."""
    return session.scalar(select(Reading).where(Reading.upload_id == upload.id))


def get_reading(session: Session, caller: Caller, token: str) -> Reading:
    """Return what an upload of the caller was read as.

    Raises
    ------
    NotFoundError
        The caller has no such upload.
    ConflictError
        It was not read yet.
    """
    found = find_reading(session, get_upload(session, caller, token))
    if found is None:
        raise ConflictError(
            f"Upload {token} was not read yet; open its preview first.",
            f"上传 {token} 尚未读取；请先打开预览。",
            "upload_id",
        )
    return found


def list_questions(reading: Reading) -> list[Asked]:
    """List what must be answered before the file is used."""
    asked = [_asked(each) for each in reading.summary.get("questions", [])]
    invalid = int(reading.summary.get("invalid_count", 0))
    if invalid and reading.repairs is None:
        asked.append(
            Asked(
                "repairs",
                f"{invalid} outlines are invalid; the preview shows how each would be repaired. Accept the repairs, "
                "or skip these features?",
                f"有 {invalid} 个图形无效，预览中给出修复结果。接受修复，还是跳过这些要素？",
                REPAIRS,
            )
        )
    return asked


def require_answers(reading: Reading) -> None:
    """Refuse the use of a file about which something is open.

    Raises
    ------
    ConflictError
        A question is open; `where` is its field.
    """
    asked = list_questions(reading)
    if asked:
        first = asked[0]
        raise ConflictError(
            f"Answer {first.field} first: {first.en}", f"请先回答 {first.field}：{first.zh}", first.field
        )


def _asked(question: dict[str, Any]) -> Asked:
    return Asked(question["field"], question["en"], question["zh"], tuple(question["choices"]))
