"""Enqueue, claim, publish, cancel, sweep: who may finish a job, and how often."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import text

from twin.db import open_session
from twin.errors import ConflictError, NotFoundError
from twin.jobs import cancel, enqueue, progress, run_sweeper, status
from twin.jobs.attempt import Attempt, AttemptLostError, claim
from twin.jobs.execute import CrashedError, Handler, run_job
from twin.jobs.verdicts import Report, Verdict
from twin.jobs.workroom import Workroom

DONE = Report("succeeded", Verdict("ok", "Done.", "完成。"), {"elements": 3})
Change = Callable[[str, str], None]


def _enqueue(room: Workroom) -> str:
    with open_session(room.engine) as session:
        return enqueue(session, "paint", {"名称": "甲"})


def _claimed(room: Workroom, job_id: str) -> Attempt:
    attempt = claim(room, job_id)
    assert attempt is not None
    return attempt


def _publish(room: Workroom, attempt: Attempt) -> None:
    with attempt.publication(DONE) as session:
        session.execute(text("INSERT INTO agency_setting (key, value) VALUES ('published', '1')"))


def _published(room: Workroom) -> int:
    with open_session(room.engine) as session:
        return session.scalar(text("SELECT count(*) FROM agency_setting WHERE key = 'published'")) or 0


def _engine_rows(room: Workroom) -> int:
    with open_session(room.engine) as session:
        return session.scalar(text("SELECT count(*) FROM procrastinate_jobs")) or 0


def _run(room: Workroom, job_id: str, handler: Handler) -> None:
    asyncio.run(run_job(room, {"paint": handler}, job_id))


def _status(room: Workroom, job_id: str) -> tuple[str, str | None]:
    with open_session(room.engine) as session:
        found = status(session, job_id)
    return found.state, (found.verdict or {}).get("code")


def test_a_job_exists_if_and_only_if_its_transaction_commits(room: Workroom) -> None:
    with pytest.raises(RuntimeError), open_session(room.engine) as session:  # noqa: PT012
        enqueue(session, "paint", {})
        raise RuntimeError("the rest of the deed failed")
    assert _engine_rows(room) == 0
    _enqueue(room)
    assert _engine_rows(room) == 1


def test_only_one_attempt_can_claim_a_job(room: Workroom) -> None:
    job_id = _enqueue(room)
    assert _claimed(room, job_id).payload == {"名称": "甲"}
    assert claim(room, job_id) is None


def test_a_result_is_published_with_the_end_of_its_job(room: Workroom) -> None:
    job_id = _enqueue(room)
    _publish(room, _claimed(room, job_id))
    with open_session(room.engine) as session:
        ended = status(session, job_id)
    assert (ended.state, ended.progress, ended.counts) == ("succeeded", 100.0, {"elements": 3})
    assert _published(room) == 1


def test_a_zombie_publishes_nothing(room: Workroom, set_run: Change) -> None:
    job_id = _enqueue(room)
    zombie = _claimed(room, job_id)
    set_run(job_id, "heartbeat_at = now() - interval '1 minute'")
    assert run_sweeper(room.engine, room.settings).requeued == (job_id,)
    heir = _claimed(room, job_id)
    assert heir.token != zombie.token
    with pytest.raises(AttemptLostError):
        _publish(room, zombie)
    assert _published(room) == 0
    _publish(room, heir)
    with pytest.raises(AttemptLostError):
        _publish(room, zombie)
    assert _published(room) == 1


def test_a_silent_job_is_quarantined_at_its_third_crash(room: Workroom, set_run: Change) -> None:
    job_id = _enqueue(room)
    for _ in range(2):
        _claimed(room, job_id)
        set_run(job_id, "heartbeat_at = now() - interval '10 s'")
        assert run_sweeper(room.engine, room.settings).requeued == (job_id,)
    _claimed(room, job_id)
    set_run(job_id, "heartbeat_at = now() - interval '10 s'")
    assert run_sweeper(room.engine, room.settings).quarantined == (job_id,)
    assert _status(room, job_id) == ("quarantined", "crashed")
    assert claim(room, job_id) is None
    assert run_sweeper(room.engine, room.settings).requeued == ()


def test_a_restart_of_the_database_is_no_crash_of_the_job(room: Workroom, set_run: Change) -> None:
    job_id = _enqueue(room)
    _claimed(room, job_id)
    set_run(job_id, "heartbeat_at = pg_postmaster_start_time() - interval '1 s', crashes = 2")
    assert run_sweeper(room.engine, room.settings).requeued == (job_id,)
    assert _status(room, job_id) == ("queued", None)


def test_a_living_job_is_left_alone(room: Workroom) -> None:
    job_id = _enqueue(room)
    _claimed(room, job_id)
    assert run_sweeper(room.engine, room.settings).requeued == ()
    assert _status(room, job_id)[0] == "running"


def test_a_job_settled_at_this_moment_is_left_alone(room: Workroom, set_run: Change) -> None:
    job_id = _enqueue(room)
    attempt = _claimed(room, job_id)
    set_run(job_id, "heartbeat_at = now() - interval '1 minute'")
    with attempt.publication(DONE):
        assert run_sweeper(room.engine, room.settings).requeued == ()
    assert _status(room, job_id)[0] == "succeeded"


def test_a_number_lost_by_a_dead_worker_is_delivered_again(room: Workroom, set_run: Change) -> None:
    job_id = _enqueue(room)
    with open_session(room.engine) as session:
        session.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
    set_run(job_id, "heartbeat_at = now() - interval '1 minute'")
    assert run_sweeper(room.engine, room.settings).redelivered == (job_id,)
    with open_session(room.engine) as session:
        assert session.scalars(text("SELECT status::text FROM procrastinate_jobs")).all() == ["todo"]


def test_a_job_that_waits_long_in_the_queue_is_not_lost(room: Workroom, set_run: Change) -> None:
    job_id = _enqueue(room)
    set_run(job_id, "heartbeat_at = now() - interval '1 hour'")
    assert run_sweeper(room.engine, room.settings).redelivered == ()


def test_cancelling_takes_the_token_away(room: Workroom) -> None:
    job_id = _enqueue(room)
    attempt = _claimed(room, job_id)
    with open_session(room.engine) as session:
        assert cancel(session, job_id, "李处长").state == "cancelled"
    with pytest.raises(AttemptLostError):
        _publish(room, attempt)
    assert _published(room) == 0
    assert _status(room, job_id) == ("cancelled", "cancelled")
    assert _engine_rows(room) == 0


def test_an_ended_job_cannot_be_cancelled(room: Workroom) -> None:
    job_id = _enqueue(room)
    _publish(room, _claimed(room, job_id))
    with pytest.raises(ConflictError), open_session(room.engine) as session:
        cancel(session, job_id)


def test_an_unknown_job_is_not_found(room: Workroom) -> None:
    with pytest.raises(NotFoundError), open_session(room.engine) as session:
        status(session, "00000000-0000-0000-0000-000000000000")


def test_a_running_attempt_shows_its_progress_and_never_goes_back(room: Workroom) -> None:
    job_id = _enqueue(room)
    seen: list[float] = []

    async def paint(attempt: Attempt) -> None:
        for percent in (10.0, 40.0, 25.0):
            progress(attempt, percent, "geometry")
            seen.append(await shown())
        _publish(room, attempt)

    async def shown() -> float:
        """Wait for two heartbeats: the first may have been under way."""
        told: set[object] = set()
        while len(told) <= 2:
            with open_session(room.engine) as session:
                told.add(session.scalar(text("SELECT heartbeat_at FROM job_run")))
                percent = status(session, job_id).progress
            await asyncio.sleep(0.05)
        return percent

    _run(room, job_id, paint)
    assert seen == [10.0, 40.0, 40.0]
    assert _status(room, job_id) == ("succeeded", "ok")


def test_a_cancelled_attempt_is_stopped_by_its_heartbeat(room: Workroom) -> None:
    job_id = _enqueue(room)
    stopped: list[str] = []

    async def paint(attempt: Attempt) -> None:
        with open_session(room.engine) as session:
            cancel(session, job_id)
        try:
            await asyncio.sleep(60)
        finally:
            stopped.append("cleaned up")

    _run(room, job_id, paint)
    assert stopped == ["cleaned up"]
    assert _status(room, job_id) == ("cancelled", "cancelled")


def test_a_refusal_is_written_as_the_handler_reports_it(room: Workroom) -> None:
    job_id = _enqueue(room)

    async def paint(attempt: Attempt) -> Report:
        return Report("failed", Verdict("not_ifc", "This is a PDF.", "这是 PDF。"))

    _run(room, job_id, paint)
    assert _status(room, job_id) == ("failed", "not_ifc")


def test_a_crashing_job_stops_after_three_attempts_and_the_queue_flows_on(room: Workroom) -> None:
    poison, sound = _enqueue(room), _enqueue(room)
    attempts: list[int] = []

    async def paint(attempt: Attempt) -> None:
        if attempt.job_id == poison:
            attempts.append(attempt.number)
            raise CrashedError(
                Verdict("crashed", "The converter died by signal 11.", "转换进程因信号 11 中断。")
            )
        _publish(room, attempt)

    for _ in range(5):
        _run(room, poison, paint)
    _run(room, sound, paint)
    assert attempts == [1, 2, 3]
    assert _status(room, poison) == ("quarantined", "crashed")
    assert _status(room, sound) == ("succeeded", "ok")


def test_our_own_mistake_ends_in_a_verdict_too(room: Workroom) -> None:
    job_id = _enqueue(room)

    async def paint(attempt: Attempt) -> None:
        raise KeyError("gone")

    for _ in range(3):
        _run(room, job_id, paint)
    assert _status(room, job_id) == ("quarantined", "crashed")


def test_a_stopped_worker_gives_its_job_back_uncounted(room: Workroom) -> None:
    job_id = _enqueue(room)

    async def stop_soon() -> None:
        begun = asyncio.Event()

        async def paint(attempt: Attempt) -> None:
            begun.set()
            await asyncio.sleep(60)

        task = asyncio.create_task(run_job(room, {"paint": paint}, job_id))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stop_soon())
    assert _status(room, job_id) == ("queued", None)
    with open_session(room.engine) as session:
        assert session.scalar(text("SELECT crashes FROM job_run")) == 0
