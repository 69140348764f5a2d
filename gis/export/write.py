"""From an extract to a finished file, in any of the formats."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from gis.export.boundary import find_zones, settled, write_boundary_text
from gis.export.extract import (
    Extract,
    Progress,
    Survey,
    SyncConnection,
    Written,
    find_end,
    silent,
    snapshot,
    survey,
)
from gis.export.flatgeobuf import write_flatgeobuf
from gis.export.formats import Format, Key
from gis.export.geopackage import write_geopackage
from gis.export.parquet import write_parquet
from gis.export.room import check_space
from gis.export.shapefile import write_shapefile
from gis.export.stamp import Origin, stamp_of

Writer = Callable[[SyncConnection, Extract, Survey, dict[str, str], Path, Progress], int]
WRITERS: Final[dict[Key, Writer]] = {
    "fgb": write_flatgeobuf,
    "gpkg": write_geopackage,
    "parquet": write_parquet,
    "shp": write_shapefile,
    "txt": write_boundary_text,
}
_ROWS_BETWEEN_CHECKS: Final = 10_000


def write_file(
    connection: SyncConnection,
    extract: Extract,
    kind: Format,
    folder: Path,
    origin: Origin,
    progress: Progress = silent,
) -> Written:
    """Write an extract into a file named after its layer, in constant memory.

    Parameters
    ----------
    connection : SyncConnection
        Of its own: it is set to one read-only snapshot.
    folder : Path
        An empty folder; see `open_room`.
    progress : callable
        Told the rows written so far; what it raises stops the work.

    Raises
    ------
    TooComplexError
        The disk or the format cannot hold it.
    InvalidParameterError
        A boundary-point TXT of a layer without surveyed outlines, or of outlines in several zones.
    """
    path = folder / f"{extract.selection.layer.id}{kind.ending}"

    def watched(rows: int) -> None:
        if rows % _ROWS_BETWEEN_CHECKS < 1_000:
            check_space(folder)
        progress(rows)

    with snapshot(connection):
        if kind.key == "txt":
            extract = settled(extract, find_zones(connection, extract))
        found = survey(connection, extract)
        end = find_end(connection, extract)
        stamp = stamp_of(extract, found, origin)
        returned = WRITERS[kind.key](connection, extract, found, stamp, path, watched)
    return Written(path, found, returned, end, extract.srid)
