"""Start, watch and end the model process; loads no IFC library, so the worker stays small and safe."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import orjson

from bim.ending import read_tail
from bim.job import ConversionJob, write_job
from bim.launcher import ModelProcess, Template
from bim.limits import ProcessLimits
from bim.process import STARVED_NOTE
from bim.results import LOG_FILE, VERDICT_FILE, Progress, Verdict, read_verdict

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


async def run_conversion(
    job: ConversionJob, on_progress: OnProgress, template: Template | None = None
) -> Outcome:
    """Convert one model in a process of its own and wait for it.

    Parameters
    ----------
    job : ConversionJob
        The order; written to ``job.spool``.
    on_progress : callable
        Awaited for each progress line.
    template : Template, optional
        Has the libraries loaded already; without one, one is started for this conversion alone.

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
    return await run_process("convert", job.spool, job.limits.process, on_progress, template)


async def run_process(
    task: str,
    spool: Path,
    limits: ProcessLimits,
    on_progress: OnProgress,
    template: Template | None = None,
) -> Outcome:
    """Run a task of :data:`bim.template.TASKS` on the order in a spool folder; see :func:`run_conversion`.

    Parameters
    ----------
    task : str
        Its name.
    spool : Path
        Folder of this attempt alone; the task finds its order there and leaves ``verdict.json``.
    limits : ProcessLimits
        The wall limit is kept here; the task sets the others on itself.
    """
    (spool / VERDICT_FILE).unlink(missing_ok=True)
    if template is not None:
        return await _run(task, spool, limits, on_progress, template)
    alone = Template()
    try:
        return await _run(task, spool, limits, on_progress, alone)
    finally:
        alone.close()


async def _run(
    task: str, spool: Path, limits: ProcessLimits, on_progress: OnProgress, template: Template
) -> Outcome:
    listener = _Listener(on_progress)
    process = await template.start(task, spool)
    if process is None:
        return Outcome(explain_exit(None, listener.last), None, listener.last, spool)
    timed_out = False
    try:
        async with asyncio.timeout(limits.wall_s):
            await _until_end(process, listener)
    except TimeoutError:
        timed_out = True
    finally:
        # Also while being cancelled: nothing of the group may be left when this returns.
        process.kill_group()
        settling = asyncio.ensure_future(process.settle())
        await _insist(settling)
    returncode = settling.result()
    verdict = read_verdict(spool) if returncode == 0 else None
    if timed_out:
        verdict = _time_out(limits.wall_s, listener.last)
    return Outcome(
        verdict or explain_exit(returncode, listener.last, read_tail(spool / LOG_FILE)),
        returncode,
        listener.last,
        spool,
    )


async def _insist(task: "asyncio.Task[int | None]") -> None:
    """Wait for a task to the end, however often we are cancelled meanwhile; the cancellation comes after."""
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


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


class _Listener:
    """Reads progress lines until the process closes its output."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self.last = Progress("start", 0, 1)

    async def listen(self, output: asyncio.StreamReader) -> None:
        while line := await _read_line(output):
            progress = _progress_of(line)
            if progress is not None:
                self.last = progress
                await self._on_progress(progress)


async def _until_end(process: ModelProcess, listener: _Listener) -> None:
    """Listen until the process ends; its batch children hold the pipe too, so its end is no sign."""
    listening = asyncio.ensure_future(listener.listen(await process.open_output()))
    try:
        await process.wait()
        process.kill_group()
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


def _looks_out_of_memory(number: int | None, log_tail: str) -> bool:
    told = any(word in log_tail for word in ("MemoryError", "bad_alloc", STARVED_NOTE))
    # Nobody else kills a conversion; the kernel does when the machine runs out of memory.
    return told or number == signal.SIGKILL


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _time_out(wall_s: float, last: Progress) -> Verdict:
    return Verdict(
        "time_out",
        "failed",
        f"The conversion was ended after {wall_s:g} s (phase {last.phase}, {last.done} of {last.total}). "
        "Simplify or split the model.",
        f"转换超过 {wall_s:g} 秒被终止({last.phase} 阶段,第 {last.done}/{last.total} 项)。请简化或拆分模型。",
        {"phase": last.phase, "done": last.done, "total": last.total, "wall_s": wall_s},
    )
