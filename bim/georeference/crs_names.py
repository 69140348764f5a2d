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
# The same datums as people write them, and the grids of cities whose parameters are not public.
_OLD_WORDS = re.compile(
    r"西安\s*_?(?:19)?80|xi'?an[\s_]*(?:19)?80|北京\s*_?(?:19)?54|beijing[\s_]*(?:19)?54|1980西安|1954北京",
    re.IGNORECASE,
)
_LOCAL_WORDS = re.compile(
    r"独立坐标|地方坐标|城市坐标|城建坐标|工程坐标|施工坐标|local\s*(?:grid|coordinate|system)|site\s*grid|engineering",
    re.IGNORECASE,
)

_EPSG = re.compile(r"EPSG\s*:{0,2}\s*(\d{4,6})\s*(?:[,+;/]\s*(?:EPSG\s*:{0,2}\s*)?(\d{4,6}))?", re.IGNORECASE)
_URN = re.compile(r"(?:urn:ogc:def:crs:EPSG:[^:]*:|def/crs/EPSG/[^/]*/)(\d{4,6})", re.IGNORECASE)
_BARE = re.compile(r"\s*(\d{4,6})\s*")
_CGCS = re.compile(
    r"CGCS\s*_?2000|China Geodetic Coordinate System 2000|国家大地坐标系|大地2000", re.IGNORECASE
)
_MERIDIAN = re.compile(r"(?:CM|中央(?:经线|子午线))[\s_:=]*(\d{2,3})", re.IGNORECASE)
_ZONE = re.compile(r"zone[\s_]*(\d{2})|(\d{2})\s*(?:带|度带|号带)|(?<!\d)带号?\s*(\d{2})", re.IGNORECASE)
_SIX = re.compile(r"6[\s_-]*deg|6\s*度|六度", re.IGNORECASE)


@dataclass(frozen=True)
class NamedCrs:
    """A name understood: code, whether it is geographic, vertical code, and what is wrong with it.

    Attributes
    ----------
    refused : bool
        On an old datum: its numbers look like those of CGCS2000 and lie elsewhere.
    local_grid : bool
        A grid of a city or a site: nobody can tell from its name where it lies.
    unknown : bool
        There is a name, and nobody understands it.
    """

    code: str | None
    geographic: bool = False
    vertical: str | None = None
    problem_en: str | None = None
    problem_zh: str | None = None
    refused: bool = False
    local_grid: bool = False
    unknown: bool = False


def read_crs(text: CrsText) -> NamedCrs:
    """Understand the name of a system.

    Examples
    --------
    >>> read_crs(CrsText("CGCS2000 / 3-degree Gauss-Kruger zone 39")).code
    'EPSG:4527'
    >>> read_crs(CrsText("EPSG:4527,EPSG:5737")).vertical
    'EPSG:5737'
    """
    code, vertical = _find_code(text)
    vertical = vertical or text.vertical_datum or None
    words = " ".join(part for part in (text.name, text.geodetic_datum) if part)
    old = _OLD_WORDS.search(words)
    if code is None and old:
        return _refused(text.name or old.group(0), old.group(0), vertical)
    if code is None:
        return _nameless(text, vertical)
    crs = find_crs(code)
    if crs is None:
        return NamedCrs(None, False, vertical, f"unknown system {code}", f"未知坐标系 {code}", unknown=True)
    datum = crs.geodetic_crs.name if crs.geodetic_crs is not None else ""
    if any(datum.startswith(name) for name in _OLD_DATUMS):
        return _refused(code, datum, vertical)
    if crs.is_compound:
        code, vertical, crs = _split(crs, vertical)
    if code is None or not (crs.is_projected or crs.is_geographic):
        return NamedCrs(
            None,
            False,
            vertical,
            f"{text.name} is no system of a map",
            f"{text.name} 不是地图坐标系",
            unknown=True,
        )
    if old:
        en = f"the geodetic datum is called {old.group(0)} although {code} is on another: check the system"
        return NamedCrs(
            code,
            crs.is_geographic,
            vertical,
            en,
            f"大地基准写为 {old.group(0)}，与 {code} 不符，请核对坐标系",
        )
    return NamedCrs(code, crs.is_geographic, vertical)


def _refused(name: str, datum: str, vertical: str | None) -> NamedCrs:
    return NamedCrs(
        None,
        False,
        vertical,
        f"{name} is on the old datum {datum}, from which no public transformation exists; "
        "export the model in CGCS2000 or place it by control points",
        f"{name} 属旧基准 {datum},没有公开的转换参数;请以 CGCS2000 导出,或用控制点定位",
        refused=True,
    )


def _nameless(text: CrsText, vertical: str | None) -> NamedCrs:
    name = (text.name or "").strip()
    if _LOCAL_WORDS.search(name):
        return NamedCrs(
            None,
            False,
            vertical,
            f"{name} is a local grid: give two control points to place the model by",
            f"{name} 为地方独立坐标系：请用两个以上控制点定位",
            local_grid=True,
        )
    if not name:
        return NamedCrs(None, vertical=vertical)
    return NamedCrs(
        None,
        False,
        vertical,
        f"the name of the system, {name[:100]}, is not understood",
        f"无法识别坐标系名称 {name[:100]}",
        unknown=True,
    )


def _split(crs: CRS, vertical: str | None) -> tuple[str | None, str | None, CRS]:
    """The horizontal part of a compound system, and its vertical one."""
    flat, *others = crs.sub_crs_list
    number = flat.to_epsg()
    height = others[0].to_epsg() if others else None
    return (
        f"EPSG:{number}" if number else flat.to_wkt(),
        vertical or (f"EPSG:{height}" if height else None),
        flat,
    )


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


def is_projected(code: str | None) -> bool:
    """Say whether a system counts in metres on a map.

    >>> is_projected("EPSG:4527"), is_projected("EPSG:4490"), is_projected(None)
    (True, False, False)
    """
    crs = find_crs(code) if code else None
    return crs is not None and crs.is_projected


def pick_crs(lon: float, lat: float, preferred: str | None) -> str:
    """Pick a projected system for a point in degrees: the project's where it fits, else by position.

    >>> pick_crs(115.6, 33.1, None), pick_crs(8.4, 49.1, None)
    ('EPSG:4527', 'EPSG:32632')
    """
    if preferred is not None and is_projected(preferred) and is_in_area(preferred, lon, lat):
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
