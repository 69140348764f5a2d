"""The pairs of a run, subject and feature, as files: written as they come, so that memory does not grow with them."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from pyogrio.raw import write_arrow
from pyproj import CRS
from shapely.geometry import shape

from gis.crs import MU_PER_M2, STORED_SRID
from gis.export.records import WKB
from gis.overlap.answer import ItemOverlap, LayerOverlap
from gis.report.run import RunSubject
from gis.report.tables import Kind

Pair = tuple[Any, ...]
"""The values of `PAIRS`, then the geometry as WKB or None."""

BATCH_ROWS: Final = 500
GROUP_ROWS: Final = 5_000
MOST_INDEXED: Final = 200_000
_BOM: Final = "\ufeff"


@dataclass(frozen=True)
class PairField:
    """A column: name in data files, headings for people, kind of its values."""

    name: str
    zh: str
    en: str
    kind: Kind | Literal["flag"] = "text"


PAIRS: Final = (
    PairField("layer", "图层代码", "Layer key"),
    PairField("layer_title", "图层", "Layer 图层"),
    PairField("subject_code", "对象编号", "Subject 对象编号"),
    PairField("subject_name", "对象名称", "Subject name 对象名称"),
    PairField("feature_code", "图斑编号", "Feature 图斑编号"),
    PairField("feature_name", "图斑名称", "Feature name 图斑名称"),
    PairField("class_code", "类别代码\n（DLBM）", "Class code\nDLBM"),
    PairField("class_name", "类别名称\n（DLMC）", "Class 类别名称\nDLMC"),
    PairField("owner_code", "坐落单位代码\n（ZLDWDM）", "Village code\nZLDWDM"),
    PairField("owner_name", "坐落单位名称\n（ZLDWMC）", "Village 坐落单位\nZLDWMC"),
    PairField("area_m2", "压占面积\n（平方米）", "Area occupied\n压占面积 (m²)", "m2"),
    PairField("area_ha", "压占面积\n（公顷）", "Area occupied\n压占面积 (ha)", "ha"),
    PairField("area_mu", "压占面积\n（亩）", "Area occupied\n压占面积 (mu 亩)", "mu"),
    PairField("area_plane_m2", "平面面积\n（平方米）", "Plane area\n平面面积 (m²)", "m2"),
    PairField("share_of_subject", "占对象\n（%）", "Of subject\n占对象 (%)", "percent"),
    PairField("share_of_feature", "占图斑\n（%）", "Of feature\n占图斑 (%)", "percent"),
    PairField("pieces", "块数", "Pieces 块数", "count"),
    PairField("largest_piece_m2", "最大一块\n（平方米）", "Largest piece\n最大一块 (m²)", "m2"),
    PairField("critical", "临界", "Critical 临界", "flag"),
    PairField("registered_area_m2", "登记面积\n（平方米）", "Registered\n登记面积 (m²)", "m2"),
    PairField("adjusted_area_m2", "平差面积\n（平方米）", "Adjusted\n平差面积 (m²)", "m2"),
    PairField("subject_id", "对象序号", "Subject id", "count"),
    PairField("feature_id", "图斑序号", "Feature id", "count"),
)
"""One row for each pair of a subject and a feature that it lies on."""

_TYPES: Final = {"text": pa.string(), "flag": pa.bool_(), "count": pa.int64()}


def iter_pairs(subjects: Iterator[RunSubject]) -> Iterator[Pair]:
    """Yield the pairs of some subjects, by subject, layer, and area, the largest first."""
    for subject in subjects:
        for layer in subject.hits:
            for item in layer.items:
                yield _pair(subject, layer, item)


def _pair(subject: RunSubject, layer: LayerOverlap, item: ItemOverlap) -> Pair:
    return (
        layer.target.layer, layer.target.title_zh, subject.code, subject.name, item.code, item.name,
        item.class_code, item.class_name, item.owner_code, item.owner_name,
        item.area_m2, item.area_m2 / 10_000, item.area_m2 * MU_PER_M2, item.area_plane_m2,
        item.share_of_subject, item.share_of_feature, item.pieces, item.largest_piece_m2, item.critical,
        item.stated_area_m2, item.adjusted_area_m2, subject.id, item.id,
        None if item.geometry is None else shapely.to_wkb(shapely.force_2d(shape(dict(item.geometry)))),
    )  # fmt: skip


def write_csv(pairs: Iterator[Pair], path: Path, *, geometry: bool) -> int:
    """Write the pairs as CSV in UTF-8 with a byte order mark, geometry as WKT in EPSG:4490; returns their number."""
    names = [each.name for each in PAIRS] + (["geometry_wkt"] if geometry else [])
    written = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(_BOM)
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(names)
        for pair in pairs:
            wkt = [_wkt(pair[-1])] if geometry else []
            writer.writerow([_plain(value) for value in pair[:-1]] + wkt)
            written += 1
    return written


def _plain(value: Any) -> Any:
    """Return a cell; a text that a spreadsheet would take for a formula is led by an apostrophe."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value


