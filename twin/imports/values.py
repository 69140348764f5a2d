"""Values as files write them, brought into the types of a layer: texts, numbers, dates, words for states."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from gis.exchange.amounts import CellError, is_blank, parse_number
from gis.exchange.ledger_dates import parse_date
from gis.layer import Field
from twin.editing.rules import WritableField
from twin.imports.targets import Target
from twin.land.states import NAMES
from twin.layers import get_layer

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "kind": {"储备": "reserve", "储备地块": "reserve", "供应": "supplied", "闲置": "idle"},
    "state": {zh: code for code, (zh, _) in NAMES.items()} | {"拟储备": "proposed", "已入库": "stored"},
    "idle_state": {zh: code for code, (zh, _) in NAMES.items()} | {"无": "none", "否": "none"},
    "layer": {
        "地类图斑": "dltb",
        "永久基本农田": "farmland",
        "生态保护红线": "ecology",
        "城镇开发边界": "urban_boundary",
        "历史文化保护": "heritage",
        "河湖管理范围": "river",
    },
    "sensitivity": {"内部": "internal", "公开": "public"},
    "purpose": {"基础设施": "infrastructure", "民生": "livelihood", "产业": "industry"},
}
"""Chinese words that files have for codes."""


def read_values(target: Target, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return values in the types of the layer's fields; what is blank is left out.

    Raises
    ------
    CellError
        A value is no number or no date; `where` is the property.

    Examples
    --------
    >>> from twin.imports.targets import get_target
    >>> read_values(get_target("land_parcels"), {"parcel_no": 12.0, "state": "入库", "supply_date": "2025年3月1日"})
    {'parcel_no': '12', 'state': 'stored', 'supply_date': datetime.date(2025, 3, 1)}
    """
    layer = get_layer(target.collection)
    rules = {rule.name: rule for rule in target.editable.fields}
    found: dict[str, Any] = {}
    for name, value in told.items():
        try:
            read = _read(layer.field(name), rules[name], value)
        except CellError as error:
            raise CellError(error.en, error.zh, f"properties.{name}") from error
        if read is not None:
            found[name] = read
    return found


def _read(field: Field, rule: WritableField, value: Any) -> Any:
    match field.type:
        case "date":
            return _day(value)
        case "number" | "integer":
            return parse_number(value)
        case _:
            text = _text(value)
            choices = {choice.title_zh: str(choice.value) for choice in field.choices}
            known = {**choices, **WORDS.get(field.name, {})} if rule.choices or field.choices else {}
            return None if text == "" else known.get(text, text)


def _day(value: Any) -> date | None:
    if is_blank(value):
        return None
    dated = parse_date(value)
    return None if dated is None else dated.first


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal) and value == int(value):
        return str(int(value))
    return str(value).strip()
