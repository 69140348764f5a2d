"""Parcels split 分割, merged 合并 and released in part 部分盘活: new parcels take the place of old ones.

Nothing is undone by deleting: parts are merged again, a merged parcel is split again, and both stand in the history.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from gis.crs import STORED_SRID, Crs, native_zone_srid, transformer, zone_of_srid
from twin.errors import ConflictError, InvalidInputError
from twin.identity.audit import record_audit
from twin.identity.caller import Caller
from twin.land.models import LandParcel
from twin.land.reserve import check_not_reserved
from twin.land.reserve_clocks import list_suspensions
from twin.land.reserve_idle import IdleMove, dispose
from twin.land.reserve_models import LandChange, LandChangePart, LandSuspension
from twin.land.reserve_rows import (
    audit_name,
    checked_day,
    grounds,
    list_heirs,
    lock_parcel,
    lock_parcels,
    plain,
)
from twin.land.reserve_shapes import check_parts, cut_by_lines, join, take_out, tolerance_m2

STEP_M: Final = 500
LONGEST_NUMBER: Final = 64
MERGEABLE_STATES: Final = ("proposed", "stored", "preparing", "ready")
_SHAPE_COLUMNS: Final = {"geom", "geom_json", "geom_survey"}
_OWN_COLUMNS: Final = {
    *_SHAPE_COLUMNS, "id", "parcel_no", "area_m2", "created_at", "created_by", "updated_at", "updated_by", "row_version",
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One part of a split: its outline in the CRS of the request, and what differs from the whole."""

    outline: BaseGeometry | None = None
    name: str | None = None
    planned_use: str | None = None
    stated_area_m2: float | None = None
    built_share: float | None = None
    invested_share: float | None = None


@dataclass(frozen=True)
class Split:
    """How a parcel is split: along lines, or into parts that make it up."""

    reason: str
    crs: Crs
    lines: BaseGeometry | None = None
    parts: Sequence[Part] = field(default=())
    day: date | None = None


@dataclass(frozen=True)
class PartAnswer:
    """A parcel before or after a change."""

    parcel_no: str
    name: str | None
    state: str
    idle_state: str
    area_m2: float


@dataclass(frozen=True)
class Changed:
    """What a change made of which parcels; areas on the ellipsoid.

    Attributes
    ----------
    difference_m2 : float
        Sum of the areas after, less those before.
    """

    change: int
    kind: str
    before: tuple[PartAnswer, ...]
    after: tuple[PartAnswer, ...]
    difference_m2: float
    tolerance_m2: float


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
    return _replace(session, caller, "split", [parcel], parts, zone, split.reason, split.day)


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
    changed = _replace(session, caller, "release", [parcel], parts, zone, reason, day)
    freed = lock_parcel(session, caller, changed.after[0].parcel_no)
    on = checked_day(session, day)
    with grounds(session, reason, on, {"disposal": "released", "of": parcel_no}):
        freed.idle_state = "disposed"
        dispose(session, freed, IdleMove("disposed", reason, disposal="released"), on)
    after = (_answer(freed), *changed.after[1:])
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
    return _replace(session, caller, "merge", parcels, parts, outlines[0][1], reason, day)


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


def _replace(
    session: Session,
    caller: Caller,
    kind: str,
    parcels: Sequence[LandParcel],
    parts: Sequence[tuple[MultiPolygon, Part]],
    zone: int,
    reason: str,
    day: date | None,
) -> Changed:
    """Put new parcels in the place of old ones, and write down both as they were."""
    before = [_answer(parcel) for parcel in parcels]
    total_m2 = sum(parcel.area_m2 for parcel in parcels)
    change = LandChange(
        kind=kind,
        by=caller.login,
        reason=reason,
        effective_on=checked_day(session, day),
        difference_m2=0.0,
        tolerance_m2=tolerance_m2(total_m2),
    )
    numbers = _numbers(session, kind, parcels, len(parts))
    made = [
        _make(session, parcels[0], number, place, shape, part, zone, kind)
        for place, (number, (shape, part)) in enumerate(zip(numbers, parts, strict=True), start=1)
    ]
    change.difference_m2 = sum(parcel.area_m2 for parcel in made) - total_m2
    _check_sum(change)
    session.add(change)
    session.flush()
    _keep(session, change, parcels, "before")
    _keep(session, change, made, "after")
    _hand_over_clocks(session, parcels, made)
    for parcel in parcels:
        session.delete(parcel)
    session.flush()
    after = [_answer(parcel) for parcel in made]
    for parcel in parcels:
        note = {"change": change.id, "became": numbers, "reason": reason}
        record_audit(session, caller, f"land.{kind}", audit_name(parcel), _facts(parcel), note)
    return Changed(change.id, kind, tuple(before), tuple(after), change.difference_m2, change.tolerance_m2)


