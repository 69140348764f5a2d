"""The planted cases of a compliance check, each laid out by hand, and what surrounds them.

Metres of EPSG:4527, east then north. Ellipsoidal areas are those of pyproj's geodesic polygon over
the shape that shapely cut, or figures worked out beforehand for the standard vector.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box, shape

from gis.area import geodesic_area_m2, survey_area_m2
from gis.crs import transformer
from gis.errors import CrsRefusedError, InvalidGeometryError, InvalidParameterError
from gis.overlap import (
    LayerOverlap,
    OverlapAnswer,
    OverlapOptions,
    render_overlap,
    subject_from_ewkb,
    subject_from_geojson,
    subject_from_shape,
)
from gis.statement import Condition
from tests.gis.overlap.conftest import LAYERS, Ground, target

E0, N0 = 39_371_200, 3_671_300


def at(east: float, north: float, width: float, height: float) -> Polygon:
    """Return a rectangle by its lower-left corner relative to the vector's, and its size."""
    return box(E0 + east, N0 + north, E0 + east + width, N0 + north + height)


PROJECT = Polygon(at(0, 0, 200, 150).exterior.coords, [at(50, 50, 50, 40).exterior.coords])


def geodesic(polygon: Any, srid: int = 4527) -> float:
    dense = shapely.segmentize(polygon, 100)
    found = transformer(srid, 4490).geometry(dense)
    assert isinstance(found, Polygon | MultiPolygon)
    return geodesic_area_m2(found)


def layer(answer: OverlapAnswer, name: str) -> LayerOverlap:
    return next(item for item in answer.layers if item.target.layer == name)


def hits(answer: OverlapAnswer) -> list[str]:
    return [item.target.layer for item in answer.layers if item.hit]


def test_case_1_no_contact_is_no_hit_and_all_remainder(ground: Ground) -> None:
    ground.put("land_parcels", at(1000, 0, 100, 100))
    answer = ground.ask(PROJECT)

    assert hits(answer) == []
    assert layer(answer, "land_parcels").area_m2 == 0
    assert layer(answer, "land_parcels").remainder_area_m2 == pytest.approx(27_988.57, abs=0.01)


@pytest.mark.parametrize("surveyed", [True, False])
def test_case_2_a_shared_edge_or_corner_is_no_hit(ground: Ground, surveyed: bool) -> None:
    ground.put("land_parcels", at(200, 0, 100, 150), "EDGE", surveyed=surveyed)
    ground.put("land_parcels", at(-80, 150, 80, 50), "CORNER", surveyed=surveyed)
    ground.put("farmland", at(200, 0, 100, 150), "EDGE", surveyed=surveyed)
    answer = ground.ask(PROJECT)

    assert hits(answer) == []
    assert answer.slivers.count == 0


def test_case_2_rounding_to_nine_decimals_makes_no_false_hit(ground: Ground) -> None:
    ground.put("land_parcels", at(200, 0, 100, 150))
    degrees = transformer(4527, 4490).geometry(PROJECT)
    rounded = shapely.transform(degrees, lambda xy: xy.round(9))
    answer = ground.ask(rounded, srid=4490)

    assert hits(answer) == []
    assert answer.slivers.area_m2 < 0.01


def test_case_3_a_sliver_is_dropped_and_listed(ground: Ground) -> None:
    # 0.002 m × 150 m = 0.3 m²
    ground.put("land_parcels", at(199.998, 0, 100, 150))
    answer = ground.ask(PROJECT)

    assert hits(answer) == []
    assert answer.slivers.count == 1
    assert answer.slivers.area_m2 == pytest.approx(0.3, abs=0.001)


def test_case_3_a_sliver_on_farmland_is_kept_and_marked_critical(ground: Ground) -> None:
    ground.put("farmland", at(199.998, 0, 100, 150))
    answer = ground.ask(PROJECT)
    farmland = layer(answer, "farmland")

    assert farmland.hit
    assert farmland.critical == 1
    assert farmland.items[0].critical
    assert farmland.area_m2 == pytest.approx(0.3, abs=0.001)
    assert answer.slivers.count == 0


