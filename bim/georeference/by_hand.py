"""A placement by hand 人工定位: it wins over the file, and what the file says stays beside it."""

import dataclasses
import math
from typing import Any

import numpy as np

from bim.errors import PlacementError
from bim.georeference.crs_names import (
    has_zone_in_easting,
    is_eight_digit_easting,
    is_in_area,
    is_northing,
    is_six_digit_easting,
    twin_crs,
    zone_crs,
)
from bim.georeference.facts import Point
from bim.georeference.transforms import distance_to_project_m, helmert_matrix, locate, origin_of
from bim.job import Correction, ProjectPlace
from bim.results import Confidence, Georeference

METHOD = "placed_by_hand"
# Farther from the project than this, a position is doubted; beyond the second, hardly believed.
NEAR_M = 5_000.0
FAR_M = 50_000.0


def place_by_hand(
    correction: Correction, file: Georeference, middle: Point, project: ProjectPlace
) -> Georeference:
    """Place a model where a person says it lies.

    Parameters
    ----------
    correction : Correction
        The position given.
    file : Georeference
        What the file itself says; kept under ``file``, its readings as candidates.
    middle : Point
        Middle of the model, metres in its frame: by it the distance to the project is told.
    project : ProjectPlace
        Where the project lies, as far as known.

    Returns
    -------
    Georeference
        Of method ``placed_by_hand``; less sure the farther from the project.
    """
    matrix = correction_matrix(correction)
    place = locate(matrix, middle, correction.crs)
    away = distance_to_project_m(place, project) if place else None
    return Georeference(
        level=file.level,
        method=METHOD,
        crs=correction.crs,
        origin=origin_of(matrix, correction.crs),
        rotation_deg=correction.rotation_deg,
        scale_factor=correction.scale_factor,
        accuracy=correction.accuracy_m,
        confidence=confidence_by_distance(away),
        vertical_datum=None,
        matrix=tuple(matrix.ravel().tolist()),
        candidates=file.candidates,
        warnings=far_warnings(away),
        evidence=[correction.evidence] if correction.evidence else [],
        placement=correction.number,
        file=file_part(file),
    )


def check_lands(correction: Correction) -> None:
    """See that a placement by hand lies on its system at all.

    Raises
    ------
    PlacementError
        The numbers have no image on it, or one outside its area of use; the likely reason is named.
    """
    place = locate(correction_matrix(correction), (0.0, 0.0, 0.0), correction.crs)
    if place is not None and is_in_area(correction.crs, *place):
        return
    hint_en, hint_zh = _miss(correction.eastings, correction.northings, correction.crs)
    raise PlacementError(
        f"E {correction.eastings:.3f}, N {correction.northings:.3f} lies outside the area of {correction.crs}. {hint_en}",
        f"E {correction.eastings:.3f}，N {correction.northings:.3f} 不在 {correction.crs} 的使用范围内。{hint_zh}",
    )


def _miss(east: float, north: float, crs: str) -> tuple[str, str]:
    """The likely reason, told by the digits of CGCS2000 coordinates."""
    if is_northing(east) and (is_eight_digit_easting(north) or is_six_digit_easting(north)):
        return (
            "East and north look exchanged: survey sheets write X = north.",
            "东坐标与北坐标似乎写反：测量成果中 X 为北。",
        )
    fitting = zone_crs(east) if is_eight_digit_easting(east) else None
    if fitting is None and is_six_digit_easting(east) and has_zone_in_easting(crs):
        fitting = twin_crs(crs)
    if fitting is not None and fitting != crs:
        return f"Its digits fit {fitting}.", f"按位数应为 {fitting}。"
    return "Check the numbers and the system.", "请核对坐标与坐标系。"


def correction_matrix(correction: Correction) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Matrix of a placement by hand from local metres to metres of its system.

    >>> correction_matrix(Correction("EPSG:4527", 39371200.0, 3671300.0, rotation_deg=90.0)).round(6)[:2].tolist()
    [[0.0, -1.0, 0.0, 39371200.0], [1.0, 0.0, 0.0, 3671300.0]]
    """
    return helmert_matrix(
        correction.eastings,
        correction.northings,
        correction.height,
        math.radians(correction.rotation_deg),
        correction.scale_factor,
    )


def confidence_by_distance(away_m: float | None) -> Confidence:
    """How far a placement by hand is believed, by its distance to the project (None: not known).

    >>> confidence_by_distance(0.0), confidence_by_distance(9_000.0), confidence_by_distance(90_000.0)
    ('high', 'medium', 'low')
    """
    if away_m is None or away_m <= NEAR_M:
        return "high"
    return "medium" if away_m <= FAR_M else "low"


def far_warnings(away_m: float | None) -> list[str]:
    """What to say of a model that does not lie at its project."""
    if away_m is None or away_m <= NEAR_M:
        return []
    return [f"the model lies {away_m / 1000:.1f} km from the project"]


def file_part(file: Georeference) -> dict[str, Any]:
    """What the file says, as plain values; its candidates stand once, beside."""
    return {**dataclasses.asdict(dataclasses.replace(file, candidates=[])), "placed": file.placed}
