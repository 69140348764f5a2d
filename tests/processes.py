"""Whether a process still lives, asked of one that may end while it is asked."""

import psutil


def is_gone(pid: int) -> bool:
    """Tell whether no such process runs; one that only waits to be reaped has gone."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
