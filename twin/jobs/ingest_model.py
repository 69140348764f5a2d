"""Take a model in 模型入库: convert the stored file in a process of its own, publish its elements, judge the project."""

import asyncio
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from psycopg2.errors import QueryCanceled
from sqlalchemy.orm import Session

from bim.job import ConversionJob
from bim.limits import ConversionLimits, FileLimits, ProcessLimits
from bim.results import ELEMENTS_FILE, PREVIEW_FILE, Progress, read_model, read_preview_summary
from bim.results import Verdict as Converted
from bim.runner import Outcome, run_conversion
from twin.alerts.evaluate import evaluate_project
from twin.db import open_session
from twin.elements.follow import find_correction
from twin.elements.growing import GrowingRows
from twin.elements.models import BimModel, BimRevision
from twin.elements.nearness import find_project_place
from twin.elements.preview import add_preview, show_preview
from twin.elements.publish import publish_revision, stage_elements
from twin.elements.scene import KeptScene, keep_scene, publish_scene
from twin.jobs.attempt import Attempt, progress
from twin.jobs.execute import CrashedError
from twin.jobs.keeping import keeping
from twin.jobs.pack_scene import submit_packing
from twin.jobs.spool import open_spool
from twin.jobs.submit_check import submit_automatic_checks
from twin.jobs.verdicts import Report, Verdict
from twin.progress.record import record_project_state
from twin.settings import JobSettings

# Phase of the converter → where it begins and how much of the whole it is, percent.
PHASES: Final[dict[str, tuple[float, float]]] = {
    "preflight": (2.0, 6.0),
    "open": (8.0, 4.0),
    "attributes": (12.0, 13.0),
    "geometry": (25.0, 55.0),
    "georeference": (80.0, 2.0),
    "placing": (82.0, 5.0),
    "scene": (87.0, 3.0),
    "done": (90.0, 0.0),
}
MAX_PROCESSES: Final = 4  # more are asked for by setting; each holds a part of the model of its own
PUBLISHING_PERCENT: Final = 92.0


async def ingest_model(attempt: Attempt) -> Report | None:
    """Convert the revision named in the payload and publish it, or report why not.

    Whatever happens, the spool of the attempt is removed; a failure leaves its report and nothing else.

    Raises
    ------
    CrashedError
        The converter died of a fault or was killed: worth another attempt.
    AttemptLostError
        Another attempt owns the job; nothing was published.
    """
    with open_spool(attempt) as spool:
        progress(attempt, 1.0, "fetch")
        order = await asyncio.to_thread(_prepare, attempt, spool)
        outcome = await _convert(attempt, order)
        verdict = _verdict(outcome.verdict)
        if outcome.verdict.state != "succeeded":
            if is_worth_another_attempt(outcome):
                raise CrashedError(verdict)
            return Report("failed", verdict, outcome.verdict.counts or None)
        progress(attempt, PUBLISHING_PERCENT, "publish")
        report = Report("succeeded", verdict, outcome.verdict.counts)
        await asyncio.to_thread(_publish, attempt, spool, report)
    return None


def is_worth_another_attempt(outcome: Outcome) -> bool:
    """Tell whether the converter was ended from outside or by a fault, not by one of its limits.

    A kill may also be the system's answer to a lack of memory; three of them end the tries.
    """
    verdict = outcome.verdict
    return verdict.code == "crashed" or (
        outcome.returncode == -signal.SIGKILL and verdict.code == "out_of_memory"
    )


def phase_percent(told: Progress) -> float:
    """Map a converter's progress to 0–100 of the job; later phases always lie higher.

    Examples
    --------
    >>> phase_percent(Progress("geometry", 50, 100))
    52.5
    """
    start, share = PHASES.get(told.phase, (0.0, 0.0))
    return start + share * min(1.0, told.done / max(told.total, 1))


def conversion_limits(settings: JobSettings) -> ConversionLimits:
    """Return the converter's limits from the settings of jobs."""
    return ConversionLimits(
        file=FileLimits(memory_mb=settings.convert_memory_mb),
        process=ProcessLimits(
            wall_s=settings.convert_wall_s,
            cpu_s=settings.convert_cpu_s,
            address_mb=settings.convert_memory_mb,
            output_mb=settings.convert_file_mb,
        ),
    )


