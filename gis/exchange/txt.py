"""Boundary-point TXT (勘测定界界址点坐标交换文件), read with the reasons.

X is north and Y is east in these files; the digits decide. Rings are what their points say: a ring ends where its first
point returns or its number changes, and is a hole where it lies inside another.
"""

import re
from typing import Any, Final

import shapely
from shapely.geometry import LineString, MultiLineString, MultiPoint, Point
from shapely.geometry.base import BaseGeometry

from gis.exchange.coordinates import Claim, Placement, place
from gis.exchange.digits import ZONES_3, ZONES_6, spread
from gis.exchange.encoding import decode
from gis.exchange.errors import ExchangeError
from gis.exchange.model import Finding, ReadChoices, ReadFeature, ReadResult
from gis.exchange.outlines import feature, find_stray, placed
from gis.exchange.rings import MOST_RINGS, Ring, assemble
from gis.exchange.txt_lines import Lines, Parcel, parse_lines
from gis.exchange.txt_lines import Point as BoundaryPoint

FIELDS: Final = ("parcel_no", "name", "kind", "sheet", "use", "land_code", "extra")
"""Attributes of a parcel; empty ones are None, `extra` only where the header had more fields than the format."""

SYSTEM: Final = "坐标系"
ZONE: Final = "带号"
WIDTHS: Final = ("几度分带", "分带")
_UNIT: Final = "计量单位"
_METRES: Final = ("", "米", "m", "度")


def read_txt(data: bytes, choices: ReadChoices) -> ReadResult:
    """Read a boundary-point TXT.

    Parameters
    ----------
    data : bytes
        The whole file, in UTF-8, GB18030 or GBK.

    Raises
    ------
    ExchangeError
        A line that cannot be read, an old datum, several zones, rings without area: each with its line.

    Examples
    --------
    >>> file = "[地块坐标]\\r\\n4,1,DK1,甲,面,,,,@\\r\\n" + "".join(
    ...     f"J{n},1,{x},{y}\\r\\n"
    ...     for n, (x, y) in enumerate([(3650100, 39500000), (3650100, 39500100), (3650000, 39500100), (3650000, 39500000)], 1)
    ... )
    >>> result = read_txt(file.encode("gbk"), ReadChoices())
    >>> result.crs, result.encoding, round(result.features[0].computed_area_m2)
    ('EPSG:4527', 'GB18030', 10000)
    """
    text, encoding = decode(data, choices.encoding)
    lines = parse_lines(text)
    parcels = [parcel for parcel in lines.parcels if parcel.points]
    warnings = list(lines.notes)
    warnings.extend(_empty(parcel) for parcel in lines.parcels if not parcel.points)
    _name(parcels, warnings)
    shapes = _shapes(parcels, warnings)
    claim, said = _claim(lines)
    placement = place(
        [spread(label(parcel), [(p.first, p.second) for p in parcel.points]) for parcel in parcels],
        claim,
        choices,
    )
    _check_width(lines, placement, said)
    warnings.extend(said + placement.warnings)
    features = _features(parcels, shapes, placement, warnings)
    crs = f"EPSG:{placement.srid}" if placement.srid is not None else None
    evidence = [encoding, *placement.evidence]
    return ReadResult(
        "txt", encoding.value, crs, evidence, features, warnings, placement.questions, lines.header
    )


def label(parcel: Parcel) -> str:
    """Return the place of a parcel for messages: its line, number and name."""
    return " ".join(part for part in (f"line {parcel.line}", parcel.number, parcel.name) if part)


def _empty(parcel: Parcel) -> Finding:
    return Finding(label(parcel), "The parcel has no points; it is left out.", "该地块没有界址点，未读取。")


