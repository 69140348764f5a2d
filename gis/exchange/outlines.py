"""From the coordinates of a file to checked features: placed, measured on the ellipsoid, a repair proposed."""

from typing import Any, Final

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from gis.area import geodesic_area_m2
from gis.crs import STORED_SRID, transformer
from gis.crs.names import DEGREES
from gis.errors import GisError
from gis.exchange.areas import check_area, find_area
from gis.exchange.coordinates import Placement
from gis.exchange.model import Finding, ReadFeature

_EDGE_M: Final = 500.0
_MOST_VERTICES: Final = 2_000_000
_NORTH_LIMIT_DEG: Final = 60.0


def placed(geometry: BaseGeometry, placement: Placement) -> BaseGeometry:
    """Return a geometry whose columns stand as in the file with x east, metres with their zone, degrees decimal."""

    def move(columns: np.ndarray) -> np.ndarray:
        east, north = (
            (columns[:, 1], columns[:, 0]) if placement.north_first else (columns[:, 0], columns[:, 1])
        )
        if placement.dms:
            east, north = from_dms(east), from_dms(north)
        return np.column_stack((east + placement.shift_m, north))

    return shapely.transform(shapely.force_2d(geometry), move)


def from_dms(values: np.ndarray) -> np.ndarray:
    """Return decimal degrees of ``ddd.mmss``.

    Examples
    --------
    >>> from_dms(np.array([115.3712])).round(6).tolist()
    [115.62]
    """
    # The two digits of minutes are cut from a rounded number: 115.37 is stored a hair below itself.
    scaled = np.round(values * 10_000, 8)
    degrees, rest = np.divmod(scaled, 10_000)
    minutes, seconds = np.divmod(rest, 100)
    return degrees + minutes / 60 + seconds / 3600


def area_m2(geometry: BaseGeometry, srid: int) -> float:
    """Return the area on the ellipsoid; edges of a plane CRS are straight in their plane.

    0 for points, lines and empty geometry; an invalid polygon gives a number without meaning.
    """
    if not isinstance(geometry, Polygon | MultiPolygon) or geometry.is_empty:
        return 0.0
    if srid in DEGREES:
        return geodesic_area_m2(geometry)
    dense = shapely.segmentize(geometry, _EDGE_M) if geometry.length < _EDGE_M * _MOST_VERTICES else geometry
    degrees = transformer(srid, STORED_SRID).geometry(dense)
    return geodesic_area_m2(degrees) if isinstance(degrees, Polygon | MultiPolygon) else 0.0


def find_stray(geometry: BaseGeometry, srid: int, where: str) -> Finding | None:
    """Return the fault of a geometry that lies nowhere in China's latitudes, or None."""
    try:
        west, south, east, north = transformer(srid, STORED_SRID).geometry(geometry).bounds
    except GisError as error:
        return Finding(where, error.en, error.zh, "error")
    if (
        all(np.isfinite((west, south, east, north)))
        and south >= 0
        and north <= _NORTH_LIMIT_DEG
        and 70 <= west <= east <= 140
    ):
        return None
    return Finding(
        where,
        f"In EPSG:{srid} this lies at {west:.4f}°E {south:.4f}°N, outside of China: check the CRS and the axis order.",
        f"按 EPSG:{srid} 计算位于东经 {west:.4f}°、北纬 {south:.4f}°，不在中国范围：请核对坐标系与坐标轴顺序。",
        "error",
    )


def feature(
    geometry: BaseGeometry,
    srid: int | None,
    attributes: dict[str, Any],
    where: str,
    *,
    stated: str | None = None,
    default_m2: float = 10_000.0,
    vertex_names: list[list[str]] | None = None,
) -> tuple[ReadFeature, list[Finding]]:
    """Return a placed geometry as a checked feature, and what there is to say of it.

    Parameters
    ----------
    geometry : shapely geometry
        x east, in the CRS of `srid`.
    stated : str, optional
        The stated area as written; `default_m2` are the square metres of its unit where it names none.
    """
    findings: list[Finding] = []
    repaired, note = _repair(geometry)
    if note is not None:
        findings.append(Finding(where, f"Invalid outline: {note[0]}", f"图形无效：{note[1]}"))
    area = area_m2(repaired if repaired is not None else geometry, srid) if srid is not None else None
    stated_m2 = None
    if stated is not None and stated.strip() and shapely.get_dimensions(geometry) == 2:
        stated_m2, said = _stated(stated, default_m2, area, where)
        findings.extend(said)
    name = f"EPSG:{srid}" if srid is not None else None
    text = f"{note[1]} {note[0]}" if note is not None else None
    made = ReadFeature(geometry, name, attributes, where, stated_m2, area, repaired, text, vertex_names or [])
    return made, findings


def _stated(
    text: str, default_m2: float, area: float | None, where: str
) -> tuple[float | None, list[Finding]]:
    found = find_area(text, default_m2)
    if found is None:
        en = f"The stated area {text[:40]!r} is no number with a known unit; it is left out."
        return None, [Finding(where, en, f"填报面积 {text[:40]!r} 不是可识别的数值与单位，未采用。")]
    if area is None:
        return found[0], []
    meant, said = check_area(found[0], area, where, unit_named=found[1], default_m2=default_m2)
    return meant, [said] if said is not None else []


def _repair(geometry: BaseGeometry) -> tuple[BaseGeometry | None, tuple[str, str] | None]:
    """Return a valid polygon for an invalid one, with what was wrong in both languages."""
    if geometry.is_valid or shapely.get_dimensions(geometry) != 2:
        return None, None
    fault = explain_validity(geometry)
    try:
        parts = [
            part
            for part in shapely.get_parts(shapely.make_valid(geometry))
            if shapely.get_dimensions(part) == 2
        ]
        polygons = [each for part in parts for each in shapely.get_parts(part) if isinstance(each, Polygon)]
    except ShapelyError:
        polygons = []
    if not polygons:
        return None, (f"{fault}; it has no area and cannot be repaired.", f"{fault}；没有面积，无法修复。")
    repaired = polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)
    return repaired, (
        f"{fault}; the repair proposed has {len(polygons)} part(s).",
        f"{fault}；建议修复为 {len(polygons)} 个部分。",
    )
