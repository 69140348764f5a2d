"""`twin export`: a layer as a file, in the format that its name ends with; its vector tiles as one archive."""

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from typer.core import TyperGroup

from api.cli.opened import opened_session
from api.cli.say import quiet_log, told
from api.site import open_site
from api.state import AppSettings
from gis.cql2 import compile_filter, parse_filter
from gis.crs import CRS84, parse_crs
from gis.export import Extract, Format, Origin, Written, format_of_file, write_file
from gis.export.archive import Archive, check_zooms, write_tiles
from gis.export.boundary import with_survey_choices
from gis.export.text import write_text
from gis.filters import apply_datetime, bbox_condition, parse_bbox, parse_datetime
from gis.layer import Selection
from gis.statement import Connection
from twin.db import for_psycopg
from twin.elements.queries import get_model
from twin.elements.scene import get_scene, place_scene, write_tileset
from twin.errors import InvalidInputError
from twin.identity.caller import ANONYMOUS, SYSTEM, Caller
from twin.layers import check_may_read_surveyed, select_rows
from twin.layers.origin import find_origin
from twin.objects import open_store


class LayerFirst(TyperGroup):
    """A group whose first command need not be named: `twin export projects projects.gpkg`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `layer` before what names no command."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["layer", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=LayerFirst,
    no_args_is_help=True,
    help="Layers as files: `twin export LAYER FILE`; the ending of FILE chooses the format. 图层导出",
)

LayerName = Annotated[str, typer.Argument(help="Such as projects, land_parcels, bim_elements 图层")]
Public = Annotated[bool, typer.Option("--public", help="Only what everybody may see 仅公开部分")]
Where = Annotated[str | None, typer.Option("--filter", help="CQL2 text, such as \"light = 'red'\" 条件")]
Box = Annotated[str | None, typer.Option("--bbox", help="West,south,east,north in degrees 范围")]
At = Annotated[str | None, typer.Option("--datetime", help="State as known then, such as 2025-06-30 时点")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there 覆盖")]
AsJson = Annotated[bool, typer.Option("--json", help="For machines 机器可读")]


@app.command("layer")
@told
def export_layer(
    layer: LayerName,
    file: Annotated[
        Path,
        typer.Argument(
            help=".gpkg, .parquet, .fgb, .shp.zip, .csv, .geojson, .geojsons, .ndjson, .txt 文件（按后缀定格式）"
        ),
    ],
    crs: Annotated[str, typer.Option(help="CRS of the file, such as EPSG:4527 坐标系")] = "EPSG:4490",
    where: Where = None,
    bbox: Box = None,
    at: At = None,
    fields: Annotated[str | None, typer.Option(help="Properties, with commas between 字段")] = None,
    zone: Annotated[str | None, typer.Option(help="Zone of a .txt, where there are several 带号")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of a .txt: GB18030 or UTF-8 编码")] = None,
    public: Public = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Write a layer to a file, whole or what the options choose; x is east or longitude. 导出图层

    Runs on the database itself as its administrator: every row and field, unless --public. The file appears when
    it is complete. A .txt is the boundary-point file 勘测定界 with the coordinates as surveyed: no --crs, one --zone.
    FlatGeobuf of more than 10,000 features has no spatial index: take .gpkg for large layers.
    """
    quiet_log()
    kind = format_of_file(file.name)
    caller = ANONYMOUS if public else SYSTEM
    if kind.key == "txt":
        check_may_read_surveyed(caller, layer)
    elif zone is not None or encoding is not None:
        raise InvalidInputError(
            "--zone and --encoding are for .txt files alone.",
            "--zone 和 --encoding 仅用于 .txt 文件。",
            "zone",
        )
    selection = _selection(caller, layer, where, bbox, at)
    if fields is not None:
        selection = replace(selection, layer=selection.layer.for_fields(fields.split(",")))
    found = parse_crs(crs)
    extract = Extract(selection, CRS84 if found == parse_crs("EPSG:4490") and not kind.text else found)
    extract = with_survey_choices(extract, zone, encoding) if kind.key == "txt" else extract
    with _target(file, overwrite) as folder, _bar(layer, as_json) as show:
        with open_site(AppSettings()) as site:
            url = for_psycopg(site.service_url)
            written = _write(url, caller, extract, kind, folder, lambda rows: show(layer, rows, None))
        written.path.replace(file)
    answer = {
        "layer": layer,
        "file": str(file),
        "format": kind.key,
        "features": written.returned,
        "crs": f"EPSG:{written.srid}",
        "bytes": file.stat().st_size,
    }
    _say(answer, f"{written.returned} features 要素 → {file} ({kind.title_en}, EPSG:{written.srid})", as_json)