def _name(parcels: list[Parcel], warnings: list[Finding]) -> None:
    """Give a parcel without a name its number, or its place in the file; tell of numbers used twice."""
    seen: dict[str, int] = {}
    for place_no, parcel in enumerate(parcels, 1):
        if parcel.name is None:
            parcel.name = parcel.number or f"地块{place_no}"
            warnings.append(
                Finding(
                    label(parcel),
                    f"The parcel has no name; {parcel.name} was taken.",
                    f"地块没有名称，已取 {parcel.name}。",
                    "note",
                )
            )
        if parcel.number is not None and parcel.number in seen:
            first = seen[parcel.number]
            warnings.append(
                Finding(
                    label(parcel),
                    f"Parcel number {parcel.number} stands at line {first} too.",
                    f"地块编号 {parcel.number} 与第 {first} 行重复。",
                )
            )
        elif parcel.number is not None:
            seen[parcel.number] = parcel.line


def _shapes(parcels: list[Parcel], warnings: list[Finding]) -> list[tuple[BaseGeometry, list[Ring]]]:
    """Return the geometry of every parcel in the columns of the file."""
    faults: list[Finding] = []
    shapes = []
    for parcel in parcels:
        rings = _rings(parcel, warnings)
        _check_count(parcel, rings, warnings)
        faults.extend(_ring_faults(parcel, rings))
        shapes.append((parcel, rings))
    if faults:
        raise ExchangeError(faults)
    return [(_shape(parcel, rings), rings) for parcel, rings in shapes]


def _rings(parcel: Parcel, warnings: list[Finding]) -> list[Ring]:
    rings: list[Ring] = []
    before: tuple[float, float] | None = None
    for point in parcel.points:
        ring = rings[-1] if rings else None
        here, last, before = (point.first, point.second), before, (point.first, point.second)
        if ring is not None and ring.closed and here == last:
            warnings.append(_doubled(point.line))
            continue
        if ring is None or ring.closed or _begins(ring, point):
            ring = Ring(point.line, point.ring)
            rings.append(ring)
        if parcel.kind == "面" and len(ring.points) >= 3 and here == ring.points[0]:
            ring.closed = True
        else:
            ring.points.append(here)
        ring.names.append(point.name)
    if parcel.kind == "面":
        warnings.extend(_open(parcel, ring) for ring in rings if not ring.closed and len(ring.points) >= 3)
    return rings


def _begins(ring: Ring, point: BoundaryPoint) -> bool:
    """Say whether a point begins another ring than the open one: both are numbered, and not alike."""
    return point.ring is not None and ring.number is not None and point.ring != ring.number


def _doubled(line: int) -> Finding:
    en = "The closing point stands twice; the second was skipped."
    return Finding(f"line {line}", en, "闭合点重复，已跳过后一个。", "note")


def _open(parcel: Parcel, ring: Ring) -> Finding:
    return Finding(
        f"line {ring.line} {parcel.name}",
        "The ring does not return to its first point; it was closed.",
        "该环未回到起点，已自动闭合。",
        "note",
    )


def _check_count(parcel: Parcel, rings: list[Ring], warnings: list[Finding]) -> None:
    found = len(parcel.points)
    closed = sum(ring.closed for ring in rings)
    # With or without the closing points, whether or not the file wrote them.
    if parcel.count is None or parcel.count in (found, found - closed, found - closed + len(rings)):
        return
    warnings.append(
        Finding(
            label(parcel),
            f"The header says {parcel.count} points, {found} were found and used.",
            f"表头点数为 {parcel.count}，实际 {found} 个，以实际为准。",
        )
    )


def _ring_faults(parcel: Parcel, rings: list[Ring]) -> list[Finding]:
    if len(rings) > MOST_RINGS:
        en = f"{len(rings)} rings; a parcel may have {MOST_RINGS}. Split it."
        return [
            Finding(
                label(parcel), en, f"共 {len(rings)} 个环，单个地块上限为 {MOST_RINGS}，请拆分。", "error"
            )
        ]
    least, en, zh = {"面": (3, "A ring", "面的环"), "线": (2, "A line", "线"), "点": (1, "A point", "点")}[
        parcel.kind
    ]
    return [
        Finding(
            f"line {ring.line} {parcel.name}",
            f"{en} needs {least} different points, {len(set(ring.points))} were found; add the missing ones or remove it.",
            f"{zh}至少需要 {least} 个不同的点，实际 {len(set(ring.points))} 个；请补全或删除。",
            "error",
        )
        for ring in rings
        if len(set(ring.points)) < least
    ]


