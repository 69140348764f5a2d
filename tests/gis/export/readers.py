"""Files read back by programs that know nothing of ours: GDAL, pyarrow, geopandas, csv, json."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import geopandas
import pyogrio
import shapely

Rows = dict[int, dict[str, Any]]


def read_back(path: Path, key: str) -> Rows:
    """Return the rows of a file by feature id, geometry as shapely under ``geometry``."""
    return {
        "gpkg": _gpkg,
        "fgb": _gdal,
        "parquet": _parquet,
        "shp": _shapefile,
        "csv": _csv,
        "geojson": _geojson,
        "geojsonseq": _sequence,
        "ndjson": _lines,
    }[key](path)


def _records(frame: Any) -> list[dict[str, Any]]:
    frame = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _gpkg(path: Path) -> Rows:
    frame = pyogrio.read_dataframe(path, fid_as_index=True)
    return dict(zip((int(each) for each in frame.index), _records(frame), strict=True))


def _gdal(path: Path) -> Rows:
    return {int(row.pop("id")): row for row in _records(pyogrio.read_dataframe(path))}


def _parquet(path: Path) -> Rows:
    rows = _records(geopandas.read_parquet(path))
    return {
        int(row.pop("id")): {name: value for name, value in row.items() if name != "bbox"} for row in rows
    }


def _shapefile(path: Path) -> Rows:
    found: Rows = {}
    with zipfile.ZipFile(path) as archive:
        table = csv.DictReader(io.StringIO(archive.read("fields.csv").decode("utf-8-sig")))
        names = {row["field 字段"]: row["property 属性"] for row in table}
        for name in archive.namelist():
            if name.endswith(".shp"):
                for row in _records(pyogrio.read_dataframe(f"/vsizip/{path}/{name}")):
                    identity = int(row.pop("id"))
                    found[identity] = {names.get(short, short): value for short, value in row.items()}
    return found


def _csv(path: Path) -> Rows:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["geometry"] = shapely.from_wkt(row["geometry"]) if row["geometry"] else None
    return {int(row.pop("id")): {name: value or None for name, value in row.items()} for row in rows}


def _geojson(path: Path) -> Rows:
    return _features(json.loads(path.read_bytes())["features"])


def _sequence(path: Path) -> Rows:
    records = path.read_bytes().split(b"\x1e")
    assert records[0] == b""
    assert all(record.endswith(b"\n") for record in records[1:])
    return _features([json.loads(record) for record in records[1:]])


def _lines(path: Path) -> Rows:
    return _features([json.loads(line) for line in path.read_bytes().splitlines()])


def _features(features: list[dict[str, Any]]) -> Rows:
    return {
        feature["id"]: {
            **feature["properties"],
            "geometry": shapely.geometry.shape(feature["geometry"]) if feature["geometry"] else None,
        }
        for feature in features
    }
