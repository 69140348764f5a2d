"""The four edits, the same for every layer: right, lock, tag, check, write, audit trail.

All run in the caller's transaction and never commit. Several edits may share one, inside `edits_together`; where one
of them may fail alone, the door puts a savepoint around it.
"""

from typing import Any

from sqlalchemy.orm import Session

from gis.errors import InvalidGeometryError
from gis.tag import is_expected
from twin.editing.change import Change
from twin.editing.feature import Feature
from twin.editing.place import Place, is_unchanged, make_place
from twin.editing.rights import get_editable
from twin.editing.rows import Row, find_row, get_row
from twin.editing.rules import EditableLayer
from twin.editing.tables import TABLES
from twin.editing.together import note_edit
from twin.editing.trail import geometry_note, plain
from twin.editing.values import Values, check_new, check_some, check_whole
from twin.errors import ConflictError, StaleError
from twin.identity import Caller
from twin.identity.rights import require
from twin.layers import get_layer


def create_feature(session: Session, caller: Caller, layer_id: str, feature: Feature) -> int:
    """Create a feature; return its id.

    Raises
    ------
    NotFoundError, NotOfferedError
        There is no such layer, or nobody creates features in it.
    UnauthenticatedError, ForbiddenError
        The caller may not.
    UnknownPropertyError, InvalidInputError
        A property is unknown, wrong or missing.
    InvalidGeometryError, TooComplexError
        The geometry cannot be used.
    ConflictError
        Its number is taken.
    """
    editable = get_editable(layer_id, "create")
    require(caller, editable.right)
    values = check_new(editable, feature.properties)
    place = _new_place(editable, feature)
    table = TABLES[layer_id]
    if table.add is None:
        raise LookupError(f"{layer_id} offers to create and has no function for it")
    feature_id = table.add(session, caller, values, place)
    after = plain({name: value for name, value in values.items() if value is not None})
    note_edit(
        session,
        caller,
        "feature.create",
        table.name(values),
        after={"id": feature_id, **after, **geometry_note(place)},
    )
    return feature_id


def replace_feature(
    session: Session,
    caller: Caller,
    layer_id: str,
    feature_id: int,
    feature: Feature,
    expected: str | None = None,
) -> None:
    """Replace a feature: what the new one does not give is emptied.

    Parameters
    ----------
    expected : str, optional
        The `If-Match` header: entity tags of the state the caller knows.

    Raises
    ------
    FeatureNotFoundError
        There is none, or the caller may not see it.
    StaleError
        It is in another state than expected; nothing was written.
    NotFoundError, NotOfferedError, UnauthenticatedError, ForbiddenError, UnknownPropertyError, InvalidInputError,
    InvalidGeometryError, TooComplexError, ConflictError
        As for `create_feature`.
    """
    editable, row = _open(session, caller, layer_id, feature_id, "replace", expected)
    values = check_whole(editable, feature.properties, row.values)
    if feature.geometry is None and row.geometry is not None and editable.geometry != "fixed":
        raise _needs_geometry()
    _write(session, caller, editable, row, values, _changed_place(editable, feature, row), "feature.replace")


def update_feature(
    session: Session,
    caller: Caller,
    layer_id: str,
    feature_id: int,
    changes: Feature,
    expected: str | None = None,
) -> None:
    """Change some properties of a feature, its geometry, or both; a property that is null is emptied.

    Raises
    ------
    As for `replace_feature`.
    """
    editable, row = _open(session, caller, layer_id, feature_id, "update", expected)
    values = check_some(editable, changes.properties, row.values)
    _write(session, caller, editable, row, values, _changed_place(editable, changes, row), "feature.update")


def delete_feature(
    session: Session, caller: Caller, layer_id: str, feature_id: int, expected: str | None = None
) -> None:
    """Delete a feature.

    Raises
    ------
    ConflictError
        Something hangs on it; the message says what, and what to do.
    FeatureNotFoundError, StaleError, NotFoundError, NotOfferedError, UnauthenticatedError, ForbiddenError
        As for `replace_feature`.
    """
    editable, row = _open(session, caller, layer_id, feature_id, "delete", expected)
    table = TABLES[layer_id]
    if table.remove is None:
        raise LookupError(f"{layer_id} offers to delete and has no function for it")
    kept = {rule.name: row.values[rule.name] for rule in editable.fields}
    before = {"id": row.id, **plain(kept), **table.survey_note(session, row.id)}
    table.remove(session, row)
    note_edit(session, caller, "feature.delete", table.name(row.values), before=before)


