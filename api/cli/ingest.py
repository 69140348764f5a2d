"""`twin ingest`: take an IFC model in, straight into the database."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api.cli.following import follow_with_bar
from api.cli.say import quiet_log, told
from api.middleware import MEGABYTE
from api.site import open_site
from api.state import AppSettings
from twin.db import open_session
from twin.elements.revisions import NewModel
from twin.errors import InvalidInputError
from twin.identity.caller import SYSTEM
from twin.jobs import JobStatus
from twin.jobs.submit_model import Submitted, submit_model
from twin.jobs.workroom import Workroom, open_workroom
from twin.projects.queries import get_project


@told
def ingest(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=".ifc or .ifczip 模型文件")],
    project: Annotated[str, typer.Option(help="Archive number of the project 项目档案编号")],
    name: Annotated[str | None, typer.Option(help="The same name is the next revision 同名即新版本")] = None,
    discipline: Annotated[str | None, typer.Option(help="Such as 结构 专业")] = None,
    public: Annotated[bool | None, typer.Option(help="Shown to everybody 是否公开")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines 机器可读")] = False,
) -> None:
    """Store a model, convert it and publish its elements; exit code 0 only if that succeeded. 模型入库"""
    quiet_log()
    settings = AppSettings()
    new = NewModel(name or file.stem, file.name, discipline, public)
    with open_site(settings) as site:
        room = open_workroom(site.service_url, settings.home, settings.jobs)
        try:
            submitted = _submit(room, file, project, new, settings.server.upload_max_mb)
            job = submitted.job_id
            ended = None if job is None else follow_with_bar(room, job, file.name, quiet=as_json)
        finally:
            room.engine.dispose()
    _say(submitted, ended, as_json)
    if ended is None or ended.state != "succeeded":
        raise typer.Exit(1)


def _submit(room: Workroom, file: Path, code: str, new: NewModel, limit_mb: int) -> Submitted:
    if file.stat().st_size == 0:
        raise InvalidInputError(f"{file} is empty.", f"{file} 为空文件。", str(file))
    with open_session(room.engine) as session:
        get_project(session, SYSTEM, code)  # before a large file is copied
    stored = room.store.add_file(file, limit_mb * MEGABYTE)
    with open_session(room.engine, actor=SYSTEM.login) as session:
        return submit_model(session, SYSTEM, get_project(session, SYSTEM, code), new, stored)


def _say(submitted: Submitted, ended: JobStatus | None, as_json: bool) -> None:
    if as_json:
        answer = {**asdict(submitted), "job": asdict(ended) if ended else None}
        typer.echo(json.dumps(answer, ensure_ascii=False, default=str))
        return
    known = f" (these bytes were here already 相同文件已入库: {submitted.model_name}, {submitted.state})"
    typer.echo(
        f"Model 模型 {submitted.model_id}, revision 版本 {submitted.revision}{'' if submitted.is_new else known}"
    )
    if ended is not None and ended.verdict is not None:
        typer.echo(f"{ended.state} [{ended.verdict['code']}]: {ended.verdict['message']}")
        typer.echo(ended.verdict["message_zh"])
