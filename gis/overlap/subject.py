"""The geometry that is asked about: checked, placed in its zone, bound as bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon, shape
from shapely.geometry.base import BaseGeometry

from gis.crs import (
    STORED_SRID,
    WGS84_SRID,
    central_meridian,
    check_datum,
    native_zone_srid,
    parse_crs,
    transformer,
    zone_easting_range,
    zone_for_longitude,
)
from gis.errors import InvalidGeometryError, TooComplexError
from gis.overlap.words import Note

MAX_VERTICES: Final = 200_000
MAX_BUFFER_M: Final = 100_000.0
STEP_M: Final = 500.0
"""Longest edge before any change of the coordinate system; longer ones would bend by millimetres."""

STEP_DEGREES: Final = 0.0045
"""The same along a meridian, for geometry that comes in degrees."""

_EDGE_ALLOWANCE_DEGREES = 1.5


@dataclass(frozen=True)
class OverlapSubject:
    """A polygon to be laid over the layers.

    Parameters
    ----------
    ewkb : bytes
        The geometry as given, in `srid`.
    srid : int
        EPSG code of the coordinates.
    step : float
        Longest edge before the change into the zone, in units of `srid`.
    zone_srid : int
        The numbered CGCS2000 3-degree zone of its middle, in which the overlay is made.
    warnings : tuple of Note
        What was repaired or should be looked at.
    """

    ewkb: bytes
    srid: int
    step: float
    zone_srid: int
    warnings: tuple[Note, ...] = ()


def subject_from_geojson(geometry: Mapping[str, Any], crs: str = "EPSG:4490") -> OverlapSubject:
    """Return the subject of a GeoJSON geometry whose coordinates stand east or longitude first.

    Raises
    ------
    InvalidGeometryError
        No readable polygon; see `subject_from_shape`.
    UnknownCrsError, CrsRefusedError
        The coordinate system is not served, or is an old datum.
    """
    srid = parse_crs(crs).srid
    try:
        with np.errstate(invalid="ignore"):  # NaN is answered below, with words
            found = shape(dict(geometry))
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
        OverflowError,
        ShapelyError,
    ) as error:
        raise InvalidGeometryError(
            "The subject is no readable GeoJSON geometry (type and coordinates).",
            "分析对象不是可读的 GeoJSON 几何（缺少 type 或 coordinates）。",
            where="geometry",
        ) from error
    return subject_from_shape(found, srid)


def subject_from_ewkb(ewkb: bytes) -> OverlapSubject:
    """Return the subject of a geometry as PostGIS gives it, with its SRID inside."""
    found = shapely.from_wkb(ewkb)
    return subject_from_shape(found, int(shapely.get_srid(found)))


def subject_from_shape(geometry: BaseGeometry, srid: int) -> OverlapSubject:
    """Check a polygon and find its zone.

    An invalid polygon (bow-tie, spike, ring outside) is kept with a warning: the statement
    repairs it. Heights are dropped. Points and lines have no area and are refused, so are empty
    geometries, numbers that are not finite, and places outside of the CGCS2000 zones.

    Raises
    ------
    InvalidGeometryError
        As above; the message says which and what to do.
    TooComplexError
        More vertices than one request may have.
    CrsRefusedError
        The code belongs to an old datum.
    """
    check_datum(srid)
    polygon = _polygon(geometry)
    if shapely.get_num_coordinates(polygon) > MAX_VERTICES:
        raise TooComplexError(
            f"The subject has {shapely.get_num_coordinates(polygon)} vertices; up to {MAX_VERTICES} are allowed.",
            f"分析对象有 {shapely.get_num_coordinates(polygon)} 个顶点，上限为 {MAX_VERTICES}。",
            where="geometry",
        )
    _check_eastings(polygon, srid)
    outline = _degrees(polygon, srid)
    zone_srid = native_zone_srid((outline[0] + outline[2]) / 2)
    step = STEP_DEGREES if srid in (STORED_SRID, WGS84_SRID) else STEP_M
    ewkb = shapely.to_wkb(shapely.set_srid(polygon, _stored_code(srid)), include_srid=True)
    warnings = (*_validity_warnings(polygon), *_zone_warnings(outline, zone_srid))
    return OverlapSubject(ewkb, _stored_code(srid), step, zone_srid, warnings)


def _stored_code(srid: int) -> int:
    return STORED_SRID if srid == WGS84_SRID else srid


def _polygon(geometry: BaseGeometry) -> BaseGeometry:
    if not isinstance(geometry, Polygon | MultiPolygon):
        raise InvalidGeometryError(
            f"The subject is a {geometry.geom_type}; an overlap needs Polygon or MultiPolygon. "
            "Give a buffered outline for a line or a point.",
            f"分析对象为 {geometry.geom_type}；压占分析需要 Polygon 或 MultiPolygon。线或点请先做缓冲面。",
            where="geometry",
        )
    if geometry.is_empty or not np.isfinite(shapely.get_coordinates(geometry)).all():
        raise InvalidGeometryError(
            "The subject is empty or has coordinates that are no finite numbers.",
            "分析对象为空，或坐标不是有限数值。",
            where="geometry",
        )
    return shapely.force_2d(geometry)


def _check_eastings(polygon: BaseGeometry, srid: int) -> None:
    allowed = zone_easting_range(srid)
    west, _, east, _ = polygon.bounds
    if allowed is None or (allowed[0] <= west and east <= allowed[1]):
        return
    raise InvalidGeometryError(
        f"Eastings {west:.0f} to {east:.0f} do not belong to EPSG:{srid} ({allowed[0]:.0f} to {allowed[1]:.0f}): "
        "check the zone number and that east stands before north.",
        f"横坐标 {west:.0f} 至 {east:.0f} 不属于 EPSG:{srid}（{allowed[0]:.0f} 至 {allowed[1]:.0f}）："
        "请核对带号，以及是否东坐标在前。",
        where="geometry",
    )


def _degrees(polygon: BaseGeometry, srid: int) -> tuple[float, float, float, float]:
    west, south, east, north = transformer(srid, STORED_SRID).geometry(polygon).bounds
    if all(isfinite(bound) for bound in (west, south, east, north)) and 0 <= south <= north <= 60:
        zone_for_longitude(west)
        zone_for_longitude(east)
        return west, south, east, north
    raise InvalidGeometryError(
        f"The subject lies at {south:.4f}° to {north:.4f}° north: outside of the CGCS2000 zones, "
        "or longitude and latitude are swapped.",
        f"分析对象位于纬度 {south:.4f}° 至 {north:.4f}°：超出 CGCS2000 分带范围，或经纬度颠倒。",
        where="geometry",
    )


def _validity_warnings(polygon: BaseGeometry) -> tuple[Note, ...]:
    if polygon.is_valid:
        return ()
    reason = shapely.is_valid_reason(polygon)
    return (
        Note(
            "subject_repaired",
            f"The subject was invalid ({reason}) and was repaired; compare its area with the survey.",
            f"分析对象图形无效（{reason}），已自动修复；请与勘测面积核对。",
        ),
    )


def _zone_warnings(outline: tuple[float, float, float, float], zone_srid: int) -> tuple[Note, ...]:
    west, _, east, _ = outline
    first, last = zone_for_longitude(west), zone_for_longitude(east)
    if first == last:
        return ()
    meridian = central_meridian(zone_for_longitude((west + east) / 2))
    if max(east - meridian, meridian - west) > 2 * _EDGE_ALLOWANCE_DEGREES:
        raise InvalidGeometryError(
            f"The subject spans the 3-degree zones {first} to {last}; split it at the zone edge.",
            f"分析对象跨越 {first} 至 {last} 号三度带；请在分带线处拆分。",
            where="geometry",
        )
    edge = central_meridian(first) + _EDGE_ALLOWANCE_DEGREES
    return (
        Note(
            "spans_zones",
            f"The subject crosses the zone edge {edge}°E; the overlay was made in EPSG:{zone_srid}. Ellipsoidal "
            "areas hold, plane areas beyond the edge are larger than those of their own zone.",
            f"分析对象跨越分带线东经 {edge}°；叠加在 EPSG:{zone_srid} 中进行。椭球面积不受影响，"
            "越界部分的平面面积偏大。",
        ),
    )
