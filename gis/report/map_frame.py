"""The window of a map and what tells where and how large: crosses at round coordinates, north, scale."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final

import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from gis.report.picture import Area, Label, Mark, Stroke
from gis.report.picture import Point as Place

INK: Final = "#222222"
PAPER: Final = "#ffffff"
_FAINT: Final = "#8a9099"
_BAR_MM: Final = 32.0
_CROSS_MM: Final = 1.2
_GRID_MM: Final = 60.0
_NEAR_MM: Final = 0.05
_STEPS: Final = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5)


def nice_denominator(least: float) -> int:
    """Return the first round scale denominator that is not below a number.

    Examples
    --------
    >>> nice_denominator(1933.3), nice_denominator(2000), nice_denominator(2001), nice_denominator(8)
    (2000, 2000, 2500, 10)
    """
    decade: float = 10.0 ** floor(log10(least))
    return next(round(step * decade) for step in (*_STEPS, 10.0) if step * decade >= least * (1 - 1e-9))


def nice_length_m(most_m: float) -> float:
    """Return the longest round length that is not above a number.

    Examples
    --------
    >>> nice_length_m(64.0), nice_length_m(180), nice_length_m(1.5)
    (50.0, 100.0, 1.0)
    """
    decade: float = 10.0 ** floor(log10(most_m))
    return max(step * decade for step in (1.0, 2.0, 5.0) if step * decade <= most_m * (1 + 1e-9))


@dataclass(frozen=True)
class Frame:
    """Where the window lies on the paper, in millimetres, and which stretch of the plane it shows.

    Parameters
    ----------
    middle : tuple of float
        East and north of its middle, metres.
    denominator : int
        Of the scale on paper.
    """

    left: float
    top: float
    width: float
    height: float
    middle: Place
    denominator: int

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.top + self.height

    @property
    def right(self) -> float:
        """Right edge."""
        return self.left + self.width

    def place(self, east: float, north: float) -> Place:
        """Return where a point of the plane lies on the paper.

        Examples
        --------
        >>> Frame(0, 0, 100, 100, (39500000, 3650000), 1000).place(39500010, 3650010)
        (60.0, 40.0)
        """
        mm = 1000 / self.denominator
        x, y = self.left + self.width / 2, self.top + self.height / 2
        return x + (east - self.middle[0]) * mm, y - (north - self.middle[1]) * mm

    def page(self, geometry: BaseGeometry) -> BaseGeometry:
        """Bring a geometry of the plane onto the paper; bends finer than a pen's stroke go."""
        mm = 1000 / self.denominator
        origin = self.place(*self.middle)
        moved = shapely.transform(geometry, lambda xy: (xy - self.middle) * (mm, -mm) + origin)
        return moved.simplify(_NEAR_MM, preserve_topology=True)

    def window(self) -> Polygon:
        """Return the frame as a polygon on the paper."""
        return shapely.box(self.left, self.top, self.right, self.bottom)

    def eastings(self, step: float) -> list[float]:
        """Return the multiples of a step in metres that the window shows from west to east."""
        half = self.width * self.denominator / 2000
        return _multiples(self.middle[0] - half, self.middle[0] + half, step)

    def northings(self, step: float) -> list[float]:
        """Return the multiples of a step in metres that the window shows from south to north."""
        half = self.height * self.denominator / 2000
        return _multiples(self.middle[1] - half, self.middle[1] + half, step)


def _multiples(least: float, most: float, step: float) -> list[float]:
    return [number * step for number in range(ceil(least / step), floor(most / step) + 1)]


def grid(frame: Frame) -> Iterator[Mark]:
    """Yield crosses at round coordinates, with the coordinates at the frame."""
    step = nice_length_m(_GRID_MM * frame.denominator / 1000)
    columns, rows = frame.eastings(step), frame.northings(step)
    for x, y in (frame.place(east, north) for east in columns for north in rows):
        yield _line(_FAINT, 0.12, (x - _CROSS_MM, y), (x + _CROSS_MM, y))
        yield _line(_FAINT, 0.12, (x, y - _CROSS_MM), (x, y + _CROSS_MM))
    for east in columns:
        x, _ = frame.place(east, frame.middle[1])
        yield _line(INK, 0.15, (x, frame.bottom - 1.2), (x, frame.bottom))
        if frame.left + 16 < x < frame.right - 8:
            yield Label((x, frame.bottom - 1.6), f"{east:.0f}", 1.9, "middle", _FAINT)
    for north in rows:
        _, y = frame.place(frame.middle[0], north)
        yield _line(INK, 0.15, (frame.left, y), (frame.left + 1.2, y))
        if y < frame.bottom - 4:
            yield Label((frame.left + 1.6, y + 0.7), f"{north:.0f}", 1.9, "start", _FAINT, boxed=True)


def border(frame: Frame) -> Iterator[Mark]:
    """Yield the frame itself."""
    yield Area((points(frame.window().exterior.coords),), stroke=INK, width=0.3)


def north_arrow(frame: Frame) -> Iterator[Mark]:
    """Yield the arrow to grid north in the upper right corner."""
    x, y = frame.right - 7.0, frame.top + 5.5
    yield Area((((x, y), (x + 2.2, y + 7.0), (x, y + 5.4), (x, y)),), fill=INK)
    yield Area((((x, y), (x - 2.2, y + 7.0), (x, y + 5.4), (x, y)),), fill=PAPER, stroke=INK, width=0.2)
    yield Label((x, y - 0.8), "N", 3.0, "middle", INK)


def scale(frame: Frame, remark: str, true_size: str) -> Iterator[Mark]:
    """Yield the scale bar below the frame; at the right the scale in figures, that it holds in true size, a remark."""
    top, left = frame.bottom + 3.4, frame.left + 1.0
    length_m = nice_length_m(_BAR_MM * frame.denominator / 1000)
    half = length_m * 500 / frame.denominator
    for number, fill in enumerate((INK, PAPER)):
        yield from _bar(left + number * half, top, half, fill)
    for number, text in enumerate(("0", f"{length_m / 2:g}", f"{length_m:g} m")):
        yield Label((left + number * half, top - 0.6), text, 2.1, "middle" if number else "start", INK)
    yield Label(
        (frame.right - 0.8, top + 1.0), f"1:{frame.denominator}{true_size}　{remark}", 2.3, "end", INK
    )


def _bar(left: float, top: float, width: float, fill: str) -> Iterator[Mark]:
    ring = points(shapely.box(left, top, left + width, top + 1.1).exterior.coords)
    yield Area((ring,), fill=fill, stroke=INK, width=0.15)


def _line(colour: str, width: float, *ends: Place) -> Stroke:
    return Stroke(points(ends), colour, width)


def points(coordinates: Iterable[tuple[float, ...]]) -> tuple[Place, ...]:
    """Return coordinates as points of a drawing, to the thousandth of a millimetre."""
    return tuple((round(each[0], 3), round(each[1], 3)) for each in coordinates)
