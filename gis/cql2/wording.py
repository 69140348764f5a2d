"""Texts: without regard to case or accents, and LIKE.

`casei` folds with the database's `lower`; `accenti` takes the text apart (NFD), drops the combining marks
U+0300–U+036F and joins it again, so 桥 and が stay what they are and é becomes e. No extension is
needed; letters that are no letter-with-mark in Unicode (ø, ł) keep their stroke.
"""

import re
from typing import Any, Final

from gis.cql2.faults import fault
from gis.cql2.literals import text_term
from gis.cql2.terms import Scope, Term, wrong_kind

FOLDINGS: Final = {
    "casei": "lower({})",
    "accenti": r"normalize(regexp_replace(normalize({}, NFD), '[\u0300-\u036f]', '', 'g'), NFC)",
}
MAX_WILDCARDS: Final = 32
_PATTERN_PART = re.compile(r"\\.|[^\\]", re.DOTALL)


def folded(op: str, term: Term) -> Term:
    """Return a text without regard to case (`casei`) or accents (`accenti`)."""
    term = term.read_as("text")
    if term.kind != "text":
        raise wrong_kind(term, "text", op)
    return Term("text", FOLDINGS[op].format(term.sql), term.en, term.zh)


def like(scope: Scope, value: Term, pattern: Any) -> str:
    """Return the condition that a text follows a pattern: `%` any text, `_` one character, `\\` before either."""
    value = value.read_as("text")
    if value.kind != "text":
        raise wrong_kind(value, "text", "LIKE")
    foldings = []
    while isinstance(pattern, dict) and str(pattern.get("op")).lower() in FOLDINGS:
        foldings.append(str(pattern["op"]).lower())
        arguments = pattern.get("args")
        pattern = arguments[0] if isinstance(arguments, list) and len(arguments) == 1 else None
    if not isinstance(pattern, str):
        raise fault("the pattern of LIKE must be a text", "LIKE 的模式应为文本")
    term = text_term(scope, _checked_pattern(pattern))
    for op in reversed(foldings):
        term = folded(op, term)
    return f"({value.sql} LIKE {term.sql})"


def _checked_pattern(pattern: str) -> str:
    parts = _PATTERN_PART.findall(pattern)
    if sum(map(len, parts)) < len(pattern):
        raise fault(
            r"a pattern of LIKE must not end with a single backslash; write \\ for one",
            r"LIKE 的模式不能以单个反斜杠结尾；反斜杠本身写作 \\",
        )
    if parts.count("%") > MAX_WILDCARDS:
        raise fault(f"a pattern has more than {MAX_WILDCARDS} %", f"模式中的 % 超过 {MAX_WILDCARDS} 个")
    return pattern
