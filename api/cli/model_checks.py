"""`twin model check` and `twin model bcf`: checks of a model from the shell, and its issues as files."""

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from api.cli.following import follow_with_bar
from api.cli.say import quiet_log, told
from api.site import open_site
from api.state import AppSettings
from bim.checks.reading import found_files, inspect_bcf, inspect_ids
from bim.errors import BimError
from twin.checks.exchange import (
    export_issues,
    export_results,
    import_issues,
    keep_files,
    read_version,
    render_csv,
)
from twin.checks.queries import find_report, get_check
from twin.checks.runs import AddedCheck, NewCheck
from twin.db import open_session
from twin.elements.queries import get_model
from twin.errors import InvalidInputError
from twin.identity.caller import SYSTEM
from twin.jobs import JobStatus
from twin.jobs.submit_check import list_starters, read_starter, submit_check
from twin.jobs.workroom import Workroom, open_workroom
from twin.objects import Stored

R = TypeVar("R")

ModelId = Annotated[int, typer.Argument(help="As told by an upload or the project's page 模型编号")]
AsJson = Annotated[bool, typer.Option("--json", help="For machines 机器可读")]

bcf = typer.Typer(no_args_is_help=True, help="Issues of a model as BCF 2.1 or 3.0. 模型问题的 BCF 交换")


def check(
    model: ModelId,
    ids: Annotated[
        str | None, typer.Option(help="An .ids file, or the name of a shipped one IDS 文件或内置名称")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="IFC schema and georeference rules 模式校验")
    ] = False,
    clash: Annotated[bool, typer.Option("--clash", help="The model against itself 模型内碰撞")] = False,
    against: Annotated[int | None, typer.Option(help="Clashes with this model 与另一模型碰撞")] = None,
    clearance: Annotated[float | None, typer.Option(help="Distance to keep, metres 净距（米）")] = None,
    tolerance: Annotated[float | None, typer.Option(help="Depth that is let pass, metres 容差（米）")] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write .csv, .bcf, .html or .ods 结果文件", dir_okay=False)
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Even if nothing has changed 强制重新检查")] = False,
    as_json: AsJson = False,
) -> None:
    """Check a model: --ids, --schema, --clash or --against; exit code 0 only if it passed. 模型检查"""
    quiet_log()
    kind = _kind(ids, schema, clash or against is not None)
    options: dict[str, Any] = {}
    if clearance is not None:
        options = {"mode": "clearance", "clearance_m": clearance}
    if tolerance is not None:
        options["tolerance_m"] = tolerance
    with _room() as room:
        stored, name = _requirements(room, ids) if kind == "ids" else (None, None)
        new = NewCheck(kind, options, stored, name, again=again)
        added = _submit(room, model, against, new)
        job = added.check.job_id
        ended = None if job is None else follow_with_bar(room, job, f"{kind} {model}", quiet=as_json)
        with open_session(room.engine) as session:
            row = get_check(session, model, added.check.number)
            if report is not None and row["state"] == "succeeded":
                _write_report(room, session, model, row, report)
    _say(row, ended, as_json)
    if row["state"] != "succeeded" or row["outcome"] == "fail":
        raise typer.Exit(1)


@bcf.command("export")
@told
def export_bcf(
    model: ModelId,
    file: Annotated[Path, typer.Argument(dir_okay=False, help=".bcf")],
    version: Annotated[str, typer.Option(help="2.1 or 3.0")] = "2.1",
    vendor: Annotated[bool, typer.Option("--vendor", help="Also what other tools added 含厂商扩展")] = False,
) -> None:
    """Write all issues of a model as BCF. 导出 BCF"""
    quiet_log()
    asked = read_version(version)
    with _room() as room, open_session(room.engine) as session:
        get_model(session, SYSTEM, model)
        with file.open("wb") as target:
            count = export_issues(session, room.store, model, asked, target, vendor=vendor)
    typer.echo(f"{count} issues written to 已导出 {count} 个问题至 {file}")


