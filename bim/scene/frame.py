"""Where a scene stands on the globe: from the model frame to east, north, up at a point, and on to the earth's centre."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from pyproj import Proj, Transformer

from bim.footprint import Floats
from bim.placing import projected_crs, to_lonlat
from bim.scene.results import Vector


@dataclass(frozen=True)
class Frame:
    """A tangent frame.

    Attributes
    ----------
    longitude, latitude : float
        Degrees (CGCS2000 or WGS 84, which are one here) of the scene's local origin.
    height_m : float
        As the georeference gives it: no geoid is applied.
    enu_from_model : ndarray, (4, 4)
        From metres of the model frame, counted from the local origin, to metres east, north, up of it.
    """

    longitude: float
    latitude: float
    height_m: float
    enu_from_model: Floats

    @property
    def ecef_from_enu(self) -> Floats:
        """From east, north, up of the origin to the earth's centre, metres."""
        return _ecef_from_enu(self.longitude, self.latitude, self.height_m)

    @property
    def ecef_from_model(self) -> Floats:
        """From metres of the model frame, counted from the local origin, to the earth's centre."""
        return np.asarray(self.ecef_from_enu @ self.enu_from_model)


def compute_frame(matrix: tuple[float, ...], crs: str, local_origin: Vector) -> Frame:
    """Compute the frame of a georeferenced model.

    Parameters
    ----------
    matrix : tuple of float
        Row-major 4 x 4 from local metres to metres of the projected system and height.
    crs : str
        Projected system.
    local_origin : tuple of float
        Point of the model frame, metres.

    Notes
    -----
    The axes of a projected system are neither east nor north: with the meridian convergence γ and the point scale k,
    east = (E cos γ + N sin γ) / k and north = (−E sin γ + N cos γ) / k. The tangent plane leaves the ground by
    d²/2R: 8 cm at 1 km.

    Examples
    --------
    >>> plain = (1, 0, 0, 39387852.7805, 0, 1, 0, 3653387.7256, 0, 0, 1, 20, 0, 0, 0, 1)
    >>> frame = compute_frame(plain, "EPSG:4527", (0.0, 0.0, 0.0))
    >>> [round(float(value), 4) for value in frame.enu_from_model @ [0, 100, 0, 1]]
    [-1.1406, 99.978, 0.0, 1.0]
    """
    placed = np.asarray(matrix, dtype=np.float64).reshape(4, 4)
    east, north, height = (placed @ [*local_origin, 1.0])[:3].tolist()
    longitude, latitude = to_lonlat(np.array([[east, north]]), crs)[0].tolist()
    factors = Proj(projected_crs(crs)).get_factors(longitude, latitude)
    turn, scale = np.radians(factors.meridian_convergence), factors.meridional_scale
    level = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) / scale
    enu = np.eye(4)
    enu[:2, :3] = level @ placed[:2, :3]
    enu[2, :3] = placed[2, :3]
    return Frame(longitude, latitude, height, enu)


def _ecef_from_enu(longitude: float, latitude: float, height_m: float) -> Floats:
    east, north = np.radians(longitude), np.radians(latitude)
    sin_l, cos_l, sin_p, cos_p = np.sin(east), np.cos(east), np.sin(north), np.cos(north)
    matrix = np.eye(4)
    matrix[:3, 0] = -sin_l, cos_l, 0.0
    matrix[:3, 1] = -sin_p * cos_l, -sin_p * sin_l, cos_p
    matrix[:3, 2] = cos_p * cos_l, cos_p * sin_l, sin_p
    matrix[:3, 3] = _geocentric().transform(longitude, latitude, height_m)
    return matrix


@lru_cache(maxsize=1)
def _geocentric() -> Transformer:
    return Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
