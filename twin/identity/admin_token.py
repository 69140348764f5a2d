"""The first administrator: no default password, a secret made on first start."""

import os
from pathlib import Path

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from twin.identity.models import ApiToken, User
from twin.identity.tokens import add_token, add_user, assign_role, find_caller, hash_token

ADMIN_LOGIN = "admin"
GIVEN_NAME = "TWIN_ADMIN_TOKEN"
MADE_NAME = "admin-token"
_LOCK = 0x7417_0002  # one starting process at a time


def ensure_admin_token(session: Session, home: Path, given: str | None = None) -> Path | None:
    """Make sure an administrator can sign in.

    Parameters
    ----------
    home : Path
        `TWIN_HOME`; a generated token is written to `admin-token` in it, mode 0600.
    given : str, optional
        The operator's own secret (`TWIN_ADMIN_TOKEN`). An earlier one stops working, and no file is written.

    Returns
    -------
    Path or None
        The file that holds the token; None where the operator gave it.

    Raises
    ------
    InvalidInputError
        The given secret has fewer than 16 characters.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    user = add_user(session, ADMIN_LOGIN, "系统管理员 administrator")
    assign_role(session, user, "admin")
    if given:
        _assign_given(session, user, given)
        return None
    path = home / "admin-token"
    if not _holds_valid_token(session, path):
        _write_secret(path, add_token(session, user, MADE_NAME))
    return path


def _assign_given(session: Session, user: User, given: str) -> None:
    earlier = update(ApiToken).where(
        ApiToken.name == GIVEN_NAME, ApiToken.hash != hash_token(given), ApiToken.revoked_at.is_(None)
    )
    session.execute(earlier.values(revoked_at=func.now()))
    if session.scalar(select(ApiToken.id).where(ApiToken.hash == hash_token(given))) is None:
        add_token(session, user, GIVEN_NAME, token=given)


def _holds_valid_token(session: Session, path: Path) -> bool:
    try:
        secret = path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeError):
        return False
    caller = find_caller(session, secret)
    return caller is not None and "admin" in caller.roles


def _write_secret(path: Path, secret: str) -> None:
    """Write the file whole or not at all, readable by its owner alone from the first byte on."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)


def find_admin_token(path: Path | None) -> str | None:
    """Return the token that lies in a file, or None where there is no such file."""
    return path.read_text(encoding="ascii").strip() if path is not None and path.is_file() else None
