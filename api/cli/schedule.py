"""`twin schedule`: take a work schedule over as the next baseline."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.bim.schedule import ScheduleAnswer, answer_of
from api.cli.opened import opened_session
from api.cli.say import told
from api.state import AppSettings
from bim.errors import BimError
from bim.schedules.plan import WorkPlan
from bim.schedules.read import read_schedule_file
from twin.editing.schedule import ScheduleOrder, take_schedule
from twin.elements.queries import get_model
from twin.elements.revisions import record_object
from twin.errors import InvalidInputError
from twin.identity.caller import SYSTEM
from twin.objects import open_store
from twin.progress.schedule_import import SourceFile
from twin.projects.queries import get_project

app = typer.Typer(no_args_is_help=True, help="Work schedules. 进度计划")


@app.callback()
def _group() -> None:
    """Keep `import` a command of its own, though it is the only one."""


@app.command("import")
@told
def import_schedule(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="MSPDI XML, XER, CSV, XLSX 计划文件")
    ],
    project: Annotated[str, typer.Option(help="Archive number of the project 项目档案编号")],
    preview: Annotated[bool, typer.Option(help="Say what would change, store nothing 仅预览")] = False,
    drop_missing: Annotated[
        bool, typer.Option(help="Milestones the file lacks leave the baseline 文件中没有的节点不再列入基线")
    ] = False,
    approved_on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="批准日期")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of XER and CSV; else found 文本编码")] = None,
    plan: Annotated[str | None, typer.Option(help="Which project of an XER file XER 中的项目")] = None,
    link_model: Annotated[
        int | None, typer.Option(help="Model its element columns mean 构件列所指模型")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines 机器可读")] = False,
) -> None:
    """Take a schedule over as the next frozen baseline; the same file again changes nothing. 导入进度计划"""
    data = file.read_bytes()
    read = _read(data, encoding, plan)
    with opened_session() as session:
        owner = get_project(session, SYSTEM, project)
        linked = get_model(session, SYSTEM, link_model) if link_model is not None else None
        approved = approved_on.date() if approved_on is not None else None
        order = ScheduleOrder(not preview, "drop" if drop_missing else "keep", approved, linked)
        if order.apply:
            record_object(session, open_store(AppSettings().home).add_file(file))
        source = SourceFile(file.name, hashlib.sha256(data).hexdigest())
        answer = answer_of(read, take_schedule(session, SYSTEM, owner, read, source, order), order)
    typer.echo(json.dumps(answer.model_dump(mode="json"), ensure_ascii=False) if as_json else render(answer))
    if answer.faults:
        raise typer.Exit(1)


def _read(data: bytes, encoding: str | None, plan: str | None) -> WorkPlan:
    try:
        return read_schedule_file(data, encoding, plan)
    except BimError as error:
        raise InvalidInputError(error.message_en, error.message_zh, error.place.text_en() or None) from error


def render(answer: ScheduleAnswer) -> str:
    """Return an answer as lines for people."""
    lines = [
        f"{answer.format} {answer.title or ''}: {answer.tasks} tasks 任务, {answer.summaries} summaries 汇总",
        f"new 新增 {len(answer.new)}, changed 变更 {len(answer.changed)}, same 不变 {answer.unchanged}, "
        f"missing 文件中没有 {len(answer.missing)} ({answer.missing_are})",
        f"weights by 权重依据: {answer.weight_basis}",
    ]
    if answer.encoding:
        lines.append(f"encoding 编码: {answer.encoding} ({answer.encoding_evidence})")
    lines += [f"! {fault.where}: {fault.message} {fault.message_zh}" for fault in answer.faults]
    lines += [f"- {note}" for note in answer.notes]
    if answer.baseline is not None:
        lines.append(f"baseline 基线 {answer.baseline}, approved 批准 {answer.approved_on}")
    elif answer.applied:
        lines.append("nothing new; the baseline in force says the same 计划未变，基线不变")
    return "\n".join(lines)
