"""Run a check of a model 模型检查 in a process of its own, beside the conversion, and publish its result."""

import asyncio
import signal
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from bim.checks.runner import Ended, OnProgress, run_check
from bim.checks.values import ROWS_FILE, CheckOrder, Kind, Summary, read_summary
from bim.limits import ConversionLimits, FileLimits, ProcessLimits
from bim.results import Progress
from twin.checks.models import ModelCheck
from twin.checks.runs import check_context, publish_check, stage_results
from twin.db import open_session
from twin.elements.models import BimRevision
from twin.jobs.attempt import Attempt, progress
from twin.jobs.execute import CrashedError
from twin.jobs.keeping import keeping
from twin.jobs.spool import open_spool
from twin.jobs.verdicts import Report, Verdict
from twin.objects import Stored
from twin.settings import JobSettings

KIND: Final = "check_model"
# Phase of the check → where it begins and how much of the whole it is, percent.
PHASES: Final[dict[str, tuple[float, float]]] = {
    "preflight": (2.0, 5.0),
    "open": (10.0, 5.0),
    "geometry": (15.0, 55.0),
    "schema": (15.0, 75.0),
    "ids": (15.0, 65.0),
    "clash": (70.0, 20.0),
    "report": (85.0, 5.0),
}
PUBLISHING_PERCENT: Final = 92.0


async def check_model(attempt: Attempt) -> Report | None:
    """Run the check named in the payload and publish its result, or report why there is none.

    Raises
    ------
    CrashedError
        The check was killed from outside: worth another attempt. A fault of the model's own making is not: the
        same file would do it again.
    AttemptLostError
        Another attempt owns the job; nothing was published.
    """
    with open_spool(attempt) as spool:
        progress(attempt, 1.0, "fetch")
        order = await asyncio.to_thread(_prepare, attempt, spool)
        ended = await run_check(order, _teller(attempt))
        found = ended.verdict
        verdict = Verdict(found.code, found.message_en, found.message_zh, dict(found.detail))
        if found.state != "succeeded":
            if _was_killed(ended):
                raise CrashedError(verdict)
            return Report("failed", verdict)
        progress(attempt, PUBLISHING_PERCENT, "publish")
        await asyncio.to_thread(_publish, attempt, order.spool, Report("succeeded", verdict, found.counts))
    return None


def check_limits(settings: JobSettings) -> ConversionLimits:
    """Return the limits of a check's process from the settings of jobs."""
    return ConversionLimits(
        file=FileLimits(memory_mb=settings.check_memory_mb),
        process=ProcessLimits(
            wall_s=settings.check_wall_s,
            cpu_s=settings.check_cpu_s,
            address_mb=settings.check_memory_mb,
            output_mb=settings.convert_file_mb,
        ),
    )


def phase_percent(told: Progress) -> float:
    """Map a check's progress to 0–100 of the job.

    Examples
    --------
    >>> phase_percent(Progress("geometry", 1, 2))
    42.5
    """
    start, share = PHASES.get(told.phase, (0.0, 0.0))
    return start + share * min(1.0, told.done / max(told.total, 1))


def _was_killed(ended: Ended) -> bool:
    return ended.returncode == -signal.SIGKILL and ended.verdict.code != "time_out"


def _prepare(attempt: Attempt, spool: Path) -> CheckOrder:
    store = attempt.room.store
    with open_session(attempt.room.engine) as session:
        check = _check(session, attempt)
        order = CheckOrder(
            kind=_kind(check.kind),
            spool=spool / "check",
            options=check.options,
            context=check_context(session, check),
            limits=check_limits(attempt.room.settings),
        )
        source = session.get_one(BimRevision, check.revision_id).sha256
        other = None
        if check.against_revision_id is not None:
            other = session.get_one(BimRevision, check.against_revision_id).sha256
        ids = check.ids_sha256
    paths: dict[str, Path | None] = {"source": None, "other": None, "ids": None}
    for name, sha256 in (("source", source), ("other", other), ("ids", ids)):
        if sha256 is not None:
            paths[name] = spool / f"{name}.bin"
            store.fetch(sha256, spool / f"{name}.bin")
    return replace(order, source=paths["source"], other=paths["other"], ids=paths["ids"])


def _teller(attempt: Attempt) -> OnProgress:
    async def tell(told: Progress) -> None:
        progress(attempt, phase_percent(told), told.phase)

    return tell


def _publish(attempt: Attempt, spool: Path, report: Report) -> None:
    """Keep the reports, then publish; without a publication they go again."""
    summary = read_summary(spool)
    with keeping(attempt.room.engine, attempt.room.store) as add:
        stored = {name: add(spool / file) for name, file in summary.reports.items()}
        _publish_results(attempt, spool, report, summary, stored)


def _publish_results(
    attempt: Attempt, spool: Path, report: Report, summary: Summary, stored: dict[str, Stored]
) -> None:
    """Write the rows and the end of the job in one guarded transaction."""
    with attempt.publication(report, lambda session: stage_results(session, spool / ROWS_FILE)) as session:
        check = _check(session, attempt)
        publish_check(session, check, summary, stored)
        report.verdict.detail.update(
            model_id=check.model_id, check=check.number, outcome=summary.outcome, truncated=summary.truncated
        )


def _check(session: Session, attempt: Attempt) -> ModelCheck:
    return session.get_one(ModelCheck, attempt.payload["check_id"])


def _kind(kind: str) -> Kind:
    kinds: dict[str, Kind] = {"schema": "schema", "ids": "ids", "clash": "clash"}
    return kinds[kind]
