"""What the scene shows, and under which discipline 专业: rules by class name alone, the same for every schema."""

from typing import Final, Literal

Discipline = Literal["structure", "architecture", "mep", "civil", "other"]


def _classes(names: str) -> frozenset[str]:
    return frozenset(names.split())


# Not built, or no body: out of the scene as they are off the map (element_is_drawn in SQL), but for the ground,
# which the site carries: it would cover every footprint on the map, and belongs into a scene.
NOT_DRAWN: Final = _classes(
    """
    IfcAlignment IfcAlignmentCant IfcAlignmentHorizontal IfcAlignmentSegment IfcAlignmentVertical IfcAnnotation
    IfcBridge IfcBridgePart IfcBuilding IfcBuildingStorey IfcDistributionPort IfcExternalSpatialElement
    IfcExternalSpatialStructureElement IfcFacility IfcFacilityPart IfcFacilityPartCommon IfcGrid IfcLinearElement
    IfcLinearPositioningElement IfcMarineFacility IfcMarinePart IfcOpeningElement IfcOpeningStandardCase IfcPort
    IfcPositioningElement IfcRailway IfcRailwayPart IfcReferent IfcRoad IfcRoadPart IfcSpace IfcSpatialZone
    IfcVirtualElement IfcVoidingFeature
    """
)

# Every distribution element.
_MEP: Final = _classes(
    """
    IfcActuator IfcAirTerminal IfcAirTerminalBox IfcAirToAirHeatRecovery IfcAlarm
    IfcAudioVisualAppliance IfcBoiler IfcBurner IfcCableCarrierFitting IfcCableCarrierSegment
    IfcCableFitting IfcCableSegment IfcChiller IfcCoil IfcCommunicationsAppliance IfcCompressor
    IfcCondenser IfcController IfcConveyorSegment IfcCooledBeam IfcCoolingTower IfcDamper
    IfcDistributionBoard IfcDistributionChamberElement IfcDistributionControlElement
    IfcDistributionElement IfcDistributionFlowElement IfcDuctFitting IfcDuctSegment IfcDuctSilencer
    IfcElectricAppliance IfcElectricDistributionBoard IfcElectricDistributionPoint
    IfcElectricFlowStorageDevice IfcElectricFlowTreatmentDevice IfcElectricGenerator
    IfcElectricMotor IfcElectricTimeControl IfcElectricalElement IfcEnergyConversionDevice IfcEngine
    IfcEvaporativeCooler IfcEvaporator IfcFan IfcFilter IfcFireSuppressionTerminal IfcFlowController
    IfcFlowFitting IfcFlowInstrument IfcFlowMeter IfcFlowMovingDevice IfcFlowSegment
    IfcFlowStorageDevice IfcFlowTerminal IfcFlowTreatmentDevice IfcHeatExchanger IfcHumidifier
    IfcInterceptor IfcJunctionBox IfcLamp IfcLightFixture IfcLiquidTerminal IfcMedicalDevice
    IfcMobileTelecommunicationsAppliance IfcMotorConnection IfcOutlet IfcPipeFitting IfcPipeSegment
    IfcProtectiveDevice IfcProtectiveDeviceTrippingUnit IfcPump IfcSanitaryTerminal IfcSensor
    IfcSignal IfcSolarDevice IfcSpaceHeater IfcStackTerminal IfcSwitchingDevice IfcTank
    IfcTransformer IfcTubeBundle IfcUnitaryControlElement IfcUnitaryEquipment IfcValve
    IfcWasteTerminal
    """
)

# What carries, by its class; a wall counts as architecture, since its class does not say whether it carries.
_STRUCTURE: Final = _classes(
    """
    IfcBeam IfcBeamStandardCase IfcBearing IfcCaissonFoundation IfcColumn IfcColumnStandardCase
    IfcDeepFoundation IfcDiscreteAccessory IfcFastener IfcFooting IfcMechanicalFastener IfcMember
    IfcMemberStandardCase IfcPile IfcPlate IfcPlateStandardCase IfcReinforcingBar
    IfcReinforcingElement IfcReinforcingMesh IfcSlab IfcSlabElementedCase IfcSlabStandardCase
    IfcTendon IfcTendonAnchor IfcTendonConduit IfcVibrationDamper IfcVibrationIsolator
    """
)

# Ground, roads and rails.
_CIVIL: Final = _classes(
    """
    IfcBorehole IfcCivilElement IfcCourse IfcEarthworksCut IfcEarthworksElement IfcEarthworksFill
    IfcGeographicElement IfcGeomodel IfcGeoslice IfcGeotechnicalAssembly IfcGeotechnicalElement
    IfcGeotechnicalStratum IfcImpactProtectionDevice IfcKerb IfcMooringDevice IfcNavigationElement
    IfcPavement IfcRail IfcReinforcedSoil IfcSign IfcSite IfcTrackElement
    """
)

_ARCHITECTURE: Final = _classes(
    """
    IfcChimney IfcCovering IfcCurtainWall IfcDoor IfcDoorStandardCase IfcFurnishingElement
    IfcFurniture IfcRailing IfcRamp IfcRampFlight IfcRoof IfcShadingDevice IfcStair IfcStairFlight
    IfcSystemFurnitureElement IfcTransportElement IfcWall IfcWallElementedCase IfcWallStandardCase
    IfcWindow IfcWindowStandardCase
    """
)

_BY_CLASS: Final[dict[str, Discipline]] = {
    **dict.fromkeys(_ARCHITECTURE, "architecture"),
    **dict.fromkeys(_CIVIL, "civil"),
    **dict.fromkeys(_STRUCTURE, "structure"),
    **dict.fromkeys(_MEP, "mep"),
}


def is_drawn(ifc_class: str) -> bool:
    """Say whether the scene shows elements of a class.

    >>> is_drawn("IfcWall"), is_drawn("IfcSpace"), is_drawn("IfcStructuralCurveMember")
    (True, False, False)
    """
    return ifc_class not in NOT_DRAWN and not ifc_class.startswith("IfcStructural")


def discipline_of(ifc_class: str) -> Discipline:
    """Return the discipline of a class; ``other`` for proxies, assemblies and what no list names.

    The rule reads the class alone: what the uploader calls the model's discipline stands beside it, since one
    model often holds several.

    >>> discipline_of("IfcColumn"), discipline_of("IfcWallStandardCase"), discipline_of("IfcBuildingElementProxy")
    ('structure', 'architecture', 'other')
    """
    return _BY_CLASS.get(ifc_class, "other")
