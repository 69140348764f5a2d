"""Lay every row of a layer over others 整层压占分析, some hundred at a time, and show the answers when all are there.

Each portion is one statement and one transaction that commits only while this attempt owns the job. What is
committed stays when the process dies, and the next attempt goes on behind it, if the data is still the same.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from twin.jobs.attempt import Attempt, progress
from twin.jobs.verdicts import Report, Verdict
from twin.land.run_order import RunOrder, SubjectKey
from twin.land.runs import Todo, answer_subjects, begin_run, finish_run

KIND: Final = "run_overlap"
FIRST_PORTION: Final = 50
MOST_AT_ONCE: Final = 2_000
QUICK_S: Final = 1.0
SLOW_S: Final = 4.0


async def run_overlap(attempt: Attempt) -> Report | None:
    """Answer what is left of the run, then publish it.

    Raises
    ------
    AttemptLostError
        Cancelled, or another attempt owns the job.
    """
    progress(attempt, 1.0, "list")
    todo = await asyncio.to_thread(_begin, attempt)
    size, start = FIRST_PORTION, 0
    while start < len(todo.keys):
        portion = todo.keys[start : start + size]
        began = time.monotonic()
        await asyncio.to_thread(_answer, attempt, todo.order, portion)
        start += len(portion)
        size = next_size(size, time.monotonic() - began)
        done = todo.total - len(todo.keys) + start
        progress(attempt, 2 + 95 * done / max(todo.total, 1), "overlay")
    progress(attempt, 98.0, "sum")
    await asyncio.to_thread(_publish, attempt)
    return None


def next_size(size: int, took_s: float) -> int:
    """Return how many subjects the next portion takes: small enough to be cancelled soon, and no smaller.

    Examples
    --------
    >>> next_size(50, 0.3), next_size(50, 2.0), next_size(50, 9.0), next_size(1, 9.0)
    (100, 50, 25, 1)
    """
    if took_s < QUICK_S:
        return min(2 * size, MOST_AT_ONCE)
    return max(size // 2, 1) if took_s > SLOW_S else size


def _begin(attempt: Attempt) -> Todo:
    with attempt.guarded() as session:
        return begin_run(session, attempt.job_id)


def _answer(attempt: Attempt, order: RunOrder, keys: Sequence[SubjectKey]) -> None:
    with attempt.guarded(lambda session: answer_subjects(session, attempt.job_id, order, keys)):
        pass


def _publish(attempt: Attempt) -> None:
    """Sum up, and end the job in the same transaction."""
    counts: dict[str, int] = {}
    verdict = Verdict("ok", "Every subject is answered.", "全部分析对象已完成。", {"run": attempt.job_id})
    with attempt.publication(Report("succeeded", verdict, counts)) as session:
        totals = finish_run(session, attempt.job_id)
        counts.update({name: totals[name] for name in ("subjects", "hits", "without_area")})
