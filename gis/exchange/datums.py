"""Names of coordinate systems as headers and drawings give them, and the EPSG codes of the 6-degree zones."""

import re
from typing import Final

from gis.crs import meridian_zone_srid, numbered_zone_srid, zone_easting_range, zone_of_srid
from gis.exchange.digits import ZONES_3, ZONES_6
from gis.exchange.model import Finding

_OLD: Final = re.compile(r"西安|XI.?AN|1980|(?<!\d)80|北京|BEIJING|1954|(?<!\d)54", re.IGNORECASE)
_LOCAL: Final = re.compile(r"独立|地方|城建|城市坐标|LOCAL", re.IGNORECASE)
_NEW: Final = re.compile(r"2000|WGS|CRS84", re.IGNORECASE)
_NUMBERED_6: Final = 4478
_MERIDIAN_6: Final = 4489
_HALF_WIDTH_6_M: Final = 400_000


def numbered_srid(zone: int) -> int:
    """Return the EPSG code of a CGCS2000 zone with its number in the eastings; the number tells 3 from 6 degrees.

    Examples
    --------
    >>> numbered_srid(39), numbered_srid(20)
    (4527, 4498)
    """
    return numbered_zone_srid(zone) if zone in ZONES_3 else _NUMBERED_6 + zone


def zone_of(srid: int) -> int | None:
    """Return the zone of a CGCS2000 plane CRS, of 3 or 6 degrees and of either numbering, else None.

    Examples
    --------
    >>> zone_of(4527), zone_of(4548), zone_of(4498), zone_of(4490)
    (39, 39, 20, None)
    """
    zone = zone_of_srid(srid)
    if zone is not None:
        return zone
    return next((srid - base for base in (_NUMBERED_6, _MERIDIAN_6) if srid - base in ZONES_6), None)


def is_numbered(srid: int) -> bool:
    """Say whether the eastings of a CGCS2000 plane CRS begin with the zone number."""
    zone = zone_of(srid)
    return zone is not None and srid == numbered_srid(zone)


def easting_range(srid: int) -> tuple[float, float]:
    """Return the eastings (m) that can be meant in a CGCS2000 plane CRS."""
    limits = zone_easting_range(srid)
    if limits is not None:
        return limits
    middle = 500_000.0 + ((zone_of(srid) or 0) * 1_000_000 if is_numbered(srid) else 0)
    return middle - _HALF_WIDTH_6_M, middle + _HALF_WIDTH_6_M


def meridian_srid(zone: int) -> int:
    """Return the EPSG code of a CGCS2000 zone whose eastings carry no number."""
    return meridian_zone_srid(zone) if zone in ZONES_3 else _MERIDIAN_6 + zone


def find_fault(system: str, where: str) -> Finding | None:
    """Return why coordinates of a named system cannot be used: an old datum, a local system; None if they can.

    Examples
    --------
    >>> find_fault("2000国家大地坐标系", "") is None, find_fault("1980西安坐标系", "").level
    (True, 'error')
    """
    if _NEW.search(system):
        return None
    shown = system[:40]
    if _OLD.search(system):
        return Finding(
            where,
            f"Coordinate system {shown!r} is an old datum (Xian 1980 or Beijing 1954). Its parameters to CGCS2000 are not "
            "public and an unshifted import would lie tens of metres off: have the file converted to CGCS2000 by the "
            "surveying authority. If only the header is outdated, choose the CRS yourself (for example EPSG:4527).",
            f"坐标系 {shown!r} 为旧基准（西安80或北京54），与 CGCS2000 的转换参数不公开，不转换直接导入将偏移数十米："
            "请由测绘主管部门转换为 2000 国家大地坐标系。若仅是文件头未更新，请自行指定坐标系（如 EPSG:4527）。",
            "error",
        )  # fmt: skip
    if _LOCAL.search(system):
        return Finding(
            where,
            f"Coordinate system {shown!r} is a local one: have the file converted to CGCS2000, or choose the CRS.",
            f"坐标系 {shown!r} 为地方独立坐标系：请转换为 2000 国家大地坐标系，或指定坐标系。",
            "error",
        )
    return None


def is_known(system: str) -> bool:
    """Say whether the name means CGCS2000 or WGS 84, which count as the same."""
    return _NEW.search(system) is not None
