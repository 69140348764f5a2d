"""`/api/v1/models/{id}`: a model, its elements, its tree, and what is reported of its elements."""

from datetime import date, datetime
from typing import Annotated, Any, Final

import anyio.to_thread
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel
from sqlalchemy.orm import Session

from api.deps import CallerDep, SessionDep, StateDep
from api.errors import lang_of
from api.i18n import Lang
from api.state import AppState
from twin.alerts.evaluate import evaluate_project
from twin.alerts.queries import find_active_rule_set
from twin.db import open_session
from twin.elements.progress_rows import Refused, check_rows, read_csv, read_json
from twin.elements.queries import (
    PAGE_LIMIT,
    ElementFilters,
    SeenModel,
    get_element,
    get_model,
    list_elements,
    list_tree,
)
from twin.elements.record import Recorded, record_element_progress
from twin.errors import ConflictError
from twin.identity import Caller
from twin.identity.agency import AGENCY_ZONE, get_reporting_date
from twin.identity.audit import record_audit
from twin.identity.rights import require
from twin.progress.record import record_project_state

router: Final = APIRouter(prefix="/api/v1/models", tags=["models"])

ModelId = Annotated[int, Path(ge=1, le=2**63 - 1)]
_PUBLIC_PLACE: Final = ("level", "method", "confidence")
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


class ElementsAnswer(BaseModel):
    """A page of elements in file order; `next` continues where it ends, null at the end."""

    model_id: int
    project_code: str
    revision: int | None
    matched: int
    elements: list[dict[str, Any]]
    next: int | None


class TreeNode(BaseModel):
    """A node of the spatial tree with the elements below it."""

    global_id: str
    ifc_class: str
    name: str | None
    children: list["TreeNode"] = []


class TreeAnswer(BaseModel):
    """The spatial structure of the current revision."""

    model_id: int
    revision: int | None
    roots: list[TreeNode]


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


@router.get("/{model_id}", summary="模型 A model")
def read_model(model_id: ModelId, caller: CallerDep, session: SessionDep) -> dict[str, Any]:
    """Return a model: schema, units, georeference, storeys, counts, box, revisions."""
    seen = get_model(session, caller, model_id)
    return _model(seen)


@router.get("/{model_id}/elements", summary="构件列表 Elements")
def read_elements(
    model_id: ModelId,
    caller: CallerDep,
    session: SessionDep,
    ifc_class: Annotated[str | None, Query(max_length=100)] = None,
    storey: Annotated[str | None, Query(max_length=200)] = None,
    status: Annotated[str | None, Query(max_length=40)] = None,
    q: Annotated[str | None, Query(max_length=200, description="part of name, tag, type or GlobalId")] = None,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="`next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 100,
) -> ElementsAnswer:
    """List the elements of the current revision, by key."""
    seen = get_model(session, caller, model_id)
    page = list_elements(session, seen, ElementFilters(ifc_class, storey, status, q), after, limit)
    return ElementsAnswer(
        model_id=model_id,
        project_code=seen.row["project_code"],
        revision=seen.row["revision"],
        matched=page.matched,
        elements=[_element(row) for row in page.rows],
        next=page.next_key,
    )


@router.get("/{model_id}/elements/{global_id}", summary="构件 An element")
def read_element(
    model_id: ModelId,
    global_id: Annotated[str, Path(max_length=64)],
    caller: CallerDep,
    session: SessionDep,
) -> dict[str, Any]:
    """Return an element: to insiders with property sets, quantities, classification and shape."""
    seen = get_model(session, caller, model_id)
    row = dict(get_element(session, seen, global_id))
    relations = {name: row.pop(name) for name in ("container", "parent", "type", "parts")}
    head = {"model_id": model_id, "project_code": seen.row["project_code"], "revision": seen.row["revision"]}
    return {**head, **_element(row), "relations": relations}


@router.get("/{model_id}/tree", summary="空间结构 Spatial tree")
def read_tree(model_id: ModelId, caller: CallerDep, session: SessionDep) -> TreeAnswer:
    """Return the spatial structure with every element below its container or whole."""
    seen = get_model(session, caller, model_id)
    nodes: dict[str, TreeNode] = {}
    parents: dict[str, str | None] = {}
    for row in list_tree(session, seen):
        nodes[row["global_id"]] = TreeNode(
            global_id=row["global_id"], ifc_class=row["ifc_class"], name=row["name"]
        )
        parents[row["global_id"]] = row["parent"]
    return TreeAnswer(model_id=model_id, revision=seen.row["revision"], roots=_grown(nodes, parents))


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


def _model(seen: SeenModel) -> dict[str, Any]:
    row = seen.row
    place = row["georeference"]
    if place is not None and not seen.internal:
        place = {name: place.get(name) for name in _PUBLIC_PLACE}
    answer = {
        "id": row["id"],
        "name": row["name"],
        "project_code": row["project_code"],
        "discipline": row["discipline"],
        "public": row["public_visible"],
        "revision": row["revision"],
        "published_at": row["published_at"],
        "schema": row["schema_name"],
        "units": row["units"],
        "georeference": place,
        "storeys": row["storeys"] or [],
        "counts_by_class": row["counts_by_class"] or {},
        "bbox": row["bbox"],
    }
    if seen.internal:
        return {
            **answer,
            "warnings": row["warnings"] or [],
            "revisions": [dict(each) for each in seen.revisions],
        }
    shown = [{"number": each["number"], "published_at": each["published_at"]} for each in seen.revisions]
    return {**answer, "revisions": shown}


def _element(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "row_key"}


def _grown(nodes: dict[str, TreeNode], parents: dict[str, str | None]) -> list[TreeNode]:
    """Hang every node under its parent; one whose parent is unknown, or that would hang in itself, is a root."""
    roots: list[TreeNode] = []
    for global_id, node in nodes.items():
        parent = parents[global_id]
        if parent is None or parent not in nodes or _hangs_below(parent, global_id, parents):
            parents[global_id] = None
            roots.append(node)
        else:
            nodes[parent].children.append(node)
    return roots


def _hangs_below(node: str | None, ancestor: str, parents: dict[str, str | None]) -> bool:
    met: set[str] = set()
    while node is not None and node not in met:
        if node == ancestor:
            return True
        met.add(node)
        node = parents.get(node)
    return False


def _unmatched(where: str, global_id: str, lang: Lang) -> FaultAnswer:
    message = "The current revision has no such element." if lang == "en" else "当前版本中没有此构件。"
    return FaultAnswer(where=where, global_id=global_id, message=message)


def _fault(fault: Refused, lang: Lang) -> FaultAnswer:
    return FaultAnswer(
        where=fault.where, global_id=fault.global_id, message=fault.en if lang == "en" else fault.zh
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