def test_a_thin_strip_above_one_square_metre_is_a_sliver_too(ground: Ground) -> None:
    # 0.015 m × 150 m = 2.25 m², thickness 2A/P = 0.015 m
    ground.put("land_parcels", at(199.985, 0, 100, 150))
    answer = ground.ask(PROJECT)

    assert hits(answer) == []
    assert answer.slivers.area_m2 == pytest.approx(2.25, abs=0.003)


def test_case_4_a_parcel_in_the_hole_is_no_hit_however_its_rings_run(ground: Ground) -> None:
    ground.put("land_parcels", at(60, 60, 20, 20), "CW")
    ground.put("land_parcels", at(60, 60, 20, 20).reverse(), "CCW")
    turned = Polygon(PROJECT.exterior.coords[::-1], [PROJECT.interiors[0].coords])
    same = Polygon(PROJECT.exterior.coords, [list(PROJECT.interiors[0].coords)[::-1]])

    for subject in (PROJECT, turned, same):
        answer = ground.ask(subject)
        assert hits(answer) == []
        assert answer.area_m2 == pytest.approx(27_988.57, abs=0.01)


def test_case_5_a_multipart_project_counts_pieces_and_shares_of_the_whole(ground: Ground) -> None:
    subject = MultiPolygon([at(0, 0, 100, 100), at(200, 0, 100, 100), at(400, 0, 100, 100)])
    ground.put("land_parcels", at(50, 0, 200, 100))  # 50 m of the first part, 50 m of the second
    ground.put("land_parcels", at(490, 20, 50, 30), "B")  # 10 m × 30 m of the third
    answer = ground.ask(subject)
    parcels = layer(answer, "land_parcels")

    assert parcels.pieces == 3
    assert parcels.items[0].pieces == 2
    # The second part lies farther from the edge of the zone: less of the plane's stretch.
    assert parcels.largest_piece_m2 == pytest.approx(geodesic(at(200, 0, 50, 100)), abs=0.001)
    assert parcels.area_m2 == pytest.approx(geodesic(at(0, 0, 50, 206)), rel=1e-5)
    # (5 000 + 5 000 + 300) of 30 000 m²
    assert parcels.share_of_subject == pytest.approx(100 * 10_300 / 30_000, abs=0.001)


def test_case_6_the_standard_vector(ground: Ground) -> None:
    ground.put("land_parcels", at(120, -30, 200, 130), "R-1")
    ground.put("farmland", at(-40, 120, 100, 100), "F-1")
    answer = ground.ask(PROJECT)
    parcels, farmland = layer(answer, "land_parcels"), layer(answer, "farmland")

    assert answer.crs_overlay == "EPSG:4527"
    assert answer.area_m2 == pytest.approx(27_988.57, abs=0.01)
    assert answer.area_plane_m2 == pytest.approx(28_000, abs=1e-6)
    assert parcels.area_m2 == pytest.approx(7_996.74, abs=0.01)
    assert parcels.area_plane_m2 == pytest.approx(8_000, abs=1e-6)
    assert parcels.share_of_subject == pytest.approx(28.57, abs=0.005)
    assert farmland.area_m2 == pytest.approx(1_799.26, abs=0.01)
    assert farmland.area_plane_m2 == pytest.approx(1_800, abs=1e-6)
    body = render_overlap(answer, {}, datetime(2025, 10, 31, tzinfo=UTC))
    assert body["layers"][0]["area_mu"] == pytest.approx(11.9951, abs=0.00005)
    assert body["layers"][1]["area_mu"] == pytest.approx(2.6989, abs=0.00005)


