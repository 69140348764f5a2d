"""Coordinate systems: the one place that names the stored CRS and decides what may be transformed.

Inside the code x is always east or longitude. The order that an authority gives its axes is a
fact of the CRS (`Crs.swapped`) that only the codecs at the rim look at.
Sources: EPSG registry; GB 22021-2008 (CGCS2000); OGC API Features Part 2, 18-058r1.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from shapely.geometry.base import BaseGeometry

from gis.errors import CrsRefusedError, InvalidGeometryError, UnknownCrsError

STORED_SRID: Final = 4490
"""CGCS2000 longitude/latitude: the CRS of every stored map geometry."""

WGS84_SRID: Final = 4326
WEB_MERCATOR_SRID: Final = 3857
CRS84_URI: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"

ZONES: Final = range(25, 46)
"""Numbers of the 3-degree zones, central meridians 75°E to 135°E."""

MU_PER_M2: Final = 3 / 2000
"""亩 per m²: 1 亩 = 2000/3 m²."""

_NUMBERED_BASE = 4488
_MERIDIAN_BASE = 4509
_OLD_DATUMS: Final = frozenset(
    code
    for codes in (
        range(2327, 2391),  # Xian 1980, plane
        range(2401, 2443),  # Beijing 1954, 3-degree
        range(4568, 4590),  # New Beijing, 6-degree
        range(4652, 4657),
        range(4766, 4801),  # New Beijing, 3-degree
        range(21413, 21424),  # Beijing 1954, 6-degree
        range(21453, 21464),
        (4214, 4555, 4610, 4812, 4822),
    )
    for code in codes
)
_HTTP = re.compile(r"https?://www\.opengis\.net/def/crs/(EPSG/(?:0|[0-9.]+)/(\d+)|OGC/(?:1\.3|0)/CRS84h?)")
_URN = re.compile(r"urn:ogc:def:crs:(?:EPSG:[0-9.]*:(\d+)|OGC:(?:1\.3)?:CRS84)")
_SHORT = re.compile(r"EPSG:(\d+)", re.IGNORECASE)
_DEGREES = (STORED_SRID, WGS84_SRID)


@dataclass(frozen=True)
class Crs:
    """A coordinate system as a client named it.

    Parameters
    ----------
    srid : int
        EPSG code; CRS84 is 4326 with its axes the other way round.
    swapped : bool
        Whether the name means northing or latitude first, so that a codec must swap.
    uri : str
        The name in OGC's http form, for `Content-Crs` and `crs` lists.
    """

    srid: int
    swapped: bool
    uri: str

    @property
    def degrees(self) -> bool:
        """Whether coordinates are degrees, not metres."""
        return self.srid in _DEGREES

    @property
    def decimals(self) -> int:
        """Decimals that survey exchange needs: 9 for degrees, 3 for metres."""
        return 9 if self.degrees else 3


CRS84: Final = Crs(WGS84_SRID, swapped=False, uri=CRS84_URI)


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


def served_srids() -> tuple[int, ...]:
    """Return every EPSG code that requests and answers may use."""
    numbered = (numbered_zone_srid(zone) for zone in ZONES)
    by_meridian = (meridian_zone_srid(zone) for zone in ZONES)
    return (WGS84_SRID, STORED_SRID, WEB_MERCATOR_SRID, *numbered, *by_meridian)


def served_crs_uris() -> tuple[str, ...]:
    """Return the `crs` list of a collection: CRS84 first, then every EPSG code served."""
    return (CRS84_URI, *(epsg_uri(srid) for srid in served_srids()))


def epsg_uri(srid: int) -> str:
    """Return OGC's http name of an EPSG code.

    Examples
    --------
    >>> epsg_uri(4527)
    'http://www.opengis.net/def/crs/EPSG/0/4527'
    """
    return f"http://www.opengis.net/def/crs/EPSG/0/{srid}"


def parse_crs(text: str) -> Crs:
    """Read the name of a coordinate system: ``EPSG:4527``, URN, http URI or ``CRS84``.

    The short form means east or longitude first, as GeoJSON clients write it; URN and URI mean
    the axis order of the authority (latitude or northing first), as OGC API Part 2 demands.
    Angle brackets and blanks around it are taken off (QGIS sends none, others do).

    Raises
    ------
    CrsRefusedError
        An old datum (Xian 80, Beijing 54): there are no public parameters.
    UnknownCrsError
        No name of a coordinate system, or one that is not served.

    Examples
    --------
    >>> parse_crs("EPSG:4527").swapped, parse_crs("urn:ogc:def:crs:EPSG::4527").swapped
    (False, True)
    >>> parse_crs("http://www.opengis.net/def/crs/OGC/1.3/CRS84").srid
    4326
    """
    name = text.strip().removeprefix("<").removesuffix(">").strip()
    if name.upper() in ("CRS84", "OGC:CRS84"):
        return CRS84
    short = _SHORT.fullmatch(name)
    if short:
        return _crs(int(short[1]), authority_order=False)
    http = _HTTP.fullmatch(name)
    urn = _URN.fullmatch(name)
    if not (http or urn):
        raise UnknownCrsError(
            f"{name[:80]!r} is no name of a coordinate system; write EPSG:4490 or {epsg_uri(STORED_SRID)}.",
            f"{name[:80]!r} 不是坐标系名称；请写 EPSG:4490 或 {epsg_uri(STORED_SRID)}。",
        )
    code = http[2] if http else urn[1] if urn else None
    return CRS84 if code is None else _crs(int(code), authority_order=True)


def _crs(srid: int, *, authority_order: bool) -> Crs:
    check_datum(srid)
    if srid not in served_srids():
        raise UnknownCrsError(
            f"EPSG:{srid} is not served; use CRS84, 4326, 4490, 3857 or a CGCS2000 3-degree zone "
            "(4513–4533 numbered, 4534–4554 by meridian).",
            f"不支持 EPSG:{srid}；请使用 CRS84、4326、4490、3857 或 CGCS2000 三度带"
            "（4513–4533 带号，4534–4554 中央经线）。",
        )
    return Crs(srid, swapped=authority_order and srid != WEB_MERCATOR_SRID, uri=epsg_uri(srid))


def check_datum(srid: int) -> None:
    """Refuse the old datums, whose shift to CGCS2000 is not public.

    Raises
    ------
    CrsRefusedError
        The code belongs to Xian 1980 or Beijing 1954.
    """
    if srid not in _OLD_DATUMS:
        return
    raise CrsRefusedError(
        f"EPSG:{srid} is on an old datum (Xian 1980 or Beijing 1954). The parameters to CGCS2000 are not "
        "public, and a transformation without them is off by up to 100 m: have the file converted to "
        "CGCS2000 by the surveying authority.",
        f"EPSG:{srid} 属旧基准（西安80或北京54）。其与 CGCS2000 的转换参数不公开，无参数转换误差可达百米："
        "请由测绘主管部门转换为 CGCS2000 后再上传。",
    )


@dataclass(frozen=True)
class Transformation:
    """A chain of exact steps from one system to another, x east and y north throughout."""

    steps: tuple[Transformer, ...]

    def transform(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Transform one coordinate pair, or two arrays of the same length.

        What lies outside the projection comes back as infinity, as PROJ gives it.
        """
        for step in self.steps:
            x, y = step.transform(x, y)
        return x, y

    def geometry(self, geometry: BaseGeometry) -> BaseGeometry:
        """Transform every vertex of a geometry; densify long edges before, they are not bent.

        An empty geometry comes back empty, a third dimension is dropped.
        """
        return shapely.transform(geometry, lambda xy: np.column_stack(self.transform(xy[:, 0], xy[:, 1])))


