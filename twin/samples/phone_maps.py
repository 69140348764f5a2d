"""GCJ-02 and BD-09, forward, as phones send them (`exchange-formats.md` §7.4)."""

from math import atan2, cos, pi, sin, sqrt

A_KRASSOVSKY = 6378245.0
E2_KRASSOVSKY = 0.00669342162296594323


def gcj02(lon: float, lat: float) -> tuple[float, float]:
    """Return GCJ-02 degrees of a WGS 84 point.

    Examples
    --------
    >>> [round(v, 9) for v in gcj02(115.8, 33.0)]
    [115.805415793, 32.998099946]
    """
    x, y = lon - 105, lat - 35
    common = (20 * sin(6 * pi * x) + 20 * sin(2 * pi * x)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + common
    north += (20 * sin(pi * y) + 40 * sin(pi * y / 3)) * 2 / 3
    north += (160 * sin(pi * y / 12) + 320 * sin(pi * y / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + common
    east += (20 * sin(pi * x) + 40 * sin(pi * x / 3)) * 2 / 3
    east += (150 * sin(pi * x / 12) + 300 * sin(pi * x / 30)) * 2 / 3
    phi = lat * pi / 180
    m = 1 - E2_KRASSOVSKY * sin(phi) ** 2
    return (
        lon + east * 180 / (pi * A_KRASSOVSKY / sqrt(m) * cos(phi)),
        lat + north * 180 / (pi * A_KRASSOVSKY * (1 - E2_KRASSOVSKY) / (m * sqrt(m))),
    )


def bd09(lon: float, lat: float) -> tuple[float, float]:
    """Return BD-09 degrees of a WGS 84 point.

    Examples
    --------
    >>> [round(v, 9) for v in bd09(115.8, 33.0)]
    [115.811818841, 33.004432942]
    """
    x, y = gcj02(lon, lat)
    k = 3000 * pi / 180
    z = sqrt(x * x + y * y) + 0.00002 * sin(k * y)
    theta = atan2(y, x) + 0.000003 * cos(k * x)
    return z * cos(theta) + 0.0065, z * sin(theta) + 0.006
