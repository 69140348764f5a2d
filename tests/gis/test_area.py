import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon, box

from gis.area import geodesic_area_m2, survey_area_m2
from gis.crs import transformer

SHELL = box(39371200, 3671300, 39371400, 3671450)
HOLE = box(39371250, 3671350, 39371300, 3671390)


def degrees(polygon: Polygon) -> Polygon:
    found = transformer(4527, 4490).geometry(polygon)
    assert isinstance(found, Polygon)
    return found


def test_the_standard_vector_on_the_ellipsoid() -> None:
    project = degrees(Polygon(SHELL.exterior.coords, [HOLE.exterior.coords]))

    assert geodesic_area_m2(project) == pytest.approx(27_988.57, abs=0.005)
    assert survey_area_m2(project) == pytest.approx(27_988.5719, abs=0.0001)


@pytest.mark.parametrize("turn_shell", [False, True])
@pytest.mark.parametrize("turn_hole", [False, True])
def test_a_hole_is_taken_off_whichever_way_the_rings_run(turn_shell: bool, turn_hole: bool) -> None:
    shell = list(SHELL.exterior.coords)[:: -1 if turn_shell else 1]
    hole = list(HOLE.exterior.coords)[:: -1 if turn_hole else 1]
    project = degrees(Polygon(shell, [hole]))

    assert geodesic_area_m2(project) == pytest.approx(27_988.57, abs=0.005)
    assert survey_area_m2(project, 117) == pytest.approx(27_988.57, abs=0.005)


@pytest.mark.parametrize("meridian", [0, 114, 117, 180])
def test_the_survey_formula_does_not_depend_on_its_meridian(meridian: float) -> None:
    assert survey_area_m2(degrees(SHELL), meridian) == pytest.approx(
        survey_area_m2(degrees(SHELL), 115), rel=1e-9
    )


def test_the_two_formulas_agree_on_densified_edges() -> None:
    for side in (100, 1_000, 20_000):
        square = degrees(shapely.segmentize(box(39400000, 3650000, 39400000 + side, 3650000 + side), 50))
        assert survey_area_m2(square, 116) == pytest.approx(geodesic_area_m2(square), rel=1e-7)


def test_parts_are_summed_and_nothing_is_nothing() -> None:
    far = degrees(box(39381200, 3671300, 39381400, 3671450))
    both = MultiPolygon([degrees(SHELL), far])

    assert geodesic_area_m2(both) == pytest.approx(geodesic_area_m2(degrees(SHELL)) + geodesic_area_m2(far))
    assert geodesic_area_m2(Polygon()) == survey_area_m2(MultiPolygon()) == 0