@app.command("tiles")
@told
def export_tiles(
    layer: LayerName,
    file: Annotated[Path, typer.Argument(help=".pmtiles 文件")],
    min_zoom: Annotated[
        int | None, typer.Option(help="First zoom; the layer's own by default 最小级别")
    ] = None,
    max_zoom: Annotated[
        int | None, typer.Option(help="Last zoom; the layer's own by default 最大级别")
    ] = None,
    where: Where = None,
    bbox: Box = None,
    at: At = None,
    public: Public = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Write a layer's vector tiles to one PMTiles archive that any web server can hold. 导出矢量瓦片

    Tiles are the same as the service's, packed with gzip. The file appears when it is complete.
    """
    quiet_log()
    if file.suffix.lower() != ".pmtiles":
        raise InvalidInputError(f"{file} must end in .pmtiles.", f"{file} 须以 .pmtiles 结尾。", str(file))
    caller = ANONYMOUS if public else SYSTEM
    selection = _selection(caller, layer, where, bbox, at)
    own = selection.layer
    zooms = check_zooms(
        own, (own.min_zoom if min_zoom is None else min_zoom, own.max_zoom if max_zoom is None else max_zoom)
    )
    with _target(file, overwrite) as folder, _bar(layer, as_json) as show:
        with open_site(AppSettings()) as site:
            url = for_psycopg(site.service_url)
            work = _write_tiles(url, caller, selection, folder / file.name, zooms, show)
            archive = asyncio.run(work)
        (folder / file.name).replace(file)
    answer = {"layer": layer, "file": str(file), **asdict(archive)}
    _say(answer, f"{archive.tiles} tiles 瓦片, z{archive.min_zoom}–{archive.max_zoom} → {file}", as_json)


@app.command("scene")
@told
def export_scene(
    model: Annotated[int, typer.Argument(help="Number of the model 模型编号")],
    out: Annotated[Path, typer.Option(help="Folder to write, not there yet or empty 目标文件夹")],
    revision: Annotated[int | None, typer.Option(help="Its revision; else the current one 版本")] = None,
    meshopt: Annotated[
        bool, typer.Option("--meshopt", help="Tiles packed by EXT_meshopt_compression 压缩瓦片")
    ] = False,
    public: Public = False,
    as_json: AsJson = False,
) -> None:
    """Write a model's scene as a 3D Tiles tileset with its GLBs, for CesiumJS and the like. 导出三维场景

    The tileset names its tiles by their place beside it: any web server can hold the folder.
    """
    quiet_log()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InvalidInputError(
            f"{out} is there already; name a new folder.", f"{out} 已存在；请指定新文件夹。", where=str(out)
        )
    settings = AppSettings()
    with opened_session() as session:
        seen = get_model(session, ANONYMOUS if public else SYSTEM, model, revision)
        scene = get_scene(session, seen)
        frame = place_scene(seen, scene)
        written = write_tileset(out, scene, frame, open_store(settings.home), packed=meshopt)
    answer = {
        "model": model,
        "revision": seen.row["revision"],
        "folder": str(out),
        "tiles": written.tiles,
        "triangles": written.triangles,
        "bytes": written.size_bytes,
    }
    _say(
        answer,
        f"{written.tiles} tiles 瓦片, {written.triangles} triangles 三角形 → {out}/tileset.json",
        as_json,
    )


def _selection(
    caller: Caller, layer_id: str, where: str | None, bbox: str | None, at: str | None
) -> Selection:
    selection = select_rows(caller, layer_id).selection
    if at is not None:
        selection = apply_datetime(selection, parse_datetime(at))
    if bbox is not None:
        selection = selection.filtered(bbox_condition(selection.layer, parse_bbox(bbox, CRS84)))
    if where is not None:
        tree = parse_filter(where, "cql2-text")
        selection = selection.filtered(compile_filter(selection.layer, tree, CRS84))
    return selection


def _write(
    url: str, caller: Caller, extract: Extract, kind: Format, folder: Path, show: Callable[[int], None]
) -> Written:
    if kind.text:
        return asyncio.run(_write_text(url, extract, kind, folder, show))
    with psycopg.connect(url) as connection:
        origin = find_origin(connection, caller)
        connection.rollback()
        return write_file(connection, extract, kind, folder, origin, show)


async def _write_text(
    url: str, extract: Extract, kind: Format, folder: Path, show: Callable[[int], None]
) -> Written:
    connection: Connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    async with connection:
        return await write_text(connection, extract, kind, folder, show)


async def _write_tiles(
    url: str,
    caller: Caller,
    selection: Selection,
    path: Path,
    zooms: tuple[int, int],
    show: Callable[[str, int, int | None], None],
) -> Archive:
    with psycopg.connect(url) as first:
        stamp = _stamp(find_origin(first, caller))
    connection: Connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    async with connection:
        return await write_tiles(
            connection, selection, path, zooms, stamp, lambda zoom, done, total: show(f"z{zoom}", done, total)
        )


def _stamp(origin: Origin) -> dict[str, str]:
    members = {
        "operator": origin.operator,
        "exported_at": origin.made_at.isoformat(timespec="seconds") if origin.made_at else "",
        "reporting_date": origin.reporting_date,
        "synthetic": "true" if origin.synthetic else "",
    }
    return {name: value for name, value in members.items() if value}


@contextmanager
def _target(file: Path, overwrite: bool) -> Iterator[Path]:
    """Return a folder beside the file to write in; it vanishes with whatever is left in it."""
    if not file.parent.is_dir():
        raise InvalidInputError(
            f"There is no folder {file.parent}.", f"没有文件夹 {file.parent}。", where=str(file)
        )
    if file.exists() and not overwrite:
        raise InvalidInputError(
            f"{file} is there already; --overwrite replaces it.",
            f"{file} 已存在；用 --overwrite 覆盖。",
            where=str(file),
        )
    with tempfile.TemporaryDirectory(prefix=".twin-export-", dir=file.parent) as folder:
        yield Path(folder)


@contextmanager
def _bar(title: str, quiet: bool) -> Iterator[Callable[[str, int, int | None], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as bar:
        line = bar.add_task(title, total=None)

        def show(what: str, done: int, total: int | None) -> None:
            bar.update(line, description=what, completed=done, total=total)

        yield show


def _say(answer: dict[str, Any], line: str, as_json: bool) -> None:
    typer.echo(json.dumps(answer, ensure_ascii=False) if as_json else line)
