"""Request parameters into conditions: `bbox`, `datetime`, `limit`, property equality.

Everything a caller writes is parsed here to a typed value and bound; a text that PostgreSQL
could not take (NUL, lone surrogates) is refused with the parameter's name.
Source: OGC API Features Part 1, 17-069r4, 7.15.2–7.15.5; Part 2, 18-058r1 (`bbox-crs`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from math import atan, degrees, isfinite, sinh
from typing import Final

import shapely

from gis.crs import CRS84, STORED_SRID, WEB_MERCATOR_SRID, Crs, transformer
from gis.errors import (
    InvalidBboxError,
    InvalidDatetimeError,
    InvalidParameterError,
    UnknownPropertyError,
)
from gis.layer import Field, Layer, Selection
from gis.statement import EVERYTHING, ROW, Condition

DEFAULT_LIMIT: Final = 1_000
MAX_LIMIT: Final = 10_000
LOCAL_TIME: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""A date without a time means that day in China, which keeps one time and no summer time."""

_EARTH_RADIUS_M = 6378137.0
_BOX_EDGE_POINTS = 32
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][+-]?[0-9]{1,3})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_CASTS: Final = {
    "string": "text",
    "integer": "int8",
    "number": "numeric",
    "boolean": "boolean",
    "date": "date",
    "date-time": "timestamptz",
}


