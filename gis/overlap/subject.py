"""The geometry that is asked about: checked, placed in its zone, bound as bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import (
    STORED_SRID,
    WGS84_SRID,
    central_meridian,
    check_datum,
    check_eastings,
    native_zone_srid,
    parse_crs,
    transformer,
    zone_for_longitude,
)
from gis.errors import InvalidGeometryError, TooComplexError
from gis.geojson import read_geojson_shape
from gis.overlap.words import Note
from gis.overlap.zones import STEP_DEGREES, STEP_M, ZonePart, to_degrees, zone_parts
from gis.statement import Condition, identifier

MAX_VERTICES: Final = 200_000
MAX_BUFFER_M: Final = 100_000.0
DIMENSIONS: Final = {
    "Polygon": 2,
    "MultiPolygon": 2,
    "LineString": 1,
    "LinearRing": 1,
    "MultiLineString": 1,
    "Point": 0,
    "MultiPoint": 0,
}
_EDGE_ALLOWANCE_DEGREES = 1.5


@dataclass(frozen=True)
class OverlapSubject:
    """What is laid over the layers: polygons, lines (with their length) or points (with their count).

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
    id : int
        Of the subject in its own layer, where it is no hit of itself.
    dimension : int
        2 polygons, 1 lines, 0 points.
    stated_area_m2 : float, optional
        Area that the survey states.
    zones : tuple of ZonePart
        Its parts by zone where it lies in more than one.
    """

    ewkb: bytes
    srid: int
    step: float
    zone_srid: int
    warnings: tuple[Note, ...] = ()
    id: int = 0
    dimension: int = 2
    stated_area_m2: float | None = None
    zones: tuple[ZonePart, ...] = ()


@dataclass(frozen=True)
class SubjectRows:
    """Rows of a layer as the subjects of one statement; names from a closed list.

    Parameters
    ----------
    keys : tuple of int
        Ids of the rows.
    plane_column : str, optional
        The surveyed geometry in its own zone; without it the stored degrees are taken.
    """

    relation: str
    condition: Condition
    keys: tuple[int, ...]
    id_column: str = "id"
    geometry_column: str = "geom"
    plane_column: str | None = None
    temporal: bool = False

    def __post_init__(self) -> None:
        for name in (self.relation, self.id_column, self.geometry_column, self.plane_column):
            if name is not None:
                identifier(name)


def subject_from_geojson(geometry: Mapping[str, Any], crs: str = "EPSG:4490") -> OverlapSubject:
    """Return the subject of a GeoJSON geometry whose coordinates stand east or longitude first.

    Raises
    ------
    InvalidGeometryError
        No readable polygon; see `subject_from_shape`.
    UnknownCrsError, CrsRefusedError
        The coordinate system is not served, or is an old datum.
    """
    return subject_from_shape(read_geojson_shape(geometry), parse_crs(crs).srid)


def subject_from_ewkb(
    ewkb: bytes, stated_area_m2: float | None = None, subject_id: int = 0
) -> OverlapSubject:
    """Return the subject of a geometry as PostGIS gives it, with its SRID inside."""
    found = shapely.from_wkb(ewkb)
    srid = int(shapely.get_srid(found))
    if srid:
        return subject_from_shape(found, srid, stated_area_m2, subject_id)
    raise InvalidGeometryError("The geometry has no SRID.", "图形没有坐标系代码（SRID）。", where="geometry")


def subject_from_shape(
    geometry: BaseGeometry, srid: int, stated_area_m2: float | None = None, subject_id: int = 0
) -> OverlapSubject:
    """Check a geometry and find its zone.

    An invalid polygon (bow-tie, spike, ring outside) is kept with a warning: the statement
    repairs it. Heights are dropped. Mixed collections are refused, so are empty geometries,
    numbers that are not finite, and places outside of the CGCS2000 zones.

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
    plain = _plain(geometry)
    if shapely.get_num_coordinates(plain) > MAX_VERTICES:
        raise TooComplexError(
            f"The subject has {shapely.get_num_coordinates(plain)} vertices; up to {MAX_VERTICES} are allowed.",
            f"分析对象有 {shapely.get_num_coordinates(plain)} 个顶点，上限为 {MAX_VERTICES}。",
            where="geometry",
        )
    west, _, east, _ = plain.bounds
    check_eastings(west, east, srid)
    outline = _degrees(plain, srid)
    zone_srid = native_zone_srid((outline[0] + outline[2]) / 2)
    step = STEP_DEGREES if srid in (STORED_SRID, WGS84_SRID) else STEP_M
    ewkb = shapely.to_wkb(shapely.set_srid(plain, _stored_code(srid)), include_srid=True)
    crossing = _zone_warnings(outline, zone_srid)
    return OverlapSubject(
        ewkb=ewkb,
        srid=_stored_code(srid),
        step=step,
        zone_srid=zone_srid,
        warnings=(*_validity_warnings(plain), *crossing),
        id=subject_id,
        dimension=DIMENSIONS[plain.geom_type],
        stated_area_m2=stated_area_m2,
        zones=zone_parts(plain, srid, step) if crossing and DIMENSIONS[plain.geom_type] == 2 else (),
    )


def subject_from_shapes(
    shapes: Sequence[tuple[BaseGeometry, int]], stated_area_m2: float | None = None
) -> OverlapSubject:
    """Return one subject of several shapes of one kind, each with its EPSG code; what two share counts once.

    Raises
    ------
    InvalidGeometryError
        None, or polygons among lines or points; see `subject_from_shape` for the rest.
    """
    plain = [(_plain(shape), srid) for shape, srid in shapes]
    kinds = {DIMENSIONS[shape.geom_type] for shape, _ in plain}
    if len(kinds) != 1:
        raise InvalidGeometryError(
            "The subject must be polygons alone, lines alone or points alone; split what is mixed or empty.",
            "分析对象必须全部为面、全部为线或全部为点；请拆分混合或为空的对象。",
            where="geometry",
        )
    codes = {srid for _, srid in plain}
    srid = codes.pop() if len(codes) == 1 else STORED_SRID
    placed = [shape if code == srid else to_degrees(shape, code) for shape, code in plain]
    return subject_from_shape(_joined(placed), srid, stated_area_m2)


def _joined(shapes: Sequence[BaseGeometry]) -> BaseGeometry:
    if len(shapes) == 1:
        return shapes[0]
    sound = [shape if shape.is_valid else shapely.make_valid(shape) for shape in shapes]
    return shapely.union_all(sound)


def _stored_code(srid: int) -> int:
    return STORED_SRID if srid == WGS84_SRID else srid


def _plain(geometry: BaseGeometry) -> BaseGeometry:
    if geometry.geom_type not in DIMENSIONS:
        raise InvalidGeometryError(
            f"The subject is a {geometry.geom_type}; an overlap needs polygons (Polygon), lines or points of one kind.",
            f"分析对象为 {geometry.geom_type}；压占分析需要同一类的面（Polygon）、线或点。",
            where="geometry",
        )
    if geometry.is_empty or not np.isfinite(shapely.get_coordinates(geometry)).all():
        raise InvalidGeometryError(
            "The subject is empty or has coordinates that are no finite numbers.",
            "分析对象为空，或坐标不是有限数值。",
            where="geometry",
        )
    return shapely.force_2d(geometry)


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
