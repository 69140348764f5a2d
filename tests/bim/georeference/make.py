"""Models with every way to say where they lie, and every way to say it wrong; made with the IFC library.

A model is three posts, 1 m x 1 m x 3 m, about the local points (0, 0), (10, 0) and (0, 10), under storey, building
and site. Whatever a test gives in metres is written in the units of the file.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.guid

POSTS = {"甲": (0.0, 0.0), "乙": (10.0, 0.0), "丙": (0.0, 10.0)}
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Site:
    """A site: its placement in metres and degrees, its latitude and longitude as compounds."""

    at: Point = (0.0, 0.0, 0.0)
    turn_deg: float = 0.0
    latitude: tuple[int, ...] | None = None
    longitude: tuple[int, ...] | None = None
    elevation: float | None = None  # in units of the file


@dataclass(frozen=True)
class Unit:
    """A length unit: an SI prefix, or a name of its own with its metres."""

    prefix: str | None = None
    name: str | None = None
    metres: float = 1.0


METRE, MILLIMETRE = Unit(), Unit("MILLI", metres=0.001)
FOOT, INCH = Unit(name="FOOT", metres=0.3048), Unit(name="INCH", metres=0.0254)


@dataclass(frozen=True)
class Conversion:
    """A map conversion, its numbers as they are to be written."""

    eastings: float
    northings: float
    height: float = 0.0
    turn_deg: float | None = None
    axis: tuple[float, float] | None = None
    scale: float | None = None
    crs: str | None = "EPSG:4527"
    unit: Unit | None = METRE
    zone: str | None = None
    datum: str | None = None
    vertical: str | None = None
    wkt: str | None = None
    factors: Point | None = None
    geographic: bool = False
    on: str = "Model"  # Model, Body (its sub-context) or Plan


@dataclass(frozen=True)
class Rigid:
    """A rigid operation; degrees where `angles`."""

    first: float
    second: float
    height: float = 0.0
    angles: bool = False
    crs: str = "EPSG:4527"
    unit: Unit | None = METRE
    angle_unit: str | None = None  # DEGREE


@dataclass(frozen=True)
class Sets:
    """The two property sets of IFC2X3: names, holders (project or site), values by property."""

    conversion: dict[str, Any]
    crs: dict[str, Any]
    names: tuple[str, str] = ("ePSet_MapConversion", "ePSet_ProjectedCRS")
    holders: tuple[str, str] = ("IfcProject", "IfcProject")
    typed: str = "IfcReal"


@dataclass(frozen=True)
class Sheet:
    """What a model says of its place."""

    schema: str = "IFC4"
    unit: Unit = MILLIMETRE
    sites: tuple[Site, ...] = (Site(),)
    conversions: tuple[Conversion, ...] = ()
    rigid: Rigid | None = None
    sets: Sets | None = None
    true_north: tuple[float, ...] | None = None
    world: tuple[Point, float] | None = None  # location, turn in degrees
    in_geometry: Point = (0.0, 0.0, 0.0)
    stray: bool = False  # one more post at the very zero
    address: str | None = None
    span_m: float | None = None  # ten more posts along x, the last so far away


class Maker:
    """Writes one model."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.file = ifcopenshell.file(schema=sheet.schema)

    def write(self, path: Path) -> Path:
        sheet, add = self.sheet, self.add
        owner = self.owner() if sheet.schema == "IFC2X3" else None
        self.owner_history = owner
        plan = add("IfcGeometricRepresentationContext", ContextType="Plan", CoordinateSpaceDimension=2,
                   WorldCoordinateSystem=add("IfcAxis2Placement2D", Location=self.point((0.0, 0.0))))  # fmt: skip
        self.contexts = {"Plan": plan, "Model": self.context()}
        self.contexts["Body"] = add("IfcGeometricRepresentationSubContext", ContextIdentifier="Body",
                                    ContextType="Model", ParentContext=self.contexts["Model"],
                                    TargetView="MODEL_VIEW")  # fmt: skip
        units = add("IfcUnitAssignment", Units=[self.length(sheet.unit), *self.plain_units()])
        project = self.rooted("IfcProject", Name="测试项目", RepresentationContexts=[plan, self.contexts["Model"]],
                              UnitsInContext=units)  # fmt: skip
        sites = [self.site(each) for each in sheet.sites]
        if sites:
            self.rooted("IfcRelAggregates", RelatingObject=project, RelatedObjects=sites)
        else:
            sites = [project]
        for number, site in enumerate(sites):
            self.building(site, first=number == 0)
        for one in sheet.conversions:
            self.conversion(one)
        if sheet.rigid:
            self.rigid(sheet.rigid)
        if sheet.sets:
            self.property_sets(sheet.sets, {"IfcProject": project, "IfcSite": sites[0]})
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file.write(str(path))
        return path

    def add(self, kind: str, **given: Any) -> Any:
        return self.file.create_entity(kind, **given)

    def rooted(self, kind: str, **given: Any) -> Any:
        return self.add(kind, GlobalId=ifcopenshell.guid.new(), OwnerHistory=self.owner_history, **given)

    def owner(self) -> Any:
        add = self.add
        person = add("IfcPersonAndOrganization", ThePerson=add("IfcPerson", FamilyName="测"),
                     TheOrganization=add("IfcOrganization", Name="院"))  # fmt: skip
        program = add("IfcApplication", ApplicationDeveloper=person.TheOrganization, Version="1",
                      ApplicationFullName="maker", ApplicationIdentifier="maker")  # fmt: skip
        return add(
            "IfcOwnerHistory",
            OwningUser=person,
            OwningApplication=program,
            ChangeAction="ADDED",
            CreationDate=0,
        )

    def u(self, metres: float) -> float:
        return metres / self.sheet.unit.metres

    def point(self, at: tuple[float, ...]) -> Any:
        return self.add("IfcCartesianPoint", Coordinates=[self.u(each) for each in at])

    def axis(self, at: Point, turn_deg: float = 0.0) -> Any:
        angle = math.radians(turn_deg)
        return self.add(
            "IfcAxis2Placement3D",
            Location=self.point(at),
            Axis=self.add("IfcDirection", DirectionRatios=[0.0, 0.0, 1.0]),
            RefDirection=self.add("IfcDirection", DirectionRatios=[math.cos(angle), math.sin(angle), 0.0]),
        )

    def context(self) -> Any:
        at, turn = self.sheet.world or ((0.0, 0.0, 0.0), 0.0)
        north = self.sheet.true_north
        return self.add(
            "IfcGeometricRepresentationContext",
            ContextType="Model",
            CoordinateSpaceDimension=3,
            Precision=1e-5,
            WorldCoordinateSystem=self.axis(at, turn),
            TrueNorth=self.add("IfcDirection", DirectionRatios=[*north]) if north else None,
        )

    def length(self, unit: Unit) -> Any:
        metre = self.add("IfcSIUnit", UnitType="LENGTHUNIT", Prefix=unit.prefix, Name="METRE")
        if unit.name is None:
            return metre
        plain = self.add("IfcSIUnit", UnitType="LENGTHUNIT", Name="METRE")
        return self.add(
            "IfcConversionBasedUnit",
            Dimensions=self.file.create_entity("IfcDimensionalExponents", 1, 0, 0, 0, 0, 0, 0),
            UnitType="LENGTHUNIT",
            Name=unit.name,
            ConversionFactor=self.add(
                "IfcMeasureWithUnit",
                ValueComponent=self.file.create_entity("IfcLengthMeasure", unit.metres),
                UnitComponent=plain,
            ),
        )

    def plain_units(self) -> list[Any]:
        return [
            self.add("IfcSIUnit", UnitType="AREAUNIT", Name="SQUARE_METRE"),
            self.add("IfcSIUnit", UnitType="VOLUMEUNIT", Name="CUBIC_METRE"),
            self.add("IfcSIUnit", UnitType="PLANEANGLEUNIT", Name="RADIAN"),
        ]

    def degree(self) -> Any:
        return self.add(
            "IfcConversionBasedUnit",
            Dimensions=self.file.create_entity("IfcDimensionalExponents", 0, 0, 0, 0, 0, 0, 0),
            UnitType="PLANEANGLEUNIT",
            Name="DEGREE",
            ConversionFactor=self.add(
                "IfcMeasureWithUnit",
                ValueComponent=self.file.create_entity("IfcPlaneAngleMeasure", math.pi / 180),
                UnitComponent=self.add("IfcSIUnit", UnitType="PLANEANGLEUNIT", Name="RADIAN"),
            ),
        )

    def local(self, above: Any, at: Point = (0.0, 0.0, 0.0), turn_deg: float = 0.0) -> Any:
        return self.add("IfcLocalPlacement", PlacementRelTo=above, RelativePlacement=self.axis(at, turn_deg))

    def site(self, given: Site) -> Any:
        return self.rooted(
            "IfcSite",
            Name="场地",
            CompositionType="ELEMENT",
            ObjectPlacement=self.local(None, given.at, given.turn_deg),
            RefLatitude=list(given.latitude) if given.latitude else None,
            RefLongitude=list(given.longitude) if given.longitude else None,
            RefElevation=given.elevation,
        )

    def building(self, site: Any, *, first: bool) -> None:
        above = site.ObjectPlacement if site.is_a("IfcSite") else None
        address = (
            self.add("IfcPostalAddress", AddressLines=[self.sheet.address]) if self.sheet.address else None
        )
        building = self.rooted("IfcBuilding", Name="一号楼", CompositionType="ELEMENT",
                               ObjectPlacement=self.local(above), BuildingAddress=address)  # fmt: skip
        storey = self.rooted("IfcBuildingStorey", Name="首层", CompositionType="ELEMENT",
                             ObjectPlacement=self.local(building.ObjectPlacement))  # fmt: skip
        self.rooted("IfcRelAggregates", RelatingObject=site, RelatedObjects=[building])
        self.rooted("IfcRelAggregates", RelatingObject=building, RelatedObjects=[storey])
        names = POSTS if first else {f"{name}二": at for name, at in POSTS.items()}
        posts = [self.post(name, at, self.sheet.in_geometry, storey) for name, at in names.items()]
        if first and self.sheet.stray:
            posts.append(self.post("孤", (0.0, 0.0), (0.0, 0.0, 0.0), storey))
        if first and self.sheet.span_m:
            row = [(self.sheet.span_m * step / 10, 0.0) for step in range(1, 11)]
            posts += [self.post("远", at, self.sheet.in_geometry, storey) for at in row]
        self.rooted("IfcRelContainedInSpatialStructure", RelatingStructure=storey, RelatedElements=posts)

    def post(self, name: str, at: tuple[float, float], inside: Point, storey: Any) -> Any:
        """A post; what stands in the geometry is its coordinates there, the rest its placement."""
        add = self.add
        profile = add("IfcRectangleProfileDef", ProfileType="AREA", XDim=self.u(1.0), YDim=self.u(1.0),
                      Position=add("IfcAxis2Placement2D", Location=self.point((0.0, 0.0))))  # fmt: skip
        solid = add(
            "IfcExtrudedAreaSolid",
            SweptArea=profile,
            Position=self.axis(inside),
            ExtrudedDirection=add("IfcDirection", DirectionRatios=[0.0, 0.0, 1.0]),
            Depth=self.u(3.0),
        )
        shape = add("IfcShapeRepresentation", ContextOfItems=self.contexts["Body"], RepresentationIdentifier="Body",
                    RepresentationType="SweptSolid", Items=[solid])  # fmt: skip
        return self.rooted(
            "IfcColumn",
            Name=name,
            ObjectPlacement=self.local(storey.ObjectPlacement, (*at, 0.0)),
            Representation=add("IfcProductDefinitionShape", Representations=[shape]),
        )

    def crs(self, one: Conversion) -> Any:
        if one.geographic:
            crs = self.add("IfcGeographicCRS", Name=one.crs)
        else:
            crs = self.add(
                "IfcProjectedCRS",
                Name=one.crs if one.crs is not None or self.sheet.schema != "IFC4" else "",
                GeodeticDatum=one.datum,
                VerticalDatum=one.vertical,
                MapZone=one.zone,
                MapUnit=self.length(one.unit) if one.unit else None,
            )
        if one.wkt:
            self.add("IfcWellKnownText", WellKnownText=one.wkt, CoordinateReferenceSystem=crs)
        return crs

    def conversion(self, one: Conversion) -> None:
        axis = one.axis
        if axis is None and one.turn_deg is not None:
            axis = (math.cos(math.radians(one.turn_deg)), math.sin(math.radians(one.turn_deg)))
        given: dict[str, Any] = {
            "SourceCRS": self.contexts[one.on],
            "TargetCRS": self.crs(one),
            "Eastings": one.eastings,
            "Northings": one.northings,
            "OrthogonalHeight": one.height,
            "XAxisAbscissa": axis[0] if axis else None,
            "XAxisOrdinate": axis[1] if axis else None,
            "Scale": one.scale,
        }
        if one.factors:
            given |= dict(zip(("FactorX", "FactorY", "FactorZ"), one.factors, strict=True))
        self.add("IfcMapConversionScaled" if one.factors else "IfcMapConversion", **given)

    def rigid(self, one: Rigid) -> None:
        kind = "IfcPlaneAngleMeasure" if one.angles else "IfcLengthMeasure"
        if one.angles:
            crs = self.add(
                "IfcGeographicCRS", Name=one.crs, AngleUnit=self.degree() if one.angle_unit else None
            )
        else:
            crs = self.add(
                "IfcProjectedCRS", Name=one.crs, MapUnit=self.length(one.unit) if one.unit else None
            )
        self.add(
            "IfcRigidOperation",
            SourceCRS=self.contexts["Model"],
            TargetCRS=crs,
            FirstCoordinate=self.file.create_entity(kind, one.first),
            SecondCoordinate=self.file.create_entity(kind, one.second),
            Height=one.height,
        )

    def property_sets(self, sets: Sets, holders: dict[str, Any]) -> None:
        pairs = zip(sets.names, (sets.conversion, sets.crs), sets.holders, strict=True)
        for name, values, holder in pairs:
            properties = [
                self.add(
                    "IfcPropertySingleValue",
                    Name=key,
                    NominalValue=self.file.create_entity(
                        "IfcLabel" if isinstance(value, str) else _typed(key, sets.typed), value
                    ),
                )
                for key, value in values.items()
            ]
            given = self.rooted("IfcPropertySet", Name=name, HasProperties=properties)
            self.rooted(
                "IfcRelDefinesByProperties",
                RelatedObjects=[holders[holder]],
                RelatingPropertyDefinition=given,
            )


def _typed(key: str, typed: str) -> str:
    lengths = ("Eastings", "Northings", "OrthogonalHeight")
    return typed if key in lengths else "IfcReal"


def make(path: Path, sheet: Sheet) -> Path:
    """Write a model and return where."""
    return Maker(sheet).write(path)
