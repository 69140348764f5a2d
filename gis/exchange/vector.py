"""Layers that GDAL reads: GeoPackage, GeoJSON, KML, and the geometry of Shapefiles."""

import re
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyogrio
import pyogrio.raw
import shapely
from pyogrio.errors import CRSError as GdalCrsError
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from gis.exchange.areas import find_area_field
from gis.exchange.coordinates import Claim, place
from gis.exchange.datums import meridian_srid, numbered_srid
from gis.exchange.digits import ZONES_3, ZONES_6, spread
from gis.exchange.encoding import decode
from gis.exchange.errors import ExchangeError
from gis.exchange.model import Evidence, Finding, Question, ReadChoices, ReadFeature, ReadResult, refuse
from gis.exchange.outlines import feature, find_stray, placed

MOST_FEATURES: Final = 500_000
_FAULTS: Final = (
    DataSourceError, DataLayerError, FeatureError, FieldError, GeometryError, GdalCrsError, ShapelyError, ValueError,
    OSError, RuntimeError, OverflowError,
)  # fmt: skip
_PATH: Final = re.compile(r"\S*/(?=[^/\s]+)")
_KML_FILLER: Final = frozenset(
    (
        "id",
        "timestamp",
        "begin",
        "end",
        "altitudeMode",
        "tessellate",
        "extrude",
        "visibility",
        "drawOrder",
        "icon",
        "snippet",
    )
)


@dataclass(frozen=True)
class Row:
    """A feature as a container holds it: geometry in the file's columns, attributes, place."""

    geometry: BaseGeometry | None
    attributes: dict[str, Any]
    where: str


@dataclass(frozen=True)
class Layer:
    """What GDAL read of a layer: rows, the CRS it states, warnings."""

    rows: list[Row]
    crs: str | None
    fids: list[int]
    warnings: list[Finding]


def read_gpkg(path: Path, choices: ReadChoices, name: str) -> ReadResult:
    """Read a layer of a GeoPackage; which one is asked where there are several."""
    with tempfile.TemporaryDirectory() as folder:
        # A copy: SQLite may write beside the file it opens, and GDAL wants the ending.
        copy = Path(folder) / "layer.gpkg"
        shutil.copyfile(path, copy)
        return _read_gpkg(copy, choices, name)


def _read_gpkg(path: Path, choices: ReadChoices, name: str) -> ReadResult:
    layers = list_layers(path, name)
    if len(layers) > 1 and choices.layer is None:
        return ask_layer("gpkg", layers, "UTF-8")
    wanted = chosen_layer(layers, choices.layer, name)
    layer = read_layer(path, wanted, name)
    encoding = Evidence("encoding", "UTF-8", "A GeoPackage is UTF-8.", "GeoPackage 使用 UTF-8。")
    return build("gpkg", layer, claim_of(layer.crs, wanted, choices), choices, encoding, layers)


def read_geojson(data: bytes, choices: ReadChoices, name: str) -> ReadResult:
    """Read GeoJSON; without a `crs` member it is longitude, latitude, unless the digits say otherwise."""
    text, encoding = decode(data, choices.encoding)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layer.geojson"
        path.write_text(text, "utf-8")
        layer = read_layer(path, None, name)
    return build("geojson", layer, claim_of(layer.crs, name, choices), choices, encoding, [])


