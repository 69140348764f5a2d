"""A revision follows the placement by hand that is in force, and its own file where none is."""

from collections.abc import Mapping
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bim.georeference.by_hand import METHOD, place_by_hand
from bim.georeference.facts import Point
from bim.job import Correction
from bim.results import Georeference, Origin, georeference_of
from twin.elements.models import BimModel, BimRevision, ModelPlacement
from twin.elements.nearness import find_project_place
from twin.elements.replace import find_local_shape, replace_revision

_SAME = 1e-6
_NOWHERE = Georeference(
    level=0,
    method=None,
    crs=None,
    origin=Origin(None, None, None, None, None),
    rotation_deg=0.0,
    scale_factor=1.0,
    accuracy=None,
    confidence="none",
    vertical_datum=None,
    matrix=(1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0),
)


def find_placement(session: Session, model_id: int) -> ModelPlacement | None:
    """Return the placement by hand in force, or None where the file speaks for itself."""
    return session.scalar(
        select(ModelPlacement).where(ModelPlacement.model_id == model_id, ModelPlacement.ended_at.is_(None))
    )


def find_correction(session: Session, model_id: int) -> Correction | None:
    """Return the placement in force as a conversion takes it."""
    found = find_placement(session, model_id)
    return correction_of(found) if found is not None else None


def correction_of(row: ModelPlacement) -> Correction:
    """Return a stored placement as the resolver takes it."""
    by = f"{row.created_by or 'unknown'}, {row.created_at:%Y-%m-%d}"
    fitted = f", {len(row.control_points)} control points 控制点" if row.control_points else ""
    return Correction(
        crs=row.crs,
        eastings=row.eastings,
        northings=row.northings,
        height=row.height_m,
        rotation_deg=row.rotation_deg,
        scale_factor=row.scale_factor,
        accuracy_m=max((each["distance_m"] for each in row.residuals), default=None)
        if row.residuals
        else None,
        number=row.id,
        evidence=f"placement by hand 人工定位 {row.id}: {by}{fitted}: {row.reason}",
    )


def settle_placement(session: Session, revision: BimRevision) -> ModelPlacement | None:
    """Put a revision where the placement in force says, or its file where none is, if it does not lie there yet.

    For a revision that becomes current: the placement may have changed while it was converted, or since it was.
    """
    model = lock_model(session, revision.model_id)
    row = find_placement(session, model.id)
    stored = (revision.georeference or {}).get("placement")
    if (row.id if row else None) != stored:
        move_revision(session, model, revision, row)
    return row


def follow_placement(session: Session, revision: BimRevision) -> list[str]:
    """Settle a revision that was just published, and ask again if its file moved under a placement by hand.

    Returns
    -------
    list of str
        What to ask the sender; kept among the revision's warnings too.
    """
    if settle_placement(session, revision) is None:
        return []
    asked = _ask_again(session, revision)
    if asked and asked[0] not in (revision.warnings or []):
        revision.warnings = [*(revision.warnings or []), *asked]
        session.flush()
    return asked


def file_georeference(revision: BimRevision) -> Georeference:
    """Return what a revision's own file says of its place."""
    stored = revision.georeference or {}
    said = _file_part(stored)
    if not said.get("matrix"):
        return _NOWHERE
    return georeference_of({**said, "candidates": stored.get("candidates") or []})


def lock_model(session: Session, model_id: int) -> BimModel:
    """Let one transaction at a time place a model or publish a revision of it."""
    session.execute(text("SELECT FROM bim_model WHERE id = :id FOR NO KEY UPDATE"), {"id": model_id})
    return session.get_one(BimModel, model_id, populate_existing=True)


def move_revision(
    session: Session, model: BimModel, revision: BimRevision, row: ModelPlacement | None
) -> None:
    """Write the place of a revision, and mark the model as changed."""
    file = file_georeference(revision)
    georeference = file
    if row is not None:
        project = find_project_place(session, model.project_id)
        middle = middle_of(find_local_shape(session, revision))
        georeference = place_by_hand(correction_of(row), file, middle, project)
    replace_revision(session, revision, georeference)
    session.execute(
        text("UPDATE bim_model SET updated_at = now(), row_version = row_version + 1 WHERE id = :id"),
        {"id": model.id},
    )
    session.expire(model)


def _ask_again(session: Session, revision: BimRevision) -> list[str]:
    before = session.scalar(
        select(BimRevision)
        .where(
            BimRevision.model_id == revision.model_id,
            BimRevision.number < revision.number,
            BimRevision.published_at.is_not(None),
        )
        .order_by(BimRevision.number.desc())
        .limit(1)
    )
    if before is None or is_same_place(
        _file_part(before.georeference or {}), _file_part(revision.georeference or {})
    ):
        return []
    return [
        f"the file's own georeference differs from that of revision {before.number}; the placement by hand stays in "
        f"force: check it and place the model again, or withdraw it "
        f"(文件自带的地理参考与版本 {before.number} 不同；人工定位仍然有效，请核对后重新定位或撤销)"
    ]


def is_same_place(one: Mapping[str, Any], two: Mapping[str, Any]) -> bool:
    """Say whether two files put a model into the same place: system and matrix, to a micrometre.

    Examples
    --------
    >>> is_same_place({"crs": "EPSG:4527", "matrix": [1.0, 2.0]}, {"crs": "EPSG:4527", "matrix": [1.0, 2.0]})
    True
    >>> is_same_place({"crs": "EPSG:4527", "matrix": [1.0]}, {"crs": "EPSG:4528", "matrix": [1.0]})
    False
    """
    first, second = one.get("matrix") or (), two.get("matrix") or ()
    return (
        one.get("crs") == two.get("crs")
        and len(first) == len(second)
        and all(abs(a - b) <= _SAME for a, b in zip(first, second, strict=True))
    )


def _file_part(stored: Mapping[str, Any]) -> dict[str, Any]:
    return dict(stored["file"]) if stored.get("method") == METHOD and stored.get("file") else dict(stored)


def middle_of(shape: BaseGeometry | None) -> Point:
    if shape is None:
        return 0.0, 0.0, 0.0
    middle = shape.centroid
    return middle.x, middle.y, 0.0
