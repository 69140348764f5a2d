"""A place for files in the making, which vanish whatever happens to those who make them.

Every export works in a folder of its own and holds a lock on it. A folder whose lock is free belongs to nobody
that lives: the process was killed. `sweep_rooms` takes those away; the living are left alone, so several
processes may share the place.
"""

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gis.errors import TooComplexError

_NAME: Final = re.compile(r"[0-9a-f]{16}")
LEAST_FREE_BYTES: Final = 256 * 2**20
LARGEST_BYTES: Final = 8 * 2**30


@contextmanager
def open_room(home: Path) -> Iterator[Path]:
    """Make a folder below `home` and take it away at the end with all that is in it.

    A file that was opened before goes on being readable by whoever holds it, and its space is freed when it is
    closed, also by the end of the process.
    """
    home.mkdir(parents=True, exist_ok=True)
    sweep_rooms(home)
    handle, folder = _locked_folder(home)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _locked_folder(home: Path) -> tuple[int, Path]:
    while True:
        folder = home / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            if _lock(handle) and folder.is_dir():
                return handle, folder
            os.close(handle)  # a sweeper was faster


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def sweep_rooms(home: Path) -> int:
    """Take away the folders of processes that have died; return how many there were.

    Nothing is touched but folders that are named as `open_room` names them.
    """
    swept = 0
    for folder in home.iterdir() if home.is_dir() else ():
        if not _NAME.fullmatch(folder.name):
            continue
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                if _lock(handle):
                    shutil.rmtree(folder, ignore_errors=True)
                    swept += 1
            finally:
                os.close(handle)
    return swept


def check_space(folder: Path) -> None:
    """Stop an export before it fills the disk.

    Raises
    ------
    TooComplexError
        Less than 256 MB are free, or the export has grown beyond 8 GB.
    """
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if size <= LARGEST_BYTES and shutil.disk_usage(folder).free >= LEAST_FREE_BYTES:
        return
    raise TooComplexError(
        "The export does not fit on the disk of the service; ask for less of the layer (bbox, filter, limit).",
        "服务器磁盘空间不足以生成该导出文件；请缩小范围（bbox、filter、limit）后重试。",
    )
