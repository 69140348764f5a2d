"""What other rooms do with background work: enqueue, cancel, ask for its status."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from twin.elements.revisions import give_up_revision
from twin.errors import ConflictError, NotFoundError
from twin.jobs.engine import deliver, withdraw
from twin.jobs.models import JobRun
from twin.jobs.verdicts import Verdict

OPEN_STATES = ("queued", "running")


@dataclass(frozen=True)
class JobStatus:
    """What a user sees of one job; progress is percent, `verdict` is there once the job has ended."""

    job_id: str
    kind: str
    project_id: int | None
    state: str
    progress: float
    phase: str | None
    verdict: dict[str, Any] | None
    counts: dict[str, Any] | None
    attempt: int
    created_by: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether the job may still change."""
        return self.state in OPEN_STATES


def enqueue(
    session: Session,
    kind: str,
    payload: dict[str, Any],
    project_id: int | None = None,
    actor: str | None = None,
) -> str:
    """Add a job in the session's own transaction: it exists if and only if the rest of the deed does.

    Parameters
    ----------
    kind : str
        A key of `twin.jobs.kinds.KINDS`.
    payload : dict
        What the job needs, as JSON.
    project_id : int, optional
        The project whose readers may see the job.

    Returns
    -------
    str
        The job's id (UUID).
    """
    run = JobRun(kind=kind, payload=payload, project_id=project_id, created_by=actor)
    session.add(run)
    session.flush()
    run.heartbeat_at = func.clock_timestamp()
    run.engine_job_id = deliver(session, run.job_id)
    session.flush()
    return run.job_id


def status(session: Session, job_id: str) -> JobStatus:
    """Return what is known of a job.

    Raises
    ------
    NotFoundError
        There is no such job.
    """
    statement = select(JobRun).where(JobRun.job_id == job_id).execution_options(populate_existing=True)
    run = session.scalar(statement)
    if run is None:
        raise _unknown(job_id)
    return _status_of(run)


def list_jobs(session: Session, limit: int) -> list[JobStatus]:
    """List the newest jobs."""
    newest = select(JobRun).order_by(JobRun.created_at.desc(), JobRun.job_id).limit(limit)
    return [_status_of(run) for run in session.scalars(newest)]


def cancel(session: Session, job_id: str, actor: str | None = None) -> JobStatus:
    """Cancel a job that has not ended; whoever runs it loses its token and discards its work.

    Raises
    ------
    NotFoundError
        There is no such job.
    ConflictError
        The job has ended.
    """
    verdict = Verdict(
        "cancelled",
        f"Cancelled by {actor or 'an operator'}; nothing was published.",
        f"已由 {actor or '操作人员'} 取消；未发布任何内容。",
    )
    taken = session.execute(
        update(JobRun)
        .where(JobRun.job_id == job_id, JobRun.state.in_(OPEN_STATES))
        .values(
            state="cancelled",
            cancel_requested=True,
            token=None,
            verdict=verdict.as_json(),
            finished_at=func.clock_timestamp(),
        )
        .returning(JobRun.engine_job_id)
    ).first()
    if taken is None:
        ended = status(session, job_id)
        raise ConflictError(
            f"Job {job_id} has ended ({ended.state}); there is nothing to cancel.",
            f"任务 {job_id} 已结束（{ended.state}），无可取消。",
        )
    withdraw(session, taken.engine_job_id)
    give_up_revision(session, job_id)
    return status(session, job_id)


def _unknown(job_id: str) -> NotFoundError:
    return NotFoundError(
        f"There is no job {job_id}; the answer to an upload names its job.",
        f"没有任务 {job_id}；上传的应答中给出任务编号。",
    )


def _status_of(run: JobRun) -> JobStatus:
    return JobStatus(
        job_id=run.job_id,
        kind=run.kind,
        project_id=run.project_id,
        state=run.state,
        progress=float(run.progress),
        phase=run.phase,
        verdict=run.verdict,
        counts=run.counts,
        attempt=run.attempt,
        created_by=run.created_by,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
    )
