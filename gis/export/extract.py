# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""What an export holds: which rows, in which order, in which CRS; and what is known of them beforehand.

An extract is read behind a server-side cursor in one read-only snapshot, so that the survey, the rows and the
position of the next page belong together, whatever others write meanwhile.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import IsolationLevel

from gis.crs import CRS84, STORED_SRID, Crs
from gis.exchange.txt_write import Encoding
from gis.features import geometry_in
from gis.layer import Field, Selection
from gis.paging import Page, Position, SortKey, after_condition, order_sql, position_sql
from gis.statement import ROW, Row, Statement, bound_values, merged, statement_text

ALL: Final = 2**62
BATCH_ROWS: Final = 1_000
BATCH_BYTES: Final = 1_000_000

SyncConnection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Extract:
    """What is written.

    Parameters
    ----------
    selection : Selection
        Rows and fields that the reader may see and asked for.
    crs : Crs
        As asked for. CRS84 stands for the stored system, EPSG:4490, longitude first.
    sort : tuple of SortKey
        Order; the id stands last.
    after : Position, optional
        Rows strictly after this one.
    limit : int, optional
        Rows at most; None writes all.
    zone : int, optional
        Number of the zone to take of outlines surveyed in several; of boundary-point TXT alone.
    encoding : {"GB18030", "UTF-8"}
        Of boundary-point TXT alone; the other formats are UTF-8.
    """

    selection: Selection
    crs: Crs = CRS84
    sort: tuple[SortKey, ...] = ()
    after: Position | None = None
    limit: int | None = None
    zone: int | None = None
    encoding: Encoding = "GB18030"

    @property
    def srid(self) -> int:
        """EPSG code that a file names: what was asked for, EPSG:4490 where nothing was."""
        return STORED_SRID if self.crs == CRS84 else self.crs.srid

    @property
    def plain_crs(self) -> Crs:
        """The CRS asked for, with x east or longitude before y, as files hold it."""
        return replace(self.crs, swapped=False)

    @property
    def page(self) -> Page:
        """The extract as a page of the features door."""
        return Page(ALL if self.limit is None else self.limit, self.sort, self.after)


@dataclass(frozen=True)
class Survey:
    """What is known of an extract before it is written.

    Parameters
    ----------
    count : int
        Rows.
    drawn : int
        Rows with a geometry that is not empty.
    kinds : tuple of str
        Geometry types, such as ``"MultiPolygon"``, sorted.
    box : tuple, optional
        West, south, east, north in degrees; None where nothing is drawn.
    updated_at : datetime, optional
        The newest change of any row, where the layer says it.
    """

    count: int
    drawn: int
    kinds: tuple[str, ...]
    box: tuple[float, float, float, float] | None
    updated_at: datetime | None

    @property
    def dimensions(self) -> tuple[int, ...]:
        """Which of points (0), lines (1) and polygons (2) there are."""
        return tuple(sorted({_dimension(kind) for kind in self.kinds}))


def _dimension(kind: str) -> int:
    if kind.endswith("Point"):
        return 0
    return 1 if kind.endswith("LineString") else 2


def survey_statement(extract: Extract) -> Statement:
    """Build the statement that counts and measures an extract, one row per geometry type."""
    layer = extract.selection.layer
    rows = extract.selection.filtered(after_condition(layer, extract.page)).rows()
    updated = f"{ROW}.updated_at" if layer.has_field("updated_at") else "NULL::timestamptz"
    cut = f" ORDER BY {order_sql(layer, extract.sort)} LIMIT %(page_limit)s::int8" if extract.limit else ""
    chosen = f"SELECT {layer.geometry_sql()} AS _geometry, {updated} AS _updated FROM {rows.sql}{cut}"
    sql = (
        "SELECT kind, n, drawn, ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box), updated FROM ("
        "SELECT ST_GeometryType(_geometry) AS kind, count(*) AS n, "
        "count(*) FILTER (WHERE NOT ST_IsEmpty(_geometry)) AS drawn, ST_Extent(_geometry) AS box, "
        f"max(_updated) FILTER (WHERE isfinite(_updated)) AS updated FROM ({chosen}) chosen GROUP BY 1) kinds"
    )
    return Statement(sql, merged(rows.params, {"page_limit": extract.limit} if extract.limit else {}))


