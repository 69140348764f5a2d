"""One attempt at one job: its claim, its heartbeat 心跳, and the token without which it publishes nothing.

An attempt that was paused or cut off and comes back (a zombie 僵尸) finds its token replaced: its next
heartbeat tells it to stop, and its publication, should it come first, matches no row and rolls back.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import func, text, update
from sqlalchemy.orm import Session

from twin.db import for_psycopg, open_session
from twin.errors import TwinError
from twin.jobs.engine import deliver
from twin.jobs.models import JobRun
from twin.jobs.verdicts import Report
from twin.jobs.workroom import Workroom

REPORT_EVERY_S = 0.25  # progress is written at most this often
CANCEL_SEEN_S = 1.0  # a beat at least this often: it is how an attempt learns that its job was cancelled

_CLAIM = text("""
UPDATE job_run SET state = 'running', attempt = attempt + 1, token = gen_random_uuid(),
  phase = 'starting', started_at = coalesce(started_at, clock_timestamp()), heartbeat_at = clock_timestamp()
WHERE job_id = :job_id AND state = 'queued'
RETURNING job_id::text, kind, payload, project_id, token::text, attempt, created_by
""")
_BEAT = """
UPDATE job_run SET heartbeat_at = clock_timestamp(), progress = greatest(progress, %(percent)s), phase = %(phase)s
WHERE job_id = %(job_id)s AND token = %(token)s
RETURNING state
"""
# Documents of elements are packed as they are stored; lz4 takes a fifth of the time of PostgreSQL's own way.
_QUICK_COMPRESSION = text("""
SELECT set_config(name, 'lz4', true) FROM pg_settings
WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)
""")
_REQUEUE = text("""
UPDATE job_run SET state = 'queued', token = NULL, crashes = crashes + :crashed, phase = NULL,
  heartbeat_at = clock_timestamp()
WHERE job_id = :job_id AND token = :token AND state = 'running'
RETURNING crashes
""")
_REDELIVER = text("UPDATE job_run SET engine_job_id = :engine WHERE job_id = :job_id")


class AttemptLostError(TwinError):
    """The job was cancelled, or another attempt owns it now; whatever this one made is discarded."""


@dataclass
class Attempt:
    """A claimed job. `percent` and `phase` are what the next heartbeat writes."""

    room: Workroom
    job_id: str
    kind: str
    payload: dict[str, Any]
    project_id: int | None
    token: str
    number: int
    actor: str | None
    percent: float = 0.0
    phase: str = "starting"
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def key(self) -> dict[str, str]:
        """The parameters that name this attempt's row."""
        return {"job_id": self.job_id, "token": self.token}

    @contextmanager
    def publication(
        self, report: Report, stage: Callable[[Session], None] | None = None
    ) -> Iterator[Session]:
        """Open the one transaction in which a result becomes visible and the job ends, guarded by the token.

        Parameters
        ----------
        stage : callable, optional
            See `guarded`.

        Raises
        ------
        AttemptLostError
            The token is not current; nothing is written.
        """
        with self.guarded(stage) as session:
            yield session
            close_run(session, self, report)

    @contextmanager
    def guarded(self, stage: Callable[[Session], None] | None = None) -> Iterator[Session]:
        """Open a transaction that commits only while this attempt owns the job.

        The row of the job is locked before anything is written that others see, so that neither the sweeper
        nor a later attempt can take the job before this transaction ends; a process that pauses while it holds
        the lock is cut off by the server.

        Parameters
        ----------
        stage : callable, optional
            Brings the rows into tables, where nobody sees them yet, before the lock is taken: a process that
            pauses while the server waits for its rows then keeps nobody from taking the job over.

        Raises
        ------
        AttemptLostError
            The token is not current; nothing is written.
        """
        with open_session(self.room.engine, actor=self.actor) as session:
            session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '15s'"))
            session.execute(_QUICK_COMPRESSION)
            if stage is not None:
                stage(session)
            held = session.scalar(
                text("SELECT 1 FROM job_run WHERE job_id = :job_id AND token = :token FOR UPDATE"), self.key
            )
            if held is None:
                raise _lost(self.job_id)
            yield session