def _open(
    session: Session,
    caller: Caller,
    layer_id: str,
    feature_id: int,
    ability: str,
    expected: str | None,
) -> tuple[EditableLayer, Row]:
    """Return the row under a lock, in the state the caller expects it in."""
    editable = get_editable(layer_id, ability)
    if caller.is_anonymous:
        require(caller, editable.right)
    seen = get_row(session, caller, layer_id, feature_id)  # before the lock: who sees nothing locks nothing
    require(caller, editable.right, seen.project_id)
    TABLES[layer_id].lock(session, feature_id)
    row = get_row(session, caller, layer_id, feature_id)
    if is_expected(expected, row.tag):
        return editable, row
    raise StaleError(
        f"Feature {feature_id} of {layer_id} has changed since it was read; read it again and repeat the change.",
        f"图层 {layer_id} 的要素 {feature_id} 自读取后已被修改；请重新读取后再提交。",
        where="If-Match",
    )


def _new_place(editable: EditableLayer, feature: Feature) -> Place | None:
    if feature.geometry is not None:
        return make_place(feature.geometry, feature.crs)
    if editable.geometry == "required":
        raise _needs_geometry()
    return None


def _needs_geometry() -> InvalidGeometryError:
    return InvalidGeometryError(
        "The feature needs a geometry; send the outline, as a Polygon or MultiPolygon.",
        "要素缺少几何；请提交 Polygon 或 MultiPolygon 边界。",
        where="geometry",
    )


def _changed_place(editable: EditableLayer, feature: Feature, row: Row) -> Place | None:
    """Return where the feature now lies, or None where it lies as before."""
    geometry = feature.geometry
    if geometry is None or (row.geometry is not None and is_unchanged(geometry, feature.crs, row.geometry)):
        return None
    if editable.geometry != "fixed":
        return make_place(geometry, feature.crs)
    raise InvalidGeometryError(
        f"The geometry of {editable.id} comes from the model and cannot be edited; leave it out or send it "
        "unchanged, and upload a new revision to move an element.",
        f"图层 {editable.id} 的几何来自模型，不能编辑；请不提交几何或原样提交，移动构件请上传模型新版本。",
        where="geometry",
    )


def _write(
    session: Session,
    caller: Caller,
    editable: EditableLayer,
    row: Row,
    values: Values,
    place: Place | None,
    action: str,
) -> None:
    """Write what differs from the row; nothing at all where nothing does."""
    changes = {name: value for name, value in values.items() if not _equal(value, row.values[name])}
    if not changes and place is None:
        return
    _check_once(editable, changes)
    table = TABLES[editable.id]
    survey = table.survey_note(session, row.id) if place is not None else {}
    table.edit(session, caller, row, Change(values, changes, place))
    stored = _stored(session, caller, editable, row, changes)
    moved = [name for name in stored if not _equal(stored[name], row.values[name])]
    before = {**plain({name: row.values[name] for name in moved}), **survey}
    after = {**plain({name: stored[name] for name in moved}), **geometry_note(place)}
    note_edit(session, caller, action, table.name({**row.values, **stored}), before, after)


def _stored(
    session: Session, caller: Caller, editable: EditableLayer, row: Row, changes: Values
) -> dict[str, Any]:
    """Return the writable values as they now stand, with what followed from the change, such as done from 100 %."""
    session.flush()
    now = find_row(session, caller, editable.id, row.id)
    known = {**row.values, **changes} if now is None else now.values  # None: the layer shows it no more
    return {rule.name: known[rule.name] for rule in editable.fields}


def _equal(value: Any, stored: Any) -> bool:
    return value is stored or (
        value is not None and stored is not None and (value == stored or _float_equal(value, stored))
    )


def _float_equal(value: Any, stored: Any) -> bool:
    return isinstance(stored, float) and not isinstance(value, str) and float(value) == stored


def _check_once(editable: EditableLayer, changes: Values) -> None:
    for rule in editable.fields:
        if rule.once and rule.name in changes:
            title = get_layer(editable.id).field(rule.name)
            raise ConflictError(
                f"{rule.name} ({title.title_en}) is given once and never changes; leave it out.",
                f"{rule.name}（{title.title_zh}）一经编定不得更改；请勿提交新值。",
                where=f"properties.{rule.name}",
            )
