"""The program that packs scene tiles: where it is, and one run of it in a process of its own."""

import asyncio
import contextlib
import os
import resource
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bim.ending import end_group, read_tail

PLAIN, PACKED, LOG = "plain", "packed", "log.txt"
# Built with the front end, its library inside; read by Node alone.
PROGRAM: Final = Path(__file__).parents[2] / "api" / "dashboard" / "node" / "pack-tiles.mjs"
_HEAP_MB: Final = 256
_FILE_BYTES: Final = 256 << 20  # a tile has 2 MB, or one element more


@dataclass(frozen=True)
class Packer:
    """Node and the program it runs."""

    node: str
    program: Path


@dataclass(frozen=True)
class Packed:
    """How a run ended: `fault` is None after a success; `was_killed` where somebody else ended it."""

    fault: str | None
    was_killed: bool = False


def find_packer(program: Path = PROGRAM) -> Packer | None:
    """Return the packer; None without Node (on PATH, or beside this Python) or without the built program."""
    beside = os.pathsep.join(filter(None, (os.environ.get("PATH"), str(Path(sys.executable).parent))))
    node = shutil.which("node", path=beside)
    return Packer(node, program) if node is not None and program.is_file() else None


async def run_packer(packer: Packer, folder: Path, wall_s: float) -> Packed:
    """Pack every GLB of ``plain`` into ``packed``, both in the folder.

    The process leads a group of its own, which is gone when this returns, also when it is cancelled; it ends by
    itself when its standard input does, so it outlives nobody.

    Parameters
    ----------
    wall_s : float
        Seconds it may take.
    """
    (folder / PACKED).mkdir(exist_ok=True)
    with (folder / LOG).open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            packer.node,
            f"--max-old-space-size={_HEAP_MB}",
            str(packer.program),
            str(folder),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
            env={"PATH": os.environ.get("PATH", "")},  # nothing of ours is its business
        )
    try:
        _limit(process.pid, wall_s)
        async with asyncio.timeout(wall_s):
            await process.wait()
    except TimeoutError:
        return Packed(f"longer than {wall_s:g} s")
    finally:
        await end_group(process)
    if process.returncode == 0:
        return Packed(None)
    said = read_tail(folder / LOG).strip()
    return Packed(said or f"exit {process.returncode}", process.returncode == -signal.SIGKILL)


def _limit(process: int, wall_s: float) -> None:
    """Bound processor time and file size; no limit of address space, of which Node reserves a great deal."""
    cpu_s = max(1, int(wall_s))
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(process, resource.RLIMIT_CPU, (cpu_s, cpu_s))
        resource.prlimit(process, resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
        resource.prlimit(process, resource.RLIMIT_CORE, (0, 0))
        os.setpriority(os.PRIO_PROCESS, process, 10)
