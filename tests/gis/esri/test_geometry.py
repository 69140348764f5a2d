"""Esri geometry into shapes: rings find their polygon, and nonsense is refused."""

import numpy as np
import pytest
import shapely

from gis.errors import GisError, TooComplexError, UnknownCrsError
from gis.esri.geometry import MOST_VERTICES, assemble_rings, parse_shape
from gis.esri.reference import parse_reference, reference_document

Ring = list[list[float]]


def square(x: float, y: float, side: float) -> Ring:
    """A square, clockwise, from its lower left corner."""
    return [[x, y], [x, y + side], [x + side, y + side], [x + side, y], [x, y]]


def turned(ring: Ring) -> Ring:
    return ring[::-1]


def test_holes_find_the_smallest_ring_around_them() -> None:
    """An island in the hole of a lake, with a pond of its own, and a second lake: 100 − 64 + 16 − 1 + 25."""
    rings = [
        square(0, 0, 10),
        turned(square(1, 1, 8)),
        square(3, 3, 4),
        turned(square(4, 4, 1)),
        square(20, 0, 5),
    ]
    shape = parse_shape({"rings": rings})
    assert shape.is_valid
    assert shape.geom_type == "MultiPolygon"
    assert shape.area == 76
    assert [len(face.interiors) for face in shapely.get_parts(shape)] == [1, 1, 0]


def test_the_order_of_rings_does_not_matter() -> None:
    rings = [turned(square(1, 1, 8)), square(0, 0, 10)]
    assert parse_shape({"rings": rings}).area == 36


def test_rings_that_all_run_the_wrong_way_are_still_understood() -> None:
    rings = [turned(square(0, 0, 10)), turned(square(1, 1, 2)), turned(square(20, 0, 3))]
    shape = parse_shape({"rings": rings})
    assert shape.area == 100 - 4 + 9


def test_a_ring_that_is_not_closed_is_closed() -> None:
    assert parse_shape({"rings": [square(0, 0, 2)[:-1]]}).area == 4


def test_points_paths_and_envelopes() -> None:
    assert parse_shape({"x": 1, "y": 2, "z": 9}) == shapely.Point(1, 2)
    assert parse_shape({"points": [[1, 2], [3, 4, 5]]}) == shapely.MultiPoint([(1, 2), (3, 4)])
    assert parse_shape({"paths": [[[0, 0], [1, 1]], [[5, 5], [6, 6]]]}).geom_type == "MultiLineString"
    assert parse_shape({"xmin": 0, "ymin": 1, "xmax": 2, "ymax": 4}).area == 6


def test_empty_ones_are_empty() -> None:
    assert parse_shape({"rings": []}).is_empty
    assert parse_shape({"x": "NaN", "y": "NaN"}).is_empty


WRONG: list[object] = [
    None, [], "POINT (1 2)", {}, {"curveRings": []}, {"rings": 5}, {"rings": [5]}, {"rings": [[[0, 0], [1, 1]]]},
    {"rings": [[[0, 0], [1, "a"], [2, 2]]]}, {"x": True, "y": 1}, {"x": 1}, {"points": [[1]]}, {"paths": [[[1, 2]]]},
    {"points": [[1e400, 2]]}, {"x": 10**400, "y": 1}, {"xmin": 1}, {"points": "1,2"},
]  # fmt: skip


@pytest.mark.parametrize("value", WRONG)
def test_nonsense_is_refused(value: object) -> None:
    with pytest.raises(GisError):
        parse_shape(value)


def test_too_many_vertices_are_refused() -> None:
    with pytest.raises(TooComplexError):
        parse_shape({"points": [[0, 0]] * (MOST_VERTICES + 1)})


def test_a_lone_ring_is_an_outer_one() -> None:
    ring = np.array(turned(square(0, 0, 3)))
    assert assemble_rings([ring]).area == 9


@pytest.mark.parametrize(
    ("given", "srid"),
    [("4490", 4490), (4527, 4527), ("EPSG:4548", 4548), ('{"wkid":102100}', 3857), ({"wkid": 102100, "latestWkid": 3857}, 3857),
     ("", 4490), (None, 4490), ({}, 4490), ('{"wkid": 4326}', 4326), (900913, 3857)],
)  # fmt: skip
def test_spatial_references_are_read(given: object, srid: int) -> None:
    crs = parse_reference(given, "outSR")
    assert (crs.srid, crs.swapped) == (srid, False)


@pytest.mark.parametrize(
    "given", ["2154", 4214, "WGS84", '{"wkt": "GEOGCS[]"}', "-1", [4490], True, '{"wkid": "a"}', "9" * 30]
)
def test_other_spatial_references_are_refused(given: object) -> None:
    with pytest.raises(GisError):
        parse_reference(given, "outSR")


def test_web_mercator_keeps_the_number_that_old_clients_know() -> None:
    assert reference_document(parse_reference(3857, "outSR")) == {"wkid": 102100, "latestWkid": 3857}
    with pytest.raises(UnknownCrsError, match="inSR"):
        parse_reference(3395, "inSR")
