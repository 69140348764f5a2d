# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""GeoPackage, the format for full layers: types, Chinese titles, value lists, spatial index, stamp.

Written with SQLite alone. GDAL would build the index at the end in memory and with every other request
waiting: 28 MB and 7 s for 500,000 boxes. Here each row's box goes into the index as the row is written.
Source: OGC 12-128r18, GeoPackage 1.3.1: clauses 1.1, 2.1; annexes F.3 (R-tree), F.8 (metadata), F.9 (schema).
"""

import sqlite3
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson
from pyproj import CRS
from pyproj.enums import WktVersion

from gis.export.extract import (
    Extract,
    Progress,
    Survey,
    SyncConnection,
    column_sql,
    field_titles,
    read_batches,
    rows_statement,
    single_type,
)
from gis.layer import Field
from gis.statement import ROW, Row

_CACHE_KB: Final = 4_096
_APPLICATION_ID: Final = 0x47504B47  # "GPKG"
_VERSION: Final = 10_301
_TYPES: Final = {
    "string": "TEXT",
    "integer": "INTEGER",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "date-time": "DATETIME",
}
_BLOB_HEAD: Final = struct.Struct("<2sBBi4d")
_WITH_BOX: Final = 0b0000_0011  # little endian, envelope of x and y

_TABLES: Final = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
  geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL,
  definition TEXT NOT NULL, scope TEXT NOT NULL,
  CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT,
  description TEXT, mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name), CONSTRAINT gdc_tn UNIQUE (table_name, name));
CREATE TABLE gpkg_data_column_constraints (constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT,
  min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
CREATE TABLE gpkg_metadata (id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL,
  md_scope TEXT NOT NULL DEFAULT 'dataset', md_standard_uri TEXT NOT NULL,
  mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT '');
CREATE TABLE gpkg_metadata_reference (reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT,
  row_id_value INTEGER, timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
  CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
  CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id));
INSERT INTO gpkg_spatial_ref_sys VALUES
  ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined Cartesian coordinate reference system'),
  ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system');
"""

# Annex F.3 gives these triggers; without them the index would be wrong after the first edit.
_INDEX: Final = """
CREATE TRIGGER "rtree_{t}_geom_insert" AFTER INSERT ON "{t}"
  WHEN (new.geom NOT NULL AND NOT ST_IsEmpty(new.geom)) BEGIN
  INSERT OR REPLACE INTO "rtree_{t}_geom" VALUES
    (new.fid, ST_MinX(new.geom), ST_MaxX(new.geom), ST_MinY(new.geom), ST_MaxY(new.geom)); END;
CREATE TRIGGER "rtree_{t}_geom_update1" AFTER UPDATE OF geom ON "{t}"
  WHEN old.fid = new.fid AND (new.geom NOTNULL AND NOT ST_IsEmpty(new.geom)) BEGIN
  INSERT OR REPLACE INTO "rtree_{t}_geom" VALUES
    (new.fid, ST_MinX(new.geom), ST_MaxX(new.geom), ST_MinY(new.geom), ST_MaxY(new.geom)); END;
CREATE TRIGGER "rtree_{t}_geom_update2" AFTER UPDATE OF geom ON "{t}"
  WHEN old.fid = new.fid AND (new.geom ISNULL OR ST_IsEmpty(new.geom)) BEGIN
  DELETE FROM "rtree_{t}_geom" WHERE id = old.fid; END;
CREATE TRIGGER "rtree_{t}_geom_update3" AFTER UPDATE ON "{t}"
  WHEN old.fid != new.fid AND (new.geom NOTNULL AND NOT ST_IsEmpty(new.geom)) BEGIN
  DELETE FROM "rtree_{t}_geom" WHERE id = old.fid;
  INSERT OR REPLACE INTO "rtree_{t}_geom" VALUES
    (new.fid, ST_MinX(new.geom), ST_MaxX(new.geom), ST_MinY(new.geom), ST_MaxY(new.geom)); END;
CREATE TRIGGER "rtree_{t}_geom_update4" AFTER UPDATE ON "{t}"
  WHEN old.fid != new.fid AND (new.geom ISNULL OR ST_IsEmpty(new.geom)) BEGIN
  DELETE FROM "rtree_{t}_geom" WHERE id IN (old.fid, new.fid); END;
CREATE TRIGGER "rtree_{t}_geom_delete" AFTER DELETE ON "{t}" WHEN old.geom NOT NULL BEGIN
  DELETE FROM "rtree_{t}_geom" WHERE id = old.fid; END;
"""


