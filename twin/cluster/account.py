"""The operating-system account the server runs as, and what it may reach."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from twin.cluster.errors import HomeError

NSS_WRAPPER_PATTERNS = ("usr/lib/*/libnss_wrapper.so*", "usr/lib/libnss_wrapper.so*")


class RunAs(TypedDict, total=False):
    """The privilege drop as arguments of `subprocess`."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """Who runs the server."""

    name: str | None
    uid: int
    gid: int

    @property
    def foreign(self) -> bool:
        """Whether it is another account than ours, so that files must be handed over."""
        return self.uid != os.geteuid()

    @property
    def run_as(self) -> RunAs:
        """Arguments for `subprocess` that start a process as this account."""
        if not self.foreign:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_account(database: Path) -> Account:
    """Return the account for the server: our own, or for root the owner of the data, or the one packages made.

    PostgreSQL refuses to run as root. Ask only when the packages are there: they bring the account `postgres`.

    Parameters
    ----------
    database : Path
        The folder that holds the data, which may not exist yet.

    Raises
    ------
    HomeError
        If there is no account to run as.
    """
    if os.geteuid() != 0:
        return Account(_own_name(), os.geteuid(), os.getegid())
    if database.exists() and database.stat().st_uid != 0:
        facts = database.stat()
        return Account(_name_of(facts.st_uid), facts.st_uid, facts.st_gid)
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise HomeError(
        "PostgreSQL cannot run as root and this system has neither a `postgres` nor a `nobody` account: "
        "run as an ordinary user or set DATABASE_URL.",
        "PostgreSQL 不能以 root 运行，而本机没有 postgres 或 nobody 账户：请改用普通用户，或设置 DATABASE_URL。",
    )


def has_name() -> bool:
    """Tell whether our own user id has a passwd entry."""
    return _own_name() is not None


def _own_name() -> str | None:
    return _name_of(os.geteuid())


def _name_of(uid: int) -> str | None:
    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return None


def give(path: Path, account: Account) -> None:
    """Hand a file or folder of ours over to the account."""
    if account.foreign:
        os.chown(path, account.uid, account.gid)


def make_own_folder(path: Path, account: Account) -> None:
    """Make a folder that only the account may enter."""
    path.mkdir(mode=0o700, exist_ok=True)
    give(path, account)


def check_reach(folder: Path, account: Account) -> None:
    """Raise unless the account can enter the folder and write there; parents are never changed.

    Raises
    ------
    HomeError
        Naming the first parent that keeps the account out.
    """
    if not account.foreign or _may(account, "-w", folder):
        return
    closed = next((p for p in reversed([folder, *folder.parents]) if not _may(account, "-x", p)), folder)
    raise HomeError(
        f"The account `{account.name}` that runs PostgreSQL cannot enter {closed}: "
        "set TWIN_HOME to a folder outside it, such as /var/lib/twin.",
        f"运行 PostgreSQL 的账户 {account.name} 进不了 {closed}：请把 TWIN_HOME 设到别处，例如 /var/lib/twin。",
    )


def _may(account: Account, test: str, path: Path) -> bool:
    done = subprocess.run(["test", test, str(path)], cwd="/", check=False, **account.run_as)
    return done.returncode == 0


def passwd_environment(account: Account, roots: list[Path], scratch: Path) -> dict[str, str]:
    """Return the variables that name a uid without passwd entry (`docker run -u 12345`) to PostgreSQL.

    Empty for a known account. The file and the group file are written below `scratch`.

    Raises
    ------
    HomeError
        If the account is unknown and libnss-wrapper is nowhere below `roots`.
    """
    if account.name is not None:
        return {}
    library = next(_nss_wrappers(roots), None)
    if library is None:
        raise HomeError(
            f"The user id {account.uid} has no passwd entry, which PostgreSQL needs: "
            "install libnss-wrapper, add the entry, or set DATABASE_URL.",
            f"用户号 {account.uid} 在 passwd 中没有条目，PostgreSQL 无法运行：请安装 libnss-wrapper、补上条目，"
            "或设置 DATABASE_URL。",
        )
    users, groups = scratch / "passwd", scratch / "group"
    users.write_text(f"twin:x:{account.uid}:{account.gid}::{scratch}:/bin/sh\n", encoding="utf-8")
    groups.write_text(f"twin:x:{account.gid}:\n", encoding="utf-8")
    return {"LD_PRELOAD": str(library), "NSS_WRAPPER_PASSWD": str(users), "NSS_WRAPPER_GROUP": str(groups)}


def _nss_wrappers(roots: list[Path]) -> Iterator[Path]:
    for root in roots:
        for pattern in NSS_WRAPPER_PATTERNS:
            yield from sorted(root.glob(pattern))
