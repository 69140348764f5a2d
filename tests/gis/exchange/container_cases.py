"""Shapefiles, GeoPackages, GeoJSON, KML and drawings, made here by other writers than our own."""

import io
import json
import tempfile
import warnings
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import ezdxf
import geopandas
import pandas
import pyogrio
from shapely.geometry import Polygon, box
from shapely.geometry.base import BaseGeometry

from gis.exchange.model import ReadChoices
from tests.gis.exchange.boundary_cases import HOLE, SHELL, VECTOR_M2
from tests.gis.exchange.cases import Case

VECTOR = Polygon([(y, x) for x, y in SHELL], [[(y, x) for x, y in HOLE]])
SQUARE = box(39371500, 3671350, 39371600, 3671450)
PARTS = (("DK01", VECTOR_M2), ("DK02", 10_000.0))
XIAN = "EPSG:2363"


def frame(
    *shapes: BaseGeometry, crs: str | None = "EPSG:4527", areas: tuple[float, ...] = (27_988.57, 9_996.0)
) -> Any:
    used = shapes or (VECTOR, SQUARE)
    count = len(used)
    return geopandas.GeoDataFrame(
        {
            "parcel_no": [f"DK{n:02d}" for n in range(1, count + 1)],
            "DKMC": ["储备地块一号", "工业用地"][:count],
            "MJ": list(areas[:count]),
        },
        geometry=list(used),
        crs=crs,
    )


