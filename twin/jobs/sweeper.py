"""Find jobs whose attempt fell silent, and queue or quarantine them 清扫.

Run by the supervisor every few seconds and by a worker at its start, never as a job in the queue: a
sweeper that waits behind the work it should rescue is none.
"""

from dataclasses import dataclass

import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from twin.db import open_session
from twin.elements.revisions import give_up_revision
from twin.jobs.engine import deliver, sweep_engine, withdraw
from twin.jobs.models import JobRun
from twin.jobs.verdicts import Verdict
from twin.layers.upkeep import compact_layers
from twin.settings import JobSettings

log = structlog.get_logger("twin.jobs")

# Silent: running without a heartbeat. Undelivered: queued, but no engine row waits for a worker.
_CANDIDATES = text("""
SELECT job_id::text FROM job_run r
WHERE state IN ('queued','running')
  AND coalesce(heartbeat_at, created_at) < clock_timestamp() - make_interval(secs => :stale_s)
  AND (state = 'running'
    OR NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.id = r.engine_job_id AND j.status = 'todo'))
ORDER BY created_at
""")
# A job settled at this moment holds its row's lock and is left alone. A silence that began before the
# database server started is the server's doing, not the job's.
_TAKE = text("""
SELECT job_id::text, state, phase, crashes, engine_job_id,
  heartbeat_at > pg_postmaster_start_time() AS blamed
FROM job_run
WHERE job_id = :job_id AND state IN ('queued','running')
  AND coalesce(heartbeat_at, created_at) < clock_timestamp() - make_interval(secs => :stale_s)
FOR UPDATE SKIP LOCKED
""")
_REQUEUE = text("""
UPDATE job_run SET state = 'queued', token = NULL, phase = NULL, crashes = :crashes,
  heartbeat_at = clock_timestamp(), engine_job_id = :engine
WHERE job_id = :job_id
""")


@dataclass(frozen=True)
class Swept:
    """What one sweep did, as job ids."""

    requeued: tuple[str, ...] = ()
    redelivered: tuple[str, ...] = ()
    quarantined: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()  # left for the next sweep


def run_sweeper(engine: Engine, settings: JobSettings) -> Swept:
    """Rescue every job whose attempt gave no sign of life for `stale_after_s`.

    Each job has its own transaction: one that cannot be rescued does not keep the others waiting.

    Raises
    ------
    sqlalchemy.exc.SQLAlchemyError
        The database does not answer at all.
    """
    with open_session(engine) as session:
        sweep_engine(session, 2 * settings.stale_after_s)
        candidates = list(session.scalars(_CANDIDATES, {"stale_s": settings.stale_after_s}))
    done: dict[str, list[str]] = {"requeued": [], "redelivered": [], "quarantined": [], "failed": []}
    for job_id in candidates:
        try:
            with open_session(engine) as session:
                outcome = _rescue(session, job_id, settings)
        except SQLAlchemyError as error:
            log.error("job cannot be rescued now", job_id=job_id, error=str(error))
            outcome = "failed"
        if outcome is not None:
            log.warning("job swept", job_id=job_id, outcome=outcome)
            done[outcome].append(job_id)
    _compact(engine)
    return Swept(**{name: tuple(ids) for name, ids in done.items()})


def _compact(engine: Engine) -> None:
    """Add up what edits left behind for the tiles; another sweep does it if this one cannot."""
    try:
        with open_session(engine) as session:
            compact_layers(session)
    except SQLAlchemyError as error:
        log.error("layers cannot be compacted now", error=str(error))


def _rescue(session: Session, job_id: str, settings: JobSettings) -> str | None:
    row = session.execute(_TAKE, {"job_id": job_id, "stale_s": settings.stale_after_s}).first()
    if row is None:
        return None
    crashed = row.state == "running" and row.blamed
    crashes = row.crashes + int(crashed)
    withdraw(session, row.engine_job_id)
    if crashed and crashes >= settings.crash_cap:
        _quarantine(session, job_id, crashes, row.phase)
        return "quarantined"
    values = {"job_id": job_id, "crashes": crashes, "engine": deliver(session, job_id)}
    session.execute(_REQUEUE, values)
    return "requeued" if row.state == "running" else "redelivered"


def _quarantine(session: Session, job_id: str, crashes: int, phase: str | None) -> None:
    verdict = Verdict(
        "crashed",
        f"The worker died {crashes} times on this job, last in phase {phase or 'starting'}; the file is kept "
        "for diagnosis and the job is not tried again.",
        f"工作进程在此任务上中断 {crashes} 次，最近一次在 {phase or 'starting'} 阶段；文件已保留备查，不再重试。",
        {"phase": phase, "crashes": crashes},
    )
    run = session.get_one(JobRun, job_id)
    run.state, run.token, run.crashes = "quarantined", None, crashes
    run.verdict = verdict.as_json()
    session.flush()
    session.execute(
        text("UPDATE job_run SET finished_at = clock_timestamp() WHERE job_id = :id"), {"id": job_id}
    )
    give_up_revision(session, job_id)
