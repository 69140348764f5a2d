"""Single values and limits: a caller's text into a typed, bound value.

A text that PostgreSQL could not take (NUL, lone surrogates) is refused with the parameter's name.
"""

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

from gis.errors import InvalidParameterError, UnknownPropertyError
from gis.filters.time import parse_datetime
from gis.layer import Field, Layer
from gis.statement import EVERYTHING, ROW, Condition

DEFAULT_LIMIT: Final = 1_000
MAX_LIMIT: Final = 10_000

NUMBER: Final = re.compile(r"[+-]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][+-]?[0-9]{1,3})?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CASTS: Final = {
    "string": "text",
    "integer": "int8",
    "number": "numeric",
    "boolean": "boolean",
    "date": "date",
    "date-time": "timestamptz",
}


def parse_limit(text: str | None, default: int = DEFAULT_LIMIT, maximum: int = MAX_LIMIT) -> int:
    """Read `limit`; more than the maximum is clipped, as Part 1 wants.

    Raises
    ------
    InvalidParameterError
        No whole number, or below 1.

    Examples
    --------
    >>> parse_limit("25"), parse_limit(None), parse_limit("999999")
    (25, 1000, 10000)
    """
    if text is None:
        return default
    number = int(text) if _INTEGER.fullmatch(text) else 0
    if number >= 1:
        return min(number, maximum)
    raise InvalidParameterError(
        f"limit={text[:40]!r} is no whole number from 1 to {maximum}.",
        f"limit={text[:40]!r} 不是 1 到 {maximum} 的整数。",
        where="limit",
    )


def property_condition(layer: Layer, pairs: Iterable[tuple[str, str]]) -> Condition:
    """Return the rows whose properties equal the values, name by name.

    Raises
    ------
    UnknownPropertyError
        The layer, as this caller may see it, has no such property, or it may not be filtered by.
    InvalidParameterError
        A value does not fit the property's type, or a name stands twice.
    """
    condition = EVERYTHING
    seen: set[str] = set()
    for name, text in pairs:
        field = layer.field(name)
        if not field.queryable:
            raise UnknownPropertyError(
                f"Property {name!r} of layer {layer.id} may not be filtered by.",
                f"图层 {layer.id} 的属性 {name!r} 不能用于筛选。",
                where=name,
            )
        if name in seen:
            raise InvalidParameterError(
                f"Property {name!r} is given twice.", f"属性 {name!r} 重复。", where=name
            )
        seen.add(name)
        value = parse_value(field, text)
        condition = condition & Condition(
            f"{ROW}.{name} = {bound_as(field, f'is_{name}')}", {f"is_{name}": value}
        )
    return condition


def bound_as(field: Field, parameter: str) -> str:
    """Return the placeholder of a value of the field's type, ``%(name)s::numeric``."""
    return f"%({parameter})s::{_CASTS[field.type]}"


def parse_value(field: Field, text: str) -> object:
    """Read a text as a value of the field's type.

    Raises
    ------
    InvalidParameterError
        The text is no such value.

    Examples
    --------
    >>> parse_value(Field("progress", "number", "进度", "Progress"), "62.5")
    '62.5'
    """
    value = _value(field, text)
    if value is None:
        raise InvalidParameterError(
            f"{field.name}={text[:80]!r} is no {field.type}.",
            f"{field.name}={text[:80]!r} 不是 {field.type} 类型的值。",
            where=field.name,
        )
    return value


def _value(field: Field, text: str) -> object | None:
    match field.type:
        case "integer":
            return int(text) if _INTEGER.fullmatch(text) else None
        case "number":
            return text if NUMBER.fullmatch(text) else None
        case "boolean":
            return {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
        case "date":
            return _date(text)
        case "date-time":
            return parse_datetime(text).start
        case _:
            return text if is_storable(text) else None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def is_storable(text: str) -> bool:
    """Say whether PostgreSQL can hold the text: no NUL, no lone surrogate.

    Examples
    --------
    >>> is_storable("示范区"), is_storable("a\\0b")
    (True, False)
    """
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