def read_kml(data: bytes, choices: ReadChoices, name: str) -> ReadResult:
    """Read the placemarks of all folders of a KML, or of the one chosen.

    Raises
    ------
    ExchangeError
        A document type or entities, which are not followed; or no placemarks.
    """
    text, encoding = decode(data, choices.encoding)
    if re.search(r"<!(?:DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise refuse(
            "The XML declares entities; remove its DOCTYPE.",
            "XML 含有 DOCTYPE 或实体声明，请删除后重新上传。",
            name,
        )
    text = re.sub(r"^(\s*<\?xml[^>]*?)\sencoding=([\"'])[^\"']*\2", r"\1", text, count=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layer.kml"
        path.write_text(text, "utf-8")
        layers = list_layers(path, name)
        wanted = layers if choices.layer is None else [chosen_layer(layers, choices.layer, name)]
        read = [read_layer(path, each, name) for each in wanted]
    rows = [_without_filler(row) for layer in read for row in layer.rows]
    said = [warning for layer in read for warning in layer.warnings]
    whole = Layer(rows, "EPSG:4326", [], said)
    return build("kml", whole, Claim("WGS 84", 4326, where=name), choices, encoding, layers)


def _without_filler(row: Row) -> Row:
    """Drop the fields that GDAL adds to every placemark."""
    kept = {key: value for key, value in row.attributes.items() if key not in _KML_FILLER}
    return Row(row.geometry, kept, row.where)


def list_layers(path: Path, name: str) -> list[str]:
    """Return the layers that have geometry.

    Raises
    ------
    ExchangeError
        GDAL cannot open the file, or no layer has geometry.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = [str(layer) for layer, kind in pyogrio.list_layers(path) if kind is not None]
        except _FAULTS as error:
            raise damaged(name, error) from error
    if not found:
        raise refuse("No layer has geometry.", "没有含图形的图层。", name)
    return found


def chosen_layer(layers: Sequence[str], choice: str | None, name: str) -> str:
    """Return the layer to read.

    Raises
    ------
    ExchangeError
        The chosen one does not exist.
    """
    if choice is None:
        return layers[0]
    if choice in layers:
        return choice
    listed = ", ".join(layers[:20])
    raise refuse(
        f"There is no layer {choice[:60]!r}; the layers are {listed}.",
        f"没有图层 {choice[:60]!r}；现有图层：{listed}。",
        name,
    )


def ask_layer(kind: str, layers: list[str], encoding: str) -> ReadResult:
    """Return the question which of several layers is meant."""
    question = Question(
        "layer",
        f"The file holds {len(layers)} layers; which one?",
        f"文件含有 {len(layers)} 个图层，请选择一个。",
        layers,
    )
    return ReadResult(kind, encoding, None, [], [], [], [question], layers=layers)


def read_layer(path: Path, layer: str | None, name: str, *, geometry_only: bool = False) -> Layer:
    """Read a layer with GDAL.

    Raises
    ------
    ExchangeError
        GDAL cannot read it, or it has no features or too many.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            meta, fids, shapes, fields = pyogrio.raw.read(
                path, layer=layer, force_2d=True, return_fids=True, max_features=MOST_FEATURES + 1,
                columns=[] if geometry_only else None,
            )  # fmt: skip
            geometries = shapely.from_wkb(shapes, on_invalid="raise") if shapes is not None else []
        except (*_FAULTS, UnicodeDecodeError) as error:
            raise damaged(name, error) from error
    if len(geometries) == 0:
        raise refuse("There are no features.", "没有要素。", layer or name)
    if len(geometries) > MOST_FEATURES:
        raise refuse(
            f"More than {MOST_FEATURES} features; split the file.",
            f"超过 {MOST_FEATURES} 个要素，请拆分。",
            layer or name,
        )
    texts = [_PATH.sub("", str(each.message))[:200] for each in caught[:20]]
    said = [Finding(layer or name, f"GDAL: {text}", f"GDAL：{text}") for text in texts]
    names = [str(each) for each in meta["fields"]]
    rows = [
        Row(shape, _attributes(names, fields, at), f"feature {fids[at]}")
        for at, shape in enumerate(geometries)
    ]
    return Layer(rows, meta["crs"], [int(fid) for fid in fids], said)


def _attributes(names: list[str], fields: Any, at: int) -> dict[str, Any]:
    return {name: _plain(column[at]) for name, column in zip(names, fields, strict=False)}


def _plain(value: Any) -> Any:
    """Return a value of numpy as Python's own; dates as ISO 8601, no number as None."""
    if isinstance(value, np.generic):
        if isinstance(value, np.datetime64):
            return None if np.isnat(value) else str(value)
        value = value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value.hex() if isinstance(value, bytes) else value


def damaged(name: str, error: Exception) -> ExchangeError:
    """Return the refusal of a file that GDAL or GEOS could not take."""
    said = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
    said = _PATH.sub("", said)
    return refuse(
        f"The file cannot be read ({said}); export it again.", f"文件无法读取（{said}），请重新导出。", name
    )


def claim_of(text: str | None, where: str, choices: ReadChoices) -> Claim:
    """Return what a CRS text (EPSG code or WKT) claims.

    Raises
    ------
    ExchangeError
        A projection of CGCS2000 that is none of the zones, unless a person chose the CRS.
    """
    if not text:
        return Claim(where=where)
    try:
        crs = CRS.from_user_input(text)
    except CRSError:
        return Claim(system=text[:60], where=where)
    srid = crs.to_epsg() or _zone_srid(crs)
    if srid is None and crs.is_projected and "2000" in crs.name + str(crs.datum) and choices.crs is None:
        raise refuse(
            f"The projection {crs.name[:60]!r} is none of the CGCS2000 zones; export it in one (for example EPSG:4527).",
            f"投影 {crs.name[:60]!r} 不是 CGCS2000 标准分带，请按标准分带导出（如 EPSG:4527）。",
            where,
        )
    return Claim(system=_system(crs), srid=srid, where=where)


def _system(crs: CRS) -> str:
    datum = crs.datum.name if crs.datum is not None else ""
    if "2000" in datum:
        return crs.name if "2000" in crs.name else f"{crs.name} CGCS2000"
    return crs.name if "84" in crs.name else f"{crs.name} ({datum})"


def _zone_srid(crs: CRS) -> int | None:
    """Recognise a zone of CGCS2000 by its meridian and false easting, whatever it is called."""
    operation = crs.coordinate_operation
    if (
        operation is None
        or "Transverse Mercator" not in operation.method_name
        or "2000" not in str(crs.datum)
    ):
        return None
    values = {each.name: float(each.value) for each in operation.params}
    meridian = values.get("Longitude of natural origin", 0.0)
    east_m = values.get("False easting", 0.0)
    for zones, zone in ((ZONES_3, meridian / 3), (ZONES_6, (meridian + 3) / 6)):
        if zone != int(zone) or int(zone) not in zones:
            continue
        if east_m == 500_000:
            return meridian_srid(int(zone))
        if east_m == 500_000 + int(zone) * 1_000_000:
            return numbered_srid(int(zone))
    return None


def build(
    kind: str,
    layer: Layer,
    claim: Claim,
    choices: ReadChoices,
    encoding: Evidence,
    layers: list[str],
) -> ReadResult:
    """Place the rows of a layer and check them.

    Raises
    ------
    ExchangeError
        Rows that lie nowhere, have geometry of mixed sorts or none at all.
    """
    said = list(layer.warnings)
    rows = []
    for row in layer.rows:
        shape = _simple(row.geometry)
        if shape is None:
            said.append(
                Finding(row.where, "The feature has no geometry; it is left out.", "该要素没有图形，未读取。")
            )
        else:
            rows.append((shape, row))
    if not rows:
        raise refuse("No feature has geometry.", "所有要素都没有图形。", claim.where)
    spreads = [spread(row.where, shapely.get_coordinates(shape)) for shape, row in rows]
    placement = place(spreads, claim, choices)
    area_field = find_area_field(rows[0][1].attributes)
    features: list[ReadFeature] = []
    faults: list[Finding] = []
    for (shape, row), kept in zip(rows, placement.kept, strict=True):
        if not kept:
            continue
        geometry = placed(shape, placement)
        stray = find_stray(geometry, placement.srid, row.where) if placement.srid is not None else None
        if stray is not None:
            faults.append(stray)
            continue
        stated = row.attributes.get(area_field[0]) if area_field else None
        made, notes = feature(
            geometry, placement.srid, row.attributes, row.where,
            stated=None if stated is None else f"{stated}{area_field[1] if area_field else ''}", default_m2=1.0,
        )  # fmt: skip
        features.append(made)
        said.extend(notes)
    if faults:
        raise ExchangeError(faults[:100])
    crs = f"EPSG:{placement.srid}" if placement.srid is not None else None
    evidence = [encoding, *placement.evidence]
    return ReadResult(
        kind,
        encoding.value,
        crs,
        evidence,
        features,
        said + placement.warnings,
        placement.questions,
        layers=layers,
    )


def _simple(geometry: BaseGeometry | None) -> BaseGeometry | None:
    """Return a flat geometry; a collection of polygons as a multipolygon, an empty one as None."""
    if geometry is None or geometry.is_empty:
        return None
    flat = shapely.force_2d(geometry)
    if flat.geom_type != "GeometryCollection":
        return flat
    parts = [each for part in shapely.get_parts(flat) for each in shapely.get_parts(part)]
    polygons = [part for part in parts if part.geom_type == "Polygon"]
    return MultiPolygon(polygons) if polygons and len(polygons) == len(parts) else None
