"""The geometry of a ledger's rows as features, placed and checked like those of every other file."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

import shapely
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from gis.exchange.amounts import CellError, plain
from gis.exchange.areas import check_area
from gis.exchange.coordinates import Claim, place
from gis.exchange.digits import find_sign, spread
from gis.exchange.errors import ExchangeError
from gis.exchange.ledger_model import CellFinding, LedgerRow, Value
from gis.exchange.ledger_outlines import parse_coordinate, parse_outline, polygon, split_rings
from gis.exchange.model import Evidence, Finding, Question, ReadChoices, ReadFeature
from gis.exchange.outlines import feature, find_stray, placed

AREA_FIELDS: Final = ("stated_area_m2", "registered_area_m2")
_SYSTEM: Final = re.compile(r"坐标系(?:统|名称)?\s*[:为是]?\s*([^\s,;。)]{2,30})")
_ZONE: Final = re.compile(r"带号\s*[:为是]?\s*([0-9]{2})(?![0-9])")
_MERIDIAN: Final = re.compile(r"中央(?:子午线|经线)\s*[:为是]?\s*([0-9]{2,3})(?![0-9])")
_ROW: Final = re.compile(r"row ([0-9]+)")


@dataclass(frozen=True)
class Shape:
    """The geometry of a row in the order of its columns, and the EPSG code that its WKT names."""

    row: int
    geometry: BaseGeometry
    srid: int | None = None
    north_first: bool = False
    vertex_names: list[list[str]] = field(default_factory=list)


@dataclass
class Placed:
    """What became of the geometry of all rows."""

    features: list[ReadFeature] = field(default_factory=list)
    crs: str | None = None
    evidence: list[Evidence] = field(default_factory=list)
    findings: list[CellFinding] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


def read_shape(row: int, cells: Mapping[str, Any], letters: Mapping[str, str]) -> Shape | CellFinding | None:
    """Return the geometry of one row from its raw cells by field, its fault, or None where it has none.

    Parameters
    ----------
    cells, letters : mapping
        Field → raw cell, field → column letter.
    """
    try:
        outline = parse_outline(cells.get("outline"))
    except CellError as error:
        return CellFinding(row, letters["outline"], error.en, error.zh)
    if outline is not None:
        return Shape(
            row, outline.geometry, outline.srid, not outline.is_wkt and _north_first(outline.geometry)
        )
    for first, second in (("x", "y"), ("lon", "lat")):
        if first in cells and second in cells:
            pair = read_pair(row, cells, letters, first, second)
            if not isinstance(pair, tuple):
                return pair
            return Shape(row, Point(pair), north_first=first == "x")
    return None


def _north_first(listed: BaseGeometry) -> bool:
    """Say which order a list of coordinates has by its digits: no habit tells, so none is corrected."""
    sign = find_sign(spread("", shapely.get_coordinates(listed)))
    return sign is not None and not sign.east_first


def read_pair(
    row: int, cells: Mapping[str, Any], letters: Mapping[str, str], first: str, second: str
) -> tuple[float, float] | CellFinding | None:
    """Return two coordinates of a row, the fault of one, or None where both are blank."""
    values: list[float | None] = []
    for name in (first, second):
        try:
            values.append(parse_coordinate(cells.get(name)))
        except CellError as error:
            return CellFinding(row, letters[name], error.en, error.zh)
    if values[0] is None and values[1] is None:
        return None
    if values[0] is None or values[1] is None:
        missing = first if values[0] is None else second
        return CellFinding(
            row, letters[missing], "One of the two coordinates is missing.", "缺少一个坐标值。"
        )
    return values[0], values[1]


def outline_points(
    row: int, points: Sequence[tuple[float, float]], rings: Sequence[str], names: list[str], *, north_first: bool,
    letter: str,
) -> Shape | CellFinding:  # fmt: skip
    """Return the polygon of the boundary points of one parcel, whose first stands in `row`."""
    try:
        return Shape(row, polygon(split_rings(points, rings)), None, north_first, [names])
    except CellError as error:
        return CellFinding(row, letter, error.en, error.zh)


def find_claim(around: Sequence[str], shapes: Sequence[Shape]) -> Claim:
    """Return what the lines around a table and its WKT say of the coordinates.

    Examples
    --------
    >>> find_claim(["坐标系：2000国家大地坐标系，中央子午线117°"], []).zone
    39
    """
    text = " ".join(plain(line) for line in around)
    system, zone, meridian = (pattern.search(text) for pattern in (_SYSTEM, _ZONE, _MERIDIAN))
    number = int(zone[1]) if zone else None
    if number is None and meridian is not None and int(meridian[1]) % 3 == 0:
        number = int(meridian[1]) // 3
    srids = {shape.srid for shape in shapes}
    srid = next(iter(srids)) if len(srids) == 1 else None
    north_first = bool(shapes) and shapes[0].north_first
    return Claim(system[1] if system else "", srid, number, north_first, "")


def place_shapes(
    shapes: Sequence[Shape], rows: Mapping[int, LedgerRow], around: Sequence[str], choices: ReadChoices,
    letters: Mapping[str, str],
) -> Placed:  # fmt: skip
    """Return the features of the rows; there is at least one shape.

    Raises
    ------
    ExchangeError
        A choice that contradicts the coordinates, or an old datum named beside the table.
    """
    made = Placed()
    letter = next((letters[name] for name in ("outline", "x", "lon") if name in letters), None)
    spreads = [spread(f"row {shape.row}", shapely.get_coordinates(shape.geometry)) for shape in shapes]
    try:
        placement = place(spreads, find_claim(around, shapes), choices)
    except ExchangeError as error:
        if not all(_ROW.match(fault.where) for fault in error.errors):
            raise
        made.findings = [_in_cell(fault, letter) for fault in error.errors]
        return made
    made.evidence, made.questions = placement.evidence, placement.questions
    made.findings = [_in_cell(said, letter) for said in placement.warnings]
    made.crs = f"EPSG:{placement.srid}" if placement.srid is not None else None
    for shape, kept in zip(shapes, placement.kept, strict=True):
        if kept:
            _add(
                made,
                shape,
                placed(shape.geometry, placement),
                placement.srid,
                rows[shape.row],
                letter,
                letters,
            )
    if any(each.level == "error" for each in made.findings):
        made.features = []
    return made


def _add(
    made: Placed, shape: Shape, geometry: BaseGeometry, srid: int | None, row: LedgerRow, letter: str | None,
    letters: Mapping[str, str],
) -> None:  # fmt: skip
    where = f"row {shape.row}"
    stray = find_stray(geometry, srid, where) if srid is not None else None
    if stray is not None:
        made.findings.append(_in_cell(stray, letter))
        return
    attributes = {name: _plain(value) for name, value in (row.extra | row.values).items()}
    one, said = feature(geometry, srid, attributes, where, vertex_names=shape.vertex_names)
    made.findings.extend(_in_cell(each, letter) for each in said)
    name = next((each for each in AREA_FIELDS if isinstance(row.values.get(each), float)), None)
    stated = row.values[name] if name is not None else None
    if name is not None and isinstance(stated, float) and shapely.get_dimensions(geometry) == 2:
        one = replace(one, stated_area_m2=stated)
        if one.computed_area_m2 is not None:
            # Its unit is known by header or cell, so nothing is converted here.
            fault = check_area(stated, one.computed_area_m2, where, unit_named=True)[1]
            made.findings.extend([_in_cell(fault, letters.get(name))] if fault is not None else [])
    made.features.append(one)


def _in_cell(said: Finding, letter: str | None) -> CellFinding:
    found = _ROW.match(said.where)
    return CellFinding(int(found[1]) if found else 0, letter if found else None, said.en, said.zh, said.level)


def _plain(value: Value) -> Any:
    """Return a value as JSON can hold it."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value
