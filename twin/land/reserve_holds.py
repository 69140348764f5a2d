"""Parcels held for projects 预留: one project at a time, and who is too late learns for whom, by whom and since when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from twin.errors import ConflictError, NotFoundError
from twin.identity.audit import record_audit
from twin.identity.caller import Caller
from twin.identity.rights import require
from twin.land.models import LandParcel
from twin.land.notes import Note
from twin.land.reserve_models import LandReservation, LandTransition
from twin.land.reserve_rows import WRITE, audit_name, checked_day, grounds, lock_parcel
from twin.land.states import called
from twin.land.touches import list_touches
from twin.projects.models import Project
from twin.projects.queries import get_project


class TakenError(ConflictError):
    """The parcel is held already; `members` says for whom, by whom and since when."""

    def __init__(self, en: str, zh: str, members: Mapping[str, Any]) -> None:
        super().__init__(en, zh)
        self.members = members


@dataclass(frozen=True)
class Reservation:
    """A parcel held for a project: by whom, since when, and until when if it has ended.

    Attributes
    ----------
    project : str or None
        Archive number; None where a parcel was held before the ledger knew for whom.
    """

    parcel_no: str
    project: str | None
    project_name: str | None
    reason: str | None
    reserved_by: str | None
    reserved_by_name: str | None
    reserved_at: datetime | None
    ended_at: datetime | None = None
    ended_by: str | None = None
    end_kind: str | None = None
    end_reason: str | None = None


@dataclass(frozen=True)
class Reserved:
    """What a reservation did, and what is to be looked at before the parcel is used."""

    parcel_no: str
    state: str
    reservation: Reservation
    warnings: tuple[Note, ...]


def reserve_parcel(
    session: Session, caller: Caller, parcel_no: str, project_code: str, reason: str | None = None
) -> Reserved:
    """Hold a parcel for a project. Of two who ask at the same moment one waits for the other and is refused.

    Raises
    ------
    UnauthenticatedError, ForbiddenError
        The caller does not hold land:write.
    NotFoundError
        There is no such parcel or project.
    TakenError
        It is held already; the error says for whom, by whom and since when.
    ConflictError
        It is not ready, or its idle state is not settled.
    """
    require(caller, WRITE)
    project = get_project(session, caller, project_code)
    parcel = lock_parcel(session, caller, parcel_no)
    _check_free(session, parcel)
    row = LandReservation(
        parcel_id=parcel.id,
        parcel_no=parcel.parcel_no,
        project_id=project.id,
        reason=reason,
        reserved_by=caller.login,
        reserved_by_name=caller.display_name,
    )
    session.add(row)
    day = checked_day(session, None)
    with grounds(session, reason, day, {"project": project.code, "project_name": project.name}):
        parcel.state = "held"
    session.refresh(row)
    after = {"state": "held", "project": project.code, "reason": reason}
    record_audit(session, caller, "land.reserve", audit_name(parcel), {"state": "ready"}, after)
    warnings = (*_project_warnings(project), *list_touches(session, parcel.id, project.id))
    return Reserved(parcel.parcel_no, parcel.state, _shown(row, project), warnings)


def _check_free(session: Session, parcel: LandParcel) -> None:
    holder = find_holder(session, parcel)
    if holder is not None:
        raise _taken(holder)
    if parcel.state != "ready":
        zh, en = called(parcel.state)
        raise ConflictError(
            f"Parcel {parcel.parcel_no} is {parcel.state} ({en}); only a parcel that is ready can be reserved.",
            f"地块 {parcel.parcel_no} 当前为“{zh}”；只有“净地可供”的地块可以预留。",
        )
    if parcel.idle_state in ("suspected", "identified"):
        zh, en = called(parcel.idle_state)
        raise ConflictError(
            f"Parcel {parcel.parcel_no} is under idle-land review ({en}); settle that first.",
            f"地块 {parcel.parcel_no} 正在闲置土地调查（{zh}）；请先处置。",
        )


def _taken(holder: Reservation) -> TakenError:
    by = holder.reserved_by_name or holder.reserved_by or "unknown"
    since = holder.reserved_at.isoformat(timespec="seconds") if holder.reserved_at else "unknown"
    project = f"project {holder.project} ({holder.project_name})" if holder.project else "no named project"
    project_zh = f"项目 {holder.project}（{holder.project_name}）" if holder.project else "未指明的项目"
    return TakenError(
        f"Parcel {holder.parcel_no} is reserved for {project} by {by} since {since}.",
        f"地块 {holder.parcel_no} 已由 {by} 于 {since} 为{project_zh}预留。",
        {
            "reservation": {
                "parcel_no": holder.parcel_no,
                "project": holder.project,
                "project_name": holder.project_name,
                "reserved_by": holder.reserved_by,
                "reserved_by_name": holder.reserved_by_name,
                "reserved_at": holder.reserved_at.isoformat() if holder.reserved_at else None,
            }
        },
    )


def _project_warnings(project: Project) -> list[Note]:
    if project.stage not in ("acceptance", "operation") and not project.suspended:
        return []
    zh, en = ("项目已暂停", "is suspended") if project.suspended else ("项目已进入验收或运营", "is built")
    note = Note(
        "project_stage", f"Project {project.code} {en}; does it still need land?", f"{zh}，请确认仍需用地。"
    )
    return [note]


def find_holder(session: Session, parcel: LandParcel) -> Reservation | None:
    """Return for whom a parcel is held; of one held before the ledger knew for whom, by whom and since when."""
    found = session.execute(
        select(LandReservation, Project)
        .join(Project, Project.id == LandReservation.project_id)
        .where(LandReservation.parcel_id == parcel.id, LandReservation.ended_at.is_(None))
    ).first()
    if found is not None:
        return _shown(found[0], found[1])
    if parcel.state != "held":
        return None
    moved = session.scalar(
        select(LandTransition)
        .where(LandTransition.parcel_id == parcel.id, LandTransition.after == "held")
        .order_by(LandTransition.id.desc())
        .limit(1)
    )
    by = moved.by if moved else parcel.updated_by or parcel.source
    at = moved.at if moved else parcel.updated_at
    return Reservation(parcel.parcel_no, None, None, moved.reason if moved else None, by, by, at)


def check_not_reserved(session: Session, parcel: LandParcel) -> None:
    """Refuse to split, merge or remove a parcel that is held.

    Raises
    ------
    ConflictError
        It is; the message says for which project.
    """
    holder = find_holder(session, parcel)
    if holder is not None:
        raise ConflictError(
            f"Parcel {parcel.parcel_no} is reserved ({holder.project or 'no named project'}); cancel that first.",
            f"地块 {parcel.parcel_no} 已预留（{holder.project or '未指明项目'}）；请先取消预留。",
        )


def cancel_reservation(
    session: Session,
    caller: Caller,
    parcel_no: str,
    project_code: str | None = None,
    reason: str | None = None,
) -> Reserved:
    """End a reservation; the parcel is ready again.

    Parameters
    ----------
    project_code : str, optional
        The project it is held for, as the caller knows it.

    Raises
    ------
    UnauthenticatedError, ForbiddenError
        The caller does not hold land:write.
    NotFoundError
        There is no such parcel, or it is not reserved.
    TakenError
        It is reserved for another project than the one named.
    """
    parcel = lock_parcel(session, caller, parcel_no)
    holder = find_holder(session, parcel)
    if holder is None:
        raise NotFoundError(f"Parcel {parcel_no} is not reserved.", f"地块 {parcel_no} 未被预留。")
    if project_code is not None and holder.project != project_code:
        raise _taken(holder)
    ended = _end(session, caller.login, parcel, "cancelled", reason) or holder
    before = {"state": parcel.state, "project": holder.project}
    if parcel.state == "held":
        with grounds(session, reason, checked_day(session, None), {"project": holder.project}):
            parcel.state = "ready"
    after = {"state": parcel.state, "reason": reason}
    record_audit(session, caller, "land.reserve.cancel", audit_name(parcel), before, after)
    return Reserved(parcel.parcel_no, parcel.state, ended, ())


def end_by_supply(session: Session, actor: str | None, parcel: LandParcel) -> None:
    """End the reservation of a parcel that is supplied: it has served."""
    _end(session, actor, parcel, "supplied", None)


def _end(
    session: Session, actor: str | None, parcel: LandParcel, kind: str, reason: str | None
) -> Reservation | None:
    found = session.execute(
        select(LandReservation, Project)
        .join(Project, Project.id == LandReservation.project_id)
        .where(LandReservation.parcel_id == parcel.id, LandReservation.ended_at.is_(None))
    ).first()
    if found is None:
        return None
    row, project = found
    row.ended_at, row.ended_by, row.end_kind, row.end_reason = func.now(), actor, kind, reason
    session.flush()
    session.refresh(row)
    return _shown(row, project)


def list_reservations(session: Session, parcel_id: int) -> list[Reservation]:
    """List the reservations of a parcel, oldest first."""
    rows = session.execute(
        select(LandReservation, Project)
        .join(Project, Project.id == LandReservation.project_id)
        .where(LandReservation.parcel_id == parcel_id)
        .order_by(LandReservation.id)
    )
    return [_shown(row, project) for row, project in rows]


def _shown(row: LandReservation, project: Project) -> Reservation:
    return Reservation(
        parcel_no=row.parcel_no,
        project=project.code,
        project_name=project.name,
        reason=row.reason,
        reserved_by=row.reserved_by,
        reserved_by_name=row.reserved_by_name,
        reserved_at=row.reserved_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        end_kind=row.end_kind,
        end_reason=row.end_reason,
    )
