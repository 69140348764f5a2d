"""Settings that belong to the data: the reporting date 统计基准日."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from twin.identity.models import AgencySetting

AGENCY_ZONE = ZoneInfo("Asia/Shanghai")
REPORTING_DATE = "reporting_date"


def assign_setting(session: Session, key: str, value: Any, actor: str | None = None) -> None:
    """Set one agency setting."""
    row = {"key": key, "value": value, "updated_by": actor, "updated_at": func.now()}
    statement = insert(AgencySetting).values(**row)
    session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=row))


def get_reporting_date(session: Session) -> date:
    """Return the day by which plans are judged.

    It is today in Asia/Shanghai unless the agency pinned it: the sample set pins 2025-10-31, so that its
    lights mean the same on every day it is looked at.
    """
    pinned = session.get(AgencySetting, REPORTING_DATE)
    if pinned is not None and pinned.value:
        return date.fromisoformat(pinned.value)
    return datetime.now(AGENCY_ZONE).date()
