"""FlatGeobuf: one layer, streamed by readers over HTTP, indexed where it is small.

The index of a large file would be built at the end in memory, with every other request waiting: above
`INDEXED_UP_TO` features there is none, and GeoPackage is the better choice. Dates are written as date-times:
the format knows no other.
Source: FlatGeobuf specification 3.0.
"""

from pathlib import Path
from typing import Final

import pyarrow as pa

from gis.export.driver import GDAL_ROWS, write_with_gdal
from gis.export.extract import (
    Extract,
    Progress,
    Survey,
    SyncConnection,
    read_batches,
    rows_statement,
    single_type,
)
from gis.export.records import WKB, arrow_fields, record_batches
from gis.export.stamp import stamp_text

INDEXED_UP_TO: Final = 10_000


def write_flatgeobuf(
    connection: SyncConnection,
    extract: Extract,
    found: Survey,
    stamp: dict[str, str],
    path: Path,
    progress: Progress,
) -> int:
    """Write an extract as FlatGeobuf and return the number of features; `id` is the feature's id."""
    geometry_type, geometry = single_type(extract, found)
    layer = extract.selection.layer
    schema = pa.schema(
        [
            pa.field("id", pa.int64()),
            pa.field("geometry", pa.binary(), metadata=WKB),
            *arrow_fields(layer.fields),
        ]
    )
    indexed = 0 < found.count <= INDEXED_UP_TO and found.drawn == found.count
    return write_with_gdal(
        path,
        "FlatGeobuf",
        schema,
        read_batches(connection, rows_statement(extract, geometry), GDAL_ROWS),
        progress,
        make_records=record_batches,
        geometry_type=geometry_type,
        srid=extract.srid,
        options={
            "SPATIAL_INDEX": "YES" if indexed else "NO",
            "TITLE": f"{layer.title_zh} {layer.title_en}",
            "DESCRIPTION": stamp_text(stamp),
        },
    )
