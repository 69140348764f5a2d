"""Nearest and around in metres on the ellipsoid, against pyproj.Geod."""

import random

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from gis.errors import InvalidParameterError
from gis.questions import (
    Paging,
    around_statement,
    buffer_shape,
    nearest_statement,
    read_place,
    shape_from,
    write_place,
)
from gis.questions.answer import Place
from tests.gis.questions.conftest import District, marks, things
from tests.gis.questions.independent import GEOD, area_m2, flat_m, geodesic_m

ALL = Paging(limit=1_000)
POINT = Point(115.8123, 33.0071)
LINE = LineString([(115.75, 32.95), (115.79, 33.02), (115.85, 33.0)])
AREA = Polygon([(115.79, 32.99), (115.83, 32.985), (115.82, 33.02)])


def distances_to(district: District, shape: BaseGeometry) -> dict[int, float]:
    """Return the exact distances to all that lies within some 7 km."""
    every = district.things.geometry.items()
    return {int(number): geodesic_m(shape, other) for number, other in every if flat_m(shape, other) < 7_000}


def test_distances_to_points_are_geodesics_to_a_tenth_of_a_millimetre(district: District) -> None:
    found = district.features(nearest_statement(shape_from(POINT, 4490), [marks()], 100, ALL), ALL)
    marked = district.marks.geometry
    lon, lat = marked.x.to_numpy(), marked.y.to_numpy()
    exact = GEOD.inv(np.full(len(lon), POINT.x), np.full(len(lat), POINT.y), lon, lat)[2]
    order = np.argsort(exact)[:100]
    assert [item["id"] for item in found] == [int(marked.index[n]) for n in order]
    distances = [item["properties"]["distance_m"] for item in found]
    assert distances == pytest.approx(exact[order].tolist(), abs=1e-4)


@pytest.mark.parametrize("shape", [POINT, LINE, AREA], ids=["point", "line", "area"])
def test_the_nearest_areas_and_their_distances_are_those_of_pyproj(
    district: District, shape: BaseGeometry
) -> None:
    found = district.features(nearest_statement(shape_from(shape, 4490), [things()], 12, ALL), ALL)
    exact = distances_to(district, shape)
    assert [item["properties"]["distance_m"] for item in found] == pytest.approx(
        sorted(exact.values())[:12], abs=0.02
    )
    for item in found:
        distance = item["properties"]["distance_m"]
        assert -1e-3 <= exact[item["id"]] - distance <= 2 / max(distance, 2) + 1e-3


def test_the_index_order_in_degrees_does_not_decide_what_is_nearest(district: District) -> None:
    """East–west a degree is 0.84 of one north–south here: the nearest by degrees is often not the nearest."""
    misled = 0
    chance = random.Random(7)
    for _ in range(40):
        at = Point(115.8 + chance.uniform(-0.15, 0.15), 33.0 + chance.uniform(-0.15, 0.15))
        marked = district.marks.geometry
        exact = GEOD.inv(*([at.x] * len(marked), [at.y] * len(marked)), marked.x.tolist(), marked.y.tolist())[
            2
        ]
        nearest = int(marked.index[int(np.argmin(exact))])
        misled += nearest != int(marked.index[int(np.argmin(shapely.distance(marked.to_numpy(), at)))])
        found = district.features(nearest_statement(shape_from(at, 4490), [marks()], 1, ALL), ALL)
        assert [item["id"] for item in found] == [nearest]
    assert misled > 0


def test_the_shortest_line_ends_on_both_and_is_as_long_as_said(district: District) -> None:
    found = district.features(nearest_statement(shape_from(LINE, 4490), [things()], 5, ALL), ALL)
    for item in found:
        own = item["properties"]
        (a, b), (c, d) = own["from_point"], own["to_point"]
        assert GEOD.inv(a, b, c, d)[2] == pytest.approx(own["distance_m"], abs=2e-4)
        assert Point(a, b).distance(LINE) < 1e-6
        assert Point(c, d).distance(district.things.geometry.loc[item["id"]]) < 1e-6


