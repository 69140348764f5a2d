"""Projects 重点项目: attributes, red line by versions, stage by stage; removed only while nothing hangs on them."""

import re
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from twin.editing.change import Change
from twin.editing.moves import EPC_STAGE_MOVES, STAGE_MOVES, check_move
from twin.editing.place import Place
from twin.editing.rows import Row
from twin.editing.together import follow_up
from twin.editing.values import Values
from twin.errors import ConflictError, InvalidInputError
from twin.identity import Caller
from twin.identity.agency import get_reporting_date
from twin.identity.models import AuditEvent
from twin.identity.visibility import sight
from twin.projects.codes import check_archive_number, check_national_code
from twin.projects.models import Category, Footprint, Project
from twin.projects.stages import enter_stage

SOURCE: Final = "edit"
_REGION: Final = re.compile(r"[0-9]{6}")

# Every project is judged from its first day on: a light that was never worse than the best says nothing that must be
# kept; one that warned is part of the dossier.
_HANGING: Final = text("""
SELECT * FROM (VALUES
  ('progress reports', '进度月报', (SELECT count(*) FROM progress_report WHERE project_id = :id)),
  ('milestones', '节点', (SELECT count(*) FROM milestone WHERE project_id = :id)),
  ('baselines', '基线', (SELECT count(*) FROM baseline WHERE project_id = :id)),
  ('BIM models', 'BIM 模型', (SELECT count(*) FROM bim_model WHERE project_id = :id)),
  ('finished stages', '已完成阶段',
    (SELECT count(*) FROM project_stage WHERE project_id = :id AND state IN ('done', 'waived'))),
  ('reservations of land', '土地预留', (SELECT count(*) FROM land_reservation WHERE project_id = :id)),
  ('light warnings', '预警记录',
    (SELECT count(*) FROM light_evaluation WHERE project_id = :id AND light_code > 1))
) AS t(en, zh, n) WHERE n > 0
""")


def lock_project(session: Session, feature_id: int) -> bool:
    """Lock a project, and with it its red line, until the transaction ends; say whether it is there."""
    return session.get(Project, feature_id, with_for_update=True, populate_existing=True) is not None


def add_project(session: Session, caller: Caller, values: Values, place: Place | None) -> int:
    """Add a project with the first version of its red line; return its id.

    Raises
    ------
    InvalidInputError
        The archive number or another code is wrong.
    ConflictError
        The archive number or national code is taken, or was issued before.
    """
    check_archive_number(values["code"], values["category"])
    _check_codes(session, values)
    _check_never_issued(session, values["code"])
    project = Project(**values, source=SOURCE)
    try:
        with session.begin_nested():
            session.add(project)
    except IntegrityError as error:
        raise _taken(session, caller, values, None) or error from error
    if place is not None:
        _add_version(session, project.id, place, None)
    enter_stage(session, project.id, project.stage, get_reporting_date(session))
    follow_up(session, project.id)
    return project.id


def edit_project(session: Session, caller: Caller, row: Row, change: Change) -> None:
    """Write what has changed of a project; a new outline becomes the next version of the red line.

    Raises
    ------
    MoveRefusedError
        The stage may not follow upon the present one.
    InvalidInputError, ConflictError
        As for a new project.
    """
    project, changes = session.get_one(Project, row.id), change.new
    _check_codes(session, changes)
    if "stage" in changes:
        epc = (project.delivery_mode or "").strip().upper().startswith("EPC")
        check_move("stage", EPC_STAGE_MOVES if epc else STAGE_MOVES, project.stage, changes["stage"])
        enter_stage(session, row.id, changes["stage"], get_reporting_date(session), left=project.stage)
    try:
        with session.begin_nested():
            for name, value in changes.items():
                setattr(project, name, value)
    except IntegrityError as error:
        raise _taken(session, caller, changes, row.id) or error from error
    if change.place is not None:
        _add_version(session, row.id, change.place, _find_footprint(session, row.id))
    follow_up(session, row.id)


