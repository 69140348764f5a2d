"""Who uses the server: each process has a share in one lock, and the last to leave lets it stop."""

import fcntl
import os
import time
from pathlib import Path

from twin.cluster.errors import StartError

STOPPING_WAIT_S = 130.0


def join_users(path: Path) -> int:
    """Take a share and return its descriptor; wait while a server is stopping.

    Raises
    ------
    StartError
        If a stopping server does not end.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + STOPPING_WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise StartError(
                    f"The server behind {path} is stopping and does not end: look into the log beside it.",
                    f"{path} 所属的数据库一直停不下来：请查看同目录下的日志。",
                ) from None
            time.sleep(0.05)
        else:
            return descriptor


def leave_users(descriptor: int) -> bool:
    """Give the share back; return whether nobody else has one."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)
