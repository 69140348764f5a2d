# ruff: noqa: S608 (names come from the layer catalogue, every value is bound)
"""Zipped Shapefile, by the rules that make it readable everywhere.

ASCII field names of at most ten characters with a table of their full names beside them, DBF in UTF-8 with its
`.cpg`, the `.prj` as Esri writes it. The format holds one kind of geometry a file, texts of 254 bytes, no time
of day: what had to give way is said in README.txt, never silently.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from gis.errors import TooComplexError
from gis.export.driver import GDAL_ROWS, write_with_gdal
from gis.export.extract import (
    Extract,
    Progress,
    Survey,
    SyncConnection,
    column_sql,
    read_all,
    read_batches,
    rows_statement,
)
from gis.export.records import WKB, arrow_fields, record_batches
from gis.export.stamp import stamp_text
from gis.layer import Field
from gis.paging import after_condition, order_sql
from gis.statement import ROW, Row, Statement, merged

NAME_LENGTH: Final = 10
TEXT_BYTES: Final = 254
LARGEST_BYTES: Final = 2**31 - 1
_TYPES: Final = ("Point", "LineString", "Polygon")
_ENDINGS: Final = ("point", "line", "polygon")
_ZIP_LEVEL: Final = 1


def short_names(fields: Sequence[Field]) -> dict[str, str]:
    """Return a name of at most ten ASCII characters for each field, all different and none of them `id`.

    Examples
    --------
    >>> short_names([Field(name, "number", name, name) for name in ("investment_total_yuan", "investment_total", "area_m2")])
    {'investment_total_yuan': 'investment', 'investment_total': 'investm_1', 'area_m2': 'area_m2'}
    """
    taken = {"id"}
    names = {}
    for item in fields:
        name, number = item.name[:NAME_LENGTH], 0
        while name in taken:
            number += 1
            name = f"{item.name[: NAME_LENGTH - 3]}_{number}"
        taken.add(name)
        names[item.name] = name
    return names


@dataclass(frozen=True)
class _Widths:
    """Bytes of the longest text of each field, and how many are too long for the format."""

    longest: dict[str, int]
    cut: dict[str, int]


def write_shapefile(
    connection: SyncConnection,
    extract: Extract,
    found: Survey,
    stamp: dict[str, str],
    path: Path,
    progress: Progress,
) -> int:
    """Write an extract as a ZIP of one Shapefile, or of one per kind of geometry, and return the features.

    Raises
    ------
    TooComplexError
        A part would be larger than the 2 GB that readers of Shapefiles can take.
    """
    folder = path.with_suffix("")
    folder.mkdir()
    widths = _measure(connection, extract)
    _check_size(extract, found, widths)
    written = 0
    for number, dimension in enumerate(_parts(extract, found)):
        name = (
            extract.selection.layer.id
            if number == 0
            else f"{extract.selection.layer.id}_{_ENDINGS[dimension]}"
        )
        shape = folder / f"{name}.shp"
        written += _write_part(connection, extract, found, widths, (number, dimension), shape, progress)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=_ZIP_LEVEL) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
            file.unlink()
        archive.writestr("fields.csv", b"\xef\xbb\xbf" + _field_table(extract).encode())
        archive.writestr("README.txt", b"\xef\xbb\xbf" + _readme(stamp, found, widths).encode())
    folder.rmdir()
    return written


def _parts(extract: Extract, found: Survey) -> list[int]:
    """Return the dimensions to write, the layer's own first; it stands even where nothing is drawn."""
    own = ("point", "line", "polygon").index(extract.selection.layer.geometry_type)
    first = own if own in found.dimensions or not found.dimensions else found.dimensions[0]
    return [first, *(each for each in found.dimensions if each != first)]


def _write_part(
    connection: SyncConnection,
    extract: Extract,
    found: Survey,
    widths: _Widths,
    part: tuple[int, int],
    path: Path,
    progress: Progress,
) -> int:
    number, dimension = part
    fields = extract.selection.layer.fields
    schema = pa.schema(
        [
            pa.field("id", pa.int64()),
            pa.field("geometry", pa.binary(), metadata=WKB),
            *_columns(fields, widths),
        ]
    )
    where = f"ST_Dimension(_geometry) = {dimension}" if len(found.dimensions) > 1 else "TRUE"
    if number == 0 and where != "TRUE":
        where = f"({where} OR _geometry IS NULL OR ST_IsEmpty(_geometry))"
    geometry = f"ST_CollectionExtract(_geometry, {dimension + 1})"
    points = dimension == 0 and "MultiPoint" not in found.kinds and "GeometryCollection" not in found.kinds
    columns = partial(_column, cut=frozenset(widths.cut))
    statement = rows_statement(extract, "_geometry" if points else geometry, columns, where=where)
    return write_with_gdal(
        path,
        "ESRI Shapefile",
        schema,
        _checked(read_batches(connection, statement, GDAL_ROWS)),
        progress,
        make_records=record_batches,
        geometry_type="MultiPoint" if dimension == 0 and not points else _TYPES[dimension],
        srid=extract.srid,
        options={"ENCODING": "UTF-8", "RESIZE": "NO"},
    )


