"""What happened to a parcel, in the order of time: moves, reservations, clocks, splits and merges."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin.identity.caller import Caller
from twin.identity.rights import require
from twin.land.models import LandParcel
from twin.land.reserve_clocks import list_suspensions
from twin.land.reserve_holds import list_reservations
from twin.land.reserve_models import LandChange, LandChangePart, LandTransition
from twin.land.reserve_rows import READ, list_heirs, unknown_parcel
from twin.land.states import called

_CHANGES = {
    "split": ("分割", "Split"),
    "merge": ("合并", "Merged"),
    "release": ("部分盘活", "Partly released"),
}


@dataclass(frozen=True)
class HistoryEntry:
    """One thing that happened: when it was recorded and by whom, since when it counts, and why."""

    at: datetime | None
    by: str | None
    kind: str
    zh: str
    en: str
    reason: str | None
    effective_on: date | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ParcelHistory:
    """A parcel's history, oldest first.

    Attributes
    ----------
    live : bool
        Whether it is still a parcel; one that was split or merged is history alone.
    made_of, became : list of str
        Numbers of the parcels it came from, and of those it has become.
    """

    parcel_no: str
    live: bool
    made_of: list[str]
    became: list[str]
    entries: list[HistoryEntry]


def get_history(session: Session, caller: Caller, parcel_no: str) -> ParcelHistory:
    """Return what happened to a parcel, also to one that was split or merged.

    Raises
    ------
    UnauthenticatedError, ForbiddenError
        The caller does not hold land:read.
    NotFoundError
        There never was such a parcel.
    """
    require(caller, READ)
    live_id = session.scalar(select(LandParcel.id).where(LandParcel.parcel_no == parcel_no))
    parcel_id = live_id or _past_id(session, parcel_no)
    if parcel_id is None:
        raise unknown_parcel(session, caller, parcel_no)
    entries = [
        *_moves(session, parcel_id),
        *_reservations(session, parcel_id),
        *_suspensions(session, parcel_id),
        *_changes(session, parcel_id),
    ]
    entries.sort(key=lambda entry: entry.at or datetime.min.replace(tzinfo=UTC))
    made_of = list_origins(session, parcel_id)
    became = [] if live_id else list_heirs(session, parcel_no)
    return ParcelHistory(parcel_no, live_id is not None, made_of, became, entries)


def _past_id(session: Session, parcel_no: str) -> int | None:
    return session.scalar(
        select(LandChangePart.parcel_id)
        .where(LandChangePart.parcel_no == parcel_no, LandChangePart.role == "before")
        .order_by(LandChangePart.change_id.desc())
        .limit(1)
    )


def _moves(session: Session, parcel_id: int) -> list[HistoryEntry]:
    statement = select(LandTransition).where(LandTransition.parcel_id == parcel_id)
    return [_move(row) for row in session.scalars(statement.order_by(LandTransition.id))]


def _move(row: LandTransition) -> HistoryEntry:
    before, after = called(row.before), called(row.after)
    basis = {**(row.basis or {}), "before": row.before, "after": row.after}
    zh, en = f"{before[0]} → {after[0]}", f"{before[1]} → {after[1]}"
    return HistoryEntry(row.at, row.by, row.axis, zh, en, row.reason, row.effective_on, basis)


def _reservations(session: Session, parcel_id: int) -> list[HistoryEntry]:
    entries = []
    for row in list_reservations(session, parcel_id):
        about = {"project": row.project, "project_name": row.project_name}
        by = row.reserved_by
        zh, en = f"为项目 {row.project} 预留", f"Reserved for project {row.project}"
        entries.append(HistoryEntry(row.reserved_at, by, "reservation", zh, en, row.reason, None, about))
        if row.ended_at is not None:
            zh, en = ("预留取消", "Reservation cancelled")
            if row.end_kind == "supplied":
                zh, en = ("预留转为供应", "Reservation served by the supply")
            ended = {**about, "end_kind": row.end_kind}
            entries.append(
                HistoryEntry(row.ended_at, row.ended_by, "reservation", zh, en, row.end_reason, None, ended)
            )
    return entries


def _suspensions(session: Session, parcel_id: int) -> list[HistoryEntry]:
    return [
        HistoryEntry(
            row.created_at,
            row.created_by,
            "suspension",
            f"期限中止 {row.starts_on} 至 {row.ends_on or '今'}",
            f"Clock stands {row.starts_on} to {row.ends_on or 'now'}",
            row.reason,
            row.starts_on,
            {"number": row.number, "cause": row.cause, "ends_on": row.ends_on and row.ends_on.isoformat()},
        )
        for row in list_suspensions(session, [parcel_id])
    ]


def _changes(session: Session, parcel_id: int) -> list[HistoryEntry]:
    mine = select(LandChangePart.change_id).where(LandChangePart.parcel_id == parcel_id)
    statement = select(LandChange).where(LandChange.id.in_(mine)).order_by(LandChange.id)
    return [_change(session, row) for row in session.scalars(statement)]


def _change(session: Session, row: LandChange) -> HistoryEntry:
    parts = session.scalars(
        select(LandChangePart)
        .where(LandChangePart.change_id == row.id)
        .order_by(LandChangePart.role.desc(), LandChangePart.parcel_no)
    ).all()
    sides: dict[str, list[dict[str, Any]]] = {"before": [], "after": []}
    for part in parts:
        sides[part.role].append({"parcel_no": part.parcel_no, "area_m2": part.area_m2})
    numbers = {side: ", ".join(each["parcel_no"] for each in found) for side, found in sides.items()}
    zh, en = _CHANGES[row.kind]
    words = f"{numbers['before']} → {numbers['after']}"
    detail = {"change": row.id, **sides, "difference_m2": row.difference_m2, "tolerance_m2": row.tolerance_m2}
    return HistoryEntry(
        row.at, row.by, row.kind, f"{zh} {words}", f"{en} {words}", row.reason, row.effective_on, detail
    )


def list_origins(session: Session, parcel_id: int) -> list[str]:
    """Return the numbers of the parcels that one was split from or merged of."""
    mine = select(LandChangePart.change_id).where(
        LandChangePart.parcel_id == parcel_id, LandChangePart.role == "after"
    )
    statement = select(LandChangePart.parcel_no).where(
        LandChangePart.change_id.in_(mine), LandChangePart.role == "before"
    )
    return list(session.scalars(statement.order_by(LandChangePart.parcel_no)))
