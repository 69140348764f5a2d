"""Values on their way into the database: what JSON and the lines of COPY can hold."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry

from gis.exchange import Evidence, Finding, Question

COLUMNS: Final = (
    "number",
    "place",
    "attributes",
    "survey_crs",
    "stated_area_m2",
    "computed_area_m2",
    "repair_note",
    "faults",
    "geom",
    "geom_map",
    "repaired",
    "repaired_map",
)
LONGEST_TEXT: Final = 10_000
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True)
class Row:
    """One feature or ledger row as it is stored; geometries carry their SRID."""

    place: str
    attributes: Mapping[str, Any]
    survey_crs: str | None = None
    stated_area_m2: float | None = None
    computed_area_m2: float | None = None
    repair_note: str | None = None
    faults: list[dict[str, Any]] = field(default_factory=list)
    geom: BaseGeometry | None = None
    geom_map: BaseGeometry | None = None
    repaired: BaseGeometry | None = None
    repaired_map: BaseGeometry | None = None


@dataclass(frozen=True)
class Content:
    """What was read: rows to store, a summary as JSON, and the marked copy of a ledger where that was asked for."""

    rows: Iterable[Row]
    summary: dict[str, Any]
    marked: tuple[str, bytes] | None = None


def copy_line(number: int, row: Row) -> str:
    r"""Return a row as a line of COPY's text format.

    Examples
    --------
    >>> copy_line(1, Row("line\t3", {"名称": "甲\n乙"})).split("\t")[:4]
    ['1', 'line\\t3', '{"名称": "甲\\\\n乙"}', '\\N']
    """
    values = (
        str(number),
        storable(row.place),
        _json({str(storable(name)): plain(value) for name, value in row.attributes.items()}),
        row.survey_crs,
        _number(row.stated_area_m2),
        _number(row.computed_area_m2),
        None if row.repair_note is None else storable(row.repair_note),
        _json(plain(row.faults)),
        *(_shape(each) for each in (row.geom, row.geom_map, row.repaired, row.repaired_map)),
    )
    return "\t".join("\\N" if value is None else value.translate(_ESCAPES) for value in values) + "\n"


def storable(text: str) -> str:
    """Return a text without what PostgreSQL cannot keep: NUL and lone surrogates; cut where it is endless."""
    return text[:LONGEST_TEXT].replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def plain(value: Any) -> Any:
    """Return a value as JSON has it; what has no like there becomes its text.

    Examples
    --------
    >>> plain({"a": Decimal("1.5"), "b": date(2025, 10, 31), "c": float("nan"), "d": b"x"})
    {'a': 1.5, 'b': '2025-10-31', 'c': None, 'd': None}
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float | Decimal):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {storable(str(name)): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return None
    item = getattr(value, "item", None)  # NumPy's own numbers and days
    return plain(item()) if callable(item) else storable(str(value))


def finding_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as it is stored."""
    return {
        "where": storable(finding.where),
        "en": storable(finding.en),
        "zh": storable(finding.zh),
        "level": finding.level,
    }


def evidence_json(evidence: Evidence) -> dict[str, Any]:
    """Return a reason as it is stored."""
    return {
        "subject": evidence.subject,
        "value": storable(evidence.value),
        "en": storable(evidence.en),
        "zh": storable(evidence.zh),
    }


def question_json(question: Question) -> dict[str, Any]:
    """Return a question as it is stored."""
    choices = [storable(str(each)) for each in question.choices]
    return {
        "field": question.field,
        "en": storable(question.en),
        "zh": storable(question.zh),
        "choices": choices,
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _number(value: float | None) -> str | None:
    return repr(float(value)) if value is not None and math.isfinite(value) else None


def _shape(geometry: BaseGeometry | None) -> str | None:
    return None if geometry is None else shapely.to_wkb(geometry, hex=True, include_srid=True)
