"""One door for geometry files: the content says what a file is, never its name."""

import tempfile
from pathlib import Path
from typing import Final

from gis.exchange.model import ReadChoices, ReadResult, refuse
from gis.exchange.shapefile import read_shapefile
from gis.exchange.sniff import SINGLE, TABLES, sniff
from gis.exchange.txt import read_txt
from gis.exchange.vector import read_geojson, read_gpkg, read_kml
from gis.exchange.zips import extract, list_members

MOST_TEXT_BYTES: Final = 100_000_000


def read_file(path: Path, name: str, choices: ReadChoices | None = None) -> ReadResult:
    """Read a file of geometry that came from outside.

    Parameters
    ----------
    path : Path
        Where the bytes lie.
    name : str
        What the sender called the file; only for messages.
    choices : ReadChoices, optional
        What a person decided.

    Returns
    -------
    ReadResult
        With features, reasons, warnings and open questions.

    Raises
    ------
    ExchangeError
        A format that is not read (with the export to make instead), or a file that cannot be used: every fault
        with its place. Nothing is half read.
    """
    kind = sniff(path, name)
    wanted = choices or ReadChoices()
    if kind == "zip":
        return _unpacked(path, name, wanted)
    if kind in TABLES:
        raise refuse(
            f"This is a table ({kind}); import it as a ledger with a mapping.",
            f"这是表格（{kind}），请按台账映射导入。",
            name,
        )
    if kind == "shapefile":
        return read_shapefile(path, wanted, name)
    if kind == "gpkg":
        return read_gpkg(path, wanted, name)
    return _text(kind, _bytes(path), wanted, name)


def _text(kind: str, data: bytes, choices: ReadChoices, name: str) -> ReadResult:
    if kind == "geojson":
        return read_geojson(data, choices, name)
    if kind == "kml":
        return read_kml(data, choices, name)
    if kind == "dxf":
        # a third of the time in which a reader starts, for the one format that needs it
        from gis.exchange.dxf import read_dxf

        return read_dxf(data, choices, name)
    return read_txt(data, choices)


def _unpacked(path: Path, name: str, choices: ReadChoices) -> ReadResult:
    """Read the one file of geometry that an archive holds (KMZ, or a zipped GeoPackage, GeoJSON, DXF, TXT)."""
    inner = [member for member in list_members(path, name) if Path(member.name.lower()).suffix in SINGLE]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "member"
        extract(path, inner[0], target)
        if sniff(target, inner[0].name) in ("zip", "shapefile", *TABLES):
            raise refuse(
                "An archive in an archive is not opened; send the inner one.",
                "不支持嵌套压缩包，请直接上传内层文件。",
                name,
            )
        return read_file(target, inner[0].name, choices)


def _bytes(path: Path) -> bytes:
    size = path.stat().st_size
    if size > MOST_TEXT_BYTES:
        raise refuse(
            f"A text file may have {MOST_TEXT_BYTES // 1_000_000} MB, this one has {size // 1_000_000}; split it.",
            f"文本文件上限为 {MOST_TEXT_BYTES // 1_000_000} MB，该文件为 {size // 1_000_000} MB，请拆分。",
        )
    return path.read_bytes()
