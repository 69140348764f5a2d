"""What lies along a line: stations, sides and widths, against pyproj and against figures by hand."""

import numpy as np
import pytest
from shapely.geometry import LineString, MultiLineString, Point, Polygon

from gis.crs import transformer
from gis.errors import InvalidGeometryError, InvalidParameterError
from gis.questions import Paging, corridor_statement, make_corridor, read_place, shape_from, write_place
from gis.questions.answer import Place
from tests.gis.questions.conftest import District, marks, put, things
from tests.gis.questions.independent import GEOD, flat_m, geodesic_m, length_m

ALL = Paging(limit=1_000)
ROAD = LineString([(115.70, 32.93), (115.78, 33.03), (115.90, 32.98), (115.95, 33.06)])
ROW = {"code": "x", "kind": "工业", "worth": 1.0}


def stations(line: LineString) -> tuple[np.ndarray, np.ndarray]:
    """Return the points of a line some two metres apart, and the geodesic length to each."""
    points = np.asarray(line.segmentize(2e-5).coords)
    steps = GEOD.inv(points[:-1, 0], points[:-1, 1], points[1:, 0], points[1:, 1])[2]
    return points, np.concatenate([[0.0], np.cumsum(steps)])


def test_the_length_of_a_line_is_that_of_pyproj() -> None:
    points, _ = stations(ROAD)
    assert make_corridor(shape_from(ROAD, 4490), 100.0).length_m == pytest.approx(
        length_m(points[:, 0], points[:, 1]), rel=1e-8
    )


def test_points_along_a_line_come_in_the_order_of_their_stations(district: District) -> None:
    found = district.features(
        corridor_statement(make_corridor(shape_from(ROAD, 4490), 1_500.0), [marks()], ALL), ALL
    )
    points, lengths = stations(ROAD)
    expected = {}
    for number, mark in district.marks.geometry.items():
        if flat_m(mark, ROAD) > 3_000:
            continue
        distances = GEOD.inv(
            np.full(len(points), mark.x), np.full(len(points), mark.y), points[:, 0], points[:, 1]
        )[2]
        nearest = int(np.argmin(distances))
        if distances[nearest] <= 1_500.0:
            expected[int(number)] = (lengths[nearest], distances[nearest])
    assert [item["id"] for item in found] == sorted(expected, key=lambda number: expected[number][0])
    assert len(found) > 10
    for item in found:
        own = item["properties"]
        assert own["at_m"] == pytest.approx(expected[item["id"]][0], abs=1.1)
        assert own["distance_m"] == pytest.approx(expected[item["id"]][1], abs=0.01)
        assert own["from_m"] == own["to_m"] == own["at_m"]


def test_areas_along_a_line_are_those_within_half_its_width(district: District) -> None:
    found = district.features(
        corridor_statement(make_corridor(shape_from(ROAD, 4490), 800.0), [things()], ALL), ALL
    )
    every = district.things.geometry.items()
    exact = {int(number): geodesic_m(ROAD, shape) for number, shape in every if flat_m(ROAD, shape) < 2_000}
    assert {item["id"] for item in found} == {
        number for number, distance in exact.items() if distance <= 800.0
    }
    across = {item["id"] for item in found if item["properties"]["side"] == "across"}
    assert across == {number for number, distance in exact.items() if distance == 0}
    assert across


def grounded(*corners: tuple[float, float]) -> list[tuple[float, float]]:
    """Return corners given in metres east and north of a point of the central meridian of zone 39, in degrees."""
    to_degrees = transformer(4527, 4490)
    return [to_degrees.transform(39_500_000 + east, 3_650_000 + north) for east, north in corners]


def test_stations_sides_and_distances_of_a_straight_line_are_those_by_hand(district: District) -> None:
    """On the central meridian plane metres are true metres: 2 km due north, halves of 100 m."""
    road = LineString(grounded((0, 0), (0, 2_000)))
    left = Polygon(grounded((-80, 300), (-30, 300), (-30, 450), (-80, 450)))
    right = Polygon(grounded((20, 1_000), (300, 1_000), (300, 1_200), (20, 1_200)))
    across = Polygon(grounded((-10, 700), (10, 700), (10, 720), (-10, 720)))
    beyond = Point(grounded((0, 2_060))[0])
    away = Polygon(grounded((101, 500), (120, 500), (120, 520), (101, 520)))
    corridor = make_corridor(shape_from(road, 4490), 100.0)
    assert corridor.length_m == pytest.approx(2_000.0, abs=1e-3)
    with district.connection.transaction(force_rollback=True):
        for number, shape in enumerate((left, right, across, beyond, away)):
            put(district.connection, "thing", {**ROW, "id": 901 + number}, shape)
        found = district.features(corridor_statement(corridor, [things()], ALL), ALL)
    told = {
        item["id"]: tuple(item["properties"][name] for name in ("from_m", "to_m", "distance_m", "side"))
        for item in found
    }
    assert list(told) == [901, 903, 902, 904]
    assert told[901][:3] == pytest.approx((300, 450, 30), abs=1e-3)
    assert told[902][:3] == pytest.approx((1_000, 1_200, 20), abs=1e-3)
    assert told[903][:3] == pytest.approx((700, 720, 0), abs=1e-3)
    assert told[904][:3] == pytest.approx((2_000, 2_000, 60), abs=1e-3)
    assert [told[number][3] for number in (901, 902, 903)] == ["left", "right", "across"]


def test_pages_by_station_give_every_feature_once(district: District) -> None:
    corridor = make_corridor(shape_from(ROAD, 4490), 1_500.0)
    whole = district.features(corridor_statement(corridor, [things(), marks()], ALL), ALL)
    seen: list[dict[str, object]] = []
    place: Place | None = None
    while len(seen) < 500:
        paging = Paging(limit=9, after=place)
        page = district.page(corridor_statement(corridor, [things(), marks()], paging), paging)
        seen += district.features(corridor_statement(corridor, [things(), marks()], paging), paging)
        if page.next is None:
            break
        place = read_place("q", write_place("q", page.next))
    assert seen == whole
    assert len(whole) > 20


def test_sections_that_join_are_one_line_and_others_are_refused() -> None:
    first, second = ROAD.coords[:2], ROAD.coords[1:]
    whole = make_corridor(shape_from(ROAD, 4490), 50.0)
    joined = make_corridor(shape_from(MultiLineString([first, second]), 4490), 50.0)
    assert joined.length_m == pytest.approx(whole.length_m, rel=1e-9)
    for shape in (MultiLineString([first, ROAD.coords[2:]]), Point(115.8, 33.0), ROAD.buffer(0.01)):
        with pytest.raises(InvalidGeometryError, match="line"):
            make_corridor(shape_from(shape, 4490), 50.0)
    with pytest.raises(InvalidParameterError):
        make_corridor(shape_from(ROAD, 4490), 0.0)
