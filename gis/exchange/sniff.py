"""What a file is by its content; the name only helps to give advice on what is refused."""

import re
from pathlib import Path
from typing import Final

from gis.exchange.errors import ExchangeError
from gis.exchange.model import refuse
from gis.exchange.txt_lines import is_boundary_text
from gis.exchange.zips import list_members

TABLES: Final = ("xlsx", "csv")
"""Kinds that the readers of ledgers take."""

SINGLE: Final = (".gpkg", ".geojson", ".json", ".kml", ".dxf", ".txt")
"""Endings of files of geometry that are read out of an archive which holds one of them."""

_HEAD_BYTES: Final = 65_536
_HEAD_LINES: Final = 20
_CLOSED: Final = {
    b"AC10": ("DWG", "DWG", "save it as DXF (AutoCAD: SAVEAS, DXF) with closed polylines", "请另存为 DXF（AutoCAD：SAVEAS，DXF），边界为闭合多段线"),
    b"Rar!": ("RAR archive", "RAR 压缩包", "pack it again as ZIP", "请重新打包为 ZIP"),
    b"7z\xbc\xaf": ("7z archive", "7z 压缩包", "pack it again as ZIP", "请重新打包为 ZIP"),
    b"\x1f\x8b": ("gzip file", "gzip 压缩文件", "unpack it first", "请先解压"),
    b"%PDF": ("PDF", "PDF", "ask for the coordinates as boundary-point TXT, Shapefile or DXF", "请索取界址点 TXT、Shapefile 或 DXF"),
    b"\x00\x00\x27\x0a": ("a .shp without its companions", "单独的 .shp 文件", "zip it with its .shx, .dbf, .prj and .cpg", "请与 .shx、.dbf、.prj、.cpg 一起打包为 ZIP"),
    b"ERMHDR": ("schedule (XER)", "进度计划（XER）", "import it at its project", "请在项目中导入"),
    b"ISO-10303-21": ("IFC model", "IFC 模型", "upload it as a building model", "请作为建筑模型上传"),
    b"\x89PNG": ("picture", "图片", "send coordinates, not a picture of them", "请上传坐标文件，而非图片"),
    b"\xff\xd8\xff": ("picture", "图片", "send coordinates, not a picture of them", "请上传坐标文件，而非图片"),
}  # fmt: skip
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_ADVICE: Final = {
    ".mpp": ("Microsoft Project MPP", "save it as XML (MSPDI)", "请另存为 XML（MSPDI）"),
    ".rvt": ("Revit RVT", "export it as IFC", "请导出为 IFC"),
    ".xls": ("Excel .xls", "save it as .xlsx", "请另存为 .xlsx"),
    ".et": ("WPS .et", "save it as .xlsx", "请另存为 .xlsx"),
}
_OLE_OTHER: Final = (
    "old Office or Project file",
    "save it as .xlsx (tables), XML (schedules) or DXF (drawings)",
    "表格请另存为 .xlsx，进度计划另存为 XML，图纸另存为 DXF",
)


