"""Take in an uploaded model: object, revision, job and audit row in one transaction."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from twin.elements.models import BimModel, BimRevision
from twin.elements.revisions import NewModel, add_revision, find_same_bytes, lock_models, record_object
from twin.identity.audit import record_audit
from twin.identity.caller import Caller
from twin.jobs.queue import enqueue
from twin.objects import Stored
from twin.projects.models import Project

KIND = "ingest_model"


@dataclass(frozen=True)
class Submitted:
    """What an upload led to; `is_new` is False when the project has these bytes already, in whatever model."""

    model_id: int
    model_name: str
    revision: int
    state: str
    job_id: str | None
    is_new: bool


def submit_model(
    session: Session, caller: Caller, project: Project, new: NewModel, stored: Stored
) -> Submitted:
    """Add the revision of an upload and the job that will publish it.

    The same bytes in the project lead to the revision that is there; one that failed is tried again.
    """
    lock_models(session, project.id)
    existing = find_same_bytes(session, project.id, stored.sha256, new.name)
    if existing is not None:
        return _submitted(session, existing, is_new=False)
    record_object(session, stored)
    revision = add_revision(session, project.id, new, stored.sha256)
    revision.job_id = enqueue(session, KIND, {"revision_id": revision.id}, project.id, caller.login)
    record_audit(
        session,
        caller,
        "model.upload",
        f"project {project.code}",
        after={
            "model": new.name,
            "revision": revision.number,
            "file_name": new.file_name,
            "sha256": stored.sha256,
            "size_bytes": stored.size_bytes,
            "job_id": revision.job_id,
        },
    )
    session.flush()
    return _submitted(session, revision, is_new=True)


def _submitted(session: Session, revision: BimRevision, is_new: bool) -> Submitted:
    name = session.get_one(BimModel, revision.model_id).name
    return Submitted(revision.model_id, name, revision.number, revision.state, revision.job_id, is_new)
