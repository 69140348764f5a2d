"""The home folder: made, reachable for the server's account, and locked while starting."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from twin.cluster.account import Account
from twin.cluster.errors import HomeError, StartError
from twin.cluster.folders import Folders
from twin.cluster.packages import Say

START_LOCK_WAIT_S = 1_800.0  # another process may be fetching packages
QUIET_WAIT_S = 1.0


def make_home(folders: Folders) -> None:
    """Make the home folder, private; parents stay as they are.

    Raises
    ------
    HomeError
        If it cannot be made or belongs to someone else.
    """
    home = folders.home
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise HomeError(
            f"Cannot make the data folder {home} ({error.strerror}): set TWIN_HOME to a folder you may write.",
            f"无法建立数据目录 {home}：请把 TWIN_HOME 设为可写的目录。",
        ) from error
    if not os.access(home, os.W_OK | os.X_OK):
        raise HomeError(
            f"The data folder {home} belongs to another account: use that account, or set TWIN_HOME.",
            f"数据目录 {home} 属于其他账户：请用该账户运行，或另设 TWIN_HOME。",
        )


def let_server_pass(folders: Folders, account: Account) -> None:
    """Let another account's group pass through a home that is closed to all: nobody else, and no listing."""
    if account.foreign and folders.home.stat().st_mode & 0o077 == 0:
        os.chown(folders.home, -1, account.gid)
        folders.home.chmod(0o710)


@contextmanager
def starting_alone(folders: Folders, say: Say) -> Iterator[None]:
    """Hold the one lock over find, init and start.

    Raises
    ------
    StartError
        If another process holds it for half an hour.
    """
    lock = FileLock(folders.start_lock)
    try:
        try:
            lock.acquire(timeout=QUIET_WAIT_S)
        except Timeout:
            say("Waiting for another process that starts the database ... 等待另一进程启动数据库……")
            lock.acquire(timeout=START_LOCK_WAIT_S)
    except Timeout as error:
        raise StartError(
            f"Another process has held {folders.start_lock} for half an hour: end it and run again.",
            f"另一进程占用 {folders.start_lock} 已达半小时：请结束它后重试。",
        ) from error
    try:
        yield
    finally:
        lock.release()
