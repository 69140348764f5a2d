"""Every way a file says where it lies, from the file through a whole conversion to the map.

Truth is the hand formula of the map conversion and PROJ by pyproj, or east/north/up at a point by PROJ's topocentric
conversion; never our own code. Positions must agree to a centimetre, or the model must stay off the map with the fault
named.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pyproj
import pytest

from bim.georeference.gcj02 import to_gcj02
from bim.job import ConversionJob, ProjectPlace
from bim.results import ElementRow, ModelResult, Verdict, iter_elements, read_model
from bim.runner import run_conversion_blocking
from tests.bim.georeference.make import (
    FOOT,
    INCH,
    METRE,
    MILLIMETRE,
    POSTS,
    Conversion,
    Point,
    Rigid,
    Sets,
    Sheet,
    Site,
    Unit,
    make,
)

NOWHERE = ProjectPlace()
E, N, H = 39_371_200.0, 3_671_300.0, 20.0
LON, LAT = 115.619332779, 33.159622123  # by PROJ's cs2cs, as in the table of test vectors
DISTRICT = ProjectPlace("EPSG:4527", (LON - 0.02, LAT - 0.02, LON + 0.02, LAT + 0.02))
PLAIN = Conversion(E, N, H, turn_deg=30.0)
GEOD = pyproj.Geod(ellps="GRS80")

Truth = Callable[[Point], Point]


def on_plane(
    east: float,
    north: float,
    turn_deg: float = 30.0,
    crs: str = "EPSG:4527",
    k: float = 1.0,
    height: float = H,
) -> Truth:
    """The hand formula, then PROJ: longitude, latitude and height of a local point in metres."""
    to_degrees = pyproj.Transformer.from_crs(crs, pyproj.CRS(crs).geodetic_crs, always_xy=True)
    angle = math.radians(turn_deg)

    def truth(point: Point) -> Point:
        x, y, z = point
        e = east + k * (math.cos(angle) * x - math.sin(angle) * y)
        n = north + k * (math.sin(angle) * x + math.cos(angle) * y)
        lon, lat = to_degrees.transform(e, n)
        return lon, lat, height + k * z

    return truth


def on_tangent(
    lon: float, lat: float, height: float, north: tuple[float, float], zero: Point = (0.0, 0.0, 0.0)
) -> Truth:
    """East, north and up at a point, by PROJ's topocentric conversion; `north` is true north in the model's x and y."""
    pipeline = pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +inv +proj=topocentric +ellps=GRS80 "
        f"+lon_0={lon!r} +lat_0={lat!r} +h_0={height!r} +step +inv +proj=cart +ellps=GRS80 "
        "+step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )
    size = math.hypot(*north)
    tx, ty = north[0] / size, north[1] / size

    def truth(point: Point) -> Point:
        x, y, z = (one - other for one, other in zip(point, zero, strict=True))
        found = pipeline.transform(x * ty - y * tx, x * tx + y * ty, z)
        return found[0], found[1], found[2]

    return truth


def placed(at: Point, turn_deg: float, truth: Truth) -> Truth:
    """A placement in the model before the map: turn, then shift."""
    angle = math.radians(turn_deg)

    def through(point: Point) -> Point:
        x, y, z = point
        return truth(
            (
                at[0] + math.cos(angle) * x - math.sin(angle) * y,
                at[1] + math.sin(angle) * x + math.cos(angle) * y,
                at[2] + z,
            )
        )

    return through


def dms(value: float) -> tuple[int, int, int, int]:
    """Degrees, minutes, seconds and millionths, all of one sign."""
    sign = -1 if value < 0 else 1
    millionths = round(abs(value) * 3_600_000_000)
    seconds, part = divmod(millionths, 1_000_000)
    minutes, second = divmod(seconds, 60)
    degree, minute = divmod(minutes, 60)
    return sign * degree, sign * minute, sign * second, sign * part


@dataclass(frozen=True)
class Case:
    """A model, the project it belongs to, where it must lie, and what must be said."""

    name: str
    sheet: Sheet
    truth: Truth | None
    project: ProjectPlace = DISTRICT
    level: int = 50
    confidence: str | None = None
    crs: str | None = None
    says: str = ""
    within_m: float = 0.01


def one(conversion: Conversion, **given: object) -> Sheet:
    return Sheet(conversions=(conversion,), **given)  # type: ignore[arg-type]


AT = on_plane(E, N)
IN_MILLIMETRES = replace(PLAIN, eastings=E * 1000, northings=N * 1000, height=H * 1000)
IN_FEET = replace(PLAIN, eastings=E / 0.3048, northings=N / 0.3048, height=H / 0.3048, unit=FOOT)
BAD_METRE = Unit(name="METER", metres=0.3048)
SET = {"Eastings": E, "Northings": N, "OrthogonalHeight": H, "XAxisAbscissa": math.cos(math.radians(30)), "XAxisOrdinate": 0.5}  # fmt: skip
NAMED = {"Name": "EPSG:4527"}
OLD = Sheet(schema="IFC2X3")
SITE = Site(latitude=dms(LAT), longitude=dms(LON), elevation=H * 1000)
NORTH = (0.5, math.sqrt(0.75))
ON_SITE = on_tangent(LON, LAT, H, (0.0, 1.0))
SMALL = ProjectPlace("EPSG:4527", (LON - 0.0004, LAT - 0.0004, LON + 0.0004, LAT + 0.0004))

CONVERSIONS = [
    Case("plain", one(PLAIN), AT, confidence="high", crs="EPSG:4527"),
    Case("metres in a metre file", one(PLAIN, unit=METRE), AT, confidence="high"),
    Case("inches in the file", one(PLAIN, unit=INCH), AT, confidence="high"),
    Case("feet in the file", one(PLAIN, unit=FOOT), AT, confidence="high"),
    Case("scale bridges the units", one(replace(PLAIN, scale=0.001)), AT, confidence="high"),
    Case("scale bridges inches", one(replace(PLAIN, scale=0.0254), unit=INCH), AT, confidence="high"),
    Case("scale one though units differ", one(replace(PLAIN, scale=1.0)), AT, confidence="high"),
    Case("scale upside down", one(replace(PLAIN, scale=1000.0)), AT, confidence="high", says="upside down"),
    Case("scale missing", one(replace(PLAIN, scale=None)), AT, says="Scale is missing"),
    Case("scale is the grid factor", one(replace(PLAIN, scale=1.000155), span_m=900.0), on_plane(E, N, k=1.000155)),
    Case("bridge and grid factor", one(replace(PLAIN, scale=0.001 * 1.000155)), on_plane(E, N, k=1.000155)),
    Case("scale means nothing", one(replace(PLAIN, scale=2.5)), AT, confidence="low", says="Scale 2.5"),
    Case("factors per axis", one(replace(PLAIN, turn_deg=0.0, factors=(1.5, 2.0, 3.0)), schema="IFC4X3_ADD2"),
         lambda p: on_plane(E, N, 0.0)((1.5 * p[0], 2.0 * p[1], 3.0 * p[2]))),
    Case("map unit missing, scale tells metres", one(replace(PLAIN, scale=0.001, unit=None)), AT, says="read in metres"),
    Case("map unit missing, area tells metres", one(replace(PLAIN, unit=None)), AT),
    Case("map unit missing, project units", one(replace(IN_MILLIMETRES, unit=None)), AT),
    Case("map unit is a foot", one(IN_FEET), AT, confidence="high"),
    Case("map unit is millimetres", one(replace(IN_MILLIMETRES, unit=MILLIMETRE)), AT, confidence="high"),
    Case("a metre of 0.3048 m", one(replace(PLAIN, unit=BAD_METRE)), AT, says="called metre"),
    Case("eastings in project units", one(IN_MILLIMETRES), AT, confidence="medium", says="project units"),
    Case("eastings in project units, with a scale", one(replace(IN_MILLIMETRES, scale=0.001)), AT, confidence="medium"),
    Case("axis not normalised", one(replace(PLAIN, turn_deg=None, axis=(30.0, 40.0))), on_plane(E, N, 53.13010235415598)),
    Case("axis missing", one(replace(PLAIN, turn_deg=None)), on_plane(E, N, 0.0)),
    Case("on a sub-context", one(replace(PLAIN, on="Body")), AT, confidence="high"),
    Case("decoy on the plan first",
         Sheet(conversions=(replace(PLAIN, eastings=39_400_000.0, on="Plan"), PLAIN)), AT, says="another context"),
    Case("negative turn", one(replace(PLAIN, turn_deg=-120.0)), on_plane(E, N, -120.0)),
]  # fmt: skip


def in_feet(point: Point) -> Point:
    """A place in New York's plane, which counts in survey feet of 1200/3937 m."""
    lon, lat, _ = on_plane(980_000.0, 200_000.0, crs="EPSG:2263", k=3937 / 1200)((point[0], point[1], 0.0))
    return lon, lat, H + point[2]


