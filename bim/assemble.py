"""Join what the file says of an element with what the kernel drew of it, and write the rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from bim.batches import BatchResults
from bim.footprint import Floats
from bim.geometry import ShapeRecord
from bim.outline import compute_outline, find_outliers
from bim.placements import Placement
from bim.placing import Placed, epsg_of, place_shapes
from bim.quantities import COUNT, MESH, MainQuantity, complete_quantity
from bim.results import ELEMENTS_FILE, PREVIEW_FILE, ElementFacts, Georeference

_PLACEMENT = b'{"placement":'
_FACTS = b',"step_id":'  # the first field of `ElementFacts`
_NO_QUANTITY = b',"quantity":null,"quantity_unit":null,"quantity_source":null}'


@dataclass(frozen=True)
class Row:
    """What assembling needs of an element; the rest waits in the preview file."""

    step_id: int
    ifc_class: str
    volume_m3: float | None
    flags: tuple[str, ...]
    global_id: str
    storey: str | None


@dataclass
class Extent:
    """Outline and box of the whole model, outliers left out."""

    bbox: tuple[float, float, float, float] | None = None
    z_range: tuple[float, float] | None = None
    outline_lonlat: bytes | None = None
    outline_survey: bytes | None = None
    outline_local: bytes | None = None
    outliers: list[int] = field(default_factory=list)


def write_preview(
    spool: Path, facts: Iterator[ElementFacts], placements: dict[int, Placement]
) -> Iterator[ElementFacts]:
    """Write the rows known before geometry, each with the placement the file gives it, passing each on."""
    with (spool / PREVIEW_FILE).open("wb") as stream:
        for row in facts:
            placement = orjson.dumps(placements.get(row.step_id))
            stream.write(_PLACEMENT + placement + b"," + orjson.dumps(row)[1:] + b"\n")
            yield row


def write_elements(
    spool: Path, rows: list[Row], drawn: BatchResults, place: Georeference, bare: dict[int, Placement]
) -> Extent:
    """Write ``elements.jsonl``, one line per row, and compute the model's extent.

    Parameters
    ----------
    bare : dict
        Placements as the file has them, by instance number, for elements that are not drawn.
    """
    shown = [row for row in rows if row.step_id in drawn.records]
    records = [drawn.records[row.step_id] for row in shown]
    codes = [_footprint(row, record) for row, record in zip(shown, records, strict=True)]
    local = np.asarray(shapely.from_wkb(np.array(codes, dtype=object)), dtype=object)
    placed = place_shapes(local, place) if place.placed and len(local) else None
    outliers = frozenset(list_outliers(rows, drawn))
    far = np.array([row.step_id in outliers for row in shown], dtype=bool)
    parts = {
        row.step_id: _drawn_part(fid, row, records[fid], local[fid], placed, place, bool(far[fid]))
        for fid, row in enumerate(shown)
    }
    with (spool / PREVIEW_FILE).open("rb") as source, (spool / ELEMENTS_FILE).open("wb") as sink:
        for row, line in zip(rows, source, strict=True):
            part = parts.get(row.step_id) or _bare_part(row, drawn, bare)
            quantity = complete_quantity(None, part["volume_m3"])
            sink.write(_joined(_facts_line(line), part, quantity))
    return _extent(shown, records, local, placed, far, place)


def robust_middle(rows: list[Row], drawn: BatchResults) -> tuple[float, float, float] | None:
    """Compute the median middle of the drawn elements, metres in the model frame."""
    boxes = [
        drawn.records[row.step_id].box
        for row in rows
        if row.step_id in drawn.records and "not_map_geometry" not in row.flags
    ]
    if not boxes:
        return None
    table = np.asarray(boxes)
    middle = np.median((table[:, :3] + table[:, 3:]) / 2.0, axis=0)
    return float(middle[0]), float(middle[1]), float(middle[2])


def robust_span(rows: list[Row], drawn: BatchResults) -> float | None:
    """Compute the longest side of the model on the ground, metres; elements far off the rest do not count."""
    shown = [row for row in rows if row.step_id in drawn.records and "not_map_geometry" not in row.flags]
    if not shown:
        return None
    table = np.asarray([drawn.records[row.step_id].box for row in shown])
    near = table[~find_outliers((table[:, :2] + table[:, 3:5]) / 2.0)]
    return float((near[:, 3:5].max(axis=0) - near[:, :2].min(axis=0)).max())


def list_outliers(rows: list[Row], drawn: BatchResults) -> list[int]:
    """List the instance numbers of elements that belong on the map and lie far from the rest."""
    shown = [row for row in rows if row.step_id in drawn.records and "not_map_geometry" not in row.flags]
    if not shown:
        return []
    boxes = np.asarray([drawn.records[row.step_id].box for row in shown])
    far = find_outliers((boxes[:, :2] + boxes[:, 3:5]) / 2.0)
    return [row.step_id for row, away in zip(shown, far, strict=True) if away]


def _footprint(row: Row, record: ShapeRecord) -> bytes | None:
    return None if "not_map_geometry" in row.flags else record.footprint


def _bare_part(row: Row, drawn: BatchResults, bare: dict[int, Placement]) -> dict[str, Any]:
    return {
        "volume_m3": row.volume_m3,
        "placement": bare.get(row.step_id),
        "flags": [*row.flags, *(["quantity_count"] if row.volume_m3 is None else [])],
        "geometry_error": drawn.errors.get(row.step_id),
    }


def _drawn_part(
    fid: int,
    row: Row,
    record: ShapeRecord,
    local: Any,
    placed: Placed | None,
    place: Georeference,
    far: bool,
) -> dict[str, Any]:
    matrix = place.matrix
    flags = [*row.flags]
    flags += ["footprint_capped"] if record.capped else []
    flags += ["footprint_none"] if local is None else []
    flags += ["outlier"] if far else []
    flags += [] if placed else ["not_placed"]
    part: dict[str, Any] = {
        "fid": fid,
        "footprint_local_wkb": record.footprint.hex() if local is not None and record.footprint else None,
        "area_m2": record.area_m2 if local is not None else None,
        "volume_m3": row.volume_m3 if row.volume_m3 is not None else record.volume_m3,
        "z_min_m": record.box[2] * matrix[10] + matrix[11],
        "z_max_m": record.box[5] * matrix[10] + matrix[11],
        "box": record.box,
        "placement": record.placement,
        "flags": flags,
        "geometry_hash": record.geometry_hash,
        "kernel": record.kernel,
    }
    if placed is not None and local is not None:
        part |= {
            "footprint_survey_wkb": shapely.to_wkb(placed.survey[fid], hex=True),
            "survey_epsg": epsg_of(place.crs),
            "footprint_lonlat_wkb": shapely.to_wkb(placed.lonlat[fid], hex=True),
            "centroid_lon": float(placed.centroids[fid, 0]),
            "centroid_lat": float(placed.centroids[fid, 1]),
        }
    return part


def _facts_line(line: bytes) -> bytes:
    """Leave the placement, which the kernel tells more exactly, out of a line of the preview."""
    return b"{" + line[line.index(_FACTS) + 1 :].rstrip(b"\n")


def _joined(line: bytes, part: dict[str, Any], quantity: MainQuantity) -> bytes:
    """Append the second half of a row to its first half as text, which saves reading and writing it again."""
    if line.endswith(_NO_QUANTITY):
        line = line[: -len(_NO_QUANTITY)] + b"}"
        part |= {
            "quantity": quantity.value,
            "quantity_unit": quantity.unit,
            "quantity_source": quantity.source,
        }
        part["flags"] += {MESH: ["quantity_derived"], COUNT: ["quantity_count"]}.get(quantity.source, [])
        part["flags"] = list(dict.fromkeys(part["flags"]))
    return line[:-1] + b"," + orjson.dumps(part)[1:] + b"\n"


def _extent(
    shown: list[Row],
    records: list[ShapeRecord],
    local: NDArray[Any],
    placed: Placed | None,
    far: NDArray[np.bool_],
    place: Georeference,
) -> Extent:
    extent = Extent(outliers=[row.step_id for row, away in zip(shown, far, strict=True) if away])
    chosen = np.array(
        ["no_outline" not in row.flags and "not_map_geometry" not in row.flags for row in shown]
    )
    chosen = chosen & ~far if len(shown) else np.zeros(0, dtype=bool)
    if not chosen.any():
        chosen = ~far & np.array(["not_map_geometry" not in row.flags for row in shown], dtype=bool)
    if not chosen.any():
        return extent
    boxes = np.asarray([record.box for record in records])[chosen]
    extent.z_range = _z_range(boxes, place)
    outline = compute_outline(local[chosen])
    extent.outline_local = shapely.to_wkb(outline) if outline is not None else None
    if placed is None:
        return extent
    extent.bbox = _bbox(placed.lonlat[chosen])
    if outline is not None:
        both = place_shapes(np.array([outline], dtype=object), place)
        extent.outline_lonlat = shapely.to_wkb(both.lonlat[0])
        extent.outline_survey = shapely.to_wkb(both.survey[0])
    return extent


def _z_range(boxes: Floats, place: Georeference) -> tuple[float, float]:
    factor, shift = place.matrix[10], place.matrix[11]
    return float(boxes[:, 2].min()) * factor + shift, float(boxes[:, 5].max()) * factor + shift


def _bbox(shapes: NDArray[Any]) -> tuple[float, float, float, float] | None:
    bounds = shapely.bounds(shapes)
    if np.isnan(bounds).all():
        return None
    west, south = np.nanmin(bounds[:, :2], axis=0)
    east, north = np.nanmax(bounds[:, 2:], axis=0)
    return float(west), float(south), float(east), float(north)
