"""`PATCH /api/v1/models/{id}/elements`: what is reported of a model's elements."""

from datetime import date
from typing import Any, Final

import anyio.to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel

from api.bim.asked import ModelId
from api.deps import CallerDep, StateDep
from api.errors import lang_of
from api.i18n import Lang
from api.state import AppState
from twin.db import open_session
from twin.editing.progress_table import Standing, report_table
from twin.elements.progress_rows import Refused
from twin.elements.progress_table import read_progress
from twin.elements.queries import get_model
from twin.identity import Caller
from twin.identity.rights import require

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
                        "properties": {
                            "global_id": {"type": "string"},
                            "status": {"type": "string", "enum": ["not_started", "in_progress", "done"]},
                            "percent": {"type": "number", "minimum": 0, "maximum": 100},
                            "actual_start": {"type": "string", "format": "date"},
                            "actual_finish": {"type": "string", "format": "date"},
                            "step": {"type": "string", "description": "last accepted step 工序, or none"},
                            "evidence": {"type": "string", "maxLength": 500},
                            "tag": {"type": "string", "description": "in place of global_id"},
                            "class": {"type": "string", "description": "a rule: * for any letters"},
                            "storey": {"type": "string"},
                            "type": {"type": "string"},
                            "name": {"type": "string"},
                        },
                    },
                }
            },
            "text/csv": {"schema": {"type": "string"}},
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
                "schema": {"type": "string", "format": "binary"}
            },
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
    """What became of every row; `elements` counts those addressed, as one row may be a rule for many.

    For a table by GlobalId: received = updated + unchanged + unmatched + refused.
    """

    received: int
    elements: int
    updated: int
    unchanged: int
    unmatched: list[FaultAnswer]
    refused: list[FaultAnswer]
    project: LightAnswer


@router.patch("/{model_id}/elements", openapi_extra=_ROWS_BODY, summary="构件进度 Report element progress")
async def report_progress(
    model_id: ModelId, request: Request, caller: CallerDep, state: StateDep
) -> RecordedAnswer:
    """Record a progress table (JSON array, CSV or XLSX) by GlobalId, tag or rule.

    Project and light follow in the same transaction.
    """
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
        done = report_table(session, caller, seen, read_progress(body, kind), source="table")
        return RecordedAnswer(
            received=done.received,
            elements=done.addressed,
            updated=done.updated,
            unchanged=done.unchanged,
            unmatched=[_unmatched(where, named, lang) for where, named in done.unmatched],
            refused=[_fault(fault, lang) for fault in done.refused],
            project=_standing(seen.row["project_code"], done.standing),
        )


def _standing(code: str, standing: Standing) -> LightAnswer:
    state = standing.state
    return LightAnswer(
        code=code,
        as_of=state.as_of,
        progress=_number(state.progress),
        planned_progress=_number(state.planned_progress),
        deviation=_number(state.deviation),
        light=standing.light,
    )


def _unmatched(where: str, global_id: str, lang: Lang) -> FaultAnswer:
    message = "The current revision has no such element." if lang == "en" else "当前版本中没有此构件。"
    return FaultAnswer(where=where, global_id=global_id, message=message)


def _fault(fault: Refused, lang: Lang) -> FaultAnswer:
    return FaultAnswer(
        where=fault.where, global_id=fault.global_id, message=fault.en if lang == "en" else fault.zh
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
