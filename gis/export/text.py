# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""Line formats, streamed as the rows come: GeoJSON text sequence, newline-delimited GeoJSON, CSV.

Sources: RFC 8142 (record separators); RFC 4180 (CSV); OWASP, CSV injection.
"""

import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, Final

from psycopg import IsolationLevel

from gis.export.extract import (
    Extract,
    Progress,
    Written,
    end_of,
    end_statement,
    silent,
    survey_of,
    survey_statement,
)
from gis.export.formats import Format, Key
from gis.features import COLLECTION_HEAD as HEAD
from gis.features import collection_tail, geometry_in, stream_features
from gis.layer import Field
from gis.paging import after_condition, order_sql
from gis.statement import ROW, Connection, Row, Statement, fetch_rows, merged, stream_rows

BOM: Final = b"\xef\xbb\xbf"
_RECORD_SEPARATOR: Final = b"\x1e"
_BATCH: Final = 500
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


async def stream_sequence(connection: Connection, extract: Extract) -> AsyncGenerator[bytes, None]:
    """Yield a GeoJSON text sequence: each feature between a record separator and a line feed."""
    async with aclosing(_stream_lines(connection, extract, _RECORD_SEPARATOR)) as chunks:
        async for chunk in chunks:
            yield chunk


async def stream_lines(connection: Connection, extract: Extract) -> AsyncGenerator[bytes, None]:
    """Yield newline-delimited GeoJSON: one feature a line."""
    async with aclosing(_stream_lines(connection, extract, b"")) as chunks:
        async for chunk in chunks:
            yield chunk


async def _stream_lines(connection: Connection, extract: Extract, mark: bytes) -> AsyncGenerator[bytes, None]:
    batches = stream_features(connection, extract.selection, extract.page, extract.crs)
    async with aclosing(batches):
        async for batch in batches:
            if batch.features:
                yield mark + (b"\n" + mark).join(batch.features) + b"\n"


async def stream_geojson(connection: Connection, extract: Extract) -> AsyncGenerator[bytes, None]:
    """Yield one FeatureCollection, for files; the features door streams its pages with links and counts."""
    batches = stream_features(connection, extract.selection, extract.page, extract.crs)
    yield HEAD
    separator = b""
    count = 0
    async with aclosing(batches):
        async for batch in batches:
            if batch.features:
                yield separator + b",\n".join(batch.features)
                separator = b",\n"
                count += len(batch.features)
    yield collection_tail({"numberReturned": count})


def csv_statement(extract: Extract) -> Statement:
    """Build the statement of CSV rows: every cell as text, the geometry as WKT with x before y."""
    layer = extract.selection.layer
    rows = extract.selection.filtered(after_condition(layer, extract.page)).rows()
    # Whatever axis order a CRS names, WKT here is x y: a table has no place to say otherwise.
    geometry = geometry_in(extract.plain_crs, layer.geometry_sql())
    cells = [f"{layer.id_sql()}::text", *(_cell_sql(item) for item in layer.fields)]
    sql = (
        f"SELECT {', '.join(cells)}, ST_AsText({geometry}, {extract.crs.decimals}) FROM {rows.sql} "
        f"ORDER BY {order_sql(layer, extract.sort)} LIMIT %(page_limit)s::int8"
    )
    return Statement(sql, merged(rows.params, {"page_limit": extract.page.limit}))


def _cell_sql(item: Field) -> str:
    column = f"{ROW}.{item.name}"
    # to_json writes dates and times in ISO 8601 whatever the session's style.
    return f"to_json({column}) #>> '{{}}'" if item.type in ("date", "date-time") else f"{column}::text"


async def stream_csv(connection: Connection, extract: Extract) -> AsyncGenerator[bytes, None]:
    """Yield CSV in UTF-8 with a byte order mark, a header line and CRLF, as spreadsheets want it.

    NULL is an empty cell. A text that a spreadsheet would run as a formula gets an apostrophe before it; take
    GeoJSON where texts must come back unchanged.
    """
    layer = extract.selection.layer
    guarded = [False, *(item.type == "string" for item in layer.fields), False]
    yield BOM + csv_bytes([["id", *(item.name for item in layer.fields), "geometry"]])
    async with aclosing(stream_rows(connection, csv_statement(extract), _BATCH)) as batches:
        async for rows in batches:
            yield csv_bytes([_guarded_row(row, guarded) for row in rows])


def _guarded_row(row: Row, guarded: list[bool]) -> list[Any]:
    return [guard_cell(cell) if guard and cell else cell for cell, guard in zip(row, guarded, strict=True)]


def guard_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    Examples
    --------
    >>> guard_cell("=1+1"), guard_cell("＝1"), guard_cell("  @x"), guard_cell("A-1")
    ("'=1+1", "'＝1", "'  @x", 'A-1')
    """
    return (
        f"'{text}" if text.startswith(_FORMULA_STARTS) or text.lstrip().startswith(_FORMULA_STARTS) else text
    )


def csv_bytes(rows: list[list[Any]]) -> bytes:
    """Write rows as CSV in UTF-8 with CRLF.

    Examples
    --------
    >>> csv_bytes([["墙", None, 'a"b']]).decode()
    '墙,,"a""b"\\r\\n'
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


async def write_text(
    connection: Connection, extract: Extract, kind: Format, folder: Path, progress: Progress = silent
) -> Written:
    """Write an extract into a file of one of the line formats, named after its layer.

    Parameters
    ----------
    connection : Connection
        Of its own: it is set to one read-only snapshot.
    progress : callable
        Told the features written so far, counted by lines.
    """
    path = folder / f"{extract.selection.layer.id}{kind.ending}"
    async with async_snapshot(connection):
        found = survey_of(await fetch_rows(connection, survey_statement(extract)))
        end = None if extract.limit is None else end_of(await fetch_rows(connection, end_statement(extract)))
        lines = 0
        with path.open("wb") as file:
            async for chunk in STREAMS[kind.key](connection, extract):
                file.write(chunk)
                lines += chunk.count(b"\n")
                progress(min(lines, found.count))
    return Written(path, found, found.count, end, extract.srid)


@asynccontextmanager
async def async_snapshot(connection: Connection) -> AsyncIterator[None]:
    """Read everything of one moment, and change nothing."""
    await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    await connection.set_read_only(True)
    async with connection.transaction():
        yield


STREAMS: Final[dict[Key, Callable[[Connection, Extract], AsyncGenerator[bytes, None]]]] = {
    "geojson": stream_geojson,
    "geojsonseq": stream_sequence,
    "ndjson": stream_lines,
    "csv": stream_csv,
}
