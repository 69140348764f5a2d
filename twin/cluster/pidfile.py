"""What postmaster.pid says about the running server."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class PostmasterFile:
    """The lines of `postmaster.pid` that others rely on."""

    pid: int
    port: int
    socket_folder: str
    status: str  # starting, ready, standby or stopping


def find_postmaster_file(data: Path) -> PostmasterFile | None:
    """Read `postmaster.pid`; None if absent or not yet whole."""
    with suppress(OSError, ValueError, IndexError):
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        status = lines[7].strip() if len(lines) > 7 else "starting"
        return PostmasterFile(int(lines[0]), int(lines[3]), lines[4].strip(), status)
    return None


def is_gone(pid: int, data: Path) -> bool:
    """Tell whether the pid certainly is no server of this data folder.

    A process we may not look into counts as alive: the shim, which acts as the server's account, knows better.
    """
    try:
        process = psutil.Process(pid)
        return not (process.name().startswith("postgres") and Path(process.cwd()).samefile(data))
    except psutil.AccessDenied:
        return False
    except (psutil.Error, OSError):
        return True