ZONES = [
    Case(f"zone {zone} with its number", one(replace(PLAIN, crs=f"EPSG:{4488 + zone}", eastings=zone * 1e6 + 420_000.0)),
         on_plane(zone * 1e6 + 420_000.0, N, crs=f"EPSG:{4488 + zone}"), NOWHERE, crs=f"EPSG:{4488 + zone}")
    for zone in (38, 39, 40)
] + [
    Case(f"zone {zone} by meridian", one(replace(PLAIN, crs=f"EPSG:{4509 + zone}", eastings=420_000.0)),
         on_plane(420_000.0, N, crs=f"EPSG:{4509 + zone}"), NOWHERE, crs=f"EPSG:{4509 + zone}")
    for zone in (38, 39, 40)
] + [
    Case(f"name {name}", one(replace(PLAIN, crs=name)), AT, NOWHERE, crs="EPSG:4527", confidence="high")
    for name in ("4527", "EPSG::4527", "urn:ogc:def:crs:EPSG::4527", "http://www.opengis.net/def/crs/EPSG/0/4527",
                 "CGCS2000 / 3-degree Gauss-Kruger zone 39", "CGCS2000_3_Degree_GK_Zone_39")
] + [
    Case("compound with a comma", one(replace(PLAIN, crs="EPSG:4527,EPSG:5737")), AT, crs="EPSG:4527"),
    Case("name by meridian", one(replace(PLAIN, crs="CGCS2000_3_Degree_GK_CM_117E", eastings=E - 39e6)),
         on_plane(E - 39e6, N, crs="EPSG:4548"), NOWHERE, crs="EPSG:4548"),
    Case("zone in a field of its own", one(replace(PLAIN, crs="CGCS2000", zone="39", datum="CGCS2000")), AT, NOWHERE,
         crs="EPSG:4527"),
    Case("system as text", one(replace(PLAIN, crs="本工程", wkt=pyproj.CRS(4527).to_wkt()), schema="IFC4X3_ADD2"), AT,
         NOWHERE, crs="EPSG:4527"),
    Case("name empty, digits tell", one(replace(PLAIN, crs="")), AT, crs="EPSG:4527", confidence="medium",
         says="the digits fit EPSG:4527"),
    Case("4490 named, metres written", one(replace(PLAIN, crs="EPSG:4490")), AT, crs="EPSG:4527", confidence="medium"),
    Case("4490 named, degrees written", one(replace(PLAIN, crs="EPSG:4490", eastings=LON, northings=LAT), unit=METRE),
         on_tangent(LON, LAT, H, (0.5, math.sqrt(0.75))), confidence="medium", says="are degrees"),
    Case("x is north", one(replace(PLAIN, eastings=N, northings=E)), AT, confidence="medium", says="swapped"),
    Case("x is north, no zone", one(replace(PLAIN, crs="EPSG:4548", eastings=N, northings=E - 39e6)),
         on_plane(E - 39e6, N, crs="EPSG:4548"), says="swapped"),
    Case("zone number missing", one(replace(PLAIN, eastings=E - 39e6)), on_plane(E - 39e6, N, crs="EPSG:4548"),
         crs="EPSG:4548", says="the digits fit EPSG:4548"),
    Case("zone number too many", one(replace(PLAIN, crs="EPSG:4548")), AT, crs="EPSG:4527", says="EPSG:4548 is named"),
    Case("wrong zone", one(replace(PLAIN, crs="EPSG:4526")), AT, crs="EPSG:4527", says="EPSG:4526 is named"),
    Case("wrong zone, no project", one(replace(PLAIN, crs="EPSG:4526")), AT, NOWHERE, crs="EPSG:4527"),
    Case("a system in feet", one(Conversion(980_000 * 1200 / 3937, 200_000 * 1200 / 3937, H, 30.0, crs="EPSG:2263")),
         in_feet,
         NOWHERE, crs="EPSG:2263"),
    # 30 km east of the middle, less the 0.02 degrees (1.86 km) to the edge of its box.
    Case("far from the project", one(replace(PLAIN, eastings=E + 30_000)), on_plane(E + 30_000, N), confidence="medium",
         says="28.1 km from the project"),
]  # fmt: skip

