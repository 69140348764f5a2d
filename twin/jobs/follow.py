"""Wait for a job, and do its work here when no worker does."""

import asyncio
import time
from collections.abc import Callable, Mapping

from twin.db import open_session
from twin.jobs.engine import has_worker, sweep_engine
from twin.jobs.execute import Handler, run_job
from twin.jobs.queue import JobStatus, status
from twin.jobs.sweeper import run_sweeper
from twin.jobs.workroom import Workroom

LOOK_EVERY_S = 0.25


async def follow_job(
    room: Workroom, kinds: Mapping[str, Handler], job_id: str, on_status: Callable[[JobStatus], None]
) -> JobStatus:
    """Follow a job to its end.

    While no worker process lives, the job runs in this one, by the same claim and token as anywhere; one
    that a dead worker holds is freed first. On cancellation a job that runs here is given back.

    Parameters
    ----------
    on_status : callable
        Told what is known, several times a second.
    """
    work: asyncio.Task[None] | None = None
    swept_at = 0.0
    try:
        while True:
            found, alone = await asyncio.to_thread(_look, room, job_id)
            on_status(found)
            if not found.is_open:
                await asyncio.to_thread(_tidy, room)
                return found
            if alone and (work is None or work.done()):
                if time.monotonic() - swept_at > room.settings.sweep_every_s:
                    swept_at = time.monotonic()
                    await asyncio.to_thread(run_sweeper, room.engine, room.settings)
                work = asyncio.create_task(run_job(room, kinds, job_id))
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        if work is not None:
            if not work.done():
                work.cancel()
            await asyncio.gather(work, return_exceptions=True)


def _look(room: Workroom, job_id: str) -> tuple[JobStatus, bool]:
    with open_session(room.engine) as session:
        return status(session, job_id), not has_worker(session, room.settings)


def _tidy(room: Workroom) -> None:
    """Take the number of a job that ran here out of the queue, where no worker came for it."""
    with open_session(room.engine) as session:
        sweep_engine(session, 2 * room.settings.stale_after_s)
