"""`/api/v1/projects/{code}/models/federation`: the models of a project side by side."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel

from api.deps import CallerDep, SessionDep
from api.errors import lang_of
from twin.elements.federation import Federation, get_federation
from twin.elements.queries import Row
from twin.projects.queries import get_project

router: Final = APIRouter(prefix="/api/v1/projects", tags=["models"])

_PUBLIC_PLACE: Final = ("level", "method", "confidence", "placed")
_PLACE: Final = (*_PUBLIC_PLACE, "crs", "origin", "rotation_deg", "scale_factor", "vertical_datum")


class FederatedModel(BaseModel):
    """One model as it lies now; box: west, south, lowest, east, north, highest."""

    id: int
    name: str
    discipline: str | None
    revision: int | None
    schema_name: str | None
    georeference: dict[str, Any] | None
    bbox: list[float] | None
    elements: int
    storeys: list[str | None]


class ApartAnswer(BaseModel):
    """How far two models lie from one another, metres: on the ground and in height."""

    models: tuple[int, int]
    distance_m: float
    gap_m: float | None


class SharedNodeAnswer(BaseModel):
    """What several models call by one GlobalId; it is told and never merged."""

    global_id: str
    ifc_class: str
    name: str | None
    models: list[int]


class WarningAnswer(BaseModel):
    """Where models do not fit together."""

    code: str
    models: list[int]
    message: str


class FederationAnswer(BaseModel):
    """The current models of a project and what is to be said of them together."""

    project_code: str
    models: list[FederatedModel]
    apart: list[ApartAnswer]
    shared_nodes: list[SharedNodeAnswer]
    shared_elements: int
    warnings: list[WarningAnswer]


@router.get("/{code}/models/federation", summary="多专业模型 Models side by side")
def read_federation(
    code: Annotated[str, Path(max_length=64)], request: Request, caller: CallerDep, session: SessionDep
) -> FederationAnswer:
    """Return where each model lies, how far they are apart, what they share, and where they disagree."""
    project = get_project(session, caller, code, right="bim:read")
    found = get_federation(session, caller, project.id)
    english = lang_of(request) == "en"
    return FederationAnswer(
        project_code=project.code,
        models=[_model(row, found.internal) for row in found.models],
        apart=[
            ApartAnswer(models=(each.one, each.other), distance_m=each.distance_m, gap_m=each.gap_m)
            for each in found.apart
        ],
        shared_nodes=[SharedNodeAnswer(**vars(each)) for each in found.shared_nodes],
        shared_elements=found.shared_elements,
        warnings=_warnings(found, english),
    )


def _warnings(found: Federation, english: bool) -> list[WarningAnswer]:
    """Name what is wrong; to the public without coordinate systems and heights."""
    shown = [
        each for each in found.disagreements if found.internal or each.code in ("not_placed", "far_apart")
    ]
    return [
        WarningAnswer(code=each.code, models=each.models, message=each.en if english else each.zh)
        for each in shown
    ]


def _model(row: Row, internal: bool) -> FederatedModel:
    place = row["georeference"]
    names = _PLACE if internal else _PUBLIC_PLACE
    return FederatedModel(
        id=row["id"],
        name=row["name"],
        discipline=row["discipline"],
        revision=row["revision"],
        schema_name=row["schema_name"],
        georeference=None if place is None else {name: place.get(name) for name in names},
        bbox=row["bbox"],
        elements=sum((row["counts_by_class"] or {}).values()),
        storeys=[storey["name"] for storey in row["storeys"] or []],
    )
