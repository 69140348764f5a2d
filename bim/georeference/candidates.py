"""Every reading of a position in a file, each with what it assumes; none is preferred here by more than a penalty."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from bim.georeference.crs_names import (
    NamedCrs,
    has_zone_in_easting,
    is_eight_digit_easting,
    is_northing,
    is_six_digit_easting,
    pick_crs,
    read_crs,
    twin_crs,
    zone_crs,
)
from bim.georeference.facts import GeoFacts, MapConversion, Matrix, RigidOperation, SitePoint
from bim.georeference.scale import read_scale
from bim.georeference.transforms import (
    helmert_matrix,
    representative_point,
    shift_matrix,
    swap_matrix,
    tangent_matrix,
)
from bim.job import ProjectPlace

# Local coordinates beyond this are map coordinates; the largest works measure less.
MAP_SIZE_M = 20_000.0
_HIGHEST_GROUND_M = 9_000.0


@dataclass(frozen=True)
class Reading:
    """One way to read the position.

    Attributes
    ----------
    penalty : float
        0 for the plain reading of the standard; the more is assumed, the higher.
    needs_project : bool
        May only be taken where the project confirms it.
    geographic : str or None
        Geographic system whose area of use must hold the point, beside the projected one.
    """

    level: int
    method: str
    crs: str | None
    matrix: Matrix
    penalty: float
    notes: tuple[str, ...] = ()
    vertical: str | None = None
    evidence: str = ""
    accuracy_m: float | None = None
    needs_project: bool = False
    understood: bool = True
    problems: tuple[str, ...] = ()
    geographic: str | None = field(default=None)


def list_readings(facts: GeoFacts, project: ProjectPlace) -> list[Reading]:
    """List every reading of a file's position."""
    readings: list[Reading] = []
    on_model = [each for each in facts.conversions if each.on_model] or list(facts.conversions)
    for conversion in on_model:
        readings += _conversion_readings(conversion, facts, project)
    for rigid in facts.rigid:
        readings += _rigid_readings(rigid, facts, project)
    readings += _coordinate_readings(facts, project)
    for rank, site in enumerate(facts.sites):
        readings.append(_site_reading(site, rank, facts, project))
    return [_without_world(each, facts) for each in readings]


def has_map_coordinates(facts: GeoFacts) -> bool:
    """Say whether the model's own coordinates are map-sized."""
    x, y, _ = representative_point(facts)
    return max(abs(x), abs(y)) > MAP_SIZE_M


def _without_world(reading: Reading, facts: GeoFacts) -> Reading:
    """Undo the context's WorldCoordinateSystem: the conversion starts at its zero, the kernel ignores it."""
    if facts.world is None or reading.level != 50:
        return reading
    return replace(reading, matrix=reading.matrix @ np.linalg.inv(facts.world))


def _conversion_readings(one: MapConversion, facts: GeoFacts, project: ProjectPlace) -> Iterator[Reading]:
    named = read_crs(one.crs)
    method = "pset_map_conversion" if one.from_pset else "map_conversion"
    angle = _angle(one)
    for unit, penalty, note in _unit_choices(one, facts.unit_m):
        scale = read_scale(one.scale, unit, facts.unit_m)
        matrix = helmert_matrix(
            unit * one.eastings, unit * one.northings, unit * one.height, angle, scale.factor, one.factors
        )
        plain = Reading(
            level=50,
            method=method,
            crs=None if named.geographic else named.code,
            matrix=matrix,
            penalty=penalty + (0.0 if scale.understood else 3.0) + (0.1 if one.from_pset else 0.0),
            notes=tuple(each for each in (note, scale.note) if each),
            vertical=named.vertical,
            evidence=one.evidence,
            understood=scale.understood,
            problems=(named.problem_en,) if named.problem_en else (),
        )
        yield from _digit_readings(plain, named, project)
        if has_map_coordinates(facts):
            yield from _single_readings(plain, named, facts, project)


def _angle(one: MapConversion) -> float:
    if one.abscissa is None and one.ordinate is None:
        return 0.0
    return math.atan2(one.ordinate or 0.0, one.abscissa or 0.0)


def _unit_choices(one: MapConversion, unit_m: float) -> list[tuple[float, float, str | None]]:
    """Metres per map unit, with penalty and remark: as written, project units, metres."""
    if one.map_unit_m is not None and not one.map_unit_doubtful:
        own = one.map_unit_m
        choices: list[tuple[float, float, str | None]] = [(own, 0.0, None)]
        if abs(own - unit_m) > 1e-12:
            choices.append((unit_m, 1.0, "eastings read in project units although MapUnit says otherwise"))
        return choices
    if one.map_unit_doubtful:
        return [
            (1.0, 0.3, "MapUnit is called metre but defined otherwise; read as metre"),
            (
                one.map_unit_m or 1.0,
                0.4,
                "MapUnit is called metre but defined otherwise; its definition used",
            ),
        ]
    if abs(unit_m - 1.0) < 1e-12:
        return [(1.0, 0.0, None)]
    by_project, by_metre = (
        (unit_m, 0.0, "MapUnit is missing; read in project units"),
        (
            1.0,
            0.3,
            "MapUnit is missing; read in metres",
        ),
    )
    if one.from_pset and not one.typed_as_length:
        return [(1.0, 0.0, by_metre[2]), (unit_m, 0.3, by_project[2])]
    return [by_project, by_metre]


def _digit_readings(plain: Reading, named: NamedCrs, project: ProjectPlace) -> Iterator[Reading]:
    """The plain reading, and what the digits of CGCS2000 coordinates suggest instead."""
    yield plain
    east, north = float(plain.matrix[0, 3]), float(plain.matrix[1, 3])
    yield from _by_digits(plain, east, north, named, project)


