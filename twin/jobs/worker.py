"""The worker process 工作进程: takes jobs until told to stop, its parent ends, or the database goes away."""

import asyncio
import contextlib
import os
import signal
import stat
import threading
from collections.abc import Callable, Mapping
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from twin.errors import UnavailableError
from twin.jobs.chores import start_chores
from twin.jobs.engine import serve_queue
from twin.jobs.execute import Handler, run_job
from twin.jobs.kinds import KINDS
from twin.jobs.spool import clean_spool
from twin.jobs.sweeper import run_sweeper
from twin.jobs.workroom import Workroom, open_workroom
from twin.settings import HomeSettings, JobSettings

STALE_INTAKE_S = 86_400.0

log = structlog.get_logger("twin.jobs")


def run_worker(
    url: str, home: HomeSettings, settings: JobSettings, kinds: Mapping[str, Handler] = KINDS
) -> int:
    """Run jobs in this process until asked to stop; call it from the main thread.

    Asked to stop it is by SIGTERM, SIGINT, or the end of a pipe on standard input, whose other end the
    supervisor holds. Jobs that still run are then given back to the queue.

    Returns
    -------
    int
        Exit code: 0 when asked to stop, 1 when the database went away (the supervisor starts a new worker).
    """
    room = open_workroom(url, home, settings)
    try:
        return asyncio.run(_serve(room, kinds))
    finally:
        room.template.close()
        room.engine.dispose()


async def _serve(room: Workroom, kinds: Mapping[str, Handler]) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    _watch_parent(partial(loop.call_soon_threadsafe, stop.set))
    room.template.warm()
    try:
        await asyncio.to_thread(_tidy, room)
    except SQLAlchemyError as error:
        log.error("the worker cannot reach the database", error=str(error))
        return 1
    log.info("worker started", pid=os.getpid(), concurrency=room.settings.concurrency)
    end_chores = start_chores(room)
    try:
        await serve_queue(room.url, room.settings, partial(run_job, room, kinds), stop)
    except UnavailableError as error:
        log.error("the worker stops: the database went away", error=error.en)
        return 0 if stop.is_set() else 1
    finally:
        end_chores()
    log.info("worker stopped")
    return 0


def _tidy(room: Workroom) -> None:
    run_sweeper(room.engine, room.settings)
    clean_spool(room)
    room.store.clean_intake(STALE_INTAKE_S)


def _watch_parent(stop: Callable[[], object]) -> None:
    """Stop when the pipe on standard input closes; anything else there (terminal, file) is no parent."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return
    threading.Thread(target=_read_until_closed, args=(stop,), name="parent", daemon=True).start()


def _read_until_closed(stop: Callable[[], object]) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 512):
            pass
    with contextlib.suppress(RuntimeError):  # the loop has ended already
        stop()