NOT_ON_THE_MAP = [
    Case("old datum by code", one(replace(PLAIN, crs="EPSG:2363")), None, says="old datum"),
    Case("old datum by name", one(replace(PLAIN, crs="西安80 3度带39带")), None, says="old datum 西安80"),
    Case("old datum in its own field", one(replace(PLAIN, crs="3度带39带", datum="北京54")), None, says="old datum 北京54"),
    Case("city grid", one(replace(PLAIN, crs="阜阳独立坐标系", eastings=371_200.0)), None, says="two control points"),
    Case("a name nobody knows, far from the project", one(replace(PLAIN, crs="GK-39"), ), None,
         ProjectPlace("EPSG:4526", (113.0, 32.0, 113.1, 32.1)), says="GK-39"),
    Case("no name and no digits", one(Conversion(15.0, 10.0, 0.0, crs="")), None, says="no coordinate system is named"),
    Case("outside every area", one(Conversion(5e6, 9e6, 0.0, crs="EPSG:4527")), None, says="outside the area"),
    Case("nothing at all", Sheet(), None, level=0, says="nothing usable"),
    Case("an address alone", Sheet(address="阜阳市某路1号"), None, level=10, says="nothing usable"),
    Case("no site", Sheet(sites=()), None, level=0, says="nothing usable"),
    Case("six digits without a project", Sheet(sites=(Site(at=(E - 39e6, N, H)),)), None, NOWHERE, level=30,
         says="no coordinate system is named"),
    Case("a default city", Sheet(sites=(Site(latitude=(42, 21, 31, 181945), longitude=(-71, -3, -24, -263305)),)), None,
         NOWHERE, level=20, says="default of the exporting program"),
    Case("another city than the project's", Sheet(sites=(Site(latitude=(39, 54, 0), longitude=(116, 23, 0)),)), None,
         level=20, says="far from the project"),
    Case("no latitude on earth", Sheet(sites=(Site(latitude=(133, 0, 0), longitude=(215, 0, 0)),)), None, NOWHERE, level=0,
         says="no latitude and longitude"),
]  # fmt: skip

