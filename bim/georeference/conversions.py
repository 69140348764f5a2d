"""Readings of map conversions: units, scale, digits, degrees, and georeferences given twice."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from bim.georeference.crs_names import NamedCrs, pick_crs, read_crs
from bim.georeference.digits import digit_readings
from bim.georeference.facts import GeoFacts, MapConversion, Point
from bim.georeference.reading import Reading, has_map_coordinates, is_map_size
from bim.georeference.scale import ScaleReading, read_scale
from bim.georeference.transforms import helmert_matrix, representative_point, shift_matrix, tangent_matrix
from bim.job import ProjectPlace

UnitChoice = tuple[float, float, str | None]

_IN_PROJECT = "MapUnit is missing; read in project units"
_IN_METRES = "MapUnit is missing; read in metres"


def conversion_readings(one: MapConversion, facts: GeoFacts, project: ProjectPlace) -> Iterator[Reading]:
    """Yield every reading of one map conversion."""
    named = read_crs(one.crs)
    method = "pset_map_conversion" if one.from_pset else "map_conversion"
    middle = representative_point(facts)
    for unit, penalty, note in _unit_choices(one, facts.unit_m):
        scale = _scale(one, unit, facts.unit_m)
        plain = Reading(
            level=50,
            method=method,
            crs=None if named.geographic else named.code,
            matrix=helmert_matrix(
                unit * one.eastings,
                unit * one.northings,
                unit * one.height,
                _angle(one),
                scale.factor,
                one.factors,
            ),
            penalty=penalty + (0.0 if scale.understood else 3.0) + (0.1 if one.from_pset else 0.0),
            notes=tuple(each for each in (note, scale.note) if each),
            vertical=named.vertical,
            evidence=one.evidence,
            understood=scale.understood,
            problems=_problems(named, one),
        )
        yield from digit_readings(plain, named, project, middle)
        if has_map_coordinates(facts) and is_map_size(float(plain.matrix[0, 3]), float(plain.matrix[1, 3])):
            yield from _single_readings(plain, named, facts, project, middle)
    yield from _degree_readings(one, named, method, project)


def unit_choices(
    map_unit_m: float | None, unit_m: float, *, doubtful: bool = False, metres_first: bool = False
) -> list[UnitChoice]:
    """Metres per map unit, with penalty and remark: as written, project units, metres."""
    if doubtful:
        return [
            (1.0, 0.3, "MapUnit is called metre but defined otherwise; read as metre"),
            (map_unit_m or 1.0, 0.4, "MapUnit is called metre but defined otherwise; its definition used"),
        ]
    if map_unit_m is not None:
        return _declared(map_unit_m, unit_m)
    if abs(unit_m - 1.0) < 1e-12:
        return [(1.0, 0.0, None)]
    if metres_first:
        return [(1.0, 0.0, _IN_METRES), (unit_m, 0.3, _IN_PROJECT)]
    return [(unit_m, 0.0, _IN_PROJECT), (1.0, 0.3, _IN_METRES)]


def _declared(own: float, unit_m: float) -> list[UnitChoice]:
    """The unit written, then those exporters write in all the same."""
    choices: list[UnitChoice] = [(own, 0.0, None)]
    if abs(own - unit_m) > 1e-12:
        choices.append((unit_m, 1.0, "eastings read in project units although MapUnit says otherwise"))
    if min(abs(own - 1.0), abs(unit_m - 1.0)) > 1e-12:
        choices.append((1.0, 1.2, "eastings read in metres although MapUnit says otherwise"))
    return choices


def _unit_choices(one: MapConversion, unit_m: float) -> list[UnitChoice]:
    return unit_choices(
        one.map_unit_m,
        unit_m,
        doubtful=one.map_unit_doubtful,
        metres_first=one.from_pset and not one.typed_as_length,
    )


def _scale(one: MapConversion, unit: float, unit_m: float) -> ScaleReading:
    """Read Scale by the unit tried, else by the one the file declares: the eastings may break it, Scale may not."""
    found = read_scale(one.scale, unit, unit_m)
    if found.understood or one.map_unit_m is None:
        return found
    declared = read_scale(one.scale, one.map_unit_m, unit_m)
    return declared if declared.understood else found


def _angle(one: MapConversion) -> float:
    if one.abscissa is None and one.ordinate is None:
        return 0.0
    return math.atan2(one.ordinate or 0.0, one.abscissa or 0.0)


def _problems(named: NamedCrs, one: MapConversion) -> tuple[str, ...]:
    return tuple(each for each in (named.problem_en, one.problem) if each)


def _single_readings(
    plain: Reading, named: NamedCrs, facts: GeoFacts, project: ProjectPlace, middle: Point
) -> Iterator[Reading]:
    """A doubled georeference: coordinates already on the map and a conversion on top; take either alone."""
    x, y, z = facts.offset if is_map_size(*facts.offset[:2]) else middle
    alone = replace(
        plain,
        method=plain.method + "_alone",
        matrix=plain.matrix @ shift_matrix(-x, -y, -z),
        penalty=plain.penalty + 0.9,
        notes=(*plain.notes, "georeference is doubled: the placement is left out"),
    )
    # The zero of this reading is not that of the conversion: the digits are the conversion's.
    for each in digit_readings(plain, named, project, middle):
        yield replace(
            each,
            method=alone.method,
            matrix=each.matrix @ shift_matrix(-x, -y, -z),
            penalty=each.penalty + 0.9,
            notes=(*each.notes, alone.notes[-1]),
        )
    coordinates = replace(
        plain,
        method="coordinates_alone",
        matrix=np.eye(4),
        penalty=plain.penalty + 0.8,
        notes=(*plain.notes, "georeference is doubled: the conversion is left out"),
    )
    yield from digit_readings(coordinates, named, project, middle)


def _degree_readings(
    one: MapConversion, named: NamedCrs, method: str, project: ProjectPlace
) -> Iterator[Reading]:
    """A conversion to a geographic system whose eastings are degrees: local metres in the tangent plane there."""
    if not named.geographic or not (one.eastings or one.northings):
        return
    angle = _angle(one)
    orders = ((one.eastings, one.northings, 0.0), (one.northings, one.eastings, 0.2))
    for lon, lat, penalty in orders:
        if abs(lon) > 180 or abs(lat) > 90:
            continue
        crs = pick_crs(lon, lat, project.crs)
        yield Reading(
            level=50,
            method=method + "_degrees",
            crs=crs,
            matrix=tangent_matrix(
                lon, lat, one.height, (math.sin(angle), math.cos(angle)), (0.0, 0.0, 0.0), crs
            ),
            penalty=1.0 + penalty,
            notes=("eastings and northings are degrees" + ("" if penalty == 0 else ", latitude first"),),
            vertical=named.vertical,
            evidence=one.evidence,
            problems=_problems(named, one),
            geographic=named.code,
        )