def progress(attempt: Attempt, percent: float, phase: str) -> None:
    """Say how far an attempt has come; it only ever rises. Written by the next heartbeat.

    Parameters
    ----------
    percent : float
        0–100.
    phase : str
        What is being done, one word in lower case.
    """
    attempt.percent = max(attempt.percent, min(percent, 100.0))
    attempt.phase = phase
    attempt.changed.set()


def claim(room: Workroom, job_id: str) -> Attempt | None:
    """Take a queued job under a new token, or return None when it is taken, ended or unknown."""
    with open_session(room.engine) as session:
        row = session.execute(_CLAIM, {"job_id": job_id}).first()
    if row is None:
        return None
    return Attempt(
        room=room,
        job_id=row.job_id,
        kind=row.kind,
        payload=row.payload,
        project_id=row.project_id,
        token=row.token,
        number=row.attempt,
        actor=row.created_by,
    )


async def beat(attempt: Attempt) -> None:
    """Write heartbeat and progress until the job has ended.

    Raises
    ------
    AttemptLostError
        The token is not current any more.
    psycopg.Error
        The database went away; nothing can be published then.
    """
    settings = attempt.room.settings
    connection = await psycopg.AsyncConnection.connect(
        for_psycopg(attempt.room.url), autocommit=True, connect_timeout=5, options="-c lock_timeout=1000"
    )
    async with connection:
        while True:
            attempt.changed.clear()
            if not await _write_beat(connection, attempt):
                return
            await asyncio.sleep(REPORT_EVERY_S)
            # Not `wait_for`: up to Python 3.11 it forgets a cancellation that comes with the event.
            with suppress(TimeoutError):
                async with asyncio.timeout(min(settings.heartbeat_s, CANCEL_SEEN_S) - REPORT_EVERY_S):
                    await attempt.changed.wait()


async def _write_beat(connection: psycopg.AsyncConnection[Any], attempt: Attempt) -> bool:
    """Write one heartbeat; return whether the job still runs."""
    values = {**attempt.key, "percent": attempt.percent, "phase": attempt.phase}
    try:
        cursor = await connection.execute(_BEAT, values)
    except psycopg.errors.LockNotAvailable:
        return True  # somebody settles the job at this moment, most likely our own publication
    row = await cursor.fetchone()
    if row is None:
        raise _lost(attempt.job_id)
    return bool(row[0] == "running")


def close_run(session: Session, attempt: Attempt, report: Report) -> None:
    """Write the end of a job, if this attempt still owns it.

    Raises
    ------
    AttemptLostError
        It does not; the caller's transaction must roll back.
    """
    closed = session.execute(
        update(JobRun)
        .where(JobRun.job_id == attempt.job_id, JobRun.token == attempt.token, JobRun.state == "running")
        .values(
            state=report.state,
            verdict=report.verdict.as_json(),
            counts=report.counts,
            phase=None,
            progress=100 if report.state == "succeeded" else JobRun.progress,
            finished_at=func.clock_timestamp(),
            heartbeat_at=func.clock_timestamp(),
        )
        .execution_options(synchronize_session=False)
    )
    if closed.rowcount != 1:  # type: ignore[attr-defined]
        raise _lost(attempt.job_id)


def give_back(session: Session, attempt: Attempt, crashed: bool) -> None:
    """Put the job back into the queue, counting a crash or not; no effect for an attempt that lost it."""
    row = session.execute(_REQUEUE, {**attempt.key, "crashed": int(crashed)}).first()
    if row is None:
        return
    session.execute(_REDELIVER, {"engine": deliver(session, attempt.job_id), "job_id": attempt.job_id})


def _lost(job_id: str) -> AttemptLostError:
    return AttemptLostError(
        f"Job {job_id} was cancelled or is run by another attempt; this one's work is discarded.",
        f"任务 {job_id} 已取消或由另一次尝试接手；本次结果作废。",
    )