@dataclass(frozen=True)
class Bbox:
    """A box in degrees, longitude first; `west` above `east` crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True)
class Frame:
    """A box of another coordinate system: a polygon in EPSG:4490 whose edges may be bent."""

    ewkb: bytes


@dataclass(frozen=True)
class TimeSpan:
    """A closed interval of time; None is open. An instant has both ends equal."""

    start: datetime | None
    end: datetime | None


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


def parse_bbox(text: str, crs: Crs = CRS84) -> Bbox | Frame:
    """Read `bbox` (4 numbers, or 6 of which the heights are left out) in the CRS of `bbox-crs`.

    Parameters
    ----------
    text : str
        Lower corner, upper corner, in the axis order of `crs`.
    crs : Crs
        CRS84 unless `bbox-crs` says otherwise.

    Raises
    ------
    InvalidBboxError
        Not 4 or 6 finite numbers, upside down, or outside of what the CRS can express.

    Examples
    --------
    >>> parse_bbox("115.6,32.8,116.0,33.3")
    Bbox(west=115.6, south=32.8, east=116.0, north=33.3)
    >>> parse_bbox("170,-10,-170,10").west
    170.0
    """
    first, second, third, fourth = _corners(text)
    west, south, east, north = (
        (second, first, fourth, third) if crs.swapped else (first, second, third, fourth)
    )
    if south > north or (west > east and not crs.degrees):
        raise _bad_bbox(text, "its lower corner lies above its upper corner", "左下角大于右上角")
    if crs.degrees:
        return _clamped(west, south, east, north)
    if crs.srid == WEB_MERCATOR_SRID:
        return _clamped(*_mercator_degrees(west, south), *_mercator_degrees(east, north))
    return _frame(text, crs, (west, south, east, north))


def _corners(text: str) -> tuple[float, float, float, float]:
    parts = [part.strip() for part in text.split(",", 6)]
    if len(parts) not in (4, 6) or not all(_NUMBER.fullmatch(part) for part in parts):
        raise _bad_bbox(text, "4 or 6 numbers with commas are needed", "应为逗号分隔的 4 个或 6 个数")
    numbers = [float(part) for part in parts]
    if not all(isfinite(number) for number in numbers):
        raise _bad_bbox(text, "its numbers must be finite", "数值必须有限")
    if len(numbers) == 6:
        del numbers[5], numbers[2]
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _bad_bbox(text: str, en: str, zh: str) -> InvalidBboxError:
    return InvalidBboxError(f"bbox={text[:80]!r}: {en}.", f"bbox={text[:80]!r}：{zh}。", where="bbox")


def _clamped(west: float, south: float, east: float, north: float) -> Bbox:
    # Clients that are zoomed far out ask for more than the world; that is no mistake.
    return Bbox(
        max(-180.0, min(180.0, west)),
        max(-90.0, min(90.0, south)),
        max(-180.0, min(180.0, east)),
        max(-90.0, min(90.0, north)),
    )


def _mercator_degrees(x_m: float, y_m: float) -> tuple[float, float]:
    return degrees(x_m / _EARTH_RADIUS_M), degrees(atan(sinh(max(-9.0, min(9.0, y_m / _EARTH_RADIUS_M)))))


def _frame(text: str, crs: Crs, box: tuple[float, float, float, float]) -> Frame:
    west, south, east, north = box
    edge = max(east - west, north - south) / _BOX_EDGE_POINTS
    outline = (
        shapely.segmentize(shapely.box(west, south, east, north), edge)
        if edge > 0
        else shapely.Point(west, south)
    )
    degrees_outline = transformer(crs.srid, STORED_SRID).geometry(outline)
    if not all(isfinite(bound) for bound in degrees_outline.bounds) or not degrees_outline.is_valid:
        raise _bad_bbox(text, f"it reaches beyond EPSG:{crs.srid}", f"超出 EPSG:{crs.srid} 的范围")
    return Frame(shapely.to_wkb(shapely.set_srid(degrees_outline, STORED_SRID), include_srid=True))


def bbox_condition(layer: Layer, bbox: Bbox | Frame) -> Condition:
    """Return the rows whose geometry meets the box; rows without geometry do not.

    `&&` stands beside ST_Intersects in plain sight: it is what the index answers, also under
    row-level security.
    """
    geometry = layer.geometry_sql()
    if isinstance(bbox, Frame):
        shape = "ST_GeomFromEWKB(%(bbox)s)"
        return Condition(f"{geometry} && {shape} AND ST_Intersects({geometry}, {shape})", {"bbox": bbox.ewkb})
    params: dict[str, object] = {
        "bbox_south": bbox.south,
        "bbox_north": bbox.north,
        "bbox_west": bbox.west,
        "bbox_east": bbox.east,
    }
    if bbox.west <= bbox.east:
        return Condition(_meets(geometry, "%(bbox_west)s::float8", "%(bbox_east)s::float8"), params)
    beyond = _meets(geometry, "%(bbox_west)s::float8", "180.0")
    behind = _meets(geometry, "-180.0", "%(bbox_east)s::float8")
    return Condition(f"({beyond} OR {behind})", params)


def _meets(geometry: str, west: str, east: str) -> str:
    box = f"ST_MakeEnvelope({west}, %(bbox_south)s::float8, {east}, %(bbox_north)s::float8, {STORED_SRID})"
    return f"({geometry} && {box} AND ST_Intersects({geometry}, {box}))"


def parse_datetime(text: str) -> TimeSpan:
    """Read `datetime`: an RFC 3339 instant or a closed, half-open or open interval.

    A date alone means that whole day in China. The years 0000 and 9999, which QGIS writes for
    open ends, are open.

    Raises
    ------
    InvalidDatetimeError
        Anything else, or an end before its start.

    Examples
    --------
    >>> parse_datetime("2025-10-31T00:00:00Z").end.isoformat()
    '2025-10-31T00:00:00+00:00'
    >>> parse_datetime("../2025-10-31T00:00:00Z").start is None
    True
    """
    parts = text.strip().split("/")
    if len(parts) == 1:
        return _span(parts[0], text)
    if len(parts) != 2:
        raise _bad_datetime(text)
    start = None if parts[0] in ("", "..") else _span(parts[0], text).start
    end = None if parts[1] in ("", "..") else _span(parts[1], text).end
    if start and end and start > end:
        raise InvalidDatetimeError(
            f"datetime={text[:80]!r} ends before it starts.",
            f"datetime={text[:80]!r} 的结束早于开始。",
            where="datetime",
        )
    return TimeSpan(start, end)


def _span(part: str, whole: str) -> TimeSpan:
    part = part.strip()
    # A plus sign that was not percent-encoded arrives as a blank.
    part = re.sub(r" (?=[0-9]{2}:[0-9]{2}$)", "+", part)
    if part.startswith(("0000-", "9999-")) and (_DATE.fullmatch(part) or _INSTANT.fullmatch(part)):
        return TimeSpan(None, None)
    try:
        if _DATE.fullmatch(part):
            midnight = datetime.combine(date.fromisoformat(part), time(), LOCAL_TIME)
            return TimeSpan(_utc(midnight), _utc(midnight + timedelta(days=1, microseconds=-1)))
        if _INSTANT.fullmatch(part):
            instant = _utc(datetime.fromisoformat(part.upper()))
            return TimeSpan(instant, instant)
    except (ValueError, OverflowError) as error:
        raise _bad_datetime(whole) from error
    raise _bad_datetime(whole)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _bad_datetime(text: str) -> InvalidDatetimeError:
    return InvalidDatetimeError(
        f"datetime={text[:80]!r} is no RFC 3339 time such as 2025-10-31T08:00:00+08:00, no date and no interval.",
        f"datetime={text[:80]!r} 不是 RFC 3339 时间（如 2025-10-31T08:00:00+08:00）、日期或时间区间。",
        where="datetime",
    )


def apply_datetime(selection: Selection, span: TimeSpan) -> Selection:
    """Narrow a selection to a time.

    A temporal layer answers with its state as known at the end of the span (an open end is now);
    a layer with a time field keeps the rows inside the span, and rows without a time; any other
    layer is left as it is (Part 1, 7.15.4).
    """
    if selection.layer.temporal:
        return replace(selection, at=span.end)
    name = selection.layer.time_field
    if name is None:
        return selection
    condition = EVERYTHING
    if span.start:
        bound = Condition(
            f"({ROW}.{name} >= %(time_start)s::timestamptz OR {ROW}.{name} IS NULL)",
            {"time_start": span.start},
        )
        condition = condition & bound
    if span.end:
        bound = Condition(
            f"({ROW}.{name} <= %(time_end)s::timestamptz OR {ROW}.{name} IS NULL)", {"time_end": span.end}
        )
        condition = condition & bound
    return selection.filtered(condition)


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
            return text if _NUMBER.fullmatch(text) else None
        case "boolean":
            return {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
        case "date":
            return _date(text)
        case "date-time":
            return _span(text, text).start
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
