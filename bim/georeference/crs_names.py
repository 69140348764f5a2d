"""Understand how files name a coordinate reference system, CGCS2000 zones by digits included."""

import re
from dataclasses import dataclass
from functools import lru_cache

from pyproj import CRS
from pyproj.exceptions import CRSError

from bim.georeference.facts import CrsText

# CGCS2000, 3-degree zones: with the zone number in the easting, and by central meridian.
_WITH_ZONE, _BY_MERIDIAN = 4488, 4509
_WITH_ZONE_6, _BY_MERIDIAN_6 = 4478, 4489
_ZONES, _ZONES_6 = range(25, 46), range(13, 24)
_OLD_DATUMS = ("Xian 1980", "Beijing 1954", "New Beijing")

_EPSG = re.compile(r"EPSG\s*:{0,2}\s*(\d{4,6})\s*(?:[,+;/]\s*(?:EPSG\s*:{0,2}\s*)?(\d{4,6}))?", re.IGNORECASE)
_URN = re.compile(r"urn:ogc:def:crs:EPSG:[^:]*:(\d{4,6})", re.IGNORECASE)
_BARE = re.compile(r"\s*(\d{4,6})\s*")
_CGCS = re.compile(
    r"CGCS\s*_?2000|China Geodetic Coordinate System 2000|国家大地坐标系|大地2000", re.IGNORECASE
)
_MERIDIAN = re.compile(r"(?:CM|中央(?:经线|子午线))[\s_:=]*(\d{2,3})", re.IGNORECASE)
_ZONE = re.compile(r"zone[\s_]*(\d{2})|(\d{2})\s*(?:带|度带|号带)|(?<!\d)带号?\s*(\d{2})", re.IGNORECASE)
_SIX = re.compile(r"6[\s_-]*deg|6\s*度|六度", re.IGNORECASE)


@dataclass(frozen=True)
class NamedCrs:
    """A name understood: code, whether it is geographic, vertical code, and what is wrong with it."""

    code: str | None
    geographic: bool = False
    vertical: str | None = None
    problem_en: str | None = None
    problem_zh: str | None = None


def read_crs(text: CrsText) -> NamedCrs:
    """Understand the name of a system.

    Examples
    --------
    >>> read_crs(CrsText("CGCS2000 / 3-degree Gauss-Kruger zone 39")).code
    'EPSG:4527'
    >>> read_crs(CrsText("EPSG:4527,EPSG:5737"))
    NamedCrs(code='EPSG:4527', geographic=False, vertical='EPSG:5737', problem_en=None, problem_zh=None)
    """
    code, vertical = _find_code(text)
    vertical = vertical or text.vertical_datum or None
    if code is None:
        return NamedCrs(None, vertical=vertical)
    crs = find_crs(code)
    if crs is None:
        return NamedCrs(None, False, vertical, f"unknown system {code}", f"未知坐标系 {code}")
    datum = crs.geodetic_crs.name if crs.geodetic_crs is not None else ""
    if any(datum.startswith(old) for old in _OLD_DATUMS):
        return NamedCrs(
            None,
            False,
            vertical,
            f"{code} is on the old datum {datum}, from which no public transformation exists; "
            "export the model in CGCS2000 or place it by control points",
            f"{code} 属旧基准 {datum},没有公开的转换参数;请以 CGCS2000 导出,或用控制点定位",
        )
    return NamedCrs(code, crs.is_geographic, vertical)


def _find_code(text: CrsText) -> tuple[str | None, str | None]:
    name = (text.name or "").strip()
    for pattern in (_EPSG, _URN, _BARE):
        match = pattern.fullmatch(name) if pattern is _BARE else pattern.search(name)
        if match:
            second = match.group(2) if pattern is _EPSG else None
            return f"EPSG:{match.group(1)}", f"EPSG:{second}" if second else None
    if text.wkt:
        code = _code_of_wkt(text.wkt)
        if code:
            return code, None
    return _cgcs_code(text) or _code_of_name(name), None


def _cgcs_code(text: CrsText) -> str | None:
    words = " ".join(part for part in (text.name, text.map_projection, text.map_zone) if part)
    if not _CGCS.search(" ".join((words, text.geodetic_datum or ""))):
        return None
    six = bool(_SIX.search(words))
    meridian = _MERIDIAN.search(words)
    if meridian:
        degrees = int(meridian.group(1))
        zone = (degrees + 3) // 6 if six else degrees // 3
        return _epsg((_BY_MERIDIAN_6 if six else _BY_MERIDIAN) + zone, zone, _ZONES_6 if six else _ZONES)
    match = _ZONE.search(words) or re.fullmatch(r"\s*(\d{2})\s*", text.map_zone or "")
    if match:
        zone = int(next(group for group in match.groups() if group))
        if zone in _ZONES:
            return f"EPSG:{_WITH_ZONE + zone}"
        return _epsg(_WITH_ZONE_6 + zone, zone, _ZONES_6)
    return "EPSG:4490" if _CGCS.search(text.name or "") else None


