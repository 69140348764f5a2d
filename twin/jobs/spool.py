"""Working folders of attempts under `TWIN_HOME/spool`: one an attempt, gone when it ends."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from twin.db import open_session
from twin.jobs.attempt import Attempt
from twin.jobs.models import JobRun
from twin.jobs.workroom import Workroom
from twin.settings import HomeSettings


def spool_folder(home: HomeSettings) -> Path:
    """Return where attempts work."""
    return home.home / "spool"


@contextmanager
def open_spool(attempt: Attempt) -> Iterator[Path]:
    """Make the attempt's own folder, and remove it whatever happens."""
    folder = spool_folder(attempt.room.home) / f"{attempt.job_id}-{attempt.number}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clean_spool(room: Workroom) -> None:
    """Remove the folders of attempts that died; those of running attempts stay."""
    root = spool_folder(room.home)
    if not root.is_dir():
        return
    with open_session(room.engine) as session:
        running = select(JobRun.job_id, JobRun.attempt).where(JobRun.state == "running")
        kept = {f"{job_id}-{number}" for job_id, number in session.execute(running)}
    for folder in root.iterdir():
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