def written(data: Any, ending: str, driver: str, **options: Any) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.write_dataframe(data, Path(folder) / f"parcels{ending}", driver=driver, **options)
        return {path.suffix: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def shapefile(data: Any, encoding: str, *, without: tuple[str, ...] = (), **extra: bytes) -> bytes:
    files = written(data, ".shp", "ESRI Shapefile", encoding=encoding)
    files.update({f".{key}": value for key, value in extra.items()})
    if encoding == "GBK":
        # The language byte would help GDAL; the files of the field do not have it.
        files[".dbf"] = files[".dbf"][:29] + b"\x00" + files[".dbf"][30:]
    return packed({f"parcels{key}": value for key, value in files.items() if key not in without})


def packed(files: dict[str, bytes], names: str | None = None) -> bytes:
    """Pack files; with `names` their names are raw bytes of that encoding, without the UTF-8 flag."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.encode(names).decode("cp437") if names else name, data)
    raw = target.getvalue()
    return _unflagged(raw) if names else raw


def _unflagged(raw: bytes) -> bytes:
    """Turn the names back into single bytes: Python has written them as UTF-8 with the flag set."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as source, zipfile.ZipFile(out, "w") as target:
        for info in source.infolist():
            plain = _Raw(info.filename)
            target.writestr(plain, source.read(info))
    return out.getvalue()


class _Raw(zipfile.ZipInfo):
    """A member whose name is written in cp437, as old packers do."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 (a hook of zipfile)
        return self.filename.encode("cp437"), self.flag_bits


def moved(geometry: BaseGeometry, crs: str) -> Any:
    return geopandas.GeoSeries([geometry], crs="EPSG:4527").to_crs(crs).iloc[0]


def renamed(data: bytes, stem: str, names: str | None) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return packed(
            {f"{stem}{Path(each).suffix}": archive.read(each) for each in archive.namelist()}, names
        )


def read(name: str, data: bytes, file: str = "图形.zip", **expected: Any) -> Case:
    values = {"parts": PARTS, **expected}
    return Case(name, file, data, **values)


def refused(
    name: str, data: bytes, *words: str, file: str = "图形.zip", choices: ReadChoices | None = None
) -> Case:
    return Case(name, file, data, choices or ReadChoices(), refused=words)


def shapefile_cases() -> list[Case]:
    plain, gbk = shapefile(frame(), "UTF-8"), shapefile(frame(), "GBK", without=(".cpg",))
    six = frame(*(geopandas.GeoSeries([VECTOR, SQUARE]).translate(-39_000_000)), crs="EPSG:4548")
    swapped = frame(Polygon(SHELL, [HOLE]), Polygon([(y, x) for x, y in SQUARE.exterior.coords]))
    pieces = {
        Path(each).suffix: zipfile.ZipFile(io.BytesIO(plain)).read(each)
        for each in zipfile.ZipFile(io.BytesIO(plain)).namelist()
    }
    two = packed(
        {
            **{f"a{key}": value for key, value in pieces.items()},
            **{f"b{key}": value for key, value in pieces.items()},
        }
    )
    bomb = packed({"parcels.shp": bytes(60_000_000), "parcels.shx": b"", "parcels.dbf": b""})
    return [
        read("shapefile in utf-8 with cpg and prj", plain, encoding="UTF-8", quiet=True),
        read("shapefile in gbk without cpg", gbk, encoding="GB18030", quiet=True),
        read("shapefile in gbk with cpg", shapefile(frame(), "GBK", cpg=b"GBK"), encoding="GB18030", quiet=True),
        read("shapefile in gbk with a cpg of 936", shapefile(frame(), "GBK", cpg=b"936\r\n"), encoding="GB18030", quiet=True),
        read("shapefile in utf-8 without cpg", shapefile(frame(), "UTF-8", without=(".cpg",)), encoding="UTF-8", quiet=True),
        read("shapefile in gbk whose cpg says utf-8", shapefile(frame(), "GBK", cpg=b"UTF-8"), encoding="GB18030", says=("the bytes decide",)),
        read("shapefile whose cpg says latin-1", shapefile(frame(), "GBK", cpg=b"ISO-8859-1"), encoding="GB18030", says=("the bytes decide",)),
        read("shapefile without prj", shapefile(frame(), "UTF-8", without=(".prj",)), says=("no .prj", "names no coordinate system")),
        read("shapefile by meridian", shapefile(six, "UTF-8"), crs="EPSG:4548", quiet=True),
        read("shapefile without prj and without zone", shapefile(six, "UTF-8", without=(".prj",)), crs=None, asks="zone", says=("no .prj",)),
        read("shapefile without prj, zone chosen", shapefile(six, "UTF-8", without=(".prj",)), choices=ReadChoices(zone=39), says=("no .prj",)),
        read("shapefile with north in x", shapefile(swapped, "UTF-8"), says=("Axis order corrected",)),
        read("shapefile in degrees", shapefile(frame().to_crs("EPSG:4490"), "UTF-8"), crs="EPSG:4490", quiet=True),
        read("shapefile whose prj says degrees for metres", shapefile(frame(), "UTF-8", prj=written(frame(moved(SQUARE, "EPSG:4490"), crs="EPSG:4490"), ".shp", "ESRI Shapefile")[".prj"]), says=("the coordinates count",)),
        read("shapefile in utm", shapefile(frame().to_crs("EPSG:32650"), "UTF-8"), crs="EPSG:32650", quiet=True),
        read("shapefile with gbk member names", renamed(gbk, "地块/范围线", "gbk"), encoding="GB18030", quiet=True),
        read("shapefile with utf-8 member names", renamed(gbk, "地块/范围线", None), quiet=True),
        read("shapefile with endings in capitals", packed({f"P{key.upper()}": value for key, value in pieces.items()}), quiet=True),
        read("area in hectares in a field of square metres", shapefile(frame(areas=(2.7989, 0.9996)), "UTF-8"), says=("taken as hectares",)),
        read("area one tenth too large", shapefile(frame(areas=(30_788.0, 9_996.0)), "UTF-8"), says=("+10.00 %",)),
        read("two shapefiles", two, crs=None, parts=(), asks="layer"),
        read("two shapefiles, one chosen", two, choices=ReadChoices(layer="b"), quiet=True),
        refused("a layer that does not exist", two, "no layer 'c'", "a, b", choices=ReadChoices(layer="c")),
        refused("shapefile without dbf", shapefile(frame(), "UTF-8", without=(".dbf",)), "parcels", ".dbf is missing"),
        refused("shapefile without shx", shapefile(frame(), "UTF-8", without=(".shx",)), "parcels", ".shx is missing"),
        refused("shapefile in Xian 1980", shapefile(frame(moved_xian(), crs=XIAN), "UTF-8"), "parcels.prj", "surveying authority"),
        refused("shapefile cut in the table", shapefile(frame(), "UTF-8", dbf=b"\x03cut"), "parcels.dbf", "export the Shapefile again"),
        refused("archive cut in the middle", plain[: len(plain) // 2], "damaged", "pack it again"),
        refused("a path that leads out", packed({"../parcels.shp": b"x"}), "../parcels.shp", "without paths"),
        refused("a zip bomb", bomb, "parcels.shp", "not opened"),
        refused("an archive of nothing", packed({"readme.md": b"x"}), "no .shp"),
        refused("a bare shp", pieces[".shp"], "zip it with its .shx", file="地块.shp"),
    ]  # fmt: skip


def moved_xian() -> BaseGeometry:
    return SQUARE


def layer_cases() -> list[Case]:
    gpkg = written(frame(), ".gpkg", "GPKG")[".gpkg"]
    degrees = frame().to_crs("EPSG:4490")
    geojson = written(degrees, ".geojson", "GeoJSON", COORDINATE_PRECISION=9)[".geojson"]
    metres = json.loads(written(frame(crs=None), ".geojson", "GeoJSON")[".geojson"])
    metres.pop("crs", None)
    kml = written(degrees.rename(columns={"DKMC": "Name"}), ".kml", "LIBKML")[".kml"]
    sqlite = written(pandas.DataFrame({"a": [1]}), ".sqlite", "SQLite")[".sqlite"]
    turned = frame(
        *(
            Polygon(
                [(y, x) for x, y in shape.exterior.coords],
                [[(y, x) for x, y in ring.coords] for ring in shape.interiors],
            )
            for shape in degrees.geometry
        ),
        crs="EPSG:4490",
    )
    bow_tie = frame(
        Polygon([(39371200, 3671300), (39371400, 3671450), (39371400, 3671300), (39371200, 3671450)]),
        areas=(15_000.0,),
    )
    return [
        read("geopackage", gpkg, "图形.gpkg", encoding="UTF-8", quiet=True),
        read("geopackage zipped", packed({"图形.gpkg": gpkg}), quiet=True),
        read("geopackage called txt", gpkg, "图形.txt", quiet=True),
        read("geopackage of two layers", two_layers(), "图形.gpkg", crs=None, parts=(), asks="layer"),
        read("geopackage of two layers, one chosen", two_layers(), "图形.gpkg", choices=ReadChoices(layer="乙"), quiet=True),
        read("geopackage without crs", written(frame(crs=None), ".gpkg", "GPKG")[".gpkg"], "图形.gpkg", says=()),
        read("geopackage with a bow-tie", written(bow_tie, ".gpkg", "GPKG")[".gpkg"], "图形.gpkg", parts=(("DK01", 15_000.0),), says=("Self-intersection",)),
        read("geojson with nine decimals", geojson, "图形.geojson", crs="EPSG:4490", encoding="UTF-8", quiet=True),
        read("geojson in gbk", geojson.decode().encode("gbk"), "图形.geojson", crs="EPSG:4490", encoding="GB18030", quiet=True),
        read("geojson in metres without crs", json.dumps(metres).encode(), "图形.geojson", says=("the coordinates count",)),
        read("geojson with latitude first", written(turned, ".geojson", "GeoJSON")[".geojson"], "图形.geojson", crs="EPSG:4490", says=("Axis order corrected",)),
        read("kml", kml, "图形.kml", crs="EPSG:4326", quiet=True),
        read("kmz", packed({"doc.kml": kml}), "图形.kmz", crs="EPSG:4326", quiet=True),
        refused("kml with entities", b'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "b">]><kml></kml>', "DOCTYPE", file="图形.kml"),
        refused("geojson cut in the middle", geojson[: len(geojson) // 2], "export it again", file="图形.geojson"),
        refused("geojson without features", b'{"type": "FeatureCollection", "features": []}', "no features", file="空.geojson"),
        refused("esri json", b'{"geometryType": "esriGeometryPolygon", "features": []}', "export it as GeoJSON", file="图形.json"),
        refused("gml", b"<?xml version='1.0'?><gml:FeatureCollection/>", "export it as GeoPackage", file="图形.gml"),
        refused("sqlite without geometry", sqlite, "export it as GeoPackage", file="图形.sqlite"),
        refused("geopackage cut in the middle", gpkg[: len(gpkg) // 3], "export it again", file="图形.gpkg"),
    ]  # fmt: skip


@cache
def two_layers() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "two.gpkg"
        pyogrio.write_dataframe(frame(), path, layer="甲", driver="GPKG")
        pyogrio.write_dataframe(frame(), path, layer="乙", driver="GPKG", append=True)
        return path.read_bytes()


def drawing(
    *rings: tuple[str, list[tuple[float, float]], bool], version: str = "R2010", encoding: str | None = None
) -> bytes:
    document = ezdxf.new(version)
    for layer, ring, closed in rings:
        document.modelspace().add_lwpolyline(
            ring, close=closed, dxfattribs={"layer": layer}
        ) if version != "R12" else (
            document.modelspace().add_polyline2d(ring, close=closed, dxfattribs={"layer": layer})
        )
    stream = io.StringIO()
    document.write(stream)
    return stream.getvalue().encode(encoding or "utf-8")


def drawing_cases() -> list[Case]:
    shell, hole = list(VECTOR.exterior.coords)[:-1], list(VECTOR.interiors[0].coords)[:-1]
    square = list(SQUARE.exterior.coords)[:-1]
    six = [(x - 39_000_000, y) for x, y in shell]
    red = ("红线", shell, True)
    one = ((None, 30_000.0),)
    datum = "names no coordinate system"
    return [
        read("drawing of one boundary", drawing(red), "红线.dxf", parts=one, encoding="UTF-8", says=(datum,)),
        read("drawing of an old version in gbk", drawing(red, version="R12", encoding="gbk"), "红线.dxf", parts=one, encoding="GB18030", says=(datum,)),
        read("drawing with a hole on the layer", drawing(red, ("红线", hole, True)), "红线.dxf", parts=((None, VECTOR_M2),), says=("read as its hole",)),
        read("drawing of two layers", drawing(red, ("建筑", hole, True)), "红线.dxf", parts=((None, 2_000.0), (None, 30_000.0)), says=(datum,)),
        read("drawing of two layers, one chosen", drawing(red, ("建筑", hole, True)), "红线.dxf", choices=ReadChoices(layer="红线"), parts=one, says=(datum,)),
        read("drawing with an open polyline", drawing(red, ("道路", square, False)), "红线.dxf", parts=one, says=("1 polylines are open",)),
        read("drawing closed by its last point", drawing(("红线", [*shell, shell[0]], False)), "红线.dxf", parts=one, says=(datum,)),
        read("drawing without the zone", drawing(("红线", six, True)), "红线.dxf", crs=None, parts=((None, 30_000.0),), asks="zone", says=(datum,)),
        read("drawing without the zone, crs chosen", drawing(("红线", six, True)), "红线.dxf", choices=ReadChoices(crs="EPSG:4527"), parts=one, quiet=True),
        refused("drawing without closed polyline", drawing(("道路", square, False)), "红线.dxf", "PEDIT", file="红线.dxf"),
        refused("drawing in millimetres", drawing(("红线", [(x * 1000, y * 1000) for x, y in shell], True)), "红线 #", "Check the columns", file="红线.dxf"),
        refused("drawing cut in the middle", drawing(red)[:400], "save it again", file="红线.dxf"),
    ]  # fmt: skip


def closed_cases() -> list[Case]:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    return [
        refused("dwg", b"AC1027" + bytes(100), "宗地图.dwg", "save it as DXF", file="宗地图.dwg"),
        refused("dwg called dxf", b"AC1032" + bytes(100), "DWG", "save it as DXF", file="宗地图.dxf"),
        refused("mpp", ole, "MPP", "XML (MSPDI)", file="进度.mpp"),
        refused("rvt", ole, "RVT", "IFC", file="模型.rvt"),
        refused("xls", ole, ".xlsx", file="台账.xls"),
        refused("rar", b"Rar!\x1a\x07" + bytes(50), "ZIP", file="地块.rar"),
        refused("pdf", b"%PDF-1.7", "boundary-point TXT", file="红线图.pdf"),
        refused("xlsx", packed({"xl/workbook.xml": b"<workbook/>"}), "ledger", file="台账.xlsx"),
        refused("csv", "编号,名称\n1,甲\n".encode(), "ledger", file="台账.csv"),
        refused("a letter", "各位领导：\n请审阅。\n".encode("gbk"), "boundary-point TXT", file="说明.txt"),
    ]


@cache
def container_cases() -> tuple[Case, ...]:
    return (*shapefile_cases(), *layer_cases(), *drawing_cases(), *closed_cases())