def write_geopackage(
    connection: SyncConnection,
    extract: Extract,
    found: Survey,
    stamp: dict[str, str],
    path: Path,
    progress: Progress,
) -> int:
    """Write an extract as GeoPackage and return the number of features; `fid` is the feature's id.

    Coordinates are x, y in the traditional order (longitude first), as the standard wants them.
    """
    geometry_type, geometry = single_type(extract, found)
    kind = "GEOMETRY" if geometry_type == "Unknown" else geometry_type.upper()
    statement = rows_statement(extract, geometry, _column, bounds=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        _configure(file)
        file.executescript(_TABLES)
        file.execute("BEGIN")
        _create(file, extract, kind)
        _describe(file, extract, stamp)
        batches = read_batches(connection, statement)
        written, box = _fill(file, extract, batches, progress)
        file.execute(
            "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ?", box or (None,) * 4
        )
        file.execute("COMMIT")
        file.executescript(_INDEX.format(t=extract.selection.layer.id))
    return written


def _configure(file: sqlite3.Connection) -> None:
    for name, value in (
        ("application_id", _APPLICATION_ID),
        ("user_version", _VERSION),
        ("cache_size", -_CACHE_KB),
        ("journal_mode", "OFF"),  # a file that is not finished is thrown away
        ("synchronous", "OFF"),
        ("locking_mode", "EXCLUSIVE"),
    ):
        file.execute(f"PRAGMA {name} = {value}")


def _create(file: sqlite3.Connection, extract: Extract, kind: str) -> None:
    layer = extract.selection.layer
    for srid in sorted({4326, extract.srid}):
        crs = CRS.from_epsg(srid)
        row = (crs.name, srid, "EPSG", srid, crs.to_wkt(WktVersion.WKT1_GDAL), None)
        file.execute("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", row)
    columns = "".join(f', "{item.name}" {_TYPES[item.type]}' for item in layer.fields)
    file.execute(f'CREATE TABLE "{layer.id}" (fid INTEGER PRIMARY KEY NOT NULL, geom {kind}{columns})')
    file.execute(f'CREATE VIRTUAL TABLE "rtree_{layer.id}_geom" USING rtree(id, minx, maxx, miny, maxy)')
    file.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id)"
        " VALUES (?, 'features', ?, ?, ?)",
        (layer.id, layer.title_zh, f"{layer.title_en}. {layer.description}", extract.srid),
    )
    file.execute(
        "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)", (layer.id, kind, extract.srid)
    )
    file.executemany("INSERT INTO gpkg_extensions VALUES (?, ?, ?, ?, ?)", _extensions(layer.id))


def _extensions(table: str) -> list[tuple[str | None, ...]]:
    base = "http://www.geopackage.org/spec131/#extension_"
    shared = [
        ("gpkg_schema", "schema", ("gpkg_data_columns", "gpkg_data_column_constraints")),
        ("gpkg_metadata", "metadata", ("gpkg_metadata", "gpkg_metadata_reference")),
    ]
    rows: list[tuple[str | None, ...]] = [
        (name, None, extension, base + anchor, "read-write")
        for extension, anchor, names in shared
        for name in names
    ]
    return [*rows, (table, "geom", "gpkg_rtree_index", f"{base}rtree", "write-only")]


def _describe(file: sqlite3.Connection, extract: Extract, stamp: dict[str, str]) -> None:
    """Write the titles, the value lists and the stamp."""
    layer = extract.selection.layer
    titles = field_titles(layer.fields)
    shown = Counter(titles.values())
    for item in layer.fields:
        values = f"{layer.id}_{item.name}" if item.choices and item.type == "string" else None
        title = titles[item.name]
        name = title if shown[title] == 1 else f"{title} {item.name}"  # GDAL and QGIS show this as the alias
        row = (layer.id, item.name, name, item.title_en, item.description, values)
        file.execute("INSERT INTO gpkg_data_columns VALUES (?, ?, ?, ?, ?, NULL, ?)", row)
        file.executemany(
            "INSERT INTO gpkg_data_column_constraints (constraint_name, constraint_type, value, description)"
            " VALUES (?, 'enum', ?, ?)",
            [(values, each.value, each.title_zh) for each in item.choices if values],
        )
    file.execute(
        "INSERT INTO gpkg_metadata VALUES (1, 'dataset', 'https://www.rfc-editor.org/rfc/rfc8259', "
        "'application/json', ?)",
        (orjson.dumps(stamp, option=orjson.OPT_INDENT_2).decode(),),
    )
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
    file.execute(
        "INSERT INTO gpkg_metadata_reference VALUES ('table', ?, NULL, NULL, ?, 1, NULL)", (layer.id, now)
    )


def _fill(
    file: sqlite3.Connection, extract: Extract, batches: Iterator[list[Row]], progress: Progress
) -> tuple[int, Sequence[float] | None]:
    """Write the rows and their boxes; return how many, and the box around all."""
    layer, srid = extract.selection.layer, extract.srid
    marks = ", ".join("?" * (2 + len(layer.fields)))
    insert = f'INSERT INTO "{layer.id}" VALUES ({marks})'
    index = f'INSERT INTO "rtree_{layer.id}_geom" VALUES (?, ?, ?, ?, ?)'
    written = 0
    box: tuple[float, float, float, float] | None = None
    for rows in batches:
        file.executemany(insert, ((row[0], _blob(row, srid), *row[6:]) for row in rows))
        drawn = [(row[0], row[2], row[4], row[3], row[5]) for row in rows if row[1] is not None]
        file.executemany(index, drawn)
        box = _widened(box, drawn)
        written += len(rows)
        progress(written)
    return written, box


def _blob(row: Row, srid: int) -> bytes | None:
    """Return the geometry as the standard packs it: head, box (min x, max x, min y, max y), WKB."""
    if row[1] is None:
        return None
    return _BLOB_HEAD.pack(b"GP", 0, _WITH_BOX, srid, row[2], row[4], row[3], row[5]) + bytes(row[1])


def _widened(
    box: tuple[float, float, float, float] | None, drawn: list[tuple[int, float, float, float, float]]
) -> tuple[float, float, float, float] | None:
    if not drawn:
        return box
    _, min_x, max_x, min_y, max_y = zip(*drawn, strict=True)
    found = (min(min_x), min(min_y), max(max_x), max(max_y))
    if box is None:
        return found
    return min(box[0], found[0]), min(box[1], found[1]), max(box[2], found[2]), max(box[3], found[3])


def _column(item: Field) -> str:
    """Return a field as SQLite stores it: dates and times as text."""
    column = f"{ROW}.{item.name}"
    if item.type == "date":
        return f"CASE WHEN isfinite({column}) THEN to_char({column}, 'YYYY-MM-DD') END"
    if item.type == "date-time":
        form = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'
        return f"CASE WHEN isfinite({column}) THEN to_char({column} AT TIME ZONE 'UTC', '{form}') END"
    if item.type == "boolean":
        return f"{column}::int::int8"
    return column_sql(item)