def survey_of(rows: Sequence[Row]) -> Survey:
    """Return the survey from the rows of `survey_statement`."""
    drawn = [row for row in rows if row[2]]
    box = None
    if drawn:
        box = (
            min(row[3] for row in drawn),
            min(row[4] for row in drawn),
            max(row[5] for row in drawn),
            max(row[6] for row in drawn),
        )
    return Survey(
        count=sum(row[1] for row in rows),
        drawn=sum(row[2] for row in drawn),
        kinds=tuple(sorted(str(row[0]).removeprefix("ST_") for row in drawn)),
        box=box,
        updated_at=max((row[7] for row in rows if row[7] is not None), default=None),
    )


def end_statement(extract: Extract) -> Statement:
    """Build the statement of the last row of a page and the one behind it: two rows mean that more follows."""
    layer = extract.selection.layer
    rows = extract.selection.filtered(after_condition(layer, extract.page)).rows()
    keys = "".join(f", {position_sql(key)}" for key in extract.sort)
    sql = (
        f"SELECT {layer.id_sql()}{keys} FROM {rows.sql} ORDER BY {order_sql(layer, extract.sort)} "
        "LIMIT 2 OFFSET %(page_limit)s::int8 - 1"
    )
    return Statement(sql, merged(rows.params, {"page_limit": extract.page.limit}))


def end_of(rows: Sequence[Row]) -> Position | None:
    """Return where the next page begins, from the rows of `end_statement`; None where nothing follows."""
    if len(rows) < 2:
        return None
    identity, *values = rows[0]
    return Position(tuple(None if value is None else str(value) for value in values), identity)


def plain_geometry(extract: Extract) -> str:
    """Return the stored geometry in the CRS of a file, in two dimensions, x east or longitude first."""
    geometry = f"ST_Force2D({extract.selection.layer.geometry_sql()})"
    return geometry_in(extract.plain_crs, geometry)


def column_sql(item: Field) -> str:
    """Return the column of a field in the type that every writer takes.

    An infinite date has no place in any file format: it becomes NULL.
    """
    column = f"{ROW}.{item.name}"
    casts = {"string": "text", "integer": "int8", "number": "float8", "boolean": "bool"}
    if item.type in casts:
        return f"{column}::{casts[item.type]}"
    return f"CASE WHEN isfinite({column}) THEN {column} END"


def rows_statement(
    extract: Extract,
    geometry: str = "_geometry",
    column: Callable[[Field], str] = column_sql,
    bounds: bool = False,
    where: str = "TRUE",
) -> Statement:
    """Build the statement of an extract's rows: id, WKB, with `bounds` the four of its box, then the fields.

    A row without geometry and one with an empty geometry have no WKB.

    Parameters
    ----------
    geometry : str
        Expression over `_geometry`, the geometry of `plain_geometry`.
    column : callable
        Expression of a field.
    bounds : bool
        Whether min x, min y, max x, max y stand behind the WKB.
    where : str
        Condition over `_geometry`, tested after the page was cut.
    """
    layer = extract.selection.layer
    rows = extract.selection.filtered(after_condition(layer, extract.page)).rows()
    fields = "".join(f", {column(item)} AS {item.name}" for item in layer.fields)
    # The order in the inner query keeps it from being folded: a geometry is transformed once, not five times.
    chosen = (
        f"SELECT {layer.id_sql()} AS _id, {plain_geometry(extract)} AS _geometry{fields} FROM {rows.sql} "
        f"ORDER BY {order_sql(layer, extract.sort)} LIMIT %(page_limit)s::int8"
    )
    box = "".join(f", ST_{side}(_geometry)" for side in ("XMin", "YMin", "XMax", "YMax")) if bounds else ""
    names = "".join(f", {item.name}" for item in layer.fields)
    wkb = f"CASE WHEN NOT ST_IsEmpty(_geometry) THEN ST_AsBinary({geometry}, 'NDR') END"
    sql = f"SELECT _id, {wkb}{box}{names} FROM ({chosen}) chosen WHERE {where}"
    return Statement(sql, merged(rows.params, {"page_limit": extract.page.limit}))


