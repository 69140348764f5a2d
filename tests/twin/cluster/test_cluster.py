"""One cluster's life: made, started, adopted, stopped, with its roles and settings."""

import os
import pwd
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from twin.cluster import Cluster, check_capabilities, open_cluster
from twin.cluster.configuration import choose_port, shared_memory_settings
from twin.cluster.errors import HomeError, NotRunningError, OtherMajorError, StartError, StopRefusedError
from twin.cluster.folders import Folders, fits, socket_folder
from twin.cluster.launch import find_serving_port
from twin.cluster.pidfile import find_postmaster_file
from twin.settings import HomeSettings


def silent(_line: str) -> None:
    """Say nothing."""


def ask(url: str, query: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return str(row[0])


def test_a_first_start_makes_database_and_extension(fast_cluster: Cluster) -> None:
    found = check_capabilities(fast_cluster.url("twin_app"))
    assert found.database == "twin"
    assert found.protobuf
    assert ask(fast_cluster.url("twin"), "SELECT ST_AsText(ST_Point(108.95, 34.27))") == "POINT(108.95 34.27)"


def test_the_service_role_is_neither_superuser_nor_owner(fast_cluster: Cluster) -> None:
    url = fast_cluster.url("twin_app")
    query = "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls FROM pg_roles WHERE rolname=current_user"
    assert ask(url, query) == "False"
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    assert ask(url, owner) == "twin"
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE public.旁路 (id int)")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jit", "off"),
        ("TimeZone", "UTC"),
        ("listen_addresses", "127.0.0.1"),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("password_encryption", "scram-sha-256"),
    ],
)
def test_the_server_runs_with_our_settings(fast_cluster: Cluster, name: str, value: str) -> None:
    assert ask(fast_cluster.url("twin"), f"SHOW {name}") == value


def test_a_durable_cluster_keeps_every_safety_on(cluster: Cluster) -> None:
    cluster.start()
    url = cluster.url("twin")
    assert [ask(url, f"SHOW {name}") for name in ("fsync", "full_page_writes", "synchronous_commit")] == [
        "on"
    ] * 3


def test_a_durable_cluster_takes_fifty_connections(cluster: Cluster) -> None:
    cluster.start()
    assert ask(cluster.url("twin"), "SHOW max_connections") == "50"


def test_a_wrong_password_over_loopback_is_refused(fast_cluster: Cluster) -> None:
    url = fast_cluster.url("twin")
    wrong = url.replace(url.split(":")[2].split("@")[0], "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_nobody_gets_in_without_a_password_through_the_socket(fast_cluster: Cluster) -> None:
    found = find_postmaster_file(fast_cluster.folders.data)
    assert found is not None
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host=found.socket_folder, port=found.port, user="twin", dbname="twin", password="")


def test_password_files_are_for_their_owner_alone(fast_cluster: Cluster) -> None:
    for role in ("twin", "twin_app"):
        path = fast_cluster.folders.password_file(role)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert len(path.read_text()) == 32
    assert (
        fast_cluster.folders.password_file("twin").read_text()
        != fast_cluster.folders.password_file("twin_app").read_text()
    )


def test_a_second_starter_adopts_and_never_stops_the_server(cluster: Cluster, home: Path) -> None:
    assert not cluster.start().adopted
    with open_cluster(HomeSettings(home=home), silent) as second:
        assert second.start().adopted
    assert ask(cluster.url("twin"), "SELECT 1") == "1"


def test_a_server_outlives_its_starter_while_another_uses_it(cluster: Cluster, home: Path) -> None:
    first = open_cluster(HomeSettings(home=home), silent)
    first.start()
    assert cluster.start().adopted
    first.stop()
    time.sleep(0.3)
    assert ask(cluster.url("twin"), "SELECT 1") == "1"
    cluster.stop()
    wait_until_stopped(cluster)


def wait_until_stopped(cluster: Cluster) -> None:
    deadline = time.monotonic() + 30
    while find_postmaster_file(cluster.folders.data) is not None:
        assert time.monotonic() < deadline, "the server did not stop"
        time.sleep(0.05)


def test_stopping_leaves_a_cleanly_shut_down_cluster(cluster: Cluster) -> None:
    cluster.start()
    cluster.stop()
    programs = cluster.find_programs()
    answer = subprocess.run(
        [programs.program("pg_controldata"), str(cluster.folders.data)],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        env={**os.environ, "LC_ALL": "C"},
        **cluster.account.run_as,
    )
    assert "Database cluster state:               shut down\n" in answer.stdout
    assert not cluster.status().running


def test_a_start_waits_for_a_server_that_is_stopping(cluster: Cluster, home: Path) -> None:
    first = open_cluster(HomeSettings(home=home), silent)
    first.start()
    assert first._shim is not None
    assert first._shim.stdin is not None
    first._leave()
    first._shim.stdin.close()
    while (found := find_postmaster_file(cluster.folders.data)) is not None and found.status != "stopping":
        time.sleep(0.001)  # until the stop is under way, and no longer
    assert not cluster.start().adopted
    assert ask(cluster.url("twin"), "SELECT 1") == "1"
    first.stop()


def test_a_detached_server_outlives_its_starter_until_halted(home: Path) -> None:
    code = f"from twin.cluster import open_cluster; from twin.settings import HomeSettings; open_cluster(HomeSettings(home={str(home)!r})).start(detached=True)"
    subprocess.run([sys.executable, "-c", code], check=True)
    cluster = open_cluster(HomeSettings(home=home), silent)
    assert cluster.start().adopted
    cluster.stop()
    assert cluster.halt()
    assert not cluster.status().running
    assert not cluster.halt()


