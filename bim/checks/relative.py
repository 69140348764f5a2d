"""Where one model stands in the frame of another, by the georeferences of both."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bim.placing import to_lonlat, to_projected

Matrix = NDArray[np.float64]
_ARM_M = 100.0
_TURN_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Relative:
    """The second model's frame in the first's: a rigid 4 × 4 matrix in metres, and how it was found."""

    matrix: Matrix
    method: str
    note: str


def compute_relative(first: dict[str, Any] | None, second: dict[str, Any] | None) -> Relative:
    """Compute the rigid motion from the second model's local metres to the first's.

    Both georeferenced: by them, also across coordinate systems. Otherwise the local coordinates are taken as
    shared, as design teams that work in one frame do, and the result says so.

    Parameters
    ----------
    first, second : dict or None
        ``crs`` and ``matrix`` (row-major 4 × 4, local metres to metres of the system).

    Examples
    --------
    >>> moved = [1.0, 0, 0, 10, 0, 1, 0, 20, 0, 0, 1, 3, 0, 0, 0, 1]
    >>> still = [1.0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    >>> one, two = {"crs": "EPSG:4527", "matrix": still}, {"crs": "EPSG:4527", "matrix": moved}
    >>> [float(v) for v in compute_relative(one, two).matrix[:3, 3].round(6)]
    [10.0, 20.0, 3.0]
    """
    one, two = _frame(first), _frame(second)
    if one is None or two is None:
        return Relative(
            np.eye(4),
            "local",
            "A model has no georeference: the local coordinates of both are taken as shared. "
            "有模型未定位，按共用局部坐标系检查。",
        )
    crs, back = one[0], inverse(one[1])
    corners = np.array([[0, 0, 0, 1], [_ARM_M, 0, 0, 1], [0, _ARM_M, 0, 1]], dtype=float)
    mapped = corners @ two[1].T
    if two[0] != crs:
        lonlat = to_lonlat(mapped[:, :2], two[0])
        mapped[:, :2] = [to_projected(float(lon), float(lat), crs) for lon, lat in lonlat]
    seen = mapped @ back.T
    return Relative(
        _rigid(seen[:, :3]),
        "georeference",
        "The models are placed by their georeferences. 两个模型按各自的地理参考放置。",
    )


def inverse(matrix: Matrix) -> Matrix:
    """Return the motion back."""
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def _frame(place: dict[str, Any] | None) -> tuple[str, Matrix] | None:
    if not place or not place.get("crs") or place.get("confidence") == "none" or not place.get("matrix"):
        return None
    return str(place["crs"]), np.asarray(place["matrix"], dtype=float).reshape(4, 4)


def _rigid(corners: Matrix) -> Matrix:
    """Turn about the vertical through the first corner; grid scale between two zones is left out."""
    arm = corners[1] - corners[0]
    angle = np.arctan2(arm[1], arm[0])
    if abs(angle) < _TURN_TOLERANCE:
        angle = 0.0
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix[:3, 3] = corners[0]
    return matrix
