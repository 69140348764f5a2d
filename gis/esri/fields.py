"""Fields of a layer as an Esri feature service names and types them.

Object ids are the feature ids: positive and 32 bits wide, because GDAL and QGIS read them so. Dates travel as
milliseconds since 1970 in UTC; a day without a time is midnight UTC of that day, which is the same day in China.
Source: Esri REST API, "Field", "Layer (Feature Service)".
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from gis.errors import InvalidParameterError, UnknownPropertyError
from gis.filters import LOCAL_TIME
from gis.layer import Field, FieldType, Layer

OBJECT_ID: Final = "OBJECTID"
LARGEST_OBJECT_ID: Final = 2**31 - 1
STRING_LENGTH: Final = 4_000
"""Texts have no limit in the database; clients want one, and cut what is longer."""

TYPES: Final[dict[FieldType, str]] = {
    "string": "esriFieldTypeString",
    "integer": "esriFieldTypeInteger",
    "number": "esriFieldTypeDouble",
    "boolean": "esriFieldTypeInteger",
    "date": "esriFieldTypeDate",
    "date-time": "esriFieldTypeDate",
}
_SQL_TYPES: Final[dict[FieldType, str]] = {
    "string": "sqlTypeNVarchar",
    "integer": "sqlTypeInteger",
    "number": "sqlTypeDouble",
    "boolean": "sqlTypeInteger",
    "date": "sqlTypeTimestamp2",
    "date-time": "sqlTypeTimestamp2",
}
_ID_NAMES: Final = frozenset({"objectid", "id", "fid"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def object_id_field(layer: Layer) -> Field:
    """Return the id of a layer's features as a field that filters and sorting may name."""
    return Field(layer.id_column, "integer", "编号", "Object id")


def with_object_id(layer: Layer) -> Layer:
    """Return the layer with its id as the first field: Esri clients filter, sort and group by it.

    Examples
    --------
    >>> parcels = Layer("parcels", "地块", "Parcels", "", "parcels", "polygon", ())
    >>> [item.name for item in with_object_id(parcels).fields]
    ['id']
    """
    if layer.has_field(layer.id_column):
        return layer
    return replace(layer, fields=(object_id_field(layer), *layer.fields))


def find_field(layer: Layer, name: str) -> Field | None:
    """Return the field that a client means: names are compared without regard to case."""
    wanted = name.strip().lower()
    for item in layer.fields:
        if item.name == wanted:
            return item
    return object_id_field(layer) if wanted in _ID_NAMES else None


def get_field(layer: Layer, name: str, where: str) -> Field:
    """Return the field that a client means.

    Raises
    ------
    UnknownPropertyError
        The layer, as this caller may see it, has none of this name.
    """
    found = find_field(layer, name)
    if found is not None:
        return found
    known = ", ".join([OBJECT_ID, *(item.name for item in layer.fields if item.name != layer.id_column)])
    raise UnknownPropertyError(
        f"Layer {layer.id} has no field {name[:80]!r}; it has {known}.",
        f"图层 {layer.id} 没有字段 {name[:80]!r}；可用字段：{known}。",
        where=where,
    )


def outer_name(layer: Layer, item: Field) -> str:
    """Return the name of a field as clients see it: the id is `OBJECTID`."""
    return OBJECT_ID if item.name == layer.id_column else item.name


def field_document(layer: Layer, item: Field, editable: Collection[str] = ()) -> dict[str, Any]:
    """Return a field as layer documents and query answers carry it; the alias is Chinese."""
    if item.name == layer.id_column:
        return {
            "name": OBJECT_ID,
            "type": "esriFieldTypeOID",
            "alias": "编号",
            "sqlType": "sqlTypeInteger",
            "nullable": False,
            "editable": False,
            "domain": None,
            "defaultValue": None,
        }
    document: dict[str, Any] = {
        "name": item.name,
        "type": TYPES[item.type],
        "alias": _alias(item),
        "sqlType": _SQL_TYPES[item.type],
        "nullable": True,
        "editable": item.name in editable,
        "domain": _domain(item),
        "defaultValue": None,
        "description": f"{item.title_en}. {item.description}".strip(),
    }
    return {**document, "length": STRING_LENGTH} if item.type == "string" else document


def _alias(item: Field) -> str:
    unit = f"（{item.unit}）"
    return item.title_zh if not item.unit or unit in item.title_zh else item.title_zh + unit


def _domain(item: Field) -> dict[str, Any] | None:
    if not item.choices:
        return None
    values = [{"name": choice.title_zh, "code": choice.value} for choice in item.choices]
    return {"type": "codedValue", "name": item.name, "codedValues": values}


def value_sql(item: Field, column: str) -> str:
    """Return the expression of a value as Esri JSON carries it: dates become milliseconds, truth 0 or 1."""
    match item.type:
        case "date":
            return f"({column} - DATE '1970-01-01')::int8 * 86400000"
        case "date-time":
            return f"floor(extract(epoch FROM {column}) * 1000)::int8"
        case "boolean":
            return f"{column}::int4"
        case _:
            return column


def read_milliseconds(value: float) -> datetime:
    """Return the time that Esri's milliseconds since 1970 mean.

    Raises
    ------
    InvalidParameterError
        Before the year 1 or after 9999.

    Examples
    --------
    >>> read_milliseconds(1761868800000).isoformat()
    '2025-10-31T00:00:00+00:00'
    """
    try:
        return _EPOCH + timedelta(milliseconds=value)
    except (OverflowError, ValueError) as error:
        raise InvalidParameterError(
            f"{str(value)[:40]} is no time in milliseconds since 1970.",
            f"{str(value)[:40]} 不是自 1970 年起的毫秒时间。",
        ) from error


def read_day(value: float) -> date:
    """Return the day in China that Esri's milliseconds mean: midnight UTC and midnight in China alike.

    Examples
    --------
    >>> read_day(1761868800000).isoformat(), read_day(1761868800000 - 8 * 3600000).isoformat()
    ('2025-10-31', '2025-10-31')
    """
    return read_milliseconds(value).astimezone(LOCAL_TIME).date()
