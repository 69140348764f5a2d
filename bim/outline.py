"""The outline of a model: which elements count, which lie far off, their union."""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from bim.footprint import Floats
from bim.model import Model

_LEFT_OUT = (
    "IfcSpatialElement",
    "IfcSpatialStructureElement",
    "IfcSpatialZone",
    "IfcFeatureElement",
    "IfcOpeningElement",
    "IfcVirtualElement",
    "IfcAnnotation",
    "IfcGrid",
    "IfcGeographicElement",
    "IfcPort",
    "IfcLinearPositioningElement",
    "IfcLinearElement",
    "IfcPositioningElement",
    "IfcStructuralItem",
    "IfcStructuralActivity",
    "IfcProxy",
)
_FAR = 20.0
_NEAR_M = 50.0
_SIMPLIFY_M = 0.005


def counts_in_outline(model: Model, ifc_class: str, known: dict[str, bool]) -> bool:
    """Say whether a class shapes the outline: built parts do, rooms, openings, terrain and axes do not."""
    if ifc_class not in known:
        known[ifc_class] = not any(model.is_kind(ifc_class, name) for name in _LEFT_OUT if model.knows(name))
    return known[ifc_class]


def find_outliers(middles: Floats) -> NDArray[np.bool_]:
    """Find points far from the rest: an element left at 0,0,0 among map coordinates would stretch the model.

    Parameters
    ----------
    middles : ndarray, shape (n, 2)
        Middle of each element, metres.

    Examples
    --------
    >>> find_outliers(np.array([[500.0, 0.0], [510.0, 0.0], [520.0, 5.0], [9e6, 0.0]])).tolist()
    [False, False, False, True]
    """
    if len(middles) < 3:
        return np.zeros(len(middles), dtype=bool)
    away = np.hypot(*(middles - np.median(middles, axis=0)).T)
    return np.asarray(away > _FAR * max(float(np.median(away)), _NEAR_M))


def compute_outline(footprints: NDArray[np.object_]) -> BaseGeometry | None:
    """Compute the union of polygons; lines and None are left out, None where nothing is left."""
    areas = [shape for shape in footprints if shape is not None and shape.area > 0]
    if not areas:
        return None
    try:
        union = shapely.union_all(areas)
    except shapely.errors.GEOSException:
        union = shapely.union_all(areas, grid_size=0.001)
    return shapely.simplify(union, _SIMPLIFY_M)
