"""Every SELECT of the project room."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import TextClause, select, text
from sqlalchemy.orm import Session

from twin.errors import NotFoundError
from twin.identity.caller import Caller
from twin.identity.visibility import Sight, bound, sight
from twin.projects.models import Milestone, Project, Stage


@dataclass(frozen=True)
class CardFilters:
    """What a list of projects is narrowed to; empty strings narrow nothing."""

    light: str = ""
    stage: str = ""
    purpose: str = ""
    q: str = ""


@dataclass(frozen=True)
class ProjectCard:
    """A project as lists and cards show it; percent 0–100, deviation in points, money in yuan."""

    id: int
    code: str
    nat_code: str | None
    name: str
    category: str
    category_name: str
    category_name_en: str
    purpose: str
    stage: str
    progress: float | None
    planned_progress: float | None
    deviation: float | None
    light: str
    light_code: int
    investment_total_yuan: float | None
    plan_start: date | None
    plan_finish: date | None
    owner_unit: str | None
    lead_person: str | None
    area_m2: float | None
    as_of: date | None
    updated_at: datetime
    svg_path: str | None
    bbox: tuple[float, float, float, float] | None


@dataclass(frozen=True)
class Portfolio:
    """All projects a caller sees, in figures."""

    count: int
    investment_total_yuan: float
    lights: dict[str, int] = field(default_factory=dict)
    under_construction: int = 0
    reporting_date: date | None = None


_CARD_COLUMNS = """f.id, f.code, f.nat_code, f.name, f.category, f.category_name, f.category_name_en, f.purpose,
  f.stage, f.progress, f.planned_progress, f.deviation, f.light, f.light_code, f.investment_total_yuan,
  f.plan_start, f.plan_finish, f.owner_unit, {lead} AS lead_person, f.area_m2, f.as_of, f.updated_at,
  ST_AsSVG(ST_SimplifyPreserveTopology(f.geom, 0.00005), 1, 6) AS svg_path,
  CASE WHEN f.geom IS NULL THEN NULL ELSE
    ARRAY[ST_XMin(f.geom), ST_YMin(f.geom), ST_XMax(f.geom), ST_YMax(f.geom)] END AS bbox"""

_NARROWED = """
  AND (%(light)s = '' OR f.light = %(light)s)
  AND (%(stage)s = '' OR f.stage = %(stage)s)
  AND (%(purpose)s = '' OR f.purpose = %(purpose)s)
  AND (%(q)s = '' OR strpos(lower(f.name), lower(%(q)s)) > 0 OR strpos(f.code, %(q)s) > 0
       OR strpos(coalesce(f.nat_code, ''), %(q)s) > 0)"""


def _cards_statement(seen: Sight, where: str, params: dict[str, Any]) -> TextClause:
    columns = _CARD_COLUMNS.format(lead="f.lead_person" if seen.internal_fields else "NULL::text")
    sql = f"SELECT {columns} FROM layer_projects(NULL) f WHERE {seen.condition.sql} {where} ORDER BY f.code"  # noqa: S608  names and conditions are our own text; every value is bound
    return bound(sql, {**seen.condition.params, **params})


def _card(row: Any) -> ProjectCard:
    values = dict(row._mapping)
    values["bbox"] = tuple(values["bbox"]) if values["bbox"] else None
    return ProjectCard(**values)


def list_project_cards(
    session: Session, caller: Caller, filters: CardFilters | None = None
) -> list[ProjectCard]:
    """List the projects a caller sees, by archive number; a footprint is an SVG path in lon/−lat degrees."""
    seen = sight(caller, "project:read")
    asked = filters or CardFilters()
    params = {"light": asked.light, "stage": asked.stage, "purpose": asked.purpose, "q": asked.q.strip()}
    rows = session.execute(_cards_statement(seen, _NARROWED, params), {**seen.condition.params, **params})
    return [_card(row) for row in rows]


def get_project_card(session: Session, caller: Caller, code: str) -> ProjectCard:
    """Return one project as a card.

    Raises
    ------
    NotFoundError
        No project has this archive number, or the caller may not see it.
    """
    seen = sight(caller, "project:read")
    params = {"code": code}
    row = session.execute(
        _cards_statement(seen, "AND f.code = %(code)s", params), {**seen.condition.params, **params}
    ).first()
    if row is None:
        raise unknown_project(code)
    return _card(row)


def unknown_project(code: str) -> NotFoundError:
    """Return the error for a project that does not exist or may not be seen; the two look alike."""
    return NotFoundError(
        f"There is no project with archive number {code} that you may see.",
        f"没有档案编号为 {code} 的项目，或您无权查看。",
    )


def get_project(session: Session, caller: Caller, code: str, right: str = "project:read") -> Project:
    """Return a project that the caller sees under a right.

    Raises
    ------
    NotFoundError
        No project has this archive number, or the caller may not see it.
    """
    project = session.scalar(select(Project).where(Project.code == code))
    if project is None:
        raise unknown_project(code)
    group = sight(caller, right).group
    if group == "all" or (group == "own" and project.id in caller.own_projects):
        return project
    if group == "public" and project.public_visible:
        return project
    raise unknown_project(code)


def get_portfolio(session: Session, caller: Caller) -> Portfolio:
    """Return the counts per light and the total investment of what the caller sees."""
    seen = sight(caller, "project:read")
    sql = f"""SELECT f.light, count(*), coalesce(sum(f.investment_total_yuan), 0),
        count(*) FILTER (WHERE f.stage IN ('construction', 'acceptance'))
      FROM layer_projects(NULL) f WHERE {seen.condition.sql} GROUP BY f.light"""  # noqa: S608  our own text; every value is bound
    rows = session.execute(bound(sql, seen.condition.params), seen.condition.params).all()
    return Portfolio(
        count=sum(n for _, n, _, _ in rows),
        investment_total_yuan=float(sum(money for _, _, money, _ in rows)),
        lights={light: n for light, n, _, _ in rows},
        under_construction=sum(n for _, _, _, n in rows),
        reporting_date=session.scalar(text("SELECT reporting_date()")),
    )


def list_stages(session: Session, project_id: int) -> list[Stage]:
    """List the stages of a project in the order of work."""
    rows = session.scalars(select(Stage).where(Stage.project_id == project_id))
    order = ("initiation", "design", "tender", "construction", "acceptance", "operation")
    return sorted(rows, key=lambda stage: order.index(stage.stage))


def list_milestones(session: Session, project_id: int) -> list[Milestone]:
    """List the milestones of a project by code."""
    return list(
        session.scalars(select(Milestone).where(Milestone.project_id == project_id).order_by(Milestone.code))
    )
