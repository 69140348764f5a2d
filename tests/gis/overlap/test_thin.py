"""Lines and points as subjects: lengths and numbers, worked out by hand in metres of EPSG:4527."""

from datetime import UTC, datetime

import pytest
from pyproj import Geod
from shapely.geometry import LineString, MultiLineString, MultiPoint, Point, Polygon, box

from gis.crs import transformer
from gis.errors import InvalidGeometryError
from gis.overlap import render_overlap
from tests.gis.overlap.conftest import LAYERS, Ground
from tests.gis.overlap.test_overlap import E0, N0, at, layer

GEOD = Geod(a=6378137, rf=298.257222101)


def east(start: float, stop: float, north: float = 50) -> LineString:
    return LineString([(E0 + start, N0 + north), (E0 + stop, N0 + north)])


def length(line: LineString) -> float:
    return float(GEOD.geometry_length(transformer(4527, 4490).geometry(line)))


def test_a_line_is_told_by_its_length_in_each_layer(ground: Ground) -> None:
    ground.put("land_parcels", at(100, 0, 100, 100), "P-1", class_code="0103", class_name="旱地")
    ground.put("land_parcels", at(150, 0, 100, 100), "P-2", class_code="0103", class_name="旱地")
    answer = ground.ask(east(0, 400))
    parcels = layer(answer, "land_parcels")

    # 150 m lie on the two, 50 m of it on both: every metre counts once in the layer.
    assert answer.length_m == pytest.approx(length(east(0, 400)), abs=1e-4)
    assert parcels.length_m == pytest.approx(length(east(100, 250)), abs=1e-4)
    assert [item.length_m for item in parcels.items] == pytest.approx([length(east(100, 200))] * 2, abs=1e-3)
    assert parcels.share_of_subject == pytest.approx(100 * 150 / 400, abs=1e-4)
    assert [(row.class_code, row.count) for row in parcels.by_class] == [("0103", 2)]
    assert answer.remainder.length_m == pytest.approx(length(east(0, 250)), abs=1e-2)
    assert answer.remainder.pieces == 2
    assert not layer(answer, "heritage").hit


def test_a_line_that_leaves_and_returns_has_two_pieces(ground: Ground) -> None:
    ground.put("land_parcels", at(0, 0, 100, 60), "U")
    bent = LineString([(E0 + 10, N0 + 50), (E0 + 10, N0 + 90), (E0 + 40, N0 + 90), (E0 + 40, N0 + 50)])
    parcels = layer(ground.ask(bent), "land_parcels")

    assert parcels.items[0].pieces == 2
    assert parcels.length_m == pytest.approx(20, abs=0.01)


def test_lines_that_lie_on_one_another_count_once(ground: Ground) -> None:
    answer = ground.ask(MultiLineString([east(0, 100), east(50, 150)]))

    assert answer.length_m == pytest.approx(length(east(0, 150)), abs=1e-4)


def test_points_are_counted_once_in_a_layer_and_by_feature(ground: Ground) -> None:
    ground.put("heritage", at(0, 0, 100, 100), "H-1")
    ground.put("heritage", at(50, 0, 100, 100), "H-2")
    places = MultiPoint([(E0 + x, N0 + 10) for x in (20, 70, 120, 500)])
    answer = ground.ask(places)
    heritage = layer(answer, "heritage")

    assert (answer.points, heritage.points, answer.remainder.points) == (4, 3, 1)
    assert {item.code: item.points for item in heritage.items} == {"H-1": 2, "H-2": 2}
    assert heritage.share_of_subject == pytest.approx(75)


def test_one_point_outside_of_everything_is_no_hit(ground: Ground) -> None:
    answer = ground.ask(Point(E0, N0))

    assert (answer.points, answer.remainder.points) == (1, 1)
    assert not any(row.hit for row in answer.layers)


def test_a_line_with_a_buffer_is_a_strip(ground: Ground) -> None:
    ground.put("land_parcels", at(100, 0, 100, 100), "P-1")
    answer = ground.ask(east(0, 400), buffer_m=10)
    parcels = layer(answer, "land_parcels")

    assert answer.length_m is None
    # 400 m × 20 m and two half circles of 10 m (64-gon: 313.65 m²)
    assert answer.area_plane_m2 == pytest.approx(8_000 + 313.65, abs=0.1)
    assert parcels.area_plane_m2 == pytest.approx(100 * 20, abs=1e-3)


def test_the_answer_of_a_line_in_json(ground: Ground) -> None:
    ground.put("land_parcels", at(100, 0, 100, 100), "P-1")
    body = render_overlap(ground.ask(east(0, 400), geometry=True), {}, datetime.now(UTC))
    row = body["layers"][0]

    assert body["subject"]["length_m"] == pytest.approx(400, abs=0.2)
    assert row["length_m"] == pytest.approx(100, abs=0.1)
    assert row["items"][0]["geometry"]["type"] == "MultiLineString"
    assert row["items"][0]["share_of_feature"] is None
    assert body["remainder"]["geometry"]["type"] == "MultiLineString"


def test_a_line_without_length_is_refused(ground: Ground) -> None:
    with pytest.raises(InvalidGeometryError):
        ground.ask(LineString([(E0, N0), (E0, N0)]), LAYERS)


def test_an_invalid_area_is_repaired_under_a_line(ground: Ground) -> None:
    bow_tie = box(E0, N0, E0 + 40, N0 + 40).exterior.coords
    crossed = [bow_tie[0], bow_tie[2], bow_tie[1], bow_tie[3], bow_tie[0]]
    ground.put("land_parcels", Polygon(crossed), "X")
    answer = ground.ask(east(-10, 60, 10))

    assert [note.code for note in answer.warnings] == ["features_repaired"]
