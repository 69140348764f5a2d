"""Placing by hand 人工定位: a position a person gives to a model, kept as a row of its own beside the file.

The newest that was not withdrawn is in force; it holds for later revisions of the model too.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bim.georeference.by_hand import place_by_hand
from bim.placing import epsg_of, place_shapes
from bim.results import Georeference
from gis.tag import is_expected
from twin.elements.follow import (
    file_georeference,
    find_placement,
    lock_model,
    middle_of,
    move_revision,
)
from twin.elements.models import BimModel, BimRevision, ModelPlacement
from twin.elements.nearness import Nearness, find_nearness, find_project_place
from twin.elements.position import GivenPlace, Position, read_position
from twin.elements.replace import find_local_shape
from twin.errors import ConflictError, NotFoundError, StaleError
from twin.identity.audit import record_audit
from twin.identity.caller import Caller


@dataclass(frozen=True)
class Preview:
    """Where a model would come to lie; nothing is stored.

    Attributes
    ----------
    outline : dict or None
        GeoJSON in degrees, longitude first; None for a model without shapes.
    nearness : Nearness or None
        Beside the project's red line, where there is one.
    """

    outline: dict[str, Any] | None
    nearness: Nearness | None
    position: Position
    georeference: Georeference


def list_placements(session: Session, model_id: int) -> list[ModelPlacement]:
    """List every placement a model was ever given, newest first."""
    statement = select(ModelPlacement).where(ModelPlacement.model_id == model_id)
    return list(session.scalars(statement.order_by(ModelPlacement.id.desc())))


def preview_placement(session: Session, model_id: int, given: GivenPlace) -> Preview:
    """Tell where a model's current revision would come to lie.

    Raises
    ------
    ConflictError
        The model has no published revision.
    InvalidInputError, PlacementError
        The position cannot be read, or lies nowhere on its system.
    """
    model = session.get_one(BimModel, model_id)
    revision = _current(session, model)
    project = find_project_place(session, model.project_id)
    position = read_position(given, project)
    shape = find_local_shape(session, revision)
    georeference = place_by_hand(position.correction, file_georeference(revision), middle_of(shape), project)
    if shape is None:
        return Preview(None, None, position, georeference)
    placed = place_shapes(_one(shape), georeference)
    on_map = placed.lonlat[0]
    shapes = shapely.to_wkb(on_map), shapely.to_wkb(placed.survey[0])
    nearness = find_nearness(session, model.project_id, *shapes, epsg_of(georeference.crs))
    outline = orjson.loads(shapely.to_geojson(shapely.transform(on_map, lambda plan: plan.round(9))))
    return Preview(outline, nearness, position, georeference)


def place_model(
    session: Session,
    caller: Caller,
    model_id: int,
    given: GivenPlace,
    tag: str | None = None,
) -> ModelPlacement:
    """Place a model by hand: the row is kept, and the current revision lies there at once, unconverted.

    Parameters
    ----------
    tag : str, optional
        `If-Match`: entity tags of the model's state as the caller knows it.

    Raises
    ------
    StaleError
        The model was placed, or got a revision, since the caller looked.
    ConflictError
        The model has no published revision.
    InvalidInputError, PlacementError
        The position cannot be read, or lies nowhere on its system.
    """
    model = _lock(session, model_id, tag)
    revision = _current(session, model)
    position = read_position(given, find_project_place(session, model.project_id))
    before = find_placement(session, model_id)
    if before is not None:
        _end(session, before, "replaced", given.reason)
    row = _row(model, revision, position, given.reason)
    session.add(row)
    session.flush()
    session.refresh(row)
    move_revision(session, model, revision, row)
    record_audit(session, caller, "model.place", f"model {model_id}", _audited(before), _audited(row))
    return row


def withdraw_placement(
    session: Session, caller: Caller, model_id: int, reason: str, tag: str | None = None
) -> None:
    """Withdraw the placement in force: the model lies where its file says, or nowhere, again unconverted.

    Raises
    ------
    NotFoundError
        None is in force.
    StaleError
        As for `place_model`.
    """
    model = _lock(session, model_id, tag)
    row = find_placement(session, model_id)
    if row is None:
        raise NotFoundError(
            f"Model {model_id} has no placement by hand in force; it lies where its file says.",
            f"模型 {model_id} 当前没有人工定位；其位置由文件决定。",
        )
    _end(session, row, "withdrawn", reason)
    if model.current_revision_id is not None:
        move_revision(session, model, _current(session, model), None)
    record_audit(session, caller, "model.unplace", f"model {model_id}", _audited(row), {"reason": reason})


def _lock(session: Session, model_id: int, tag: str | None) -> BimModel:
    model = lock_model(session, model_id)
    if is_expected(tag, str(model.row_version)):
        return model
    raise StaleError(
        f"Model {model_id} was placed or got a new revision since you looked; look again and repeat.",
        f"模型 {model_id} 在您查看之后已被重新定位或更新版本；请刷新后重试。",
        where="If-Match",
    )


def _current(session: Session, model: BimModel) -> BimRevision:
    if model.current_revision_id is None:
        raise ConflictError(
            f"Model {model.id} has no published revision to place; ask its job.",
            f"模型 {model.id} 尚无可定位的已发布版本；请查看其任务。",
        )
    return session.get_one(BimRevision, model.current_revision_id)


def _row(model: BimModel, revision: BimRevision, position: Position, reason: str) -> ModelPlacement:
    correction, fit = position.correction, position.fit
    return ModelPlacement(
        model_id=model.id,
        revision_id=revision.id,
        crs=correction.crs,
        eastings=correction.eastings,
        northings=correction.northings,
        height_m=correction.height,
        rotation_deg=correction.rotation_deg,
        scale_factor=correction.scale_factor,
        control_points=position.plain_points() or None,
        residuals=[vars(each) for each in fit.residuals] if fit else None,
        fitted_scale=fit.fitted_scale if fit else None,
        reason=reason,
    )


def _end(session: Session, row: ModelPlacement, kind: str, reason: str) -> None:
    row.ended_at = func.now()
    row.ended_by = session.info.get("actor")
    row.end_kind, row.end_reason = kind, reason
    session.flush()


def _one(shape: BaseGeometry) -> Any:
    return np.array([shape], dtype=object)


def _audited(row: ModelPlacement | None) -> dict[str, Any] | None:
    if row is None:
        return None
    names = ("id", "crs", "eastings", "northings", "height_m", "rotation_deg", "scale_factor", "reason")
    return {name: getattr(row, name) for name in names}
