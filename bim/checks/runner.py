"""Start, watch and end the process of a check; loads no IFC library."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bim.checks.values import CheckOrder, write_order
from bim.ending import end_group, kill_group, read_tail
from bim.process import STARVED_NOTE
from bim.results import LOG_FILE, VERDICT_FILE, Progress, Verdict, read_verdict

_LINE_BYTES = 1 << 16
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PROJ_DATA", "PROJ_LIB")

OnProgress = Callable[[Progress], Awaitable[None]]


@dataclass(frozen=True)
class Ended:
    """How a check's process ended; `verdict.state` is ``succeeded`` if its results lie in the spool."""

    verdict: Verdict
    returncode: int | None
    last: Progress


async def run_check(order: CheckOrder, on_progress: OnProgress | None = None) -> Ended:
    """Run one check in a process of its own and wait for it.

    Returns
    -------
    Ended
        A crash, a time-out or a lack of memory is a verdict, never an exception.

    Raises
    ------
    asyncio.CancelledError
        After the whole process group is gone.

    Notes
    -----
    The process leads a session of its own, is limited by `bim.process`, and ends by itself when we die: it holds
    the other end of a pipe of ours.
    """
    write_order(order)
    (order.spool / VERDICT_FILE).unlink(missing_ok=True)
    process = await _start(order.spool)
    heard = _Heard(on_progress)
    try:
        async with asyncio.timeout(order.limits.process.wall_s):
            await _until_end(process, heard)
    except TimeoutError:
        kill_group(process.pid)
        await process.wait()
        return Ended(_time_out(order, heard.last), process.returncode, heard.last)
    finally:
        await end_group(process)
    verdict = read_verdict(order.spool) if process.returncode == 0 else None
    explained = verdict or explain_end(process.returncode, heard.last, read_tail(order.spool / LOG_FILE))
    return Ended(explained, process.returncode, heard.last)


def explain_end(returncode: int | None, last: Progress, log_tail: str = "") -> Verdict:
    """Explain an end without a verdict: a limit, or a fault.

    >>> explain_end(-11, Progress("clash", 3, 9)).code
    'crashed'
    >>> explain_end(-24, Progress("clash", 3, 9)).code
    'time_out'
    """
    number = -returncode if returncode is not None and returncode < 0 else None
    detail: dict[str, Any] = {"phase": last.phase, "signal": number, "exit": returncode}
    starved = any(word in log_tail for word in ("MemoryError", "bad_alloc", STARVED_NOTE))
    if number == signal.SIGXCPU:
        return _failed(
            "time_out",
            f"The check used up its processor time (phase {last.phase}). Narrow its selection or split the model.",
            f"检查超出处理器时间上限({last.phase} 阶段)。请缩小检查范围或拆分模型。",
            detail,
        )
    if starved or number == signal.SIGKILL:
        return _failed(
            "out_of_memory",
            f"The check ran out of memory (phase {last.phase}). Narrow its selection or split the model.",
            f"检查内存不足({last.phase} 阶段)。请缩小检查范围或拆分模型。",
            detail,
        )
    if number == signal.SIGXFSZ:
        return _failed(
            "too_big",
            f"The check wrote more than its limit (phase {last.phase}). Narrow its selection.",
            f"检查输出超过上限({last.phase} 阶段)。请缩小检查范围。",
            detail,
        )
    name = _signal_name(number) if number else f"exit code {returncode}"
    return _failed(
        "crashed",
        f"The model made the check end with {name} (phase {last.phase}); nothing else is affected. "
        "Export the model again, or leave out the elements reported without geometry.",
        f"该模型使检查进程以 {name} 终止({last.phase} 阶段),其他任务不受影响。请重新导出模型,或排除无几何的构件。",
        detail,
    )


class _Heard:
    """What the process told of its progress."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self.last = Progress("start", 0, 1)

    async def listen(self, process: Process) -> None:
        if process.stdout is None:
            return
        while line := await _read_line(process.stdout):
            told = _progress_of(line)
            if told is not None:
                self.last = told
                if self._on_progress is not None:
                    await self._on_progress(told)


async def _start(spool: Path) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bim.checks.child",
        str(spool),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        start_new_session=True,
        limit=_LINE_BYTES,
        env=_environment(),
        cwd=spool,
    )


async def _until_end(process: Process, heard: _Heard) -> None:
    listening = asyncio.ensure_future(heard.listen(process))
    try:
        await process.wait()
        kill_group(process.pid)
        await listening
    finally:
        listening.cancel()


async def _read_line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readline()
    except ValueError:
        return b"{}\n"


def _progress_of(line: bytes) -> Progress | None:
    try:
        values = orjson.loads(line)
        return Progress(str(values["phase"])[:40], int(values["done"]), int(values["total"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


def _environment() -> dict[str, str]:
    """Environment without secrets: the child parses hostile files and needs none."""
    values = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    root = str(Path(__file__).resolve().parents[2])
    return {**values, "PYTHONPATH": root, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _time_out(order: CheckOrder, last: Progress) -> Verdict:
    wall_s = order.limits.process.wall_s
    return _failed(
        "time_out",
        f"The check was ended after {wall_s:g} s (phase {last.phase}). Narrow its selection or split the model.",
        f"检查超过 {wall_s:g} 秒被终止({last.phase} 阶段)。请缩小检查范围或拆分模型。",
        {"phase": last.phase, "wall_s": wall_s},
    )


def _failed(code: str, en: str, zh: str, detail: dict[str, Any]) -> Verdict:
    return Verdict(code, "failed", en, zh, detail)
