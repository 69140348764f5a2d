"""Boundary-point TXT, written so that reading it again gives the same coordinates to 0.001 m and the same attributes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

import shapely
from shapely.geometry import LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from gis.crs.names import DEGREES
from gis.exchange.datums import is_numbered, zone_of
from gis.exchange.digits import ZONES_3
from gis.exchange.model import ReadFeature, refuse
from gis.exchange.txt import SYSTEM, WIDTHS, ZONE
from gis.exchange.txt_lines import ATTRIBUTE_BLOCK, PARCEL_BLOCK, PROJECT_BLOCK, PROJECT_PREFIX

Encoding = Literal["UTF-8", "GB18030"]

KEYS: Final = (
    "格式版本号", "数据产生单位", "数据产生日期", "坐标系", "几度分带", "投影类型", "计量单位", "带号", "精度", "转换参数",
)  # fmt: skip
"""The fixed keys of 属性描述 in their order."""

_DEFAULTS: Final = {
    "格式版本号": "1.01版本", "坐标系": "2000国家大地坐标系", "投影类型": "高斯克吕格", "计量单位": "米", "精度": "0.001",
    "转换参数": "0,0,0,0,0,0,0",
}  # fmt: skip
_EOL: Final = "\r\n"
_HA_M2: Final = 10_000.0


def write_txt(
    features: Sequence[ReadFeature],
    header: dict[str, str] | None = None,
    *,
    encoding: Encoding = "GB18030",
) -> bytes:
    """Write features as a boundary-point TXT.

    Metres with 3 decimals, degrees with 9 (latitude first); rings closed, shells clockwise from their north-west point;
    hectares with 4 decimals, of the stated area or else the computed one; CRLF. Points are numbered J1, J2 … anew.

    Parameters
    ----------
    features : sequence of ReadFeature
        Of one CRS of CGCS2000, with the attributes `gis.exchange.txt.FIELDS`; polygons, lines or points.
    header : dict, optional
        Keys as read; 转换参数 and free keys are kept as they stand, what says the CRS is set by the features.
    encoding : {"GB18030", "UTF-8"}
        UTF-8 is written with a byte order mark.

    Raises
    ------
    ExchangeError
        No features, several CRS, or one that the format has no words for.
    """
    if not features:
        raise refuse(
            "There is nothing to write; choose at least one parcel.", "没有可写出的地块，请至少选择一个。"
        )
    srid = _one_srid(features)
    parts = [head_bytes(header or {}, srid, encoding)]
    parts += [parcel_bytes(each, number, srid, encoding) for number, each in enumerate(features, 1)]
    return b"".join(parts)


def head_bytes(header: dict[str, str], srid: int, encoding: Encoding) -> bytes:
    """Return everything before the first parcel, for writers that take one parcel after the other.

    Parameters
    ----------
    srid : int
        EPSG code of a CGCS2000 zone, or of a system in degrees.
    """
    return _encoded([*_header_lines(header, srid), f"[{PARCEL_BLOCK}]"], "utf-8-sig", encoding)


def parcel_bytes(feature: ReadFeature, number: int, srid: int, encoding: Encoding) -> bytes:
    """Return a parcel's header and points.

    Parameters
    ----------
    number : int
        Its place in the file, which names a parcel without a number.
    srid : int
        EPSG code of the coordinates; the zone's number is put before eastings without it.
    """
    return _encoded(_parcel_lines(feature, number, srid), "utf-8", encoding)


def _encoded(lines: Iterable[str], utf8: str, encoding: Encoding) -> bytes:
    text = "".join(f"{line}{_EOL}" for line in lines)
    return text.encode(utf8 if encoding == "UTF-8" else "gb18030")


def _one_srid(features: Sequence[ReadFeature]) -> int:
    names = sorted({str(each.survey_crs) for each in features})
    if len(names) > 1:
        raise refuse(
            f"The parcels are in {', '.join(names)}; write one file for each.",
            f"地块分属 {'、'.join(names)}，请分文件写出。",
        )
    code = names[0].removeprefix("EPSG:")
    srid = int(code) if code.isdigit() else 0
    if srid in DEGREES or zone_of(srid) is not None:
        return srid
    raise refuse(
        f"A boundary-point TXT cannot say {names[0]}; transform to a CGCS2000 zone first.",
        f"界址点 TXT 无法表示 {names[0]}，请先转换到 CGCS2000 分带坐标。",
    )


def _header_lines(header: dict[str, str], srid: int) -> Iterator[str]:
    project = {key: value for key, value in header.items() if key.startswith(PROJECT_PREFIX)}
    if project:
        yield f"[{PROJECT_BLOCK}]"
        yield from (f"{key.removeprefix(PROJECT_PREFIX)}={value}" for key, value in project.items())
    yield f"[{ATTRIBUTE_BLOCK}]"
    known = {*KEYS, *WIDTHS, *project}
    yield from (f"{key}={value}" for key, value in header.items() if key not in known)
    values = {**_DEFAULTS, **header, **_crs_values(srid, header)}
    yield from (f"{key}={values.get(key, '')}" for key in KEYS)


def _crs_values(srid: int, header: dict[str, str]) -> dict[str, str]:
    """Return the keys that say the CRS. Headers that name another datum were overruled when they were read."""
    kept = header.get(SYSTEM, "")
    system = kept if "2000" in kept else _DEFAULTS[SYSTEM]
    zone = zone_of(srid)
    if zone is None:
        return {
            SYSTEM: system,
            "几度分带": "",
            "投影类型": "",
            "计量单位": "度",
            ZONE: "",
            "精度": "0.000000001",
        }
    return {
        SYSTEM: system,
        "几度分带": "3" if zone in ZONES_3 else "6",
        "投影类型": header.get("投影类型") or _DEFAULTS["投影类型"],
        "计量单位": "米",
        ZONE: str(zone),
    }


def _parcel_lines(feature: ReadFeature, number: int, srid: int) -> Iterator[str]:
    kind, rings = _rings(feature.geometry)
    written = [_written(ring, srid) for ring in rings]
    values = feature.attributes
    area_m2 = feature.stated_area_m2 if feature.stated_area_m2 is not None else feature.computed_area_m2
    area = f"{area_m2 / _HA_M2:.4f}" if area_m2 and kind == "面" else ""
    names = (values.get("parcel_no") or str(number), values.get("name"), kind)
    tail = (values.get("sheet"), values.get("use"), values.get("land_code"))
    extra = (values["extra"],) if values.get("extra") else ()
    fields = (
        str(sum(map(len, written))),
        area,
        *(header_text(each) for each in (*names, *tail, *extra)),
        "@",
    )
    yield ",".join(fields)
    yield from _point_lines(written, closed=kind == "面")


def header_text(value: object) -> str:
    """Return a value as the head of a parcel holds it: without what would end a field or a line.

    Examples
    --------
    >>> header_text("甲, 乙\\n@"), header_text(None)
    ('甲、 乙 ＠', '')
    """
    text = "" if value is None else str(value)
    return " ".join(text.split()).replace(",", "、").replace("@", "＠")


def _written(ring: Sequence[tuple[float, ...]], srid: int) -> list[str]:
    """Return the points of a ring as text, northing first and the zone in the easting; doubled points once."""
    decimals = 9 if srid in DEGREES else 3
    shift_m = 0 if srid in DEGREES or is_numbered(srid) else (zone_of(srid) or 0) * 1_000_000
    texts = [f"{north:.{decimals}f},{east + shift_m:.{decimals}f}" for east, north in ring]
    return [text for place, text in enumerate(texts) if place == 0 or text != texts[place - 1]]


def _point_lines(rings: Sequence[Sequence[str]], *, closed: bool) -> Iterator[str]:
    name = 1
    for ring_no, ring in enumerate(rings, 1):
        first = name
        for place, point in enumerate(ring, 1):
            returns = closed and place == len(ring)
            yield f"J{first if returns else name},{ring_no},{point}"
            name += 0 if returns else 1


def _rings(geometry: BaseGeometry) -> tuple[str, list[list[tuple[float, ...]]]]:
    flat = shapely.force_2d(geometry)
    if isinstance(flat, Polygon | MultiPolygon) and not flat.is_empty:
        parts = [part for part in shapely.get_parts(flat) if isinstance(part, Polygon)]
        return "面", [ring for part in parts for ring in _polygon_rings(part)]
    if isinstance(flat, LineString | MultiLineString) and not flat.is_empty:
        return "线", [list(part.coords) for part in shapely.get_parts(flat)]
    if isinstance(flat, Point | MultiPoint) and not flat.is_empty:
        return "点", [[coordinate for part in shapely.get_parts(flat) for coordinate in part.coords]]
    raise refuse(
        f"A {geometry.geom_type} cannot be written; points, lines or polygons are needed.",
        f"无法写出 {geometry.geom_type}；应为点、线或面。",
    )


def _polygon_rings(polygon: Polygon) -> Iterator[list[tuple[float, ...]]]:
    turned = shapely.orient_polygons(polygon, exterior_cw=True)
    yield _from_north_west(list(turned.exterior.coords))
    # The format says nothing of holes; surveyors write them clockwise as well.
    for hole in turned.interiors:
        yield _from_north_west(list(hole.coords)[::-1])


def _from_north_west(ring: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Turn a closed ring so that it begins at the point nearest to the north-west corner of its box."""
    points = ring[:-1]
    west, north = min(x for x, _ in points), max(y for _, y in points)
    start = min(range(len(points)), key=lambda at: ((points[at][0] - west) + (north - points[at][1]), at))
    return [*points[start:], *points[:start], points[start]]
