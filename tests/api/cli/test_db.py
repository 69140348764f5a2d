"""`twin db` and `twin doctor` as a person or a script calls them."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def home() -> Iterator[Path]:
    """A home whose parent lets the server's account pass."""
    folder = Path(tempfile.mkdtemp(prefix="twin-test-"))
    folder.chmod(0o755)
    yield folder / "家"
    twin("db", "stop", home=folder / "家")
    shutil.rmtree(folder, ignore_errors=True)


def twin(*words: str, home: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the command in a process of its own, without a terminal."""
    clean = {
        key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "TEST_DATABASE_URL")
    }
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *words],
        env={**clean, "TWIN_HOME": str(home), **environment},
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_database_is_started_used_migrated_dumped_and_stopped(home: Path, tmp_path: Path) -> None:
    assert twin("db", "status", home=home).returncode == 3
    assert twin("db", "start", home=home).returncode == 0
    facts = json.loads(twin("db", "status", "--json", home=home).stdout)
    assert facts["running"]
    assert facts["superuser"]
    url = twin("db", "url", "--role", "twin_app", home=home).stdout.strip()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("twin_app",)
    assert twin("db", "migrate", home=home).returncode == 0
    dumped = twin("db", "dump", str(tmp_path / "备份.dump"), home=home)
    assert dumped.returncode == 0, dumped.stderr
    assert (tmp_path / "备份.dump").stat().st_size > 1000
    restored = twin("db", "restore", "--yes", str(tmp_path / "备份.dump"), home=home)
    assert restored.returncode == 0, restored.stderr
    assert twin("db", "stop", home=home).returncode == 0
    assert twin("db", "status", home=home).returncode == 3


def test_an_outside_server_is_neither_started_nor_stopped(home: Path, server_url: str) -> None:
    for word in ("start", "stop", "ensure", "upgrade"):
        done = twin("db", word, home=home, DATABASE_URL=server_url)
        assert done.returncode == 0
        assert "DATABASE_URL" in done.stdout
    assert not home.exists()
    assert twin("db", "url", home=home, DATABASE_URL=server_url).stdout.strip() == server_url


def test_an_error_is_two_lines_with_the_remedy_and_no_traceback(home: Path) -> None:
    done = twin("db", "url", home=home)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")
    assert "错误：" in done.stderr


def test_doctor_finds_nothing_wrong_with_a_working_machine(home: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    done = twin("doctor", "--json", home=home, TWIN_PORT=port)
    findings = {finding["name"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 0
    assert findings["python"]["state"] == "ok"
    assert findings["port"]["found"].startswith(f"127.0.0.1:{port}")
    assert not home.exists(), "looking must not change anything"


def test_doctor_fails_on_a_taken_port_and_says_what_to_do(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = twin("doctor", home=home, TWIN_PORT=str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "TWIN_PORT" in done.stdout


def test_doctor_fails_on_a_password_others_can_read(home: Path) -> None:
    assert twin("db", "ensure", home=home).returncode == 0
    (home / "secrets" / "twin.password").chmod(0o644)
    done = twin("doctor", home=home)
    assert done.returncode == 1
    assert f"chmod 600 {home}/secrets/twin.password" in done.stdout