@pytest.mark.parametrize("srid", [4490, 4326, 4548, 4526, 4547, 3857])
def test_the_standard_vector_is_the_same_in_every_coordinate_system(ground: Ground, srid: int) -> None:
    ground.put("land_parcels", at(120, -30, 200, 130), "R-1")
    moved = transformer(4490, srid).geometry(
        transformer(4527, 4490).geometry(shapely.segmentize(PROJECT, 50))
    )
    answer = ground.ask(moved, srid=srid)

    assert answer.crs_overlay == "EPSG:4527"
    assert answer.area_m2 == pytest.approx(27_988.57, abs=0.01)
    assert answer.area_plane_m2 == pytest.approx(28_000, abs=0.01)
    assert layer(answer, "land_parcels").area_m2 == pytest.approx(7_996.74, abs=0.01)


def test_case_7_a_full_cover_is_one_hundred_percent_without_remainder(ground: Ground) -> None:
    ground.put("land_parcels", at(-50, -50, 400, 400))
    answer = ground.ask(PROJECT, geometry=True)
    parcels = layer(answer, "land_parcels")

    assert parcels.share_of_subject == pytest.approx(100, abs=1e-9)
    assert parcels.remainder_area_m2 == 0
    assert parcels.remainder is None


def test_case_8_the_area_outside_the_urban_boundary_is_reported(ground: Ground) -> None:
    ground.put("urban_boundary", at(1000, 0, 100, 100))
    outside = render_overlap(ground.ask(PROJECT), {}, datetime.now(UTC))["layers"][2]
    ground.put("urban_boundary", at(-10, -10, 110, 200))  # the western 100 m
    partly = render_overlap(ground.ask(PROJECT), {}, datetime.now(UTC))["layers"][2]

    assert not outside["hit"]
    assert outside["outside_area_m2"] == pytest.approx(27_988.57, abs=0.01)
    # East of +100 m there are 100 m × 150 m; the hole ends there.
    assert partly["outside_area_m2"] == pytest.approx(geodesic(at(100, 0, 100, 150)), abs=0.01)


def test_case_9_two_parcels_are_two_rows_with_shares_of_each(ground: Ground) -> None:
    ground.put("land_parcels", at(-60, 0, 80, 50), "P-1")  # 20 of 80 m
    ground.put("land_parcels", at(180, 0, 40, 50), "P-2")  # 20 of 40 m
    parcels = layer(ground.ask(PROJECT), "land_parcels")

    assert sorted(item.code or "" for item in parcels.items) == ["P-1", "P-2"]
    assert parcels.pieces == 2
    shares = {item.code: item.share_of_feature for item in parcels.items}
    assert shares["P-1"] == pytest.approx(25, abs=0.001)
    assert shares["P-2"] == pytest.approx(50, abs=0.001)


def test_case_10_farmland_needs_case_review_and_is_never_called_compliant(ground: Ground) -> None:
    ground.put("farmland", at(-40, 120, 100, 100))
    body = render_overlap(ground.ask(PROJECT), {}, datetime.now(UTC))

    assert body["layers"][1]["hit"] is True
    assert [note["code"] for note in body["layers"][1]["notes"]] == ["needs_case_review"]
    assert "需个案审查" in body["layers"][1]["notes"][0]["zh"]
    assert body["layers"][0]["notes"] == []


def test_case_11_a_heritage_zone_is_named(ground: Ground) -> None:
    ground.put("heritage", at(0, 100, 50, 200), "H-1", name="老街保护范围（虚构）")
    heritage = layer(ground.ask(PROJECT), "heritage")

    assert [item.name for item in heritage.items] == ["老街保护范围（虚构）"]
    assert heritage.area_m2 == pytest.approx(geodesic(at(0, 100, 50, 50)), abs=0.001)


def test_case_12_two_projects_see_each_other_with_the_same_area(ground: Ground) -> None:
    other = Polygon([(E0 + 150, N0 - 20), (E0 + 260, N0 + 40), (E0 + 170, N0 + 130), (E0 + 150, N0 - 20)])
    ground.put("projects", other, "P-2")
    there = layer(ground.ask(PROJECT), "projects")
    ground.put("projects", PROJECT, "P-1")
    without_itself = target("projects", condition=LAYERS[4].condition & not_code("P-2"))
    back = layer(ground.ask(other, [without_itself]), "projects")

    assert [item.code for item in there.items] == ["P-2"]
    assert [item.code for item in back.items] == ["P-1"]
    assert there.area_m2 == pytest.approx(back.area_m2, rel=1e-12)
    assert there.area_m2 == pytest.approx(geodesic(PROJECT.intersection(other)), abs=0.01)


