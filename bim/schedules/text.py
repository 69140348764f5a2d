"""In which encoding a text was written, and by what evidence."""

import codecs
from dataclasses import dataclass

from bim.errors import Place, ScheduleError

NAMES = ("utf-8", "utf-16", "gb18030", "cp1252")
_COMMON_SHARE = 0.8  # of two-byte characters inside GB 2312: Chinese prose has nearly all of them there
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Decoded:
    """A text, its encoding, and why that one."""

    text: str
    encoding: str
    evidence: str


def decode(data: bytes, asked: str | None = None) -> Decoded:
    """Decode by byte order mark, else strict UTF-8, else GB18030 or Windows-1252 by what the bytes look like.

    Parameters
    ----------
    asked : str, optional
        An encoding that the sender named; then nothing is guessed.

    Raises
    ------
    ScheduleError
        No encoding reads the bytes without loss; the message names the line of the first one that does not fit.

    Examples
    --------
    >>> decode("桩基施工".encode("gb18030")).encoding
    'gb18030'
    >>> decode("Démolition\\tété".encode("cp1252")).encoding
    'cp1252'
    """
    if asked:
        return Decoded(_strict(data, asked), asked, "named by the sender")
    for mark, name in _BOMS:
        if data.startswith(mark):
            return Decoded(_strict(data, name), name.removesuffix("-sig"), "byte order mark")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _eight_bit(data, _line(data, error.start))
    return Decoded(text, "ascii" if data.isascii() else "utf-8", "strict UTF-8 reads every byte")


def _eight_bit(data: bytes, line: int) -> Decoded:
    pairs, common = _pairs(data)
    said = f"UTF-8 fails in line {line}; {common} of {pairs} two-byte characters lie in GB 2312"
    looks_chinese = pairs > 0 and common / pairs >= _COMMON_SHARE
    if not looks_chinese and _is_western(data):
        return Decoded(data.decode("cp1252"), "cp1252", f"{said}, the others are accented Latin letters")
    return Decoded(_strict(data, "gb18030"), "gb18030", said)


def _pairs(data: bytes) -> tuple[int, int]:
    """Count two-byte characters as GB18030 takes them, and those of them that lie in GB 2312."""
    pairs = common = 0
    at = 0
    while at < len(data):
        if data[at] < 0x80 or at + 1 >= len(data):
            at += 1
            continue
        pairs += 1
        common += 0xA1 <= data[at] <= 0xF7 and data[at + 1] >= 0xA1
        at += 2
    return pairs, common


def _is_western(data: bytes) -> bool:
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return False
    high = [letter for letter in text if ord(letter) > 0x7F]
    return sum(letter.isalpha() or letter in "–—‘’“”•…€°²³·" for letter in high) >= 0.9 * len(high)


def _strict(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        line = _line(data, error.start)
        raise ScheduleError(
            f"The text is no {name.removesuffix('-sig')}; name its encoding ({', '.join(NAMES)}) or save it as UTF-8.",
            f"文本不是 {name.removesuffix('-sig')} 编码；请指定编码（{'、'.join(NAMES)}）或另存为 UTF-8。",
            Place(line=line),
        ) from error
    except LookupError as error:
        raise ScheduleError(
            f"The encoding {name[:40]!r} is unknown; known are {', '.join(NAMES)}.",
            f"未知编码 {name[:40]!r}；可用：{'、'.join(NAMES)}。",
        ) from error


def _line(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1
