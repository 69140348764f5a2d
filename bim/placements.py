"""Placements (定位) of objects that are not drawn: where the file puts them, without the kernel."""

from collections.abc import Iterable

import ifcopenshell.util.placement
import numpy as np

from bim.footprint import Floats
from bim.model import Instance, Model

Placement = tuple[float, ...]
_WRONG = (AttributeError, TypeError, ValueError, IndexError, RuntimeError)


def flat_placement(matrix: Floats) -> Placement:
    """Return the upper three rows of a placement matrix, row by row: 12 numbers.

    Examples
    --------
    >>> flat_placement(np.eye(4))[:5]
    (1.0, 0.0, 0.0, 0.0, 0.0)
    """
    return tuple(matrix[:3].ravel().tolist())


def read_placements(model: Model, products: Iterable[Instance], length_m: float) -> dict[int, Placement]:
    """Read where the file puts products, by instance number; metres in the model frame.

    Parameters
    ----------
    length_m : float
        Metres of the project's length unit.

    Notes
    -----
    Products without a placement, or with one along a curve or a grid, are left out: only the kernel could tell.
    """
    known: dict[int, Floats | None] = {}
    found = {}
    for product in products:
        placement = model.value(product, "ObjectPlacement")
        matrix = _matrix(placement, known) if isinstance(placement, ifcopenshell.entity_instance) else None
        if matrix is not None and np.isfinite(matrix).all():
            shown = matrix.copy()
            shown[:3, 3] *= length_m
            found[product.id()] = flat_placement(shown)
    return found


def _matrix(placement: Instance, known: dict[int, Floats | None]) -> Floats | None:
    """Multiply a chain of placements from its root down, each link once however many hang on it."""
    chain = []
    each: Instance | None = placement
    while each is not None and each.id() not in known:
        known[each.id()] = None  # a ring ends here
        chain.append(each)
        each = each.PlacementRelTo if each.is_a("IfcLocalPlacement") else None
    above = known[each.id()] if each is not None else np.eye(4)
    for link in reversed(chain):
        own = _own_matrix(link)
        above = known[link.id()] = None if own is None or above is None else above @ own
    return above


def _own_matrix(placement: Instance) -> Floats | None:
    try:
        if not placement.is_a("IfcLocalPlacement"):
            return None
        axes = placement.RelativePlacement
        if not axes.is_a("IfcAxis2Placement3D") or not axes.Location.is_a("IfcCartesianPoint"):
            return None
        return np.asarray(ifcopenshell.util.placement.get_axis2placement(axes), dtype=np.float64)
    except _WRONG:
        return None
