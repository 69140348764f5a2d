"""A workroom on a database of the test's own, and a project to work for."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import text

from twin.db import open_session
from twin.jobs.workroom import Workroom, open_workroom
from twin.settings import HomeSettings, JobSettings

FAST = JobSettings(heartbeat_s=0.4, stale_after_s=2.5, sweep_every_s=0.5, crash_cap=3, concurrency=2)


@pytest.fixture(autouse=True)
def _plain_log() -> None:
    """Log as a fresh process does: another test may have sent the log to a stream that is closed now."""
    structlog.reset_defaults()


@pytest.fixture
def room(clone_url: str, tmp_path: Path) -> Iterator[Workroom]:
    """A workroom with quick heartbeats."""
    opened = open_workroom(clone_url, HomeSettings(home=tmp_path), FAST)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def set_run(room: Workroom) -> Callable[..., None]:
    """Change columns of a job behind its back."""

    def change(job_id: str, assignment: str) -> None:
        with open_session(room.engine) as session:
            session.execute(text(f"UPDATE job_run SET {assignment} WHERE job_id = :id"), {"id": job_id})

    return change
