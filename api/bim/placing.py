"""`/api/v1/models/{id}/placement`: where people say a model lies 人工定位, beside what its file says."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.bim.asked import ModelId
from api.deps import CallerDep, SessionDep
from bim.georeference.control_points import ControlPoint
from twin.elements.follow import file_georeference
from twin.elements.models import BimModel, BimRevision, ModelPlacement
from twin.elements.nearness import find_revision_nearness
from twin.elements.place_words import name_method
from twin.elements.placement import (
    list_placements,
    place_model,
    preview_placement,
    withdraw_placement,
)
from twin.elements.position import LONGEST_REASON, GivenPlace
from twin.elements.queries import get_model
from twin.elements.replace import plain_georeference
from twin.errors import InvalidInputError
from twin.identity import Caller
from twin.identity.rights import require

router: Final = APIRouter(prefix="/api/v1/models", tags=["models"])

Coordinates = Annotated[list[float], Field(min_length=2, max_length=3)]
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="`ETag` of the placement as it was looked at")
]


class PointIn(BaseModel):
    """A control point: metres in the model's frame, and the same point in `crs`; a third number is the height."""

    model_config = ConfigDict(allow_inf_nan=False)

    local: Coordinates
    map: Coordinates


class PlaceIn(BaseModel):
    """A position: numbers or control points. In a geographic `crs` eastings are degrees of longitude."""

    model_config = ConfigDict(allow_inf_nan=False, extra="forbid")

    crs: Annotated[str | None, Field(max_length=200, description="without one the project's")] = None
    eastings: float | None = None
    northings: float | None = None
    height: float | None = None
    rotation_deg: Annotated[
        float, Field(description="anti-clockwise from grid east to the model's x axis")
    ] = 0.0
    scale_factor: float = 1.0
    control_points: Annotated[list[PointIn] | None, Field(max_length=1000)] = None
    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""
    row_version: Annotated[int | None, Field(description="of the model as it was looked at")] = None


class PlacementOut(BaseModel):
    """A placement by hand: who, when, why, and how it ended."""

    id: int
    crs: str
    eastings: float
    northings: float
    height: float
    rotation_deg: float
    scale_factor: float
    control_points: list[dict[str, Any]] | None
    residuals: list[dict[str, Any]] | None
    fitted_scale: float | None
    reason: str
    author: str | None
    placed_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    end_kind: str | None
    end_reason: str | None


class PlacementAnswer(BaseModel):
    """Where a model lies, who said so, and what its file says."""

    model_id: int
    revision: int | None
    row_version: int
    in_force: PlacementOut | None
    georeference: dict[str, Any] | None
    method_name: dict[str, str] | None
    file: dict[str, Any] | None
    distance_to_footprint_m: float | None
    inside_footprint_share: float | None
    history: list[PlacementOut]


class PreviewAnswer(BaseModel):
    """Where a model would lie; nothing was stored. Shares are percent."""

    outline: dict[str, Any] | None
    residuals: list[dict[str, Any]] | None
    fitted_scale: float | None
    distance_to_footprint_m: float | None
    inside_footprint_share: float | None
    georeference: dict[str, Any]


@router.get("/{model_id}/placement", summary="模型定位 Where a model lies, and who said so")
def read_placement(
    model_id: ModelId, caller: CallerDep, session: SessionDep, response: Response
) -> PlacementAnswer:
    """Return the placement in force, the file's own georeference beside it, and the history."""
    _required(session, caller, model_id, "bim:read")
    return _answer(session, model_id, response)


@router.post("/{model_id}/placement/preview", summary="定位预览 Where a model would lie")
def preview(model_id: ModelId, body: PlaceIn, caller: CallerDep, session: SessionDep) -> PreviewAnswer:
    """Return the outline in degrees at a position, its residuals, and how it lies to the project's red line."""
    _required(session, caller, model_id, "bim:write")
    seen = preview_placement(session, model_id, _given(body, body.reason or "preview"))
    fit = seen.position.fit
    return PreviewAnswer(
        outline=seen.outline,
        residuals=[vars(each) for each in fit.residuals] if fit else None,
        fitted_scale=fit.fitted_scale if fit else None,
        distance_to_footprint_m=seen.nearness.distance_m if seen.nearness else None,
        inside_footprint_share=seen.nearness.inside_share if seen.nearness else None,
        georeference=plain_georeference(seen.georeference),
    )


