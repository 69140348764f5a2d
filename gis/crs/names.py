"""Names of coordinate systems, as clients write them, and the axis order each name means.

Inside the code x is always east or longitude. The order that an authority gives its axes is a
fact of the CRS (`Crs.swapped`) that only the codecs at the rim look at.
Sources: EPSG registry; OGC API Features Part 2, 18-058r1.
"""

import re
from dataclasses import dataclass
from typing import Final

from gis.crs.zones import ZONES, meridian_zone_srid, numbered_zone_srid
from gis.errors import CrsRefusedError, UnknownCrsError

STORED_SRID: Final = 4490
"""CGCS2000 longitude/latitude: the CRS of every stored map geometry."""

WGS84_SRID: Final = 4326
WEB_MERCATOR_SRID: Final = 3857
CRS84_URI: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"

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
DEGREES: Final = (STORED_SRID, WGS84_SRID)
"""The two longitude/latitude systems, taken as one: they agree within centimetres."""


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
        return self.srid in DEGREES

    @property
    def decimals(self) -> int:
        """Decimals that survey exchange needs: 9 for degrees, 3 for metres."""
        return 9 if self.degrees else 3


CRS84: Final = Crs(WGS84_SRID, swapped=False, uri=CRS84_URI)


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
