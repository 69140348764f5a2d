"""Survey coordinates ↔ degrees, and areas on the ellipsoid, with nothing but + − × ÷ and √.

Library sines may differ in their last bit from one machine to the next; these do not, so the
written degrees are the same bytes everywhere. The areas follow the survey trapezoid formula and
share no code with the product, which is what makes them fit to check it.
"""

import math

Point = tuple[float, float]
Ring = list[Point]  # open: the first point is not repeated
Polygon = list[Ring]  # shell, then holes
MultiPolygon = list[Polygon]

A_AXIS = 6378137.0
FLATTENING = 1 / 298.257222101
E2 = FLATTENING * (2 - FLATTENING)
EP2 = E2 / (1 - E2)
PI = 3.141592653589793
RADIANS = PI / 180
FALSE_EASTING = 500_000.0


def sin_cos(x: float) -> tuple[float, float]:
    """Return sine and cosine of an angle in radians, |x| ≤ 2, by their Taylor series."""
    sine, cosine, term_s, term_c = x, 1.0, x, 1.0
    for n in range(1, 16):
        term_c *= -x * x / ((2 * n - 1) * (2 * n))
        term_s *= -x * x / ((2 * n) * (2 * n + 1))
        sine += term_s
        cosine += term_c
    return sine, cosine


def _footpoint(northing: float) -> float:
    """Return the latitude (radians) at which the meridian arc from the equator has this length."""
    n = FLATTENING / (2 - FLATTENING)
    n2, n3, n4 = n * n, n * n * n, n * n * n * n
    mu = northing * (1 + n) / (A_AXIS * (1 + n2 / 4 + n4 / 64))
    s1, c1 = sin_cos(mu)
    s2, c2 = 2 * s1 * c1, c1 * c1 - s1 * s1
    s4, c4 = 2 * s2 * c2, c2 * c2 - s2 * s2
    s6 = s4 * c2 + c4 * s2
    s8 = 2 * s4 * c4
    return (
        mu
        + (3 * n / 2 - 27 * n3 / 32) * s2
        + (21 * n2 / 16 - 55 * n4 / 32) * s4
        + 151 * n3 / 96 * s6
        + 1097 * n4 / 512 * s8
    )


