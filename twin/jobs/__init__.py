"""Background work 后台任务: the queue behind five functions, and one file per job.

Other rooms and doors use `enqueue`, `cancel`, `status`, `progress` and `run_sweeper`; the engine behind
them is known to `twin.jobs.engine` alone.
"""

from twin.jobs.attempt import progress
from twin.jobs.queue import JobStatus, cancel, enqueue, status
from twin.jobs.sweeper import run_sweeper

__all__ = ["JobStatus", "cancel", "enqueue", "progress", "run_sweeper", "status"]
