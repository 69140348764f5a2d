"""Placements (定位) of objects before they are drawn: where the file puts them, without the kernel."""

import math
from collections.abc import Iterable

import ifcopenshell

from bim.footprint import Floats
from bim.model import Instance, Model

Placement = tuple[float, ...]

_WRONG = (AttributeError, TypeError, ValueError, IndexError, RuntimeError)
_LOCAL = "IfcLocalPlacement"
_REL_TO, _RELATIVE = 0, 1  # positions in it
_SHORT = 1e-12
_UNMOVED: Placement = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_UNLIKE = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))  # what x is made of where none is given: never along z


def flat_placement(matrix: Floats) -> Placement:
    """Return the upper three rows of a placement matrix, row by row: 12 numbers.

    Examples
    --------
    >>> import numpy as np
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
    Plain numbers, each link of a chain and each pair of axes once: a tenth of the time of the library's matrices.
    """
    reader = _PlacementReader()
    found: dict[int, Placement] = {}
    for product in products:
        placement = model.value(product, "ObjectPlacement")
        matrix = reader.read(placement) if isinstance(placement, ifcopenshell.entity_instance) else None
        if matrix is not None and all(map(math.isfinite, matrix)):
            ax, bx, cx, x, ay, by, cy, y, az, bz, cz, z = matrix
            shift_x, shift_y, shift_z = x * length_m, y * length_m, z * length_m
            found[product.id()] = (ax, bx, cx, shift_x, ay, by, cy, shift_y, az, bz, cz, shift_z)
    return found


class _PlacementReader:
    """Multiplies chains of placements from their roots down, each link once however many hang on it."""

    def __init__(self) -> None:
        self._known: dict[int, Placement | None] = {}
        self._axes: dict[int, Placement | None] = {}

    def read(self, placement: Instance) -> Placement | None:
        chain = []
        each: Instance | None = placement
        while each is not None and each.id() not in self._known:
            self._known[each.id()] = None  # a ring ends here
            chain.append(each)
            each = self._above(each)
        above = self._known[each.id()] if each is not None else _UNMOVED
        for link in reversed(chain):
            own = self._own(link)
            above = None if own is None or above is None else _product(above, own)
            self._known[link.id()] = above
        return above

    def _above(self, placement: Instance) -> Instance | None:
        above = placement.get_argument(_REL_TO) if placement.is_a() == _LOCAL else None
        return above if isinstance(above, ifcopenshell.entity_instance) else None

    def _own(self, placement: Instance) -> Placement | None:
        try:
            if placement.is_a() != _LOCAL:
                return None
            axes = placement.get_argument(_RELATIVE)
            number = axes.id()
            if number not in self._axes:
                self._axes[number] = _axes_matrix(axes)
            return self._axes[number]
        except _WRONG:
            return None


def _axes_matrix(axes: Instance) -> Placement | None:
    """Matrix of an IfcAxis2Placement3D: x is taken at a right angle to z, as ISO 10303-42 has it."""
    location = axes.get_argument(0)
    if axes.is_a() != "IfcAxis2Placement3D" or location.is_a() != "IfcCartesianPoint":
        return None
    at = (*location.get_argument(0), 0.0, 0.0)[:3]
    up, ahead = axes.get_argument(1), axes.get_argument(2)
    z = _unit(_three(up)) if up is not None else (0.0, 0.0, 1.0)
    wanted = _three(ahead) if ahead is not None else _UNLIKE[abs(z[0]) > 1.0 - 1e-9]
    along = _dot(wanted, z)
    x = _unit((wanted[0] - along * z[0], wanted[1] - along * z[1], wanted[2] - along * z[2]))
    y = (z[1] * x[2] - z[2] * x[1], z[2] * x[0] - z[0] * x[2], z[0] * x[1] - z[1] * x[0])
    return x[0], y[0], z[0], float(at[0]), x[1], y[1], z[1], float(at[1]), x[2], y[2], z[2], float(at[2])


def _three(direction: Instance) -> tuple[float, float, float]:
    x, y, z = (*direction.get_argument(0), 0.0)[:3]
    return float(x), float(y), float(z)


def _dot(one: tuple[float, float, float], two: tuple[float, float, float]) -> float:
    return one[0] * two[0] + one[1] * two[1] + one[2] * two[2]


def _unit(vector: tuple[float, float, float]) -> tuple[float, float, float]:
    """Scale to length one; a vector of no length is an error, as of the wrong type."""
    length = math.sqrt(_dot(vector, vector))
    if length < _SHORT:
        raise ValueError(vector)
    return vector[0] / length, vector[1] / length, vector[2] / length


def _product(a: Placement, b: Placement) -> Placement:
    """Multiply two placements: first the second, then the first."""
    a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11 = a
    b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11 = b
    return (
        a0 * b0 + a1 * b4 + a2 * b8,
        a0 * b1 + a1 * b5 + a2 * b9,
        a0 * b2 + a1 * b6 + a2 * b10,
        a0 * b3 + a1 * b7 + a2 * b11 + a3,
        a4 * b0 + a5 * b4 + a6 * b8,
        a4 * b1 + a5 * b5 + a6 * b9,
        a4 * b2 + a5 * b6 + a6 * b10,
        a4 * b3 + a5 * b7 + a6 * b11 + a7,
        a8 * b0 + a9 * b4 + a10 * b8,
        a8 * b1 + a9 * b5 + a10 * b9,
        a8 * b2 + a9 * b6 + a10 * b10,
        a8 * b3 + a9 * b7 + a10 * b11 + a11,
    )
