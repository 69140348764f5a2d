"""How a text from outside was encoded: byte order mark, then strict UTF-8, then GB18030. Never a single-byte set.

Latin-1 and its kin never fail and would store garbage, so they are not tried.
"""

import codecs
from typing import Final

from gis.exchange.model import Evidence, refuse

UTF_8: Final = "UTF-8"
GB18030: Final = "GB18030"
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8", UTF_8),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
_CHOICES: Final = {
    "UTF-8": UTF_8, "UTF8": UTF_8, "GB18030": GB18030, "GBK": GB18030, "GB2312": GB18030, "CP936": GB18030,
    "936": GB18030, "ANSI 936": GB18030, "65001": UTF_8,
}  # fmt: skip


def decode(data: bytes, choice: str | None = None) -> tuple[str, Evidence]:
    """Decode the bytes of a text file and say how.

    Parameters
    ----------
    data : bytes
        The whole file.
    choice : str, optional
        The encoding a person chose.

    Raises
    ------
    ExchangeError
        The bytes are no text in any of these encodings, or not in the chosen one.

    Examples
    --------
    >>> text, evidence = decode("地块一".encode("gbk"))
    >>> text, evidence.value
    ('地块一', 'GB18030')
    """
    if choice is not None:
        name = canonical(choice)
        return _strict(data.removeprefix(codecs.BOM_UTF8), name), _evidence(name, "chosen", "按选择")
    for mark, codec, name in _MARKS:
        if data.startswith(mark):
            text = _strict(data[len(mark) :], codec)
            return text, _evidence(name, "byte order mark", "文件带字节顺序标记（BOM）")
    try:
        return data.decode("utf-8"), _evidence(UTF_8, "every byte is valid UTF-8", "全部字节符合 UTF-8")
    except UnicodeDecodeError:
        text = _strict(data, GB18030)
    return text, _evidence(GB18030, "no UTF-8, valid GB18030 (GBK)", "不是 UTF-8，符合 GB18030（含 GBK）")


def canonical(name: str) -> str:
    """Return UTF-8 or GB18030 for the many names of the two.

    Raises
    ------
    ExchangeError
        Another encoding.

    Examples
    --------
    >>> canonical("gbk"), canonical("utf8")
    ('GB18030', 'UTF-8')
    """
    found = find_canonical(name)
    if found is None:
        raise refuse(
            f"Encoding {name[:40]!r} is not read; choose UTF-8 or GB18030.",
            f"不支持编码 {name[:40]!r}；请选择 UTF-8 或 GB18030。",
            "encoding",
        )
    return found


def find_canonical(name: str) -> str | None:
    """Return UTF-8 or GB18030 for one of their names, else None."""
    return _CHOICES.get(name.strip().upper().replace("_", "-"))


def _strict(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise refuse(
            f"Byte {error.start + 1} is no {codec} text. Save the file as UTF-8 or GB18030 (GBK) and send it again.",
            f"第 {error.start + 1} 字节不是有效的 {codec} 文本；请另存为 UTF-8 或 GB18030（GBK）后重新上传。",
            f"line {line}",
        ) from error


def _evidence(value: str, en: str, zh: str) -> Evidence:
    return Evidence("encoding", value, f"Encoding {value}: {en}.", f"编码 {value}：{zh}。")
