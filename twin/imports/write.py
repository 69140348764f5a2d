"""Rows of a file into the table of a layer: staged, compared with what is there, written in one transaction."""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, Final, cast

import psycopg2.extensions
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.crs import STORED_SRID, WGS84_SRID, parse_crs
from gis.errors import GisError
from gis.exchange.txt_write import header_text
from gis.polygons import in_degrees, is_same_shape
from twin.editing.moves import IDLE_MOVES, PARCEL_MOVES, check_move
from twin.editing.place import SAME_DEG
from twin.editing.trail import plain
from twin.editing.values import check_some
from twin.errors import InvalidInputError, TwinError
from twin.imports import statements
from twin.imports.rows import Prepared, RowFault
from twin.imports.statements import table_statements
from twin.imports.targets import Target
from twin.uploads.lines import storable

SAME_M: Final = 0.0015
"""Two outlines whose vertices differ by less are one: files hold millimetres."""

LOT: Final = 500
_HALF_M2: Final = 0.5
_LOCK: Final = text("SELECT pg_advisory_xact_lock(:key, hashtext(:collection))")
LOCK_KEY: Final = 0x7417_0009
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_MOVES: Final = {"state": PARCEL_MOVES, "idle_state": IDLE_MOVES}

OnLot = Callable[[int], None]


class RowsRefusedError(InvalidInputError):
    """Rows of a file cannot be written; nothing was."""

    def __init__(self, faults: list[RowFault], count: int) -> None:
        first = faults[0]
        more_en, more_zh = (f" ({count - 1} more)", f"（另有 {count - 1} 处）") if count > 1 else ("", "")
        super().__init__(
            f"{first.place}: {first.en}{more_en}", f"{first.place}：{first.zh}{more_zh}", first.place
        )
        self.rows = faults
        self.count = count


MOST_FATES: Final = 200
_NAMES: Final = {"added": "added", "changed": "changed", "same": "unchanged"}


@dataclass(frozen=True)
class RowFate:
    """What became of a row of a file: `action` is ``added``, ``changed`` or ``same``."""

    place: str
    key: str
    action: str
    feature_id: int
    changes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the fate as a job's verdict holds it."""
        return {
            "where": self.place,
            "key": self.key,
            "id": self.feature_id,
            "action": _NAMES[self.action],
            "changes": list(self.changes),
        }


@dataclass(frozen=True)
class Written:
    """What an import added, changed, and found as it was.

    Attributes
    ----------
    rows : tuple of RowFate
        The first 200, those that are not as they were before the others.
    box : tuple of float or None
        West, south, east and north of all rows that the file names, degrees.
    """

    added: int
    changed: int
    unchanged: int
    rows: tuple[RowFate, ...] = ()
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Origin:
    """Where rows come from: the import, its file, the CRS the outlines were sent in, and the kind of the file."""

    import_id: int
    file_name: str
    sha256: str
    crs: str | None
    actor: str
    kind: str = ""


def stage_rows(session: Session, rows: Iterator[Prepared], on_lot: OnLot) -> int:
    """Bring rows into a temporary table of the transaction; return how many there are."""
    session.execute(statements.STAGE)
    driver = cast("psycopg2.extensions.connection", session.connection().connection.driver_connection)
    total = 0
    while lot := list(islice(rows, LOT)):
        with driver.cursor() as cursor:
            cursor.copy_expert(statements.COPY, io.StringIO("".join(_line(row) for row in lot)))
        total += len(lot)
        on_lot(total)
    session.execute(statements.ANALYZE)
    return total


def write_rows(session: Session, target: Target, origin: Origin, on_lot: OnLot) -> Written:
    """Write the staged rows: new ones added, changed ones as their next version, equal ones left alone.

    A row is left alone where the file says what the last import of it said, whatever was edited since, and where
    everything the file says stands there already. One import at a time writes to a layer.

    Raises
    ------
    RowsRefusedError
        A row cannot be written; every one that cannot is named.
    """
    session.execute(_LOCK, {"key": LOCK_KEY, "collection": target.collection})
    faults = _compare(session, target, origin.kind, on_lot)
    session.execute(statements.NEW)
    faults += [_missing(dict(row)) for row in session.execute(statements.MISSING).mappings()]
    if faults:
        raise RowsRefusedError(faults[:200], len(faults))
    done = table_statements(target.collection)
    values: dict[str, Any] = {
        "import_id": origin.import_id,
        "collection": target.collection,
        "source_crs": origin.crs,
        "file_name": origin.file_name,
        "sha256": origin.sha256,
        "actor": origin.actor,
    }
    for statement in (done.keep, done.change, done.add, done.note):
        on_lot(0)  # a word from whoever stopped the import is heard here
        named = statement.compile().params
        session.execute(statement, {name: value for name, value in values.items() if name in named})
    counts = {str(action): int(count) for action, count in session.execute(statements.COUNT)}
    fates = session.execute(done.fates, {"most": MOST_FATES})
    return Written(
        counts.get("added", 0),
        counts.get("changed", 0),
        counts.get("same", 0),
        tuple(RowFate(row.place, row.key, row.action, row.feature_id, tuple(row.changes)) for row in fates),
        read_box(session.scalar(done.extent)),
    )