def _by_digits(
    base: Reading, east: float, north: float, named: NamedCrs, project: ProjectPlace
) -> Iterator[Reading]:
    swapped = is_northing(east) and (is_eight_digit_easting(north) or is_six_digit_easting(north))
    if swapped:
        base = replace(
            base,
            matrix=_swapped(base),
            penalty=base.penalty + 1.0,
            notes=(*base.notes, "x and y are swapped: x holds the northing"),
        )
        east, north = north, east
    if is_eight_digit_easting(east):
        code = zone_crs(east)
    elif is_six_digit_easting(east) and is_northing(north):
        code = _without_zone(base.crs or project.crs)
    else:
        return
    if code is None or (code == base.crs and not swapped):
        return
    if code == base.crs:
        yield base
        return
    note = f"{named.code or 'no system'} is named, the digits fit {code}"
    yield replace(base, crs=code, penalty=base.penalty + 1.0, notes=(*base.notes, note))


def _swapped(base: Reading) -> Matrix:
    """Exchange only the shift where the model is turned by a conversion; the turn itself is meant on the map."""
    matrix = base.matrix.copy()
    matrix[0, 3], matrix[1, 3] = base.matrix[1, 3], base.matrix[0, 3]
    return matrix


def _without_zone(code: str | None) -> str | None:
    return twin_crs(code) if has_zone_in_easting(code) else code


def _single_readings(
    plain: Reading, named: NamedCrs, facts: GeoFacts, project: ProjectPlace
) -> Iterator[Reading]:
    """A doubled georeference: coordinates already on the map and a conversion on top; take either alone."""
    x, y, z = facts.offset if max(map(abs, facts.offset[:2])) > MAP_SIZE_M else representative_point(facts)
    alone = replace(
        plain,
        method=plain.method + "_alone",
        matrix=plain.matrix @ shift_matrix(-x, -y, -z),
        penalty=plain.penalty + 0.9,
        notes=(*plain.notes, "georeference is doubled: the placement is left out"),
    )
    yield from _digit_readings(alone, named, project)
    yield replace(
        plain,
        level=50,
        method="coordinates_alone",
        matrix=np.eye(4),
        penalty=plain.penalty + 0.8,
        notes=(*plain.notes, "georeference is doubled: the conversion is left out"),
    )


def _rigid_readings(one: RigidOperation, facts: GeoFacts, project: ProjectPlace) -> Iterator[Reading]:
    named = read_crs(one.crs)
    problems = (named.problem_en,) if named.problem_en else ()
    if not one.angles:
        unit = one.map_unit_m or 1.0
        shift = shift_matrix(unit * one.first, unit * one.second, unit * one.height)
        plain = Reading(
            50, "rigid_operation", named.code, shift, 0.0, (), named.vertical, one.evidence, problems=problems
        )
        yield from _digit_readings(plain, named, project)
        return
    orders = ((one.second, one.first, "latitude first"), (one.first, one.second, "longitude first"))
    for rank, (lon, lat, note) in enumerate(orders):
        if abs(lat) > 90 or abs(lon) > 180:
            continue
        crs = pick_crs(lon, lat, project.crs)
        matrix = tangent_matrix(lon, lat, one.height, facts.true_north or (0.0, 1.0), (0.0, 0.0, 0.0), crs)
        yield Reading(
            level=50,
            method="rigid_operation_degrees",
            crs=crs,
            matrix=matrix,
            penalty=0.1 * rank,
            notes=(f"coordinates read {note}",),
            vertical=named.vertical,
            evidence=one.evidence,
            problems=problems,
            geographic=named.code,
        )


def _coordinate_readings(facts: GeoFacts, project: ProjectPlace) -> Iterator[Reading]:
    """Map-sized coordinates without a conversion: level 30, the system told by the digits."""
    if not has_map_coordinates(facts):
        return
    x, y, _ = representative_point(facts)
    base = Reading(
        30, "map_coordinates", None, np.eye(4), 5.0, ("no system is named",), evidence="coordinates"
    )
    if is_northing(x) and (is_eight_digit_easting(y) or is_six_digit_easting(y)):
        base = replace(
            base,
            matrix=swap_matrix(),
            penalty=6.0,
            notes=(*base.notes, "x and y are swapped: x holds the northing"),
        )
        x, y = y, x
    if is_eight_digit_easting(x) and is_northing(y):
        yield replace(
            base, crs=zone_crs(x), notes=(*base.notes, "system told by the zone number in the easting")
        )
    elif is_six_digit_easting(x) and is_northing(y) and project.crs is not None:
        yield replace(
            base,
            crs=_without_zone(project.crs),
            penalty=base.penalty + 0.5,
            notes=(*base.notes, "central meridian taken from the project"),
            needs_project=True,
        )
    else:
        yield base


def _site_reading(site: SitePoint, rank: int, facts: GeoFacts, project: ProjectPlace) -> Reading:
    crs = pick_crs(site.lon, site.lat, project.crs)
    height, note = _elevation(site)
    notes = [note] if note else []
    notes += ["latitude or longitude has parts of both signs"] if site.mixed_signs else []
    notes += [] if facts.true_north else ["no true north: +Y assumed"]
    matrix = tangent_matrix(site.lon, site.lat, height, facts.true_north or (0.0, 1.0), site.origin, crs)
    return Reading(
        level=40 if facts.true_north else 20,
        method="site_lat_lon",
        crs=crs,
        matrix=matrix,
        penalty=8.0 + 0.1 * rank,
        notes=tuple(notes),
        evidence=site.evidence,
    )


def _elevation(site: SitePoint) -> tuple[float, str | None]:
    value = site.elevation_m or 0.0
    if abs(value) <= _HIGHEST_GROUND_M:
        return value, None
    return value / 1000.0, "RefElevation read in millimetres"
