"""The `twin` command: its help, tokens, users, overlap."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from api.cli import COMMANDS, find_entries, make_app
from tests.api.seeding import PRIVATE_CODE, PUBLIC_CODE, seed

Twin = Callable[..., Result]


@pytest.fixture
def twin(clone_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Twin:
    """Run `twin …` against a seeded database of the test's own."""
    seed(clone_url)
    with psycopg.connect(clone_url, autocommit=True) as connection:
        connection.execute("SET ROLE NONE")
        connection.execute(f'ALTER DATABASE "{connection.info.dbname}" RESET role')  # type: ignore[call-overload]
    monkeypatch.setenv("DATABASE_URL", clone_url)
    monkeypatch.setenv("TWIN_APP_DATABASE_URL", clone_url)
    monkeypatch.setenv("TWIN_HOME", str(tmp_path))

    def run(*words: str) -> Result:
        return CliRunner().invoke(make_app(words[0]), list(words))

    return run


def test_help_names_every_command_and_imports_none() -> None:
    code = "import sys; from api.cli import main; sys.argv=['twin','--help']\ntry: main()\nexcept SystemExit: pass\n"
    code += (
        "assert not {'sqlalchemy', 'psycopg', 'fastapi', 'ifcopenshell'} & set(sys.modules), 'heavy import'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in find_entries())


@pytest.mark.parametrize("name", sorted(find_entries()))
def test_every_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(make_app(name), [name, "--help"])
    assert result.exit_code == 0, result.output
    assert COMMANDS[name].help


def test_an_unknown_command_ends_with_an_error() -> None:
    assert CliRunner().invoke(make_app("nonsense"), ["nonsense"]).exit_code == 2


def test_a_token_is_shown_once_listed_by_its_prefix_and_revoked(twin: Twin) -> None:
    made = twin("token", "create", "planner", "--name", "仪表盘", "--days", "30", "--json")
    assert made.exit_code == 0, made.output
    token = json.loads(made.output)["token"]
    listed = json.loads(twin("token", "list", "--json").output)
    assert token not in str(listed)
    assert (listed[0]["login"], listed[0]["name"], listed[0]["prefix"]) == ("planner", "仪表盘", token[:8])
    assert twin("token", "revoke", str(listed[0]["id"])).exit_code == 0
    assert twin("token", "revoke", str(listed[0]["id"])).exit_code == 1


def test_a_token_for_nobody_is_refused_with_the_remedy(twin: Twin) -> None:
    result = twin("token", "create", "nobody")
    assert result.exit_code == 1
    assert "twin user add nobody" in result.stderr


def test_a_user_is_added_given_a_role_for_one_project_and_stopped(twin: Twin) -> None:
    assert twin("user", "add", "li", "--name", "李工").exit_code == 0
    assert twin("user", "grant", "li", "contractor", "--project", PRIVATE_CODE).exit_code == 0
    assert twin("user", "grant", "li", "king").exit_code == 1
    users = {user["login"]: user for user in json.loads(twin("user", "list", "--json").output)}
    assert (users["li"]["display_name"], users["li"]["roles"]) == ("李工", ["contractor@2"])
    assert twin("user", "withdraw", "li", "contractor", "--project", PRIVATE_CODE).exit_code == 0
    assert twin("user", "withdraw", "li", "contractor", "--project", PRIVATE_CODE).exit_code == 1
    assert twin("user", "disable", "li").exit_code == 0
    assert "disabled" in twin("user", "list").output


def test_an_overlap_prints_areas_in_square_metres_mu_and_hectares(twin: Twin) -> None:
    result = twin("overlap", PUBLIC_CODE, "--layers", "farmland,river")
    assert result.exit_code == 0, result.output
    assert "永久基本农田 farmland" in result.output
    assert "亩" in result.output
    assert "ha" in result.output
    assert "河湖管理范围 river" not in result.output or "no hit" in result.output


def test_an_overlap_of_a_file_with_its_own_crs_is_the_measured_area(twin: Twin, tmp_path: Path) -> None:
    ring = [
        [39371200, 3671300],
        [39371400, 3671300],
        [39371400, 3671450],
        [39371200, 3671450],
        [39371200, 3671300],
    ]
    hole = [
        [39371250, 3671350],
        [39371300, 3671350],
        [39371300, 3671390],
        [39371250, 3671390],
        [39371250, 3671350],
    ]
    path = tmp_path / "subject.geojson"
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring, hole]}), encoding="utf-8")
    result = twin("overlap", "--file", str(path), "--crs", "EPSG:4527", "--layers", "river", "--json")
    assert json.loads(result.output)["subject"]["area_m2"] == pytest.approx(27988.57, abs=0.01)


def test_an_overlap_of_nothing_or_of_both_is_refused(twin: Twin, tmp_path: Path) -> None:
    assert twin("overlap").exit_code == 1
    assert twin("overlap", PUBLIC_CODE, "--file", str(tmp_path / "x")).exit_code == 1
    assert twin("overlap", "--file", str(tmp_path / "missing.geojson")).exit_code == 1
