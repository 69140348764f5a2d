"""Unpack the distribution's PostGIS packages into a folder of our own, without root.

The packages' maintainer scripts do not run, so what they would have done and the server needs is done here.
The tree is bound to its distribution; its stamp is written last.
"""

import os
import shutil
import subprocess
from pathlib import Path

from twin.cluster.errors import InstallError
from twin.cluster.installation import OS_STAMP, os_stamp
from twin.cluster.packages import PACKAGE, Say

NSS_WRAPPER = "libnss-wrapper"


def can_unpack() -> bool:
    """Tell whether the tools are there: apt-get, dpkg-deb and the host's package status."""
    return (
        all(shutil.which(name) for name in ("apt-get", "dpkg-deb")) and Path("/var/lib/dpkg/status").exists()
    )


def unpack_packages(runtime: Path, say: Say, *, with_nss_wrapper: bool = False) -> None:
    """Fetch the packages the host lacks and unpack them below `runtime`, replacing what was there.

    Raises
    ------
    InstallError
        If fetching or unpacking fails.
    """
    new = runtime.with_name(runtime.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    apt_state = new / "apt"
    apt = _private_apt(apt_state)
    wanted = [PACKAGE, *([NSS_WRAPPER] if with_nss_wrapper else [])]
    say("Fetching the package lists (without root, into our own folder) ...")
    _run([*apt, "update"], say)
    say(f"Fetching {' '.join(wanted)} and what it needs (about 125 MB) ...")
    _run([*apt, "--yes", "--download-only", "install", *wanted], say)
    _unpack_all(sorted((apt_state / "cache" / "archives").glob("*.deb")), new, say)
    link_extensions(new)
    shutil.rmtree(apt_state, ignore_errors=True)
    (new / OS_STAMP).write_text(os_stamp(), encoding="utf-8")
    shutil.rmtree(runtime, ignore_errors=True)
    new.rename(runtime)
    say(f"PostGIS unpacked into {runtime}.")


def _private_apt(state: Path) -> list[str]:
    for folder in ("lists/partial", "cache/archives/partial"):
        (state / folder).mkdir(parents=True)
    options = {
        "Dir::State": str(state),
        "Dir::State::Lists": str(state / "lists"),
        "Dir::State::status": "/var/lib/dpkg/status",  # only what the host lacks comes, never libc6
        "Dir::Cache": str(state / "cache"),
        "Dir::Log": str(state),
        "Debug::NoLocking": "1",
        "APT::Sandbox::User": "",
        "APT::Install-Recommends": "false",
        "Acquire::Languages": "none",
        "Dpkg::Use-Pty": "0",
    }
    command = ["apt-get"]
    for key, value in options.items():
        command += ["-o", f"{key}={value}"]
    return command


def _run(command: list[str], say: Say) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return
    for line in (done.stdout + done.stderr).splitlines()[-15:]:
        say("  " + line)
    raise InstallError(
        "Fetching the PostGIS packages without root failed, apt's last lines stand above: mend it and run again, "
        f"ask an administrator for `apt-get install {PACKAGE}`, or set DATABASE_URL.",
        f"普通用户获取 PostGIS 软件包失败，原因见上：请处理后重试，或请管理员执行 `apt-get install {PACKAGE}`，"
        "或设置 DATABASE_URL。",
    )


def _unpack_all(archives: list[Path], target: Path, say: Say) -> None:
    for number, archive in enumerate(archives, start=1):
        if number % 20 == 0 or number == len(archives):
            say(f"  unpacking {number}/{len(archives)}")
        done = subprocess.run(
            ["dpkg-deb", "-x", str(archive), str(target)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise InstallError(
                f"{archive.name} could not be unpacked into {target}: {done.stderr.strip()}. Is the disk full?",
                f"{archive.name} 无法解包到 {target}：磁盘是否已满？",
            )
        archive.unlink()


def link_extensions(tree: Path) -> None:
    """Make the control files that Debian's update-alternatives would have linked.

    Without them `CREATE EXTENSION postgis` says "not available".
    """
    for versioned in tree.glob("usr/share/postgresql/*/extension/*-3.control"):
        plain = versioned.with_name(versioned.name.replace("-3.control", ".control"))
        if not plain.exists():
            plain.symlink_to(versioned.name)
