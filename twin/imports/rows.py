"""The features of a reading as rows of a layer: mapped, checked and placed one by one, each fault with its place."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import shapely
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.crs import Crs, native_zone_srid, parse_crs, zone_of_srid
from gis.errors import GisError
from twin.editing.place import make_place
from twin.editing.trail import plain
from twin.editing.values import Values, check_given, check_new
from twin.errors import TwinError
from twin.imports.mapping import Mapped, list_defaults
from twin.imports.targets import Target
from twin.imports.values import read_values
from twin.uploads.models import Reading

_FEATURES: Final = text("""
SELECT number, place, attributes, survey_crs, stated_area_m2, repair_note, faults,
  ST_AsBinary(geom) AS shape, ST_AsBinary(repaired) AS mended
FROM upload_feature WHERE reading_id = :reading_id ORDER BY number
""")
_LOT: Final = 500
_AREA: Final = "stated_area_m2"
_POLYGONS: Final = ("Polygon", "MultiPolygon")


@dataclass(frozen=True)
class RowFault:
    """What is wrong with one row of a file, and where it stands there."""

    place: str
    en: str
    zh: str

    def as_json(self) -> dict[str, str]:
        """Return the fault as a job's verdict holds it."""
        return {"where": self.place, "message": self.en, "message_zh": self.zh}


@dataclass(frozen=True)
class Prepared:
    """A row that may be written.

    Attributes
    ----------
    key : str
        The values that name the row, joined by a blank.
    values : dict
        What the file tells, checked.
    fresh : dict or None
        Everything a new row needs; None where something is missing, which `missing` names.
    polygon : MultiPolygon or None
        As surveyed; None for a row without a place.
    """

    number: int
    place: str
    key: str
    values: Values
    fresh: Values | None
    missing: RowFault | None
    polygon: MultiPolygon | None
    degrees: MultiPolygon | None
    crs: Crs | None

    @property
    def zone_srid(self) -> int | None:
        """The zone that the outline is surveyed in, or is brought into."""
        if self.crs is None or self.degrees is None:
            return None
        if zone_of_srid(self.crs.srid) is not None:
            return self.crs.srid
        west, _, east, _ = self.degrees.bounds
        return native_zone_srid((west + east) / 2)

    @property
    def content_hash(self) -> bytes:
        """What the file says of this row, as a hash."""
        told = json.dumps(plain(self.values), sort_keys=True, ensure_ascii=False)
        shape = b"" if self.polygon is None else shapely.to_wkb(self.polygon, byte_order=1)
        srid = 0 if self.crs is None else self.crs.srid
        return hashlib.sha256(told.encode() + b"\0" + str(srid).encode() + b"\0" + shape).digest()


@dataclass
class Tally:
    """What became of the features of a file on their way to rows."""

    faults: list[RowFault] = field(default_factory=list)
    fault_count: int = 0
    skipped_invalid: int = 0
    skipped_shapes: int = 0
    prepared: int = 0
    seen: dict[str, str] = field(default_factory=dict)  # key → place

    def add_fault(self, fault: RowFault, most: int = 200) -> None:
        """Count a fault, and keep it while they are not too many."""
        self.fault_count += 1
        if len(self.faults) < most:
            self.faults.append(fault)


def iter_features(session: Session, reading_id: int) -> Iterator[Mapping[str, Any]]:
    """Iterate over the features of a reading, in the order of the file, without holding them all."""
    rows = session.execute(
        _FEATURES, {"reading_id": reading_id}, execution_options={"yield_per": _LOT, "stream_results": True}
    )
    for row in rows.mappings():
        yield dict(row)


def iter_rows(
    features: Iterator[Mapping[str, Any]], reading: Reading, target: Target, mapped: Mapped, tally: Tally
) -> Iterator[Prepared]:
    """Iterate over the rows that features make; faults and what is left out go to the tally."""
    defaults = list_defaults(target, mapped)
    for feature in features:
        shape = _shape(feature, reading.repairs, tally)
        if shape is _LEFT_OUT:
            continue
        try:
            prepared = _prepare(feature, shape, target, mapped, defaults)
        except (TwinError, GisError) as error:
            tally.add_fault(RowFault(_place(feature["place"], error.where), error.en, error.zh))
            continue
        twin = tally.seen.setdefault(prepared.key, prepared.place)
        if twin != prepared.place:
            tally.add_fault(_twice(prepared, twin))
            continue
        tally.prepared += 1
        yield prepared


_LEFT_OUT: Final = shapely.Point()


def _shape(feature: Mapping[str, Any], repairs: str | None, tally: Tally) -> BaseGeometry | None:
    """Return the outline to import, None for a row without one, `_LEFT_OUT` for a feature that is not imported."""
    for fault in feature["faults"]:
        if fault.get("level") == "error":
            tally.add_fault(RowFault(_place(feature["place"], fault.get("where")), fault["en"], fault["zh"]))
            return _LEFT_OUT
    if feature["repair_note"] is not None and repairs != "accept":
        tally.skipped_invalid += 1
        return _LEFT_OUT
    wkb = feature["mended"] if feature["repair_note"] is not None else feature["shape"]
    shape = None if wkb is None else shapely.from_wkb(bytes(wkb))
    if shape is not None and shape.geom_type not in _POLYGONS:
        tally.skipped_shapes += 1
        return _LEFT_OUT
    return shape


def _prepare(
    feature: Mapping[str, Any],
    shape: BaseGeometry | None,
    target: Target,
    mapped: Mapped,
    defaults: Mapping[str, str],
) -> Prepared:
    told = mapped.read(feature["attributes"], feature["number"])
    if _AREA in target.fields and _AREA not in mapped.columns and feature[_AREA] is not None:
        # Without a column of its own: of the head of a TXT, or of the field that looks like the area.
        told.setdefault(_AREA, feature[_AREA])
    values = check_given(target.editable, read_values(target, told))
    key = _key(target, values)
    place = feature["place"]
    fresh, missing = _fresh(target, {**defaults, **values}, place)
    if shape is None:
        return Prepared(feature["number"], place, key, values, fresh, missing, None, None, None)
    crs = parse_crs(feature["survey_crs"])
    found = make_place(shape, crs)
    return Prepared(feature["number"], place, key, values, fresh, missing, found.polygon, found.degrees, crs)


def _key(target: Target, values: Values) -> str:
    other = str(values.get(target.other_key) or "").strip()
    if other and not values.get(target.key[0]):
        return other
    for name in target.key:
        if not str(values.get(name) or "").strip():
            raise TwinError(
                f"The row tells no {name}, by which rows of {target.name} are found again.",
                f"该行没有 {name}（{target.name} 的编号）。",
                f"properties.{name}",
            )
    return " ".join(str(values[name]) for name in target.key)


def _fresh(target: Target, values: Values, place: str) -> tuple[Values | None, RowFault | None]:
    try:
        return check_new(target.editable, values), None
    except (TwinError, GisError) as error:
        return None, RowFault(_place(place, error.where), error.en, error.zh)


def _place(place: str, where: str | None) -> str:
    return f"{place}: {where.removeprefix('properties.')}" if where else place


def _twice(row: Prepared, place: str) -> RowFault:
    return RowFault(
        row.place,
        f"{row.key} stands at {place} too; one row of the layer cannot be both.",
        f"{row.key} 与 {place} 重复；同一编号只能有一行。",
    )
