"""Edits as Esri clients send them, read into values; who may do them is decided elsewhere.

Attributes come all together, computed ones included; dates are milliseconds, shapes carry their own spatial
reference.
Source: Esri REST API, "Apply Edits", "Add Features", "Update Features", "Delete Features".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from shapely.geometry.base import BaseGeometry

from gis.crs import Crs
from gis.errors import InvalidParameterError, TooComplexError
from gis.esri.fields import LARGEST_OBJECT_ID, find_field, read_day, read_milliseconds
from gis.esri.geometry import parse_shape
from gis.esri.reference import STORED, parse_reference
from gis.layer import Field, Layer

MOST_EDITS: Final = 1_000


@dataclass(frozen=True)
class Edited:
    """A feature as a client sent it: values by property name, dates as ISO text; a shape that is none is None."""

    object_id: int | None
    properties: dict[str, object]
    shape: BaseGeometry | None
    crs: Crs


def parse_json(text: str, where: str) -> Any:
    """Read a JSON parameter; nothing is None.

    Raises
    ------
    InvalidParameterError
        It is no JSON.
    """
    if not text.strip():
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidParameterError(
            f"{where} is no JSON ({error.msg}, at character {error.pos}).",
            f"{where} 不是 JSON（第 {error.pos} 个字符处：{error.msg}）。",
            where=where,
        ) from error


def list_edits(value: Any, where: str) -> list[Any]:
    """Return a list of edits; one alone may come without its list.

    Raises
    ------
    InvalidParameterError, TooComplexError
        No list, or more edits than one request may hold.
    """
    found = [] if value is None else [value] if isinstance(value, dict) else value
    if not isinstance(found, list):
        raise _wrong(f"{where} is no list", f"{where} 不是数组", where)
    if len(found) > MOST_EDITS:
        raise TooComplexError(
            f"{where} holds {len(found)} edits; {MOST_EDITS} are the most at once.",
            f"{where} 含 {len(found)} 项编辑；一次最多 {MOST_EDITS} 项。",
            where=where,
        )
    return found


def _wrong(en: str, zh: str, where: str) -> InvalidParameterError:
    return InvalidParameterError(f"{en}.", f"{zh}。", where=where)


def parse_object_ids(value: object, where: str = "objectIds") -> list[int]:
    """Read object ids: numbers with commas, or a JSON list.

    Raises
    ------
    InvalidParameterError
        Something that is no whole number. A number beyond 32 bits is refused too: no feature has it.

    Examples
    --------
    >>> parse_object_ids("3, 1,2"), parse_object_ids("[4]"), parse_object_ids("")
    ([3, 1, 2], [4], [])
    """
    if isinstance(value, str):
        value = [part for part in value.strip().strip("[]").split(",") if part.strip()]
    if value is None:
        return []
    if not isinstance(value, list):
        value = [value]
    return [_object_id(part, where) for part in value]


def _object_id(value: object, where: str) -> int:
    text = str(value).strip().strip('"')
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_OBJECT_ID:
        return int(text)
    raise _wrong(
        f"{where}: {text[:40]!r} is no object id; ids are whole numbers from 1 to {LARGEST_OBJECT_ID}",
        f"{where}：{text[:40]!r} 不是对象编号；编号为 1 至 {LARGEST_OBJECT_ID} 的整数",
        where,
    )


def parse_edited(layer: Layer, value: object) -> Edited:
    """Read one feature of `features`, `adds` or `updates`.

    Parameters
    ----------
    layer : Layer
        With every field: what the caller may not write is refused or ignored where it is written.

    Raises
    ------
    InvalidParameterError
        No object with `attributes`, a date that is none, an object id that is none.
    InvalidGeometryError, TooComplexError, UnknownCrsError, CrsRefusedError
        The geometry cannot be used.
    """
    if not isinstance(value, dict):
        raise _wrong(
            "A feature is a JSON object with attributes and geometry",
            "要素应为含 attributes 与 geometry 的 JSON 对象",
            "features",
        )
    attributes = value.get("attributes") or {}
    if not isinstance(attributes, dict):
        raise _wrong("attributes is no JSON object", "attributes 不是 JSON 对象", "attributes")
    object_id, properties = _properties(layer, attributes)
    shape, crs = _shape(value.get("geometry"))
    return Edited(object_id, properties, shape, crs)


def _properties(layer: Layer, attributes: Mapping[str, object]) -> tuple[int | None, dict[str, object]]:
    object_id = None
    properties: dict[str, object] = {}
    for name, value in attributes.items():
        item = find_field(layer, str(name))
        if item is not None and item.name == layer.id_column:
            object_id = None if value is None else _object_id(value, "OBJECTID")
        else:
            properties[item.name if item else str(name)] = _value(item, value)
    return object_id, properties


def _value(item: Field | None, value: object) -> object:
    if item is None or not isinstance(value, int | float) or isinstance(value, bool):
        return value
    match item.type:
        case "date":
            return read_day(value).isoformat()
        case "date-time":
            return read_milliseconds(value).isoformat()
        case "boolean":
            return bool(value)
        case "integer" if isinstance(value, float) and value.is_integer():
            return int(value)
        case _:
            return value


def _shape(value: object) -> tuple[BaseGeometry | None, Crs]:
    if value is None or value == {}:
        return None, STORED
    reference = value.get("spatialReference") if isinstance(value, dict) else None
    crs = parse_reference(reference, "spatialReference")
    return parse_shape(value), crs
