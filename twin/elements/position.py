"""Read where a person says a model lies: typed numbers, or control points, in any system PROJ knows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bim.georeference.by_hand import check_lands
from bim.georeference.control_points import ControlPoint, Fit, fit_control_points
from bim.georeference.crs_names import pick_crs, read_crs
from bim.georeference.facts import CrsText
from bim.georeference.transforms import grid_factors
from bim.job import Correction, ProjectPlace
from bim.placing import to_projected
from twin.errors import InvalidInputError

LONGEST_REASON = 500


@dataclass(frozen=True)
class GivenPlace:
    """A position as given: numbers or control points.

    Attributes
    ----------
    crs : str or None
        Name of the system; without one the project's. In a geographic system east is longitude, north latitude.
    eastings, northings, height : float or None
        Where the model's zero lies.
    rotation_deg : float
        Anti-clockwise from grid east (in a geographic system from true east) to the model's x axis.
    control_points : sequence of ControlPoint
        In place of the numbers; model metres and coordinates of the system.
    reason : str
        Why, in the words of who places.
    """

    crs: str | None
    reason: str
    eastings: float | None = None
    northings: float | None = None
    height: float | None = None
    rotation_deg: float = 0.0
    scale_factor: float = 1.0
    control_points: Sequence[ControlPoint] | None = None


@dataclass(frozen=True)
class Position:
    """A position understood: on a projected system, with the fit it comes from."""

    correction: Correction
    fit: Fit | None = None
    control_points: Sequence[ControlPoint] = ()

    def plain_points(self) -> list[dict[str, Any]]:
        """The control points as plain values, map metres of the projected system."""
        return [
            {
                "local": [*each.local, *([] if each.local_height is None else [each.local_height])],
                "map": [*each.map, *([] if each.map_height is None else [each.map_height])],
            }
            for each in self.control_points
        ]


def read_position(given: GivenPlace, project: ProjectPlace) -> Position:
    """Understand a position and see that it lies on its system.

    Raises
    ------
    InvalidInputError
        The system is unknown, old or not given; numbers are missing or none; there is no reason.
    PlacementError
        Control points contradict themselves, or the position lies outside the system's area of use.
    """
    if not given.reason.strip():
        raise InvalidInputError("Say why: the reason is empty.", "请填写定位理由。", where="reason")
    crs, geographic = _system(given.crs, project)
    if given.control_points is not None:
        position = _by_points(given, given.control_points, crs, geographic, project)
    else:
        position = _by_numbers(given, crs, geographic, project)
    check_lands(position.correction)
    return position


def _system(name: str | None, project: ProjectPlace) -> tuple[str, bool]:
    asked = name or project.crs
    if asked is None:
        raise InvalidInputError(
            "Name the coordinate system, such as EPSG:4527; the project has none.",
            "请指定坐标系，如 EPSG:4527；项目没有可用的坐标系。",
            where="crs",
        )
    found = read_crs(CrsText(asked))
    if found.code is None:
        raise InvalidInputError(
            f"The system {asked} cannot be used: {found.problem_en or 'the name is not understood'}; "
            "give a code such as EPSG:4527.",
            f"无法使用坐标系 {asked}：{found.problem_zh or '名称无法识别'}；请给出代码，如 EPSG:4527。",
            where="crs",
        )
    return found.code, found.geographic


def _by_numbers(given: GivenPlace, crs: str, geographic: bool, project: ProjectPlace) -> Position:
    if given.eastings is None or given.northings is None:
        raise InvalidInputError(
            "Give eastings and northings, or at least two control points.",
            "请给出东坐标与北坐标，或至少两个控制点。",
            where="eastings",
        )
    numbers = (given.eastings, given.northings, given.height or 0.0, given.rotation_deg, given.scale_factor)
    if not all(math.isfinite(each) for each in numbers) or not 0.5 < given.scale_factor < 2.0:
        raise InvalidInputError(
            "Every number must be finite, and the scale factor near 1.",
            "各数值必须有限，尺度因子应接近 1。",
            where="scale_factor",
        )
    east, north, turn = given.eastings, given.northings, given.rotation_deg
    if geographic:
        crs, east, north, turn = _from_degrees(east, north, turn, project)
    # Between -180 and 180, as the file's own rotations.
    turn = math.remainder(turn, 360.0)
    return Position(Correction(crs, east, north, given.height or 0.0, turn, given.scale_factor))


def _from_degrees(
    lon: float, lat: float, turn_deg: float, project: ProjectPlace
) -> tuple[str, float, float, float]:
    """Project a point in degrees; true north is turned to grid north by the convergence."""
    _check_degrees(lon, lat)
    crs = pick_crs(lon, lat, project.crs)
    east, north = to_projected(lon, lat, crs)
    return crs, east, north, turn_deg + grid_factors(lon, lat, crs)[0]


def _check_degrees(lon: float, lat: float) -> None:
    if abs(lon) > 180 or abs(lat) > 90:
        raise InvalidInputError(
            f"{lon}, {lat} is no longitude and latitude in degrees.",
            f"{lon}, {lat} 不是以度表示的经纬度。",
            where="eastings",
        )


def _by_points(
    given: GivenPlace, points: Sequence[ControlPoint], crs: str, geographic: bool, project: ProjectPlace
) -> Position:
    if geographic and points:
        for each in points:
            _check_degrees(*each.map)
        crs = pick_crs(*points[0].map, project.crs)
        points = [
            ControlPoint(each.local, to_projected(*each.map, crs), each.local_height, each.map_height)
            for each in points
        ]
    fit = fit_control_points(points)
    height = fit.height if given.height is None else given.height
    correction = Correction(
        crs, fit.eastings, fit.northings, height or 0.0, fit.rotation_deg, accuracy_m=fit.largest_m
    )
    return Position(correction, fit, points)
