"""Readings of everything but map conversions: rigid operations, map-sized coordinates, the site's degrees."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from bim.georeference.conversions import unit_choices
from bim.georeference.crs_names import (
    NamedCrs,
    is_eight_digit_easting,
    is_northing,
    is_six_digit_easting,
    pick_crs,
    read_crs,
    zone_crs,
)
from bim.georeference.digits import SWAPPED, digit_readings, without_zone
from bim.georeference.facts import GeoFacts, RigidOperation, SitePoint
from bim.georeference.gcj02 import from_gcj02
from bim.georeference.reading import Reading, has_map_coordinates, is_map_size, plausible_height
from bim.georeference.transforms import (
    distance_to_project_m,
    map_point,
    representative_point,
    shift_matrix,
    swap_matrix,
    tangent_matrix,
)
from bim.job import ProjectPlace

# How far GCJ-02 moves a point in China, metres, with room for the size of a project.
_GCJ_SHIFT_M = (100.0, 1_000.0)
_NO_NAME = NamedCrs(None)


def rigid_readings(one: RigidOperation, facts: GeoFacts, project: ProjectPlace) -> Iterator[Reading]:
    """Yield the readings of a rigid operation: a shift in map units, or degrees in either order."""
    named = read_crs(one.crs)
    problems = (named.problem_en,) if named.problem_en else ()
    if one.angles:
        yield from _rigid_degrees(one, named, facts, project, problems)
        return
    for unit, penalty, note in unit_choices(one.map_unit_m, facts.unit_m, doubtful=one.map_unit_doubtful):
        plain = Reading(
            level=50,
            method="rigid_operation",
            crs=None if named.geographic else named.code,
            matrix=shift_matrix(unit * one.first, unit * one.second, unit * one.height),
            penalty=penalty,
            notes=(note,) if note else (),
            vertical=named.vertical,
            evidence=one.evidence,
            problems=problems,
        )
        yield from digit_readings(plain, named, project, representative_point(facts))


def _rigid_degrees(
    one: RigidOperation, named: NamedCrs, facts: GeoFacts, project: ProjectPlace, problems: tuple[str, ...]
) -> Iterator[Reading]:
    height, note = plausible_height(one.height)
    orders = ((one.second, one.first, "latitude first"), (one.first, one.second, "longitude first"))
    for rank, (lon, lat, order) in enumerate(orders):
        if abs(lat) > 90 or abs(lon) > 180:
            continue
        crs = pick_crs(lon, lat, project.crs)
        yield Reading(
            level=50,
            method="rigid_operation_degrees",
            crs=crs,
            matrix=tangent_matrix(lon, lat, height, facts.true_north or (0.0, 1.0), (0.0, 0.0, 0.0), crs),
            penalty=0.1 * rank,
            notes=(f"coordinates read {order}", *([note] if note else [])),
            vertical=named.vertical,
            evidence=one.evidence,
            problems=problems,
            geographic=named.code,
        )


def coordinate_readings(facts: GeoFacts, project: ProjectPlace) -> Iterator[Reading]:
    """Yield map-sized coordinates without a conversion: level 30, the system told by the digits."""
    if not has_map_coordinates(facts):
        return
    x, y, _ = representative_point(facts)
    base = Reading(
        30, "map_coordinates", None, np.eye(4), 5.0, ("no system is named",), evidence="coordinates"
    )
    if is_northing(x) and (is_eight_digit_easting(y) or is_six_digit_easting(y)):
        base = replace(base, matrix=swap_matrix(), penalty=6.0, notes=(*base.notes, SWAPPED))
        x, y = y, x
    yield from _by_digits(base, x, y, project)


def world_readings(facts: GeoFacts, project: ProjectPlace) -> Iterator[Reading]:
    """Yield a map-sized WorldCoordinateSystem without a conversion: level 40, an offset without a system's name."""
    if facts.world is None or facts.conversions or facts.rigid:
        return
    x, y, _ = map_point(facts.world, representative_point(facts))
    if not is_map_size(*facts.world[:2, 3].tolist()) or has_map_coordinates(facts):
        return
    base = Reading(
        40, "world_coordinates", None, facts.world, 5.5, ("no system is named",), evidence="context"
    )
    if is_northing(x) and (is_eight_digit_easting(y) or is_six_digit_easting(y)):
        swapped = facts.world.copy()
        swapped[0, 3], swapped[1, 3] = facts.world[1, 3], facts.world[0, 3]
        base = replace(base, matrix=swapped, penalty=6.5, notes=(*base.notes, SWAPPED))
        x, y = y, x
    yield from _by_digits(base, x, y, project)


def _by_digits(base: Reading, x: float, y: float, project: ProjectPlace) -> Iterator[Reading]:
    if is_eight_digit_easting(x) and is_northing(y):
        told = "system told by the zone number in the easting"
        yield replace(base, crs=zone_crs(x), notes=(*base.notes, told))
    elif is_six_digit_easting(x) and is_northing(y) and project.crs is not None:
        yield replace(
            base,
            crs=without_zone(project.crs),
            penalty=base.penalty + 0.5,
            notes=(*base.notes, "central meridian taken from the project"),
            needs_project=True,
        )
    elif project.crs is not None:
        yield replace(
            base,
            crs=project.crs,
            penalty=base.penalty + 1.0,
            notes=(*base.notes, f"that of the project, {project.crs}, is tried"),
            needs_project=True,
        )
    else:
        yield base


def site_readings(site: SitePoint, rank: int, facts: GeoFacts, project: ProjectPlace) -> Iterator[Reading]:
    """Yield a site's degrees, exchanged where they can only be so, and as GCJ-02 where the project says it."""
    if abs(site.lat) <= 90 and abs(site.lon) <= 180:
        yield _site_reading(site, rank, facts, project)
        twin = find_gcj_twin(site, project)
        if twin is not None:
            plain = _site_reading(replace(site, lon=twin[0], lat=twin[1]), rank, facts, project)
            yield replace(
                plain,
                method="site_gcj02",
                penalty=plain.penalty + 1.0,
                notes=(*plain.notes, "offered: taken as GCJ-02 and converted to WGS 84"),
                offered=True,
            )
    elif abs(site.lon) <= 90 and abs(site.lat) <= 180:
        turned = _site_reading(replace(site, lon=site.lat, lat=site.lon), rank, facts, project)
        note = "latitude and longitude are exchanged"
        yield replace(
            turned,
            method="site_lat_lon_swapped",
            penalty=turned.penalty + 1.0,
            notes=(*turned.notes, note),
        )


def find_gcj_twin(site: SitePoint, project: ProjectPlace) -> tuple[float, float] | None:
    """Find what a point copied from a phone map would be unshifted: it misses the project, its twin does not."""
    missed = distance_to_project_m((site.lon, site.lat), project)
    if missed is None or not _GCJ_SHIFT_M[0] < missed < _GCJ_SHIFT_M[1]:
        return None
    twin = from_gcj02(site.lon, site.lat)
    back = distance_to_project_m(twin, project)
    return twin if back is not None and back <= missed / 3 else None


def _site_reading(site: SitePoint, rank: int, facts: GeoFacts, project: ProjectPlace) -> Reading:
    crs = pick_crs(site.lon, site.lat, project.crs)
    height, note = plausible_height(site.elevation_m or 0.0)
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
