"""600 land-use patches 地类图斑 that tile their extent without gap or overlap."""

import math
from dataclasses import dataclass
from functools import cache

from twin.samples.district import REGION
from twin.samples.draw import between, stream
from twin.samples.layout import PATCHWORK_COLUMNS, PATCHWORK_ROWS, centre
from twin.samples.plane import MultiPolygon, Point
from twin.samples.shapes import settled

WIDE, HIGH = 30, 20
SIDE_M = 400.0
SWAY_M = 35.0

# Class code → name; the classes' counts are in `_COUNTS`.
PATCH_CLASSES = {
    "0103": "旱地",
    "0102": "水浇地",
    "0301": "乔木林地",
    "1104": "坑塘水面",
    "0702": "农村宅基地",
    "0701": "城镇住宅用地",
    "1003": "公路用地",
}
_COUNTS = {"1003": 36, "1104": 42, "0701": 72, "0702": 72, "0301": 48, "0102": 150, "0103": 180}


@dataclass(frozen=True)
class Patch:
    """One land-use patch."""

    number: int
    column: int
    row: int
    class_code: str
    polygons: MultiPolygon


@cache
def sample_patches() -> tuple[Patch, ...]:
    """Return the patches row by row from the south-west."""
    classes = _classes()
    return tuple(
        Patch(1 + row * WIDE + column, column, row, classes[column, row], _quad(column, row))
        for row in range(HIGH)
        for column in range(WIDE)
    )


def _quad(column: int, row: int) -> MultiPolygon:
    corners = ((column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1))
    return [settled([[_corner(c, r) for c, r in corners]])]


@cache
def _corner(column: int, row: int) -> Point:
    """Return a shared corner; those on the rim stay on it."""
    rng = stream(f"patchwork:{column}:{row}")
    origin = _origin()
    sway_x = 0.0 if column in (0, WIDE) else round(between(rng, -SWAY_M, SWAY_M), 2)
    sway_y = 0.0 if row in (0, HIGH) else round(between(rng, -SWAY_M, SWAY_M), 2)
    return origin[0] + column * SIDE_M + sway_x, origin[1] + row * SIDE_M + sway_y


def _origin() -> Point:
    middle = centre(
        (PATCHWORK_COLUMNS[len(PATCHWORK_COLUMNS) // 2], PATCHWORK_ROWS[len(PATCHWORK_ROWS) // 2])
    )
    return middle[0] - WIDE * SIDE_M / 2, middle[1] - HIGH * SIDE_M / 2


def _classes() -> dict[Point, str]:
    """Give every patch a class: a road row, ponds along a line, a town, villages and woods, fields elsewhere."""
    left = [(column, row) for row in range(HIGH) for column in range(WIDE)]
    chosen: dict[Point, str] = {}
    for code, count in _COUNTS.items():
        left.sort(key=lambda cell: (_distance(code, cell), cell))
        chosen |= dict.fromkeys(left[:count], code)
        left = left[count:]
    return {(float(c), float(r)): code for (c, r), code in chosen.items()}


def _distance(code: str, cell: tuple[int, int]) -> float:
    column, row = cell
    noise = stream(f"class:{code}:{column}:{row}").random()
    if code == "1003":
        return min(abs(row - 9), abs(column - 17) + 0.5) + noise * 0.1
    if code == "1104":
        return abs(row - 4 - column * 0.3) + noise * 0.5
    if code == "0701":
        return math.sqrt((column - 18) ** 2 + (row - 11) ** 2) + noise
    return noise


def patch_owner(number: int) -> tuple[str, str]:
    """Return the code and name of the village a patch belongs to."""
    villages = ("云岫村", "禾丰村", "青屿村", "映川村", "沐风村", "锦澜村")
    n = number % len(villages)
    return f"{REGION}001{n + 1:03d}", f"{villages[n]}（虚构）"
