"""Zipped Shapefiles: members found whatever their names are encoded in, geometry through GDAL, attributes by their bytes."""

import tempfile
from pathlib import Path, PurePosixPath
from typing import Final

from gis.exchange.dbf import Table, find_encoding, is_deleted, parse_table, row
from gis.exchange.model import Finding, ReadChoices, ReadResult, refuse
from gis.exchange.vector import Layer, Row, ask_layer, build, chosen_layer, claim_of, read_layer
from gis.exchange.zips import Member, extract, list_members

_NEEDED: Final = (".shp", ".shx", ".dbf")
_WANTED: Final = (*_NEEDED, ".prj", ".cpg")


def read_shapefile(path: Path, choices: ReadChoices, name: str) -> ReadResult:
    """Read the Shapefile in a ZIP; which one is asked where there are several.

    Parameters
    ----------
    path : Path
        The archive.
    name : str
        What the sender called it.

    Raises
    ------
    ExchangeError
        Missing companions, a damaged file, coordinates that lie nowhere.
    """
    groups = _groups(list_members(path, name))
    layers = sorted(groups)
    if len(layers) > 1 and choices.layer is None:
        return ask_layer("shapefile", layers, "")
    wanted = chosen_layer(layers, choices.layer, name)
    members = groups[wanted]
    missing = [ending for ending in _NEEDED if ending not in members]
    if missing:
        listed = ", ".join(missing)
        raise refuse(
            f"{listed} is missing; pack all files of the Shapefile.",
            f"缺少 {listed}，请将 Shapefile 的全部文件一起打包。",
            wanted,
        )
    with tempfile.TemporaryDirectory() as folder:
        for ending, member in members.items():
            extract(path, member, Path(folder) / f"layer{ending}")
        return _read(Path(folder), wanted, choices, layers)


def _groups(members: list[Member]) -> dict[str, dict[str, Member]]:
    """Return the files of each Shapefile by ending, under the name it has in the archive."""
    groups: dict[str, dict[str, Member]] = {}
    stems: dict[str, str] = {}
    for member in members:
        path = PurePosixPath(member.name.replace("\\", "/"))
        if path.suffix.lower() == ".shp":
            stems[str(path.with_suffix("")).lower()] = str(path.with_suffix(""))
            groups[str(path.with_suffix(""))] = {}
    for member in members:
        path = PurePosixPath(member.name.replace("\\", "/"))
        stem = stems.get(str(path.with_suffix("")).lower())
        if stem is not None and path.suffix.lower() in _WANTED:
            groups[stem][path.suffix.lower()] = member
    return groups


def _read(folder: Path, name: str, choices: ReadChoices, layers: list[str]) -> ReadResult:
    table = parse_table((folder / "layer.dbf").read_bytes(), f"{name}.dbf")
    cpg_path = folder / "layer.cpg"
    cpg = cpg_path.read_bytes()[:40].decode("ascii", "replace").strip() if cpg_path.exists() else None
    encoding, reason, said = find_encoding(table, cpg or None, choices.encoding, f"{name}.cpg")
    # GDAL must not see the .cpg: it would decode the table by it, and refuse an unknown one.
    cpg_path.unlink(missing_ok=True)
    shapes = read_layer(folder / "layer.shp", None, name, geometry_only=True)
    rows = [
        _row(table, fid, shape, encoding, said) for fid, shape in zip(shapes.fids, shapes.rows, strict=True)
    ]
    if not (folder / "layer.prj").exists():
        said.append(_no_prj(name))
    layer = Layer(rows, shapes.crs, shapes.fids, [*shapes.warnings, *said])
    return build("shapefile", layer, claim_of(shapes.crs, f"{name}.prj", choices), choices, reason, layers)


def _row(table: Table, fid: int, shape: Row, encoding: str, said: list[Finding]) -> Row:
    where = f"record {fid + 1}"
    if fid >= len(table.records):
        said.append(Finding(where, "The attribute table has no such record.", "属性表中没有该记录。"))
        return Row(shape.geometry, {}, where)
    if is_deleted(table.records[fid]):
        said.append(
            Finding(
                where,
                "The record is marked as deleted, but its geometry stands.",
                "该记录已标记删除，但图形仍在。",
            )
        )
    values, cut = row(table, fid, encoding, where)
    said.extend(cut)
    return Row(shape.geometry, values, where)


def _no_prj(name: str) -> Finding:
    return Finding(
        f"{name}.prj",
        "There is no .prj; the CRS is read from the digits.",
        "没有 .prj，坐标系按坐标位数判断。",
    )