def _epsg(number: int, zone: int, zones: range) -> str | None:
    return f"EPSG:{number}" if zone in zones else None


def _code_of_wkt(wkt: str) -> str | None:
    try:
        epsg = CRS.from_wkt(wkt).to_epsg()
    except CRSError:
        return None
    return f"EPSG:{epsg}" if epsg else wkt


def _code_of_name(name: str) -> str | None:
    if not name:
        return None
    try:
        epsg = CRS.from_user_input(name).to_epsg()
    except CRSError:
        return None
    return f"EPSG:{epsg}" if epsg else None


@lru_cache(maxsize=128)
def find_crs(code: str) -> CRS | None:
    """Find a system by code or text, None where PROJ does not know it."""
    try:
        return CRS.from_user_input(code)
    except CRSError:
        return None


def zone_crs(eastings: float) -> str | None:
    """Find the CGCS2000 system whose zone number stands before an 8-digit easting.

    >>> zone_crs(39371200.0)
    'EPSG:4527'
    """
    zone = int(eastings // 1_000_000)
    if zone in _ZONES:
        return f"EPSG:{_WITH_ZONE + zone}"
    return f"EPSG:{_WITH_ZONE_6 + zone}" if zone in _ZONES_6 else None


def twin_crs(code: str | None) -> str | None:
    """Find the same zone with, or without, the zone number in the easting.

    >>> twin_crs("EPSG:4527"), twin_crs("EPSG:4548")
    ('EPSG:4548', 'EPSG:4527')
    """
    number = int(code[5:]) if code and code.startswith("EPSG:") and code[5:].isdigit() else 0
    for first, second, zones in (
        (_WITH_ZONE, _BY_MERIDIAN, _ZONES),
        (_WITH_ZONE_6, _BY_MERIDIAN_6, _ZONES_6),
    ):
        if number - first in zones:
            return f"EPSG:{number - first + second}"
        if number - second in zones:
            return f"EPSG:{number - second + first}"
    return None


def has_zone_in_easting(code: str | None) -> bool:
    """Say whether a CGCS2000 system writes the zone number before the easting."""
    number = int(code[5:]) if code and code.startswith("EPSG:") and code[5:].isdigit() else 0
    return number - _WITH_ZONE in _ZONES or number - _WITH_ZONE_6 in _ZONES_6


def is_eight_digit_easting(value: float) -> bool:
    """Say whether a number reads as an easting with a zone of China in front."""
    return 13_000_000 <= value < 46_000_000 and zone_crs(value) is not None


def is_six_digit_easting(value: float) -> bool:
    """Say whether a number reads as an easting without zone."""
    return 200_000 <= value <= 800_000


def is_northing(value: float) -> bool:
    """Say whether a number reads as a northing in China."""
    return 1_800_000 <= value <= 5_950_000


def pick_crs(lon: float, lat: float, preferred: str | None) -> str:
    """Pick a projected system for a point in degrees: the project's where it fits, else by position.

    >>> pick_crs(115.6, 33.1, None), pick_crs(8.4, 49.1, None)
    ('EPSG:4527', 'EPSG:32632')
    """
    if preferred is not None and is_in_area(preferred, lon, lat):
        return preferred
    if 73.5 <= lon <= 136.5 and 3.0 <= lat <= 54.0:
        return f"EPSG:{_WITH_ZONE + int((lon + 1.5) // 3)}"
    zone = int((lon + 180) // 6) % 60 + 1
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def is_in_area(code: str, lon: float, lat: float, margin_deg: float = 1.0) -> bool:
    """Say whether a point lies in a system's area of use, with a margin for works over a zone's edge."""
    crs = find_crs(code)
    if crs is None:
        return False
    area = crs.area_of_use
    if area is None:
        return -180 <= lon <= 180 and -90 <= lat <= 90
    wide = area.west <= area.east
    inside_lon = (
        area.west - margin_deg <= lon <= area.east + margin_deg
        if wide
        else lon >= area.west - margin_deg or lon <= area.east + margin_deg
    )
    return inside_lon and area.south - margin_deg <= lat <= area.north + margin_deg
