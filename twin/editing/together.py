"""What follows from an edit: the project's roll-up and light, and the audit trail.

Several edits of one transaction do this once, at its end. A project is then rolled up once and not per element; and the
trail, which one writer at a time extends, is not held while further rows are locked: two such transactions could wait
for each other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy.orm import Session

from twin.alerts.evaluate import evaluate_project
from twin.identity import Caller
from twin.identity.audit import record_audit
from twin.progress.record import record_project_state
from twin.projects.models import Project

_KEY: Final = "edits together"
_Event = tuple[Caller, str, str, dict[str, Any] | None, dict[str, Any] | None]


@dataclass
class _Later:
    projects: set[int] = field(default_factory=set)
    events: list[_Event] = field(default_factory=list)


@contextmanager
def edits_together(session: Session) -> Iterator[None]:
    """Do what follows from the edits inside once, when all are made; nothing of it where an error ends them.

    An edit that fails alone, behind a savepoint of its own, leaves nothing to follow.
    """
    later = session.info[_KEY] = _Later()
    try:
        yield
    finally:
        del session.info[_KEY]
    for project_id in sorted(later.projects):
        follow_up(session, project_id)
    for event in later.events:
        record_audit(session, *event)


def follow_up(session: Session, project_id: int) -> None:
    """Roll a project up and judge it, now or when the edits are all made; one deleted meanwhile is left out."""
    later: _Later | None = session.info.get(_KEY)
    if later is not None:
        later.projects.add(project_id)
        return
    session.expire_all()
    if session.get(Project, project_id) is not None:
        evaluate_project(session, project_id, record_project_state(session, project_id))


def note_edit(
    session: Session,
    caller: Caller,
    action: str,
    thing: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Record an edit in the audit trail, now or when the edits are all made."""
    later: _Later | None = session.info.get(_KEY)
    if later is not None:
        later.events.append((caller, action, thing, before, after))
        return
    record_audit(session, caller, action, thing, before, after)
