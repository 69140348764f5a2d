"""Measures (计量值): the SI value of a property whose type tells what it measures."""

import math
from typing import Any

from bim.model import Instance, Model, list_instances
from bim.units import Units, compute_factor, to_si

# Defined types of IFC with the unit type that governs them and the SI unit their value becomes.
_LENGTH, _AREA, _VOLUME = ("LENGTHUNIT", "m"), ("AREAUNIT", "m2"), ("VOLUMEUNIT", "m3")
_ANGLE, _TEMPERATURE = ("PLANEANGLEUNIT", "rad"), ("THERMODYNAMICTEMPERATUREUNIT", "K")
MEASURES: dict[str, tuple[str, str]] = {
    "IfcLengthMeasure": _LENGTH,
    "IfcPositiveLengthMeasure": _LENGTH,
    "IfcNonNegativeLengthMeasure": _LENGTH,
    "IfcAreaMeasure": _AREA,
    "IfcVolumeMeasure": _VOLUME,
    "IfcPlaneAngleMeasure": _ANGLE,
    "IfcPositivePlaneAngleMeasure": _ANGLE,
    "IfcMassMeasure": ("MASSUNIT", "kg"),
    "IfcTimeMeasure": ("TIMEUNIT", "s"),
    "IfcThermodynamicTemperatureMeasure": _TEMPERATURE,
    "IfcPowerMeasure": ("POWERUNIT", "W"),
    "IfcPressureMeasure": ("PRESSUREUNIT", "Pa"),
    "IfcForceMeasure": ("FORCEUNIT", "N"),
    "IfcEnergyMeasure": ("ENERGYUNIT", "J"),
    "IfcElectricVoltageMeasure": ("ELECTRICVOLTAGEUNIT", "V"),
    "IfcElectricCurrentMeasure": ("ELECTRICCURRENTUNIT", "A"),
    "IfcFrequencyMeasure": ("FREQUENCYUNIT", "Hz"),
    "IfcIlluminanceMeasure": ("ILLUMINANCEUNIT", "lx"),
    "IfcLuminousFluxMeasure": ("LUMINOUSFLUXUNIT", "lm"),
    "IfcVolumetricFlowRateMeasure": ("VOLUMETRICFLOWRATEUNIT", "m3/s"),
    "IfcMassFlowRateMeasure": ("MASSFLOWRATEUNIT", "kg/s"),
    "IfcMassDensityMeasure": ("MASSDENSITYUNIT", "kg/m3"),
    "IfcMassPerLengthMeasure": ("MASSPERLENGTHUNIT", "kg/m"),
    "IfcLinearVelocityMeasure": ("LINEARVELOCITYUNIT", "m/s"),
    "IfcAreaDensityMeasure": ("AREADENSITYUNIT", "kg/m2"),
    "IfcThermalTransmittanceMeasure": ("THERMALTRANSMITTANCEUNIT", "W/(m2.K)"),
    "IfcThermalConductivityMeasure": ("THERMALCONDUCTANCEUNIT", "W/(m.K)"),
    "IfcSpecificHeatCapacityMeasure": ("SPECIFICHEATCAPACITYUNIT", "J/(kg.K)"),
    "IfcHeatFluxDensityMeasure": ("HEATFLUXDENSITYUNIT", "W/m2"),
    "IfcPlanarForceMeasure": ("PLANARFORCEUNIT", "Pa"),
    "IfcLinearForceMeasure": ("LINEARFORCEUNIT", "N/m"),
    "IfcModulusOfElasticityMeasure": ("MODULUSOFELASTICITYUNIT", "Pa"),
}
_ZERO_CELSIUS_K = 273.15
SiValue = list[Any]


def compute_si(model: Model, typed: list[Instance], own: Any, units: Units) -> SiValue | None:
    """Compute the SI values of typed values of one property: numbers, then the unit as text.

    Parameters
    ----------
    typed : list of instances
        Values in their type wrapper, as in ``IfcLengthMeasure(240.)``; all of one type.
    own : Any
        The property's own unit, which wins over the project's; None where it has none.

    Returns
    -------
    list or None
        ``[0.24, "m"]``; None where the type is no measure, a value is no finite number, or the factor of
        its unit is not known. A derived unit the file does not assign counts as SI, as the standard has it.
    """
    measure = MEASURES.get(typed[0].is_a()) if typed else None
    if measure is None:
        return None
    unit_type, symbol = measure
    conversion = _conversion(model, own, unit_type, units)
    values = [each.get_argument(0) for each in typed]
    if conversion is None or not all(_is_number(value) for value in values):
        return None
    factor, shift = conversion
    return [*(to_si(value, factor, shift) for value in values), symbol]


def _conversion(model: Model, own: Any, unit_type: str, units: Units) -> tuple[float, float] | None:
    unit = next(iter(list_instances(own)), None)
    if unit_type == _TEMPERATURE[0]:
        return _temperature(unit if unit is not None else units.temperature)
    if unit is None:
        return units.factors.get(unit_type, 1.0), 0.0
    factor = compute_factor(model, unit)
    return None if factor is None else (factor, 0.0)


def _temperature(unit: Instance | None) -> tuple[float, float] | None:
    if unit is None:
        return 1.0, 0.0
    if not unit.is_a("IfcSIUnit"):
        return None
    return 1.0, (_ZERO_CELSIUS_K if unit.Name == "DEGREE_CELSIUS" else 0.0)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
