"""What runs beside a job ends with it, however it takes being told."""

import asyncio

import pytest

from twin.jobs import execute


def test_a_task_that_swallows_its_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """`wait_for` up to Python 3.11 forgets a cancellation that comes together with what it waits for."""
    monkeypatch.setattr(execute, "STOP_AGAIN_S", 0.05)

    async def deaf() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(60)

    async def scene() -> bool:
        task = asyncio.ensure_future(deaf())
        await asyncio.sleep(0)
        await asyncio.wait_for(execute._stop(task), 10)
        return task.done()

    assert asyncio.run(scene())


def test_our_own_cancellation_waits_until_the_task_has_ended() -> None:
    ended: list[str] = []

    async def careful(told: asyncio.Event, may_end: asyncio.Event) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            told.set()
            await may_end.wait()
            ended.append("task")

    async def scene() -> None:
        told, may_end = asyncio.Event(), asyncio.Event()
        task = asyncio.ensure_future(careful(told, may_end))
        await asyncio.sleep(0)
        stopping = asyncio.ensure_future(execute._stop(task))
        await told.wait()
        stopping.cancel()
        asyncio.get_running_loop().call_later(0.05, may_end.set)
        with pytest.raises(asyncio.CancelledError):
            await stopping
        ended.append("stop")

    asyncio.run(scene())
    assert ended == ["task", "stop"]
