"""Outlines cut and joined on the plane of their survey, as values.

Coordinates are metres in the parcel's own 3-degree zone, east before north. Nothing is rounded: a cut adds points on
the old boundary, and parts that were cut meet exactly.
"""

from collections.abc import Sequence
from typing import Final

import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import polygonize

from twin.errors import InvalidInputError

LEAST_TOLERANCE_M2: Final = 0.1
TOLERANCE_SHARE: Final = 1e-5
"""What coordinates rounded to the millimetre amount to along a cut, with room to spare: 0.8 m² of 120 亩."""

SLIVER_M: Final = 0.02
"""Thickness (2A/P) of a sliver, `domain.md` §10.4."""

SNAP_M: Final = 0.005
MOST_PARTS: Final = 50


def tolerance_m2(area_m2: float) -> float:
    """Return by how much areas before and after a change may differ.

    Examples
    --------
    >>> tolerance_m2(5_000), tolerance_m2(80_000)
    (0.1, 0.8)
    """
    return max(LEAST_TOLERANCE_M2, round(TOLERANCE_SHARE * area_m2, 6))


def cut_by_lines(whole: MultiPolygon, lines: BaseGeometry) -> list[MultiPolygon]:
    """Cut an outline along lines; the parts stand from north-west to south-east.

    Raises
    ------
    InvalidInputError
        The lines do not cut it, or into more than 50 parts.

    Examples
    --------
    >>> from shapely.geometry import LineString, box
    >>> halves = cut_by_lines(MultiPolygon([box(0, 0, 10, 10)]), LineString([(4, -1), (4, 11)]))
    >>> [part.area for part in halves]
    [40.0, 60.0]
    """
    edges = shapely.union_all([whole.boundary, lines])
    shapely.prepare(whole)
    parts = [part for part in polygonize(edges) if whole.contains(part.representative_point())]
    if len(parts) <= len(whole.geoms):
        raise InvalidInputError(
            "The line does not cut the parcel; draw it from outside of the parcel to outside.",
            "分割线未切开地块；请从地块外画到地块外。",
            where="line",
        )
    if len(parts) > MOST_PARTS:
        raise InvalidInputError(
            f"The lines cut the parcel into {len(parts)} parts; {MOST_PARTS} are the most.",
            f"分割线将地块切为 {len(parts)} 块，最多 {MOST_PARTS} 块。",
            where="line",
        )
    return in_reading_order([MultiPolygon([part]) for part in parts])


def in_reading_order(parts: Sequence[MultiPolygon]) -> list[MultiPolygon]:
    """Return parts from north-west to south-east, as parcels are numbered."""
    return sorted(parts, key=lambda part: (part.centroid.x - part.centroid.y, part.centroid.x))


def take_out(whole: MultiPolygon, drawn: BaseGeometry) -> tuple[MultiPolygon, MultiPolygon]:
    """Return what of an outline lies inside of a drawn shape, and the rest; slivers stay with the larger side.

    Raises
    ------
    InvalidInputError
        The shape takes nothing, or all.
    """
    inside, rest = _solid(whole.intersection(drawn)), _solid(whole.difference(drawn))
    for shape, en, zh in (
        (inside, "does not meet the parcel", "与地块不相交"),
        (rest, "covers the whole parcel; release it as a whole", "覆盖整个地块；请整块办理"),
    ):
        if shape.is_empty:
            raise InvalidInputError(f"The shape {en}.", f"所画范围{zh}。", where="geometry")
    return inside, rest


def _solid(shape: BaseGeometry) -> MultiPolygon:
    """Return the polygons of a shape that are no slivers."""
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon) and not is_sliver(part)]
    return MultiPolygon(parts)


def is_sliver(part: BaseGeometry) -> bool:
    """Say whether a polygon is thinner than two centimetres or has no area."""
    return bool(part.length == 0 or 2 * part.area / part.length < SLIVER_M)