def to_degrees(point: Point) -> Point:
    """Return longitude and latitude (degrees, CGCS2000) of a 3-degree zone point.

    Parameters
    ----------
    point : (east, north)
        Metres; the easting carries its zone number (8 digits), which gives the central meridian.

    Examples
    --------
    >>> [round(v, 9) for v in to_degrees((39371200.0, 3671300.0))]
    [115.619332779, 33.159622123]
    """
    zone = int(point[0] // 1_000_000)
    y = point[0] - zone * 1_000_000 - FALSE_EASTING
    phi = _footpoint(point[1])
    s, c = sin_cos(phi)
    t2 = (s / c) * (s / c)
    eta2 = EP2 * c * c
    radius = A_AXIS / math.sqrt(1 - E2 * s * s)
    q = y / radius
    q2 = q * q
    lat = phi - (s / c) * (1 + eta2) * q2 / 2 * (
        1
        - q2 / 12 * (5 + 3 * t2 + eta2 - 9 * eta2 * t2 - 4 * eta2 * eta2)
        + q2 * q2 / 360 * (61 + 90 * t2 + 45 * t2 * t2 + 46 * eta2 - 252 * eta2 * t2 - 90 * eta2 * t2 * t2)
    )
    lon = (q / c) * (
        1
        - q2 / 6 * (1 + 2 * t2 + eta2)
        + q2 * q2 / 120 * (5 + 28 * t2 + 24 * t2 * t2 + 6 * eta2 + 8 * eta2 * t2)
        - q2 * q2 * q2 / 5040 * (61 + 662 * t2 + 1320 * t2 * t2 + 720 * t2 * t2 * t2)
    )
    return lon / RADIANS + zone * 3, lat / RADIANS


def to_plane(lon: float, lat: float, zone: int = 39) -> Point:
    """Return the zone's (east, north) in metres of a point in degrees, by turning `to_degrees` round."""
    east = zone * 1_000_000 + FALSE_EASTING + (lon - zone * 3) * 93_500.0
    north = lat * 110_900.0
    for _ in range(12):
        found = to_degrees((east, north))
        east += (lon - found[0]) * 93_500.0
        north += (lat - found[1]) * 110_900.0
    return east, north


def rounded_degrees(point: Point) -> Point:
    """Return longitude and latitude to the 9 decimals of survey exchange (0.1 mm)."""
    lon, lat = to_degrees(point)
    return round(lon, 9), round(lat, 9)


def plane_area_m2(polygons: MultiPolygon) -> float:
    """Return the area in the zone's plane; holes count off whichever way they run."""
    return sum(abs(_shoelace(p[0])) - sum(abs(_shoelace(h)) for h in p[1:]) for p in polygons)


def _shoelace(ring: Ring) -> float:
    x0, y0 = ring[0]
    pairs = zip(ring, ring[1:] + ring[:1], strict=True)
    return sum((a[0] - x0) * (b[1] - y0) - (b[0] - x0) * (a[1] - y0) for a, b in pairs) / 2


def ellipsoidal_area_m2(polygons: MultiPolygon, step_m: float = 10.0) -> float:
    """Return the area on the CGCS2000 ellipsoid by the survey trapezoid formula (`domain.md` §10.3).

    Edges are straight in the zone's plane and cut into pieces of `step_m` first, which brings the
    formula within 10⁻⁸ of the geodesic area (50 m: 4·10⁻⁸ on slanting edges). Holes count off whichever way they run.

    Examples
    --------
    >>> shell = [(39371200.0, 3671300.0), (39371400.0, 3671300.0), (39371400.0, 3671450.0), (39371200.0, 3671450.0)]
    >>> hole = [(39371250.0, 3671350.0), (39371300.0, 3671350.0), (39371300.0, 3671390.0), (39371250.0, 3671390.0)]
    >>> round(ellipsoidal_area_m2([[shell, hole]]), 2)
    27988.57
    """
    return sum(
        abs(_ring_area(p[0], step_m)) - sum(abs(_ring_area(h, step_m)) for h in p[1:]) for p in polygons
    )


def _ring_area(ring: Ring, step_m: float) -> float:
    points = [to_degrees(p) for p in densified(ring, step_m)]
    meridian = points[0][0]
    pairs = zip(points, points[1:] + points[:1], strict=True)
    return sum(_trapezoid(a, b, meridian) for a, b in pairs)


def _trapezoid(a: Point, b: Point, meridian: float) -> float:
    width = ((a[0] + b[0]) / 2 - meridian) * RADIANS
    height = (b[1] - a[1]) * RADIANS
    s1, c1 = sin_cos((a[1] + b[1]) / 2 * RADIANS)
    sh, ch = sin_cos(height / 2)
    c2 = c1 * c1 - s1 * s1
    s2 = 2 * s1 * c1
    cosines, sines = [c1], [sh]
    odd = (c1, s1, sh, ch)
    h2c, h2s = ch * ch - sh * sh, 2 * sh * ch
    for _ in range(4):
        c, s, hs, hc = odd
        odd = (c * c2 - s * s2, s * c2 + c * s2, hs * h2c + hc * h2s, hc * h2c - hs * h2s)
        cosines.append(odd[0])
        sines.append(odd[2])
    factors = (1.0033640898, -0.00112418938, 1.69945947e-6, -2.717858e-9, 4.3584e-12)
    series = sum(f * sh_k * c_k for f, sh_k, c_k in zip(factors, sines, cosines, strict=True))
    b_axis = A_AXIS * (1 - FLATTENING)
    return 2 * b_axis * b_axis * width * series


def densified(ring: Ring, step_m: float) -> Ring:
    """Return the ring with extra points so that no edge is longer than `step_m`."""
    points: Ring = []
    for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
        span = max(abs(b[0] - a[0]), abs(b[1] - a[1]))
        pieces = int(span // step_m) + 1
        points += [
            (a[0] + (b[0] - a[0]) * k / pieces, a[1] + (b[1] - a[1]) * k / pieces) for k in range(pieces)
        ]
    return points
