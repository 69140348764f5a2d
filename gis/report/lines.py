"""Lines broken as Chinese is set: between any two signs, never before a closing mark, never inside a number."""

import re
from collections.abc import Callable, Iterator
from typing import Final

_WORD: Final = re.compile(r"[!-~¡-ɏ–]+[ ]?|[^!-~¡-ɏ–]")
_NOT_FIRST: Final = frozenset("，。、；：？！）》”’】〕%…—　 ")
_NOT_LAST: Final = frozenset("（《“‘【〔")


def wrap(text: str, width: float, measure: Callable[[str], float]) -> str:
    r"""Return a text with line feeds where it must be broken; a word longer than the line is cut.

    Examples
    --------
    >>> wrap("面积 1,800.00 平方米（椭球），共三块。", 8, len)
    '面积\n1,800.00\n平方米（椭球），\n共三块。'
    """
    return "\n".join(line for part in text.split("\n") for line in _lines(part, width, measure))


def _lines(text: str, width: float, measure: Callable[[str], float]) -> Iterator[str]:
    line = ""
    for word in _words(text, width, measure):
        if line and measure(line + word.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += word
    yield line.rstrip()


def _words(text: str, width: float, measure: Callable[[str], float]) -> Iterator[str]:
    """Yield what must stay together: numbers and Latin words, a sign with the marks behind it."""
    held = ""
    for word in _WORD.findall(text):
        joined = held and (word[0] in _NOT_FIRST or held[-1] in _NOT_LAST)
        if held and not joined:
            yield from _cut(held, width, measure)
            held = ""
        held += word
    yield from _cut(held, width, measure)


def _cut(word: str, width: float, measure: Callable[[str], float]) -> Iterator[str]:
    while len(word) > 1 and measure(word.rstrip()) > width:
        fits = max((n for n in range(1, len(word)) if measure(word[:n]) <= width), default=1)
        yield word[:fits]
        word = word[fits:]
    if word:
        yield word