@bcf.command("import")
@told
def import_bcf(
    model: ModelId,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=".bcf, .bcfzip")],
    as_json: AsJson = False,
) -> None:
    """Merge a BCF file into the issues of a model; the same file again changes nothing. 导入 BCF"""
    quiet_log()
    with _room() as room, tempfile.TemporaryDirectory() as folder:
        with open_session(room.engine) as session:
            get_model(session, SYSTEM, model)
        spool = Path(folder) / "spool"
        archive = _read(lambda: asyncio.run(inspect_bcf(file.resolve(), spool)))
        stored = keep_files(room.store, archive, found_files(spool))
        with open_session(room.engine, actor=SYSTEM.login) as session:
            merged = import_issues(session, SYSTEM, model, archive, stored)
    answer = {
        "version": archive.version,
        "added": merged.added,
        "changed": merged.changed,
        "unchanged": merged.unchanged,
        "comments": merged.comments,
        "skipped": archive.skipped,
    }
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    typer.echo(
        f"BCF {archive.version}: {len(merged.added)} added, {len(merged.changed)} changed, "
        f"{len(merged.unchanged)} unchanged, {merged.comments} comments, {len(archive.skipped)} skipped"
    )
    for each in archive.skipped:
        typer.echo(f"skipped 跳过 {each['where']}: {each['en']} {each['zh']}", err=True)


@contextmanager
def _room() -> Iterator[Workroom]:
    settings = AppSettings()
    with open_site(settings) as site:
        room = open_workroom(site.service_url, settings.home, settings.jobs)
        try:
            yield room
        finally:
            room.engine.dispose()


def _kind(ids: str | None, schema: bool, clash: bool) -> str:
    asked = [
        kind for kind, wanted in (("ids", ids is not None), ("schema", schema), ("clash", clash)) if wanted
    ]
    if len(asked) != 1:
        raise InvalidInputError(
            "Say what to check: one of --ids FILE, --schema, --clash, --against MODEL.",
            "请指定一种检查：--ids 文件、--schema、--clash 或 --against 模型。",
        )
    return asked[0]


def _requirements(room: Workroom, asked: str | None) -> tuple[Stored, str]:
    path = Path(asked or "")
    with tempfile.TemporaryDirectory() as folder:
        if path.is_file():
            found = path.resolve()
            _read(lambda: asyncio.run(inspect_ids(found, Path(folder) / "spool")))
            return room.store.add_file(path), path.name
        if asked not in list_starters():
            raise InvalidInputError(
                f"There is no file {asked}, and no shipped IDS of that name ({', '.join(list_starters())}).",
                f"没有文件 {asked}，也没有同名的内置 IDS（{'、'.join(list_starters())}）。",
                "--ids",
            )
        starter = Path(folder) / "starter.ids"
        starter.write_bytes(read_starter(asked or ""))
        return room.store.add_file(starter), asked or ""


def _read(read: Callable[[], R]) -> R:
    """Read a file from outside, and say what is wrong with it as every command does."""
    try:
        return read()
    except BimError as error:
        raise InvalidInputError(error.message_en, error.message_zh) from error


def _submit(room: Workroom, model: int, against: int | None, new: NewCheck) -> AddedCheck:
    with open_session(room.engine, actor=SYSTEM.login) as session:
        revision_id = get_model(session, SYSTEM, model).row["revision_id"]
        other = None
        if against is not None and against != model:
            other = get_model(session, SYSTEM, against).row["revision_id"]
        full = NewCheck(new.kind, new.options, new.ids, new.ids_name, other, new.again)
        added = submit_check(session, SYSTEM, model, revision_id, full)
        session.flush()
        session.expunge(added.check)
        return added


def _write_report(room: Workroom, session: Any, model: int, row: Any, report: Path) -> None:
    kind = report.suffix.lstrip(".").lower()
    if kind == "csv":
        report.write_text("".join(render_csv(session, row)), encoding="utf-8", newline="")
        return
    if kind == "bcf":
        with report.open("wb") as target:
            export_results(session, model, row, "2.1", target, SYSTEM.login)
        return
    sha256 = find_report(session, row["id"], kind)
    if sha256 is None:
        raise InvalidInputError(
            f"This check offers no {report.suffix or 'such file'}; .csv and .bcf are always there, .html and .ods of an IDS.",
            f"此检查没有 {report.suffix or '该类'} 文件；.csv、.bcf 始终可用，IDS 检查另有 .html、.ods。",
            "--report",
        )
    with report.open("wb") as target:
        target.writelines(room.store.stream(sha256))


def _say(row: Any, ended: JobStatus | None, as_json: bool) -> None:
    if as_json:
        shown = {name: value for name, value in row.items() if name not in ("id", "progress")}
        typer.echo(json.dumps(shown, ensure_ascii=False, default=str))
        return
    verdict = (ended.verdict if ended else None) or row["verdict"]
    if verdict is not None:
        typer.echo(f"Check 检查 {row['number']} [{verdict['code']}]: {verdict['message']}")
        typer.echo(verdict["message_zh"])
    for group in (row["summary"] or {}).get("groups", []):
        typer.echo(f"  {group['status']:8} {group['title']}  {group['passed']} ✓  {group['failed']} ✗")
