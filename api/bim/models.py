"""`/api/v1/models/{id}`: what is known of a model as a whole."""

from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy.orm import Session

from api.bim.asked import AskedRevision, ModelId
from api.deps import CallerDep, SessionDep
from twin.elements.nearness import find_revision_nearness
from twin.elements.place_words import name_method
from twin.elements.preview import find_preview
from twin.elements.queries import Row, SeenModel, get_model

router: Final = APIRouter(prefix="/api/v1/models", tags=["models"])

_PUBLIC_PLACE: Final = ("level", "method", "confidence")


@router.get("/{model_id}", summary="模型 A model")
def read_model(
    model_id: ModelId, caller: CallerDep, session: SessionDep, revision: AskedRevision = None
) -> dict[str, Any]:
    """Return a model: schema, units, georeference, storeys, counts, box, revisions."""
    seen = get_model(session, caller, model_id, revision)
    if not seen.internal:
        return _model(seen)
    answer = {**_model(seen), "preview": _preview(find_preview(session, seen))}
    if answer["georeference"] is not None:
        answer["georeference"] = _place(session, seen)
    return answer


def _place(session: Session, seen: SeenModel) -> dict[str, Any]:
    """The georeference with its method in words, and how the model lies to the project's red line."""
    row = seen.row
    near = find_revision_nearness(session, row["project_id"], row["revision_id"])
    return {
        **row["georeference"],
        "method_name": name_method(row["georeference"].get("method")),
        "distance_to_footprint_m": near.distance_m if near else None,
        "inside_footprint_share": near.inside_share if near else None,
    }


def _preview(found: Row | None) -> dict[str, Any] | None:
    """Shape what is known of a revision whose job still runs; its tree and elements have doors of their own."""
    if found is None:
        return None
    shown = {name: found["summary"][name] for name in ("elements", "counts_by_class", "storeys")}
    return {**{name: found[name] for name in ("revision", "job_id", "stored_at")}, **shown}


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
