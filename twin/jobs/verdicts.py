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
        """Return the verdict as it is stored and answered."""
        return {
            "code": self.code,
            "message": self.message,
            "message_zh": self.message_zh,
            "detail": self.detail,
        }


@dataclass(frozen=True)
class Report:
    """The end of a job: its state, its verdict, and counts by name."""

    state: EndState
    verdict: Verdict
    counts: dict[str, Any] | None = None
