"""The tile grid WebMercatorQuad, and what every way to draw a tile shares.

Sources: OGC 17-083r4 (WebMercatorQuad); Mapbox Vector Tile 2.1.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import atan, degrees, pi, sinh
from typing import Final

from gis.layer import Field
from gis.statement import ROW

EXTENT: Final = 4096
"""Units along a tile's side."""

BUFFER: Final = 64
"""Units kept beyond each side, so that outlines do not end at the seam."""

_MERCATOR_HALF_M = 20037508.342789244


@dataclass(frozen=True)
class TileAddress:
    """One tile of WebMercatorQuad: zoom, column from the west, row from the north."""

    z: int
    x: int
    y: int

    def unit_m(self) -> float:
        """Return the side of one tile unit in metres of Web Mercator."""
        return 2 * _MERCATOR_HALF_M / (1 << self.z) / EXTENT

    def degrees(self, margin: float = 0.0) -> tuple[float, float, float, float]:
        """Return west, south, east, north in degrees, widened by a share of the tile's side.

        Examples
        --------
        >>> TileAddress(1, 0, 0).degrees()
        (-180.0, 0.0, 0.0, 85.0511287798066)
        """
        side = 1 << self.z
        west, east = ((column / side) * 360 - 180 for column in (self.x - margin, self.x + 1 + margin))
        north, south = (_latitude(row / side) for row in (self.y - margin, self.y + 1 + margin))
        return max(west, -180.0), south, min(east, 180.0), north


def _latitude(share: float) -> float:
    return degrees(atan(sinh(pi * (1 - 2 * min(1.0, max(0.0, share))))))


def tile_columns(fields: Iterable[Field]) -> str:
    """Return the select list of a tile's attributes; numbers as float8, which MVT has, and not numeric.

    Examples
    --------
    >>> tile_columns([Field("progress", "number", "进度", "Progress"), Field("code", "string", "编号", "Code")])
    'f.progress::float8 AS progress, f.code AS code'
    """
    casts = {"number": "::float8", "date": "::text", "date-time": "::text"}
    return ", ".join(f"{ROW}.{item.name}{casts.get(item.type, '')} AS {item.name}" for item in fields)