_PLAIN: Final = {"point": "Point", "line": "LineString", "polygon": "Polygon"}
_BY_DIMENSION: Final = ("Point", "LineString", "Polygon")


def single_type(extract: Extract, found: Survey) -> tuple[str, str]:
    """Return the geometry type of a file with one layer, and the expression that makes every row of that type.

    Single and multiple parts are written as multiple ones, points alone as points. Where points, lines and
    polygons stand together the type is ``"Unknown"``: each row keeps its own.
    """
    if len(found.dimensions) > 1 or "GeometryCollection" in found.kinds:
        return "Unknown", "_geometry"
    if set(found.kinds) == {"Point"}:
        return "Point", "_geometry"
    if not found.kinds:
        plain = _PLAIN[extract.selection.layer.geometry_type]
        return (plain if plain == "Point" else f"Multi{plain}"), "ST_Multi(_geometry)"
    return f"Multi{_BY_DIMENSION[found.dimensions[0]]}", "ST_Multi(_geometry)"


@contextmanager
def snapshot(connection: SyncConnection) -> Iterator[None]:
    """Read everything of one moment, and change nothing."""
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    with connection.transaction():
        # A cursor is planned for its first tenth of the rows; here all of them are wanted.
        connection.execute("SET LOCAL cursor_tuple_fraction = 1")
        yield


def read_all(connection: SyncConnection, statement: Statement) -> list[Row]:
    """Return all rows of a small answer."""
    with connection.cursor(binary=True) as cursor:
        return cursor.execute(statement_text(statement), bound_values(statement)).fetchall()


def read_batches(
    connection: SyncConnection, statement: Statement, most: int = BATCH_ROWS
) -> Iterator[list[Row]]:
    """Yield rows from a server-side cursor in batches of about a megabyte, `most` rows at the most.

    The second column is the geometry, whose size decides: a layer of few huge outlines comes in small batches.
    """
    size = min(100, most)
    with connection.cursor(name="extract", binary=True) as cursor:
        cursor.execute(statement_text(statement), bound_values(statement))
        while rows := cursor.fetchmany(size):
            yield rows
            weight = sum(len(row[1]) for row in rows if row[1] is not None) + 500 * len(rows)
            size = max(1, min(most, BATCH_BYTES * len(rows) // weight))


def survey(connection: SyncConnection, extract: Extract) -> Survey:
    """Run `survey_statement`."""
    return survey_of(read_all(connection, survey_statement(extract)))


def find_end(connection: SyncConnection, extract: Extract) -> Position | None:
    """Run `end_statement`; None where nothing follows or everything is written."""
    if extract.limit is None:
        return None
    return end_of(read_all(connection, end_statement(extract)))


@dataclass(frozen=True)
class Written:
    """A finished file: where, how many features, where the next page begins, and the EPSG code it names."""

    path: Path
    found: Survey
    returned: int
    next: Position | None
    srid: int = STORED_SRID


Progress = Callable[[int], None]
"""Told how many rows are written so far; it may raise to stop the work."""


def silent(_: int) -> None:
    """Tell nobody."""


def field_titles(fields: Sequence[Field]) -> Mapping[str, str]:
    """Return the Chinese title of each field, with its unit.

    Examples
    --------
    >>> field_titles([Field("area_m2", "number", "面积", "Area", unit="m²"), Field("name", "string", "名称", "Name")])
    {'area_m2': '面积（m²）', 'name': '名称'}
    """
    return {
        item.name: f"{item.title_zh}（{item.unit}）"
        if item.unit and item.unit not in item.title_zh
        else item.title_zh
        for item in fields
    }
