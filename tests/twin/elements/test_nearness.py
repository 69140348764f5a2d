"""How a shape lies to a project's red line; expected numbers by hand and by PROJ."""

import pyproj
import pytest
import shapely
from sqlalchemy.orm import Session

from tests.rows import SQUARE, add_project
from twin.elements.nearness import Nearness, find_nearness, find_project_place

WEST, SOUTH, EAST, NORTH = SQUARE  # 200 m x 150 m of EPSG:4527
TO_DEGREES = pyproj.Transformer.from_crs(4527, 4490, always_xy=True)


def _near(session: Session, shape: shapely.Geometry, srid: int | None = 4527) -> Nearness | None:
    lonlat = shapely.transform(shape, TO_DEGREES.transform, interleaved=False)
    project = add_project(session)
    return find_nearness(session, project.id, shapely.to_wkb(lonlat), shapely.to_wkb(shape), srid)


def test_half_a_house_inside_is_fifty_percent(session: Session) -> None:
    house = shapely.box(WEST - 10, SOUTH + 20, WEST + 10, SOUTH + 30)
    found = _near(session, house)
    assert found is not None
    assert (found.distance_m, found.inside_share) == (0.0, pytest.approx(50.0, abs=0.01))


def test_of_three_houses_one_inside_one_across_and_one_outside(session: Session) -> None:
    """100 m², 100 m² of which 25 inside, 200 m²: 125 of 400."""
    houses = shapely.MultiPolygon(
        [
            shapely.box(WEST + 50, SOUTH + 50, WEST + 60, SOUTH + 60),
            shapely.box(WEST - 7.5, SOUTH + 50, WEST + 2.5, SOUTH + 60),
            shapely.box(WEST - 100, SOUTH + 50, WEST - 80, SOUTH + 60),
        ]
    )
    found = _near(session, houses)
    assert found is not None
    assert found.inside_share == pytest.approx(31.25, abs=0.01)


def test_a_road_is_shared_by_its_length(session: Session) -> None:
    road = shapely.LineString([(WEST - 300, SOUTH + 75), (EAST, SOUTH + 75)])
    found = _near(session, road)
    assert found is not None
    assert found.inside_share == pytest.approx(100 * 200 / 500, abs=0.01)


def test_a_plane_without_a_number_gives_the_same_share(session: Session) -> None:
    house = shapely.box(WEST - 10, SOUTH + 20, WEST + 10, SOUTH + 30)
    found = _near(session, house, None)
    assert found is not None
    assert found.inside_share == pytest.approx(50.0, abs=0.05)


@pytest.mark.parametrize("away_m", [1_000.0, 90_000.0, 300_000.0])
def test_distance_is_that_of_the_ellipsoid(session: Session, away_m: float) -> None:
    house = shapely.box(WEST - away_m - 10, SOUTH + 70, WEST - away_m, SOUTH + 80)
    found = _near(session, house)
    assert found is not None
    ends = (TO_DEGREES.transform(WEST - away_m, SOUTH + 75), TO_DEGREES.transform(WEST, SOUTH + 75))
    expected = pyproj.Geod(ellps="GRS80").inv(*ends[0], *ends[1])[2]
    # Beyond 200 km no plane serves both, and the distance is told roughly.
    assert found.distance_m == pytest.approx(expected, abs=1.0 if away_m < 200_000 else 500.0)
    assert found.inside_share == 0.0


def test_a_project_without_a_red_line_has_no_place_and_no_distance(session: Session) -> None:
    assert find_project_place(session, None).footprint is None
    box = shapely.to_wkb(shapely.box(115.6, 33.1, 115.7, 33.2))
    assert find_nearness(session, 987_654, box, box, 4490) is None
