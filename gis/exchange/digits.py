"""What two columns of coordinates are, by their digits: which is east, which zone, metres or degrees.

An easting of eight digits carries its zone number, a northing of China has seven, an easting of six lacks the zone.
Source: the habit of Chinese survey papers, X = north, Y = east; zones of GB/T 17278.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Final, Literal

import numpy as np

Sort = Literal["zoned", "east", "north", "longitude", "latitude"]

ZONES_6: Final = range(13, 24)
"""Numbers of the 6-degree zones of China; those of the 3-degree zones are 25 to 45."""
ZONES_3: Final = range(25, 46)

_MILLION: Final = 1_000_000
_LATITUDES: Final = (0.0, 60.0)
_LONGITUDES: Final = (70.0, 140.0)
_NORTHINGS: Final = (300_000.0, 6_700_000.0)
_EASTINGS: Final = (100_000.0, 900_000.0)


@dataclass(frozen=True)
class Spread:
    """The extremes of two columns of coordinates, as written, and whose they are."""

    where: str
    first: tuple[float, float]
    second: tuple[float, float]


@dataclass(frozen=True)
class Sign:
    """What the digits say: the sort of the eastern column, whether it stands first, the zone number in it."""

    where: str
    east: Sort
    east_first: bool
    zone: int | None


def spread(where: str, coordinates: Iterable[tuple[float, float]] | np.ndarray) -> Spread:
    """Return the extremes of pairs of coordinates; there is at least one."""
    table = np.asarray(coordinates if isinstance(coordinates, np.ndarray) else list(coordinates), float)
    low, high = table[:, :2].min(axis=0), table[:, :2].max(axis=0)
    return Spread(where, (float(low[0]), float(high[0])), (float(low[1]), float(high[1])))


def find_sign(columns: Spread) -> Sign | None:
    """Say what the columns are, or None where the digits do not tell.

    Examples
    --------
    >>> find_sign(Spread("", (3671300.0, 3671450.0), (39371200.0, 39371400.0)))
    Sign(where='', east='zoned', east_first=False, zone=39)
    >>> find_sign(Spread("", (115.6, 115.7), (33.1, 33.2))).east
    'longitude'
    >>> find_sign(Spread("", (12.0, 13.0), (500.0, 600.0))) is None
    True
    """
    if not all(isfinite(value) for value in (*columns.first, *columns.second)):
        return None
    for east_first, (east, north) in (
        (False, (columns.second, columns.first)),
        (True, (columns.first, columns.second)),
    ):
        sort = _pair(east, north)
        if sort is not None:
            return Sign(
                columns.where, sort, east_first, int(east[0] // _MILLION) if sort == "zoned" else None
            )
    return None


def _pair(east: tuple[float, float], north: tuple[float, float]) -> Sort | None:
    if _within(north, _LATITUDES) and _within(east, _LONGITUDES):
        return "longitude"
    if not _within(north, _NORTHINGS):
        return None
    if zone_in(east) is not None:
        return "zoned"
    # Both columns may have six digits (latitudes below 9°): then nothing tells them apart.
    return "east" if _within(east, _EASTINGS) and north[0] >= _MILLION else None


def zone_in(eastings: tuple[float, float]) -> int | None:
    """Return the zone number that all eastings begin with, or None.

    Examples
    --------
    >>> zone_in((39371200.0, 39371400.0)), zone_in((38999999.0, 39000001.0)), zone_in((371200.0, 371400.0))
    (39, None, None)
    """
    zone = int(eastings[0] // _MILLION)
    same = zone == int(eastings[1] // _MILLION)
    return zone if same and (zone in ZONES_6 or zone in ZONES_3) else None


def _within(values: tuple[float, float], limits: tuple[float, float]) -> bool:
    return limits[0] <= values[0] and values[1] <= limits[1]
