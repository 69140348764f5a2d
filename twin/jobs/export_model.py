"""Write our results into a copy of a model's file 模型导出, in a process of its own, and keep it in the object store."""

import asyncio
import signal
from pathlib import Path
from typing import Final

from sqlalchemy import delete
from sqlalchemy.orm import Session

from bim.export_order import RESULT_FILE, ExportOrder, write_order
from bim.results import Progress
from bim.runner import run_process
from twin.db import open_session
from twin.elements.models import BimModel, BimRevision, ModelExport
from twin.elements.revisions import record_object
from twin.jobs.attempt import Attempt, progress
from twin.jobs.execute import CrashedError
from twin.jobs.ingest_model import conversion_limits
from twin.jobs.keeping import keeping
from twin.jobs.spool import open_spool
from twin.jobs.verdicts import Report, Verdict
from twin.objects import Stored
from twin.progress.export import ExportPlan, iter_export_notes, list_export_tasks, place_of, plan_export

KIND: Final = "export_model"
PHASES: Final[dict[str, float]] = {"preflight": 10.0, "open": 25.0, "write": 50.0, "done": 85.0}


async def export_model(attempt: Attempt) -> Report | None:
    """Write the export named in the payload, or report why not.

    Raises
    ------
    CrashedError
        The process was killed from outside: worth another attempt.
    AttemptLostError
        Another attempt owns the job; nothing was published.
    """
    with open_spool(attempt) as spool:
        progress(attempt, 1.0, "fetch")
        order = await asyncio.to_thread(_prepare, attempt, spool)

        async def tell(told: Progress) -> None:
            progress(attempt, PHASES.get(told.phase, 1.0), told.phase)

        outcome = await run_process("export", order.spool, order.limits.process, tell, attempt.room.template)
        found = outcome.verdict
        verdict = Verdict(found.code, found.message_en, found.message_zh, dict(found.detail))
        if found.state != "succeeded":
            if outcome.returncode == -signal.SIGKILL and found.code != "time_out":
                raise CrashedError(verdict)
            return Report("failed", verdict)
        progress(attempt, 90.0, "publish")
        await asyncio.to_thread(_publish, attempt, order.spool, Report("succeeded", verdict))
    return None


def _prepare(attempt: Attempt, spool: Path) -> ExportOrder:
    folder = spool / "export"
    with open_session(attempt.room.engine) as session:
        plan = _plan(session, attempt)
        revision = session.get_one(BimRevision, plan.revision_id)
        order = ExportOrder(
            source=spool / "source.bin",
            spool=folder,
            salt=f"{revision.sha256}:{revision.id}",
            as_of=plan.as_of.isoformat(),
            tasks=list_export_tasks(session, plan),
            place=place_of(revision) if plan.georeference else None,
            schedule_name=session.get_one(BimModel, revision.model_id).name,
            limits=conversion_limits(attempt.room.settings),
        )
        write_order(order, iter_export_notes(session, plan.revision_id))
    attempt.room.store.fetch(plan.sha256, order.source)
    return order


def _plan(session: Session, attempt: Attempt) -> ExportPlan:
    export = session.get_one(ModelExport, attempt.payload["export_id"])
    project_id = attempt.project_id or 0
    return plan_export(session, export.revision_id, project_id, georeference=export.georeference)


def _publish(attempt: Attempt, spool: Path, report: Report) -> None:
    """Keep the file; what was exported of the revision before in the same way is given up."""
    with keeping(attempt.room.engine, attempt.room.store) as add:
        _publish_file(attempt, report, add(spool / RESULT_FILE))


def _publish_file(attempt: Attempt, report: Report, stored: Stored) -> None:
    with attempt.publication(report) as session:
        record_object(session, stored)
        export = session.get_one(ModelExport, attempt.payload["export_id"])
        export.sha256, export.size_bytes = stored.sha256, stored.size_bytes
        session.flush()
        session.execute(
            delete(ModelExport).where(
                ModelExport.revision_id == export.revision_id,
                ModelExport.georeference == export.georeference,
                ModelExport.sha256.is_not(None),
                ModelExport.id < export.id,
            )
        )
