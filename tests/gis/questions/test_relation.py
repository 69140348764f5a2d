"""What lies within a shape or meets it, against GeoPandas."""

import json

import pytest
import shapely
from shapely.geometry import Polygon, mapping

from gis.crs import transformer
from gis.errors import InvalidGeometryError, InvalidPageTokenError, TooComplexError
from gis.questions import (
    Paging,
    count_statement,
    read_place,
    relation_statement,
    shape_from,
    shape_from_geojson,
    write_place,
)
from gis.questions.relation import Relation
from tests.gis.questions.conftest import District, marks, put, things

FIELD = Polygon([(115.72, 32.93), (115.9, 32.95), (115.87, 33.08), (115.75, 33.05)])
ALL = Paging(limit=1_000)


@pytest.mark.parametrize("relation", ["within", "intersects"])
def test_features_within_or_meeting_a_shape_are_those_of_geopandas(
    district: District, relation: Relation
) -> None:
    found = district.features(
        relation_statement(shape_from(FIELD, 4490), [things(), marks()], relation, ALL), ALL
    )
    for name, frame in (("things", district.things), ("marks", district.marks)):
        expected = frame.index[getattr(frame.geometry, relation)(FIELD)]
        ids = [item["id"] for item in found if item["properties"]["collection"] == name]
        assert ids == sorted(expected)
        assert len(ids) > 20


def test_a_hidden_feature_is_no_answer(district: District) -> None:
    found = district.features(
        relation_statement(shape_from(FIELD.buffer(1), 4490), [things()], "within", ALL), ALL
    )
    assert len(found) == 270
    assert not [item for item in found if item["id"] % 10 == 0]


def test_counts_by_class_are_those_of_geopandas(district: District) -> None:
    rows = district.rows(count_statement(shape_from(FIELD, 4490), [things()], "intersects"))
    meeting = district.things[district.things.geometry.intersects(FIELD)]
    assert {json.loads(row[1])[0]: row[2] for row in rows} == meeting.groupby("kind").size().to_dict()


def test_pages_by_key_give_every_feature_once_across_layers(district: District) -> None:
    shape, sources = shape_from(FIELD, 4490), [things(), marks()]
    whole = district.features(relation_statement(shape, sources, "intersects", ALL), ALL)
    seen, place = [], None
    while True:
        paging = Paging(limit=7, after=place)
        page = district.page(relation_statement(shape, sources, "intersects", paging), paging)
        seen += json.loads(b"[" + page.body + b"]")
        if page.next is None:
            break
        place = read_place("q", write_place("q", page.next))
    assert seen == whole
    assert len(whole) > 50


def test_a_token_of_another_question_and_a_mangled_one_are_refused(district: District) -> None:
    paging = Paging(limit=1)
    page = district.page(relation_statement(shape_from(FIELD, 4490), [things()], "within", paging), paging)
    assert page.next is not None
    token = write_place("within", page.next)
    for wrong in ("", "x", token[:-2], token + "AA", "é" * 8):
        with pytest.raises(InvalidPageTokenError):
            read_place("within", wrong)
    with pytest.raises(InvalidPageTokenError):
        read_place("intersects", token)


def test_a_shape_in_its_zone_asks_the_same_as_in_degrees(district: District) -> None:
    plane = district.things.to_crs("EPSG:4527").geometry.loc[[1]].iloc[0]
    asked = shape_from_geojson(mapping(plane), "EPSG:4527")
    found = district.features(relation_statement(asked, [things()], "intersects", ALL), ALL)
    assert 1 in [item["id"] for item in found]
    assert asked.stored.symmetric_difference(district.things.geometry.loc[1]).area < 1e-11


def test_a_shared_border_surveyed_in_another_zone_and_rounded_is_still_within(district: District) -> None:
    """The shape itself, by way of zone 38 and millimetres; and one that sticks out by ten centimetres."""
    shape = district.things.geometry.loc[1]
    surveyed = shapely.set_precision(transformer(4490, 4526).geometry(shape), 0.001)
    asked = shape_from(surveyed, 4526)
    found = district.features(relation_statement(asked, [things()], "within", ALL), ALL)
    assert [item["id"] for item in found] == [1]
    with district.connection.transaction(force_rollback=True):
        outside = shape.buffer(1e-6, join_style="mitre")
        put(district.connection, "thing", {"id": 901, "code": "x", "kind": "工业", "worth": 1.0}, outside)
        found = district.features(relation_statement(asked, [things()], "within", ALL), ALL)
    assert [item["id"] for item in found] == [1]


def test_rows_without_geometry_and_with_invalid_areas_break_nothing(district: District) -> None:
    bow = Polygon([(115.8, 33.0), (115.81, 33.01), (115.81, 33.0), (115.8, 33.01)])
    with district.connection.transaction(force_rollback=True):
        row = {"code": "x", "kind": "工业", "worth": 1.0}
        put(district.connection, "thing", {**row, "id": 901}, None)
        put(district.connection, "thing", {**row, "id": 902}, Polygon())
        put(district.connection, "thing", {**row, "id": 903}, bow)
        expected_by: dict[Relation, set[int]] = {"within": set(), "intersects": {903}}
        for relation, expected in expected_by.items():
            found = district.features(
                relation_statement(shape_from(FIELD, 4490), [things()], relation, ALL), ALL
            )
            assert {item["id"] for item in found if item["id"] > 900} == expected


@pytest.mark.parametrize(
    ("geometry", "crs", "word"),
    [
        ({"type": "Point", "coordinates": [33.0, 115.8]}, "EPSG:4490", "swapped"),
        ({"type": "Point", "coordinates": [float("nan"), 33.0]}, "EPSG:4490", "finite"),
        ({"type": "Point", "coordinates": [38371200, 3671300]}, "EPSG:4527", "zone number"),
        ({"type": "Polygon", "coordinates": []}, "EPSG:4490", "empty"),
        ({"type": "LineString", "coordinates": [[110, 33], [118, 33]]}, "EPSG:4490", "wide"),
        ({"type": "Circle", "coordinates": [1, 2]}, "EPSG:4490", "readable"),
        ({"coordinates": [1, 2]}, "EPSG:4490", "readable"),
    ],
)
def test_a_shape_that_cannot_be_used_is_refused_with_the_reason(
    geometry: dict[str, object], crs: str, word: str
) -> None:
    with pytest.raises(InvalidGeometryError, match=word) as caught:
        shape_from_geojson(geometry, crs)
    assert caught.value.zh


def test_a_shape_of_too_many_corners_is_refused() -> None:
    ring = [[115.8 + n * 1e-7, 33.0 + n % 2 * 1e-7] for n in range(20_001)]
    with pytest.raises(TooComplexError):
        shape_from_geojson({"type": "LineString", "coordinates": ring})