def _shape(parcel: Parcel, rings: list[Ring]) -> BaseGeometry:
    if parcel.kind == "点":
        points = [Point(point) for ring in rings for point in ring.points]
        return points[0] if len(points) == 1 else MultiPoint(points)
    if parcel.kind == "线":
        paths = [LineString(ring.points) for ring in rings]
        return paths[0] if len(paths) == 1 else MultiLineString(paths)
    return assemble([ring.points for ring in rings])


def _claim(lines: Lines) -> tuple[Claim, list[Finding]]:
    said: list[Finding] = []
    header = lines.header
    text = header.get(ZONE, "")
    digits = re.search(r"[0-9]{1,3}", text)
    zone = int(digits[0]) if digits else None
    where = _where(lines, SYSTEM if SYSTEM in header else ZONE)
    if zone is not None and zone not in ZONES_3 and zone not in ZONES_6:
        said.append(
            Finding(
                _where(lines, ZONE),
                f"{ZONE}={text[:20]} is no zone (25 to 45, or 13 to 23).",
                f"带号 {text[:20]} 不存在（25–45 或 13–23）。",
            )
        )
    unit = header.get(_UNIT, "")
    if unit not in _METRES:
        said.append(
            Finding(
                _where(lines, _UNIT),
                f"Unit {unit[:20]!r} is not known; the digits count.",
                f"计量单位 {unit[:20]!r} 无法识别，以坐标位数为准。",
            )
        )
    return Claim(header.get(SYSTEM, ""), None, zone, north_first=True, where=where), said


def _where(lines: Lines, key: str) -> str:
    number = lines.header_lines.get(key)
    return f"line {number} {key}" if number is not None else "header"


def _check_width(lines: Lines, placement: Placement, said: list[Finding]) -> None:
    """Tell where the header's width of zones contradicts the zone."""
    key = next((key for key in WIDTHS if key in lines.header), None)
    stated = re.search(r"[36]", lines.header[key]) if key else None
    found = next((each.value for each in placement.evidence if each.subject == "zone"), None)
    if key is None or stated is None or found is None:
        return
    width = 3 if int(found) in ZONES_3 else 6
    if int(stated[0]) != width:
        said.append(
            Finding(
                _where(lines, key),
                f"The header says {stated[0]}-degree zones, zone {found} is one of {width} degrees; the coordinates count.",
                f"文件头为 {stated[0]} 度带，但 {found} 带是 {width} 度带，以坐标为准。",
            )
        )


def _features(
    parcels: list[Parcel],
    shapes: list[tuple[BaseGeometry, list[Ring]]],
    placement: Placement,
    warnings: list[Finding],
) -> list[ReadFeature]:
    faults: list[Finding] = []
    features = []
    for parcel, (shape, rings), kept in zip(parcels, shapes, placement.kept, strict=True):
        if not kept:
            continue
        geometry = _turned(placed(shape, placement))
        stray = find_stray(geometry, placement.srid, label(parcel)) if placement.srid is not None else None
        if stray is not None:
            faults.append(stray)
            continue
        names = [ring.names for ring in rings]
        made, said = feature(
            geometry,
            placement.srid,
            _attributes(parcel),
            label(parcel),
            stated=parcel.area,
            vertex_names=names,
        )
        features.append(made)
        warnings.extend(said)
    if faults:
        raise ExchangeError(faults)
    return features


def _turned(geometry: BaseGeometry) -> BaseGeometry:
    """Turn shells anticlockwise: swapping the axes has mirrored them; the direction in the file means nothing."""
    return shapely.orient_polygons(geometry) if shapely.get_dimensions(geometry) == 2 else geometry


def _attributes(parcel: Parcel) -> dict[str, Any]:
    values: dict[str, Any] = {
        "parcel_no": parcel.number,
        "name": parcel.name,
        "kind": parcel.kind,
        "sheet": parcel.sheet,
        "use": parcel.use,
        "land_code": parcel.land_code,
    }
    return values if parcel.extra is None else {**values, "extra": parcel.extra}
