"""Bring the sample district in: tables, models, element progress. Each step may be run again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.middleware import MEGABYTE
from twin.alerts.evaluate import evaluate_project
from twin.db import open_session
from twin.elements.models import BimModel, ElementIdentity
from twin.elements.progress_rows import check_rows
from twin.elements.progress_table import read_cells
from twin.elements.record import record_element_progress
from twin.elements.revisions import NewModel
from twin.identity.caller import SYSTEM
from twin.jobs import JobStatus
from twin.jobs.follow import follow_job
from twin.jobs.kinds import KINDS
from twin.jobs.submit_model import Submitted, submit_model
from twin.jobs.workroom import Workroom
from twin.progress.record import record_project_state
from twin.projects.queries import get_project
from twin.samples.files import SampleFolder

Tell = Callable[[str, float], None]  # what is being done, percent


@dataclass(frozen=True)
class SampleModel:
    """One model of the sample set, as `models.json` names it."""

    file: str
    project: str
    name: str
    discipline: str
    public_visible: bool
    progress_file: str
    as_of: date


def list_sample_models(folder: SampleFolder) -> list[SampleModel]:
    """List the models of the sample set."""
    return [
        SampleModel(
            file=row["file"],
            project=row["project"],
            name=row["name"],
            discipline=row["discipline"],
            public_visible=row["public_visible"],
            progress_file=row["progress_file"],
            as_of=date.fromisoformat(row["as_of"]),
        )
        for row in folder.rows("models.json")
    ]


def ingest_sample_model(
    room: Workroom, folder: SampleFolder, model: SampleModel, tell: Tell
) -> JobStatus | None:
    """Take one model in and record what its site has reported; None when it was there already."""
    submitted = _submit(room, folder.path / model.file, model)
    ended = None
    if submitted.job_id is not None:
        ended = asyncio.run(
            follow_job(room, KINDS, submitted.job_id, lambda job: tell(model.name, job.progress))
        )
    with open_session(room.engine, actor="samples") as session:
        _record_progress(
            session, submitted.model_id, (folder.path / model.progress_file).read_bytes(), model.as_of
        )
    return ended


def _submit(room: Workroom, file: Path, model: SampleModel) -> Submitted:
    stored = room.store.add_file(file, 1024 * MEGABYTE)
    new = NewModel(model.name, file.name, model.discipline, model.public_visible)
    with open_session(room.engine, actor="samples") as session:
        return submit_model(session, SYSTEM, get_project(session, SYSTEM, model.project), new, stored)


def _record_progress(session: Session, model_id: int, table: bytes, as_of: date) -> None:
    """Record the element table once: what people report afterwards is not overwritten by a restart."""
    model = session.get_one(BimModel, model_id)
    reported = select(ElementIdentity.id).where(
        ElementIdentity.model_id == model_id, ElementIdentity.status != "not_started"
    )
    if model.current_revision_id is None or session.scalar(reported.limit(1)) is not None:
        return
    rows, _ = check_rows(read_cells(table).rows, as_of)
    record_element_progress(session, model.current_revision_id, rows, as_of, "samples", "table")
    state = record_project_state(session, model.project_id)
    evaluate_project(session, model.project_id, state)
