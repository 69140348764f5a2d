"""The bytes of an upload that are here so far: a file in the intake of the object store.

How much is here is the length of that file, whatever any row says: after a kill, rows are older than files. One
sender at a time writes to it, also where several processes serve the same folder.
"""

import errno
import fcntl
import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from twin.errors import ConflictError, UnavailableError
from twin.objects import RESUMABLE, ObjectStore, Stored

SYNC_BYTES: Final = 32 << 20
READ_BYTES: Final = 1 << 20


def partial_path(store: ObjectStore, token: str) -> Path:
    """Return where the bytes of an upload lie."""
    return store.intake / f"{token}{RESUMABLE}"


def count_received(store: ObjectStore, token: str) -> int | None:
    """Return how many bytes are here, None where there is no file."""
    try:
        return partial_path(store, token).stat().st_size
    except FileNotFoundError:
        return None


class Partial:
    """The file of one upload, open for the one sender who may write to it now.

    Used as a context manager; whatever happens inside, what was written stays.
    """

    def __init__(self, store: ObjectStore, token: str) -> None:
        self._path = partial_path(store, token)
        self._unsynced = 0

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("ab")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise ConflictError(
                "Another request is still sending bytes of this upload; ask for its offset again in a moment.",
                "另一请求仍在发送该上传的内容；请稍后重新查询偏移量。",
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.sync()
        finally:
            self._file.close()

    @property
    def size_bytes(self) -> int:
        """How many bytes are here."""
        self._file.flush()
        return os.fstat(self._file.fileno()).st_size

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Add bytes at the end.

        Raises
        ------
        UnavailableError
            The disk is full; what fitted on it stays.
        """
        try:
            self._file.write(chunk)
            self._unsynced += len(chunk)
            if self._unsynced >= SYNC_BYTES:
                self.sync()
        except OSError as error:
            raise _translated(error) from error

    def sync(self) -> None:
        """Bring what was written to the disk."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _translated(error) from error
        self._unsynced = 0

    def cut_back(self, size_bytes: int) -> None:
        """Forget the bytes behind so many: they were not what their sender meant."""
        self._file.flush()
        self._file.truncate(size_bytes)

    def compute_sha256(self) -> str:
        """Compute the hash of all bytes as they lie on the disk."""
        self.sync()
        digest = hashlib.sha256()
        with self._path.open("rb") as source:
            while chunk := source.read(READ_BYTES):
                digest.update(chunk)
        return digest.hexdigest()

    def keep(self, store: ObjectStore, sha256: str) -> Stored:
        """Make the bytes an object."""
        self.sync()
        return store.take(self._path, sha256, self.size_bytes)


def remove_partial(store: ObjectStore, token: str) -> None:
    """Remove the bytes that are here."""
    partial_path(store, token).unlink(missing_ok=True)


def _translated(error: OSError) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return UnavailableError(
            "The disk for uploads is full; free space and resume the upload, nothing sent so far is lost.",
            "上传所用磁盘已满；请清理空间后续传，已发送内容不会丢失。",
        )
    return error