@lru_cache(maxsize=256)
def transformer(source_srid: int, target_srid: int) -> Transformation:
    """Return the transformation between two systems, x east, y north on both sides.

    WGS 84 and CGCS2000 count as the same (they agree within centimetres); every other shift
    between datums that PROJ could only guess is refused.

    Raises
    ------
    CrsRefusedError
        An old datum, or no transformation that is better than a ballpark guess.

    Examples
    --------
    >>> x, y = transformer(4326, 4527).transform(117.0, 33.0)
    >>> round(x, 3)
    39500000.0
    >>> transformer(4326, 4490).transform(115.8, 33.0)
    (115.8, 33.0)
    """
    check_datum(source_srid)
    check_datum(target_srid)
    try:
        to_degrees, source_datum = _leg(source_srid, inverse=False)
        from_degrees, target_datum = _leg(target_srid, inverse=True)
        if {source_datum, target_datum} <= set(_DEGREES):
            return Transformation((*to_degrees, *from_degrees))
        return Transformation((_exact(source_srid, target_srid),))
    except ProjError as error:
        raise CrsRefusedError(
            f"There is no exact transformation from EPSG:{source_srid} to EPSG:{target_srid}.",
            f"EPSG:{source_srid} 与 EPSG:{target_srid} 之间没有精确的转换。",
        ) from error


def _leg(srid: int, *, inverse: bool) -> tuple[tuple[Transformer, ...], int | None]:
    """Return the steps between a system and the degrees of its own datum, and that datum's code."""
    if srid in _DEGREES:
        return (), srid
    geodetic = CRS.from_epsg(srid).geodetic_crs
    datum = geodetic.to_epsg() if geodetic else None
    if datum not in _DEGREES:
        return (), datum
    return (_exact(datum, srid) if inverse else _exact(srid, datum),), datum


def _exact(source_srid: int, target_srid: int) -> Transformer:
    return Transformer.from_crs(source_srid, target_srid, always_xy=True, allow_ballpark=False)
