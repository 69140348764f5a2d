"""`twin ingest` and `twin jobs`: from a file to its verdict in one command, with no worker running."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import structlog
from typer.testing import CliRunner, Result

from api.cli import make_app
from tests.rows import add_project
from tests.twin.jobs.test_worker import small_model
from twin.db import make_engine, open_session

CODE = "341299-2025-03-0128-4"
Twin = Callable[..., Result]


@pytest.fixture
def twin(clone_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Twin]:
    """Run `twin …` on a database with one project."""
    engine = make_engine(clone_url, pool_size=1)
    with open_session(engine) as session:
        add_project(session)
    engine.dispose()
    monkeypatch.setenv("DATABASE_URL", clone_url)
    monkeypatch.setenv("TWIN_APP_DATABASE_URL", clone_url)
    monkeypatch.setenv("TWIN_HOME", str(tmp_path / "home"))
    yield lambda *words: CliRunner().invoke(make_app(words[0]), list(words))
    structlog.reset_defaults()  # the command sent the log to the runner's own stream


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "停车楼.ifc"
    path.write_bytes(small_model(1, walls=3))
    return path


def test_a_model_is_taken_in_without_a_worker(twin: Twin, model: Path, clone_url: str) -> None:
    result = twin("ingest", str(model), "--project", CODE, "--public", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["revision"], told["is_new"], told["job"]["state"]) == (1, True, "succeeded")
    assert told["job"]["counts"] == {"IfcWall": 3}
    with psycopg.connect(clone_url) as connection:
        row = connection.execute("SELECT name, public_visible FROM bim_model").fetchone()
        assert row == ("停车楼", True)
        query = "SELECT kind, state FROM job_run ORDER BY kind"
        states = connection.execute(query).fetchall()
    # What follows a publication waits for a worker.
    assert states == [("check_model", "queued"), ("ingest_model", "succeeded"), ("pack_scene", "queued")]


def test_the_same_file_again_changes_nothing_and_succeeds(twin: Twin, model: Path) -> None:
    first = json.loads(twin("ingest", str(model), "--project", CODE, "--json").stdout)
    again = twin("ingest", str(model), "--project", CODE, "--name", "别名", "--json")
    assert again.exit_code == 0
    told = json.loads(again.stdout)
    assert (told["model_id"], told["revision"], told["is_new"]) == (first["model_id"], 1, False)


def test_a_file_that_is_no_model_ends_with_its_verdict_and_an_error(twin: Twin, tmp_path: Path) -> None:
    plan = tmp_path / "图纸.dwg"
    plan.write_bytes(b"AC1027" + b"\0" * 100)
    result = twin("ingest", str(plan), "--project", CODE)
    assert result.exit_code == 1
    assert "not_ifc" in result.stdout
    assert "DXF" in result.stdout
    listed = json.loads(twin("jobs", "list", "--json").stdout)
    assert [(job["state"], job["verdict"]["code"]) for job in listed] == [("failed", "not_ifc")]
    shown = json.loads(twin("jobs", "show", listed[0]["job_id"]).stdout)
    assert shown["attempt"] == 1
    assert twin("jobs", "cancel", listed[0]["job_id"]).exit_code == 1


def test_an_unknown_project_or_an_empty_file_is_refused(twin: Twin, model: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.ifc"
    empty.touch()
    assert twin("ingest", str(model), "--project", "NONE").exit_code == 1
    assert twin("ingest", str(empty), "--project", CODE).exit_code == 1
    assert twin("ingest", str(tmp_path / "missing.ifc"), "--project", CODE).exit_code == 2