TWICE = [
    Case("legal sum: offset and turned site", one(PLAIN, sites=(Site(at=(0.0, 10.0, 1.0), turn_deg=15.0),)),
         placed((0.0, 10.0, 1.0), 15.0, AT), confidence="high"),
    Case("world coordinate system, shifted and turned", one(PLAIN, world=((100.0, 50.0, 2.0), 20.0)),
         lambda p: AT((math.cos(math.radians(20)) * (p[0] - 100) + math.sin(math.radians(20)) * (p[1] - 50),
                       -math.sin(math.radians(20)) * (p[0] - 100) + math.cos(math.radians(20)) * (p[1] - 50), p[2] - 2))),
    Case("doubled by the site", one(replace(PLAIN, turn_deg=0.0), sites=(Site(at=(E, N, H)),)), on_plane(E, N, 0.0),
         confidence="medium", says="doubled"),
    Case("doubled by the site, turned there", one(replace(PLAIN, turn_deg=0.0), sites=(Site(at=(E, N, H), turn_deg=30.0),)), AT,
         says="doubled"),
    Case("doubled in the geometry", one(replace(PLAIN, turn_deg=0.0), in_geometry=(E, N, H)), on_plane(E, N, 0.0),
         confidence="medium", says="doubled"),
    Case("doubled without zone numbers", one(replace(PLAIN, crs="EPSG:4548", eastings=E - 39e6, turn_deg=0.0),
         sites=(Site(at=(E - 39e6, N, H)),)), on_plane(E - 39e6, N, 0.0, "EPSG:4548"), says="doubled"),
    Case("null conversion beside coordinates in the geometry", one(Conversion(0.0, 0.0, axis=(1.0, 0.0), scale=1.0),
         unit=METRE, in_geometry=(E, N, H)), on_plane(E, N, 0.0), confidence="high"),
    Case("null conversion beside a placed site", one(Conversion(0.0, 0.0), sites=(Site(at=(E, N, H), turn_deg=30.0),)), AT,
         confidence="high"),
    Case("null conversion, x is north", one(Conversion(0.0, 0.0), sites=(Site(at=(N, E, H)),)),
         lambda p: on_plane(E, N, 0.0)((p[1], p[0], p[2])), says="swapped"),
    Case("true north beside a conversion turns nothing", one(PLAIN, true_north=NORTH), AT, confidence="high"),
    Case("true north that contradicts is told", one(PLAIN, true_north=(-0.5, math.sqrt(0.75))), AT, says="the conversion is used"),
    Case("the site's degrees contradict", one(PLAIN, sites=(replace(SITE, latitude=(33, 20, 0)),)), AT, NOWHERE,
         confidence="medium", says="km from the conversion"),
    # The middle one of 13 posts stands 4 km off, 1.3436 degrees from the meridian at 33.178 N: by the series of the
    # projection (1.3436 deg * cos 33.178)² / 2 * 1.0047 = 0.0001936, over 10.001 km 1.94 m.
    Case("the grid factor of a long work is told", one(PLAIN, span_m=10_000.0), AT, says="differ by 1.94 m (grid factor 1.000194"),
]  # fmt: skip

