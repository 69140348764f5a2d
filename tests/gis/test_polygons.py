"""Polygons from outside: read by axis order, refused with the place of their fault, never repaired in silence."""

from typing import Any

import numpy as np
import pytest
from shapely import from_wkt
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from gis.crs import CRS84, Crs, parse_crs
from gis.errors import InvalidGeometryError, TooComplexError
from gis.polygons import check_polygon, is_same_shape, polygon_from_geojson

EAST_FIRST = parse_crs("EPSG:4527")
NORTH_FIRST = parse_crs("urn:ogc:def:crs:EPSG::4527")
LAT_FIRST = parse_crs("http://www.opengis.net/def/crs/EPSG/0/4490")
SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]


def polygon(*rings: list[Any]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def test_axes_are_swapped_where_the_name_of_the_crs_says_so() -> None:
    ring = [[33.0, 115.8], [33.0, 115.9], [33.1, 115.9], [33.0, 115.8]]
    assert polygon_from_geojson(polygon(ring), LAT_FIRST).bounds == (115.8, 33.0, 115.9, 33.1)
    assert polygon_from_geojson(polygon(ring), CRS84).bounds == (33.0, 115.8, 33.1, 115.9)


def test_holes_parts_and_heights_are_read() -> None:
    hole = [[0.2, 0.2, 5], [0.4, 0.2, 5], [0.4, 0.4, 5], [0.2, 0.2, 5]]
    found = polygon_from_geojson(polygon(SQUARE, hole), CRS84)
    assert found.area == pytest.approx(1 - 0.02)
    assert not found.has_z
    two = {"type": "MultiPolygon", "coordinates": [[SQUARE], [[[x + 5, y] for x, y in SQUARE]]]}
    assert len(polygon_from_geojson(two, CRS84).geoms) == 2


@pytest.mark.parametrize(
    ("geometry", "place"),
    [
        (None, "geometry"),
        ([], "geometry"),
        ({"type": "Point", "coordinates": [0, 0]}, "geometry"),
        ({"type": "GeometryCollection", "geometries": []}, "geometry"),
        ({"type": "MultiPolygon", "coordinates": 7}, "geometry.coordinates"),
        (polygon(7), "geometry.coordinates[0]"),  # type: ignore[arg-type]
        (polygon([[0, 0], [1, 1]]), "geometry.coordinates[0]"),
        (polygon([*SQUARE[:2], ["1", 1]]), "geometry.coordinates[0][2]"),
        (polygon([*SQUARE[:2], [True, 1]]), "geometry.coordinates[0][2]"),
        (polygon([*SQUARE[:2], [1]]), "geometry.coordinates[0][2]"),
        (polygon([*SQUARE[:2], [1e400, 1]]), "geometry.coordinates[0][2]"),
        (polygon([*SQUARE[:2], [1, 2, 3, 4, 5]]), "geometry.coordinates[0][2]"),
        ({"type": "MultiPolygon", "coordinates": [[SQUARE], [[[0, None]]]]}, "geometry.coordinates[1][0][0]"),
    ],
)
def test_what_is_no_polygon_is_refused_by_its_place(geometry: object, place: str) -> None:
    with pytest.raises(InvalidGeometryError) as caught:
        polygon_from_geojson(geometry, CRS84)
    assert caught.value.where == place


@pytest.mark.parametrize("crs", [EAST_FIRST, NORTH_FIRST])
def test_a_fault_is_named_in_the_coordinates_of_the_sender(crs: Crs) -> None:
    bow = Polygon([(39371200, 3671300), (39371300, 3671400), (39371300, 3671300), (39371200, 3671400)])
    place = r"\(3671350, 39371250\)" if crs.swapped else r"\(39371250, 3671350\)"
    with pytest.raises(InvalidGeometryError, match=f"Self-intersection at {place}.*自相交，位置 {place}"):
        check_polygon(bow, crs)


@pytest.mark.parametrize(
    ("shape", "crs", "message"),
    [
        (Point(115.8, 33.0), CRS84, "is a Point"),
        (LineString([(0, 0), (1, 1)]), CRS84, "is a LineString"),
        (Polygon(), CRS84, "is empty"),
        (MultiPolygon(), CRS84, "is empty"),
        (from_wkt("POLYGON ((115.8 33, inf 33, 115.9 33.1, 115.8 33))"), CRS84, "no finite numbers"),
        (box(33.0, 115.8, 33.1, 115.9), CRS84, "longitude or east first"),
        (box(33.0, 115.8, 33.1, 115.9), LAT_FIRST, "latitude or north first"),
        (box(3671300, 39371200, 3671400, 39371300), EAST_FIRST, "Eastings 3671300"),
        (box(371200, 3671300, 371300, 3671400), EAST_FIRST, "zone number"),
        (box(-75.1, 40.0, -75.0, 40.1), CRS84, "no CGCS2000 3-degree zone"),
        (box(114.0, 33.0, 118.0, 33.1), CRS84, "spans the 3-degree zones"),
        (box(115.6, 33.1, 117.4, 34.9), CRS84, "area would be"),
        (box(115.6, 33.1, 115.6000005, 33.1000005), CRS84, "area would be"),
    ],
)
def test_what_cannot_be_meant_is_refused(shape: Any, crs: Crs, message: str) -> None:
    with pytest.raises(InvalidGeometryError, match=message):
        check_polygon(shape, crs)


def test_too_many_vertices_are_too_many() -> None:
    angle = np.linspace(0, 2 * np.pi, 200_002, endpoint=False)
    circle = Polygon(np.column_stack((115.8 + 0.01 * np.cos(angle), 33.0 + 0.01 * np.sin(angle))))
    with pytest.raises(TooComplexError, match="200000"):
        check_polygon(circle, CRS84)


def test_a_shape_is_the_same_wherever_its_ring_begins_and_whichever_way_it_runs() -> None:
    one = Polygon([(0, 0), (4, 0), (4, 3), (0, 3)], [[(1, 1), (2, 1), (2, 2)]])
    other = Polygon([(4, 3), (4, 0), (0, 0), (0, 3)], [[(2, 2), (1, 1), (2, 1)]])
    assert is_same_shape(one, other, 1e-9)
    assert not is_same_shape(one, Polygon(one.exterior), 1e-9)
    assert not is_same_shape(one, Polygon([(0, 0), (4, 0), (4, 3), (0, 3.001)], list(one.interiors)), 1e-9)


def test_holes_in_another_order_and_empty_shapes_are_told_apart() -> None:
    holes = [[(1, 1), (2, 1), (2, 2)], [(5, 5), (6, 5), (6, 6)]]
    one = Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], holes)
    assert is_same_shape(one, Polygon(one.exterior, [hole[::-1] for hole in holes]), 1e-9)
    assert not is_same_shape(one, Polygon(), 1e-9)
    assert is_same_shape(MultiPolygon([one]), one, 1e-9)
