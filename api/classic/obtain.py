"""See to it that MapServer is there: found, or installed where we may."""

import shutil

from api.classic.engine import PACKAGE, find_program, not_installed
from twin.cluster.packages import Say, administrator_prefix, install_named
from twin.settings import HomeSettings


def obtain_engine(home: HomeSettings, say: Say) -> None:
    """Install the distribution's package if MapServer is missing and we are root, or may become it without asking.

    Raises
    ------
    UnavailableError
        It is missing and we may not install it; with the line for an administrator.
    InstallError
        apt failed; its own output says why.
    """
    if find_program() is not None:
        return
    may = home.system_packages and shutil.which("apt-get") is not None
    prefix = administrator_prefix() if may else None
    if prefix is None:
        raise not_installed()
    say("Installing MapServer … 正在安装 MapServer……")
    install_named(prefix, [PACKAGE], say)
    find_program.cache_clear()
    if find_program() is None:
        raise not_installed()
