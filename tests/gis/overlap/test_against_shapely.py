"""The same questions put to PostGIS and to shapely: two engines, one answer."""

import math
import random
from collections.abc import Sequence

import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.ops import unary_union

from gis.area import geodesic_area_m2
from gis.crs import transformer
from tests.gis.overlap.conftest import Ground, target

MIDDLE = (39_380_000.0, 3_660_000.0)
PARCELS = (target("land_parcels"),)


def star(chance: random.Random, reach_m: float, at: tuple[float, float], corners: int) -> Polygon:
    """Return a simple polygon with a ragged outline, on the millimetre as a survey gives it."""
    angles = sorted(chance.uniform(0, 2 * math.pi) for _ in range(corners))
    points = [
        (
            round(at[0] + reach_m * chance.uniform(0.3, 1) * math.cos(angle), 3),
            round(at[1] + reach_m * chance.uniform(0.3, 1) * math.sin(angle), 3),
        )
        for angle in angles
    ]
    polygon = Polygon(points)
    return polygon if polygon.is_valid else star(chance, reach_m, at, corners)


def pieces(shape: shapely.Geometry) -> Sequence[Polygon]:
    """Return the parts that the sliver rule keeps, by shapely and pyproj alone."""
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon)]
    return [part for part in parts if ellipsoidal(part) >= 1 and 2 * part.area / part.length >= 0.02]


def ellipsoidal(polygon: Polygon | MultiPolygon) -> float:
    # Dense, as a geodesic is not quite the straight line of the plane.
    found = transformer(4527, 4490).geometry(shapely.segmentize(polygon, 20))
    assert isinstance(found, Polygon | MultiPolygon)
    return geodesic_area_m2(found)


@pytest.mark.parametrize("seed", range(12))
def test_pairs_pieces_and_areas_are_those_of_shapely(ground: Ground, seed: int) -> None:
    chance = random.Random(seed)
    subject = star(chance, 400, MIDDLE, 24)
    features = []
    for _ in range(40):
        at = (MIDDLE[0] + chance.uniform(-500, 500), MIDDLE[1] + chance.uniform(-500, 500))
        features.append(star(chance, chance.choice((30, 120, 300)), at, chance.randint(4, 30)))
    for number, feature in enumerate(features):
        ground.put("land_parcels", feature, f"P-{number}")
    layer = ground.ask(subject, PARCELS).layers[0]

    expected = {
        f"P-{number}": pieces(subject.intersection(feature)) for number, feature in enumerate(features)
    }
    expected = {code: parts for code, parts in expected.items() if parts}
    assert {item.code for item in layer.items} == set(expected)
    for item in layer.items:
        parts = expected[item.code or ""]
        assert item.pieces == len(parts)
        assert item.area_m2 == pytest.approx(sum(ellipsoidal(part) for part in parts), rel=1e-7, abs=1e-4)
        feature = features[int((item.code or "").removeprefix("P-"))]
        assert item.share_of_feature == pytest.approx(100 * item.area_m2 / ellipsoidal(feature), rel=1e-6)
    union = unary_union([part for parts in expected.values() for part in parts])
    assert isinstance(union, Polygon | MultiPolygon)
    assert layer.area_m2 == pytest.approx(ellipsoidal(union), rel=1e-7)
    assert layer.area_plane_m2 == pytest.approx(union.area, rel=1e-9)
    assert layer.remainder_area_m2 == pytest.approx(ellipsoidal(subject) - ellipsoidal(union), abs=50)
