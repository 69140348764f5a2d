"""The object store 对象存储: files named by the hash of their bytes, in a folder or an S3 bucket.

An object is either wholly there or not there at all: bytes arrive under a name of their own in an
intake folder and take their place in one step. The same bytes twice are one object.
"""

import contextlib
import errno
import hashlib
import os
import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import obstore
from obstore.store import LocalStore, S3Store

from twin.errors import InvalidInputError, NotFoundError, UnavailableError
from twin.settings import HomeSettings

INTAKE = "incoming"
RESUMABLE = ".upload"  # suffix of files in the intake that their sender may go on with
CHUNK_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Stored:
    """One object: the hash that names it and its size in bytes.

    `confirm` is set where the object was there already: asked once the object's row is held, it tells whether it
    still is. What nobody needs is cleared away, and may have been while these bytes arrived.
    """

    sha256: str
    size_bytes: int
    confirm: Callable[[], bool] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Lying:
    """An object as it lies in the store: its name, its size, and when it was last put there (UTC)."""

    sha256: str
    size_bytes: int
    put_at: datetime


def object_name(sha256: str) -> str:
    """Return where an object lies inside the store.

    Raises
    ------
    InvalidInputError
        The name is no SHA-256 in lower-case hexadecimal.

    Examples
    --------
    >>> object_name("ab" * 32)[:9]
    'ab/ababab'
    """
    if not _SHA256.fullmatch(sha256):
        raise InvalidInputError(
            f"{sha256[:80]!r} is no SHA-256; objects are named by 64 hexadecimal digits.",
            f"{sha256[:80]!r} 不是 SHA-256；对象以 64 位十六进制数命名。",
        )
    return f"{sha256[:2]}/{sha256}"