@router.put("/{model_id}/placement", summary="人工定位 Place a model by hand")
def place(
    model_id: ModelId,
    body: PlaceIn,
    caller: CallerDep,
    session: SessionDep,
    response: Response,
    if_match: IfMatch = None,
) -> PlacementAnswer:
    """Place a model: its current revision lies there at once, and later revisions will, until somebody says otherwise."""
    _required(session, caller, model_id, "bim:write")
    seen = if_match or (f'"{body.row_version}"' if body.row_version is not None else None)
    place_model(session, caller, model_id, _given(body, body.reason), seen)
    return _answer(session, model_id, response)


@router.delete("/{model_id}/placement", summary="撤销人工定位 Withdraw the placement by hand")
def withdraw(
    model_id: ModelId,
    caller: CallerDep,
    session: SessionDep,
    response: Response,
    reason: Annotated[str, Query(max_length=LONGEST_REASON)] = "",
    if_match: IfMatch = None,
) -> PlacementAnswer:
    """Withdraw the placement in force: the model lies where its file says, or is off the map."""
    _required(session, caller, model_id, "bim:write")
    withdraw_placement(session, caller, model_id, reason, if_match)
    return _answer(session, model_id, response)


def _required(session: Session, caller: Caller, model_id: int, right: str) -> None:
    seen = get_model(session, caller, model_id)
    require(caller, right, seen.row["project_id"])


def _given(body: PlaceIn, reason: str) -> GivenPlace:
    points = body.control_points
    if points is not None and (body.eastings is not None or body.northings is not None):
        raise InvalidInputError(
            "Give eastings and northings, or control points, not both.",
            "请给出东、北坐标或控制点，二者取一。",
            where="control_points",
        )
    return GivenPlace(
        crs=body.crs,
        reason=reason,
        eastings=body.eastings,
        northings=body.northings,
        height=body.height,
        rotation_deg=body.rotation_deg,
        scale_factor=body.scale_factor,
        control_points=None if points is None else [_point(each) for each in points],
    )


def _point(given: PointIn) -> ControlPoint:
    x, y, *local_height = given.local
    east, north, *map_height = given.map
    return ControlPoint(
        (x, y),
        (east, north),
        local_height[0] if local_height else None,
        map_height[0] if map_height else None,
    )


def _answer(session: Session, model_id: int, response: Response) -> PlacementAnswer:
    session.flush()
    model = session.get_one(BimModel, model_id, populate_existing=True)
    revision = session.get(BimRevision, model.current_revision_id) if model.current_revision_id else None
    history = [_out(row) for row in list_placements(session, model_id)]
    near = find_revision_nearness(session, model.project_id, revision.id) if revision else None
    georeference = revision.georeference if revision else None
    response.headers["ETag"] = f'"{model.row_version}"'
    return PlacementAnswer(
        model_id=model_id,
        revision=revision.number if revision else None,
        row_version=model.row_version,
        in_force=next((row for row in history if row.ended_at is None), None),
        georeference=georeference,
        method_name=name_method((georeference or {}).get("method")),
        file=plain_georeference(file_georeference(revision)) if revision else None,
        distance_to_footprint_m=near.distance_m if near else None,
        inside_footprint_share=near.inside_share if near else None,
        history=history,
    )


def _out(row: ModelPlacement) -> PlacementOut:
    return PlacementOut(
        id=row.id,
        crs=row.crs,
        eastings=row.eastings,
        northings=row.northings,
        height=row.height_m,
        rotation_deg=row.rotation_deg,
        scale_factor=row.scale_factor,
        control_points=row.control_points,
        residuals=row.residuals,
        fitted_scale=row.fitted_scale,
        reason=row.reason,
        author=row.created_by,
        placed_at=row.created_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        end_kind=row.end_kind,
        end_reason=row.end_reason,
    )