def test_a_server_that_belongs_to_a_running_process_is_not_halted(cluster: Cluster) -> None:
    cluster.start()
    with pytest.raises(StopRefusedError, match=str(os.getpid())):
        cluster.halt()


def test_a_taken_port_is_exchanged_for_a_free_one(cluster: Cluster) -> None:
    cluster.ensure()
    port = choose_port(cluster.folders)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        started = cluster.start()
    assert started.port != port
    assert choose_port(cluster.folders) == started.port


def test_the_port_stays_the_same_from_start_to_start(cluster: Cluster) -> None:
    first = cluster.start().port
    cluster.stop()
    assert cluster.start().port == first


def test_a_killed_initdb_leaves_nothing_that_is_taken_for_data(cluster: Cluster) -> None:
    cluster.ensure()
    data, half = cluster.folders.data, cluster.folders.new_data
    data.rename(half)
    (half / "global" / "pg_control").unlink()
    cluster.start()
    assert ask(cluster.url("twin"), "SELECT 1") == "1"
    assert not half.exists()


def test_data_of_another_major_are_refused_with_the_upgrade_line(cluster: Cluster) -> None:
    cluster.ensure()
    (cluster.folders.data / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(OtherMajorError, match="twin db upgrade"):
        cluster.start()


def test_a_server_that_cannot_start_shows_the_end_of_its_log(cluster: Cluster) -> None:
    cluster.ensure()
    (cluster.folders.data / "local.conf").write_text("work_mem = 'viel'\n")
    with pytest.raises(StartError, match="work_mem"):
        cluster.start()


def test_an_operators_own_settings_win(cluster: Cluster) -> None:
    cluster.ensure()
    (cluster.folders.data / "local.conf").write_text("max_connections = 77\n")
    cluster.start()
    assert ask(cluster.url("twin"), "SHOW max_connections") == "77"


def test_a_long_home_path_gets_a_short_socket_folder(tmp_path: Path) -> None:
    long = Folders(tmp_path / ("重点工程" * 12))
    assert not fits(long.database / "socket")
    folder = socket_folder(long)
    assert fits(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert socket_folder(long) == folder
    folder.chmod(0o777)
    other = socket_folder(long)
    assert other != folder, "a folder that others can write to must not be trusted"
    other.rmdir()
    folder.rmdir()


def test_a_cluster_with_a_long_home_path_starts(home: Path) -> None:
    with open_cluster(HomeSettings(home=home / ("重点工程" * 12)), silent) as cluster:
        assert ask(cluster.url("twin"), "SELECT 1") == "1"


def test_little_shared_memory_moves_it_to_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = os.statvfs(tmp_path)
    small = os.statvfs_result((4096, 4096, 16384, *tuple(facts)[3:]))  # 64 MB, as containers have
    monkeypatch.setattr(os, "statvfs", lambda _path: small)
    assert shared_memory_settings(tmp_path) == {"dynamic_shared_memory_type": "mmap"}


def test_a_url_without_a_server_says_how_to_start_one(cluster: Cluster) -> None:
    with pytest.raises(NotRunningError, match="twin db start"):
        cluster.url("twin")


def test_a_status_of_an_empty_home_starts_nothing(home: Path) -> None:
    status = open_cluster(HomeSettings(home=home), silent).status()
    assert (status.running, status.major) == (False, None)
    assert not home.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as another account")
def test_a_home_the_server_cannot_reach_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(HomeError, match="TWIN_HOME"):
        open_cluster(HomeSettings(home=closed / "home"), silent).ensure()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as another account")
def test_the_account_is_the_one_the_packages_bring_and_then_the_owner_of_the_data(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a fresh machine the account `postgres` appears while the cluster already exists as an object."""
    known = pwd.getpwnam("nobody")
    accounts = {"nobody": known}
    monkeypatch.setattr(pwd, "getpwnam", accounts.__getitem__)
    cluster = open_cluster(HomeSettings(home=home), silent)
    assert cluster.account.name == "nobody"
    accounts["postgres"] = pwd.struct_passwd(("postgres", "x", 4711, 4712, "", "/", "/bin/sh"))
    assert (cluster.account.uid, cluster.account.gid) == (4711, 4712)
    cluster.folders.database.mkdir(parents=True)
    os.chown(cluster.folders.database, known.pw_uid, known.pw_gid)
    assert cluster.account.name == "nobody"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as another account")
def test_root_never_runs_the_server_as_root(fast_cluster: Cluster) -> None:
    found = find_postmaster_file(fast_cluster.folders.data)
    assert found is not None
    assert Path(f"/proc/{found.pid}").stat().st_uid == fast_cluster.account.uid != 0


def test_a_server_on_the_port_that_is_not_ours_is_not_adopted(
    cluster: Cluster, fast_cluster: Cluster
) -> None:
    cluster.ensure()
    other = find_postmaster_file(fast_cluster.folders.data)
    assert other is not None
    lines = (fast_cluster.folders.data / "postmaster.pid").read_text()
    (cluster.folders.data / "postmaster.pid").write_text(lines)
    assert find_serving_port(cluster.folders.data, cluster.connect) is None
    assert not cluster.start().adopted
    assert ask(fast_cluster.url("twin"), "SELECT 1") == "1"
