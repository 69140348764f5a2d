"""Every SELECT of the land room."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from gis.statement import Statement
from twin.land.models import ControlArea, LandParcel
from twin.projects.models import Footprint

_SUBJECT = text(
    "SELECT ST_AsEWKB(geom_survey) FROM project_footprint WHERE project_id = :id AND valid_to IS NULL"
)


def find_surveyed_footprint(session: Session, project_id: int) -> bytes | None:
    """Return a project's current red line as surveyed, EWKB with its SRID; None where it has none."""
    found = session.scalar(_SUBJECT, {"id": project_id})
    return None if found is None else bytes(found)


def run_statement(session: Session, statement: Statement) -> str:
    """Run a statement that answers with one row of one text."""
    return str(session.connection().exec_driver_sql(statement.sql, dict(statement.params)).scalar_one())


def list_data_versions(session: Session, rows: Sequence[str]) -> dict[str, str | None]:
    """Return when the data behind each answer row last changed."""
    return {row: _iso(_changed(session, row)) for row in rows}


def _changed(session: Session, row: str) -> datetime | None:
    if row == "land_parcels":
        return session.scalar(select(func.max(LandParcel.updated_at)))
    if row == "projects":
        return session.scalar(select(func.max(Footprint.updated_at)))
    return session.scalar(select(func.max(ControlArea.updated_at)).where(ControlArea.layer == row))


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
