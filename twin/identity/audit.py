"""The audit trail 审计: append-only and chained, so that a removed or altered row shows."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from twin.identity.caller import Caller
from twin.identity.models import AuditEvent

_CHAIN_LOCK = 0x7417_0001  # one writer at a time extends the chain


def _digest(previous: bytes | None, event: dict[str, Any]) -> bytes:
    body = json.dumps(event, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256((previous or b"") + body.encode()).digest()


def _content(event: AuditEvent) -> dict[str, Any]:
    return {
        "at": event.at.astimezone(UTC).isoformat(),
        "actor": event.actor,
        "address": event.address,
        "action": event.action,
        "thing": event.thing,
        "before": event.before,
        "after": event.after,
    }


def record_audit(
    session: Session,
    caller: Caller,
    action: str,
    thing: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Record one event in the caller's own transaction: it stands if and only if the deed does.

    Parameters
    ----------
    action : str
        Verb, such as ``upload`` or ``progress.record``.
    thing : str
        What it was done to, such as ``project 341299-2023-01-0001-1``.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})
    previous = session.scalar(select(AuditEvent.hash).order_by(AuditEvent.id.desc()).limit(1))
    event = AuditEvent(
        at=datetime.now(UTC),
        actor=caller.login,
        address=caller.address,
        action=action,
        thing=thing,
        before=before,
        after=after,
        previous_hash=previous,
    )
    event.hash = _digest(previous, _content(event))
    session.add(event)
    session.flush()


def list_events(
    session: Session, *, before: int | None = None, thing: str | None = None, limit: int = 100
) -> list[AuditEvent]:
    """List events, newest first; `before` is the number of the event the page before ended with."""
    statement = select(AuditEvent).order_by(AuditEvent.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(AuditEvent.id < before)
    if thing is not None:
        statement = statement.where(AuditEvent.thing == thing)
    return list(session.scalars(statement))


def find_broken_link(session: Session) -> int | None:
    """Recompute the chain; return the number of the first event that does not fit, or None."""
    previous: bytes | None = None
    for event in session.scalars(select(AuditEvent).order_by(AuditEvent.id)):
        if event.previous_hash != previous or event.hash != _digest(previous, _content(event)):
            return event.id
        previous = event.hash
    return None
