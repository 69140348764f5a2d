"""GeoParquet 1.1: WKB, PROJJSON, the box of every row, in row groups of constant memory.

Source: GeoParquet 1.1.0, sections on file and column metadata and on bounding box columns.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from pyproj import CRS

from gis.export.extract import (
    Extract,
    Progress,
    Survey,
    SyncConnection,
    read_batches,
    rows_statement,
    single_type,
)
from gis.export.records import WKB, arrow_fields
from gis.statement import Row

GROUP_ROWS: Final = 10_000
GROUP_BYTES: Final = 3_000_000
_SIDES: Final = ("xmin", "ymin", "xmax", "ymax")
_BOX: Final = pa.struct([pa.field(side, pa.float64()) for side in _SIDES])


def write_parquet(
    connection: SyncConnection,
    extract: Extract,
    found: Survey,
    stamp: dict[str, str],
    path: Path,
    progress: Progress,
) -> int:
    """Write an extract as GeoParquet and return the number of features; `id` is the feature's id.

    Coordinates are x, y whatever axis order the CRS names, as the specification wants it.
    """
    geometry_type, geometry = single_type(extract, found)
    schema = _schema(extract)
    box: list[float] = []
    written = 0
    batches = read_batches(connection, rows_statement(extract, geometry, bounds=True))
    with pq.ParquetWriter(path, schema, compression="zstd", write_page_index=True) as writer:
        for rows in _groups(batches):
            writer.write_batch(_record(schema, rows), row_group_size=len(rows))
            written += len(rows)
            box = _widened(box, rows)
            progress(written)
        geo = _geo_metadata(extract, geometry_type, box)
        writer.add_key_value_metadata({"geo": orjson.dumps(geo).decode(), **_prefixed(stamp)})
    return written


def _schema(extract: Extract) -> Any:
    fields = extract.selection.layer.fields
    return pa.schema(
        [
            pa.field("id", pa.int64(), nullable=False),
            pa.field("geometry", pa.binary(), metadata=WKB),
            pa.field("bbox", _BOX),
            *arrow_fields(fields),
        ]
    )


def _groups(batches: Iterator[list[Row]]) -> Iterator[list[Row]]:
    """Join batches to row groups of a few megabytes."""
    group: list[Row] = []
    weight = 0
    for rows in batches:
        group += rows
        weight += sum(len(row[1]) for row in rows if row[1] is not None)
        if len(group) >= GROUP_ROWS or weight >= GROUP_BYTES:
            yield group
            group, weight = [], 0
    if group:
        yield group


def _record(schema: Any, rows: list[Row]) -> Any:
    ids, shapes, *columns = zip(*rows, strict=True)
    sides, columns = columns[:4], columns[4:]
    empty = pa.array([shape is None for shape in shapes])
    boxes = pa.StructArray.from_arrays(
        [pa.array(side, pa.float64()) for side in sides], fields=list(_BOX), mask=empty
    )
    arrays = [pa.array(ids, pa.int64()), pa.array(shapes, pa.binary()), boxes]
    arrays += [
        pa.array(values, type=field.type) for values, field in zip(columns, list(schema)[3:], strict=True)
    ]
    return pa.record_batch(arrays, schema=schema)


def _widened(box: list[float], rows: list[Row]) -> list[float]:
    drawn = [row[2:6] for row in rows if row[1] is not None]
    if box:
        drawn.append(tuple(box))
    if not drawn:
        return []
    west, south, east, north = zip(*drawn, strict=True)
    return [min(west), min(south), max(east), max(north)]


def _geo_metadata(extract: Extract, geometry_type: str, box: list[float]) -> dict[str, Any]:
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": [] if geometry_type == "Unknown" else [geometry_type],
        "crs": CRS.from_epsg(extract.srid).to_json_dict(),
        "orientation": "counterclockwise",
        "edges": "planar",
        "covering": {"bbox": {side: ["bbox", side] for side in _SIDES}},
    }
    if box:
        column["bbox"] = box
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}


def _prefixed(stamp: dict[str, str]) -> dict[str, str]:
    return {f"worktwin:{name}": value for name, value in stamp.items()}
