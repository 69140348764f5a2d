"""CQL2 text, read by the `cql2` library one bracket level at a time.

The library's grammar tries the whole inside of a bracket again for each of its alternatives, so a text that goes
wrong inside n brackets costs it 2ⁿ attempts (measured: 20 brackets, 2.5 s; 10 brackets around 400 comparisons,
1.3 s). Here a small reader of tokens finds the brackets; each inside is parsed alone and then stands in its
surroundings as a name that nobody can write. What the library sees never has a bracket inside another.

Two more things are settled on the tokens: a number that a float cannot hold, which the library would round
silently, and backslashes, which QGIS doubles inside quotes.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

import cql2

from gis.cql2.faults import fault, shown, too_large
from gis.errors import InvalidFilterError

MAX_TOKENS: Final = 2_000
MAX_BRACKETS: Final = 400
MAX_BRACKET_DEPTH: Final = 32
MAX_DEPTH: Final = 100
MAX_SIGNS: Final = 16
"""How many NOT or minus signs may stand in a row."""

MAX_CHAIN: Final = 60
"""How many operators may follow each other without AND, OR or comma; the AND of BETWEEN goes on.

The library goes one call deeper for each: measured, 250 comparisons in a row end a thread with a stack of 512 kB.
"""

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<text>'(?:[^'\\]|''|\\.)*')
      | (?P<name>"(?:[^"]|"")*")
      | (?P<geometry>(?:(?:MULTI)?(?:POINT|LINESTRING|POLYGON)|GEOMETRYCOLLECTION)\s*(?:ZM?|M)?\s*\()
      | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<word>[^\W\d][\w.:]*)
      | (?P<open>\()
      | (?P<close>\))
      | (?P<comma>,)
      | (?P<sign>[-+])
      | (?P<operator><>|!=|[<>]=|[=<>*/%^])
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_COORDINATES = re.compile(r"[-+0-9.,()\sA-Za-z]*")
_OPERATORS: Final = frozenset(
    {"and", "or", "not", "in", "like", "between", "is", "div", "true", "false", "null"}
)
_CHAINED: Final = frozenset({"not", "in", "like", "between", "is", "div"})
_ATOM = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[-+]?[0-9.]+(?:[eE][+-]?[0-9]+)?|[^\W\d][\w.:]*""")
_PLACE = re.compile(r'"\0([0-9]+)"')
_COLUMN = re.compile(r"--> [0-9]+:([0-9]+)")


@dataclass
class _Bracket:
    """An open bracket: what stands before it, and the parts between its commas so far."""

    before: str
    parts: list[list[str]] = field(default_factory=lambda: [[]])
    chain: int = 0
    betweens: int = 0  # those whose AND is still to come

    def count(self, kind: str | None, word: str) -> int:
        """Count one more token and return how many operators now follow each other."""
        if word == "and" and self.betweens:
            self.betweens -= 1
        elif kind == "comma" or word in ("and", "or"):
            self.chain = 0
        elif kind in ("sign", "operator") or word in _CHAINED:
            self.chain += 1
            self.betweens += word == "between"
        return self.chain

    def sources(self) -> list[str]:
        return ["".join(part).strip() for part in self.parts]


