"""Parcels split 分割, merged 合并 and released in part 部分盘活: new parcels take the place of old ones.

Nothing is undone by deleting: parts are merged again, a merged parcel is split again, and both stand in the history.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gis.crs import Crs, native_zone_srid, transformer, zone_of_srid
from twin.errors import ConflictError, InvalidInputError
from twin.identity.caller import Caller
from twin.land.models import LandParcel
from twin.land.reserve_holds import check_not_reserved
from twin.land.reserve_idle import IdleMove, dispose
from twin.land.reserve_rows import checked_day, grounds, lock_parcel, lock_parcels
from twin.land.reserve_shapes import check_parts, cut_by_lines, join, take_out
from twin.land.reserve_swap import Changed, Part, part_answer, replace_parcels

MERGEABLE_STATES: Final = ("proposed", "stored", "preparing", "ready")


@dataclass(frozen=True)
class Split:
    """How a parcel is split: along lines, or into parts that make it up."""

    reason: str
    crs: Crs
    lines: BaseGeometry | None = None
    parts: Sequence[Part] = field(default=())
    day: date | None = None


def split_parcel(session: Session, caller: Caller, parcel_no: str, split: Split) -> Changed:
    """Split a parcel; the parts take over its state, dates and suspended clocks, and get numbers of their own.

    Shares built and invested belong to the whole: a part has those that are given for it.

    Raises
    ------
    UnauthenticatedError, ForbiddenError, NotFoundError
        See `lock_parcel`.
    ConflictError
        The parcel is reserved.
    InvalidInputError
        The line does not cut it, or the parts do not make it up; the message says where.
    """
    parcel = lock_parcel(session, caller, parcel_no)
    check_not_reserved(session, parcel)
    whole, zone = _outline(session, parcel)
    parts = _parts(split, whole, zone)
    return replace_parcels(session, caller, "split", [parcel], parts, zone, split.reason, split.day)


def _parts(split: Split, whole: MultiPolygon, zone: int) -> list[tuple[MultiPolygon, Part]]:
    into_zone = transformer(split.crs.srid, zone)
    if split.lines is not None:
        lines = into_zone.geometry(split.lines)
        return [(shape, Part()) for shape in cut_by_lines(whole, lines)]
    if len(split.parts) < 2:
        raise InvalidInputError(
            "A split makes at least two parts; send a line, or the outlines of the parts.",
            "分割至少得到两块；请提交分割线或各部分边界。",
            where="parts",
        )
    shapes = [(_multi(into_zone.geometry(part.outline or Polygon())), part) for part in split.parts]
    check_parts(whole, [shape for shape, _ in shapes])
    return shapes


def release_part(
    session: Session,
    caller: Caller,
    parcel_no: str,
    drawn: BaseGeometry,
    crs: Crs,
    reason: str,
    day: date | None,
) -> Changed:
    """Release part of an idle parcel 部分盘活: what lies inside the drawn shape is ready again, the rest stays idle.

    Raises
    ------
    UnauthenticatedError, ForbiddenError, NotFoundError
        See `lock_parcel`.
    ConflictError
        The parcel was not identified as idle, or is reserved.
    InvalidInputError
        The shape takes nothing of the parcel, or all.
    """
    parcel = lock_parcel(session, caller, parcel_no)
    if parcel.idle_state != "identified":
        raise ConflictError(
            f"Parcel {parcel_no} was not identified as idle ({parcel.idle_state}); only idle land is released.",
            f"地块 {parcel_no} 未认定为闲置土地；只有认定闲置的地块可以盘活。",
        )
    check_not_reserved(session, parcel)
    whole, zone = _outline(session, parcel)
    inside, rest = take_out(whole, transformer(crs.srid, zone).geometry(drawn))
    parts = [(inside, Part()), (rest, Part())]
    changed = replace_parcels(session, caller, "release", [parcel], parts, zone, reason, day)
    freed = lock_parcel(session, caller, changed.after[0].parcel_no)
    on = checked_day(session, day)
    with grounds(session, reason, on, {"disposal": "released", "of": parcel_no}):
        freed.idle_state = "disposed"
        dispose(session, freed, IdleMove("disposed", reason, disposal="released"), on)
    after = (part_answer(freed), *changed.after[1:])
    return Changed(
        changed.change, changed.kind, changed.before, after, changed.difference_m2, changed.tolerance_m2
    )


def merge_parcels(
    session: Session, caller: Caller, numbers: Sequence[str], reason: str, day: date | None = None
) -> Changed:
    """Merge parcels that share boundaries and facts into one, with a number of its own.

    Raises
    ------
    UnauthenticatedError, ForbiddenError, NotFoundError
        See `lock_parcel`.
    ConflictError
        One is reserved or supplied, or they differ in state or use.
    InvalidInputError
        Fewer than two, in different zones, over one another, or without a common edge.
    """
    if len(set(numbers)) < 2:
        raise InvalidInputError(
            "A merge needs at least two parcels.", "合并至少需要两宗地块。", where="parcels"
        )
    parcels = lock_parcels(session, caller, list(dict.fromkeys(numbers)))
    _check_alike(session, parcels)
    outlines = [_outline(session, parcel) for parcel in parcels]
    zones = {zone for _, zone in outlines}
    if len(zones) > 1:
        raise InvalidInputError(
            f"The parcels were surveyed in different zones ({', '.join(f'EPSG:{z}' for z in sorted(zones))}); a parcel lies in one.",
            f"所选地块分属不同投影带（{'、'.join(f'EPSG:{z}' for z in sorted(zones))}），不能合并。",
            where="parcels",
        )
    whole = join([outline for outline, _ in outlines])
    stated = [parcel.stated_area_m2 for parcel in parcels]
    total = None if None in stated else sum(area for area in stated if area is not None)
    parts = [(whole, Part(stated_area_m2=total))]
    return replace_parcels(session, caller, "merge", parcels, parts, outlines[0][1], reason, day)


def _check_alike(session: Session, parcels: Sequence[LandParcel]) -> None:
    for parcel in parcels:
        check_not_reserved(session, parcel)
        if parcel.state not in MERGEABLE_STATES:
            raise ConflictError(
                f"Parcel {parcel.parcel_no} is {parcel.state}; parcels are merged before they are held or supplied, "
                "else their clocks would mix.",
                f"地块 {parcel.parcel_no} 已预留或供应，不能合并，以免闲置期限混淆。",
            )
    for name, zh in (
        ("state", "状态"),
        ("idle_state", "闲置状态"),
        ("kind", "类型"),
        ("planned_use", "规划用途"),
        ("land_class", "地类"),
    ):
        values = {getattr(parcel, name) for parcel in parcels}
        if len(values) > 1:
            listed = ", ".join(f"{parcel.parcel_no}: {getattr(parcel, name)}" for parcel in parcels)
            raise ConflictError(
                f"The parcels differ in {name} ({listed}); make them alike first.",
                f"所选地块的{zh}不一致（{listed}）；请先统一。",
            )


def _outline(session: Session, parcel: LandParcel) -> tuple[MultiPolygon, int]:
    """Return a parcel's outline as surveyed, flat, in metres of its zone; one surveyed in degrees in its native zone."""
    ewkb = select(func.ST_AsEWKB(LandParcel.geom_survey)).where(LandParcel.id == parcel.id)
    shape = shapely.from_wkb(bytes(session.execute(ewkb).scalar_one()))
    srid, flat = int(shapely.get_srid(shape)), shapely.force_2d(shape)
    if zone_of_srid(srid) is not None:
        return _multi(flat), srid
    west, _, east, _ = flat.bounds
    zone = native_zone_srid((west + east) / 2)
    return _multi(transformer(srid, zone).geometry(flat)), zone


def _multi(shape: BaseGeometry) -> MultiPolygon:
    return MultiPolygon([part for part in shapely.get_parts(shape) if isinstance(part, Polygon)])
