"""Own survey formulas against PROJ."""

from random import Random

import pytest
from pyproj import Geod, Transformer

from twin.samples.plane import Ring, ellipsoidal_area_m2, to_degrees, to_plane

CGCS2000 = Geod(a=6378137.0, rf=298.257222101)


@pytest.mark.parametrize("zone", [38, 39])
def test_degrees_agree_with_proj_to_a_ten_billionth(zone: int) -> None:
    transform = Transformer.from_crs(4488 + zone, 4490, always_xy=True)
    rng = Random(5)
    for _ in range(500):
        point = (zone * 1e6 + rng.uniform(360_000, 640_000), rng.uniform(3_620_000, 3_700_000))
        assert to_degrees(point) == pytest.approx(transform.transform(*point), abs=1e-10)


def test_plane_point_of_the_knowledge_base() -> None:
    # EPSG:4527 of 115.8°E 33.0°N, as measured with PROJ.
    assert to_plane(115.8, 33.0) == pytest.approx((39387852.7805, 3653387.7256), abs=1e-4)


def test_area_agrees_with_the_geodesic_one() -> None:
    transform = Transformer.from_crs(4527, 4490, always_xy=True)
    ring: Ring = [(39375000.0, 3640000.0), (39378000.0, 3640500.0), (39377000.0, 3643000.0)]
    fine = [(a[0] + (b[0] - a[0]) * k / 200, a[1] + (b[1] - a[1]) * k / 200)
            for a, b in zip(ring, ring[1:] + ring[:1], strict=True) for k in range(200)]  # fmt: skip
    lons, lats = transform.transform([x for x, _ in fine], [y for _, y in fine])
    geodesic = abs(CGCS2000.polygon_area_perimeter(lons, lats)[0])
    assert ellipsoidal_area_m2([[ring]]) == pytest.approx(geodesic, rel=1e-8)


def test_hole_counts_off_whichever_way_it_runs() -> None:
    shell = [
        (39371200.0, 3671300.0),
        (39371400.0, 3671300.0),
        (39371400.0, 3671450.0),
        (39371200.0, 3671450.0),
    ]
    hole = [
        (39371250.0, 3671350.0),
        (39371300.0, 3671350.0),
        (39371300.0, 3671390.0),
        (39371250.0, 3671390.0),
    ]
    areas = [ellipsoidal_area_m2([[shell, ring]]) for ring in (hole, hole[::-1])]
    assert areas == pytest.approx([27988.5719, 27988.5719], abs=1e-3)
