"""Shift and turn from control points 控制点: pairs of a point in the model and the same point on the map."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bim.errors import PlacementError

# Points closer than this tell no direction.
_SAME_M = 0.1
# Clicks on imagery are half a metre off; grid and height factors stretch by less than a thousandth.
_ALLOWED_M, _ALLOWED_SHARE = 2.0, 0.002
_UNITS = ((0.001, "millimetres", "毫米"), (0.01, "centimetres", "厘米"), (0.0254, "inches", "英寸"), (0.3048, "feet", "英尺"))  # fmt: skip

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ControlPoint:
    """One pair: metres in the model frame, metres on the map; heights where both are known."""

    local: tuple[float, float]
    map: tuple[float, float]
    local_height: float | None = None
    map_height: float | None = None


@dataclass(frozen=True)
class Residual:
    """How far the fitted place of a control point lies from where it was said to be, metres."""

    point: int
    east_m: float
    north_m: float
    distance_m: float


@dataclass(frozen=True)
class Fit:
    """Where the model's zero lies by least squares, scale held at 1.

    Attributes
    ----------
    eastings, northings : float
        Map metres.
    height : float or None
        Mean of the height differences, None where no pair has both heights.
    rotation_deg : float
        Anti-clockwise from grid east to the model's x axis.
    fitted_scale : float
        The scale a free fit would have found; shown, never used.
    residuals : list of Residual
        In the order of the points.
    """

    eastings: float
    northings: float
    height: float | None
    rotation_deg: float
    fitted_scale: float
    residuals: list[Residual]

    @property
    def largest_m(self) -> float:
        """Largest residual, metres."""
        return max(each.distance_m for each in self.residuals)


def fit_control_points(points: Sequence[ControlPoint]) -> Fit:
    """Fit shift and turn to control points by least squares.

    Parameters
    ----------
    points : sequence of ControlPoint
        Two or more, not on one spot.

    Raises
    ------
    PlacementError
        Fewer than two points, a number that is none, points that coincide, or residuals no survey leaves.

    Examples
    --------
    >>> fit = fit_control_points([
    ...     ControlPoint((0.0, 0.0), (500.0, 1000.0)), ControlPoint((10.0, 0.0), (500.0, 1010.0))])
    >>> round(fit.eastings, 6), round(fit.northings, 6), round(fit.rotation_deg, 6), round(fit.fitted_scale, 6)
    (500.0, 1000.0, 90.0, 1.0)
    """
    if len(points) < 2:
        raise PlacementError(
            f"{len(points)} control point(s) given; at least two are needed to tell shift and turn.",
            f"仅有 {len(points)} 个控制点；至少需要两个才能确定平移与旋转。",
        )
    local, plan = np.array([each.local for each in points]), np.array([each.map for each in points])
    if not (np.isfinite(local).all() and np.isfinite(plan).all()):
        raise PlacementError("A control point holds a value that is no number.", "控制点中含有非数值的坐标。")
    _check_spread(local, "model", "模型")
    _check_spread(plan, "map", "地图")
    fit = _fit(local, plan, points)
    spread = float(np.hypot(*(local - local.mean(axis=0)).T).max())
    if fit.largest_m > max(_ALLOWED_M, _ALLOWED_SHARE * spread):
        raise _refused(fit, local, plan, points)
    return fit


def _check_spread(table: Floats, name_en: str, name_zh: str) -> None:
    for index, one in enumerate(table):
        for other in range(index):
            if math.dist(one, table[other]) < _SAME_M:
                raise PlacementError(
                    f"Control points {other + 1} and {index + 1} are the same spot of the {name_en}; "
                    "choose points far apart.",
                    f"控制点 {other + 1} 与 {index + 1} 在{name_zh}中位于同一处；请选择相距较远的点。",
                )


def _fit(local: Floats, plan: Floats, points: Sequence[ControlPoint]) -> Fit:
    """Turn about the centroids: the scale-free least squares of two point sets."""
    here, there = local.mean(axis=0), plan.mean(axis=0)
    p, q = local - here, plan - there
    along = float((p * q).sum())
    across = float((p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]).sum())
    angle = math.atan2(across, along)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    off = q - p @ turn.T
    shift = there - turn @ here
    heights = [
        each.map_height - each.local_height
        for each in points
        if each.map_height is not None and each.local_height is not None
    ]
    return Fit(
        eastings=float(shift[0]),
        northings=float(shift[1]),
        height=math.fsum(heights) / len(heights) if heights else None,
        rotation_deg=math.degrees(angle),
        fitted_scale=math.hypot(along, across) / float((p * p).sum()),
        residuals=[
            Residual(number, float(east), float(north), math.hypot(east, north))
            for number, (east, north) in enumerate(off, start=1)
        ],
    )


def _refused(fit: Fit, local: Floats, plan: Floats, points: Sequence[ControlPoint]) -> PlacementError:
    """Say how badly the points fit, and the likely reason."""
    worst = max(fit.residuals, key=lambda each: each.distance_m)
    hint_en, hint_zh = _hint(fit, local, plan, points)
    return PlacementError(
        f"The control points do not fit together: point {worst.point} is {worst.distance_m:.3f} m off "
        f"(scale of a free fit {fit.fitted_scale:.6f}). {hint_en}",
        f"控制点互不吻合：第 {worst.point} 点残差 {worst.distance_m:.3f} m（自由拟合尺度 {fit.fitted_scale:.6f}）。{hint_zh}",
    )


def _hint(fit: Fit, local: Floats, plan: Floats, points: Sequence[ControlPoint]) -> tuple[str, str]:
    exchanged = _fit(local, plan[:, ::-1], points)
    if exchanged.largest_m < fit.largest_m / 10:
        return (
            "East and north look exchanged: survey sheets write X = north.",
            "东坐标与北坐标似乎写反：测量成果中 X 为北。",
        )
    for metres, en, zh in _UNITS:
        if abs(fit.fitted_scale / metres - 1.0) < 0.01:
            return f"The model coordinates look like {en}: give metres.", f"模型坐标似为{zh}：请以米为单位。"
    return "Check the pairs, or leave that point out.", "请核对点对，或去掉该点。"