def _column(item: Field, cut: frozenset[str]) -> str:
    """Return a field as the DBF holds it: long texts cut at a whole character, times as ISO 8601 text."""
    if item.type == "date-time":
        column = f"{ROW}.{item.name}"
        return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    if item.name in cut:
        column = f"{ROW}.{item.name}::text"
        return (
            f"CASE WHEN octet_length({column}) <= {TEXT_BYTES} THEN {column} ELSE "
            f"(SELECT max(left({column}, n)) FROM generate_series(1, {TEXT_BYTES}) n "
            f"WHERE octet_length(left({column}, n)) <= {TEXT_BYTES}) END"
        )
    return column_sql(item)


def _columns(fields: Sequence[Field], widths: _Widths) -> list[Any]:
    columns = []
    for item, column in zip(fields, arrow_fields(fields, short_names(fields)), strict=True):
        if item.type == "date-time":
            columns.append(pa.field(column.name, pa.string(), metadata={"GDAL:OGR:width": "20"}))
        elif item.type == "string":
            width = max(1, min(TEXT_BYTES, widths.longest[item.name]))
            columns.append(pa.field(column.name, pa.string(), metadata={"GDAL:OGR:width": str(width)}))
        else:
            columns.append(pa.field(column.name, column.type))
    return columns


def _measure(connection: SyncConnection, extract: Extract) -> _Widths:
    texts = [item.name for item in extract.selection.layer.fields if item.type == "string"]
    if not texts:
        return _Widths({}, {})
    row = read_all(connection, _widths_statement(extract, texts))[0]
    longest = {name: row[number] or 0 for number, name in enumerate(texts)}
    cut = {name: count for name, count in zip(texts, row[len(texts) :], strict=True) if count}
    return _Widths(longest, cut)


def _widths_statement(extract: Extract, texts: Sequence[str]) -> Statement:
    layer = extract.selection.layer
    rows = extract.selection.filtered(after_condition(layer, extract.page)).rows()
    cut = f" ORDER BY {order_sql(layer, extract.sort)} LIMIT %(page_limit)s::int8" if extract.limit else ""
    lengths = ", ".join(f"octet_length({ROW}.{name}::text) AS {name}" for name in texts)
    longest = ", ".join(f"max({name})" for name in texts)
    too_long = ", ".join(f"count(*) FILTER (WHERE {name} > {TEXT_BYTES})" for name in texts)
    sql = f"SELECT {longest}, {too_long} FROM (SELECT {lengths} FROM {rows.sql}{cut}) lengths"
    return Statement(sql, merged(rows.params, {"page_limit": extract.limit} if extract.limit else {}))


def _check_size(extract: Extract, found: Survey, widths: _Widths) -> None:
    """Refuse before writing what no reader could take."""
    numbers = 24 * len(extract.selection.layer.fields)
    record = numbers + sum(min(TEXT_BYTES, width) for width in widths.longest.values())
    if record * found.count > LARGEST_BYTES:
        raise _too_large()


def _checked(batches: Iterator[list[Row]]) -> Iterator[list[Row]]:
    size = 100
    for rows in batches:
        size += sum(len(row[1]) for row in rows if row[1] is not None)
        if size > LARGEST_BYTES:
            raise _too_large()
        yield rows


def _too_large() -> TooComplexError:
    return TooComplexError(
        "A Shapefile holds 2 GB at most; take GeoPackage (f=gpkg), or less of the layer.",
        "Shapefile 单个文件上限为 2 GB；请改用 GeoPackage（f=gpkg），或缩小范围。",
        where="f",
    )


def _field_table(extract: Extract) -> str:
    """Return the table of names: in the file, in the service, in both languages, with unit and values."""
    fields = extract.selection.layer.fields
    names = short_names(fields)
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(
        ["field 字段", "property 属性", "名称", "name", "unit 单位", "description 说明", "values 取值"]
    )
    table.writerow(["id", "id", "编号", "Id", "", "Stays the same for the life of the feature", ""])
    for item in fields:
        values = "; ".join(f"{each.value} = {each.title_zh} {each.title_en}" for each in item.choices)
        table.writerow(
            [names[item.name], item.name, item.title_zh, item.title_en, item.unit, item.description, values]
        )
    return text.getvalue()


def _readme(stamp: dict[str, str], found: Survey, widths: _Widths) -> str:
    notes = {
        f"cut {name}": f"{count} texts longer than {TEXT_BYTES} bytes were cut 超长文本已截断"
        for name, count in widths.cut.items()
    }
    if "GeometryCollection" in found.kinds:
        notes["geometry"] = (
            "of mixed geometries the parts of the highest dimension are kept 混合几何仅保留最高维部分"
        )
    if found.drawn < found.count:
        notes["without_geometry"] = f"{found.count - found.drawn} features have none 无图形要素数"
    return stamp_text(
        {**stamp, **notes, "fields": "names in fields.csv 字段对照见 fields.csv", "encoding": "UTF-8"}
    )
