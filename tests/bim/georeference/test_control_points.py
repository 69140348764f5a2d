"""Shift and turn from pairs of points; expected numbers by hand."""

import math

import pytest

from bim.errors import PlacementError
from bim.georeference.control_points import ControlPoint, fit_control_points

E, N = 39_371_200.0, 3_671_300.0
COS30, SIN30 = math.cos(math.radians(30)), math.sin(math.radians(30))


def _on_map(x: float, y: float, scale: float = 1.0) -> tuple[float, float]:
    """The hand formula of a map conversion turned by 30 degrees."""
    return E + scale * (COS30 * x - SIN30 * y), N + scale * (SIN30 * x + COS30 * y)


def _pairs(*local: tuple[float, float], scale: float = 1.0) -> list[ControlPoint]:
    return [ControlPoint(each, _on_map(*each, scale)) for each in local]


def test_exact_pairs_give_back_their_shift_and_turn() -> None:
    fit = fit_control_points(_pairs((0.0, 0.0), (60.0, 0.0), (60.0, 24.0), (-5.0, 80.0)))
    assert (fit.eastings, fit.northings) == pytest.approx((E, N), abs=1e-6)
    assert fit.rotation_deg == pytest.approx(30.0, abs=1e-9)
    assert fit.fitted_scale == pytest.approx(1.0, abs=1e-9)
    assert fit.largest_m < 1e-6


def test_two_points_share_what_their_distance_lacks() -> None:
    """100 m in the model, 100.5 m on the map: the scale stays 1, each end is 0.25 m off along the line."""
    fit = fit_control_points([ControlPoint((0.0, 0.0), (E, N)), ControlPoint((100.0, 0.0), (E + 100.5, N))])
    assert (fit.eastings, fit.northings, fit.rotation_deg) == pytest.approx((E + 0.25, N, 0.0), abs=1e-6)
    assert [each.east_m for each in fit.residuals] == pytest.approx([-0.25, 0.25], abs=1e-6)
    assert [each.distance_m for each in fit.residuals] == pytest.approx([0.25, 0.25], abs=1e-6)
    assert fit.fitted_scale == pytest.approx(1.005)


def test_residual_of_one_shifted_corner_of_a_square() -> None:
    """Corner 1 of a 20 m square lies d = 0.8 m too far east. About the middle it is p = (-10, -10), the others alike:
    across = p x d = 8, along = 4 * 200 + p . d = 792, so the square turns by atan(8 / 792) about its shifted middle.
    """
    corners = [(0.0, 0.0), (20.0, 0.0), (20.0, 20.0), (0.0, 20.0)]
    pairs = [ControlPoint(each, (E + each[0], N + each[1])) for each in corners]
    pairs[0] = ControlPoint((0.0, 0.0), (E + 0.8, N))
    fit = fit_control_points(pairs)
    angle = math.atan2(8.0, 792.0)
    assert fit.rotation_deg == pytest.approx(math.degrees(angle), abs=1e-6)
    # Middle of the map points minus the turned middle of the model points (10, 10).
    east = E + 10.2 - (10 * math.cos(angle) - 10 * math.sin(angle))
    north = N + 10.0 - (10 * math.sin(angle) + 10 * math.cos(angle))
    assert (fit.eastings, fit.northings) == pytest.approx((east, north), abs=1e-6)
    assert fit.residuals[0].distance_m == max(each.distance_m for each in fit.residuals)
    assert math.fsum(each.east_m for each in fit.residuals) == pytest.approx(0.0, abs=1e-6)


def test_height_is_the_mean_of_the_differences() -> None:
    one, two = _pairs((0.0, 0.0), (60.0, 0.0))
    fit = fit_control_points(
        [ControlPoint(one.local, one.map, 0.0, 30.1), ControlPoint(two.local, two.map, 3.0, 33.3)]
    )
    assert fit.height == pytest.approx(30.2)
    assert fit_control_points([one, two]).height is None


@pytest.mark.parametrize(
    ("points", "en", "zh"),
    [
        ([], "at least two", "至少需要两个"),
        (_pairs((0.0, 0.0)), "at least two", "至少需要两个"),
        (_pairs((0.0, 0.0), (0.05, 0.0)), "same spot of the model", "同一处"),
        ([ControlPoint((0.0, 0.0), (E, N)), ControlPoint((30.0, 0.0), (E, N))], "same spot of the map", "同一处"),
        ([ControlPoint((0.0, 0.0), (E, math.nan)), ControlPoint((30.0, 0.0), (E, N))], "no number", "非数值"),
        (_pairs((0.0, 0.0), (60.0, 0.0), (0.0, 40.0), scale=1.3), "leave that point out", "去掉该点"),
        (_pairs((0.0, 0.0), (60_000.0, 0.0), (0.0, 40_000.0), scale=0.001), "millimetres", "毫米"),
        (_pairs((0.0, 0.0), (600.0, 0.0), (0.0, 400.0), scale=0.3048), "feet", "英尺"),
        (
            [ControlPoint(each.local, each.map[::-1]) for each in _pairs((0.0, 0.0), (60.0, 0.0), (0.0, 40.0))],
            "East and north look exchanged",
            "写反",
        ),
    ],
)  # fmt: skip
def test_pairs_that_cannot_be_are_refused_with_the_reason(
    points: list[ControlPoint], en: str, zh: str
) -> None:
    with pytest.raises(PlacementError) as refused:
        fit_control_points(points)
    assert en in refused.value.message_en
    assert zh in refused.value.message_zh


def test_grid_factor_over_ten_kilometres_is_no_fault() -> None:
    """1.000226 over 10 km leaves 1.13 m at either end, and is told as the fitted scale."""
    fit = fit_control_points(_pairs((0.0, 0.0), (10_000.0, 0.0), scale=1.000226))
    assert fit.fitted_scale == pytest.approx(1.000226, abs=1e-8)
    assert [each.distance_m for each in fit.residuals] == pytest.approx([1.13, 1.13], abs=1e-3)
