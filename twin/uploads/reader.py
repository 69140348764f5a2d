"""Read a file from outside in a process of its own, bounded in time and memory; what breaks there breaks nothing here.

As with models, the process leads a session of its own, holds the other end of a pipe of ours and ends when we do.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from bim.ending import end_group, read_tail
from bim.process import STARVED_NOTE
from gis.exchange import ExchangeError, Finding
from twin.errors import UnavailableError
from twin.uploads.orders import LOG, ORDER, PROGRESS, REFUSAL, SUMMARY, Order, write_order

_KEPT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PROJ_DATA", "PROJ_LIB")


Tell = Callable[[float], None]
LOOK_EVERY_S: Final = 0.5


async def run_reader(spool: Path, order: Order, wall_s: float, tell: Tell | None = None) -> dict[str, Any]:
    """Read a file and return its summary; its rows lie in the spool then.

    Parameters
    ----------
    spool : Path
        An empty folder of this reading alone.
    wall_s : float
        The reader is ended after so many seconds.
    tell : callable, optional
        Told now and then how far the reader is, 0–100.

    Raises
    ------
    ExchangeError
        The file cannot be used; every fault with its place. A file that takes too long, needs too much memory or
        breaks its reader is such a file too.
    UnavailableError
        The reader was ended from outside, or the disk is full.
    """
    write_order(spool / ORDER, order)
    process = await _start(spool)
    try:
        async with asyncio.timeout(wall_s):
            await _wait(process, spool, tell)
    except TimeoutError as error:
        raise _too_long(wall_s) from error
    finally:
        await end_group(process)
    if process.returncode == 0 and (spool / REFUSAL).is_file():
        raise _refusal(spool)
    if process.returncode == 0 and (spool / SUMMARY).is_file():
        found: dict[str, Any] = json.loads((spool / SUMMARY).read_text(encoding="utf-8"))
        return found
    raise _ended(process.returncode, read_tail(spool / LOG), order)


async def _wait(process: Process, spool: Path, tell: Tell | None) -> None:
    """Wait for the end; the first half of the way is to open the file, the second to check its features."""
    if tell is None:
        await process.wait()
        return
    while process.returncode is None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_EVERY_S):
                await process.wait()
        with suppress(OSError, ValueError):
            tell(50 + int((spool / PROGRESS).read_text(encoding="ascii")) / 2)


async def _start(spool: Path) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "twin.uploads.child",
        str(spool),
        stdin=PIPE,
        stdout=DEVNULL,
        stderr=DEVNULL,
        start_new_session=True,
        env=_environment(),
        cwd=spool,
    )


def _environment() -> dict[str, str]:
    """Environment without secrets, and with the network closed to the libraries that could use it."""
    values = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {
        **values,
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "GDAL_NUM_THREADS": "1",
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "none",
        "PROJ_NETWORK": "OFF",
    }


def _refusal(spool: Path) -> ExchangeError:
    told = json.loads((spool / REFUSAL).read_text(encoding="utf-8"))
    return ExchangeError([Finding(**each) for each in told["errors"]])


def _ended(returncode: int | None, log: str, order: Order) -> Exception:
    number = -returncode if returncode is not None and returncode < 0 else None
    if "No space left" in log:
        return UnavailableError(
            "The disk for uploads is full; free space and try again.",
            "上传所用磁盘已满；请清理空间后重试。",
        )
    if any(word in log for word in ("MemoryError", "bad_alloc", STARVED_NOTE)):
        return _refused(
            f"The file needs more than {order.memory_mb} MB of memory to be read; split it.",
            f"读取该文件所需内存超过 {order.memory_mb} MB；请拆分文件。",
        )
    if number == signal.SIGXCPU:
        return _too_long(order.cpu_s)
    if number == signal.SIGXFSZ:
        return _refused("The file unpacks to more than is taken; split it.", "文件解压后过大；请拆分。")
    if number == signal.SIGKILL:
        return UnavailableError(
            "The reader of the file was ended from outside; try again.", "读取程序被外部终止；请重试。"
        )
    return _refused(
        f"The file broke its reader (signal {number}, exit {returncode}); export it again, or as GeoPackage.",
        f"文件使读取程序异常终止（信号 {number}，退出码 {returncode}）；请重新导出，或改用 GeoPackage。",
    )


def _too_long(limit_s: float) -> ExchangeError:
    return _refused(
        f"Reading the file took more than {limit_s:g} s; split it.",
        f"读取文件超过 {limit_s:g} 秒；请拆分。",
    )


def _refused(en: str, zh: str) -> ExchangeError:
    return ExchangeError([Finding("", en, zh, "error")])
