"""The words of a `where` clause: SQL-92 as Esri's "standardized queries" write it."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from gis.errors import InvalidParameterError
from gis.filters import is_storable

LONGEST_WHERE: Final = 100_000
"""Clients list thousands of object ids in one clause."""

Kind = Literal["name", "word", "text", "number", "sign", "end"]

_WORD: Final = re.compile(
    r"""\s*(?:
      (?P<national>[Nn](?='))?'(?P<text>(?:[^']|'')*)'
    | "(?P<quoted>[^"]{1,128})"
    | (?P<number>(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?)(?!\w)
    | (?P<word>[^\W\d]\w{0,127})
    | (?P<sign><>|!=|<=|>=|\|\||[=<>()+\-*/,])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """One word of a clause; `text` is upper case for words, the value itself for all else."""

    kind: Kind
    text: str
    raw: str = ""


END: Final = Token("end", "")


def split_words(text: str) -> list[Token]:
    """Split a clause into its words.

    Raises
    ------
    InvalidParameterError
        Too long, a character that cannot stand there, an open quotation mark, a comment.

    Examples
    --------
    >>> [(token.kind, token.text) for token in split_words("name = N'桥''s'")]
    [('word', 'NAME'), ('sign', '='), ('text', "桥's"), ('end', '')]
    """
    if len(text) > LONGEST_WHERE:
        raise bad_where(
            f"it has more than {LONGEST_WHERE} characters", f"超过 {LONGEST_WHERE} 个字符", text[:20]
        )
    if not is_storable(text):
        raise bad_where("it has a character that no text can hold", "含有无法存储的字符", "")
    tokens: list[Token] = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _WORD.match(text, at)
        if match is None or text.startswith(("--", "/*"), match.start("sign")):
            raise bad_where("it cannot be read here", "此处无法识别", text[at : at + 30])
        tokens.append(_token(match))
        at = match.end()
    return [*tokens, END]


def _token(match: re.Match[str]) -> Token:
    kind = match.lastgroup
    if kind == "text":
        return Token("text", match["text"].replace("''", "'"))
    if kind == "quoted":
        return Token("name", match["quoted"])
    if kind == "word":
        return Token("word", match["word"].upper(), match["word"])
    return Token("number" if kind == "number" else "sign", match[kind or 0])


def bad_where(en: str, zh: str, near: str) -> InvalidParameterError:
    """Return the error that says what is wrong with a clause, and where."""
    return InvalidParameterError(
        f"where: {en} (near {near[:60]!r})." if near else f"where: {en}.",
        f"where：{zh}（位于 {near[:60]!r}）。" if near else f"where：{zh}。",
        where="where",
    )
