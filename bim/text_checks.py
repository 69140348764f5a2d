"""Checks of STEP text that the library would drop, swallow or stop at without a useful word."""

import re
from bisect import bisect_left
from collections.abc import Iterator

from bim.errors import ParseError
from bim.step_text import INSTANCE, Buffer, bare_text, compute_place, is_balanced

_ILLEGAL_NUMBER = re.compile(
    rb"[-+]?\d*\.?\d*#(?:INF|IND|QNAN|SNAN|NAN)\w*|(?<=[(,\s])[-+]?(?:NAN|INF|INFINITY)(?=[),\s])",
    re.IGNORECASE,
)
_ILLEGAL_HINTS = (b"nan", b"inf", b"#ind", b"#qnan", b"#snan")
_BEFORE_NUMBER = b"(,+- \t\r\n#0123456789."
_CHUNK, _OVERLAP = 1 << 22, 16
_GOOD_ESCAPES = (
    rb"\\(?:\\|S\\.|P[A-I]\\|X\\[0-9A-Fa-f]{2}|X2\\[0-9A-Fa-f]++\\X0\\|X4\\[0-9A-Fa-f]++\\X0\\|[NF]\\)"
)
_ESCAPED_TEXT = re.compile(rb"(?:[^\\]++|" + _GOOD_ESCAPES + rb")*", re.DOTALL)


def check_numbers(data: Buffer, start: int) -> None:
    """Refuse infinities and NaN, which the library drops without a word, in text that may be broken elsewhere.

    Words like them are looked for first, and only the instances that hold one are read: GlobalIds hold many.
    """
    suspects = list_number_suspects(data, start)
    if not suspects:
        return
    suspects.append(len(data))
    following = 0
    for match in INSTANCE.finditer(data, start):
        end = match.end()
        if suspects[following] >= end:
            continue
        following = bisect_left(suspects, end, following)
        check_numbers_of(data, match)


def check_numbers_of(data: Buffer, match: re.Match[bytes]) -> None:
    """Refuse an instance with an infinity or NaN outside its strings."""
    found = _ILLEGAL_NUMBER.search(bare_text(match.group(3)))
    if found:
        shown = found.group(0).decode("ascii", "replace")
        raise ParseError(
            f"The number {shown} is not allowed in STEP. Export again with a newer exporter.",
            f"数值 {shown} 不合 STEP 语法,请用新版软件重新导出。",
            compute_place(data, match.start(3), int(match.group(1))),
        )


def list_number_suspects(data: Buffer, start: int, stop: int | None = None) -> list[int]:
    """List the places of words that may be an infinity or NaN outside a string, in order, up to an offset."""
    last = len(data) if stop is None else stop
    return sorted(
        offset for at in range(start, last, _CHUNK) for offset in _iter_suspects(data, at, start, last)
    )


def _iter_suspects(data: Buffer, at: int, start: int, last: int) -> Iterator[int]:
    """Iterate over the places of words in a chunk that may be an infinity or NaN outside a string."""
    begin = max(start, at - _OVERLAP)
    lowered = data[begin : min(at + _CHUNK, last)].lower()
    for hint in _ILLEGAL_HINTS:
        place = lowered.find(hint)
        while place >= 0:
            before, after = lowered[place - 1 : place], lowered[place + len(hint) : place + len(hint) + 1]
            if before in _BEFORE_NUMBER and (not after.isalpha() or (hint == b"inf" and after == b"i")):
                yield begin + place
            place = lowered.find(hint, place + 1)


def check_escapes(data: Buffer, start: int) -> None:
    """Refuse broken escapes in strings; the library stops at them with a byte offset only."""
    if data.find(b"\\", start) < 0 or _escapes_end(data, start) == len(data):
        return
    for match in INSTANCE.finditer(data, start):
        arguments = match.group(3)
        if b"\\" not in arguments:
            continue
        end = _escapes_end(arguments, 0)
        if end == len(arguments):
            continue
        shown = arguments[end : end + 12].decode("ascii", "replace")
        raise ParseError(
            f"The string has a broken escape at {shown!r}. Export again, or correct the text in the authoring tool.",
            f"字符串转义在 {shown!r} 处损坏。请在建模软件中改正文字后重新导出。",
            compute_place(data, match.start(3) + end, int(match.group(1))),
        )


def has_good_escapes(text: bytes) -> bool:
    r"""Say whether every backslash belongs to an escape the library knows.

    >>> has_good_escapes(rb"\X2\4E2D\X0\ "), has_good_escapes(rb"C:\temp")
    (True, False)
    """
    return _escapes_end(text, 0) == len(text)


def _escapes_end(data: Buffer, start: int) -> int:
    match = _ESCAPED_TEXT.match(data, start)
    return match.end() if match else start


def check_balance(data: Buffer, start: int) -> None:
    """Refuse an instance with an open bracket; the library swallows the next one without a word.

    Brackets of the whole text are counted first, as looking into each instance costs as much as the scan.
    """
    surplus = 0
    for at in range(start, len(data), _CHUNK):
        chunk = data[at : at + _CHUNK]
        surplus += chunk.count(b"(") - chunk.count(b")")
    if surplus == 0:
        return
    for match in INSTANCE.finditer(data, start):
        if not is_balanced(match[3]):
            raise grammar_error(data, match.start(1) - 1)


def grammar_error(data: Buffer, end: int) -> ParseError:
    """Build the error for text that is no instance, with its place."""
    rest = data[end : end + 4096]
    offset = end + len(rest) - len(rest.lstrip())
    shown = data[offset : offset + 60].decode("ascii", "replace").split("\n")[0].strip()
    number = re.match(rb"#(\d+)", data[offset : offset + 20])
    return ParseError(
        f"The STEP text is broken at {shown!r} (open string, missing bracket or semicolon). Export the model again.",
        f"STEP 文本在 {shown!r} 处损坏(字符串未闭合、缺括号或分号)。请重新导出模型。",
        compute_place(data, offset, int(number.group(1)) if number else None),
    )
