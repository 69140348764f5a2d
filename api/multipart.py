"""A multipart body straight into the object store: constant memory, one write to the disk."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from twin.errors import InvalidInputError

FLUSH_BYTES: Final = 1 << 20
FIELD_BYTES: Final = 64 * 1024
PARTS: Final = 32


class Sink(Protocol):
    """Where the bytes of the file go, such as `twin.objects.Incoming`."""

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take some bytes; blocks on the disk only."""


@dataclass
class Form:
    """What a form held: its text fields, and the name and size of the one file part."""

    fields: dict[str, str] = field(default_factory=dict)
    file_name: str | None = None
    file_bytes: int = 0


class _Reader:
    """Collects what the parser calls out; file bytes wait in `pending` for the next flush."""

    def __init__(self, file_field: str) -> None:
        self.form = Form()
        self.pending = bytearray()
        self.ended = False
        self._file_field = file_field
        self._parts = 0
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._disposition = b""
        self._text: bytearray | None = None
        self._name = ""

    def on_part_begin(self) -> None:
        self._parts += 1
        self._disposition = b""
        if self._parts > PARTS:
            raise _malformed(f"more than {PARTS} parts", f"超过 {PARTS} 个部分")

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def on_header_end(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if self._name != self._file_field:
            self._text = bytearray()
            return
        if self.form.file_name is not None:
            raise _malformed("more than one file", "含有多个文件")
        self._text = None
        name = options.get(b"filename", b"").decode("utf-8", "replace")
        self.form.file_name = (
            name.replace("\0", "").replace("\\", "/").rsplit("/", 1)[-1][:200] or "model.ifc"
        )

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._text is None:
            self.pending += data[start:end]
            self.form.file_bytes += end - start
            return
        self._text += data[start:end]
        if len(self._text) > FIELD_BYTES:
            raise _malformed(f"the field {self._name} is too long", f"字段 {self._name} 过长")

    def on_part_end(self) -> None:
        if self._text is not None:
            self.form.fields[self._name] = self._text.decode("utf-8", "replace").replace("\0", "")

    def on_end(self) -> None:
        self.ended = True


async def receive_form(
    chunks: AsyncIterator[bytes], content_type: str, incoming: Sink, file_field: str = "file"
) -> Form:
    """Read a multipart body; the bytes of the file part go to `incoming` as they arrive.

    Raises
    ------
    InvalidInputError
        The body is no multipart form, is cut off, or holds more than one file.
    """
    reader = _Reader(file_field)
    parser = _parser(reader, content_type)
    async for chunk in chunks:
        _feed(parser, chunk)
        if len(reader.pending) >= FLUSH_BYTES:
            await _flush(reader, incoming)
    await _flush(reader, incoming)
    if not reader.ended:
        raise _malformed("it is cut off", "内容不完整")
    return reader.form


def _parser(reader: _Reader, content_type: str) -> MultipartParser:
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise _malformed("it is no multipart/form-data", "不是 multipart/form-data")
    names = (
        "on_part_begin",
        "on_header_field",
        "on_header_value",
        "on_header_end",
        "on_headers_finished",
        "on_part_data",
        "on_part_end",
        "on_end",
    )
    callbacks = {name: getattr(reader, name) for name in names}
    return MultipartParser(boundary, callbacks)  # type: ignore[arg-type]


def _feed(parser: MultipartParser, chunk: bytes) -> None:
    try:
        parser.write(chunk)
    except FormParserError as error:
        raise _malformed(str(error), str(error)) from error


async def _flush(reader: _Reader, incoming: Sink) -> None:
    if reader.pending:
        block, reader.pending = reader.pending, bytearray()
        await asyncio.to_thread(incoming.write, block)


def _malformed(en: str, zh: str) -> InvalidInputError:
    return InvalidInputError(
        f"The form cannot be read ({en}); send multipart/form-data with one part named file.",
        f"无法读取表单（{zh}）；请以 multipart/form-data 发送，文件部分命名为 file。",
        "body",
    )
