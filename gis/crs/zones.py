"""CGCS2000 3-degree zones: both numberings, central meridians, edges.

Source: EPSG registry.
"""

from typing import Final

from gis.errors import InvalidGeometryError

ZONES: Final = range(25, 46)
"""Numbers of the 3-degree zones, central meridians 75°E to 135°E."""

_NUMBERED_BASE = 4488
_MERIDIAN_BASE = 4509


def zone_for_longitude(lon_deg: float) -> int:
    """Return the number of the CGCS2000 3-degree zone that a longitude lies in.

    Parameters
    ----------
    lon_deg : float
        Longitude in degrees east, 73.5 up to and without 136.5.

    Raises
    ------
    InvalidGeometryError
        The longitude lies in none of the zones 25 to 45.

    Examples
    --------
    >>> zone_for_longitude(115.8), zone_for_longitude(115.4999), zone_for_longitude(115.5)
    (39, 38, 39)
    """
    zone = int((lon_deg + 1.5) // 3)
    if zone in ZONES:
        return zone
    raise InvalidGeometryError(
        f"Longitude {lon_deg:.4f}° lies in no CGCS2000 3-degree zone (73.5°E to 136.5°E); "
        "longitude and latitude may be swapped.",
        f"经度 {lon_deg:.4f}° 不在 CGCS2000 三度带范围（东经 73.5° 至 136.5°）内；经纬度可能颠倒。",
    )


def numbered_zone_srid(zone: int) -> int:
    """Return the EPSG code of a 3-degree zone whose eastings begin with the zone number.

    Examples
    --------
    >>> numbered_zone_srid(39)
    4527
    """
    return _NUMBERED_BASE + zone


def meridian_zone_srid(zone: int) -> int:
    """Return the EPSG code of a 3-degree zone named by its meridian (false easting 500 000 m).

    Examples
    --------
    >>> meridian_zone_srid(39)
    4548
    """
    return _MERIDIAN_BASE + zone


def native_zone_srid(lon_deg: float) -> int:
    """Return the EPSG code of the numbered 3-degree zone that a longitude lies in.

    Examples
    --------
    >>> native_zone_srid(115.62)
    4527
    """
    return numbered_zone_srid(zone_for_longitude(lon_deg))


def zone_of_srid(srid: int) -> int | None:
    """Return the 3-degree zone number of a CGCS2000 plane CRS of either numbering, else None.

    Examples
    --------
    >>> zone_of_srid(4527), zone_of_srid(4548), zone_of_srid(4490)
    (39, 39, None)
    """
    for base in (_NUMBERED_BASE, _MERIDIAN_BASE):
        if srid - base in ZONES:
            return srid - base
    return None


def central_meridian(zone: int) -> int:
    """Return the central meridian of a 3-degree zone, in degrees east.

    Examples
    --------
    >>> central_meridian(39)
    117
    """
    return 3 * zone


def zone_easting_range(srid: int) -> tuple[float, float] | None:
    """Return the eastings (m) that belong to a 3-degree zone with half a degree beyond its edges.

    Four degrees of longitude at the equator are 445 km wide; nothing farther out can be meant.
    """
    zone = zone_of_srid(srid)
    if zone is None:
        return None
    middle = 500_000.0 + (zone * 1_000_000 if srid < numbered_zone_srid(ZONES.stop) else 0)
    return middle - 223_000, middle + 223_000


def check_eastings(west: float, east: float, srid: int) -> None:
    """Refuse eastings (m) that cannot belong to a system; any pass where it is no 3-degree zone.

    Raises
    ------
    InvalidGeometryError
        They lie in another zone, or are northings.
    """
    allowed = zone_easting_range(srid)
    if allowed is None or (allowed[0] <= west and east <= allowed[1]):
        return
    raise InvalidGeometryError(
        f"Eastings {west:.0f} to {east:.0f} do not belong to EPSG:{srid} ({allowed[0]:.0f} to {allowed[1]:.0f}): "
        "check the zone number and that east stands before north.",
        f"横坐标 {west:.0f} 至 {east:.0f} 不属于 EPSG:{srid}（{allowed[0]:.0f} 至 {allowed[1]:.0f}）："
        "请核对带号，以及是否东坐标在前。",
        where="geometry",
    )
