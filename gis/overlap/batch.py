"""Overlaps of whole layers in memory, by shapely's vectors: the same pairs and areas as the statement in PostGIS.

Shapes come as stored (degrees) and as surveyed (metres of their zone), and are laid over one another in the zone of
the subject's middle, by the same rules: surveyed geometry as it is, edges densified before they change the system,
what is invalid repaired, pieces below the limits left out or kept and marked.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from gis.crs import STORED_SRID, WGS84_SRID, ZONES, check_datum, numbered_zone_srid
from gis.overlap.densify import densified
from gis.overlap.ellipsoid import Floats, ellipsoidal_areas_m2
from gis.overlap.statement import NOISE_THICKNESS_M
from gis.overlap.target import MIN_AREA_M2, MIN_THICKNESS_M
from gis.overlap.zones import STEP_DEGREES, STEP_M

Geometries = NDArray[np.object_]
Integers = NDArray[np.int64]
POLYGON: Final = 3
SCHEMA: Final = pa.schema(
    [("id", pa.int64()), ("geometry", pa.binary()), ("survey", pa.binary()), ("survey_srid", pa.int32())]
)
"""Columns of a layer's rows: WKB in EPSG:4490, WKB as surveyed and its EPSG code."""

COLUMNS: Final = (
    "subject_id",
    "feature_id",
    "area_m2",
    "area_plane_m2",
    "pieces",
    "largest_piece_m2",
    "critical",
)


@dataclass(frozen=True)
class BatchRules:
    """The sliver rule; `keep_slivers` for farmland and ecology, where they are marked 临界 and kept."""

    min_area_m2: float = MIN_AREA_M2
    min_thickness_m: float = MIN_THICKNESS_M
    keep_slivers: bool = False
    not_itself: bool = False


@dataclass(frozen=True)
class Shapes:
    """Rows of a layer: polygons in degrees, and as surveyed where that is another geometry."""

    ids: Integers
    degrees: Geometries
    survey: Geometries
    survey_srid: Integers

    def take(self, places: NDArray[np.bool_] | Integers) -> "Shapes":
        """Return some rows."""
        return Shapes(self.ids[places], self.degrees[places], self.survey[places], self.survey_srid[places])


def read_shapes(table: pa.Table) -> Shapes:
    """Return the rows of a table of `SCHEMA`; rows without a polygon are left out."""
    degrees = shapely.force_2d(shapely.from_wkb(table["geometry"].to_numpy(zero_copy_only=False)))
    survey = shapely.force_2d(shapely.from_wkb(table["survey"].to_numpy(zero_copy_only=False)))
    srid = table["survey_srid"].fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    shapes = Shapes(table["id"].to_numpy(zero_copy_only=False).astype(np.int64), degrees, survey, srid)
    return shapes.take((shapely.get_dimensions(degrees) == 2) & ~shapely.is_empty(degrees))


def overlap_pairs(subjects: Shapes, features: Shapes, rules: BatchRules) -> pd.DataFrame:
    """Return every pair of subject and feature that overlap, one row each (`COLUMNS`), by their ids.

    Examples
    --------
    >>> square = shapely.box(116, 33, 116.001, 33.001)
    >>> one = Shapes(np.array([7]), np.array([square]), np.array([None]), np.array([0]))
    >>> found = overlap_pairs(one, one, BatchRules())
    >>> int(found.subject_id[0]), int(found.feature_id[0]), round(found.area_m2[0])
    (7, 7, 10364)
    """
    frames = [
        _zone_pairs(subjects.take(zones == zone), features, rules, numbered_zone_srid(int(zone)))
        for zones in (_zones(subjects),)
        for zone in np.unique(zones)
        if zone in ZONES
    ]
    if not frames:
        return _frame(*([np.array([])] * len(COLUMNS)))
    return pd.concat(frames).sort_values(["subject_id", "feature_id"], ignore_index=True)


def _zones(shapes: Shapes) -> Integers:
    west, _, east, _ = shapely.bounds(shapes.degrees).T
    zones: Integers = np.floor(((west + east) / 2 + 1.5) / 3).astype(np.int64)
    return zones


def _zone_pairs(subjects: Shapes, features: Shapes, rules: BatchRules, srid: int) -> pd.DataFrame:
    """Lay the subjects of one zone over the features whose boxes they meet."""
    places, others = shapely.STRtree(features.degrees).query(subjects.degrees)
    if rules.not_itself:
        apart = subjects.ids[places] != features.ids[others]
        places, others = places[apart], others[apart]
    needed, others = np.unique(others, return_inverse=True)
    near = features.take(needed)
    subject_planes = _sound(_subject_planes(subjects, srid))
    feature_planes = _sound(_feature_planes(near, srid))
    shapely.prepare(subject_planes)
    meet = shapely.intersects(subject_planes[places], feature_planes[others])
    places, others = places[meet], others[meet]
    near_subject = np.floor(shapely.bounds(subject_planes)[:, :2])
    local = _counted_from(subject_planes, near_subject)
    shapely.prepare(local)
    counted_from = near_subject[places]
    cut = _cut(local[places], _counted_from(feature_planes[others], counted_from))
    return _pairs(subjects.ids[places], near.ids[others], cut, counted_from, rules, srid)