def not_code(code: str) -> Condition:
    return Condition("f.code <> %(self)s", {"self": code})


def test_a_layer_s_area_counts_every_square_metre_once(ground: Ground) -> None:
    ground.put("land_parcels", at(100, 0, 100, 100), "P-1")
    ground.put("land_parcels", at(150, 0, 100, 100), "P-2")
    parcels = layer(ground.ask(PROJECT), "land_parcels")

    assert sum(item.area_m2 for item in parcels.items) == pytest.approx(
        geodesic(at(0, 0, 150, 100)), rel=1e-5
    )
    assert parcels.area_m2 == pytest.approx(geodesic(at(100, 0, 100, 100)), abs=0.01)


def test_classes_are_summed_with_their_counts(ground: Ground) -> None:
    ground.put("land_parcels", at(0, 0, 40, 50), "1", class_code="0103", class_name="旱地")
    ground.put("land_parcels", at(60, 0, 40, 50), "2", class_code="0103", class_name="旱地")
    ground.put("land_parcels", at(150, 0, 30, 50), "3", class_code="0301", class_name="乔木林地")
    classes = layer(ground.ask(PROJECT), "land_parcels").by_class

    assert [(row.class_code, row.class_name, row.count) for row in classes] == [
        ("0103", "旱地", 2),
        ("0301", "乔木林地", 1),
    ]
    assert classes[0].area_m2 == pytest.approx(geodesic(at(0, 0, 80, 50)), rel=1e-5)


def test_pieces_and_remainder_come_back_as_geometry(ground: Ground) -> None:
    ground.put("land_parcels", at(120, -30, 200, 130))
    parcels = layer(ground.ask(PROJECT, geometry=True), "land_parcels")
    piece, remainder = shape(dict(parcels.items[0].geometry or {})), shape(dict(parcels.remainder or {}))

    assert isinstance(piece, MultiPolygon)
    assert isinstance(remainder, MultiPolygon)
    assert geodesic_area_m2(piece) == pytest.approx(7_996.74, abs=0.02)
    assert geodesic_area_m2(remainder) == pytest.approx(27_988.57 - 7_996.74, abs=0.03)
    assert decimals(parcels.items[0].geometry or {}) <= 9


def decimals(geometry: Mapping[str, Any]) -> int:
    text = json.dumps(geometry["coordinates"])
    return max(
        len(number.partition(".")[2])
        for number in text.replace("[", " ").replace("]", " ").replace(",", " ").split()
    )


def test_areas_agree_with_two_formulas_that_know_nothing_of_postgis(ground: Ground) -> None:
    for scale in (0.3, 1, 7, 25):  # 60 m to 5 km
        polygon = shapely.affinity.rotate(shapely.affinity.scale(PROJECT, scale, scale), 31)
        measured = ground.ask(polygon).area_m2
        dense = transformer(4527, 4490).geometry(shapely.segmentize(polygon, 50))
        assert isinstance(dense, Polygon)

        assert measured == pytest.approx(geodesic_area_m2(dense), rel=2e-8)
        assert measured == pytest.approx(survey_area_m2(dense, 117), rel=1e-7)


def test_an_invalid_subject_is_repaired_with_a_warning(ground: Ground) -> None:
    bow_tie = Polygon([(E0, N0), (E0 + 100, N0 + 100), (E0 + 100, N0), (E0, N0 + 100), (E0, N0)])
    ground.put("land_parcels", at(-10, -10, 200, 200))
    answer = ground.ask(bow_tie)

    assert [note.code for note in answer.warnings] == ["subject_repaired"]
    # Two triangles of 100 m × 50 m / 2.
    assert answer.area_plane_m2 == pytest.approx(5_000, abs=1e-6)
    assert layer(answer, "land_parcels").share_of_subject == pytest.approx(100)


