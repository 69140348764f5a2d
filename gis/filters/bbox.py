"""`bbox` in any coordinate system that is served.

Sources: OGC API Features Part 1, 17-069r4, 7.15.3; Part 2, 18-058r1 (`bbox-crs`).
"""

from dataclasses import dataclass
from math import atan, degrees, isfinite, sinh

import shapely

from gis.crs import CRS84, STORED_SRID, WEB_MERCATOR_SRID, Crs, transformer
from gis.errors import InvalidBboxError
from gis.filters.values import NUMBER
from gis.layer import Layer
from gis.statement import Condition

_EARTH_RADIUS_M = 6378137.0
_BOX_EDGE_POINTS = 32


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
    if len(parts) not in (4, 6) or not all(NUMBER.fullmatch(part) for part in parts):
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
    # What lies wholly in the box meets it: only what crosses its edge is looked at closely.
    return f"({geometry} && {box} AND ({geometry} @ {box} OR ST_Intersects({geometry}, {box})))"
