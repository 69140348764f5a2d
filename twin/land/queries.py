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
    session: Session, rows: Sequence[str], *, public_only: bool = False
) -> dict[str, str | None]:
    """Return when the data behind each answer row last changed.

    Parameters
    ----------
    public_only : bool
        Look at public rows alone: when an internal layer changed is internal too.
    """
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


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