class _Reader:
    """Brackets seen so far, and the trees of the closed ones."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._trees: list[Any] = []
        self._open = [_Bracket("")]
        self._word = ""  # the word just before the token now read
        self._signs = 0

    def read(self) -> Any:
        """Read the whole text."""
        position = tokens = 0
        while position < len(self._text):
            match = _TOKEN.match(self._text, position)
            if match is None:  # the last alternative takes any character
                raise AssertionError("a token must match")
            position = self._take(match)
            tokens += 1
            if tokens > MAX_TOKENS or len(self._trees) > MAX_BRACKETS:
                raise too_large(f"{MAX_TOKENS} words and signs", f" {MAX_TOKENS} 个词")
        if len(self._open) > 1:
            raise fault("a bracket is not closed", "括号未闭合")
        if len(self._open[0].parts) > 1:
            raise fault("there is a comma outside of brackets", "括号外有逗号")
        return self._parse(self._open[0].sources()[0])

    def _take(self, match: re.Match[str]) -> int:
        kind, text = match.lastgroup, match[0]
        if kind == "space":
            self._put(" ")
            return match.end()
        self._count(kind, text.lower())
        if kind == "geometry":
            return self._take_geometry(match)
        if kind == "open":
            self._take_open()
        elif kind == "close":
            self._take_close()
        elif kind == "comma":
            self._open[-1].parts.append([])
        else:
            self._put(_written(kind, text))
        self._word = text if kind == "word" else ""
        return match.end()

    def _put(self, text: str) -> None:
        self._open[-1].parts[-1].append(text)

    def _count(self, kind: str | None, word: str) -> None:
        self._signs = self._signs + 1 if kind == "sign" or word == "not" else 0
        for found, most in ((self._signs, MAX_SIGNS), (self._open[-1].count(kind, word), MAX_CHAIN)):
            if found > most:
                raise too_large(f"{most} operators in a row", f" {most} 个连续的运算符")

    def _take_geometry(self, match: re.Match[str]) -> int:
        """Take a geometry in WKT whole: its brackets hold coordinates."""
        inside = _COORDINATES.match(self._text, match.end())
        depth = 1
        for offset, character in enumerate(inside[0] if inside else ""):
            depth += {"(": 1, ")": -1}.get(character, 0)
            if depth == 0:
                end = match.end() + offset + 1
                self._put(f" {self._kept(self._parse(self._text[match.start() : end]))} ")
                self._word = ""
                return end
            if depth > MAX_BRACKET_DEPTH:
                break
        raise fault(
            f"the geometry at {shown(match[0])} does not end, or holds more than numbers",
            f"{shown(match[0])} 处的几何未结束，或含有数字以外的内容",
        )

    def _take_open(self) -> None:
        word = self._word.lower()
        if word and word not in _OPERATORS:
            part = self._open[-1].parts[-1]
            while part.pop() == " ":
                pass
        if len(self._open) > MAX_BRACKET_DEPTH:
            raise too_large(f"{MAX_BRACKET_DEPTH} levels of brackets", f" {MAX_BRACKET_DEPTH} 层括号")
        self._open.append(_Bracket(self._word))

    def _take_close(self) -> None:
        if len(self._open) == 1:
            raise fault("a bracket is closed that was not opened", "多余的右括号")
        bracket = self._open.pop()
        sources, before = bracket.sources(), bracket.before.lower()
        if before and before not in _OPERATORS:
            arguments = "" if sources == [""] else ",".join(map(self._atom, sources))
            self._put(f" {self._kept(self._parse(f'{bracket.before}({arguments})'))} ")
        elif before == "in" or len(sources) > 1:
            self._put(f" ({','.join(map(self._atom, sources))}) ")
        else:
            self._put(f" {self._kept(self._parse(sources[0]))} ")

    def _atom(self, source: str) -> str:
        return source if _ATOM.fullmatch(source) else self._kept(self._parse(source))

    def _kept(self, tree: Any) -> str:
        self._trees.append(tree)
        return f'"\0{len(self._trees) - 1}"'

    def _parse(self, source: str) -> Any:
        try:
            tree = cql2.parse_text(source).to_json()
        except Exception as error:
            raise _unreadable(source, str(error)) from error
        return self._filled(tree, 0)

    def _filled(self, node: Any, depth: int) -> Any:
        """Put the trees of the inner brackets back where their names stand."""
        if depth > MAX_DEPTH:
            raise too_large(f"{MAX_DEPTH} levels", f" {MAX_DEPTH} 层")
        if isinstance(node, list):
            return [self._filled(part, depth + 1) for part in node]
        if not isinstance(node, dict) or "coordinates" in node:
            return node
        name = node.get("property")
        if isinstance(name, str) and name.startswith("\0"):
            return self._trees[int(name[1:])]
        return {key: self._filled(value, depth + 1) for key, value in node.items()}


def _written(kind: str | None, text: str) -> str:
    """Return a token as the library is to read it."""
    if kind == "text":
        inner = re.sub(r"''|\\(['\\])", lambda match: match[1] or "'", text[1:-1])
        return "'" + inner.replace("'", "''") + "'"
    if kind == "number":
        return _checked_number(text)
    if text in ("'", '"'):
        raise fault("a quote is not closed", "引号未闭合")
    return text


def _checked_number(text: str) -> str:
    value = float(text)
    if value == float("inf"):
        raise fault(
            f"the number {shown(text)} is beyond the range of numbers", f"数值 {shown(text)} 超出范围"
        )
    if text.isdigit() and (len(text) > 300 or int(value) != int(text)):
        raise fault(
            f"the number {shown(text)} has more digits than can be kept", f"数值 {shown(text)} 的位数过多"
        )
    return f"0{text}" if text.startswith(".") else text


def _unreadable(source: str, message: str) -> InvalidFilterError:
    column = _COLUMN.search(message)
    start = max(0, int(column[1]) - 1 if column else 0)
    near = _PLACE.sub("(…)", source[start:]) or "its end"
    return fault(
        f"it is no CQL2 text near {shown(near)}; texts stand in single quotes, as in name LIKE '%桥%'",
        f"{shown(near)} 附近不是有效的 CQL2 文本；文本应使用单引号，如 name LIKE '%桥%'",
    )


def parse_text(text: str) -> Any:
    """Return the tree of a CQL2 text.

    Raises
    ------
    InvalidFilterError
        No CQL2 text, or more of it than one request may have.

    Examples
    --------
    >>> parse_text("name = 'it''s' AND (progress > .5)")["args"][1]
    {'op': '>', 'args': [{'property': 'progress'}, 0.5]}
    """
    return _Reader(text).read()