COORDINATES = [
    Case("in the geometry", Sheet(in_geometry=(E, N, H)), on_plane(E, N, 0.0), level=30, confidence="medium"),
    Case("in the site's placement, turned", Sheet(sites=(Site(at=(E, N, H), turn_deg=30.0),)), AT, level=30,
         confidence="medium", crs="EPSG:4527"),
    Case("x is north", Sheet(sites=(Site(at=(N, E, H)),)), lambda p: on_plane(E, N, 0.0)((p[1], p[0], p[2])), level=30,
         says="swapped"),
    Case("six digits, the project tells the meridian", Sheet(sites=(Site(at=(E - 39e6, N, H)),)),
         on_plane(E - 39e6, N, 0.0, "EPSG:4548"), level=30, crs="EPSG:4548", says="taken from the project"),
    Case("one post left at zero", Sheet(in_geometry=(E, N, H), stray=True), on_plane(E, N, 0.0), level=30),
    Case("world coordinate system alone", Sheet(world=((E, N, H), 30.0)), AT, level=40, crs="EPSG:4527"),
]  # fmt: skip

RIGID = [
    Case("shift only", Sheet("IFC4X3_ADD2", rigid=Rigid(39_000_000.0, 3_600_000.0, 0.0), in_geometry=(E - 39e6, N - 3.6e6, H)),
         on_plane(E, N, 0.0), confidence="high"),
    Case("shift in project units, no map unit", Sheet("IFC4X3_ADD2", rigid=Rigid(E * 1000, N * 1000, H * 1000, unit=None)),
         on_plane(E, N, 0.0)),
    Case("shift in metres, no map unit", Sheet("IFC4X3_ADD2", rigid=Rigid(E, N, H, unit=None)), on_plane(E, N, 0.0)),
    Case("degrees, latitude first", Sheet("IFC4X3_ADD2", rigid=Rigid(LAT, LON, H * 1000, True, "EPSG:4490", angle_unit="DEGREE")),
         ON_SITE, confidence="high"),
    Case("degrees, longitude first", Sheet("IFC4X3_ADD2", rigid=Rigid(LON, LAT, H * 1000, True, "EPSG:4490", angle_unit="DEGREE")),
         ON_SITE),
    Case("degrees, no unit named", Sheet("IFC4X3_ADD2", rigid=Rigid(LON, LAT, H * 1000, True, "EPSG:4490")), ON_SITE),
    Case("radians, no unit named", Sheet("IFC4X3_ADD2",
         rigid=Rigid(math.radians(LAT), math.radians(LON), H * 1000, True, "EPSG:4490")), ON_SITE),
    Case("degrees, turned by true north", Sheet("IFC4X3_ADD2", true_north=NORTH,
         rigid=Rigid(LAT, LON, H * 1000, True, "EPSG:4490", angle_unit="DEGREE")), on_tangent(LON, LAT, H, NORTH)),
]  # fmt: skip

