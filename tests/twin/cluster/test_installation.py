"""Which server programs are found, in which order, and which are refused."""

from pathlib import Path

import pytest

from twin.cluster import installation
from twin.cluster.installation import (
    examine,
    find_installation,
    list_installations,
    os_stamp,
    server_environment,
)


def add_server(
    bin_dir: Path, major: int, *, postgis: bool = True, programs: str = "initdb postgres pg_ctl"
) -> Path:
    """Make a folder of shell scripts that answer as the programs of a server would."""
    bin_dir.mkdir(parents=True)
    share = bin_dir.parent / "share"
    (share / "extension").mkdir(parents=True)
    if postgis:
        (share / "extension" / "postgis.control").touch()
    for name in programs.split():
        program = bin_dir / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {major}.3'\n")
        program.chmod(0o755)
    return bin_dir


@pytest.fixture(autouse=True)
def nothing_on_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the machine's own pg_config."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def test_debian_folders_are_tried_from_the_highest_number_down(tmp_path: Path) -> None:
    for major in (9, 15, 17):
        add_server(tmp_path / f"usr/lib/postgresql/{major}/bin", major)
    found = find_installation(tmp_path / "runtime", root=tmp_path)
    assert found is not None
    assert found.major == 17


def test_the_major_of_existing_data_is_preferred(tmp_path: Path) -> None:
    for major in (15, 17):
        add_server(tmp_path / f"usr/lib/postgresql/{major}/bin", major)
    found = find_installation(tmp_path / "runtime", major=15, root=tmp_path)
    assert found is not None
    assert found.major == 15


def test_a_named_folder_comes_before_all_others(tmp_path: Path) -> None:
    add_server(tmp_path / "usr/lib/postgresql/17/bin", 17)
    named = add_server(tmp_path / "opt/mine/bin", 16)
    found = find_installation(tmp_path / "runtime", named, root=tmp_path)
    assert found is not None
    assert found.bin_dir == named


def test_the_unpacked_tree_comes_before_the_system(tmp_path: Path) -> None:
    add_server(tmp_path / "usr/lib/postgresql/17/bin", 17)
    unpacked = add_server(tmp_path / "runtime/usr/lib/postgresql/15/bin", 15)
    (tmp_path / "runtime" / "os-release").write_text(os_stamp(), encoding="utf-8")
    found = find_installation(tmp_path / "runtime", root=tmp_path)
    assert found is not None
    assert found.bin_dir == unpacked
    assert "LD_LIBRARY_PATH" in found.environment


def test_an_unpacked_tree_named_by_the_operator_gets_its_libraries(tmp_path: Path) -> None:
    unpacked = add_server(tmp_path / "elsewhere/usr/lib/postgresql/15/bin", 15)
    (tmp_path / "elsewhere" / "os-release").write_text(os_stamp(), encoding="utf-8")
    found = find_installation(tmp_path / "runtime", unpacked, root=tmp_path)
    assert found is not None
    assert found.environment["PROJ_DATA"] == str(tmp_path / "elsewhere/usr/share/proj")


def test_an_unpacked_tree_of_another_distribution_is_not_used(tmp_path: Path) -> None:
    add_server(tmp_path / "runtime/usr/lib/postgresql/15/bin", 15)
    (tmp_path / "runtime" / "os-release").write_text("debian 9 x86_64", encoding="utf-8")
    assert find_installation(tmp_path / "runtime", root=tmp_path) is None


def test_a_server_without_postgis_is_refused_with_the_reason(tmp_path: Path) -> None:
    add_server(tmp_path / "usr/lib/postgresql/15/bin", 15, postgis=False)
    (only,) = list_installations(tmp_path / "runtime", root=tmp_path)
    assert not only.usable
    assert only.missing == "no PostGIS beside it"
    assert find_installation(tmp_path / "runtime", root=tmp_path) is None


def test_client_programs_alone_are_no_server(tmp_path: Path) -> None:
    folder = add_server(tmp_path / "usr/lib/postgresql/15/bin", 15, programs="psql pg_ctl")
    assert examine(folder).missing == "no initdb, postgres"


def test_a_server_that_does_not_run_here_is_refused(tmp_path: Path) -> None:
    folder = add_server(tmp_path / "bin", 15)
    (folder / "postgres").write_text("#!/bin/sh\nexit 127\n")
    assert examine(folder).missing == "postgres does not run here"


def test_pg_config_on_the_path_names_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = add_server(tmp_path / "elsewhere" / "bin", 16)
    on_path = tmp_path / "path"
    on_path.mkdir()
    (on_path / "pg_config").write_text(f"#!/bin/sh\necho {folder}\n")
    (on_path / "pg_config").chmod(0o755)
    monkeypatch.setenv("PATH", f"{on_path}:/usr/bin:/bin")
    found = find_installation(tmp_path / "runtime", root=tmp_path)
    assert found is not None
    assert found.bin_dir == folder


def test_the_unpacked_servers_libraries_are_named_for_it_alone(tmp_path: Path) -> None:
    (tmp_path / "usr/lib/x86_64-linux-gnu/blas").mkdir(parents=True)
    folders = server_environment(tmp_path)["LD_LIBRARY_PATH"].split(":")
    assert folders[:3] == [
        str(tmp_path / "usr/lib/x86_64-linux-gnu"),
        str(tmp_path / "lib/x86_64-linux-gnu"),
        str(tmp_path / "usr/lib"),
    ]
    assert str(tmp_path / "usr/lib/x86_64-linux-gnu/blas") in folders


def test_the_stamp_names_distribution_version_and_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        installation.platform, "freedesktop_os_release", lambda: {"ID": "debian", "VERSION_ID": "13"}
    )
    monkeypatch.setattr(installation.platform, "machine", lambda: "aarch64")
    assert os_stamp() == "debian 13 aarch64"
