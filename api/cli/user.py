"""`twin user`: who may sign in, and as what."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from api.cli.opened import opened_session
from api.cli.say import told
from twin.identity.audit import record_audit
from twin.identity.caller import SYSTEM
from twin.identity.tokens import add_user, assign_role
from twin.identity.users import get_user, list_users, remove_role
from twin.projects.queries import get_project

app = typer.Typer(no_args_is_help=True, help="Users and their roles. 用户与角色")
Login = Annotated[str, typer.Argument(help="Login 登录名")]
Role = Annotated[str, typer.Argument(help="Role, such as planner or contractor 角色")]
Project = Annotated[
    str | None,
    typer.Option("--project", help="Archive number: for this project alone 仅限该项目（档案编号）"),
]


@app.command()
@told
def add(
    login: Login,
    name: Annotated[str | None, typer.Option(help="Name shown 显示名称")] = None,
    unit: Annotated[str | None, typer.Option(help="Unit 单位")] = None,
) -> None:
    """Add a user; adding one that is there changes nothing. 添加用户"""
    with opened_session() as session:
        add_user(session, login, name or login, unit)
        record_audit(session, SYSTEM, "user.add", f"user {login}")
    typer.echo(f"User {login} is there. 用户 {login} 已就绪。")


@app.command("list")
@told
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="For machines 机器可读")] = False,
) -> None:
    """List all users and their roles. 列出用户"""
    with opened_session() as session:
        users = list_users(session)
    if as_json:
        typer.echo(json.dumps([asdict(user) for user in users], ensure_ascii=False))
        return
    for user in users:
        state = "disabled 已停用" if user.disabled else ", ".join(user.roles)
        typer.echo(f"{user.login:<16} {user.display_name:<24} {state}")


@app.command()
@told
def grant(login: Login, role: Role, project: Project = None) -> None:
    """Give a role, everywhere or for one project. 授予角色"""
    with opened_session() as session:
        assign_role(session, get_user(session, login), role, _project_id(session, project))
        record_audit(session, SYSTEM, "role.grant", f"user {login}", after={"role": role, "project": project})
    typer.echo(f"{login}: {role}")


@app.command()
@told
def withdraw(login: Login, role: Role, project: Project = None) -> None:
    """Take a role away. 收回角色"""
    with opened_session() as session:
        remove_role(session, get_user(session, login), role, _project_id(session, project))
        record_audit(
            session, SYSTEM, "role.withdraw", f"user {login}", before={"role": role, "project": project}
        )
    typer.echo(f"{login}: − {role}")


@app.command()
@told
def disable(login: Login) -> None:
    """Let a user no longer in; tokens stop working, nothing is deleted. 停用用户"""
    _set_disabled(login, disabled=True)


@app.command()
@told
def enable(login: Login) -> None:
    """Let a user in again. 启用用户"""
    _set_disabled(login, disabled=False)


def _set_disabled(login: str, *, disabled: bool) -> None:
    with opened_session() as session:
        get_user(session, login).disabled = disabled
        record_audit(session, SYSTEM, "user.disable" if disabled else "user.enable", f"user {login}")
    typer.echo(f"{login}: {'disabled 已停用' if disabled else 'enabled 已启用'}")


def _project_id(session: Session, code: str | None) -> int | None:
    return None if code is None else get_project(session, SYSTEM, code).id