def test_an_invalid_feature_is_repaired_and_counted(ground: Ground) -> None:
    bow_tie = Polygon([(E0, N0), (E0 + 40, N0 + 40), (E0 + 40, N0), (E0, N0 + 40), (E0, N0)])
    ground.put("land_parcels", bow_tie)
    answer = ground.ask(PROJECT)

    assert layer(answer, "land_parcels").area_plane_m2 == pytest.approx(800, abs=1e-6)
    assert [note.code for note in answer.warnings] == ["features_repaired"]


def test_lines_and_points_among_the_features_are_no_hit(ground: Ground) -> None:
    ground.put("heritage", LineString([(E0 - 10, N0 + 10), (E0 + 300, N0 + 10)]))  # type: ignore[arg-type]
    ground.put("heritage", Point(E0 + 10, N0 + 10))  # type: ignore[arg-type]

    assert hits(ground.ask(PROJECT)) == []


def test_a_buffer_widens_the_subject_in_its_zone(ground: Ground) -> None:
    ground.put("land_parcels", at(210, 0, 100, 100))
    answer = ground.ask(at(0, 0, 200, 100), buffer_m=20)
    body = render_overlap(answer, {}, datetime.now(UTC))

    # A 200 × 100 m rectangle widened by 20 m: 20 000 + 2·20·300 + about π·20² (64-gon: 1 254.6).
    assert answer.area_plane_m2 == pytest.approx(20_000 + 12_000 + 1_254.6, abs=0.2)
    assert layer(answer, "land_parcels").area_plane_m2 == pytest.approx(10 * 100, abs=0.5)
    assert body["subject"]["area_without_buffer_m2"] == pytest.approx(geodesic(at(0, 0, 200, 100)), abs=0.01)


def test_an_unsurveyed_feature_is_laid_over_from_its_degrees(ground: Ground) -> None:
    ground.put("land_parcels", at(120, -30, 200, 130), surveyed=False)

    assert layer(ground.ask(PROJECT), "land_parcels").area_m2 == pytest.approx(7_996.74, abs=0.01)


def test_a_feature_surveyed_in_the_neighbouring_zone_is_laid_over_too(ground: Ground) -> None:
    dense = shapely.segmentize(at(120, -30, 200, 130), 50)
    ground.put("land_parcels", transformer(4527, 4526).geometry(dense), srid=4526)  # type: ignore[arg-type]

    assert layer(ground.ask(PROJECT), "land_parcels").area_m2 == pytest.approx(7_996.74, abs=0.01)


def test_many_layers_with_the_same_parameter_names_do_not_mix(ground: Ground) -> None:
    ground.put("land_parcels", at(0, 0, 10, 10), "L")
    ground.put("heritage", at(20, 0, 10, 10), "H")
    answer = ground.ask(PROJECT)

    assert [item.code for item in layer(answer, "land_parcels").items] == ["L"]
    assert [item.code for item in layer(answer, "heritage").items] == ["H"]


def test_rows_the_caller_may_not_see_are_no_hit(ground: Ground) -> None:
    ground.put("land_parcels", at(0, 0, 10, 10), "SECRET")
    hidden = target("land_parcels", condition=not_code("SECRET"))

    assert hits(ground.ask(PROJECT, [hidden])) == []


