"""Writing tables as text that is the same byte for byte on every run."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twin.samples.district import AS_OF, DISTRICT, SURVEY_CRS
from twin.samples.plane import MultiPolygon, Point, Ring, rounded_degrees

Row = Mapping[str, Any]


def table_json(name: str, rows: Iterable[Row], **head: Any) -> bytes:
    """Return a table as JSON: a marked envelope, one record per line in `rows`, keys sorted."""
    envelope = {"synthetic": True, "district": DISTRICT, "as_of": AS_OF.isoformat(), "table": name, **head}
    return _lined(envelope, "rows", rows)


def features_json(name: str, features: Iterable[Row], **head: Any) -> bytes:
    """Return a layer as a GeoJSON FeatureCollection, one feature per line."""
    envelope = {
        "type": "FeatureCollection",
        "name": name,
        "synthetic": True,
        "district": DISTRICT,
        "as_of": AS_OF.isoformat(),
        **head,
    }
    return _lined(envelope, "features", features)


def _lined(envelope: Row, key: str, rows: Iterable[Row]) -> bytes:
    head = json.dumps(envelope, ensure_ascii=False)
    lines = ",\n".join(compact(row) for row in rows)
    return f'{head[:-1]}, "{key}": [\n{lines}\n]}}\n'.encode()


def compact(value: Any) -> str:
    """Return JSON on one line, keys sorted, Chinese as it is."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def table_csv(header: Sequence[str], rows: Iterable[Sequence[Any]], comment: str | None = None) -> bytes:
    """Return comma-separated UTF-8 text with LF line ends; a comment line comes first where one is given."""
    out = io.StringIO()
    if comment:
        out.write(f"# {comment}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


def polygon_feature(identifier: str, polygons: MultiPolygon, properties: Row) -> dict[str, Any]:
    """Return a feature whose geometry is lon/lat and whose `survey_wkt` is the true geometry."""
    return {
        "type": "Feature",
        "id": identifier,
        "properties": {
            **properties,
            "survey_crs": SURVEY_CRS,
            "survey_wkt": survey_wkt(polygons),
        },
        "geometry": {
            "type": "MultiPolygon",
            "coordinates": [[degrees_ring(ring) for ring in polygon] for polygon in polygons],
        },
    }


def degrees_ring(ring: Ring) -> list[Point]:
    """Return a ring in degrees with 9 decimals, closed."""
    points = [rounded_degrees(p) for p in ring]
    return [*points, points[0]]


def survey_wkt(polygons: MultiPolygon) -> str:
    """Return well-known text in the survey CRS, millimetres.

    Examples
    --------
    >>> survey_wkt([[[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)]]])
    'MULTIPOLYGON (((0.000 0.000, 1.000 0.000, 1.000 1.000, 0.000 0.000)))'
    """
    text = ", ".join(
        "(" + ", ".join(f"({_wkt_ring(ring)})" for ring in polygon) + ")" for polygon in polygons
    )
    return f"MULTIPOLYGON ({text})"


def _wkt_ring(ring: Ring) -> str:
    return ", ".join(f"{x:.3f} {y:.3f}" for x, y in [*ring, ring[0]])
