"""Files written by GDAL, fed with record batches so that memory stays constant.

GDAL works with Python's lock held: batches are small, so that an API process goes on answering beside it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyogrio.raw import write_arrow

from gis.export.extract import Progress
from gis.statement import Row

GDAL_ROWS: Final = 250


class _Feed:
    """Batches for GDAL that remember what stopped them: GDAL itself reports but a broken stream."""

    def __init__(self, batches: Iterator[list[Row]], progress: Progress) -> None:
        self._batches = batches
        self._progress = progress
        self.written = 0
        self.error: BaseException | None = None

    def __iter__(self) -> Iterator[list[Row]]:
        try:
            for rows in self._batches:
                yield rows
                self.written += len(rows)
                self._progress(self.written)
        except BaseException as error:
            self.error = error
            raise


def write_with_gdal(
    path: Path,
    driver: str,
    schema: Any,
    batches: Iterator[list[Row]],
    progress: Progress,
    *,
    make_records: Any,
    geometry_type: str,
    srid: int,
    options: Mapping[str, str],
) -> int:
    """Write rows with one of GDAL's drivers and return how many.

    Parameters
    ----------
    make_records : callable
        Turns batches of rows into record batches of the schema.
    geometry_type : str
        Of the file's only layer, such as ``"MultiPolygon"`` or ``"Unknown"``.
    """
    feed = _Feed(batches, progress)
    reader = pa.RecordBatchReader.from_batches(schema, make_records(schema, iter(feed)))
    try:
        write_arrow(
            reader,
            str(path),
            layer=path.stem,
            driver=driver,
            geometry_name="geometry",
            geometry_type=geometry_type,
            crs=f"EPSG:{srid}",
            **options,
        )
    except Exception as error:
        if feed.error is not None:
            raise feed.error from error
        raise
    if feed.error is not None:
        raise feed.error
    return feed.written