def read_box(extent: str | None) -> tuple[float, float, float, float] | None:
    """Return a box of PostGIS as numbers.

    Examples
    --------
    >>> read_box("BOX(115.6 32.8,116 33.3)")
    (115.6, 32.8, 116.0, 33.3)
    """
    if extent is None:
        return None
    west, south, east, north = map(float, extent.removeprefix("BOX(").rstrip(")").replace(",", " ").split())
    return west, south, east, north


def _compare(session: Session, target: Target, kind: str, on_lot: OnLot) -> list[RowFault]:
    statement = table_statements(target.collection).compare
    faults: list[RowFault] = []
    after = done = 0
    while True:
        asked = {"collection": target.collection, "after": after, "lot": LOT}
        lot = session.execute(statement, asked).mappings().all()
        if not lot:
            return faults
        marks = []
        for row in lot:
            try:
                marks.append(_mark(target, kind, dict(row)))
            except (TwinError, GisError) as error:
                faults.append(RowFault(row["place"], error.en, error.zh))
                marks.append(_marked(row["number"], row["id"], "same"))
        session.execute(statements.MARK, {"marks": json.dumps(marks, ensure_ascii=False)})
        after, done = lot[-1]["number"], done + len(lot)
        on_lot(done)


def _mark(target: Target, kind: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Say what becomes of a row that is there already."""
    if row["last_hash"] is not None and bytes(row["last_hash"]) == bytes(row["content_hash"]):
        return _marked(row["number"], row["id"], "same", known=True)
    present = {rule.name: row[rule.name] for rule in target.editable.fields}
    values = check_some(target.editable, row["told"], present)
    changes = {name: value for name, value in values.items() if not _equal(value, present[name])}
    if kind == "txt":
        changes = {name: value for name, value in changes.items() if not _is_as_txt(value, present[name])}
    if target.collection == "land_parcels":
        for name, moves in _MOVES.items():
            if name in changes:
                check_move(name, moves, str(present[name]), str(changes[name]))
    moved = row["sent"] is not None and not _is_same_place(row)
    if not changes and not moved:
        return _marked(row["number"], row["id"], "same")
    mark = _marked(row["number"], row["id"], "changed")
    return {**mark, "changes": plain(changes), "moved": moved}


def _marked(number: int, feature_id: int, action: str, *, known: bool = False) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    mark = {"number": number, "feature_id": feature_id, "action": action, "known": known}
    return {**mark, "changes": changes, "moved": False}


def _is_same_place(row: Mapping[str, Any]) -> bool:
    sent = shapely.from_wkb(bytes(row["sent"]))
    if row["sent_srid"] == row["survey_srid"]:
        return is_same_shape(sent, shapely.from_wkb(bytes(row["survey"])), SAME_M)
    degrees = in_degrees(sent, parse_crs(f"EPSG:{row['sent_srid']}"))
    return is_same_shape(degrees, shapely.from_wkb(bytes(row["map"])), SAME_DEG)


def _equal(value: Any, stored: Any) -> bool:
    if value is None or stored is None:
        return value is stored
    if isinstance(stored, float | Decimal) and not isinstance(value, str):
        return float(value) == float(stored)
    return bool(value == stored)


def _is_as_txt(value: Any, stored: Any) -> bool:
    """Say whether a value is the stored one as a boundary-point TXT can hold it, and so says nothing else.

    Areas stand there in hectares with four decimals, texts without commas and line breaks.

    Examples
    --------
    >>> _is_as_txt(27989.0, 27988.57), _is_as_txt(27988.6, 27988.57), _is_as_txt(27990.0, 27988.57), _is_as_txt(1.0, None)
    (True, False, False, False)
    >>> _is_as_txt("甲、 乙", "甲, 乙"), _is_as_txt("甲、乙", "甲，乙")
    (True, False)
    """
    if isinstance(value, str) or value is None or stored is None:
        return isinstance(stored, str) and value == header_text(stored)
    return float(value).is_integer() and abs(float(value) - float(stored)) <= _HALF_M2


def _missing(row: Mapping[str, Any]) -> RowFault:
    if row["missing"] is not None:
        told = row["missing"]
        return RowFault(told["where"], told["message"], told["message_zh"])
    return RowFault(
        row["place"],
        "The row is new and has no outline; give its geometry, or the number of a row that is there.",
        "该行为新增且没有图形；请提供图形，或填写已有编号。",
    )


def _line(row: Prepared) -> str:
    """Return a row as a line of COPY's text format."""
    values = (
        str(row.number),
        storable(row.place),
        storable(row.key),
        _json(row.values),
        None if row.fresh is None else _json(row.fresh),
        None if row.missing is None else json.dumps(row.missing.as_json(), ensure_ascii=False),
        _shape(row),
        None if row.zone_srid is None else str(row.zone_srid),
        "\\x" + row.content_hash.hex(),
    )
    return "\t".join("\\N" if value is None else value.translate(_ESCAPES) for value in values) + "\n"


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(plain(values), ensure_ascii=False)


def _shape(row: Prepared) -> str | None:
    if row.polygon is None or row.crs is None:
        return None
    srid = STORED_SRID if row.crs.srid == WGS84_SRID else row.crs.srid
    return shapely.to_wkb(shapely.set_srid(row.polygon, srid), hex=True, include_srid=True)
