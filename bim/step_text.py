"""The STEP text of a model as bytes: instances, places, references. Knows no schema and no kernel."""

import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bim.errors import NotIfcError, Place

Buffer = bytes | mmap.mmap

# Python below 3.11.5 matches possessive groups wrongly, so only single classes are possessive here. The alternatives of
# each group begin with different bytes: there is one way to match, and the scan stays linear on hostile text.
_COMMENT = rb"/\*(?:[^*]++|\*(?!/))*\*/"
_BLANK = rb"(?:\s++|" + _COMMENT + rb")*"
# `\S\'` is the one place where an apostrophe inside a string is not doubled.
_TEXT = rb"'(?:[^'\\]++|\\S\\.|\\(?!S\\.))*'"
# Strings and comments cannot hide a semicolon.
INSTANCE = re.compile(
    _BLANK + rb"#(\d++)" + _BLANK + rb"=" + _BLANK + rb"([A-Za-z0-9_]++)" + _BLANK
    + rb"(\((?:[^';/=\\]++|" + _TEXT + rb"|" + _COMMENT + rb")*);",
    re.DOTALL,
)  # fmt: skip
# The same where no comment is near, as nearly everywhere, with the whole instance as a group.
_PLAIN_INSTANCE = re.compile(
    rb"(\s*+#(\d++)\s*+=\s*+([A-Za-z0-9_]++)\s*+\((?:[^';/=\\]++|" + _TEXT + rb")*;)", re.DOTALL
)
_RUN_BYTES = 1 << 20
TRAILER = re.compile(_BLANK + rb"ENDSEC" + _BLANK + rb";")
FILE_END = re.compile(_BLANK + rb"END-ISO-10303-21" + _BLANK + rb";[\s\x00]*\Z")
_STRING = re.compile(_TEXT + rb"|" + _COMMENT, re.DOTALL)
_REFERENCE = re.compile(rb"#(\d+)")


@contextmanager
def mapped_bytes(path: Path) -> Iterator[Buffer]:
    """Map a file into memory for reading, so that a large model costs no copy."""
    with path.open("rb") as stream:
        if path.stat().st_size == 0:
            raise NotIfcError(
                "The file is empty (0 bytes). Upload it again.", "文件为空(0 字节),请重新上传。"
            )
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view:
            yield view


@dataclass(frozen=True)
class Run:
    """Instances that follow each other without a gap.

    Attributes
    ----------
    numbers, names : tuple of bytes
        Their instance numbers and classes, as written.
    borders : array of int, shape (n + 1,)
        Offsets where they begin, blanks before them included, and where the last one ends.
    """

    numbers: tuple[bytes, ...]
    names: tuple[bytes, ...]
    borders: NDArray[np.int64]

    @property
    def end(self) -> int:
        """Offset behind the last instance."""
        return int(self.borders[-1])

    def find_at(self, offset: int) -> int:
        """Find the instance that holds an offset."""
        return int(np.searchsorted(self.borders, offset, side="right")) - 1

    def read(self, data: Buffer, index: int) -> re.Match[bytes]:
        """Read one instance: its number, class and arguments as groups 1 to 3."""
        match = INSTANCE.match(data, int(self.borders[index]))
        if match is None:
            raise ValueError(f"no instance at byte {self.borders[index]}")
        return match


def iter_runs(data: Buffer, start: int, stop: int | None = None) -> Iterator[Run]:
    """Iterate over instances in runs of about a megabyte, up to the first text that is none, or up to an offset.

    The last run may end behind that offset, where it lies inside an instance.

    >>> [run.names for run in iter_runs(b"#1=IFCWALL('a;');#2=IFCDOOR($);ENDSEC;", 0)]
    [(b'IFCWALL', b'IFCDOOR')]
    """
    last = len(data) if stop is None else stop
    while start < last:
        most = min(start + _RUN_BYTES, last)
        run = _read_at_once(data, start, most) or _read_one_by_one(data, start, most)
        if run is None:
            return
        yield run
        start = run.end


def _read_at_once(data: Buffer, start: int, most: int) -> Run | None:
    """Read a run without a step of Python per instance; None where that is not sure to see every byte."""
    end = data.rfind(b");", start, most) + 2
    if end < start + 2 or data.find(b"/*", start, end) >= 0:
        return None
    found = _PLAIN_INSTANCE.findall(data, start, end)
    if not found:
        return None
    wholes, numbers, names = zip(*found, strict=True)
    borders = np.fromiter((0, *map(len, wholes)), dtype=np.int64, count=len(wholes) + 1).cumsum() + start
    return Run(numbers, names, borders) if borders[-1] == end else None


def _read_one_by_one(data: Buffer, start: int, most: int) -> Run | None:
    numbers, names, borders = [], [], [start]
    while borders[-1] < most and (match := INSTANCE.match(data, borders[-1])) is not None:
        numbers.append(match[1])
        names.append(match[2])
        borders.append(match.end())
    return Run(tuple(numbers), tuple(names), np.array(borders, dtype=np.int64)) if names else None


def compute_place(data: Buffer, offset: int, entity: int | None = None) -> Place:
    """Compute the line number of a byte offset."""
    line, step = 1, 1 << 22
    for start in range(0, offset, step):
        line += data[start : min(start + step, offset)].count(b"\n")
    return Place(line=line, entity=entity)


def bare_text(arguments: bytes) -> bytes:
    """Leave strings and comments out of an argument list.

    >>> bare_text(b"('a #7 (',#3)")
    b'(,#3)'
    """
    return _STRING.sub(b"", arguments) if b"'" in arguments or b"/" in arguments else arguments


def is_balanced(arguments: bytes) -> bool:
    """Say whether every parenthesis outside strings is closed.

    >>> is_balanced(b"('(',(1))"), is_balanced(b"((1)")
    (True, False)
    """
    if arguments.count(b"(") == arguments.count(b")"):
        return True
    bare = bare_text(arguments)
    return bare.count(b"(") == bare.count(b")")


def list_references(arguments: bytes) -> list[int]:
    """List the instance numbers an argument list refers to, in order.

    >>> list_references(b"'it is #7',#3,(#4,#5)")
    [3, 4, 5]
    """
    return [int(number) for number in _REFERENCE.findall(bare_text(arguments))]


def split_arguments(arguments: bytes) -> list[bytes]:
    """Split an argument list at its top level.

    >>> split_arguments(b"'a,b',(#1,#2),$")
    [b"'a,b'", b'(#1,#2)', b'$']
    """
    parts, depth, start, quoted = [], 0, 0, False
    for index, char in enumerate(arguments):
        if char == 0x27:
            quoted = not quoted
        elif quoted:
            continue
        elif char == 0x28:
            depth += 1
        elif char == 0x29:
            depth -= 1
        elif char == 0x2C and depth == 0:
            parts.append(arguments[start:index].strip())
            start = index + 1
    return [*parts, arguments[start:].strip()]
