"""Fetching PostGIS: with the package manager, or unpacked without root, from a stand-in for apt."""

import shutil
import subprocess
from pathlib import Path

import pytest

from twin.cluster import packages
from twin.cluster.account import Account, passwd_environment
from twin.cluster.errors import HomeError, InstallError, NoPostgisError
from twin.cluster.folders import Folders
from twin.cluster.installation import os_stamp, runtime_fits
from twin.cluster.obtain import obtain_installation
from twin.cluster.packages import install_packages
from twin.cluster.rootless import unpack_packages

needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="no dpkg-deb on this system")

APT = """#!/bin/sh
# Stands in for apt-get: notes how it was called and delivers one package.
echo "$@" >> {log}
for word in "$@"; do
    case $word in Dir::Cache=*) cache=${{word#Dir::Cache=}} ;; esac
done
case "$*" in
*" install "*) {on_install} ;;
esac
"""


def stand_in(folder: Path, on_install: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an apt-get of ours first on the path; return the file it notes its calls in."""
    folder.mkdir()
    log = folder / "calls"
    (folder / "apt-get").write_text(APT.format(log=log, on_install=on_install))
    (folder / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return log


def build_package(folder: Path) -> Path:
    """Build a small package laid out as Debian's, its control file under the versioned name only."""
    extension = folder / "usr/share/postgresql/15/extension"
    extension.mkdir(parents=True)
    (extension / "postgis-3.control").write_text("comment = '空间数据'\n")
    (extension / "postgis_raster-3.control").write_text("comment = 'raster'\n")
    (folder / "DEBIAN").mkdir()
    (folder / "DEBIAN" / "control").write_text(
        "Package: postgis-small\nVersion: 1\nArchitecture: all\nMaintainer: nobody <n@example.org>\nDescription: x\n"
    )
    target = folder.with_suffix(".deb")
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-b", str(folder), str(target)], check=True, capture_output=True
    )
    return target


@needs_dpkg
def test_unpacking_links_the_control_files_and_is_stamped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = build_package(tmp_path / "small")
    log = stand_in(tmp_path / "bin", f"cp {package} $cache/archives/", monkeypatch)
    runtime = tmp_path / "runtime"
    (runtime / "left from another release").mkdir(parents=True)
    unpack_packages(runtime, lambda _line: None)
    extension = runtime / "usr/share/postgresql/15/extension"
    assert (extension / "postgis.control").read_text() == "comment = '空间数据'\n"
    assert (extension / "postgis_raster.control").exists()
    assert (runtime / "os-release").read_text() == os_stamp()
    assert runtime_fits(runtime)
    assert not (runtime / "apt").exists()
    assert not (runtime / "left from another release").exists()
    update, install = log.read_text().splitlines()
    assert update.endswith("update")
    assert "--download-only install postgresql-postgis" in install
    assert "Dir::State::status=/var/lib/dpkg/status" in install


def test_a_failed_fetch_leaves_no_tree_and_shows_apts_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path / "bin", "echo 'E: no route to the mirror' >&2; exit 100", monkeypatch)
    said: list[str] = []
    with pytest.raises(InstallError, match="DATABASE_URL"):
        unpack_packages(tmp_path / "runtime", said.append)
    assert "  E: no route to the mirror" in said
    assert not (tmp_path / "runtime").exists()


def test_apt_installs_without_a_main_cluster_and_tells_its_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    conf = tmp_path / "createcluster.d" / "twin.conf"
    monkeypatch.setattr(packages, "NO_MAIN_CLUSTER", conf)
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)
    log = stand_in(tmp_path / "bin", f"cat {conf} >> {tmp_path}/bin/calls; echo Unpacking", monkeypatch)
    (tmp_path / "bin" / "dpkg").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "dpkg").chmod(0o755)
    said: list[str] = []
    install_packages([], said.append)
    calls = log.read_text().splitlines()
    assert calls[1].endswith("install --yes --no-install-recommends postgresql-postgis")
    assert calls[2] == "create_main_cluster = false"
    assert not conf.exists()
    assert capfd.readouterr() == ("", "Unpacking\n"), "standard output holds the command's own answer"
    assert [line.split()[1] for line in said] == ["dpkg", "apt-get", "apt-get"]


def obtain(home: Path, *, system_packages: bool = True) -> None:
    obtain_installation(
        Folders(home),
        explicit=None,
        major=None,
        system_packages=system_packages,
        named=True,
        say=lambda _line: None,
    )


def test_a_system_without_apt_is_told_its_own_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twin.cluster.obtain.find_installation", lambda *_: None)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "dnf").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "dnf").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(NoPostgisError, match="dnf install postgis"):
        obtain(tmp_path / "home")


def test_refused_system_packages_are_unpacked_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twin.cluster.obtain.find_installation", lambda *_: None)
    log = stand_in(tmp_path / "bin", "exit 100", monkeypatch)
    with pytest.raises(InstallError):
        obtain(tmp_path / "home", system_packages=False)
    assert "--download-only" in log.read_text()


def test_an_unknown_user_id_needs_the_wrapper_library(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="libnss-wrapper"):
        passwd_environment(Account(None, 12345, 12345), [tmp_path], tmp_path)


def test_an_unknown_user_id_is_named_to_the_server(tmp_path: Path) -> None:
    library = tmp_path / "usr/lib/x86_64-linux-gnu/libnss_wrapper.so"
    library.parent.mkdir(parents=True)
    library.touch()
    environment = passwd_environment(Account(None, 12345, 100), [tmp_path], tmp_path)
    assert environment["LD_PRELOAD"] == str(library)
    assert Path(environment["NSS_WRAPPER_PASSWD"]).read_text().startswith("twin:x:12345:100:")
