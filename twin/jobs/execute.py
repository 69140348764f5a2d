"""Run one job as one attempt, and see to it that every way of ending is written down."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import psycopg
import structlog
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError

from twin.db import open_session
from twin.elements.revisions import give_up_revision
from twin.jobs.attempt import Attempt, AttemptLostError, beat, claim, close_run, give_back
from twin.jobs.models import JobRun
from twin.jobs.verdicts import Report, Verdict
from twin.jobs.workroom import Workroom

Handler = Callable[[Attempt], Awaitable[Report | None]]

DATABASE_LOST = (psycopg.OperationalError, psycopg.InterfaceError, OperationalError, InterfaceError)

STOP_AGAIN_S = 5.0

log = structlog.get_logger("twin.jobs")


class CrashedError(Exception):
    """What a job started was killed or died; the job is tried again until the cap of crashes.

    Parameters
    ----------
    verdict : Verdict
        What to write if there is no further attempt.
    """

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.message)
        self.verdict = verdict


async def run_job(room: Workroom, kinds: Mapping[str, Handler], job_id: str) -> None:
    """Run a job if it is still waiting; otherwise do nothing.

    A handler publishes its success itself (`Attempt.publication`) and returns None, or returns a report
    of a failure, which is written here. A handler that raises counts as a crash; after
    `JobSettings.crash_cap` of them the job is quarantined 隔离 and the queue flows on. An attempt that
    lost its job leaves no trace. One that is stopped from outside gives its job back uncounted.
    """
    attempt = await asyncio.to_thread(claim, room, job_id)
    if attempt is None:
        return
    told = log.bind(job_id=job_id, kind=attempt.kind, attempt=attempt.number)
    told.info("job started")
    try:
        report = await _work(attempt, kinds[attempt.kind])
        if report is not None:
            await asyncio.to_thread(_fail, attempt, report)
        told.info("job ended", state=report.state if report else "succeeded")
    except asyncio.CancelledError:
        told.info("job given back: this worker stops")
        await asyncio.shield(asyncio.to_thread(_give_back, attempt))
        raise
    except AttemptLostError:
        told.warning("job lost to a cancellation or another attempt; work discarded")
    except DATABASE_LOST as error:
        told.error("database lost; the sweeper will queue the job again", error=str(error))
    except CrashedError as error:
        told.error("job crashed", verdict=error.verdict.message)
        await asyncio.to_thread(_count_crash, attempt, error.verdict)
    except Exception as error:  # noqa: BLE001  every upload ends in a verdict, also through our own mistakes
        told.exception("job failed inside")
        await asyncio.to_thread(_count_crash, attempt, _internal(error))


async def _work(attempt: Attempt, handler: Handler) -> Report | None:
    """Run the handler beside its heartbeat; a heartbeat that ends in an error ends the handler."""
    work = asyncio.ensure_future(handler(attempt))
    pulse = asyncio.ensure_future(beat(attempt))
    try:
        await asyncio.wait((work, pulse), return_when=asyncio.FIRST_COMPLETED)
        if pulse.done() and pulse.exception() is not None:
            await _stop(work)
            raise pulse.exception() or AssertionError
        return await work
    finally:
        await _stop(work)
        await _stop(pulse)


async def _stop(task: "asyncio.Future[Report | None] | asyncio.Future[None]") -> None:
    """Cancel until the task has ended: what it waits for may end at that very moment and swallow a cancellation."""
    cancelled: asyncio.CancelledError | None = None
    patience_until = 0.0
    while not task.done():
        now = time.monotonic()
        if now >= patience_until:
            task.cancel()
            patience_until = now + STOP_AGAIN_S
        try:
            await asyncio.wait({task}, timeout=patience_until - now)
        except asyncio.CancelledError as error:  # ours: it comes after
            cancelled = error
    if not task.cancelled():
        task.exception()
    if cancelled is not None:
        raise cancelled


def _fail(attempt: Attempt, report: Report) -> None:
    with open_session(attempt.room.engine, actor=attempt.actor) as session:
        close_run(session, attempt, report)
        give_up_revision(session, attempt.job_id)


def _give_back(attempt: Attempt) -> None:
    with open_session(attempt.room.engine) as session:
        give_back(session, attempt, crashed=False)


def _count_crash(attempt: Attempt, verdict: Verdict) -> None:
    """Queue the job again, or quarantine it when this crash is one too many."""
    with open_session(attempt.room.engine, actor=attempt.actor) as session:
        statement = text("SELECT crashes FROM job_run WHERE job_id = :job_id AND token = :token FOR UPDATE")
        crashes = session.scalar(statement, attempt.key)
        if crashes is None:
            return
        if crashes + 1 < attempt.room.settings.crash_cap:
            give_back(session, attempt, crashed=True)
            return
        run = session.get(JobRun, attempt.job_id)
        if run is not None:
            run.crashes = crashes + 1
            session.flush()
        close_run(session, attempt, Report("quarantined", verdict))
        give_up_revision(session, attempt.job_id)


def _internal(error: Exception) -> Verdict:
    kind = type(error).__name__
    return Verdict(
        "crashed",
        f"The service failed inside ({kind}); the file is kept. Please report this with the job's id.",
        f"服务内部出错（{kind}）；文件已保留。请附任务编号报告此问题。",
        {"error": f"{kind}: {error}"[:2000]},
    )