def test_the_answer_has_the_public_shape(ground: Ground) -> None:
    ground.put("land_parcels", at(120, -30, 200, 130), "R-1", class_code="01", class_name="工业")
    body = render_overlap(
        ground.ask(PROJECT, geometry=True), {"land_parcels": "v3"}, datetime(2025, 10, 31, tzinfo=UTC)
    )
    row = body["layers"][0]

    assert {"area_m2", "area_plane_m2", "area_mu", "area_ha", "crs_overlay"} <= set(body["subject"])
    assert {
        "layer",
        "hit",
        "area_m2",
        "area_mu",
        "area_ha",
        "share_of_subject",
        "pieces",
        "largest_piece_m2",
    } <= set(row)
    assert {"class_code", "class_name", "count", "area_m2", "area_mu"} <= set(row["by_class"][0])
    item_keys = {
        "id",
        "code",
        "name",
        "area_m2",
        "area_mu",
        "share_of_subject",
        "share_of_feature",
        "geometry",
    }
    assert item_keys <= set(row["items"][0])
    assert body["slivers"] == {"count": 0, "area_m2": 0}
    assert body["data_versions"] == {"land_parcels": "v3"}
    assert body["computed_at"] == "2025-10-31T00:00:00+00:00"
    assert json.loads(json.dumps(body)) == body


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        ({"type": "GeometryCollection", "geometries": []}, "GeometryCollection"),
        ({"type": "Point", "coordinates": [33, 115.8]}, "swapped"),
        ({"type": "Polygon", "coordinates": []}, "empty"),
        ({"type": "Polygon", "coordinates": [[[115.8, 33], [115.9, 33]]]}, "GeoJSON"),
        ({"type": "Polygon"}, "GeoJSON"),
        ({"type": "Blob", "coordinates": [[[115.8, 33], [115.9, 33], [115.9, 34], [115.8, 33]]]}, "GeoJSON"),
        ({"type": "Polygon", "coordinates": "115.8 33"}, "GeoJSON"),
        (
            {"type": "Polygon", "coordinates": [[[33, 115.8], [33, 115.9], [34, 115.9], [33, 115.8]]]},
            "swapped",
        ),
        ({"type": "Polygon", "coordinates": [[[5, 33], [6, 33], [6, 34], [5, 33]]]}, "zone"),
        ({"type": "Polygon", "coordinates": [[[100, 33], [120, 33], [110, 34], [100, 33]]]}, "split"),
        (
            {
                "type": "Polygon",
                "coordinates": [[[115.8, 33], [115.9, float("nan")], [115.9, 34], [115.8, 33]]],
            },
            "finite",
        ),
    ],
)
def test_what_is_no_usable_polygon_is_refused_with_its_reason(geometry: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidGeometryError, match=words):
        subject_from_geojson(geometry)


def test_eastings_of_another_zone_are_refused() -> None:
    coordinates = [[list(pair) for pair in shapely.affinity.translate(PROJECT, -1_000_000).exterior.coords]]
    with pytest.raises(InvalidGeometryError, match="zone number"):
        subject_from_geojson({"type": "Polygon", "coordinates": coordinates}, "EPSG:4527")


def test_old_datums_are_refused() -> None:
    with pytest.raises(CrsRefusedError, match="datum"):
        subject_from_shape(PROJECT, 2363)


def test_a_subject_across_a_zone_edge_is_answered_with_a_warning(ground: Ground) -> None:
    across = box(115.49, 33.0, 115.52, 33.01)
    answer = ground.ask(across, srid=4490)

    assert [note.code for note in answer.warnings] == ["spans_zones"]
    assert "115.5" in answer.warnings[0].zh
    dense = shapely.segmentize(across, 0.0005)
    assert isinstance(dense, Polygon)
    assert answer.area_m2 == pytest.approx(geodesic_area_m2(dense), rel=1e-7)


def test_a_subject_without_area_is_refused(ground: Ground) -> None:
    flat = Polygon([(E0, N0), (E0 + 100, N0), (E0 + 200, N0), (E0, N0)])
    with pytest.raises(InvalidGeometryError, match="no area"):
        ground.ask(flat)


def test_the_subject_of_the_database_brings_its_own_srid() -> None:
    ewkb = shapely.to_wkb(shapely.set_srid(PROJECT, 4527), include_srid=True)

    assert subject_from_ewkb(ewkb).zone_srid == 4527
    with pytest.raises(InvalidGeometryError):
        subject_from_ewkb(shapely.to_wkb(Point(1, 2)))


@pytest.mark.parametrize("name", ["buffer_m", "min_area_m2", "min_thickness_m"])
@pytest.mark.parametrize("value", [-1.0, 1e10, float("nan")])
def test_options_out_of_range_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        OverlapOptions(**{name: value})  # type: ignore[arg-type]
    assert caught.value.where == name
