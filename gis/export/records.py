"""Rows of an extract as Arrow record batches, for the writers that take columns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from gis.export.extract import field_titles
from gis.layer import Field
from gis.statement import Row

WKB: Final = {"ARROW:extension:name": "geoarrow.wkb"}
_TYPES: Final = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "date-time": pa.timestamp("us", tz="UTC"),
}


def arrow_fields(fields: Sequence[Field], names: Mapping[str, str] | None = None) -> list[Any]:
    """Return the Arrow fields of a layer; GDAL takes alias and comment from their metadata.

    Parameters
    ----------
    fields : sequence of Field
        As the reader may see them.
    names : mapping, optional
        Name in the file by name in the layer, where they differ.
    """
    titles = field_titles(fields)
    return [
        pa.field(
            (names or {}).get(item.name, item.name),
            _TYPES[item.type],
            metadata={
                "GDAL:OGR:alternative_name": titles[item.name],
                "GDAL:OGR:comment": f"{item.title_en}. {item.description}".strip(),
            },
        )
        for item in fields
    ]


def record_batches(schema: Any, batches: Iterator[list[Row]]) -> Iterator[Any]:
    """Turn batches of rows into record batches of this schema, column by column."""
    for rows in batches:
        columns = [
            pa.array(values, type=field.type)
            for values, field in zip(zip(*rows, strict=True), schema, strict=True)
        ]
        yield pa.record_batch(columns, schema=schema)
