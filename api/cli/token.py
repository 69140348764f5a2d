"""`twin token`: bearer tokens for people and programs."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from api.cli.opened import opened_session
from api.cli.say import told
from twin.identity.audit import record_audit
from twin.identity.caller import SYSTEM
from twin.identity.models import User
from twin.identity.tokens import add_token, list_tokens, revoke_token
from twin.identity.users import get_user

app = typer.Typer(no_args_is_help=True, help="Bearer tokens: create, list, revoke. 令牌：创建、列出、吊销")
AsJson = Annotated[bool, typer.Option("--json", help="For machines 机器可读")]


@app.command()
@told
def create(
    login: Annotated[str, typer.Argument(help="Who will hold it; see `twin user add` 持有人登录名")],
    name: Annotated[str, typer.Option(help="What it is for 用途")] = "command line",
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires 有效天数")] = None,
    role: Annotated[
        list[str] | None, typer.Option(help="Only these of the user's roles 仅限这些角色")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a token and print it; it cannot be shown again. 创建令牌（仅显示一次）"""
    end = datetime.now(UTC) + timedelta(days=days) if days else None
    with opened_session() as session:
        user = get_user(session, login)
        token = add_token(session, user, name, expires_at=end, roles=role or None)
        record_audit(session, SYSTEM, "token.create", f"user {login}", after={"name": name, "roles": role})
    if as_json:
        typer.echo(json.dumps({"login": login, "token": token, "expires_at": end}, default=_iso))
    else:
        typer.echo(token)


@app.command("list")
@told
def list_command(as_json: AsJson = False) -> None:
    """List all tokens, newest first; never the tokens themselves. 列出令牌"""
    with opened_session() as session:
        rows = [
            {
                "id": token.id,
                "login": session.get_one(User, token.user_id).login,
                "name": token.name,
                "prefix": token.prefix,
                "roles": token.roles,
                "expires_at": token.expires_at,
                "revoked_at": token.revoked_at,
            }
            for token in list_tokens(session)
        ]
    if as_json:
        typer.echo(json.dumps(rows, default=_iso, ensure_ascii=False))
        return
    for row in rows:
        state = "revoked 已吊销" if row["revoked_at"] else f"until {row['expires_at'] or '—'}"
        typer.echo(f"{row['id']:>5}  {row['login']:<16} {row['prefix']}…  {row['name']:<20} {state}")


@app.command()
@told
def revoke(number: Annotated[int, typer.Argument(help="Number as `twin token list` shows it 编号")]) -> None:
    """Revoke a token for good. 吊销令牌"""
    with opened_session() as session:
        revoke_token(session, number)
        record_audit(session, SYSTEM, "token.revoke", f"token {number}")
    typer.echo(f"Token {number} is revoked. 令牌 {number} 已吊销。")


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
