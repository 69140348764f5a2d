"""Start, watch and end the model process; loads no IFC library, so the worker stays small and safe."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import orjson

from bim.job import ConversionJob, write_job
from bim.process import STARVED_NOTE
from bim.results import LOG_FILE, VERDICT_FILE, Progress, Verdict, read_verdict

_LINE_BYTES = 1 << 16
_LOG_TAIL = 2000

OnProgress = Callable[[Progress], Awaitable[None]]


@dataclass(frozen=True)
class Outcome:
    """How a conversion ended.

    Attributes
    ----------
    verdict : Verdict
        Always there, also after a crash.
    returncode : int or None
        Of the model process; negative for a signal.
    last_progress : Progress
        The last thing the process told.
    spool : Path
        Where the results lie if ``verdict.state`` is ``succeeded``.
    """

    verdict: Verdict
    returncode: int | None
    last_progress: Progress
    spool: Path


async def run_conversion(job: ConversionJob, on_progress: OnProgress) -> Outcome:
    """Convert one model in a process of its own and wait for it.

    Parameters
    ----------
    job : ConversionJob
        The order; written to ``job.spool``.
    on_progress : callable
        Awaited for each progress line.

    Returns
    -------
    Outcome
        A crash, a time-out or a lack of memory is a verdict, never an exception.

    Raises
    ------
    asyncio.CancelledError
        After the whole process group is gone.

    Notes
    -----
    The process leads a session of its own; its group is killed at the wall limit, on cancellation and at the end,
    so that no batch child outlives it. It holds the other end of our pipe and ends by itself when we die.
    """
    write_job(job)
    (job.spool / VERDICT_FILE).unlink(missing_ok=True)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bim.convert",
        str(job.spool),
        stdin=PIPE,
        stdout=PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        limit=_LINE_BYTES,
        env=_bare_environment(),
        cwd=job.spool,
    )
    listener = _Listener(on_progress)
    try:
        async with asyncio.timeout(job.limits.process.wall_s):
            await _until_end(process, listener)
    except TimeoutError:
        _kill_group(process.pid)
        await process.wait()
        return Outcome(_time_out(job, listener.last), process.returncode, listener.last, job.spool)
    finally:
        await _make_sure_gone(process)
    verdict = read_verdict(job.spool) if process.returncode == 0 else None
    return Outcome(
        verdict or explain_exit(process.returncode, listener.last, read_log_tail(job.spool)),
        process.returncode,
        listener.last,
        job.spool,
    )


def run_conversion_blocking(
    job: ConversionJob, on_progress: Callable[[Progress], None] | None = None
) -> Outcome:
    """Convert one model from code that has no event loop; to be called from the main thread."""

    async def tell(progress: Progress) -> None:
        if on_progress is not None:
            on_progress(progress)

    return asyncio.run(run_conversion(job, tell))


def explain_exit(returncode: int | None, last: Progress, log_tail: str = "") -> Verdict:
    """Explain an end without a verdict: signal, limit, or silence.

    >>> explain_exit(-11, Progress("geometry", 3, 9)).code
    'crashed'
    >>> explain_exit(-24, Progress("geometry", 3, 9)).code
    'time_out'
    """
    number = -returncode if returncode is not None and returncode < 0 else None
    detail = {
        "phase": last.phase,
        "done": last.done,
        "total": last.total,
        "signal": number,
        "exit": returncode,
    }
    where_en = f"phase {last.phase}, {last.done} of {last.total}"
    where_zh = f"{last.phase} 阶段,第 {last.done}/{last.total} 项"
    if number == signal.SIGXCPU:
        return Verdict(
            "time_out",
            "failed",
            f"The conversion used up its processor time ({where_en}). Simplify or split the model.",
            f"转换超出处理器时间上限({where_zh})。请简化或拆分模型。",
            detail,
        )
    if _looks_out_of_memory(number, log_tail):
        return Verdict(
            "out_of_memory",
            "failed",
            f"The conversion ran out of memory ({where_en}). Split the model or ask for a larger limit.",
            f"转换内存不足({where_zh})。请拆分模型,或申请提高上限。",
            detail,
        )
    if number == signal.SIGXFSZ:
        return Verdict(
            "too_big",
            "failed",
            f"The conversion wrote more than its limit ({where_en}). Split the model.",
            f"转换输出超过上限({where_zh})。请拆分模型。",
            detail,
        )
    name = _signal_name(number) if number else f"exit code {returncode}"
    return Verdict(
        "crashed",
        "failed",
        f"The model made the converter end with {name} ({where_en}). Other models are not affected. "
        "Export the model again; if it happens again, send the file to the administrator.",
        f"该模型使转换进程以 {name} 终止({where_zh}),其他模型不受影响。请重新导出;若仍失败,请将文件交管理员。",
        detail,
    )


def read_log_tail(spool: Path) -> str:
    """Read the end of the process's log, empty where there is none."""
    try:
        with (spool / LOG_FILE).open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - _LOG_TAIL))
            return stream.read().decode("utf-8", "replace")
    except OSError:
        return ""


class _Listener:
    """Reads progress lines until the process closes its output."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self.last = Progress("start", 0, 1)

    async def listen(self, process: Process) -> None:
        if process.stdout is None:
            return
        while line := await _read_line(process.stdout):
            progress = _progress_of(line)
            if progress is not None:
                self.last = progress
                await self._on_progress(progress)


async def _until_end(process: Process, listener: _Listener) -> None:
    """Listen until the process ends; its batch children hold the pipe too, so its end is no sign."""
    listening = asyncio.ensure_future(listener.listen(process))
    try:
        await process.wait()
        _kill_group(process.pid)
        await listening
    finally:
        listening.cancel()


async def _read_line(stream: asyncio.StreamReader) -> bytes:
    """Read a line; one that is too long is dropped, as only a damaged process writes it."""
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


def _bare_environment() -> dict[str, str]:
    """Environment without secrets: the child parses hostile files and needs none."""
    kept = (
        "PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "TMPDIR",
        "VIRTUAL_ENV",
        "PROJ_DATA",
        "PROJ_LIB",
        "LD_LIBRARY_PATH",
    )
    values = {name: os.environ[name] for name in kept if name in os.environ}
    package_root = str(Path(__file__).resolve().parent.parent)
    return {**values, "PYTHONPATH": package_root, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}


async def _make_sure_gone(process: Process) -> None:
    """End the process and its batch children, politely first, then by force; also while being cancelled."""
    if process.returncode is None:
        _kill_group(process.pid)
    with contextlib.suppress(ProcessLookupError):
        await asyncio.shield(process.wait())
    _kill_group(process.pid)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _looks_out_of_memory(number: int | None, log_tail: str) -> bool:
    told = any(word in log_tail for word in ("MemoryError", "bad_alloc", STARVED_NOTE))
    # Nobody else kills a conversion; the kernel does when the machine runs out of memory.
    return told or number == signal.SIGKILL


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _time_out(job: ConversionJob, last: Progress) -> Verdict:
    wall_s = job.limits.process.wall_s
    return Verdict(
        "time_out",
        "failed",
        f"The conversion was ended after {wall_s:g} s (phase {last.phase}, {last.done} of {last.total}). "
        "Simplify or split the model.",
        f"转换超过 {wall_s:g} 秒被终止({last.phase} 阶段,第 {last.done}/{last.total} 项)。请简化或拆分模型。",
        {"phase": last.phase, "done": last.done, "total": last.total, "wall_s": wall_s},
    )
