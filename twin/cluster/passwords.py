"""The two roles' generated passwords, one file each, mode 0600."""

import os
import secrets
from typing import Literal

from twin.cluster.errors import HomeError
from twin.cluster.folders import Folders

Role = Literal["twin", "twin_app"]
OWNER: Role = "twin"
SERVICE: Role = "twin_app"


def add_passwords(folders: Folders) -> None:
    """Generate the passwords that do not exist yet."""
    folder = folders.password_file(OWNER).parent
    folder.mkdir(mode=0o700, exist_ok=True)
    for role in (OWNER, SERVICE):
        path = folders.password_file(role)
        if path.exists():
            continue
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(24))
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)


def get_password(folders: Folders, role: Role) -> str:
    """Return the role's password.

    Raises
    ------
    HomeError
        If the file is missing or belongs to someone else.
    """
    path = folders.password_file(role)
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise HomeError(
            f"Cannot read the database password {path} ({error.strerror}): run as the account that owns "
            f"{folders.home}, or `twin db start` first.",
            f"读不到数据库口令 {path}：请用拥有 {folders.home} 的账户运行，或先执行 `twin db start`。",
        ) from error
