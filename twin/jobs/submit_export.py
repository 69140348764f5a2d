"""Ask for a model's file with our results in it: one job for one state, whoever asks how often."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from twin.elements.models import ModelExport
from twin.identity.audit import record_audit
from twin.identity.caller import Caller
from twin.jobs.queue import enqueue, status
from twin.objects import ObjectStore
from twin.progress.export import ExportPlan

KIND: Final = "export_model"


@dataclass(frozen=True)
class Asked:
    """An export that is there (`sha256`), or the job that makes it."""

    export_id: int
    job_id: str | None
    sha256: str | None
    size_bytes: int | None


def submit_export(session: Session, store: ObjectStore, caller: Caller, plan: ExportPlan) -> Asked:
    """Return the export of this very state, or the job that is making it; add the job where there is none.

    One that was cancelled, or whose object is gone, is made again. One that failed stays so until something changes.
    """
    values = {"revision_id": plan.revision_id, "state_key": plan.state_key, "georeference": plan.georeference}
    session.execute(insert(ModelExport).values(values).on_conflict_do_nothing())
    export = session.scalars(
        select(ModelExport)
        .where(ModelExport.revision_id == plan.revision_id, ModelExport.state_key == plan.state_key)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if export.sha256 is not None and store.has(export.sha256):
        return Asked(export.id, export.job_id, export.sha256, export.size_bytes)
    if (
        export.job_id is None
        or export.sha256 is not None
        or status(session, export.job_id).state == "cancelled"
    ):
        export.sha256 = None
        export.job_id = enqueue(session, KIND, {"export_id": export.id}, plan.project_id, caller.login)
        after = {"revision_id": plan.revision_id, "georeference": plan.georeference, "job_id": export.job_id}
        record_audit(session, caller, "model.export", f"model {plan.model_id}", after=after)
        session.flush()
    return Asked(export.id, export.job_id, None, None)
