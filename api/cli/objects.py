"""`twin objects`: the files behind models, uploads and reports."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from api.cli.opened import ACTOR
from api.cli.say import quiet_log, told
from api.site import open_site
from api.state import AppSettings
from twin.db import make_engine, open_session
from twin.identity.audit import record_audit
from twin.identity.caller import SYSTEM
from twin.jobs.collect_objects import Collected, collect_objects
from twin.objects import open_store
from twin.settings import JobSettings

app = typer.Typer(no_args_is_help=True, help="Stored files: clear away what nothing needs. 对象存储")


@app.callback()
def _group() -> None:
    """Hold the group together while it has one command."""


@app.command()
@told
def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only 仅统计，不删除")] = False,
    grace_h: Annotated[
        float | None, typer.Option(min=1, help="Hours an object may go unneeded 宽限小时数")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines 机器可读")] = False,
) -> None:
    """Remove objects that no revision, upload, job or report needs. 清理无人引用的对象"""
    quiet_log()
    settings = AppSettings()
    grace_s = (grace_h if grace_h is not None else JobSettings().object_grace_h) * 3_600
    with open_site(settings) as site:
        engine = make_engine(site.service_url, pool_size=2)
        try:
            done = collect_objects(engine, open_store(settings.home), grace_s, dry_run=dry_run)
            if not dry_run and done.removed:
                with open_session(engine, ACTOR) as session:
                    counts = {"removed": done.removed, "bytes": done.removed_bytes}
                    record_audit(session, SYSTEM, "object.collect", "object store", after=counts)
        finally:
            engine.dispose()
    typer.echo(
        json.dumps({**asdict(done), "dry_run": dry_run}) if as_json else _summary(done, dry_run=dry_run)
    )


def _summary(done: Collected, *, dry_run: bool) -> str:
    verb = "would go 可清理" if dry_run else "removed 已清理"
    lines = [
        f"{done.objects} objects 对象; {verb}: {done.removed} ({done.removed_bytes / 1_000_000:.1f} MB); "
        f"without a row 无登记: {done.adopted}"
    ]
    lines += [f"missing from the store 存储中缺失: {sha256}" for sha256 in done.lost[:20]]
    return "\n".join(lines)
