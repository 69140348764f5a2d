"""Files that come with a request and are read in a process of their own: received to a folder that goes again."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from fastapi import Request

from api.multipart import Form, receive_form
from api.state import AppState
from twin.errors import InvalidInputError

MEGABYTE: Final = 1_000_000
READERS: Final = asyncio.Semaphore(2)  # files read at a time by this process


@dataclass(frozen=True)
class Received:
    """A file on the disk, what it was called, and the fields that came with it."""

    path: Path
    name: str | None
    size_bytes: int
    fields: dict[str, str] = field(default_factory=dict)


class _Sink:
    """Takes bytes up to a cap."""

    def __init__(self, target: IO[bytes], cap_bytes: int) -> None:
        self._target = target
        self._cap_bytes = cap_bytes
        self.size_bytes = 0

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take some bytes.

        Raises
        ------
        InvalidInputError
            More came than allowed.
        """
        self.size_bytes += len(chunk)
        if self.size_bytes > self._cap_bytes:
            raise InvalidInputError(
                f"The file is larger than the {self._cap_bytes // MEGABYTE} MB allowed here; split it.",
                f"文件超过允许的 {self._cap_bytes // MEGABYTE} MB；请拆分。",
                "body",
            )
        self._target.write(chunk)


@contextmanager
def reading_folder(state: AppState) -> Iterator[Path]:
    """Make a folder below the home for one request."""
    root = state.settings.home.home / "reading"
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root) as folder:
        yield Path(folder)


async def receive_file(request: Request, folder: Path, file_field: str, cap_bytes: int) -> Received:
    """Write the file of a request to the folder: the part of a form, or the whole body.

    Raises
    ------
    InvalidInputError
        No file, an empty one, one too large, or a form that cannot be read.
    """
    kind = request.headers.get("Content-Type", "")
    path = folder / "received"
    with path.open("wb") as target:
        sink = _Sink(target, cap_bytes)
        if kind.lower().startswith("multipart/"):
            form = await receive_form(request.stream(), kind, sink, file_field)
        else:
            form = Form()
            async for chunk in request.stream():
                sink.write(chunk)
    if sink.size_bytes == 0:
        raise InvalidInputError(
            f"The request holds no file, or an empty one; send it as the body or as the part named {file_field}.",
            f"请求中没有文件或文件为空；请作为正文或名为 {file_field} 的部分发送。",
            file_field,
        )
    return Received(path, form.file_name, sink.size_bytes, form.fields)
