"""Units of a model: the SI factor of every unit a file assigns."""

import math
from dataclasses import dataclass
from typing import Any

from bim.model import Instance, Model, list_instances

_PREFIX = {
    "EXA": 1e18, "PETA": 1e15, "TERA": 1e12, "GIGA": 1e9, "MEGA": 1e6, "KILO": 1e3, "HECTO": 1e2, "DECA": 1e1,
    "DECI": 1e-1, "CENTI": 1e-2, "MILLI": 1e-3, "MICRO": 1e-6, "NANO": 1e-9, "PICO": 1e-12, "FEMTO": 1e-15,
    "ATTO": 1e-18,
}  # fmt: skip
_EXPONENT = 12
_POWER = {"SQUARE_METRE": 2, "CUBIC_METRE": 3}
_PLAIN = {
    "LENGTHUNIT": 1.0,
    "AREAUNIT": 1.0,
    "VOLUMEUNIT": 1.0,
    "PLANEANGLEUNIT": 1.0,
    "MASSUNIT": 1.0,
    "TIMEUNIT": 1.0,
}


@dataclass(frozen=True)
class Units:
    """SI factor per unit type; ``guessed`` names those the file does not assign.

    ``temperature`` is the unit itself: degrees have a zero of their own, which no factor tells.
    """

    factors: dict[str, float]
    guessed: frozenset[str]
    temperature: Instance | None = None

    @property
    def length_m(self) -> float:
        """Metres per project length unit."""
        return self.factors["LENGTHUNIT"]

    @property
    def angle_rad(self) -> float:
        """Radians per project plane-angle unit."""
        return self.factors["PLANEANGLEUNIT"]


def read_units(model: Model) -> Units:
    """Read the units assigned to the project.

    A missing area or volume unit is derived from the length unit and named in ``guessed``; millimetre models
    declare plain square and cubic metres as a rule, so a declared one is never derived.
    """
    found: dict[str, float] = {}
    temperature = None
    for assignment in model.by_type("IfcUnitAssignment"):
        for unit in list_instances(assignment.Units):
            kind = model.value(unit, "UnitType")
            if kind == "THERMODYNAMICTEMPERATUREUNIT" and temperature is None:
                temperature = unit
            factor = compute_factor(model, unit)
            if kind and factor is not None:
                found.setdefault(str(kind), factor)
    length = found.get("LENGTHUNIT", 1.0)
    plain = {**_PLAIN, "AREAUNIT": length**2, "VOLUMEUNIT": length**3}
    return Units({**plain, **found}, frozenset(plain.keys() - found.keys()), temperature)


def compute_factor(model: Model, unit: Instance) -> float | None:
    """Compute the SI factor of a named or derived unit, or None where it has none (money)."""
    if unit.is_a("IfcSIUnit"):
        prefix = _PREFIX.get(str(unit.Prefix), 1.0) if unit.Prefix else 1.0
        gram = 1e-3 if unit.Name == "GRAM" else 1.0
        return float(prefix ** _POWER.get(str(unit.Name), 1)) * gram
    if unit.is_a("IfcDerivedUnit"):
        return _derived_factor(model, unit)
    if not unit.is_a("IfcConversionBasedUnit"):
        return None
    for measure in list_instances(unit.ConversionFactor)[:1]:
        base = next(
            (compute_factor(model, each) for each in list_instances(model.value(measure, "UnitComponent"))),
            None,
        )
        value = unwrap(model.value(measure, "ValueComponent"))
        if base is not None and isinstance(value, int | float) and math.isfinite(value) and value > 0:
            return float(value) * base
    return None


def _derived_factor(model: Model, unit: Instance) -> float | None:
    factor = 1.0
    for element in list_instances(unit.Elements):
        parts = [compute_factor(model, each) for each in list_instances(element.Unit)]
        exponent = element.Exponent
        if len(parts) != 1 or parts[0] is None or not isinstance(exponent, int) or abs(exponent) > _EXPONENT:
            return None
        factor *= parts[0] ** exponent
    return factor if math.isfinite(factor) else None


def unwrap(value: Any) -> Any:
    """Take a measure out of its type wrapper, as in ``IfcLengthMeasure(3.0)``."""
    return value.get_argument(0) if hasattr(type(value), "get_argument") else value


def to_si(value: float, factor: float, shift: float = 0.0) -> float:
    """Convert a value to SI, to fifteen digits: what 2.3 inches are must not carry the noise of a product.

    >>> 0.1 * 3, to_si(0.1, 3.0), to_si(20.0, 1.0, 273.15)
    (0.30000000000000004, 0.3, 293.15)
    """
    return float(value) if factor == 1.0 and not shift else float(f"{value * factor + shift:.15g}")
