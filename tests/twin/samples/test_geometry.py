"""Geometry of the layers: valid, where it should be, and meeting only where it was planned to."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import shapely
from pyproj import Geod, Transformer
from shapely import STRtree, from_wkt
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

Features = Callable[[str], list[dict[str, Any]]]
LAYERS = ("footprints", "land_parcels", "control_areas")
# Pairs that are planned to meet (sample-data §6), by name and overlap in m² of the plane.
PLANNED = [
    ("晴川里产业园标准厂房项目", "CB-2025-001", 0.0),
    ("晴川里产业园标准厂房项目", "CB-2025-002", 0.0),
    ("石榴园食品产业园项目", "CB-2025-003", 0.3),
    ("石榴园食品产业园项目", "JBNT0001", 0.3),
    ("紫藤智能装备产业园项目", "CB-2025-004", 5400.0),
    ("木棉智能装备产业园项目", "CB-2025-005", 8000.0),
    ("木棉智能装备产业园项目", "JBNT0003", 1800.0),
    ("雁回社区医院建设项目", "CB-2025-006", 25200.0),
    ("萤火实验学校建设项目", "CB-2025-007", 6000.0),
    ("萤火实验学校建设项目", "CB-2025-008", 4800.0),
    ("听雨路灯节能改造工程", "JBNT0004", 6000.0),
    ("听松老街风貌保护与更新项目", "WB001", 5600.0),
    ("汀兰片区雨污分流工程", "汀兰片区供水管网改造工程", 6000.0),
]


def _name(properties: dict[str, Any]) -> str:
    if "parcel_no" in properties:
        return str(properties["parcel_no"])
    return str(properties["code"] if "layer" in properties else properties["name"])


@pytest.fixture(scope="module")
def surveyed(features: Features) -> dict[str, list[tuple[dict[str, Any], BaseGeometry]]]:
    return {
        layer: [(f["properties"], from_wkt(f["properties"]["survey_wkt"])) for f in features(layer)]
        for layer in LAYERS
    }


@pytest.mark.parametrize("layer", LAYERS)
def test_both_geometries_are_valid_multipolygons_with_shells_anticlockwise(
    features: Features, surveyed: dict[str, list[tuple[dict[str, Any], BaseGeometry]]], layer: str
) -> None:
    shapes = [g for _, g in surveyed[layer]] + [shape(f["geometry"]) for f in features(layer)]
    assert all(g.is_valid and g.geom_type == "MultiPolygon" for g in shapes)
    polygons = [p for g in shapes for p in g.geoms]  # type: ignore[attr-defined]
    assert all(p.exterior.is_ccw and not any(ring.is_ccw for ring in p.interiors) for p in polygons)


@pytest.mark.parametrize("layer", LAYERS)
def test_degrees_are_the_image_of_the_survey_coordinates(
    features: Features, surveyed: dict[str, list[tuple[dict[str, Any], BaseGeometry]]], layer: str
) -> None:
    transform = Transformer.from_crs(4527, 4490, always_xy=True)
    for feature, (_, survey) in zip(features(layer), surveyed[layer], strict=True):
        lon, lat = transform.transform(*shapely.get_coordinates(survey).T)
        found = shapely.get_coordinates(shape(feature["geometry"]))
        assert abs(found[:, 0] - lon).max() < 1e-9
        assert abs(found[:, 1] - lat).max() < 1e-9
        assert 115.6 <= lon.min() <= lon.max() <= 116.0
        assert 32.8 <= lat.min() <= lat.max() <= 33.3


def test_no_edge_is_longer_than_500_metres(
    surveyed: dict[str, list[tuple[dict[str, Any], BaseGeometry]]],
) -> None:
    rings = [
        list(ring.coords)
        for items in surveyed.values()
        for _, g in items
        for polygon in g.geoms  # type: ignore[attr-defined]
        for ring in (polygon.exterior, *polygon.interiors)
    ]
    longest = max(
        ((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2) ** 0.5 for ring in rings for a, b in pairwise(ring)
    )
    assert longest <= 500


def test_only_planned_pairs_meet(surveyed: dict[str, list[tuple[dict[str, Any], BaseGeometry]]]) -> None:
    items = [item for layer in LAYERS for item in surveyed[layer] if item[0].get("layer") != "dltb"]
    names, shapes = [_name(p) for p, _ in items], [g for _, g in items]
    left, right = STRtree(shapes).query(shapes, predicate="intersects")
    met = {
        (names[a], names[b]): round(shapes[a].intersection(shapes[b]).area, 3)
        for a, b in zip(left, right, strict=True)
        if a < b
    }
    assert sorted((a, b, area) for (a, b), area in met.items()) == sorted(PLANNED)


def test_land_use_patches_tile_their_extent(
    surveyed: dict[str, list[tuple[dict[str, Any], BaseGeometry]]],
) -> None:
    patches = [g for p, g in surveyed["control_areas"] if p["layer"] == "dltb"]
    whole = shapely.union_all(patches)
    assert len(patches) == 600
    assert whole.geom_type == "Polygon"
    assert whole.area == pytest.approx(12_000 * 8_000, abs=1e-3)
    assert sum(g.area for g in patches) == pytest.approx(whole.area, abs=1e-3)


def test_control_layers_have_their_counts_and_class_mix(features: Features) -> None:
    properties = [f["properties"] for f in features("control_areas")]
    counts = {
        layer: sum(p["layer"] == layer for p in properties) for layer in ("dltb", "farmland", "ecology")
    }
    assert counts == {"dltb": 600, "farmland": 40, "ecology": 6}
    classes = [p["class_name"] for p in properties if p["layer"] == "dltb"]
    mix = {
        "旱地": 180,
        "水浇地": 150,
        "乔木林地": 48,
        "坑塘水面": 42,
        "农村宅基地": 72,
        "城镇住宅用地": 72,
        "公路用地": 36,
    }
    assert {name: classes.count(name) for name in mix} == mix


@pytest.mark.parametrize("layer", LAYERS)
def test_stated_areas_are_ellipsoidal_by_proj_as_well(
    surveyed: dict[str, list[tuple[dict[str, Any], BaseGeometry]]], layer: str
) -> None:
    transform = Transformer.from_crs(4527, 4490, always_xy=True)
    for properties, survey in surveyed[layer]:
        dense = shapely.segmentize(survey, 50)
        degrees = shapely.transform(dense, lambda xy: _columns(transform, xy))
        area = abs(Geod(a=6378137.0, rf=298.257222101).geometry_area_perimeter(degrees)[0])
        assert float(properties["stated_area_m2"]) == pytest.approx(area, rel=1e-8, abs=0.006)
        assert float(properties["stated_plane_area_m2"]) == pytest.approx(survey.area, abs=0.006)


def _columns(transform: Transformer, xy: Any) -> Any:
    lon, lat = transform.transform(xy[:, 0], xy[:, 1])
    return shapely.get_coordinates(shapely.points(lon, lat))


def test_released_land_sums_to_1200_mu(features: Features) -> None:
    released = [f["properties"] for f in features("land_parcels") if f["properties"]["released_on"]]
    area_mu = sum(p["stated_area_m2"] for p in released) * 3 / 2000
    assert round(area_mu, 2) == 1200


def test_parcels_measure_2_to_120_mu(features: Features) -> None:
    sizes = [f["properties"]["stated_area_m2"] * 3 / 2000 for f in features("land_parcels")]
    assert len(sizes) == 80
    assert min(sizes) >= 2
    assert max(sizes) <= 120


def test_sensitive_layers_are_not_public(features: Features) -> None:
    for feature in features("control_areas"):
        properties = feature["properties"]
        internal = properties["layer"] in ("dltb", "farmland", "ecology")
        assert properties["public_visible"] is not internal
        assert properties["sensitivity"] == ("internal" if internal else "public")
