"""How a job ended, as a code that programs read and a sentence that people read (`domain.md` §1)."""

from dataclasses import dataclass, field
from typing import Any, Literal

EndState = Literal["succeeded", "failed", "quarantined", "cancelled"]


@dataclass(frozen=True)
class Verdict:
    """A code, the same sentence in English and Chinese, and what else is known.

    Examples
    --------
    >>> Verdict("ok", "12 elements.", "12 个构件。").as_json()["code"]
    'ok'
    """

    code: str
    message: str
    message_zh: str
    detail: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as it is stored and answered; it may quote a hostile file."""
        return {
            "code": self.code,
            "message": _fit(self.message),
            "message_zh": _fit(self.message_zh),
            "detail": _fit(self.detail),
        }


@dataclass(frozen=True)
class Report:
    """The end of a job: its state, its verdict, and counts by name."""

    state: EndState
    verdict: Verdict
    counts: dict[str, Any] | None = None


def _fit(value: Any) -> Any:
    """Leave out what PostgreSQL cannot keep in JSON: NUL and lone surrogates."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_fit(name): _fit(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_fit(each) for each in value]
    return value
