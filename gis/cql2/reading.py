"""A filter's text to its tree: CQL2 JSON as plain dicts and lists, whichever way it was written.

Its size is bounded before anything is parsed, so that no caller can make a parser run long or out of
stack.
"""

import math
import re
from typing import Any, Final, Literal, get_args

import orjson

from gis.cql2.faults import fault, too_large
from gis.cql2.text import MAX_DEPTH, parse_text
from gis.filters import is_storable

CqlLanguage = Literal["cql2-text", "cql2-json"]
CQL_LANGUAGES: Final[tuple[CqlLanguage, ...]] = get_args(CqlLanguage)
CqlTree = dict[str, Any] | list[Any] | str | float | bool | None

MAX_CHARACTERS: Final = 16_384
MAX_NODES: Final = 1_000
_MAX_JSON_BRACKETS: Final = 120
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def parse_filter(text: str, lang: CqlLanguage = "cql2-text") -> CqlTree:
    """Read a filter into its tree.

    Raises
    ------
    InvalidFilterError
        No CQL2, or more of it than one request may have.

    Examples
    --------
    >>> parse_filter("progress >= 40 AND name LIKE '%桥%'")["op"]
    'and'
    >>> parse_filter('{"op": "isNull", "args": [{"property": "name"}]}', "cql2-json")["op"]
    'isNull'
    """
    if len(text) > MAX_CHARACTERS:
        raise too_large(f"{MAX_CHARACTERS} characters", f" {MAX_CHARACTERS} 个字符")
    if not is_storable(text):
        raise fault("it holds a NUL or half a character", "含有 NUL 或不完整的字符")
    if lang == "cql2-text" and text.lstrip().startswith("{"):
        raise fault(
            "it looks like JSON; add filter-lang=cql2-json", "看来是 JSON；请加上 filter-lang=cql2-json"
        )
    tree = parse_text(text) if lang == "cql2-text" else _parse_json(text)
    _check_size(tree)
    return tree


def _parse_json(text: str) -> CqlTree:
    # Twenty thousand brackets are no filter; the JSON reader is not to be asked.
    skeleton = _JSON_STRING.sub("", text)
    depth = deepest = 0
    for character in skeleton:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    if deepest > _MAX_JSON_BRACKETS:
        raise too_large(f"{_MAX_JSON_BRACKETS} levels of brackets", f" {_MAX_JSON_BRACKETS} 层括号")
    try:
        tree: CqlTree = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise fault(
            f"it is no JSON ({error.msg}, at character {error.pos}); "
            "write filter-lang=cql2-text if it is CQL2 text",
            f"不是 JSON（第 {error.pos} 个字符处：{error.msg}）；若为 CQL2 文本请写 filter-lang=cql2-text",
        ) from error
    return tree


def _check_size(tree: CqlTree) -> None:
    """Hold depth and number of nodes without recursion; coordinates count by the characters alone."""
    left: list[tuple[object, int]] = [(tree, 1)]
    nodes = 0
    while left:
        node, depth = left.pop()
        nodes += 1
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            raise too_large(
                f"{MAX_NODES} parts or {MAX_DEPTH} levels", f" {MAX_NODES} 个成分或 {MAX_DEPTH} 层"
            )
        _check_leaf(node)
        if isinstance(node, dict):
            left += [
                (value, depth + 1)
                for name, value in node.items()
                if name not in ("coordinates", "geometries")
            ]
        elif isinstance(node, list):
            left += [(value, depth + 1) for value in node]


def _check_leaf(node: object) -> None:
    if isinstance(node, str) and not is_storable(node):
        raise fault("a text holds a NUL or half a character", "文本含有 NUL 或不完整的字符")
    if isinstance(node, float) and not math.isfinite(node):
        raise fault("a number is beyond the range of numbers", "数值超出范围")
