"""Quantities (工程量): every measure with its own unit, and the one that weighs an element in progress."""

import math
from dataclasses import dataclass

from bim.model import Instance, Model, list_instances
from bim.results import QuantityValue
from bim.units import Units, compute_factor, to_si

NET, GROSS, OTHER, MESH, COUNT = "qto_net", "qto_gross", "qto", "mesh", "count"

Quantities = dict[str, dict[str, QuantityValue]]

_KINDS = {
    "IfcQuantityLength": ("LengthValue", "LENGTHUNIT", "m"),
    "IfcQuantityArea": ("AreaValue", "AREAUNIT", "m2"),
    "IfcQuantityVolume": ("VolumeValue", "VOLUMEUNIT", "m3"),
    "IfcQuantityWeight": ("WeightValue", "MASSUNIT", "kg"),
    "IfcQuantityTime": ("TimeValue", "TIMEUNIT", "s"),
    "IfcQuantityCount": ("CountValue", "", "count"),
    "IfcQuantityNumber": ("NumberValue", "", "count"),
}
_DEPTH = 8

# Net before gross, volume before area before length before weight; a plain name counts as gross.
_MAIN = (
    ("NetVolume", NET),
    ("GrossVolume", GROSS),
    ("Volume", GROSS),
    ("NetArea", NET),
    ("NetSideArea", NET),
    ("NetFloorArea", NET),
    ("NetSurfaceArea", NET),
    ("GrossArea", GROSS),
    ("GrossSideArea", GROSS),
    ("GrossFloorArea", GROSS),
    ("GrossSurfaceArea", GROSS),
    ("Area", GROSS),
    ("Length", GROSS),
    ("NetWeight", NET),
    ("GrossWeight", GROSS),
)


@dataclass(frozen=True)
class MainQuantity:
    """The quantity that weighs an element: value, SI unit, source."""

    value: float
    unit: str
    source: str


def read_quantities(model: Model, definition: Instance, units: Units) -> dict[str, QuantityValue]:
    """Read one quantity set in SI units; a quantity's own unit wins over the project's."""
    found: dict[str, QuantityValue] = {}
    _collect(model, list_instances(definition.Quantities), units, found, 0)
    return found


def find_main_quantity(quantities: Quantities) -> MainQuantity | None:
    """Find the stated quantity that weighs an element: net, then gross; of several sets the last that states it.

    >>> find_main_quantity({"Q": {"GrossVolume": {"value": 2.5, "unit": "m3", "source": "qto_gross"}}})
    MainQuantity(value=2.5, unit='m3', source='qto_gross')
    """
    stated = _by_name(quantities)
    for name, source in _MAIN:
        found = stated.get(name)
        if found is not None and found["value"] > 0:
            return MainQuantity(found["value"], found["unit"], source)
    return None


def find_volume_m3(quantities: Quantities) -> float | None:
    """Find the stated volume, net before gross, in cubic metres."""
    stated = _by_name(quantities)
    for name in ("NetVolume", "GrossVolume", "Volume"):
        found = stated.get(name)
        if found is not None and found["unit"] == "m3":
            return found["value"]
    return None


def _by_name(quantities: Quantities) -> dict[str, QuantityValue]:
    if len(quantities) == 1:
        return next(iter(quantities.values()))
    return {name: value for values in quantities.values() for name, value in values.items()}


def complete_quantity(stated: MainQuantity | None, mesh_volume_m3: float | None) -> MainQuantity:
    """Complete a missing quantity: the closed mesh, else one piece.

    >>> complete_quantity(None, None)
    MainQuantity(value=1.0, unit='count', source='count')
    """
    if stated is not None:
        return stated
    if mesh_volume_m3 is not None and mesh_volume_m3 > 0:
        return MainQuantity(mesh_volume_m3, "m3", MESH)
    return MainQuantity(1.0, "count", COUNT)


def _collect(
    model: Model,
    parts: list[Instance],
    units: Units,
    found: dict[str, QuantityValue],
    depth: int,
) -> None:
    for part in parts:
        kind = _KINDS.get(part.is_a())
        if kind is None:
            if depth < _DEPTH and part.is_a("IfcPhysicalComplexQuantity"):
                _collect(model, list_instances(part.HasQuantities), units, found, depth + 1)
            continue
        attribute, unit_type, si_unit = kind
        value = model.value(part, attribute)
        if not isinstance(value, int | float) or not math.isfinite(value):
            continue
        name = str(part.Name or "")
        factor = _factor(model, part, unit_type, units)
        found[name] = QuantityValue(value=to_si(value, factor), unit=si_unit, source=_source(name))


def _factor(model: Model, part: Instance, unit_type: str, units: Units) -> float:
    for unit in list_instances(part.Unit):
        own = compute_factor(model, unit)
        if own is not None:
            return own
    return units.factors.get(unit_type, 1.0)


def _source(name: str) -> str:
    if name.startswith("Net"):
        return NET
    return GROSS if name.startswith("Gross") else OTHER
