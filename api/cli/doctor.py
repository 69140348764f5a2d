"""`twin doctor`: what this machine and installation have, and what to do about the rest."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from api.cli.checks import check_all
from api.cli.say import told


@told
def doctor(as_json: Annotated[bool, typer.Option("--json", help="For machines 机器可读")] = False) -> None:
    """Check this machine and installation; exit code 1 if something fails. 自检：环境、数据库、端口、前端"""
    findings = check_all()
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            typer.echo(f"{finding.state:5} {finding.name:13} {finding.found}")
            if finding.remedy:
                typer.echo(f"{'':20}→ {finding.remedy}")
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(1)
