"""The queue engine 队列引擎: the only file that knows procrastinate.

The engine carries a job's number from whoever enqueues to some worker, and no more: what a job is, who
holds it and how it ended stands in `job_run`. A number delivered twice does no harm, because only a
queued job can be claimed.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from functools import cache

import psycopg
import psycopg_pool
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.sqlalchemy import SQLAlchemyPsycopg2Connector
from procrastinate.exceptions import ConnectorException
from sqlalchemy import text
from sqlalchemy.orm import Session

from twin.db import for_psycopg
from twin.errors import UnavailableError
from twin.settings import JobSettings

TASK = "run_job"
QUEUE = "twin"
STOP_AFTER_S = 3.0  # a running job has this long after a stop request before it is given back
POLL_S = 2.0
LOST_AFTER_S = 3.0  # no connection for so long: the database is gone

RunJob = Callable[[str], Awaitable[None]]

# Rows of workers that died after their job was settled, and of jobs that were settled elsewhere.
_SWEEP = text("""
DELETE FROM procrastinate_jobs j
WHERE j.task_name = :task
  AND NOT EXISTS (SELECT FROM job_run r WHERE r.engine_job_id = j.id AND r.state IN ('queued','running'))
  AND (j.status = 'todo' OR NOT EXISTS (SELECT FROM procrastinate_workers w
    WHERE w.id = j.worker_id AND w.last_heartbeat > now() - make_interval(secs => :stale_s)))
""")
_ALIVE = text("""
SELECT EXISTS (SELECT FROM procrastinate_workers
  WHERE last_heartbeat > now() - make_interval(secs => :stale_s))
""")


@cache
def _sender() -> App:
    """Return the app that only enqueues; it borrows the caller's connection and opens none."""
    app = App(connector=SQLAlchemyPsycopg2Connector())
    app.task(name=TASK, queue=QUEUE)(_never_run_here)
    return app


def _never_run_here(job_id: str) -> None:
    raise NotImplementedError(f"job {job_id} was sent to an app that runs no jobs")


def deliver(session: Session, job_id: str) -> int:
    """Hand a job's number to the workers in the session's own transaction; return the engine's number."""
    deferred = _sender().configure_task(TASK, connection=session.connection()).defer(job_id=job_id)
    return int(deferred)


def withdraw(session: Session, engine_job_id: int | None) -> None:
    """Take a number back, whether a worker has it or not; a worker that has it finds its job taken."""
    if engine_job_id is not None:
        session.execute(text("DELETE FROM procrastinate_jobs WHERE id = :id"), {"id": engine_job_id})


def sweep_engine(session: Session, stale_s: float) -> None:
    """Remove the engine's rows that no living worker and no open job needs."""
    session.execute(_SWEEP, {"task": TASK, "stale_s": stale_s})


def has_worker(session: Session, settings: JobSettings) -> bool:
    """Tell whether some worker process gave a sign of life lately."""
    return bool(session.scalar(_ALIVE, {"stale_s": 2 * settings.stale_after_s}))


async def serve_queue(url: str, settings: JobSettings, run: RunJob, stop: asyncio.Event) -> None:
    """Run jobs until told to stop; running ones then have `STOP_AFTER_S` before they are cancelled.

    Raises
    ------
    UnavailableError
        The database went away.
    """
    # the engine's own lines are noise: what happened to a job is written by the attempt
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
    try:
        async with _receiver(url, settings, run).open_async() as app:
            # Only the worker is cancelled, never the opening of the pool, whose tasks do not bear it.
            worker = asyncio.create_task(_run_worker(app, settings))
            asked = asyncio.create_task(stop.wait())
            await asyncio.wait((worker, asked), return_when=asyncio.FIRST_COMPLETED)
            for task in (worker, asked):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await worker
    except (ConnectorException, psycopg.Error, psycopg_pool.PoolTimeout) as error:
        raise _gone() from error
    if not stop.is_set():
        raise _gone()


async def _run_worker(app: App, settings: JobSettings) -> None:
    await app.run_worker_async(
        queues=[QUEUE],
        concurrency=settings.concurrency,
        update_heartbeat_interval=settings.heartbeat_s,
        stalled_worker_timeout=settings.stale_after_s * 2,
        fetch_job_polling_interval=POLL_S,
        abort_job_polling_interval=3600.0,  # jobs are cancelled by their token, not by the engine
        shutdown_graceful_timeout=STOP_AFTER_S,
        delete_jobs="always",
        install_signal_handlers=False,
    )


def _receiver(url: str, settings: JobSettings, run: RunJob) -> App:
    connector = PsycopgConnector(
        conninfo=for_psycopg(url),
        max_size=settings.concurrency + 3,
        timeout=LOST_AFTER_S,
        kwargs={"connect_timeout": 5},
    )
    app = App(connector=connector)
    app.task(name=TASK, queue=QUEUE)(run)
    return app


def _gone() -> UnavailableError:
    return UnavailableError(
        "The job queue lost its database; a new worker must be started.",
        "任务队列失去数据库连接；需要启动新的工作进程。",
    )
