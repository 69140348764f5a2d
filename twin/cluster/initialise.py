"""Make the data folder of a new cluster, whole or not at all."""

import os
import shutil
import subprocess
from pathlib import Path

from twin.cluster.account import Account, give, make_own_folder
from twin.cluster.errors import StartError
from twin.cluster.folders import Folders
from twin.cluster.installation import Installation

LOCALE = "C.UTF-8"
INCLUDES = (
    "\n# Written by twin at every start; your own settings go into local.conf, which wins.\n"
    + "".join(f"include_if_exists = '{name}'\n" for name in ("twin.conf", "local.conf"))
)


def add_data(
    data: Path,
    folders: Folders,
    installation: Installation,
    account: Account,
    environment: dict[str, str],
    password: str,
    *,
    durable: bool,
) -> None:
    """Run `initdb` into a folder beside `data`, then rename: a killed initdb leaves nothing half-made.

    Raises
    ------
    StartError
        With the last lines of initdb's output.
    """
    shutil.rmtree(folders.new_data, ignore_errors=True)
    make_own_folder(folders.new_data, account)
    password_file = folders.database / "initdb.password"
    _write_private(password_file, password, account)
    try:
        _run_initdb(folders.new_data, installation, account, environment, password_file, durable=durable)
    finally:
        password_file.unlink(missing_ok=True)
    with (folders.new_data / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write(INCLUDES)
    folders.new_data.rename(data)
    _sync_folder(data.parent)


def _run_initdb(
    data: Path,
    installation: Installation,
    account: Account,
    environment: dict[str, str],
    password_file: Path,
    *,
    durable: bool,
) -> None:
    command = [
        installation.program("initdb"),
        "-D",
        str(data),
        "-U",
        "twin",
        "-E",
        "UTF8",
        f"--locale={LOCALE}",
    ]
    command += ["--data-checksums", "--auth=scram-sha-256", f"--pwfile={password_file}"]
    if not durable:
        command.append("--no-sync")
    done = subprocess.run(
        command, env=environment, cwd="/", capture_output=True, text=True, check=False, **account.run_as
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-8:])
        raise StartError(
            f"initdb could not make the database in {data}:\n{tail}\n",
            f"initdb 无法在 {data} 建立数据库，原因见上。",
        )


def _write_private(path: Path, text: str, account: Account) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    give(path, account)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def find_data_major(data: Path) -> int | None:
    """Return the major version that made the data folder; None if there is none yet."""
    version = data / "PG_VERSION"
    return int(version.read_text(encoding="ascii").split(".")[0]) if version.exists() else None


def finish_swap(folders: Folders) -> None:
    """Put upgraded data in place if a kill came between the upgrade's two renames."""
    if folders.upgraded_data.exists() and not folders.data.exists():
        folders.upgraded_data.rename(folders.data)