def remove_project(session: Session, row: Row) -> None:
    """Remove a project on which nothing hangs.

    Raises
    ------
    ConflictError
        Something does; the message says what.
    """
    found = session.execute(_HANGING, {"id": row.id}).all()
    if found:
        en = ", ".join(f"{n} {name}" for name, _, n in found)
        zh = "、".join(f"{name} {n} 项" for _, name, n in found)
        raise ConflictError(
            f"Project {row.values['code']} has {en} and is kept with them; a project that ends is closed by its stage, "
            "not deleted.",
            f"项目 {row.values['code']} 已有 {zh}，须随档案保留；终止的项目请变更阶段，不能删除。",
        )
    session.execute(text("DELETE FROM role_grant WHERE project_id = :id"), {"id": row.id})
    session.execute(text("DELETE FROM project WHERE id = :id"), {"id": row.id})
    session.expire_all()


def project_name(values: Mapping[str, Any]) -> str:
    """Return how the audit trail names a project."""
    return f"project {values['code']}"


def _find_footprint(session: Session, project_id: int) -> Footprint | None:
    return session.scalar(
        select(Footprint).where(Footprint.project_id == project_id, Footprint.valid_to.is_(None))
    )


def _add_version(session: Session, project_id: int, place: Place, current: Footprint | None) -> None:
    """Add the next version of a red line, from this moment on; the one before ends there and stays."""
    # The clock, not the transaction's start: who waited for the lock must not begin before the version it ends.
    moment = session.scalar(select(func.clock_timestamp()))
    last = session.scalar(select(func.max(Footprint.version)).where(Footprint.project_id == project_id)) or 0
    if current is not None:
        current.valid_to = moment
        session.flush()
    session.add(
        Footprint(
            project_id=project_id, version=last + 1, valid_from=moment, source=SOURCE, **place.columns()
        )
    )
    session.flush()


def _check_codes(session: Session, values: Values) -> None:
    if values.get("nat_code") is not None:
        check_national_code(values["nat_code"])
    region = values.get("region_code")
    if region is not None and not _REGION.fullmatch(region):
        raise InvalidInputError(
            f"region_code {region!r} is no region code of six digits (GB/T 2260).",
            f"region_code {region!r} 不是六位行政区划代码（GB/T 2260）。",
            where="properties.region_code",
        )
    if "category" in values and session.get(Category, values["category"]) is None:
        known = list(session.execute(select(Category.code, Category.name_zh).order_by(Category.code)))
        shown = ", ".join(f"{code} {name}" for code, name in known)
        raise InvalidInputError(
            f"There is no category {values['category']!r}; there are {shown}.",
            f"没有类别 {values['category']!r}；可用类别：{shown}。",
            where="properties.category",
        )


def _check_never_issued(session: Session, code: str) -> None:
    thing = project_name({"code": code})
    deleted = select(AuditEvent.id).where(AuditEvent.thing == thing, AuditEvent.action == "feature.delete")
    if session.scalar(deleted.limit(1)) is not None:
        raise ConflictError(
            f"Archive number {code} was issued before, to a project since deleted; numbers are never reused.",
            f"档案编号 {code} 曾编给已删除的项目；编号不得重复使用。",
            where="properties.code",
        )


def _taken(session: Session, caller: Caller, values: Values, own_id: int | None) -> ConflictError | None:
    """Return the error that names who has the number, as far as the caller may know; None where nobody has."""
    for name in ("code", "nat_code"):
        if values.get(name) is None:
            continue
        holder = session.scalar(select(Project).where(getattr(Project, name) == values[name]))
        if holder is None or holder.id == own_id:
            continue
        seen = sight(caller, "project:read")
        known = (
            seen.group == "all"
            or holder.public_visible
            or (seen.group == "own" and holder.id in caller.own_projects)
        )
        en, zh = (
            (f" by {holder.code} {holder.name}", f"（{holder.code} {holder.name}）") if known else ("", "")
        )
        return ConflictError(
            f"{name} {values[name]} is taken{en}; a number belongs to one project.",
            f"{name} {values[name]} 已被占用{zh}；一个编号只属于一个项目。",
            where=f"properties.{name}",
        )
    return None
