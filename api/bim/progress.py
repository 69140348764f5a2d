"""`PATCH /api/v1/models/{id}/elements`: what is reported of a model's elements."""

from datetime import date, datetime
from typing import Any, Final

import anyio.to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlalchemy.orm import Session

from api.bim.asked import ModelId
from api.deps import CallerDep, StateDep
from api.errors import lang_of
from api.i18n import Lang
from api.state import AppState
from twin.alerts.evaluate import evaluate_project
from twin.alerts.queries import find_active_rule_set
from twin.db import open_session
from twin.elements.progress_rows import Refused, check_rows, read_csv, read_json
from twin.elements.queries import SeenModel, get_model
from twin.elements.record import Recorded, record_element_progress
from twin.errors import ConflictError
from twin.identity import Caller
from twin.identity.agency import AGENCY_ZONE, get_reporting_date
from twin.identity.audit import record_audit
from twin.identity.rights import require
from twin.progress.record import record_project_state

router: Final = APIRouter(prefix="/api/v1/models", tags=["models"])

_ROWS_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["global_id"],
                        "properties": {
                            "global_id": {"type": "string"},
                            "status": {"type": "string", "enum": ["not_started", "in_progress", "done"]},
                            "percent": {"type": "number", "minimum": 0, "maximum": 100},
                            "actual_start": {"type": "string", "format": "date"},
                            "actual_finish": {"type": "string", "format": "date"},
                        },
                    },
                }
            },
            "text/csv": {"schema": {"type": "string"}},
        },
    }
}


class FaultAnswer(BaseModel):
    """A row that was not taken."""

    where: str
    global_id: str
    message: str


class LightAnswer(BaseModel):
    """Where the project stands after the table."""

    code: str
    as_of: date
    progress: float | None
    planned_progress: float | None
    deviation: float | None
    light: str | None


class RecordedAnswer(BaseModel):
    """What became of every row: received = updated + unchanged + unmatched + refused."""

    received: int
    updated: int
    unchanged: int
    unmatched: list[FaultAnswer]
    refused: list[FaultAnswer]
    project: LightAnswer


@router.patch("/{model_id}/elements", openapi_extra=_ROWS_BODY, summary="构件进度 Report element progress")
async def report_progress(
    model_id: ModelId, request: Request, caller: CallerDep, state: StateDep
) -> RecordedAnswer:
    """Record a progress table (JSON array or CSV) by GlobalId; project and light follow in the same transaction."""
    body = await request.body()
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    lang = lang_of(request)
    return await anyio.to_thread.run_sync(_report, state, caller, model_id, body, kind, lang)


def _report(
    state: AppState, caller: Caller, model_id: int, body: bytes, kind: str, lang: Lang
) -> RecordedAnswer:
    with open_session(state.engine, actor=caller.login) as session:
        seen = get_model(session, caller, model_id)
        require(caller, "progress:write", seen.row["project_id"])
        if seen.row["current_revision_id"] is None:
            raise ConflictError(
                f"Model {model_id} has no published revision yet; ask its job.",
                f"模型 {model_id} 尚无已发布的版本；请查看其任务。",
            )
        raw = read_csv(body) if kind in ("text/csv", "application/csv") else read_json(body)
        as_of = get_reporting_date(session)
        rows, refused = check_rows(raw, latest=max(as_of, datetime.now(AGENCY_ZONE).date()))
        done = record_element_progress(
            session, seen.row["current_revision_id"], rows, as_of, caller.login, source="table"
        )
        project = _follow_up(session, seen)
        faults = [*refused, *done.refused]
        _audit(session, caller, model_id, len(raw), done, len(faults))
    return RecordedAnswer(
        received=len(raw),
        updated=done.updated,
        unchanged=done.unchanged,
        unmatched=[_unmatched(where, global_id, lang) for where, global_id in done.unmatched],
        refused=[_fault(fault, lang) for fault in faults],
        project=project,
    )


def _follow_up(session: Session, seen: SeenModel) -> LightAnswer:
    """Roll the project up and judge it, in the transaction of the rows."""
    project_id = seen.row["project_id"]
    state = record_project_state(session, project_id)
    active = find_active_rule_set(session)
    lights = {each.preset: each.light for each in evaluate_project(session, project_id, state)}
    return LightAnswer(
        code=seen.row["project_code"],
        as_of=state.as_of,
        progress=_number(state.progress),
        planned_progress=_number(state.planned_progress),
        deviation=_number(state.deviation),
        light=lights.get(active.preset) if active else None,
    )


def _audit(
    session: Session, caller: Caller, model_id: int, received: int, done: Recorded, refused: int
) -> None:
    counts = {
        "received": received,
        "updated": done.updated,
        "unchanged": done.unchanged,
        "unmatched": len(done.unmatched),
        "refused": refused,
    }
    record_audit(session, caller, "progress.record", f"model {model_id}", after=counts)


def _unmatched(where: str, global_id: str, lang: Lang) -> FaultAnswer:
    message = "The current revision has no such element." if lang == "en" else "当前版本中没有此构件。"
    return FaultAnswer(where=where, global_id=global_id, message=message)


def _fault(fault: Refused, lang: Lang) -> FaultAnswer:
    return FaultAnswer(
        where=fault.where, global_id=fault.global_id, message=fault.en if lang == "en" else fault.zh
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