def test_k_counts_for_each_layer_and_a_limit_of_distance_holds(district: District) -> None:
    asked = shape_from(POINT, 4490)
    found = district.features(nearest_statement(asked, [things(), marks()], 3, ALL), ALL)
    assert sorted(item["properties"]["collection"] for item in found) == ["marks"] * 3 + ["things"] * 3
    reach = sorted(item["properties"]["distance_m"] for item in found)[2] + 0.001
    near = district.features(nearest_statement(asked, [things(), marks()], 3, ALL, reach), ALL)
    assert [item["id"] for item in near] == [item["id"] for item in found[:3]]


@pytest.mark.parametrize("shape", [POINT, LINE, AREA], ids=["point", "line", "area"])
def test_what_lies_within_a_distance_is_what_pyproj_says(district: District, shape: BaseGeometry) -> None:
    found = district.features(around_statement(shape_from(shape, 4490), [things()], 3_000.0, ALL), ALL)
    exact = distances_to(district, shape)
    sure = {number for number, distance in exact.items() if distance <= 2_999.9}
    doubtful = {number for number, distance in exact.items() if 2_999.9 < distance <= 3_000.1}
    ids = [item["id"] for item in found]
    assert sure <= set(ids) <= sure | doubtful
    assert sure
    distances = [item["properties"]["distance_m"] for item in found]
    assert distances == sorted(distances)


def test_pages_by_distance_give_every_feature_once(district: District) -> None:
    asked, sources = shape_from(AREA, 4490), [marks(), things()]
    whole = district.features(around_statement(asked, sources, 4_000.0, ALL), ALL)
    seen: list[dict[str, object]] = []
    place: Place | None = None
    while len(seen) < 500:
        paging = Paging(limit=5, after=place)
        rows = district.rows(around_statement(asked, sources, 4_000.0, paging))
        seen += district.features(around_statement(asked, sources, 4_000.0, paging), paging)
        if len(rows) <= 5:
            break
        last = rows[4]
        place = read_place("q", write_place("q", Place(last[0], last[1], last[2])))
    assert seen == whole
    assert len(whole) > 20


@pytest.mark.parametrize("distance_m", [5.0, 1_000.0, 60_000.0])
@pytest.mark.parametrize("shape", [POINT, LINE, AREA], ids=["point", "line", "area"])
def test_the_outline_of_a_buffer_lies_at_its_distance_in_true_metres(
    shape: BaseGeometry, distance_m: float
) -> None:
    drawn = buffer_shape(shape_from(shape, 4490), distance_m)
    assert drawn.is_valid
    for lon, lat in shapely.get_coordinates(shapely.get_exterior_ring(drawn))[::29]:
        # of outlines sampled every 2 m the nearest sample lies up to 1 m beside the nearest point
        slack = 0.5 / distance_m + 1e-3
        assert distance_m - 1e-3 <= geodesic_m(Point(lon, lat), _edge(shape)) <= distance_m + slack


def _edge(shape: BaseGeometry) -> BaseGeometry:
    return shape.boundary if isinstance(shape, Polygon) else shape


def test_a_round_buffer_has_the_area_of_a_geodesic_circle() -> None:
    drawn = buffer_shape(shape_from(POINT, 4490), 2_000.0)
    azimuths = np.linspace(0, 360, 20_000, endpoint=False)
    lon, lat, _ = GEOD.fwd(
        np.full(20_000, POINT.x), np.full(20_000, POINT.y), azimuths, np.full(20_000, 2_000.0)
    )
    circle = Polygon(np.column_stack([lon, lat]))
    assert area_m2(drawn) == pytest.approx(
        area_m2(circle), rel=1.1e-4
    )  # 256 corners: 1 − sin(2π/256)/(2π/256)


@pytest.mark.parametrize("distance", [0.0, -5.0, 100_001.0, float("nan"), float("inf")])
def test_a_distance_out_of_range_is_refused(distance: float) -> None:
    with pytest.raises(InvalidParameterError):
        buffer_shape(shape_from(POINT, 4490), distance)


@pytest.mark.parametrize("k", [0, 101])
def test_a_k_out_of_range_is_refused(k: int) -> None:
    with pytest.raises(InvalidParameterError):
        nearest_statement(shape_from(POINT, 4490), [marks()], k, ALL)
