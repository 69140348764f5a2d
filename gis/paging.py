"""Pages by key: what `sortby` and `next` mean in SQL.

A page ends at a position (the sort values of its last row and its id) and the next one starts
strictly after it, so rows that others insert or delete meanwhile are neither repeated nor
skipped over. NULL sorts last in either direction.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final

import orjson

from gis.errors import InvalidPageTokenError, InvalidParameterError, UnknownPropertyError
from gis.filters import DEFAULT_LIMIT, bound_as, parse_value
from gis.layer import Field, Layer
from gis.statement import EVERYTHING, ROW, Condition

MAX_SORT_KEYS: Final = 4
_DIGEST_BYTES: Final = 8


@dataclass(frozen=True)
class SortKey:
    """One property to sort by."""

    field: Field
    descending: bool = False


@dataclass(frozen=True)
class Position:
    """Where a page ended: the sort values of its last row as SQL texts, and its id."""

    values: tuple[str | None, ...]
    id: int


@dataclass(frozen=True)
class Page:
    """How many rows, in which order, after which."""

    limit: int = DEFAULT_LIMIT
    sort: tuple[SortKey, ...] = ()
    after: Position | None = None


def parse_sort(layer: Layer, text: str | None) -> tuple[SortKey, ...]:
    """Read `sortby`: property names with commas, each with `+` (or nothing) or `-` before it.

    Raises
    ------
    UnknownPropertyError
        A name is none of the layer's, or may not be sorted by.
    InvalidParameterError
        Nothing, too much, or the same name twice.
    """
    if text is None:
        return ()
    # A plus sign that was not percent-encoded arrives as a blank.
    keys = tuple(_sort_key(layer, part.strip()) for part in text.split(",", MAX_SORT_KEYS + 1))
    if len(keys) > MAX_SORT_KEYS or len({key.field.name for key in keys}) < len(keys):
        raise InvalidParameterError(
            f"sortby takes up to {MAX_SORT_KEYS} different properties.",
            f"sortby 最多可用 {MAX_SORT_KEYS} 个不同的属性。",
            where="sortby",
        )
    return keys


def _sort_key(layer: Layer, part: str) -> SortKey:
    field = layer.field(part.removeprefix("-").removeprefix("+"))
    if field.sortable:
        return SortKey(field, descending=part.startswith("-"))
    raise UnknownPropertyError(
        f"Property {field.name!r} of layer {layer.id} may not be sorted by.",
        f"图层 {layer.id} 的属性 {field.name!r} 不能用于排序。",
        where="sortby",
    )


def order_sql(layer: Layer, sort: tuple[SortKey, ...]) -> str:
    """Return the ORDER BY list; the id stands last, so the order is total."""
    keys = [f"{ROW}.{key.field.name} {'DESC' if key.descending else 'ASC'} NULLS LAST" for key in sort]
    return ", ".join([*keys, layer.id_sql()])


def position_sql(key: SortKey) -> str:
    """Return a row's sort value as a text that `parse_value` reads and that loses no digit."""
    column = f"{ROW}.{key.field.name}"
    return f"to_json({column}) #>> '{{}}'" if key.field.type == "date-time" else f"{column}::text"


def after_condition(layer: Layer, page: Page) -> Condition:
    """Return the rows that come strictly after the page's position; all where there is none."""
    if page.after is None:
        return EVERYTHING
    condition = Condition(f"{layer.id_sql()} > %(after_id)s::int8", {"after_id": page.after.id})
    for number, (key, value) in reversed(list(enumerate(zip(page.sort, page.after.values, strict=True)))):
        condition = _after_key(key, number, value, condition)
    return condition


def _after_key(key: SortKey, number: int, value: str | None, rest: Condition) -> Condition:
    column = f"{ROW}.{key.field.name}"
    if value is None:
        return Condition(f"({column} IS NULL AND {rest.sql})", rest.params)
    bound = bound_as(key.field, f"after_{number}")
    beyond = f"{column} {'<' if key.descending else '>'} {bound}"
    sql = f"({beyond} OR {column} IS NULL OR ({column} = {bound} AND {rest.sql}))"
    return Condition(sql, {**rest.params, f"after_{number}": value})


def write_token(layer: Layer, sort: tuple[SortKey, ...], position: Position) -> str:
    """Return the opaque text of `next`.

    Examples
    --------
    >>> layer = Layer("parcels", "地块", "Parcels", "", "parcels", "polygon", ())
    >>> read_token(layer, (), write_token(layer, (), Position((), 7)))
    Position(values=(), id=7)
    """
    payload = orjson.dumps([position.id, *position.values])
    return base64.urlsafe_b64encode(_digest(layer, sort, payload) + payload).decode().rstrip("=")


def read_token(layer: Layer, sort: tuple[SortKey, ...], token: str) -> Position:
    """Read the text of `next` back.

    The digest is no secret (every value in the token is bound, never trusted as SQL): it tells a
    mangled token, or one of another layer or order, from a good one.

    Raises
    ------
    InvalidPageTokenError
        Altered, cut short, or made for another layer or order.
    """
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        digest, payload = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
        if digest != _digest(layer, sort, payload):
            raise _bad_token()
        identity, *values = orjson.loads(payload)
        _check_values(sort, identity, values)
        return Position(tuple(values), identity)
    except (binascii.Error, ValueError, UnicodeError, InvalidParameterError) as error:
        raise _bad_token() from error


def _check_values(sort: tuple[SortKey, ...], identity: object, values: list[object]) -> None:
    if not isinstance(identity, int) or not 0 <= identity < 2**63 or len(values) != len(sort):
        raise _bad_token()
    for key, value in zip(sort, values, strict=True):
        if value is None:
            continue
        if not isinstance(value, str):
            raise _bad_token()
        parse_value(key.field, value)


def _bad_token() -> InvalidPageTokenError:
    return InvalidPageTokenError(
        "next is no paging token of this layer and order; follow the links as given, or start again without it.",
        "next 不是本图层、本排序的分页标记；请按返回的链接翻页，或去掉 next 重新开始。",
        where="next",
    )


def _digest(layer: Layer, sort: tuple[SortKey, ...], payload: bytes) -> bytes:
    order = ",".join(f"{'-' if key.descending else '+'}{key.field.name}" for key in sort)
    return hashlib.blake2s(f"{layer.id}|{order}|".encode() + payload, digest_size=_DIGEST_BYTES).digest()