SETS = [
    Case(f"{names[0]} on {holders[0]} and {holders[1]}", replace(OLD, sets=Sets(SET, NAMED, names, holders)), AT,
         says="MapUnit is missing; read in metres")
    for names in (("ePSet_MapConversion", "ePSet_ProjectedCRS"), ("ePset_MapConversion", "ePset_ProjectedCRS"),
                  ("EPset_MapConversion", "EPSET_PROJECTEDCRS"))
    for holders in (("IfcProject", "IfcProject"), ("IfcSite", "IfcSite"))
] + [
    Case("sets on different holders", replace(OLD, sets=Sets(SET, NAMED, holders=("IfcSite", "IfcProject"))), AT),
    Case("lengths are project units", replace(OLD, sets=Sets({**SET, "Eastings": E * 1000, "Northings": N * 1000,
         "OrthogonalHeight": H * 1000}, NAMED, typed="IfcLengthMeasure")), AT),
    Case("lengths typed, metres meant", replace(OLD, sets=Sets(SET, NAMED, typed="IfcLengthMeasure")), AT),
    Case("numbers as text", replace(OLD, sets=Sets({name: str(value) for name, value in SET.items()}, NAMED)), AT),
    Case("millimetre holds the word metre", replace(OLD, sets=Sets({**SET, "Eastings": E * 1000, "Northings": N * 1000,
         "OrthogonalHeight": H * 1000}, {**NAMED, "MapUnit": "MILLIMETRE"})), AT),
    Case("map unit nobody knows", replace(OLD, sets=Sets(SET, {**NAMED, "MapUnit": "丈"})), AT, says="丈"),
    Case("system named in the conversion", replace(OLD, sets=Sets({**SET, "TargetCRS": "EPSG:4527"}, {"Description": "x"})), AT),
    Case("scale upside down", replace(OLD, sets=Sets({**SET, "Scale": 1000.0}, {**NAMED, "MapUnit": "METRE"})), AT,
         says="upside down"),
]  # fmt: skip

DEGREES = [
    Case("site at zero", Sheet(sites=(SITE,)), ON_SITE, level=20, confidence="medium", says="no true north"),
    Case("turned by true north", Sheet(sites=(SITE,), true_north=NORTH), on_tangent(LON, LAT, H, NORTH), level=40,
         confidence="medium"),
    Case("true north of three numbers, not normalised", Sheet(sites=(SITE,), true_north=(2.0, 1.0, -1.7e-15)),
         on_tangent(LON, LAT, H, (2.0, 1.0)), level=40),
    Case("the site's own zero", Sheet(sites=(replace(SITE, at=(500.0, 200.0, 0.0), turn_deg=25.0),)),
         placed((500.0, 200.0, 0.0), 25.0, on_tangent(LON, LAT, H, (0.0, 1.0), (500.0, 200.0, 0.0))), level=20),
    Case("parts of both signs", Sheet(sites=(Site(latitude=(-33, 9, 34, 639643), longitude=(-70, -37, 9, 598004)),)),
         on_tangent(-70.619332779, -33.159622123, 0.0, (0.0, 1.0)), NOWHERE, level=20, says="both signs"),
    Case("zero degrees south", Sheet(sites=(Site(latitude=(0, -30, 0), longitude=(101, 27, 0)),)),
         on_tangent(101.45, -0.5, 0.0, (0.0, 1.0)), NOWHERE, level=20),
    Case("elevation in millimetres of a metre file", Sheet(unit=METRE, sites=(replace(SITE, elevation=20_000.0),)), ON_SITE,
         level=20, says="read in millimetres"),
    Case("latitude and longitude exchanged", Sheet(sites=(replace(SITE, latitude=dms(LON), longitude=dms(LAT)),)), ON_SITE,
         level=20, says="exchanged"),
    Case("several sites that agree", Sheet(sites=(SITE, Site((0.0, 400.0, 0.0), 0.0, dms(33.163228633), dms(LON), H * 1000))),
         ON_SITE, level=20, says="2 sites carry"),
    Case("several sites, one elsewhere", Sheet(sites=(SITE, Site((0.0, 400.0, 0.0), 0.0, dms(LAT), dms(LON), H * 1000))), ON_SITE,
         level=20, says="lies 400.0 m from where its own"),
    Case("a phone map's degrees are named, not moved",
         Sheet(sites=(Site(latitude=dms(to_gcj02(LON, LAT)[1]), longitude=dms(to_gcj02(LON, LAT)[0]), elevation=H * 1000),)),
         on_tangent(*to_gcj02(LON, LAT), H, (0.0, 1.0)), SMALL, level=20, says="probably GCJ-02"),
]  # fmt: skip


