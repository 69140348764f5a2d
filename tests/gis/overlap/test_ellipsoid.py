"""Areas on the ellipsoid against PROJ's own scale, GeographicLib, and the land survey's series."""

import math
import random
from typing import Any

import numpy as np
import psycopg
import pytest
import shapely
import shapely.affinity
from pyproj import Proj
from shapely.geometry import MultiPolygon, Polygon

from gis.area import geodesic_area_m2, survey_area_m2
from gis.crs import transformer
from gis.overlap import ellipsoidal_area_sql, ellipsoidal_areas_m2

ZONE = 4527
TMERC = "+proj=tmerc +lat_0=0 +lon_0=117 +k=1 +x_0=39500000 +a=6378137 +rf=298.257222101"


def star(chance: random.Random, reach_m: float, hole: bool) -> Polygon:
    """Return a ragged polygon anywhere in the zone, on the millimetre, with or without a hole."""
    middle = (chance.uniform(39_365_000, 39_635_000), chance.uniform(2_100_000, 5_500_000))
    angles = sorted(chance.uniform(0, 2 * math.pi) for _ in range(chance.randint(5, 40)))
    ring = [
        (
            round(middle[0] + reach_m * chance.uniform(0.4, 1) * math.cos(angle), 3),
            round(middle[1] + reach_m * chance.uniform(0.4, 1) * math.sin(angle), 3),
        )
        for angle in angles
    ]
    shape = Polygon(ring)
    if hole and shape.is_valid:
        shape = shape.difference(shapely.Point(middle).buffer(reach_m / 8))  # type: ignore[assignment]
    if not shape.is_valid or not isinstance(shape, Polygon) or shape.area < reach_m**2 / 10:
        return star(chance, reach_m, hole)
    return shape


def many(count: int, seed: int) -> list[Polygon]:
    chance = random.Random(seed)
    return [
        star(chance, chance.choice((60, 200, 700, 2_500, 9_000)), number % 3 == 0) for number in range(count)
    ]


def degrees(polygon: Polygon | MultiPolygon, step_m: float) -> Polygon:
    found = transformer(ZONE, 4490).geometry(shapely.segmentize(polygon, step_m))
    assert isinstance(found, Polygon)
    return found


def test_a_thousand_polygons_agree_with_the_geodesic_and_the_survey_series() -> None:
    polygons = many(1_000, 1)
    ours = ellipsoidal_areas_m2(polygons, ZONE)
    worst = {"geodesic": 0.0, "survey": 0.0}
    for polygon, area in zip(polygons, ours, strict=True):
        dense = degrees(polygon, max(20.0, math.sqrt(polygon.area) / 40))
        worst["geodesic"] = max(worst["geodesic"], abs(area / geodesic_area_m2(dense) - 1))
        worst["survey"] = max(worst["survey"], abs(area / survey_area_m2(dense, 117) - 1))

    assert worst["geodesic"] < 1e-6
    assert worst["survey"] < 1e-6


def test_the_factor_is_the_scale_of_proj_all_over_the_zone() -> None:
    proj = Proj(TMERC)
    for longitude in (114.5, 115.5, 116.2, 117.01, 118.5, 119.5):
        latitudes = np.linspace(3.0, 54.0, 40)
        x, y = proj(np.full(40, longitude), latitudes)
        squares = [shapely.box(e - 5, n - 5, e + 5, n + 5) for e, n in zip(x, y, strict=True)]
        scales = np.asarray(proj.get_factors(np.full(40, longitude), latitudes).areal_scale)

        assert ellipsoidal_areas_m2(squares, ZONE) * scales == pytest.approx(np.full(40, 100.0), rel=1e-9)


def test_postgis_and_numpy_give_the_same_digits(postgis: psycopg.Connection[tuple[Any, ...]]) -> None:
    polygons: list[Polygon | MultiPolygon] = [*many(400, 2), MultiPolygon(many(3, 3)), shapely.box(39_371_200, 3_671_300, 39_371_400, 3_671_450)]  # fmt: skip
    sql = f"""SELECT {ellipsoidal_area_sql(f"ST_GeomFromWKB(wkb, {ZONE})")}
      FROM unnest(%s::bytea[]) WITH ORDINALITY AS u(wkb, n) ORDER BY n"""
    rows = postgis.execute(sql.encode(), ([shape.wkb for shape in polygons],)).fetchall()

    assert [row[0] for row in rows] == pytest.approx(list(ellipsoidal_areas_m2(polygons, ZONE)), rel=1e-12)


def test_coordinates_may_count_from_a_point_near_the_shape(
    postgis: psycopg.Connection[tuple[Any, ...]],
) -> None:
    polygons = many(60, 4)
    corners = np.floor(shapely.bounds(polygons)[:, :2])
    local = [
        shapely.affinity.translate(shape, -east, -north)
        for shape, (east, north) in zip(polygons, corners, strict=True)
    ]
    sql = f"""SELECT {ellipsoidal_area_sql(f"ST_GeomFromWKB(wkb, {ZONE})", "u.east", "u.north")}
      FROM unnest(%s::bytea[], %s::float8[], %s::float8[]) WITH ORDINALITY AS u(wkb, east, north, n) ORDER BY n"""
    values = ([shape.wkb for shape in local], list(corners[:, 0]), list(corners[:, 1]))
    rows = [row[0] for row in postgis.execute(sql.encode(), values).fetchall()]

    assert list(ellipsoidal_areas_m2(local, ZONE, corners)) == pytest.approx(rows, rel=1e-13)
    assert rows == pytest.approx(list(ellipsoidal_areas_m2(polygons, ZONE)), rel=1e-8)


def test_a_wide_shape_is_integrated_over_its_width() -> None:
    # 120 km of a zone's edge: the scale of the middle alone would be 6e-5 off.
    wide = shapely.box(39_360_000, 3_600_000, 39_480_000, 3_640_000)
    strips = [
        shapely.box(east, 3_600_000, east + 1_000, 3_640_000) for east in range(39_360_000, 39_480_000, 1_000)
    ]
    parts = [
        shapely.box(*strip.bounds[:1], south, strip.bounds[2], south + 1_000)
        for strip in strips
        for south in range(3_600_000, 3_640_000, 1_000)
    ]

    assert ellipsoidal_areas_m2([wide], ZONE)[0] == pytest.approx(
        ellipsoidal_areas_m2(parts, ZONE).sum(), rel=1e-8
    )


def test_what_is_empty_has_no_area() -> None:
    assert list(ellipsoidal_areas_m2([Polygon(), MultiPolygon()], ZONE)) == [0.0, 0.0]
