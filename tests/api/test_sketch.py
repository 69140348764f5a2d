"""The map drawn by the server."""

import pytest

from api.sketch import Frame, frame_around, path_of, strokes_of

SQUARE = [[[115.0, 33.0], [115.1, 33.0], [115.1, 33.1], [115.0, 33.1], [115.0, 33.0]]]
FRAME = Frame(west=115.0, south=33.0, east=115.1, north=33.1)


def test_a_degree_of_longitude_is_shorter_than_one_of_latitude() -> None:
    # cos 33.05° = 0.838194, so a frame of 0.1° by 0.1° is 1000 / 0.838194 units high
    assert FRAME.height == pytest.approx(1193.04, abs=0.01)


def test_area_becomes_a_closed_path_with_north_up() -> None:
    assert path_of({"type": "Polygon", "coordinates": SQUARE}, FRAME) == (
        "M0 1193L1000 1193L1000 0L0 0L0 1193Z"
    )


def test_parts_and_holes_are_paths_of_their_own() -> None:
    path = path_of({"type": "MultiPolygon", "coordinates": [SQUARE, SQUARE]}, FRAME)
    assert path.count("M") == path.count("Z") == 2


def test_points_and_features_without_place_are_passed_over() -> None:
    collection = {
        "features": [
            {"geometry": None, "properties": None},
            {"geometry": {"type": "Point", "coordinates": [115.0, 33.0]}, "properties": {}},
            {"geometry": {"type": "Polygon", "coordinates": []}, "properties": {}},
            {"geometry": {"type": "LineString", "coordinates": SQUARE[0]}, "properties": {"kind": "river"}},
        ]
    }
    assert [(stroke.kind, stroke.is_area) for stroke in strokes_of(collection, FRAME)] == [("river", False)]


def test_one_point_still_gives_a_frame_with_an_extent() -> None:
    frame = frame_around([(115.5, 33.0, 115.5, 33.0)])
    assert frame.east - frame.west == pytest.approx(0.002)
    assert frame.height > 0


def test_footprint_and_marker_of_the_same_place_meet() -> None:
    # the transform is applied to (lon, −lat), as ST_AsSVG writes it
    scale_x, scale_y, shift_x, shift_y = (
        float(part)
        for part in FRAME.transform.replace("scale(", "").replace(") translate(", " ").strip(")").split()
    )
    x, y = FRAME.place(115.025, 33.09)
    assert ((115.025 + shift_x) * scale_x, (-33.09 + shift_y) * scale_y) == pytest.approx((x, y), abs=0.01)
