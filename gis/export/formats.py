"""The formats a layer is given out in: one table, from which doors, commands and links are made."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, Literal

from gis.errors import InvalidParameterError

Key = Literal["geojson", "geojsonseq", "ndjson", "csv", "fgb", "gpkg", "parquet", "shp", "txt"]


@dataclass(frozen=True)
class Format:
    """One format.

    Parameters
    ----------
    key : str
        Value of `f=`.
    media_type : str
        What `Content-Type` says and `Accept` may ask for.
    endings : tuple of str
        Endings of file names; the first one is given to new files.
    title_zh, title_en : str
        Names for people.
    text : bool
        Written line by line as the rows come. The others are finished as a file first, because their
        beginning or end depends on all rows.
    """

    key: Key
    media_type: str
    endings: tuple[str, ...]
    title_zh: str
    title_en: str
    text: bool = False

    @property
    def ending(self) -> str:
        """The ending of a file of this format, with its dot."""
        return self.endings[0]


FORMATS: Final[dict[Key, Format]] = {
    each.key: each
    for each in (
        Format("geojson", "application/geo+json", (".geojson", ".json"), "GeoJSON", "GeoJSON", text=True),
        Format(
            "geojsonseq",
            "application/geo+json-seq",
            (".geojsons", ".geojsonseq"),
            "GeoJSON 文本序列",
            "GeoJSON text sequence",
            text=True,
        ),
        Format(
            "ndjson",
            "application/x-ndjson",
            (".ndjson", ".geojsonl"),
            "逐行 GeoJSON",
            "Newline-delimited GeoJSON",
            text=True,
        ),
        Format("csv", "text/csv", (".csv",), "CSV 表格（WKT 几何）", "CSV with WKT geometry", text=True),
        Format("fgb", "application/flatgeobuf", (".fgb",), "FlatGeobuf", "FlatGeobuf"),
        Format("gpkg", "application/geopackage+sqlite3", (".gpkg",), "GeoPackage", "GeoPackage"),
        Format("parquet", "application/vnd.apache.parquet", (".parquet",), "GeoParquet", "GeoParquet"),
        Format("shp", "application/zip", (".shp.zip", ".zip"), "Shapefile（ZIP）", "Zipped Shapefile"),
    )
}

BOUNDARY_TEXT: Final = Format("txt", "text/plain", (".txt",), "勘测定界 TXT", "Boundary-point TXT")
"""For layers that keep surveyed outlines, and for readers who may see these: `gis.export.boundary`."""


def format_of_file(name: str) -> Format:
    """Return the format that a file name ends with.

    Raises
    ------
    InvalidParameterError
        No format has this ending.

    Examples
    --------
    >>> format_of_file("地块.GPKG").key, format_of_file("parcels.shp.zip").key
    ('gpkg', 'shp')
    """
    lower = PurePath(name).name.lower()
    every = (*FORMATS.values(), BOUNDARY_TEXT)
    for each in every:
        if lower.endswith(each.endings):
            return each
    known = ", ".join(each.ending for each in every)
    raise InvalidParameterError(
        f"{name}: no format has this ending; there are {known}.",
        f"{name}：没有以此结尾的格式；可用：{known}。",
        where=name,
    )
