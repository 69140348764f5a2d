"""Raw bytes in model text: find out their encoding and write them as STEP escapes.

The library reads raw bytes above 127 as nothing at all and says so nowhere, so they are never passed on.
"""

import codecs
import re
from pathlib import Path

from bim.errors import ParseError, Place
from bim.step_text import Buffer, compute_place

ASCII, UTF_8, GB18030 = "ascii", "utf-8", "gb18030"

_CHUNK = 1 << 20
_WIDE = re.compile(r"[^\x00-\x7f]+")
_INSTANCE_START = re.compile(rb"^\s*#(\d+)\s*=", re.MULTILINE)
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")


def find_encoding(data: Buffer) -> str:
    """Find the encoding of a model's text: ``ascii``, strict ``utf-8``, else ``gb18030``.

    Raises
    ------
    ParseError
        The bytes fit none of them; Latin-1 is never assumed, it would turn Chinese into garbage.
    """
    if all(data[start : start + _CHUNK].isascii() for start in range(0, len(data), _CHUNK)):
        return ASCII
    for encoding in (UTF_8, GB18030):
        if _decodes(data, encoding):
            return encoding
    raise ParseError(
        "The text holds bytes that are neither UTF-8 nor GB18030. Export again with a newer exporter, "
        "which writes Chinese as \\X2\\ escapes.",
        "文本中的字节既不是 UTF-8 也不是 GB18030。请用新版软件重新导出(中文应写成 \\X2\\ 转义)。",
        _first_place(data),
    )


def escape_text(text: str) -> str:
    r"""Write characters beyond ASCII as ISO 10303-21 escapes.

    >>> escape_text("墙A")
    '\\X2\\5899\\X0\\A'
    """
    return _WIDE.sub(_escape_run, text)


def transcode(source: Path, encoding: str, target: Path) -> None:
    """Copy a model in UTF-8 or GB18030 to ASCII with escapes; line numbers stay the same."""
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == UTF_8 else encoding)()
    with source.open("rb") as reader, target.open("wb") as writer:
        while chunk := reader.read(_CHUNK):
            writer.write(escape_text(decoder.decode(chunk)).encode("ascii"))
        writer.write(escape_text(decoder.decode(b"", final=True)).encode("ascii"))


def _decodes(data: Buffer, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(data), _CHUNK):
            decoder.decode(data[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _first_place(data: Buffer) -> Place:
    first = _HIGH_BYTE.search(data)
    offset = first.start() if first else 0
    entity = None
    for match in _INSTANCE_START.finditer(data, max(0, offset - _CHUNK), offset):
        entity = int(match.group(1))
    return compute_place(data, offset, entity)


def _escape_run(match: re.Match[str]) -> str:
    plain = match.group(0)
    # The library reads surrogate pairs in \X2\ as nothing, so characters beyond U+FFFF go into \X4\.
    pieces = re.findall(r"[\u0080-\uffff]+|[\U00010000-\U0010ffff]+", plain)
    return "".join(_escape_piece(piece) for piece in pieces)


def _escape_piece(piece: str) -> str:
    if ord(piece[0]) > 0xFFFF:
        return "\\X4\\" + "".join(f"{ord(char):08X}" for char in piece) + "\\X0\\"
    return "\\X2\\" + "".join(f"{ord(char):04X}" for char in piece) + "\\X0\\"
