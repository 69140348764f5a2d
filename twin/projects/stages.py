"""Stages 立项—设计—招标—施工—验收—运营 of a project: entering one ends the one before."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from twin.projects.models import Stage


def enter_stage(session: Session, project_id: int, stage: str, day: date, left: str | None = None) -> None:
    """Record that a project has entered a stage on a day, and is done with the one it left.

    Parameters
    ----------
    left : str, optional
        The stage it was in; a stage that was waived stays so.
    """
    if left is not None:
        ended = _record(session, project_id, left)
        if ended.state != "waived":
            ended.state = "done"
            ended.finished_on = ended.finished_on or day
    begun = _record(session, project_id, stage)
    begun.state = "in_progress"
    begun.started_on = begun.started_on or day
    session.flush()


def _record(session: Session, project_id: int, stage: str) -> Stage:
    found = session.scalar(select(Stage).where(Stage.project_id == project_id, Stage.stage == stage))
    if found is None:
        found = Stage(project_id=project_id, stage=stage, state="not_started")
        session.add(found)
    return found
