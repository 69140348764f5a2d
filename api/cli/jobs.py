"""`twin jobs`: background jobs for people."""

import json
from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from api.cli.opened import ACTOR, opened_session
from api.cli.say import told
from twin.identity.audit import record_audit
from twin.identity.caller import SYSTEM
from twin.jobs import cancel, status
from twin.jobs.queue import list_jobs

app = typer.Typer(no_args_is_help=True, help="Background jobs: list, show, cancel. 后台任务：查看、取消")
AsJson = Annotated[bool, typer.Option("--json", help="For machines 机器可读")]
JobId = Annotated[UUID, typer.Argument(help="As told by an upload 任务编号")]


@app.command("list")
@told
def list_command(
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many at most 最多几条")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the newest jobs. 列出最近的任务"""
    with opened_session() as session:
        found = list_jobs(session, limit)
    if as_json:
        typer.echo(json.dumps([asdict(job) for job in found], ensure_ascii=False, default=str))
        return
    table = Table("job 任务", "kind 类型", "state 状态", "%", "verdict 结论", "created 创建")
    for job in found:
        code = job.verdict["code"] if job.verdict else ""
        table.add_row(job.job_id, job.kind, job.state, f"{job.progress:.0f}", code, f"{job.created_at:%F %T}")
    Console().print(table)


@app.command()
@told
def show(job_id: JobId) -> None:
    """Show all that is known of a job, as JSON. 查看任务"""
    with opened_session() as session:
        found = status(session, str(job_id))
    typer.echo(json.dumps(asdict(found), ensure_ascii=False, default=str, indent=2))


@app.command("cancel")
@told
def cancel_command(job_id: JobId) -> None:
    """Cancel a job that has not ended. 取消任务"""
    with opened_session() as session:
        cancel(session, str(job_id), ACTOR)
        record_audit(session, SYSTEM, "job.cancel", f"job {job_id}")
    typer.echo(f"Cancelled 已取消: {job_id}")
