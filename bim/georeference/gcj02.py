"""GCJ-02, the shifted degrees of Chinese phone maps: only to recognise and to offer, never applied silently."""

import math

_A, _E2 = 6378245.0, 0.00669342162296594323
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271


def to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    """Shift WGS 84 degrees to GCJ-02; points outside China stay.

    >>> [round(value, 9) for value in to_gcj02(115.8, 33.0)]
    [115.805415793, 32.998099946]
    """
    if not (_WEST <= lon <= _EAST and _SOUTH <= lat <= _NORTH):
        return lon, lat
    x, y, pi = lon - 105.0, lat - 35.0, math.pi
    common = (20 * math.sin(6 * x * pi) + 20 * math.sin(2 * x * pi)) * 2 / 3
    dlat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + common
    dlat += (20 * math.sin(y * pi) + 40 * math.sin(y / 3 * pi)) * 2 / 3
    dlat += (160 * math.sin(y / 12 * pi) + 320 * math.sin(y / 30 * pi)) * 2 / 3
    dlon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + common
    dlon += (20 * math.sin(x * pi) + 40 * math.sin(x / 3 * pi)) * 2 / 3
    dlon += (150 * math.sin(x / 12 * pi) + 300 * math.sin(x / 30 * pi)) * 2 / 3
    phi = math.radians(lat)
    magic = 1 - _E2 * math.sin(phi) ** 2
    lat_m = _A * (1 - _E2) / (magic * math.sqrt(magic)) * pi
    lon_m = _A / math.sqrt(magic) * math.cos(phi) * pi
    return lon + dlon * 180 / lon_m, lat + dlat * 180 / lat_m


def from_gcj02(lon: float, lat: float) -> tuple[float, float]:
    """Take the shift away by iteration; the one-shot inverse errs by up to 2.3 m.

    >>> [round(value, 9) for value in from_gcj02(115.805415793, 32.998099946)]
    [115.8, 33.0]
    """
    x, y = lon, lat
    for _ in range(6):
        shifted_x, shifted_y = to_gcj02(x, y)
        x, y = x - (shifted_x - lon), y - (shifted_y - lat)
    return x, y