async def _convert(attempt: Attempt, order: ConversionJob) -> Outcome:
    """Convert, and store what is known before geometry while it is written."""
    rows = GrowingRows(order.spool / PREVIEW_FILE)
    staging: list[asyncio.Future[None]] = []
    # A thread of its own: it waits for the converter, and the shared ones must not wait for such.
    executor = ThreadPoolExecutor(1, "preview")

    async def tell(told: Progress) -> None:
        progress(attempt, phase_percent(told), told.phase)
        if told.phase == "attributes" and not staging:
            staging.append(
                asyncio.get_running_loop().run_in_executor(
                    executor, _stage_preview, attempt, order.spool, rows
                )
            )
        elif told.phase == "geometry":
            rows.finish()

    try:
        outcome = await run_conversion(order, tell, attempt.room.template)
        rows.give_up()
        await asyncio.gather(*staging)
    except BaseException:
        # The preview goes with the job; a thread that still writes finds its token gone.
        rows.give_up()
        await asyncio.gather(*staging, return_exceptions=True)
        raise
    finally:
        executor.shutdown(wait=False)
    return outcome


def _stage_preview(attempt: Attempt, spool: Path, rows: GrowingRows) -> None:
    """Bring the rows in as they are written; a conversion that ends before they are whole leaves no preview."""
    revision_id = attempt.payload["revision_id"]
    numbers: list[int] = []
    try:
        with attempt.guarded(
            lambda session: numbers.append(add_preview(session, revision_id, rows))
        ) as session:
            show_preview(session, revision_id, numbers[0], read_preview_summary(spool))
    except (EOFError, FileNotFoundError, QueryCanceled):
        if not rows.given_up:
            raise


def _prepare(attempt: Attempt, spool: Path) -> ConversionJob:
    with open_session(attempt.room.engine) as session:
        revision = _revision(session, attempt)
        sha256 = revision.sha256
        place = find_project_place(session, attempt.project_id)
        correction = find_correction(session, revision.model_id)
    source = spool / "source.ifc"
    attempt.room.store.fetch(sha256, source)
    settings = attempt.room.settings
    return ConversionJob(
        source=source,
        spool=spool,
        project=place,
        correction=correction,
        processes=settings.convert_processes or min(len(os.sched_getaffinity(0)), MAX_PROCESSES),
        limits=conversion_limits(settings),
    )


def _revision(session: Session, attempt: Attempt) -> BimRevision:
    return session.get_one(BimRevision, attempt.payload["revision_id"])


def _publish(attempt: Attempt, spool: Path, report: Report) -> None:
    """Keep the tiles, then publish; without a publication they go again."""
    room = attempt.room
    with keeping(room.engine, room.store) as add:
        _publish_elements(attempt, spool, report, keep_scene(room.store, spool, add))


def _publish_elements(attempt: Attempt, spool: Path, report: Report, scene: KeptScene) -> None:
    """Publish elements, roll the project up, judge its light and end the job, in one guarded transaction."""
    model = read_model(spool)
    with attempt.publication(
        report, lambda session: stage_elements(session, spool / ELEMENTS_FILE)
    ) as session:
        revision = _revision(session, attempt)
        project_id = session.get_one(BimModel, revision.model_id).project_id
        hold_percent = attempt.room.settings.hold_failed_percent
        published = publish_revision(session, revision, model, hold_percent)
        publish_scene(session, revision.id, scene)
        state = record_project_state(session, project_id)
        evaluate_project(session, project_id, state)
        _ask_for_checks(session, attempt, revision)
        if attempt.room.settings.pack_scenes and scene.scene.tiles:
            submit_packing(session, project_id, revision.id)
        report.verdict.detail.update(
            elements=published.elements,
            on_map=published.on_map,
            linked_to_milestones=published.linked,
            failed_percent=published.failed_percent,
            held=published.held,
            revision=revision.number,
            model_id=revision.model_id,
        )
        if published.asked:
            report.verdict.detail["warnings"] = [
                *report.verdict.detail.get("warnings", []),
                *published.asked,
            ]


def _ask_for_checks(session: Session, attempt: Attempt, revision: BimRevision) -> None:
    """Queue the checks that follow a publication; a revision that is held back is checked when somebody asks."""
    model = session.get_one(BimModel, revision.model_id)
    if model.current_revision_id == revision.id:
        kinds = attempt.room.settings.check_after_publish
        submit_automatic_checks(session, attempt.room.store, kinds, model.id, revision.id)


def _verdict(found: Converted) -> Verdict:
    return Verdict(found.code, found.message_en, found.message_zh, dict(found.detail))