def _counted_from(shapes: Geometries, points: Floats) -> Geometries:
    """Shift shapes so that they count from a point each: exact, and floating point is finer there."""
    coordinates, shape = shapely.get_coordinates(shapes, return_index=True)
    shifted: Geometries = shapely.set_coordinates(shapes.copy(), coordinates - points[shape])
    return shifted


def _cut(subjects: Geometries, features: Geometries) -> Geometries:
    whole = shapely.covers(subjects, features)
    shapes = features.copy()
    shapes[~whole] = shapely.intersection(subjects[~whole], features[~whole])
    return shapes


def _pairs(
    subject_ids: Integers,
    feature_ids: Integers,
    cut: Geometries,
    counted_from: Floats,
    rules: BatchRules,
    srid: int,
) -> pd.DataFrame:
    """Measure the pieces of every pair, drop what the rules drop, and sum what is left."""
    parts, pair = shapely.get_parts(cut, return_index=True)
    polygons = shapely.get_type_id(parts) == POLYGON
    parts, pair = parts[polygons], pair[polygons]
    plane, around = shapely.area(parts), shapely.length(parts)
    thickness = np.divide(2 * plane, around, out=np.zeros_like(plane), where=around > 0)
    real = thickness >= NOISE_THICKNESS_M
    parts, pair, plane, thickness = parts[real], pair[real], plane[real], thickness[real]
    area = ellipsoidal_areas_m2(parts, srid, counted_from[pair])
    sliver = (area < rules.min_area_m2) | (thickness < rules.min_thickness_m)
    kept = np.full(len(parts), True) if rules.keep_slivers else ~sliver
    pair, plane, area, sliver = pair[kept], plane[kept], area[kept], sliver[kept]
    hit, first = np.unique(pair, return_index=True)
    if not len(hit):
        return _frame(*([np.array([])] * len(COLUMNS)))
    return _frame(
        subject_ids[hit],
        feature_ids[hit],
        np.add.reduceat(area, first),
        np.add.reduceat(plane, first),
        np.diff([*first, len(pair)]),
        np.maximum.reduceat(area, first),
        np.logical_or.reduceat(sliver, first),
    )


def _frame(*columns: NDArray[np.generic]) -> pd.DataFrame:
    kinds = ("int64", "int64", "float64", "float64", "int64", "float64", "bool")
    return pd.DataFrame(
        {name: column.astype(kind) for name, column, kind in zip(COLUMNS, columns, kinds, strict=True)}
    )


def _subject_planes(shapes: Shapes, srid: int) -> Geometries:
    """Bring subjects into the zone, from what was surveyed where there is such a geometry."""
    source = np.where(shapes.survey_srid > 0, shapes.survey_srid, STORED_SRID)
    given = np.where(shapes.survey_srid > 0, shapes.survey, shapes.degrees)
    planes = np.empty(len(given), dtype=object)
    for code in np.unique(source):
        mine = source == code
        step = STEP_DEGREES if code in (STORED_SRID, WGS84_SRID) else STEP_M
        planes[mine] = _transformed(densified(given[mine], step), int(code), srid)
    return planes


def _feature_planes(shapes: Shapes, srid: int) -> Geometries:
    """Bring features into the zone: as surveyed in that very zone, else from the stored degrees."""
    planes = shapes.survey.copy()
    away = shapes.survey_srid != srid
    planes[away] = _transformed(densified(shapes.degrees[away], STEP_DEGREES), STORED_SRID, srid)
    return planes


def _transformed(shapes: Geometries, source: int, target: int) -> Geometries:
    if source == target or not len(shapes):
        return shapes
    into = _direct(source, target)
    found: Geometries = shapely.transform(
        shapes, lambda xy: np.column_stack(into.transform(xy[:, 0], xy[:, 1]))
    )
    return found


@cache
def _direct(source: int, target: int) -> Transformer:
    """Return one transformation without degrees between, as PostGIS makes it: they would round."""
    check_datum(source)
    begin = STORED_SRID if source == WGS84_SRID else source
    return Transformer.from_crs(begin, target, always_xy=True, allow_ballpark=False)


def _sound(shapes: Geometries) -> Geometries:
    """Repair what is invalid, keeping its polygons alone."""
    for place in np.flatnonzero(~shapely.is_valid(shapes)):
        parts = shapely.get_parts(shapely.make_valid(shapes[place]))
        flat = shapely.get_parts(parts)
        shapes[place] = shapely.multipolygons(flat[shapely.get_type_id(flat) == POLYGON])
    return shapes
