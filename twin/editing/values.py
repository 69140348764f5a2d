"""Property values as sent, checked against the layer's fields: type, choices, lengths, bounds.

What a layer computes (areas, progress, lights, times) is ignored: clients send every attribute back. A name that the
layer does not have is refused.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

from gis.filters import is_storable
from gis.layer import Field
from twin.editing.rules import EditableLayer, WritableField
from twin.errors import InvalidInputError
from twin.layers import get_layer

Values = dict[str, Any]


def check_new(editable: EditableLayer, properties: Mapping[str, object]) -> Values:
    """Return the values of a new feature, every writable property with its own; null counts as not given.

    Raises
    ------
    UnknownPropertyError
        The layer has no such property.
    InvalidInputError
        A value is of the wrong type or out of bounds, or a required one is missing.
    """
    given = {name: value for name, value in properties.items() if value is not None}
    values = check_given(editable, given)
    for rule in editable.fields:
        if rule.name not in values:
            values[rule.name] = rule.default
            if rule.required:
                raise _missing(editable, rule)
    _check_order(editable, values)
    return values


def check_whole(
    editable: EditableLayer, properties: Mapping[str, object], present: Mapping[str, Any]
) -> Values:
    """Return the values of a feature that takes the place of another: what it does not give is emptied.

    Properties that were fixed when the feature was made stay. Of a feature that others make (an element of a model)
    only what is given changes.

    Raises
    ------
    UnknownPropertyError, InvalidInputError
        As for a new feature.
    """
    if not editable.offers.create:
        return check_some(editable, properties, present)
    values = check_given(editable, properties, present)
    for rule in editable.fields:
        if rule.name in values:
            continue
        if rule.once:
            values[rule.name] = present[rule.name]
        elif rule.required:
            raise _missing(editable, rule)
        else:
            values[rule.name] = rule.default
    _check_order(editable, values)
    return values


def check_some(
    editable: EditableLayer, properties: Mapping[str, object], present: Mapping[str, Any]
) -> Values:
    """Return the values that an update gives; null empties a property.

    Raises
    ------
    UnknownPropertyError, InvalidInputError
        As for a new feature.
    """
    values = check_given(editable, properties, present)
    _check_order(editable, {**present, **values})
    return values


def check_given(
    editable: EditableLayer, properties: Mapping[str, object], present: Mapping[str, Any] | None = None
) -> Values:
    """Check every value by itself; one that is as stored already is right whatever the rule says."""
    layer = get_layer(editable.id)
    rules = {rule.name: rule for rule in editable.fields}
    values: Values = {}
    for name, sent in properties.items():
        field = layer.field(name)
        if name not in rules:
            continue
        if present is not None and _is_same(field, sent, present[name]):
            values[name] = present[name]
            continue
        values[name] = _checked(field, rules[name], sent)
    return values


def _is_same(field: Field, sent: object, stored: object) -> bool:
    if sent is None or stored is None:
        return sent is stored
    if field.type == "date":
        return _day(sent) == stored
    if field.type in ("integer", "number"):
        return isinstance(sent, int | float) and not isinstance(sent, bool) and float(sent) == stored
    return sent == stored


def _checked(field: Field, rule: WritableField, sent: object) -> Any:
    if sent is None:
        if rule.required or rule.default is not None:
            raise _wrong(field, "must not be null", "不能为空")
        return None
    match field.type:
        case "date":
            return _checked_day(field, sent)
        case "number" | "integer":
            return _checked_number(field, rule, sent)
        case _:
            return _checked_text(field, rule, sent)


def _checked_text(field: Field, rule: WritableField, sent: object) -> str:
    if not isinstance(sent, str):
        raise _wrong(field, f"{_shown(sent)} is no text", f"{_shown(sent)} 不是文本")
    if not is_storable(sent):
        raise _wrong(field, "holds a character that cannot be stored", "含有无法存储的字符")
    if len(sent) > rule.longest:
        raise _wrong(
            field,
            f"has {len(sent)} characters, {rule.longest} are the most",
            f"有 {len(sent)} 个字符，最多 {rule.longest} 个",
        )
    if rule.choices and sent not in rule.choices:
        known = ", ".join(rule.choices)
        raise _wrong(field, f"{_shown(sent)} is none of {known}", f"{_shown(sent)} 不是 {known} 之一")
    if rule.required and not sent.strip():
        raise _wrong(field, "must not be blank", "不能为空白")
    return sent


def _checked_number(field: Field, rule: WritableField, sent: object) -> Decimal:
    if isinstance(sent, bool) or not isinstance(sent, int | float | Decimal) or not isfinite(sent):
        raise _wrong(field, f"{_shown(sent)} is no number", f"{_shown(sent)} 不是数值")
    number = Decimal(str(sent))
    if (rule.least is not None and number < rule.least) or (rule.most is not None and number > rule.most):
        span = f"{rule.least:g} to {rule.most:g}" if rule.least is not None and rule.most is not None else ""
        raise _wrong(
            field,
            f"{_shown(sent)} lies outside of {span}",
            f"{_shown(sent)} 超出范围 {span.replace(' to ', ' 至 ')}",
        )
    exponent = number.normalize().as_tuple().exponent
    if rule.decimals is not None and isinstance(exponent, int) and -exponent > rule.decimals:
        raise _wrong(
            field,
            f"{_shown(sent)} has more than {rule.decimals} decimals",
            f"{_shown(sent)} 的小数位数超过 {rule.decimals} 位",
        )
    return number


def _checked_day(field: Field, sent: object) -> date:
    day = _day(sent)
    if day is None:
        raise _wrong(
            field,
            f"{_shown(sent)} is no day like 2025-10-31",
            f"{_shown(sent)} 不是形如 2025-10-31 的日期",
        )
    return day


def _day(sent: object) -> date | None:
    if isinstance(sent, datetime):
        return sent.date()
    if isinstance(sent, date):
        return sent
    try:
        return date.fromisoformat(sent) if isinstance(sent, str) and len(sent) == 10 else None
    except ValueError:
        return None


def _check_order(editable: EditableLayer, values: Mapping[str, Any]) -> None:
    for first, second in editable.ordered:
        start, end = values.get(first), values.get(second)
        if start is not None and end is not None and end < start:
            raise InvalidInputError(
                f"{second} {end} lies before {first} {start}.",
                f"{second} {end} 早于 {first} {start}。",
                where=f"properties.{second}",
            )


def _missing(editable: EditableLayer, rule: WritableField) -> InvalidInputError:
    field = get_layer(editable.id).field(rule.name)
    return _wrong(field, "is required", "为必填项")


def _wrong(field: Field, en: str, zh: str) -> InvalidInputError:
    return InvalidInputError(
        f"{field.name} ({field.title_en}): {en}.",
        f"{field.name}（{field.title_zh}）：{zh}。",
        where=f"properties.{field.name}",
    )


def _shown(sent: object) -> str:
    return repr(sent)[:60]
