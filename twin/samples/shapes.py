"""Plane shapes in metres: rectangles, rectilinear outlines, corridors. Coordinates end on millimetres."""

import math
from collections.abc import Sequence

from twin.samples.plane import MultiPolygon, Point, Polygon, Ring

MAX_EDGE_M = 480.0  # below 500 m an edge drawn straight in degrees stays within 4 mm of the plane one


def turned(ring: Ring, centre: Point, tangent_half: float) -> Ring:
    """Turn a ring about a centre; the angle is given by the tangent of its half (0 leaves it as it is)."""
    t = tangent_half
    cosine, sine = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
    return [
        (
            centre[0] + (p[0] - centre[0]) * cosine - (p[1] - centre[1]) * sine,
            centre[1] + (p[0] - centre[0]) * sine + (p[1] - centre[1]) * cosine,
        )
        for p in ring
    ]


def box(left: float, bottom: float, width: float, height: float) -> Ring:
    """Return a rectangle, anti-clockwise from its lower left corner."""
    return [
        (left, bottom),
        (left + width, bottom),
        (left + width, bottom + height),
        (left, bottom + height),
    ]


def l_shape(left: float, bottom: float, width: float, height: float, notch: float) -> Ring:
    """Return a rectangle whose upper right corner is cut out by `notch` (share of each side)."""
    x, y = left + width * (1 - notch), bottom + height * (1 - notch)
    return [
        (left, bottom),
        (left + width, bottom),
        (left + width, y),
        (x, y),
        (x, bottom + height),
        (left, bottom + height),
    ]


def steps(left: float, bottom: float, spans: Sequence[tuple[float, float]]) -> Ring:
    """Return the union of rectangles that stand side by side on one base line.

    Parameters
    ----------
    spans : sequence of (width, height)
        Neighbouring heights differ, else a point would lie on a straight edge.
    """
    top: Ring = []
    x = left + sum(width for width, _ in spans)
    right = x
    for width, height in reversed(spans):
        top += [(x, bottom + height), (x - width, bottom + height)]
        x -= width
    return [(left, bottom), (right, bottom), *top]


def corridor(line: Sequence[Point], half_width_m: float) -> Ring:
    """Return a line widened to both sides, with mitred corners; it must not turn sharply."""
    left = [_offset(line, n, half_width_m) for n in range(len(line))]
    right = [_offset(line, n, -half_width_m) for n in range(len(line))]
    return right + left[::-1]


def _offset(line: Sequence[Point], n: int, distance: float) -> Point:
    before = _normal(line[n - 1], line[n]) if n else _normal(line[0], line[1])
    after = _normal(line[n], line[n + 1]) if n + 1 < len(line) else before
    scale = distance / (1 + before[0] * after[0] + before[1] * after[1])
    return line[n][0] + scale * (before[0] + after[0]), line[n][1] + scale * (before[1] + after[1])


def _normal(a: Point, b: Point) -> Point:
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = math.sqrt(dx * dx + dy * dy)
    return -dy / length, dx / length


def settled(polygon: Polygon) -> Polygon:
    """Return the polygon on millimetres, shell anti-clockwise, holes clockwise, no edge over 480 m."""
    rings = [_split(_rounded(ring)) for ring in polygon]
    return [_oriented(ring, anticlockwise=n == 0) for n, ring in enumerate(rings)]


def _rounded(ring: Ring) -> Ring:
    return [(round(x, 3), round(y, 3)) for x, y in ring]


def _split(ring: Ring) -> Ring:
    points: Ring = []
    for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
        dx, dy = b[0] - a[0], b[1] - a[1]
        pieces = int(math.sqrt(dx * dx + dy * dy) / MAX_EDGE_M) + 1
        points += [
            (round(a[0] + dx * k / pieces, 3), round(a[1] + dy * k / pieces, 3)) for k in range(pieces)
        ]
    return points


def _oriented(ring: Ring, *, anticlockwise: bool) -> Ring:
    pairs = zip(ring, ring[1:] + ring[:1], strict=True)
    x0, y0 = ring[0]
    area = sum((a[0] - x0) * (b[1] - y0) - (b[0] - x0) * (a[1] - y0) for a, b in pairs)
    return ring if (area > 0) == anticlockwise else ring[::-1]


def scaled(polygons: MultiPolygon, centre: Point, factor: float) -> MultiPolygon:
    """Return the polygons grown or shrunk about a point."""
    return [
        [
            [(centre[0] + (x - centre[0]) * factor, centre[1] + (y - centre[1]) * factor) for x, y in r]
            for r in p
        ]
        for p in polygons
    ]


def bounds(polygons: MultiPolygon) -> tuple[float, float, float, float]:
    """Return left, bottom, right, top of the shells."""
    points = [point for polygon in polygons for point in polygon[0]]
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs), min(ys), max(xs), max(ys)
