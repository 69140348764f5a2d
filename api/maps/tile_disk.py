"""Finished tiles on disk, for after a restart: one file a tile, shared by all API processes of a machine.

A file says itself for which version it was made, so a newer version takes its place and nothing piles up. It is
written beside its place and renamed; a digest over all of it makes whatever else lies there a miss.
"""

import hashlib
import os
import secrets
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from api.maps.finished import Finished

SUFFIX: Final = ".tile"
TEMPORARY: Final = ".part"
TEMPORARY_LIVES_S: Final = 60.0
TOUCH_AFTER_S: Final = 3_600.0
SWEPT_TO: Final = 0.9
SWEEP_EVERY: Final = 0.05
"""Sweep again when this share of the cap has been written since."""

_HEAD: Final = struct.Struct(">4s16sqBB")  # mark, digest of the rest, version, packed, length of the tag
_MARK: Final = b"TWT1"
_DIGEST: Final = slice(4, 20)


class TileKey(NamedTuple):
    """What a kept tile is found by, beside its version."""

    layers: str
    group: str
    z: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished tile and the version it was made for."""

    key: TileKey
    version: int
    finished: Finished


def pack(version: int, finished: Finished) -> bytes:
    """Return the bytes of a file.

    Examples
    --------
    >>> unpack(pack(7, Finished('W/"ab"', b"tile", False)), 7)
    Finished(tag='W/"ab"', body=b'tile', is_packed=False)
    """
    tag = finished.tag.encode("ascii")
    head = _HEAD.pack(_MARK, bytes(16), version, finished.is_packed, len(tag))
    rest = head[_DIGEST.stop :] + tag + finished.body
    return _MARK + _digest(rest) + rest


def unpack(content: bytes, version: int) -> Finished | None:
    """Return the tile of a file, or None if it is another version's, cut off or damaged."""
    if len(content) < _HEAD.size:
        return None
    mark, digest, kept, packed, tag_length = _HEAD.unpack_from(content)
    if mark != _MARK or kept != version or digest != _digest(content[_DIGEST.stop :]):
        return None
    body = _HEAD.size + tag_length
    return Finished(content[_HEAD.size : body].decode("ascii"), content[body:], bool(packed))


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


class TileDisk:
    """The files below one folder, at most `most_bytes` of them after each sweep.

    Parameters
    ----------
    folder : Path
        Made when the first tile is written, readable by its owner alone: it holds what only some may see.
    most_bytes : int
        0 keeps nothing on disk.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._written = most_bytes  # so that the first write sweeps what earlier runs left

    @property
    def is_on(self) -> bool:
        """Whether anything is kept on disk."""
        return self._most_bytes > 0

    def path(self, dataset: str, key: TileKey) -> str:
        """Return where a tile lies; every part of it comes from a closed list or is a number or a hash."""
        return f"{self._folder}/{dataset}/{key.layers}/{key.group}/{key.z}/{key.x}-{key.y}{SUFFIX}"

    def may_have(self, dataset: str, key: TileKey) -> bool:
        """Tell without reading whether there is a file, of whatever version."""
        return self.is_on and os.path.exists(self.path(dataset, key))  # noqa: PTH110  on the hot path

    def find(self, dataset: str, key: TileKey, version: int) -> Finished | None:
        """Return the tile if it is there in this version and whole."""
        path = Path(self.path(dataset, key))
        try:
            content = path.read_bytes()
        except OSError:
            return None
        found = unpack(content, version)
        if found is not None:
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > TOUCH_AFTER_S:
                    os.utime(path)
        return found

    def write(self, dataset: str, tiles: Iterable[Kept]) -> None:
        """Write tiles, then sweep if enough has been written since the last time.

        Raises
        ------
        OSError
            The disk is full or not ours to write.
        """
        for tile in tiles:
            content = pack(tile.version, tile.finished)
            _replace(Path(self.path(dataset, tile.key)), content)
            self._written += len(content)
        if self._written >= self._most_bytes * SWEEP_EVERY:
            self._written = 0
            self.sweep()

    def sweep(self) -> int:
        """Delete the files not used for longest until the rest is well below the cap; return the bytes left."""
        files = sorted(_list_files(self._folder))
        total = sum(size for _, size, _ in files)
        if total > self._most_bytes:
            for _, size, path in files:
                if total <= self._most_bytes * SWEPT_TO:
                    break
                with suppress(OSError):
                    path.unlink()
                total -= size
        return total


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.stem}.{secrets.token_hex(4)}{TEMPORARY}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _list_files(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """Yield time of last use, size and path of every tile; delete what a killed process left half-written."""
    old = time.time() - TEMPORARY_LIVES_S
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            with suppress(OSError):
                found = path.stat()
                if name.endswith(SUFFIX):
                    yield found.st_mtime, found.st_size, path
                elif name.endswith(TEMPORARY) and found.st_mtime < old:
                    path.unlink()