def _wkt(wkb: bytes | None) -> str:
    return "" if wkb is None else shapely.to_wkt(shapely.from_wkb(wkb), rounding_precision=9, trim=True)


def write_geopackage(pairs: Iterator[Pair], path: Path, stamp: Mapping[str, str], expected: int) -> None:
    """Write the pairs with their geometry as GeoPackage, multipolygons in EPSG:4490.

    Beyond `MOST_INDEXED` pairs there is no spatial index: it would be built in memory.
    """
    schema = _schema(geometry=True)
    batches = (_record(schema, rows) for rows in _batches(pairs))
    write_arrow(
        pa.RecordBatchReader.from_batches(schema, batches),
        str(path),
        layer="overlap_pairs",
        driver="GPKG",
        geometry_name="geometry",
        geometry_type="MultiPolygon",
        crs=f"EPSG:{STORED_SRID}",
        layer_metadata=dict(stamp),
        layer_options={"SPATIAL_INDEX": "YES" if expected <= MOST_INDEXED else "NO"},
        dataset_options={"VERSION": "1.3"},  # what GDAL of long-term distributions reads without a warning
    )


def write_parquet(pairs: Iterator[Pair], path: Path, stamp: Mapping[str, str], *, geometry: bool) -> None:
    """Write the pairs as Parquet in row groups, with geometry as GeoParquet 1.1 in EPSG:4490."""
    schema = _schema(geometry=geometry)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in _batches(pairs, GROUP_ROWS):
            writer.write_table(pa.Table.from_batches([_record(schema, rows)]))
        metadata = {f"worktwin:{name}": value for name, value in stamp.items()}
        if geometry:
            metadata["geo"] = orjson.dumps(_geo()).decode()
        writer.add_key_value_metadata(metadata)


def _geo() -> dict[str, Any]:
    column = {
        "encoding": "WKB",
        "geometry_types": ["MultiPolygon"],
        "crs": CRS.from_epsg(STORED_SRID).to_json_dict(),
        "edges": "planar",
    }
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}


def _schema(*, geometry: bool) -> Any:
    fields = [pa.field(each.name, _TYPES.get(each.kind, pa.float64())) for each in PAIRS]
    return pa.schema([*fields, pa.field("geometry", pa.binary(), metadata=WKB)] if geometry else fields)


def _batches(pairs: Iterator[Pair], size: int = BATCH_ROWS) -> Iterator[list[Pair]]:
    rows: list[Pair] = []
    for pair in pairs:
        rows.append(pair)
        if len(rows) >= size:
            yield rows
            rows = []
    if rows:
        yield rows


def _record(schema: Any, rows: Sequence[Pair]) -> Any:
    columns = list(zip(*rows, strict=True))
    arrays = [pa.array(values, type=field.type) for values, field in zip(columns, schema, strict=False)]
    return pa.record_batch(arrays, schema=schema)