def sniff(path: Path, name: str) -> str:
    """Return what a file is: one of `gis.exchange.model.KINDS`, ``zip`` of one of them, ``xlsx`` or ``csv``.

    Raises
    ------
    ExchangeError
        A format that is not read, with the export to make instead; or content that is nothing known.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.strip(b" \t\r\n\x00"):
        raise refuse("The file is empty.", "文件为空。", name)
    _refuse_closed(head, path, name)
    if head.startswith(b"PK"):
        return _zip_kind(path, name)
    if head.startswith(b"SQLite format 3\x00"):
        return _sqlite_kind(path, name)
    if head.startswith(b"AutoCAD Binary DXF") or _is_dxf(head):
        return "dxf"
    return _text_kind(head, name)


def _refuse_closed(head: bytes, path: Path, name: str) -> None:
    for magic, (what, what_zh, remedy, remedy_zh) in _CLOSED.items():
        if head.startswith(magic):
            raise refuse(f"{what} is not read here: {remedy}.", f"此处不支持{what_zh}：{remedy_zh}。", name)
    if head.startswith(_OLE):
        if _is_encrypted(path):
            raise refuse(
                "The workbook is encrypted: open it, remove its password and save it as .xlsx.",
                "工作簿已加密，请打开后取消密码并另存为 .xlsx。",
                name,
            )
        what, remedy, remedy_zh = _OLE_ADVICE.get(Path(name).suffix.lower(), _OLE_OTHER)
        raise refuse(f"{what} is not read: {remedy}.", f"不支持 {what}：{remedy_zh}。", name)


def _is_encrypted(path: Path) -> bool:
    """Say whether an OLE container holds an encrypted package; its directory names the streams in UTF-16."""
    with path.open("rb") as file:
        head = file.read(512)
        sector_bytes = 1 << min(int.from_bytes(head[30:32], "little"), 16)
        file.seek((int.from_bytes(head[48:52], "little") + 1) * sector_bytes)
        return "EncryptedPackage".encode("utf-16-le") in file.read(sector_bytes * 2)


def _zip_kind(path: Path, name: str) -> str:
    names = [member.name.lower() for member in list_members(path, name)]
    if any(each.endswith(".shp") for each in names):
        return "shapefile"
    if any(each.startswith("xl/") for each in names):
        return "xlsx"
    if "mimetype" in names and "content.xml" in names:
        raise refuse(
            "An OpenDocument file is not read: save it as .xlsx.",
            "不支持 OpenDocument，请另存为 .xlsx。",
            name,
        )
    inner = [each for each in names if Path(each).suffix in SINGLE]
    if len(inner) == 1:
        return "zip"
    if len(inner) > 1:
        raise refuse(
            f"The archive holds {len(inner)} files of geometry; send them one by one.",
            f"压缩包内有 {len(inner)} 个图形文件，请逐个上传。",
            name,
        )
    raise refuse(
        "The archive holds no .shp (with .shx and .dbf) and no other file of geometry.",
        "压缩包内没有 .shp（及 .shx、.dbf），也没有其他图形文件。",
        name,
    )


def _sqlite_kind(path: Path, name: str) -> str:
    with path.open("rb") as file:
        file.seek(68)
        mark = file.read(4)
        file.seek(0)
        named = b"gpkg_contents" in file.read(1_000_000)
    if mark in (b"GPKG", b"GP10", b"GP11") or named:
        return "gpkg"
    raise refuse(
        "The SQLite file is no GeoPackage; export it as GeoPackage.",
        "该 SQLite 文件不是 GeoPackage，请导出为 GeoPackage。",
        name,
    )


def _is_dxf(head: bytes) -> bool:
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return re.match(rb"(?:999\s*\r?\n[^\n]*\n\s*)*0\s*\r?\n\s*SECTION\s*\r?\n", plain) is not None


def _text_kind(head: bytes, name: str) -> str:
    text = _text(head)
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[{")):
        return _json_kind(start, name)
    if start.startswith("<"):
        return _xml_kind(start, name)
    if is_boundary_text(text):
        return "txt"
    if "\x00" in text:
        raise _unknown(name)
    if _is_point_list(start):
        return "txt"
    if _is_table(start):
        return "csv"
    raise _unknown(name)


def _is_table(start: str) -> bool:
    """Say whether the first line is split into cells, or two further ones are (below a title or a comment)."""
    lines = [line for line in start.split("\n", _HEAD_LINES)[:_HEAD_LINES] if line.strip()]
    if re.match(r"(?:#[^\n]*\n)*##[0-9]{4}[A-Z]", start):
        # Frames of measuring devices (HJ 212) are full of the same signs.
        return False
    split = [any(sign in line for sign in (",", "\t", ";", "|")) for line in lines]
    return bool(split) and (split[0] or sum(split) >= 2)


def _text(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace")
    try:
        # The cut may have gone through a character.
        return head[:-4].decode("utf-8") if len(head) == _HEAD_BYTES else head.decode("utf-8")
    except UnicodeDecodeError:
        return head.decode("gb18030", "replace")


def _is_point_list(start: str) -> bool:
    """Say whether a text begins with a boundary point though no header stands before it."""
    return (
        re.match(r"[A-Za-z]*[0-9]+\s*[,，\t ]\s*[0-9]*\s*[,，\t ]\s*[0-9.]+\s*[,，\t ]\s*[0-9.]+", start)
        is not None
    )


def _json_kind(start: str, name: str) -> str:
    if re.search(
        r'"type"\s*:\s*"(?:FeatureCollection|Feature|(?:Multi)?(?:Point|LineString|Polygon)|GeometryCollection)"',
        start,
    ):
        return "geojson"
    what = (
        "TopoJSON"
        if '"Topology"' in start
        else "Esri JSON"
        if '"rings"' in start or "esriGeometry" in start
        else "JSON"
    )
    raise refuse(
        f"This {what} is no GeoJSON; export it as GeoJSON.",
        f"该 {what} 不是 GeoJSON，请导出为 GeoJSON。",
        name,
    )


def _xml_kind(start: str, name: str) -> str:
    if re.search(r"<(?:\w+:)?kml[\s>]", start):
        return "kml"
    if re.search(r"<(?:html|table|Workbook)[\s>]", start, re.IGNORECASE):
        raise refuse(
            "This is a web page or an old XML table, whatever its name says: open it in Excel or WPS and save it as .xlsx.",
            "该文件实为网页或旧版 XML 表格：请用 Excel 或 WPS 打开后另存为 .xlsx。",
            name,
        )
    if "schemas.microsoft.com/project" in start:
        raise refuse(
            "This is a schedule (MSPDI); import it at its project.",
            "这是进度计划（MSPDI），请在项目中导入。",
            name,
        )
    raise refuse(
        "This XML is no KML; export it as GeoPackage, GeoJSON or KML.",
        "该 XML 不是 KML，请导出为 GeoPackage、GeoJSON 或 KML。",
        name,
    )


def _unknown(name: str) -> ExchangeError:
    return refuse(
        "The content is none of boundary-point TXT, zipped Shapefile, GeoPackage, GeoJSON, KML, DXF, and no .xlsx or CSV.",
        "文件内容不是界址点 TXT、Shapefile（ZIP）、GeoPackage、GeoJSON、KML、DXF，也不是 .xlsx 或 CSV 表格。",
        name,
    )
