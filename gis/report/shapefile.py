"""A report's geometries as zipped Shapefiles that open everywhere: pinyin names, UTF-8 with `.cpg`, the native zone."""

import csv
import io
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyogrio.raw
import shapely

from gis.export.stamp import stamp_text
from gis.report.model import OverlapReport
from gis.report.records import ATTRIBUTES, ROLES_ZH, Record, Role, list_records, to_millimetres
from gis.report.stamp import stamp_of

TEXT_BYTES: Final = 254
_BOM: Final = b"\xef\xbb\xbf"


def render_shapefile(reports: Sequence[OverlapReport]) -> bytes:
    """Return a ZIP: a Shapefile of pieces, of remainders and of subjects for each zone, names and stamp beside them.

    A DBF holds 254 bytes a text: longer ones are cut at a whole sign.
    """
    out = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        srids = sorted({report.srid for report in reports})
        for srid in srids:
            records = list_records([report for report in reports if report.srid == srid])
            suffix = f"_{srid}" if len(srids) > 1 else ""
            for role in ROLES_ZH:
                _write(
                    Path(folder) / f"{role}{suffix}.shp", [r for r in records if r.role == role], srid, role
                )
        for file in sorted(Path(folder).iterdir()):
            archive.write(file, file.name)
        archive.writestr("fields.csv", _BOM + _field_table().encode())
        archive.writestr("README.txt", _BOM + stamp_text(stamp_of(reports, srids[0])).encode())
    return out.getvalue()


def _write(path: Path, records: Sequence[Record], srid: int, role: Role) -> None:
    if not records and role != "overlap":
        return
    shapes = [to_millimetres(record.geometry) for record in records]
    pyogrio.raw.write(
        path,
        np.array(shapely.to_wkb(shapes), dtype=object),
        field_data=[_column(records, each.name, number=each.number) for each in ATTRIBUTES],
        fields=np.array([each.short for each in ATTRIBUTES], dtype=object),
        geometry_type=_geometry_type(shapes),
        crs=f"EPSG:{srid}",
        driver="ESRI Shapefile",
        encoding="UTF-8",
    )


def _geometry_type(shapes: Sequence[Any]) -> str:
    kind = shapes[0].geom_type.removeprefix("Multi") if shapes else "Polygon"
    return (
        "MultiPoint" if kind == "Point" and any(each.geom_type == "MultiPoint" for each in shapes) else kind
    )


def _column(records: Sequence[Record], name: str, *, number: bool) -> np.ndarray:
    values = [record.values[name] for record in records]
    if number:
        return np.array([np.nan if value is None else float(value) for value in values], dtype="float64")
    return np.array([None if value is None else cut(str(value)) for value in values], dtype=object)


def cut(text: str) -> str:
    """Return the beginning of a text that fits into a DBF.

    Examples
    --------
    >>> len(cut("图" * 100)), cut("图斑")
    (84, '图斑')
    """
    return text.encode()[:TEXT_BYTES].decode(errors="ignore")


def _field_table() -> str:
    text = io.StringIO()
    rows = [("field", "name", "title"), *((each.short, each.name, each.title) for each in ATTRIBUTES)]
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
