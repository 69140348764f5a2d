"""A bar for a job that a command waits for."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from twin.jobs import JobStatus
from twin.jobs.follow import follow_job
from twin.jobs.kinds import KINDS
from twin.jobs.workroom import Workroom


def follow_with_bar(room: Workroom, job_id: str, title: str, *, quiet: bool) -> JobStatus:
    """Wait for a job, showing its phase and share on standard error, and return how it ended."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[phase]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as bar:
        line = bar.add_task(title, total=100.0, phase="queued")

        def show(found: JobStatus) -> None:
            bar.update(line, completed=found.progress, phase=found.phase or found.state)

        return asyncio.run(follow_job(room, KINDS, job_id, show))


@contextmanager
def reading_bar(title: str, *, quiet: bool) -> Iterator[Callable[[float], None]]:
    """Show on standard error how far the reading of a file is; yields what is told the percent."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as bar:
        line = bar.add_task(title, total=100.0)
        yield lambda percent: bar.update(line, completed=percent)
