"""Install the distribution's PostGIS packages as administrator."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from twin.cluster.errors import InstallError

PACKAGE = "postgresql-postgis"
NO_MAIN_CLUSTER = Path("/etc/postgresql-common/createcluster.d/twin-no-main-cluster.conf")
APT = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"]

Say = Callable[[str], None]


def administrator_prefix() -> list[str] | None:
    """Return what to put before a command to run it as root: nothing, or sudo without password; else None."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    done = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ["sudo", "-n"] if done.returncode == 0 else None


def install_packages(prefix: list[str], say: Say) -> None:
    """Install `postgresql-postgis` with apt; make no `main` cluster and start no server.

    Raises
    ------
    InstallError
        If apt fails; its own output says why.
    """
    # Where the tools are there already the administrator has decided; our file there is left from a killed run.
    quiet = shutil.which("pg_createcluster") is None or NO_MAIN_CLUSTER.exists()
    if quiet:
        _write_as_root(prefix, NO_MAIN_CLUSTER, "create_main_cluster = false\n")
    try:
        install_named(prefix, [PACKAGE], say)
    finally:
        if quiet:
            subprocess.run([*prefix, "rm", "-f", str(NO_MAIN_CLUSTER)], check=False)


def install_named(prefix: list[str], names: list[str], say: Say) -> None:
    """Install packages with apt, without what they only recommend.

    Raises
    ------
    InstallError
        If apt fails; its own output says why.
    """
    _run([*prefix, "dpkg", "--configure", "-a"], say)  # a killed run leaves packages half-configured
    _run([*prefix, *APT, "update"], say)
    _run([*prefix, *APT, "install", "--yes", "--no-install-recommends", *names], say)


def _run(command: list[str], say: Say) -> None:
    say("+ " + " ".join(command))
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if command[0] == "sudo":  # sudo drops the environment
        command = [*command[:2], "env", "DEBIAN_FRONTEND=noninteractive", *command[2:]]
    # Its words go to standard error: standard output holds our own answer.
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=2, check=False)
    if done.returncode != 0:
        raise InstallError(
            f"`{' '.join(command)}` failed, see its lines above: mend it and run again, or set DATABASE_URL.",
            "软件包安装失败，原因见上方输出：请处理后重试，或设置 DATABASE_URL。",
        )


def _write_as_root(prefix: list[str], path: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        subprocess.run([*prefix, "mkdir", "-p", str(path.parent)], check=True)
        subprocess.run([*prefix, "install", "-m", "644", file.name, str(path)], check=True)
