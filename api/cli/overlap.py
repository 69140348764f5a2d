"""`twin overlap`: what a project or a shape lies on."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from api.cli.opened import opened_session
from api.cli.overlap_layer import layer_order, write_layer_pairs
from api.cli.overlap_run import write_kept_run, write_layer_run
from api.cli.say import told
from api.overlap_report import FORMATS, SPOKEN, ReportFormat, file_stem
from api.state import AppSettings
from gis.filters import parse_datetime
from gis.overlap import OverlapOptions
from gis.report import Lang, secrecy_note
from twin.errors import InvalidInputError
from twin.identity.caller import SYSTEM
from twin.land.batch import Engine
from twin.land.compliance import Subject, compute_overlap
from twin.land.report import compute_report
from twin.land.targets import DEFAULT_LAYERS

Batch = StrEnum("Batch", {key: key for key in get_args(Engine)})  # type: ignore[misc]
POSTGIS = Batch("postgis")
Speech = StrEnum("Speech", {key: key for key in get_args(Lang)})  # type: ignore[misc]
CHINESE = Speech("zh")
Kind = StrEnum("Kind", {key: key for key in FORMATS})  # type: ignore[misc]  # names are those of the formats


@told
def overlap(
    project: Annotated[str | None, typer.Argument(help="Archive number 档案编号")] = None,
    file: Annotated[Path | None, typer.Option(help="GeoJSON geometry in place of a project 几何文件")] = None,
    crs: Annotated[str, typer.Option(help="CRS of the file, east or longitude first 坐标系")] = "EPSG:4490",
    layers: Annotated[str, typer.Option(help="Layers, with commas between 图层")] = ",".join(DEFAULT_LAYERS),
    buffer_m: Annotated[float, typer.Option("--buffer", help="Buffer in metres 缓冲（米）")] = 0.0,
    min_area_m2: Annotated[float, typer.Option("--min-area", help="Slivers below are left out (m²)")] = 1.0,
    moment: Annotated[
        str | None, typer.Option("--datetime", help="Layers as known then: a date or RFC 3339 time 时点")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines, with geometry 机器可读")] = False,
    kind: Annotated[
        Kind | None, typer.Option("--format", help="The planner's report as a file 报告格式")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where it goes 输出文件")] = None,
    lang: Annotated[Speech, typer.Option(help="Of pages, PDF and workbooks 报告语言")] = CHINESE,
    of: Annotated[str | None, typer.Option("--of", help="Every row of a layer as subject 整层分析")] = None,
    run: Annotated[
        str | None, typer.Option("--run", help="A finished run by its number 已完成的任务")
    ] = None,
    geometry: Annotated[
        bool, typer.Option("--geometry", help="With --of, --run: shapes in .csv and .parquet 含几何")
    ] = False,
    engine: Annotated[Batch, typer.Option(help="With --of: who computes 计算引擎")] = POSTGIS,
    folder: Annotated[
        Path | None, typer.Option(help="dask: new folder that all workers see 分块文件夹")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="dask: tcp://HOST:8786 in place of own workers")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="dask: own workers 工作进程数")] = 2,
) -> None:
    """Lay a project or a shape over land and control layers: areas in m², 亩 and ha. 压占分析

    With --format the report 压占（合规性）分析表 is written to a file; its end says the format if --format does not.
    With --of every row of a layer is laid over the others, with --run a run of the service is taken: summary by the
    end of the file's name as .html, .pdf, .xlsx, all pairs as .csv, .gpkg, .parquet.
    """
    at = parse_datetime(moment).end if moment else None
    if of is not None and at is not None:
        raise InvalidInputError(
            "Whole layers are laid over the layers of today; leave --datetime out.",
            "整层分析只针对现状数据；请去掉 --datetime。",
        )
    names = [name.strip() for name in layers.split(",") if name.strip()]
    spoken = cast("Lang", lang.value)
    if run is not None:
        write_kept_run(run, output or Path("overlap_run.xlsx"), geometry=geometry, lang=spoken)
        return
    if of is not None:
        options = OverlapOptions(buffer_m=buffer_m, min_area_m2=min_area_m2)
        path = output or Path(f"overlap_{of}.csv")
        order = layer_order(of, names, options)
        if engine == POSTGIS:
            write_layer_run(order, path, geometry=geometry, lang=spoken)
        else:
            write_layer_pairs(order, cast("Engine", engine.value), path, folder, scheduler, workers)
        return
    wanted = _format(kind, output)
    subject = _subject(project, file, crs)
    options = OverlapOptions(buffer_m=buffer_m, min_area_m2=min_area_m2, geometry=as_json, at=at)
    if wanted is not None:
        _write_report(subject, names, options, wanted, output, spoken)
        return
    with opened_session() as session:
        answer = compute_overlap(session, SYSTEM, subject, names, options)
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    for line in render_answer(answer):
        typer.echo(line)


def _format(kind: Kind | None, output: Path | None) -> ReportFormat | None:
    """Return the format of the report, by name or by the end of the file; None where no report is wanted."""
    if kind is not None or output is None:
        return None if kind is None else cast("ReportFormat", kind.value)
    by_ending: dict[str, ReportFormat] = {each.ending: key for key, each in FORMATS.items()}
    found = by_ending.get(output.suffix.lower())
    if found is None:
        raise InvalidInputError(
            f"{output} has no known end; give --format {'|'.join(FORMATS)}.",
            f"无法从 {output} 的扩展名判断格式；请用 --format {'|'.join(FORMATS)} 指定。",
        )
    return found


def _write_report(
    subject: Subject,
    layers: list[str],
    options: OverlapOptions,
    wanted: ReportFormat,
    output: Path | None,
    lang: Lang,
) -> None:
    number = AppSettings().server.review_number
    with opened_session() as session:
        report = compute_report(
            session, SYSTEM, subject, layers, options,
            lang=lang if wanted in SPOKEN else "zh", review_number=number,
        )  # fmt: skip
    path = output or Path(f"{file_stem([report])}{FORMATS[wanted].ending}")
    body = FORMATS[wanted].render([report])
    try:
        path.write_bytes(body)
    except OSError as error:
        raise InvalidInputError(
            f"{path} cannot be written: {error.strerror}.", f"无法写入 {path}：{error.strerror}。"
        ) from error
    typer.echo(f"{path} ({len(body):,} bytes)", err=True)
    note = secrecy_note([report])
    if note:
        typer.echo(f"! {note}", err=True)


def _subject(project: str | None, file: Path | None, crs: str) -> Subject:
    if (project is None) == (file is None):
        raise InvalidInputError(
            "Name a project or give --file, one of the two.",
            "请指定项目档案编号，或用 --file 指定几何，二者取一。",
        )
    if file is None:
        return Subject(project=project)
    try:
        geometry = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInputError(
            f"{file} cannot be read as GeoJSON: {error}.", f"{file} 不是可读的 GeoJSON。", where=str(file)
        ) from error
    return Subject(geometry=geometry.get("geometry", geometry), crs=crs)


def render_answer(answer: dict[str, Any]) -> list[str]:
    """Return the answer as lines for people: the subject, then one line per layer that is hit."""
    subject = answer["subject"]
    dated = [f"! {note['zh']} {note['en']}" for note in answer["warnings"] if note["code"] == "as_known_at"]
    lines = [*dated, f"{'面积 area':<24}{_areas(subject)}   ({subject['crs_overlay']})"]
    for layer in answer["layers"]:
        title = f"{layer['title']['zh']} {layer['layer']}"
        if not layer["hit"]:
            lines.append(f"{title:<24}— 未压占 no hit")
            continue
        share = f"{layer['share_of_subject']:.2f} %"
        lines.append(f"{title:<24}{_areas(layer)}   {share:>9}   {layer['pieces']} 块 pieces")
        lines += [f"{'':<24}! {note['zh']} {note['en']}" for note in layer["notes"]]
    return lines


def _areas(areas: dict[str, float]) -> str:
    return f"{areas['area_m2']:>14,.2f} m²  {areas['area_mu']:>10,.4f} 亩  {areas['area_ha']:>9,.4f} ha"
