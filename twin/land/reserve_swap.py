"""New parcels in the place of old ones: numbers, facts, clocks, and both kept whole in the history."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import shapely
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from gis.crs import STORED_SRID
from twin.errors import ConflictError, InvalidInputError
from twin.identity.audit import record_audit
from twin.identity.caller import Caller
from twin.land.models import LandParcel
from twin.land.reserve_clocks import list_suspensions
from twin.land.reserve_models import LandChange, LandChangePart, LandSuspension
from twin.land.reserve_rows import audit_name, checked_day, list_heirs, plain
from twin.land.reserve_shapes import tolerance_m2

STEP_M: Final = 500
LONGEST_NUMBER: Final = 64
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


def replace_parcels(
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
    before = [part_answer(parcel) for parcel in parcels]
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
    after = [part_answer(parcel) for parcel in made]
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


def part_answer(parcel: LandParcel) -> PartAnswer:
    """Return a parcel as the answer to a change shows it."""
    return PartAnswer(parcel.parcel_no, parcel.name, parcel.state, parcel.idle_state, parcel.area_m2)
