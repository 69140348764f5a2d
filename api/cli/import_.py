"""`twin import`: a planner's file into a layer, looked at before it is written."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from api.cli.following import follow_with_bar, reading_bar
from api.cli.import_shown import show_preview
from api.cli.say import quiet_log, told
from api.middleware import MEGABYTE
from api.site import open_site
from api.state import AppSettings
from api.uploads_shapes import describe_reading
from twin.db import open_session
from twin.errors import InvalidInputError
from twin.identity.caller import SYSTEM
from twin.imports.plan import plan_import
from twin.imports.reading import read_for_import
from twin.imports.targets import get_target
from twin.jobs import JobStatus
from twin.jobs.submit_import import AskedImport, submit_import
from twin.jobs.workroom import Workroom, open_workroom
from twin.uploads.answers import Answers, keep_answers, read_choices
from twin.uploads.preview import PreviewFeature, list_preview
from twin.uploads.read import ReadingRoom, UnreadableFileError
from twin.uploads.readings import Asked, get_reading, list_questions
from twin.uploads.take import drop_upload, take_upload
from twin.uploads.uploads import UploadPolicy, get_upload

SHOWN_ROWS = 20


@dataclass(frozen=True)
class _Site:
    """What one import on the command line works with."""

    room: Workroom
    reading: ReadingRoom
    policy: UploadPolicy


@told
def import_(
    layer: Annotated[str, typer.Argument(help="land_parcels, projects, farmland, ecology, … 图层")],
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="TXT, ZIP, GPKG, GeoJSON, KML, DXF, XLSX, CSV 文件"),
    ],
    crs: Annotated[str | None, typer.Option(help="Such as EPSG:4527 坐标系")] = None,
    zone: Annotated[str | None, typer.Option(help="Number of the zone, such as 39 带号")] = None,
    encoding: Annotated[str | None, typer.Option(help="UTF-8 or GB18030 编码")] = None,
    source_layer: Annotated[
        str | None, typer.Option(help="Layer or sheet of the file 文件中的图层或工作表")
    ] = None,
    mapping: Annotated[
        list[str] | None, typer.Option(help="COLUMN=property, once for each column 字段映射")
    ] = None,
    value: Annotated[
        list[str] | None, typer.Option(help="property=text for all rows; {n} is the row's number 统一取值")
    ] = None,
    answer: Annotated[
        list[str] | None, typer.Option(help="field=answer to a question, such as units.D=亩 回答问题")
    ] = None,
    repairs: Annotated[
        str | None, typer.Option(help="accept or skip invalid outlines 无效图形：接受修复或跳过")
    ] = None,
    save_as: Annotated[str | None, typer.Option(help="Keep the mapping under a name 保存映射模板")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing 不再确认")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="For machines; does not ask 机器可读，不再确认")
    ] = False,
) -> None:
    """Read a file, show it, and import it once confirmed; exit code 0 only if that succeeded. 规划文件入库"""
    quiet_log()
    get_target(layer)
    told_choices = read_choices(
        {"crs": crs, "zone": zone, "encoding": encoding, "layer": source_layer, **_pairs("answer", answer)}
    )
    given = Answers(_pairs("mapping", mapping) or None, _pairs("value", value) or None, repairs)
    settings = AppSettings()
    with open_site(settings) as site:
        room = open_workroom(site.service_url, settings.home, settings.jobs)
        try:
            reading = ReadingRoom(
                room.engine, room.store, settings.home, settings.reading, asyncio.Semaphore(1)
            )
            policy = UploadPolicy(
                settings.server.upload_max_mb * MEGABYTE, settings.server.upload_rest_h * 3_600
            )
            ended = _import(
                _Site(room, reading, policy),
                layer,
                file,
                told_choices,
                given,
                save_as,
                asks=not (yes or as_json),
                as_json=as_json,
            )
        finally:
            room.engine.dispose()
    if ended is None or ended.state != "succeeded":
        raise typer.Exit(1)


def _import(
    site: _Site,
    layer: str,
    file: Path,
    choices: Mapping[str, Any],
    given: Answers,
    save_as: str | None,
    *,
    asks: bool,
    as_json: bool,
) -> JobStatus | None:
    token = _take(site, file)
    try:
        described, rows = _read(site, token, choices, given, asks=asks)
        if not as_json:
            show_preview(Console(stderr=True), described, rows, layer)
        _check(site, token, layer)
        if asks and not typer.confirm(f"Import into {layer}? 导入到 {layer}？", err=True):
            raise typer.Abort
        asked = _submit(site, token, layer, save_as)
    except BaseException:
        with open_session(site.room.engine, actor=SYSTEM.login) as session:
            drop_upload(session, SYSTEM, token)
        raise
    ended = follow_with_bar(site.room, asked.job_id, file.name, quiet=as_json)
    _say(described, asked, ended, as_json)
    return ended


def _take(site: _Site, file: Path) -> str:
    if file.stat().st_size == 0:
        raise InvalidInputError(f"{file} is empty.", f"{file} 为空文件。", str(file))
    stored = site.room.store.add_file(file, site.policy.most_bytes)
    with open_session(site.room.engine, actor=SYSTEM.login) as session:
        return take_upload(session, SYSTEM, stored, file.name, {}, site.policy)


def _read(
    site: _Site, token: str, choices: Mapping[str, Any], given: Answers, *, asks: bool
) -> tuple[dict[str, Any], list[PreviewFeature]]:
    """Read the file, ask what it leaves open where somebody can answer, and return what it was read as."""
    wanted, answers = dict(choices), given
    try:
        while True:
            with reading_bar("Reading 读取", quiet=not asks) as tell:
                room = replace(site.reading, tell=tell)
                is_table = asyncio.run(read_for_import(room, SYSTEM, token, wanted))
            if is_table and answers.mapping:
                wanted = {**wanted, "mapping": dict(answers.mapping)}
                answers = Answers(None, answers.fixed, answers.repairs)
                continue
            described, rows, questions = _look(site, token, answers)
            if not questions or not asks or not sys.stdin.isatty():
                return described, rows
            first = questions[0]
            said = _ask(first)
            if first.field == "repairs":
                answers = Answers(answers.mapping, answers.fixed, said)
            else:
                wanted = read_choices({first.field: said})
    except UnreadableFileError as error:
        for where, en, zh in error.faults[:SHOWN_ROWS]:
            typer.echo(f"! {where}: {en} {zh}", err=True)
        raise


def _look(
    site: _Site, token: str, answers: Answers
) -> tuple[dict[str, Any], list[PreviewFeature], list[Asked]]:
    with open_session(site.room.engine, actor=SYSTEM.login) as session:
        keep_answers(session, SYSTEM, token, answers)
        upload, reading = get_upload(session, SYSTEM, token), get_reading(session, SYSTEM, token)
        described = describe_reading(session, SYSTEM, upload, reading, "zh")
        return described, list_preview(session, reading.id, 0, SHOWN_ROWS), list_questions(reading)


def _ask(question: Asked) -> str:
    typer.echo(f"{question.zh}\n{question.en}", err=True)
    shown = f" ({', '.join(question.choices[:20])})" if question.choices else ""
    return str(typer.prompt(f"{question.field}{shown}", err=True))


def _check(site: _Site, token: str, layer: str) -> None:
    """Say what is still open before anybody is asked to confirm."""
    with open_session(site.room.engine) as session:
        upload, reading = get_upload(session, SYSTEM, token), get_reading(session, SYSTEM, token)
        plan_import(session, SYSTEM, upload, reading, layer)


def _submit(site: _Site, token: str, layer: str, save_as: str | None) -> AskedImport:
    with open_session(site.room.engine, actor=SYSTEM.login) as session:
        return submit_import(session, SYSTEM, token, layer, save_as)


def _say(described: Mapping[str, Any], asked: AskedImport, ended: JobStatus, as_json: bool) -> None:
    if as_json:
        document = {"upload": described, "import_id": asked.import_id, "job": asdict(ended)}
        typer.echo(json.dumps(document, ensure_ascii=False, default=str))
        return
    counts = ended.counts or {}
    if counts:
        typer.echo(
            f"added 新增 {counts['added']}, changed 变更 {counts['changed']}, unchanged 不变 {counts['unchanged']}, "
            f"left out 跳过 {counts['skipped_invalid'] + counts['skipped_other_shapes']}"
        )
    verdict = ended.verdict or {}
    for fault in verdict.get("detail", {}).get("errors", [])[:SHOWN_ROWS]:
        typer.echo(f"! {fault['where']}: {fault['message']} {fault['message_zh']}", err=True)
    typer.echo(
        f"{ended.state} [{verdict.get('code')}]: {verdict.get('message')}\n{verdict.get('message_zh')}"
    )


def _pairs(option: str, given: Sequence[str] | None) -> dict[str, str]:
    """Return what stands before and behind the last or first = of each text."""
    found = {}
    for each in given or ():
        name, sign, text = each.rpartition("=") if option == "mapping" else each.partition("=")
        if not sign or not name:
            raise InvalidInputError(
                f"--{option} {each!r} is no pair; write it as {'COLUMN=property' if option == 'mapping' else 'name=text'}.",
                f"--{option} {each!r} 应写成 名称=取值。",
                option,
            )
        found[name] = text
    return found
