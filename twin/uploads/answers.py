"""What the owner of a file answers: choices that it is read again with, and answers that its reading can do without."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from twin.errors import InvalidInputError
from twin.identity.caller import Caller
from twin.uploads.models import Upload
from twin.uploads.readings import REPAIRS, find_reading
from twin.uploads.uploads import get_upload

READ_FIELDS: Final = (
    "crs", "zone", "encoding", "layer", "unit", "target", "sheet", "delimiter", "hidden_rows", "header_rows",
)  # fmt: skip
"""Answers that a file is read again with; from `target` on those of ledgers."""

NAMED: Final = ("mapping.", "units.")
"""How questions about one column of a ledger begin."""

_LONGEST: Final = 200


@dataclass(frozen=True)
class Answers:
    """What was answered; None leaves an answer as it was, an empty text or mapping takes it back."""

    mapping: Mapping[str, str] | None = None
    fixed: Mapping[str, str] | None = None
    repairs: str | None = None


def read_choices(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the choices that a form, a JSON body or tus metadata tell, checked.

    Raises
    ------
    InvalidInputError
        The zone is no number, or a text is endless; `where` is the field.

    Examples
    --------
    >>> read_choices({"zone": "39", "crs": "", "filename": "a.txt"})
    {'crs': '', 'zone': 39}
    >>> read_choices({"units.D": "万元"})
    {'answers': {'units.D': '万元'}}
    """
    found: dict[str, Any] = {}
    for name in READ_FIELDS:
        value = told.get(name)
        if value is None:
            continue
        found[name] = _zone(value) if name == "zone" else _text(name, value)
    columns = {name: _text(name, value) for name, value in told.items() if name.startswith(NAMED)}
    return {**found, "answers": columns} if columns else found


def merge_choices(before: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Return earlier choices with later ones over them; an empty one takes an earlier one back."""
    merged = {**before, **told}
    if "answers" in told:
        merged["answers"] = merge_choices(before.get("answers", {}), told["answers"])
    return {name: value for name, value in merged.items() if value not in (None, "", {})}


def first_choices(upload: Upload) -> dict[str, Any]:
    """Return the choices that came with the bytes of an upload."""
    return merge_choices({}, read_choices(upload.details))


def keep_answers(session: Session, caller: Caller, token: str, answers: Answers) -> None:
    """Keep the answers that need no reading, with the reading they are about.

    Raises
    ------
    NotFoundError
        The caller has no such upload.
    InvalidInputError
        An answer cannot be one; `where` is its field.
    """
    reading = find_reading(session, get_upload(session, caller, token, lock=True))
    if reading is None:
        return
    if answers.mapping is not None:
        reading.mapping = dict(answers.mapping) or None
    if answers.fixed is not None:
        reading.fixed = dict(answers.fixed)
    if answers.repairs is not None:
        if answers.repairs not in ("", *REPAIRS):
            raise InvalidInputError(
                f"repairs is answered with {' or '.join(REPAIRS)}.",
                f"repairs 应回答 {' 或 '.join(REPAIRS)}。",
                "repairs",
            )
        reading.repairs = answers.repairs or None
    session.flush()


def _zone(value: Any) -> int | str:
    if value == "":
        return ""
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) <= 3):
        raise InvalidInputError(
            f"zone {text[:40]!r} is no number of a zone, such as 39.",
            f"zone {text[:40]!r} 不是带号（如 39）。",
            "zone",
        )
    return int(text)


def _text(name: str, value: Any) -> str:
    text = str(value).strip()
    if len(text) <= _LONGEST:
        return text
    raise InvalidInputError(
        f"{name} has at most {_LONGEST} characters.", f"{name} 最多 {_LONGEST} 个字符。", name
    )
