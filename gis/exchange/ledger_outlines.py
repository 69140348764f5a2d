"""Geometry in the cells of a ledger: WKT, lists of coordinates, columns of X and Y or of longitude and latitude.

Geometry stays in the order of the columns here; `gis.exchange.coordinates.place` then finds out which one is east.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from gis.exchange.amounts import CellError, find_fault, is_blank, parse_number, plain
from gis.exchange.rings import MOST_RINGS, assemble

EXCEL_CELL: Final = 32_767
"""Characters that a cell of Excel can hold; longer text is cut off without a word."""
MOST_CHARACTERS: Final = 2_000_000
_WKT: Final = re.compile(
    r"(?:SRID\s*=\s*([0-9]{4,6})\s*;)?\s*((?:MULTI)?(?:POLYGON|POINT|LINESTRING)\b.*)", re.I | re.S
)
_DMS: Final = re.compile(
    r"([0-9]{1,3})\s*[°度]\s*([0-9]{1,2}(?:\.[0-9]+)?)\s*[′'分]\s*(?:([0-9]{1,2}(?:\.[0-9]+)?)\s*(?:[″\"秒]|''|′′)?)?"
)
_PAIR: Final = re.compile(
    r"\s*[(\[]?\s*(-?[0-9]+(?:\.[0-9]+)?)\s*[,\s]\s*(-?[0-9]+(?:\.[0-9]+)?)\s*[)\]]?\s*"
)


@dataclass(frozen=True)
class Outline:
    """The geometry of a cell in the order of its numbers, the EPSG code it names, whether east stands first in WKT."""

    geometry: BaseGeometry
    srid: int | None
    is_wkt: bool


def parse_outline(value: Any) -> Outline | None:
    """Return the geometry of a cell, or None for a blank one.

    Raises
    ------
    CellError
        No WKT and no list of coordinates; a text that Excel cut off.

    Examples
    --------
    >>> parse_outline("SRID=4490;POINT (115.6 33.1)").srid
    4490
    >>> parse_outline("0,0;9,0;9,9;0,9").geometry.area
    81.0
    """
    if value is None or (isinstance(value, str) and is_blank(value[:50])):
        return None
    fault = find_fault(value) if not isinstance(value, str) or len(value) < 200 else None
    if fault is not None:
        raise fault
    text = str(value)
    if len(text) > MOST_CHARACTERS:
        raise CellError(
            "The outline is too long; send it as a geometry file.", "图形文本过长，请改用图形文件。"
        )
    found = _WKT.fullmatch(text.strip())
    if found is not None:
        return _from_wkt(found, len(text))
    return Outline(_from_list(text), None, False)


def _from_wkt(found: re.Match[str], length: int) -> Outline:
    try:
        geometry = shapely.from_wkt(found[2].strip())
    except ShapelyError as error:
        if length >= EXCEL_CELL - 1:
            raise CellError(
                f"The outline was cut off at {EXCEL_CELL} characters, all that a cell of Excel holds; send a CSV or "
                "GeoPackage.",
                f"图形文本在 {EXCEL_CELL} 个字符处被截断（Excel 单元格上限），请改用 CSV 或 GeoPackage。",
            ) from error
        raise CellError(
            f"The WKT cannot be read ({str(error)[:80]}).", f"WKT 无法解析（{str(error)[:80]}）。"
        ) from error
    if geometry is None or geometry.is_empty:
        raise CellError("The WKT has no coordinates.", "WKT 没有坐标。")
    return Outline(shapely.force_2d(geometry), int(found[1]) if found[1] else None, True)


def _from_list(text: str) -> BaseGeometry:
    """Return a point or polygon of pairs that ; | or line breaks separate."""
    half_width = unicodedata.normalize("NFKC", text)
    parts = [part for part in re.split(r"[;|\n]+", half_width) if part.strip()]
    pairs = [_PAIR.fullmatch(part) for part in parts]
    if not parts or not all(pairs):
        raise CellError(
            f"{text[:40]!r} is no WKT and no list of coordinates like x1,y1;x2,y2;x3,y3.",
            f"{text[:40]!r} 既不是 WKT，也不是坐标串（如 x1,y1;x2,y2;x3,y3）。",
        )
    points = [(float(pair[1]), float(pair[2])) for pair in pairs if pair is not None]
    return Point(points[0]) if len(points) == 1 else polygon([points])


def polygon(rings: Sequence[Sequence[tuple[float, float]]]) -> BaseGeometry:
    """Return the polygon of closed or open rings.

    Raises
    ------
    CellError
        A ring of fewer than three points, or too many rings.
    """
    short = next((ring for ring in rings if len(set(ring)) < 3), None)
    if short is not None:
        raise CellError(
            f"An outline needs 3 different points, {len(set(short))} were found.",
            f"边界至少需要 3 个不同的点，实际 {len(set(short))} 个。",
        )
    if len(rings) > MOST_RINGS:
        raise CellError(
            f"More than {MOST_RINGS} rings; split the parcel.", f"超过 {MOST_RINGS} 个环，请拆分地块。"
        )
    return assemble(rings)


def parse_coordinate(value: Any) -> float | None:
    """Return a coordinate, degrees with minutes and seconds as decimal degrees, or None for a blank cell.

    Raises
    ------
    CellError
        No number.

    Examples
    --------
    >>> parse_coordinate("39371200.000"), parse_coordinate("115°37′12″"), parse_coordinate("东经115度37分12秒")
    (39371200.0, 115.62, 115.62)
    """
    if is_blank(value):
        return None
    if isinstance(value, str):
        found = _DMS.fullmatch(re.sub(r"^[东北]经|^[东北]纬|^[EN]|[EN]$", "", plain(value).strip()).strip())
        if found is not None:
            return _degrees(found)
    number = parse_number(value)
    return None if number is None else float(number)


def _degrees(found: re.Match[str]) -> float:
    degrees, minutes, seconds = Decimal(found[1]), Decimal(found[2]), Decimal(found[3] or 0)
    if minutes >= 60 or seconds >= 60:
        raise CellError(
            f"{found[0]!r} has 60 minutes or seconds and more.", f"{found[0]!r} 的分或秒不小于 60。"
        )
    return float(degrees + minutes / 60 + seconds / 3600)


def split_rings(
    points: Sequence[tuple[float, float]], numbers: Sequence[str]
) -> list[list[tuple[float, float]]]:
    """Return the rings of a list of boundary points: one ends where it returns to its first point or its number changes.

    Examples
    --------
    >>> square = [(0, 0), (9, 0), (9, 9), (0, 9), (0, 0)]
    >>> [len(ring) for ring in split_rings([*square, (1, 1), (2, 1), (2, 2)], ["1"] * 5 + ["2"] * 3)]
    [4, 3]
    """
    rings: list[list[tuple[float, float]]] = []
    closed, number = True, ""
    for point, name in zip(points, numbers, strict=True):
        if closed or (name and number and name != number):
            rings.append([])
        ring, closed, number = rings[-1], False, name
        if len(ring) >= 3 and point == ring[0]:
            closed = True
        else:
            ring.append(point)
    return rings
