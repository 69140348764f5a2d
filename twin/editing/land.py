"""Parcels of the reserve pool 储备地块 and patches of the control layers 管控图层."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, defer

from twin.editing.change import Change
from twin.editing.moves import IDLE_MOVES, PARCEL_MOVES, check_move
from twin.editing.place import Place
from twin.editing.rows import Row
from twin.editing.values import Values
from twin.errors import ConflictError
from twin.identity import Caller
from twin.land.models import ControlArea, LandParcel
from twin.land.reserve_holds import check_not_reserved, end_by_supply

SOURCE = "edit"


def lock_parcel(session: Session, feature_id: int) -> bool:
    """Lock a parcel until the transaction ends; say whether it is there."""
    return _lock(session, LandParcel, feature_id)


def lock_area(session: Session, feature_id: int) -> bool:
    """Lock a patch until the transaction ends; say whether it is there."""
    return _lock(session, ControlArea, feature_id)


def add_parcel(session: Session, _caller: Caller, values: Values, place: Place | None) -> int:
    """Add a parcel; return its id."""
    return _add(session, LandParcel(**values, **_columns(place), source=SOURCE))


def add_area(session: Session, _caller: Caller, values: Values, place: Place | None) -> int:
    """Add a patch; return its id."""
    return _add(session, ControlArea(**values, **_columns(place), source=SOURCE))


def edit_parcel(session: Session, caller: Caller, row: Row, change: Change) -> None:
    """Write what has changed of a parcel; one that is supplied is reserved no longer.

    Raises
    ------
    MoveRefusedError
        The parcel's state or idle state may not follow upon the present one.
    ConflictError
        Another parcel has the number.
    """
    for name, moves in (("state", PARCEL_MOVES), ("idle_state", IDLE_MOVES)):
        if name in change.new:
            check_move(name, moves, row.values[name], change.new[name])
    parcel = session.get_one(LandParcel, row.id)
    if change.new.get("state") == "supplied":
        end_by_supply(session, caller.login, parcel)
    _edit(session, parcel, change)


def edit_area(session: Session, _caller: Caller, row: Row, change: Change) -> None:
    """Write what has changed of a patch.

    Raises
    ------
    ConflictError
        Another patch of the layer has the code.
    """
    _edit(session, session.get_one(ControlArea, row.id), change)


def remove_parcel(session: Session, row: Row) -> None:
    """Remove a parcel.

    Raises
    ------
    ConflictError
        It is reserved for a project.
    """
    parcel = session.get_one(LandParcel, row.id)
    check_not_reserved(session, parcel)
    session.delete(parcel)
    session.flush()


def remove_area(session: Session, row: Row) -> None:
    """Remove a patch."""
    session.delete(session.get_one(ControlArea, row.id))
    session.flush()


def parcel_name(values: Mapping[str, Any]) -> str:
    """Return how the audit trail names a parcel."""
    return f"land_parcel {values['parcel_no']}"


def area_name(values: Mapping[str, Any]) -> str:
    """Return how the audit trail names a patch."""
    return f"control_area {values['layer']} {values['code']}"


def _lock(session: Session, kind: type[LandParcel | ControlArea], feature_id: int) -> bool:
    light = [defer(kind.geom), defer(kind.geom_survey)]  # outlines are read as the layer shows them
    found = session.get(kind, feature_id, options=light, with_for_update=True, populate_existing=True)
    return found is not None


def _columns(place: Place | None) -> dict[str, Any]:
    return place.columns() if place else {}


def _add(session: Session, thing: LandParcel | ControlArea) -> int:
    key = _key(thing)
    try:
        with session.begin_nested():
            session.add(thing)
    except IntegrityError as error:
        raise _taken(session, key, None) or error from error
    return thing.id


def _edit(session: Session, thing: LandParcel | ControlArea, change: Change) -> None:
    try:
        with session.begin_nested():
            for name, value in {**change.new, **_columns(change.place)}.items():
                setattr(thing, name, value)
            key = _key(thing)
    except IntegrityError as error:
        raise _taken(session, key, thing.id) or error from error


def _key(thing: LandParcel | ControlArea) -> tuple[type[LandParcel | ControlArea], tuple[str, ...]]:
    if isinstance(thing, LandParcel):
        return LandParcel, (thing.parcel_no,)
    return ControlArea, (thing.layer, thing.code)


def _taken(
    session: Session, key: tuple[type[LandParcel | ControlArea], tuple[str, ...]], own_id: int | None
) -> ConflictError | None:
    """Return the error that names who has the number, or None where nobody has."""
    kind, names = key
    if kind is LandParcel:
        statement = select(LandParcel.id, LandParcel.name).where(LandParcel.parcel_no == names[0])
    else:
        statement = select(ControlArea.id, ControlArea.name).where(
            ControlArea.layer == names[0], ControlArea.code == names[1]
        )
    holder = session.execute(statement).first()
    if holder is None or holder.id == own_id:
        return None
    number, called = " ".join(names), f" ({holder.name})" if holder.name else ""
    return ConflictError(
        f"{number} is taken by feature {holder.id}{called}; choose another number or edit that feature.",
        f"{number} 已被要素 {holder.id}{called} 占用；请改用其他编号，或编辑该要素。",
        where="properties.parcel_no" if kind is LandParcel else "properties.code",
    )