def _check_sum(change: LandChange) -> None:
    if abs(change.difference_m2) > change.tolerance_m2:
        raise InvalidInputError(
            f"The areas differ by {change.difference_m2:+.2f} m²; {change.tolerance_m2:.2f} m² are within tolerance.",
            f"变更前后面积相差 {change.difference_m2:+.2f} m²，超出容差 {change.tolerance_m2:.2f} m²。",
            where="parts",
        )


def _make(
    session: Session,
    like: LandParcel,
    number: str,
    place: int,
    shape: MultiPolygon,
    part: Part,
    zone: int,
    kind: str,
) -> LandParcel:
    facts = {column: getattr(like, column) for column in _column_names() if column not in _OWN_COLUMNS}
    named = f"{like.name}-{place}" if like.name and kind != "merge" else like.name
    survey = func.ST_GeomFromEWKB(bytes(shapely.to_wkb(shapely.set_srid(shape, zone), include_srid=True)))
    given = {
        "name": part.name or named,
        "planned_use": part.planned_use or like.planned_use,
        "stated_area_m2": part.stated_area_m2,
        "built_share": _share(part.built_share),
        "invested_share": _share(part.invested_share),
        "source": kind,
    }
    made = LandParcel(
        **{**facts, **given},
        parcel_no=number,
        geom_survey=survey,
        geom=func.ST_Transform(func.ST_Segmentize(survey, STEP_M), STORED_SRID),
    )
    session.add(made)
    session.flush()
    session.refresh(made, ["area_m2", "row_version"])
    return made


def _share(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _column_names() -> list[str]:
    return [column.key for column in inspect(LandParcel).column_attrs]


def _facts(parcel: LandParcel) -> dict[str, Any]:
    """Return everything of a parcel but its outline, as JSON has it."""
    names = [name for name in _column_names() if name not in _SHAPE_COLUMNS]
    kept: dict[str, Any] = json.loads(
        json.dumps({name: getattr(parcel, name) for name in names}, default=plain)
    )
    return kept


def _keep(session: Session, change: LandChange, parcels: Sequence[LandParcel], role: str) -> None:
    for parcel in parcels:
        session.add(
            LandChangePart(
                change_id=change.id,
                role=role,
                parcel_no=parcel.parcel_no,
                parcel_id=parcel.id,
                area_m2=parcel.area_m2,
                facts=_facts(parcel),
                geom_survey=select(LandParcel.geom_survey)
                .where(LandParcel.id == parcel.id)
                .scalar_subquery(),
            )
        )
    session.flush()


def _hand_over_clocks(session: Session, parcels: Sequence[LandParcel], made: Sequence[LandParcel]) -> None:
    for span in list_suspensions(session, [parcel.id for parcel in parcels]):
        for parcel in made:
            session.add(
                LandSuspension(
                    parcel_id=parcel.id,
                    parcel_no=parcel.parcel_no,
                    number=span.number,
                    starts_on=span.starts_on,
                    ends_on=span.ends_on,
                    cause=span.cause,
                    reason=span.reason,
                )
            )


def _numbers(session: Session, kind: str, parcels: Sequence[LandParcel], count: int) -> list[str]:
    """Return numbers derived from the old ones; one that was ever given is not given again."""
    old = [parcel.parcel_no for parcel in parcels]
    base, mark = (_common(session, old), "-M") if kind == "merge" else (old[0], "-")
    used = _used_suffixes(session, base + mark)
    numbers = [f"{base}{mark}{n}" for n in range(used + 1, used + 1 + count)]
    if len(numbers[-1]) > LONGEST_NUMBER:
        raise ConflictError(
            f"The number {numbers[-1]} would be longer than {LONGEST_NUMBER} characters; give the parcel a shorter one first.",
            f"新编号 {numbers[-1]} 超过 {LONGEST_NUMBER} 个字符；请先为地块改用较短编号。",
        )
    return numbers


def _common(session: Session, numbers: Sequence[str]) -> str:
    """Return what a merged parcel is named after: the one that its parts once were, else the lowest number."""
    lowest = min(numbers)
    base = re.sub(r"-\d+$", "", lowest)
    return base if base != lowest and list_heirs(session, base) == sorted(numbers) else lowest


def _used_suffixes(session: Session, stem: str) -> int:
    live = select(LandParcel.parcel_no).where(LandParcel.parcel_no.startswith(stem, autoescape=True))
    past = select(LandChangePart.parcel_no).where(LandChangePart.parcel_no.startswith(stem, autoescape=True))
    found = [re.fullmatch(r"(\d+)", number[len(stem) :]) for number in session.scalars(live.union(past))]
    return max((int(each[1]) for each in found if each), default=0)


def _answer(parcel: LandParcel) -> PartAnswer:
    return PartAnswer(parcel.parcel_no, parcel.name, parcel.state, parcel.idle_state, parcel.area_m2)
