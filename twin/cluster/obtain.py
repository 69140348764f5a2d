"""Get an installation: found, installed by the package manager, or unpacked."""

import os
import shutil
import sys
from pathlib import Path

from twin.cluster.errors import InstallError, NoPostgisError
from twin.cluster.folders import Folders
from twin.cluster.installation import Installation, find_installation
from twin.cluster.packages import PACKAGE, Say, administrator_prefix, install_packages
from twin.cluster.rootless import can_unpack, unpack_packages

COMMANDS = {
    "brew": "brew install postgis",
    "apt-get": f"apt-get install --no-install-recommends {PACKAGE}",
    "dnf": "dnf install postgis",
    "apk": "apk add postgis",
}


def tell(line: str) -> None:
    """Print a line of progress, at once, where it does not mix with a command's answer."""
    print(line, file=sys.stderr, flush=True)


def obtain_installation(
    folders: Folders,
    *,
    explicit: Path | None,
    major: int | None,
    system_packages: bool,
    named: bool,
    say: Say,
) -> Installation:
    """Return a usable installation, fetching the distribution's packages if there is none.

    Parameters
    ----------
    explicit : Path, optional
        A folder of programs named by the operator; it comes first.
    major : int, optional
        The major version of existing data, preferred.
    system_packages : bool
        False refuses to install packages into the system.
    named : bool
        Whether our user id has a passwd entry; without one the unpacked tree brings libnss-wrapper.

    Raises
    ------
    NoPostgisError
        Naming this system's install command.
    """
    found = find_installation(folders.runtime, explicit, major)
    if found is not None:
        return found
    _fetch(folders, system_packages=system_packages, named=named, say=say)
    found = find_installation(folders.runtime, explicit, major)
    if found is None:
        raise _no_postgis()
    return found


def _fetch(folders: Folders, *, system_packages: bool, named: bool, say: Say) -> None:
    say("No PostgreSQL with PostGIS on this machine. 本机没有带 PostGIS 的 PostgreSQL。")
    if shutil.which("apt-get") is None:
        raise _no_postgis()
    prefix = administrator_prefix() if system_packages else None
    if prefix is not None:
        try:
            return install_packages(prefix, say)
        except InstallError:
            if os.geteuid() == 0:
                raise
            say("sudo could not install the packages; unpacking them without root instead.")
    if not can_unpack():
        raise _no_postgis()
    return unpack_packages(folders.runtime, say, with_nss_wrapper=not named)


def _no_postgis() -> NoPostgisError:
    command = next((text for program, text in COMMANDS.items() if shutil.which(program)), "install PostGIS")
    return NoPostgisError(
        f"No PostgreSQL with PostGIS was found. Install it ({command}), name its program folder in TWIN_PG_BIN, "
        "or set DATABASE_URL to a PostGIS elsewhere.",
        f"没有找到带 PostGIS 的 PostgreSQL。请安装（{command}），或用 TWIN_PG_BIN 指出其程序目录，"
        "或把 DATABASE_URL 指向别处的 PostGIS。",
    )
