"""The service's own role on an outside server (`DATABASE_URL`): neither superuser nor owner of the tables."""

import os
import secrets
from pathlib import Path

from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from twin.errors import UnavailableError

ROLE = "twin_app"
PASSWORD_FILE = "outside-app-password"  # noqa: S105  a file's name

# The password travels as a bound value, never as text of a statement: it would stand in the server's log.
_GIVE_PASSWORD = text(
    "DO $$ BEGIN EXECUTE format('ALTER ROLE twin_app LOGIN PASSWORD %L', current_setting('twin.password')); END $$"
)


def ensure_service_url(engine: Engine, owner_url: str, home: Path) -> str:
    """Return the service role's URL on an outside server, giving the role a password of its own.

    Parameters
    ----------
    engine : Engine
        Connected as the owner, on a migrated database (migrating creates the role).
    owner_url : str
        `DATABASE_URL`.
    home : Path
        `TWIN_HOME`; the generated password is kept there, mode 0600.

    Raises
    ------
    UnavailableError
        The owner may not change roles; the message holds the line for the administrator.
    """
    password = _kept_password(home / PASSWORD_FILE)
    try:
        with engine.begin() as connection:
            connection.execute(
                text("SELECT set_config('twin.password', :password, true)"), {"password": password}
            )
            connection.execute(_GIVE_PASSWORD)
    except ProgrammingError as error:
        if not isinstance(error.orig, InsufficientPrivilege):
            raise
        raise _needs_administrator() from error
    url = make_url(owner_url.replace("postgres://", "postgresql://", 1)).set(
        drivername="postgresql", username=ROLE, password=password
    )
    return url.render_as_string(hide_password=False)


def _kept_password(path: Path) -> str:
    if path.is_file():
        return path.read_text(encoding="ascii").strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    password = secrets.token_urlsafe(24)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(password)
    return password


def _needs_administrator() -> UnavailableError:
    line = f"ALTER ROLE {ROLE} LOGIN PASSWORD '…'"
    return UnavailableError(
        f"The role of DATABASE_URL may not give {ROLE} a password. Ask the database's administrator to run: {line}; "
        f"and set TWIN_APP_DATABASE_URL to that role's URL.",
        f"DATABASE_URL 的账户无权为 {ROLE} 设置密码。请数据库管理员执行：{line}；并把 TWIN_APP_DATABASE_URL 设为该账户的连接地址。",
    )
