"""Every SELECT of the land room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from gis.statement import Statement
from twin.land.models import ControlArea, LandParcel
from twin.projects.models import Footprint, Project

_PLANNING = {"work_mem": "64MB", "enable_nestloop": "off", "jit": "off"}
_SUBJECT = text("""
SELECT ST_AsEWKB(geom_survey) AS ewkb, stated_area_m2 FROM project_footprint
WHERE project_id = :id AND valid_to IS NULL
""")


@dataclass(frozen=True)
class SurveyedFootprint:
    """A project's current red line as surveyed, EWKB with its SRID, and the area that the survey states."""

    ewkb: bytes
    stated_area_m2: float | None


def find_red_line(session: Session, project_id: int) -> SurveyedFootprint | None:
    """Return a project's current red line with its stated area; None where it has none."""
    found = session.execute(_SUBJECT, {"id": project_id}).first()
    return None if found is None else SurveyedFootprint(bytes(found.ewkb), found.stated_area_m2)


def run_statement(session: Session, statement: Statement) -> str:
    """Run a statement that answers with one row of one text."""
    return str(session.connection().exec_driver_sql(statement.sql, dict(statement.params)).scalar_one())


def plan_sets(session: Session) -> None:
    """Have the statements of this transaction planned for many subjects: the planner takes each set for one row."""
    session.execute(
        text("SELECT set_config(name, value, true) FROM unnest(:names, :settings) s(name, value)"),
        {"names": list(_PLANNING), "settings": list(_PLANNING.values())},
    )


def run_statements(session: Session, statement: Statement) -> dict[int, str]:
    """Run a statement that answers with a row of id and text for each subject."""
    plan_sets(session)
    rows = session.connection().exec_driver_sql(statement.sql, dict(statement.params))
    return {int(sid): str(answer) for sid, answer, _ in rows}


def list_data_versions(
    session: Session, rows: Sequence[str], *, public_only: bool = False, at: datetime | None = None
) -> dict[str, str | None]:
    """Return when the data behind each answer row last changed.

    Parameters
    ----------
    public_only : bool
        Look at public rows alone: when an internal layer changed is internal too.
    at : datetime, optional
        As it was known then: the last change until that time.
    """
    if at is not None:
        return {row: _iso(_changed_until(session, row, at, public_only=public_only)) for row in rows}
    return {row: _iso(session.scalar(_changed(row, public_only))) for row in rows}


def _changed(row: str, public_only: bool) -> Select[datetime]:
    if row == "projects":
        statement = select(func.max(Footprint.updated_at))
        shown = Footprint.project_id.in_(select(Project.id).where(Project.public_visible))
        return statement.where(shown) if public_only else statement
    table = LandParcel if row == "land_parcels" else ControlArea
    statement = select(func.max(table.updated_at))
    if table is ControlArea:
        statement = statement.where(ControlArea.layer == row)
    return statement.where(table.public_visible) if public_only else statement


_CHANGED_UNTIL = """
SELECT max(moment) FROM (
  SELECT max(created_at) AS moment FROM {live} t WHERE created_at <= :at AND {layer} AND (public_visible OR NOT :public)
  UNION ALL SELECT max(CASE WHEN held_to <= :at THEN held_to ELSE held_from END) FROM {live}_version v
  WHERE held_from <= :at AND {layer} AND (NOT :public OR public_visible
    AND EXISTS (SELECT FROM {live} t WHERE t.id = v.id AND t.public_visible))) m"""
_RED_LINES_UNTIL = text("""
SELECT max(f.valid_from) FROM project_footprint f JOIN project p ON p.id = f.project_id
WHERE f.valid_from <= :at AND (p.public_visible OR NOT :public)""")
_UNTIL = {
    "projects": _RED_LINES_UNTIL,
    "land_parcels": text(_CHANGED_UNTIL.format(live="land_parcel", layer="TRUE")),
}
_AREAS_UNTIL = text(_CHANGED_UNTIL.format(live="control_area", layer="layer = :layer"))


def _changed_until(session: Session, row: str, at: datetime, *, public_only: bool) -> datetime | None:
    statement = _UNTIL.get(row, _AREAS_UNTIL)
    bound: dict[str, object] = {"at": at, "public": public_only}
    if row not in _UNTIL:
        bound["layer"] = row
    found: datetime | None = session.scalar(statement, bound)
    return found


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
