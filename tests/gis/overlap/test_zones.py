"""Subjects that lie in two 3-degree zones, subjects made of several shapes, stated and registered areas."""

from datetime import UTC, datetime

import pytest
import shapely
from shapely.geometry import MultiPolygon, Point, Polygon, box

from gis.crs import transformer
from gis.errors import InvalidGeometryError
from gis.overlap import render_overlap, subject_from_shape, subject_from_shapes
from tests.gis.overlap.conftest import Ground, target
from tests.gis.overlap.test_overlap import PROJECT, at, geodesic, layer

REGISTERED = target(
    "dltb", stated_column="registered_m2", owner_code_column="owner_code", owner_name_column="owner_name"
)


def test_a_subject_across_a_zone_edge_is_measured_in_both_zones(ground: Ground) -> None:
    strip = box(115.49, 33.1, 115.52, 33.11)  # 0.01° of it in zone 38, 0.02° in zone 39
    answer = ground.ask(strip, srid=4490)
    west, east = answer.zones

    assert (west.crs, east.crs) == ("EPSG:4526", "EPSG:4527")
    assert west.area_m2 + east.area_m2 == pytest.approx(answer.area_m2, rel=1e-8)
    assert west.area_m2 == pytest.approx(answer.area_m2 / 3, rel=1e-6)
    dense = shapely.segmentize(box(115.49, 33.1, 115.5, 33.11), 0.001)
    assert west.area_plane_m2 == pytest.approx(transformer(4490, 4526).geometry(dense).area, rel=1e-9)
    assert [note.code for note in answer.warnings] == ["spans_zones"]
    body = render_overlap(answer, {}, datetime.now(UTC))
    assert [part["crs"] for part in body["subject"]["zones"]] == ["EPSG:4526", "EPSG:4527"]


def test_a_subject_in_one_zone_has_no_parts() -> None:
    assert subject_from_shape(PROJECT, 4527).zones == ()


def test_shapes_that_share_ground_are_one_subject_that_counts_it_once(ground: Ground) -> None:
    pair = [(at(0, 0, 100, 100), 4527), (at(50, 0, 100, 100), 4527)]
    assert shapely.from_wkb(subject_from_shapes(pair).ewkb).area == pytest.approx(15_000)
    both = subject_from_shapes([*pair, (transformer(4527, 4526).geometry(at(300, 0, 10, 10)), 4526)])

    assert both.srid == 4490
    assert both.zone_srid == 4527


def test_polygons_among_points_are_refused() -> None:
    with pytest.raises(InvalidGeometryError):
        subject_from_shapes([(at(0, 0, 1, 1), 4527), (Point(39_371_200, 3_671_300), 4527)])
    with pytest.raises(InvalidGeometryError):
        subject_from_shapes([])


def test_a_stated_area_off_by_more_than_a_thousandth_is_told(ground: Ground) -> None:
    assert ground.ask(PROJECT, stated_area_m2=28_000).warnings == ()
    notes = ground.ask(PROJECT, stated_area_m2=28_100).warnings

    assert [note.code for note in notes] == ["area_disagrees"]
    assert "28100.00" in notes[0].zh


def test_pieces_of_a_registered_patch_are_scaled_to_its_registered_area(ground: Ground) -> None:
    # Half of the patch lies under the project; it is registered with 10 100 m².
    ground.put("dltb", at(-50, 0, 100, 100), "T-1", class_code="0103", class_name="旱地", registered_m2=10_100.0,
               owner_code="341299001002", owner_name="禾丰村（虚构）")  # fmt: skip
    ground.put("dltb", at(50, 100, 100, 20), "T-2", class_code="0103", class_name="旱地",
               owner_code="341299001003", owner_name="新塘村（虚构）")  # fmt: skip
    plain = layer(ground.ask(PROJECT, [REGISTERED]), "dltb")
    answer = ground.ask(PROJECT, [REGISTERED], adjust="registered")
    found = layer(answer, "dltb")

    assert plain.adjusted_area_m2 is None
    assert found.items[0].adjusted_area_m2 == pytest.approx(10_100 / 2, rel=1e-6)
    assert (
        found.items[0].area_m2
        == plain.items[0].area_m2
        == pytest.approx(geodesic(at(0, 0, 50, 100)), rel=1e-6)
    )
    assert found.items[1].adjusted_area_m2 == found.items[1].area_m2  # no registered area: its own
    assert found.adjusted_area_m2 == pytest.approx(5_050 + geodesic(at(50, 100, 100, 20)), rel=1e-6)
    assert [(row.owner_name, row.class_name, row.count) for row in found.by_owner] == [
        ("禾丰村（虚构）", "旱地", 1),
        ("新塘村（虚构）", "旱地", 1),
    ]
    assert [note.code for note in answer.warnings] == ["area_disagrees"]  # 1 % off
    body = render_overlap(answer, {}, datetime.now(UTC))
    assert body["layers"][0]["items"][0]["registered_area_m2"] == 10_100
    assert body["layers"][0]["by_class"][0]["adjusted_area_m2"] == pytest.approx(
        found.adjusted_area_m2, abs=1e-3
    )
    assert body["rules"]["adjust"] == "registered"


def test_what_no_layer_covers_is_the_remainder_of_all(ground: Ground) -> None:
    subject = at(0, 0, 200, 100)
    ground.put("land_parcels", at(0, 0, 80, 100), "P")
    ground.put("heritage", at(60, 0, 60, 100), "H")
    answer = ground.ask(subject, geometry=True)

    assert answer.remainder.area_m2 == pytest.approx(geodesic(at(120, 0, 80, 100)), abs=0.01)
    assert answer.remainder.pieces == 1
    body = render_overlap(answer, {}, datetime.now(UTC))
    assert body["remainder"]["area_mu"] == pytest.approx(answer.remainder.area_m2 * 3 / 2000, abs=1e-5)
    assert body["remainder"]["geometry"]["type"] == "MultiPolygon"


def test_a_subject_without_any_hit_is_all_remainder(ground: Ground) -> None:
    answer = ground.ask(PROJECT)

    assert answer.remainder.area_m2 == answer.area_m2


def test_pieces_are_numbered_as_their_polygons_lie_in_the_geometry(ground: Ground) -> None:
    ground.put("land_parcels", at(-10, 0, 300, 10), "STRIP")
    subject = MultiPolygon([at(0, 0, 20, 50), at(100, 0, 80, 50)])
    item = layer(ground.ask(subject, geometry=True), "land_parcels").items[0]
    shapes = [Polygon(rings[0]) for rings in (item.geometry or {})["coordinates"]]

    assert [round(part.area_plane_m2) for part in item.parts] == [800, 200]
    assert shapes[0].area > 3 * shapes[1].area
