"""`/api/v1/models/{id}/preview`: a model while its geometry is still being made, for insiders."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from api.bim.asked import ModelId
from api.deps import CallerDep, SessionDep
from twin.elements.preview import get_preview, get_preview_element, list_preview_elements
from twin.elements.queries import PAGE_LIMIT, get_model

router: Final = APIRouter(prefix="/api/v1/models", tags=["models"])


class PreviewAnswer(BaseModel):
    """What is known of a pending revision; `tree` lists spatial nodes, each with its parent."""

    model_id: int
    revision: int
    job_id: str | None
    stored_at: datetime
    schema_name: str
    units: dict[str, float]
    elements: int
    counts_by_class: dict[str, int]
    storeys: list[dict[str, Any]]
    tree: list[dict[str, Any]]
    warnings: list[str]


class PreviewPage(BaseModel):
    """A page of elements in file order; `placement` is three rows of the matrix, metres in the model frame."""

    model_id: int
    revision: int
    elements: list[dict[str, Any]]
    next: int | None


@router.get("/{model_id}/preview", summary="模型预览 A model before its geometry")
def read_preview(model_id: ModelId, caller: CallerDep, session: SessionDep) -> PreviewAnswer:
    """Return schema, units, storeys, tree and counts of the revision whose job runs."""
    found = get_preview(session, get_model(session, caller, model_id))
    head = {name: found[name] for name in ("revision", "job_id", "stored_at")}
    return PreviewAnswer(model_id=model_id, **head, **found["summary"])


@router.get("/{model_id}/preview/elements", summary="预览构件 Elements before their geometry")
def read_preview_elements(
    model_id: ModelId,
    caller: CallerDep,
    session: SessionDep,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="`next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 100,
) -> PreviewPage:
    """List elements with class, name, storey and placement, by key."""
    found = get_preview(session, get_model(session, caller, model_id))
    rows = list_preview_elements(session, found, after, limit)
    following = rows[limit - 1]["row_key"] if len(rows) > limit else None
    shown = [{name: value for name, value in row.items() if name != "row_key"} for row in rows[:limit]]
    return PreviewPage(model_id=model_id, revision=found["revision"], elements=shown, next=following)


@router.get("/{model_id}/preview/elements/{global_id}", summary="预览构件 An element before its geometry")
def read_preview_element(
    model_id: ModelId,
    global_id: Annotated[str, Path(max_length=64)],
    caller: CallerDep,
    session: SessionDep,
) -> dict[str, Any]:
    """Return all that the file says of one element: property sets, quantities, materials, relations."""
    found = get_preview(session, get_model(session, caller, model_id))
    return dict(get_preview_element(session, found, global_id))
