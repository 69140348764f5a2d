"""A `where` clause read by descent, from left to right, into a term whose tree is CQL2 JSON.

Source: SQL-92; Esri REST API, "Use standardized queries".
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from gis.esri.fields import get_field
from gis.esri.lexer import Token, bad_where, split_words
from gis.esri.reckoning import applied, calculated
from gis.esri.relations import among, compared, like
from gis.esri.terms import (
    FALSE,
    NULL,
    TRUE,
    Term,
    both,
    is_null,
    moment_term,
    negated,
    number_term,
    parse_moment,
    property_term,
    text_term,
)
from gis.filters import LOCAL_TIME
from gis.layer import Layer

DEEPEST: Final = 40
MOST_WORDS: Final = 25_000
_SIGNS: Final = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_UNITS: Final = {
    "DAY": timedelta(days=1),
    "HOUR": timedelta(hours=1),
    "MINUTE": timedelta(minutes=1),
    "SECOND": timedelta(seconds=1),
}


def parse_where(layer: Layer, text: str, now: datetime) -> Term:
    """Parse a clause into its term, whose tree is CQL2 JSON.

    Examples
    --------
    >>> from datetime import UTC
    >>> from gis.layer import Field
    >>> parcels = Layer("p", "地块", "P", "", "p", "polygon", (Field("name", "string", "名称", "Name"),))
    >>> parse_where(parcels, "1=1 AND NAME = '桥'", datetime.now(UTC)).tree
    {'op': '=', 'args': [{'property': 'name'}, '桥']}
    """
    words = split_words(text)
    if len(words) > MOST_WORDS:
        raise bad_where(f"it has more than {MOST_WORDS} words", f"超过 {MOST_WORDS} 个词", "")
    reader = _Reader(layer, words, now)
    term = reader.read_or(0)
    reader.need_end()
    if term.kind != "boolean":
        raise bad_where("it is a value, not a condition", "它是一个值，不是条件", text)
    return term


class _Reader:
    """Reads a clause from left to right, one method per level of precedence."""

    def __init__(self, layer: Layer, words: list[Token], now: datetime) -> None:
        self._layer = layer
        self._words = words
        self._now = now
        self._at = 0

    def _peek(self, ahead: int = 0) -> Token:
        return self._words[min(self._at + ahead, len(self._words) - 1)]

    def _next(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _take(self, *texts: str) -> str | None:
        token = self._peek()
        if token.kind in ("word", "sign") and token.text in texts:
            self._at += 1
            return token.text
        return None

    def _need(self, text: str) -> None:
        if self._take(text) is None:
            raise self._lost(f"{text} is missing", f"缺少 {text}")

    def _lost(self, en: str, zh: str) -> Exception:
        left = " ".join(token.raw or token.text for token in self._words[self._at : self._at + 4])
        return bad_where(en, zh, left)

    def need_end(self) -> None:
        """Refuse what stands behind the clause."""
        if self._peek().kind != "end":
            raise self._lost("nothing more may follow", "其后不应再有内容")

    def read_or(self, depth: int) -> Term:
        """Read conditions joined by OR."""
        if depth > DEEPEST:
            raise bad_where(f"it is nested more than {DEEPEST} deep", f"嵌套超过 {DEEPEST} 层", "")
        return self._joined("OR", partial(self._read_and, depth))

    def _read_and(self, depth: int) -> Term:
        return self._joined("AND", partial(self._read_not, depth))

    def _joined(self, word: str, read: Callable[[], Term]) -> Term:
        terms = [read()]
        while self._take(word):
            terms.append(read())
        if len(terms) == 1:
            return terms[0]
        return both("or" if word == "OR" else "and", terms)

    def _read_not(self, depth: int) -> Term:
        count = 0
        while self._take("NOT"):
            count += 1
        term = self._read_comparison(depth)
        if not count:
            return term
        return negated(term) if count % 2 else both("and", [term])

    def _read_comparison(self, depth: int) -> Term:
        left = self._read_sum(depth)
        sign = self._take(*_SIGNS)
        if sign:
            return compared(_SIGNS[sign], left, self._read_sum(depth))
        if self._take("IS"):
            turned = bool(self._take("NOT"))
            self._need("NULL")
            return negated(is_null(left)) if turned else is_null(left)
        turned = self._peek().text == "NOT" and self._peek(1).text in ("BETWEEN", "IN", "LIKE")
        if turned:
            self._at += 1
        found = self._read_relation(left, depth)
        return negated(found) if turned else found

    def _read_relation(self, left: Term, depth: int) -> Term:
        match self._take("BETWEEN", "IN", "LIKE"):
            case "BETWEEN":
                low = self._read_sum(depth)
                self._need("AND")
                return both("and", [compared(">=", left, low), compared("<=", left, self._read_sum(depth))])
            case "IN":
                return among(left, list(self._read_list(depth)))
            case "LIKE":
                return like(left, self._read_sum(depth), self._read_escape())
            case _:
                return left

    def _read_list(self, depth: int) -> Iterable[Term]:
        self._need("(")
        yield self._read_sum(depth)
        while self._take(","):
            yield self._read_sum(depth)
        self._need(")")

    def _read_escape(self) -> str | None:
        if not self._take("ESCAPE"):
            return None
        token = self._next()
        if token.kind != "text" or len(token.text) != 1:
            raise self._lost("ESCAPE takes one character in quotation marks", "ESCAPE 需要引号中的一个字符")
        return token.text

    def _read_sum(self, depth: int) -> Term:
        return self._reckoned(("+", "-"), partial(self._read_product, depth))

    def _read_product(self, depth: int) -> Term:
        return self._reckoned(("*", "/"), partial(self._read_signed, depth))

    def _reckoned(self, signs: tuple[str, ...], read: Callable[[], Term]) -> Term:
        term = read()
        length = 0
        while sign := self._take(*signs):
            term = calculated(sign, term, read())
            length += 1
            if length > DEEPEST:  # a chain makes a tree as deep as it is long
                raise self._lost(f"a sum has more than {DEEPEST} parts", f"运算超过 {DEEPEST} 项")
        return term

    def _read_signed(self, depth: int) -> Term:
        turned = 0
        while sign := self._take("+", "-"):
            turned += sign == "-"
        term = self._read_single(depth)
        return calculated("-", number_term(0), term) if turned % 2 else term

    def _read_single(self, depth: int) -> Term:
        token = self._next()
        match token.kind:
            case "text":
                return text_term(token.text)
            case "number":
                return number_term(int(token.text) if token.text.isdigit() else float(token.text))
            case "name":
                return property_term(get_field(self._layer, token.text, "where"))
            case "word":
                return self._read_word(token, depth)
        if token.text == "(":
            term = self.read_or(depth + 1)
            self._need(")")
            return term
        self._at -= 1
        raise self._lost("a value is missing here", "此处缺少值")

    def _read_word(self, token: Token, depth: int) -> Term:
        following = self._peek()
        if token.text in ("DATE", "TIMESTAMP") and following.kind == "text":
            return moment_term(parse_moment(self._next().text))
        if token.text == "INTERVAL" and following.kind in ("text", "number"):
            return self._read_interval()
        if following.kind == "sign" and following.text == "(":
            return self._read_function(token, depth)
        fixed = self._fixed(token.text)
        return fixed or property_term(get_field(self._layer, token.raw, "where"))

    def _fixed(self, word: str) -> Term | None:
        match word:
            case "TRUE":
                return TRUE
            case "FALSE":
                return FALSE
            case "NULL":
                return NULL
            case "CURRENT_DATE":
                return moment_term(self._now.astimezone(LOCAL_TIME).date())
            case "CURRENT_TIMESTAMP":
                return moment_term(self._now)
            case _:
                return None

    def _read_interval(self) -> Term:
        amount, unit = self._next().text, self._next().text
        try:
            return Term("interval", None, _UNITS[unit] * float(amount))
        except (KeyError, ValueError, OverflowError) as error:
            raise bad_where(
                "an interval reads INTERVAL '7' DAY (or HOUR, MINUTE, SECOND)",
                "时间间隔应写作 INTERVAL '7' DAY（或 HOUR、MINUTE、SECOND）",
                f"INTERVAL {amount[:20]} {unit[:20]}",
            ) from error

    def _read_function(self, token: Token, depth: int) -> Term:
        self._need("(")
        name = token.text
        if name == "EXTRACT":
            name = self._next().text
            self._need("FROM")
        term = self.read_or(depth + 1)
        self._need(")")
        return applied(name, term)