def _convert(tmp_path: Path, case: Case) -> tuple[Verdict, ModelResult, list[ElementRow]]:
    source = make(tmp_path / "模型.ifc", case.sheet)
    outcome = run_conversion_blocking(ConversionJob(source, tmp_path / "spool", case.project))
    assert outcome.verdict.state == "succeeded", outcome.verdict
    return outcome.verdict, read_model(tmp_path / "spool"), list(iter_elements(tmp_path / "spool"))


def _ids(cases: list[Case]) -> list[str]:
    return [case.name for case in cases]


ALL = [*CONVERSIONS, *ZONES, *TWICE, *COORDINATES, *RIGID, *SETS, *DEGREES]


@pytest.mark.parametrize("case", ALL, ids=_ids(ALL))
def test_model_lies_within_a_centimetre_of_where_its_numbers_say(tmp_path: Path, case: Case) -> None:
    verdict, model, rows = _convert(tmp_path, case)
    found = model.georeference
    said = "\n".join(verdict.detail["warnings"])
    assert verdict.code == "ok", said
    assert found.level == case.level
    assert case.confidence in (None, found.confidence)
    assert case.crs in (None, found.crs)
    assert case.says in said
    assert case.truth is not None
    posts = {row.name: row for row in rows}
    inside = case.sheet.in_geometry
    for name, (x, y) in POSTS.items():
        lon, lat, height = case.truth(
            (x, y, 0.0) if _held(case) else (x + inside[0], y + inside[1], inside[2])
        )
        row = posts[name]
        assert row.centroid_lon is not None
        assert row.centroid_lat is not None
        assert GEOD.inv(row.centroid_lon, row.centroid_lat, lon, lat)[2] < case.within_m, name
        assert row.z_min_m == pytest.approx(height, abs=case.within_m), name


def _held(case: Case) -> bool:
    """Whether the truth is told from the model's own zero, its coordinates being those of the map."""
    return case.sheet.in_geometry != (0.0, 0.0, 0.0) or max(abs(each) for each in _site(case).at) > 20_000


def _site(case: Case) -> Site:
    return case.sheet.sites[0] if case.sheet.sites else Site()


@pytest.mark.parametrize("case", NOT_ON_THE_MAP, ids=_ids(NOT_ON_THE_MAP))
def test_model_stays_off_the_map_and_the_fault_is_named(tmp_path: Path, case: Case) -> None:
    verdict, model, rows = _convert(tmp_path, case)
    assert verdict.code == "no_position"
    assert (model.georeference.placed, model.georeference.level) == (False, case.level)
    assert case.says in "\n".join(verdict.detail["warnings"])
    assert all(row.footprint_lonlat_wkb is None for row in rows)
    assert sum(row.footprint_local_wkb is not None for row in rows) >= len(POSTS)


def test_a_phone_map_point_is_offered_converted(tmp_path: Path) -> None:
    case = DEGREES[-1]
    _, model, _ = _convert(tmp_path, case)
    offered = [each for each in model.georeference.candidates if each.method == "site_gcj02"]
    assert len(offered) == 1
    middle = on_tangent(LON, LAT, H, (0.0, 1.0))((0.0, 0.0, 1.5))
    assert offered[0].lon is not None
    assert offered[0].lat is not None
    assert GEOD.inv(offered[0].lon, offered[0].lat, *middle[:2])[2] < 0.05
    assert model.georeference.method == "site_lat_lon"


def test_a_stray_post_is_listed_and_does_not_stretch_the_model(tmp_path: Path) -> None:
    case = next(each for each in COORDINATES if each.sheet.stray)
    verdict, model, rows = _convert(tmp_path, case)
    assert [row.name for row in rows if "outlier" in row.flags] == ["孤"]
    assert "1 elements lie far from the rest" in "\n".join(verdict.detail["warnings"])
    assert model.bbox is not None
    assert model.bbox[2] - model.bbox[0] < 0.001


def test_every_candidate_tells_where_it_would_put_the_model(tmp_path: Path) -> None:
    """A conversion and degrees that disagree by 22 km are both shown, and not averaged."""
    case = next(each for each in TWICE if each.name == "the site's degrees contradict")
    _, model, _ = _convert(tmp_path, case)
    methods = {each.method: each for each in model.georeference.candidates}
    assert {"map_conversion", "site_lat_lon"} <= methods.keys()
    site = methods["site_lat_lon"]
    assert site.lat == pytest.approx(33.3334, abs=1e-3)
