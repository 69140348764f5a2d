"""`twin progress`: element progress in and out as a table."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api.cli.opened import opened_session
from api.cli.say import told
from twin.editing.progress_table import report_table
from twin.elements.progress_export import iter_progress_csv
from twin.elements.progress_table import read_cells
from twin.elements.queries import get_model
from twin.identity.caller import SYSTEM

app = typer.Typer(no_args_is_help=True, help="Element progress as a table. 构件进度表")


@app.command("import")
@told
def import_progress(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX 进度表")],
    model: Annotated[int, typer.Option(help="Number of the model 模型编号")],
    as_json: Annotated[bool, typer.Option("--json", help="For machines 机器可读")] = False,
) -> None:
    """Record a progress table by GlobalId, tag or rule; exit code 0 only if every row was taken. 导入构件进度"""
    with opened_session() as session:
        seen = get_model(session, SYSTEM, model)
        done = report_table(session, SYSTEM, seen, read_cells(file.read_bytes()), source="table")
        standing = done.standing.state
        progress = None if standing.progress is None else float(standing.progress)
        light = done.standing.light
    told_of = {
        "received": done.received,
        "elements": done.addressed,
        "updated": done.updated,
        "unchanged": done.unchanged,
        "unmatched": [list(each) for each in done.unmatched],
        "refused": [asdict(each) for each in done.refused],
        "progress": progress,
        "light": light,
    }
    if as_json:
        typer.echo(json.dumps(told_of, ensure_ascii=False))
    else:
        typer.echo(
            f"rows 行 {done.received}, updated 更新 {done.updated}, same 不变 {done.unchanged}, "
            f"unmatched 未匹配 {len(done.unmatched)}, refused 拒绝 {len(done.refused)}; P = {progress}, {light}"
        )
        for where, named in done.unmatched:
            typer.echo(f"? {where}: {named}")
        for fault in done.refused:
            typer.echo(f"! {fault.where} {fault.global_id}: {fault.en} {fault.zh}")
    if done.unmatched or done.refused:
        raise typer.Exit(1)


@app.command("export")
@told
def export_progress(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="CSV to write 输出文件")],
    model: Annotated[int, typer.Option(help="Number of the model 模型编号")],
) -> None:
    """Write the progress of every element to a table that `import` takes back unchanged. 导出构件进度"""
    with opened_session() as session:
        seen = get_model(session, SYSTEM, model)
        rows = 0
        with file.open("wb") as sink:
            for chunk in iter_progress_csv(session, seen.row["current_revision_id"]):
                sink.write(chunk)
                rows += chunk.count(b"\r\n")
    typer.echo(f"{file}: {rows - 1} elements 构件")