class Incoming:
    """Bytes on their way in: hashed while written, kept in one step, gone unless kept.

    Used as a context manager; `write` blocks on the disk only as any file does.
    """

    def __init__(self, store: "ObjectStore", limit_bytes: int | None) -> None:
        self._store = store
        self._limit_bytes = limit_bytes
        self._hash = hashlib.sha256()
        self._path = store.intake / uuid.uuid4().hex
        self.size_bytes = 0

    def __enter__(self) -> Self:
        self._store.intake.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("xb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Add bytes.

        Raises
        ------
        InvalidInputError
            More bytes than allowed arrived.
        UnavailableError
            The disk is full.
        """
        self.size_bytes += len(chunk)
        if self._limit_bytes is not None and self.size_bytes > self._limit_bytes:
            raise _too_large(self._limit_bytes)
        self._hash.update(chunk)
        try:
            self._file.write(chunk)
        except OSError as error:
            raise _translated(error) from error

    def keep(self) -> Stored:
        """Make the bytes an object that outlives a power cut, and return its name; once at most."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            return self._store.take(self._path, self._hash.hexdigest(), self.size_bytes)
        except OSError as error:
            raise _translated(error) from error


class ObjectStore:
    """Where objects lie.

    Parameters
    ----------
    url : str
        A folder, or ``s3://bucket/prefix`` with credentials in the usual ``AWS_`` variables.
    intake : Path
        Local folder for bytes on their way in; for a store in a folder its own, so that the last step
        is a rename inside one file system.
    """

    def __init__(self, url: str, intake: Path) -> None:
        self._remote: Any = None
        self._root: Path | None = None
        if url.startswith("s3://"):
            self._remote = S3Store.from_url(url)
            self.intake = intake
            return
        self._root = Path(url.removeprefix("file://"))
        self._root.mkdir(parents=True, exist_ok=True)
        self.intake = self._root / INTAKE

    @property
    def _store(self) -> Any:
        return self._remote if self._root is None else LocalStore(self._root)

    def receive(self, limit_bytes: int | None = None) -> Incoming:
        """Open a place for bytes to come in, at most so many."""
        return Incoming(self, limit_bytes)

    def add_file(self, path: Path, limit_bytes: int | None = None) -> Stored:
        """Copy a file into the store; one that is there already stays as it is."""
        with self.receive(limit_bytes) as incoming, path.open("rb") as source:
            while chunk := source.read(CHUNK_BYTES):
                incoming.write(chunk)
            return incoming.keep()

    def take(self, path: Path, sha256: str, size_bytes: int) -> Stored:
        """Move a finished file of the intake to its name; its bytes are on the disk and hashed already.

        A file whose bytes are there already is left where it is, for its owner to remove.
        """
        name = object_name(sha256)
        if self.has(sha256):
            return Stored(sha256, size_bytes, partial(self.has, sha256))
        if self._root is None:
            obstore.put(self._store, name, path)
            return Stored(sha256, size_bytes)
        target = self._root / name
        obstore.rename(self._store, f"{INTAKE}/{path.name}", name)
        os.utime(target)  # put now, however long the bytes took to arrive
        _sync_folder(target.parent)
        _sync_folder(self._root)
        return Stored(sha256, size_bytes)

    def clean_intake(self, older_than_s: float) -> None:
        """Remove what senders that died left behind; uploads that may be resumed have an end of their own."""
        if not self.intake.is_dir():
            return
        for path in self.intake.iterdir():
            if path.suffix == RESUMABLE:
                continue
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > older_than_s:
                    path.unlink()

    def has(self, sha256: str) -> bool:
        """Tell whether the object is there."""
        return self.find(sha256) is not None

    def find(self, sha256: str) -> Lying | None:
        """Return what is known of an object, None where there is none."""
        try:
            return _lying(obstore.head(self._store, object_name(sha256)))
        except FileNotFoundError:
            return None

    def iter_objects(self) -> Iterator[Lying]:
        """Iterate over all objects; what else lies in the folder or bucket is none."""
        for lot in obstore.list(self._store):
            for meta in lot:
                found = _lying(meta)
                if found is not None:
                    yield found

    def remove(self, sha256: str) -> None:
        """Remove an object for good; only the collector calls this, while it holds the object's row."""
        with contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, object_name(sha256))

    def stream(
        self, sha256: str, chunk_bytes: int = CHUNK_BYTES, span: tuple[int, int] | None = None
    ) -> Iterator[bytes]:
        """Yield the bytes of an object in constant memory.

        Parameters
        ----------
        span : tuple of int, optional
            First byte and the one behind the last; else all of them.

        Raises
        ------
        NotFoundError
            There is no such object.
        """
        if self.find(sha256) is None:
            raise NotFoundError(
                f"The object store holds no object {sha256}; upload the file again.",
                f"对象存储中没有 {sha256}；请重新上传该文件。",
            )
        found = obstore.get(self._store, object_name(sha256), options={"range": span} if span else None)
        for chunk in found.stream(min_chunk_size=chunk_bytes):
            yield bytes(chunk)

    def fetch(self, sha256: str, target: Path) -> None:
        """Write an object to a local file and check its bytes against its name.

        Raises
        ------
        NotFoundError
            There is no such object.
        UnavailableError
            The stored bytes are damaged, or the disk is full.
        """
        digest = hashlib.sha256()
        try:
            with target.open("wb") as sink:
                for chunk in self.stream(sha256):
                    digest.update(chunk)
                    sink.write(chunk)
        except OSError as error:
            raise _translated(error) from error
        if digest.hexdigest() != sha256:
            raise UnavailableError(
                f"The bytes of object {sha256} are damaged in the object store; restore it from a backup.",
                f"对象存储中 {sha256} 的内容已损坏；请从备份恢复。",
            )


def open_store(home: HomeSettings) -> ObjectStore:
    """Return the store that the settings name."""
    return ObjectStore(home.objects_url, home.home / INTAKE)


def _lying(meta: Any) -> Lying | None:
    folder, _, sha256 = str(meta["path"]).rpartition("/")
    if not _SHA256.fullmatch(sha256) or folder != sha256[:2]:
        return None
    return Lying(sha256, int(meta["size"]), meta["last_modified"])


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _too_large(limit_bytes: int) -> InvalidInputError:
    limit_mb = limit_bytes / 1_000_000
    return InvalidInputError(
        f"The file is larger than the {limit_mb:g} MB allowed here; split it or raise TWIN_UPLOAD_MAX_MB.",
        f"文件超过允许的 {limit_mb:g} MB；请拆分文件，或调大 TWIN_UPLOAD_MAX_MB。",
    )


def _translated(error: OSError) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UnavailableError(
            "The disk of the object store is full; free space and send the file again.",
            "对象存储所在磁盘已满；请清理空间后重新上传。",
        )
    return error
