"""GeoParquet 1.1: WKB, PROJJSON, the box of every row, in row groups of constant memory.

Source: GeoParquet 1.1.0, sections on file and column metadata and on bounding box columns.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc
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

_BATCH_ROWS: Final = 500
GROUP_ROWS: Final = 5_000
GROUP_BYTES: Final = 1_200_000
_POOL: Final = pa.system_memory_pool()  # the default one keeps what it once had
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
    batches = read_batches(connection, rows_statement(extract, geometry, bounds=True), _BATCH_ROWS)
    with pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        data_page_size=65536,
        dictionary_pagesize_limit=65536,
        memory_pool=_POOL,
    ) as writer:
        for group in _groups(schema, batches):
            writer.write_table(group, row_group_size=group.num_rows)
            written += group.num_rows
            box = _widened(box, group)
            _POOL.release_unused()
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


def _groups(schema: Any, batches: Iterator[list[Row]]) -> Iterator[Any]:
    """Join batches to row groups of a few megabytes; as columns at once, for rows weigh ten times as much."""
    group: list[Any] = []
    for rows in batches:
        group.append(_record(schema, rows))
        if (
            sum(len(each) for each in group) >= GROUP_ROWS
            or sum(each.nbytes for each in group) >= GROUP_BYTES
        ):
            yield pa.Table.from_batches(group)
            group = []
    if group:
        yield pa.Table.from_batches(group)


def _record(schema: Any, rows: list[Row]) -> Any:
    ids, shapes, *columns = zip(*rows, strict=True)
    sides, columns = columns[:4], columns[4:]
    boxes = pa.StructArray.from_arrays(
        [_array(side, pa.float64()) for side in sides],
        fields=list(_BOX),
        mask=_array([shape is None for shape in shapes], pa.bool_()),
    )
    arrays = [_array(ids, pa.int64()), _array(shapes, pa.binary()), boxes]
    arrays += [_array(values, field.type) for values, field in zip(columns, list(schema)[3:], strict=True)]
    return pa.record_batch(arrays, schema=schema)


def _array(values: Sequence[Any], kind: Any) -> Any:
    return pa.array(values, type=kind, memory_pool=_POOL)


def _widened(box: list[float], group: Any) -> list[float]:
    boxes = group.column("bbox").combine_chunks()
    low, high = (
        [pc.min_max(pc.struct_field(boxes, side))[end].as_py() for side in sides]
        for end, sides in (("min", _SIDES[:2]), ("max", _SIDES[2:]))
    )
    found = [value for value in (*low, *high) if value is not None]
    if not box or not found:
        return found or box
    return [*map(min, box[:2], found[:2]), *map(max, box[2:], found[2:])]


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
