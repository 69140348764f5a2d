"""`/api/v1/audit`: who did what, for those who may ask."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.deps import CallerDep, SessionDep
from twin.identity.audit import find_broken_link, list_events
from twin.identity.rights import require

router: Final = APIRouter(prefix="/api/v1/audit", tags=["audit"])


class AuditEventAnswer(BaseModel):
    """One event of the audit trail."""

    id: int
    at: datetime
    actor: str | None
    address: str | None
    action: str
    thing: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditAnswer(BaseModel):
    """A page of events, newest first; `next` continues it."""

    events: list[AuditEventAnswer]
    next: int | None


class ChainAnswer(BaseModel):
    """Whether every event still fits the one before; else the number of the first that does not."""

    intact: bool
    broken_at: int | None


@router.get("", summary="审计记录 Audit trail")
def list_audit(
    caller: CallerDep,
    session: SessionDep,
    before: Annotated[int | None, Query(ge=1, description="Only events older than this number")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    thing: Annotated[str | None, Query(max_length=200)] = None,
) -> AuditAnswer:
    """List events, newest first. Needs the right audit:read."""
    require(caller, "audit:read")
    found = list_events(session, before=before, thing=thing, limit=limit + 1)
    events = [AuditEventAnswer.model_validate(event, from_attributes=True) for event in found[:limit]]
    return AuditAnswer(events=events, next=events[-1].id if len(found) > limit else None)


@router.get("/chain", summary="校验审计链 Verify the audit chain")
def check_chain(caller: CallerDep, session: SessionDep) -> ChainAnswer:
    """Recompute the chain of hashes. Needs the right audit:read."""
    require(caller, "audit:read")
    broken = find_broken_link(session)
    return ChainAnswer(intact=broken is None, broken_at=broken)