def check_parts(whole: MultiPolygon, parts: Sequence[MultiPolygon]) -> None:
    """Check that parts make up the whole: none outside of it, none over another, nothing left over.

    Raises
    ------
    InvalidInputError
        They do not, beyond the tolerance; the message has the figure and a place in the zone of the survey.
    """
    limit = tolerance_m2(whole.area)
    for number, part in enumerate(parts, start=1):
        _check_none(part.difference(whole), limit, f"parts[{number - 1}]", _OUTSIDE, number)
        for other in range(number):
            if other + 1 < number:
                over = part.intersection(parts[other])
                _check_none(over, limit, f"parts[{number - 1}]", _OVER, number, other + 1)
    _check_none(whole.difference(shapely.union_all(list(parts))), limit, "parts", _LEFT)


_OUTSIDE = (
    "{2:.2f} m² of part {0} lie outside of the parcel, at {3}",
    "第 {0} 块有 {2:.2f} m² 超出地块，位置 {3}",
)
_OVER = ("{2:.2f} m² of part {0} lie over part {1}, at {3}", "第 {0} 块与第 {1} 块重叠 {2:.2f} m²，位置 {3}")
_LEFT = ("{2:.2f} m² of the parcel are in no part, at {3}", "地块有 {2:.2f} m² 未划入任何一块，位置 {3}")


def _check_none(
    shape: BaseGeometry, limit_m2: float, where: str, words: tuple[str, str], one: int = 0, other: int = 0
) -> None:
    if shape.area <= limit_m2:
        return
    largest = max(shapely.get_parts(shape), key=lambda part: part.area)
    point = largest.representative_point()
    place = f"({point.x:.3f}, {point.y:.3f})"
    en, zh = (text.format(one, other, shape.area, place) for text in words)
    raise InvalidInputError(
        f"{en}; up to {limit_m2:.2f} m² are within tolerance.", f"{zh}；容差 {limit_m2:.2f} m²。", where=where
    )


def join(shapes: Sequence[MultiPolygon]) -> MultiPolygon:
    """Join outlines that share boundaries into one; gaps of millimetres between them are closed.

    Raises
    ------
    InvalidInputError
        They overlap beyond the tolerance, or do not hang together by an edge.
    """
    limit = tolerance_m2(sum(shape.area for shape in shapes))
    joined: BaseGeometry = shapes[0]
    for number, shape in enumerate(shapes[1:], start=2):
        _check_none(joined.intersection(shape), limit, "parcels", _OVER_BEFORE, number)
        joined = joined.union(shapely.snap(shape, joined, SNAP_M))
    whole = _without_slits(joined)
    if len(whole.geoms) > 1 and len(whole.geoms) > max(len(shape.geoms) for shape in shapes):
        raise _apart()
    if any(
        not _touches_by_edge(shape, [other for other in shapes if other is not shape]) for shape in shapes
    ):
        raise _apart()
    return whole


_OVER_BEFORE = (
    "{2:.2f} m² of parcel {0} lie over those before it, at {3}",
    "第 {0} 宗与前面地块重叠 {2:.2f} m²，位置 {3}",
)


def _touches_by_edge(shape: MultiPolygon, others: Sequence[MultiPolygon]) -> bool:
    """Say whether a shape has more than a corner in common with others."""
    rim = shapely.union_all(list(others)).buffer(SNAP_M)
    return bool(shape.boundary.intersection(rim).length > 10 * SNAP_M)


def _without_slits(shape: BaseGeometry) -> MultiPolygon:
    parts = []
    for part in shapely.get_parts(shape):
        if isinstance(part, Polygon) and not is_sliver(part):
            holes = [ring for ring in part.interiors if not is_sliver(Polygon(ring))]
            parts.append(Polygon(part.exterior, holes))
    return MultiPolygon(parts)


def _apart() -> InvalidInputError:
    return InvalidInputError(
        "The parcels do not hang together by a common edge; a parcel is one piece of land.",
        "所选地块没有公共边，不能合并为一宗。",
        where="parcels",
    )
